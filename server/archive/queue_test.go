package archive

import (
	"testing"

	"tierboard/server/metrics"
	"tierboard/shared/event"
)

// What was taken and could not be put away comes back to a queue that others have filled meanwhile.
func TestWhatComesBackKeepsTheBound(t *testing.T) {
	m := metrics.New()
	q := newQueue(Config{Queue: 10, QueueBytes: 1 << 20, Batch: 5}, m)
	for i := range 10 {
		q.add(makeEvent(i, tierOf(i))) // 3 is a combo, 5 and 7 are daily
	}
	taken := q.take(5, combo)
	for i := range 5 {
		q.add(makeEvent(10+i, event.Daily))
	}
	q.putBack(taken)
	if n := q.len(); n != 10 {
		t.Errorf("%d events, want the bound of 10", n)
	}
	if n := (&running{m: m}).dropped("queue_full"); n != 5 {
		t.Errorf("%d counted as dropped, want 5", n)
	}
	left := map[string]bool{}
	for _, it := range q.take(10, combo) {
		left[it.e.ID] = true
	}
	for _, id := range []string{"000003", "000005", "000007", "000008", "000009", "000014"} {
		if !left[id] {
			t.Errorf("%s is gone, though older intraday events could go: %v", id, left)
		}
	}
}
