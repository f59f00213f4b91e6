package hub

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"tierboard/shared/event"
	"tierboard/shared/filter"
	"tierboard/shared/wire"
)

// gone takes a session away as if its connection broke.
func (l *listener) gone() {
	l.Close()
	synctest.Wait()
}

// catch returns the events that came with a subscription's id.
func (l *listener) catch(id string) []string {
	var out []string
	for _, b := range l.batches(id) {
		for _, e := range b.Events {
			out = append(out, e.ID)
		}
	}
	return out
}

func TestASnapshotComesBeforeLiveEvents(t *testing.T) {
	start(t, func(c *Config) { c.RateLimit = 0 }, func(r *rig) {
		for _, tr := range []event.Tier{event.Daily, event.Intraday} {
			for range wire.SnapshotSize + 50 {
				r.publish(tier(tr))
			}
		}
		r.publish(symbol("TSLA"))
		l := r.listen(nil)
		l.subscribe("main", nil, ofSymbol("AAPL"))
		r.publish(nil)
		got := l.look()
		ack, ok := got.frames[0].Frame.(*wire.Subscribed)
		if !ok || ack.Resumed || ack.Replayed != 2*wire.SnapshotSize || ack.Seq != 501 {
			t.Fatalf("acknowledgement %+v, want the newest 200 of each tier", ack)
		}
		seen, reset := 0, 0
		for _, b := range l.batches("main") {
			if b.Reset {
				reset++
			}
			for _, e := range b.Events {
				if seen++; e.Symbol != "AAPL" {
					t.Errorf("%s in the snapshot", e.Symbol)
				}
			}
		}
		if first := l.batches("main")[0]; !first.Reset || reset != 1 || seen != 2*wire.SnapshotSize {
			t.Errorf("first batch resets: %v, %d resets, %d events", first.Reset, reset, seen)
		}
		ids := l.catch("main")
		if ids[0] != "e51" || ids[len(ids)-1] != "e500" {
			t.Errorf("snapshot from %s to %s, want the newest in ascending order", ids[0], ids[len(ids)-1])
		}
		wantIDs(t, l.ids(), "e502")
	})
}

func TestAnEmptySnapshotResetsToo(t *testing.T) {
	start(t, nil, func(r *rig) {
		l := r.listen(nil)
		l.subscribe("main", nil, filter.Filter{})
		if got := l.batches("main"); len(got) != 1 || !got[0].Reset || len(got[0].Events) != 0 {
			t.Errorf("%+v, want one empty batch that resets", got)
		}
	})
}

func TestResumeReplaysExactlyWhatMatched(t *testing.T) {
	start(t, nil, func(r *rig) {
		l := r.listen(nil)
		l.subscribe("main", nil, ofSymbol("AAPL"))
		r.publish(nil)
		at := l.look().last
		l.gone()
		r.publish(nil)
		r.publish(symbol("TSLA"))
		r.publish(nil)
		m := r.listen(nil)
		m.subscribe("main", &wire.Resume{Epoch: r.Epoch(), Seq: at}, ofSymbol("AAPL"))
		if ack := find[*wire.Subscribed](m)[0]; !ack.Resumed || ack.Replayed != 2 || ack.Seq != 4 {
			t.Errorf("acknowledgement %+v, want 2 replayed", ack)
		}
		wantIDs(t, m.catch("main"), "e2", "e4")
		if b := m.batches("main")[0]; b.Reset || b.Seq != 4 {
			t.Errorf("replay %+v, want no reset and position 4", b)
		}
		r.publish(nil)
		wantIDs(t, m.ids(), "e5")
	})
}

func TestResumeWithNothingMissed(t *testing.T) {
	start(t, nil, func(r *rig) {
		r.publish(nil)
		l := r.listen(nil)
		l.subscribe("main", &wire.Resume{Epoch: r.Epoch(), Seq: 1}, filter.Filter{})
		if ack := find[*wire.Subscribed](l)[0]; !ack.Resumed || ack.Replayed != 0 || len(l.batches("main")) != 0 {
			t.Errorf("acknowledgement %+v and %d batches, want nothing to replay", ack, len(l.batches("main")))
		}
	})
}

