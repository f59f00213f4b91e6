package market

import "time"

// Bar is what a symbol did in a stretch of time: prices in US dollars, volume in shares.
// Low <= Open, Close <= High holds for every bar the market makes, and all prices are positive.
type Bar struct {
	// Start is the beginning of the stretch; Span is how long it is (a daily bar spans its session, 390 minutes).
	Start time.Time
	Span  time.Duration
	// Open, High, Low and Close are in US dollars, rounded to cents.
	Open, High, Low, Close float64
	// Volume is the number of shares traded.
	Volume int64
}

// End returns the moment the bar is complete.
func (b Bar) End() time.Time { return b.Start.Add(b.Span) }

// Merge returns the one bar that consecutive bars make together: five minutes make a five-minute bar, a session makes a day.
// Of no bars it makes the zero Bar.
func Merge(bars []Bar) Bar {
	if len(bars) == 0 {
		return Bar{}
	}
	out := bars[0]
	for _, b := range bars[1:] {
		out.add(b)
	}
	return out
}

// add extends b by the bar that follows it.
func (b *Bar) add(next Bar) {
	b.Span += next.Span
	b.High = max(b.High, next.High)
	b.Low = min(b.Low, next.Low)
	b.Close = next.Close
	b.Volume += next.Volume
}
