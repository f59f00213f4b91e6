package ui

import (
	"tierboard/shared/event"
	"tierboard/shared/pattern"
)

// style is what distinguishes one tier's column from another's; everything else is the same code.
type style struct {
	tier  event.Tier
	class string // colour class, also the tail of the column's element ids
	title string
	icon  string // icon class
	empty string // what an empty, healthy column says
}

// styles has one row a tier, in board order.
var styles = [3]style{
	{event.Daily, "daily", "Daily", "i-daily", "Daily patterns arrive after the close."},
	{event.Intraday, "intraday", "Intraday", "i-intraday", "Intraday patterns arrive while the market trades."},
	{event.Combo, "combo", "Combo", "i-combo", "A combo appears when an intraday trigger confirms a daily setup."},
}

// patternsOf returns the patterns that the name table places in a tier.
func patternsOf(t event.Tier) []pattern.Name {
	var out []pattern.Name
	for _, n := range pattern.Known() {
		for _, in := range n.Tiers {
			if in == t {
				out = append(out, n)
			}
		}
	}
	return out
}
