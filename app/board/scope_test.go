package board

import (
	"testing"
	"time"

	"tierboard/shared/event"
	"tierboard/shared/filter"
	"tierboard/shared/wire"
)

func TestScopeNarrowsEveryColumn(t *testing.T) {
	at := time.Date(2026, 11, 20, 15, 0, 0, 0, time.UTC)
	b := New(10)
	var batch wire.Batch
	for i, symbol := range []string{"AAPL", "MSFT"} {
		batch.Events = append(batch.Events,
			&event.Event{Kind: event.Pattern, ID: "d" + symbol, Seq: uint64(2*i + 1), Tier: event.Daily, Scope: event.Scope{Symbol: symbol, Pattern: "doji"}, Confidence: 0.8, DetectedAt: at, Daily: &event.DailyDetail{}},
			&event.Event{Kind: event.Pattern, ID: "i" + symbol, Seq: uint64(2*i + 2), Tier: event.Intraday, Scope: event.Scope{Symbol: symbol, Pattern: "doji"}, Confidence: 0.8, DetectedAt: at, Intraday: &event.IntradayDetail{}})
	}
	b.Apply(&batch, at)
	shown := func() (n int) {
		for _, c := range b.Columns() {
			n += len(c.Shown())
		}
		return n
	}

	b.SetScope([]filter.Filter{{Symbols: []string{"AAPL"}}, {Tiers: []event.Tier{event.Daily}, Symbols: []string{"MSFT"}}})
	if got := shown(); got != 3 {
		t.Errorf("%d cards in scope, want 3", got)
	}
	if fs := b.Filters(); len(fs) != 4 {
		t.Errorf("%d filters to send, want AAPL in three columns and MSFT in daily: %+v", len(fs), fs)
	}
	b.SetFilter(event.Daily, ColumnFilter{Symbols: "TSLA,"})
	if fs := b.Filters(); len(fs) != 2 {
		t.Errorf("%d filters to send, want intraday and combo: %+v", len(fs), fs)
	}
	var many []filter.Filter
	for range 12 {
		many = append(many, filter.Filter{})
	}
	b.SetScope(many)
	if n := len(b.Filters()); n != MaxFilters {
		t.Errorf("%d filters to send, want %d", n, MaxFilters)
	}
	b.SetScope(nil)
	b.SetFilter(event.Daily, ColumnFilter{})
	if got := shown(); got != 4 || len(b.Filters()) != 3 {
		t.Errorf("without a scope %d cards and %d filters", got, len(b.Filters()))
	}
}
