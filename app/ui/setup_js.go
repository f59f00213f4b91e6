//go:build js

package ui

import (
	"strconv"
	"strings"

	"tierboard/app/board"
)

// openSetup starts the set-up at its first step.
func (p *page) openSetup() {
	p.d.setupStep = 0
	p.openDialog("setup", nil)
}

// closeSetup ends the set-up without changing anything.
func (p *page) closeSetup() { byID("setup").Call("close") }

// finishSetup makes the board what was chosen.
func (p *page) finishSetup() {
	d := p.d
	var folded [3]bool
	for i, s := range styles {
		folded[i] = !byID("setup-" + s.class).Get("checked").Bool()
	}
	if folded != [3]bool{true, true, true} {
		d.prefs.Collapsed = folded
	}
	f := board.ColumnFilter{Symbols: strings.TrimSpace(byID("setup-symbols").Get("value").String())}
	if f.Symbols != "" {
		f.Symbols += ","
	}
	if n, err := strconv.Atoi(checked("setup-amount")); err == nil {
		f.MinConfidence = float64(n) / 100
	}
	for i := range d.columns {
		d.setFilter(i, f)
	}
	d.prefs.Notify = checked("setup-notify")
	p.askNotify()
	p.applyPrefs()
	p.closeSetup()
}

// checked returns the value of the chosen radio button of a group.
func checked(name string) string {
	e := document.Call("querySelector", `input[name="`+name+`"]:checked`)
	if e.IsNull() {
		return ""
	}
	return strings.TrimSuffix(e.Get("value").String(), "!")
}
