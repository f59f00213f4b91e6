package ui

import (
	"strconv"
	"strings"

	"github.com/maxence-charriere/go-app/v10/pkg/app"

	"tierboard/app/format"
	"tierboard/app/ui/draw"
	"tierboard/app/ui/tier"
	"tierboard/shared/event"
	"tierboard/shared/filter"
)

// library is what a person keeps on the server: views, watchlists and subscriptions.
type library struct {
	views    []savedView
	lists    []watchlist
	subs     []subscription
	fault    string // why the last request did not do what was asked
	estimate string // how much the subscription being written would bring
}

// savedView is a board that can be opened again. The ones that come with the program have no ID.
type savedView struct {
	ID      string `json:"id"`
	Name    string `json:"name"`
	Default bool   `json:"default"`
	Version int64  `json:"version"`
	Layout  layout `json:"layout"`
}

// layout is what a view brings back.
type layout struct {
	Query     string   `json:"query"` // filters and orders, as in a shared link
	Density   string   `json:"density,omitempty"`
	Places    []string `json:"places,omitempty"`
	Collapsed [3]bool  `json:"collapsed"`
}

// watchlist is a named list of symbols.
type watchlist struct {
	ID      string   `json:"id"`
	Name    string   `json:"name"`
	Symbols []string `json:"symbols"`
}

// subscription is a named list of filters; those that are active are all that the stream brings.
type subscription struct {
	ID      string       `json:"id"`
	Name    string       `json:"name"`
	Active  bool         `json:"active"`
	Version int64        `json:"version"`
	Filters []filterSpec `json:"filters"`
}

// filterSpec is a filter as REST writes it, as far as the manager sets it.
type filterSpec struct {
	Tiers         []string `json:"tiers,omitempty"`
	PatternTypes  []string `json:"pattern_types,omitempty"`
	Symbols       []string `json:"symbols,omitempty"`
	ConfidenceMin float64  `json:"confidence_min,omitempty"`
}

// shippedViews come with the program.
var shippedViews = []savedView{
	{Name: "Everything"},
	{Name: "High confidence", Layout: layout{Query: "combo.confidence=0.8&daily.confidence=0.8&intraday.confidence=0.8"}},
	{Name: "Bullish", Layout: layout{Query: "combo.direction=bullish&daily.direction=bullish&intraday.direction=bullish"}},
	{Name: "Intraday momentum", Layout: layout{Query: "intraday.confidence=0.7", Collapsed: [3]bool{true, false, false}}},
}

// libraryDialog shows and edits what is kept.
func (d *Dashboard) libraryDialog() app.UI {
	l := &d.library
	return d.dialog("library", "dialog wide", func() app.UI {
		return draw.El("div",
			draw.El("div.drawer-head",
				draw.El("h2#library-title").Text("Views, watchlists, subscriptions"),
				app.Button().Type("button").Class("button square plain").Aria("label", "Close").
					OnClick(func(_ app.Context, _ app.Event) { d.page.closeLibrary() }).
					Body(draw.Mark("span.i.i-x")),
			),
			draw.El("p.fault").Role("alert").Hidden(l.fault == "").Text(l.fault),
			draw.El("section.block",
				draw.Text("h3", "Views"),
				draw.El("div.kept", // of its own, so that what is typed below stays when the list grows
					app.Range(shippedViews).Slice(func(i int) app.UI { return d.viewRow(shippedViews[i]) }),
					app.Range(l.views).Slice(func(i int) app.UI { return d.viewRow(l.views[i]) }),
				),
				keep("view-name", "Name of this view", "Save this view", func() { d.page.saveView() }),
			),
			draw.El("section.block",
				draw.Text("h3", "Watchlists"),
				draw.El("div.kept", app.Range(l.lists).Slice(func(i int) app.UI { return d.watchRow(l.lists[i]) })),
				app.Label().Class("field").Body(
					draw.Text("span", "Symbols: paste a list, or the text of a CSV file"),
					app.Textarea().ID("watch-symbols").Rows(2).Spellcheck(false).MaxLength(20000),
				),
				app.Label().Class("field").Body(
					draw.Text("span", "or read them from a file"),
					app.Input().ID("watch-file").Type("file").Accept(".csv,.txt,text/csv,text/plain").OnChange(func(ctx app.Context, _ app.Event) { d.page.readWatchFile() }),
				),
				keep("watch-name", "Name of the watchlist", "Save watchlist", func() { d.page.saveWatchlist() }),
			),
			draw.El("section.block",
				draw.Text("h3", "Subscriptions"),
				draw.Text("p.muted", "While one is active, the stream brings only what active subscriptions want."),
				draw.El("div.kept", app.Range(l.subs).Slice(func(i int) app.UI { return d.subRow(l.subs[i]) })),
				d.subForm(),
			),
		)
	})
}

