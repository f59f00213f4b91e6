package known

import (
	"time"

	"tierboard/server/recent"
	"tierboard/shared/event"
)

// Link turns the missing links of a combo into inferred ones where an event that the ring knows fits: of the combo's symbol and
// pattern, and within recent.SetupWithin or recent.TriggerWithin before it. Other links, and events that are no combos, stay.
func Link(e *event.Event, ring *recent.Ring) {
	if e.Combo == nil {
		return
	}
	infer(ring, e, e.Combo.Setup, event.Daily, recent.SetupWithin)
	infer(ring, e, e.Combo.Trigger, event.Intraday, recent.TriggerWithin)
}

// infer fills in one link. What the producer said about it stays.
func infer(ring *recent.Ring, e *event.Event, l *event.Link, tier event.Tier, within time.Duration) {
	if l == nil || l.Kind != event.LinkMissing {
		return
	}
	pattern := l.Pattern
	if pattern == "" {
		pattern = e.Pattern
	}
	found := ring.Earlier(e.Symbol, pattern, tier, e.DetectedAt, within)
	if found == nil {
		return
	}
	l.Kind, l.ID = event.LinkInferred, found.ID
	if l.Pattern == "" {
		l.Pattern, l.Label = found.Pattern, found.Label
	}
	if l.Timeframe == "" {
		l.Timeframe = found.Timeframe
	}
	if l.Confidence.IsZero() {
		l.Confidence = event.Num(found.Confidence)
	}
	if l.DetectedAt.IsZero() {
		l.DetectedAt, l.SessionDate = found.DetectedAt, found.SessionDate
	}
}
