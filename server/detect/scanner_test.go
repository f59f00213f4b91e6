package detect

import (
	"testing"
	"time"

	"tierboard/server/market"
)

// calm is n minutes that go nowhere: a tenth of a dollar up and down, a thousand shares.
func calm(n int, price float64) []bar {
	out := make([]bar, n)
	for i := range out {
		d := 0.05
		if i%2 == 1 {
			d = -d
		}
		out[i] = bar{price - d, price + 0.1, price - 0.1, price + d, 1000}
	}
	return out
}

// walk is n minutes that move by step each.
func walk(n int, from, step, volume float64) []bar {
	out := make([]bar, n)
	for i := range out {
		at := from + float64(i)*step
		out[i] = bar{at, max(at, at+step) + 0.03, min(at, at+step) - 0.03, at + step, volume}
	}
	return out
}

// scan plays minutes into a scanner and returns what fired on the given frame during the last of them.
func scan(t *testing.T, frame string, bars []bar) []Detection {
	t.Helper()
	s := NewScanner("NVDA", 100)
	var out []Detection
	minutes := series1(time.Minute, bars)
	for i, b := range minutes {
		found := s.Minute(b)
		for _, d := range found {
			checkSound(t, d)
			if !d.At.Equal(b.End()) {
				t.Errorf("%s found at %v, bar ends %v", d.Pattern, d.At, b.End())
			}
		}
		if i == len(minutes)-1 {
			for _, d := range found {
				if d.Timeframe == frame {
					out = append(out, d)
				}
			}
		}
	}
	return out
}

func TestIntradayRules(t *testing.T) {
	// Falling to an oversold low, a rebound, then a slow slide to a lower low.
	first := join(calm(25, 100), walk(8, 100, -0.25, 1000), walk(6, 98, 0.15, 1000))
	slide := func(step float64) []bar {
		s := walk(14, 98.9, step, 900)
		end := s[13][3]
		return append(s, bar{end, end + 0.12, end - 0.12, end + 0.1, 1000})
	}
	under := join(calm(21, 100), walk(6, 100, -0.1, 1000), calm(10, 99.4)) // below VWAP for a while
	for name, tc := range map[string]struct {
		bars    []bar
		pattern string
		fires   bool
		dir     Direction
	}{
		"five times the volume and a body up": {
			join(calm(25, 100), []bar{{100, 100.4, 99.95, 100.35, 5000}}), "volume_spike", true, Bullish,
		},
		"the same without a body is neutral": {
			join(calm(25, 100), []bar{{100, 100.2, 99.8, 100.01, 5000}}), "volume_spike", true, Neutral,
		},
		"three times the volume is no spike": {
			join(calm(25, 100), []bar{{100, 100.4, 99.95, 100.35, 3000}}), "volume_spike", false, Neutral,
		},
		"twenty bars of history are needed": {
			join(calm(19, 100), []bar{{100, 100.4, 99.95, 100.35, 9000}}), "volume_spike", false, Neutral,
		},
		"back above VWAP on volume": {
			join(under, []bar{{99.5, 100.4, 99.45, 100.35, 2500}}), "vwap_break", true, Bullish,
		},
		"above VWAP without volume": {
			join(under, []bar{{99.5, 100.4, 99.45, 100.35, 900}}), "vwap_break", false, Neutral,
		},
		"not through VWAP": {
			join(under, []bar{{99.4, 99.6, 99.35, 99.55, 2500}}), "vwap_break", false, Neutral,
		},
		"above VWAP all the time": {
			join(calm(21, 100), walk(10, 100, 0.1, 1000), []bar{{101, 101.5, 101, 101.4, 2500}}), "vwap_break", false, Neutral,
		},
		"lower low, higher RSI":  {join(first, slide(-0.07)), "rsi_divergence", true, Bullish},
		"higher low, higher RSI": {join(first, slide(-0.03)), "rsi_divergence", false, Neutral},
		"lower low, lower RSI":   {join(first, slide(-0.4)), "rsi_divergence", false, Neutral},
	} {
		t.Run(name, func(t *testing.T) {
			sides := []struct {
				bars []bar
				dir  Direction
			}{{tc.bars, tc.dir}, {flip(tc.bars), map[Direction]Direction{Bullish: Bearish, Neutral: Neutral}[tc.dir]}}
			for _, side := range sides {
				dir, ok := names(scan(t, "1min", side.bars))[tc.pattern]
				if ok != tc.fires || (ok && dir != side.dir) {
					t.Errorf("fires: %v (%v), want %v (%v)", ok, dir, tc.fires, side.dir)
				}
			}
		})
	}
}

