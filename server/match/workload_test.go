package match

import (
	"cmp"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"sort"
	"time"

	"tierboard/shared/event"
	"tierboard/shared/filter"
)

// workload is the model that delivery is measured with: 2,000 symbols and 30 patterns of Zipf popularity in three tiers.
// Three users in ten take any pattern, the others 1 to 6; one in twenty takes any symbol, the others a watchlist of nine on
// average, 50 at most. Half take any tier. Thresholds lie on whole percents, three in fourteen have none, and one in
// five has a least priority. All filters differ. An event is wanted by 2 to 3 of a hundred.
type workload struct {
	filters []filter.Filter
	events  []*event.Event
}

const (
	workSymbols  = 2000
	workPatterns = 30
)

// newWorkload returns n distinct filters in ascending order of their threshold, so that building an index is quick, and
// some events.
func newWorkload(n, events int) *workload {
	dice := rand.New(rand.NewPCG(7, 11))
	bySymbol, byPattern := newZipf(workSymbols, 1), newZipf(workPatterns, .8)
	w := &workload{filters: make([]filter.Filter, 0, n)}
	names := make([]string, workSymbols)
	for i := range names {
		names[i] = fmt.Sprintf("SY%d", i)
	}
	slugs := make([]string, workPatterns)
	for i := range slugs {
		slugs[i] = fmt.Sprintf("pattern_%d", i)
	}
	keys := make(map[string]struct{}, n)
	for len(w.filters) < n {
		var f filter.Filter
		if dice.Float64() >= .05 {
			for range min(1+int(dice.ExpFloat64()*8), 50) {
				f.Symbols = append(f.Symbols, names[bySymbol.draw(dice)])
			}
		}
		if dice.Float64() >= .3 {
			for range 1 + dice.IntN(6) {
				f.Patterns = append(f.Patterns, slugs[byPattern.draw(dice)])
			}
		}
		if dice.IntN(2) == 0 {
			f.Tiers = []event.Tier{event.Daily, event.Intraday, event.Combo}[:1+dice.IntN(2)]
			if dice.IntN(2) == 0 {
				f.Tiers = []event.Tier{event.Combo}
			}
		}
		if dice.IntN(14) >= 3 {
			f.ConfidenceMin = float64(50+dice.IntN(46)) / 100
		}
		if dice.IntN(5) == 0 {
			f.PriorityMin = event.Priority(1 + dice.IntN(3))
		}
		f = f.Canonical()
		if key := f.Key(); len(f.Symbols) > 0 || n <= 1000 { // hardly any two filters without a symbol can differ
			if _, twice := keys[key]; twice {
				continue
			}
			keys[key] = struct{}{}
		}
		w.filters = append(w.filters, f)
	}
	slices.SortStableFunc(w.filters, func(a, b filter.Filter) int { return cmp.Compare(a.ConfidenceMin, b.ConfidenceMin) })
	for range events {
		c := .5 + dice.Float64()/2
		w.events = append(w.events, &event.Event{
			Kind: event.Pattern, Tier: event.Tier(1 + dice.IntN(3)),
			Scope:      event.Scope{Symbol: names[bySymbol.draw(dice)], Pattern: slugs[byPattern.draw(dice)], Timeframe: "daily"},
			Confidence: c, Priority: event.PriorityOf(c),
		})
	}
	return w
}

// index returns an index of all filters, one ID each.
func (w *workload) index() *Index {
	x := New()
	for i := range w.filters {
		x.Add(w.filters[i : i+1 : i+1])
	}
	return x
}

// zipf draws ranks: the k-th is 1/k^s times as likely as the first.
type zipf struct{ upTo []float64 }

func newZipf(n int, s float64) zipf {
	z := zipf{make([]float64, n)}
	sum := 0.
	for i := range z.upTo {
		sum += math.Pow(float64(i+1), -s)
		z.upTo[i] = sum
	}
	return z
}

func (z zipf) draw(dice *rand.Rand) int {
	n := len(z.upTo)
	return min(sort.SearchFloat64s(z.upTo, dice.Float64()*z.upTo[n-1]), n-1)
}

// spans are the times that an index took for each event.
type spans []time.Duration

// timed matches all events in rounds and keeps each one's shortest time: what the machine did meanwhile is not the index's.
// Between two rounds of an event lie all others, so that the caches are as cold as among the events of a feed.
func timed(events []*event.Event, rounds int, match func(*event.Event) int) (spans, float64) {
	out := make(spans, len(events))
	hits := 0
	for r := range rounds {
		for i, e := range events {
			began := time.Now()
			n := match(e)
			took := time.Since(began)
			if r == 0 {
				hits += n
			}
			if r == 0 || took < out[i] {
				out[i] = took
			}
		}
	}
	slices.Sort(out)
	return out, float64(hits) / float64(len(events))
}

func (s spans) mean() float64 {
	sum := time.Duration(0)
	for _, d := range s {
		sum += d
	}
	return float64(sum) / float64(len(s))
}

func (s spans) at(q float64) float64 { return float64(s[min(int(q*float64(len(s))), len(s)-1)]) }

// sets is the replaced system's way: for each dimension a map from value to the set of those who want it, intersected
// from the smallest set on, and the rest checked on what is left.
type sets struct {
	filters  []filter.Filter
	symbols  map[string]map[int32]struct{}
	patterns map[string]map[int32]struct{}
	tiers    map[event.Tier]map[int32]struct{}
	out      []int32
}

func newSets(filters []filter.Filter) *sets {
	s := &sets{
		filters: filters, symbols: map[string]map[int32]struct{}{},
		patterns: map[string]map[int32]struct{}{}, tiers: map[event.Tier]map[int32]struct{}{},
	}
	for i := range filters {
		put(s.symbols, filters[i].Symbols, "", int32(i))
		put(s.patterns, filters[i].Patterns, "", int32(i))
		put(s.tiers, filters[i].Tiers, event.TierNone, int32(i))
	}
	return s
}

func put[K comparable](m map[K]map[int32]struct{}, values []K, everything K, id int32) {
	if len(values) == 0 {
		values = []K{everything}
	}
	for _, v := range values {
		if m[v] == nil {
			m[v] = map[int32]struct{}{}
		}
		m[v][id] = struct{}{}
	}
}

func (s *sets) match(e *event.Event) int {
	s.out = s.out[:0]
	dims := [3][2]map[int32]struct{}{
		{s.symbols[e.Symbol], s.symbols[""]}, {s.patterns[e.Pattern], s.patterns[""]}, {s.tiers[e.Tier], s.tiers[event.TierNone]},
	}
	slices.SortFunc(dims[:], func(a, b [2]map[int32]struct{}) int { return cmp.Compare(len(a[0])+len(a[1]), len(b[0])+len(b[1])) })
	for _, set := range dims[0] {
		for id := range set {
			if !in(dims[1], id) || !in(dims[2], id) {
				continue
			}
			if f := &s.filters[id]; e.Confidence >= f.ConfidenceMin && e.Priority >= f.PriorityMin {
				s.out = append(s.out, id)
			}
		}
	}
	return len(s.out)
}

func in(d [2]map[int32]struct{}, id int32) bool {
	if _, ok := d[0][id]; ok {
		return true
	}
	_, ok := d[1][id]
	return ok
}
