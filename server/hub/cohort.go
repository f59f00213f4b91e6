package hub

import (
	"slices"

	"tierboard/server/match"
	"tierboard/shared/event"
	"tierboard/shared/filter"
)

// audience is who gets what an entry of the index wants. Most filters are one session's alone, which is then named here,
// because the way through the cohort to it is three cache lines that nobody else has warmed.
type audience struct {
	only *Session // nil unless the cohort has one member
	all  *cohort
}

// cohort is the subscriptions that have the same filters, and so share one entry of the index.
type cohort struct {
	key     string
	id      match.ID
	filters []filter.Filter
	members []*subscription
}

// audience returns who gets the cohort's events.
func (c *cohort) audience() audience {
	a := audience{all: c}
	if len(c.members) == 1 {
		a.only = c.members[0].session
	}
	return a
}

// join adds a subscription to the cohort of its filters, which is made if there is none.
func (sh *shard) join(s *Session, id, key string, filters []filter.Filter) *cohort {
	c := sh.cohorts[key]
	if c == nil {
		c = &cohort{key: key, filters: filters}
		c.id = sh.index.Add(filters)
		for int(c.id) >= len(sh.byID) {
			sh.byID = append(sh.byID, audience{})
		}
		sh.cohorts[key] = c
		sh.hub.counts.cohorts.Add(1)
	}
	sub := &subscription{id: id, session: s, cohort: c, at: len(c.members)}
	c.members = append(c.members, sub)
	sh.byID[c.id] = c.audience()
	s.subs = append(s.subs, sub)
	sh.hub.counts.subscriptions.Add(1)
	sh.hub.m.Subscriptions.Inc()
	return c
}

// part takes a subscription out of its cohort, and the cohort out of the index with its last member.
func (sh *shard) part(s *Session, id string) {
	i := slices.IndexFunc(s.subs, func(sub *subscription) bool { return sub.id == id })
	if i < 0 {
		return
	}
	sub := s.subs[i]
	s.subs = slices.Delete(s.subs, i, i+1)
	c := sub.cohort
	last := len(c.members) - 1
	c.members[sub.at] = c.members[last]
	c.members[sub.at].at = sub.at
	c.members[last] = nil
	c.members = c.members[:last]
	sh.byID[c.id] = c.audience()
	if last == 0 {
		sh.index.Remove(c.id)
		sh.byID[c.id] = audience{}
		delete(sh.cohorts, c.key)
		sh.hub.counts.cohorts.Add(-1)
	}
	sh.hub.counts.subscriptions.Add(-1)
	sh.hub.m.Subscriptions.Dec()
}

// wanted reports whether a subscription of the session, other than the one named, wants an event.
func (s *Session) wanted(e *event.Event, but string) bool {
	for _, sub := range s.subs {
		if sub.id != but && filter.Any(sub.cohort.filters, e) {
			return true
		}
	}
	return false
}
