package ingest

import (
	"context"
	"sync"
	"time"
)

// delivery is one message as it came from Redis.
type delivery struct {
	channel  string
	payload  string // only its head when size is beyond the limit
	size     int    // bytes of the payload as it came
	received time.Time
}

// queue holds messages between the receiver and the worker. It is bounded in length and bytes; at either bound the
// oldest message goes. One goroutine may push while another takes.
type queue struct {
	maxBytes int
	wake     chan struct{} // 1 token: there is something to take

	mu    sync.Mutex
	items []delivery // guarded by mu: a ring
	head  int        // guarded by mu: the oldest
	n     int        // guarded by mu
	bytes int        // guarded by mu: of all payloads
}

func newQueue(length, bytes int) *queue {
	return &queue{maxBytes: bytes, wake: make(chan struct{}, 1), items: make([]delivery, length)}
}

// push adds d, never waits, and returns how many older messages it pushed out.
func (q *queue) push(d delivery) (dropped int) {
	q.mu.Lock()
	for q.n == len(q.items) || q.n > 0 && q.bytes+len(d.payload) > q.maxBytes {
		q.shift()
		dropped++
	}
	q.items[(q.head+q.n)%len(q.items)] = d
	q.n++
	q.bytes += len(d.payload)
	q.mu.Unlock()
	select {
	case q.wake <- struct{}{}:
	default:
	}
	return dropped
}

// shift takes the oldest message out; q.mu is held.
func (q *queue) shift() delivery {
	d := q.items[q.head]
	q.items[q.head] = delivery{} // its text must not outlive it
	q.head = (q.head + 1) % len(q.items)
	q.n--
	q.bytes -= len(d.payload)
	return d
}

// take waits for messages and puts the oldest into buf, as many as fit. It returns how many, and how many are left; none
// means that ctx has ended.
func (q *queue) take(ctx context.Context, buf []delivery) (n, left int) {
	for {
		q.mu.Lock()
		for n < len(buf) && q.n > 0 {
			buf[n] = q.shift()
			n++
		}
		left = q.n
		q.mu.Unlock()
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
