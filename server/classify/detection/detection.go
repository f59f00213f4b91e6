// Package detection reads a detection of a pattern and makes the event of it: what it is about, how sure the detector is, when it was, and
// which tier it belongs to. It never invents: what is missing, unknown or out of range makes a Reject.
package detection

import (
	"math"
	"time"

	"github.com/valyala/fastjson"

	"tierboard/server/classify/combo"
	"tierboard/server/classify/found"
	"tierboard/server/classify/layers"
	"tierboard/server/classify/levels"
	"tierboard/server/classify/loose"
	"tierboard/server/classify/reading"
	"tierboard/server/classify/scalar"
	"tierboard/server/classify/spelling"
	"tierboard/shared/event"
	"tierboard/shared/filter"
)

// Origin is what is known of a detection besides its fields.
type Origin struct {
	Tier event.Tier      // what the channel's name tells; TierNone if it does not
	Live bool            // it arrives while the market trades
	Raw  *fastjson.Value // the detection with its envelopes, without a batch's
}

// detection is one detection being read.
type detection struct {
	*reading.Pass
	*layers.Stack
	Origin

	lacks [3]*loose.Keys // memory of missing
}

// Read makes the event of a detection and appends it to what the pass has found, or says why there is none. It opens the stack's
// envelopes itself.
func Read(p *reading.Pass, s *layers.Stack, from Origin) *found.Reject {
	d := detection{Pass: p, Stack: s, Origin: from}
	if err := d.Open(&envelopes, d.MaxFields, d.missing); err != nil {
		return d.TooWide()
	}
	d.OpenSide(d.MaxFields, &sideKeys)
	d.NoteSession(d.Stack)

	m := &made{event: event.Event{Kind: event.Pattern, ReceivedAt: d.Received, Occurrences: 1}}
	e := &m.event
	if r := d.symbol(e); r != nil {
		return r
	}
	name, r := d.name()
	if r != nil {
		return r
	}
	e.Pattern, e.Label = name.Slug, name.Label
	percent, r := d.confidence(e)
	if r != nil {
		return r
	}
	timed, zoned, r := d.times(e)
	if r != nil {
		return r
	}

	tier, tierReceived := d.explicitTier()
	e.Timeframe = d.takeTimeframe()
	if tier == event.TierNone {
		tier = d.inferTier(e.Timeframe, name)
	}
	if tier == event.TierNone {
		return d.Reject(found.UnknownTier, "tier: no word, timeframe, channel or pattern tells it (tier %q, timeframe %q, pattern %q)", tierReceived, e.Timeframe, e.Pattern)
	}
	e.Tier = tier
	e.Session, e.SessionDate = d.SessionOf(e.DetectedAt)
	inferred := d.direction(e, name)
	d.figures(e)
	e.Levels = levels.Take(d.Pass, d.Stack)
	d.detail(m)
	e.Source = d.source()
	if e.ID = reading.TakeID(d.Stack); e.ID == "" {
		e.ID = reading.DeriveID(e, d.Raw, timed)
	}

	reading.Remains(d.Stack, d.MaxFields, &d.Rest)
	if inferred {
		d.Rest.NoteTrue("direction_inferred")
	}
	if !timed {
		d.Out.Flags |= found.TimeAssumed
		d.Rest.Note("detected_at_assumed", "received_at")
	}
	if !zoned {
		d.Rest.Note("time_zone_assumed", "UTC")
	}
	if percent {
		d.Out.Flags |= found.PercentConfidence
		d.Rest.NoteTrue("confidence_percent")
	}
	if tierReceived != "" {
		d.Rest.Note("tier_received", tierReceived)
	}
	if name.Received != e.Pattern && name.Received != e.Label {
		d.Rest.Note("pattern_received", name.Received)
	}
	var cut bool
	if e.Details, cut = d.Rest.JSON(d.MaxDetails); cut {
		d.Out.Flags |= found.DetailsCut
	}
	if err := e.Validate(); err != nil {
		return d.Reject(found.InvalidEvent, "%v", err)
	}
	if d.Out.Events == nil {
		d.Out.Events = m.list[:0]
	}
	d.Out.Events = append(d.Out.Events, e)
	return nil
}

