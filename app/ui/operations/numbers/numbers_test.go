package numbers

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"tierboard/app/ui/chart"
)

// numbersAt is an answer's numbers after a number of seconds.
func numbersAt(seconds float64, epoch string, accepted uint64) *Operations {
	o := &Operations{AsOf: time.Date(2026, 11, 20, 19, 31, 11, 0, time.UTC).Add(time.Duration(seconds * float64(time.Second)))}
	o.Hub.Epoch, o.Hub.Seq = epoch, accepted
	return o
}

// points makes points of pairs of seconds ago and value.
func points(pairs ...float64) []chart.Point {
	var out []chart.Point
	for i := 0; i < len(pairs); i += 2 {
		out = append(out, chart.Point{Ago: pairs[i], Value: pairs[i+1]})
	}
	return out
}

func TestRatesComeFromNeighbours(t *testing.T) {
	type step struct {
		at       float64
		epoch    string
		accepted uint64
	}
	for _, c := range []struct {
		name  string
		steps []step
		want  []chart.Point
	}{
		{"one answer is no rate", []step{{0, "a", 100}}, nil},
		{"two give what was between them", []step{{0, "a", 100}, {2, "a", 350}}, points(0, 125)},
		{"by the time between, whatever it was", []step{{0, "a", 0}, {4, "a", 8}, {5, "a", 11}}, points(1, 2, 0, 3)},
		{"a gap gives none", []step{{0, "a", 0}, {2, "a", 2}, {60, "a", 100}, {62, "a", 102}}, points(60, 1, 0, 1)},
		{"a restarted server counts from zero", []step{{0, "a", 100}, {2, "a", 200}, {4, "b", 3}, {6, "b", 5}}, points(0, 1)},
		{"copies and old answers do not count", []step{{2, "a", 0}, {2, "a", 9}, {4, "a", 4}}, points(0, 2)},
		{"what is two minutes old is forgotten", []step{{0, "a", 0}, {2, "a", 2}, {121, "a", 4}, {123, "a", 8}}, points(0, 2)},
	} {
		t.Run(c.name, func(t *testing.T) {
			var s Samples
			for _, step := range c.steps {
				s.Add(numbersAt(step.at, step.epoch, step.accepted))
			}
			if d := cmp.Diff(c.want, s.Rate(AcceptedTotal)); d != "" {
				t.Errorf("(-want +got):\n%s", d)
			}
		})
	}
}

// Asked at any times, the page remembers two minutes and no more, and the newest rate is that of the last two answers.
func TestSamplesAreBounded(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var s Samples
		at, accepted, last := 0.0, uint64(0), 0.0
		for range rapid.IntRange(2, 300).Draw(t, "answers") {
			step, more := float64(rapid.IntRange(1, 9).Draw(t, "step")), uint64(rapid.IntRange(0, 1000).Draw(t, "more"))
			at, accepted, last = at+step, accepted+more, float64(more)/step
			s.Add(numbersAt(at, "a", accepted))
		}
		if n := len(s.list); n > 121 {
			t.Fatalf("%d numbers are remembered", n)
		}
		if old := s.ago(0); old > SampleSpan.Seconds() {
			t.Fatalf("the oldest is %v s old", old)
		}
		if v, ok := Latest(s.Rate(AcceptedTotal)); !ok || v != last {
			t.Fatalf("rate %v, %v; want %v", v, ok, last)
		}
	})
}
