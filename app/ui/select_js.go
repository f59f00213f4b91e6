//go:build js

package ui

import (
	"strconv"
	"syscall/js"
	"time"

	"tierboard/app/board"
	"tierboard/app/ui/dom"
	"tierboard/app/ui/tier"
	"tierboard/shared/event"
)

// selection is which card the person points at and which one is selected, and what belongs to them.
type selection struct {
	hover  string // symbol under the pointer or the focus; "" for none
	id     string // the selected event; "" for none
	marks  board.Marks
	chain  map[string]event.LinkKind // card ids of the selected event's chain
	opener js.Value                  // what had the focus before the drawer opened
}

// classes are the marks a card wears: the same symbol softly, the selected chain strongly.
func (s *selection) classes(c *board.Card) string {
	id := c.Event.ID
	switch link, linked := s.chain[id]; {
	case id == s.id && id != "":
		return " selected"
	case linked && link == event.LinkInferred:
		return " linked inferred"
	case linked:
		return " linked"
	case s.hover != "" && c.Event.Symbol == s.hover:
		return " same"
	}
	return ""
}

// over marks the symbol of a card in all columns; nil clears.
func (p *page) over(c *board.Card) {
	symbol := ""
	if c != nil {
		symbol = c.Event.Symbol
	}
	if symbol == p.sel.hover {
		return
	}
	p.sel.hover = symbol
	for _, l := range p.lists {
		l.Remark()
	}
}

// choose selects an event and opens its details; "" clears.
func (p *page) choose(id string) {
	now := time.Now()
	if id != "" && p.board.Find(id) == nil {
		return
	}
	if p.sel.id == "" && id != "" {
		p.sel.opener = dom.Document.Get("activeElement")
	}
	was := p.sel.id
	p.sel.id = id
	p.sel.marks = p.board.Related(id)
	p.sel.chain = map[string]event.LinkKind{}
	for _, m := range p.sel.marks.Chain {
		if m.CardID != "" {
			p.sel.chain[m.CardID] = m.Link
		}
	}
	for _, l := range p.lists {
		l.Remark()
	}
	dom.Document.Get("body").Get("classList").Call("toggle", "choosing", id != "")
	p.drawer.El.Set("hidden", id == "")
	if id != "" {
		p.drawer.Fill(id, p.sel.marks, p.sel.chain, now)
	} else {
		p.drawer.Empty()
	}
	p.setModal(id != "" && narrow())
	if id == "" && p.sel.opener.Truthy() {
		p.returnFocus(was)
		p.sel.opener = js.Undefined()
	}
	p.paintEdges()
}

// narrow reports whether the window is a phone's: one column, and the details as a sheet over it.
func narrow() bool {
	return dom.Window.Call("matchMedia", "(max-width: 767.98px)").Get("matches").Bool()
}

// setModal makes the details a dialog that keeps everything else out of reach, or a region beside it again. A modal one is a step in
// the browser's history, so that the phone's way back closes it.
func (p *page) setModal(on bool) {
	if on == p.modal {
		return
	}
	p.modal = on
	behind := dom.Document.Call("querySelectorAll", ".top, .bar, .tabs, #columns")
	for i := range behind.Length() {
		behind.Index(i).Set("inert", on)
	}
	p.drawer.Dialog(on)
	history := dom.Window.Get("history")
	if on {
		history.Call("pushState", "details", "")
		return
	}
	if state := history.Get("state"); state.Type() == js.TypeString && state.String() == "details" {
		history.Call("back")
	}
}

// wentBack closes modal details when their step in the history has gone. It keeps such steps from go-app, which would take them for
// another page.
func (p *page) wentBack(e js.Value) {
	if p.modal {
		e.Call("stopImmediatePropagation")
		p.choose("")
	}
}

// paintSize follows the width of the window: tabs that stand for columns have panels, and details that were modal no longer are.
func (p *page) paintSize() {
	tabs := dom.ByID("tab-daily").Get("offsetParent").Truthy()
	if tabs != p.tabbed {
		p.tabbed = tabs
		for _, s := range tier.All {
			if c := dom.ByID("column-" + s.Class); tabs {
				c.Call("setAttribute", "role", "tabpanel")
			} else {
				c.Call("removeAttribute", "role")
			}
		}
	}
	p.setModal(p.sel.id != "" && narrow())
}

