//go:build js

package ui

import (
	"strings"

	"tierboard/app/board"
	"tierboard/app/ui/dom"
	"tierboard/app/ui/library"
	"tierboard/app/ui/library/kept"
	"tierboard/app/ui/prefs"
	"tierboard/app/ui/share"
	"tierboard/shared/filter"
)

// keep lets the library change the board.
func (p *page) keep() {
	p.d.library.Board = library.Hooks{
		Dispatch: p.dispatch,
		Layout:   p.layoutNow,
		Open:     p.openView,
		Only: func(symbols []string) {
			for i := range p.d.columns {
				f := p.d.columns[i].filter
				f.Symbols = strings.Join(symbols, ", ") + ","
				p.d.setFilter(i, f)
			}
		},
		Renew: p.renewWatched,
		Scope: func(fs []filter.Filter) {
			p.board.SetScope(fs)
			p.stream.SetFilters(p.board.Filters())
		},
		Untold: func() bool {
			return dom.Window.Get("location").Get("search").String() == "" && dom.Stored(filtersKey) == ""
		},
	}
}

func (p *page) openLibrary() {
	p.openDialog("library", func() { p.d.library.Load(false) })
}

// openView makes the board what a view says.
func (p *page) openView(v kept.View) {
	filters, orders, query, _, _ := share.Read(v.Layout.Query)
	p.d.setQuery(query)
	for i, f := range filters {
		p.d.setFilter(i, f)
	}
	c := &p.d.prefs
	c.Orders, c.Density, c.Places, c.Collapsed = orders, v.Layout.Density, v.Layout.Places, v.Layout.Collapsed
	*c = prefs.Parse(c.Text()) // a view may come from another version
	p.applyPrefs()
	p.tell("View: " + v.Name)
}

// layoutNow is the board as it is now.
func (p *page) layoutNow() kept.Layout {
	var filters [3]board.ColumnFilter
	for i := range filters {
		filters[i] = p.d.columns[i].filter
	}
	c := &p.d.prefs
	return kept.Layout{Query: share.Query(filters, c.Orders, p.d.query, ""), Density: c.Density, Places: c.Places, Collapsed: c.Collapsed}
}

// renewWatched gives the columns that a watchlist narrows the symbols it has now.
func (p *page) renewWatched(lists []kept.Watchlist) {
	for i := range p.d.columns {
		for _, w := range lists {
			f := p.d.columns[i].filter
			if symbols := strings.Join(w.Symbols, ","); f.Watchlist == w.Name && f.Watched != symbols {
				f.Watched = symbols
				p.d.setFilter(i, f)
			}
		}
	}
}
