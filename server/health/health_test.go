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

func TestTierStatus(t *testing.T) {
	type event struct{ tier, at string }
	cases := []struct {
		rule   string
		start  string
		events []event
		now    string
		tier   string
		want   Status
		reason string // a part of it
		limit  age.Seconds
	}{
		// A Friday: 2026-11-20. Intraday.
		{"fresh event", "2026-11-20 09:00:00", []event{{"intraday", "2026-11-20 14:31:07"}}, "2026-11-20 14:31:11", "intraday", OK, "", 120},
		{"half the limit is still ok", "2026-11-20 09:00:00", []event{{"intraday", "2026-11-20 14:30:00"}}, "2026-11-20 14:31:00", "intraday", OK, "", 120},
		{"past half the limit", "2026-11-20 09:00:00", []event{{"intraday", "2026-11-20 14:30:00"}}, "2026-11-20 14:31:01", "intraday", Late, "no intraday for 61 s", 120},
		{"the limit itself is late", "2026-11-20 09:00:00", []event{{"intraday", "2026-11-20 14:30:00"}}, "2026-11-20 14:32:00", "intraday", Late, "no intraday for 2 min", 120},
		{"past the limit", "2026-11-20 09:00:00", []event{{"intraday", "2026-11-20 14:30:00"}}, "2026-11-20 14:32:01", "intraday", Stale, "no intraday for 2 min", 120},
		{"another tier's events don't count", "2026-11-20 09:00:00", []event{{"intraday", "2026-11-20 14:00:00"}, {"combo", "2026-11-20 14:30:00"}}, "2026-11-20 14:30:10", "intraday", Stale, "no intraday for 30 min", 120},
		{"an older time doesn't take back a newer", "2026-11-20 09:00:00", []event{{"intraday", "2026-11-20 14:30:00"}, {"intraday", "2026-11-20 14:20:00"}}, "2026-11-20 14:30:10", "intraday", OK, "", 120},
		{"an event of the future has just come", "2026-11-20 09:00:00", []event{{"intraday", "2026-11-20 14:40:00"}}, "2026-11-20 14:30:00", "intraday", OK, "", 120},
		{"no event yet, first while after the start", "2026-11-20 14:30:00", nil, "2026-11-20 14:32:00", "intraday", Idle, "no event yet since the server's start", 120},
		{"no event yet, too long after the start", "2026-11-20 14:30:00", nil, "2026-11-20 14:32:01", "intraday", Stale, "no intraday since the server's start, 2 min ago", 120},
		{"first while after the open", "2026-11-19 09:00:00", []event{{"intraday", "2026-11-19 15:59:00"}}, "2026-11-20 09:32:00", "intraday", Idle, "no event yet since the open", 120},
		{"silent since the open", "2026-11-19 09:00:00", []event{{"intraday", "2026-11-19 15:59:00"}}, "2026-11-20 09:32:01", "intraday", Stale, "no intraday since the open, 2 min ago", 120},
		{"the stored newest event doesn't count against a fresh start", "2026-11-20 14:30:00", []event{{"intraday", "2026-11-20 11:00:00"}}, "2026-11-20 14:31:30", "intraday", Idle, "no event yet since the server's start", 120},
		{"pre-market", "2026-11-20 03:00:00", nil, "2026-11-20 09:29:59", "intraday", Idle, "regular hours have not begun; next open Fri 20 Nov 09:30 ET", age.Unknown},
		{"after the close", "2026-11-20 09:00:00", []event{{"intraday", "2026-11-20 15:00:00"}}, "2026-11-20 16:00:00", "intraday", Idle, "regular hours are over; next open Mon 23 Nov 09:30 ET", age.Unknown},
		{"night", "2026-11-20 09:00:00", []event{{"intraday", "2026-11-20 15:00:00"}}, "2026-11-20 23:00:00", "intraday", Idle, "markets are closed; next open Mon 23 Nov 09:30 ET", age.Unknown},
		{"holiday", "2026-11-20 09:00:00", []event{{"intraday", "2026-11-25 15:00:00"}}, "2026-11-26 11:00:00", "intraday", Idle, "markets are closed (Thanksgiving Day); next open Fri 27 Nov 09:30 ET", age.Unknown},
		{"early close", "2026-11-27 09:00:00", []event{{"intraday", "2026-11-27 12:00:00"}}, "2026-11-27 13:00:00", "intraday", Idle, "regular hours are over; next open Mon 30 Nov 09:30 ET", age.Unknown},
		{"a minute before an early close", "2026-11-27 09:00:00", []event{{"intraday", "2026-11-27 12:00:00"}}, "2026-11-27 12:59:00", "intraday", Stale, "no intraday for 59 min", 120},
		{"events at night are events", "2026-11-20 09:00:00", []event{{"intraday", "2026-11-20 23:00:00"}}, "2026-11-20 23:00:30", "intraday", OK, "", age.Unknown},

		// Combo.
		{"nothing learned, the minimum holds", "2026-11-20 09:00:00", []event{{"combo", "2026-11-20 14:00:00"}}, "2026-11-20 14:20:01", "combo", Stale, "no combo for 20 min", 1200},
		{"short gaps, the minimum holds", "2026-11-20 09:00:00", []event{{"combo", "2026-11-20 13:56:00"}, {"combo", "2026-11-20 13:58:00"}, {"combo", "2026-11-20 14:00:00"}}, "2026-11-20 14:20:00", "combo", Late, "no combo for 20 min; typical gap 2 min", 1200},
		{"five times the median gap", "2026-11-20 09:00:00", []event{{"combo", "2026-11-20 13:00:00"}, {"combo", "2026-11-20 13:06:00"}, {"combo", "2026-11-20 13:12:00"}, {"combo", "2026-11-20 13:42:00"}}, "2026-11-20 14:12:00", "combo", Late, "no combo for 30 min; typical gap 6 min", 1800},
		{"past five times the median gap", "2026-11-20 09:00:00", []event{{"combo", "2026-11-20 13:00:00"}, {"combo", "2026-11-20 13:06:00"}, {"combo", "2026-11-20 13:12:00"}, {"combo", "2026-11-20 13:42:00"}}, "2026-11-20 14:23:00", "combo", Stale, "no combo for 41 min; typical gap 6 min", 1800},
		{"an even number of gaps has its middle between two", "2026-11-20 09:00:00", []event{{"combo", "2026-11-20 13:00:00"}, {"combo", "2026-11-20 13:06:00"}, {"combo", "2026-11-20 13:16:00"}}, "2026-11-20 13:17:00", "combo", OK, "", 2400},
		{"a burst is one event", "2026-11-20 09:00:00", []event{{"combo", "2026-11-20 13:00:00"}, {"combo", "2026-11-20 13:00:01"}, {"combo", "2026-11-20 13:08:01"}, {"combo", "2026-11-20 13:08:02"}}, "2026-11-20 13:09:00", "combo", OK, "", 2400},
		{"the night is no gap", "2026-11-18 09:00:00", []event{{"combo", "2026-11-18 15:30:00"}, {"combo", "2026-11-19 10:00:00"}, {"combo", "2026-11-20 10:00:00"}}, "2026-11-20 10:01:00", "combo", OK, "", 1200},
		{"gaps outside regular hours don't count", "2026-11-20 01:00:00", []event{{"combo", "2026-11-20 05:00:00"}, {"combo", "2026-11-20 07:00:00"}, {"combo", "2026-11-20 10:00:00"}}, "2026-11-20 10:01:00", "combo", OK, "", 1200},
		{"combo at night", "2026-11-20 09:00:00", []event{{"combo", "2026-11-20 15:00:00"}}, "2026-11-21 12:00:00", "combo", Idle, "markets are closed", age.Unknown},

		// Daily. Thursday's batch came at 16:42.
		{"next batch is due in the evening", "2026-11-19 09:00:00", []event{{"daily", "2026-11-19 16:42:10"}}, "2026-11-20 14:31:11", "daily", Idle, "next batch is due by Fri 20 Nov 18:30 ET", age.Unknown},
		{"between the close and the deadline", "2026-11-19 09:00:00", []event{{"daily", "2026-11-19 16:42:10"}}, "2026-11-20 18:29:59", "daily", Idle, "next batch is due by Fri 20 Nov 18:30 ET", age.Unknown},
		{"at the deadline", "2026-11-19 09:00:00", []event{{"daily", "2026-11-19 16:42:10"}}, "2026-11-20 18:30:00", "daily", Late, "the batch of Fri 20 Nov has not arrived; it was due by Fri 20 Nov 18:30 ET", age.Unknown},
		{"a second before an hour past the deadline", "2026-11-19 09:00:00", []event{{"daily", "2026-11-19 16:42:10"}}, "2026-11-20 19:29:59", "daily", Late, "has not arrived", age.Unknown},
		{"an hour past the deadline", "2026-11-19 09:00:00", []event{{"daily", "2026-11-19 16:42:10"}}, "2026-11-20 19:30:00", "daily", Stale, "the batch of Fri 20 Nov has not arrived", age.Unknown},
		{"the missing batch stays stale on the weekend", "2026-11-19 09:00:00", []event{{"daily", "2026-11-19 16:42:10"}}, "2026-11-22 12:00:00", "daily", Stale, "the batch of Fri 20 Nov", age.Unknown},
		{"and until the next one is there", "2026-11-19 09:00:00", []event{{"daily", "2026-11-19 16:42:10"}}, "2026-11-23 17:00:00", "daily", Stale, "the batch of Fri 20 Nov", age.Unknown},
		{"the next one heals it", "2026-11-19 09:00:00", []event{{"daily", "2026-11-19 16:42:10"}, {"daily", "2026-11-23 16:40:00"}}, "2026-11-23 20:00:00", "daily", OK, "", age.Unknown},
		{"arrived before the deadline", "2026-11-19 09:00:00", []event{{"daily", "2026-11-20 16:42:10"}}, "2026-11-20 17:50:00", "daily", OK, "", age.Unknown},
		{"arrived late", "2026-11-19 09:00:00", []event{{"daily", "2026-11-20 20:00:00"}}, "2026-11-20 22:00:00", "daily", OK, "", age.Unknown},
		{"ok through the weekend", "2026-11-19 09:00:00", []event{{"daily", "2026-11-20 16:42:10"}}, "2026-11-22 12:00:00", "daily", OK, "", age.Unknown},
		{"no batch is due on a holiday", "2026-11-19 09:00:00", []event{{"daily", "2026-11-25 16:42:10"}}, "2026-11-26 20:00:00", "daily", OK, "", age.Unknown},
		{"an event before the close is not the day's batch", "2026-11-19 09:00:00", []event{{"daily", "2026-11-20 15:59:59"}}, "2026-11-20 18:30:00", "daily", Late, "the batch of Fri 20 Nov", age.Unknown},
		{"daily events in the day are events", "2026-11-19 09:00:00", []event{{"daily", "2026-11-20 11:00:00"}}, "2026-11-20 11:30:00", "daily", OK, "", age.Unknown},
		{"a batch before our start can't be known", "2026-11-20 10:00:00", nil, "2026-11-20 14:00:00", "daily", Idle, "no event yet; next batch is due by Fri 20 Nov 18:30 ET", age.Unknown},
		{"no event yet, first while after the start", "2026-11-20 18:00:00", nil, "2026-11-20 19:00:00", "daily", Idle, "no event yet", age.Unknown},
		{"no event yet, past the deadline", "2026-11-20 17:00:00", nil, "2026-11-20 19:00:00", "daily", Late, "the batch of Fri 20 Nov", age.Unknown},
		{"no event yet, long past the deadline", "2026-11-20 17:00:00", nil, "2026-11-20 19:30:00", "daily", Stale, "the batch of Fri 20 Nov", age.Unknown},
		{"a stored event of last week tells that batches are missing", "2026-11-20 10:00:00", []event{{"daily", "2026-11-13 16:42:10"}}, "2026-11-20 10:00:01", "daily", Stale, "the batch of Thu 19 Nov", age.Unknown},
		{"an early close moves the close, not the deadline", "2026-11-25 09:00:00", []event{{"daily", "2026-11-27 13:30:00"}}, "2026-11-27 18:31:00", "daily", OK, "", age.Unknown},
	}
	for _, c := range cases {
		t.Run(c.tier+": "+c.rule, func(t *testing.T) {
			tracker := started(t, c.start)
			tracker.Heartbeat(ny(t, c.now))
			for _, e := range c.events {
				tracker.EventAccepted(e.tier, ny(t, e.at))
			}
			got := tracker.Report(ny(t, c.now)).Tiers[c.tier]
			if got.Status != c.want || !strings.Contains(got.Reason, c.reason) || (got.Reason == "") != (c.reason == "") {
				t.Errorf("got %s %q, want %s %q", got.Status, got.Reason, c.want, c.reason)
			}
			if got.StaleAfterS != c.limit {
				t.Errorf("stale_after_s: got %d, want %d", got.StaleAfterS, c.limit)
			}
		})
	}
}

