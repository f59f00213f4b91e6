package detect

import (
	"math"
	"slices"
)

// Bounds of a Book: what it keeps for a symbol, and for how many sessions a setup stays open.
const (
	maxSetups     = 6
	setupSessions = 8
)

// Setup is a daily detection that waits for an intraday one.
type Setup struct {
	// ID is the name under which the daily detection was published; the book only hands it back.
	ID string
	// Detection is the daily detection.
	Detection Detection
	// Session is the number of the session it was found after.
	Session int

	used []string // combination patterns it has already been part of
}

// Combo is a daily setup together with the intraday detection that fits it.
type Combo struct {
	// Pattern is "setup_confirmation", "trend_break" or "daily_entry".
	Pattern string
	// Setup is the daily side; Trigger is the intraday one.
	Setup   Setup
	Trigger Detection
	// Confidence is 0 to 1, with two decimals.
	Confidence float64
	// Correlation is how well the two sides fit, 0 to 1 with two decimals: like confidence, fresh setup, near to its entry.
	Correlation float64
}

// Book keeps the open daily setups of every symbol. The zero Book is empty and ready. It belongs to one goroutine.
//
// A symbol has at most six open setups; a seventh pushes out the oldest. A setup is closed after eight sessions, or when the
// price passes its stop.
type Book struct {
	open map[string][]*Setup
}

// Add opens a setup. One of the same pattern on the same symbol replaces the older one.
func (b *Book) Add(s Setup) {
	if b.open == nil {
		b.open = map[string][]*Setup{}
	}
	symbol := s.Detection.Symbol
	list := slices.DeleteFunc(b.open[symbol], func(o *Setup) bool { return o.Detection.Pattern == s.Detection.Pattern })
	if len(list) == maxSetups {
		list = slices.Delete(list, 0, 1)
	}
	b.open[symbol] = append(list, &s)
}

// Len returns the number of open setups.
func (b *Book) Len() int {
	n := 0
	for _, list := range b.open {
		n += len(list)
	}
	return n
}

// Expire closes the setups that are too old for the session of the given number.
func (b *Book) Expire(session int) {
	for symbol, list := range b.open {
		list = slices.DeleteFunc(list, func(s *Setup) bool { return session-s.Session > setupSessions })
		if b.open[symbol] = list; len(list) == 0 {
			delete(b.open, symbol)
		}
	}
}

// Match returns the combination that a fresh intraday detection makes with an open setup of its symbol that points the same
// way, or false. Of several setups it takes the one that fits best. A setup makes each kind of combination once.
func (b *Book) Match(trigger Detection, session int) (Combo, bool) {
	symbol := trigger.Symbol
	b.open[symbol] = slices.DeleteFunc(b.open[symbol], func(s *Setup) bool { return s.refuted(trigger.Price()) })
	if len(b.open[symbol]) == 0 {
		delete(b.open, symbol)
	}
	var best *Setup
	var combo Combo
	for _, s := range b.open[symbol] {
		pattern, ok := s.pattern(trigger)
		if !ok || slices.Contains(s.used, pattern) {
			continue
		}
		corr := s.correlation(trigger, session)
		if best == nil || corr > combo.Correlation {
			best = s
			combo = Combo{
				Pattern: pattern, Setup: *s, Trigger: trigger, Correlation: corr,
				Confidence: blend(s.Detection.Confidence, trigger.Confidence, corr),
			}
		}
	}
	if best == nil {
		return Combo{}, false
	}
	best.used = append(best.used, combo.Pattern)
	return combo, true
}

// refuted is true once the price has passed the setup's stop.
func (s *Setup) refuted(price float64) bool {
	return (price-s.Detection.Plan.Stop)*s.Detection.Direction.sign() < 0
}

// pattern decides which combination a trigger makes with the setup, if any. The trigger must point the same way, be more than
// a whisper, and be found after the setup.
func (s *Setup) pattern(trigger Detection) (string, bool) {
	d := s.Detection
	if trigger.Direction == Neutral || trigger.Direction != d.Direction || trigger.Confidence < 0.55 || !trigger.At.After(d.At) {
		return "", false
	}
	// How far the bar's ends are beyond the entry; an entry happens when the bar takes the price from one side to the other.
	sign := d.Direction.sign()
	opened, closed := (trigger.Bar.Open-d.Plan.Entry)*sign, (trigger.Bar.Close-d.Plan.Entry)*sign
	breakout := d.Pattern == "weekly_breakout" || d.Pattern == "support_break"
	switch {
	case opened <= 0 && closed > 0:
		return "daily_entry", true
	case breakout && closed > 0 && trigger.Pattern != "rsi_divergence":
		return "trend_break", true
	case !breakout && trigger.Pattern != "opening_range_break":
		return "setup_confirmation", true
	}
	return "", false
}

// correlation measures how well trigger and setup fit: how like their confidences are, how fresh the setup is, how near the
// price is to its entry (in risks), and how much volume is behind the trigger.
func (s *Setup) correlation(trigger Detection, session int) float64 {
	d := s.Detection
	risk := max(math.Abs(d.Plan.Entry-d.Plan.Stop), 0.01)
	like := 1 - ramp(math.Abs(d.Confidence-trigger.Confidence), 0, 0.5)
	fresh := 1 - ramp(float64(session-s.Session), 1, setupSessions)
	near := 1 - ramp(math.Abs(trigger.Price()-d.Plan.Entry)/risk, 0, 2)
	loud := ramp(trigger.RelativeVolume, 1, 5)
	return math.Round((0.3*like+0.25*fresh+0.3*near+0.15*loud)*100) / 100
}

// blend is the combination's confidence: from the trigger, the setup and the fit, in that order of weight.
func blend(daily, intraday, correlation float64) float64 {
	return confidence(
		measure{ramp(intraday, 0.55, 0.92), 0.40},
		measure{ramp(daily, 0.45, 0.9), 0.30},
		measure{ramp(correlation, 0.3, 0.9), 0.30},
	)
}
