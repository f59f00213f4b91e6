package freshness

import (
	"strings"
	"testing"
	"time"

	"tierboard/server/calendar"
	"tierboard/server/health/age"
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

// rules are those of the three tiers.
var rules = map[string]Config{
	"daily":    {Tier: "daily", Cadence: Batch, StaleAfter: time.Hour, Deadline: 18*time.Hour + 30*time.Minute},
	"intraday": {Tier: "intraday", Cadence: Steady, StaleAfter: 2 * time.Minute},
	"combo":    {Tier: "combo", Cadence: Learned, StaleAfter: 20 * time.Minute, Factor: 5},
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
			tier := New(rules[c.tier], ny(t, c.start))
			for _, e := range c.events {
				if e.tier == c.tier {
					tier.Saw(ny(t, e.at), nyse)
				}
			}
			got := tier.Judge(ny(t, c.now), nyse)
			if got.Status != c.want || !strings.Contains(got.Reason, c.reason) || (got.Reason == "") != (c.reason == "") {
				t.Errorf("got %s %q, want %s %q", got.Status, got.Reason, c.want, c.reason)
			}
			if got.StaleAfterS != c.limit {
				t.Errorf("stale_after_s: got %d, want %d", got.StaleAfterS, c.limit)
			}
		})
	}
}

// TestOnlyTheNewestGapsAreLearned has 40 gaps of 20 s, then maxGaps of 5 min: the short ones are forgotten.
func TestOnlyTheNewestGapsAreLearned(t *testing.T) {
	tier := New(rules["combo"], ny(t, "2026-11-20 09:00:00"))
	at := ny(t, "2026-11-20 09:30:00")
	for range 40 {
		tier.Saw(at, nyse)
		at = at.Add(20 * time.Second)
	}
	for range maxGaps + 1 {
		tier.Saw(at, nyse)
		at = at.Add(5 * time.Minute)
	}
	if len(tier.gaps) != maxGaps {
		t.Errorf("%d gaps are kept", len(tier.gaps))
	}
	if limit, _ := tier.limit(); limit != 25*time.Minute {
		t.Errorf("limit %s, want 25m", limit)
	}
}

// TestDownSaysWhyAndWhatCameLast judges without a feed, before and after the first event.
func TestDownSaysWhyAndWhatCameLast(t *testing.T) {
	tier, now := New(rules["intraday"], ny(t, "2026-11-20 09:00:00")), ny(t, "2026-11-20 14:30:00")
	if got, want := tier.Down("why", now), (Judgement{Status: Down, Reason: "why", AgeS: age.Unknown, StaleAfterS: age.Unknown}); got != want {
		t.Errorf("got %+v, want %+v", got, want)
	}
	tier.Saw(now, nyse)
	want := Judgement{Status: Down, Reason: "why", LastEventAt: now.UTC(), AgeS: 60, StaleAfterS: age.Unknown}
	if got := tier.Down("why", now.Add(time.Minute)); got != want || !tier.Last().Equal(now) {
		t.Errorf("got %+v, want %+v", got, want)
	}
}

// TestNoTradingDayHasEnded judges a batch before the calendar begins.
func TestNoTradingDayHasEnded(t *testing.T) {
	got := New(rules["daily"], time.Time{}).Judge(time.Date(1900, 1, 1, 0, 0, 0, 0, time.UTC), nyse)
	if got.Status != Idle || got.Reason != "no trading day has ended yet" {
		t.Errorf("got %s %q", got.Status, got.Reason)
	}
}
