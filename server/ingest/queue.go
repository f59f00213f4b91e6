package ingest

import (
	"context"
	"sync"
	"time"

	"tierboard/server/classify/found"
	"tierboard/server/ingest/follow"
)

// delivery is one message as it came from Redis.
type delivery struct {
	channel  string
	payload  string // only its head when size is beyond the limit
	size     int    // bytes of the payload as it came
	received time.Time

	fault   found.Reason   // why a stream's entry is no message; empty for one that may be
	detail  string         // what is wrong with it
	receipt follow.Receipt // of a stream's entry
	added   time.Time      // when Redis got it; zero if nobody knows
	number  uint64         // its place among all deliveries; set by the queue
}

// keepItems is the length of an empty lane's ring: what a burst needed beyond it is given up.
const keepItems = 256

// lane is a ring of deliveries, bounded in length and bytes; a delivery larger than the bytes has it for itself. The ring grows
// when it has to: nearly always it holds a few, and the garbage collector looks at all of it again and again.
type lane struct {
	maxItems int
	maxBytes int
	items    []delivery
	head     int // the oldest
	n        int
	bytes    int // of all payloads
}

// fits reports whether there is room for d.
func (l *lane) fits(d *delivery) bool {
	return l.n < l.maxItems && (l.n == 0 || l.bytes+len(d.payload) <= l.maxBytes)
}

// push adds d, which fits.
func (l *lane) push(d *delivery) {
	if l.n == len(l.items) {
		items := make([]delivery, min(max(2*l.n, keepItems/8), l.maxItems))
		copy(items[copy(items, l.items[l.head:]):], l.items[:l.head])
		l.items, l.head = items, 0
	}
	at := l.head + l.n
	if at >= len(l.items) {
		at -= len(l.items)
	}
	l.items[at] = *d
	l.n++
	l.bytes += len(d.payload)
}

// oldest returns what shift takes out next; there must be something.
func (l *lane) oldest() *delivery { return &l.items[l.head] }

// shift moves the oldest to d, or nowhere if that is nil.
func (l *lane) shift(d *delivery) {
	oldest := l.oldest()
	if d != nil {
		*d = *oldest
	}
	l.bytes -= len(oldest.payload)
	*oldest = delivery{} // its text must not outlive it
	l.head++
	l.n--
	switch {
	case l.n == 0 && len(l.items) > keepItems:
		l.items, l.head = nil, 0
	case l.n == 0 || l.head == len(l.items):
		l.head = 0
	}
}

// queue holds messages between the receivers and the worker. What was published has a lane in which the oldest goes at
// the bound, for Redis cuts who does not read; entries of streams have one, a quarter as large, in which they wait for room, for they
// are safe where they are. So neither pushes the other out, and the worker takes them in the order in which they came. All
// methods may be called by any number of goroutines, but only one takes.
type queue struct {
	wake chan struct{} // 1 token: there is something to take
	room chan struct{} // 1 token: there may be room for an entry

	mu        sync.Mutex
	published lane   // guarded by mu
	entries   lane   // guarded by mu
	last      uint64 // guarded by mu: number of the newest delivery
}

func newQueue(length, bytes int) *queue {
	return &queue{
		wake: make(chan struct{}, 1), room: make(chan struct{}, 1),
		published: lane{maxBytes: bytes, maxItems: length},
		entries:   lane{maxBytes: bytes / 4, maxItems: max(length/4, 1)},
	}
}

// signal leaves a token in a channel that holds one.
func signal(c chan struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}

// push adds what was published, in its order, never waits, and returns how many older messages it pushed out.
func (q *queue) push(ds ...delivery) (dropped int) {
	q.mu.Lock()
	for i := range ds {
		d := &ds[i]
		for !q.published.fits(d) {
			q.published.shift(nil)
			dropped++
		}
		q.last++
		d.number = q.last
		q.published.push(d)
	}
	q.mu.Unlock()
	signal(q.wake)
	return dropped
}

// put adds a stream's entry once there is room, or returns ctx's error.
func (q *queue) put(ctx context.Context, d delivery) error {
	for {
		q.mu.Lock()
		fits := q.entries.fits(&d)
		if fits {
			q.last++
			d.number = q.last
			q.entries.push(&d)
		}
		more := q.entries.n < q.entries.maxItems
		q.mu.Unlock()
		if fits {
			if more {
				signal(q.room) // the token may have been for two
			}
			signal(q.wake)
			return nil
		}
		select {
		case <-q.room:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// take waits for messages and puts the oldest into buf, as many as fit. It returns how many, and how many are left; none
// means that ctx has ended.
func (q *queue) take(ctx context.Context, buf []delivery) (n, left int) {
	for {
		room := false
		q.mu.Lock()
		for n < len(buf) && q.published.n+q.entries.n > 0 {
			l := &q.published
			if l.n == 0 || q.entries.n > 0 && q.entries.oldest().number < l.oldest().number {
				l, room = &q.entries, true
			}
			l.shift(&buf[n])
			n++
		}
		left = q.published.n + q.entries.n
		q.mu.Unlock()
		if room {
			signal(q.room)
		}
		if n > 0 {
			return n, left
		}
		select {
		case <-q.wake:
		case <-ctx.Done():
			return 0, 0
		}
	}
}
