package health

import (
	"encoding/json"
	"testing"
	"time"

	"tierboard/server/health/delivery"
	"tierboard/server/health/freshness"
	"tierboard/server/health/producer"
)

func TestProducerTroubleDegradesTheWhole(t *testing.T) {
	for word, want := range map[string]freshness.Status{
		"healthy": freshness.OK, "warning": freshness.OK, "starting": freshness.OK, "stopping": freshness.OK, "nonsense": freshness.OK,
		"degraded": Degraded, "error": Degraded, "critical": Degraded,
	} {
		tracker := started(t, "2026-11-21 12:00:00")
		now := ny(t, "2026-11-21 12:01:00")
		tracker.ProducerHealth(producer.Sample{SessionID: "s-1", Status: word, At: now})
		r := tracker.Report(now)
		if r.Status != want || (want == Degraded) != (r.Reason == "the producer reports that it is "+word) {
			t.Errorf("%s: got %s %q", word, r.Status, r.Reason)
		}
	}
}

func TestDeliveryDegradesTheWhole(t *testing.T) {
	for errors, want := range map[int]freshness.Status{10: freshness.OK, 11: Degraded} {
		tracker := started(t, "2026-11-21 12:00:00")
		sample := delivery.Sample{Errors: errors}
		tracker.Delivery(sample)
		if r := tracker.Report(ny(t, "2026-11-21 12:01:00")); r.Delivery != delivery.Judge(sample) || r.Status != want || (want == freshness.OK) != (r.Reason == "") {
			t.Errorf("%d errors: %s %q, %+v", errors, r.Status, r.Reason, r.Delivery)
		}
	}
}

// TestWhatTheProducerSaysIsAMessage tells edges and samples, which are words from the feed; an edge of no session is none.
func TestWhatTheProducerSaysIsAMessage(t *testing.T) {
	tracker := started(t, "2026-11-21 12:00:00")
	first, second, third := ny(t, "2026-11-21 12:01:00"), ny(t, "2026-11-21 12:02:00"), ny(t, "2026-11-21 12:03:00")
	tracker.SessionEdge("s-1", producer.Started, first)
	tracker.ProducerHealth(producer.Sample{SessionID: "s-1", Status: "healthy", At: second})
	tracker.SessionEdge("", producer.Stopped, third)
	r := tracker.Report(third)
	want := producer.Report{SessionID: "s-1", Session: "running", StartedAt: first.UTC(), Status: "healthy", SampleAgeS: 60}
	if r.Producer != want || !r.Ingest.LastMessageAt.Equal(second) {
		t.Errorf("%+v, last message at %s", r.Producer, r.Ingest.LastMessageAt)
	}
}

func TestReportAsJSON(t *testing.T) {
	cfg := Default()
	cfg.Channels = []string{"tickstock.events.patterns"}
	tracker, err := New(cfg, nyse, ny(t, "2026-11-20 08:02:00"))
	if err != nil {
		t.Fatal(err)
	}
	now := ny(t, "2026-11-20 14:31:11")
	tracker.Ingest(true, ny(t, "2026-11-20 08:02:00"))
	for _, gone := range []string{"13:08:00", "13:14:00", "13:20:00", "13:26:00", "13:32:00", "13:38:00", "13:44:00", "13:50:02"} {
		tracker.EventAccepted("combo", ny(t, "2026-11-20 "+gone))
	}
	tracker.EventAccepted("daily", ny(t, "2026-11-19 16:42:10"))
	tracker.EventAccepted("intraday", now.Add(-4*time.Second))
	tracker.Heartbeat(now.Add(-12 * time.Second))
	got, err := json.MarshalIndent(tracker.Report(now), "", " ")
	if err != nil {
		t.Fatal(err)
	}
	const want = `{
 "status": "degraded",
 "reason": "combo: no combo for 41 min; typical gap 6 min",
 "as_of": "2026-11-20T19:31:11Z",
 "market": {
  "calendar": "XNYS",
  "session": "regular",
  "session_date": "2026-11-20",
  "early_close": false,
  "closes_at": "2026-11-20T21:00:00Z",
  "next_open": "2026-11-23T14:30:00Z",
  "changes_at": "2026-11-20T21:00:00Z",
  "offset_seconds": -18000
 },
 "ingest": {
  "connected": true,
  "transport": "redis",
  "channels": [
   "tickstock.events.patterns"
  ],
  "connected_since": "2026-11-20T13:02:00Z",
  "reconnects_24h": 0,
  "last_message_at": "2026-11-20T19:31:07Z",
  "producer_heartbeat_age_s": 12
 },
 "producer": {},
 "tiers": {
  "combo": {
   "status": "stale",
   "reason": "no combo for 41 min; typical gap 6 min",
   "last_event_at": "2026-11-20T18:50:02Z",
   "age_s": 2469,
   "stale_after_s": 1800
  },
  "daily": {
   "status": "idle",
   "reason": "next batch is due by Fri 20 Nov 18:30 ET",
   "last_event_at": "2026-11-19T21:42:10Z",
   "age_s": 78541,
   "stale_after_s": null
  },
  "intraday": {
   "status": "ok",
   "last_event_at": "2026-11-20T19:31:07Z",
   "age_s": 4,
   "stale_after_s": 120
  }
 }
}`
	if string(got) != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
	var back Report
	if err := json.Unmarshal(got, &back); err != nil {
		t.Fatal(err)
	}
	if tier := back.Tiers["daily"]; tier != tracker.Report(now).Tiers["daily"] {
		t.Errorf("read back %+v", tier)
	}
}
