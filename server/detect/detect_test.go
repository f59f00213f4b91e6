package detect

import (
	"math"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"tierboard/server/market"
)

var start = time.Date(2020, 1, 6, 9, 30, 0, 0, time.UTC)

// bar is a hand-made bar: open, high, low, close, volume.
type bar [5]float64

// days turns hand-made bars into daily ones.
func days(bars ...bar) []market.Bar {
	return series1(24*time.Hour, bars)
}

func series1(span time.Duration, bars []bar) []market.Bar {
	out := make([]market.Bar, len(bars))
	for i, b := range bars {
		out[i] = market.Bar{
			Start: start.Add(time.Duration(i) * span), Span: span,
			Open: b[0], High: b[1], Low: b[2], Close: b[3], Volume: int64(b[4]),
		}
	}
	return out
}

// flat is n bars round a price, two dollars from low to high, which never make a pivot.
func flat(n int, price float64) []bar {
	out := make([]bar, n)
	for i := range out {
		out[i] = bar{price, price + 1, price - 1, price, 1000}
	}
	return out
}

// line is n bars that close a step further each, one dollar of room on both sides.
func line(n int, from, step, volume float64) []bar {
	out := make([]bar, n)
	for i := range out {
		at := from + step*float64(i)
		out[i] = bar{at, max(at, at+step) + 1, min(at, at+step) - 1, at + step, volume}
	}
	return out
}

func join(parts ...[]bar) []bar {
	var out []bar
	for _, p := range parts {
		out = append(out, p...)
	}
	return out
}

// flip mirrors hand-made bars round 200 dollars.
func flip(bars []bar) []bar {
	out := make([]bar, len(bars))
	for i, b := range bars {
		out[i] = bar{200 - b[0], 200 - b[2], 200 - b[1], 200 - b[3], b[4]}
	}
	return out
}

// dip is five bars with one pivot low in the middle.
func dip(price, low float64) []bar {
	out := flat(5, price)
	out[1][2], out[2][2], out[3][2] = (price+low)/2, low, (price+low)/2
	return out
}

func names(ds []Detection) map[string]Direction {
	out := map[string]Direction{}
	for _, d := range ds {
		out[d.Pattern] = d.Direction
	}
	return out
}

// loud gives bars five times their volume.
func loud(bars []bar) []bar {
	out := make([]bar, len(bars))
	for i, b := range bars {
		b[4] *= 5
		out[i] = b
	}
	return out
}

// wave makes a W: down to 92, up to the neck, down to low, and up again to close at the end.
func wave(low, end float64) []bar {
	out := join(flat(25, 106), line(7, 106, -2, 1000), line(4, 92, 2, 1000), line(4, 100, -(100-low)/4, 1000), line(3, low, 2.5, 1000),
		[]bar{{low + 7.5, max(end, low+7.5) + 0.5, low + 6.5, end, 1800}})
	out[31][2] -= 0.5 // the two lows, each below its neighbours
	out[39][2] -= 0.5
	return out
}

