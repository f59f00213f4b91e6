package classify

import (
	"math"
	"slices"
	"strings"
	"time"

	"github.com/valyala/fastjson"

	"tierboard/server/classify/loose"
	"tierboard/shared/event"
	"tierboard/shared/filter"
	"tierboard/shared/pattern"
)

// combo takes the two events a combo is made of, and how well they belong together.
func (d *detection) combo() *event.ComboDetail {
	c := &event.ComboDetail{Correlation: d.number(false, 0, 1, "correlation_strength")}
	c.Setup = d.link("daily_context")
	// The database's columns: an id of text names the event; a row number of another table names nothing we have.
	if id := d.rowID("daily_pattern_id", c.Setup); id != "" {
		if c.Setup == nil {
			c.Setup = &event.Link{}
		}
		c.Setup.ID, c.Setup.Kind = id, event.LinkExact
	}
	if c.Setup != nil && c.Setup.DetectedAt.IsZero() {
		if at := d.optionalTime(d.stack, d.latest(), "daily_pattern_timestamp"); !at.IsZero() {
			d.dateLink(c.Setup, at)
		}
	}
	if c.Trigger = d.link("intraday_trigger"); c.Trigger == nil {
		c.Trigger = d.link("intraday_signal")
	}
	return c
}

// rowID takes an id of text, unless the link has one already.
func (d *detection) rowID(key string, have *event.Link) string {
	id := ""
	if have != nil && have.ID != "" {
		return ""
	}
	d.each(false, []string{key}, func(v *fastjson.Value) bool {
		if v.Type() == fastjson.TypeString {
			id = idOf("pattern_id", v)
		}
		return id != ""
	})
	return id
}

// link takes a reference to another event: an object that describes it, or just its pattern's name. It is exact with
// an id and missing without one; nil when the field says nothing.
func (d *detection) link(key string) *event.Link {
	f := d.peek(key)
	if f == nil {
		return nil
	}
	l := &event.Link{Kind: event.LinkMissing}
	if name, ok := loose.Text(f.Value, event.MaxText); ok {
		if !nameLink(l, name) {
			return nil
		}
		d.mark(f)
		return l
	}
	o, _ := f.Object(d.c.cfg.MaxFields)
	if o == nil || len(o.Fields()) == 0 {
		return nil
	}
	f.Used = true
	s := &stack{layers: []*loose.Object{o}}
	s.openSide(d.c.cfg.MaxFields, "metadata")
	if l.ID = s.takeID(); l.ID == "" {
		s.each(false, []string{"id"}, func(v *fastjson.Value) bool {
			if v.Type() == fastjson.TypeString { // a number is a row of some table, see combo
				l.ID = idOf("pattern_id", v)
			}
			return l.ID != ""
		})
	}
	if l.ID != "" {
		l.Kind = event.LinkExact
	}
	s.each(false, nameKeys, func(v *fastjson.Value) bool {
		name, _ := loose.Text(v, event.MaxText)
		return tierWord(name) == event.TierNone && nameLink(l, name)
	})
	s.each(false, []string{"confidence"}, func(v *fastjson.Value) bool {
		x, percent, ok := confidence(v)
		if ok {
			l.Confidence = event.Num(x)
		}
		if percent {
			d.out.Flags |= PercentConfidence
		}
		return ok
	})
	if at := d.optionalTime(s, d.latest(), slices.Concat(detectedKeys, timestampKeys)...); !at.IsZero() {
		d.dateLink(l, at)
	}
	l.Timeframe = filter.Timeframe(s.text(32, "timeframe"))
	l.Details = d.linkRest(s)
	return l
}

// nameLink sets the pattern of a link; false when the name is none.
func nameLink(l *event.Link, name string) bool {
	n, _ := pattern.Lookup(name)
	l.Pattern = n.Slug
	l.Label, _ = loose.Clean(n.Label, event.MaxText)
	return n.Slug != ""
}

// dateLink sets when the linked event was detected.
func (d *detection) dateLink(l *event.Link, at time.Time) {
	l.DetectedAt = at
	_, l.SessionDate = d.c.cfg.SessionOf(at)
}

// linkRest returns what a link's object holds beyond the link, in a quarter of an event's space.
func (d *detection) linkRest(s *stack) string {
	inner := detection{text: d.text, stack: s, rest: &loose.Rest{}}
	inner.remains()
	details, cut := inner.rest.JSON(d.c.cfg.MaxDetails / 4)
	if cut {
		d.out.Flags |= DetailsCut
	}
	return details
}

// planKeys are the fields that hold a single level, and what the level is.
var planKeys = []struct{ key, kind, label string }{
	{"entry_price", "entry", ""},
	{"stop_loss", "stop", ""},
	{"target_price", "target", ""},
	{"breakout_level", "level", "breakout"},
	{"support_level", "support", ""},
	{"resistance_level", "resistance", ""},
}

// levels takes the trade plan's prices and the list of levels, whose items are prices or objects. A list with
// anything else in it is read as far as possible and stays in the details as well.
func (d *detection) levels() []event.Level {
	var room [8]event.Level
	out := room[:0]
	add := func(l event.Level) {
		if !slices.Contains(out, l) {
			out = append(out, l)
		}
	}
	for _, p := range planKeys {
		if x, ok := d.number(true, math.SmallestNonzeroFloat64, largest, p.key).Get(); ok {
			add(event.Level{Kind: p.kind, Price: x, Label: p.label})
		}
	}
	d.each(true, []string{"levels"}, func(v *fastjson.Value) bool {
		if v.Type() != fastjson.TypeArray {
			return false
		}
		whole := true
		for _, item := range v.GetArray() {
			l, ok := level(item)
			if !ok || len(out) == event.MaxLevels {
				whole = false
				continue
			}
			add(l)
		}
		if !whole {
			d.out.Flags |= BadExtra
		}
		return whole
	})
	if len(out) == 0 {
		return nil
	}
	return slices.Clone(out)
}

// level reads one item of a list of levels. A kind that is none of the known ones becomes the label.
func level(v *fastjson.Value) (event.Level, bool) {
	if x, ok := loose.Number(v); ok {
		return event.Level{Kind: "level", Price: x}, x >= 0 && x <= largest
	}
	o, _ := loose.NewObject(v, event.MaxLevels)
	if o == nil {
		return event.Level{}, false
	}
	s := &stack{layers: []*loose.Object{o}}
	x, ok := s.number(false, 0, largest, "value", "price", "level").Get()
	if !ok {
		return event.Level{}, false
	}
	l := event.Level{Kind: "level", Price: x, Label: s.text(64, "label", "name")}
	kind := s.text(64, "type", "kind")
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
