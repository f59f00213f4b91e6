// Package performance draws the page that tells what became of detections, by tier and pattern.
package performance

import (
	"strings"
	"time"

	"github.com/maxence-charriere/go-app/v10/pkg/app"

	"tierboard/app/fetch"
	"tierboard/app/format"
	"tierboard/app/ui/chart"
	"tierboard/app/ui/draw"
	"tierboard/app/ui/operations/numbers"
	"tierboard/app/ui/panel"
	"tierboard/app/ui/performance/outcome"
	"tierboard/app/ui/sheet"
	"tierboard/app/ui/spell"
	"tierboard/app/ui/tier"
	"tierboard/shared/api"
)

// performanceEvery is how often the performance page asks again; the server itself counts every half minute.
const performanceEvery = 30 * time.Second

// mostRows is how many patterns the table shows before somebody asks for the rest.
const mostRows = 100

// The choices of the performance page; the first window is not the default, see span.
var (
	horizons = draw.Choices("1d", "1 day", "5d", "5 days", "30d", "30 days")
	windows  = draw.Choices("7", "7 days", "30", "30 days", "90", "90 days")
)

// Page is the page that tells what became of detections, by tier and pattern. The zero Page renders the page before
// anything has loaded.
type Page struct {
	app.Compo

	watcher *sheet.Watcher // nil on the server and before mounting
	zone    format.Zone
	demo    bool // the feed is invented
	told    bool // whether it is, is known

	horizon string // how long after the detection; "" is one day
	window  string // days of detections; "" is 90
	order   outcome.Order
	sorted  bool // somebody has chosen the order
	all     bool // every row of the table is shown

	fresh  sheet.Freshness
	shown  string // the path whose report is shown
	report *outcome.Report
}

// OnNav names the page.
func (p *Page) OnNav(ctx app.Context) { ctx.Page().SetTitle("Performance · Tierboard") }

// OnMount takes the choices from the address and asks for the report, again and again while the page can be seen.
func (p *Page) OnMount(ctx app.Context) {
	p.zone, _ = sheet.Enter()
	query := sheet.Query()
	if v := query.Get("horizon"); draw.Offered(horizons, v) {
		p.horizon = v
	}
	if v := query.Get("window"); draw.Offered(windows, v) {
		p.window = v
	}
	p.watcher = sheet.Watch(performanceEvery, p.paths, func(path string, a fetch.Answer) {
		ctx.Dispatch(func(app.Context) { p.take(path, a, time.Now()) })
	})
}

// OnDismount stops asking.
func (p *Page) OnDismount() { p.watcher.Stop() }

// span returns the choices in force.
func (p *Page) span() (horizon, window string) {
	horizon, window = p.horizon, p.window
	if horizon == "" {
		horizon = "1d"
	}
	if window == "" {
		window = "90"
	}
	return horizon, window
}

// path is the report's address for the choices in force.
func (p *Page) path() string {
	horizon, window := p.span()
	return api.PathPerformance + "?horizon=" + horizon + "&since=-" + window + "d&group_by=pattern_type"
}

// paths are the documents to ask for: the report, and as long as it is not known whether the feed is invented, the settings.
func (p *Page) paths() []string {
	if p.told {
		return []string{p.path()}
	}
	return []string{p.path(), api.PathOps}
}

// retry asks again. Handlers keep the values they were made with, and the first are made before there is a watcher.
func (p *Page) retry() { p.watcher.Ask() }

// take takes an answer in. One to a question that somebody has replaced by another since is dropped.
func (p *Page) take(path string, a fetch.Answer, now time.Time) {
	switch path {
	case api.PathOps:
		var o struct{ Settings numbers.Settings }
		if new(sheet.Freshness).Answered(a, now, &o) {
			p.demo, p.told = o.Settings.Demo(), true
		}
	case p.path():
		r := new(outcome.Report)
		if p.fresh.Answered(a, now, r) {
			p.report, p.shown = r, path
		}
	}
}

// choose takes a choice over and asks for the report that belongs to it.
func (p *Page) choose(value *string, to string) {
	if *value == to {
		return
	}
	*value = to
	horizon, window := p.span()
	sheet.ReplaceQuery("horizon=" + horizon + "&window=" + window)
	p.watcher.Ask()
}

// Render draws the page.
func (p *Page) Render() app.UI {
	horizon, window := p.span()
	return p.fresh.Page(sheet.PathPerformance, "Performance", p.about(), p.demo, p.report != nil && p.shown != p.path(), p.zone, p.retry, []app.UI{
		sheet.Switcher("Outcome after", horizons, horizon, func(v string) { p.choose(&p.horizon, v) }),
		sheet.Switcher("Detected in the last", windows, window, func(v string) { p.choose(&p.window, v) }),
	}, p.body)
}

