package hub

import "time"

// moment is a time in nanoseconds since a shard began, from 1: 0 is none. It takes a third of a time.Time, of which every session
// would have several.
type moment int64

// moment returns a time as the shard counts it.
func (sh *shard) moment(t time.Time) moment { return moment(t.Sub(sh.born)) + 1 }

// millis returns the millisecond of the shard's life that a moment lies in. It wraps after 49 days.
func (sh *shard) millis(now time.Time) uint32 {
	return uint32(now.Sub(sh.born) / time.Millisecond) //nolint:gosec // it wraps
}

// after returns the moment that is so much later.
func (m moment) after(d time.Duration) moment { return m + moment(d) }

// fifo holds sessions in the order in which something is due for them. What is pushed first is due first: everything in
// one fifo waits equally long, and when that length shrinks, what is pushed next waits for what is there already.
type fifo struct {
	items []due
	head  int
	last  moment // of the last push
}

// due is a session and a moment. It counts only if the session still expects it, see shard.expire.
type due struct {
	s  *Session
	at moment
}

// push appends, and returns the moment: at, or that of the last push if it is later.
func (q *fifo) push(s *Session, at moment) moment {
	at = max(at, q.last)
	q.last = at
	if q.head > 64 && q.head*2 > len(q.items) {
		n := copy(q.items, q.items[q.head:])
		clear(q.items[n:])
		q.items, q.head = q.items[:n], 0
	}
	q.items = append(q.items, due{s, at})
	return at
}

// next returns the moment of the head, or 0.
func (q *fifo) next() moment {
	if q.head == len(q.items) {
		return 0
	}
	return q.items[q.head].at
}

// pop takes the head if it is due.
func (q *fifo) pop(now moment) (due, bool) {
	if q.head == len(q.items) || q.items[q.head].at > now {
		return due{}, false
	}
	d := q.items[q.head]
	q.items[q.head] = due{}
	if q.head++; q.head == len(q.items) {
		q.items, q.head = q.items[:0], 0
	}
	return d, true
}
