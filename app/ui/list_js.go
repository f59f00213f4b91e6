//go:build js

package ui

import (
	"syscall/js"
	"time"

	"tierboard/app/board"
	"tierboard/shared/event"
)

const (
	windowStep  = 20  // cards added when somebody scrolls near the end
	windowSpare = 3   // cards mounted at first beyond those that fit the screen
	spareRows   = 40  // detached rows kept for the next cards
	mostRising  = 6   // cards that may move in at once; more only change their tint
	tintSeconds = 2.4 // how long a card is shown as new
)

// list drives one column's cards. It owns every child of its element.
type list struct {
	tier    event.Tier
	el      js.Value
	rows    []*row // mounted, newest first
	byID    map[string]*row
	spare   []*row
	wanted  map[string]struct{} // scratch of show, like next
	next    []*row
	limit   int // how many cards may be mounted
	proto   js.Value
	marks   func(c *board.Card) string // classes that the card's relations give it, each with a space in front
	role    string                     // what the element is to assistive technology, as last written
	density string                     // as in prefs
	busy    bool                       // so many arrivals that cards should not move in
}

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

	was      view
	place    int       // position in the whole list, from 1, as last told
	of       int       // how long that is, as last told
	arrival  string    // class of the arrival tint
	marked   string    // classes from list.marks
	calmedAt time.Time // when the arrival tint ends; zero if none runs
}

// newList returns the driver of a tier's list element, which must be empty.
func newList(t event.Tier, el js.Value) *list {
	none := func(*board.Card) string { return "" }
	return &list{tier: t, el: el, byID: map[string]*row{}, limit: windowStep, wanted: map[string]struct{}{}, proto: prototype(t), marks: none}
}

