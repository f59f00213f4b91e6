package pace

import (
	"fmt"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"tierboard/server/recent"
	"tierboard/shared/event"
)

func TestALimiterCountsAcrossTheWrapAndBeyondItsWord(t *testing.T) {
	var l Limiter
	const end = ^uint32(0)
	l.Add(end-500, 70_000)
	if got := l.Room(end, 100_000); got != 30_000 || len(l.sent) != 2 {
		t.Errorf("room %d in %d entries before the wrap, want 30000 in 2", got, len(l.sent))
	}
	if got := l.Room(499, 100_000); got != 30_000 {
		t.Errorf("room %d exactly a second later, want 30000: it may have been less than a second", got)
	}
	if got := l.Room(500, 100_000); got != 100_000 || len(l.sent) != 0 {
		t.Errorf("room %d after a second, want all of it", got)
	}
}

// TestNoSecondHoldsMoreThanTheLimitAllows compares with a plain list of what left.
func TestNoSecondHoldsMoreThanTheLimitAllows(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		limit := rapid.IntRange(1, 300).Draw(t, "limit")
		now := rapid.Uint32().Draw(t, "start")
		var l Limiter
		var left []uint32 // when each event left
		for range rapid.IntRange(1, 60).Draw(t, "steps") {
			now += rapid.Uint32Range(0, 700).Draw(t, "wait")
			within := 0
			for _, at := range left {
				if now-at <= 1000 {
					within++
				}
			}
			room := l.Room(now, limit)
			if room != limit-within {
				t.Fatalf("room %d with %d of %d gone in the last second", room, within, limit)
			}
			n := rapid.IntRange(0, room).Draw(t, "n")
			if n > 0 {
				l.Add(now, n)
			}
			for range n {
				left = append(left, now)
			}
		}
	})
}

// items returns items with these priorities at the positions from 1 on.
func items(priorities ...event.Priority) []*recent.Item {
	var out []*recent.Item
	for i, p := range priorities {
		out = append(out, recent.NewItem(&event.Event{Seq: uint64(i + 1), ID: fmt.Sprint("e", i+1), Priority: p}))
	}
	return out
}

func TestBestKeepsOrderAndTheNewestOfEqualPriority(t *testing.T) {
	all := items(event.Low, event.Critical, event.Medium, event.High, event.Critical, event.Low)
	for n, want := range [][]string{
		{},
		{"e5"},
		{"e2", "e5"},
		{"e2", "e4", "e5"},
		{"e2", "e3", "e4", "e5"},
		{"e2", "e3", "e4", "e5", "e6"},
		{"e1", "e2", "e3", "e4", "e5", "e6"},
		{"e1", "e2", "e3", "e4", "e5", "e6"},
	} {
		given := slices.Clone(all)
		got := []string{}
		for _, it := range Best(given, n) {
			got = append(got, it.Event.ID)
		}
		if !slices.Equal(got, want) {
			t.Errorf("the best %d: %v, want %v", n, got, want)
		}
		if rest := given[len(got):]; slices.ContainsFunc(rest, func(it *recent.Item) bool { return it != nil }) {
			t.Errorf("the best %d: the others are still held", n)
		}
	}
}
