package detect

// volumeSpike fires on a bar with three and a half times the volume of the twenty before it. It points where the bar's body
// points; a bar without a body worth the name is a spike all the same, but a neutral one without a plan.
func volumeSpike(v view) (found, Direction, bool) {
	if v.volume < 3.5 {
		return found{}, Neutral, false
	}
	b := v.last()
	body := v.size()
	f := found{confidence: confidence(
		measure{ramp(v.volume, 3.5, 9), 0.55},
		measure{ramp(body, 0.2, 2), 0.30},
		measure{ramp(max(closeAt(b), 1-closeAt(b)), 0.5, 1), 0.15},
	)}
	switch {
	case body < 0.25:
		return f, Neutral, true
	case b.Close > b.Open:
		f.plan = v.plan(b.Close, b.Low-0.2*v.reach)
		return f, Bullish, true
	default:
		f.plan = view{reach: v.reach}.plan(-b.Close, -b.High-0.2*v.reach).mirrored()
		return f, Bearish, true
	}
}

// vwapBreak fires when the price closes clearly above the session's volume-weighted average after at least eight closes below
// it, on more volume than usual.
func vwapBreak(v view) (found, bool) {
	const below = 8
	n := len(v.bars)
	if v.today < below+1 {
		return found{}, false
	}
	beyond := (v.last().Close - v.vwap[n-1]) / v.reach
	if beyond < 0.3 || v.volume < 1.2 {
		return found{}, false
	}
	stayed := 0 // bars of this session that closed below before this one
	for i := n - 2; i >= n-v.today && v.bars[i].Close < v.vwap[i]; i-- {
		stayed++
	}
	if stayed < below {
		return found{}, false
	}
	return found{
		confidence: confidence(
			measure{ramp(beyond, 0.3, 1.6), 0.30},
			measure{ramp(v.volume, 1.2, 4), 0.35},
			measure{ramp(float64(stayed), below, 45), 0.20},
			measure{ramp(closeAt(v.last()), 0.5, 1), 0.15},
		),
		plan: v.plan(v.last().Close, v.vwap[n-1]-0.4*v.reach),
	}, true
}

// rsiDivergence fires when the price makes a lower low than a swing low 6 to 35 bars ago, while the relative strength index,
// which was oversold then, makes a clearly higher one; the bar must close in its upper half.
func rsiDivergence(v view) (found, bool) {
	n := len(v.bars)
	last := n - 1
	if v.today < 20 || closeAt(v.bars[last]) < 0.5 || v.bars[last].Low > lowest(v.bars[n-6:last]) {
		return found{}, false
	}
	first, from := -1, max(rsiPeriod, n-36, n-v.today)
	for i := from; i < n-6; i++ {
		if first < 0 || v.bars[i].Low < v.bars[first].Low {
			first = i
		}
	}
	if first < 0 {
		return found{}, false
	}
	deeper := (v.bars[first].Low - v.bars[last].Low) / v.reach
	higher := v.strength[last] - v.strength[first]
	if deeper < 0.05 || higher < 6 || v.strength[first] > 31 {
		return found{}, false
	}
	return found{
		confidence: confidence(
			measure{ramp(higher, 6, 19), 0.40},
			measure{ramp(v.strength[first], 31, 16), 0.25},
			measure{ramp(deeper, 0.05, 1.5), 0.15},
			measure{ramp(closeAt(v.bars[last]), 0.5, 1), 0.20},
		),
		plan: v.plan(v.bars[last].Close, v.bars[last].Low-0.3*v.reach),
	}, true
}

// openingRangeBreak fires when a bar closes above the high of the first half hour, in a range that was not too wide to begin with.
func openingRangeBreak(v view, high, low float64) (found, bool) {
	n := len(v.bars)
	beyond := (v.last().Close - high) / v.reach
	width := (high - low) / v.reach
	if beyond < 0.15 || v.bars[n-2].Close > high || v.volume < 0.9 || width <= 0 {
		return found{}, false
	}
	return found{
		confidence: confidence(
			measure{ramp(beyond, 0.15, 1.2), 0.30},
			measure{ramp(v.volume, 0.9, 2.8), 0.35},
			measure{ramp(width, 7, 2.5), 0.20},
			measure{ramp(closeAt(v.last()), 0.5, 1), 0.15},
		),
		plan: v.plan(v.last().Close, (high+low)/2),
	}, true
}
