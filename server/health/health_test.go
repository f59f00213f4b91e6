package health

import (
	"math"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"tierboard/server/calendar"
	"tierboard/server/health/age"
	"tierboard/server/health/delivery"
	"tierboard/server/health/freshness"
	"tierboard/server/health/producer"
)

var nyse = calendar.NYSE()

// ny is a time of New York's clock: "2026-11-20 14:31:07".
func ny(t testing.TB, text string) time.Time {
	t.Helper()
	at, err := time.ParseInLocation("2006-01-02 15:04:05", text, nyse.Zone())
	if err != nil {
		t.Fatal(err)
	}
	return at
}

// started returns a Tracker that was started and connected at the time.
func started(t testing.TB, at string) *Tracker {
	t.Helper()
	tracker, err := New(Default(), nyse, ny(t, at))
	if err != nil {
		t.Fatal(err)
	}
	tracker.Ingest(true, ny(t, at))
	return tracker
}

func TestIngest(t *testing.T) {
	now := ny(t, "2026-11-20 14:30:00")
	tracker, err := New(Default(), nyse, now)
	if err != nil {
		t.Fatal(err)
	}
	expect := func(at time.Time, status freshness.Status, reason string, want Ingest) {
		t.Helper()
		r := tracker.Report(at)
		want.Transport, want.HeartbeatAgeS = "redis", age.Unknown
		if diff := cmp.Diff(want, r.Ingest); diff != "" {
			t.Errorf("ingest (-want +got):\n%s", diff)
		}
		if r.Status != status || r.Reason != reason {
			t.Errorf("got %s %q, want %s %q", r.Status, r.Reason, status, reason)
		}
		if status != freshness.Down {
			return
		}
		for name, tier := range r.Tiers {
			if tier.Status != freshness.Down || tier.Reason != reason {
				t.Errorf("%s: got %s %q", name, tier.Status, tier.Reason)
			}
		}
	}
	expect(now, freshness.Down, "not connected to the feed yet", Ingest{})
	tracker.Ingest(false, now)
	expect(now, freshness.Down, "not connected to the feed yet", Ingest{})

	up := now.Add(time.Second)
	tracker.Ingest(true, up)
	tracker.Ingest(true, up.Add(time.Second))
	tracker.Message(up.Add(2 * time.Second))
	expect(up.Add(3*time.Second), freshness.OK, "", Ingest{Connected: true, ConnectedSince: up.UTC(), LastMessageAt: up.Add(2 * time.Second).UTC()})

	lost := now.Add(time.Minute)
	tracker.Ingest(false, lost)
	tracker.Ingest(false, lost.Add(time.Second))
	expect(lost.Add(90*time.Second), freshness.Down, "not connected to the feed for 90 s",
		Ingest{DisconnectedSince: lost.UTC(), LastMessageAt: up.Add(2 * time.Second).UTC()})

	back := lost.Add(2 * time.Minute)
	tracker.Ingest(true, back)
	tracker.EventAccepted("intraday", back)
	tracker.EventAccepted("combo", back)
	expect(back, freshness.OK, "", Ingest{Connected: true, ConnectedSince: back.UTC(), Reconnects24h: 1, LastMessageAt: back.UTC()})
	if got := tracker.Report(back.Add(24*time.Hour + time.Second)).Ingest.Reconnects24h; got != 0 {
		t.Errorf("a reconnect of yesterday counts: %d", got)
	}
	for i := range 2 * maxReconnects {
		tracker.Ingest(i%2 == 1, back)
		tracker.Ingest(i%2 == 0, back)
	}
	if got := tracker.Report(back).Ingest.Reconnects24h; got != maxReconnects {
		t.Errorf("%d reconnects are remembered, want %d", got, maxReconnects)
	}
}

