package format

import (
	"math"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"tierboard/shared/event"
	"tierboard/shared/wire"
)

// plain makes no-break spaces ordinary ones, so that tables can be read.
func plain(s string) string { return strings.ReplaceAll(s, nbsp, " ") }

// at reads an instant: "2026-11-20 19:31:07".
func at(s string) time.Time {
	t, err := time.Parse(time.DateTime, s)
	if err != nil {
		panic(err)
	}
	return t
}

// fixedZone is a Zone that never changes.
func fixedZone(hours int, name string) Zone {
	return func(time.Time) (int, string) { return hours * 3600, name }
}

var (
	newYork = fixedZone(-5, "EST")
	berlin  = fixedZone(1, "CET")
	now     = at("2026-11-20 19:31:11") // a Friday, 14:31:11 in New York
)

func TestNumbers(t *testing.T) {
	tests := []struct{ name, got, want string }{
		{"confidence", Confidence(0.912), "91"},
		{"confidence rounds down", Confidence(0.8999), "89"},
		{"confidence undoes float error", Confidence(0.29), "29"},
		{"confidence 1", Confidence(1), "100"},
		{"confidence above", Confidence(7), "100"},
		{"confidence below", Confidence(-1), "0"},
		{"confidence no number", Confidence(math.NaN()), "0"},
		{"confidence spoken", ConfidenceSpoken(0.91), "confidence 91 percent"},
		{"price", Price(229.406), "229.41"},
		{"price grouped", Price(1843200.5), "1,843,200.50"},
		{"price below a dollar", Price(0.42135), "0.4214"},
		{"price zero", Price(0), "0.00"},
		{"price negative", Price(-37.63), "−37.63"},
		{"price none", Price(math.Inf(1)), "–"},
		{"change up", SignedPercent(0.84), "+0.84%"},
		{"change down", SignedPercent(-1234.5), "−1,234.50%"},
		{"change zero", SignedPercent(0), "0.00%"},
		{"change rounds to zero from above", SignedPercent(0.004), "0.00%"},
		{"change rounds to zero from below", SignedPercent(-0.004), "0.00%"},
		{"ratio", Ratio(4.21), "4.2×"},
		{"ratio large", Ratio(12.4), "12×"},
		{"ratio at ten", Ratio(9.96), "10×"},
		{"correlation", Correlation(0.856), "0.86"},
		{"count", Count(12480), "12,480"},
		{"count small", Count(999), "999"},
		{"count negative", Count(-1000), "−1,000"},
		{"one is no repeat", Repeats(1), ""},
		{"repeats", Repeats(3), "×3"},
		{"singular", Plural(1, "event"), "1 event"},
		{"plural", Plural(1200, "event"), "1,200 events"},
		{"no plural of none", Plural(0, "event"), "0 events"},
		{"short text", Clip("short", 5), "short"},
		{"long text", Clip("Ümläut text", 7), "Ümläut…"},
	}
	for _, tt := range tests {
		if tt.got != tt.want {
			t.Errorf("%s: %q, want %q", tt.name, tt.got, tt.want)
		}
	}
}

func TestStepsAgreeWithNumber(t *testing.T) {
	for c, want := range map[float64]int{0: 0, 0.4999: 0, 0.5: 1, 0.6: 2, 0.7: 3, 0.7999: 3, 0.8: 4, 0.9: 5, 1: 5, 3: 5, -2: 0} {
		if got := Steps(c); got != want {
			t.Errorf("Steps(%v) = %d, want %d", c, got, want)
		}
	}
}

// TestConfidenceNeverClaimsTooMuch holds number and priority together.
func TestConfidenceNeverClaimsTooMuch(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		c := rapid.Float64Range(0, 1).Draw(t, "confidence")
		if p := percent(c); (p >= 90) != (event.PriorityOf(c+1e-10) == event.Critical) {
			t.Errorf("%v shows %d and is %v", c, p, event.PriorityOf(c))
		}
	})
}

