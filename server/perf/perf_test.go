package perf

import (
	"math"
	"slices"
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

func TestTallyAgreesWithCounting(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		outcomes := rapid.SliceOfN(rapid.Custom(func(t *rapid.T) Outcome {
			return Outcome{
				Confidence: float64(rapid.IntRange(0, 100).Draw(t, "confidence")) / 100,
				Success:    rapid.Bool().Draw(t, "success"),
				Return:     rapid.Float64Range(-50, 50).Draw(t, "return"), HasReturn: rapid.Bool().Draw(t, "has return"),
			}
		}), 1, 200).Draw(t, "outcomes")
		var tally Tally
		successes, sum, n := 0, 0.0, 0
		var returns []float64
		var inBucket, wonBucket [10]int
		for _, o := range outcomes {
			tally.Add(o)
			at := min(int(math.Round(o.Confidence*100))/10, 9)
			inBucket[at]++
			if o.Success {
				successes++
				wonBucket[at]++
			}
			if o.HasReturn {
				sum += o.Return
				n++
				returns = append(returns, o.Return)
			}
		}
		if tally.Share != (Share{successes, len(outcomes)}) {
			t.Fatalf("share %+v, want %d of %d", tally.Share, successes, len(outcomes))
		}
		got := tally.Returns()
		if got.N != n || n > 0 && !near(got.Mean, sum/float64(n)) {
			t.Fatalf("returns %+v, want mean %v of %d", got, sum/float64(max(n, 1)), n)
		}
		if n > 0 {
			slices.Sort(returns)
			if n%2 == 1 && got.Median != returns[n/2] || n%2 == 0 && !near(got.Median, (returns[n/2-1]+returns[n/2])/2) {
				t.Fatalf("median %v of %v", got.Median, returns)
			}
			if got.P10 < returns[0] || got.P90 > returns[n-1] || got.P10 > got.Median || got.Median > got.P90 {
				t.Fatalf("order of %+v", got)
			}
		}
		total := 0
		for _, b := range tally.Calibration() {
			at := int(math.Round(b.From * 10))
			if b.Share != (Share{wonBucket[at], inBucket[at]}) {
				t.Fatalf("bucket %v: %+v, want %d of %d", b.From, b.Share, wonBucket[at], inBucket[at])
			}
			if b.Mean < b.From-1e-9 || b.Mean > b.To+1e-9 {
				t.Fatalf("bucket %v to %v has the mean %v", b.From, b.To, b.Mean)
			}
			total += b.Share.N
		}
		if total != len(outcomes) {
			t.Fatalf("buckets hold %d of %d", total, len(outcomes))
		}
	})
}

func TestQuantile(t *testing.T) {
	for _, c := range []struct {
		values []float64
		q      float64
		want   float64
	}{
		{nil, .5, 0},
		{[]float64{7}, .9, 7},
		{[]float64{1, 2, 3, 4}, .5, 2.5},
		{[]float64{0, 10}, .1, 1},
		{[]float64{1, 2, 3}, 0, 1},
		{[]float64{1, 2, 3}, 1, 3},
	} {
		if got := Quantile(c.values, c.q); !near(got, c.want) {
			t.Errorf("%v at %v: got %v, want %v", c.values, c.q, got, c.want)
		}
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