func TestAStreamThatCannotBeReadIsSaid(t *testing.T) {
	now := "2026-11-20 14:30:10"
	tracker := started(t, "2026-11-20 14:30:00")
	tracker.StreamFault("b", `there is no stream "b" in Redis`)
	tracker.StreamFault("a", `the key "a" in Redis is no stream`)
	r := tracker.Report(ny(t, now))
	const both = `the key "a" in Redis is no stream; there is no stream "b" in Redis`
	if r.Status != Degraded || r.Reason != both || len(r.Ingest.StreamFaults) != 2 || r.Tiers["intraday"].Status != freshness.Idle {
		t.Errorf("got %s, %s, %q, intraday %s", r.Status, r.Reason, r.Ingest.StreamFaults, r.Tiers["intraday"].Status)
	}
	tracker.Ingest(false, ny(t, now))
	if r := tracker.Report(ny(t, now)); r.Status != freshness.Down || r.Reason != "not connected to the feed for 0 s: "+both {
		t.Errorf("without a feed: %s, %s", r.Status, r.Reason)
	}
	tracker.Ingest(true, ny(t, now))
	tracker.StreamFault("a", "")
	tracker.StreamFault("b", "")
	if r := tracker.Report(ny(t, now)); r.Status != freshness.OK || r.Reason != "" || r.Ingest.StreamFaults != nil {
		t.Errorf("once all can be read: %s, %s, %q", r.Status, r.Reason, r.Ingest.StreamFaults)
	}
}

func TestHeartbeat(t *testing.T) {
	now := ny(t, "2026-11-20 14:30:00")
	fed := func(beat time.Time, silence time.Duration) Report {
		tracker := started(t, "2026-11-20 09:00:00")
		tracker.EventAccepted("intraday", now.Add(-silence))
		tracker.EventAccepted("combo", now)
		tracker.Heartbeat(beat)
		return tracker.Report(now)
	}
	cases := []struct {
		rule    string
		beat    time.Time
		silence time.Duration
		age     age.Seconds
		late    bool
		status  freshness.Status
		suffix  string
	}{
		{"on time", now.Add(-150 * time.Second), time.Second, 150, false, freshness.OK, ""},
		{"late while events flow is no error", now.Add(-151 * time.Second), time.Second, 151, true, freshness.OK, ""},
		{"missing while events flow is no error", time.Time{}, time.Second, age.Unknown, false, freshness.OK, ""},
		{"late and silent is told", now.Add(-10 * time.Minute), 3 * time.Minute, 600, true, freshness.Stale, "; the producer's last heartbeat was 10 min ago"},
		{"missing and silent is told", time.Time{}, 3 * time.Minute, age.Unknown, false, freshness.Stale, "; the producer writes no heartbeat"},
		{"on time and silent", now, 3 * time.Minute, 0, false, freshness.Stale, "no intraday for 3 min"},
		{"from the future", now.Add(time.Hour), time.Second, 0, false, freshness.OK, ""},
	}
	for _, c := range cases {
		t.Run(c.rule, func(t *testing.T) {
			r := fed(c.beat, c.silence)
			tier := r.Tiers["intraday"]
			if r.Ingest.HeartbeatAgeS != c.age || r.Ingest.HeartbeatLate != c.late {
				t.Errorf("heartbeat: age %d late %v", r.Ingest.HeartbeatAgeS, r.Ingest.HeartbeatLate)
			}
			if tier.Status != c.status || !strings.HasSuffix(tier.Reason, c.suffix) {
				t.Errorf("got %s %q, want %s …%q", tier.Status, tier.Reason, c.status, c.suffix)
			}
			if c.status == freshness.OK && (r.Status != freshness.OK || tier.Reason != "") {
				t.Errorf("the whole is %s %q, the tier's reason %q", r.Status, r.Reason, tier.Reason)
			}
		})
	}
	night := ny(t, "2026-11-20 23:00:00")
	tracker := started(t, "2026-11-20 09:00:00")
	tracker.EventAccepted("daily", ny(t, "2026-11-20 16:42:00"))
	tracker.Heartbeat(ny(t, "2026-11-20 20:00:00"))
	r := tracker.Report(night)
	if r.Status != Degraded || r.Reason != "the producer's last heartbeat was 3 h ago and no event came since" {
		t.Errorf("a producer that died at night: got %s %q", r.Status, r.Reason)
	}
	if got := r.Tiers["intraday"]; got.Status != freshness.Idle || !strings.HasSuffix(got.Reason, "heartbeat was 3 h ago") {
		t.Errorf("intraday: got %s %q", got.Status, got.Reason)
	}
}

