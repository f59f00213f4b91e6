package source

import (
	"cmp"
	"context"
	"math"
	"slices"
	"strings"
	"time"

	"tierboard/server/gate"
	"tierboard/server/query"
	"tierboard/server/recent"
	"tierboard/server/rest/record"
	"tierboard/shared/event"
)

// skew is how far a producer's clock may be ahead of ours. An event that the ring has forgotten was received before all
// that it holds, so, give or take the skew, it was detected before that too.
const skew = time.Minute

// piece is how many events a walk through the ring takes at once.
const piece = 1024

// enough is after how many events a walk that has found too little to fill a page leaves the question to the archive.
const enough = 4 * piece

// Page is a part of the answer to a question, and whether there is more.
type Page struct {
	Rows []query.Row
	More bool
}

// Page answers a question, from the ring alone if that suffices or if the archive is away and the ring knows enough.
func (s *Source) Page(ctx context.Context, a query.Ask) (Page, error) {
	if items, ok := s.recent(a, enough); ok {
		return cut(items, a), nil
	}
	// Asked in this order, nothing is missed: what is stored meanwhile comes twice, and is merged.
	fresh := s.hub.Recent().Waiting(wants(a))
	began := time.Now()
	rows, more, err := s.archive.Page(ctx, a)
	gate.Database(ctx, time.Since(began))
	if err != nil {
		if items, ok := s.recent(a, math.MaxInt); ok && ctx.Err() == nil { // it takes longer, but needs no archive
			return cut(items, a), nil
		}
		return Page{}, s.Fault(ctx, "read events", err)
	}
	return merge(Page{rows, more}, fresh, a), nil
}

// wants returns what a page may hold: events that the question wants, behind the cursor.
func wants(a query.Ask) func(*event.Event) bool {
	return func(e *event.Event) bool {
		return a.Match(e) && (a.After == nil || a.Sort.Compare(query.KeyOf(e, a.Sort), *a.After) > 0)
	}
}

// recent answers from the ring alone, with one event more than the page if there is one; false if the ring does not cover
// the question, or seems to do so only by looking at more than so many events.
func (s *Source) recent(a query.Ask, most int) ([]*recent.Item, bool) {
	ring := s.hub.Recent()
	_, last := ring.Span()
	floor, some := s.floor()
	switch {
	case s.archive == nil:
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
		case s.archive != nil && seen >= most && !bounded(a, floor) && len(found)*ring.Len() < a.Limit*seen:
			return nil, false
		}
	}
	if s.archive == nil {
		return found, true
	}
	// What left the ring meanwhile was received before what is the oldest now.
	floor, some = s.floor()
	return found, some && (bounded(a, floor) || a.Sort == query.Newest && len(found) > a.Limit && until >= floor.UnixMilli())
}

// bounded reports whether a question is only about what was detected, or received, from a moment on.
func bounded(a query.Ask, floor time.Time) bool {
	return !a.Since.IsZero() && !a.Since.Before(floor) || !a.UpdatedSince.IsZero() && !a.UpdatedSince.Before(floor)
}

// floor is the moment from which on the ring has all that was detected; false for an empty one.
func (s *Source) floor() (time.Time, bool) {
	ring := s.hub.Recent()
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
func cut(items []*recent.Item, a query.Ask) Page {
	sortItems(items, a.Sort)
	more := len(items) > a.Limit
	items = items[:min(len(items), a.Limit)]
	rows := make([]query.Row, len(items))
	for i, it := range items {
		rows[i] = rowOf(it)
	}
	return Page{rows, more}
}

// merge adds events that the archive did not have yet.
func merge(stored Page, fresh []*recent.Item, a query.Ask) Page {
	known := make(map[string]bool, len(stored.Rows))
	for _, r := range stored.Rows {
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
	all := make([]placed, 0, len(stored.Rows)+len(fresh))
	for _, r := range stored.Rows {
		all = append(all, placed{r, record.Key(r, a.Sort)})
	}
	for _, it := range fresh {
		// Behind the last row of a page that has a next one, a fresh event belongs to the next one.
		k := query.KeyOf(it.Event, a.Sort)
		if n := len(stored.Rows); stored.More && n > 0 && a.Sort.Compare(k, all[n-1].key) > 0 {
			continue
		}
		all = append(all, placed{rowOf(it), k})
	}
	slices.SortFunc(all, func(x, y placed) int { return a.Sort.Compare(x.key, y.key) })
	out := Page{More: stored.More || len(all) > a.Limit}
	for _, x := range all[:min(len(all), a.Limit)] {
		out.Rows = append(out.Rows, x.row)
	}
	return out
}
