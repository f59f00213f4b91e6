package archive

import (
	"errors"
	"log/slog"
	"os"
	"testing"
	"testing/synctest"
	"time"

	"tierboard/server/metrics"
	"tierboard/shared/event"
)

// What was taken and could not be put away comes back to a queue that others have filled meanwhile.
func TestWhatComesBackKeepsTheBound(t *testing.T) {
	m := metrics.New()
	q := newQueue(Config{Queue: 10, QueueBytes: 1 << 20, Batch: 5}, m)
	for i := range 10 {
		q.add(makeEvent(i, tierOf(i))) // 3 is a combo, 5 and 7 are daily
	}
	taken := q.take(5, combo)
	for i := range 5 {
		q.add(makeEvent(10+i, event.Daily))
	}
	q.putBack(taken)
	if n := q.len(); n != 10 {
		t.Errorf("%d events, want the bound of 10", n)
	}
	if n := (&running{m: m}).dropped("queue_full"); n != 5 {
		t.Errorf("%d counted as dropped, want 5", n)
	}
	left := map[string]bool{}
	for _, it := range q.take(10, combo) {
		left[it.e.ID] = true
	}
	for _, id := range []string{"000003", "000005", "000007", "000008", "000009", "000014"} {
		if !left[id] {
			t.Errorf("%s is gone, though older intraday events could go: %v", id, left)
		}
	}
}

// Who waits for events that the queue's bound drops is told, though nothing is ever stored.
func TestBarrierEndsWhenWhatItWaitsForIsDropped(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cfg := quick(t)
		a, err := New(cfg, &database{}, metrics.New(), slog.New(slog.DiscardHandler))
		if err != nil {
			t.Fatal(err)
		}
		for i := range 3 {
			a.Add(makeEvent(i, event.Intraday))
		}
		passed := make(chan error, 1)
		go func() { passed <- a.Barrier(t.Context()) }()
		synctest.Wait()
		for i := range cfg.Queue {
			if len(passed) > 0 {
				t.Fatalf("the barrier ends after %d more events, while the first are still there", i)
			}
			a.Add(makeEvent(3+i, event.Intraday))
			synctest.Wait()
		}
		if len(passed) == 0 {
			t.Fatal("the barrier waits for events that are gone")
		}
		if err := <-passed; err != nil {
			t.Error(err)
		}
		if n := a.Health().Lost; n != 3 {
			t.Errorf("%d events are told as lost, want 3", n)
		}
	})
}

// The end of an archive that can write nowhere leaves nobody waiting.
func TestBarrierEndsWithAnArchiveThatWritesNowhere(t *testing.T) {
	cfg := quick(t)
	r := start(t, cfg, &database{fail: errors.New("away")})
	if err := os.RemoveAll(cfg.Dir); err != nil {
		t.Fatal(err)
	}
	add(r, 0, 20)
	passed := make(chan error, 1)
	go func() { passed <- r.Barrier(t.Context()) }()
	if err := r.stop(); err == nil {
		t.Error("events that could be written nowhere are no error")
	}
	select {
	case err := <-passed:
		if err != nil {
			t.Error(err)
		}
	case <-time.After(time.Minute):
		t.Fatal("the barrier waits for ever")
	}
	if h := r.Health(); h.Lost != 20 || h.Queue != 0 || !h.StoredAt.IsZero() {
		t.Errorf("%+v, want 20 lost and nothing stored", h)
	}
}
