package detect

import (
	"math"

	"tierboard/server/market"
)

// dailyLookback is how many closed sessions the daily rules read; with fewer than that they still do their best, down to
// dailyLeast, below which none fires.
const (
	dailyLookback = 60
	dailyLeast    = 30
)

// found is what a rule says, in the (perhaps mirrored) series it was given.
type found struct {
	confidence float64
	plan       Plan
}

// dailyRule looks at a series whose last bar has just closed, and its mean true range. It is written for rising prices.
type dailyRule struct {
	bullish, bearish string // the names of the pattern and of its mirror image
	find             func(bars []market.Bar, reach float64) (found, bool)
}

// dailyRules is the table of daily rules. A function, so that nobody can change it.
func dailyRules() []dailyRule {
	return []dailyRule{
		{"weekly_breakout", "support_break", weeklyBreakout},
		{"bull_flag", "bear_flag", flag},
		{"support_test", "resistance_test", supportTest},
		{"double_bottom", "double_top", doubleBottom},
	}
}

// Daily returns the patterns that the last of the closed sessions completed, oldest bar first. Several rules may fire at once.
func Daily(symbol string, bars []market.Bar) []Detection {
	bars = tail(bars, dailyLookback)
	if len(bars) < dailyLeast {
		return nil
	}
	n := len(bars)
	last, before := bars[n-1], bars[n-2]
	reach := trueRange(tail(bars[:n-1], 20))
	if reach <= 0 {
		return nil
	}
	flipped := mirror(bars)
	strength := relativeStrength(bars)
	var out []Detection
	add := func(name string, dir Direction, f found) {
		out = append(out, Detection{
			Pattern: name, Symbol: symbol, Timeframe: "1day", Direction: dir, Confidence: f.confidence,
			At: last.End(), Bar: last, ChangePct: changePct(last.Close, before.Close),
			RelativeVolume: relative(last.Volume, tail(bars[:n-1], 20)), RSI: strength, Plan: f.plan.rounded(),
		})
	}
	for _, r := range dailyRules() {
		if f, ok := r.find(bars, reach); ok {
			add(r.bullish, Bullish, f)
		}
		if f, ok := r.find(flipped, reach); ok {
			f.plan = f.plan.mirrored()
			add(r.bearish, Bearish, f)
		}
	}
	return out
}

// weeklyBreakout fires when a session closes above the highest high of the four weeks before it, for the first time, on more
// volume than usual.
func weeklyBreakout(bars []market.Bar, reach float64) (found, bool) {
	const weeks = 20
	n := len(bars)
	last, base := bars[n-1], bars[n-1-weeks:n-1]
	top, bottom := highest(base), lowest(base)
	beyond := (last.Close - top) / reach
	volume := relative(last.Volume, base)
	if beyond < 0.1 || volume < 1.05 || bars[n-2].Close > highest(bars[n-2-weeks:n-2]) {
		return found{}, false
	}
	width := (top - bottom) / reach // a tight base of some four ranges is the textbook's, twelve is a trend already
	return found{
		confidence: confidence(
			measure{ramp(beyond, 0.1, 1.2), 0.30},
			measure{ramp(volume, 1.05, 2.2), 0.30},
			measure{ramp(width, 9, 4), 0.20},
			measure{ramp(closeAt(last), 0.4, 0.95), 0.20},
		),
		plan: Plan{Entry: top, Stop: top - 1.5*reach, Targets: []float64{last.Close + 2*reach, last.Close + (top-bottom)*0.7 + reach}},
	}, true
}

// flag fires when a steep pole is followed by a short, quiet pull-back, and a session closes above the pull-back's highs.
func flag(bars []market.Bar, reach float64) (found, bool) {
	n := len(bars)
	last := bars[n-1]
	best, ok := found{}, false
	for length := 3; length <= 8; length++ { // sessions in the flag
		cloth := bars[n-1-length : n-1]
		top := highest(cloth)
		if last.Close <= top || bars[n-2].Close >= top {
			continue
		}
		// The pole ends at the flag's first bar, or one before, and is at most eight sessions long.
		pole := bars[max(0, n-1-length-8) : n-1-length+1]
		foot, head := lowest(pole), highest(pole)
		rise := (head - foot) / reach
		given := (head - lowest(cloth)) / (head - foot)
		if rise < 2.5 || given > 0.55 || given < 0.05 || head-top > 0.8*reach {
			continue
		}
		quiet := meanVolume(cloth) / max(1, meanVolume(pole))
		if quiet > 1 {
			continue
		}
		f := found{
			confidence: confidence(
				measure{ramp(rise, 2.5, 6), 0.30},
				measure{ramp(given, 0.55, 0.2), 0.25},
				measure{ramp(quiet, 1, 0.55), 0.20},
				measure{ramp(relative(last.Volume, cloth), 0.9, 2.2), 0.25},
			),
			plan: Plan{
				Entry: top, Stop: lowest(cloth) - 0.2*reach,
				Targets: []float64{top + (head-foot)*0.5, top + (head - foot)},
			},
		}
		if !ok || f.confidence > best.confidence {
			best, ok = f, true
		}
	}
	return best, ok
}

