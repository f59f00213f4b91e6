// Package combo reads what a combo is made of: the daily setup and the intraday trigger, each a link to another event, and how well they
// belong together. A link is exact when the producer gave an id; without one it only tells what to look for.
package combo

import (
	"time"

	"github.com/valyala/fastjson"

	"tierboard/server/classify/details"
	"tierboard/server/classify/found"
	"tierboard/server/classify/layers"
	"tierboard/server/classify/loose"
	"tierboard/server/classify/reading"
	"tierboard/server/classify/spelling"
	"tierboard/shared/event"
	"tierboard/shared/filter"
)

var (
	// linkIDKeys may hold an event's id in a link, and rowIDKeys may name a combo's daily event.
	linkIDKeys       = reading.Keys("id")
	rowIDKeys        = reading.Keys("daily_pattern_id")
	linkTimeKeys     = reading.Keys("detected_at", "detection_timestamp", "detection_time", "timestamp")
	dailyTimeKeys    = reading.Keys("daily_pattern_timestamp")
	correlationKeys  = reading.Keys("correlation_strength")
	dailyContextKeys = reading.Keys("daily_context")
	triggerKeys      = reading.Keys("intraday_trigger")
	signalKeys       = reading.Keys("intraday_signal")
)

// Take takes the two events a combo is made of, and how well they belong together. What a combo does not say is left empty.
func Take(p *reading.Pass, s *layers.Stack) *event.ComboDetail {
	d := &taking{p, s}
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

// taking is a combo being read.
type taking struct {
	*reading.Pass
	*layers.Stack
}

// rowID takes an id of text, unless the link has one already.
func (d *taking) rowID(keys *loose.Keys, have *event.Link) string {
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
func (d *taking) link(keys *loose.Keys) *event.Link {
	f := d.Peek(keys)
	if f == nil {
		return nil
	}
	l := &event.Link{Kind: event.LinkMissing}
	if name := d.Patterns.Read(f.Value); name != nil {
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
		name := d.Patterns.Read(f.Value)
		return name != nil && !name.IsTier && nameLink(l, name)
	})
	s.Each(false, &reading.ConfidenceKeys, func(f *loose.Field) bool {
		x, percent, ok := reading.Confidence(f)
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
	l.Timeframe = filter.Timeframe(s.Text(32, &reading.TimeframeKeys))
	l.Details = d.linkRest(s)
	return l
}

// nameLink sets the pattern of a link; false when the name is none.
func nameLink(l *event.Link, name *spelling.Pattern) bool {
	l.Pattern, l.Label = name.Slug, name.Label
	return name.Slug != ""
}

// dateLink sets when the linked event was detected.
func (d *taking) dateLink(l *event.Link, at time.Time) {
	l.DetectedAt = at
	_, l.SessionDate = d.SessionOf(at)
}

// linkRest returns what a link's object holds beyond the link, in a quarter of an event's space.
func (d *taking) linkRest(s *layers.Stack) string {
	var rest details.Rest
	reading.Remains(s, d.MaxFields, &rest)
	text, cut := rest.JSON(d.MaxDetails / 4)
	if cut {
		d.Out.Flags |= found.DetailsCut
	}
	return text
}
