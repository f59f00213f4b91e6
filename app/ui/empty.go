package ui

import (
	"strconv"
	"time"

	"tierboard/app/board"
	"tierboard/app/format"
	"tierboard/app/ui/tier"
	"tierboard/shared/event"
	"tierboard/shared/wire"
)

// emptyWords says why a column shows nothing and, when nothing has come yet, when something is to be expected. market may be nil; now is
// on the server's clock.
func emptyWords(s tier.Style, c *board.Column, query string, market *wire.Market, now time.Time) string {
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

// idleWords says above the cards of another day, the last of which came at at, that today's have not come yet and when they are to be
// expected; "" when at is of today or zero. now is on the server's clock, z the exchange's zone.
func idleWords(s tier.Style, at time.Time, market *wire.Market, now time.Time, z format.Zone) string {
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

// relaxWords is what the button of an empty column offers: the nearest thing that would show something; "" for nothing.
func relaxWords(c *board.Column, query string) string {
	if least, more := c.Relaxed(); more > 0 {
		return "Lower confidence to " + strconv.Itoa(int(least*100+0.5)) + ": " + strconv.Itoa(more) + " more"
	}
	switch {
	case c.Total() == 0:
		return ""
	case query != "":
		return "Clear the filter of all columns"
	case !c.Filter().IsZero():
		return "Remove the column's filters"
	}
	return ""
}
