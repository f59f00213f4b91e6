package ui

import (
	"strconv"

	"github.com/maxence-charriere/go-app/v10/pkg/app"

	"tierboard/app/board"
	"tierboard/app/ui/draw"
	"tierboard/app/ui/library"
	"tierboard/app/ui/palette"
	"tierboard/app/ui/prefs"
	"tierboard/app/ui/setup"
	"tierboard/app/ui/share"
	"tierboard/app/ui/sheet"
	"tierboard/app/ui/tier"
	"tierboard/app/ui/wording"
	"tierboard/shared/event"
)

// Dashboard is the page. Its fields are the little state that go-app renders; everything that follows the stream is
// written by page. The zero Dashboard renders the page before anything has loaded.
type Dashboard struct {
	app.Compo

	page    *page // nil on the server
	loaded  bool  // the first events or status arrived, or an older board was restored
	demo    bool  // the feed is invented
	theme   string
	tab     event.Tier // which column a narrow screen shows
	allHeld bool       // everything paused
	prefs   prefs.Prefs
	query   string // narrows all columns
	setup   setup.Setup
	library library.Library
	palette palette.Palette
	asked   map[string]bool // dialogs that were opened once; the others are empty, so that the page starts sooner
	columns [3]columnState
	notice  notice
}

// columnState is what a person has set on one column.
type columnState struct {
	open   bool // the filter row is shown
	asked  bool // it was shown once; before, it is empty, so that the page starts sooner
	paused bool
	filter board.ColumnFilter
	seen   []string // slugs in use that the name table does not know
}

// notice is the bar under the header; the zero notice is not shown.
type notice struct {
	text   string
	tone   string // "", "bad" or "good"
	action string // label of the button, if there is one
	act    func()
	drop   func() // what a second button, Dismiss, does; nil for none
}

// OnInit starts the browser's half before the first Render, so that the page is drawn once, with what the last visit left and with
// the cards that have come already.
func (d *Dashboard) OnInit() {
	d.page = newPage(d)
}

// OnMount gives the browser's half its elements: the lists and the timers start.
func (d *Dashboard) OnMount(ctx app.Context) {
	d.page.mount(ctx)
}

// OnDismount stops what OnMount started.
func (d *Dashboard) OnDismount() {
	if d.page != nil {
		d.page.stop()
	}
}

// OnAppUpdate offers the new version once the worker has stored it; the running page stays as it is until then.
func (d *Dashboard) OnAppUpdate(ctx app.Context) {
	if !ctx.AppUpdateAvailable() {
		return
	}
	d.page.updateReady = true // the next second shows the notice
}

// Render draws the page.
func (d *Dashboard) Render() app.UI {
	tab := d.tab
	if tab == event.TierNone {
		tab = event.Intraday
	}
	return draw.El("div#page.page").DataSet("tab", tab.String()).Body(
		draw.El("header.top",
			draw.El("h1.visually-hidden").Text("Tierboard: live chart patterns"),
			app.A().Class("logo").Href("/").Aria("label", "Tierboard").Body(
				app.Img().Src("/web/icon.svg").Aria("hidden", "true").Width(18).Height(18),
				draw.Text("span", "Tierboard"),
			),
			draw.El("p#clock.clock"),
			// Always there, and hidden: go-app compares children by position, so an element that comes and goes would
			// replace the ones behind it, which page writes to.
			draw.El("p.demo").ID("demo").Hidden(!d.demo).Body(
				app.Text("Demo feed"),
				draw.Text("span.long", ": invented data"),
			),
			app.Button().ID("search").Type("button").Class("search").Aria("label", "Search symbol, pattern, command").Aria("keyshortcuts", "Control+K Meta+K").
				OnClick(func(_ app.Context, _ app.Event) { d.palette.Open() }).
				Body(
					draw.Mark("span.i.i-search"),
					draw.Text("span.word", "Search symbol, pattern, command"),
					draw.El("span.key").Aria("hidden", "true"),
				),
			draw.El("div.spring"),
			draw.El("nav.links").Aria("label", "Pages").Body(
				app.A().Href(sheet.PathPerformance).Text("Performance"),
				app.A().Href(sheet.PathOperations).Text("Operations"),
			),
			draw.El("ul.tierstats").Aria("label", "State of the tiers").Body(
				app.Range(tier.All[:]).Slice(func(i int) app.UI {
					s := tier.All[i]
					return draw.El("li").ID("state-"+s.Class).Class("tierstat "+s.Class).Title(s.Title+": not connected yet").Body(
						draw.Mark("span.i."+s.Icon),
						draw.Text("span.visually-hidden", s.Title),
						draw.El("span#word-"+s.Class+".word"),
					)
				}),
			),
			draw.El("span#speed.speed").Title("From the server's receipt of an event to its arrival here, median of the last five minutes"),
			d.themeButton(),
			app.Button().ID("open-settings").Type("button").Class("button square").Title("Settings").Aria("label", "Settings").
				OnClick(func(_ app.Context, _ app.Event) { d.page.openSettings() }).
				Body(draw.Mark("span.i.i-gear")),
		),
		d.bar(),
		d.noticeBar(),
		draw.El("nav.tabs").Aria("label", "Tiers").Body(
			draw.El("div").Role("tablist").Aria("label", "Tiers").Body(
				app.Range(tier.All[:]).Slice(func(i int) app.UI { return d.tabButton(tier.All[i], tab) }),
			),
		),
		draw.El("div.stage",
			draw.El("main#columns.columns").Body(
				app.Range(tier.All[:]).Slice(func(i int) app.UI { return d.column(i) }),
			),
			draw.El("div#drawer.drawer").Role("complementary").Aria("label", "Details").Hidden(true).Body(
				draw.El("div#drawer-body.drawer-body"),
			),
		),
		d.help(),
		d.settings(),
		d.palette.Draw(),
		d.dialog("setup", "dialog", d.setup.Draw),
		d.dialog("library", "dialog wide", d.library.Draw),
		draw.El("p#say.visually-hidden").Role("status").Aria("live", "polite"),
	)
}

