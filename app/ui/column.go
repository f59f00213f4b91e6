package ui

import (
	"slices"
	"strconv"
	"strings"

	"github.com/maxence-charriere/go-app/v10/pkg/app"

	"tierboard/app/board"
	"tierboard/app/format"
	"tierboard/app/ui/draw"
	"tierboard/app/ui/prefs"
	"tierboard/app/ui/tier"
	"tierboard/app/ui/wording"
	"tierboard/shared/event"
	"tierboard/shared/pattern"
)

// skeletons is how many empty shapes a loading column shows.
const skeletons = 6

// anyPattern is the picker's value for no restriction; it cannot be empty, since go-app leaves empty attributes out.
const anyPattern = "any"

// column draws one tier's column around its list, which page fills.
func (d *Dashboard) column(i int) app.UI {
	s, c := tier.All[i], &d.columns[i]
	class := "column " + s.Class
	if c.paused {
		class += " paused"
	}
	pauseLabel, pauseIcon := "Pause "+s.Title, "i-pause"
	if c.paused {
		pauseLabel, pauseIcon = "Resume "+s.Title, "i-play"
	}
	return draw.El("section").ID("column-"+s.Class).Class(class).Aria("labelledby", "title-"+s.Class).Body(
		draw.El("header.head",
			draw.El("div.head-row",
				draw.El("h2#title-"+s.Class).Body(
					draw.Mark("span.i."+s.Icon),
					app.Text(s.Title),
				),
				draw.El("span#count-"+s.Class+".count"),
				draw.El("span#fresh-"+s.Class+".fresh").Body(
					draw.El("span#dot-"+s.Class+".dot").Aria("hidden", "true"),
					draw.El("span#last-"+s.Class),
				),
				app.Button().ID("unfold-"+s.Class).Type("button").Class("button square plain unfold").
					Aria("label", "Expand "+s.Title).Title("Expand "+s.Title).
					OnClick(func(_ app.Context, _ app.Event) { d.fold(i, false) }).
					Body(draw.Mark("span.i.i-unfold")),
				app.Button().ID("pause-"+s.Class).Type("button").Class("button square plain").
					Aria("label", pauseLabel).Aria("pressed", c.paused).Title(pauseLabel).
					OnClick(func(_ app.Context, _ app.Event) {
						d.setPaused(i, !c.paused)
					}).
					Body(draw.Mark("span.i."+pauseIcon)),
				app.Button().ID("filter-"+s.Class).Type("button").Class("button square plain").
					Aria("label", "Filter "+s.Title).Aria("expanded", c.open).Aria("controls", "filters-"+s.Class).Title("Filter "+s.Title).
					OnClick(func(_ app.Context, _ app.Event) { d.openFilters(i, !c.open) }).
					Body(draw.Mark("span.i.i-filter")),
			),
			draw.El("div.sub",
				app.Button().ID("new-"+s.Class).Type("button").Class("pill").Attr("hidden", true).
					OnClick(func(_ app.Context, _ app.Event) { d.page.release(s.Tier) }).
					Body(draw.Mark("span.i.i-up"), draw.El("span#newcount-"+s.Class)),
				draw.El("span#about-"+s.Class),
				draw.El("span#rate-"+s.Class),
			),
		),
		d.filterRow(i),
		draw.El("div#list-"+s.Class+".list").Role("group").TabIndex(0).Aria("label", s.Title+" patterns").Body(
			app.If(!d.loaded, func() app.UI {
				return app.Range(make([]struct{}, skeletons)).Slice(func(int) app.UI {
					return draw.El("div.skeleton").Aria("hidden", "true")
				})
			}),
		),
		app.Button().ID("above-"+s.Class).Type("button").Class("edge above").Hidden(true),
		app.Button().ID("below-"+s.Class).Type("button").Class("edge below").Hidden(true),
		app.Button().ID("more-"+s.Class).Type("button").Class("edge below more").Hidden(true),
		draw.El("p#empty-"+s.Class+".empty"),
		app.Button().ID("relax-"+s.Class).Type("button").Class("button relax").Hidden(true),
	)
}