func TestDailyRules(t *testing.T) {
	pole := line(5, 100, 3, 2000)
	cloth := []bar{{115, 115.5, 113.5, 114, 900}, {114, 114.5, 112.5, 113, 800}, {113, 113.5, 111.5, 112, 700}, {112, 113, 111.5, 112, 700}}
	breakFlag := bar{113, 117, 112.5, 116.5, 1800}
	base := flat(40, 100)
	for name, tc := range map[string]struct {
		bars       []bar
		bull, bear string
		fires      bool
	}{
		"first close above four weeks on volume is a breakout": {
			join(base, []bar{{100.5, 103.2, 100, 103, 2000}}), "weekly_breakout", "support_break", true,
		},
		"no volume, no breakout": {
			join(base, []bar{{100.5, 103.2, 100, 103, 1000}}), "weekly_breakout", "support_break", false,
		},
		"a high above without the close is no breakout": {
			join(base, []bar{{100.5, 103.2, 100, 100.9, 2000}}), "weekly_breakout", "support_break", false,
		},
		"the second close above is no news": {
			join(base, []bar{{100.5, 103.2, 100, 103, 2000}, {103, 106, 103, 105.5, 2500}}), "weekly_breakout", "support_break", false,
		},
		"pole, quiet flag, close above": {
			join(flat(35, 100), pole, cloth, []bar{breakFlag}), "bull_flag", "bear_flag", true,
		},
		"without a pole there is no flag": {
			join(flat(40, 114), cloth, []bar{breakFlag}), "bull_flag", "bear_flag", false,
		},
		"a flag louder than its pole is none": {
			join(flat(35, 100), pole, loud(cloth), []bar{breakFlag}), "bull_flag", "bear_flag", false,
		},
		"a flag that gives back most of the pole is none": {
			join(flat(35, 100), pole, line(4, 115, -3, 800), []bar{{103, 117.5, 103, 117, 1800}}), "bull_flag", "bear_flag", false,
		},
		"still inside the flag": {
			join(flat(35, 100), pole, cloth, []bar{{112, 113, 111.5, 112.5, 900}}), "bull_flag", "bear_flag", false,
		},
		"third time at a low that held twice": {
			join(flat(20, 100), dip(100, 95), flat(5, 100), dip(100, 95.2), flat(8, 100), []bar{{97, 99.8, 95.1, 99.5, 1500}}),
			"support_test", "resistance_test", true,
		},
		"a low that held once is no support": {
			join(flat(30, 100), dip(100, 95.2), flat(8, 100), []bar{{97, 99.8, 95.1, 99.5, 1500}}),
			"support_test", "resistance_test", false,
		},
		"closing on the low is no test passed": {
			join(flat(20, 100), dip(100, 95), flat(5, 100), dip(100, 95.2), flat(8, 100), []bar{{99, 99.8, 95.1, 95.6, 1500}}),
			"support_test", "resistance_test", false,
		},
		"a support that gave way is none": {
			join(flat(20, 100), dip(100, 95), flat(5, 100), dip(100, 95.2), flat(2, 100), []bar{{95, 95, 93, 93.5, 1000}}, flat(6, 100), []bar{{97, 99.8, 95.1, 99.5, 1500}}),
			"support_test", "resistance_test", false,
		},
		"two like lows and a close above the neck": {wave(91.5, 103), "double_bottom", "double_top", true},
		"still under the neck":                     {wave(91.5, 100.5), "double_bottom", "double_top", false},
		"unlike lows":                              {wave(84, 103), "double_bottom", "double_top", false},
	} {
		t.Run(name, func(t *testing.T) {
			for _, side := range []struct {
				pattern string
				dir     Direction
				bars    []bar
			}{{tc.bull, Bullish, tc.bars}, {tc.bear, Bearish, flip(tc.bars)}} {
				bars := days(side.bars...)
				got := Daily("AAPL", bars)
				dir, ok := names(got)[side.pattern]
				if ok != tc.fires || (ok && dir != side.dir) {
					t.Errorf("%s fires: %v (%v), want %v; all: %v", side.pattern, ok, dir, tc.fires, names(got))
				}
				for _, d := range got {
					checkSound(t, d)
					if !d.At.Equal(bars[len(bars)-1].End()) || d.Symbol != "AAPL" || d.Timeframe != "1day" {
						t.Errorf("detection is not about the last session: %+v", d)
					}
				}
			}
		})
	}
}

func checkSound(t interface {
	Helper()
	Errorf(string, ...any)
}, d Detection,
) {
	t.Helper()
	if !(d.Confidence >= 0.4 && d.Confidence <= 1) || !(d.RSI >= 0 && d.RSI <= 100) || d.RelativeVolume < 0 || d.Pattern == "" {
		t.Errorf("unsound detection %+v", d)
	}
	if d.Direction == Neutral {
		if len(d.Plan.Targets) != 0 || d.Plan.Reward() != 0 {
			t.Errorf("neutral detection with a plan: %+v", d)
		}
		return
	}
	sign := d.Direction.sign()
	if (d.Plan.Entry-d.Plan.Stop)*sign <= 0 {
		t.Errorf("%s %s: stop %v on the wrong side of entry %v", d.Pattern, d.Direction, d.Plan.Stop, d.Plan.Entry)
	}
	for _, target := range d.Plan.Targets {
		if (target-d.Plan.Entry)*sign <= 0 {
			t.Errorf("%s %s: target %v on the wrong side of entry %v", d.Pattern, d.Direction, target, d.Plan.Entry)
		}
	}
}

func TestStrongerEvidenceMeansMoreConfidence(t *testing.T) {
	at := func(close, volume float64) float64 {
		for _, d := range Daily("X", days(join(flat(40, 100), []bar{{100.5, close + 0.1, 100, close, volume}})...)) {
			if d.Pattern == "weekly_breakout" {
				return d.Confidence
			}
		}
		t.Fatalf("no breakout at %v on %v", close, volume)
		return 0
	}
	weak, louder, strongest := at(101.4, 1150), at(101.4, 2400), at(104, 2400)
	if !(weak < louder && louder < strongest && strongest > 0.9) {
		t.Errorf("confidences %v, %v, %v: want them to rise, the last above 0.9", weak, louder, strongest)
	}
}

