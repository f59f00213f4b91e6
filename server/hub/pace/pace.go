// Package pace decides how much leaves, and when: how long events wait for company, how many may leave in a second, and
// which go first when not all may.
//
// A Pace makes a shard's windows as long as the shard is busy. A Limiter is one session's log of what left in the last second;
// Room asks it how many more may. Best weeds out what is over that. None of them reads a clock: the moments are the
// caller's, in ascending order, so that all that happens in one turn of a shard happens at one moment.
//
// Everything here belongs to one goroutine, except Pace.Peek, which any may call.
package pace

import (
	"sync/atomic"
	"time"
)

// Pace chooses a shard's window by how busy the shard was in the last second: the shortest while it has time to spare,
// because waiting then buys nothing, and longer ones, which cost fewer frames, as it fills. Call Init before anything else.
type Pace struct {
	shortest, longest time.Duration
	window            time.Duration // for windows that open now
	now               atomic.Int64  // the same, for other goroutines

	since time.Time     // when the current second began
	idle  time.Duration // of it
}

// The busy shares at which the window starts to grow, has grown by four sevenths, and is the longest: with the default
// bounds 10, 50 and 80 ms.
const (
	easyShare = .30
	busyShare = .60
	fullShare = .85
	busyPart  = 4. / 7
)

// Init sets the bounds of the window, which is the shortest at first, and begins the first second.
func (p *Pace) Init(shortest, longest time.Duration, now time.Time) {
	p.shortest, p.longest, p.since = shortest, longest, now
	p.set(shortest)
}

// Window returns the window for what opens one now. Only the goroutine that calls Rest may ask.
func (p *Pace) Window() time.Duration { return p.window }

// Peek returns the same to any goroutine.
func (p *Pace) Peek() time.Duration { return time.Duration(p.now.Load()) }

// set puts a window in force.
func (p *Pace) set(w time.Duration) {
	p.window = w
	p.now.Store(int64(w))
}

// Rest notes that the shard had nothing to do between two moments, of which to is not before that of any earlier call. With
// crowded, events come faster than they leave, and the longest window is in force at once.
func (p *Pace) Rest(from, to time.Time, crowded bool) {
	p.idle += to.Sub(from)
	if total := to.Sub(p.since); total >= time.Second {
		p.set(p.of(1 - float64(p.idle)/float64(total)))
		p.since, p.idle = to, 0
	}
	if crowded {
		p.set(p.longest)
	}
}

// of returns the window for a busy share.
func (p *Pace) of(share float64) time.Duration {
	part := 0.
	switch {
	case share >= fullShare:
		part = 1
	case share >= busyShare:
		part = busyPart + (1-busyPart)*(share-busyShare)/(fullShare-busyShare)
	case share > easyShare:
		part = busyPart * (share - easyShare) / (busyShare - easyShare)
	}
	return p.shortest + time.Duration(part*float64(p.longest-p.shortest))
}
