package hub

import (
	"context"
	"errors"
	"math"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"tierboard/shared/event"
	"tierboard/shared/filter"
	"tierboard/shared/wire"
)

func TestACopyIsRefused(t *testing.T) {
	start(t, nil, func(r *rig) {
		l := r.listen(nil)
		l.subscribe("main", nil, filter.Filter{})
		first := r.publish(nil)
		same := func(change func(*event.Event)) *event.Event {
			e := r.make(change)
			e.DetectedAt = first.DetectedAt
			return e
		}
		for name, e := range map[string]*event.Event{
			"same id":                     r.make(func(e *event.Event) { e.ID = first.ID }),
			"same detection, another id":  same(nil),
			"same detection, other score": same(urgent(.95)),
		} {
			if ok, err := r.Publish(r.Context(), e); ok || err != nil || e.Seq != 0 {
				t.Errorf("%s: Publish = %v, %v with seq %d; want it refused and unchanged", name, ok, err, e.Seq)
			}
		}
		if ok, _ := r.Publish(r.Context(), same(symbol("TSLA"))); !ok {
			t.Error("another symbol at the same time is no copy")
		}
		time.Sleep(time.Second)
		if n := len(l.look().live); n != 2 || r.Stats().Duplicates != 3 {
			t.Errorf("%d delivered, %d duplicates; want 2 and 3", n, r.Stats().Duplicates)
		}
		time.Sleep(10 * time.Minute)
		if ok, _ := r.Publish(r.Context(), same(nil)); !ok {
			t.Error("after ten minutes the same detection under another id is accepted")
		}
	})
}

func TestAnInvalidEventIsRefused(t *testing.T) {
	start(t, nil, func(r *rig) {
		e := r.make(func(e *event.Event) { e.Confidence = 1.5 })
		if ok, err := r.Publish(r.Context(), e); ok || err == nil || !strings.Contains(err.Error(), "confidence") {
			t.Errorf("Publish = %v, %v; want an error that names the field", ok, err)
		}
		if r.Seq() != 0 {
			t.Errorf("seq %d, want 0", r.Seq())
		}
	})
}

func TestPublishWaitsForRoomAndGivesUpWithItsContext(t *testing.T) {
	cfg := DefaultConfig()
	cfg.Inbox = 2
	h := newHub(t, cfg) // does not run, so nothing leaves the inbox
	r := &rig{T: t, Hub: h}
	r.burst(2)
	if n := h.Stats().Inbox; n != 2 {
		t.Errorf("inbox %d, want 2", n)
	}
	ctx, stop := context.WithCancel(t.Context())
	stop()
	e := r.make(nil)
	if ok, err := h.Publish(ctx, e); ok || !errors.Is(err, context.Canceled) || e.Seq != 0 || h.Seq() != 2 {
		t.Errorf("Publish = %v, %v with seq %d; want it given up without a trace", ok, err, e.Seq)
	}
	run, end := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() { defer close(done); _ = h.Run(run) }()
	if ok, err := h.Publish(t.Context(), e); !ok || err != nil {
		t.Errorf("Publish = %v, %v once there is room", ok, err)
	}
	end()
	<-done
	if ok, err := h.Publish(t.Context(), r.make(nil)); ok || !errors.Is(err, ErrClosed) {
		t.Errorf("after the end: %v, %v, want ErrClosed", ok, err)
	}
}

func TestPublishGivesUpWaiting(t *testing.T) {
	for name, block := range map[string]func(*Hub){
		"behind another publisher": func(h *Hub) { h.turn <- struct{}{} },
		"behind a full inbox":      func(h *Hub) { h.shards[0].slots <- struct{}{} },
	} {
		for _, closed := range []bool{false, true} {
			synctest.Test(t, func(t *testing.T) {
				cfg := DefaultConfig()
				cfg.Inbox = 1
				h := newHub(t, cfg)
				block(h)
				r := &rig{T: t, Hub: h}
				ctx, stop := context.WithTimeout(t.Context(), time.Second)
				defer stop()
				want := context.DeadlineExceeded
				if closed {
					want = ErrClosed
					go func() {
						synctest.Wait()
						close(h.done)
					}()
				}
				if ok, err := h.Publish(ctx, r.make(nil)); ok || !errors.Is(err, want) || h.Seq() != 0 {
					t.Errorf("%s: Publish = %v, %v; want %v", name, ok, err, want)
				}
			})
		}
	}
}

func TestReserveGivesBackWhatItTook(t *testing.T) {
	cfg := DefaultConfig()
	cfg.Inbox = 1
	h := newHub(t, cfg)
	h.shards = append(h.shards, newShard(h))
	h.shards[1].slots <- struct{}{}
	ctx, stop := context.WithCancel(t.Context())
	stop()
	if err := h.reserve(ctx); err == nil {
		t.Fatal("room in a full shard")
	}
	if n := len(h.shards[0].slots); n != 0 {
		t.Errorf("%d slots kept, want none", n)
	}
}

