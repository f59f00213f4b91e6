package ui

import (
	"github.com/maxence-charriere/go-app/v10/pkg/app"

	"tierboard/app/ui/draw"
	"tierboard/app/ui/prefs"
	"tierboard/app/ui/sheet"
	"tierboard/app/ui/tier"
)

// settings is the dialog with a person's choices. Its inputs are set by page when it opens, not bound.
func (d *Dashboard) settings() app.UI {
	return d.dialog("settings", "dialog", func() app.UI {
		return app.Form().Attr("method", "dialog").Body(
			draw.El("div.drawer-head",
				draw.El("h2#settings-title").Text("Settings"),
				app.Button().Class("button square plain").Aria("label", "Close").Body(draw.Mark("span.i.i-x")),
			),
			draw.El("div.settings",
				d.pick("theme", "Theme", prefs.Themes, func(v string) { d.setTheme(v) }),
				d.pick("contrast", "Contrast", prefs.Contrasts, func(v string) { d.prefs.Contrast = v }),
				d.pick("density", "Density", prefs.Densities, func(v string) { d.prefs.Density = v }),
				d.pick("direction", "Up and down", prefs.Directions, func(v string) { d.prefs.Direction = v }),
				d.pick("zone", "Times on cards", prefs.Zones, func(v string) { d.prefs.Zone = v }),
				d.pick("sound", "Sound", prefs.Noises, func(v string) {
					d.prefs.Sound = v
					d.page.beep()
				}),
				d.pick("notify", "Notifications", prefs.Noises, func(v string) {
					d.prefs.Notify = v
					d.page.askNotify()
				}),
			),
			draw.Text("h3.settings-head", "Columns"),
			draw.El("div.settings",
				app.Range(tier.All[:]).Slice(func(i int) app.UI { return d.place(i) }),
			),
			draw.El("p.links.settings-head",
				app.A().Href(sheet.PathPerformance).Text("Performance"),
				app.A().Href(sheet.PathOperations).Text("Operations"),
				app.A().Href("/docs").Target("_blank").Text("API"),
			),
		)
	})
}

// pick is one setting: a name and a select.
func (d *Dashboard) pick(id, name string, choices []draw.Choice, set func(value string)) app.UI {
	return app.Label().Class("setting").Body(
		draw.Text("span", name),
		app.Select().ID("set-"+id).OnChange(func(ctx app.Context, _ app.Event) {
			set(choices[max(ctx.JSSrc().Get("selectedIndex").Int(), 0)].Value)
			d.page.applyPrefs()
		}).Body(
			app.Range(choices).Slice(func(i int) app.UI { return app.Option().Text(choices[i].Label) }),
		),
	)
}

// place is one column's row: where it stands and whether it is folded away.
func (d *Dashboard) place(i int) app.UI {
	s := tier.All[i]
	move := func(by int) app.EventHandler {
		return func(_ app.Context, _ app.Event) {
			d.prefs.Places = d.prefs.Move(s.Class, by)
			d.page.applyPrefs()
		}
	}
	fold := "Collapse"
	if d.prefs.Collapsed[i] {
		fold = "Expand"
	}
	return draw.El("div.setting",
		draw.Text("span", s.Title),
		draw.El("span.setting-row",
			app.Button().Type("button").Class("button").Aria("label", "Move "+s.Title+" left").OnClick(move(-1), app.EventScope(s.Class)).
				Body(draw.El("span.i.i-up.left").Aria("hidden", "true")),
			app.Button().Type("button").Class("button").Aria("label", "Move "+s.Title+" right").OnClick(move(1), app.EventScope(s.Class)).
				Body(draw.El("span.i.i-up.right").Aria("hidden", "true")),
			app.Button().Type("button").Class("button").ID("fold-"+s.Class).Text(fold).Aria("label", fold+" "+s.Title).
				OnClick(func(_ app.Context, _ app.Event) { d.fold(i, !d.prefs.Collapsed[i]) }, app.EventScope(s.Class)),
		),
	)
}

// fold collapses a column to a rail, or opens it; the last open column stays.
func (d *Dashboard) fold(i int, collapsed bool) {
	next := d.prefs.Collapsed
	next[i] = collapsed
	if next == [3]bool{true, true, true} {
		return
	}
	d.prefs.Collapsed = next
	d.page.applyPrefs()
}

// setTheme applies and keeps a theme.
func (d *Dashboard) setTheme(theme string) {
	d.theme = theme
	d.page.setTheme(theme)
}
