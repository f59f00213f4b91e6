//go:build js

package ui

import (
	"syscall/js"

	"github.com/maxence-charriere/go-app/v10/pkg/app"

	"tierboard/app/ui/dom"
	"tierboard/app/ui/tier"
)

// onKey carries out a keyboard command. Keys mean commands only outside of fields, and never with a modifier that belongs to the
// browser.
func (p *page) onKey(e js.Value) {
	p.command = false
	if k := e.Get("key").String(); (k == "k" || k == "K") && (e.Get("ctrlKey").Bool() || e.Get("metaKey").Bool()) {
		e.Call("preventDefault")
		p.d.palette.Open()
		return
	}
	if e.Get("ctrlKey").Bool() || e.Get("metaKey").Bool() || e.Get("altKey").Bool() || e.Get("isComposing").Bool() {
		return
	}
	key := e.Get("key").String()
	target := e.Get("target")
	if key == "Escape" {
		p.escape(target)
		return
	}
	if target.Get("id").String() == "palette-query" {
		if p.d.palette.Key(key) {
			p.command = true
			e.Call("preventDefault")
		}
		return
	}
	if target.Get("closest").Type() == js.TypeFunction && !target.Call("closest", "input, select, textarea, dialog").IsNull() {
		return
	}
	if p.tabKey(key, target) {
		e.Call("preventDefault")
		return
	}
	onControl := target.Get("closest").Type() == js.TypeFunction && !target.Call("closest", "button, a, summary").IsNull()
	switch key {
	case "j", "ArrowDown":
		p.step(1)
	case "k", "ArrowUp":
		p.step(-1)
	case "h", "ArrowLeft":
		p.across(-1)
	case "l", "ArrowRight":
		p.across(1)
	case "Enter", " ":
		if onControl {
			return
		}
		t, at := p.current()
		shown := p.board.Column(t).Shown()
		if at < 0 || at >= len(shown) {
			return
		}
		p.choose(shown[at].Event.ID)
	case "p":
		p.ctx.Dispatch(func(app.Context) {
			t, _ := p.current()
			i := tier.Position(t)
			p.d.setPaused(i, !p.d.columns[i].paused)
		})
	case "P":
		p.ctx.Dispatch(func(app.Context) { p.d.pauseAll(!p.d.allHeld) })
	case "/":
		p.soon(func() {}, func() { dom.ByID("everything").Call("focus") })
	case "f":
		t, _ := p.current()
		i := tier.Position(t)
		p.soon(func() { p.d.openFilters(i, true) }, func() { dom.ByID("symbols-" + tier.All[i].Class).Call("focus") })
	case ".":
		p.releaseAll()
	case "?":
		p.openDialog("help", nil)
	default:
		return
	}
	p.command = true
	e.Call("preventDefault")
}

// onCharacter keeps the character of a command's key from being typed into the field that the command has gone to: Chromium
// sends it there although the key was prevented.
func (p *page) onCharacter(e js.Value) {
	if p.command {
		p.command = false
		e.Call("preventDefault")
	}
}

// escape leaves what was entered last: a field, the filter row it is in, or the details.
func (p *page) escape(target js.Value) {
	if target.Get("closest").Type() != js.TypeFunction { // not an element: an extension of the browser sent it
		target = dom.Document.Get("body")
	}
	if form := target.Call("closest", "form.filters"); !form.IsNull() {
		for i, s := range tier.All {
			if form.Get("id").String() == "filters-"+s.Class {
				p.ctx.Dispatch(func(app.Context) { p.d.openFilters(i, false) })
				p.lists[i].El.Call("focus")
			}
		}
		return
	}
	if target.Get("id").String() == "everything" && target.Get("value").String() != "" {
		p.ctx.Dispatch(func(app.Context) { p.d.setQuery("") })
		return
	}
	if dom.Document.Call("querySelector", "dialog[open]").IsNull() { // an open dialog closes itself
		p.choose("")
	}
}

// tabKey moves among the tabs of a narrow screen, and shows the tier it comes to; it reports whether the key was one for tabs.
func (p *page) tabKey(key string, target js.Value) bool {
	at := -1
	for i, s := range tier.All {
		if target.Get("id").String() == "tab-"+s.Class {
			at = i
		}
	}
	if at < 0 {
		return false
	}
	last := len(tier.All) - 1
	switch key {
	case "ArrowRight", "ArrowDown":
		at = (at + 1) % (last + 1)
	case "ArrowLeft", "ArrowUp":
		at = (at + last) % (last + 1)
	case "Home":
		at = 0
	case "End":
		at = last
	default:
		return false
	}
	p.ctx.Dispatch(func(app.Context) { p.d.tab = tier.All[at].Tier })
	p.showTab(tier.All[at].Tier)
	p.shown(tier.All[at].Tier)
	dom.ByID("tab-" + tier.All[at].Class).Call("focus")
	return true
}
