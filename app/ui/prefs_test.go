package ui

import (
	"strings"
	"testing"

	"tierboard/app/board"
	"tierboard/app/ui/share"
	"tierboard/app/ui/tier"
	"tierboard/shared/event"
	"tierboard/shared/filter"
)

func TestPaletteFinds(t *testing.T) {
	titles := func(q string) (out []string) {
		for _, c := range search(q, []string{"AAPL", "AMD", "NVDA"}) {
			out = append(out, c.title)
		}
		return out
	}
	cases := []struct {
		query string
		first string
	}{{"aap", "AAPL"}, {"A", "AAPL"}, {"volume", "Volume Spike"}, {"light", "Light theme"}, {"cards compact", "Compact cards"}, {"", fixedCommands[0].title}}
	for _, c := range cases {
		if got := titles(c.query); len(got) == 0 || got[0] != c.first {
			t.Errorf("%q finds %q first, want %q", c.query, got, c.first)
		}
	}
	if got := titles("no such thing at all"); len(got) != 0 {
		t.Errorf("nonsense finds %q", got)
	}
	if n := len(titles("")); n != paletteRows {
		t.Errorf("an empty query lists %d lines, want %d", n, paletteRows)
	}
	for _, c := range patternCommands() {
		parts := strings.Split(c.id, ":")
		if len(parts) != 3 || tier.OfClass(parts[1]) == event.TierNone {
			t.Errorf("command %q names no tier", c.id)
		}
	}
}

func TestWatchlistsTakePastedTextAndCSV(t *testing.T) {
	cases := map[string]string{
		"AAPL, msft;NVDA\tBRK.B":                      "AAPL MSFT NVDA BRK.B",
		"Symbol,Name\nAAPL,\"Apple\"\nAAPL,again\r\n": "AAPL",
		"Name\tTicker\nApple\tAAPL\nshort\n":          "AAPL",
		"":                                            "", " ,;\n": "", strings.Repeat("X", 40): "",
	}
	for in, want := range cases {
		if got := strings.Join(symbolsIn(in), " "); got != want {
			t.Errorf("%q gives %q, want %q", in, got, want)
		}
	}
}

func TestSubscriptionsAreDescribed(t *testing.T) {
	fs := []filterSpec{{Tiers: []string{"daily", "combo"}, PatternTypes: []string{"doji"}, Symbols: []string{"AAPL", "MSFT"}, ConfidenceMin: 0.7}, {}}
	if got := describe(fs); got != "daily, combo, 1 pattern, 2 symbols, ≥ 70; everything" {
		t.Errorf("described as %q", got)
	}
	if f := fs[0].filter(); len(f.Tiers) != 2 || f.ConfidenceMin != 0.7 || len(f.Symbols) != 2 {
		t.Errorf("filter %+v", f)
	}
}

func TestShippedViewsCanBeOpened(t *testing.T) {
	for _, v := range shippedViews {
		filters, _, _, _, found := share.Read(v.Layout.Query)
		if found != (v.Layout.Query != "") {
			t.Errorf("%s: its query says nothing", v.Name)
		}
		if v.Name != "Everything" && filters == [3]board.ColumnFilter{} {
			t.Errorf("%s restricts nothing", v.Name)
		}
	}
}

func TestOlderEventsAreAskedForWithTheColumnsFilter(t *testing.T) {
	f := filter.Filter{Tiers: []event.Tier{event.Intraday}, Patterns: []string{"doji"}, Symbols: []string{"A", "B"}, Directions: []event.Direction{event.Bullish}, Sessions: []event.Session{event.Regular}, Timeframes: []string{"5min"}, ConfidenceMin: 0.7, PriorityMin: event.High}
	want := "/api/patterns/intraday?confidence_min=0.7&direction=bullish&limit=100&pattern_types=doji&priority_min=high&sessions=regular&symbols=A%2CB&timeframes=5min&until=2026-11-20T15%3A00%3A00Z"
	if got := olderPath("intraday", f, "2026-11-20T15:00:00Z"); got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	want = "/api/patterns/daily?limit=100&until=2026-11-20T15%3A05%3A00Z&updated_since=2026-11-20T15%3A00%3A00Z"
	if got := eventsPath("daily", filter.Filter{Tiers: []event.Tier{event.Daily}}, "2026-11-20T15:00:00Z", "2026-11-20T15:05:00Z"); got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}

func TestSuccessRateSaysItsSample(t *testing.T) {
	rate := 0.58
	some := tierRate{Resolved: 612}
	some.Success.Rate, some.Success.CI95 = &rate, []float64{0.541, 0.619}
	for want, r := range map[string]tierRate{
		"": {}, "1-day success: too few (n=12)": {Resolved: 12}, "1-day success 58% 54–62 n=612": some,
	} {
		if got := r.words(); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}
