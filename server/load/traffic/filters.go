package traffic

import (
	"math"
	"math/rand/v2"
	"slices"
	"sort"

	"tierboard/shared/event"
	"tierboard/shared/filter"
)

// Filters invents the filters of one subscription, in canonical form.
func (t *Traffic) Filters(rng *rand.Rand) []filter.Filter {
	n := 1
	if rng.Float64() < 0.1 {
		n = 2 + rng.IntN(2)
	}
	fs := make([]filter.Filter, n)
	for i := range fs {
		fs[i] = t.filter(rng).Canonical()
	}
	return fs
}

// Probe is the filter of a session that gets the events of one probe and nothing else.
func (t *Traffic) Probe(i int) []filter.Filter {
	return []filter.Filter{{Symbols: []string{ProbeSymbol(i)}}}
}

// filter invents one filter.
func (t *Traffic) filter(rng *rand.Rand) filter.Filter {
	var f filter.Filter
	if rng.Float64() >= 0.05 {
		n := min(1+int(rng.ExpFloat64()*8), 50)
		for len(f.Symbols) < n {
			if s := t.names[t.bySymbol.draw(rng)]; !slices.Contains(f.Symbols, s) {
				f.Symbols = append(f.Symbols, s)
			}
		}
	}
	if rng.Float64() >= 0.3 {
		for range 1 + rng.IntN(6) {
			f.Patterns = append(f.Patterns, t.patterns[t.byUser.draw(rng)].Slug)
		}
	}
	if rng.Float64() < 0.5 {
		tiers := event.Tiers()
		rng.Shuffle(len(tiers), func(i, j int) { tiers[i], tiers[j] = tiers[j], tiers[i] })
		f.Tiers = tiers[:1+rng.IntN(2)]
	}
	if rng.IntN(14) >= 3 {
		f.ConfidenceMin = float64(50+rng.IntN(46)) / 100
	}
	if rng.Float64() < 0.2 {
		f.PriorityMin = event.Priority(1 + rng.IntN(3)) //nolint:gosec // 1 to 3
	}
	return f
}

// zipf draws ranks: the k-th is 1/k^s times as likely as the first.
type zipf struct{ upTo []float64 }

func newZipf(n int, s float64) zipf {
	z := zipf{make([]float64, n)}
	sum := 0.0
	for i := range z.upTo {
		sum += math.Pow(float64(i+1), -s)
		z.upTo[i] = sum
	}
	return z
}

// draw returns a rank from 0.
func (z zipf) draw(rng *rand.Rand) int {
	n := len(z.upTo)
	return min(sort.SearchFloat64s(z.upTo, rng.Float64()*z.upTo[n-1]), n-1)
}