// themeButton cycles dark, light and the system's choice.
func (d *Dashboard) themeButton() app.UI {
	icon, label := "i-moon", "Theme: dark"
	switch d.theme {
	case "light":
		icon, label = "i-sun", "Theme: light"
	case "system":
		icon, label = "i-system", "Theme: as the system"
	}
	return app.Button().ID("theme").Type("button").Class("button square").Title(label).Aria("label", label).
		OnClick(func(_ app.Context, _ app.Event) {
			next := map[string]string{"": "light", "dark": "light", "light": "system", "system": "dark"}
			d.setTheme(next[d.theme])
		}).
		Body(draw.Mark("span.i." + icon))
}

// bar shows the filters in force, over all columns, and the button that pauses everything.
func (d *Dashboard) bar() app.UI {
	var chips []app.UI
	for i, s := range tier.All {
		for _, c := range wording.Chips(d.columns[i].filter) {
			chips = append(chips, app.Button().Type("button").Class("chip "+s.Class).
				Title("Remove this filter").Aria("label", "Remove filter "+s.Title+" "+c.Text).
				OnClick(func(_ app.Context, _ app.Event) { d.setFilter(i, c.Without) }, app.EventScope(s.Class, c.Text)).
				Body(
					draw.Mark("span.i."+s.Icon),
					app.Text(c.Text),
					draw.Mark("span.i.i-x"),
				))
		}
	}
	for i, w := range board.ParseQuery(d.query) {
		text := wording.Word(w)
		chips = append(chips, app.Button().Type("button").Class("chip").
			Title("Remove this filter").Aria("label", "Remove filter All columns "+text).
			OnClick(func(_ app.Context, _ app.Event) { d.setQuery(wording.WithoutWord(d.query, i)) }, app.EventScope("all", w.Text, strconv.Itoa(i))).
			Body(app.Text(text), draw.Mark("span.i.i-x")))
	}
	label, icon := "Pause all", "i-pause"
	if d.allHeld {
		label, icon = "Resume all", "i-play"
	}
	return draw.El("section.bar").Aria("label", "View").Body(
		app.Button().ID("open-library").Type("button").Class("button").Title("Views, watchlists and subscriptions").
			OnClick(func(_ app.Context, _ app.Event) { d.page.openLibrary() }).
			Body(draw.Mark("span.i.i-stack"), draw.Text("span.word", "Views")),
		draw.El("label.everything",
			draw.Mark("span.i.i-filter"),
			app.Input().ID("everything").Type("text").Placeholder("Filter all columns: AAPL flag up 80").Aria("label", "Filter all columns").
				Title("Symbols, patterns, up or down, least confidence; - in front of a word leaves it out").
				AutoComplete(false).Spellcheck(false).MaxLength(share.MaxQuery).
				OnInput(func(ctx app.Context, _ app.Event) { d.setQuery(ctx.JSSrc().Get("value").String()) }),
		),
		draw.El("div#chips.chips").Body(
			app.If(len(chips) == 0, func() app.UI {
				return draw.Text("span.faint", "No filters: every pattern is shown")
			}),
			app.If(len(chips) == 0, func() app.UI {
				return app.Button().ID("open-setup").Type("button").Class("button").Text("Set up").
					OnClick(func(_ app.Context, _ app.Event) { d.page.openSetup() })
			}),
			app.Range(chips).Slice(func(i int) app.UI { return chips[i] }),
		),
		draw.El("div.spring"),
		app.Button().ID("share").Type("button").Class("button").Title("Copy a link to this view").
			OnClick(func(_ app.Context, _ app.Event) { d.page.share() }).
			Body(draw.Mark("span.i.i-share"), draw.Text("span.word", "Share")),
		app.Label().Class("button export").Title("Save what is shown").Body(
			draw.Mark("span.i.i-save"), draw.Text("span.word", "Export"),
			app.Select().ID("export").Aria("label", "Export what is shown").OnChange(func(ctx app.Context, _ app.Event) {
				format := ctx.JSSrc().Get("value").String()
				ctx.JSSrc().Set("selectedIndex", 0)
				d.page.export(format)
			}).Body(
				app.Option().Text("Export as"), app.Option().Value("csv").Text("CSV"), app.Option().Value("json").Text("JSON"),
				app.Option().Value("ndjson").Text("NDJSON"),
			),
		),
		app.Button().ID("pause-all").Type("button").Class("button").Aria("label", label).Aria("pressed", d.allHeld).
			OnClick(func(_ app.Context, _ app.Event) {
				d.pauseAll(!d.allHeld)
			}).
			Body(draw.Mark("span.i."+icon), draw.Text("span.pause-word", label)),
	)
}