func TestDurations(t *testing.T) {
	tests := []struct{ name, got, want string }{
		{"age to come", Age(-time.Second), "0s"},
		{"age", Age(4900 * time.Millisecond), "4s"},
		{"age below a minute", Age(59 * time.Second), "59s"},
		{"age minutes", Age(2*time.Minute + 59*time.Second), "2m"},
		{"age hours", Age(23 * time.Hour), "23h"},
		{"age days", Age(75 * time.Hour), "3d"},
		{"ago now", Ago(999 * time.Millisecond), "now"},
		{"ago to come", Ago(-time.Second), "now"},
		{"ago seconds", Ago(3 * time.Second), "3 s ago"},
		{"ago minutes", Ago(3 * time.Minute), "3 min ago"},
		{"ago hours", Ago(47 * time.Hour), "47 h ago"},
		{"ago days", Ago(48 * time.Hour), "2 d ago"},
		{"span past", Span(-time.Second), "0 s"},
		{"span rounds up", Span(3100 * time.Millisecond), "4 s"},
		{"span just below a minute", Span(59*time.Second + 1), "1 m"},
		{"span minutes", Span(28 * time.Minute), "28 m"},
		{"span just below an hour", Span(time.Hour - 1), "1 h"},
		{"span hours", Span(time.Hour + 28*time.Minute), "1 h 28 m"},
		{"span days", Span(51 * time.Hour), "2 d 3 h"},
		{"span whole days", Span(48 * time.Hour), "2 d"},
		{"millis", Millis(38400 * time.Microsecond), "38 ms"},
		{"many millis", Millis(1200 * time.Millisecond), "1,200 ms"},
		{"seconds", Millis(12 * time.Second), "12 s"},
	}
	for _, tt := range tests {
		if plain(tt.got) != tt.want {
			t.Errorf("%s: %q, want %q", tt.name, plain(tt.got), tt.want)
		}
	}
}

// eventAt makes an event of a tier.
func eventAt(t event.Tier, detected string, change func(*event.Event)) *event.Event {
	e := &event.Event{Tier: t, DetectedAt: at(detected)}
	if change != nil {
		change(e)
	}
	return e
}

func TestCardTime(t *testing.T) {
	session := func(d string) func(*event.Event) { return func(e *event.Event) { e.SessionDate = d } }
	tests := []struct {
		name string
		e    *event.Event
		want string
	}{
		{"daily of today", eventAt(event.Daily, "2026-11-20 14:00:00", nil), "Today"},
		{"daily of another day", eventAt(event.Daily, "2026-11-18 21:42:00", nil), "Wed 18 Nov"},
		{"daily of another year", eventAt(event.Daily, "2025-12-30 21:42:00", nil), "Tue 30 Dec 2025"},
		{"daily by its trading day", eventAt(event.Daily, "2026-11-20 14:00:00", session("2026-11-19")), "Thu 19 Nov"},
		{"daily with a bad trading day", eventAt(event.Daily, "2026-11-19 14:00:00", session("?")), "Thu 19 Nov"},
		{"intraday of today", eventAt(event.Intraday, "2026-11-20 19:31:07", nil), "14:31:07"},
		{"intraday late yesterday, today in universal time", eventAt(event.Intraday, "2026-11-20 04:59:59", nil), "19 Nov 23:59:59"},
		{"combo", eventAt(event.Combo, "2026-11-20 19:31:07", nil), "20 Nov 14:31:07"},
	}
	for _, tt := range tests {
		if got := CardTime(tt.e, now, newYork); got != tt.want {
			t.Errorf("%s: %q, want %q", tt.name, got, tt.want)
		}
	}
}

func TestCardNote(t *testing.T) {
	tests := []struct {
		name string
		e    *event.Event
		want string
	}{
		{"daily", eventAt(event.Daily, "2026-11-19 21:42:00", func(e *event.Event) {
			e.Daily = &event.DailyDetail{MarketSession: event.PostMarket}
			e.ExpiresAt = at("2026-11-25 21:00:00")
		}), "Post-mkt · 3 d left"},
		{"daily without session", eventAt(event.Daily, "2026-11-19 21:42:00", func(e *event.Event) { e.ExpiresAt = at("2026-11-20 21:00:00") }), "last day"},
		{"daily without anything", eventAt(event.Daily, "2026-11-19 21:42:00", func(e *event.Event) { e.Daily = &event.DailyDetail{} }), ""},
		{"intraday", eventAt(event.Intraday, "2026-11-20 19:31:07", func(e *event.Event) { e.RelativeVolume = event.Num(4.2) }), "vol 4.2×"},
		{"intraday without volume", eventAt(event.Intraday, "2026-11-20 19:31:07", nil), ""},
		{"combo", eventAt(event.Combo, "2026-11-20 19:31:07", func(e *event.Event) { e.Combo = &event.ComboDetail{Correlation: event.Num(0.86)} }), "correlation 0.86"},
		{"combo without detail", eventAt(event.Combo, "2026-11-20 19:31:07", nil), ""},
		{"no tier", eventAt(event.TierNone, "2026-11-20 19:31:07", nil), ""},
	}
	for _, tt := range tests {
		if got := plain(CardNote(tt.e, now, newYork)); got != tt.want {
			t.Errorf("%s: %q, want %q", tt.name, got, tt.want)
		}
	}
}

