package model

import (
	"testing"
	"time"

	"tierboard/shared/event"
	"tierboard/shared/wire"
)

// FuzzDecode checks that a stored body that can be read is read the same again.
func FuzzDecode(f *testing.F) {
	e := &event.Event{
		Kind: event.Pattern, ID: "event-00001", Seq: 1, Tier: event.Intraday,
		Scope:      event.Scope{Symbol: "AAPL", Pattern: "volume_spike", Label: "Volume Spike", Timeframe: "5min", Direction: event.Bullish},
		Confidence: 0.87, Priority: event.High, DetectedAt: time.Date(2026, 11, 20, 17, 0, 0, 0, time.UTC),
		Session: event.Regular, SessionDate: "2026-11-20", Occurrences: 1, Intraday: &event.IntradayDetail{RealTime: true},
		Price: event.Num(229.41), Levels: []event.Level{{Kind: "entry", Price: 228.6}}, Source: "TickStockPL",
		Details: `{"vwap":228.9,` + "\n\r\n" + `"note":"it's <b>?</b> \u0000 ☃"}`,
	}
	f.Add(string(wire.AppendEvent(nil, e, wire.JSON)))
	f.Add("{}")
	f.Add(`{"kind":"pattern"}, {}`)
	f.Add("]")
	f.Fuzz(func(t *testing.T, body string) {
		e, err := Decode([]byte(body))
		if err != nil {
			return
		}
		if _, err := Decode(wire.AppendEvent(nil, e, wire.JSON)); err != nil {
			t.Errorf("%q was read and written, and cannot be read again: %v", body, err)
		}
	})
}
