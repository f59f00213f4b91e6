// Package gauge measures what a load test needs to know of time and of this machine: latencies, counted by many goroutines at
// once, CPU time, and how many files may be open.
package gauge

import (
	"math/bits"
	"sync/atomic"
	"time"
)

// stripes keep the workers from counting in the same cache lines; a power of two.
const stripes = 8

// Histogram counts durations with an error of 3 % at most, up to half a minute. Any number of goroutines may add.
type Histogram struct {
	stripe [stripes]struct {
		counts  [32 * steps]atomic.Uint32
		longest atomic.Int64
	}
}

// steps is how many buckets a power of two has.
const steps = 32

// bucket returns where a duration counts: exactly below 32 µs, then in steps of a 32nd.
func bucket(d time.Duration) int {
	us := uint64(max(d, 0).Microseconds()) //nolint:gosec // not negative
	if us < steps {
		return int(us)
	}
	shift := bits.Len64(us) - 6
	return min((shift+1)*steps+int(us>>shift)-steps, 32*steps-1) //nolint:gosec // less than 64
}

// bound returns the upper end of a bucket.
func bound(b int) time.Duration {
	if b < steps {
		return time.Duration(b+1) * time.Microsecond
	}
	shift := b/steps - 1
	return time.Duration((b%steps+steps+1)<<shift) * time.Microsecond
}

// Add counts a duration; hint spreads the counting.
func (h *Histogram) Add(d time.Duration, hint int) {
	s := &h.stripe[hint%stripes]
	s.counts[bucket(d)].Add(1)
	for {
		longest := s.longest.Load()
		if int64(d) <= longest || s.longest.CompareAndSwap(longest, int64(d)) {
			return
		}
	}
}

// Times are the quantiles of a set of durations, in milliseconds. All are 0 when nothing was counted.
type Times struct {
	Count int     `json:"count"`
	P50   float64 `json:"p50_ms"`
	P95   float64 `json:"p95_ms"`
	P99   float64 `json:"p99_ms"`
	Max   float64 `json:"max_ms"`
}

// Times returns what was counted.
func (h *Histogram) Times() Times {
	var sum [32 * steps]uint64
	total, longest := uint64(0), int64(0)
	for i := range h.stripe {
		for b := range sum {
			n := uint64(h.stripe[i].counts[b].Load())
			sum[b] += n
			total += n
		}
		longest = max(longest, h.stripe[i].longest.Load())
	}
	quantile := func(q float64) float64 {
		want := uint64(q*float64(total) + 0.5)
		below := uint64(0)
		for b, n := range sum {
			if below += n; n > 0 && below >= want {
				return min(float64(bound(b)), float64(longest)) / float64(time.Millisecond)
			}
		}
		return 0
	}
	return Times{int(total), quantile(.5), quantile(.95), quantile(.99), float64(longest) / float64(time.Millisecond)} //nolint:gosec // a count
}
