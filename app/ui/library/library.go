// Package library is the dialog that shows and edits what the server keeps for a person.
package library

import (
	"strconv"

	"github.com/maxence-charriere/go-app/v10/pkg/app"

	"tierboard/app/ui/draw"
	"tierboard/app/ui/library/kept"
	"tierboard/app/ui/tier"
	"tierboard/shared/filter"
)

// Library is what a person keeps. The zero Library is empty.
type Library struct {
	Board Hooks            // set before it is opened
	Lists []kept.Watchlist // as far as they have been read

	views    []kept.View
	subs     []kept.Subscription
	fault    string // why the last request did not do what was asked
	expected string // how much the subscription being written would bring
}

// Hooks are what a library does to the board that it belongs to. All are called in go-app's handlers, but Dispatch.
type Hooks struct {
	Dispatch func(change func())          // changes what go-app renders
	Layout   func() kept.Layout           // is the board as it is now
	Open     func(v kept.View)            // makes the board what a view says
	Only     func(symbols []string)       // narrows every column to symbols
	Renew    func(lists []kept.Watchlist) // gives the columns that a watchlist narrows the symbols it has now
	Scope    func(fs []filter.Filter)     // makes the stream bring what any of these wants
	Untold   func() bool                  // nothing else says what the board is to show
}

// Draw shows and edits what is kept: the content of the dialog.
func (l *Library) Draw() app.UI {
	return draw.El("div",
		draw.El("div.drawer-head",
			draw.El("h2#library-title").Text("Views, watchlists, subscriptions"),
			app.Button().Type("button").Class("button square plain").Aria("label", "Close").
				OnClick(func(_ app.Context, _ app.Event) { l.close() }).
				Body(draw.Mark("span.i.i-x")),
		),
		draw.El("p.fault").Role("alert").Hidden(l.fault == "").Text(l.fault),
		draw.El("section.block",
			draw.Text("h3", "Views"),
			draw.El("div.kept", // of its own, so that what is typed below stays when the list grows
				app.Range(kept.Shipped).Slice(func(i int) app.UI { return l.viewRow(kept.Shipped[i]) }),
				app.Range(l.views).Slice(func(i int) app.UI { return l.viewRow(l.views[i]) }),
			),
			keep("view-name", "Name of this view", "Save this view", func() { l.saveView() }),
		),
		draw.El("section.block",
			draw.Text("h3", "Watchlists"),
			draw.El("div.kept", app.Range(l.Lists).Slice(func(i int) app.UI { return l.watchRow(l.Lists[i]) })),
			app.Label().Class("field").Body(
				draw.Text("span", "Symbols: paste a list, or the text of a CSV file"),
				app.Textarea().ID("watch-symbols").Rows(2).Spellcheck(false).MaxLength(20000),
			),
			app.Label().Class("field").Body(
				draw.Text("span", "or read them from a file"),
				app.Input().ID("watch-file").Type("file").Accept(".csv,.txt,text/csv,text/plain").OnChange(func(ctx app.Context, _ app.Event) { l.readWatchFile() }),
			),
			keep("watch-name", "Name of the watchlist", "Save watchlist", func() { l.saveWatchlist() }),
		),
		draw.El("section.block",
			draw.Text("h3", "Subscriptions"),
			draw.Text("p.muted", "While one is active, the stream brings only what active subscriptions want."),
			draw.El("div.kept", app.Range(l.subs).Slice(func(i int) app.UI { return l.subRow(l.subs[i]) })),
			l.subForm(),
		),
	)
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

func (l *Library) viewRow(v kept.View) app.UI {
	mark := "Make default"
	if v.Default {
		mark = "Default"
	}
	return draw.El("div.setting",
		draw.Text("span", v.Name),
		draw.El("span.setting-row",
			small("Open", "Open view "+v.Name, v.ID+v.Name, func() { l.open(v) }),
			app.If(v.ID != "", func() app.UI {
				return small(mark, mark+": "+v.Name, v.ID+mark, func() { l.defaultView(v) })
			}),
			app.If(v.ID != "", func() app.UI {
				return small("Delete", "Delete view "+v.Name, v.ID, func() { l.drop("/api/views/"+v.ID, v.Version) })
			}),
		),
	)
}

func (l *Library) watchRow(w kept.Watchlist) app.UI {
	return draw.El("div.setting",
		draw.El("span", app.Text(w.Name+" "), draw.Text("span.muted", strconv.Itoa(len(w.Symbols)))),
		draw.El("span.setting-row",
			small("Show only these", "Show only "+w.Name, w.ID, func() { l.useWatchlist(w) }),
			small("Delete", "Delete watchlist "+w.Name, w.ID, func() { l.drop("/api/watchlists/"+w.ID, 0) }),
		),
	)
}

func (l *Library) subRow(s kept.Subscription) app.UI {
	toggle := "Activate"
	if s.Active {
		toggle = "Deactivate"
	}
	return draw.El("div.setting",
		draw.El("span", app.Text(s.Name+" "), draw.Text("span.muted", kept.Describe(s.Filters))),
		draw.El("span.setting-row",
			small(toggle, toggle+" "+s.Name, s.ID+toggle, func() { l.toggleSub(s) }),
			small("Delete", "Delete subscription "+s.Name, s.ID, func() { l.drop("/api/subscriptions/"+s.ID, s.Version) }),
		),
	)
}

// subForm writes a subscription: tiers × patterns × symbols × least confidence, with an estimate before it is saved.
func (l *Library) subForm() app.UI {
	changed := func(_ app.Context, _ app.Event) { l.estimate() }
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
		draw.El("p#sub-estimate.muted").Role("status").Text(l.expected),
		keep("sub-name", "Name of the subscription", "Save and activate", func() { l.saveSub() }),
	)
}
