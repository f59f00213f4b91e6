package hub

import (
	"slices"
	"time"

	"tierboard/server/recent"
	"tierboard/shared/event"
)

// limiter is a sliding log: what left in the last second. It holds one entry per frame, so its length is bounded by the
// limit.
type limiter struct {
	sent  []sending
	total int
}

// sending is a frame that left.
type sending struct {
	at time.Time
	n  int
}

// room returns how many events may leave now so that no second holds more than limit.
func (l *limiter) room(now time.Time, limit int) int {
	i := 0
	for ; i < len(l.sent) && now.Sub(l.sent[i].at) >= time.Second; i++ {
		l.total -= l.sent[i].n
	}
	if i > 0 {
		l.sent = slices.Delete(l.sent, 0, i)
	}
	return limit - l.total
}

// add notes that n events left.
func (l *limiter) add(now time.Time, n int) {
	l.sent = append(l.sent, sending{now, n})
	l.total += n
}

// best keeps n of the items, the most urgent and among equals the newest, in their order, and returns them. It reuses
// the slice.
func best(items []*recent.Item, n int) []*recent.Item {
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