// keep is a name with a button that saves under it.
func keep(id, label, save string, act func()) app.UI {
	return draw.El("div.setting-row",
		app.Input().ID(id).Type("text").Placeholder(label).Aria("label", label).MaxLength(100).AutoComplete(false),
		app.Button().Type("button").Class("button").Text(save).OnClick(func(_ app.Context, _ app.Event) { act() }),
	)
}

// small is one button of a row; scope tells rows apart, since go-app takes handlers of the same code for the same handler.
func small(text, label, scope string, act func()) app.UI {
	return app.Button().Type("button").Class("button").Text(text).Aria("label", label).
		OnClick(func(_ app.Context, _ app.Event) { act() }, app.EventScope(scope, text))
}

func (d *Dashboard) viewRow(v savedView) app.UI {
	mark := "Make default"
	if v.Default {
		mark = "Default"
	}
	return draw.El("div.setting",
		draw.Text("span", v.Name),
		draw.El("span.setting-row",
			small("Open", "Open view "+v.Name, v.ID+v.Name, func() { d.page.openView(v) }),
			app.If(v.ID != "", func() app.UI {
				return small(mark, mark+": "+v.Name, v.ID+mark, func() { d.page.defaultView(v) })
			}),
			app.If(v.ID != "", func() app.UI {
				return small("Delete", "Delete view "+v.Name, v.ID, func() { d.page.drop("/api/views/"+v.ID, v.Version) })
			}),
		),
	)
}

func (d *Dashboard) watchRow(w watchlist) app.UI {
	return draw.El("div.setting",
		draw.El("span", app.Text(w.Name+" "), draw.Text("span.muted", strconv.Itoa(len(w.Symbols)))),
		draw.El("span.setting-row",
			small("Show only these", "Show only "+w.Name, w.ID, func() { d.page.useWatchlist(w) }),
			small("Delete", "Delete watchlist "+w.Name, w.ID, func() { d.page.drop("/api/watchlists/"+w.ID, 0) }),
		),
	)
}

func (d *Dashboard) subRow(s subscription) app.UI {
	toggle := "Activate"
	if s.Active {
		toggle = "Deactivate"
	}
	return draw.El("div.setting",
		draw.El("span", app.Text(s.Name+" "), draw.Text("span.muted", describe(s.Filters))),
		draw.El("span.setting-row",
			small(toggle, toggle+" "+s.Name, s.ID+toggle, func() { d.page.toggleSub(s) }),
			small("Delete", "Delete subscription "+s.Name, s.ID, func() { d.page.drop("/api/subscriptions/"+s.ID, s.Version) }),
		),
	)
}

