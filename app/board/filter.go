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
	// Pattern is what was chosen of the patterns: slugs with commas between them, any of which will do. A slug behind a -
	// is left out instead. "" is any. Other spellings are folded.
	Pattern string
	// Symbols is what was typed. One word is the beginning of a symbol: "AA" shows AA, AAL and AAPL. Several words, or
	// one followed by a comma or space, are a list of whole symbols: "AAPL," shows AAPL alone. A word that ends in *
	// is a beginning in a list too.
	Symbols string
	// Watchlist is the name of a list of symbols, Watched its symbols with commas between them: only these are shown or, with
	// Without, all others. It comes on top of Symbols. Without symbols there is no list.
	Watchlist string
	Watched   string
	Without   bool
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
	wanted, without := f.Patterns()
	return len(wanted)+len(without) == 0 && parseSymbols(f.Symbols).none() && len(f.watched()) == 0 && !(f.MinConfidence > 0) &&
		f.Direction == "" && f.Session == "" && f.Timeframe == "" && f.MinPriority == event.Low
}

// Patterns returns the slugs of the patterns that are wanted and of those that are left out, each once.
func (f ColumnFilter) Patterns() (wanted, without []string) {
	for word := range strings.SplitSeq(f.Pattern, ",") {
		name, out := strings.CutPrefix(strings.TrimSpace(word), "-")
		slug := pattern.Slug(name)
		switch {
		case slug == "":
		case out && !slices.Contains(without, slug):
			without = append(without, slug)
		case !out && !slices.Contains(wanted, slug):
			wanted = append(wanted, slug)
		}
	}
	return wanted, without
}

// Toggled returns the filter with a pattern added to those that are wanted or, with out, left out; or taken away if it was
// there. One pattern is never both.
func (f ColumnFilter) Toggled(slug string, out bool) ColumnFilter {
	wanted, without := f.Patterns()
	here, there := &wanted, &without
	if out {
		here, there = there, here
	}
	if i := slices.Index(*there, slug); i >= 0 {
		*there = slices.Delete(*there, i, i+1)
	}
	if i := slices.Index(*here, slug); i >= 0 {
		*here = slices.Delete(*here, i, i+1)
	} else {
		*here = append(*here, slug)
	}
	words := wanted
	for _, w := range without {
		words = append(words, "-"+w)
	}
	f.Pattern = strings.Join(words, ",")
	return f
}

// watched returns the symbols of the watchlist.
func (f ColumnFilter) watched() []string { return parseSymbols(f.Watched + ",").exact }

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
	s.Patterns, c.without = f.Patterns()
	if c.words.sendable() {
		s.Symbols = c.words.exact
	}
	c.watched = nil
	if list := f.watched(); len(list) > 0 {
		c.watched = make(map[string]struct{}, len(list))
		for _, symbol := range list {
			c.watched[symbol] = struct{}{}
		}
		switch words := (symbolWords{exact: list}); {
		case !words.sendable(): // then the browser alone matches it
		case f.Without:
			if len(s.Symbols)+len(list) <= MaxSymbols {
				s.ExcludeSymbols = list
			}
		case len(s.Symbols) == 0: // else fewer come already
			s.Symbols = list
		}
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
	c.refilter()
}

// refilter asks the filter about every card.
func (c *Column) refilter() {
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
	return c.server.Match(e) && c.words.match(e.Symbol) && !slices.Contains(c.without, e.Pattern) && c.inList(e.Symbol) &&
		c.board.query.match(e) && (c.board.scope == nil || filter.Any(c.board.scope, e))
}

// inList reports whether the watchlist lets a symbol through.
func (c *Column) inList(symbol string) bool {
	if c.watched == nil {
		return true
	}
	_, in := c.watched[symbol]
	return in != c.setting.Without
}

// Relaxed looks for a lower least confidence that would show more: the highest multiple of 5 percent at which cards that now fail
// for their confidence alone would pass, and how many would. more is 0 when the confidence hides nothing.
func (c *Column) Relaxed() (least float64, more int) {
	set := c.setting.MinConfidence
	strict := c.server.ConfidenceMin
	c.server.ConfidenceMin = 0
	var hidden []float64
	top := 0.0
	for _, cards := range [...][]*Card{c.all, c.aside} {
		for _, card := range cards {
			if e := card.Event; e.Confidence < set && c.matches(e) {
				hidden = append(hidden, e.Confidence)
				top = max(top, e.Confidence)
			}
		}
	}
	c.server.ConfidenceMin = strict
	least = float64(int(top*20+1e-9)) / 20
	for _, v := range hidden {
		if v >= least {
			more++
		}
	}
	return least, more
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
