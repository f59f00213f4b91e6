package hub

import (
	"sync/atomic"
	"time"
)

// pace chooses a shard's window by how busy the shard was in the last second: the shortest while it has time to spare,
// because waiting then buys nothing, and longer ones, which cost fewer frames, as it fills.
type pace struct {
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

func (p *pace) init(shortest, longest time.Duration, now time.Time) {
	p.shortest, p.longest, p.since = shortest, longest, now
	p.set(shortest)
}

func (p *pace) set(w time.Duration) {
	p.window = w
	p.now.Store(int64(w))
}

// rest notes that the shard had nothing to do between two moments. With crowded, events come faster than they leave, and
// the longest window is in force at once.
func (p *pace) rest(from, to time.Time, crowded bool) {
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
func (p *pace) of(share float64) time.Duration {
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
