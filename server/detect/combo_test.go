package detect

import (
	"fmt"
	"testing"
	"time"

	"tierboard/server/market"
)

func setup(pattern string, dir Direction, session int) Setup {
	sign := dir.sign()
	return Setup{ID: pattern, Session: session, Detection: Detection{
		Pattern: pattern, Symbol: "AAPL", Direction: dir, Confidence: 0.8, At: start,
		Plan: Plan{Entry: 100, Stop: 100 - 4*sign, Targets: []float64{100 + 8*sign}},
	}}
}

func trigger(pattern string, dir Direction, from, to float64) Detection {
	return Detection{
		Pattern: pattern, Symbol: "AAPL", Direction: dir, Confidence: 0.8, At: start.Add(time.Hour),
		Bar: market.Bar{Open: from, Close: to}, RelativeVolume: 3,
	}
}

func TestBookMatch(t *testing.T) {
	late := func(d Detection, change func(*Detection)) Detection { change(&d); return d }
	for name, tc := range map[string]struct {
		setup   Setup
		trigger Detection
		want    string // empty: no combination
	}{
		"flag and spike":                  {setup("bull_flag", Bullish, 5), trigger("volume_spike", Bullish, 101, 102), "setup_confirmation"},
		"flag, spike under the entry":     {setup("bull_flag", Bullish, 5), trigger("volume_spike", Bullish, 98, 99), "setup_confirmation"},
		"the bar crosses the entry":       {setup("bull_flag", Bullish, 5), trigger("vwap_break", Bullish, 99.5, 100.5), "daily_entry"},
		"crossing downwards":              {setup("bear_flag", Bearish, 5), trigger("vwap_break", Bearish, 100.5, 99.5), "daily_entry"},
		"breakout and opening range":      {setup("weekly_breakout", Bullish, 5), trigger("opening_range_break", Bullish, 101, 102), "trend_break"},
		"breakout lost again":             {setup("weekly_breakout", Bullish, 5), trigger("vwap_break", Bullish, 98, 99), ""},
		"divergence breaks no trend":      {setup("weekly_breakout", Bullish, 5), trigger("rsi_divergence", Bullish, 101, 102), ""},
		"opening range confirms no flag":  {setup("bull_flag", Bullish, 5), trigger("opening_range_break", Bullish, 101, 102), ""},
		"the other direction":             {setup("bull_flag", Bullish, 5), trigger("volume_spike", Bearish, 102, 101), ""},
		"neutral":                         {setup("bull_flag", Bullish, 5), trigger("volume_spike", Neutral, 101, 101), ""},
		"past the stop":                   {setup("bull_flag", Bullish, 5), trigger("volume_spike", Bullish, 95, 95.5), ""},
		"past the stop of a short":        {setup("bear_flag", Bearish, 5), trigger("volume_spike", Bearish, 105, 104.5), ""},
		"a whisper":                       {setup("bull_flag", Bullish, 5), late(trigger("volume_spike", Bullish, 101, 102), func(d *Detection) { d.Confidence = 0.5 }), ""},
		"found no later than the setup":   {setup("bull_flag", Bullish, 5), late(trigger("volume_spike", Bullish, 101, 102), func(d *Detection) { d.At = start }), ""},
		"another symbol's trigger is not": {setup("bull_flag", Bullish, 5), late(trigger("volume_spike", Bullish, 101, 102), func(d *Detection) { d.Symbol = "IBM" }), ""},
	} {
		t.Run(name, func(t *testing.T) {
			var b Book
			b.Add(tc.setup)
			c, ok := b.Match(tc.trigger, 6)
			if ok != (tc.want != "") || c.Pattern != tc.want {
				t.Fatalf("got %q (%v), want %q", c.Pattern, ok, tc.want)
			}
			if !ok {
				return
			}
			if c.Setup.ID != tc.setup.ID || c.Trigger.Pattern != tc.trigger.Pattern {
				t.Errorf("combination links %q and %q", c.Setup.ID, c.Trigger.Pattern)
			}
			if c.Correlation <= 0 || c.Correlation > 1 || c.Confidence < 0.4 || c.Confidence > 1 {
				t.Errorf("correlation %v, confidence %v", c.Correlation, c.Confidence)
			}
			if again, ok := b.Match(tc.trigger, 6); ok {
				t.Errorf("the same trigger combined twice: %q", again.Pattern)
			}
		})
	}
}

func TestCorrelationFallsWithAgeAndDistance(t *testing.T) {
	corr := func(session int, to float64) float64 {
		var b Book
		b.Add(setup("bull_flag", Bullish, 1))
		c, ok := b.Match(trigger("volume_spike", Bullish, to-0.1, to), session)
		if !ok {
			t.Fatalf("no combination in session %d at %v", session, to)
		}
		return c.Correlation
	}
	if fresh, old := corr(2, 101), corr(8, 101); fresh <= old {
		t.Errorf("fresh %v, old %v", fresh, old)
	}
	if near, far := corr(2, 101), corr(2, 107); near <= far {
		t.Errorf("near %v, far %v", near, far)
	}
}

func TestBestFittingSetupWins(t *testing.T) {
	var b Book
	b.Add(setup("bull_flag", Bullish, 1))
	b.Add(setup("double_bottom", Bullish, 7))
	c, ok := b.Match(trigger("volume_spike", Bullish, 101, 102), 7)
	if !ok || c.Setup.ID != "double_bottom" {
		t.Errorf("got %q, want the fresher setup", c.Setup.ID)
	}
}

func TestBookIsBounded(t *testing.T) {
	var b Book
	for i := range 20 {
		b.Add(setup(fmt.Sprintf("pattern_%d", i), Bullish, 1))
	}
	if b.Len() != maxSetups {
		t.Errorf("%d setups, want %d", b.Len(), maxSetups)
	}
	b.Add(setup("pattern_19", Bullish, 3))
	if b.Len() != maxSetups {
		t.Errorf("the same pattern again made it %d", b.Len())
	}
	b.Expire(1 + setupSessions)
	if b.Len() != maxSetups {
		t.Errorf("%d left on the last session they are good for", b.Len())
	}
	b.Expire(2 + setupSessions)
	if b.Len() != 1 {
		t.Errorf("%d left, want the one that was renewed", b.Len())
	}
	b.Expire(100)
	if b.Len() != 0 {
		t.Errorf("%d left in the end", b.Len())
	}
}
