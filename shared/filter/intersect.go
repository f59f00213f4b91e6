package filter

import (
	"slices"

	"tierboard/shared/event"
)

// Intersect returns the filter that wants exactly what both a and b want, in canonical form. It reports false when no event can
// pass both.
func Intersect(a, b Filter) (Filter, bool) {
	possible := true
	out := Filter{
		Kinds:          both(a.Kinds, b.Kinds, &possible),
		Tiers:          both(a.Tiers, b.Tiers, &possible),
		Patterns:       both(a.Patterns, b.Patterns, &possible),
		Symbols:        both(a.Symbols, b.Symbols, &possible),
		ExcludeSymbols: append(slices.Clone(a.ExcludeSymbols), b.ExcludeSymbols...),
		Timeframes:     both(a.Timeframes, b.Timeframes, &possible),
		Sessions:       both(a.Sessions, b.Sessions, &possible),
		Directions:     both(a.Directions, b.Directions, &possible),
		ConfidenceMin:  max(a.ConfidenceMin, b.ConfidenceMin),
		ConfidenceMax:  a.ConfidenceMax,
		PriorityMin:    max(a.PriorityMin, b.PriorityMin),
	}
	if b.ConfidenceMax > 0 && (out.ConfidenceMax == 0 || b.ConfidenceMax < out.ConfidenceMax) {
		out.ConfidenceMax = b.ConfidenceMax
	}
	for _, m := range [...]map[event.Dim][]string{a.Extra, b.Extra} {
		for d, set := range m {
			if out.Extra == nil {
				out.Extra = map[event.Dim][]string{}
			}
			out.Extra[d] = both(out.Extra[d], set, &possible)
		}
	}
	if out.ConfidenceMax > 0 && out.ConfidenceMin > out.ConfidenceMax {
		possible = false
	}
	return out.Canonical(), possible
}

// both returns what is in both sets, an empty set meaning any; possible becomes false when nothing is.
func both[T comparable](a, b []T, possible *bool) []T {
	switch {
	case len(a) == 0:
		return slices.Clone(b)
	case len(b) == 0:
		return slices.Clone(a)
	}
	var out []T
	for _, v := range a {
		if slices.Contains(b, v) {
			out = append(out, v)
		}
	}
	if len(out) == 0 {
		*possible = false
	}
	return out
}
