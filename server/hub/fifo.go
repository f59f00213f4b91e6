package hub

import "time"

// fifo holds sessions in the order in which something is due for them. What is pushed first is due first: everything in
// one fifo waits equally long, and when that length shrinks, what is pushed next waits for what is there already.
type fifo struct {
	items []due
	head  int
	last  time.Time // the moment of the last push
}

// due is a session and a moment. It counts only if the session still expects it, see shard.expire.
type due struct {
	s  *Session
	at time.Time
}

// push appends, and returns the moment: at, or that of the last push if it is later.
func (q *fifo) push(s *Session, at time.Time) time.Time {
	if at.Before(q.last) {
		at = q.last
	}
	q.last = at
	if q.head > 64 && q.head*2 > len(q.items) {
		n := copy(q.items, q.items[q.head:])
		clear(q.items[n:])
		q.items, q.head = q.items[:n], 0
	}
	q.items = append(q.items, due{s, at})
	return at
}

// next returns the moment of the head, if there is one.
func (q *fifo) next() (time.Time, bool) {
	if q.head == len(q.items) {
		return time.Time{}, false
	}
	return q.items[q.head].at, true
}

// pop takes the head if it is due.
func (q *fifo) pop(now time.Time) (due, bool) {
	if q.head == len(q.items) || q.items[q.head].at.After(now) {
		return due{}, false
	}
	d := q.items[q.head]
	q.items[q.head] = due{}
	if q.head++; q.head == len(q.items) {
		q.items, q.head = q.items[:0], 0
	}
	return d, true
}
