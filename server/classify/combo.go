package classify

import (
	"math"
	"slices"
	"strings"
	"time"

	"github.com/valyala/fastjson"

	"tierboard/server/classify/details"
	"tierboard/server/classify/found"
	"tierboard/server/classify/layers"
	"tierboard/server/classify/loose"
	"tierboard/server/classify/reading"
	"tierboard/server/classify/scalar"
	"tierboard/server/classify/spelling"
	"tierboard/shared/event"
	"tierboard/shared/filter"
)

// combo takes the two events a combo is made of, and how well they belong together.
func (d *detection) combo() *event.ComboDetail {
	c := &event.ComboDetail{Correlation: d.Number(false, 0, 1, &correlationKeys)}
	c.Setup = d.link(&dailyContextKeys)
	// The database's columns: an id of text names the event; a row number of another table names nothing we have.
	if id := d.rowID(&rowIDKeys, c.Setup); id != "" {
		if c.Setup == nil {
			c.Setup = &event.Link{}
		}
		c.Setup.ID, c.Setup.Kind = id, event.LinkExact
	}
	if c.Setup != nil && c.Setup.DetectedAt.IsZero() {
		if at := d.OptionalTime(d.Stack, d.Latest(), &dailyTimeKeys); !at.IsZero() {
			d.dateLink(c.Setup, at)
		}
	}
	if c.Trigger = d.link(&triggerKeys); c.Trigger == nil {
		c.Trigger = d.link(&signalKeys)
	}
	return c
}

// rowID takes an id of text, unless the link has one already.
func (d *detection) rowID(keys *loose.Keys, have *event.Link) string {
	id := ""
	if have != nil && have.ID != "" {
		return ""
	}
	d.Each(false, keys, func(f *loose.Field) bool {
		if f.Value.Type() == fastjson.TypeString {
			id = reading.IDOf("pattern_id", f.Value)
		}
		return id != ""
	})
	return id
}

// link takes a reference to another event: an object that describes it, or just its pattern's name. It is exact with
// an id and missing without one; nil when the field says nothing.
func (d *detection) link(keys *loose.Keys) *event.Link {
	f := d.Peek(keys)
	if f == nil {
		return nil
	}
	l := &event.Link{Kind: event.LinkMissing}
	if name := d.names.Read(f.Value); name != nil {
		if !nameLink(l, name) {
			return nil
		}
		d.Mark(f)
		return l
	}
	o, _ := f.Object(d.MaxFields)
	if o == nil || len(o.Fields()) == 0 {
		return nil
	}
	f.Used = true
	s := &layers.Stack{}
	s.Push(o)
	s.OpenSide(d.MaxFields, &reading.MetadataKeys)
	if l.ID = reading.TakeID(s); l.ID == "" {
		s.Each(false, &linkIDKeys, func(f *loose.Field) bool {
			if f.Value.Type() == fastjson.TypeString { // a number is a row of some table, see combo
				l.ID = reading.IDOf("pattern_id", f.Value)
			}
			return l.ID != ""
		})
	}
	if l.ID != "" {
		l.Kind = event.LinkExact
	}
	s.Each(false, &reading.NameKeys, func(f *loose.Field) bool {
		name := d.names.Read(f.Value)
		return name != nil && !name.IsTier && nameLink(l, name)
	})
	s.Each(false, &confidenceKeys, func(f *loose.Field) bool {
		x, percent, ok := confidence(f)
		if ok {
			l.Confidence = event.Num(x)
		}
		if percent {
			d.Out.Flags |= found.PercentConfidence
		}
		return ok
	})
	if at := d.OptionalTime(s, d.Latest(), &linkTimeKeys); !at.IsZero() {
		d.dateLink(l, at)
	}
	l.Timeframe = filter.Timeframe(s.Text(32, &timeframeKeys))
	l.Details = d.linkRest(s)
	return l
}

// nameLink sets the pattern of a link; false when the name is none.
func nameLink(l *event.Link, name *spelling.Pattern) bool {
	l.Pattern, l.Label = name.Slug, name.Label
	return name.Slug != ""
}

// dateLink sets when the linked event was detected.
func (d *detection) dateLink(l *event.Link, at time.Time) {
	l.DetectedAt = at
	_, l.SessionDate = d.c.cfg.SessionOf(at)
}

// linkRest returns what a link's object holds beyond the link, in a quarter of an event's space.
func (d *detection) linkRest(s *layers.Stack) string {
	var rest details.Rest
	reading.Remains(s, d.MaxFields, &rest)
	text, cut := rest.JSON(d.c.cfg.MaxDetails / 4)
	if cut {
		d.Out.Flags |= found.DetailsCut
	}
	return text
}

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
	for i := range planKeys {
		p := &planKeys[i]
		if x, ok := d.Number(true, math.SmallestNonzeroFloat64, reading.Largest, &p.keys).Get(); ok {
			add(event.Level{Kind: p.kind, Price: x, Label: p.label})
		}
	}
	d.Each(true, &levelsKeys, func(f *loose.Field) bool {
		if f.Value.Type() != fastjson.TypeArray {
			return false
		}
		whole := true
		for _, item := range f.Value.GetArray() {
			l, ok := d.level(item)
			if !ok || len(out) == event.MaxLevels {
				whole = false
				continue
			}
			add(l)
		}
		if !whole {
			d.Out.Flags |= found.BadExtra
		}
		return whole
	})
	if len(out) == 0 {
		return nil
	}
	return slices.Clone(out)
}

// level reads one item of a list of levels. A kind that is none of the known ones becomes the label.
func (t *text) level(v *fastjson.Value) (event.Level, bool) {
	if x, ok := scalar.Number(v); ok {
		return event.Level{Kind: "level", Price: x}, x >= 0 && x <= reading.Largest
	}
	o, _ := t.objects.List(v, event.MaxLevels)
	if o == nil {
		return event.Level{}, false
	}
	s := &layers.Stack{}
	s.Push(o)
	x, ok := s.Number(false, 0, reading.Largest, &levelPriceKeys).Get()
	if !ok {
		return event.Level{}, false
	}
	l := event.Level{Kind: "level", Price: x, Label: s.Text(64, &levelLabelKeys)}
	kind := s.Text(64, &levelKindKeys)
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
