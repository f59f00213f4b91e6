package rest

import (
	"slices"
	"sync"

	"tierboard/server/hub"
	"tierboard/shared/event"
)

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
