//go:build js

package ui

import (
	"time"

	"github.com/maxence-charriere/go-app/v10/pkg/app"

	"tierboard/app/board"
	"tierboard/app/format"
	"tierboard/app/ui/dom"
	"tierboard/app/ui/draw"
	"tierboard/app/ui/noise"
	"tierboard/app/ui/prefs"
	"tierboard/app/ui/setup"
	"tierboard/app/ui/share"
	"tierboard/app/ui/tier"
	"tierboard/app/ui/wording"
	"tierboard/shared/event"
)

// applyPrefs makes the page follow the choices and keeps them.
func (p *page) applyPrefs() {
	dom.Store(prefs.Key, p.d.prefs.Text())
	p.usePrefs()
}

// usePrefs makes the page follow the choices.
func (p *page) usePrefs() {
	c := &p.d.prefs
	data := dom.Document.Get("documentElement").Get("dataset")
	data.Set("density", c.Density)
	data.Set("direction", c.Direction)
	data.Set("contrast", c.Contrast)
	switch c.Zone {
	case "local":
		p.viewer.Zone = p.viewer.Local
	case "utc":
		p.viewer.Zone = format.UTC
	default:
		p.viewer.Zone = p.viewer.Exchange
	}
	main := p.main.El
	for _, class := range c.LeftToRight() {
		main.Call("appendChild", dom.ByID("column-"+class)) // go-app knows the elements, not where they stand
	}
	now := time.Now()
	for i, s := range tier.All {
		column := p.board.Column(s.Tier)
		if column.Order() != c.Orders[i] {
			column.SetOrder(c.Orders[i])
		}
		p.syncOrder(i)
		dom.ByID("column-"+s.Class).Get("dataset").Set("folded", c.Collapsed[i])
		p.lists[i].Density = c.Density
		p.lists[i].Measure()
		p.lists[i].Rewind()
		p.lists[i].Redraw()
		p.lists[i].Show(column.Shown(), &p.viewer, now)
	}
	p.paint(now)
}

// restorePrefs takes over the choices of the last visit.
func (p *page) restorePrefs() { p.d.prefs = prefs.Parse(dom.Stored(prefs.Key)) }

// openSettings shows the dialog with the choices in force.
func (p *page) openSettings() { p.openDialog("settings", p.fillSettings) }

// fillSettings sets the pickers of the settings.
func (p *page) fillSettings() {
	c := &p.d.prefs
	theme := p.d.theme
	if theme == "" {
		theme = "dark"
	}
	for _, s := range []struct {
		id, value string
		choices   []draw.Choice
	}{
		{"theme", theme, prefs.Themes},
		{"contrast", c.Contrast, prefs.Contrasts},
		{"density", c.Density, prefs.Densities},
		{"direction", c.Direction, prefs.Directions},
		{"zone", c.Zone, prefs.Zones},
		{"sound", c.Sound, prefs.Noises},
		{"notify", c.Notify, prefs.Noises},
	} {
		for i, k := range s.choices {
			if k.Value == s.value {
				dom.ByID("set-"+s.id).Set("selectedIndex", i)
			}
		}
	}
}

// openDialog has a dialog drawn, fills it and shows it over the page.
func (p *page) openDialog(id string, fill func()) {
	p.soon(func() { p.d.ask(id) }, func() {
		if fill != nil {
			fill()
		}
		dom.ShowDialog(id)
	})
}

// ask has a dialog drawn from now on.
func (d *Dashboard) ask(id string) {
	if d.asked == nil {
		d.asked = map[string]bool{}
	}
	d.asked[id] = true
}

// alert plays or shows what a person asked for when something important arrives. Only live events count.
func (p *page) alert(events []*event.Event) {
	c := &p.d.prefs
	if c.Sound == "" && c.Notify == "" {
		return
	}
	var loud, told *event.Event
	for _, e := range events {
		if !p.board.Column(e.Tier).Accepts(e) {
			continue
		}
		if noise.Wanted(c.Sound, e) && loud == nil {
			loud = e
		}
		if noise.Wanted(c.Notify, e) && (told == nil || e.Priority > told.Priority) {
			told = e
		}
	}
	if loud != nil {
		p.beep()
	}
	if told != nil && dom.Hidden() {
		noise.Notify(told.Symbol+" "+told.Label, tier.All[tier.Position(told.Tier)].Title+" · "+format.Confidence(told.Confidence)+" % confidence", told.Tier.String())
	}
}