// filterRow is the column's own filter: symbols, pattern and least confidence. Inputs are not bound to state, since go-app
// would write a value back while somebody types; page sets them when a chip clears a filter.
func (d *Dashboard) filterRow(i int) app.UI {
	s, c := tier.All[i], &d.columns[i]
	return app.Form().ID("filters-"+s.Class).Class("filters "+s.Class).Aria("label", s.Title+" filters").Hidden(!c.open).
		OnSubmit(func(_ app.Context, e app.Event) { e.PreventDefault() }).
		Body(app.If(c.asked, func() app.UI { return d.filterFields(i) }))
}

// filterFields are the controls of a filter row.
func (d *Dashboard) filterFields(i int) app.UI {
	s, c := tier.All[i], &d.columns[i]
	names := tier.Patterns(s.Tier)
	for _, slug := range c.seen {
		names = append(names, pattern.Name{Slug: slug, Label: pattern.Label(slug)})
	}
	percent := strconv.Itoa(int(c.filter.MinConfidence*100 + 0.5))
	least := "any"
	if percent != "0" {
		least = percent + " %"
	}
	return draw.El("div.fields",
		draw.El("datalist#seen-"+s.Class),
		app.Label().Class("field").Body(
			draw.Text("span", "Symbols"),
			app.Input().ID("symbols-"+s.Class).Type("text").Placeholder("AAPL, NVDA").List("seen-"+s.Class).AutoComplete(false).Spellcheck(false).MaxLength(2000).
				OnInput(func(ctx app.Context, _ app.Event) {
					f := c.filter
					f.Symbols = ctx.JSSrc().Get("value").String()
					d.setFilter(i, f)
				}).
				OnChange(func(ctx app.Context, _ app.Event) { // done typing: what stands there are whole symbols
					f := c.filter
					if f.Symbols = ctx.JSSrc().Get("value").String(); strings.TrimSpace(f.Symbols) != "" {
						f.Symbols += ","
					}
					d.setFilter(i, f)
				}),
		),
		app.Label().Class("field").Body(
			draw.Text("span", "Pattern"),
			d.patternPicker(i, "pattern-"+s.Class, "Any", names, false),
		),
		app.Label().Class("field").Body(
			draw.Text("span", "Leave out"),
			d.patternPicker(i, "without-"+s.Class, "None", names, true),
		),
		app.Label().Class("field").Body(
			draw.Text("span", "Watchlist"),
			d.watchPicker(i),
		),
		d.narrow(i, "direction", "Direction", directionChoices, func(f *board.ColumnFilter, v string) { f.Direction = event.Direction(v) }),
		d.narrow(i, "priority", "Least priority", priorityChoices, func(f *board.ColumnFilter, v string) { f.MinPriority, _ = event.ParsePriority(v) }),
		d.narrow(i, "timeframe", "Bars", timeframeChoices, func(f *board.ColumnFilter, v string) { f.Timeframe = v }),
		d.narrow(i, "session", "Session", sessionChoices, func(f *board.ColumnFilter, v string) { f.Session = event.Session(v) }),
		app.Label().Class("field").Body(
			draw.Text("span", "Order"),
			app.Select().ID("order-"+s.Class).OnChange(func(ctx app.Context, _ app.Event) {
				d.prefs.Orders[i] = board.Order(max(ctx.JSSrc().Get("selectedIndex").Int(), 0)) //nolint:gosec // a select with four options
				d.page.applyPrefs()
			}).Body(app.Range(prefs.Orders).Slice(func(o int) app.UI { return app.Option().Text(prefs.Orders[o].Label) })),
		),
		app.Label().Class("field").Body(
			draw.Text("span", "Least confidence"),
			draw.El("span.range",
				app.Input().ID("confidence-"+s.Class).Type("range").Min(0).Max(95).Step(5).Value("0").
					OnInput(func(ctx app.Context, _ app.Event) {
						f := c.filter
						v, _ := strconv.Atoi(ctx.JSSrc().Get("value").String())
						f.MinConfidence = float64(v) / 100
						d.setFilter(i, f)
					}),
				draw.El("output").Text(least),
			),
		),
		draw.El("div.field.wide.setting-row",
			app.Button().Type("button").Class("button").Text("Remove filters").OnClick(func(_ app.Context, _ app.Event) { d.setFilter(i, board.ColumnFilter{}) }),
			app.Button().Type("button").Class("button").Text("Collapse column").OnClick(func(_ app.Context, _ app.Event) { d.fold(i, true) }),
		),
	)
}

