// Package setup is the dialog that makes a board one's own in four steps.
package setup

import (
	"strconv"

	"github.com/maxence-charriere/go-app/v10/pkg/app"

	"tierboard/app/board"
	"tierboard/app/ui/draw"
	"tierboard/app/ui/prefs"
	"tierboard/app/ui/tier"
)

// setupTitles are the steps of the set-up, in order.
var setupTitles = [4]string{"Which tiers?", "Which symbols?", "How much?", "Tell you about it?"}

// amounts are how much the set-up lets through: the least confidence in percent.
var amounts = draw.Choices("0", "Everything", "60", "Medium and better (60 % confidence)", "80", "Strong only (80 %)", "90", "Critical only (90 %)")

// Setup is the dialog that makes a board one's own in four steps. All steps are in the page and only one is shown, so that
// going back finds what was chosen. The zero Setup stands at the first.
type Setup struct {
	Finish func(c Choices) // makes the board what was chosen

	at int // the step, from 0
}

// Choices are what was chosen. The filter is for every column.
type Choices struct {
	Folded [3]bool // tiers left out, in board order
	Filter board.ColumnFilter
	Notify string // as in package prefs
}

// Begin goes to the first step.
func (s *Setup) Begin() { s.at = 0 }

// Draw draws the content of the dialog.
func (s *Setup) Draw() app.UI {
	last := s.at == len(setupTitles)-1
	next := "Next"
	if last {
		next = "Done"
	}
	return app.Form().OnSubmit(func(_ app.Context, e app.Event) {
		e.PreventDefault()
		if last {
			s.finish()
			return
		}
		s.at++
	}).Body(
		draw.El("div.drawer-head",
			draw.El("h2#setup-title").Text(setupTitles[s.at]),
			app.Button().Type("button").Class("button square plain").Aria("label", "Close").
				OnClick(func(_ app.Context, _ app.Event) { s.close() }).
				Body(draw.Mark("span.i.i-x")),
		),
		s.step(0, draw.Text("p.muted", "A tier you leave out is folded away; you can open it again any time."),
			app.Range(tier.All[:]).Slice(func(i int) app.UI {
				return app.Label().Class("tick").Body(
					app.Input().ID("setup-"+tier.All[i].Class).Type("checkbox").Checked(true),
					draw.El("span").Class("i "+tier.All[i].Icon+" "+tier.All[i].Class).Aria("hidden", "true"),
					app.Text(tier.All[i].Title),
					draw.Text("span.muted", setupWords[i]),
				)
			})),
		s.step(1, app.Label().Class("field").Body(
			draw.Text("span", "Symbols, separated by commas. Leave it empty for all."),
			app.Input().ID("setup-symbols").Type("text").Placeholder("AAPL, NVDA, MSFT").AutoComplete(false).Spellcheck(false).MaxLength(2000),
		)),
		s.step(2, draw.Text("p.muted", "Confidence is the detector's own score. It is not a probability."),
			radios("setup-amount", amounts)),
		s.step(3, draw.Text("p.muted", "Desktop notifications come while Tierboard is open in the background."),
			radios("setup-notify", prefs.Noises)),
		draw.El("div.setup-foot",
			draw.Text("span.muted", "Step "+strconv.Itoa(s.at+1)+" of 4"),
			draw.El("div.spring"),
			app.Button().Type("button").Class("button").Text("Back").Disabled(s.at == 0).
				OnClick(func(_ app.Context, _ app.Event) { s.at = max(s.at-1, 0) }),
			app.Button().ID("setup-next").Type("submit").Class("button primary").Text(next),
		),
	)
}

// setupWords say what each tier brings.
var setupWords = [3]string{"after the close", "while the market trades", "both together"}

// step wraps one step's controls.
func (s *Setup) step(i int, body ...app.UI) app.UI {
	return draw.El("div.setup-step").Hidden(s.at != i).Body(body...)
}

// radios is a group of exclusive choices, the first one chosen.
func radios(name string, choices []draw.Choice) app.UI {
	return draw.El("div", app.Range(choices).Slice(func(i int) app.UI {
		return app.Label().Class("tick").Body(
			app.Input().Type("radio").Name(name).Value(choices[i].Value+"!").Checked(i == 0), // go-app leaves empty values out
			app.Text(choices[i].Label),
		)
	}))
}
