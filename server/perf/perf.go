// Package perf is the arithmetic of performance: success rates with Wilson intervals, and percentiles read off histograms. It
// is pure: it knows neither events nor a clock.
//
// # Decisions
//
// A rate below MinSample outcomes is not given at all. Because: with 12 outcomes the interval spans half of the scale, and a
// number that is printed is believed.
//
// The interval is Wilson's without continuity correction. Because: it stays inside 0 to 1 and is honest for rates near the
// ends, where the textbook interval is not.
package perf

import "math"

// MinSample is how many outcomes a rate needs.
const MinSample = 30

// z95 is the standard normal quantile at 97.5 %.
const z95 = 1.959963984540054

// Wilson returns the 95 % Wilson score interval of a share of successes out of n. It is 0 to 1 when n is not positive.
func Wilson(successes, n int) (low, high float64) {
	if n <= 0 {
		return 0, 1
	}
	size := float64(n)
	p := float64(successes) / size
	z2 := z95 * z95
	center := (p + z2/(2*size)) / (1 + z2/size)
	half := z95 / (1 + z2/size) * math.Sqrt(p*(1-p)/size+z2/(4*size*size))
	return max(center-half, 0), min(center+half, 1)
}

// Share is a share of successes with its uncertainty.
type Share struct {
	Successes, N int
}

// Known reports whether there are enough outcomes for a rate.
func (s Share) Known() bool { return s.N >= MinSample }

// Rate is the share; meaningful only when Known.
func (s Share) Rate() float64 { return float64(s.Successes) / float64(max(s.N, 1)) }

// Interval is the share's 95 % interval.
func (s Share) Interval() (low, high float64) { return Wilson(s.Successes, s.N) }

// Bar is one bucket of a cumulative histogram: how many measurements were at most Bound.
type Bar struct {
	Bound float64
	Count uint64
}

// FromHistogram estimates a quantile (0 to 1) of a cumulative histogram with ascending bounds and total measurements,
// assuming that they are spread evenly within a bar. Beyond the last finite bound it answers that bound. false means that
// there are no measurements.
func FromHistogram(bars []Bar, total uint64, q float64) (float64, bool) {
	if total == 0 || len(bars) == 0 {
		return 0, false
	}
	rank := min(max(q, 0), 1) * float64(total)
	low, below := 0.0, uint64(0)
	for _, b := range bars {
		if math.IsInf(b.Bound, 1) {
			break
		}
		if float64(b.Count) >= rank && b.Count > below {
			return low + (b.Bound-low)*max(rank-float64(below), 0)/float64(b.Count-below), true
		}
		low, below = b.Bound, b.Count
	}
	return low, true
}
