package hub

import (
	"testing"
	"testing/synctest"
	"time"

	"tierboard/shared/filter"
	"tierboard/shared/wire"
)

// tight makes outboxes that one batch fills.
func tight(c *Config) {
	c.RateLimit, c.OutboxBytes, c.BatchEvents, c.Backlog = 0, 200, 8, 20
}

func TestASlowConsumerDropsTheLeastUrgentThenTheOldest(t *testing.T) {
	start(t, tight, func(r *rig) {
		hold := make(chan struct{})
		l := r.listen(hold)
		l.subscribe("main", &wire.Resume{Epoch: r.Epoch()}, filter.Filter{})
		r.publish(nil) // fills the outbox
		for i := range 50 {
			if i%5 == 0 {
				r.publish(urgent(.95)) // e2, e7, … e47
				continue
			}
			r.publish(urgent(.65))
			synctest.Wait()
		}
		time.Sleep(time.Second)
		close(hold)
		time.Sleep(time.Second)
		got := l.look()
		if got.dropped != 30 || len(got.live) != 21 {
			t.Errorf("%d dropped, %d came; want 30 and 21", got.dropped, len(got.live))
		}
		for _, id := range []string{"e1", "e2", "e7", "e47", "e51", "e41"} {
			if got.all[id] != 1 {
				t.Errorf("%s came %d times, want once", id, got.all[id])
			}
		}
		if got.all["e3"] != 0 {
			t.Error("the oldest of the least urgent was kept")
		}
		if s := r.Stats(); s.Dropped != 30 || got.last != 51 {
			t.Errorf("stats %+v and position %d, want 30 dropped at 51", s, got.last)
		}
		r.publish(nil)
		if n := len(l.look().live); n != 22 {
			t.Errorf("%d after it caught up, want the next event at once", n)
		}
	})
}

func TestASessionThatKeepsLaggingIsCut(t *testing.T) {
	start(t, tight, func(r *rig) {
		hold := make(chan struct{})
		slow, quick := r.listen(hold), r.listen(nil)
		for _, l := range []*listener{slow, quick} {
			l.subscribe("main", &wire.Resume{Epoch: r.Epoch()}, filter.Filter{})
		}
		began := time.Now()
		r.burst(2) // the second one does not fit
		<-slow.Cut()
		if d := time.Since(began); d < 10*time.Second || d > 10*time.Second+20*time.Millisecond {
			t.Errorf("cut after %v, want CutAfter from the first refusal on", d)
		}
		if c := slow.Cause(); c == nil || c.Code != wire.CloseTooSlow || c.Error() == "" {
			t.Errorf("cause %v, want too slow", c)
		}
		synctest.Wait()
		if s := r.Stats(); s.Sessions != 1 || s.Subscriptions != 1 {
			t.Errorf("stats %+v, want the slow one gone", s)
		}
		r.publish(nil)
		if n := len(quick.look().live); n != 3 {
			t.Errorf("the other one got %d, want 3", n)
		}
		close(hold)
		if code := closeCode(<-slow.end); code != wire.CloseTooSlow {
			t.Errorf("Next ended with %d, want too slow", code)
		}
	})
}

func TestASessionThatReadsSlowlyIsNotCut(t *testing.T) {
	start(t, tight, func(r *rig) {
		hold := make(chan struct{})
		l := r.listen(hold)
		l.subscribe("main", &wire.Resume{Epoch: r.Epoch()}, filter.Filter{})
		r.burst(3)
		time.Sleep(9 * time.Second)
		hold <- struct{}{} // only the first read waits
		time.Sleep(5 * time.Second)
		r.publish(nil)
		if got := l.look(); len(got.live) != 4 || l.Cause() != nil {
			t.Errorf("%d events, cause %v; want 4 and no cut", len(got.live), l.Cause())
		}
	})
}

func TestASlowSessionDelaysNobody(t *testing.T) {
	start(t, tight, func(r *rig) {
		slow, quick := r.listen(make(chan struct{})), r.listen(nil)
		for _, l := range []*listener{slow, quick} {
			l.subscribe("main", &wire.Resume{Epoch: r.Epoch()}, filter.Filter{})
		}
		for i := range 100 {
			r.publish(nil)
			if n := len(quick.look().live); n != i+1 {
				t.Fatalf("%d events at once, want %d", n, i+1)
			}
			time.Sleep(10 * time.Millisecond)
		}
		slow.Close()
		close(slow.hold)
	})
}

func TestAnswersThatAreNotReadCutTheSession(t *testing.T) {
	start(t, nil, func(r *rig) {
		hold := make(chan struct{})
		l := r.listen(hold)
		for range 20000 {
			l.Send(&wire.Pong{ID: "0123456789"})
		}
		select {
		case <-l.Cut():
		default:
			t.Error("not cut")
		}
		l.Send(&wire.Pong{}) // does nothing
		close(hold)
		if code := closeCode(<-l.end); code != wire.CloseTooSlow {
			t.Errorf("ended with %d, want too slow", code)
		}
	})
}

func TestSnapshotsThatAreNotReadCutTheSession(t *testing.T) {
	start(t, tight, func(r *rig) {
		r.burst(30)
		hold := make(chan struct{})
		l := r.listen(hold)
		for i := range mostBackfills + 2 {
			l.subscribe(string(rune('A'+i)), nil, filter.Filter{})
		}
		if c := l.Cause(); c == nil || c.Code != wire.CloseTooSlow {
			t.Errorf("cause %v, want too slow", c)
		}
		l.unsubscribe("A") // too late, and harmless
		close(hold)
	})
}

func TestWhatIsDroppedIsToldInTheNextBatch(t *testing.T) {
	start(t, func(c *Config) { tight(c); c.Backlog = 1 }, func(r *rig) {
		hold := make(chan struct{})
		l := r.listen(hold)
		l.subscribe("main", &wire.Resume{Epoch: r.Epoch()}, filter.Filter{})
		r.publish(nil)
		time.Sleep(time.Second) // its window closes
		r.burst(4)
		synctest.Wait()
		close(hold)
		time.Sleep(time.Second)
		bs := l.batches("")
		if len(bs) != 2 || bs[0].Dropped != 0 || bs[1].Dropped != 3 || bs[1].Events[0].ID != "e5" {
			t.Errorf("batches %+v, want the newest event and 3 dropped in the second", bs)
		}
	})
}
