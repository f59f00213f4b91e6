package ui

import (
	"strconv"
	"strings"
	"time"

	"tierboard/app/board"
	"tierboard/app/format"
	"tierboard/shared/event"
)

// view is everything a card shows, as text and class names. It is compared with what was written before, so that only
// differences reach the DOM.
type view struct {
	class        string // of the card: tier, direction, priority
	label        string // what a screen reader says
	sym          string
	pat          string
	badge        string
	when         string
	age          string
	px           string
	chg          string
	chgClass     string
	tf           string
	note         string
	conf         string
	meter        string // class of the confidence number; the style sheet draws the meter
	setup        string
	setupClass   string
	trigger      string
	triggerClass string
}

// viewer turns cards into views. The zones say where times are shown.
type viewer struct {
	exchange format.Zone
	local    format.Zone
	zone     format.Zone   // of the times on cards: one of the above, or UTC
	skew     time.Duration // what to add to the browser's clock for the server's; ages are counted on the latter
}

// view returns what a card shows now, on the browser's clock.
func (v *viewer) view(c *board.Card, now time.Time) view {
	e := c.Event
	now = now.Add(v.skew)
	n := view{
		class: "card " + e.Tier.String(),
		sym:   e.Symbol,
		pat:   e.Label,
		when:  format.CardTime(e, now, v.zone),
		age:   v.age(e, now.Add(-v.skew)),
		badge: format.Badge(e.Priority),
		conf:  format.Confidence(e.Confidence),
		note:  format.CardNote(e, now, v.zone),
	}
	switch e.Direction {
	case event.Bullish:
		n.class += " up"
	case event.Bearish:
		n.class += " down"
	case event.Neutral:
	}
	switch e.Priority {
	case event.Critical:
		n.class += " critical"
	case event.High:
		n.class += " high"
	case event.Low, event.Medium:
	}
	if r := format.Repeats(c.Repeats); r != "" {
		n.pat += " " + r
	}
	n.meter = "conf m" + strconv.Itoa(format.Steps(e.Confidence))
	if e.Combo != nil {
		n.setup, n.setupClass = leg(e.Combo.Setup, "daily", "no setup")
		n.trigger, n.triggerClass = leg(e.Combo.Trigger, "intraday", "no trigger")
	} else {
		if px, ok := e.Price.Get(); ok {
			n.px = format.Price(px)
		}
		n.chgClass = "chg"
		if chg, ok := e.ChangePct.Get(); ok {
			n.chg = format.SignedPercent(chg)
			switch {
			case chg > 0:
				n.chgClass = "chg gain"
			case chg < 0:
				n.chgClass = "chg loss"
			}
		}
		n.tf = format.Timeframe(e.Timeframe)
	}
	switch left := format.Left(e, now, v.zone); {
	case left == "":
	case !now.Before(e.ExpiresAt):
		n.class += " expired"
		n.note = left
	case format.ExpiringSoon(e, now):
		n.class += " ending"
		if e.Tier != event.Daily { // there it says so anyway
			n.note = left
		}
	}
	n.label = spoken(e, &n)
	return n
}

// age returns how old an event is, for the tiers where that matters by the minute; "" for daily events.
func (v *viewer) age(e *event.Event, now time.Time) string {
	if e.Tier == event.Daily {
		return ""
	}
	return format.Age(now.Add(v.skew).Sub(e.DetectedAt))
}

// leg is one of the two chips of a combo.
func leg(l *event.Link, class, none string) (text, classes string) {
	if l == nil {
		return none, "leg " + class + " missing"
	}
	text = l.Label
	if tf := format.Timeframe(l.Timeframe); tf != "" && class == "intraday" {
		text += " " + tf
	}
	if text == "" {
		text = none
	}
	return text, "leg " + class + " " + string(l.Kind)
}

// spoken is the card in one sentence.
func spoken(e *event.Event, n *view) string {
	parts := []string{e.Symbol + " " + n.pat}
	if e.Direction != "" {
		parts = append(parts, string(e.Direction))
	}
	parts = append(parts, format.ConfidenceSpoken(e.Confidence))
	if n.badge != "" {
		parts = append(parts, strings.ToLower(n.badge)+" priority")
	}
	if n.px != "" {
		parts = append(parts, n.px+" dollars")
	}
	if n.chg != "" {
		parts = append(parts, "change "+n.chg)
	}
	if n.setup != "" {
		parts = append(parts, "setup "+n.setup, "trigger "+n.trigger)
	}
	if strings.HasSuffix(n.class, "ending") || strings.HasSuffix(n.class, "expired") {
		parts = append(parts, n.note)
	}
	parts = append(parts, n.when)
	return strings.Join(parts, ", ")
}
