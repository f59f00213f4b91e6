package session

import (
	"sync"
	"time"
)

const (
	// crowdAt is how many sessions within a second are a crowd.
	crowdAt = 200
	// crowdOver is how long fewer must have come before the crowd is over.
	crowdOver = time.Second
)

// crowd notices when many sessions come at once, as after a restart, and when that is over.
type crowd struct {
	tell func(coming bool)

	mu     sync.Mutex
	since  time.Time // when the current second began
	came   int       // in it
	last   time.Time // when sessions came as a crowd last
	coming bool
	timer  *time.Timer // runs while coming

	telling sync.Mutex // held while tell is called
	told    bool       // guarded by telling: what tell was told last
}

// note counts a session that comes now. It does not wait for what tell does.
func (c *crowd) note(now time.Time) {
	if c.tell == nil {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if now.Sub(c.since) >= time.Second {
		c.since, c.came = now, 0
	}
	if c.came++; c.came < crowdAt {
		return
	}
	c.last = now
	if !c.coming {
		c.coming = true
		if c.timer == nil {
			c.timer = time.AfterFunc(0, c.check)
		} else {
			c.timer.Reset(0)
		}
	}
}

// check tells that a crowd comes, and once it is over that it is; the timer calls it.
func (c *crowd) check() {
	c.say()
	c.mu.Lock()
	if left := crowdOver - time.Since(c.last); left > 0 {
		c.timer.Reset(left)
		c.mu.Unlock()
		return
	}
	c.coming = false
	c.mu.Unlock()
	c.say()
}

// say tells what has changed.
func (c *crowd) say() {
	c.telling.Lock()
	defer c.telling.Unlock()
	c.mu.Lock()
	coming := c.coming
	c.mu.Unlock()
	if coming != c.told {
		c.told = coming
		c.tell(coming)
	}
}

// end says that a crowd is over and waits until that is done. No session may come afterwards.
func (c *crowd) end() {
	if c.tell == nil {
		return
	}
	c.mu.Lock()
	c.coming, c.last = false, time.Time{}
	if c.timer != nil {
		c.timer.Stop()
	}
	c.mu.Unlock()
	c.say()
}