// about says what is counted, from the report itself.
func (p *Page) about() string {
	if p.report == nil {
		return "What became of detections, as producers reported it."
	}
	w := &p.report.Window
	s := "Detected " + outcome.ShortDate(w.Since) + " to " + outcome.ShortDate(w.Until) + ", " + format.Plural(w.Sessions, "session") + "; outcome after " + p.after()
	switch rule := p.report.Definition.Rule; rule {
	case "":
		return s + "."
	case "producer":
		return s + ", as the producer reported it."
	default:
		return s + ". Success: " + spell.Clean(rule, 120) + "."
	}
}

// after is the report's horizon in words.
func (p *Page) after() string {
	for _, h := range horizons {
		if h.Value == p.report.Definition.Horizon {
			return h.Label
		}
	}
	return spell.Clean(p.report.Definition.Horizon, 12)
}

// body is the report.
func (p *Page) body() []app.UI {
	r := p.report
	var parts, cards []app.UI
	if r.None() {
		parts = append(parts, draw.El("div#none.panel.empty-panel", draw.Text("h2", "No outcomes received"),
			draw.Text("p.muted", "No producer has reported what became of these detections, so nothing can be said about success. It does not mean that none succeeded.")))
	}
	low, high := outcome.SpreadScale(r.Tiers)
	for i := range r.Tiers {
		if s, known := tier.Find(r.Tiers[i].Tier); known {
			cards = append(cards, p.card(s, &r.Tiers[i], low, high))
		}
	}
	return append(parts, draw.El("div.cards", cards...), p.table())
}

// table lists the patterns of all tiers.
func (p *Page) table() app.UI {
	order := p.order
	if !p.sorted {
		order = outcome.Order{Column: outcome.ByResolved, Falling: true}
	}
	rows := p.report.Rows(order)
	if len(rows) == 0 {
		return draw.Text("p.muted", "No pattern was detected in this window.")
	}
	var head, body []app.UI
	for i := range outcome.Columns {
		head = append(head, p.sortHeader(i, order))
	}
	for i := range rows {
		if i == mostRows && !p.all {
			break
		}
		body = append(body, drawRow(&rows[i]))
	}
	parts := []app.UI{panel.Scroller("Performance by pattern", draw.El("table#by-pattern.table",
		draw.Text("caption.visually-hidden", "Success by tier and pattern"), draw.El("thead", draw.El("tr", head...)), draw.El("tbody", body...)))}
	if len(body) < len(rows) {
		parts = append(parts, draw.El("button.button", app.Text("Show all "+format.Count(len(rows)))).Attr("type", "button").
			OnClick(func(app.Context, app.Event) { p.all = true }))
	}
	return panel.New("By pattern", "", format.Plural(len(rows), "row"), parts...)
}

// sortHeader is a column's header: a button that sorts by it.
func (p *Page) sortHeader(column int, order outcome.Order) app.UI {
	title := outcome.Columns[column]
	icon, sort := "i-sort", ""
	if column == order.Column {
		icon, sort = "i-rising", "ascending"
		if order.Falling {
			icon, sort = "i-falling", "descending"
		}
	}
	return draw.El("th"+panel.NumberClass(title), draw.El("button.sort", app.Text(strings.TrimPrefix(title, "#")), draw.Mark("span.i."+icon)).Attr("type", "button").
		OnClick(func(app.Context, app.Event) { p.sortBy(column) }, app.EventScope(title))).Attr("scope", "col").Aria("sort", sort)
}

// sortBy sorts the table by a column, or turns it round.
func (p *Page) sortBy(column int) {
	if !p.sorted {
		p.order, p.sorted = outcome.Order{Column: outcome.ByResolved, Falling: true}, true
	}
	p.order = p.order.Toggled(column)
}

// drawRow draws the row of a pattern of a tier.
func drawRow(r *outcome.Row) app.UI {
	g := r.Group
	success := draw.Text("span.muted", "too few")
	if g.Success.Rate != nil {
		low, high, _ := g.Success.Interval()
		success = draw.El("div.rate-cell", chart.Rate(*g.Success.Rate, low, high), draw.Text("b", spell.Percent(*g.Success.Rate)), draw.Text("span.muted", spell.PercentRange(low, high)))
	}
	cells := []app.UI{
		draw.El("td", draw.El("span.tier-name", draw.Mark("span.i."+r.Tier.Icon), app.Text(r.Tier.Title))), draw.Text("th", r.Label).Attr("scope", "row"), draw.El("td.number", success),
	}
	for _, n := range [...]int{g.Resolved, g.Pending, g.Excluded, g.Detected} {
		cells = append(cells, draw.Text("td.number", format.Count(n)))
	}
	median := "–"
	if g.ReturnPct != nil {
		median = format.SignedPercent(g.ReturnPct.Median)
	}
	return draw.El("tr."+r.Tier.Class, append(cells, draw.Text("td.number", median))...)
}
