package card

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"tierboard/app/board"
	"tierboard/app/format"
	"tierboard/shared/event"
)

func TestCardSaysWhatTheEventSays(t *testing.T) {
	now := time.Date(2026, 11, 20, 19, 31, 11, 0, time.UTC)
	v := &Viewer{Exchange: func(time.Time) (int, string) { return -5 * 3600, "EST" }, Local: format.UTC}
	v.Zone = v.Exchange
	base := func(tier event.Tier, c float64) *event.Event {
		return &event.Event{
			Kind: event.Pattern, ID: "x", Tier: tier, Confidence: c, Priority: event.PriorityOf(c), DetectedAt: now.Add(-4 * time.Second),
			Scope: event.Scope{Symbol: "AAPL", Pattern: "volume_spike", Label: "Volume Spike", Timeframe: "5min", Direction: event.Bullish},
			Price: event.Num(229.41), ChangePct: event.Num(-0.84), RelativeVolume: event.Num(4.2),
		}
	}
	intraday := base(event.Intraday, 0.91)
	intraday.Intraday = &event.IntradayDetail{RealTime: true}
	combo := base(event.Combo, 0.86)
	combo.Combo = &event.ComboDetail{
		Correlation: event.Num(0.86),
		Setup:       &event.Link{ID: "d", Kind: event.LinkExact, Label: "Bull Flag"},
		Trigger:     &event.Link{Kind: event.LinkInferred, Label: "Volume Spike", Timeframe: "5min"},
	}
	cases := []struct {
		name string
		card *board.Card
		want View
	}{
		{"intraday", &board.Card{Event: intraday, Repeats: 3}, View{
			Class: "card intraday up critical", Label: "AAPL Volume Spike ×3, bullish, confidence 91 percent, critical priority, 229.41 dollars, change −0.84%, 14:31:07",
			Symbol: "AAPL", Pattern: "Volume Spike ×3", Badge: "Critical", When: "14:31:07", Age: "4s", Price: "229.41", Change: "−0.84%", ChangeClass: "chg loss",
			Timeframe: "5m", Note: "vol 4.2×", Confidence: "91", Meter: "conf m5",
		}},
		{"combo", &board.Card{Event: combo, Repeats: 1}, View{
			Class: "card combo up high", Label: "AAPL Volume Spike, bullish, confidence 86 percent, high priority, setup Bull Flag, trigger Volume Spike 5m, 20 Nov 14:31:07",
			Symbol: "AAPL", Pattern: "Volume Spike", Badge: "High", When: "20 Nov 14:31:07", Age: "4s", Note: "correlation 0.86", Confidence: "86", Meter: "conf m4",
			Setup: "Bull Flag", SetupClass: "leg daily exact", Trigger: "Volume Spike 5m", TriggerClass: "leg intraday inferred",
		}},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			got := v.View(c.card, now)
			if d := cmp.Diff(c.want, got, cmp.AllowUnexported(View{})); d != "" {
				t.Errorf("(-want +got):\n%s", d)
			}
		})
	}
	bare := &event.Event{Kind: event.Pattern, ID: "y", Tier: event.Combo, DetectedAt: now, Combo: &event.ComboDetail{}}
	if got := v.View(&board.Card{Event: bare}, now); got.Setup != "no setup" || got.Trigger != "no trigger" {
		t.Errorf("a combo without links shows %q and %q", got.Setup, got.Trigger)
	}
}

func TestCardsSayThatTheyEnd(t *testing.T) {
	now := time.Date(2026, 11, 20, 19, 0, 0, 0, time.UTC)
	v := &Viewer{Exchange: format.UTC, Local: format.UTC, Zone: format.UTC}
	for _, c := range []struct {
		left  time.Duration
		class string
		note  string
	}{
		{time.Hour, "card intraday", "vol 4.2×"},
		{5 * time.Minute, "card intraday ending", "5 m left"},
		{-time.Minute, "card intraday expired", "expired"},
	} {
		e := &event.Event{
			Kind: event.Pattern, ID: "x", Tier: event.Intraday, DetectedAt: now.Add(-time.Hour), ExpiresAt: now.Add(c.left), RelativeVolume: event.Num(4.2),
			Scope: event.Scope{Symbol: "AAPL", Pattern: "doji", Label: "Doji"}, Intraday: &event.IntradayDetail{},
		}
		got := v.View(&board.Card{Event: e, Repeats: 1}, now)
		if note := strings.ReplaceAll(got.Note, "\u00a0", " "); got.Class != c.class || note != c.note {
			t.Errorf("%v left: class %q, note %q, want %q and %q", c.left, got.Class, note, c.class, c.note)
		}
		if ends := c.left < time.Hour; ends != strings.Contains(got.Label, got.Note) {
			t.Errorf("%v left: a screen reader hears %q", c.left, got.Label)
		}
	}
}
