package ladder

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"tierboard/shared/event"
)

func TestLadderKeepsOrderAndRoom(t *testing.T) {
	e := &event.Event{Price: event.Num(229.41), Levels: []event.Level{
		{Kind: "stop", Price: 225.1}, {Kind: "target", Price: 236, Label: "T2"}, {Kind: "entry", Price: 228.6}, {Kind: "target", Price: 232.5, Label: "T1"}, {Kind: "level", Price: -1},
	}}
	rs := rungs(e)
	var labels []string
	for i, r := range rs {
		labels = append(labels, r.label)
		if r.y < 0 || r.y > ladderHeight || r.textY < 0 || r.textY > ladderHeight {
			t.Errorf("%s lies outside: %v, %v", r.label, r.y, r.textY)
		}
		if i > 0 && (r.y < rs[i-1].y || r.textY < rs[i-1].textY+labelStep-0.01) {
			t.Errorf("%s touches or passes %s", r.label, rs[i-1].label)
		}
	}
	if d := cmp.Diff([]string{"T2 236.00", "T1 232.50", "229.41", "Entry 228.60", "Stop 225.10"}, labels); d != "" {
		t.Error(d)
	}
	if rungs(&event.Event{Price: event.Num(1)}) != nil {
		t.Error("a price without levels draws a ladder")
	}
	crowd := &event.Event{}
	for range 9 {
		crowd.Levels = append(crowd.Levels, event.Level{Kind: "level", Price: 10})
	}
	for _, r := range rungs(crowd) {
		if r.textY > ladderHeight {
			t.Errorf("a label of nine equal levels lies at %v", r.textY)
		}
	}
}

func TestRewardToRisk(t *testing.T) {
	level := func(kind string, price float64) event.Level { return event.Level{Kind: kind, Price: price} }
	cases := []struct {
		name   string
		price  event.Number
		levels []event.Level
		want   float64
		ok     bool
	}{
		{"farthest target counts", event.Number{}, []event.Level{level("entry", 100), level("stop", 95), level("target", 110), level("target", 115)}, 3, true},
		{"short", event.Number{}, []event.Level{level("entry", 100), level("stop", 110), level("target", 80)}, 2, true},
		{"price stands in for the entry", event.Num(100), []event.Level{level("stop", 95), level("target", 110)}, 2, true},
		{"stop on the target's side", event.Number{}, []event.Level{level("entry", 100), level("stop", 105), level("target", 110)}, 0, false},
		{"no stop", event.Number{}, []event.Level{level("entry", 100), level("target", 110)}, 0, false},
		{"stop at the entry", event.Number{}, []event.Level{level("entry", 100), level("stop", 100), level("target", 110)}, 0, false},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			if got, ok := RewardToRisk(&event.Event{Price: c.price, Levels: c.levels}); got != c.want || ok != c.ok {
				t.Errorf("got %v, %v; want %v, %v", got, ok, c.want, c.ok)
			}
		})
	}
}