// prototype builds the card that rows are cloned from: twelve elements.
func prototype(t event.Tier) js.Value {
	words := func(tag, class string) js.Value {
		e := element(tag, class, "")
		e.Call("append", "") // the text node that rows write to
		return e
	}
	span := func(class string) js.Value { return words("span", class) }
	line := func(parts ...js.Value) js.Value { return element("div", "line", "", parts...) }
	card := document.Call("createElement", "article")
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

// newRow clones the prototype, or takes a spare row.
func (l *list) newRow() *row {
	if n := len(l.spare); n > 0 {
		r := l.spare[n-1]
		l.spare = l.spare[:n-1]
		return r
	}
	r := &row{node: l.proto.Call("cloneNode", true)}
	// parts takes a line's elements apart: into their text nodes and, where a place is given, the elements themselves.
	parts := func(line js.Value, places ...*js.Value) {
		e := line.Get("firstChild")
		for i := 0; i < len(places); i += 2 {
			*places[i] = e.Get("firstChild")
			if places[i+1] != nil {
				*places[i+1] = e
			}
			e = e.Get("nextSibling")
		}
	}
	first := r.node.Get("firstChild")
	parts(first, &r.whenText, &r.when, &r.symText, nil, &r.patText, nil, &r.badgeText, nil)
	if l.tier == event.Combo {
		parts(first.Get("nextSibling"), &r.setupText, &r.setup, &r.trText, &r.trigger)
		parts(r.node.Get("lastChild"), &r.confText, &r.conf, &r.noteText, nil)
	} else {
		parts(r.node.Get("lastChild"), &r.confText, &r.conf, &r.pxText, nil, &r.chgText, &r.chg, &r.tfText, nil, &r.noteText, nil)
	}
	return r
}

// window is how many cards are mounted at the top: what fits the list, and a few more.
func (l *list) window() int {
	return int(l.el.Get("clientHeight").Float()/l.rowHeight()) + 1 + windowSpare
}

// redraw makes the next show write every card again, because something else than events has changed.
func (l *list) redraw() {
	for _, r := range l.rows {
		r.event = nil
	}
}

// show makes the element hold the first cards, in order, moving only what must move. A card that has just come is tinted.
func (l *list) show(cards []*board.Card, v *viewer, now time.Time) {
	if len(cards) > l.limit {
		cards = cards[:l.limit]
	}
	wanted := l.wanted
	clear(wanted)
	come := 0
	for _, c := range cards {
		wanted[c.Event.ID] = struct{}{}
		if l.byID[c.Event.ID] == nil {
			come++
		}
	}
	if 2*come > len(cards) && len(l.rows) == len(cards) {
		l.rewrite(cards, v, now)
		return
	}
	kept := l.rows[:0]
	for _, r := range l.rows {
		if _, ok := wanted[r.id]; ok {
			kept = append(kept, r)
			continue
		}
		delete(l.byID, r.id)
		r.node.Call("remove")
		r.id, r.card, r.event, r.calmedAt = "", nil, nil, time.Time{}
		if r.arrival != "" { // the next card in it gets a class of its own
			r.was.class = ""
		}
		if len(l.spare) < spareRows {
			l.spare = append(l.spare, r)
		}
	}
	l.rows = kept

	rising := 0
	next := l.next[:0]
	at := 0 // position in l.rows of the row that now stands where the next card belongs
	for _, c := range cards {
		r := l.byID[c.Event.ID]
		switch {
		case r == nil:
			r = l.newRow()
			r.id = c.Event.ID
			l.byID[r.id] = r
			l.write(r, c, v, now)
			if c.New && now.Sub(c.ArrivedAt) < time.Second && rising < 3*mostRising {
				rising++
				l.welcome(r, rising <= mostRising && !l.busy, now)
			}
			l.place(r, at)
		case at < len(l.rows) && l.rows[at] == r:
			at++
			l.write(r, c, v, now)
		default: // it moved up: it stands further down
			l.place(r, at)
			for i := at; i < len(l.rows); i++ {
				if l.rows[i] == r {
					l.rows = append(l.rows[:i], l.rows[i+1:]...)
					break
				}
			}
			l.write(r, c, v, now)
		}
		next = append(next, r)
	}
	l.rows, l.next = next, l.rows
	l.setRole()
}

// rewrite gives every row the card that belongs in its place. When most cards are new ones, that is less for the browser to do than
// taking as many rows out and putting them in again somewhere else.
func (l *list) rewrite(cards []*board.Card, v *viewer, now time.Time) {
	calmed := make(map[string]time.Time)
	for _, r := range l.rows {
		if !r.calmedAt.IsZero() {
			calmed[r.id] = r.calmedAt
		}
	}
	rising := 0
	old := l.byID
	l.byID = make(map[string]*row, len(cards))
	for i, c := range cards {
		r := l.rows[i]
		r.id = c.Event.ID
		l.byID[r.id] = r
		r.calmedAt, r.arrival = calmed[r.id], ""
		if !r.calmedAt.IsZero() {
			r.arrival = " fresh-in"
		}
		l.write(r, c, v, now)
		if old[r.id] == nil && c.New && now.Sub(c.ArrivedAt) < time.Second && rising < 3*mostRising {
			rising++
			l.welcome(r, false, now)
		} else {
			r.setClass()
		}
	}
}

// setRole tells assistive technology what the element is: a feed of articles, or just a group while it has none.
func (l *list) setRole() {
	role := "group"
	if len(l.rows) > 0 {
		role = "feed"
	}
	if role != l.role {
		l.role = role
		l.el.Call("setAttribute", "role", role)
	}
}

// place puts a row before the one at position at of the rows that have not been passed yet.
func (l *list) place(r *row, at int) {
	if at < len(l.rows) { // before and append return nothing, whose js.Value would have to be collected
		l.rows[at].node.Call("before", r.node)
		return
	}
	l.el.Call("append", r.node)
}

// write brings a row up to date, touching only what differs.
func (l *list) write(r *row, c *board.Card, v *viewer, now time.Time) {
	r.card = c
	if r.event == c.Event && r.repeats == c.Repeats {
		return
	}
	r.event, r.repeats = c.Event, c.Repeats
	n := v.view(c, now)
	w := &r.was
	if marked := l.marks(c); n.class != w.class || marked != r.marked {
		w.class, r.marked = n.class, marked
		r.setClass()
	}
	if n.label != w.label {
		r.node.Call("setAttribute", "aria-label", n.label)
	}
	text(r.symText, n.sym, &w.sym)
	text(r.patText, n.pat, &w.pat)
	text(r.badgeText, n.badge, &w.badge)
	text(r.whenText, n.when, &w.when)
	r.writeAge(n.age)
	text(r.noteText, n.note, &w.note)
	text(r.confText, n.conf, &w.conf)
	class(r.conf, n.meter, &w.meter)
	if l.tier == event.Combo {
		text(r.setupText, n.setup, &w.setup)
		text(r.trText, n.trigger, &w.trigger)
		class(r.setup, n.setupClass, &w.setupClass)
		class(r.trigger, n.triggerClass, &w.triggerClass)
	} else {
		text(r.pxText, n.px, &w.px)
		text(r.chgText, n.chg, &w.chg)
		class(r.chg, n.chgClass, &w.chgClass)
		text(r.tfText, n.tf, &w.tf)
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
	if age == r.was.age {
		return
	}
	if age == "" {
		r.when.Call("removeAttribute", "data-age")
	} else {
		r.when.Call("setAttribute", "data-age", age)
	}
	r.was.age = age
}

// setClass writes the row's class together with its marks and its arrival.
func (r *row) setClass() {
	if r.calmedAt.IsZero() {
		r.arrival = ""
	}
	r.node.Set("className", r.was.class+r.marked+r.arrival)
}

// welcome tints a card that has just come, and lets it move in if movement is in order.
func (l *list) welcome(r *row, rise bool, now time.Time) {
	r.arrival = " fresh-in"
	if rise {
		r.arrival = " rise"
	}
	r.calmedAt = now.Add(time.Duration(tintSeconds * float64(time.Second)))
	r.setClass()
}

// remark asks again what each card's relations are, and writes what differs.
func (l *list) remark() {
	for _, r := range l.rows {
		if marked := l.marks(r.card); marked != r.marked {
			r.marked = marked
			r.setClass()
		}
	}
}

// tick brings ages up to date on the cards in view and ends arrival tints.
func (l *list) tick(v *viewer, now time.Time) {
	if len(l.rows) == 0 {
		return
	}
	top, height := l.el.Get("scrollTop").Float(), l.el.Get("clientHeight").Float()
	first := max(int(top/l.rowHeight())-1, 0)
	last := min(int((top+height)/l.rowHeight())+2, len(l.rows))
	for i, r := range l.rows {
		if !r.calmedAt.IsZero() && now.After(r.calmedAt) {
			r.calmedAt = time.Time{}
			r.setClass()
		}
		if i >= first && i < last {
			r.writeAge(v.age(r.card.Event, now))
		}
	}
}

// number tells assistive technology where each card stands in the whole list. It is not done with each batch, since a new card at the
// top renumbers all others.
func (l *list) number(of int) {
	for i, r := range l.rows {
		if r.place != i+1 {
			r.place = i + 1
			r.node.Call("setAttribute", "aria-posinset", r.place)
		}
		if r.of != of {
			r.of = of
			r.node.Call("setAttribute", "aria-setsize", of)
		}
	}
}

// rowOf returns the row whose card contains a DOM node, or nil.
func (l *list) rowOf(target js.Value) *row {
	if target.Type() != js.TypeObject || target.Get("closest").Type() != js.TypeFunction {
		return nil
	}
	card := target.Call("closest", "article")
	if card.IsNull() {
		return nil
	}
	for _, r := range l.rows {
		if r.node.Equal(card) {
			return r
		}
	}
	return nil
}

// behind reports whether fewer cards are mounted than there could be, as after the window has grown or shrunk.
func (l *list) behind(cards []*board.Card) bool { return len(l.rows) != min(len(cards), l.limit) }

// rowHeight is how much of the list one card takes, its margin included; it must match app.css.
func (l *list) rowHeight() float64 {
	switch {
	case l.density == "rows":
		return 31
	case l.density == "compact" && l.tier == event.Combo:
		return 65
	case l.density == "compact":
		return 49
	case l.tier == event.Combo:
		return 98
	}
	return 70
}

// reveal mounts the card at a position of the shown list if it is not, and scrolls it into view.
func (l *list) reveal(cards []*board.Card, at int, v *viewer, now time.Time) {
	if at < 0 || at >= len(cards) {
		return
	}
	if at >= l.limit {
		l.limit = (at/windowStep + 1) * windowStep
		l.show(cards, v, now)
	}
	l.byID[cards[at].Event.ID].node.Call("scrollIntoView", map[string]any{"block": "nearest"})
}