// share copies a link that shows what this page shows.
func (p *page) share() {
	var filters [3]board.ColumnFilter
	for i := range filters {
		filters[i] = p.d.columns[i].filter
	}
	location := dom.Window.Get("location")
	link := location.Get("origin").String() + "/"
	if q := share.Query(filters, p.d.prefs.Orders, p.d.query, p.sel.id); q != "" {
		link += "?" + q
	}
	dom.Window.Get("history").Call("replaceState", nil, "", link)
	text := "The address bar holds a link to this view."
	if clipboard := dom.Window.Get("navigator").Get("clipboard"); clipboard.Truthy() {
		clipboard.Call("writeText", link)
		text = "A link to this view is copied."
	}
	p.tell(text)
}

// tell shows a friendly notice for a few seconds.
func (p *page) tell(text string) {
	p.told, p.toldAt = text, time.Now()
	p.paintNotice(time.Now())
}

// restoreShare takes over what a shared link says; it wins over the last visit's filters, which stay stored.
func (p *page) restoreShare() {
	query := dom.Window.Get("location").Get("search").String()
	if query == "" {
		return
	}
	filters, orders, words, selected, found := share.Read(query[1:])
	if !found {
		return
	}
	p.restoreQuery(words)
	for i, f := range filters {
		p.d.columns[i].filter = f
		p.board.SetFilter(tier.All[i].Tier, f)
	}
	p.d.prefs.Orders = orders
	p.wanted = selected
}

// export saves what the columns show.
func (p *page) export(kind string) {
	if kind != "csv" && kind != "json" && kind != "ndjson" {
		return
	}
	var filters [3]board.ColumnFilter
	var cards []*board.Card
	for i, s := range tier.All {
		filters[i] = p.d.columns[i].filter
		cards = append(cards, p.board.Column(s.Tier).Shown()...)
	}
	now := time.Now()
	text := share.Export(kind, cards, wording.Filters(filters, p.d.query), now)
	blob := dom.Window.Get("Blob").New([]any{text}, map[string]any{"type": "text/plain;charset=utf-8"})
	url := dom.Window.Get("URL").Call("createObjectURL", blob)
	a := dom.Document.Call("createElement", "a")
	a.Set("href", url)
	a.Set("download", "tierboard-"+now.UTC().Format("20060102-150405")+"."+kind)
	a.Call("click")
	dom.After(1000, func() { dom.Window.Get("URL").Call("revokeObjectURL", url) })
	p.tell("Exported " + format.Plural(len(cards), "pattern") + ".")
}

// dispatch changes what go-app renders.
func (p *page) dispatch(f func()) { p.ctx.Dispatch(func(app.Context) { f() }) }

// beep plays a sound, if one is wanted.
func (p *page) beep() {
	if p.d.prefs.Sound != "" {
		p.bell.Ring()
	}
}

// askNotify asks the browser for permission, if notifications are wanted. It runs in the click that wants them.
func (p *page) askNotify() {
	if p.d.prefs.Notify != "" {
		noise.Ask()
	}
}

// openSetup starts the set-up at its first step.
func (p *page) openSetup() {
	p.d.setup.Begin()
	p.openDialog("setup", nil)
}

// setUp makes the board what was chosen in the set-up.
func (p *page) setUp(c setup.Choices) {
	d := p.d
	if c.Folded != [3]bool{true, true, true} {
		d.prefs.Collapsed = c.Folded
	}
	for i := range d.columns {
		d.setFilter(i, c.Filter)
	}
	d.prefs.Notify = c.Notify
	p.askNotify()
	p.applyPrefs()
}
