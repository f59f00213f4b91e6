package pace

import (
	"slices"
	"time"

	"tierboard/server/recent"
	"tierboard/shared/event"
)

// Limiter is a sliding log: what left in the last second. It holds one entry per frame, so its length is bounded by the
// limit, and an entry is small, since busy sessions have a hundred of them. The zero Limiter has seen nothing leave.
//
// It counts in milliseconds of a shard's life. They wrap after 49 days, so only differences count; what stood still for so
// long is late by a second at most.
type Limiter struct {
	sent  []sending
	total int
}

// sending is a frame that left.
type sending struct {
	at uint32 // the millisecond in which it left
	n  uint16
}

const (
	secondMillis = uint32(time.Second / time.Millisecond)
	mostSending  = 1<<16 - 1
)

// Room returns how many events may leave in a millisecond so that no second holds more than limit. It is less than 0 if more
// have left than a limit that has since become lower.
func (l *Limiter) Room(ms uint32, limit int) int {
	i := 0
	for ; i < len(l.sent) && ms-l.sent[i].at > secondMillis; i++ {
		l.total -= int(l.sent[i].n)
	}
	if i > 0 {
		l.sent = slices.Delete(l.sent, 0, i)
		if len(l.sent) == 0 && cap(l.sent) > 8 {
			l.sent = nil
		}
	}
	return limit - l.total
}

// Add notes that n events left in a millisecond.
func (l *Limiter) Add(ms uint32, n int) {
	l.total += n
	for ; n > 0; n -= mostSending {
		l.sent = append(l.sent, sending{ms, uint16(min(n, mostSending))})
	}
}

// Best keeps n of the items, 0 or more: the most urgent and among equals the newest. It returns them in the order they had,
// which is that of their positions, in the slice it was given; what is left of that is cleared.
func Best(items []*recent.Item, n int) []*recent.Item {
	if len(items) <= n {
		return items
	}
	var have [int(event.Critical) + 1]int
	for _, it := range items {
		have[rank(it)]++
	}
	for p := len(have) - 1; p >= 0; p-- { // have becomes how many of each priority stay
		have[p] = min(have[p], n)
		n -= have[p]
	}
	at := len(items)
	for _, it := range slices.Backward(items) {
		if p := rank(it); have[p] > 0 {
			have[p]--
			at--
			items[at] = it
		}
	}
	kept := copy(items, items[at:])
	clear(items[kept:])
	return items[:kept]
}

// rank is an item's priority as an index.
func rank(it *recent.Item) int { return int(min(it.Event.Priority, event.Critical)) }
