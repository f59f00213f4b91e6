package health

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"
)

// feed is one step of a producer's story: at a second, a sample or an edge.
type feed struct {
	second int
	id     string
	status string // of a sample; empty for an edge
	zero   bool
	edge   Edge
}

func TestProducer(t *testing.T) {
	start := time.Date(2026, time.November, 20, 19, 0, 0, 0, time.UTC)
	at := func(second int) time.Time { return start.Add(time.Duration(second) * time.Second) }
	cases := []struct {
		rule  string
		feeds []feed
		now   int
		want  Producer
	}{
		{"nothing heard", nil, 0, Producer{SampleAgeS: NoSeconds}},
		{
			"a sample of a new session implies its start",
			[]feed{{0, "s-1", "healthy", false, ""}},
			10,
			Producer{SessionID: "s-1", Session: "running", Implied: true, StartedAt: at(0), Status: "healthy", SampleAgeS: 10},
		},
		{
			"a streaming message with a new session implies its start",
			[]feed{{5, "s-1", "", false, Implied}},
			10,
			Producer{SessionID: "s-1", Session: "running", Implied: true, StartedAt: at(5), SampleAgeS: NoSeconds},
		},
		{
			"an implied start of a known session changes nothing",
			[]feed{{0, "s-1", "", false, Started}, {5, "s-1", "", false, Implied}},
			10,
			Producer{SessionID: "s-1", Session: "running", StartedAt: at(0), SampleAgeS: NoSeconds},
		},
		{
			"an explicit start replaces an implied one",
			[]feed{{0, "s-1", "", false, Implied}, {5, "s-1", "", false, Started}},
			10,
			Producer{SessionID: "s-1", Session: "running", StartedAt: at(5), SampleAgeS: NoSeconds},
		},
		{"zeros between good samples don't flip", []feed{
			{0, "s-1", "healthy", false, ""}, {3, "s-1", "error", true, ""}, {6, "s-1", "healthy", false, ""}, {9, "s-1", "error", true, ""},
		}, 12, Producer{SessionID: "s-1", Session: "running", Implied: true, StartedAt: at(0), Status: "healthy", SampleAgeS: 6, Held: true}},
		{
			"a good sample is held for a minute",
			[]feed{{0, "s-1", "healthy", false, ""}, {59, "s-1", "error", true, ""}},
			60,
			Producer{SessionID: "s-1", Session: "running", Implied: true, StartedAt: at(0), Status: "healthy", SampleAgeS: 60, Held: true},
		},
		{
			"but not longer",
			[]feed{{0, "s-1", "healthy", false, ""}, {59, "s-1", "error", true, ""}},
			61,
			Producer{SessionID: "s-1", Session: "running", Implied: true, StartedAt: at(0), Status: "error", SampleAgeS: 2},
		},
		{
			"without newer zeros it stands until it is old",
			[]feed{{0, "s-1", "warning", false, ""}},
			300,
			Producer{SessionID: "s-1", Session: "running", Implied: true, StartedAt: at(0), Status: "warning", SampleAgeS: 300},
		},
		{
			"an old sample says nothing",
			[]feed{{0, "s-1", "warning", false, ""}},
			301,
			Producer{SessionID: "s-1", Session: "running", Implied: true, StartedAt: at(0), SampleAgeS: NoSeconds},
		},
		{
			"a sample out of order doesn't replace a newer",
			[]feed{{10, "s-1", "healthy", false, ""}, {5, "s-1", "error", false, ""}},
			11,
			Producer{SessionID: "s-1", Session: "running", Implied: true, StartedAt: at(10), Status: "healthy", SampleAgeS: 1},
		},
		{
			"zeros of another session don't hide the good one",
			[]feed{{0, "s-1", "healthy", false, ""}, {5, "s-2", "error", true, ""}},
			10,
			Producer{SessionID: "s-1", Session: "running", Implied: true, StartedAt: at(0), Status: "healthy", SampleAgeS: 10},
		},
		{
			"zeros without a session count for the one shown",
			[]feed{{0, "s-1", "healthy", false, ""}, {5, "", "error", true, ""}},
			10,
			Producer{SessionID: "s-1", Session: "running", Implied: true, StartedAt: at(0), Status: "healthy", SampleAgeS: 10, Held: true},
		},
		{
			"samples that never name a session",
			[]feed{{0, "", "healthy", false, ""}, {5, "", "degraded", false, ""}},
			10,
			Producer{Status: "degraded", SampleAgeS: 5},
		},
		{
			"a session that comes later takes over from them",
			[]feed{{0, "", "healthy", false, ""}, {5, "s-1", "", false, Started}, {6, "", "healthy", false, ""}},
			10,
			Producer{SessionID: "s-1", Session: "running", StartedAt: at(5), Status: "healthy", SampleAgeS: 4},
		},
		{
			"of two good sessions the later start is shown",
			[]feed{{0, "s-1", "healthy", false, ""}, {5, "s-2", "starting", false, ""}, {9, "s-1", "healthy", false, ""}},
			10,
			Producer{SessionID: "s-2", Session: "running", Implied: true, StartedAt: at(5), Status: "starting", SampleAgeS: 5},
		},
		{
			"a stopped session",
			[]feed{{0, "s-1", "", false, Started}, {9, "s-1", "", false, Stopped}},
			10,
			Producer{SessionID: "s-1", Session: "stopped", StartedAt: at(0), StoppedAt: at(9), SampleAgeS: NoSeconds},
		},
		{
			"trailing messages don't revive it",
			[]feed{{0, "s-1", "", false, Started}, {5, "s-1", "", false, Stopped}, {6, "s-1", "", false, Implied}, {7, "s-1", "stopping", false, ""}},
			10,
			Producer{SessionID: "s-1", Session: "stopped", StartedAt: at(0), StoppedAt: at(5), Status: "stopping", SampleAgeS: 3},
		},
		{
			"a running session before a stopped one",
			[]feed{{0, "s-1", "", false, Started}, {3, "s-2", "", false, Started}, {5, "s-2", "", false, Stopped}},
			10,
			Producer{SessionID: "s-1", Session: "running", StartedAt: at(0), SampleAgeS: NoSeconds},
		},
		{
			"a stop of an unknown session",
			[]feed{{5, "s-1", "", false, Stopped}},
			10,
			Producer{SessionID: "s-1", Session: "stopped", StoppedAt: at(5), SampleAgeS: NoSeconds},
		},
		{"an edge without a session is ignored", []feed{{5, "", "", false, Started}}, 10, Producer{SampleAgeS: NoSeconds}},
		{
			"words are folded",
			[]feed{{0, "s-1", " Healthy ", false, ""}},
			0,
			Producer{SessionID: "s-1", Session: "running", Implied: true, StartedAt: at(0), Status: "healthy", SampleAgeS: 0},
		},
		{
			"unknown words are not shown",
			[]feed{{0, "s-1", "<b>fine", false, ""}},
			0,
			Producer{SessionID: "s-1", Session: "running", Implied: true, StartedAt: at(0), Status: "unknown", SampleAgeS: 0},
		},
		{
			"long ids are cut",
			[]feed{{0, strings.Repeat("x", 200), "healthy", false, ""}},
			0,
			Producer{SessionID: strings.Repeat("x", maxSessionID), Session: "running", Implied: true, StartedAt: at(0), Status: "healthy", SampleAgeS: 0},
		},
	}
	for _, c := range cases {
		t.Run(c.rule, func(t *testing.T) {
			tracker, err := New(Default(), nyse, start)
			if err != nil {
				t.Fatal(err)
			}
			for _, f := range c.feeds {
				if f.status == "" {
					tracker.SessionEdge(f.id, f.edge, at(f.second))
					continue
				}
				tracker.ProducerHealth(Sample{SessionID: f.id, Status: f.status, AllZero: f.zero, At: at(f.second)})
			}
			if got := tracker.Report(at(c.now)).Producer; got != c.want {
				t.Errorf("got  %+v\nwant %+v", got, c.want)
			}
		})
	}
}

