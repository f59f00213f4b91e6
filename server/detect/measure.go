package detect

import (
	"math"

	"tierboard/server/market"
)

// rsiPeriod is the usual fourteen bars.
const rsiPeriod = 14

// trueRange returns the mean true range of the bars: how far a bar usually reaches, gaps included. It is 0 for fewer than two.
func trueRange(bars []market.Bar) float64 {
	if len(bars) < 2 {
		return 0
	}
	sum := 0.0
	for i := 1; i < len(bars); i++ {
		before := bars[i-1].Close
		sum += max(bars[i].High, before) - min(bars[i].Low, before)
	}
	return sum / float64(len(bars)-1)
}

// meanVolume returns the bars' mean volume in shares; 0 for none.
func meanVolume(bars []market.Bar) float64 {
	if len(bars) == 0 {
		return 0
	}
	sum := 0.0
	for _, b := range bars {
		sum += float64(b.Volume)
	}
	return sum / float64(len(bars))
}

// relative returns volume as a multiple of the bars' mean, with two decimals; 1 when there is nothing to compare with.
func relative(volume int64, bars []market.Bar) float64 {
	mean := meanVolume(bars)
	if mean == 0 {
		return 1
	}
	return math.Round(float64(volume)/mean*100) / 100
}

func highest(bars []market.Bar) float64 {
	v := math.Inf(-1)
	for _, b := range bars {
		v = max(v, b.High)
	}
	return v
}

func lowest(bars []market.Bar) float64 {
	v := math.Inf(1)
	for _, b := range bars {
		v = min(v, b.Low)
	}
	return v
}

// wilder computes the relative strength index bar by bar. The zero value has seen nothing.
type wilder struct {
	bars       int
	last       float64
	gain, loss float64
}

// next takes the close of the next bar and returns the index: 0 to 100, and 50 while there are not yet fifteen bars or nothing
// has moved. Of the mirrored series it is 100 minus the value.
func (w *wilder) next(price float64) float64 {
	w.bars++
	if w.bars > 1 {
		step := price - w.last
		up, down := max(step, 0), max(-step, 0)
		if w.bars <= rsiPeriod+1 {
			w.gain += up / rsiPeriod
			w.loss += down / rsiPeriod
		} else {
			w.gain = (w.gain*(rsiPeriod-1) + up) / rsiPeriod
			w.loss = (w.loss*(rsiPeriod-1) + down) / rsiPeriod
		}
	}
	w.last = price
	if w.bars <= rsiPeriod || w.gain+w.loss <= 0 {
		return 50
	}
	return 100 * w.gain / (w.gain + w.loss)
}

// relativeStrength returns the index at the end of the bars.
func relativeStrength(bars []market.Bar) float64 {
	var w wilder
	out := 50.0
	for _, b := range bars {
		out = w.next(b.Close)
	}
	return out
}

// tail returns the last n elements, or all of them when there are fewer.
func tail[T any](s []T, n int) []T {
	return s[max(0, len(s)-n):]
}

// closeAt returns where in its range a bar closed: 0 at the low, 1 at the high, 0.5 for a bar without a range.
func closeAt(b market.Bar) float64 {
	if b.High <= b.Low {
		return 0.5
	}
	return (b.Close - b.Low) / (b.High - b.Low)
}
