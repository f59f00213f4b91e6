package status

import (
	"fmt"
	"testing"
	"time"

	"tierboard/server/calendar"
	"tierboard/server/health"
	"tierboard/server/health/delivery"
	"tierboard/server/health/producer"
	"tierboard/server/hub"
	"tierboard/server/metrics"
	"tierboard/server/rest/resttest"
	"tierboard/shared/api"
	"tierboard/shared/event"
)

// rig is a Status with everything behind it.
type rig struct {
	*resttest.Caller

	hub     *hub.Hub
	tracker *health.Tracker
	m       *metrics.Metrics
	now     time.Time
}

// start makes a rig with a ring of some size.
func start(t *testing.T, ring int, archive func() api.ArchiveHealth) *rig {
	t.Helper()
	r := &rig{m: metrics.New(), now: resttest.Friday}
	r.hub = resttest.Hub(t, ring, r.m)
	market := calendar.NYSE()
	var err error
	if r.tracker, err = health.New(health.Default(), market, resttest.Friday.Add(-6*time.Hour)); err != nil {
		t.Fatal(err)
	}
	x := New(Config{
		Health: r.tracker, Archive: archive, Hub: r.hub, Market: func() *calendar.Calendar { return market }, Metrics: r.m, Now: func() time.Time { return r.now },
	})
	r.Caller = resttest.Serve(t, resttest.Gate(t, nil), x.Operation())
	return r
}

// publish gives events to the hub.
func (r *rig) publish(events ...*event.Event) {
	r.T.Helper()
	resttest.Publish(r.T, r.hub, events...)
}

// TestWhatIsToldOfATier tells everything there is to know of one.
func TestWhatIsToldOfATier(t *testing.T) {
	r := start(t, 64, func() api.ArchiveHealth { return api.ArchiveHealth{Status: "down", Reason: "database away"} })
	r.tracker.Ingest(true, resttest.Friday.Add(-time.Hour))
	r.publish(resttest.Spike("e1", "AAPL", resttest.Friday.Add(-4*time.Second), .7))
	r.tracker.EventAccepted("intraday", resttest.Friday.Add(-4*time.Second))
	r.m.DeliverSeconds.WithLabelValues("intraday").Observe(.02)
	for _, tier := range []string{"intraday", "daily"} {
		r.m.IngestLag.WithLabelValues(tier).Observe(.004)
	}
	r.m.IngestEvents.WithLabelValues("intraday", "event").Inc()
	r.m.IngestEvents.WithLabelValues("intraday", "duplicate").Add(2)
	r.m.IngestEvents.WithLabelValues("intraday", "refused").Add(3)
	var h api.TiersHealth
	r.Get("/api/patterns/tiers/health").Is(200).Read(&h)
	in := h.Tiers["intraday"]
	if h.Status != "degraded" || in.Status != "ok" || *in.AgeS != 4 || in.Rate.PerMin != 1 || in.Counters.Accepted != 1 || in.DeliverMS == nil || h.Archive.Reason != "database away" {
		t.Errorf("%+v %+v", h, in)
	}
	if c := *in.Counters; c != (api.TierCounters{Accepted: 1, Received: 6, Duplicate: 2, Refused: 3}) {
		t.Errorf("counted %+v", c)
	}
	if in.IngestLagMS == nil || in.IngestLagMS.P50 <= 2.5 || in.IngestLagMS.P50 > 5 || h.Tiers["combo"].IngestLagMS != nil {
		t.Errorf("lags %+v, %+v", in.IngestLagMS, h.Tiers["combo"].IngestLagMS)
	}
	if d := h.Tiers["daily"]; d.StaleAfterS != nil || d.Reason == "" {
		t.Errorf("daily %+v", d)
	}
}

