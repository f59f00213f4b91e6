package daemon

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"tierboard/server/classify"
	"tierboard/server/metrics"
)

// The bounds of outcomes that wait for the database: messages that wait, and outcomes stored together.
const (
	mostWaiting  = 4096
	mostTogether = 200
)

// outcomeStore keeps outcomes; *store.Store is one.
type outcomeStore interface {
	AddOutcomes(ctx context.Context, outcomes []classify.Outcome) (unmatched int, err error)
}

// outcomes are what became of events, on their way into the database. While it is away or slow, what does not fit is counted as
// dropped; the producer sends outcomes again when they change.
type outcomes struct {
	store   outcomeStore
	waiting chan []classify.Outcome
	m       *metrics.Metrics
	log     *slog.Logger

	mu      sync.Mutex
	taken   uint64        // guarded by mu: messages that were put into waiting
	stored  uint64        // guarded by mu: of these, how many are in the database
	changed chan struct{} // guarded by mu: closed when stored grows
}

func newOutcomes(s outcomeStore, m *metrics.Metrics, log *slog.Logger) *outcomes {
	return &outcomes{store: s, waiting: make(chan []classify.Outcome, mostWaiting), m: m, log: log, changed: make(chan struct{})}
}

// add takes the outcomes of a message. It never waits.
func (o *outcomes) add(list []classify.Outcome) {
	o.mu.Lock()
	defer o.mu.Unlock()
	select {
	case o.waiting <- list:
		o.taken++
	default:
		o.m.OutcomesDropped.Add(float64(len(list)))
	}
}

// barrier waits until everything that was taken before the call is in the database. It returns ctx's error when ctx ends first.
func (o *outcomes) barrier(ctx context.Context) error {
	o.mu.Lock()
	target := o.taken
	o.mu.Unlock()
	for {
		o.mu.Lock()
		done, changed := o.stored >= target, o.changed
		o.mu.Unlock()
		if done {
			return nil
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// run stores outcomes until ctx ends. What the database refuses is tried again, for it is the only copy.
func (o *outcomes) run(ctx context.Context) error {
	for {
		var batch []classify.Outcome
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
			} else if ctx.Err() == nil {
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
		o.mu.Lock()
		o.stored += messages
		close(o.changed)
		o.changed = make(chan struct{})
		o.mu.Unlock()
	}
}
