package live

import (
	"sort"
	"time"
)

// skewWindow is how long a sample of the clock counts, at least; twice that at most.
const skewWindow = 5 * time.Minute

// clock estimates how far the local clock is ahead of the server's.
type clock struct {
	now, before time.Duration // smallest local − server in this window and in the one before
	known       bool
	hasBefore   bool
	since       time.Time
	rtt         time.Duration
}

// restart forgets what the last connection told: the next may end at another machine.
func (c *clock) restart() { *c = clock{} }

// sample takes a server time that has just arrived.
func (c *clock) sample(local, server time.Time) {
	if server.IsZero() {
		return
	}
	d := local.Sub(server)
	switch {
	case !c.known:
		c.now, c.known, c.since = d, true, local
	case local.Sub(c.since) >= skewWindow:
		c.before, c.hasBefore = c.now, true
		c.now, c.since = d, local
	default:
		c.now = min(c.now, d)
	}
}

// roundTrip takes the time from a ping to its pong. It reports whether that is the quickest of several.
func (c *clock) roundTrip(d time.Duration) (better bool) {
	if d <= 0 || (c.rtt > 0 && d >= c.rtt) {
		return false
	}
	better = c.rtt > 0
	c.rtt = d
	return better
}

// skew returns the estimate; false if there is none.
func (c *clock) skew() (time.Duration, bool) {
	d := c.now
	if c.hasBefore {
		d = min(d, c.before)
	}
	return d - c.rtt/2, c.known
}

// Bounds of the latency samples.
const (
	latencyWindow  = 5 * time.Minute
	latencySamples = 512
)

// Latency sums up how long events took.
type Latency struct {
	P50, P95, Max time.Duration
	N             int // samples; 0 means that the others say nothing
}

// latencyRing keeps the newest samples; the oldest are overwritten.
type latencyRing struct {
	at   [latencySamples]time.Time
	took [latencySamples]time.Duration
	next int
	n    int
}

// add takes a sample.
func (r *latencyRing) add(now time.Time, d time.Duration) {
	r.at[r.next], r.took[r.next] = now, d
	r.next = (r.next + 1) % latencySamples
	r.n = min(r.n+1, latencySamples)
}

// stats sums up the samples of the window before now.
func (r *latencyRing) stats(now time.Time) Latency {
	ds := make([]time.Duration, 0, r.n)
	for i := range r.n {
		if now.Sub(r.at[i]) <= latencyWindow {
			ds = append(ds, r.took[i])
		}
	}
	if len(ds) == 0 {
		return Latency{}
	}
	sort.Slice(ds, func(i, j int) bool { return ds[i] < ds[j] })          //nolint:modernize // slices.Sort has a body for each type, which browsers would download
	rank := func(p int) time.Duration { return ds[(len(ds)*p+99)/100-1] } // nearest rank
	return Latency{P50: rank(50), P95: rank(95), Max: ds[len(ds)-1], N: len(ds)}
}
