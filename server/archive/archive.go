// Package archive is the writer behind the live path: it takes every accepted event, never makes the caller wait, and sees to it
// that the database gets them all.
//
// # Flow
//
// Add puts an event into a queue in memory. One goroutine takes batches from it (Config.Batch events, or what came within
// Config.Window) and hands them to the Sink, which is idempotent. A second one looks after the queue: when the database
// has not answered for Config.SpillAfter it writes everything, the batch under way included, to files in
// Config.Dir; when the database is only slow and the queue three quarters full, the oldest events that are no combos. The
// files are read back, the oldest first, as soon as the database answers, in turns with what is new, and are deleted when all
// of their events are stored. Files that an earlier life left behind are read back too.
//
// # What can be lost
//
// An orderly stop loses nothing: Run stores what is left, or writes it to a file. A process that is killed loses what is in
// memory: what came within the last Config.Window and the time the database needs for a batch, and in the first
// Config.SpillAfter of an outage what came since it began. With the defaults that is 50 ms and some milliseconds, or at
// most about one second. A power cut can in addition cost what the operating system had not written yet.
//
// Three bounds drop events, each counted by reason: the files together are larger than Config.SpillBytes (the oldest
// intraday file goes, then the oldest other one, combos last); the queue is full because not even a file can
// be written (the oldest intraday event goes first); an event comes after Run has ended.
package archive

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"tierboard/server/metrics"
	"tierboard/shared/event"
)

// Config bounds what is held, and where.
type Config struct {
	// Dir is where events wait while the database is away; it is made if it is not there. It belongs to one server.
	Dir string
	// Queue and QueueBytes bound the events in memory.
	Queue      int
	QueueBytes int
	// Batch is the most events handed to the database at once.
	Batch int
	// Window is the longest an event waits for company in its batch, at least 1 ms.
	Window time.Duration
	// Timeout is how long the database may take for a batch.
	Timeout time.Duration
	// SpillAfter is how long the database may fail before events go to a file, at least Window.
	SpillAfter time.Duration
	// SpillBytes bounds the files together, SegmentBytes is about the size of one.
	SpillBytes   int64
	SegmentBytes int64
	// RetryMin and RetryMax bound the pause before the database is tried again; it doubles, and a random part is waited.
	RetryMin time.Duration
	RetryMax time.Duration
	// Drain is how long Run goes on storing after its context ended; then the rest goes to a file.
	Drain time.Duration
}

// DefaultConfig holds 65,536 events or 128 MB in memory and 2 GB in files. Dir is left empty.
func DefaultConfig() Config {
	return Config{
		Queue: 1 << 16, QueueBytes: 128 << 20, Batch: 500, Window: 50 * time.Millisecond, Timeout: 10 * time.Second,
		SpillAfter: time.Second, SpillBytes: 2 << 30, SegmentBytes: 8 << 20,
		RetryMin: 100 * time.Millisecond, RetryMax: 2 * time.Second, Drain: 5 * time.Second,
	}
}

// Validate reports the first field that cannot be used, by name.
func (c Config) Validate() error {
	bad := func(field, rule string) error { return fmt.Errorf("archive: %s must be %s", field, rule) }
	switch {
	case c.Dir == "":
		return errors.New("archive: Dir is missing")
	case c.Batch < 1:
		return bad("Batch", "at least 1")
	case c.Queue < 2*c.Batch:
		return bad("Queue", "at least twice Batch")
	case c.QueueBytes < 1<<20:
		return bad("QueueBytes", "at least 1 MB")
	case c.Window < time.Millisecond:
		return bad("Window", "at least 1ms")
	case c.Timeout <= 0:
		return bad("Timeout", "more than 0")
	case c.SpillAfter < c.Window:
		return bad("SpillAfter", "at least Window")
	case c.SegmentBytes < 1 || c.SpillBytes < 2*c.SegmentBytes:
		return bad("SpillBytes", "at least twice SegmentBytes")
	case c.RetryMin <= 0 || c.RetryMax < c.RetryMin:
		return bad("RetryMin", "more than 0 and at most RetryMax")
	case c.Drain <= 0:
		return bad("Drain", "more than 0")
	}
	return nil
}

