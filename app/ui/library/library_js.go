//go:build js

package library

import (
	"encoding/json"
	"strconv"
	"strings"
	"syscall/js"

	"tierboard/app/fetch"
	"tierboard/app/ui/dom"
	"tierboard/app/ui/library/kept"
	"tierboard/app/ui/tier"
	"tierboard/shared/filter"
)

// ask sends a request and hands a good answer on; a bad one is told in the library dialog.
func (l *Library) ask(method, path string, body any, etag string, then func(body string)) {
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
		l.Board.Dispatch(func() {
			l.fault = fault
			if fault == "" {
				then(a.Body)
			}
		})
	})
}

// Load reads what is kept. The first time it also opens the default view, unless a link said what to show.
func (l *Library) Load(first bool) {
	l.ask("GET", "/api/views", nil, "", func(body string) {
		var got struct{ Views []kept.View }
		if json.Unmarshal([]byte(body), &got) != nil {
			return
		}
		l.views = got.Views
		for _, v := range l.views {
			if first && v.Default && l.Board.Untold() {
				l.open(v)
			}
		}
	})
	l.ask("GET", "/api/watchlists", nil, "", func(body string) {
		var got struct{ Watchlists []kept.Watchlist }
		if json.Unmarshal([]byte(body), &got) == nil {
			l.Lists = got.Watchlists
			l.Board.Renew(l.Lists)
		}
	})
	l.ask("GET", "/api/subscriptions", nil, "", func(body string) {
		var got struct{ Subscriptions []kept.Subscription }
		if json.Unmarshal([]byte(body), &got) == nil {
			l.subs = got.Subscriptions
			l.scope()
		}
	})
}

func (l *Library) saveView() {
	name := l.named("view-name")
	if name == "" {
		return
	}
	l.ask("POST", "/api/views", map[string]any{"name": name, "layout": l.Board.Layout()}, "", func(string) { l.Load(false) })
}

func (l *Library) defaultView(v kept.View) {
	l.ask("PUT", "/api/views/"+v.ID, map[string]any{"name": v.Name, "default": !v.Default, "layout": v.Layout}, quoted(v.Version), func(string) { l.Load(false) })
}

// drop deletes something that is kept. Version 0 deletes whatever version is there.
func (l *Library) drop(path string, version int64) {
	etag := "*"
	if version > 0 {
		etag = quoted(version)
	}
	l.ask("DELETE", path, nil, etag, func(string) { l.Load(false) })
}

// quoted is a version as an ETag.
func quoted(version int64) string { return `"` + strconv.FormatInt(version, 10) + `"` }

// named returns what was typed as a name, or tells that it is missing.
func (l *Library) named(id string) string {
	in := dom.ByID(id)
	name := strings.TrimSpace(in.Get("value").String())
	if name == "" {
		l.fault = "Give it a name first."
		in.Call("focus")
		return ""
	}
	in.Set("value", "")
	return name
}

func (l *Library) saveWatchlist() {
	symbols := kept.Symbols(dom.ByID("watch-symbols").Get("value").String())
	if len(symbols) == 0 {
		l.fault = "A watchlist needs at least one symbol."
		return
	}
	name := l.named("watch-name")
	if name == "" {
		return
	}
	l.ask("POST", "/api/watchlists", map[string]any{"name": name, "symbols": symbols}, "", func(string) {
		dom.ByID("watch-symbols").Set("value", "")
		l.Load(false)
	})
}

// readWatchFile puts the text of a chosen file where symbols are pasted.
func (l *Library) readWatchFile() {
	files := dom.ByID("watch-file").Get("files")
	if files.Get("length").Int() == 0 {
		return
	}
	var then js.Func
	then = js.FuncOf(func(_ js.Value, args []js.Value) any {
		then.Release()
		dom.ByID("watch-symbols").Set("value", strings.Join(kept.Symbols(args[0].String()), ", "))
		return nil
	})
	files.Index(0).Call("slice", 0, 100_000).Call("text").Call("then", then)
}

// specNow is the subscription being written.
func specNow() kept.FilterSpec {
	var s kept.FilterSpec
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
	s.Symbols = kept.Symbols(dom.ByID("sub-symbols").Get("value").String())
	if n, err := strconv.Atoi(dom.ByID("sub-confidence").Get("value").String()); err == nil {
		s.ConfidenceMin = float64(min(max(n, 0), 100)) / 100
	}
	return s
}

// estimate tells how much the subscription being written would bring.
func (l *Library) estimate() {
	l.ask("POST", "/api/subscriptions/estimate", map[string]any{"filters": []kept.FilterSpec{specNow()}}, "", func(body string) {
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
		l.expected = text
	})
}

func (l *Library) saveSub() {
	name := l.named("sub-name")
	if name == "" {
		return
	}
	l.ask("POST", "/api/subscriptions", map[string]any{"name": name, "filters": []kept.FilterSpec{specNow()}, "active": true}, "", func(string) { l.Load(false) })
}

func (l *Library) toggleSub(s kept.Subscription) {
	l.ask("PUT", "/api/subscriptions/"+s.ID, map[string]any{"name": s.Name, "filters": s.Filters, "active": !s.Active}, quoted(s.Version), func(string) { l.Load(false) })
}

// scope makes the stream bring what the active subscriptions want.
func (l *Library) scope() {
	var fs []filter.Filter
	for _, s := range l.subs {
		for _, spec := range s.Filters {
			if s.Active {
				fs = append(fs, spec.Filter())
			}
		}
	}
	l.Board.Scope(fs)
}

// open makes the board what a view says.
func (l *Library) open(v kept.View) {
	l.Board.Open(v)
	l.close()
}

// useWatchlist shows only what is on a watchlist.
func (l *Library) useWatchlist(w kept.Watchlist) {
	l.Board.Only(w.Symbols)
	l.close()
}

func (l *Library) close() { dom.ByID("library").Call("close") }