func TestDailyWantsThirtySessions(t *testing.T) {
	bars := join(flat(28, 100), []bar{{100.5, 103.2, 100, 103, 2000}})
	if got := Daily("X", days(bars...)); got != nil {
		t.Errorf("29 sessions gave %v", names(got))
	}
	still := make([]bar, 40)
	for i := range still {
		still[i] = bar{100, 100, 100, 100, 10}
	}
	if got := Daily("X", days(still...)); got != nil {
		t.Errorf("a price that never moved gave %v", names(got))
	}
}

func TestPlan(t *testing.T) {
	p := Plan{Entry: 100, Stop: 98, Targets: []float64{103, 106}}
	if got := p.Reward(); got != 3 {
		t.Errorf("reward %v, want 3", got)
	}
	if d := cmp.Diff(Plan{Entry: -100, Stop: -98, Targets: []float64{-103, -106}}, p.mirrored()); d != "" {
		t.Error(d)
	}
	if d := cmp.Diff(Plan{Entry: 1.23, Stop: 0.5, Targets: []float64{2}}, Plan{Entry: 1.2345, Stop: 0.5, Targets: []float64{2.001, -3}}.rounded()); d != "" {
		t.Errorf("a target that is no price must go:\n%s", d)
	}
}

func TestDirectionNames(t *testing.T) {
	for d, want := range map[Direction]string{Neutral: "neutral", Bullish: "bullish", Bearish: "bearish"} {
		if d.String() != want {
			t.Errorf("%d is %q, want %q", d, d, want)
		}
	}
}

func TestRelativeStrengthAgainstPlainSums(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		moves := rapid.SliceOfN(rapid.Float64Range(-5, 5), 15, 60).Draw(t, "moves")
		bars := make([]market.Bar, len(moves))
		price := 1000.0
		for i, m := range moves {
			price += m
			bars[i].Close = price
		}
		got := relativeStrength(bars)
		// The oracle: Wilder's averages from their definition, kept apart from the code under test.
		up, down := 0.0, 0.0
		for i := 1; i <= 14; i++ {
			up += max(0, bars[i].Close-bars[i-1].Close)
			down += max(0, bars[i-1].Close-bars[i].Close)
		}
		up, down = up/14, down/14
		for i := 15; i < len(bars); i++ {
			up = (up*13 + max(0, bars[i].Close-bars[i-1].Close)) / 14
			down = (down*13 + max(0, bars[i-1].Close-bars[i].Close)) / 14
		}
		want := 50.0
		if up+down > 0 {
			want = 100 - 100/(1+up/max(down, 1e-300))
		}
		if math.Abs(got-want) > 1e-6 {
			t.Fatalf("RSI %v, want %v", got, want)
		}
		if flipped := relativeStrength(mirror(bars)); up+down > 0 && math.Abs(flipped-(100-want)) > 1e-6 {
			t.Fatalf("mirrored RSI %v, want %v", flipped, 100-want)
		}
	})
}

func TestMirroredSeriesGivesMirroredDetections(t *testing.T) {
	m, err := market.New(market.Config{Seed: 11, History: 260})
	if err != nil {
		t.Fatal(err)
	}
	other := map[string]string{}
	for _, r := range dailyRules() {
		other[r.bullish], other[r.bearish] = r.bearish, r.bullish
	}
	total := 0
	for i := range m.Symbols() {
		all := m.Daily(i)
		for end := dailyLeast; end <= len(all); end++ {
			bars := all[:end]
			upside := mirror(bars)
			want := map[string]float64{}
			for _, d := range Daily("X", bars) {
				checkSound(t, d)
				want[other[d.Pattern]] = d.Confidence
				total++
			}
			got := map[string]float64{}
			for _, d := range Daily("X", upside) {
				got[d.Pattern] = d.Confidence
			}
			if d := cmp.Diff(want, got); d != "" {
				t.Fatalf("symbol %d, session %d: %s", i, end, d)
			}
		}
	}
	if total < 1000 {
		t.Errorf("only %d detections in 60 symbols' year", total)
	}
}

func TestMeasuresOfNothing(t *testing.T) {
	if trueRange(nil) != 0 || meanVolume(nil) != 0 || relative(5, nil) != 1 || closeAt(market.Bar{}) != 0.5 || changePct(5, 0) != 0 {
		t.Error("a measure of nothing must be its neutral value")
	}
}
