// Package levels reads the prices that a detection draws attention to: its trade plan, one field a price, and its list of levels, in all
// of the shapes that producers give them.
package levels

import (
	"math"
	"slices"
	"strings"

	"github.com/valyala/fastjson"

	"tierboard/server/classify/found"
	"tierboard/server/classify/layers"
	"tierboard/server/classify/loose"
	"tierboard/server/classify/reading"
	"tierboard/server/classify/scalar"
	"tierboard/shared/event"
)

// The keys of a list of levels, and of the objects in it.
var (
	listKeys  = reading.Keys("levels")
	priceKeys = reading.Keys("value", "price", "level")
	labelKeys = reading.Keys("label", "name")
	kindKeys  = reading.Keys("type", "kind")
)

// planKeys are the fields that hold a single level, and what the level is.
var planKeys = []struct {
	keys        loose.Keys
	kind, label string
}{
	{reading.Keys("entry_price"), "entry", ""},
	{reading.Keys("stop_loss"), "stop", ""},
	{reading.Keys("target_price"), "target", ""},
	{reading.Keys("breakout_level"), "level", "breakout"},
	{reading.Keys("support_level"), "support", ""},
	{reading.Keys("resistance_level"), "resistance", ""},
}

// Take takes the trade plan's prices and the list of levels, whose items are prices or objects. A list with
// anything else in it is read as far as possible and stays in the details as well. It returns nil when there is no level, and at most
// event.MaxLevels of a list.
func Take(p *reading.Pass, s *layers.Stack) []event.Level {
	var room [8]event.Level
	out := room[:0]
	add := func(l event.Level) {
		if !slices.Contains(out, l) {
			out = append(out, l)
		}
	}
	for i := range planKeys {
		k := &planKeys[i]
		if x, ok := s.Number(true, math.SmallestNonzeroFloat64, reading.Largest, &k.keys).Get(); ok {
			add(event.Level{Kind: k.kind, Price: x, Label: k.label})
		}
	}
	s.Each(true, &listKeys, func(f *loose.Field) bool {
		if f.Value.Type() != fastjson.TypeArray {
			return false
		}
		whole := true
		for _, item := range f.Value.GetArray() {
			l, ok := level(p, item)
			if !ok || len(out) == event.MaxLevels {
				whole = false
				continue
			}
			add(l)
		}
		if !whole {
			p.Out.Flags |= found.BadExtra
		}
		return whole
	})
	if len(out) == 0 {
		return nil
	}
	return slices.Clone(out)
}

// level reads one item of a list of levels. A kind that is none of the known ones becomes the label.
func level(p *reading.Pass, v *fastjson.Value) (event.Level, bool) {
	if x, ok := scalar.Number(v); ok {
		return event.Level{Kind: "level", Price: x}, x >= 0 && x <= reading.Largest
	}
	o, _ := p.Objects.List(v, event.MaxLevels)
	if o == nil {
		return event.Level{}, false
	}
	s := &layers.Stack{}
	s.Push(o)
	x, ok := s.Number(false, 0, reading.Largest, &priceKeys).Get()
	if !ok {
		return event.Level{}, false
	}
	l := event.Level{Kind: "level", Price: x, Label: s.Text(64, &labelKeys)}
	kind := s.Text(64, &kindKeys)
	switch strings.ToLower(kind) {
	case "entry", "stop", "target", "support", "resistance":
		l.Kind = strings.ToLower(kind)
	case "stop_loss":
		l.Kind = "stop"
	case "take_profit", "target_price":
		l.Kind = "target"
	case "level":
	default:
		if l.Label == "" {
			l.Label = kind
		}
	}
	return l, true
}