// describe says in a few words what a subscription wants.
func describe(fs []filterSpec) string {
	all := make([]string, len(fs))
	for i, f := range fs {
		words := append([]string{}, f.Tiers...)
		if n := len(f.PatternTypes); n > 0 {
			words = append(words, format.Plural(n, "pattern"))
		}
		if n := len(f.Symbols); n > 0 {
			words = append(words, format.Plural(n, "symbol"))
		}
		if f.ConfidenceMin > 0 {
			words = append(words, "≥ "+strconv.Itoa(int(f.ConfidenceMin*100+0.5)))
		}
		if len(words) == 0 {
			words = append(words, "everything")
		}
		all[i] = strings.Join(words, ", ")
	}
	return strings.Join(all, "; ")
}

// subForm writes a subscription: tiers × patterns × symbols × least confidence, with an estimate before it is saved.
func (d *Dashboard) subForm() app.UI {
	changed := func(_ app.Context, _ app.Event) { d.page.estimate() }
	return draw.El("details.sub-form").Body(
		draw.Text("summary", "New subscription"),
		draw.El("fieldset",
			draw.Text("legend", "Tiers"),
			app.Range(tier.All[:]).Slice(func(i int) app.UI {
				return app.Label().Class("tick").Body(
					app.Input().ID("sub-tier-"+tier.All[i].Class).Type("checkbox").Checked(true).OnChange(changed), app.Text(tier.All[i].Title))
			}),
		),
		draw.El("fieldset.patterns",
			draw.Text("legend", "Patterns; none ticked means any"),
			app.Range(tier.All[:]).Slice(func(t int) app.UI {
				names := tier.Patterns(tier.All[t].Tier)
				return draw.El("div", app.Range(names).Slice(func(i int) app.UI {
					return app.Label().Class("tick").Body(
						app.Input().Type("checkbox").Name("sub-pattern").Value(names[i].Slug).OnChange(changed), app.Text(names[i].Label))
				}))
			}),
		),
		app.Label().Class("field").Body(
			draw.Text("span", "Symbols; empty means any"),
			app.Input().ID("sub-symbols").Type("text").Placeholder("AAPL, NVDA").AutoComplete(false).Spellcheck(false).MaxLength(8000).OnChange(changed),
		),
		app.Label().Class("field").Body(
			draw.Text("span", "Least confidence, percent"),
			app.Input().ID("sub-confidence").Type("number").Min(0).Max(100).Step(1).Value("0").OnChange(changed),
		),
		draw.El("p#sub-estimate.muted").Role("status").Text(d.library.estimate),
		keep("sub-name", "Name of the subscription", "Save and activate", func() { d.page.saveSub() }),
	)
}

// symbolsIn reads tickers, each once: from the column called symbol or ticker when the first line is a CSV header with one, else
// every word of the text.
func symbolsIn(text string) []string {
	cells := func(line string) []string {
		return strings.FieldsFunc(line, func(r rune) bool { return strings.ContainsRune(",;\t", r) })
	}
	clean := func(cell string) string { return filter.Symbol(strings.Trim(cell, " \"'\r")) }
	column := -1
	first, rest, _ := strings.Cut(text, "\n")
	for i, c := range cells(first) {
		if s := clean(c); s == "SYMBOL" || s == "TICKER" {
			column, text = i, rest
			break
		}
	}
	seen := map[string]bool{}
	var out []string
	add := func(s string) {
		if s != "" && len(s) <= event.MaxSymbol && !seen[s] {
			seen[s] = true
			out = append(out, s)
		}
	}
	for line := range strings.Lines(text) {
		row := cells(line)
		if column >= 0 {
			if column < len(row) {
				add(clean(row[column]))
			}
			continue
		}
		for _, cell := range row {
			for word := range strings.FieldsSeq(cell) {
				add(clean(word))
			}
		}
	}
	return out
}

// filter turns the REST form into a filter.
func (s *filterSpec) filter() filter.Filter {
	f := filter.Filter{Patterns: s.PatternTypes, Symbols: s.Symbols, ConfidenceMin: s.ConfidenceMin}
	for _, w := range s.Tiers {
		if t := tier.OfClass(w); t != event.TierNone {
			f.Tiers = append(f.Tiers, t)
		}
	}
	return f.Canonical()
}
