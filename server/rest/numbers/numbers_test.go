package numbers

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"tierboard/server/metrics"
	"tierboard/shared/api"
)

// TestNumbersAreTheCollectors counts and measures, and reads it back under every name.
func TestNumbersAreTheCollectors(t *testing.T) {
	m := metrics.New()
	before := Gather(m)
	m.IngestRejects.WithLabelValues("no_symbol").Add(3)
	m.IngestEvents.WithLabelValues("daily", "event").Inc()
	for range 3 {
		m.IngestLag.WithLabelValues("daily").Observe(.004)
	}
	m.IngestLag.WithLabelValues("intraday").Observe(.004)
	m.DeliverSeconds.WithLabelValues("intraday").Observe(.02)
	n := Gather(m)

	if got := n.Count("tierboard_ingest_events_total", "event daily"); got != 1 {
		t.Errorf("%d events", got)
	}
	if got := n.Count("tierboard_ingest_events_total", "event combo") + n.Count("no such name", ""); got != 0 {
		t.Errorf("%d of what nobody counted", got)
	}
	if diff := cmp.Diff(map[string]uint64{"no_symbol": 3}, n.Counts("tierboard_ingest_rejects_total")); diff != "" {
		t.Error(diff)
	}
	if got := n.Counts("no such name"); got == nil || len(got) > 0 {
		t.Errorf("counts of nothing: %v", got)
	}
	daily, all := n.Percentiles("tierboard_ingest_lag_seconds", "daily"), n.Merged("tierboard_ingest_lag_seconds")
	if daily == nil || daily.P50 <= 2.5 || daily.P99 > 5 || all == nil || *all != *daily {
		t.Errorf("lag of the daily ones %+v, of all %+v", daily, all)
	}
	if n.Percentiles("tierboard_ingest_lag_seconds", "combo") != nil || n.Percentiles("no such name", "") != nil || n.Merged("no such name") != nil {
		t.Error("a latency that nobody measured")
	}
	h := n.Histograms()
	if got := h["ingest_lag daily"]; got != (api.Histogram{Count: 3, P50: daily.P50, P95: daily.P95, P99: daily.P99}) {
		t.Errorf("%+v, want that of %+v", got, daily)
	}
	if h["ingest_lag intraday"].Count != 1 || h["deliver intraday"].Count != 1 {
		t.Errorf("%+v", h)
	}
	// What was read before does not change.
	if before.Count("tierboard_ingest_events_total", "event daily") != 0 || before.Merged("tierboard_ingest_lag_seconds") != nil || len(before.Histograms()) > 0 {
		t.Errorf("before: %+v", before.Histograms())
	}
}
