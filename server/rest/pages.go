package rest

import (
	"cmp"
	"context"
	"errors"
	"log/slog"
	"math"
	"slices"
	"strings"
	"sync"
	"time"

	"tierboard/server/gate"
	"tierboard/server/hub"
	"tierboard/server/problem"
	"tierboard/server/query"
	"tierboard/server/recent"
	"tierboard/server/rest/record"
	"tierboard/shared/event"
	"tierboard/shared/wire"
)

// skew is how far a producer's clock may be ahead of ours. An event that the ring has forgotten was received before all
// that it holds, so, give or take the skew, it was detected before that too.
const skew = time.Minute

// piece is how many events a walk through the ring takes at once.
const piece = 1024

// enough is after how many events a walk that has found too little to fill a page leaves the question to the archive.
const enough = 4 * piece

// pages answers lists from the ring when that covers the question, else from the archive together with what the archive
// has not stored yet.
type pages struct {
	hub     *hub.Hub
	archive Archive // nil: the ring is all there is
	log     *slog.Logger
}

// page is a part of an answer.
type page struct {
	rows []query.Row
	more bool
}

// find returns a page of a question.
func (p *pages) find(ctx context.Context, a query.Ask) (page, error) {
	if items, ok := p.recent(a, enough); ok {
		return p.cut(items, a), nil
	}
	// Asked in this order, nothing is missed: what is stored meanwhile comes twice, and is merged.
	fresh := p.hub.Recent().Waiting(wants(a))
	began := time.Now()
	rows, more, err := p.archive.Page(ctx, a)
	gate.Database(ctx, time.Since(began))
	if err != nil {
		if items, ok := p.recent(a, math.MaxInt); ok && ctx.Err() == nil { // it takes longer, but needs no archive
			return p.cut(items, a), nil
		}
		return page{}, p.fault(ctx, "read events", err)
	}
	return merge(page{rows, more}, fresh, a), nil
}

// fault turns an archive's error into a problem, and logs what only the operator should see.
func (p *pages) fault(ctx context.Context, doing string, err error) error {
	switch {
	case errors.Is(err, query.ErrTooBroad):
		return problem.New(problem.Parameter, "No index serves this combination and it leaves too many events to look through: "+
			"narrow it by since, session_date or symbols, or sort by -detected_at.")
	case errors.Is(err, query.ErrNotFound):
		return problem.New(problem.NotFound, "There is no event with this id.")
	case ctx.Err() != nil:
		return &problem.Error{Kind: problem.Unavailable, Detail: "The request was given up.", Retry: time.Second}
	}
	p.log.Warn("archive failed", slog.String("doing", doing), slog.String("request_id", gate.RequestID(ctx)), slog.Any("err", err))
	return &problem.Error{Kind: problem.Unavailable, Detail: "The database does not answer; live events are not affected.", Retry: 5 * time.Second}
}

// wants returns what a page may hold: events that the question wants, behind the cursor.
func wants(a query.Ask) func(*event.Event) bool {
	return func(e *event.Event) bool {
		return a.Match(e) && (a.After == nil || a.Sort.Compare(query.KeyOf(e, a.Sort), *a.After) > 0)
	}
}

// recent answers from the ring alone, with one event more than the page if there is one; false if the ring does not cover
// the question, or seems to do so only by looking at more than so many events.
func (p *pages) recent(a query.Ask, most int) ([]*recent.Item, bool) {
	ring := p.hub.Recent()
	_, last := ring.Span()
	floor, some := p.floor()
	switch {
	case p.archive == nil:
	case !some, !bounded(a, floor) && (a.Sort != query.Newest || a.After != nil && a.After.Millis < floor.UnixMilli()):
		return nil, false
	}
	want, w := wants(a), ring.Walk(last, a.Filter)
	var found []*recent.Item
	var until int64 // detection time of the last event of the page, once it is full
	buf := make([]*recent.Item, min(max(2*a.Limit, 128), piece))
	for seen := 0; ; {
		n := w.Next(buf)
		if n == 0 {
			break
		}
		for _, it := range buf[:n] {
			if want(it.Event) {
				found = append(found, it)
			}
		}
		seen += n
		switch {
		case a.Sort != query.Newest:
		case len(found) > a.Limit:
			sortItems(found, a.Sort)
			found = found[:a.Limit+1]
			until = found[a.Limit].Event.DetectedAt.UnixMilli()
			// All that is left was received before this one.
			if buf[n-1].Event.ReceivedAt.Add(skew).UnixMilli() < until {
				return found, true
			}
		case p.archive != nil && seen >= most && !bounded(a, floor) && len(found)*ring.Len() < a.Limit*seen:
			return nil, false
		}
	}
	if p.archive == nil {
		return found, true
	}
	// What left the ring meanwhile was received before what is the oldest now.
	floor, some = p.floor()
	return found, some && (bounded(a, floor) || a.Sort == query.Newest && len(found) > a.Limit && until >= floor.UnixMilli())
}

