package ui

import (
	"encoding/json"
	"math"
	"strconv"
	"strings"
	"time"

	"github.com/maxence-charriere/go-app/v10/pkg/app"

	"tierboard/app/fetch"
	"tierboard/app/format"
	"tierboard/shared/api"
)

// Paths of the pages, as the router and the links name them.
const (
	pathBoard       = "/"
	pathPerformance = "/performance"
	pathOperations  = "/ops"
)

// pageLinks are the pages in the order in which headers show them.
var pageLinks = [...]struct{ path, text string }{
	{pathBoard, "Board"}, {pathPerformance, "Performance"}, {pathOperations, "Operations"},
}

// pageNav is the links to the app's pages and to the API's documentation. here is the path of the page it stands on.
func pageNav(here string) app.UI {
	links := make([]app.UI, 0, len(pageLinks)+1)
	for _, l := range pageLinks {
		a := app.A().Href(l.path).Text(l.text)
		if l.path == here {
			a = a.Aria("current", "page")
		}
		links = append(links, a)
	}
	// The server draws the documentation, not this program: leaveByLinks lets the browser follow the link by itself.
	links = append(links, app.A().Href(api.PathDocs).Target("_self").Text("API docs"))
	return app.Nav().Class("pages").Aria("label", "Pages").Body(links...)
}

// pageTop is the header of every page but the board.
func pageTop(here string, demo bool) app.UI {
	return app.Header().Class("top").Body(
		app.A().Class("logo").Href(pathBoard).Aria("label", "Tierboard").Body(
			app.Img().Src("/web/icon.svg").Alt("").Width(18).Height(18),
			app.Span().Class("word").Text("Tierboard"),
		),
		pageNav(here),
		app.Div().Class("spring"),
		app.P().Class("demo").Hidden(!demo).Body(
			app.Text("Demo feed"),
			app.Span().Class("long").Text(": invented data"),
		),
	)
}

// freshness is how a page stands with the server about one document. The zero freshness has asked and heard nothing.
type freshness struct {
	at      time.Time // when what is shown was answered; zero while there is nothing to show
	fault   string    // why there is no newer answer; "" when all is well
	request string    // the refused request's id, to find it in the server's log
}

// answered takes an answer in: a good one is decoded into doc, the others are worded. It reports whether doc holds a new document.
func (f *freshness) answered(a fetch.Answer, now time.Time, doc any) bool {
	if a.OK() {
		if json.Unmarshal([]byte(a.Body), doc) != nil {
			f.fault, f.request = "The server's answer cannot be read. Reload the page, it may be older than the server.", ""
			return false
		}
		*f = freshness{at: now}
		return true
	}
	var p struct {
		Detail    string
		RequestID string `json:"request_id"`
	}
	_ = json.Unmarshal([]byte(a.Body), &p) // a proxy's page is no problem document, and has no sentence for us
	f.fault, f.request = a.Fault(clean(p.Detail, 300)), clean(p.RequestID, 40)
	if a.Status == 0 && offline() {
		f.fault = "You are offline."
	}
	return false
}

// sentence is the fault with what a person needs to go on: what is still shown, and the request to ask about.
func (f *freshness) sentence(z format.Zone) string {
	s := f.fault
	if !f.at.IsZero() {
		s += " What is shown is from " + format.Clock(f.at, z) + "."
	}
	if f.request != "" {
		s += " Request " + f.request + "."
	}
	return s
}

// noticeOf is the bar below the header, for a fault while there is something older to show; it is always there, and mostly hidden.
func (f *freshness) noticeOf(z format.Zone, retry func()) app.UI {
	show := f.fault != "" && !f.at.IsZero()
	text := ""
	if show {
		text = f.sentence(z)
	}
	return app.Div().ID("notice").Class("notice bad").Role("status").Hidden(!show).Body(
		app.Span().Text(text),
		retryButton(retry),
	)
}

// instead is what a page shows while it has no document: grey shapes, or why there is none and how to try again.
func (f *freshness) instead(what string, z format.Zone, retry func()) app.UI {
	if f.fault == "" {
		return app.Div().Class("cards").Aria("busy", "true").Body(
			app.P().Class("visually-hidden").Text("Loading "+what),
			app.Range(styles[:]).Slice(func(int) app.UI { return app.Div().Class("skeleton tall").Aria("hidden", "true") }),
		)
	}
	return app.Div().Class("panel empty-panel").Role("alert").Body(
		app.H2().Text("The "+what+" cannot be shown now"),
		app.P().Class("muted").Text(f.sentence(z)),
		retryButton(retry),
	)
}

