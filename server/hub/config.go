package hub

import (
	"errors"
	"fmt"
	"time"

	"tierboard/shared/filter"
	"tierboard/shared/wire"
)

// Config sets the bounds of delivery. Start from DefaultConfig.
type Config struct {
	// WindowMin and WindowMax bound the window: the longest an event waits for company after the last frame of its
	// session, 0 to 100 ms. A shard with time to spare uses the shortest and a busy one longer ones. 0 sends every
	// event in a frame of its own.
	WindowMin, WindowMax time.Duration
	// Shards is how many goroutines deliver, each to its share of the sessions; 0 means one for each processor that
	// Go uses.
	Shards int
	// RateLimit is how many live events may leave to a session in any one second; 0 means no limit.
	RateLimit int
	// Ring is how many events are kept for replay, snapshots and recognising copies.
	Ring int
	// Inbox is how many accepted events may wait for a shard; Publish blocks when it is full.
	Inbox int
	// BatchBytes is the size of the events, in bytes, at which a batch leaves before its window closes.
	BatchBytes int
	// BatchEvents is the number of events at which a batch leaves before its window closes, and the most in a frame.
	BatchEvents int
	// OutboxBytes is how many bytes of batches may be queued for a session before it counts as lagging. A frame that was
	// begun below the bound may pass it.
	OutboxBytes int
	// ControlBytes is the same for answers, errors and status frames, which are never dropped: a session that does not read
	// that many is cut.
	ControlBytes int
	// Backlog is how many events wait as references for a lagging session before the least urgent are dropped.
	Backlog int
	// CutAfter is how long a session may lag without reading before it is cut with wire.CloseTooSlow.
	CutAfter time.Duration
	// Remember is how long a copy of an event under another id is recognised.
	Remember time.Duration
	// Schema says which filter keys are known and how large filters may be.
	Schema filter.Schema
}

// DefaultConfig returns the settings of the public contract: windows of 10 to 80 ms, 100 events a second, a ring of 65,536
// events, batches of 32 KB, outboxes of 128 KB and ten seconds of patience.
func DefaultConfig() Config {
	return Config{
		WindowMin:    10 * time.Millisecond,
		WindowMax:    80 * time.Millisecond,
		RateLimit:    100,
		Ring:         65536,
		Inbox:        8192,
		BatchBytes:   32 << 10,
		BatchEvents:  256,
		OutboxBytes:  128 << 10,
		ControlBytes: 256 << 10,
		Backlog:      512,
		CutAfter:     10 * time.Second,
		Remember:     10 * time.Minute,
		Schema:       filter.DefaultSchema(),
	}
}

// MaxWindow is the longest window that can be set, the specification's bound on a batch.
const MaxWindow = 100 * time.Millisecond

// Validate reports every setting that is out of its range.
func (c Config) Validate() error {
	var errs []error
	check := func(ok bool, format string, args ...any) {
		if !ok {
			errs = append(errs, fmt.Errorf("hub: "+format, args...))
		}
	}
	check(c.WindowMin >= 0 && c.WindowMin <= MaxWindow, "window_min: %v is outside 0 to %v", c.WindowMin, MaxWindow)
	check(c.WindowMax >= c.WindowMin && c.WindowMax <= MaxWindow, "window_max: %v is outside window_min (%v) to %v", c.WindowMax, c.WindowMin, MaxWindow)
	check(c.Shards >= 0 && c.Shards <= 1024, "shards: %d is outside 0 to 1024", c.Shards)
	check(c.RateLimit >= 0, "rate_limit: %d is negative", c.RateLimit)
	check(c.Ring >= 1, "ring: %d is less than 1", c.Ring)
	check(c.Inbox >= 1, "inbox: %d is less than 1", c.Inbox)
	check(c.BatchBytes >= 1 && c.BatchBytes <= wire.MaxFrame/4, "batch_bytes: %d is outside 1 to %d", c.BatchBytes, wire.MaxFrame/4)
	check(c.BatchEvents >= 1 && c.BatchEvents <= 10000, "batch_events: %d is outside 1 to 10000", c.BatchEvents)
	check(c.OutboxBytes >= 1, "outbox_bytes: %d is less than 1", c.OutboxBytes)
	check(c.ControlBytes >= 2*wire.MaxRequest, "control_bytes: %d is less than two requests (%d)", c.ControlBytes, 2*wire.MaxRequest)
	check(c.Backlog >= 1, "backlog: %d is less than 1", c.Backlog)
	check(c.CutAfter > 0, "cut_after: %v is not positive", c.CutAfter)
	check(c.Remember >= 0, "remember: %v is negative", c.Remember)
	check(c.Schema.Limits.Filters >= 1, "schema: allows no filter")
	return errors.Join(errs...)
}
