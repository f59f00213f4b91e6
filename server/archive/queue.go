package archive

import (
	"cmp"
	"math"
	"slices"
	"sync"
	"time"

	"tierboard/server/metrics"
	"tierboard/shared/event"
)

// class says which events go first when something has to go.
type class int

// The classes, the most expendable first.
const (
	intraday class = iota
	other
	combo
	classes
)

// String names a class in the names of files.
func (c class) String() string { return [classes]string{"intraday", "other", "combo"}[c] }

// classOf returns the class of an event.
func classOf(e *event.Event) class {
	switch e.Tier {
	case event.Intraday:
		return intraday
	case event.Combo:
		return combo
	case event.Daily, event.TierNone:
	}
	return other
}

// item is an event in the queue.
type item struct {
	e    *event.Event
	n    uint64 // its number, from 1
	at   time.Time
	cost int
}

// cost is about what an event takes in memory, in bytes.
func cost(e *event.Event) int { return 1024 + len(e.Details) }

// queue holds events until they are stored: a queue for each class, bounded together. At the bound the oldest of the most
// expendable class goes.
type queue struct {
	most, mostBytes int
	batch           int
	m               *metrics.Metrics
	full            chan struct{} // has an entry when there is a batch, or the first event of one
	high            chan struct{} // has an entry when it is three quarters full

	mu     sync.Mutex
	items  [classes][]item // guarded by mu
	count  int             // guarded by mu
	bytes  int             // guarded by mu
	last   uint64          // guarded by mu: number of the newest
	taken  map[uint64]int  // guarded by mu: first number of what was taken and is not safe yet → how often
	closed bool            // guarded by mu
	lost   bool            // guarded by mu: the bound was met
	gone   uint64          // guarded by mu: events that were dropped
}

func newQueue(cfg Config, m *metrics.Metrics) *queue {
	return &queue{
		most: cfg.Queue, mostBytes: cfg.QueueBytes, batch: cfg.Batch, m: m,
		full: make(chan struct{}, 1), high: make(chan struct{}, 1), taken: map[uint64]int{},
	}
}

// add appends an event and returns how many older ones had to go for it.
func (q *queue) add(e *event.Event) (dropped int) {
	it := item{e: e, at: time.Now(), cost: cost(e)}
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.closed {
		q.m.ArchiveDropped.WithLabelValues("stopped").Inc()
		q.gone++
		return 0
	}
	dropped = q.makeRoom(1, it.cost)
	q.last++
	it.n = q.last
	c := classOf(e)
	q.items[c] = append(q.items[c], it)
	q.count++
	q.bytes += it.cost
	if q.count == 1 || q.count == q.batch {
		signal(q.full)
	}
	if q.above(3) {
		signal(q.high)
	}
	return dropped
}

// makeRoom drops the oldest of the most expendable class until so many events of so many bytes fit, or nothing is left, and
// returns how many. The caller holds mu.
func (q *queue) makeRoom(events, bytes int) (dropped int) {
	for q.count > 0 && (q.count+events > q.most || q.bytes+bytes > q.mostBytes) {
		for c := range classes {
			if len(q.items[c]) > 0 {
				q.pop(c)
				break
			}
		}
		q.lost = true
		q.gone++
		dropped++
		q.m.ArchiveDropped.WithLabelValues("queue_full").Inc()
	}
	return dropped
}

// signal leaves an entry in a channel that holds one.
func signal(c chan struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}

// above reports whether more than so many quarters of the queue are in use. The caller holds mu.
func (q *queue) above(quarters int) bool {
	return q.count > q.most/4*quarters || q.bytes > q.mostBytes/4*quarters
}

// pop removes the oldest of a class. The caller holds mu, and there is one.
func (q *queue) pop(c class) item {
	it := q.items[c][0]
	q.items[c][0] = item{} // the array lives on for a while
	q.items[c] = q.items[c][1:]
	q.count--
	q.bytes -= it.cost
	return it
}

