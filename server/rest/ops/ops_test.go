package ops

import (
	"slices"
	"testing"
	"time"

	"tierboard/server/metrics"
	"tierboard/server/rest/resttest"
	"tierboard/shared/api"
)

// TestTheServersNumbers asks an operator's page of a server that has everything, and of one that has nothing.
func TestTheServersNumbers(t *testing.T) {
	m := metrics.New()
	cfg := Config{
		Hub: resttest.Hub(t, 16, m), Metrics: m, Version: "v1", Started: resttest.Friday.Add(-time.Hour), Now: func() time.Time { return resttest.Friday },
	}
	bare := resttest.Serve(t, resttest.Gate(t, nil), New(cfg).Operations()...)
	cfg.DeadLetters = func(limit int) ([]api.DeadLetter, uint64) {
		return slices.Repeat([]api.DeadLetter{{Reason: "no_symbol", Head: "<b>"}}, min(limit, 3)), 7
	}
	cfg.Settings = func() []api.Setting { return []api.Setting{{Name: "redis-url", Value: "***", From: "environment"}} }
	cfg.Streams = func() int { return 2 }
	cfg.SlowSessions = func(limit int) []api.SlowSession { return []api.SlowSession{{Kind: "websocket", WaitingBytes: limit}} }
	r := resttest.Serve(t, resttest.Gate(t, nil), New(cfg).Operations()...)

	resttest.Publish(t, cfg.Hub, resttest.Spike("e1", "AAPL", resttest.Friday, .7))
	m.IngestRejects.WithLabelValues("no_symbol").Add(3)
	m.DeliverSeconds.WithLabelValues("intraday").Observe(.02)
	var o api.Ops
	r.Get("/api/ops").Is(200).Read(&o)
	if o.Hub.Seq != 1 || o.Rejects["no_symbol"] != 3 || o.Streams != 2 || o.Settings[0].Value != "***" || o.Histograms["deliver intraday"].Count != 1 || o.Lag != nil ||
		o.Version != "v1" || !o.StartedAt.Equal(cfg.Started) || !o.AsOf.Equal(resttest.Friday) || len(o.Slow) != 1 || o.Slow[0].WaitingBytes != mostSlow {
		t.Errorf("%+v", o)
	}
	for _, tier := range []string{"intraday", "daily"} {
		m.IngestLag.WithLabelValues(tier).Observe(.004)
	}
	r.Get("/api/ops").Is(200).Read(&o)
	if o.Lag == nil || o.Lag.P50 <= 2.5 || o.Lag.P50 > 5 || o.Histograms["ingest_lag daily"].Count != 1 {
		t.Errorf("lag of all tiers %+v, by tier %v", o.Lag, o.Histograms)
	}
	var d api.DeadLetters
	r.Get("/api/ops/dead-letters?limit=2").Is(200).Read(&d)
	if d.Total != 7 || len(d.Letters) != 2 {
		t.Errorf("%+v", d)
	}

	var none api.Ops
	if bare.Get("/api/ops").Is(200).Read(&none); none.Slow == nil || len(none.Slow) != 0 || none.Streams != 0 || none.Settings != nil {
		t.Errorf("%+v", none)
	}
	var empty api.DeadLetters
	if bare.Get("/api/ops/dead-letters").Is(200).Read(&empty); empty.Letters == nil || len(empty.Letters) != 0 {
		t.Errorf("%+v", empty)
	}
	r.Get("/api/ops?x=1").Problem(422, "query.x")
	r.Get("/api/ops/dead-letters?x=1").Problem(422, "query.x")
	r.Get("/api/ops/dead-letters?limit=0").Problem(422, "query.limit")
}
