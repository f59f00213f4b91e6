package resttest

import (
	"errors"
	"time"

	"tierboard/shared/api"
	"tierboard/shared/event"
)

// Friday is when the tests take place: a trading day, 14:31 in New York.
var Friday = time.Date(2026, 11, 20, 19, 31, 11, 0, time.UTC)

// ErrAway is what a database that is away answers. Nothing of it may be shown.
var ErrAway = errors.New("dial tcp 10.0.0.7:5432: connection refused (user admin, password hunter2)")

// Spike is an intraday event.
func Spike(id, symbol string, at time.Time, confidence float64) *event.Event {
	return &event.Event{
		Kind: event.Pattern, ID: id, Tier: event.Intraday, Confidence: confidence, Priority: event.PriorityOf(confidence),
		Scope:      event.Scope{Symbol: symbol, Pattern: "volume_spike", Label: "Volume Spike", Timeframe: "5min", Direction: event.Bullish},
		DetectedAt: at, PublishedAt: at.Add(18 * time.Millisecond), ReceivedAt: at.Add(22 * time.Millisecond), ExpiresAt: at.Add(30 * time.Minute),
		Session: event.Regular, SessionDate: "2026-11-20", Price: event.Num(229.41), ChangePct: event.Num(-0.84), Volume: event.Num(1843200),
		RelativeVolume: event.Num(4.2), Occurrences: 1, Source: "TickStockPL", Intraday: &event.IntradayDetail{RealTime: true},
		Levels:  []event.Level{{Kind: "entry", Price: 228.6}, {Kind: "target", Price: 232.5, Label: "T1"}},
		Facets:  map[event.Dim]string{"regime": "bull"},
		Details: `{"vwap":228.9,"note":"=SUM(A1)"}`,
	}
}

// Flag is a daily event.
func Flag(id, symbol string, at time.Time, confidence float64) *event.Event {
	e := Spike(id, symbol, at, confidence)
	e.Tier, e.Pattern, e.Label, e.Timeframe, e.Intraday = event.Daily, "bull_flag", "Bull Flag", "daily", nil
	e.Daily = &event.DailyDetail{MarketSession: event.PostMarket}
	e.Session, e.SessionDate, e.ExpiresAt = event.PostMarket, "2026-11-19", time.Time{}
	return e
}

// Setup is a combo of a daily and an intraday event.
func Setup(id string, daily, intraday *event.Event, at time.Time) *event.Event {
	link := func(e *event.Event) *event.Link {
		return &event.Link{
			ID: e.ID, Kind: event.LinkExact, Pattern: e.Pattern, Label: e.Label, Timeframe: e.Timeframe, Confidence: event.Num(e.Confidence),
			DetectedAt: e.DetectedAt, SessionDate: e.SessionDate, Details: `{"x":1}`,
		}
	}
	e := Spike(id, daily.Symbol, at, .93)
	e.Tier, e.Pattern, e.Label, e.Intraday = event.Combo, "setup_confirmation", "Setup Confirmation", nil
	e.Combo = &event.ComboDetail{Correlation: event.Num(.86), Setup: link(daily), Trigger: link(intraday)}
	return e
}

// IDs are the ids of patterns; never nil.
func IDs(patterns []api.Pattern) []string {
	out := []string{}
	for _, p := range patterns {
		out = append(out, p.ID)
	}
	return out
}