// made is an event with what it usually needs beside it, so that all of it is allocated at once.
type made struct {
	event    event.Event
	list     [1]*event.Event // for Result.Events
	daily    event.DailyDetail
	intraday event.IntradayDetail
}

// missing lists what the opened layers lack, each as the fields that would supply it.
func (d *detection) missing() []*loose.Keys {
	lacks := d.lacks[:0]
	if !d.Has(&reading.SymbolKeys) {
		lacks = append(lacks, &reading.SymbolKeys)
	}
	if f := d.Peek(&reading.NameKeys); f == nil || f.Key == "pattern_type" && spelling.IsTier(f.Value) {
		lacks = append(lacks, &reading.NameKeys)
	}
	if !d.Has(&reading.ConfidenceKeys) {
		lacks = append(lacks, &reading.ConfidenceKeys)
	}
	return lacks
}

// symbol takes the ticker.
func (d *detection) symbol(e *event.Event) *found.Reject {
	f := d.Peek(&reading.SymbolKeys)
	if f == nil {
		return d.Reject(found.NoSymbol, "symbol: missing")
	}
	if e.Symbol = d.Symbols.Read(f.Value); e.Symbol == "" {
		switch text, ok := scalar.Text(f.Value, event.MaxText); {
		case !ok:
			return d.Reject(found.BadSymbol, "%s: is %s, not text", f.Key, f.Value.Type())
		case filter.Symbol(text) == "":
			return d.Reject(found.NoSymbol, "%s: empty", f.Key)
		default:
			return d.Reject(found.BadSymbol, "%s: longer than %d bytes: %q", f.Key, event.MaxSymbol, text)
		}
	}
	for _, key := range reading.SymbolKeys.List() { // a producer may write both
		d.EachOne(false, key, func(f *loose.Field) bool {
			return scalar.Is(f.Value, e.Symbol) || d.Symbols.Read(f.Value) == e.Symbol
		})
	}
	return nil
}

// name takes the pattern's name: pattern before pattern_name before pattern_type, which some producers use for the
// tier.
func (d *detection) name() (best *spelling.Pattern, r *found.Reject) {
	for _, key := range reading.NameKeys.List() {
		f := d.PeekOne(key)
		if f == nil {
			continue
		}
		name := d.Patterns.Read(f.Value)
		if name == nil || name.Received == "" || f.Key == "pattern_type" && name.IsTier {
			if name == nil && r == nil {
				r = d.Reject(found.BadPattern, "%s: is %s, not text", f.Key, f.Value.Type())
			}
			continue
		}
		if best == nil {
			if name.Slug == "" {
				return nil, d.Reject(found.BadPattern, "%s: %q has no letter or digit", f.Key, name.Received)
			}
			best = name
			d.Mark(f)
			continue
		}
		if name.Slug == best.Slug {
			f.Used = true // the same name under another key
		}
	}
	if best != nil {
		return best, nil
	}
	if r == nil {
		r = d.Reject(found.NoPattern, "pattern: missing")
	}
	return nil, r
}

// confidence takes the confidence, or signal_strength when there is none and it is from 0 to 1. percent tells that it
// came as 0 to 100.
func (d *detection) confidence(e *event.Event) (percent bool, r *found.Reject) {
	f := d.Peek(&reading.ConfidenceKeys)
	if f == nil {
		n, ok := d.Number(false, 0, 1, &strengthKeys).Get()
		if !ok {
			return false, d.Reject(found.NoConfidence, "confidence: missing, and no signal_strength from 0 to 1")
		}
		e.Confidence = n
		e.Priority = event.PriorityOf(n)
		return false, nil
	}
	x, percent, ok := reading.Confidence(f)
	if !ok {
		return false, d.Reject(found.BadConfidence, "confidence: %s is no number from 0 to 1, nor a percentage", f.Value.MarshalTo(nil))
	}
	d.Mark(f)
	e.Confidence = x
	e.Priority = event.PriorityOf(x)
	return percent, nil
}