// supportTest fires when a session dips to a low that has held at least twice before, and closes well off it.
func supportTest(bars []market.Bar, reach float64) (found, bool) {
	n := len(bars)
	last := bars[n-1]
	touches := 0
	level := math.Inf(1)
	for _, i := range pivots(bars[:n-3]) {
		low := bars[i].Low
		if math.Abs(low-last.Low) <= 0.45*reach {
			touches++
			level = min(level, low)
		}
	}
	if touches < 2 {
		return found{}, false
	}
	bounce := (last.Close - last.Low) / reach
	// Nothing may have closed under the level since, and the session must be the first there for a few days.
	for _, b := range tail(bars[:n-1], 20) {
		if b.Close < level-0.1*reach {
			return found{}, false
		}
	}
	if bounce < 0.5 || closeAt(last) < 0.55 || last.Close < level || lowest(bars[n-4:n-1]) < last.Low+0.1*reach {
		return found{}, false
	}
	swing := highest(tail(bars, 15))
	return found{
		confidence: confidence(
			measure{ramp(float64(touches), 1, 5), 0.30},
			measure{ramp(bounce, 0.5, 1.4), 0.30},
			measure{ramp(math.Abs(level-last.Low)/reach, 0.45, 0), 0.15},
			measure{ramp(relative(last.Volume, tail(bars[:n-1], 20)), 0.8, 1.9), 0.25},
		),
		plan: Plan{Entry: last.High, Stop: min(level, last.Low) - 0.35*reach, Targets: []float64{last.Close + 1.5*reach, max(swing, last.Close+2*reach)}},
	}, true
}

// doubleBottom fires when a session closes above the neckline between two like lows that lie one to seven weeks apart.
func doubleBottom(bars []market.Bar, reach float64) (found, bool) {
	n := len(bars)
	last := bars[n-1]
	lows := pivots(bars[:n-1])
	for k := len(lows) - 1; k > 0; k-- {
		second := lows[k]
		if n-1-second > 15 {
			break // the second low is too old for this session to complete anything
		}
		for j := k - 1; j >= 0; j-- {
			first := lows[j]
			apart := second - first
			if apart < 5 {
				continue
			}
			if apart > 35 {
				break
			}
			unlike := math.Abs(bars[first].Low-bars[second].Low) / reach
			neck := highest(bars[first : second+1])
			floor := min(bars[first].Low, bars[second].Low)
			height := (neck - floor) / reach
			if unlike > 0.6 || height < 2 || lowest(bars[first:n]) < floor || last.Close <= neck || highestClose(bars[second:n-1]) > neck {
				continue
			}
			return found{
				confidence: confidence(
					measure{ramp(unlike, 0.6, 0.05), 0.30},
					measure{ramp(height, 2, 5), 0.25},
					measure{ramp((last.Close-neck)/reach, 0, 0.9), 0.20},
					measure{ramp(relative(last.Volume, tail(bars[:n-1], 20)), 0.8, 2), 0.25},
				),
				plan: Plan{Entry: neck, Stop: (neck + floor) / 2, Targets: []float64{neck + (neck-floor)*0.6, neck + (neck - floor)}},
			}, true
		}
	}
	return found{}, false
}

// pivots returns the indices of the bars whose low is below the lows of the two bars before and the two after.
func pivots(bars []market.Bar) []int {
	var out []int
	for i := 2; i < len(bars)-2; i++ {
		low := bars[i].Low
		if low < bars[i-1].Low && low < bars[i-2].Low && low < bars[i+1].Low && low < bars[i+2].Low {
			out = append(out, i)
		}
	}
	return out
}

func highestClose(bars []market.Bar) float64 {
	v := math.Inf(-1)
	for _, b := range bars {
		v = max(v, b.Close)
	}
	return v
}