// take removes at most n of the oldest events of the classes up to most. They count as unsafe until done is called with
// them.
func (q *queue) take(n int, most class) []item {
	q.mu.Lock()
	defer q.mu.Unlock()
	var out []item
	for len(out) < n {
		best := classes
		for c := range most + 1 {
			if len(q.items[c]) > 0 && (best == classes || q.items[c][0].n < q.items[best][0].n) {
				best = c
			}
		}
		if best == classes {
			break
		}
		out = append(out, q.pop(best))
	}
	if len(out) > 0 {
		q.taken[out[0].n]++
	}
	return out
}

// takeSurplus takes the oldest that are no combos while the queue is more than half full, and combos only if there is nothing
// else and it is more than three quarters full.
func (q *queue) takeSurplus(n int) []item {
	q.mu.Lock()
	over, far := q.above(2), q.above(3)
	q.mu.Unlock()
	if !over {
		return nil
	}
	out := q.take(n, other)
	if len(out) == 0 && far {
		out = q.take(n, combo)
	}
	return out
}

// done says that taken items are safe.
func (q *queue) done(items []item) { q.replace(items, nil) }

// putBack returns taken items to the front.
func (q *queue) putBack(items []item) { q.replace(items, items) }

// replace returns those of taken items to the front that are left; the others are safe.
func (q *queue) replace(items, left []item) {
	if len(items) == 0 {
		return
	}
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.taken[items[0].n]--; q.taken[items[0].n] <= 0 {
		delete(q.taken, items[0].n)
	}
	var by [classes][]item
	for _, it := range left {
		c := classOf(it.e)
		by[c] = append(by[c], it)
		q.count++
		q.bytes += it.cost
	}
	for c := range classes {
		if len(by[c]) == 0 {
			continue
		}
		q.items[c] = append(by[c], q.items[c]...)
		// What was taken later may be back already.
		slices.SortStableFunc(q.items[c], func(a, b item) int { return cmp.Compare(a.n, b.n) })
	}
	q.makeRoom(0, 0) // their places may have been taken meanwhile
}

// oldest returns how many there are and since when the first of them waits.
func (q *queue) oldest() (count int, since time.Time) {
	q.mu.Lock()
	defer q.mu.Unlock()
	for c := range classes {
		if len(q.items[c]) > 0 && (since.IsZero() || q.items[c][0].at.Before(since)) {
			since = q.items[c][0].at
		}
	}
	return q.count, since
}

// len is how many events wait.
func (q *queue) len() int {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.count
}

// newest is the number of the newest event.
func (q *queue) newest() uint64 {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.last
}

// settled returns a number up to which all events are safe, or gone for good.
func (q *queue) settled() uint64 {
	q.mu.Lock()
	defer q.mu.Unlock()
	least := uint64(math.MaxUint64)
	for c := range classes {
		if len(q.items[c]) > 0 {
			least = min(least, q.items[c][0].n)
		}
	}
	for n := range q.taken {
		least = min(least, n)
	}
	if least == math.MaxUint64 {
		return q.last
	}
	return least - 1
}

// losing reports whether the bound was ever met, which it forgets once the queue has room, and how many events were dropped.
func (q *queue) losing() (now bool, gone uint64) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.lost = q.lost && q.above(2)
	return q.lost, q.gone
}

// abandon drops what is left, with its number: nothing will ever take it.
func (q *queue) abandon() int {
	q.mu.Lock()
	defer q.mu.Unlock()
	n := q.count
	q.items, q.count, q.bytes = [classes][]item{}, 0, 0
	q.gone += uint64(n) //nolint:gosec // a length
	return n
}

// closeIfEmpty refuses events from now on, unless there are some left.
func (q *queue) closeIfEmpty() bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.count == 0 {
		q.closed = true
	}
	return q.closed
}

// close refuses events from now on.
func (q *queue) close() {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.closed = true
}
