//go:build js

package ui

import (
	"strconv"
	"strings"

	"tierboard/app/board"
	"tierboard/app/ui/dom"
	"tierboard/app/ui/tier"
)

// openSetup starts the set-up at its first step.
func (p *page) openSetup() {
	p.d.setupStep = 0
	p.openDialog("setup", nil)
}

// closeSetup ends the set-up without changing anything.
func (p *page) closeSetup() { dom.ByID("setup").Call("close") }

// finishSetup makes the board what was chosen.
func (p *page) finishSetup() {
	d := p.d
	var folded [3]bool
	for i, s := range tier.All {
		folded[i] = !dom.ByID("setup-" + s.Class).Get("checked").Bool()
	}
	if folded != [3]bool{true, true, true} {
		d.prefs.Collapsed = folded
	}
	f := board.ColumnFilter{Symbols: strings.TrimSpace(dom.ByID("setup-symbols").Get("value").String())}
	if f.Symbols != "" {
		f.Symbols += ","
	}
	if n, err := strconv.Atoi(dom.Checked("setup-amount")); err == nil {
		f.MinConfidence = float64(n) / 100
	}
	for i := range d.columns {
		d.setFilter(i, f)
	}
	d.prefs.Notify = dom.Checked("setup-notify")
	p.askNotify()
	p.applyPrefs()
	p.closeSetup()
}