// bounded reports whether a question is only about what was detected, or received, from a moment on.
func bounded(a query.Ask, floor time.Time) bool {
	return !a.Since.IsZero() && !a.Since.Before(floor) || !a.UpdatedSince.IsZero() && !a.UpdatedSince.Before(floor)
}

// floor is the moment from which on the ring has all that was detected; false for an empty one.
func (p *pages) floor() (time.Time, bool) {
	ring := p.hub.Recent()
	first, _ := ring.Span()
	it := ring.At(first)
	if it == nil {
		return time.Time{}, false
	}
	return it.Event.ReceivedAt.Add(skew), true
}

// sortItems puts items in an order.
func sortItems(items []*recent.Item, s query.Sort) {
	if s == query.Newest { // most of them
		slices.SortFunc(items, func(x, y *recent.Item) int {
			return cmp.Or(cmp.Compare(y.Event.DetectedAt.UnixMilli(), x.Event.DetectedAt.UnixMilli()), strings.Compare(y.Event.ID, x.Event.ID))
		})
		return
	}
	slices.SortFunc(items, func(x, y *recent.Item) int { return s.Compare(query.KeyOf(x.Event, s), query.KeyOf(y.Event, s)) })
}

// cut makes a page of items.
func (p *pages) cut(items []*recent.Item, a query.Ask) page {
	sortItems(items, a.Sort)
	more := len(items) > a.Limit
	items = items[:min(len(items), a.Limit)]
	rows := make([]query.Row, len(items))
	for i, it := range items {
		rows[i] = rowOf(it)
	}
	return page{rows, more}
}

// rowOf makes a row of an item; the bytes are shared with everybody who sends the event.
func rowOf(it *recent.Item) query.Row {
	return query.Row{ID: it.Event.ID, Body: it.Bytes(wire.JSON), ExpiresAt: it.Event.ExpiresAt}
}

// merge adds events that the archive did not have yet.
func merge(stored page, fresh []*recent.Item, a query.Ask) page {
	known := make(map[string]bool, len(stored.rows))
	for _, r := range stored.rows {
		known[r.ID] = true
	}
	fresh = slices.DeleteFunc(fresh, func(it *recent.Item) bool { return known[it.Event.ID] })
	if len(fresh) == 0 {
		return stored
	}
	type placed struct {
		row query.Row
		key query.Key
	}
	all := make([]placed, 0, len(stored.rows)+len(fresh))
	for _, r := range stored.rows {
		all = append(all, placed{r, record.Key(r, a.Sort)})
	}
	for _, it := range fresh {
		// Behind the last row of a page that has a next one, a fresh event belongs to the next one.
		k := query.KeyOf(it.Event, a.Sort)
		if n := len(stored.rows); stored.more && n > 0 && a.Sort.Compare(k, all[n-1].key) > 0 {
			continue
		}
		all = append(all, placed{rowOf(it), k})
	}
	slices.SortFunc(all, func(x, y placed) int { return a.Sort.Compare(x.key, y.key) })
	out := page{more: stored.more || len(all) > a.Limit}
	for _, x := range all[:min(len(all), a.Limit)] {
		out.rows = append(out.rows, x.row)
	}
	return out
}

// one returns one event.
func (p *pages) one(ctx context.Context, id string) (query.Row, error) {
	if it := p.hub.Recent().Find(id); it != nil {
		return rowOf(it), nil
	}
	if p.archive == nil {
		return query.Row{}, problem.New(problem.NotFound, "There is no event with this id.")
	}
	began := time.Now()
	row, err := p.archive.Event(ctx, id)
	gate.Database(ctx, time.Since(began))
	if err != nil {
		return query.Row{}, p.fault(ctx, "read an event", err)
	}
	return row, nil
}

// versions tells, for each tier, the position of its newest event. It reads what came since it was last asked.
type versions struct {
	hub *hub.Hub

	mu   sync.Mutex
	seen uint64                  // guarded by mu
	last [event.Combo + 1]uint64 // guarded by mu; by tier, events without one under TierNone
}

// of returns the highest position among some tiers; among all when there are none.
func (v *versions) of(tiers []event.Tier) uint64 {
	v.mu.Lock()
	defer v.mu.Unlock()
	if now := v.hub.Seq(); now > v.seen {
		items, ok := v.hub.Recent().Between(v.seen, now, nil)
		if !ok { // more came than the ring holds
			for i := range v.last {
				v.last[i] = now
			}
		}
		for _, it := range items {
			v.last[min(it.Event.Tier, event.Combo)] = it.Event.Seq
		}
		v.seen = now
	}
	if len(tiers) == 0 {
		return slices.Max(v.last[:])
	}
	newest := uint64(0)
	for _, t := range tiers {
		newest = max(newest, v.last[min(t, event.Combo)])
	}
	return newest
}