// patternPicker adds a pattern to those that a column shows or, with out, leaves out, and takes it away when it is picked again. It
// always stands on its first option, which says what was picked.
func (d *Dashboard) patternPicker(i int, id, none string, names []pattern.Name, out bool) app.UI {
	wanted, without := d.columns[i].filter.Patterns()
	picked := wanted
	if out {
		picked = without
	}
	first := none
	switch len(picked) {
	case 0:
	case 1:
		first = pattern.Label(picked[0])
	default:
		first = format.Plural(len(picked), "pattern")
	}
	return app.Select().ID(id).OnChange(func(ctx app.Context, _ app.Event) {
		f := d.columns[i].filter
		if slug := ctx.JSSrc().Get("value").String(); slug != anyPattern {
			f = f.Toggled(slug, out)
		} else {
			f.Pattern = ""
			_, keep := d.columns[i].filter.Patterns()
			if out {
				keep, _ = d.columns[i].filter.Patterns()
			}
			for _, slug := range keep {
				f = f.Toggled(slug, !out)
			}
		}
		d.setFilter(i, f)
	}).Body(
		app.Option().Value(anyPattern).Text(first),
		app.Option().Value(anyPattern).Text("Clear").Disabled(len(picked) == 0),
		app.Range(names).Slice(func(n int) app.UI {
			label := names[n].Label
			if slices.Contains(picked, names[n].Slug) {
				label += " (picked)"
			}
			return app.Option().Value(names[n].Slug).Text(label)
		}),
	)
}

// watchPicker narrows a column to a watchlist, or to what is not on it.
func (d *Dashboard) watchPicker(i int) app.UI {
	f := d.columns[i].filter
	first := "None"
	if f.Watchlist != "" {
		first = wording.Watchlist(f)
	}
	lists := d.library.Lists
	return app.Select().ID("watch-"+tier.All[i].Class).OnChange(func(ctx app.Context, _ app.Event) {
		d.watch(i, ctx.JSSrc().Get("selectedIndex").Int()-2)
	}).Body(
		app.Option().Text(first),
		app.Option().Text("None").Disabled(f.Watchlist == ""),
		app.Range(lists).Slice(func(n int) app.UI { return app.Option().Text(lists[n].Name) }),
		app.Range(lists).Slice(func(n int) app.UI { return app.Option().Text("Not " + lists[n].Name) }),
		app.Option().Text("Edit the lists…"),
	)
}

// watch carries out the choice of a watchPicker: -1 is no list, then come the lists, the lists left out, and the library.
func (d *Dashboard) watch(i, choice int) {
	lists := d.library.Lists
	f := d.columns[i].filter
	switch {
	case choice < -1:
		return
	case choice == 2*len(lists):
		d.page.openLibrary()
	case choice == -1:
		f.Watchlist, f.Watched, f.Without = "", "", false
	default:
		w := lists[choice%len(lists)]
		f.Watchlist, f.Watched, f.Without = w.Name, strings.Join(w.Symbols, ","), choice >= len(lists)
	}
	d.setFilter(i, f)
}

// The values a column can be narrowed to; the first is any.
var (
	directionChoices = draw.Choices("", "Any", "bullish", "Bullish", "bearish", "Bearish", "neutral", "Neutral")
	priorityChoices  = draw.Choices("low", "Any", "medium", "Medium", "high", "High", "critical", "Critical")
	timeframeChoices = draw.Choices("", "Any", "1min", "1 min", "5min", "5 min", "15min", "15 min", "1hour", "1 hour", "daily", "1 day", "weekly", "1 week")
	sessionChoices   = draw.Choices("", "Any", "pre_market", "Pre-market", "regular", "Regular", "post_market", "Post-market", "closed", "Closed")
)

// narrow is a select that restricts one field of the column's filter.
func (d *Dashboard) narrow(i int, id, name string, choices []draw.Choice, set func(f *board.ColumnFilter, value string)) app.UI {
	return app.Label().Class("field").Body(
		draw.Text("span", name),
		app.Select().ID(id+"-"+tier.All[i].Class).OnChange(func(ctx app.Context, _ app.Event) {
			f := d.columns[i].filter
			set(&f, choices[max(ctx.JSSrc().Get("selectedIndex").Int(), 0)].Value)
			d.setFilter(i, f)
		}).Body(app.Range(choices).Slice(func(n int) app.UI { return app.Option().Text(choices[n].Label) })),
	)
}
