//go:build js

package ui

import (
	"strings"

	"tierboard/app/board"
	"tierboard/app/ui/tier"
)

// symbols are those that the board knows.
func (p *page) symbols() []string {
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
	return symbols
}

// run carries out a command of the palette.
func (p *page) run(id string) {
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
