package board

import (
	"cmp"
	"sort"
	"time"

	"tierboard/shared/event"
)

// Bounds on what the pickers remember; names beyond them are not offered.
const (
	maxPatternsSeen = 256
	maxSymbolsSeen  = 4096
)

// Choice is one entry of a picker.
type Choice struct {
	Value string // slug or symbol
	Label string // for people
	Count int    // events in the model now
}

// notice remembers an event's names for the pickers, also beyond a reset.
func (c *Column) notice(e *event.Event) {
	if _, known := c.patterns[e.Pattern]; known || len(c.patterns) < maxPatternsSeen {
		c.patterns[e.Pattern] = e.Label
	}
	if len(c.symbols) < maxSymbolsSeen {
		c.symbols[e.Symbol] = struct{}{}
	}
}

// PatternsSeen lists the patterns that ever came into the column, by label.
func (c *Column) PatternsSeen() []Choice {
	counts := make(map[string]int, len(c.patterns))
	for _, card := range c.all {
		counts[card.Event.Pattern]++
	}
	out := make([]Choice, 0, len(c.patterns))
	for slug, label := range c.patterns {
		if label == "" {
			label = slug
		}
		out = append(out, Choice{Value: slug, Label: label, Count: counts[slug]})
	}
	sort.Slice(out, func(i, j int) bool { // sort and not slices here and below: one body for all types keeps the download small
		return cmp.Or(cmp.Compare(out[i].Label, out[j].Label), cmp.Compare(out[i].Value, out[j].Value)) < 0
	})
	return out
}

// SymbolsSeen lists the symbols that ever came into the column, most frequent in the model first.
func (c *Column) SymbolsSeen() []Choice {
	counts := make(map[string]int, len(c.symbols))
	for _, card := range c.all {
		counts[card.Event.Symbol]++
	}
	out := make([]Choice, 0, len(c.symbols))
	for s := range c.symbols {
		out = append(out, Choice{Value: s, Label: s, Count: counts[s]})
	}
	sort.Slice(out, func(i, j int) bool {
		return cmp.Or(cmp.Compare(out[j].Count, out[i].Count), cmp.Compare(out[i].Value, out[j].Value)) < 0
	})
	return out
}

// rateWindow counts arrivals by second over the last minute.
type rateWindow struct {
	counts [60]int
	last   int64 // the newest second counted, Unix
}

// advance clears the seconds that passed since the newest one. A clock that was set back counts into that one.
func (r *rateWindow) advance(now time.Time) {
	s := now.Unix()
	for n := min(s-r.last, int64(len(r.counts))); n > 0; n-- {
		r.counts[(s-n+1)%int64(len(r.counts))] = 0
	}
	r.last = max(r.last, s)
}

// add counts one arrival.
func (r *rateWindow) add(now time.Time) {
	r.advance(now)
	r.counts[r.last%int64(len(r.counts))]++
}

// sum returns the arrivals of the last minute.
func (r *rateWindow) sum(now time.Time) int {
	r.advance(now)
	total := 0
	for _, n := range r.counts {
		total += n
	}
	return total
}
