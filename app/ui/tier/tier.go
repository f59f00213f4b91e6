// Package tier tells what distinguishes one tier's column from another's; everything else is the same code.
package tier

import (
	"tierboard/shared/event"
	"tierboard/shared/pattern"
)

// Style is how a tier looks.
type Style struct {
	Tier  event.Tier
	Class string // colour class, also the tail of the column's element ids
	Title string
	Icon  string // icon class
	Empty string // what an empty, healthy column says
}

// All has one row a tier, in board order.
var All = [3]Style{
	{event.Daily, "daily", "Daily", "i-daily", "Daily patterns arrive after the close."},
	{event.Intraday, "intraday", "Intraday", "i-intraday", "Intraday patterns arrive while the market trades."},
	{event.Combo, "combo", "Combo", "i-combo", "A combo appears when an intraday trigger confirms a daily setup."},
}

// Patterns returns the patterns that the name table places in a tier.
func Patterns(t event.Tier) []pattern.Name {
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

// Position is a tier's place on the board.
func Position(t event.Tier) int { return int(t) - 1 }

// OfClass returns the tier of a colour class, or TierNone.
func OfClass(class string) event.Tier {
	t, _ := event.ParseTier(class)
	return t
}

// Find returns the looks of a tier by its word; false for a tier this program does not know.
func Find(class string) (Style, bool) {
	for _, s := range All {
		if s.Class == class {
			return s, true
		}
	}
	return Style{}, false
}
