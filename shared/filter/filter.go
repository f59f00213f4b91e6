// Package filter defines Filter, a value that says which events somebody wants, and Match, the one plain function
// that decides it. Everything that selects events (the live index, REST, exports, the board) must agree with Match;
// tests hold them to it.
//
// An absent or empty set means any. Sets combine with AND, values within a set with OR. The confidence bounds are
// inclusive and exact: 0.75 passes a minimum of 0.75, and nothing is rounded into buckets.
package filter

import (
	"slices"
	"sort"
	"strconv"
	"strings"

	"tierboard/shared/event"
)

// Filter says which events somebody wants. The zero Filter wants everything. A Filter from Parse or Canonical is
// sorted and free of duplicates; treat it as a value and do not change its sets.
type Filter struct {
	Kinds          []event.Kind
	Tiers          []event.Tier
	Patterns       []string // canonical slugs; pattern_types on the wire
	Symbols        []string // upper case
	ExcludeSymbols []string // upper case; wins over Symbols
	Timeframes     []string // folded by Timeframe
	Sessions       []event.Session
	Directions     []event.Direction
	ConfidenceMin  float64 // 0 to 1; 0 = none
	ConfidenceMax  float64 // 0 to 1; 0 = none
	PriorityMin    event.Priority
	Extra          map[event.Dim][]string // sets over dimensions beyond the built-in ones
}

// Match reports whether the filter wants the event. It is the oracle: plain, exact, without shortcuts.
func (f *Filter) Match(e *event.Event) bool {
	switch {
	case !has(f.Kinds, e.Kind),
		!has(f.Tiers, e.Tier),
		!has(f.Patterns, e.Pattern),
		!has(f.Symbols, e.Symbol),
		len(f.ExcludeSymbols) > 0 && slices.Contains(f.ExcludeSymbols, e.Symbol),
		!has(f.Timeframes, e.Timeframe),
		!has(f.Sessions, e.Session),
		!has(f.Directions, e.Direction),
		e.Confidence < f.ConfidenceMin,
		f.ConfidenceMax > 0 && e.Confidence > f.ConfidenceMax,
		e.Priority < f.PriorityMin:
		return false
	}
	for d, want := range f.Extra {
		if !has(want, e.Facet(d)) {
			return false
		}
	}
	return true
}

// has reports whether v is in the set, an empty set meaning any.
func has[T comparable](set []T, v T) bool {
	return len(set) == 0 || slices.Contains(set, v)
}

// Any reports whether one of the filters wants the event. No filters want nothing.
func Any(fs []Filter, e *event.Event) bool {
	for i := range fs {
		if fs[i].Match(e) {
			return true
		}
	}
	return false
}

// Canonical returns the filter with its sets sorted and free of duplicates and empty sets nil, so that filters that
// say the same have the same Key. A confidence bound that restricts nothing (not a number, a minimum of 0 or less, a
// maximum of 0 or less or of 1 and more) becomes 0. A set of all three tiers stays: events of other kinds have no
// tier. The original is not changed.
func (f Filter) Canonical() Filter {
	f.Kinds = canon(f.Kinds)
	f.Tiers = canon(f.Tiers)
	f.Patterns = canon(f.Patterns)
	f.Symbols = canon(f.Symbols)
	f.ExcludeSymbols = canon(f.ExcludeSymbols)
	f.Timeframes = canon(f.Timeframes)
	f.Sessions = canon(f.Sessions)
	f.Directions = canon(f.Directions)
	if !(f.ConfidenceMin > 0) { // also NaN and negative zero
		f.ConfidenceMin = 0
	}
	if !(f.ConfidenceMax > 0 && f.ConfidenceMax < 1) {
		f.ConfidenceMax = 0
	}
	var extra map[event.Dim][]string
	for d, set := range f.Extra {
		if c := canon(set); c != nil {
			if extra == nil {
				extra = make(map[event.Dim][]string, len(f.Extra))
			}
			extra[d] = c
		}
	}
	f.Extra = extra
	return f
}

// canon returns a sorted copy without duplicates, or nil for an empty set.
func canon[T ~string | ~uint8](set []T) []T {
	if len(set) == 0 {
		return nil
	}
	c := slices.Clone(set)
	sort.Slice(c, func(i, j int) bool { return c[i] < c[j] }) //nolint:modernize // slices.Sort has a body for each type, which browsers would download
	return slices.Compact(c)
}

// Key returns a string that is equal for two canonical filters exactly when they are the same filter.
func (f *Filter) Key() string {
	var b strings.Builder
	part := func(name string, set []string) {
		if len(set) == 0 {
			return
		}
		b.WriteString(name)
		for _, v := range set {
			b.WriteByte(' ')
			b.WriteString(strconv.Quote(v))
		}
		b.WriteByte(';')
	}
	part("k", words(f.Kinds))
	part("t", numbers(f.Tiers))
	part("p", f.Patterns)
	part("s", f.Symbols)
	part("x", f.ExcludeSymbols)
	part("f", f.Timeframes)
	part("e", words(f.Sessions))
	part("d", words(f.Directions))
	if f.ConfidenceMin != 0 {
		part("c", []string{strconv.FormatFloat(f.ConfidenceMin, 'g', -1, 64)})
	}
	if f.ConfidenceMax != 0 {
		part("C", []string{strconv.FormatFloat(f.ConfidenceMax, 'g', -1, 64)})
	}
	if f.PriorityMin != 0 {
		part("r", []string{strconv.Itoa(int(f.PriorityMin))})
	}
	for _, d := range f.dims() {
		part(strconv.Quote(string(d)), f.Extra[d])
	}
	return b.String()
}

// dims returns the names of the extra dimensions in order.
func (f *Filter) dims() []event.Dim {
	ds := make([]event.Dim, 0, len(f.Extra))
	for d := range f.Extra {
		ds = append(ds, d)
	}
	slices.Sort(ds)
	return ds
}

// SymbolCount is how many symbols the filter names, wanted and excluded; limits are counted in it.
func (f *Filter) SymbolCount() int { return len(f.Symbols) + len(f.ExcludeSymbols) }

// words turns a set of string-like values into strings.
func words[T ~string](set []T) []string {
	out := make([]string, len(set))
	for i, v := range set {
		out[i] = string(v)
	}
	return out
}

// numbers turns a set of tiers into text; their words would be the same for all tiers that do not exist.
func numbers(set []event.Tier) []string {
	out := make([]string, len(set))
	for i, v := range set {
		out[i] = strconv.Itoa(int(v))
	}
	return out
}
