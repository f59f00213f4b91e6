package perf

import (
	"math"
	"testing"

	"pgregory.net/rapid"
)

// near tells whether two numbers agree to nine digits.
func near(a, b float64) bool { return math.Abs(a-b) <= 1e-9*max(1, math.Abs(a), math.Abs(b)) }

// bound finds an end of the interval by what defines it: the shares p at which |p̂-p| is z standard errors of p, found by
// halving.
func bound(successes, n int, upper bool) float64 {
	observed := float64(successes) / float64(n)
	inside := func(p float64) bool {
		return math.Abs(observed-p) <= z95*math.Sqrt(p*(1-p)/float64(n))
	}
	in, out := observed, 0.0
	if upper {
		out = 1
	}
	if inside(out) {
		return out
	}
	for range 200 {
		if mid := (in + out) / 2; inside(mid) {
			in = mid
		} else {
			out = mid
		}
	}
	return in
}

func TestWilsonSolvesItsDefinition(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(1, 5000).Draw(t, "n")
		k := rapid.IntRange(0, n).Draw(t, "k")
		low, high := Wilson(k, n)
		if wantLow, wantHigh := bound(k, n, false), bound(k, n, true); math.Abs(low-wantLow) > 1e-7 || math.Abs(high-wantHigh) > 1e-7 {
			t.Fatalf("%d of %d: got %v to %v, want %v to %v", k, n, low, high, wantLow, wantHigh)
		}
	})
}

func TestWilsonOfPublishedNumbers(t *testing.T) {
	for _, c := range []struct {
		k, n      int
		low, high float64
	}{
		{355, 612, .541, .619},
		{0, 10, 0, .278},
		{10, 10, .722, 1},
		{1, 2, .095, .905},
		{0, 0, 0, 1},
	} {
		low, high := Wilson(c.k, c.n)
		if math.Abs(low-c.low) > .0006 || math.Abs(high-c.high) > .0006 {
			t.Errorf("%d of %d: got %.4f to %.4f, want %v to %v", c.k, c.n, low, high, c.low, c.high)
		}
	}
}

func TestShare(t *testing.T) {
	if (Share{10, 29}).Known() || !(Share{10, 30}).Known() || (Share{}).Rate() != 0 || (Share{15, 30}).Rate() != .5 {
		t.Error("a rate needs thirty outcomes")
	}
	low, high := (Share{355, 612}).Interval()
	if l, h := Wilson(355, 612); low != l || high != h {
		t.Errorf("%v to %v", low, high)
	}
}

func TestFromHistogram(t *testing.T) {
	bars := []Bar{{1, 0}, {2, 50}, {4, 90}, {8, 100}, {math.Inf(1), 110}}
	for _, c := range []struct {
		total uint64
		q     float64
		want  float64
		ok    bool
	}{
		{0, .5, 0, false},
		{100, .25, 1.5, true},
		{100, .5, 2, true},
		{100, .7, 3, true},
		{100, .95, 6, true},
		{110, 1, 8, true}, // beyond what the bars tell
	} {
		got, ok := FromHistogram(bars, c.total, c.q)
		if ok != c.ok || !near(got, c.want) {
			t.Errorf("%v of %d: got %v %v, want %v %v", c.q, c.total, got, ok, c.want, c.ok)
		}
	}
}