func TestResumeFromZeroOfAnEmptyHub(t *testing.T) {
	start(t, nil, func(r *rig) {
		l := r.listen(nil)
		l.subscribe("main", &wire.Resume{Epoch: r.Epoch()}, filter.Filter{})
		if ack := find[*wire.Subscribed](l)[0]; !ack.Resumed {
			t.Errorf("%+v, want an exact resume of nothing", ack)
		}
	})
}

func TestResumeTooOldShowsTheGap(t *testing.T) {
	start(t, func(c *Config) { c.Ring = 10 }, func(r *rig) {
		first := r.publish(nil)
		r.burst(30)
		l := r.listen(nil)
		l.subscribe("main", &wire.Resume{Epoch: r.Epoch(), Seq: 0}, filter.Filter{})
		got := l.look().frames
		ack, gap := got[0].Frame.(*wire.Subscribed), got[1].Frame.(*wire.Gap)
		if ack.Resumed || ack.Replayed != 10 {
			t.Errorf("acknowledgement %+v, want a snapshot of the ring", ack)
		}
		since := first.DetectedAt.UTC().Truncate(time.Millisecond)
		if gap.ID != "main" || gap.FromSeq != 1 || gap.ToSeq != 31 || !gap.From.Equal(since) ||
			!strings.HasPrefix(gap.REST, "/api/patterns?since="+since.Format("2006-01-02T15:04:05")) {
			t.Errorf("gap %+v, want 1 to 31 with the first event's time", gap)
		}
		if b := got[2].Frame.(*wire.Batch); !b.Reset || b.ID != "main" {
			t.Errorf("%+v, want the snapshot after the gap", b)
		}
	})
}

func TestResumeAtTheEdgeOfTheRing(t *testing.T) {
	start(t, func(c *Config) { c.Ring = 10 }, func(r *rig) {
		r.burst(30) // the ring holds 21 to 30
		for seq, want := range map[uint64]bool{20: true, 19: false, 30: true, 31: false} {
			l := r.listen(nil)
			l.subscribe("main", &wire.Resume{Epoch: r.Epoch(), Seq: seq}, filter.Filter{})
			if ack := find[*wire.Subscribed](l)[0]; ack.Resumed != want {
				t.Errorf("from %d: resumed %v, want %v", seq, ack.Resumed, want)
			}
		}
	})
}

func TestResumeFromAnotherEpochIsASnapshot(t *testing.T) {
	start(t, nil, func(r *rig) {
		r.burst(3)
		l := r.listen(nil)
		l.subscribe("main", &wire.Resume{Epoch: "another", Seq: 2}, filter.Filter{})
		if ack := find[*wire.Subscribed](l)[0]; ack.Resumed || ack.Replayed != 3 || len(find[*wire.Gap](l)) != 0 {
			t.Errorf("%+v with %d gaps, want a plain snapshot", ack, len(find[*wire.Gap](l)))
		}
	})
}

func TestSeveralSubscriptionsResumeWithoutDuplicates(t *testing.T) {
	start(t, nil, func(r *rig) {
		r.burst(5)
		l := r.listen(nil)
		at := &wire.Resume{Epoch: r.Epoch(), Seq: 1}
		l.subscribe("a", at, filter.Filter{})
		l.subscribe("b", at, ofSymbol("AAPL"))
		r.publish(nil)
		for id, n := range l.look().all {
			if n != 1 {
				t.Errorf("%s came %d times", id, n)
			}
		}
		if n := len(l.look().all); n != 5 {
			t.Errorf("%d events, want e2 to e6", n)
		}
	})
}

