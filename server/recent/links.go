package recent

import (
	"slices"
	"time"

	"tierboard/shared/event"
)

// How far back the event a combo is made of may lie: ten trading days for the daily setup, which are two weeks on the
// calendar, and half an hour for the intraday trigger.
const (
	SetupWithin   = 14 * 24 * time.Hour
	TriggerWithin = 30 * time.Minute
)

// mostPerKey bounds how many events of one symbol, pattern and tier are looked through; older ones are forgotten first.
const mostPerKey = 32

// linkKey is what an inferred link goes by.
type linkKey struct {
	symbol, pattern string
	tier            event.Tier
}

// links remembers daily and intraday events by what a combo may mean by them. It outlives the ring: each of the two
// tiers has its own queue, so that a busy intraday feed cannot push out the daily setups of last week.
type links struct {
	byKey  map[linkKey][]*event.Event // in order of arrival
	queues map[event.Tier]*queue
}

// queue is a ring of events in order of arrival; overwriting one forgets it.
type queue struct {
	events []*event.Event
	next   int
}

// newLinks returns links for a ring of size events. Each tier remembers a quarter of that, since an event costs about a
// kilobyte and the ring already holds the newest.
func newLinks(size int) links {
	size = max(size/4, 1)
	return links{
		byKey: map[linkKey][]*event.Event{},
		queues: map[event.Tier]*queue{
			event.Daily:    {events: make([]*event.Event, size)},
			event.Intraday: {events: make([]*event.Event, size)},
		},
	}
}

// add remembers an event if a combo can refer to it.
func (l *links) add(e *event.Event) {
	q := l.queues[e.Tier]
	if q == nil || e.Kind != event.Pattern {
		return
	}
	if old := q.events[q.next]; old != nil {
		l.forget(old)
	}
	q.events[q.next] = e
	q.next = (q.next + 1) % len(q.events)
	k := linkKey{e.Symbol, e.Pattern, e.Tier}
	held := append(l.byKey[k], e)
	if len(held) > mostPerKey {
		held = slices.Delete(held, 0, 1)
	}
	l.byKey[k] = held
}

// forget drops an event, which is the oldest of its key unless a newer one pushed it out before.
func (l *links) forget(e *event.Event) {
	k := linkKey{e.Symbol, e.Pattern, e.Tier}
	held := l.byKey[k]
	if len(held) == 0 || held[0] != e {
		return
	}
	if held = slices.Delete(held, 0, 1); len(held) == 0 {
		delete(l.byKey, k)
		return
	}
	l.byKey[k] = held
}

// Earlier returns the event of this symbol, pattern and tier that was detected last before (or at) a moment, but not
// longer than within before it; nil if there is none. Daily and intraday events are remembered longer than the ring.
func (r *Ring) Earlier(symbol, pattern string, tier event.Tier, before time.Time, within time.Duration) *event.Event {
	r.mu.Lock()
	defer r.mu.Unlock()
	var best *event.Event
	for _, e := range r.links.byKey[linkKey{symbol, pattern, tier}] {
		if e.DetectedAt.After(before) || before.Sub(e.DetectedAt) > within {
			continue
		}
		if best == nil || e.DetectedAt.After(best.DetectedAt) {
			best = e
		}
	}
	return best
}
