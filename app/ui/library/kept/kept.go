// Package kept names what the server keeps for a person: views, watchlists and subscriptions.
package kept

import (
	"strconv"
	"strings"

	"tierboard/app/format"
	"tierboard/app/ui/tier"
	"tierboard/shared/event"
	"tierboard/shared/filter"
)

// View is a board that can be opened again. The ones that come with the program have no ID.
type View struct {
	ID      string `json:"id"`
	Name    string `json:"name"`
	Default bool   `json:"default"`
	Version int64  `json:"version"`
	Layout  Layout `json:"layout"`
}

// Layout is what a view brings back.
type Layout struct {
	Query     string   `json:"query"` // filters and orders, as in a shared link
	Density   string   `json:"density,omitempty"`
	Places    []string `json:"places,omitempty"`
	Collapsed [3]bool  `json:"collapsed"`
}

// Watchlist is a named list of symbols.
type Watchlist struct {
	ID      string   `json:"id"`
	Name    string   `json:"name"`
	Symbols []string `json:"symbols"`
}

// Subscription is a named list of filters; those that are active are all that the stream brings.
type Subscription struct {
	ID      string       `json:"id"`
	Name    string       `json:"name"`
	Active  bool         `json:"active"`
	Version int64        `json:"version"`
	Filters []FilterSpec `json:"filters"`
}

// FilterSpec is a filter as REST writes it, as far as the manager sets it.
type FilterSpec struct {
	Tiers         []string `json:"tiers,omitempty"`
	PatternTypes  []string `json:"pattern_types,omitempty"`
	Symbols       []string `json:"symbols,omitempty"`
	ConfidenceMin float64  `json:"confidence_min,omitempty"`
}

// Shipped come with the program.
var Shipped = []View{
	{Name: "Everything"},
	{Name: "High confidence", Layout: Layout{Query: "combo.confidence=0.8&daily.confidence=0.8&intraday.confidence=0.8"}},
	{Name: "Bullish", Layout: Layout{Query: "combo.direction=bullish&daily.direction=bullish&intraday.direction=bullish"}},
	{Name: "Intraday momentum", Layout: Layout{Query: "intraday.confidence=0.7", Collapsed: [3]bool{true, false, false}}},
}

// Describe says in a few words what a subscription wants.
func Describe(fs []FilterSpec) string {
	all := make([]string, len(fs))
	for i, f := range fs {
		words := append([]string{}, f.Tiers...)
		if n := len(f.PatternTypes); n > 0 {
			words = append(words, format.Plural(n, "pattern"))
		}
		if n := len(f.Symbols); n > 0 {
			words = append(words, format.Plural(n, "symbol"))
		}
		if f.ConfidenceMin > 0 {
			words = append(words, "≥ "+strconv.Itoa(int(f.ConfidenceMin*100+0.5)))
		}
		if len(words) == 0 {
			words = append(words, "everything")
		}
		all[i] = strings.Join(words, ", ")
	}
	return strings.Join(all, "; ")
}

// Symbols reads tickers, each once: from the column called symbol or ticker when the first line is a CSV header with one, else
// every word of the text.
func Symbols(text string) []string {
	cells := func(line string) []string {
		return strings.FieldsFunc(line, func(r rune) bool { return strings.ContainsRune(",;\t", r) })
	}
	clean := func(cell string) string { return filter.Symbol(strings.Trim(cell, " \"'\r")) }
	column := -1
	first, rest, _ := strings.Cut(text, "\n")
	for i, c := range cells(first) {
		if s := clean(c); s == "SYMBOL" || s == "TICKER" {
			column, text = i, rest
			break
		}
	}
	seen := map[string]bool{}
	var out []string
	add := func(s string) {
		if s != "" && len(s) <= event.MaxSymbol && !seen[s] {
			seen[s] = true
			out = append(out, s)
		}
	}
	for line := range strings.Lines(text) {
		row := cells(line)
		if column >= 0 {
			if column < len(row) {
				add(clean(row[column]))
			}
			continue
		}
		for _, cell := range row {
			for word := range strings.FieldsSeq(cell) {
				add(clean(word))
			}
		}
	}
	return out
}

// Filter turns the REST form into a filter.
func (s *FilterSpec) Filter() filter.Filter {
	f := filter.Filter{Patterns: s.PatternTypes, Symbols: s.Symbols, ConfidenceMin: s.ConfidenceMin}
	for _, w := range s.Tiers {
		if t := tier.OfClass(w); t != event.TierNone {
			f.Tiers = append(f.Tiers, t)
		}
	}
	return f.Canonical()
}
