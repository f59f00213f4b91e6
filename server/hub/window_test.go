package hub

import (
	"testing"
	"testing/synctest"
	"time"

	"tierboard/shared/filter"
	"tierboard/shared/wire"
)

func TestAQuietSessionGetsAnEventAtOnce(t *testing.T) {
	start(t, func(c *Config) { c.WindowMin, c.WindowMax = 50*time.Millisecond, 50*time.Millisecond }, func(r *rig) {
		l := r.listen(nil)
		l.subscribe("main", nil, filter.Filter{})
		for i := range 3 {
			before := time.Now()
			r.publish(nil)
			got := l.look().frames // the acknowledgement and the snapshot are the first two
			if len(got) != i+3 || !got[i+2].at.Equal(before) {
				t.Fatalf("event %d: %d frames, the last at %v, want it at once", i, len(got), got[len(got)-1].at.Sub(before))
			}
			time.Sleep(50 * time.Millisecond) // the window closes
		}
	})
}

func TestEventsAfterTheLeadingEdgeShareABatchWhenTheWindowCloses(t *testing.T) {
	start(t, func(c *Config) { c.WindowMin, c.WindowMax = 50*time.Millisecond, 50*time.Millisecond }, func(r *rig) {
		l := r.listen(nil)
		l.subscribe("main", nil, filter.Filter{})
		began := time.Now()
		r.publish(nil)
		for range 4 {
			time.Sleep(9 * time.Millisecond) // in its last fifth an event may take the others along
			r.publish(nil)
		}
		if got := l.batches(""); len(got) != 1 {
			t.Fatalf("%d batches inside the window, want 1", len(got))
		}
		time.Sleep(14 * time.Millisecond)
		got := l.batches("")
		if len(got) != 2 || len(got[1].Events) != 4 || got[1].Seq != 5 {
			t.Fatalf("batches %+v, want a second one with the 4 later events", got)
		}
		if at := l.look().frames[3].at.Sub(began); at != 50*time.Millisecond {
			t.Errorf("the second batch came after %v, want exactly the window", at)
		}
	})
}

func TestWindowZeroSendsEachEventByItself(t *testing.T) {
	start(t, func(c *Config) { c.WindowMin, c.WindowMax = 0, 0 }, func(r *rig) {
		l := r.listen(nil)
		l.subscribe("main", nil, filter.Filter{})
		r.burst(5)
		if got := l.batches(""); len(got) != 5 {
			t.Errorf("%d batches, want 5", len(got))
		}
	})
}

func TestAFullBatchLeavesBeforeItsWindowCloses(t *testing.T) {
	for name, change := range map[string]func(*Config){
		"by bytes":  func(c *Config) { c.BatchBytes = 3000 },
		"by events": func(c *Config) { c.BatchEvents = 10 },
	} {
		t.Run(name, func(t *testing.T) {
			start(t, func(c *Config) {
				c.WindowMin, c.WindowMax = 100*time.Millisecond, 100*time.Millisecond
				c.RateLimit = 0
				change(c)
			}, func(r *rig) {
				l := r.listen(nil)
				l.subscribe("main", nil, filter.Filter{})
				began := time.Now()
				r.burst(50)
				got := l.batches("")
				if len(got) < 4 {
					t.Fatalf("%d batches at once, want several full ones", len(got))
				}
				for i, f := range l.look().frames {
					if !f.at.Equal(began) {
						t.Errorf("frame %d came %v late", i, f.at.Sub(began))
					}
				}
				time.Sleep(100 * time.Millisecond)
				if got := l.ids(); len(got) != 50 {
					t.Errorf("%d events in all, want 50", len(got))
				}
			})
		})
	}
}

func TestSessionsKeepTheirOwnWindows(t *testing.T) {
	start(t, func(c *Config) { c.WindowMin, c.WindowMax = 40*time.Millisecond, 40*time.Millisecond }, func(r *rig) {
		a, b := r.listen(nil), r.listen(nil)
		a.subscribe("main", nil, ofSymbol("A"))
		b.subscribe("main", nil, ofSymbol("B"))
		r.publish(symbol("A"))
		time.Sleep(20 * time.Millisecond)
		r.publish(symbol("B"))
		r.publish(symbol("A"))
		wantIDs(t, a.ids(), "e1")
		wantIDs(t, b.ids(), "e2")
		time.Sleep(20 * time.Millisecond)
		wantIDs(t, a.ids(), "e1", "e3")
	})
}

