//go:build js

package ui

import (
	"encoding/json"
	"strconv"
	"strings"
	"syscall/js"

	"tierboard/app/board"
	"tierboard/app/fetch"
	"tierboard/app/ui/dom"
	"tierboard/app/ui/prefs"
	"tierboard/app/ui/share"
	"tierboard/app/ui/tier"
	"tierboard/shared/filter"
)

// ask sends a request and hands a good answer on; a bad one is told in the library dialog.
func (p *page) ask(method, path string, body any, etag string, then func(body string)) {
	text := ""
	if body != nil {
		b, err := json.Marshal(body)
		if err != nil {
			return
		}
		text = string(b)
	}
	fetch.Do(method, path, text, etag, func(a fetch.Answer) {
		fault := ""
		if !a.OK() {
			var problem struct {
				Detail string `json:"detail"`
			}
			_ = json.Unmarshal([]byte(a.Body), &problem) // no detail then
			fault = a.Fault(problem.Detail)
		}
		p.dispatch(func() {
			p.d.library.fault = fault
			if fault == "" {
				then(a.Body)
			}
		})
	})
}

// loadLibrary reads what is kept. The first time it also opens the default view, unless a link said what to show.
func (p *page) loadLibrary(first bool) {
	l := &p.d.library
	p.ask("GET", "/api/views", nil, "", func(body string) {
		var got struct{ Views []savedView }
		if json.Unmarshal([]byte(body), &got) != nil {
			return
		}
		l.views = got.Views
		for _, v := range l.views {
			if first && v.Default && dom.Window.Get("location").Get("search").String() == "" && dom.Stored(filtersKey) == "" {
				p.openView(v)
			}
		}
	})
	p.ask("GET", "/api/watchlists", nil, "", func(body string) {
		var got struct{ Watchlists []watchlist }
		if json.Unmarshal([]byte(body), &got) == nil {
			l.lists = got.Watchlists
			p.renewWatched()
		}
	})
	p.ask("GET", "/api/subscriptions", nil, "", func(body string) {
		var got struct{ Subscriptions []subscription }
		if json.Unmarshal([]byte(body), &got) == nil {
			l.subs = got.Subscriptions
			p.scope()
		}
	})
}

// scope makes the stream bring what the active subscriptions want.
func (p *page) scope() {
	var fs []filter.Filter
	for _, s := range p.d.library.subs {
		for _, spec := range s.Filters {
			if s.Active {
				fs = append(fs, spec.filter())
			}
		}
	}
	p.board.SetScope(fs)
	p.stream.SetFilters(p.board.Filters())
}

func (p *page) openLibrary() {
	p.openDialog("library", func() { p.loadLibrary(false) })
}

func (p *page) closeLibrary() { dom.ByID("library").Call("close") }

// openView makes the board what a view says.
func (p *page) openView(v savedView) {
	filters, orders, query, _, _ := share.Read(v.Layout.Query)
	p.d.setQuery(query)
	for i, f := range filters {
		p.d.setFilter(i, f)
	}
	c := &p.d.prefs
	c.Orders, c.Density, c.Places, c.Collapsed = orders, v.Layout.Density, v.Layout.Places, v.Layout.Collapsed
	*c = prefs.Parse(c.Text()) // a view may come from another version
	p.applyPrefs()
	p.closeLibrary()
	p.tell("View: " + v.Name)
}

// layoutNow is the board as it is now.
func (p *page) layoutNow() layout {
	var filters [3]board.ColumnFilter
	for i := range filters {
		filters[i] = p.d.columns[i].filter
	}
	c := &p.d.prefs
	return layout{Query: share.Query(filters, c.Orders, p.d.query, ""), Density: c.Density, Places: c.Places, Collapsed: c.Collapsed}
}

func (p *page) saveView() {
	name := p.named("view-name")
	if name == "" {
		return
	}
	p.ask("POST", "/api/views", map[string]any{"name": name, "layout": p.layoutNow()}, "", func(string) { p.loadLibrary(false) })
}

func (p *page) defaultView(v savedView) {
	p.ask("PUT", "/api/views/"+v.ID, map[string]any{"name": v.Name, "default": !v.Default, "layout": v.Layout}, quoted(v.Version), func(string) { p.loadLibrary(false) })
}

// drop deletes something that is kept. Version 0 deletes whatever version is there.
func (p *page) drop(path string, version int64) {
	etag := "*"
	if version > 0 {
		etag = quoted(version)
	}
	p.ask("DELETE", path, nil, etag, func(string) { p.loadLibrary(false) })
}