// times takes detection and publish time. timed is false when there was none and the time of receipt stands in; zoned is
// false when the detection time had no zone.
func (d *detection) times(e *event.Event) (timed, zoned bool, r *found.Reject) {
	inner := d.Peek(&reading.DetectedKeys)
	named := inner != nil // a name that means detection and nothing else
	outer := d.Outermost(&publishedKeys)
	if inner == nil {
		inner = d.Peek(&reading.TimestampKeys)
	}
	if outer == nil {
		outer = d.Outermost(&reading.TimestampKeys)
	}
	if inner == nil {
		inner = outer
	}
	if inner == nil {
		e.DetectedAt = d.Received
		return false, true, nil
	}
	at, zoned, err := d.Moment(inner, d.Latest())
	if err != nil {
		return false, false, d.BadTime(inner, err)
	}
	e.DetectedAt = at
	d.Mark(inner)
	switch {
	case outer == inner && !named:
		e.PublishedAt = at
	case outer != nil && outer != inner:
		if e.PublishedAt, _, err = d.Moment(outer, d.Latest()); err != nil {
			d.Out.Flags |= found.BadExtra
			break
		}
		d.Mark(outer)
	}
	return true, zoned, nil
}

// direction takes the direction, or reads it off the pattern's name, which inferred tells.
func (d *detection) direction(e *event.Event, name *spelling.Pattern) (inferred bool) {
	d.Each(true, &directionKeys, func(f *loose.Field) bool {
		word, _ := scalar.Text(f.Value, event.MaxText)
		dir, err := event.ParseDirection(word)
		e.Direction = dir
		return err == nil
	})
	if e.Direction != "" {
		return false
	}
	e.Direction = name.Direction
	return e.Direction != ""
}

// century is how far ahead an expiry is believed.
const century = 36525 * 24 * time.Hour

// figures takes price, change, volume and expiry.
func (d *detection) figures(e *event.Event) {
	e.Price = d.Number(true, math.SmallestNonzeroFloat64, reading.Largest, &priceKeys)
	e.ChangePct = d.Number(false, -reading.Largest, reading.Largest, &changeKeys)
	e.Volume = d.Number(false, 0, reading.Largest, &volumeKeys)
	e.RelativeVolume = d.Number(true, 0, reading.Largest, &relativeKeys)
	e.ExpiresAt = d.OptionalTime(d.Stack, d.Received.Add(century), &expiryKeys)
}

// detail sets the part of the event that belongs to its tier.
func (d *detection) detail(m *made) {
	e := &m.event
	switch e.Tier {
	case event.Daily:
		session := e.Session
		if session == event.Closed {
			session = event.PostMarket
		}
		m.daily.MarketSession = session
		e.Daily = &m.daily
	case event.Intraday:
		m.intraday.RealTime = d.Live || e.Session == event.Regular
		e.Intraday = &m.intraday
	case event.Combo:
		e.Combo = combo.Take(d.Pass, d.Stack)
	case event.TierNone: // rejected before
	}
}

// source takes the producer's name for itself: the outermost source that is no tier's word in disguise.
func (d *detection) source() string {
	for i, layer := range d.Layers {
		f := layer.Get(reading.SourceKeys.List()[0])
		if f == nil || f.Used {
			continue
		}
		if i > 0 && spelling.IsTier(f.Value) {
			continue
		}
		if word, _ := scalar.Text(f.Value, event.MaxText); word != "" {
			d.Mark(f)
			return word
		}
	}
	return ""
}