// One wake-up does for the windows that would close soon after; the others stay open.
func TestWindowsThatAreNearlyDueCloseTogether(t *testing.T) {
	start(t, func(c *Config) { one(c); c.WindowMin, c.WindowMax = 50*time.Millisecond, 50*time.Millisecond }, func(r *rig) {
		var ls []*listener
		for _, symbol := range []string{"A", "B", "C"} {
			l := r.listen(nil)
			l.subscribe("main", nil, ofSymbol(symbol))
			ls = append(ls, l)
		}
		for i, wait := range []time.Duration{10 * time.Millisecond, time.Millisecond, 39 * time.Millisecond} { // A's window opens at 0, B's at 10, C's at 11 ms
			r.publish(symbol(string(rune('A' + i))))
			time.Sleep(wait)
			r.publish(symbol(string(rune('A' + i))))
		}
		synctest.Wait() // at 50 ms A's is due, and 10 ms more is early enough for B's
		for i, want := range []int{2, 2, 1} {
			if got := len(ls[i].ids()); got != want {
				t.Errorf("session %c got %d events when the first window was due, want %d", 'A'+i, got, want)
			}
		}
		time.Sleep(11 * time.Millisecond)
		wantIDs(t, ls[2].ids(), "e5", "e6")
	})
}

func TestABatchAscendsAndCoversItsSeq(t *testing.T) {
	start(t, nil, func(r *rig) {
		l := r.listen(nil)
		l.subscribe("main", nil, ofSymbol("AAPL"))
		for i := range 40 {
			r.publish(symbol([]string{"AAPL", "TSLA"}[i%2]))
		}
		time.Sleep(time.Second)
		var last uint64
		for _, b := range l.batches("") {
			for _, e := range b.Events {
				if e.Seq <= last || e.Seq > b.Seq {
					t.Errorf("event %d after %d in a batch that covers %d", e.Seq, last, b.Seq)
				}
				last = e.Seq
			}
		}
		if len(l.look().live) != 20 {
			t.Errorf("%d events, want 20", len(l.look().live))
		}
	})
}

func TestFramesForEverybody(t *testing.T) {
	start(t, nil, func(r *rig) {
		a, b := r.listen(nil), r.listen(nil)
		synctest.Wait()
		r.Broadcast(&wire.Status{Ingest: "down"})
		for _, l := range []*listener{a, b} {
			if got := find[*wire.Status](l); len(got) != 1 || got[0].Ingest != "down" {
				t.Errorf("status frames %+v, want one", got)
			}
		}
	})
}

func TestBroadcastNeverBlocks(t *testing.T) {
	cfg := DefaultConfig()
	one(&cfg)
	h := newHub(t, cfg) // nobody takes the mail
	for range mostMail + 5 {
		h.Broadcast(&wire.Status{Ingest: "connected"})
	}
	if got := h.Stats().Unsent; got != 5 {
		t.Errorf("%d frames gave way, want 5", got)
	}
}

func TestAnUninterestedSessionLearnsThePositionNowAndThen(t *testing.T) {
	start(t, func(c *Config) { c.Ring = 40; c.RateLimit = 0 }, func(r *rig) {
		l := r.listen(nil)
		l.subscribe("main", nil, ofSymbol("NONE"))
		r.burst(9)
		r.Broadcast(&wire.Status{})
		if got := l.batches(""); len(got) != 0 {
			t.Fatalf("%d batches while the ring covers the position easily", len(got))
		}
		r.burst(9)
		synctest.Wait()
		r.Broadcast(&wire.Status{})
		if got := l.batches(""); len(got) != 1 || len(got[0].Events) != 0 || got[0].Seq != 18 {
			t.Fatalf("batches %+v, want an empty one at 18", got)
		}
		r.burst(35)
		at := l.look().last
		l.Close()
		m := r.listen(nil)
		m.subscribe("main", &wire.Resume{Epoch: r.Epoch(), Seq: at}, ofSymbol("NONE"))
		if ack := find[*wire.Subscribed](m); !ack[0].Resumed {
			t.Error("not resumed although the session was told the position")
		}
	})
}

func TestPriorityDecidesOnlyAmongWaitingEvents(t *testing.T) {
	start(t, func(c *Config) { c.RateLimit = 3; c.WindowMin, c.WindowMax = 50*time.Millisecond, 50*time.Millisecond }, func(r *rig) {
		l := r.listen(nil)
		l.subscribe("main", nil, filter.Filter{})
		r.publish(urgent(.5)) // leaves at once and is not revoked
		r.publish(urgent(.95))
		r.publish(urgent(.7))
		r.publish(urgent(.7))
		r.publish(urgent(.5))
		time.Sleep(50 * time.Millisecond)
		wantIDs(t, l.ids(), "e1", "e2", "e4")
		if l.look().suppressed != 2 {
			t.Errorf("suppressed %d, want 2", l.look().suppressed)
		}
	})
}
