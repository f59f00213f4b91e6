// Package perf is the arithmetic of performance: success rates with Wilson intervals, spreads of returns, calibration of
// scores against what happened, and percentiles read off histograms. It is pure: it knows neither events nor a clock.
//
// # Decisions
//
// A rate below MinSample outcomes is not given at all. Because: with 12 outcomes the interval spans half of the scale, and a
// number that is printed is believed.
//
// The interval is Wilson's without continuity correction. Because: it stays inside 0 to 1 and is honest for rates near the
// ends, where the textbook interval is not.
package perf

import (
	"math"
	"slices"
)

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

// add counts one outcome.
func (s *Share) add(success bool) {
	s.N++
	if success {
		s.Successes++
	}
}

// Outcome is what became of one detection.
type Outcome struct {
	Confidence float64 // 0 to 1
	Success    bool
	Return     float64 // percent; only when HasReturn
	HasReturn  bool
	Seconds    float64 // from detection to outcome; only when HasSeconds
	HasSeconds bool
}

// buckets is how many equal parts of 0 to 1 calibration looks at.
const buckets = 10

// Tally sums up outcomes. The zero Tally is empty and ready. It keeps every return, so that percentiles are exact: 16 bytes
// an outcome.
type Tally struct {
	Share   Share
	returns []float64
	seconds []float64
	bucket  [buckets]struct {
		share Share
		sum   float64 // of confidences
	}
}

// Add counts one outcome.
func (t *Tally) Add(o Outcome) {
	t.Share.add(o.Success)
	if o.HasReturn && !math.IsNaN(o.Return) && !math.IsInf(o.Return, 0) {
		t.returns = append(t.returns, o.Return)
	}
	if o.HasSeconds && o.Seconds >= 0 {
		t.seconds = append(t.seconds, o.Seconds)
	}
	at := bucketOf(o.Confidence)
	t.bucket[at].share.add(o.Success)
	t.bucket[at].sum += o.Confidence
}

// bucketOf is the bucket of a confidence. The edges are compared as they are printed, so that 0.7 is in 0.7 to 0.8 although
// neither has an exact binary form.
func bucketOf(confidence float64) int {
	for i := buckets - 1; i > 0; i-- {
		if confidence >= float64(i)/buckets {
			return i
		}
	}
	return 0
}

// Spread is how numbers are spread.
type Spread struct {
	N                      int
	Mean, Median, P10, P90 float64
}

// Returns is the spread of the returns.
func (t *Tally) Returns() Spread { return spread(t.returns) }

// Seconds is the spread of the times to outcome.
func (t *Tally) Seconds() Spread { return spread(t.seconds) }

// spread sorts the values and reads them off.
func spread(values []float64) Spread {
	if len(values) == 0 {
		return Spread{}
	}
	slices.Sort(values)
	sum := 0.0
	for _, v := range values {
		sum += v
	}
	return Spread{
		N: len(values), Mean: sum / float64(len(values)),
		Median: Quantile(values, .5), P10: Quantile(values, .1), P90: Quantile(values, .9),
	}
}

// Quantile reads a quantile (0 to 1) off ascending values, interpolating between neighbours. It is 0 without values.
func Quantile(ascending []float64, q float64) float64 {
	if len(ascending) == 0 {
		return 0
	}
	at := min(max(q, 0), 1) * float64(len(ascending)-1)
	i := int(at)
	if i == len(ascending)-1 {
		return ascending[i]
	}
	return ascending[i] + (at-float64(i))*(ascending[i+1]-ascending[i])
}

// Bucket is one part of the scale of confidences.
type Bucket struct {
	From, To float64
	Mean     float64 // confidence
	Share    Share
}

// Calibration returns the buckets that hold outcomes, in ascending order.
func (t *Tally) Calibration() []Bucket {
	var out []Bucket
	for i, b := range t.bucket {
		if b.share.N > 0 {
			out = append(out, Bucket{
				From: float64(i) / buckets, To: float64(i+1) / buckets,
				Mean: b.sum / float64(b.share.N), Share: b.share,
			})
		}
	}
	return out
}

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
