package status

import (
	"slices"
	"sync"
	"time"

	"tierboard/server/calendar"
	"tierboard/server/hub"
	"tierboard/shared/api"
	"tierboard/shared/event"
)

// piece is how many events are counted at once.
const piece = 1024

// ratesFor is how long counted rates are used again: counting walks the ring.
const ratesFor = time.Second

// rates counts the accepted events of the last minute and hour, as far as the ring remembers.
type rates struct {
	hub    *hub.Hub
	market func() *calendar.Calendar

	mu      sync.Mutex
	taken   time.Time               // guarded by mu
	counts  map[event.Tier]api.Rate // guarded by mu; never changed once there
	day     string                  // the trading day that session counts; guarded by mu
	seen    uint64                  // up to which position it has counted; guarded by mu
	session map[event.Tier]int      // guarded by mu
}

// at returns the rates by tier.
func (c *rates) at(now time.Time) map[event.Tier]api.Rate {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.counts != nil && now.Sub(c.taken).Abs() < ratesFor {
		return c.counts
	}
	counts := map[event.Tier]api.Rate{}
	ring := c.hub.Recent()
	first, last := ring.Span()
	for last >= max(first, 1) {
		from := max(first-1, max(last, piece)-piece)
		items, ok := ring.Between(from, last, nil)
		if !ok || len(items) == 0 || now.Sub(items[len(items)-1].Event.ReceivedAt) > time.Hour {
			break
		}
		for _, it := range slices.Backward(items) {
			age := now.Sub(it.Event.ReceivedAt)
			rate := counts[it.Event.Tier]
			if age <= time.Minute {
				rate.PerMin++
			}
			if age <= time.Hour {
				rate.PerHour++
			}
			counts[it.Event.Tier] = rate
		}
		last = from
	}
	for tier, n := range c.ofDay(now) {
		rate := counts[tier]
		rate.Session = n
		counts[tier] = rate
	}
	c.taken, c.counts = now, counts
	return counts
}

// ofDay counts the events of the trading day, going on from where it was last. The caller holds the mutex.
func (c *rates) ofDay(now time.Time) map[event.Tier]int {
	if _, day := c.market().SessionAt(now); day != c.day {
		c.day, c.seen, c.session = day, 0, map[event.Tier]int{}
	}
	ring := c.hub.Recent()
	first, last := ring.Span()
	for first > 0 && c.seen < last {
		from := max(c.seen, first-1)
		upTo := min(from+piece, last)
		items, ok := ring.Between(from, upTo, nil)
		if !ok { // it has left the ring meanwhile
			first, _ = ring.Span()
			continue
		}
		for _, it := range items {
			if it.Event.SessionDate == c.day {
				c.session[it.Event.Tier]++
			}
		}
		c.seen = upTo
	}
	return c.session
}
