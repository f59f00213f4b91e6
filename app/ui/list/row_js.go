//go:build js

package list

import (
	"syscall/js"
	"time"

	"tierboard/app/board"
	"tierboard/app/ui/card"
	"tierboard/app/ui/dom"
	"tierboard/shared/event"
)

// row is one mounted card: its elements and what was last written to them. Words are written to text nodes that stay: the browser
// then lays out a line again and makes nothing new.
type row struct {
	id      string
	card    *board.Card
	event   *event.Event // what was last written, with repeats: the same again needs no writing
	repeats int

	node, when, conf, chg, setup, trigger                js.Value // elements
	symText, patText, badgeText, whenText, confText      js.Value
	pxText, chgText, tfText, noteText, setupText, trText js.Value

	was      card.View
	place    int       // position in the whole list, from 1, as last told
	of       int       // how long that is, as last told
	arrival  string    // class of the arrival tint
	marked   string    // classes from List.Marks
	mounted  bool      // it is in the document
	calmedAt time.Time // when the arrival tint ends; zero if none runs
}

// prototype builds the card that rows are cloned from: twelve elements.
func prototype(t event.Tier) js.Value {
	words := func(tag, class string) js.Value {
		e := dom.Element(tag, class, "")
		e.Call("append", "") // the text node that rows write to
		return e
	}
	span := func(class string) js.Value { return words("span", class) }
	line := func(parts ...js.Value) js.Value { return dom.Element("div", "line", "", parts...) }
	card := dom.Document.Call("createElement", "article")
	card.Set("tabIndex", -1)
	// What floats to the right stands first, as floats must.
	card.Call("appendChild", line(words("time", "when"), span("sym"), span("pat"), span("badge")))
	if t == event.Combo {
		card.Call("appendChild", line(span("leg daily"), span("leg intraday")))
		card.Call("appendChild", line(span("conf m0"), span("note")))
	} else {
		card.Call("appendChild", line(span("conf m0"), span("px"), span("chg"), span("tf"), span("note")))
	}
	return card
}

// newRow takes a row that another card has left, or clones the prototype.
func (l *List) newRow() *row {
	if n := len(l.gone); n > 0 {
		r := l.gone[n-1]
		l.gone = l.gone[:n-1]
		return r
	}
	if n := len(l.spare); n > 0 {
		r := l.spare[n-1]
		l.spare = l.spare[:n-1]
		return r
	}
	r := &row{node: l.proto.Call("cloneNode", true)}
	// parts takes a line's elements apart: into their text nodes and, where a place is given, the elements themselves.
	type part struct{ text, element *js.Value }
	parts := func(line js.Value, places ...part) {
		e := line.Get("firstChild")
		for _, to := range places {
			*to.text = e.Get("firstChild")
			if to.element != nil {
				*to.element = e
			}
			e = e.Get("nextSibling")
		}
	}
	first := r.node.Get("firstChild")
	parts(first, part{&r.whenText, &r.when}, part{&r.symText, nil}, part{&r.patText, nil}, part{&r.badgeText, nil})
	if l.Tier == event.Combo {
		parts(first.Get("nextSibling"), part{&r.setupText, &r.setup}, part{&r.trText, &r.trigger})
		parts(r.node.Get("lastChild"), part{&r.confText, &r.conf}, part{&r.noteText, nil})
	} else {
		parts(r.node.Get("lastChild"), part{&r.confText, &r.conf}, part{&r.pxText, nil}, part{&r.chgText, &r.chg}, part{&r.tfText, nil}, part{&r.noteText, nil})
	}
	return r
}

// write brings a row up to date, touching only what differs.
func (l *List) write(r *row, c *board.Card, v *card.Viewer, now time.Time) {
	r.card = c
	if r.event == c.Event && r.repeats == c.Repeats {
		return
	}
	r.event, r.repeats = c.Event, c.Repeats
	n := v.View(c, now)
	w := &r.was
	if marked := l.Marks(c); n.Class != w.Class || marked != r.marked {
		w.Class, r.marked = n.Class, marked
		r.setClass()
	}
	if n.Label != w.Label {
		r.node.Call("setAttribute", "aria-label", n.Label)
	}
	text(r.symText, n.Symbol, &w.Symbol)
	text(r.patText, n.Pattern, &w.Pattern)
	text(r.badgeText, n.Badge, &w.Badge)
	text(r.whenText, n.When, &w.When)
	r.writeAge(n.Age)
	text(r.noteText, n.Note, &w.Note)
	text(r.confText, n.Confidence, &w.Confidence)
	class(r.conf, n.Meter, &w.Meter)
	if l.Tier == event.Combo {
		text(r.setupText, n.Setup, &w.Setup)
		text(r.trText, n.Trigger, &w.Trigger)
		class(r.setup, n.SetupClass, &w.SetupClass)
		class(r.trigger, n.TriggerClass, &w.TriggerClass)
	} else {
		text(r.pxText, n.Price, &w.Price)
		text(r.chgText, n.Change, &w.Change)
		class(r.chg, n.ChangeClass, &w.ChangeClass)
		text(r.tfText, n.Timeframe, &w.Timeframe)
	}
	r.was = n
}

// text sets a text node's words if they differ from what was written before.
func text(node js.Value, s string, was *string) {
	if s != *was {
		node.Set("data", s)
		*was = s
	}
}

// class does the same for an element's class.
func class(el js.Value, s string, was *string) {
	if s != *was {
		el.Set("className", s)
		*was = s
	}
}

// writeAge sets the age that the style sheet shows behind the time.
func (r *row) writeAge(age string) {
	if age == r.was.Age {
		return
	}
	if age == "" {
		r.when.Call("removeAttribute", "data-age")
	} else {
		r.when.Call("setAttribute", "data-age", age)
	}
	r.was.Age = age
}

// setClass writes the row's class together with its marks and its arrival.
func (r *row) setClass() {
	if r.calmedAt.IsZero() {
		r.arrival = ""
	}
	r.node.Set("className", r.was.Class+r.marked+r.arrival)
}
