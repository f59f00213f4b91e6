// Package detect finds patterns in bars by rule: what a detector of the producer's kind does, on daily bars after the close and
// on bars of 1, 5 and 15 minutes while a session goes on.
//
// The rules are plain technical analysis with every threshold in sight. Each one either does not fire, or fires with evidence:
// a few measures between 0 and 1 (how far beyond the level, on how much volume, how tight the base) whose weighted mean becomes
// the confidence. Every rule that has a direction is written once, for rising prices, and run a second time on the mirrored
// series for falling ones; so a rule uses differences of prices, never their ratios.
//
//   - [Daily] looks at closed sessions: weekly breakout, flag, support test, double bottom, and their mirror images.
//   - [Scanner] follows one symbol through a session: volume spike, VWAP break, RSI divergence, opening range break.
//   - [Book] keeps the daily setups that are open and tells when an intraday detection confirms one: setup confirmation,
//     trend break, daily entry.
//
// The package is pure: no clock, no I/O, no random numbers. Its values may be copied freely; Scanner and Book belong to one
// goroutine each.
package detect

import (
	"math"
	"time"

	"tierboard/server/market"
)

// Direction says which way a pattern points.
type Direction int

// The directions.
const (
	Neutral Direction = iota
	Bullish
	Bearish
)

// String returns the direction as the producer writes it.
func (d Direction) String() string {
	switch d {
	case Bullish:
		return "bullish"
	case Bearish:
		return "bearish"
	case Neutral:
	}
	return "neutral"
}

// sign is 1 for bullish, -1 for bearish, 0 for neutral.
func (d Direction) sign() float64 {
	switch d {
	case Bullish:
		return 1
	case Bearish:
		return -1
	case Neutral:
	}
	return 0
}

// Plan is the trade that a pattern suggests: prices in US dollars. A zero Plan means that there is none.
type Plan struct {
	// Entry is the price at which the pattern is in force; Stop is the one that refutes it.
	Entry, Stop float64
	// Targets are prices the move may reach, nearest first; one or two of them.
	Targets []float64
}

// Reward returns how far the last target is from the entry, in units of the risk from entry to stop; 0 without a plan.
func (p Plan) Reward() float64 {
	risk := math.Abs(p.Entry - p.Stop)
	if risk == 0 || len(p.Targets) == 0 {
		return 0
	}
	return math.Abs(p.Targets[len(p.Targets)-1]-p.Entry) / risk
}

// Detection is one pattern found.
type Detection struct {
	// Pattern is the rule's name in snake case, such as "weekly_breakout" or "volume_spike".
	Pattern string
	// Symbol is the ticker.
	Symbol string
	// Timeframe is the length of the bars looked at: "1day", "1min", "5min" or "15min".
	Timeframe string
	// Direction is where the pattern points.
	Direction Direction
	// Confidence is how strong the evidence is, 0 to 1 with two decimals. It is no probability.
	Confidence float64
	// At is the simulated time at which the last bar was complete.
	At time.Time
	// Bar is the last bar looked at; its Close is the price at detection.
	Bar market.Bar
	// ChangePct is how far the price is from the close of the session before, in per cent.
	ChangePct float64
	// RelativeVolume is the last bar's volume as a multiple of what the bars before it traded; 1 is usual.
	RelativeVolume float64
	// RSI is the relative strength index of 14 bars, 0 to 100.
	RSI float64
	// Plan is the suggested trade.
	Plan Plan
}

// Price returns the price at detection in US dollars.
func (d Detection) Price() float64 { return d.Bar.Close }

// The span of confidences: evidence of 0 in every measure gives the lowest, of 1 in every measure the highest. A pattern that
// fires at all has passed its thresholds, so nothing below 0.4 is ever reported.
const (
	leastConfidence = 0.42
	mostConfidence  = 0.99
)

// measure is one piece of evidence: strength 0..1 and what it counts for.
type measure struct{ strength, weight float64 }

// confidence turns evidence into a number with two decimals.
func confidence(evidence ...measure) float64 {
	var sum, weights float64
	for _, m := range evidence {
		sum += m.strength * m.weight
		weights += m.weight
	}
	return math.Round((leastConfidence+(mostConfidence-leastConfidence)*sum/weights)*100) / 100
}

// ramp returns how far v is from low to high, held within 0..1. High may be below low: then less is stronger.
func ramp(v, low, high float64) float64 {
	return max(0, min(1, (v-low)/(high-low)))
}

// mirror turns a series upside down: rising becomes falling, support becomes resistance. Prices become negative.
func mirror(bars []market.Bar) []market.Bar {
	out := make([]market.Bar, len(bars))
	for i, b := range bars {
		b.Open, b.High, b.Low, b.Close = -b.Open, -b.Low, -b.High, -b.Close
		out[i] = b
	}
	return out
}

// mirrored turns a plan made on a mirrored series back.
func (p Plan) mirrored() Plan {
	out := Plan{Entry: -p.Entry, Stop: -p.Stop, Targets: make([]float64, len(p.Targets))}
	for i, t := range p.Targets {
		out.Targets[i] = -t
	}
	return out
}

// rounded brings the plan's prices to cents, and drops targets that are no prices.
func (p Plan) rounded() Plan {
	out := Plan{Entry: cents(p.Entry), Stop: cents(p.Stop)}
	for _, t := range p.Targets {
		if t = cents(t); t > 0 {
			out.Targets = append(out.Targets, t)
		}
	}
	return out
}

func cents(v float64) float64 { return math.Round(v*100) / 100 }

// changePct returns how far price is from before, in per cent with two decimals; 0 when before is no price.
func changePct(price, before float64) float64 {
	if before <= 0 {
		return 0
	}
	return math.Round((price/before-1)*10_000) / 100
}
