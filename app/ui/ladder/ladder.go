// Package ladder draws an event's price levels, one above the other.
package ladder

import (
	"sort"

	"tierboard/app/format"
	"tierboard/shared/event"
)

// rung is one line of the price ladder.
type rung struct {
	kind  string // entry, stop, target, price or level
	label string
	y     float64 // from the top, in the ladder's own units
	textY float64 // where its label goes: lines may touch, labels must not
}

// Size of the ladder's drawing; the gutter on the right is for labels.
const (
	ladderWidth  = 360.0
	ladderHeight = 170.0
	ladderGutter = 96.0
	labelStep    = 15.0
)

// rungs lays an event's levels and price out from high to low. It returns nil when there is no level to draw: a lone price is
// no ladder.
func rungs(e *event.Event) []rung {
	type point struct {
		kind, label string
		price       float64
	}
	var ps []point
	said := map[float64]bool{} // prices of entry, stop and targets: another level there is the same line once more
	for _, l := range e.Levels {
		if l.Kind == "entry" || l.Kind == "stop" || l.Kind == "target" {
			said[l.Price] = true
		}
	}
	for _, l := range e.Levels {
		if l.Price > 0 && (!said[l.Price] || l.Kind == "entry" || l.Kind == "stop" || l.Kind == "target") {
			ps = append(ps, point{l.Kind, levelLabel(l), l.Price})
		}
	}
	if len(ps) == 0 {
		return nil
	}
	if v, ok := e.Price.Get(); ok && v > 0 {
		ps = append(ps, point{"price", format.Price(v), v})
	}
	sort.SliceStable(ps, func(i, j int) bool { return ps[i].price > ps[j].price })
	high, low := ps[0].price, ps[len(ps)-1].price
	span := high - low
	if span == 0 {
		span = 1
	}
	const margin = 14.0
	out := make([]rung, len(ps))
	for i, p := range ps {
		y := margin + (high-p.price)/span*(ladderHeight-2*margin)
		out[i] = rung{kind: p.kind, label: p.label, y: y, textY: y}
		if i > 0 {
			out[i].textY = max(y, out[i-1].textY+labelStep)
		}
	}
	// Labels that were pushed below the edge move up again, the last one first.
	limit := ladderHeight - 4
	for i := len(out) - 1; i >= 0 && out[i].textY > limit; i-- {
		out[i].textY = limit
		limit -= labelStep
	}
	return out
}

// levelLabel is what stands beside a level: its own label, else its kind, and its price.
func levelLabel(l event.Level) string {
	name := l.Label
	if name == "" {
		switch l.Kind {
		case "entry":
			name = "Entry"
		case "stop":
			name = "Stop"
		case "target":
			name = "Target"
		case "support":
			name = "Support"
		case "resistance":
			name = "Resistance"
		default:
			name = "Level"
		}
	}
	return format.Clip(name, 12) + " " + format.Price(l.Price)
}

// RewardToRisk is how far the farthest target is from the entry, in units of the distance to the stop.
func RewardToRisk(e *event.Event) (float64, bool) {
	entry, stop, target := 0.0, 0.0, 0.0
	for _, l := range e.Levels {
		switch l.Kind {
		case "entry":
			entry = l.Price
		case "stop":
			stop = l.Price
		case "target":
			if target == 0 || abs(l.Price-entry) > abs(target-entry) {
				target = l.Price
			}
		}
	}
	if entry == 0 {
		entry, _ = e.Price.Get()
	}
	risk := abs(entry - stop)
	if entry <= 0 || stop <= 0 || target <= 0 || risk == 0 || (target > entry) == (stop > entry) {
		return 0, false
	}
	return abs(target-entry) / risk, true
}

func abs(v float64) float64 { return max(v, -v) }
