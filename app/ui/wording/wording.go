// Package wording puts the board's state into words: what narrows a column, how busy it is, and why it shows nothing.
package wording

import (
	"strconv"
	"strings"
	"time"

	"tierboard/app/board"
	"tierboard/app/format"
	"tierboard/app/ui/tier"
	"tierboard/shared/event"
	"tierboard/shared/pattern"
	"tierboard/shared/wire"
)

// Watchlist names the watchlist of a filter.
func Watchlist(f board.ColumnFilter) string {
	if f.Without {
		return "Not " + format.Clip(f.Watchlist, 24)
	}
	return format.Clip(f.Watchlist, 24)
}

// Chip is one active filter and what the column's filter is without it.
type Chip struct {
	Text    string
	Without board.ColumnFilter
}

// Chips lists what restricts a column.
func Chips(f board.ColumnFilter) []Chip {
	var out []Chip
	if sym := strings.Trim(f.Symbols, ", "); sym != "" {
		w := f
		w.Symbols = ""
		out = append(out, Chip{format.Clip(strings.ToUpper(sym), 25), w})
	}
	wanted, without := f.Patterns()
	for _, slug := range wanted {
		out = append(out, Chip{pattern.Label(slug), f.Toggled(slug, false)})
	}
	for _, slug := range without {
		out = append(out, Chip{"not " + pattern.Label(slug), f.Toggled(slug, true)})
	}
	if f.Watched != "" {
		w := f
		w.Watchlist, w.Watched, w.Without = "", "", false
		out = append(out, Chip{"Watchlist: " + Watchlist(f), w})
	}
	if f.MinConfidence > 0 {
		w := f
		w.MinConfidence = 0
		out = append(out, Chip{"Confidence ≥ " + strconv.Itoa(int(f.MinConfidence*100+0.5)), w})
	}
	if f.Direction != "" {
		w := f
		w.Direction = ""
		out = append(out, Chip{format.Direction(f.Direction), w})
	}
	if f.MinPriority > event.Low {
		w := f
		w.MinPriority = event.Low
		out = append(out, Chip{"Priority ≥ " + f.MinPriority.String(), w})
	}
	if f.Timeframe != "" {
		w := f
		w.Timeframe = ""
		out = append(out, Chip{format.Timeframe(f.Timeframe) + " bars", w})
	}
	if f.Session != "" {
		w := f
		w.Session = ""
		out = append(out, Chip{format.SessionShort(f.Session), w})
	}
	return out
}

// Word is what a chip says of a word of the query.
func Word(w board.Word) string {
	var text string
	switch {
	case w.Least > 0:
		text = "Confidence ≥ " + strconv.Itoa(int(w.Least*100+0.5))
		if w.Not {
			return "Confidence < " + strconv.Itoa(int(w.Least*100+0.5))
		}
	case w.Way != "":
		text = format.Direction(w.Way)
	default:
		text = format.Clip(strings.Trim(strings.TrimPrefix(w.Text, "-"), ","), 24)
	}
	if w.Not {
		text = "not " + text
	}
	return text
}

// WithoutWord returns a query without one of its words.
func WithoutWord(query string, at int) string {
	var left []string
	for i, w := range board.ParseQuery(query) {
		if i != at {
			left = append(left, w.Text)
		}
	}
	return strings.Join(left, " ")
}

// Empty says why a column shows nothing and, when nothing has come yet, when something is to be expected. market may be nil; now is
// on the server's clock.
func Empty(s tier.Style, c *board.Column, query string, market *wire.Market, now time.Time) string {
	narrowed := query != "" || !c.Filter().IsZero()
	switch {
	case c.Pending() > 0:
		return "New patterns are waiting."
	case c.Total() > 0:
		return "None of " + format.Plural(c.Total(), s.Class+" pattern") + " passes this filter."
	}
	text := "No " + s.Class + " patterns yet. "
	if narrowed {
		text = "No " + s.Class + " pattern has passed this filter yet. "
	}
	return text + expected(s, market, now)
}

// Idle says above the cards of another day, the last of which came at at, that today's have not come yet and when they are to be
// expected; "" when at is of today or zero. now is on the server's clock, z the exchange's zone.
func Idle(s tier.Style, at time.Time, market *wire.Market, now time.Time, z format.Zone) string {
	day := format.DayLabel(at, now, z)
	if at.IsZero() || day == "Today" {
		return ""
	}
	return "No " + s.Class + " patterns today yet. " + expected(s, market, now) + " Last: " + day + "."
}

// expected says when a tier's next patterns are to be expected.
func expected(s tier.Style, market *wire.Market, now time.Time) string {
	if s.Tier == event.Daily && market != nil && event.Session(market.Session) == event.Regular && market.ClosesAt.After(now) {
		return "They arrive after the close, in " + format.Span(market.ClosesAt.Sub(now)) + "."
	}
	if opens := format.MarketsOpen(market, now); opens != "" && s.Tier != event.Daily {
		return opens + "."
	}
	return s.Empty
}

// Relax is what the button of an empty column offers: the nearest thing that would show something; "" for nothing.
func Relax(c *board.Column, query string) string {
	if least, more := c.Relaxed(); more > 0 {
		return "Lower confidence to " + strconv.Itoa(int(least*100+0.5)) + ": " + strconv.Itoa(more) + " more"
	}
	switch {
	case query != "" && c.Total() > 0:
		return "Clear the filter of all columns"
	case !c.Filter().IsZero():
		return "Remove the column's filters"
	}
	return ""
}

// Filters says in words what the columns' filters let through, for people who read an export.
func Filters(filters [3]board.ColumnFilter, query string) string {
	var out, all []string
	for _, w := range board.ParseQuery(query) {
		all = append(all, Word(w))
	}
	if len(all) > 0 {
		out = append(out, "All: "+strings.Join(all, ", "))
	}
	for i, s := range tier.All {
		var words []string
		for _, c := range Chips(filters[i]) {
			words = append(words, c.Text)
		}
		if len(words) > 0 {
			out = append(out, s.Title+": "+strings.Join(words, ", "))
		}
	}
	if len(out) == 0 {
		return "no filters"
	}
	return strings.Join(out, "; ")
}

// PerMinute words a rate.
func PerMinute(n int) string {
	if n == 0 {
		return "quiet"
	}
	return strconv.Itoa(n) + " / min"
}
