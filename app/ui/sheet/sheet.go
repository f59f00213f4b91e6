// Package sheet is the frame of the pages that show the server's documents: their header and head, how they ask for a document again and
// again, and what they say while there is none.
package sheet

import (
	"encoding/json"
	"time"

	"github.com/maxence-charriere/go-app/v10/pkg/app"

	"tierboard/app/fetch"
	"tierboard/app/format"
	"tierboard/app/ui/draw"
	"tierboard/app/ui/spell"
	"tierboard/shared/api"
)

// Paths of the pages, as the router and the links name them.
const (
	PathBoard       = "/"
	PathPerformance = "/performance"
	PathOperations  = "/ops"
)

// pageLinks are the pages in the order in which headers show them.
var pageLinks = [...]struct{ path, text string }{
	{PathBoard, "Board"}, {PathPerformance, "Performance"}, {PathOperations, "Operations"},
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
		app.A().Class("logo").Href(PathBoard).Aria("label", "Tierboard").Body(
			app.Img().Src("/web/icon.svg").Aria("hidden", "true").Width(18).Height(18),
			draw.Text("span.word", "Tierboard"),
		),
		pageNav(here),
		draw.El("div.spring"),
		draw.El("p.demo", app.Text("Demo feed"), draw.Text("span.long", ": invented data")).Hidden(!demo),
	)
}

// Freshness is how a page stands with the server about one document. The zero Freshness has asked and heard nothing.
type Freshness struct {
	At      time.Time // when what is shown was answered; zero while there is nothing to show
	Fault   string    // why there is no newer answer; "" when all is well
	Request string    // the refused request's id, to find it in the server's log
}

// Answered takes an answer in: a good one is decoded into doc, the others are worded. It reports whether doc holds a new document.
func (f *Freshness) Answered(a fetch.Answer, now time.Time, doc any) bool {
	if a.OK() {
		if json.Unmarshal([]byte(a.Body), doc) != nil {
			f.Fault, f.Request = "The server's answer cannot be read. Reload the page, it may be older than the server.", ""
			return false
		}
		*f = Freshness{At: now}
		return true
	}
	var p struct {
		Detail    string
		RequestID string `json:"request_id"`
	}
	_ = json.Unmarshal([]byte(a.Body), &p) // a proxy's page is no problem document, and has no sentence for us
	f.Fault, f.Request = a.Fault(spell.Clean(p.Detail, 300)), spell.Clean(p.RequestID, 40)
	if a.Status == 0 && offline() {
		f.Fault = "You are offline."
	}
	return false
}

// Sentence is the fault with what a person needs to go on: what is still shown, and the request to ask about.
func (f *Freshness) Sentence(z format.Zone) string {
	s := f.Fault
	if !f.At.IsZero() {
		s += " What is shown is from " + format.Clock(f.At, z) + "."
	}
	if f.Request != "" {
		s += " Request " + f.Request + "."
	}
	return s
}

// Page draws a page: its header, the bar that tells a fault while there is something older to show, and the sheet with its head.
// head is what stands at the right of the title, body what the document says, once there is one.
func (f *Freshness) Page(path, title, about string, demo, waiting bool, z format.Zone, retry func(), head []app.UI, body func() []app.UI) app.UI {
	shown := !f.At.IsZero()
	notice, sheet := "", "main#sheet.sheet"
	if f.Fault != "" && shown {
		notice = f.Sentence(z)
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
		).TabIndex(0).Aria("labelledby", "sheet-title").Aria("busy", waiting || (!shown && f.Fault == "")),
	)
}

// instead is what a page shows while it has no document: grey shapes, or why there is none and how to try again.
func (f *Freshness) instead(what string, z format.Zone, retry func()) app.UI {
	if f.Fault == "" {
		return draw.El("div.cards",
			draw.Text("p.visually-hidden", "Loading"), draw.El("div.skeleton.tall"), draw.El("div.skeleton.tall"), draw.El("div.skeleton.tall"),
		)
	}
	return draw.El("div.panel.empty-panel",
		draw.Text("h2", what+" cannot be shown now"), draw.Text("p.muted", f.Sentence(z)), retryButton(retry),
	).Role("alert")
}

// retryButton asks the server again.
func retryButton(retry func()) app.UI {
	return draw.El("button.button", app.Text("Try again")).Attr("type", "button").OnClick(func(app.Context, app.Event) { retry() })
}

// Switcher is a row of buttons of which one is pressed, with what they choose in front.
func Switcher(label string, choices []draw.Choice, value string, choose func(value string)) app.UI {
	var buttons []app.UI
	for _, c := range choices {
		buttons = append(buttons, draw.El("button.button", app.Text(c.Label)).Attr("type", "button").Aria("pressed", c.Value == value).
			OnClick(func(app.Context, app.Event) { choose(c.Value) }, app.EventScope(label, c.Value)))
	}
	return draw.El("div.switch", draw.Text("span.muted", label).Aria("hidden", "true"), draw.El("div.choices", buttons...).Role("group").Aria("label", label))
}
