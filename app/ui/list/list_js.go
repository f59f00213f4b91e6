//go:build js

package list

import (
	"syscall/js"
	"time"

	"tierboard/app/board"
	"tierboard/app/ui/card"
	"tierboard/shared/event"
)

const (
	windowStep  = 20  // cards mounted beyond those that fit the screen once somebody may scroll, and added when they scroll near the end
	spareRows   = 40  // detached rows kept for the next cards
	mostRising  = 6   // cards that may move in at once; more only change their tint
	tintSeconds = 2.4 // how long a card is shown as new
)

// List drives one column's cards. It owns every child of its element.
type List struct {
	Tier    event.Tier
	El      js.Value                   // the list's element
	Marks   func(c *board.Card) string // classes that a card's relations give it, each with a space in front
	Density string                     // as in package prefs
	Busy    bool                       // so many arrivals that cards should not move in

	rows   []*row // mounted, newest first
	byID   map[string]*row
	gone   []*row              // scratch of Show: what it takes out, in the document until no other card wants it
	spare  []*row              // not in the document
	moves  bool                // the browser knows moveBefore
	near   bool                // somebody may scroll
	wanted map[string]struct{} // scratch of Show, like next
	next   []*row
	limit  int // how many cards may be mounted
	proto  js.Value
	role   string  // what the element is to assistive technology, as last written
	top    float64 // scrolled by, in pixels, when it was last measured
	height float64 // of what can be seen
	inner  float64 // of the whole content
}

// New returns the driver of a tier's list element, which must be empty.
func New(t event.Tier, el js.Value) *List {
	none := func(*board.Card) string { return "" }
	return &List{
		Tier: t, El: el, byID: map[string]*row{}, limit: windowStep, wanted: map[string]struct{}{}, proto: prototype(t), Marks: none,
		moves: el.Get("moveBefore").Type() == js.TypeFunction,
	}
}

// Rewind makes the list hold no more than it does at its top.
func (l *List) Rewind() { l.limit = l.window() }

// Grow lets more cards be mounted.
func (l *List) Grow() { l.limit += windowStep }

// Fill lets as many cards be mounted as fit now; it reports whether those are more than before.
func (l *List) Fill() bool {
	w := l.window()
	if l.limit >= w {
		return false
	}
	l.limit = w
	return true
}

// ToTop scrolls to the first card.
func (l *List) ToTop() {
	l.Rewind()
	l.El.Set("scrollTop", 0)
	l.top = 0
}

// Away reports whether the list was scrolled away from its top when it was last measured.
func (l *List) Away() bool { return l.top > 8 }

// NearEnd reports whether the last mounted card is close and there are others among so many shown.
func (l *List) NearEnd(shown int) bool { return l.limit < shown && l.top+2*l.height > l.inner }

// AtEnd reports whether the last of so many shown cards is in view.
func (l *List) AtEnd(shown int) bool {
	return l.top+l.height >= l.inner-40 && len(l.rows) >= shown
}

// Sight is what of the list's content can be seen now, from and to a height.
func (l *List) Sight() (top, bottom float64) {
	top = l.El.Get("scrollTop").Float()
	return top, top + l.El.Get("clientHeight").Float()
}

// Middle is the height in the list's content at which the card at a position has its middle.
func (l *List) Middle(at int) float64 { return 8 + (float64(at)+.5)*l.rowHeight() }

// SetNear tells whether somebody may scroll, whose pointer, finger or focus is in the list. Only then are cards mounted beyond the end of
// what can be seen: a batch that nobody is about to scroll has a quarter less to write, lay out and paint without them.
func (l *List) SetNear(near bool) {
	if near == l.near {
		return
	}
	l.near = near
	if near {
		l.Fill()
	} else if !l.Away() {
		l.Rewind()
	}
}

// window is how many cards are mounted at the top: what fits the list, and as far as a turn of the wheel goes for somebody who may scroll.
func (l *List) window() int {
	w := int(l.height/l.rowHeight()) + 1
	if l.near {
		w += windowStep
	}
	return w
}

// Measure reads where the list is scrolled to and how high it is and its content. Reading after a write makes the browser lay the page
// out at once, so it is done before anything is written, and once for all who need it.
func (l *List) Measure() {
	l.top, l.height, l.inner = l.El.Get("scrollTop").Float(), l.El.Get("clientHeight").Float(), l.El.Get("scrollHeight").Float()
}

// Redraw makes the next Show write every card again, because something else than events has changed.
func (l *List) Redraw() {
	for _, r := range l.rows {
		r.event = nil
	}
}

// Show makes the element hold the first cards, in order, moving only what must move. A card that has just come is tinted.
func (l *List) Show(cards []*board.Card, v *card.Viewer, now time.Time) {
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
		r.id, r.card, r.event, r.calmedAt = "", nil, nil, time.Time{}
		if r.arrival != "" { // the next card in it gets a class of its own
			r.was.Class = ""
		}
		l.gone = append(l.gone, r)
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
				l.welcome(r, rising <= mostRising && !l.Busy, now)
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
	l.unmount()
	l.setRole()
}

