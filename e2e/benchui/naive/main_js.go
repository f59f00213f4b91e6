//go:build js

package main

import (
	"syscall/js"
	"time"

	"github.com/maxence-charriere/go-app/v10/pkg/app" //nolint:depguard // it is what is measured

	"tierboard/app/format"
	"tierboard/shared/event"
	"tierboard/shared/filter"
	"tierboard/shared/wire"
)

// kept is how many cards a column draws: plain go-app cannot leave out those that nobody sees.
const kept = 200

func main() {
	app.Route("/plain", func() app.Composer { return &plain{} })
	app.RunWhenOnBrowser()
}

// plain is the board as the guides of go-app write a list: one component, a Range over each column's events, and a
// Dispatch for each batch.
type plain struct {
	app.Compo

	columns [3][]*event.Event // newest first
	live    bool
	zone    format.Zone
}

// OnMount opens the stream.
func (p *plain) OnMount(ctx app.Context) {
	p.zone = format.ExchangeZone()
	location := js.Global().Get("location")
	ws := js.Global().Get("WebSocket").New("ws://"+location.Get("host").String()+"/ws", []any{wire.MsgPackProtocol})
	ws.Set("binaryType", "arraybuffer")
	send := func(b []byte) {
		view := js.Global().Get("Uint8Array").New(len(b))
		js.CopyBytesToJS(view, b)
		ws.Call("send", view)
	}
	ws.Set("onopen", js.FuncOf(func(js.Value, []js.Value) any {
		subscribe := wire.Request{Type: "subscribe", ID: "main", Filters: []filter.Filter{{}}}
		send(subscribe.Append(nil, wire.MsgPack))
		return nil
	}))
	ws.Set("onmessage", js.FuncOf(func(_ js.Value, args []js.Value) any {
		view := js.Global().Get("Uint8Array").New(args[0].Get("data"))
		b := make([]byte, view.Length())
		js.CopyBytesToGo(b, view)
		frame, err := wire.Decode(b)
		if err != nil {
			panic(err) // the bench wrote it
		}
		switch m := frame.(type) {
		case *wire.Batch:
			ctx.Dispatch(func(ctx app.Context) {
				p.prepend(m.Events)
				ctx.Defer(func(app.Context) { js.Global().Get("tierboardMeasure").Call("drawn") })
			})
		case *wire.Status:
			ctx.Dispatch(func(app.Context) { p.live = true })
		}
		return nil
	}))
}

// prepend puts events, which come oldest first, at the top of their columns.
func (p *plain) prepend(events []*event.Event) {
	for _, e := range events {
		c := &p.columns[e.Tier-event.Daily]
		*c = append([]*event.Event{e}, *c...)
		if len(*c) > kept {
			*c = (*c)[:kept]
		}
	}
}

// Render draws everything.
func (p *plain) Render() app.UI {
	now := time.Now()
	dot := "dot"
	if p.live {
		dot = "dot ok"
	}
	return app.Div().Class("page").Body(
		app.Span().ID("dot-daily").Class(dot),
		app.Div().Class("stage").Body(
			app.Main().Class("columns").Body(
				app.Range(p.columns[:]).Slice(func(i int) app.UI {
					tier := event.Tiers()[i].String()
					return app.Section().Class("column " + tier).Body(
						app.Div().ID("list-" + tier).Class("list").Body(
							app.Range(p.columns[i]).Slice(func(j int) app.UI { return p.card(p.columns[i][j], now) }),
						),
					)
				}),
			),
		),
	)
}

// card draws one event with the same elements as the board's cards.
func (p *plain) card(e *event.Event, now time.Time) app.UI {
	class := "card " + e.Tier.String() + " " + map[event.Direction]string{event.Bullish: "up", event.Bearish: "down"}[e.Direction]
	if e.Priority >= event.High {
		class += " " + e.Priority.String()
	}
	first := app.Div().Class("row").Body(
		app.Span().Class("sym").Text(e.Symbol),
		app.Span().Class("pat").Text(e.Label),
		app.Span().Class("badge").Text(format.Badge(e.Priority)),
		app.Time().Class("when").DataSet("age", format.Age(now.Sub(e.DetectedAt))).Text(format.CardTime(e, now, p.zone)),
	)
	note := app.Span().Class("note").Text(format.CardNote(e, now, p.zone))
	conf := app.Span().Class("conf m" + string(rune('0'+format.Steps(e.Confidence)))).Text(format.Confidence(e.Confidence))
	if e.Combo != nil {
		return app.Article().Class(class).Body(first,
			app.Div().Class("row").Body(
				app.Span().Class("leg daily inferred").Text(e.Combo.Setup.Label),
				app.Span().Class("leg intraday inferred").Text(e.Combo.Trigger.Label),
			),
			app.Div().Class("row").Body(note, conf))
	}
	price, _ := e.Price.Get()
	change, _ := e.ChangePct.Get()
	gain := "chg gain"
	if change < 0 {
		gain = "chg loss"
	}
	return app.Article().Class(class).Body(first,
		app.Div().Class("row").Body(
			app.Span().Class("px").Text(format.Price(price)),
			app.Span().Class(gain).Text(format.SignedPercent(change)),
			app.Span().Class("tf").Text(format.Timeframe(e.Timeframe)),
			note, conf))
}