func TestSummaryIgnoresAges(t *testing.T) {
	tracker := started(t, "2026-11-20 09:00:00")
	tracker.EventAccepted("intraday", ny(t, "2026-11-20 14:30:00"))
	tracker.EventAccepted("combo", ny(t, "2026-11-20 14:30:00"))
	first := tracker.Report(ny(t, "2026-11-20 14:30:10")).Summary()
	want := Summary{Ingest: "connected", Tiers: map[string]string{"daily": "idle", "intraday": "ok", "combo": "ok"}}
	if diff := cmp.Diff(want, first); diff != "" {
		t.Errorf("summary (-want +got):\n%s", diff)
	}
	if later := tracker.Report(ny(t, "2026-11-20 14:30:40")).Summary(); !first.Equal(later) {
		t.Errorf("age alone changes the summary: %v", later)
	}
	if later := tracker.Report(ny(t, "2026-11-20 14:31:10")).Summary(); first.Equal(later) {
		t.Error("a late tier doesn't change the summary")
	}
	tracker.Ingest(false, ny(t, "2026-11-20 14:30:41"))
	if later := tracker.Report(ny(t, "2026-11-20 14:30:41")).Summary(); later.Ingest != "down" || first.Equal(later) {
		t.Errorf("a lost feed doesn't change the summary: %v", later)
	}
}

func TestClosedByTheOperator(t *testing.T) {
	closed, err := nyse.WithOverrides(strings.NewReader("2026-11-20 closed Storm"))
	if err != nil {
		t.Fatal(err)
	}
	began := ny(t, "2026-11-19 09:00:00")
	tracker, err := New(Default(), closed, began)
	if err != nil {
		t.Fatal(err)
	}
	tracker.Ingest(true, began)
	if got := tracker.Report(ny(t, "2026-11-20 14:30:00")).Tiers["intraday"]; got.Status != freshness.Idle || !strings.Contains(got.Reason, "(Storm)") {
		t.Errorf("got %s %q", got.Status, got.Reason)
	}
}

func TestConfigValidate(t *testing.T) {
	if err := Default().Validate(); err != nil {
		t.Fatal(err)
	}
	cases := []struct {
		field string
		spoil func(*Config)
	}{
		{"Tiers: ", func(c *Config) { c.Tiers = nil }},
		{"Tiers[1].Tier: a name", func(c *Config) { c.Tiers[1].Tier = "" }},
		{"Tiers[2].Tier: \"daily\" is there twice", func(c *Config) { c.Tiers[2].Tier = "daily" }},
		{"Tiers[1].StaleAfter", func(c *Config) { c.Tiers[1].StaleAfter = time.Millisecond }},
		{"Tiers[1].StaleAfter", func(c *Config) { c.Tiers[1].StaleAfter = 25 * time.Hour }},
		{"Tiers[1].Cadence", func(c *Config) { c.Tiers[1].Cadence = "sometimes" }},
		{"Tiers[2].Factor", func(c *Config) { c.Tiers[2].Factor = 0 }},
		{"Tiers[2].Factor", func(c *Config) { c.Tiers[2].Factor = math.NaN() }},
		{"Tiers[0].Deadline", func(c *Config) { c.Tiers[0].Deadline = 12 * time.Hour }},
		{"Tiers[0].Deadline", func(c *Config) { c.Tiers[0].Deadline = 24 * time.Hour }},
		{"HeartbeatLateAfter", func(c *Config) { c.HeartbeatLateAfter = 0 }},
		{"HoldSample", func(c *Config) { c.HoldSample = 0 }},
		{"SampleFreshFor", func(c *Config) { c.SampleFreshFor = time.Second }},
	}
	for _, c := range cases {
		cfg := Default()
		c.spoil(&cfg)
		if _, err := New(cfg, nyse, time.Time{}); err == nil || !strings.Contains(err.Error(), c.field) {
			t.Errorf("%s: got %v", c.field, err)
		}
	}
	if _, err := New(Default(), nil, time.Time{}); err == nil {
		t.Error("a Tracker without a calendar")
	}
}

