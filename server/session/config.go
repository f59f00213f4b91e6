package session

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"tierboard/shared/wire"
)

// Config sets the bounds of sessions. Start from DefaultConfig.
type Config struct {
	// Origins are the hosts, besides the one that is asked, whose pages may open a session: "board.example.com", or
	// with a scheme "https://board.example.com". A request without an Origin header does not come from a page and
	// is let in.
	Origins []string
	// PingEvery is how often the server pings a client.
	PingEvery time.Duration
	// IdleAfter is how long the answer to a ping may take before the connection counts as dead.
	IdleAfter time.Duration
	// WriteTimeout is how long writing one frame may take before the session is cut as too slow.
	WriteTimeout time.Duration
	// MaxSessions is how many sessions the server holds.
	MaxSessions int
	// MaxSessionsPerAddress is how many sessions one remote address may hold; loopback may hold any number.
	MaxSessionsPerAddress int
	// MaxSubscriptions is how many subscriptions one session may have.
	MaxSubscriptions int
	// RequestsPerSecond is how many frames a client may send a second; twice as many may come at once.
	RequestsPerSecond int
	// ReconnectWithin is the longest that a client is asked to wait before it comes back after a shutdown; each client
	// gets a random part of it, so that they do not come all at once.
	ReconnectWithin time.Duration
	// Build is the hash of the page's files, told in welcome.
	Build string
	// Demo is told in welcome: the feed is invented.
	Demo bool
	// Status returns the state of the feed, which a session gets right after welcome; nil sends none.
	Status func() *wire.Status
	// Crowd, unless it is nil, is told when hundreds of sessions a second begin to come, and when that is over: what their
	// handshakes leave behind is worth collecting then. It is called by one goroutine at a time and may take its time.
	Crowd func(coming bool)
}

// DefaultConfig returns the settings of the public contract.
func DefaultConfig() Config {
	return Config{
		PingEvery:             25 * time.Second,
		IdleAfter:             30 * time.Second,
		WriteTimeout:          10 * time.Second,
		MaxSessions:           20000,
		MaxSessionsPerAddress: 64,
		MaxSubscriptions:      16,
		RequestsPerSecond:     20,
		ReconnectWithin:       time.Second,
	}
}

// Validate reports every setting that is out of its range.
func (c Config) Validate() error {
	var errs []error
	check := func(ok bool, format string, args ...any) {
		if !ok {
			errs = append(errs, fmt.Errorf("session: "+format, args...))
		}
	}
	for _, o := range c.Origins {
		check(o != "" && !strings.ContainsAny(o, `*?[]\ `), "origins: %q is no host", o) // a pattern could let in more than it looks
	}
	check(c.PingEvery > 0, "ping_every: %v is not positive", c.PingEvery)
	check(c.IdleAfter > 0, "idle_after: %v is not positive", c.IdleAfter)
	check(c.WriteTimeout > 0, "write_timeout: %v is not positive", c.WriteTimeout)
	check(c.MaxSessions > 0, "max_sessions: %d is not positive", c.MaxSessions)
	check(c.MaxSessionsPerAddress > 0, "max_sessions_per_address: %d is not positive", c.MaxSessionsPerAddress)
	check(c.MaxSubscriptions > 0, "max_subscriptions: %d is not positive", c.MaxSubscriptions)
	check(c.RequestsPerSecond > 0, "requests_per_second: %d is not positive", c.RequestsPerSecond)
	check(c.ReconnectWithin >= 0 && c.ReconnectWithin <= time.Minute, "reconnect_within: %v is outside 0 to 1m", c.ReconnectWithin)
	return errors.Join(errs...)
}