func TestLeft(t *testing.T) {
	tests := []struct {
		tier    event.Tier
		expires string
		want    string
		soon    bool
	}{
		{event.Daily, "2026-11-20 19:31:11", "expired", false},
		{event.Daily, "2026-11-20 21:00:00", "last day", true},
		{event.Daily, "2026-11-22 21:00:00", "last day", false}, // a Sunday: no trading day remains after today
		{event.Daily, "2026-11-23 21:00:00", "1 d left", false},
		{event.Daily, "2026-12-11 21:00:00", "15 d left", false},
		{event.Intraday, "2026-11-20 19:57:00", "26 m left", true},
		{event.Intraday, "2026-11-20 21:31:11", "2 h left", true},
		{event.Intraday, "2026-11-20 23:31:11", "4 h left", true},
		{event.Combo, "2026-11-20 21:01:11", "1 h 30 m left", true},
		{event.Combo, "2026-11-23 20:31:11", "3 d left", false},
	}
	for _, tt := range tests {
		e := eventAt(tt.tier, "2026-11-19 21:42:00", func(e *event.Event) { e.ExpiresAt = at(tt.expires) })
		if got := plain(Left(e, now, newYork)); got != tt.want {
			t.Errorf("%v to %s: %q, want %q", tt.tier, tt.expires, got, tt.want)
		}
		if got := ExpiringSoon(e, now); got != tt.soon {
			t.Errorf("%v to %s: soon is %v", tt.tier, tt.expires, got)
		}
	}
	if e := eventAt(event.Daily, "2026-11-19 21:42:00", nil); Left(e, now, newYork) != "" || ExpiringSoon(e, now) {
		t.Error("an event without an end ends")
	}
}

// TestWeekdaysByCounting holds the arithmetic to counting days one by one.
func TestWeekdaysByCounting(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		from := rapid.Int64Range(-1000, 40000).Draw(t, "from")
		to := from + rapid.Int64Range(-3, 60).Draw(t, "days")
		want := 0
		for d := from + 1; d <= to; d++ {
			if w := time.Unix(d*86400, 0).UTC().Weekday(); w != time.Saturday && w != time.Sunday {
				want++
			}
		}
		if got := weekdays(from, to); got != want {
			t.Errorf("from %d to %d: %d, want %d", from, to, got, want)
		}
	})
}

func TestStamps(t *testing.T) {
	e := eventAt(event.Intraday, "2026-11-20 19:31:07", nil)
	unsaid := Delays(e, now)
	e.ReceivedAt = e.DetectedAt.Add(22 * time.Millisecond)
	evening := at("2026-11-21 00:30:00")
	tests := []struct{ name, got, want string }{
		{"clock", Clock(now, newYork), "14:31:11"},
		{"hour and minute", HourMinute(now, berlin), "20:31"},
		{"nil zone is universal", Clock(now, nil), "19:31:11"},
		{"zone name", ZoneName(now, newYork), "EST"},
		{"stamp", Stamp(now, newYork), "Fri 20 Nov 2026 14:31:11 EST"},
		{"tooltip", Tooltip(now, newYork, berlin), "Fri 20 Nov 2026 14:31:11 EST\n20:31:11 CET\n19:31:11 UTC"},
		{"tooltip across midnight", Tooltip(evening, newYork, berlin), "Fri 20 Nov 2026 19:30:00 EST\nSat 21 Nov 01:30:00 CET\nSat 21 Nov 00:30:00 UTC"},
		{"tooltip of a reader in New York", Tooltip(now, newYork, newYork), "Fri 20 Nov 2026 14:31:11 EST\n19:31:11 UTC"},
		{"tooltip of a reader on universal time", Tooltip(now, newYork, UTC), "Fri 20 Nov 2026 14:31:11 EST\n19:31:11 UTC"},
		{"day", DayLabel(evening, now, newYork), "Today"},
		{"other day", DayLabel(evening, now, berlin), "Sat 21 Nov"},
		{"offline today", OfflineSince(now, now, newYork), "14:31 EST today"},
		{"offline since", OfflineSince(now, now.Add(48*time.Hour), newYork), "14:31 EST Fri 20 Nov"},
		{"delays", plain(Delays(e, e.ReceivedAt.Add(38*time.Millisecond))), "detected → received 22 ms → shown 38 ms"},
		{"delays not shown", plain(Delays(e, time.Time{})), "detected → received 22 ms"},
		{"delays on crossed clocks", plain(Delays(e, e.DetectedAt)), "detected → received 22 ms → shown 0 ms"},
		{"delays unknown", unsaid, ""},
	}
	for _, tt := range tests {
		if tt.got != tt.want {
			t.Errorf("%s: %q, want %q", tt.name, tt.got, tt.want)
		}
	}
}

