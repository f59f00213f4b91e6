package hub

import (
	"reflect"
	"testing"
	"testing/synctest"
	"time"

	"tierboard/server/hub/pace"
	"tierboard/shared/event"
	"tierboard/shared/filter"
	"tierboard/shared/wire"
)

func TestLimitPasses100Of150AndCounts50(t *testing.T) {
	start(t, nil, func(r *rig) {
		l := r.listen(nil)
		l.subscribe("main", nil, filter.Filter{})
		r.burst(150)
		time.Sleep(2 * time.Second)
		got := l.look()
		if len(got.live) != 100 || got.suppressed != 50 || got.dropped != 0 {
			t.Errorf("%d passed, %d suppressed, %d dropped; want 100, 50, 0", len(got.live), got.suppressed, got.dropped)
		}
		if s := r.Stats(); s.Suppressed != 50 || s.Delivered != 100 || s.Matched != 150 {
			t.Errorf("stats %+v, want 50 of 150 suppressed", s)
		}
	})
}

func TestLimitHoldsWithConcurrentPublishers(t *testing.T) {
	start(t, nil, func(r *rig) {
		l := r.listen(nil)
		l.subscribe("main", nil, filter.Filter{})
		events := make([]*event.Event, 1000)
		for i := range events {
			events[i] = r.make(nil)
		}
		for i := range 10 {
			go func() {
				for _, e := range events[i*100 : (i+1)*100] {
					if ok, err := r.Publish(r.Context(), e); !ok || err != nil {
						t.Errorf("Publish = %v, %v", ok, err)
					}
				}
			}()
		}
		synctest.Wait()
		time.Sleep(900 * time.Millisecond)
		got := l.look()
		if len(got.live) != 100 {
			t.Errorf("%d of 1000 passed, want exactly 100", len(got.live))
		}
		if got.suppressed != 900 {
			t.Errorf("%d told as suppressed within a second, want 900", got.suppressed)
		}
	})
}

func TestLimitsAreIndependent(t *testing.T) {
	start(t, nil, func(r *rig) {
		names := []string{"A", "B", "C", "D", "E"}
		ls := make([]*listener, len(names))
		for i, n := range names {
			ls[i] = r.listen(nil)
			ls[i].subscribe("main", nil, ofSymbol(n))
		}
		for range 80 {
			for _, n := range names {
				r.publish(symbol(n))
			}
		}
		time.Sleep(time.Second)
		for i, l := range ls {
			if got := l.look(); len(got.live) != 80 || got.suppressed != 0 {
				t.Errorf("%s: %d passed, %d suppressed; want all 80", names[i], len(got.live), got.suppressed)
			}
		}
	})
}

func TestLimitSlides(t *testing.T) {
	start(t, nil, func(r *rig) {
		l := r.listen(nil)
		l.subscribe("main", nil, filter.Filter{})
		r.burst(60)
		time.Sleep(500 * time.Millisecond)
		r.burst(60) // 40 pass
		time.Sleep(499 * time.Millisecond)
		if n := len(l.look().live); n != 100 {
			t.Fatalf("%d in the first second, want 100", n)
		}
		time.Sleep(20 * time.Millisecond) // the first 60 are older than a second now
		r.burst(70)                       // 60 pass
		time.Sleep(100 * time.Millisecond)
		if n := len(l.look().live); n != 160 {
			t.Errorf("%d after the first 60 left the second, want 160", n)
		}
	})
}

func TestNoSecondHoldsMoreThanTheLimit(t *testing.T) {
	start(t, func(c *Config) { c.WindowMin, c.WindowMax = 100*time.Millisecond, 100*time.Millisecond }, func(r *rig) {
		l := r.listen(nil)
		l.subscribe("main", nil, filter.Filter{})
		for i := range 600 {
			r.burst(1 + i%3)
			time.Sleep(time.Duration(i*7%13) * time.Millisecond)
		}
		time.Sleep(time.Second)
		frames := l.look().frames
		for i, f := range frames {
			n := 0
			for _, g := range frames[i:] {
				if g.at.Sub(f.at) < time.Second {
					n += live(g)
				}
			}
			if n > 100 {
				t.Fatalf("%d events in the second from frame %d on", n, i)
			}
		}
	})
}

func TestLimitOff(t *testing.T) {
	start(t, func(c *Config) { c.RateLimit = 0 }, func(r *rig) {
		l := r.listen(nil)
		l.subscribe("main", nil, filter.Filter{})
		r.burst(200)
		time.Sleep(time.Second)
		if got := l.look(); len(got.live) != 200 || got.suppressed != 0 {
			t.Errorf("%d passed, %d suppressed; want all 200", len(got.live), got.suppressed)
		}
		if !reflect.DeepEqual(l.limit, pace.Limiter{}) {
			t.Errorf("%+v kept for no limit", l.limit)
		}
	})
}

func TestSuppressedIsToldWithinASecondEvenIfNothingFollows(t *testing.T) {
	start(t, func(c *Config) { c.RateLimit = 2 }, func(r *rig) {
		l := r.listen(nil)
		l.subscribe("main", nil, filter.Filter{})
		r.burst(2)
		time.Sleep(100 * time.Millisecond)
		began := time.Now()
		r.burst(3) // none may leave
		if n := l.look().suppressed; n != 0 {
			t.Fatalf("%d told already", n)
		}
		time.Sleep(time.Second)
		got := l.look()
		last := got.frames[len(got.frames)-1]
		if got.suppressed != 3 || live(last) != 0 || last.at.Sub(began) > time.Second {
			t.Errorf("%d told after %v in %+v, want 3 within a second in a batch of its own", got.suppressed, last.at.Sub(began), last.Frame)
		}
		if len(got.live) != 2 || got.last != 5 {
			t.Errorf("%d passed, covered %d; want 2 and 5", len(got.live), got.last)
		}
	})
}

func TestSnapshotAndReplayAreExemptFromTheLimit(t *testing.T) {
	start(t, func(c *Config) { c.RateLimit = 5 }, func(r *rig) {
		r.burst(50)
		l := r.listen(nil)
		l.subscribe("main", nil, filter.Filter{})
		r.burst(5)
		time.Sleep(100 * time.Millisecond)
		if got := l.look(); len(got.all) != 55 || got.suppressed != 0 {
			t.Errorf("%d events, %d suppressed; want 50 of the snapshot and 5 live", len(got.all), got.suppressed)
		}
	})
}

// A swap's acknowledgement covers what waited before it. What the limit holds back at that moment must be told before, or a
// session that is cut right after it would never learn of it.
func TestSwapTellsWhatItSuppresses(t *testing.T) {
	start(t, func(c *Config) { c.RateLimit = 1 }, func(r *rig) {
		l := r.listen(nil)
		l.subscribe("main", nil, filter.Filter{})
		r.burst(2) // one leaves at once; the other waits, and only when it should leave is it over the limit
		l.subscribe("main", nil, ofSymbol("A", "B"))
		told, confirmed := 0, 0
		for _, f := range l.look().frames {
			switch m := f.Frame.(type) {
			case *wire.Batch:
				if confirmed < 2 {
					told += m.Suppressed
				}
			case *wire.Subscribed:
				confirmed++
			}
		}
		if told != 1 || confirmed != 2 {
			t.Errorf("%d told as suppressed before confirmation %d, want 1 before the second", told, confirmed)
		}
	})
}