// noticeBar tells what is wrong, or was, in one sentence.
func (d *Dashboard) noticeBar() app.UI {
	return draw.El("div").ID("notice").Class("notice "+d.notice.tone).Role("status").Hidden(d.notice.text == "").Body(
		draw.El("span#notice-text").Text(d.notice.text),
		app.If(d.notice.action != "", func() app.UI {
			return app.Button().Type("button").Class("button").ID("notice-action").Text(d.notice.action).
				OnClick(func(_ app.Context, _ app.Event) {
					if d.notice.act != nil {
						d.notice.act()
					}
				}, app.EventScope(d.notice.action))
		}),
		app.If(d.notice.drop != nil, func() app.UI {
			return app.Button().Type("button").Class("button").ID("notice-drop").Text("Dismiss").
				OnClick(func(_ app.Context, _ app.Event) {
					if d.notice.drop != nil {
						d.notice.drop()
					}
				})
		}),
	)
}

// tabButton picks the column a narrow screen shows.
func (d *Dashboard) tabButton(s tier.Style, current event.Tier) app.UI {
	return app.Button().ID("tab-"+s.Class).Type("button").Class("tab "+s.Class).Role("tab").
		Aria("selected", s.Tier == current).Aria("controls", "column-"+s.Class).TabIndex(tabStop(s.Tier == current)).
		OnClick(func(_ app.Context, _ app.Event) {
			d.tab = s.Tier
			d.page.shown(s.Tier)
		}).
		Body(
			draw.Mark("span.i."+s.Icon),
			app.Text(s.Title),
			draw.El("span#tabcount-"+s.Class),
		)
}

// tabStop is the tab index of an element among others that the arrow keys go through.
func tabStop(current bool) int {
	if current {
		return 0
	}
	return -1
}

// setQuery narrows all columns at once.
func (d *Dashboard) setQuery(text string) {
	d.query = text
	d.page.setQuery(text)
}

// setFilter narrows one column at once and tells the server.
func (d *Dashboard) setFilter(i int, f board.ColumnFilter) {
	d.columns[i].filter = f
	d.page.setFilter(tier.All[i].Tier, f)
}

// setPaused stops or resumes one column.
func (d *Dashboard) setPaused(i int, paused bool) {
	d.columns[i].paused = paused
	d.page.setPaused(tier.All[i].Tier, paused)
	d.allHeld = d.columns[0].paused && d.columns[1].paused && d.columns[2].paused
}

// pauseAll stops or resumes every column.
func (d *Dashboard) pauseAll(paused bool) {
	for i := range d.columns {
		d.setPaused(i, paused)
	}
}

// keys are the keyboard's commands, as the help lists them.
var keys = [][2]string{
	{"j  k  ↓  ↑", "next and previous card"},
	{"h  l  ←  →", "column to the left and right"},
	{"Enter", "details of the card"},
	{"Esc", "close details, clear or leave a filter"},
	{"/", "filter all columns"},
	{"f", "filter the column"},
	{"p", "pause or resume the column"},
	{"Shift p", "pause or resume all columns"},
	{".", "show what is waiting"},
	{"Ctrl k", "find a symbol, a pattern or a command"},
	{"?", "this list"},
}

// help is the dialog with the keyboard's commands.
func (d *Dashboard) help() app.UI {
	return d.dialog("help", "dialog", func() app.UI {
		return app.Form().Attr("method", "dialog").Body(
			draw.El("div.drawer-head",
				draw.El("h2#help-title").Text("Keyboard"),
				app.Button().Class("button square plain").Aria("label", "Close").Body(draw.Mark("span.i.i-x")),
			),
			draw.El("dl.keys").Body(
				app.Range(keys).Slice(func(i int) app.UI {
					return draw.El("div", draw.Text("dt", keys[i][0]), draw.Text("dd", keys[i][1]))
				}),
			),
		)
	})
}

// dialog is a dialog whose content is drawn when it is opened for the first time: until then most of the page's elements
// would be in dialogs that nobody has asked for.
func (d *Dashboard) dialog(id, class string, content func() app.UI) app.UI {
	return app.Dialog().ID(id).Class(class).Aria("labelledby", id+"-title").Body(app.If(d.asked[id], content))
}

// openFilters shows or hides a column's filter row.
func (d *Dashboard) openFilters(i int, open bool) {
	c := &d.columns[i]
	c.open = open
	if open && !c.asked {
		c.asked = true
		d.page.fillFilters(i)
	}
}
