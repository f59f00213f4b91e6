package ui

import (
	"strconv"

	"github.com/maxence-charriere/go-app/v10/pkg/app"
)

// setupTitles are the steps of the set-up, in order.
var setupTitles = [4]string{"Which tiers?", "Which symbols?", "How much?", "Tell you about it?"}

// amounts are how much the set-up lets through: the least confidence in percent.
var amounts = []choice{{"0", "Everything"}, {"60", "Medium and better (60 % confidence)"}, {"80", "Strong only (80 %)"}, {"90", "Critical only (90 %)"}}

// setup is the dialog that makes a board one's own in four steps. All steps are in the page and only one is shown, so that
// going back finds what was chosen.
func (d *Dashboard) setup() app.UI {
	last := d.setupStep == len(setupTitles)-1
	next := "Next"
	if last {
		next = "Done"
	}
	return d.dialog("setup", "dialog", func() app.UI {
		return app.Form().OnSubmit(func(_ app.Context, e app.Event) {
			e.PreventDefault()
			if last {
				d.page.finishSetup()
				return
			}
			d.setupStep++
		}).Body(
			el("div.drawer-head",
				el("h2#setup-title").Text(setupTitles[d.setupStep]),
				app.Button().Type("button").Class("button square plain").Aria("label", "Close").
					OnClick(func(_ app.Context, _ app.Event) { d.page.closeSetup() }).
					Body(mark("span.i.i-x")),
			),
			d.step(0, txt("p.muted", "A tier you leave out is folded away; you can open it again any time."),
				app.Range(styles[:]).Slice(func(i int) app.UI {
					return app.Label().Class("tick").Body(
						app.Input().ID("setup-"+styles[i].class).Type("checkbox").Checked(true),
						el("span").Class("i "+styles[i].icon+" "+styles[i].class).Aria("hidden", "true"),
						app.Text(styles[i].title),
						txt("span.muted", setupWords[i]),
					)
				})),
			d.step(1, app.Label().Class("field").Body(
				txt("span", "Symbols, separated by commas. Leave it empty for all."),
				app.Input().ID("setup-symbols").Type("text").Placeholder("AAPL, NVDA, MSFT").AutoComplete(false).Spellcheck(false).MaxLength(2000),
			)),
			d.step(2, txt("p.muted", "Confidence is the detector's own score. It is not a probability."),
				radios("setup-amount", amounts)),
			d.step(3, txt("p.muted", "Desktop notifications come while Tierboard is open in the background."),
				radios("setup-notify", noises)),
			el("div.setup-foot",
				txt("span.muted", "Step "+strconv.Itoa(d.setupStep+1)+" of 4"),
				el("div.spring"),
				app.Button().Type("button").Class("button").Text("Back").Disabled(d.setupStep == 0).
					OnClick(func(_ app.Context, _ app.Event) { d.setupStep = max(d.setupStep-1, 0) }),
				app.Button().ID("setup-next").Type("submit").Class("button primary").Text(next),
			),
		)
	})
}

// setupWords say what each tier brings.
var setupWords = [3]string{"after the close", "while the market trades", "both together"}

// step wraps one step's controls.
func (d *Dashboard) step(i int, body ...app.UI) app.UI {
	return el("div.setup-step").Hidden(d.setupStep != i).Body(body...)
}

// radios is a group of exclusive choices, the first one chosen.
func radios(name string, choices []choice) app.UI {
	return el("div", app.Range(choices).Slice(func(i int) app.UI {
		return app.Label().Class("tick").Body(
			app.Input().Type("radio").Name(name).Value(choices[i].value+"!").Checked(i == 0), // go-app leaves empty values out
			app.Text(choices[i].label),
		)
	}))
}
