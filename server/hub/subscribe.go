package hub

import (
	"cmp"
	"slices"
	"time"

	"tierboard/server/hub/frame"
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
	catchup
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
	c := sh.complete(r, seq)
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
	if c.exact {
		unsent = slices.DeleteFunc(unsent, func(it *recent.Item) bool { return it.Event.Seq <= c.after || !want(it.Event) })
		c.items = merge(c.items, unsent)
	}
	if len(s.pending) > 0 {
		s.setPending(slices.DeleteFunc(s.pending, func(it *recent.Item) bool {
			return holds(c.items, it.Event.Seq) || !s.wanted(it.Event, r.id)
		}))
	}

	sh.part(s, r.id)
	cohort := sh.join(s, r.id, r.key, r.filters)
	if len(s.subs) == 1 {
		s.told = seq
	}
	ack := &wire.Subscribed{ID: r.id, Filters: cohort.filters, Seq: seq, Replayed: len(c.items), Resumed: c.exact}
	sh.push(s, frame.Control(ack, s.format))
	if c.gap != nil {
		c.gap.ID = r.id
		sh.push(s, frame.Control(c.gap, s.format))
	}
	if len(c.items) > 0 || !c.exact {
		b := backfill{id: r.id, items: c.items, seq: seq, since: c.upTo, reset: !c.exact}
		if c.exact {
			b.since = c.after
		}
		s.backfill = append(s.backfill, b)
	}
	sh.flush(s, now, false)
}

// complete adds the events that the shard has taken since the catch-up was prepared.
func (sh *shard) complete(r subscribing, seq uint64) catchup {
	c := r.catchup
	if c.upTo >= seq {
		return c
	}
	want := func(e *event.Event) bool { return filter.Any(r.filters, e) }
	tail, ok := sh.hub.ring.Between(max(c.upTo, c.after), seq, want)
	switch {
	case ok && c.exact:
		for _, it := range tail {
			if !r.s.wanted(it.Event, "") { // else it was sent live, or waits to be
				c.items = append(c.items, it)
			}
		}
		return c
	case ok:
		c.items = recent.TrimPerTier(append(c.items, tail...), wire.SnapshotSize)
	default: // more events than the ring holds came in the meantime
		if c.exact {
			c.gap = &wire.Gap{FromSeq: c.after + 1, ToSeq: seq, To: time.Now(), REST: "/api/patterns"}
		}
		c.exact = false
		c.items = sh.hub.ring.Newest(seq, wire.SnapshotSize, want, r.filters...)
	}
	if c.gap != nil {
		c.gap.ToSeq = seq
	}
	return c
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
		s.backfill[i].items = merge(s.backfill[i].items, take)
	}
}

// merge returns the items of both lists in ascending order, each once. The first is already in order.
func merge(a, b []*recent.Item) []*recent.Item {
	if len(b) == 0 {
		return a
	}
	all := append(slices.Clone(a), b...)
	slices.SortFunc(all, func(x, y *recent.Item) int { return cmp.Compare(x.Event.Seq, y.Event.Seq) })
	return slices.Compact(all)
}

// holds reports whether ascending items contain a position.
func holds(items []*recent.Item, seq uint64) bool {
	_, ok := slices.BinarySearchFunc(items, seq, func(it *recent.Item, seq uint64) int { return cmp.Compare(it.Event.Seq, seq) })
	return ok
}
