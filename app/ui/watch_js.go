//go:build js

package ui

import (
	"syscall/js"
	"time"

	"github.com/maxence-charriere/go-app/v10/pkg/app"

	"tierboard/app/board"
	"tierboard/app/format"
	"tierboard/app/ui/dom"
	"tierboard/app/ui/list"
	"tierboard/app/ui/tier"
	"tierboard/shared/event"
)

// watch listens to what the person and the browser do.
func (p *page) watch() {
	on := func(target js.Value, name string, f func(e js.Value)) {
		p.stops = append(p.stops, dom.Listen(target, name, f))
	}
	for i := range p.lists {
		l := p.lists[i]
		column := p.board.Column(l.Tier)
		on(l.El, "pointerenter", func(e js.Value) {
			if e.Get("pointerType").String() == "mouse" {
				p.hold(i, board.Pointer, true)
				return
			}
			l.SetNear(true) // a finger that may scroll
			p.paint(time.Now())
		})
		on(l.El, "pointerleave", func(e js.Value) {
			if e.Get("pointerType").String() == "mouse" { // a finger leaves when it begins to scroll, too
				p.hold(i, board.Pointer, false)
			}
			p.over(nil)
		})
		on(l.El, "pointerup", func(e js.Value) {
			if e.Get("pointerType").String() != "mouse" { // it did not scroll
				p.hold(i, board.Pointer, false)
			}
		})
		on(l.El, "pointerover", func(e js.Value) { p.pointed(l, l.CardOf(e.Get("target"))) })
		on(l.El, "focusin", func(e js.Value) {
			p.hold(i, board.Focus, true)
			p.over(l.CardOf(e.Get("target")))
		})
		on(l.El, "focusout", func(js.Value) {
			p.hold(i, board.Focus, false)
			p.over(nil)
		})
		on(l.El, "click", func(e js.Value) {
			if c := l.CardOf(e.Get("target")); c != nil {
				p.choose(c.Event.ID)
			}
		})
		on(l.El, "scroll", func(js.Value) {
			p.scrolled(i, l, column)
			p.paintEdge(i)
			p.paintMore(i)
		})
		p.stops = append(p.stops, dom.Resized(l.El, func() { p.fits(i) }))
		on(p.columns[i].more.El, "click", func(js.Value) { p.more(l.Tier) })
		on(p.columns[i].relax.El, "click", func(js.Value) { p.dispatch(func() { p.relax(i) }) })
		on(p.edges[i].above.El, "click", func(js.Value) { p.reveal(p.edges[i].up, l.Tier) })
		on(p.edges[i].below.El, "click", func(js.Value) { p.reveal(p.edges[i].down, l.Tier) })
	}
	on(dom.Document, "keydown", p.onKey)
	on(dom.Document, "keypress", p.onCharacter)
	on(dom.Window, "popstate", p.wentBack)
	on(dom.Window, "resize", func(js.Value) { p.paintSize() })
	p.paintSize()
	on(dom.ByID("palette-list"), "click", func(e js.Value) { p.d.palette.Click(e.Get("target")) })
	for _, id := range []string{"help", "settings", "palette", "setup", "library"} {
		dialog := dom.ByID(id)
		on(dialog, "click", func(e js.Value) {
			if e.Get("target").Equal(dialog) { // the backdrop
				dialog.Call("close")
			}
		})
	}
	on(dom.Document, "visibilitychange", func(js.Value) {
		now := time.Now()
		if dom.Hidden() {
			p.save(now)
			return
		}
		p.paint(now)
		p.stream.Check()
	})
	on(dom.Window, "pagehide", func(js.Value) { p.save(time.Now()) })
	on(dom.Window, "online", func(js.Value) { p.stream.SetOnline(true) })
	on(dom.Window, "offline", func(js.Value) { p.stream.SetOnline(false) })
	p.stops = append(p.stops, dom.Every(1000, func() { p.tick(time.Now()) }))
}

// hold makes a column stand still for a reason, or ends that reason.
func (p *page) hold(i int, r board.Reason, on bool) {
	c := p.board.Column(tier.All[i].Tier)
	c.Hold(r, on)
	p.lists[i].SetNear(c.Held()&^board.Pause != 0)
	p.paint(time.Now())
}

// pointed marks the symbol of the card under the pointer, and gives its time the tooltip.
func (p *page) pointed(l *list.List, c *board.Card) {
	p.over(c)
	if c != nil {
		l.Explain(c.Event.ID, format.Tooltip(c.Event.DetectedAt, p.viewer.Exchange, p.viewer.Local))
	}
}

// scrolled holds a column that is not at its top, and mounts more cards near its end.
func (p *page) scrolled(i int, l *list.List, c *board.Column) {
	l.Measure()
	away := l.Away()
	if away != (c.Held()&board.Scroll != 0) {
		p.hold(i, board.Scroll, away)
		if !away {
			l.Rewind()
		}
	}
	if away && l.NearEnd(len(c.Shown())) {
		l.Grow()
		l.Show(c.Shown(), &p.viewer, time.Now())
	}
}

// fits mounts the cards that a list has room for since it is higher.
func (p *page) fits(i int) {
	p.lists[i].Measure()
	if p.lists[i].Fill() {
		p.paint(time.Now())
	}
}

// release brings a column's waiting events in and goes to its top.
func (p *page) release(t event.Tier) {
	i := tier.Position(t)
	p.board.Column(t).Release()
	p.lists[i].ToTop()
	p.columns[i].pill.Hide(true)
	p.paint(time.Now())
}

// shown tells that a narrow screen now shows this tier.
func (p *page) shown(t event.Tier) {
	p.board.Column(t).Seen()
	dom.After(0, func() { p.paint(time.Now()) })
}

// releaseAll brings every column's waiting events in.
func (p *page) releaseAll() {
	for _, s := range tier.All {
		if p.board.Column(s.Tier).Pending() > 0 {
			p.release(s.Tier)
		}
	}
}

// showTab makes a narrow screen show a tier's column.
func (p *page) showTab(t event.Tier) {
	if p.tabShows(t) {
		return
	}
	p.ctx.Dispatch(func(app.Context) { p.d.tab = t })
	dom.ByID("page").Get("dataset").Set("tab", t.String()) // at once, since what follows scrolls in it
}

// tabShows reports whether a tier's column is on the screen.
func (p *page) tabShows(t event.Tier) bool {
	return dom.ByID("column-" + t.String()).Get("offsetParent").Truthy()
}