func TestOnlyTheNewestGapsAreLearned(t *testing.T) {
	tracker := started(t, "2026-11-20 09:00:00")
	at := ny(t, "2026-11-20 09:30:00")
	for range 40 { // 40 gaps of 20 s, then maxGaps of 5 min: the short ones are forgotten.
		tracker.EventAccepted("combo", at)
		at = at.Add(20 * time.Second)
	}
	for range maxGaps + 1 {
		tracker.EventAccepted("combo", at)
		at = at.Add(5 * time.Minute)
	}
	state := tracker.tiers["combo"]
	if len(state.gaps.values) != maxGaps {
		t.Errorf("%d gaps are kept", len(state.gaps.values))
	}
	if limit, _ := state.limit(); limit != 25*time.Minute {
		t.Errorf("limit %s, want 25m", limit)
	}
}

func TestIngest(t *testing.T) {
	now := ny(t, "2026-11-20 14:30:00")
	tracker, err := New(Default(), nyse, now)
	if err != nil {
		t.Fatal(err)
	}
	expect := func(at time.Time, status Status, reason string, want Ingest) {
		t.Helper()
		r := tracker.Report(at)
		want.Transport, want.HeartbeatAgeS = "redis", age.Unknown
		if diff := cmp.Diff(want, r.Ingest); diff != "" {
			t.Errorf("ingest (-want +got):\n%s", diff)
		}
		if r.Status != status || r.Reason != reason {
			t.Errorf("got %s %q, want %s %q", r.Status, r.Reason, status, reason)
		}
		if status != Down {
			return
		}
		for name, tier := range r.Tiers {
			if tier.Status != Down || tier.Reason != reason {
				t.Errorf("%s: got %s %q", name, tier.Status, tier.Reason)
			}
		}
	}
	expect(now, Down, "not connected to the feed yet", Ingest{})
	tracker.Ingest(false, now)
	expect(now, Down, "not connected to the feed yet", Ingest{})

	up := now.Add(time.Second)
	tracker.Ingest(true, up)
	tracker.Ingest(true, up.Add(time.Second))
	tracker.Message(up.Add(2 * time.Second))
	expect(up.Add(3*time.Second), OK, "", Ingest{Connected: true, ConnectedSince: up.UTC(), LastMessageAt: up.Add(2 * time.Second).UTC()})

	lost := now.Add(time.Minute)
	tracker.Ingest(false, lost)
	tracker.Ingest(false, lost.Add(time.Second))
	expect(lost.Add(90*time.Second), Down, "not connected to the feed for 90 s",
		Ingest{DisconnectedSince: lost.UTC(), LastMessageAt: up.Add(2 * time.Second).UTC()})

	back := lost.Add(2 * time.Minute)
	tracker.Ingest(true, back)
	tracker.EventAccepted("intraday", back)
	tracker.EventAccepted("combo", back)
	expect(back, OK, "", Ingest{Connected: true, ConnectedSince: back.UTC(), Reconnects24h: 1, LastMessageAt: back.UTC()})
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
	if r.Status != Degraded || r.Reason != both || len(r.Ingest.StreamFaults) != 2 || r.Tiers["intraday"].Status != Idle {
		t.Errorf("got %s, %s, %q, intraday %s", r.Status, r.Reason, r.Ingest.StreamFaults, r.Tiers["intraday"].Status)
	}
	tracker.Ingest(false, ny(t, now))
	if r := tracker.Report(ny(t, now)); r.Status != Down || r.Reason != "not connected to the feed for 0 s: "+both {
		t.Errorf("without a feed: %s, %s", r.Status, r.Reason)
	}
	tracker.Ingest(true, ny(t, now))
	tracker.StreamFault("a", "")
	tracker.StreamFault("b", "")
	if r := tracker.Report(ny(t, now)); r.Status != OK || r.Reason != "" || r.Ingest.StreamFaults != nil {
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
		status  Status
		suffix  string
	}{
		{"on time", now.Add(-150 * time.Second), time.Second, 150, false, OK, ""},
		{"late while events flow is no error", now.Add(-151 * time.Second), time.Second, 151, true, OK, ""},
		{"missing while events flow is no error", time.Time{}, time.Second, age.Unknown, false, OK, ""},
		{"late and silent is told", now.Add(-10 * time.Minute), 3 * time.Minute, 600, true, Stale, "; the producer's last heartbeat was 10 min ago"},
		{"missing and silent is told", time.Time{}, 3 * time.Minute, age.Unknown, false, Stale, "; the producer writes no heartbeat"},
		{"on time and silent", now, 3 * time.Minute, 0, false, Stale, "no intraday for 3 min"},
		{"from the future", now.Add(time.Hour), time.Second, 0, false, OK, ""},
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
			if c.status == OK && (r.Status != OK || tier.Reason != "") {
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
	if got := r.Tiers["intraday"]; got.Status != Idle || !strings.HasSuffix(got.Reason, "heartbeat was 3 h ago") {
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

func TestUseCalendar(t *testing.T) {
	closed, err := nyse.WithOverrides(strings.NewReader("2026-11-20 closed Storm"))
	if err != nil {
		t.Fatal(err)
	}
	tracker := started(t, "2026-11-19 09:00:00")
	tracker.UseCalendar(closed)
	tracker.UseCalendar(nil)
	if got := tracker.Report(ny(t, "2026-11-20 14:30:00")).Tiers["intraday"]; got.Status != Idle || !strings.Contains(got.Reason, "(Storm)") {
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
	if r.Status != OK && r.Status != Degraded && r.Status != Down {
		t.Fatalf("the whole is %q", r.Status)
	}
	if (r.Reason == "") != (r.Status == OK) {
		t.Fatalf("the whole is %s with the reason %q", r.Status, r.Reason)
	}
	if len(r.Tiers) != 3 {
		t.Fatalf("%d tiers", len(r.Tiers))
	}
	for name, tier := range r.Tiers {
		switch tier.Status {
		case OK, Idle, Late, Stale, Down:
		default:
			t.Fatalf("%s is %q", name, tier.Status)
		}
		if (tier.Reason == "") != (tier.Status == OK) {
			t.Fatalf("%s is %s with the reason %q", name, tier.Status, tier.Reason)
		}
		if (tier.Status == Down) == r.Ingest.Connected {
			t.Fatalf("%s is %s while connected is %v", name, tier.Status, r.Ingest.Connected)
		}
		if tier.LastEventAt.IsZero() != (tier.AgeS == age.Unknown) {
			t.Fatalf("%s: last event %s has age %d", name, tier.LastEventAt, tier.AgeS)
		}
		if tier.Status != OK && r.Status == OK && tier.Status != Idle {
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
	if got := tracker.Report(now.Add(500 * time.Second)).Tiers["combo"]; got.Status != OK {
		t.Errorf("got %s %q", got.Status, got.Reason)
	}
}