func TestALongReplayWaitsForTheReader(t *testing.T) {
	start(t, func(c *Config) { c.OutboxBytes, c.BatchBytes, c.RateLimit = 8<<10, 2<<10, 0 }, func(r *rig) {
		r.burst(500)
		hold := make(chan struct{})
		l := r.listen(hold)
		l.subscribe("main", &wire.Resume{Epoch: r.Epoch(), Seq: 0}, filter.Filter{})
		r.burst(20) // they wait behind the replay
		if n := l.Waiting(); n > 16<<10 {
			t.Errorf("%d bytes queued, want the outbox's bound", n)
		}
		close(hold)
		time.Sleep(time.Second)
		if got := l.catch("main"); len(got) != 500 {
			t.Errorf("%d replayed, want 500", len(got))
		}
		if got := l.ids(); len(got) != 20 || got[0] != "e501" {
			t.Errorf("live %v, want the 20 that came meanwhile", got)
		}
		var last uint64
		for _, f := range l.look().frames {
			if b, ok := f.Frame.(*wire.Batch); ok {
				if b.Seq < last {
					t.Errorf("position went back from %d to %d", last, b.Seq)
				}
				last = b.Seq
			}
		}
	})
}

func TestSwapOfALaggingSessionLosesAndRepeatsNothing(t *testing.T) {
	for _, exact := range []bool{true, false} {
		t.Run(fmt.Sprint("resume ", exact), func(t *testing.T) {
			start(t, func(c *Config) { c.OutboxBytes, c.BatchEvents, c.RateLimit = 1500, 2, 0 }, func(r *rig) {
				hold := make(chan struct{})
				l := r.listen(hold)
				at := &wire.Resume{Epoch: r.Epoch(), Seq: 0}
				l.subscribe("main", at, ofSymbol("AAPL"))
				l.subscribe("other", at, filter.Filter{ConfidenceMin: .9})
				for i := range 40 {
					r.publish(func(e *event.Event) {
						e.Symbol = []string{"AAPL", "TSLA"}[i%2]
						if i%5 == 0 {
							e.Confidence, e.Priority = .95, event.Critical
						}
					})
				}
				time.Sleep(time.Second)
				if exact {
					l.subscribe("main", at, ofSymbol("TSLA"))
				} else {
					l.subscribe("main", nil, ofSymbol("TSLA"))
				}
				l.unsubscribe("nothing")
				r.publish(symbol("AAPL"))
				r.publish(symbol("TSLA"))
				close(hold)
				time.Sleep(time.Second)
				got := l.look()
				for i := 2; i <= 40; i += 2 {
					if id := fmt.Sprintf("e%d", i); got.all[id] == 0 {
						t.Errorf("%s, which the new filter wants, is missing", id)
					}
				}
				for _, i := range []int{1, 11, 21, 31} {
					if id := fmt.Sprintf("e%d", i); got.all[id] != 1 {
						t.Errorf("%s, which the other subscription wants, came %d times", id, got.all[id])
					}
				}
				if exact {
					for id, n := range got.all {
						if n != 1 {
							t.Errorf("%s came %d times", id, n)
						}
					}
				}
				if got.all["e41"] != 0 || got.all["e42"] != 1 {
					t.Errorf("after the swap e41 came %d times and e42 %d, want 0 and 1", got.all["e41"], got.all["e42"])
				}
			})
		})
	}
}

func TestUnsubscribeOfAnUnsentReplayLeavesItsEventsToTheOthers(t *testing.T) {
	start(t, func(c *Config) { c.OutboxBytes, c.BatchEvents, c.RateLimit = 1500, 2, 0 }, func(r *rig) {
		for i := range 40 {
			r.publish(symbol([]string{"AAPL", "TSLA"}[i%2]))
		}
		hold := make(chan struct{})
		l := r.listen(hold)
		at := &wire.Resume{Epoch: r.Epoch(), Seq: 0}
		l.subscribe("all", at, filter.Filter{})
		l.subscribe("tsla", at, ofSymbol("TSLA")) // nothing left to replay
		l.unsubscribe("all")
		close(hold)
		time.Sleep(time.Second)
		got := l.look()
		if u := slices.IndexFunc(got.frames, func(f arrival) bool { _, ok := f.Frame.(*wire.Unsubscribed); return ok }); u < 0 {
			t.Fatal("not confirmed")
		}
		for i := 1; i <= 40; i++ {
			n := got.all[fmt.Sprintf("e%d", i)]
			if i%2 == 0 && n != 1 {
				t.Errorf("TSLA event %d came %d times, want once", i, n)
			}
		}
		if len(got.all) > 30 {
			t.Errorf("%d events, want few that only the ended subscription wanted", len(got.all))
		}
	})
}

