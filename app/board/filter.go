package board

import (
	"slices"
	"strings"

	"tierboard/shared/event"
	"tierboard/shared/filter"
	"tierboard/shared/pattern"
)

// MaxSymbols is how many symbols of one column are sent to the server: three columns stay within what one subscription
// may name. A longer list is matched in the browser alone.
const MaxSymbols = 300

// ColumnFilter is what the reader chose for one column. The zero ColumnFilter shows everything.
type ColumnFilter struct {
	// Pattern is a pattern's slug, or "" for any. Other spellings are folded.
	Pattern string
	// Symbols is what was typed. One word is the beginning of a symbol: "AA" shows AA, AAL and AAPL. Several words, or
	// one followed by a comma or space, are a list of whole symbols: "AAPL," shows AAPL alone. A word that ends in *
	// is a beginning in a list too.
	Symbols string
	// MinConfidence is the least confidence shown, 0 to 1, exact.
	MinConfidence float64
	// Direction, Session and Timeframe restrict to one value each; "" is any.
	Direction event.Direction
	Session   event.Session
	Timeframe string
	// MinPriority is the least priority shown.
	MinPriority event.Priority
}

// IsZero reports whether the filter shows everything.
func (f ColumnFilter) IsZero() bool {
	return pattern.Slug(f.Pattern) == "" && parseSymbols(f.Symbols).none() && !(f.MinConfidence > 0) &&
		f.Direction == "" && f.Session == "" && f.Timeframe == "" && f.MinPriority == event.Low
}

// symbolWords is the symbol text, read.
type symbolWords struct {
	exact    []string
	prefixes []string
}

// parseSymbols reads the text of ColumnFilter.Symbols.
func parseSymbols(text string) symbolWords {
	separator := func(r rune) bool { return strings.ContainsRune(", ;\t\r\n", r) }
	words := strings.FieldsFunc(text, separator)
	single := len(words) == 1 && !strings.ContainsFunc(text[strings.Index(text, words[0])+len(words[0]):], separator)
	var w symbolWords
	for _, word := range words {
		stem := strings.TrimRight(word, "*")
		s := filter.Symbol(stem)
		switch {
		case s == "":
		case single || stem != word:
			w.prefixes = append(w.prefixes, s)
		case !slices.Contains(w.exact, s):
			w.exact = append(w.exact, s)
		}
	}
	return w
}

// none reports whether any symbol will do.
func (w symbolWords) none() bool { return len(w.exact) == 0 && len(w.prefixes) == 0 }

// match reports whether a symbol is wanted.
func (w symbolWords) match(symbol string) bool {
	if w.none() || slices.Contains(w.exact, symbol) {
		return true
	}
	return slices.ContainsFunc(w.prefixes, func(p string) bool { return strings.HasPrefix(symbol, p) })
}

// sendable reports whether the server can match the words: it knows whole symbols only, and a bounded number of them.
func (w symbolWords) sendable() bool {
	return len(w.prefixes) == 0 && len(w.exact) <= MaxSymbols &&
		!slices.ContainsFunc(w.exact, func(s string) bool { return len(s) > event.MaxSymbol })
}

// Filter returns what the reader chose, as it was set.
func (c *Column) Filter() ColumnFilter { return c.setting }

// setFilter takes a filter over and asks it about every card.
func (c *Column) setFilter(f ColumnFilter) {
	c.setting = f
	c.words = parseSymbols(f.Symbols)
	s := filter.Filter{Tiers: []event.Tier{c.tier}}
	if slug := pattern.Slug(f.Pattern); slug != "" {
		s.Patterns = []string{slug}
	}
	if c.words.sendable() {
		s.Symbols = c.words.exact
	}
	if f.MinConfidence > 0 { // not NaN either
		s.ConfidenceMin = min(f.MinConfidence, 1)
	}
	if f.Direction != "" {
		s.Directions = []event.Direction{f.Direction}
	}
	if f.Session != "" {
		s.Sessions = []event.Session{f.Session}
	}
	if f.Timeframe != "" {
		s.Timeframes = []string{filter.Timeframe(f.Timeframe)}
	}
	s.PriorityMin = f.MinPriority
	c.server = s.Canonical()
	for _, card := range c.all {
		card.ok = c.matches(card.Event)
	}
	for _, card := range c.base {
		card.ok = c.matches(card.Event)
	}
	if c.frozen {
		c.recount()
	}
}

// Accepts reports whether the column's filter lets an event through.
func (c *Column) Accepts(e *event.Event) bool { return e.Tier == c.tier && c.matches(e) }

// matches is the server's filter and, beyond it, what only the browser can tell.
func (c *Column) matches(e *event.Event) bool {
	return c.server.Match(e) && c.words.match(e.Symbol) && (c.board.scope == nil || filter.Any(c.board.scope, e))
}

// recount sets pending after the filter changed: what passes it now and is not among the frozen cards.
func (c *Column) recount() {
	c.pending = 0
	for _, card := range c.all {
		if card.ok && c.frozenByID[card.Event.ID] == nil {
			c.pending++
		}
	}
}
