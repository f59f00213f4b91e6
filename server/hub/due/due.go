// Package due remembers what is due when, for one goroutine that looks after thousands of things with a single timer.
//
// A Queue holds things of one kind in the order in which they are due, which is the order in which they were pushed. So its head
// is all that a timer needs to know, and pushing and popping cost the same however many wait. Nothing is ever taken out of the
// middle: whoever pops an entry asks whether the thing still expects that moment.
package due

import "time"

// Moment is a time in nanoseconds since a Clock began, from 1: 0 is none. It takes a third of a time.Time, of which every
// session would have several.
type Moment int64

// Add returns the moment that is so much later.
func (m Moment) Add(d time.Duration) Moment { return m + Moment(d) }

// Clock counts from a beginning. It reads no clock of its own.
type Clock struct{ began time.Time }

// NewClock returns a clock that counts from a time on.
func NewClock(began time.Time) Clock { return Clock{began} }

// Moment returns a time, which is not before the beginning, as the clock counts it.
func (c Clock) Moment(t time.Time) Moment { return Moment(t.Sub(c.began)) + 1 }

// Millis returns the millisecond since the beginning that a time lies in. It wraps after 49 days.
func (c Clock) Millis(t time.Time) uint32 {
	return uint32(t.Sub(c.began) / time.Millisecond) //nolint:gosec // it wraps
}

// Queue holds things in the order in which they are due. What is pushed first is due first: everything in one queue waits equally
// long, and when that length shrinks, what is pushed next waits for what is there already. The zero Queue is empty and ready for
// use, by one goroutine. It grows with what waits; who pushes sees to it that this is bounded.
type Queue[T any] struct {
	items []Entry[T]
	head  int
	last  Moment // of the last push
}

// Entry is a thing and the moment at which it is due.
type Entry[T any] struct {
	Of T
	At Moment
}

// Push appends, and returns the moment: at, or that of the last push if it is later.
func (q *Queue[T]) Push(of T, at Moment) Moment {
	at = max(at, q.last)
	q.last = at
	if q.head > 64 && q.head*2 > len(q.items) {
		n := copy(q.items, q.items[q.head:])
		clear(q.items[n:])
		q.items, q.head = q.items[:n], 0
	}
	q.items = append(q.items, Entry[T]{of, at})
	return at
}

// Next returns the moment of the head, or 0.
func (q *Queue[T]) Next() Moment {
	if q.head == len(q.items) {
		return 0
	}
	return q.items[q.head].At
}

// Pop takes the head if it is due.
func (q *Queue[T]) Pop(now Moment) (Entry[T], bool) {
	if q.head == len(q.items) || q.items[q.head].At > now {
		return Entry[T]{}, false
	}
	e := q.items[q.head]
	q.items[q.head] = Entry[T]{}
	if q.head++; q.head == len(q.items) {
		q.items, q.head = q.items[:0], 0
	}
	return e, true
}
