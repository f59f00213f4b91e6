package clock

import (
	"slices"
	"testing"
	"time"

	"tierboard/server/calendar"
	"tierboard/server/rest/resttest"
	"tierboard/shared/api"
)

// start returns who asks a Clock on Friday.
func start(t *testing.T) *resttest.Caller {
	t.Helper()
	market := calendar.NYSE()
	x := New(func() *calendar.Calendar { return market }, func() time.Time { return resttest.Friday })
	return resttest.Serve(t, resttest.Gate(t, nil), x.Operations()...)
}

// TestTheSessionNow asks what the exchange does.
func TestTheSessionNow(t *testing.T) {
	r := start(t)
	var c api.Clock
	r.Get("/api/market/clock").Is(200).Read(&c)
	if c.Session != "regular" || c.ClosesAt.Format(time.RFC3339) != "2026-11-20T21:00:00Z" {
		t.Errorf("%+v", c)
	}
	r.Get("/api/market/clock?x=1").Problem(422, "query.x")
}

// TestDaysOfTheCalendar asks for days with and without bounds.
func TestDaysOfTheCalendar(t *testing.T) {
	r := start(t)
	var days api.MarketSessions
	r.Get("/api/market/sessions?from=2026-11-25&to=2026-11-28").Is(200).Read(&days)
	kinds := []string{}
	for _, d := range days.Days {
		kinds = append(kinds, d.Kind)
	}
	if !slices.Equal(kinds, []string{"trading", "closed", "early", "closed"}) {
		t.Errorf("%v", kinds)
	}
	r.Get("/api/market/sessions?from=2026-11-28&to=2026-11-25").Problem(422, "query.to")
	r.Get("/api/market/sessions?from=2026-11-28&to=2036-11-25").Problem(422, "query.to")
	r.Get("/api/market/sessions?x=1").Problem(422, "query.x")
	var next api.MarketSessions
	r.Get("/api/market/sessions").Is(200).Read(&next)
	if n := len(next.Days); n != defaultDays+1 || next.Days[0].Date != "2026-11-20" || next.Days[n-1].Date != "2026-12-20" {
		t.Errorf("%d days: %+v", n, next.Days)
	}
}