func TestProducerTroubleDegradesTheWhole(t *testing.T) {
	for word, want := range map[string]Status{
		"healthy": OK, "warning": OK, "starting": OK, "stopping": OK, "nonsense": OK,
		"degraded": Degraded, "error": Degraded, "critical": Degraded,
	} {
		tracker := started(t, "2026-11-21 12:00:00")
		now := ny(t, "2026-11-21 12:01:00")
		tracker.ProducerHealth(Sample{SessionID: "s-1", Status: word, At: now})
		r := tracker.Report(now)
		if r.Status != want || (want == Degraded) != (r.Reason == "the producer reports that it is "+word) {
			t.Errorf("%s: got %s %q", word, r.Status, r.Reason)
		}
	}
}

func TestSessionsAreBounded(t *testing.T) {
	tracker := started(t, "2026-11-20 09:00:00")
	now := ny(t, "2026-11-20 14:30:00")
	for i := range 3 * maxSessions {
		tracker.SessionEdge(fmt.Sprintf("s-%d", i), Started, now.Add(time.Duration(i)*time.Second))
		tracker.SessionEdge("s-0", Implied, now.Add(time.Duration(i)*time.Second)) // Keeps being heard of.
	}
	if got := len(tracker.producer.sessions); got != maxSessions {
		t.Errorf("%d sessions are remembered, want %d", got, maxSessions)
	}
	if tracker.producer.sessions["s-0"] == nil {
		t.Error("a session that is heard of was forgotten")
	}
	if tracker.producer.sessions["s-1"] != nil {
		t.Error("the session heard of longest ago was kept")
	}
}

func TestJudgeDelivery(t *testing.T) {
	cases := []struct {
		rule   string
		sample DeliverySample
		want   string
		reason string
	}{
		{"nothing wrong", DeliverySample{}, DeliveryHealthy, ""},
		{"at the limits", DeliverySample{Errors: 10, Match: 10 * time.Millisecond, Deliver: 100 * time.Millisecond}, DeliveryHealthy, ""},
		{"more than ten errors", DeliverySample{Errors: 11, Match: time.Second}, DeliveryError, "11 errors"},
		{"slow matching", DeliverySample{Match: 10500 * time.Microsecond}, DeliveryWarning, "matching an event takes 10.5 ms"},
		{"slow delivery", DeliverySample{Deliver: 101 * time.Millisecond}, DeliveryWarning, "delivering an event takes 101 ms"},
	}
	for _, c := range cases {
		t.Run(c.rule, func(t *testing.T) {
			got := JudgeDelivery(c.sample)
			if got.Status != c.want || got.Reason != c.reason {
				t.Errorf("got %s %q, want %s %q", got.Status, got.Reason, c.want, c.reason)
			}
			if got.Targets != (Targets{MatchMillis: 5, DeliverMillis: 100, Users: 500}) {
				t.Errorf("targets %+v", got.Targets)
			}
			tracker := started(t, "2026-11-21 12:00:00")
			tracker.Delivery(c.sample)
			r := tracker.Report(ny(t, "2026-11-21 12:01:00"))
			if r.Delivery != got {
				t.Errorf("report has %+v", r.Delivery)
			}
			if want := map[bool]Status{true: OK, false: Degraded}[c.want == DeliveryHealthy]; r.Status != want {
				t.Errorf("the whole is %s, want %s", r.Status, want)
			}
		})
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
