package format

import (
	"strings"
	"time"

	"tierboard/shared/event"
	"tierboard/shared/wire"
)

// Timeframe returns the chip for a bar length: "5min" is "5m", "1hour" "1h", "daily" "1D", "weekly" "1W", "monthly"
// "1M". Others pass through, clipped.
func Timeframe(tf string) string {
	switch tf {
	case "daily":
		return "1D"
	case "weekly":
		return "1W"
	case "monthly":
		return "1M"
	}
	for _, unit := range [...]struct{ long, short string }{{"min", "m"}, {"hour", "h"}} {
		if n, ok := strings.CutSuffix(tf, unit.long); ok && n != "" && strings.Trim(n, "0123456789") == "" {
			return Clip(n, 4) + unit.short
		}
	}
	return Clip(tf, 8)
}

// SessionShort returns a session for a card: "Pre-mkt", "Regular", "Post-mkt", "Closed"; nothing if unknown.
func SessionShort(s event.Session) string {
	switch s {
	case event.PreMarket:
		return "Pre-mkt"
	case event.Regular:
		return "Regular"
	case event.PostMarket:
		return "Post-mkt"
	case event.Closed:
		return "Closed"
	}
	return ""
}

// TierName returns the title of a tier's column.
func TierName(t event.Tier) string {
	switch t {
	case event.Daily:
		return "Daily"
	case event.Intraday:
		return "Intraday"
	case event.Combo:
		return "Combo"
	case event.TierNone:
	}
	return ""
}

// Badge returns the word of a priority that deserves one: High and Critical; nothing for the others.
func Badge(p event.Priority) string {
	switch p {
	case event.Critical:
		return "Critical"
	case event.High:
		return "High"
	case event.Medium, event.Low:
	}
	return ""
}

// Direction returns a direction for people; nothing if unknown.
func Direction(d event.Direction) string {
	switch d {
	case event.Bullish:
		return "Bullish"
	case event.Bearish:
		return "Bearish"
	case event.Neutral:
		return "Neutral"
	}
	return ""
}

// Status returns the word for a tier's state: ok, idle, late, stale or down; "unknown" for anything else.
func Status(state string) string {
	switch state {
	case "ok", "idle", "late", "stale", "down":
		return state
	}
	return "unknown"
}

// StatusMeaning explains a tier's state in a sentence, for when the server gave no reason of its own.
func StatusMeaning(state string) string {
	switch state {
	case "ok":
		return "Events arrive as expected."
	case "idle":
		return "No events are expected now."
	case "late":
		return "Events are a little overdue."
	case "stale":
		return "No events for longer than is normal at this time."
	case "down":
		return "The feed is not connected."
	}
	return "The server has not told yet."
}

// Market returns the exchange's clock in two parts: what it is ("NYSE open", "NYSE closed: Thanksgiving Day") and what
// comes next ("closes in 1 h 28 m", "opens Mon 09:30"). now is on the server's clock, zone the exchange's. Without a
// market both are empty.
func Market(m *wire.Market, now time.Time, exchange Zone) (is, next string) {
	if m == nil {
		return "", ""
	}
	opens := func() string {
		if m.NextOpen.IsZero() {
			return ""
		}
		if d := m.NextOpen.Sub(now); d < 6*time.Hour {
			return "opens in " + Span(d)
		}
		l, _ := exchange.In(m.NextOpen)
		today, _ := exchange.In(now)
		switch days := day(l) - day(today); {
		case days == 0:
			return "opens " + l.Format("15:04")
		case days < 7:
			return "opens " + l.Format("Mon 15:04")
		}
		return "opens " + l.Format("Mon 2 Jan 15:04")
	}
	switch event.Session(m.Session) {
	case event.Regular:
		is = "NYSE open"
		if !m.ClosesAt.IsZero() {
			next = "closes in " + Span(m.ClosesAt.Sub(now))
			if m.EarlyClose {
				next = "closes early, in " + Span(m.ClosesAt.Sub(now))
			}
		}
	case event.PreMarket:
		is, next = "NYSE pre-market", opens()
	case event.PostMarket:
		is, next = "NYSE after hours", opens()
	default:
		is, next = "NYSE closed", opens()
		if m.Holiday != "" {
			is += ": " + Clip(m.Holiday, 40)
		}
	}
	return is, next
}

// MarketsOpen returns the clause of an empty column: "Markets open in 2 h 10 m"; nothing while they are open or when it
// is not known.
func MarketsOpen(m *wire.Market, now time.Time) string {
	if m == nil || event.Session(m.Session) == event.Regular || !m.NextOpen.After(now) {
		return ""
	}
	return "Markets open in " + Span(m.NextOpen.Sub(now))
}
