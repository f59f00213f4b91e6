package gauge

import (
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"
)

func TestHistogram(t *testing.T) {
	for d := time.Duration(0); d < 40*time.Second; d = d*9/8 + time.Microsecond {
		b := bucket(d)
		if up := bound(b); d > up || up > d+d/16+2*time.Microsecond {
			t.Fatalf("%v counts as at most %v", d, up)
		}
	}
	var h Histogram
	if got := h.Times(); got != (Times{}) {
		t.Errorf("nothing is %+v", got)
	}
	rng := rand.New(rand.NewPCG(1, 1))
	var all []time.Duration
	for i := range 10000 {
		d := time.Duration(rng.ExpFloat64() * float64(5*time.Millisecond))
		all = append(all, d)
		h.Add(d, i)
	}
	slices.Sort(all)
	got := h.Times()
	for q, x := range map[float64]float64{.5: got.P50, .95: got.P95, .99: got.P99} {
		if want := millis(all[int(q*10000)]); math.Abs(x-want) > want*.05 {
			t.Errorf("quantile %v is %v ms, want %v", q, x, want)
		}
	}
	if got.Count != 10000 || got.Max != millis(all[9999]) {
		t.Errorf("%+v, want the largest of 10000 as it is", got)
	}
}

func millis(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }

func TestTooManyFiles(t *testing.T) {
	if err := Files(16); err != nil {
		t.Error(err)
	}
	if err := Files(1 << 40); err == nil || !strings.Contains(err.Error(), "ulimit") {
		t.Errorf("%v, want what to do about it", err)
	}
}

func TestTheClocksRun(t *testing.T) {
	own, all := OwnCPU(), MachineCPU()
	sum := 0.
	for OwnCPU()-own < 30*time.Millisecond || MachineCPU()-all < 20*time.Millisecond {
		for i := range 1000 {
			sum += math.Sqrt(float64(i))
		}
	}
	if sum == 0 {
		t.Error("nothing was done")
	}
}