func TestRunClosesSessionsAndRefusesNewOnes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHub(t, DefaultConfig())
		ctx, stop := context.WithCancel(t.Context())
		done := make(chan error, 1)
		go func() { done <- h.Run(ctx) }()
		r := &rig{T: t, Hub: h}
		l := r.listen(nil)
		l.subscribe("main", nil, filter.Filter{})
		stop()
		if err := <-done; err != nil {
			t.Errorf("Run = %v, want nil", err)
		}
		if code := closeCode(<-l.end); code != wire.CloseGoingAway {
			t.Errorf("the session ended with %d, want going away", code)
		}
		if s := h.Stats(); s.Sessions != 0 || s.Subscriptions != 0 || s.Cohorts != 0 {
			t.Errorf("stats %+v, want nothing left", s)
		}
		if _, err := h.Open(t.Context(), wire.JSON); !errors.Is(err, ErrClosed) {
			t.Errorf("Open = %v, want ErrClosed", err)
		}
	})
}

func TestASessionWhoseOpeningWasNotSeenIsClosedToo(t *testing.T) {
	h := newHub(t, DefaultConfig())
	s, err := h.Open(t.Context(), wire.JSON, &wire.Pong{ID: "hello"})
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	stop()
	_ = h.Run(ctx)
	if f, err := s.Next(t.Context()); err != nil || !strings.Contains(string(f.Bytes), "hello") {
		t.Errorf("Next = %q, %v; want what was queued", f.Bytes, err)
	}
	if _, err := s.Next(t.Context()); closeCode(err) != wire.CloseGoingAway {
		t.Errorf("Next = %v, want going away", err)
	}
}

func TestNextEndsWithItsContext(t *testing.T) {
	h := newHub(t, DefaultConfig())
	s, err := h.Open(t.Context(), wire.JSON)
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	stop()
	if _, err := s.Next(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("Next = %v, want canceled", err)
	}
	for len(h.shards[0].requests) < cap(h.shards[0].requests) { // nobody takes them
		if err := s.Unsubscribe(t.Context(), "x"); err != nil {
			t.Fatal(err)
		}
	}
	if err := s.Unsubscribe(ctx, "x"); !errors.Is(err, context.Canceled) {
		t.Errorf("Unsubscribe of a busy shard = %v, want canceled", err)
	}
	if _, err := h.Open(ctx, wire.JSON); !errors.Is(err, context.Canceled) {
		t.Errorf("Open of a busy shard = %v, want canceled", err)
	}
	s.Abort(wire.CloseNotAllowed, "over")
	s.Abort(wire.CloseGoingAway, "again")
	if c := s.Cause(); c.Code != wire.CloseNotAllowed {
		t.Errorf("cause %v, want the first end", c)
	}
}

func TestPublishLinksACombo(t *testing.T) {
	start(t, nil, func(r *rig) {
		setup := r.publish(nil)
		combo := r.publish(func(e *event.Event) {
			tier(event.Combo)(e)
			e.DetectedAt = setup.DetectedAt.Add(time.Minute)
			e.Combo.Setup = &event.Link{Kind: event.LinkMissing}
		})
		if l := combo.Combo.Setup; l.Kind != event.LinkInferred || l.ID != setup.ID {
			t.Errorf("setup %+v, want it inferred from the earlier event", l)
		}
	})
}

func TestConfigNamesWhatIsWrong(t *testing.T) {
	if err := DefaultConfig().Validate(); err != nil {
		t.Errorf("the default: %v", err)
	}
	for field, change := range map[string]func(*Config){
		"window_min":    func(c *Config) { c.WindowMin = 101 * time.Millisecond },
		"window_max":    func(c *Config) { c.WindowMax = c.WindowMin - 1 },
		"shards":        func(c *Config) { c.Shards = -1 },
		"rate_limit":    func(c *Config) { c.RateLimit = -1 },
		"ring":          func(c *Config) { c.Ring = 0 },
		"inbox":         func(c *Config) { c.Inbox = 0 },
		"batch_bytes":   func(c *Config) { c.BatchBytes = math.MaxInt },
		"batch_events":  func(c *Config) { c.BatchEvents = 0 },
		"outbox_bytes":  func(c *Config) { c.OutboxBytes = 0 },
		"control_bytes": func(c *Config) { c.ControlBytes = 1 },
		"backlog":       func(c *Config) { c.Backlog = 0 },
		"cut_after":     func(c *Config) { c.CutAfter = 0 },
		"remember":      func(c *Config) { c.Remember = -1 },
		"schema":        func(c *Config) { c.Schema = filter.Schema{} },
	} {
		c := DefaultConfig()
		change(&c)
		if err := c.Validate(); err == nil || !strings.Contains(err.Error(), field+":") {
			t.Errorf("%s: %v, want an error that names it", field, err)
		}
		if _, err := New(c, nil, nil); err == nil {
			t.Errorf("%s: New took it", field)
		}
	}
}
