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
	"tierboard/app/ui/draw"
	"tierboard/app/ui/tier"
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
	var links []app.UI
	for _, l := range pageLinks {
		a := app.A().Href(l.path).Text(l.text)
		if l.path == here {
			a = a.Aria("current", "page")
		}
		links = append(links, a)
	}
	// The server draws the documentation, not this program: leaveByLinks lets the browser follow the link by itself.
	links = append(links, app.A().Href(api.PathDocs).Target("_self").Text("API docs"))
	return draw.El("nav.pages", links...).Aria("label", "Pages")
}

// pageTop is the header of every page but the board.
func pageTop(here string, demo bool) app.UI {
	return draw.El("header.top",
		app.A().Class("logo").Href(pathBoard).Aria("label", "Tierboard").Body(
			app.Img().Src("/web/icon.svg").Aria("hidden", "true").Width(18).Height(18),
			draw.Text("span.word", "Tierboard"),
		),
		pageNav(here),
		draw.El("div.spring"),
		draw.El("p.demo", app.Text("Demo feed"), draw.Text("span.long", ": invented data")).Hidden(!demo),
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

// page draws a page: its header, the bar that tells a fault while there is something older to show, and the sheet with its head.
// head is what stands at the right of the title, body what the document says, once there is one.
func (f *freshness) page(path, title, about string, demo, waiting bool, z format.Zone, retry func(), head []app.UI, body func() []app.UI) app.UI {
	shown := !f.at.IsZero()
	notice, sheet := "", "main#sheet.sheet"
	if f.fault != "" && shown {
		notice = f.sentence(z)
	}
	if notice != "" || waiting {
		sheet += ".waiting"
	}
	var parts []app.UI
	if shown {
		parts = body()
	} else {
		parts = []app.UI{f.instead(title, z, retry)}
	}
	return draw.El("div#page.page",
		pageTop(path, demo),
		// Always there, and mostly hidden: a bar that comes and goes would make go-app draw the sheet anew.
		draw.El("div#notice.notice.bad", draw.Text("span", notice), retryButton(retry)).Role("status").Hidden(notice == ""),
		draw.El(sheet,
			draw.El("div.sheet-head", append([]app.UI{
				draw.El("div", draw.Text("h1#sheet-title", title), draw.Text("p#sheet-about.muted", about)),
				draw.El("div.spring"),
			}, head...)...),
			draw.El("div", parts...),
		).TabIndex(0).Aria("labelledby", "sheet-title").Aria("busy", waiting || (!shown && f.fault == "")),
	)
}

// instead is what a page shows while it has no document: grey shapes, or why there is none and how to try again.
func (f *freshness) instead(what string, z format.Zone, retry func()) app.UI {
	if f.fault == "" {
		return draw.El("div.cards",
			draw.Text("p.visually-hidden", "Loading"), draw.El("div.skeleton.tall"), draw.El("div.skeleton.tall"), draw.El("div.skeleton.tall"),
		)
	}
	return draw.El("div.panel.empty-panel",
		draw.Text("h2", what+" cannot be shown now"), draw.Text("p.muted", f.sentence(z)), retryButton(retry),
	).Role("alert")
}

// retryButton asks the server again.
func retryButton(retry func()) app.UI {
	return draw.El("button.button", app.Text("Try again")).Attr("type", "button").OnClick(func(app.Context, app.Event) { retry() })
}

// switcher is a row of buttons of which one is pressed, with what they choose in front.
func switcher(label string, choices []draw.Choice, value string, choose func(value string)) app.UI {
	var buttons []app.UI
	for _, c := range choices {
		buttons = append(buttons, draw.El("button.button", app.Text(c.Label)).Attr("type", "button").Aria("pressed", c.Value == value).
			OnClick(func(app.Context, app.Event) { choose(c.Value) }, app.EventScope(label, c.Value)))
	}
	return draw.El("div.switch", draw.Text("span.muted", label).Aria("hidden", "true"), draw.El("div.choices", buttons...).Role("group").Aria("label", label))
}

// panel is a titled box; state is a dot's class with the word beside it, both "" for none.
func panel(title, state, word string, body ...app.UI) app.HTMLElem {
	side := []app.UI{draw.Text("h2", title)}
	if state != "" {
		side = append(side, draw.El("span.state", draw.Mark("span.dot."+state), app.Text(word)))
	} else if word != "" {
		side = append(side, draw.Text("span.muted", word))
	}
	return draw.El("section.panel", append([]app.UI{draw.El("div.panel-head", side...)}, body...)...)
}

// tierPanel is a panel in a tier's colour.
func tierPanel(s tier.Style, side app.UI, body []app.UI) app.UI {
	head := draw.El("div.panel-head", draw.El("h2", draw.Mark("span.i."+s.Icon), app.Text(s.Title)), side)
	return draw.El("section.panel.tier-card."+s.Class, append([]app.UI{head}, body...)...)
}

// facts are terms with their values, in turns: short ones beside each other. A fact without a value is a dash.
func facts(class string, pairs ...string) app.UI {
	var body []app.UI
	for i := 0; i+1 < len(pairs); i += 2 {
		value := pairs[i+1]
		if value == "" {
			value = "–"
		}
		body = append(body, draw.El("div", draw.Text("dt", pairs[i]), draw.Text("dd", value)))
	}
	return draw.El("dl."+class, body...)
}

// grid is a table of text in a frame of its own. A title that begins with # heads numbers; the cells under row, if it is a column,
// name their row.
func grid(selector, caption string, titles []string, row, rows int, cells func(i int) []string) app.UI {
	var head, body []app.UI
	for _, title := range titles {
		head = append(head, draw.Text("th"+numberClass(title), strings.TrimPrefix(title, "#")).Attr("scope", "col"))
	}
	for i := range rows {
		var line []app.UI
		for j, text := range cells(i) {
			if j == row {
				line = append(line, draw.Text("th", text).Attr("scope", "row"))
			} else {
				line = append(line, draw.Text("td"+numberClass(titles[j]), text))
			}
		}
		body = append(body, draw.El("tr", line...))
	}
	return scroller(caption, draw.El("table"+selector+".table",
		draw.Text("caption.visually-hidden", caption), draw.El("thead", draw.El("tr", head...)), draw.El("tbody", body...)))
}

// numberClass is the class of a column's cells.
func numberClass(title string) string {
	if strings.HasPrefix(title, "#") {
		return ".number"
	}
	return ""
}

// fold is something that is shown on demand.
func fold(summary string, body app.UI) app.UI {
	return draw.El("details.numbers", draw.Text("summary", summary), body)
}

// scroller holds a table that may be wider than the page. It can be focused, so that the keyboard can scroll it too.
func scroller(label string, table app.UI) app.UI {
	return draw.El("div.scroller", table).Role("region").TabIndex(0).Aria("label", label)
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
