// Package missed finds what a subscription has missed: the events behind the position at which its session was cut, exactly, or,
// where that cannot be, a snapshot of the newest ones and a gap that says where to read the rest.
//
// It takes two steps, because the ring grows while it is read. Prepare scans in the goroutine that subscribes, up to a position
// that the shard had reached; Complete runs in the shard, which knows where it is, and adds the few events that came meanwhile.
// So a storm of subscriptions delays nobody's events.
package missed

import (
	"cmp"
	"slices"
	"time"

	"tierboard/server/hub/known"
	"tierboard/server/match"
	"tierboard/server/recent"
	"tierboard/shared/event"
	"tierboard/shared/filter"
	"tierboard/shared/wire"
)

// Past is where missed events are looked for. It is only read, by any number of goroutines.
type Past struct {
	Epoch string       // the life of the hub, in which positions mean something
	Ring  *recent.Ring // the newest events
	Marks *known.Marks // when those were detected that the ring has forgotten
}

// Events is what a new subscription has missed, up to a position the shard had reached.
type Events struct {
	Exact bool           // a replay after a position; else a snapshot
	After uint64         // that position, if Exact
	UpTo  uint64         // the last position that was looked at
	Items []*recent.Item // ascending, each once
	Gap   *wire.Gap      // what cannot be replayed; nil unless a resume was asked for and its epoch is ours
}

// Prepare looks for what the filters want, up to a position. The newest is that of the last event that was accepted, which is
// the highest that a resume can name; resume is nil for a subscription that begins.
func (p *Past) Prepare(upTo, newest uint64, filters []filter.Filter, resume *wire.Resume) Events {
	m := Events{UpTo: upTo}
	if behind := p.behind(newest, resume); behind >= 0 {
		if items, ok := p.Ring.Between(resume.Seq, upTo, matcher(filters, min(behind, p.Ring.Len()))); ok {
			m.Exact, m.After, m.Items = true, resume.Seq, items
			return m
		}
		m.Gap = p.gap(resume.Seq, upTo)
	}
	looks := p.Ring.Len()
	if !slices.ContainsFunc(filters, func(f filter.Filter) bool { return len(f.Symbols) == 0 }) {
		looks = 0 // the ring goes along the symbols' chains, so that there are few
	}
	m.Items = p.Ring.Newest(upTo, wire.SnapshotSize, matcher(filters, looks), filters...)
	return m
}

// Complete adds the events up to seq, which the shard has taken since m was prepared for the filters. Those that sent reports
// true for are left out of a replay: another subscription of the session has brought them, or will. Nothing of m may be
// used any more.
func (p *Past) Complete(m Events, seq uint64, filters []filter.Filter, sent func(*event.Event) bool) Events {
	if m.UpTo >= seq {
		return m
	}
	want := func(e *event.Event) bool { return filter.Any(filters, e) }
	tail, ok := p.Ring.Between(max(m.UpTo, m.After), seq, want)
	switch {
	case ok && m.Exact:
		for _, it := range tail {
			if !sent(it.Event) {
				m.Items = append(m.Items, it)
			}
		}
		return m
	case ok:
		m.Items = recent.TrimPerTier(append(m.Items, tail...), wire.SnapshotSize)
	default: // more events than the ring holds came in the meantime
		if m.Exact {
			m.Gap = &wire.Gap{FromSeq: m.After + 1, ToSeq: seq, To: time.Now(), REST: "/api/patterns"}
		}
		m.Exact = false
		m.Items = p.Ring.Newest(seq, wire.SnapshotSize, want, filters...)
	}
	if m.Gap != nil {
		m.Gap.ToSeq = seq
	}
	return m
}

// behind is how many events came after a resume's position; less than 0 if it is no position of this hub's.
func (p *Past) behind(newest uint64, resume *wire.Resume) int {
	if resume != nil && resume.Epoch == p.Epoch && resume.Seq <= newest {
		return int(newest - resume.Seq) //nolint:gosec // a difference of positions
	}
	return -1
}

// gap describes the events behind a position that the ring has forgotten.
func (p *Past) gap(after, upTo uint64) *wire.Gap {
	since := p.Marks.Since(after).UTC().Truncate(time.Millisecond)
	return &wire.Gap{
		FromSeq: after + 1,
		ToSeq:   upTo,
		From:    since,
		To:      time.Now(),
		REST:    "/api/patterns?since=" + since.Format("2006-01-02T15:04:05.000Z"),
	}
}

// fewAsked is the number of events up to which asking the filters themselves is cheaper than making an index of them, and leaves
// less to collect.
const fewAsked = 512

// matcher returns a function that decides like filter.Any, and will be asked so many times. A scan of a full ring asks tens of
// thousands of times, so it goes through an index. One goroutine may use it.
func matcher(filters []filter.Filter, times int) func(*event.Event) bool {
	if times <= fewAsked {
		return func(e *event.Event) bool { return filter.Any(filters, e) }
	}
	x := match.New()
	x.Add(filters)
	hits := make([]match.ID, 0, 1)
	return func(e *event.Event) bool {
		hits = x.Match(e, hits[:0])
		return len(hits) > 0
	}
}

// Merge returns the items of both lists in ascending order, each once. The first is already in order, and is what is returned if
// the second is empty.
func Merge(a, b []*recent.Item) []*recent.Item {
	if len(b) == 0 {
		return a
	}
	all := append(slices.Clone(a), b...)
	slices.SortFunc(all, func(x, y *recent.Item) int { return cmp.Compare(x.Event.Seq, y.Event.Seq) })
	return slices.Compact(all)
}

// Holds reports whether ascending items contain a position.
func Holds(items []*recent.Item, seq uint64) bool {
	_, ok := slices.BinarySearchFunc(items, seq, func(it *recent.Item, seq uint64) int { return cmp.Compare(it.Event.Seq, seq) })
	return ok
}
