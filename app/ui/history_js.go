//go:build js

package ui

import (
	"time"

	"tierboard/app/format"
	"tierboard/app/ui/history"
	"tierboard/app/ui/tier"
	"tierboard/shared/event"
	"tierboard/shared/filter"
	"tierboard/shared/wire"
)

// gapMargin is how long before a loss of the connection was noticed events may already have been missed.
const gapMargin = time.Minute

// older is how far back a column has been read.
type older struct {
	cursor string // of the next page; "" before the first
	busy   bool
	end    bool // there is nothing older
	fault  string
	key    string // of the filter the cursor belongs to
}

// more reads the next page of a column's older events.
func (p *page) more(t event.Tier) {
	i := tier.Position(t)
	o := &p.older[i]
	f := p.board.Filters()
	if o.busy || len(f) != len(tier.All) { // within a scope, lists are the stream's alone
		return
	}
	if key := f[i].Key(); key != o.key {
		*o = older{key: key}
	}
	if o.end {
		return
	}
	path := history.PagePath(tier.All[i].Class, o.cursor)
	if o.cursor == "" {
		before := time.Now()
		if all := p.board.Column(t).Shown(); len(all) > 0 {
			before = all[len(all)-1].Event.DetectedAt
			for _, c := range all {
				if c.Event.DetectedAt.Before(before) {
					before = c.Event.DetectedAt
				}
			}
		}
		path = history.OlderPath(tier.All[i].Class, f[i], before.UTC().Format(time.RFC3339Nano))
	}
	o.busy, o.fault = true, ""
	p.paintMore(i)
	history.Read(path, func(events []*event.Event, cursor, fault string) {
		o.busy, o.fault = false, fault
		if fault != "" {
			p.paintMore(i)
			return
		}
		o.cursor = cursor
		o.end = o.cursor == ""
		now := time.Now()
		p.board.AddOlder(t, events, now)
		p.lists[i].Grow()
		p.paint(now)
		p.lists[i].Measure()
		p.paintMore(i)
	})
}

// gapPages is how many pages of a gap are read for each filter; a column has no room for more.
const gapPages = held / history.PageSize

// gapReading is the reading of what a gap has left out, one filter after the other.
type gapReading struct {
	gap   *wire.Gap
	since string
	left  []filter.Filter // the first one is being read
	pages int             // of it
	taken int
	fault string
}

// loadGap reads what the stream could not replay into the columns.
func (p *page) loadGap() {
	if p.gapRead != nil && p.gapRead.fault == "" {
		return // at it
	}
	r := &gapReading{gap: p.gap, left: p.board.Filters()}
	from := p.gap.From
	if from.IsZero() && !p.lostAt.IsZero() {
		from = p.serverNow(p.lostAt).Add(-gapMargin)
	}
	if !from.IsZero() {
		r.since = from.UTC().Format(time.RFC3339Nano)
	}
	p.gapRead = r
	p.readGap(r, "")
	p.paintNotice(time.Now())
}

// readGap reads the next page of a gap; cursor is "" at a filter's first one.
func (p *page) readGap(r *gapReading, cursor string) {
	if p.gap != r.gap {
		return // another gap has come, or this one was dismissed
	}
	now := time.Now()
	if len(r.left) == 0 {
		p.gap, p.gapRead = nil, nil
		p.told, p.toldAt = "Nothing was missed.", now
		if r.taken > 0 {
			p.told = "Loaded " + format.Plural(r.taken, "missed event") + "."
		}
		p.paintNotice(now)
		return
	}
	f := r.left[0]
	if len(f.Tiers) != 1 { // each of the board's filters belongs to a column
		r.left = r.left[1:]
		p.readGap(r, "")
		return
	}
	class := f.Tiers[0].String()
	path := history.PagePath(class, cursor)
	if cursor == "" {
		before := r.gap.To
		if before.IsZero() {
			before = p.serverNow(now)
		}
		path = history.EventsPath(class, f, r.since, before.UTC().Format(time.RFC3339Nano))
		r.pages = 0
	}
	history.Read(path, func(events []*event.Event, next, fault string) {
		if r.fault = fault; fault != "" {
			p.paintNotice(time.Now())
			return
		}
		now := time.Now()
		r.taken += p.board.AddMissed(f.Tiers[0], events, now)
		p.paint(now)
		if r.pages++; next == "" || r.pages == gapPages {
			r.left, next = r.left[1:], ""
		}
		p.readGap(r, next)
	})
}

// gapNotice offers to load a gap, and tells how that goes.
func (p *page) gapNotice() notice {
	text := "Possible gap " + p.gapSpan() + ": some events between could not be replayed."
	switch r := p.gapRead; {
	case r == nil || r.gap != p.gap:
		return notice{text: text, action: "Load", act: p.loadGap}
	case r.fault != "":
		return notice{text: text + " " + r.fault, action: "Try again", act: p.loadGap, drop: func() {
			p.gap = nil
			p.paintNotice(time.Now())
		}}
	}
	return notice{text: "Loading what was missed…"}
}

// paintMore shows the button at the end of a list when there may be older events.
func (p *page) paintMore(i int) {
	o, l, c := &p.older[i], p.lists[i], p.board.Column(tier.All[i].Tier)
	s := p.columns[i].more
	s.Hide(!p.live() || o.end || len(c.Shown()) == 0 || !l.AtEnd(len(c.Shown())))
	switch {
	case o.busy:
		s.Set("Loading…")
	case o.fault != "":
		s.Set(o.fault + " Try again")
	default:
		s.Set("More")
	}
}

// loadRates reads how often each tier's patterns came true.
func (p *page) loadRates() {
	history.Rates(func(rates []history.Rate) {
		for _, r := range rates {
			if t := tier.OfClass(r.Tier); t != event.TierNone {
				p.columns[tier.Position(t)].success = r.Words()
			}
		}
	})
}

// headerRight is what stands at the right of a column's second line.
func (p *page) headerRight(i int, now time.Time) string {
	if w := p.columns[i].success; w != "" {
		return w
	}
	return "times in " + format.ZoneName(now, p.viewer.Zone)
}