// Whatever is told, in whatever order, a report judges every tier with one of the five words and gives a
// reason for all but ok.
func TestReportIsAlwaysComplete(t *testing.T) {
	base := time.Date(2026, time.November, 15, 0, 0, 0, 0, time.UTC)
	rapid.Check(t, func(t *rapid.T) {
		instant := func() time.Time {
			if rapid.IntRange(0, 50).Draw(t, "odd") == 0 {
				return rapid.SampledFrom([]time.Time{{}, time.Unix(1<<40, 0), time.Date(1969, 1, 1, 0, 0, 0, 0, time.UTC)}).Draw(t, "extreme")
			}
			return base.Add(time.Duration(rapid.IntRange(0, 16*24*3600).Draw(t, "second")) * time.Second)
		}
		id := rapid.SampledFrom([]string{"", "s-1", "s-2", "s-3", strings.Repeat("x", 300), "\xff"})
		many := rapid.StringN(0, 3, -1)
		tracker, err := New(Default(), nyse, instant())
		if err != nil {
			t.Fatal(err)
		}
		for range rapid.IntRange(0, 120).Draw(t, "steps") {
			switch rapid.IntRange(0, 7).Draw(t, "step") {
			case 0, 1:
				tracker.EventAccepted(rapid.SampledFrom([]string{"daily", "intraday", "combo", "weekly"}).Draw(t, "tier"), instant())
			case 2:
				tracker.Ingest(rapid.IntRange(0, 4).Draw(t, "up") > 0, instant())
			case 3:
				tracker.Heartbeat(instant())
			case 4:
				tracker.ProducerHealth(producer.Sample{
					SessionID: rapid.OneOf(id, many).Draw(t, "id"), Status: rapid.SampledFrom([]string{"healthy", "ERROR", "?"}).Draw(t, "word"),
					AllZero: rapid.Bool().Draw(t, "zero"), At: instant(),
				})
			case 5:
				tracker.SessionEdge(rapid.OneOf(id, many).Draw(t, "id"), rapid.SampledFrom([]producer.Edge{producer.Started, producer.Stopped, producer.Implied, "odd"}).Draw(t, "edge"), instant())
			case 6:
				tracker.Delivery(delivery.Sample{Errors: rapid.IntRange(0, 20).Draw(t, "errors")})
			case 7:
				checkReport(t, tracker.Report(instant()))
			}
		}
		checkReport(t, tracker.Report(instant()))
	})
}

func checkReport(t *rapid.T, r Report) {
	if r.Status != freshness.OK && r.Status != Degraded && r.Status != freshness.Down {
		t.Fatalf("the whole is %q", r.Status)
	}
	if (r.Reason == "") != (r.Status == freshness.OK) {
		t.Fatalf("the whole is %s with the reason %q", r.Status, r.Reason)
	}
	if len(r.Tiers) != 3 {
		t.Fatalf("%d tiers", len(r.Tiers))
	}
	for name, tier := range r.Tiers {
		switch tier.Status {
		case freshness.OK, freshness.Idle, freshness.Late, freshness.Stale, freshness.Down:
		default:
			t.Fatalf("%s is %q", name, tier.Status)
		}
		if (tier.Reason == "") != (tier.Status == freshness.OK) {
			t.Fatalf("%s is %s with the reason %q", name, tier.Status, tier.Reason)
		}
		if (tier.Status == freshness.Down) == r.Ingest.Connected {
			t.Fatalf("%s is %s while connected is %v", name, tier.Status, r.Ingest.Connected)
		}
		if tier.LastEventAt.IsZero() != (tier.AgeS == age.Unknown) {
			t.Fatalf("%s: last event %s has age %d", name, tier.LastEventAt, tier.AgeS)
		}
		if tier.Status != freshness.OK && r.Status == freshness.OK && tier.Status != freshness.Idle {
			t.Fatalf("%s is %s and the whole is ok", name, tier.Status)
		}
	}
}

func TestConcurrentUse(t *testing.T) {
	tracker := started(t, "2026-11-20 09:00:00")
	now := ny(t, "2026-11-20 14:30:00")
	var group sync.WaitGroup
	for range 4 {
		group.Go(func() {
			for i := range 500 {
				at := now.Add(time.Duration(i) * time.Second)
				tracker.EventAccepted("combo", at)
				tracker.ProducerHealth(producer.Sample{SessionID: "s-1", Status: "healthy", At: at})
				tracker.Ingest(true, at)
				tracker.Report(at)
			}
		})
	}
	group.Wait()
	if got := tracker.Report(now.Add(500 * time.Second)).Tiers["combo"]; got.Status != freshness.OK {
		t.Errorf("got %s %q", got.Status, got.Reason)
	}
}
