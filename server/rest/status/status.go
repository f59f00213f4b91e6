// Package status answers whether each tier's events arrive as they should, and how many do.
package status

import (
	"net/http"
	"time"

	"tierboard/server/calendar"
	"tierboard/server/health"
	"tierboard/server/health/age"
	"tierboard/server/health/delivery"
	"tierboard/server/hub"
	"tierboard/server/metrics"
	"tierboard/server/rest/answer"
	"tierboard/server/rest/clock"
	"tierboard/server/rest/numbers"
	"tierboard/server/rest/operation"
	"tierboard/shared/api"
	"tierboard/shared/event"
)

// Config is what the status is told from. All but Archive are required.
type Config struct {
	// Health judges the feed.
	Health interface {
		Report(now time.Time) health.Report
	}
	// Archive tells how the archive does; nil leaves it out.
	Archive func() api.ArchiveHealth
	// Hub has the events that are counted.
	Hub *hub.Hub
	// Market returns the exchange's calendar.
	Market func() *calendar.Calendar
	// Metrics has the totals and latencies of the tiers.
	Metrics *metrics.Metrics
	// Now is the clock.
	Now func() time.Time
}

// Status answers how the feed does. Any number of goroutines may use it.
type Status struct {
	cfg   Config
	rates *rates
}

// New returns a Status that has counted nothing yet.
func New(cfg Config) *Status {
	return &Status{cfg: cfg, rates: &rates{hub: cfg.Hub, market: cfg.Market}}
}

// Operation is the one about the tiers' health.
func (x *Status) Operation() operation.Operation {
	return operation.Operation{
		Method: http.MethodGet, Path: api.PathTiersHealth, ID: "getTiersHealth", Tag: operation.TagHealth, Summary: "Tell whether each tier's events arrive as they should",
		Doc: "Knows the exchange's calendar: silence at night is idle, silence in the morning is stale. Always 200; /readyz is what fails.",
		Out: api.TiersHealth{}, Handle: x.tiersHealth,
	}
}

// tiersHealth answers with the report.
func (x *Status) tiersHealth(w http.ResponseWriter, r *http.Request) error {
	if err := operation.NoParams(r); err != nil {
		return err
	}
	now := x.cfg.Now()
	report := x.cfg.Health.Report(now)
	out := healthOf(report)
	if x.cfg.Archive != nil {
		a := x.cfg.Archive()
		out.Archive = &a
		if a.Status != "ok" && out.Status == "ok" {
			out.Status, out.Reason = "degraded", "archive: "+a.Reason
		}
	}
	rates := x.rates.at(now)
	n := numbers.Gather(x.cfg.Metrics)
	for _, t := range event.Tiers() {
		name := t.String()
		tier, ok := out.Tiers[name]
		if !ok {
			continue
		}
		rate := rates[t]
		tier.Rate = &rate
		tier.DeliverMS = n.Percentiles("tierboard_deliver_seconds", name)
		tier.IngestLagMS = n.Percentiles("tierboard_ingest_lag_seconds", name)
		of := func(result string) uint64 { return n.Count("tierboard_ingest_events_total", result+" "+name) }
		tier.Counters = &api.TierCounters{
			Accepted: n.Count("tierboard_events_accepted_total", name),
			Received: of("event") + of("duplicate") + of("refused"), Duplicate: of("duplicate"), Refused: of("refused"),
		}
		out.Tiers[name] = tier
	}
	w.Header().Set("Cache-Control", "private, no-cache")
	return answer.JSON(w, http.StatusOK, out)
}

// healthOf turns a report into what bodies show.
func healthOf(r health.Report) api.TiersHealth {
	out := api.TiersHealth{
		Status: string(r.Status), Reason: r.Reason, AsOf: answer.Time(r.AsOf), Market: clock.Body(r.Market), Tiers: map[string]api.TierHealth{},
		Ingest: api.IngestHealth{
			Connected: r.Ingest.Connected, Transport: r.Ingest.Transport, Channels: r.Ingest.Channels, StreamFaults: r.Ingest.StreamFaults,
			ConnectedSince: answer.Optional(r.Ingest.ConnectedSince), DisconnectedSince: answer.Optional(r.Ingest.DisconnectedSince),
			Reconnects24h: r.Ingest.Reconnects24h, LastMessageAt: answer.Optional(r.Ingest.LastMessageAt),
			HeartbeatAgeS: seconds(r.Ingest.HeartbeatAgeS), HeartbeatLate: r.Ingest.HeartbeatLate,
		},
	}
	if p := r.Producer; p.Status != "" || p.SessionID != "" || p.Session != "" {
		out.Producer = &api.ProducerHealth{
			SessionID: p.SessionID, Session: p.Session, Implied: p.Implied, StartedAt: answer.Optional(p.StartedAt),
			Status: p.Status, SampleAgeS: seconds(p.SampleAgeS),
		}
	}
	if d := r.Delivery; d != (delivery.Judgement{}) {
		out.Delivery = &api.DeliveryHealth{
			Status: d.Status, Reason: d.Reason, Errors: d.Errors, Users: d.Users, MatchMS: d.MatchMillis, DeliverMS: d.DeliverMillis,
		}
	}
	for name, t := range r.Tiers {
		out.Tiers[name] = api.TierHealth{
			Status: string(t.Status), Reason: t.Reason, LastEventAt: answer.Optional(t.LastEventAt), AgeS: seconds(t.AgeS), StaleAfterS: seconds(t.StaleAfterS),
		}
	}
	return out
}

// seconds returns nil for an unknown number.
func seconds(s age.Seconds) *int64 {
	if s == age.Unknown {
		return nil
	}
	n := int64(s)
	return &n
}