// retryButton asks the server again.
func retryButton(retry func()) app.UI {
	return app.Button().Type("button").Class("button").Text("Try again").OnClick(func(app.Context, app.Event) { retry() })
}

// choiceButtons is a row of buttons of which one is pressed.
func choiceButtons(label string, choices []choice, value string, choose func(value string)) app.UI {
	return app.Div().Class("choices").Role("group").Aria("label", label).Body(
		app.Range(choices).Slice(func(i int) app.UI {
			c := choices[i]
			return app.Button().Type("button").Class("button").Aria("pressed", c.value == value).Text(c.label).
				OnClick(func(app.Context, app.Event) { choose(c.value) }, app.EventScope(label, c.value))
		}),
	)
}

// offered reports whether a value is one of the choices.
func offered(choices []choice, value string) bool {
	for _, c := range choices {
		if c.value == value {
			return true
		}
	}
	return false
}

// plain is an HTML element by its tag, for those that nothing else here uses: each element that go-app has a type for adds its
// hundred methods to the download.
func plain(tag string) app.HTMLElem { return app.Elem(tag) }

// fact is a term with its value, in a dl.
func fact(term, value string) app.UI {
	return app.Div().Body(app.Dt().Text(term), app.Dd().Text(value))
}

// cell is a table's cell with a number.
func cell(text string) app.UI { return plain("td").Class("number").Text(text) }

// headRow is a table's header row: the first column holds text, the others numbers.
func headRow(titles ...string) app.UI {
	return plain("thead").Body(plain("tr").Body(
		app.Range(titles).Slice(func(i int) app.UI {
			h := plain("th").Attr("scope", "col").Text(titles[i])
			if i > 0 {
				h = h.Class("number")
			}
			return h
		}),
	))
}

// scroller holds a table that may be wider than the page. It can be focused, so that the keyboard can scroll it too.
func scroller(label string, table app.UI) app.UI {
	return app.Div().Class("scroller").Role("region").TabIndex(0).Aria("label", label).Body(table)
}

// wholePercent writes a share of 0 to 1 as a whole percentage: "58%".
func wholePercent(share float64) string {
	if math.IsNaN(share) {
		return "–"
	}
	return strconv.Itoa(int(math.Round(min(max(share, 0), 1)*100))) + "%"
}

// duration writes milliseconds with as many decimals as say something: "0.02 ms", "4.8 ms", "92 ms", "12.5 s".
func duration(ms float64) string {
	decimals := 0
	switch {
	case ms >= 10_000:
		return strconv.FormatFloat(ms/1000, 'f', 1, 64) + "\u00a0s"
	case ms < .1:
		decimals = 3
	case ms < 1:
		decimals = 2
	case ms < 10:
		decimals = 1
	}
	return strconv.FormatFloat(ms, 'f', decimals, 64) + "\u00a0ms"
}

// perSecond writes a rate with one decimal below ten: "0.4", "126".
func perSecond(v float64) string {
	if v < 9.95 {
		return strconv.FormatFloat(v, 'f', 1, 64)
	}
	return format.Count(int(math.Round(v)))
}

// count writes a total.
func count(n uint64) string { return format.Count(int(min(n, 1<<53))) }

// words turns a name of the server's into words: "too_slow" is "Too slow".
func words(name string) string {
	s := strings.ReplaceAll(name, "_", " ")
	if s == "" {
		return "–"
	}
	if c := s[0]; 'a' <= c && c <= 'z' {
		return string(c-'a'+'A') + s[1:]
	}
	return s
}

// clean makes text of a producer or of an operator fit to be shown: at most n characters, and none that cannot be seen or would turn
// the text around it.
func clean(s string, n int) string { return format.Clip(strings.Map(seen, s), n) }

// seen replaces a character that cannot be seen.
func seen(r rune) rune {
	switch {
	case r == '\n', r == '\t', r == '\r':
		return ' '
	case r < ' ', r >= 0x7f && r < 0xa0, r >= 0x200b && r <= 0x200f, r >= 0x202a && r <= 0x202e, r >= 0x2066 && r <= 0x2069, r == 0xfeff:
		return '\ufffd'
	}
	return r
}
