package prefs

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"tierboard/app/board"
	"tierboard/app/ui/tier"
)

func TestPrefsSurviveStoring(t *testing.T) {
	want := Prefs{
		Zone: "utc", Density: "rows", Direction: "classic", Contrast: "high", Orders: [3]board.Order{1, 0, 3}, Collapsed: [3]bool{true, false, true},
		Places: []string{"combo", "daily", "intraday"}, Sound: "high", Notify: "critical",
	}
	if d := cmp.Diff(want, Parse(want.Text())); d != "" {
		t.Error(d)
	}
}

func TestPrefsRefuseWhatTheyDoNotKnow(t *testing.T) {
	for name, text := range map[string]string{
		"nothing": "", "no JSON": "{", "another type": "[]",
		"unknown values": `{"zone":"mars","density":"tiny","direction":"x","contrast":"x","sound":"x","notify":"x","orders":[9,9,9],"collapsed":[true,true,true],"places":["daily","daily","combo"]}`,
	} {
		if d := cmp.Diff(Prefs{}, Parse(text)); d != "" {
			t.Errorf("%s: %s", name, d)
		}
	}
}

func TestMovingColumnsKeepsEachOnce(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var p Prefs
		for range rapid.IntRange(0, 20).Draw(t, "moves") {
			p.Places = p.Move(tier.All[rapid.IntRange(0, 2).Draw(t, "column")].Class, rapid.SampledFrom([]int{-1, 1}).Draw(t, "by"))
			if !validPlaces(p.Places) {
				t.Fatalf("order %v", p.Places)
			}
		}
	})
}