// TestRatesOfTheDay counts a trading day's events, also those that have left the ring since, and begins anew with the next day.
func TestRatesOfTheDay(t *testing.T) {
	r := start(t, 8, nil)
	n := 0
	publish := func(count int, day string) {
		for range count {
			e := resttest.Spike(fmt.Sprint("r", n), "AAPL", r.now.Add(-time.Duration(n)*time.Millisecond), .7)
			e.SessionDate = day
			n++
			r.publish(e)
		}
	}
	rate := func() api.Rate {
		r.now = r.now.Add(2 * ratesFor)
		var h api.TiersHealth
		r.Get("/api/patterns/tiers/health").Is(200).Read(&h)
		return *h.Tiers["intraday"].Rate
	}
	publish(2, "2026-11-19")
	publish(5, "2026-11-20")
	if got := rate(); got.Session != 5 {
		t.Errorf("%+v, want 5", got)
	}
	publish(6, "2026-11-20")
	if got := rate(); got.Session != 11 || got.PerHour != 8 {
		t.Errorf("%+v, want 11 of the day and 8 in the ring", got)
	}
	publish(20, "2026-11-20")
	if got := rate(); got.Session != 19 {
		t.Errorf("%+v, want 19: twelve went by", got)
	}
	r.now = r.now.Add(72 * time.Hour)
	publish(1, "2026-11-23")
	if got := rate(); got.Session != 1 {
		t.Errorf("%+v, want 1 of Monday", got)
	}
}

// TestWhatIsToldOfTheFeed asks while the producer speaks, and delivery is not well, and again in the second after.
func TestWhatIsToldOfTheFeed(t *testing.T) {
	r := start(t, 8, func() api.ArchiveHealth { return api.ArchiveHealth{Status: "ok"} })
	r.tracker.Ingest(true, r.now.Add(-time.Hour))
	r.tracker.Heartbeat(r.now.Add(-10 * time.Second))
	r.tracker.SessionEdge("s-1", producer.Started, r.now.Add(-time.Minute))
	r.tracker.ProducerHealth(producer.Sample{SessionID: "s-1", Status: "healthy", At: r.now.Add(-5 * time.Second)})
	r.tracker.Delivery(delivery.Sample{Errors: 11, Users: 2})
	var h api.TiersHealth
	r.Get("/api/patterns/tiers/health").Is(200).Read(&h)
	if p := h.Producer; p == nil || p.SessionID != "s-1" || p.Session != "running" || *p.SampleAgeS != 5 {
		t.Errorf("%+v", p)
	}
	if d := h.Delivery; d == nil || d.Status != delivery.Error || d.Errors != 11 || d.Users != 2 {
		t.Errorf("%+v", d)
	}
	if in := h.Ingest; !in.Connected || *in.HeartbeatAgeS != 10 || in.HeartbeatLate || h.Market.Session != "regular" || h.Archive.Status != "ok" {
		t.Errorf("%+v %+v", in, h)
	}
	r.publish(resttest.Spike("e1", "AAPL", r.now, .7))
	var again api.TiersHealth
	if r.Get("/api/patterns/tiers/health").Is(200).Read(&again); again.Tiers["intraday"].Rate.PerMin != 0 {
		t.Errorf("%+v was counted twice in a second", again.Tiers["intraday"].Rate)
	}
	r.Get("/api/patterns/tiers/health?x=1").Problem(422, "query.x")
}

// TestRatesGoBackAnHour counts through several pieces of the ring, and no further than an hour.
func TestRatesGoBackAnHour(t *testing.T) {
	r := start(t, 4*piece, nil)
	for i := range 3 * piece {
		at := r.now.Add(-2 * time.Hour)
		if i >= piece {
			at = r.now.Add(-30 * time.Minute)
		}
		r.publish(resttest.Spike(fmt.Sprint("e", i), fmt.Sprint("S", i), at, .7))
	}
	var h api.TiersHealth
	r.Get("/api/patterns/tiers/health").Is(200).Read(&h)
	if got := *h.Tiers["intraday"].Rate; got.PerHour != 2*piece || got.PerMin != 0 || got.Session != 3*piece {
		t.Errorf("%+v", got)
	}
}
