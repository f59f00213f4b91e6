package history

import (
	"testing"

	"tierboard/shared/event"
	"tierboard/shared/filter"
)

func TestOlderEventsAreAskedForWithTheColumnsFilter(t *testing.T) {
	f := filter.Filter{Tiers: []event.Tier{event.Intraday}, Patterns: []string{"doji"}, Symbols: []string{"A", "B"}, Directions: []event.Direction{event.Bullish}, Sessions: []event.Session{event.Regular}, Timeframes: []string{"5min"}, ConfidenceMin: 0.7, PriorityMin: event.High}
	want := "/api/patterns/intraday?confidence_min=0.7&direction=bullish&limit=100&pattern_types=doji&priority_min=high&sessions=regular&symbols=A%2CB&timeframes=5min&until=2026-11-20T15%3A00%3A00Z"
	if got := OlderPath("intraday", f, "2026-11-20T15:00:00Z"); got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	want = "/api/patterns/daily?limit=100&until=2026-11-20T15%3A05%3A00Z&updated_since=2026-11-20T15%3A00%3A00Z"
	if got := EventsPath("daily", filter.Filter{Tiers: []event.Tier{event.Daily}}, "2026-11-20T15:00:00Z", "2026-11-20T15:05:00Z"); got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}

func TestSuccessRateSaysItsSample(t *testing.T) {
	rate := 0.58
	some := Rate{Resolved: 612}
	some.Success.Rate, some.Success.CI95 = &rate, []float64{0.541, 0.619}
	for want, r := range map[string]Rate{
		"": {}, "1-day success: too few (n=12)": {Resolved: 12}, "1-day success 58% 54–62 n=612": some,
	} {
		if got := r.Words(); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}
