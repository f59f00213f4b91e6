package outcomes

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"tierboard/server/classify/found"
	"tierboard/server/ingest/follow"
	"tierboard/server/metrics"
)

// shelf keeps outcomes, or refuses them.
type shelf struct {
	mu      sync.Mutex
	fail    bool
	symbols []string
	batches int
}

func (s *shelf) AddOutcomes(_ context.Context, list []found.Outcome) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.fail {
		return 0, errors.New("away")
	}
	s.batches++
	for _, o := range list {
		s.symbols = append(s.symbols, o.Symbol)
	}
	return 0, nil
}

func (s *shelf) set(fail bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.fail = fail
}

func TestOutcomesAreSafeWhenTheyAreStored(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &shelf{fail: true}
		o := New(s, metrics.New(), slog.New(slog.DiscardHandler))
		ctx, cancel := context.WithCancel(t.Context())
		ended := make(chan error, 1)
		go func() { ended <- o.Run(ctx) }()
		if err := o.Barrier(ctx); err != nil {
			t.Error("nothing is to be waited for, but:", err)
		}
		for range 3 * mostTogether {
			o.Add([]found.Outcome{{Symbol: "A"}})
		}
		short, done := context.WithTimeout(ctx, time.Hour)
		defer done()
		if err := o.Barrier(short); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("while the database is away the barrier gives %v", err)
		}
		passed := make(chan error, 1)
		go func() { passed <- o.Barrier(ctx) }()
		synctest.Wait()
		if len(passed) > 0 {
			t.Error("the barrier does not wait")
		}
		s.set(false)
		if err := <-passed; err != nil {
			t.Error(err)
		}
		if len(s.symbols) != 3*mostTogether || s.batches > 5 {
			t.Errorf("%d outcomes in %d batches", len(s.symbols), s.batches)
		}

		s.set(true)
		for range 2 * mostWaiting {
			o.Add([]found.Outcome{{Symbol: "A"}})
		}
		cancel()
		if err := <-ended; err != nil {
			t.Error(err)
		}
		if err := o.Barrier(ctx); !errors.Is(err, context.Canceled) {
			t.Errorf("what will never be stored is told as safe: %v", err)
		}
	})
}

// TestOutcomesThatHadNoRoomAreToldByTheBarrier fills the queue while the database is away, and once more when streams are read
// again: then there is a wait for room as long as the database takes what comes.
func TestOutcomesThatHadNoRoomAreToldByTheBarrier(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, m := &shelf{fail: true}, metrics.New()
		o := New(s, m, slog.New(slog.DiscardHandler))
		ctx, cancel := context.WithCancel(t.Context())
		ended := make(chan error, 1)
		go func() { ended <- o.Run(ctx) }()
		one := []found.Outcome{{Symbol: "A"}}
		for range mostWaiting + 2*mostTogether {
			o.Add(one)
		}
		s.set(false)
		if err := o.Barrier(ctx); !errors.Is(err, follow.ErrLost) {
			t.Errorf("after a loss the barrier gives %v", err)
		}
		kept := len(s.symbols)
		if err := o.Barrier(ctx); err != nil {
			t.Error("a loss is told twice:", err)
		}
		if kept < mostWaiting || kept >= mostWaiting+2*mostTogether {
			t.Errorf("%d outcomes were kept", kept)
		}

		o.Rereading(true)
		for range 3 * mostWaiting {
			o.Add(one)
		}
		if err := o.Barrier(ctx); err != nil {
			t.Errorf("while streams are read again the barrier gives %v", err)
		}
		if got := len(s.symbols) - kept; got != 3*mostWaiting {
			t.Errorf("%d outcomes were kept, want all %d", got, 3*mostWaiting)
		}
		s.set(true) // and it goes away once more: nobody waits for it
		for range 2 * mostWaiting {
			o.Add(one)
		}
		o.Rereading(false)
		s.set(false)
		if err := o.Barrier(ctx); !errors.Is(err, follow.ErrLost) {
			t.Errorf("after another loss the barrier gives %v", err)
		}

		o.Rereading(true)
		cancel()
		if err := <-ended; err != nil {
			t.Error(err)
		}
		for range 2 * mostWaiting { // whoever comes after the end does not wait for ever
			o.Add(one)
		}
	})
}