func TestWords(t *testing.T) {
	tests := []struct{ got, want string }{
		{Timeframe("5min"), "5m"},
		{Timeframe("15min"), "15m"},
		{Timeframe("1hour"), "1h"},
		{Timeframe("daily"), "1D"},
		{Timeframe("weekly"), "1W"},
		{Timeframe("monthly"), "1M"},
		{Timeframe("min"), "min"},
		{Timeframe("something long"), "somethi…"},
		{Timeframe(""), ""},
		{SessionShort(event.PreMarket), "Pre-mkt"},
		{SessionShort(event.Regular), "Regular"},
		{SessionShort(event.Closed), "Closed"},
		{SessionShort("lunch"), ""},
		{TierName(event.Daily) + TierName(event.Intraday) + TierName(event.Combo) + TierName(event.TierNone), "DailyIntradayCombo"},
		{Badge(event.Critical) + Badge(event.High) + Badge(event.Medium) + Badge(event.Low), "CriticalHigh"},
		{Direction(event.Bullish) + Direction(event.Bearish) + Direction(event.Neutral) + Direction(""), "BullishBearishNeutral"},
		{Status("ok"), "ok"},
		{Status("<b>"), "unknown"},
	}
	for _, tt := range tests {
		if tt.got != tt.want {
			t.Errorf("%q, want %q", tt.got, tt.want)
		}
	}
	meanings := map[string]bool{}
	for _, s := range []string{"ok", "idle", "late", "stale", "down", "?"} {
		meanings[StatusMeaning(s)] = true
	}
	if len(meanings) != 6 {
		t.Errorf("states share a meaning: %v", meanings)
	}
}

func TestMarket(t *testing.T) {
	monday := at("2026-11-23 14:30:00")
	tests := []struct {
		name         string
		m            *wire.Market
		now          time.Time
		is, next     string
		marketsOpens string
	}{
		{"unknown", nil, now, "", "", ""},
		{"open", &wire.Market{Session: "regular", ClosesAt: at("2026-11-20 21:00:00"), NextOpen: monday}, now, "NYSE open", "closes in 1 h 29 m", ""},
		{"open, early close", &wire.Market{Session: "regular", ClosesAt: at("2026-11-20 19:51:11"), EarlyClose: true}, now, "NYSE open", "closes early, in 20 m", ""},
		{"open, end unknown", &wire.Market{Session: "regular"}, now, "NYSE open", "", ""},
		{"before the open", &wire.Market{Session: "pre_market", NextOpen: monday}, monday.Add(-42 * time.Minute), "NYSE pre-market", "opens in 42 m", "Markets open in 42 m"},
		{"after hours", &wire.Market{Session: "post_market", NextOpen: monday}, at("2026-11-20 22:00:00"), "NYSE after hours", "opens Mon 09:30", "Markets open in 2 d 16 h"},
		{"night before", &wire.Market{Session: "closed", NextOpen: monday}, at("2026-11-23 06:00:00"), "NYSE closed", "opens 09:30", "Markets open in 8 h 30 m"},
		{"holiday", &wire.Market{Session: "closed", Holiday: "Thanksgiving Day", NextOpen: monday}, at("2026-11-21 06:00:00"), "NYSE closed: Thanksgiving Day", "opens Mon 09:30", "Markets open in 2 d 8 h"},
		{"long closure", &wire.Market{Session: "closed", NextOpen: monday}, at("2026-11-10 06:00:00"), "NYSE closed", "opens Mon 23 Nov 09:30", "Markets open in 13 d 8 h"},
		{"next open unknown", &wire.Market{Session: "closed"}, now, "NYSE closed", "", ""},
	}
	for _, tt := range tests {
		is, next := Market(tt.m, tt.now, newYork)
		if is != tt.is || plain(next) != tt.next {
			t.Errorf("%s: %q, %q; want %q, %q", tt.name, is, plain(next), tt.is, tt.next)
		}
		if got := plain(MarketsOpen(tt.m, tt.now)); got != tt.marketsOpens {
			t.Errorf("%s: %q, want %q", tt.name, got, tt.marketsOpens)
		}
	}
}