// unmount takes what is gone out of the document, and keeps some of it.
func (l *List) unmount() {
	for n := len(l.gone); n > 0; n = len(l.gone) {
		r := l.gone[n-1]
		l.gone = l.gone[:n-1]
		r.mounted = false
		r.node.Call("remove")
		if len(l.spare) < spareRows {
			l.spare = append(l.spare, r)
		}
	}
}

// rewrite gives every row the card that belongs in its place. When most cards are new ones, that is less for the browser to do than
// taking as many rows out and putting them in again somewhere else.
func (l *List) rewrite(cards []*board.Card, v *card.Viewer, now time.Time) {
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
func (l *List) setRole() {
	role := "group"
	if len(l.rows) > 0 {
		role = "feed"
	}
	if role != l.role {
		l.role = role
		l.El.Call("setAttribute", "role", role)
	}
}

// place puts a row before the one at position at of the rows that have not been passed yet. What it calls returns nothing, since a
// js.Value would have to be collected.
func (l *List) place(r *row, at int) {
	switch {
	case at >= len(l.rows):
		l.El.Call("append", r.node)
	case r.mounted && l.moves && l.Busy: // half the work of taking it out and putting it in; but a card's rise would not begin again
		l.El.Call("moveBefore", r.node, l.rows[at].node)
	default:
		l.rows[at].node.Call("before", r.node)
	}
	r.mounted = true
}

// welcome tints a card that has just come, and lets it move in if movement is in order.
func (l *List) welcome(r *row, rise bool, now time.Time) {
	r.arrival = " fresh-in"
	if rise {
		r.arrival = " rise"
	}
	r.calmedAt = now.Add(time.Duration(tintSeconds * float64(time.Second)))
	r.setClass()
}

// Remark asks again what each card's relations are, and writes what differs.
func (l *List) Remark() {
	for _, r := range l.rows {
		if marked := l.Marks(r.card); marked != r.marked {
			r.marked = marked
			r.setClass()
		}
	}
}

// Tick brings ages up to date on the cards in view and ends arrival tints.
func (l *List) Tick(v *card.Viewer, now time.Time) {
	if len(l.rows) == 0 {
		return
	}
	first := max(int(l.top/l.rowHeight())-1, 0)
	last := min(int((l.top+l.height)/l.rowHeight())+2, len(l.rows))
	for i, r := range l.rows {
		if !r.calmedAt.IsZero() && now.After(r.calmedAt) {
			r.calmedAt = time.Time{}
			r.setClass()
		}
		if i >= first && i < last {
			r.writeAge(v.Age(r.card.Event, now))
		}
	}
}

// Number tells assistive technology where each card stands in the whole list. It is not done with each batch, since a new card at the
// top renumbers all others.
func (l *List) Number(of int) {
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
func (l *List) rowOf(target js.Value) *row {
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

// CardOf returns the card that contains a DOM node, or nil.
func (l *List) CardOf(target js.Value) *board.Card {
	if r := l.rowOf(target); r != nil {
		return r.card
	}
	return nil
}

// Focus puts the keyboard focus on a card; it reports whether the card is mounted.
func (l *List) Focus(id string) bool {
	r := l.byID[id]
	if r == nil {
		return false
	}
	r.node.Call("focus", map[string]any{"preventScroll": true})
	return true
}

// Explain gives a card's time a tooltip.
func (l *List) Explain(id, text string) {
	if r := l.byID[id]; r != nil {
		r.when.Set("title", text)
	}
}

// Behind reports whether other than as many cards are mounted as there should be, as after the window has grown or shrunk.
func (l *List) Behind(cards []*board.Card) bool { return len(l.rows) != min(len(cards), l.limit) }

// rowHeight is how much of the list one card takes, its margin included; it must match app.css.
func (l *List) rowHeight() float64 {
	switch {
	case l.Density == "rows":
		return 31
	case l.Density == "compact" && l.Tier == event.Combo:
		return 65
	case l.Density == "compact":
		return 49
	case l.Tier == event.Combo:
		return 98
	}
	return 70
}

// Reveal mounts the card at a position of the shown list if it is not, and scrolls it into view.
func (l *List) Reveal(cards []*board.Card, at int, v *card.Viewer, now time.Time) {
	if at < 0 || at >= len(cards) {
		return
	}
	if at >= l.limit {
		l.limit = (at/windowStep + 1) * windowStep
	}
	if l.byID[cards[at].Event.ID] == nil {
		l.Show(cards, v, now)
	}
	l.byID[cards[at].Event.ID].node.Call("scrollIntoView", map[string]any{"block": "nearest"})
}