func TestAShardThatIsAheadOfThePreparedReplayAddsTheRest(t *testing.T) {
	h := newHub(t, DefaultConfig())
	sh := h.shards[0]
	s, err := h.Open(t.Context(), wire.MsgPack)
	if err != nil {
		t.Fatal(err)
	}
	(<-sh.requests).apply(sh, time.Now())
	r := &rig{T: t, Hub: h}
	step := func() { sh.take(<-sh.events, time.Now()) }
	prepare := func(resume *wire.Resume) subscribing {
		if err := s.Subscribe(t.Context(), "main", []filter.Filter{{}}, resume); err != nil {
			t.Fatal(err)
		}
		return (<-sh.requests).(subscribing)
	}
	r.publish(nil)
	step()
	exact, snapshot := prepare(&wire.Resume{Epoch: h.Epoch()}), prepare(nil)
	r.publish(nil)
	step()
	for _, c := range []struct {
		request subscribing
		resumed bool
	}{{exact, true}, {snapshot, false}} {
		c.request.apply(sh, time.Now())
		ack, ok := next(t, s).(*wire.Subscribed)
		if !ok || ack.Resumed != c.resumed || ack.Replayed != 2 || ack.Seq != 2 {
			t.Errorf("acknowledged %+v, want both events and resumed %v", ack, c.resumed)
		}
		if b, ok := next(t, s).(*wire.Batch); !ok || len(b.Events) != 2 || b.Reset == c.resumed {
			t.Errorf("brought %+v, want both events and resumed %v", b, c.resumed)
		}
	}
	s.Finish(wire.CloseGoingAway, "")
}

func TestARingThatForgetsDuringASubscribeShowsTheGap(t *testing.T) {
	cfg := DefaultConfig()
	cfg.Ring = 4
	h := newHub(t, cfg)
	sh := h.shards[0]
	r := &rig{T: t, Hub: h}
	s, err := h.Open(t.Context(), wire.MsgPack)
	if err != nil {
		t.Fatal(err)
	}
	(<-sh.requests).apply(sh, time.Now())
	if err := s.Subscribe(t.Context(), "main", []filter.Filter{{}}, &wire.Resume{Epoch: h.Epoch()}); err != nil {
		t.Fatal(err)
	}
	q := (<-sh.requests).(subscribing)
	for range 9 {
		r.publish(nil)
		sh.take(<-sh.events, time.Now())
	}
	q.apply(sh, time.Now())
	if ack, ok := next(t, s).(*wire.Subscribed); !ok || ack.Resumed || ack.Replayed != 4 {
		t.Errorf("acknowledged %+v, want the ring as snapshot", ack)
	}
	if gap, ok := next(t, s).(*wire.Gap); !ok || gap.ID != "main" || gap.FromSeq != 1 || gap.ToSeq != 9 {
		t.Errorf("gap %+v, want all nine events", gap)
	}
	if b, ok := next(t, s).(*wire.Batch); !ok || !b.Reset || len(b.Events) != 4 {
		t.Errorf("brought %+v, want the ring as snapshot", b)
	}
}

// next takes the frame that waits for a session whose hub does not run.
func next(t *testing.T, s *Session) wire.Frame {
	t.Helper()
	ctx, stop := context.WithTimeout(t.Context(), time.Minute)
	defer stop()
	f, err := s.Next(ctx)
	if err != nil {
		t.Fatal(err)
	}
	m, err := wire.Decode(f.Bytes)
	if err != nil {
		t.Fatal(err)
	}
	return m
}
