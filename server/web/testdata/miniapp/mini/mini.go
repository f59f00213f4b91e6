// Package mini has one component, which tells where it runs and can be made to crash.
package mini

import "github.com/maxence-charriere/go-app/v10/pkg/app"

// Register registers the routes: the start page, the tiers, and one with a variable part.
func Register() {
	page := func() app.Composer { return &page{} }
	app.Route("/", page)
	app.Route("/tier/daily", page)
	app.Route("/tier/combo", page)
	app.RouteWithRegexp("^/symbol/.*$", page)
}

type page struct {
	app.Compo
	state  string
	update bool
}

func (p *page) OnInit() { p.state = "drawn by the server" }

func (p *page) OnMount(ctx app.Context) { p.state = "running at " + ctx.Page().URL().Path }

func (p *page) OnAppUpdate(ctx app.Context) { p.update = ctx.AppUpdateAvailable() }

func (p *page) Render() app.UI {
	return app.Main().Body(
		app.P().ID("state").Text(p.state),
		app.If(p.update, func() app.UI { return app.P().ID("update").Text("a new version is there") }),
		app.Button().ID("crash").Text("Crash").OnClick(func(app.Context, app.Event) { panic("asked to") }),
	)
}
