// Package outcomes brings what became of events into the database: a bounded queue between those who hear of it and the one who stores it.
package outcomes

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"tierboard/server/classify/found"
	"tierboard/server/ingest/follow"
	"tierboard/server/metrics"
)

// The bounds of outcomes that wait for the database: messages that wait, and outcomes stored together.
const (
	mostWaiting  = 4096
	mostTogether = 200
)

// Store keeps outcomes; *store.Store is one.
type Store interface {
	// AddOutcomes keeps them all or returns an error, and tells how many belong to no event.
	AddOutcomes(ctx context.Context, outcomes []found.Outcome) (unmatched int, err error)
}

// Queue is outcomes on their way into the database. While it is away, what does not fit is counted as dropped,
// and the next barrier says so: a producer that publishes sends outcomes again when they change, and what came from a stream is
// read again. Then, with the database back, there is a wait for room instead, so that reading again comes to an end.
// All methods may be called by any number of goroutines.
type Queue struct {
	store   Store
	waiting chan []found.Outcome
	m       *metrics.Metrics
	log     *slog.Logger

	mu      sync.Mutex
	taken   uint64        // guarded by mu: messages that were put into waiting
	stored  uint64        // guarded by mu: of these, how many are in the database
	changed chan struct{} // guarded by mu: closed when stored grows, and when the database fails
	failing bool          // guarded by mu: the database did not take the last batch
	again   int           // guarded by mu: how many streams are read again
	lost    bool          // guarded by mu: something was dropped since the last barrier
}

// New returns an empty Queue. Nothing is stored before Run.
func New(s Store, m *metrics.Metrics, log *slog.Logger) *Queue {
	return &Queue{store: s, waiting: make(chan []found.Outcome, mostWaiting), m: m, log: log, changed: make(chan struct{})}
}

// Add takes the outcomes of a message. It waits for nothing but room, and only while streams are read again and the database
// takes what comes.
func (o *Queue) Add(list []found.Outcome) {
	for {
		o.mu.Lock()
		select {
		case o.waiting <- list:
			o.taken++
			o.mu.Unlock()
			return
		default:
		}
		if o.again == 0 || o.failing {
			o.lost = true
			o.mu.Unlock()
			o.m.OutcomesDropped.Add(float64(len(list)))
			return
		}
		changed := o.changed
		o.mu.Unlock()
		<-changed
	}
}

// Rereading tells that a stream begins to be read again, or that it no longer is.
func (o *Queue) Rereading(on bool) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if on {
		o.again++
	} else {
		o.again--
	}
}

// tell notes how the database took a batch of so many messages, 0 if it did not, and wakes those who wait.
func (o *Queue) tell(stored uint64) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.stored += stored
	o.failing = stored == 0
	close(o.changed)
	o.changed = make(chan struct{})
}

// Barrier waits until everything that was taken before the call is in the database. It returns follow.ErrLost if something was
// dropped since the last time it did, and ctx's error when ctx ends first.
func (o *Queue) Barrier(ctx context.Context) error {
	o.mu.Lock()
	target := o.taken
	o.mu.Unlock()
	for {
		o.mu.Lock()
		done, lost, changed := o.stored >= target, o.lost, o.changed
		if done {
			o.lost = false
		}
		o.mu.Unlock()
		switch {
		case done && lost:
			return follow.ErrLost
		case done:
			return nil
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// Run stores outcomes until ctx ends, and then returns nil. It is called once. What the database refuses is tried again, for it is the only copy.
func (o *Queue) Run(ctx context.Context) error {
	defer o.tell(0) // nobody takes anything any more
	for {
		var batch []found.Outcome
		var messages uint64
		select {
		case <-ctx.Done():
			return nil
		case list := <-o.waiting:
			batch, messages = append(batch, list...), 1
		}
	together:
		for len(batch) < mostTogether {
			select {
			case list := <-o.waiting:
				batch, messages = append(batch, list...), messages+1
			default:
				break together
			}
		}
		for pause := time.Second; ; pause = min(2*pause, 30*time.Second) {
			if _, err := o.store.AddOutcomes(ctx, batch); err == nil {
				break
			} else if o.tell(0); ctx.Err() == nil {
				o.log.Warn("outcomes wait for the database", slog.Int("outcomes", len(batch)), slog.Any("err", err))
			}
			timer := time.NewTimer(pause)
			select {
			case <-ctx.Done():
				timer.Stop()
				return nil
			case <-timer.C:
			}
		}
		o.tell(messages)
	}
}
