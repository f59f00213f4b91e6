// Package card puts an event into the words that its card shows.
package card

import (
	"strconv"
	"strings"
	"time"

	"tierboard/app/board"
	"tierboard/app/format"
	"tierboard/shared/event"
)

// View is everything a card shows, as text and class names. It is compared with what was written before, so that only
// differences reach the DOM.
type View struct {
	Class        string // of the card: tier, direction, priority
	Label        string // what a screen reader says
	Symbol       string
	Pattern      string
	Badge        string
	When         string
	Age          string
	Price        string
	Change       string
	ChangeClass  string
	Timeframe    string
	Note         string
	Confidence   string
	Meter        string // class of the confidence number; the style sheet draws the meter
	Setup        string
	SetupClass   string
	Trigger      string
	TriggerClass string
}

// Viewer turns cards into views. The zones say where times are shown.
type Viewer struct {
	Exchange format.Zone
	Local    format.Zone
	Zone     format.Zone   // of the times on cards: one of the above, or UTC
	Skew     time.Duration // what to add to the browser's clock for the server's; ages are counted on the latter
}

// View returns what a card shows now, on the browser's clock.
func (v *Viewer) View(c *board.Card, now time.Time) View {
	e := c.Event
	now = now.Add(v.Skew)
	n := View{
		Class:      "card " + e.Tier.String(),
		Symbol:     e.Symbol,
		Pattern:    e.Label,
		When:       format.CardTime(e, now, v.Zone),
		Age:        v.Age(e, now.Add(-v.Skew)),
		Badge:      format.Badge(e.Priority),
		Confidence: format.Confidence(e.Confidence),
		Note:       format.CardNote(e, now, v.Zone),
	}
	switch e.Direction {
	case event.Bullish:
		n.Class += " up"
	case event.Bearish:
		n.Class += " down"
	case event.Neutral:
	}
	switch e.Priority {
	case event.Critical:
		n.Class += " critical"
	case event.High:
		n.Class += " high"
	case event.Low, event.Medium:
	}
	if r := format.Repeats(c.Repeats); r != "" {
		n.Pattern += " " + r
	}
	n.Meter = "conf m" + strconv.Itoa(format.Steps(e.Confidence))
	if e.Combo != nil {
		n.Setup, n.SetupClass = leg(e.Combo.Setup, "daily", "no setup")
		n.Trigger, n.TriggerClass = leg(e.Combo.Trigger, "intraday", "no trigger")
	} else {
		if px, ok := e.Price.Get(); ok {
			n.Price = format.Price(px)
		}
		n.ChangeClass = "chg"
		if chg, ok := e.ChangePct.Get(); ok {
			n.Change = format.SignedPercent(chg)
			switch {
			case chg > 0:
				n.ChangeClass = "chg gain"
			case chg < 0:
				n.ChangeClass = "chg loss"
			}
		}
		n.Timeframe = format.Timeframe(e.Timeframe)
	}
	switch left := format.Left(e, now, v.Zone); {
	case left == "":
	case !now.Before(e.ExpiresAt):
		n.Class += " expired"
		n.Note = left
	case format.ExpiringSoon(e, now):
		n.Class += " ending"
		if e.Tier != event.Daily { // there it says so anyway
			n.Note = left
		}
	}
	n.Label = spoken(e, &n)
	return n
}

// Age returns how old an event is, for the tiers where that matters by the minute; "" for daily events.
func (v *Viewer) Age(e *event.Event, now time.Time) string {
	if e.Tier == event.Daily {
		return ""
	}
	return format.Age(now.Add(v.Skew).Sub(e.DetectedAt))
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
func spoken(e *event.Event, n *View) string {
	parts := []string{e.Symbol + " " + n.Pattern}
	if e.Direction != "" {
		parts = append(parts, string(e.Direction))
	}
	parts = append(parts, format.ConfidenceSpoken(e.Confidence))
	if n.Badge != "" {
		parts = append(parts, strings.ToLower(n.Badge)+" priority")
	}
	if n.Price != "" {
		parts = append(parts, n.Price+" dollars")
	}
	if n.Change != "" {
		parts = append(parts, "change "+n.Change)
	}
	if n.Setup != "" {
		parts = append(parts, "setup "+n.Setup, "trigger "+n.Trigger)
	}
	if strings.HasSuffix(n.Class, "ending") || strings.HasSuffix(n.Class, "expired") {
		parts = append(parts, n.Note)
	}
	parts = append(parts, n.When)
	return strings.Join(parts, ", ")
}