func TestOpeningRangeBreakOncePerSession(t *testing.T) {
	// 105 quiet minutes make the twenty-one five-minute bars that the averages need.
	up := join(calm(105, 100), walk(5, 100, 0.15, 2000), walk(5, 100.75, -0.3, 2000), walk(5, 99.25, 0.4, 3000))
	for _, side := range []struct {
		bars []bar
		dir  Direction
	}{{up, Bullish}, {flip(up), Bearish}} {
		s := NewScanner("NVDA", 100)
		play := func() (out []Detection) {
			for _, b := range series1(time.Minute, side.bars) {
				for _, d := range s.Minute(b) {
					if d.Pattern == "opening_range_break" {
						out = append(out, d)
					}
				}
			}
			return out
		}
		got := play()
		if len(got) != 1 || got[0].Direction != side.dir || got[0].Timeframe != "5min" {
			t.Errorf("%v: got %+v, want one break on 5min", side.dir, got)
		}
		s.EndSession()
		if again := play(); len(again) != 1 {
			t.Errorf("%v: next session had %d breaks, want one", side.dir, len(again))
		}
	}
}

func TestARuleKeepsStillAfterItFired(t *testing.T) {
	spike := bar{100, 100.4, 99.95, 100.35, 9000}
	count := func(gap int) int {
		s := NewScanner("NVDA", 100)
		n := 0
		for _, b := range series1(time.Minute, join(calm(25, 100), []bar{spike}, calm(gap, 100), []bar{spike})) {
			for _, d := range s.Minute(b) {
				if d.Timeframe == "1min" && d.Pattern == "volume_spike" {
					n++
				}
			}
		}
		return n
	}
	if got := count(30); got != 1 {
		t.Errorf("two spikes half an hour apart were reported %d times, want once", got)
	}
	if got := count(59); got != 2 {
		t.Errorf("two spikes an hour apart were reported %d times, want twice", got)
	}
}

func TestFramesMergeMinutes(t *testing.T) {
	bars := join(calm(100, 100), walk(5, 100, 0.1, 9000))
	found := map[string]Detection{}
	for _, d := range append(scan(t, "5min", bars), scan(t, "15min", bars)...) {
		found[d.Timeframe+" "+d.Pattern] = d
	}
	d, ok := found["5min volume_spike"]
	if !ok {
		t.Fatalf("no five-minute spike in %v", found)
	}
	if d.Bar.Volume != 45_000 || d.Bar.Span != 5*time.Minute || d.Bar.Open != 100 || d.RelativeVolume != 9 {
		t.Errorf("five-minute bar %+v, relative volume %v", d.Bar, d.RelativeVolume)
	}
	if d.ChangePct != 0.5 {
		t.Errorf("change %v %%, want 0.5 from the close before", d.ChangePct)
	}
	if len(found) > 3 {
		t.Errorf("fifteen-minute rules fired on seven bars: %v", found)
	}
}

func TestScannerIsSoundAndSpreadOnALongRun(t *testing.T) {
	m, err := market.New(market.Config{Seed: 2, History: 1})
	if err != nil {
		t.Fatal(err)
	}
	var scanners []*Scanner
	for i, s := range m.Symbols() {
		scanners = append(scanners, NewScanner(s, m.Daily(i)[0].Close))
	}
	const sessions = 3
	bands := map[string]int{}
	total := 0
	for range sessions * market.SessionMinutes {
		tick := m.Next()
		for i, b := range tick.Bars {
			for _, d := range scanners[i].Minute(b) {
				checkSound(t, d)
				total++
				switch {
				case d.Confidence >= 0.9:
					bands["critical"]++
				case d.Confidence >= 0.8:
					bands["high"]++
				case d.Confidence >= 0.6:
					bands["medium"]++
				default:
					bands["low"]++
				}
			}
			if tick.Closed {
				scanners[i].EndSession()
			}
		}
	}
	if perSession := total / sessions; perSession < 200 || perSession > 700 {
		t.Errorf("%d detections a session, want 200 to 700", perSession)
	}
	for _, band := range []string{"low", "medium", "high", "critical"} {
		if bands[band] == 0 {
			t.Errorf("nobody is %s: %v", band, bands)
		}
	}
	if bands["critical"]*10 > total {
		t.Errorf("%d of %d are critical, which is to be rare", bands["critical"], total)
	}
}
