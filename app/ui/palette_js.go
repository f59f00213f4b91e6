//go:build js

package ui

import (
	"strings"
	"syscall/js"

	"tierboard/app/board"
	"tierboard/app/ui/dom"
	"tierboard/app/ui/tier"
)

// openPalette shows the palette, empty.
func (p *page) openPalette() {
	dom.ByID("palette-query").Set("value", "")
	dom.ShowDialog("palette")
	dom.ByID("palette-query").Call("focus")
	p.find("")
}

// find lists what matches the query.
func (p *page) find(query string) {
	seen := map[string]bool{}
	var symbols []string
	for _, c := range p.board.Columns() {
		for _, s := range c.SymbolsSeen() {
			if !seen[s.Value] {
				seen[s.Value] = true
				symbols = append(symbols, s.Value)
			}
		}
	}
	p.found, p.foundAt = search(query, symbols), 0
	p.paintPalette()
}

// paintPalette writes the list of matches.
func (p *page) paintPalette() {
	list := dom.ByID("palette-list")
	list.Call("replaceChildren")
	for i, c := range p.found {
		li := dom.Element("li", "", "", dom.Element("span", "", c.title), dom.Element("span", "faint", c.note))
		li.Set("id", "palette-"+c.id)
		li.Call("setAttribute", "role", "option")
		li.Call("setAttribute", "data-at", i)
		li.Call("setAttribute", "aria-selected", i == p.foundAt)
		list.Call("appendChild", li)
	}
	active := ""
	if p.foundAt < len(p.found) {
		active = "palette-" + p.found[p.foundAt].id
	}
	dom.ByID("palette-query").Call("setAttribute", "aria-activedescendant", active)
	if len(p.found) == 0 {
		list.Call("appendChild", dom.Element("li", "none", "Nothing matches."))
	}
}

// paletteKey moves through the matches and carries the chosen one out; it reports whether the key was one of its own.
func (p *page) paletteKey(key string) bool {
	switch key {
	case "ArrowDown":
		p.foundAt = min(p.foundAt+1, max(len(p.found)-1, 0))
	case "ArrowUp":
		p.foundAt = max(p.foundAt-1, 0)
	case "Enter":
		if p.foundAt < len(p.found) {
			p.run(p.found[p.foundAt].id)
		}
		return true
	default:
		return false
	}
	p.paintPalette()
	return true
}

// paletteClick carries out the match under the pointer.
func (p *page) paletteClick(target js.Value) {
	li := target.Call("closest", "[data-at]")
	if li.IsNull() {
		return
	}
	if at := js.Global().Call("parseInt", li.Get("dataset").Get("at")).Int(); at < len(p.found) {
		p.run(p.found[at].id)
	}
}

// run carries out a command of the palette.
func (p *page) run(id string) {
	dom.ByID("palette").Call("close")
	name, arg, _ := strings.Cut(id, ":")
	p.dispatch(func() {
		d := p.d
		switch name {
		case "pause":
			d.pauseAll(!d.allHeld)
		case "release":
			p.releaseAll()
		case "clear":
			d.setQuery("")
			for i := range d.columns {
				d.setFilter(i, board.ColumnFilter{})
			}
		case "share":
			p.share()
		case "export":
			p.export(arg)
		case "settings":
			p.openSettings()
		case "page":
			p.ctx.Navigate(arg)
		case "library":
			p.openLibrary()
		case "setup":
			p.openSetup()
		case "help":
			p.openDialog("help", nil)
		case "theme":
			d.setTheme(arg)
		case "density":
			d.prefs.Density = arg
			p.applyPrefs()
		case "zone":
			d.prefs.Zone = arg
			p.applyPrefs()
		case "symbol":
			for i := range d.columns {
				f := d.columns[i].filter
				f.Symbols = arg + ","
				d.setFilter(i, f)
			}
		case "pattern":
			class, slug, _ := strings.Cut(arg, ":")
			i := tier.Position(tier.OfClass(class))
			f := d.columns[i].filter
			f.Pattern = slug
			d.setFilter(i, f)
			p.showTab(tier.All[i].Tier)
		}
	})
}
