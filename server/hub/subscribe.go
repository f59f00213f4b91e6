package hub

import (
	"slices"
	"time"

	"tierboard/server/hub/frame"
	"tierboard/server/hub/missed"
	"tierboard/server/recent"
	"tierboard/shared/event"
	"tierboard/shared/filter"
	"tierboard/shared/wire"
)

// subscribing starts a subscription or swaps its filters.
type subscribing struct {
	s       *Session
	id      string
	key     string // the filters' keys
	filters []filter.Filter
	missed  missed.Events
}

// apply answers in the order of the protocol: what was wanted before leaves under the old filters, then the
// acknowledgement, then the replay or snapshot; what comes after it matches the new filters.
func (r subscribing) apply(sh *shard, now time.Time) {
	s := r.s
	if s.left {
		return
	}
	sh.flush(s, now, true)
	if len(s.backfill) >= mostBackfills {
		sh.cut(s, cutBackfill, "snapshots are asked for but not read")
		return
	}
	seq := sh.seq.Load()
	m := sh.hub.past.Complete(r.missed, seq, r.filters, func(e *event.Event) bool {
		return s.wanted(e, "") // then it was sent live, or waits to be
	})
	want := func(e *event.Event) bool { return filter.Any(r.filters, e) }

	// A lagging session still has events that wait. What the subscription wants of them comes with its replay; a
	// snapshot takes the place of all that came before; what no other subscription wants has no taker any more.
	unsent := slices.Clone(s.pending)
	s.backfill = slices.DeleteFunc(s.backfill, func(b backfill) bool {
		if b.id == r.id {
			unsent = append(unsent, b.items...)
		}
		return b.id == r.id
	})
	if m.Exact {
		unsent = slices.DeleteFunc(unsent, func(it *recent.Item) bool { return it.Event.Seq <= m.After || !want(it.Event) })
		m.Items = missed.Merge(m.Items, unsent)
	}
	if len(s.pending) > 0 {
		s.setPending(slices.DeleteFunc(s.pending, func(it *recent.Item) bool {
			return missed.Holds(m.Items, it.Event.Seq) || !s.wanted(it.Event, r.id)
		}))
	}

	sh.part(s, r.id)
	cohort := sh.join(s, r.id, r.key, r.filters)
	if len(s.subs) == 1 {
		s.told = seq
	}
	ack := &wire.Subscribed{ID: r.id, Filters: cohort.filters, Seq: seq, Replayed: len(m.Items), Resumed: m.Exact}
	sh.push(s, frame.Control(ack, s.format))
	if m.Gap != nil {
		m.Gap.ID = r.id
		sh.push(s, frame.Control(m.Gap, s.format))
	}
	if len(m.Items) > 0 || !m.Exact {
		b := backfill{id: r.id, items: m.Items, seq: seq, since: m.UpTo, reset: !m.Exact}
		if m.Exact {
			b.since = m.After
		}
		s.backfill = append(s.backfill, b)
	}
	sh.flush(s, now, false)
}

// unsubscribing ends a subscription.
type unsubscribing struct {
	s  *Session
	id string
}

func (r unsubscribing) apply(sh *shard, now time.Time) {
	s := r.s
	if s.left {
		return
	}
	sh.flush(s, now, true)
	sh.part(s, r.id)
	if len(s.pending) > 0 {
		s.setPending(slices.DeleteFunc(s.pending, func(it *recent.Item) bool { return !s.wanted(it.Event, r.id) }))
	}
	var left []*recent.Item
	s.backfill = slices.DeleteFunc(s.backfill, func(b backfill) bool {
		if b.id != r.id {
			return false
		}
		for _, it := range b.items {
			if it.Event.Seq > b.since {
				left = append(left, it)
			}
		}
		return true
	})
	sh.inherit(s, left)
	f := &wire.Unsubscribed{ID: r.id, Seq: sh.seq.Load()}
	sh.push(s, frame.Control(f, s.format))
}

// inherit keeps, of a replay that will not be sent, the events that another subscription wants too: its own replay
// left them out because this one was to bring them.
func (sh *shard) inherit(s *Session, left []*recent.Item) {
	for _, sub := range s.subs {
		var take []*recent.Item
		left = slices.DeleteFunc(left, func(it *recent.Item) bool {
			if filter.Any(sub.cohort.filters, it.Event) {
				take = append(take, it)
				return true
			}
			return false
		})
		if len(take) == 0 {
			continue
		}
		i := slices.IndexFunc(s.backfill, func(b backfill) bool { return b.id == sub.id })
		if i < 0 {
			s.backfill = slices.Insert(s.backfill, 0, backfill{id: sub.id, seq: take[len(take)-1].Event.Seq})
			i = 0
		}
		s.backfill[i].items = missed.Merge(s.backfill[i].items, take)
	}
}