// Sink is the database; *store.Store is one.
type Sink interface {
	// Upsert stores events; storing one again changes nothing. An error means that it is worth trying again.
	Upsert(ctx context.Context, events []*event.Event) error
}

// Archive is the writer. Make one with New. All methods may be called by any number of goroutines.
type Archive struct {
	cfg   Config
	sink  Sink
	log   *slog.Logger
	m     *metrics.Metrics
	queue *queue
	spill *spill

	mu      sync.Mutex
	trying  time.Time // since when no batch has been stored although one is to be; zero if all is well; guarded by mu
	lastErr string    // guarded by mu
	failed  time.Time // when lastErr was; guarded by mu
	stored  time.Time // when the sink last took a batch; guarded by mu
	changed chan struct{}
}

// New returns an Archive that stores nothing before Run; it finds the files that an earlier life left.
func New(cfg Config, sink Sink, m *metrics.Metrics, log *slog.Logger) (*Archive, error) {
	if err := cfg.Validate(); err != nil {
		return nil, err
	}
	if sink == nil {
		return nil, errors.New("archive: a Sink is needed")
	}
	sp, err := openSpill(cfg, m, log)
	if err != nil {
		return nil, err
	}
	return &Archive{cfg: cfg, sink: sink, log: log, m: m, queue: newQueue(cfg, m), spill: sp, changed: make(chan struct{})}, nil
}

// Add takes an event, which must not change any more. It never waits for anything but a short lock and never fails.
func (a *Archive) Add(e *event.Event) {
	if a.queue.add(e) > 0 {
		a.tell() // somebody may wait for one that is gone
	}
}

// Health is how the archive is.
type Health struct {
	Queue      int       // events in memory
	SpillBytes int64     // in files
	Failing    bool      // the database does not take events
	Since      time.Time // since when; zero if it does
	LastError  string    // the last failure, for operators
	FailedAt   time.Time // when that was
	Losing     bool      // events were dropped since the files were last empty
	Lost       uint64    // events dropped since the start, for whatever reason
	StoredAt   time.Time // when the database last took a batch; zero before the first
}

// Health returns how the archive is.
func (a *Archive) Health() Health {
	a.mu.Lock()
	defer a.mu.Unlock()
	h := Health{Queue: a.queue.len(), LastError: a.lastErr, FailedAt: a.failed, StoredAt: a.stored}
	if !a.trying.IsZero() && (!a.failed.Before(a.trying) || time.Since(a.trying) >= a.cfg.SpillAfter) {
		h.Failing, h.Since = true, a.trying
	}
	var spilled, queued uint64
	var full bool
	h.SpillBytes, h.Losing, spilled = a.spill.state()
	full, queued = a.queue.losing()
	h.Losing, h.Lost = h.Losing || full, spilled+queued
	return h
}

// Barrier waits until every event that was added before the call is stored or in a file, so that losing the memory would
// not lose it, or was dropped at a bound, so that waiting is of no use. It returns early, with ctx's error, when ctx ends.
func (a *Archive) Barrier(ctx context.Context) error {
	target := a.queue.newest()
	for {
		a.mu.Lock()
		changed := a.changed
		a.mu.Unlock()
		if a.queue.settled() >= target {
			return nil
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-changed:
		}
	}
}

// tell wakes those who wait for a Barrier.
func (a *Archive) tell() {
	a.mu.Lock()
	defer a.mu.Unlock()
	close(a.changed)
	a.changed = make(chan struct{})
}

// Run stores events until ctx ends, then what is left, and returns nil; what the database does not take in Config.Drain goes
// to a file, and only what no file takes is an error. Whoever adds events must have ended before ctx does. It must be
// called once.
func (a *Archive) Run(ctx context.Context) error {
	watching, stop := context.WithCancel(context.WithoutCancel(ctx))
	defer stop()
	var running sync.WaitGroup
	running.Go(func() { a.watch(watching) })
	a.write(ctx)
	stop()
	running.Wait()
	return a.finish()
}
