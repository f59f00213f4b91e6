//go:build js

package sheet

import (
	"net/url"
	"syscall/js"
	"time"

	"tierboard/app/fetch"
	"tierboard/app/format"
	"tierboard/app/ui/dom"
	"tierboard/app/ui/prefs"
)

// patience is how long an answer may take; then it counts as none, and the next question is asked.
const patience = 15 * time.Second

// Watcher asks the server for a page's documents as long as the page can be seen: at once, each interval, when the page comes back
// into view and when the network does. It asks nothing while answers are missing, so that a slow server is not asked faster than
// it answers.
type Watcher struct {
	paths   func() []string
	take    func(path string, a fetch.Answer)
	round   int      // counts the questions: answers to earlier ones are dropped
	pending []string // paths whose answer is missing
	askedAt time.Time
	stops   []func()
}

// Watch begins to ask. paths says what for, each time anew; take gets one answer a path, outside of go-app's handlers.
func Watch(interval time.Duration, paths func() []string, take func(path string, a fetch.Answer)) *Watcher {
	w := &Watcher{paths: paths, take: take}
	again := func(js.Value) {
		if !dom.Hidden() {
			w.Ask()
		}
	}
	w.stops = []func(){
		dom.Every(int(interval/time.Millisecond), w.tick),
		dom.Listen(dom.Document, "visibilitychange", again),
		dom.Listen(dom.Window, "online", again),
		leaveByLinks(),
	}
	w.Ask()
	return w
}

// tick asks when it is time, and gives up answers that do not come.
func (w *Watcher) tick() {
	if dom.Hidden() {
		return
	}
	if len(w.pending) > 0 {
		if time.Since(w.askedAt) < patience {
			return
		}
		w.round++
		for _, path := range w.pending {
			w.take(path, fetch.Answer{})
		}
	}
	w.Ask()
}

// Ask asks now; answers to earlier questions no longer count.
func (w *Watcher) Ask() {
	w.round++
	w.askedAt = time.Now()
	w.pending = w.paths()
	round := w.round
	for _, path := range w.pending {
		fetch.Do("GET", path, "", "", func(a fetch.Answer) {
			if round != w.round {
				return
			}
			var missing []string
			for _, p := range w.pending {
				if p != path {
					missing = append(missing, p)
				}
			}
			w.pending = missing
			w.take(path, a)
		})
	}
}

// Stop ends everything Watch began.
func (w *Watcher) Stop() {
	w.round++
	for _, f := range w.stops {
		f()
	}
	dom.Document.Set("title", "Tierboard") // the board has the name of the app, and does not say so itself
}

// Enter makes the page follow the person's choices, puts the keyboard into it and returns the zone that times are shown in
// and the exchange's.
func Enter() (shown, exchange format.Zone) {
	c := prefs.Parse(dom.Stored(prefs.Key))
	data := dom.Document.Get("documentElement").Get("dataset")
	data.Set("direction", c.Direction)
	data.Set("contrast", c.Contrast)
	dom.ByID("sheet").Call("focus", map[string]any{"preventScroll": true, "focusVisible": false})
	exchange = format.ExchangeZone()
	switch c.Zone {
	case "local":
		return format.LocalZone(), exchange
	case "utc":
		return format.UTC, exchange
	}
	return exchange, exchange
}

// leaveByLinks lets the browser follow links with target="_self" by itself, to addresses that the server draws: go-app takes every
// other click on a link for a change of page inside the program. It listens below the window, where go-app does.
func leaveByLinks() (stop func()) {
	return dom.Listen(dom.Document, "click", func(e js.Value) {
		target := e.Get("target")
		if closest := target.Get("closest"); closest.Type() == js.TypeFunction && target.Call("closest", `a[target="_self"]`).Truthy() {
			e.Call("stopPropagation")
		}
	})
}

// Query returns what the page's address asks for.
func Query() url.Values {
	q, err := url.ParseQuery(trimQuestion(dom.Window.Get("location").Get("search").String()))
	if err != nil {
		return nil
	}
	return q
}

func trimQuestion(search string) string {
	if search != "" && search[0] == '?' {
		return search[1:]
	}
	return search
}

// ReplaceQuery writes the choices into the address, so that it can be shared and reloaded.
func ReplaceQuery(query string) {
	dom.Window.Get("history").Call("replaceState", nil, "", "?"+query)
}

// offline reports whether the browser knows that it has no network.
func offline() bool { return !dom.Window.Get("navigator").Get("onLine").Bool() }