// returnFocus puts the focus on the card whose details were last shown, else on what had it before they opened.
func (p *page) returnFocus(id string) {
	if c := p.board.ShownAs(id); c != nil {
		if p.tabShows(c.Event.Tier) && p.lists[tier.Position(c.Event.Tier)].Focus(c.Event.ID) {
			return
		}
	}
	p.sel.opener.Call("focus")
}

// jump selects an event's card and brings it into view, if the board shows it.
func (p *page) jump(id string, t event.Tier) {
	if c := p.board.ShownAs(id); c != nil {
		id = c.Event.ID
	}
	p.choose(id)
	p.reveal(id, t)
}

// reveal scrolls a card into view and, on a narrow screen, shows its column.
func (p *page) reveal(id string, t event.Tier) {
	i := tier.Position(t)
	c := p.board.Column(t)
	p.showTab(t)
	p.lists[i].Reveal(c.Shown(), c.Index(id), &p.viewer, time.Now())
}

// step moves the selection, or the focus when nothing is selected, by a number of cards within its column.
func (p *page) step(by int) {
	t, at := p.current()
	shown := p.board.Column(t).Shown()
	if len(shown) == 0 {
		return
	}
	next := min(max(at+by, 0), len(shown)-1)
	p.focusCard(t, next)
	if p.sel.id != "" {
		p.choose(shown[next].Event.ID)
	}
}

// across moves the focus to a neighbouring column.
func (p *page) across(by int) {
	t, at := p.current()
	i := min(max(tier.Position(t)+by, 0), len(tier.All)-1)
	to := tier.All[i].Tier
	if n := len(p.board.Column(to).Shown()); n > 0 {
		p.focusCard(to, min(max(at, 0), n-1))
	} else {
		p.lists[i].El.Call("focus")
	}
}

// current is the card that keyboard commands start from: the selected one, else the focused one, else none yet (-1) in the
// first column that has cards.
func (p *page) current() (event.Tier, int) {
	focused := dom.Document.Get("activeElement")
	for _, l := range p.lists {
		if c := l.CardOf(focused); c != nil {
			return l.Tier, p.board.Column(l.Tier).Index(c.Event.ID)
		}
	}
	if c := p.board.ShownAs(p.sel.id); c != nil {
		return c.Event.Tier, p.board.Column(c.Event.Tier).Index(c.Event.ID)
	}
	for i, l := range p.lists {
		if focused.Equal(l.El) {
			return tier.All[i].Tier, -1
		}
	}
	for _, s := range tier.All {
		if len(p.board.Column(s.Tier).Shown()) > 0 && p.tabShows(s.Tier) {
			return s.Tier, -1
		}
	}
	return event.Intraday, -1
}

// focusCard puts the keyboard focus on a card by its position.
func (p *page) focusCard(t event.Tier, at int) {
	i := tier.Position(t)
	shown := p.board.Column(t).Shown()
	p.showTab(t)
	p.lists[i].Reveal(shown, at, &p.viewer, time.Now())
	p.lists[i].Focus(shown[at].Event.ID)
}

// paintEdges says at each column's edge how many cards of the selected chain are out of sight.
func (p *page) paintEdges() {
	for i := range p.edges {
		p.paintEdge(i)
	}
}

func (p *page) paintEdge(i int) {
	e, l, c := &p.edges[i], p.lists[i], p.board.Column(tier.All[i].Tier)
	above, below := 0, 0
	e.up, e.down = "", ""
	if p.sel.id != "" {
		top, bottom := l.Sight()
		for id := range p.sel.chain {
			at := c.Index(id)
			if at < 0 {
				continue
			}
			switch y := l.Middle(at); {
			case y < top:
				above++
				e.up = id
			case y > bottom:
				below++
				e.down = id
			}
		}
	}
	words := func(s *dom.Slot, n int, where string) {
		s.Hide(n == 0)
		if n > 0 {
			s.Set(p.sel.marks.Symbol + ": " + strconv.Itoa(n) + " linked " + where)
		}
	}
	words(e.above, above, "above")
	words(e.below, below, "below")
}

// edge is the pair of buttons at a column's edges, and the card each leads to.
type edge struct {
	above, below *dom.Slot
	up, down     string
}
