//go:build js

package ui

import (
	"encoding/json"
	"time"

	"tierboard/app/fetch"
	"tierboard/app/format"
	"tierboard/shared/event"
	"tierboard/shared/wire"
)

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
	i := position(t)
	o := &p.older[i]
	f := p.board.Filters()
	if o.busy || len(f) != len(styles) { // within a scope, lists are the stream's alone
		return
	}
	if key := f[i].Key(); key != o.key {
		*o = older{key: key}
	}
	if o.end {
		return
	}
	path := "/api/patterns/" + styles[i].class + "?cursor=" + o.cursor
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
		path = olderPath(styles[i].class, f[i], before.UTC().Format(time.RFC3339Nano))
	}
	o.busy, o.fault = true, ""
	p.paintMore(i)
	fetch.Do("GET", path, "", "", func(a fetch.Answer) {
		o.busy = false
		if !a.OK() {
			o.fault = "Older events cannot be read now."
			p.paintMore(i)
			return
		}
		var got struct {
			Patterns []json.RawMessage
			Metadata struct {
				NextCursor string `json:"next_cursor"`
			}
		}
		if json.Unmarshal([]byte(a.Body), &got) != nil {
			o.fault = "The server's answer cannot be read."
			p.paintMore(i)
			return
		}
		var events []*event.Event
		for _, raw := range got.Patterns {
			b, err := wire.JSONToMsgPack(string(raw))
			if err != nil {
				continue
			}
			if e, err := wire.DecodeEvent(b); err == nil {
				events = append(events, e)
			}
		}
		o.cursor = got.Metadata.NextCursor
		o.end = o.cursor == ""
		now := time.Now()
		p.board.AddOlder(t, events, now)
		p.lists[i].limit += windowStep
		p.paint(now)
		p.lists[i].measure()
		p.paintMore(i)
	})
}

// paintMore shows the button at the end of a list when there may be older events.
func (p *page) paintMore(i int) {
	o, l, c := &p.older[i], p.lists[i], p.board.Column(styles[i].tier)
	end := l.top+l.height >= l.inner-40
	s := p.columns[i].more
	s.hide(!p.live() || !end || o.end || len(c.Shown()) == 0 || len(l.rows) < len(c.Shown()))
	switch {
	case o.busy:
		s.set("Loading…")
	case o.fault != "":
		s.set(o.fault + " Try again")
	default:
		s.set("More")
	}
}

// loadRates reads how often each tier's patterns came true.
func (p *page) loadRates() {
	fetch.Do("GET", "/api/patterns/performance?horizon=1d", "", "", func(a fetch.Answer) {
		var got struct{ Tiers []tierRate }
		if !a.OK() || json.Unmarshal([]byte(a.Body), &got) != nil {
			return
		}
		for _, r := range got.Tiers {
			if t := tierOfClass(r.Tier); t != event.TierNone {
				p.columns[position(t)].success = r.words()
			}
		}
	})
}

// headerRight is what stands at the right of a column's second line.
func (p *page) headerRight(i int, now time.Time) string {
	if w := p.columns[i].success; w != "" {
		return w
	}
	return "times in " + format.ZoneName(now, p.viewer.zone)
}