// quoted is a version as an ETag.
func quoted(version int64) string { return `"` + strconv.FormatInt(version, 10) + `"` }

// named returns what was typed as a name, or tells that it is missing.
func (p *page) named(id string) string {
	in := dom.ByID(id)
	name := strings.TrimSpace(in.Get("value").String())
	if name == "" {
		p.d.library.fault = "Give it a name first."
		in.Call("focus")
		return ""
	}
	in.Set("value", "")
	return name
}

func (p *page) saveWatchlist() {
	symbols := symbolsIn(dom.ByID("watch-symbols").Get("value").String())
	if len(symbols) == 0 {
		p.d.library.fault = "A watchlist needs at least one symbol."
		return
	}
	name := p.named("watch-name")
	if name == "" {
		return
	}
	p.ask("POST", "/api/watchlists", map[string]any{"name": name, "symbols": symbols}, "", func(string) {
		dom.ByID("watch-symbols").Set("value", "")
		p.loadLibrary(false)
	})
}

// readWatchFile puts the text of a chosen file where symbols are pasted.
func (p *page) readWatchFile() {
	files := dom.ByID("watch-file").Get("files")
	if files.Get("length").Int() == 0 {
		return
	}
	var then js.Func
	then = js.FuncOf(func(_ js.Value, args []js.Value) any {
		then.Release()
		dom.ByID("watch-symbols").Set("value", strings.Join(symbolsIn(args[0].String()), ", "))
		return nil
	})
	files.Index(0).Call("slice", 0, 100_000).Call("text").Call("then", then)
}

func (p *page) useWatchlist(w watchlist) {
	for i := range p.d.columns {
		f := p.d.columns[i].filter
		f.Symbols = strings.Join(w.Symbols, ", ") + ","
		p.d.setFilter(i, f)
	}
	p.closeLibrary()
}

// renewWatched gives the columns that a watchlist narrows the symbols it has now.
func (p *page) renewWatched() {
	for i := range p.d.columns {
		for _, w := range p.d.library.lists {
			f := p.d.columns[i].filter
			if symbols := strings.Join(w.Symbols, ","); f.Watchlist == w.Name && f.Watched != symbols {
				f.Watched = symbols
				p.d.setFilter(i, f)
			}
		}
	}
}

// specNow is the subscription being written.
func specNow() filterSpec {
	var s filterSpec
	for _, st := range tier.All {
		if dom.ByID("sub-tier-" + st.Class).Get("checked").Bool() {
			s.Tiers = append(s.Tiers, st.Class)
		}
	}
	if len(s.Tiers) == len(tier.All) {
		s.Tiers = nil
	}
	ticked := dom.Document.Call("querySelectorAll", `input[name="sub-pattern"]:checked`)
	seen := map[string]bool{}
	for i := range ticked.Length() {
		if slug := ticked.Index(i).Get("value").String(); !seen[slug] {
			seen[slug] = true
			s.PatternTypes = append(s.PatternTypes, slug)
		}
	}
	s.Symbols = symbolsIn(dom.ByID("sub-symbols").Get("value").String())
	if n, err := strconv.Atoi(dom.ByID("sub-confidence").Get("value").String()); err == nil {
		s.ConfidenceMin = float64(min(max(n, 0), 100)) / 100
	}
	return s
}

// estimate tells how much the subscription being written would bring.
func (p *page) estimate() {
	p.ask("POST", "/api/subscriptions/estimate", map[string]any{"filters": []filterSpec{specNow()}}, "", func(body string) {
		var got struct {
			PerHour     float64 `json:"per_hour"`
			SampleHours float64 `json:"sample_hours"`
		}
		if json.Unmarshal([]byte(body), &got) != nil {
			return
		}
		text := "About " + strconv.FormatFloat(got.PerHour, 'f', 0, 64) + " events an hour, judged by the last " + strconv.FormatFloat(got.SampleHours, 'f', 1, 64) + " hours."
		if got.SampleHours < 0.1 {
			text = "Not enough has been recorded yet to tell how many events that is."
		}
		p.d.library.estimate = text
	})
}

func (p *page) saveSub() {
	name := p.named("sub-name")
	if name == "" {
		return
	}
	p.ask("POST", "/api/subscriptions", map[string]any{"name": name, "filters": []filterSpec{specNow()}, "active": true}, "", func(string) { p.loadLibrary(false) })
}

func (p *page) toggleSub(s subscription) {
	p.ask("PUT", "/api/subscriptions/"+s.ID, map[string]any{"name": s.Name, "filters": s.Filters, "active": !s.Active}, quoted(s.Version), func(string) { p.loadLibrary(false) })
}
