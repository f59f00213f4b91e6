package list

import (
	"fmt"
	"slices"
	"sync"
	"time"

	"tierboard/server/hub"
	"tierboard/server/query"
	"tierboard/server/rest/answer"
	"tierboard/shared/event"
)

// freshness returns the Cache-Control of a list: what is about a day that is over hardly changes.
func (x *List) freshness(l *query.List, now time.Time) string {
	if _, today := x.cfg.Market().SessionAt(now); l.SessionDate != "" && l.SessionDate < today && !l.Active && l.Include == nil {
		return "private, max-age=86400"
	}
	return "private, no-cache"
}

// tag returns the ETag of a list, or "" when time alone can change it.
func (x *List) tag(l *query.List, q *query.Question, path string) string {
	if l.Active || slices.ContainsFunc(l.Include, func(s string) bool { return s == "status" || s == "related" || s == "outcome" }) {
		return ""
	}
	after := ""
	if l.After != nil {
		after = fmt.Sprintf("%+v", *l.After)
	}
	return answer.Tag(fmt.Sprintf("%s\n%s\n%s\n%q\n%s\n%d %v %q\n%v %v\n%d", x.cfg.Hub.Epoch(), path, l.Encode(), q.Filter.Symbols, after,
		l.Limit, l.Limited, l.Format, l.Fields, l.Include, x.version.of(q.Filter.Tiers)))
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
