package hub

import (
	"fmt"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"tierboard/shared/event"
	"tierboard/shared/filter"
	"tierboard/shared/wire"
)

// The tests of this file hold the behaviours users of the replaced system relied on. The numbers are those of the cases.

func patterns(p ...string) filter.Filter { return filter.Filter{Patterns: p} }

// detection publishes one event by its pattern, symbol, tier and confidence.
func (r *rig) detection(pattern, sym string, tr event.Tier, confidence float64) *event.Event {
	r.Helper()
	return r.publish(func(e *event.Event) {
		tier(tr)(e)
		urgent(confidence)(e)
		e.Pattern, e.Symbol = pattern, sym
	})
}

// receivers publishes through detect and returns the names of those who got that very event, in order.
func receivers(ls map[string]*listener, e *event.Event) []string {
	var out []string
	for name, l := range ls {
		if l.look().all[e.ID] > 0 {
			out = append(out, name)
		}
	}
	slices.Sort(out)
	return out
}

// people opens a session for each name and subscribes its filters.
func (r *rig) people(fs map[string]filter.Filter) map[string]*listener {
	out := map[string]*listener{}
	for name, f := range fs {
		out[name] = r.listen(nil)
		out[name].subscribe("main", nil, f)
	}
	return out
}

func TestCase28And42CountersAgreeAtEachStep(t *testing.T) {
	start(t, one, func(r *rig) {
		check := func(sessions, subscriptions, cohorts int) {
			t.Helper()
			synctest.Wait()
			if s := r.Stats(); s.Sessions != sessions || s.Subscriptions != subscriptions || s.Cohorts != cohorts {
				t.Errorf("stats %+v, want %d sessions, %d subscriptions, %d cohorts", s, sessions, subscriptions, cohorts)
			}
		}
		a := r.listen(nil)
		check(1, 0, 0)
		a.subscribe("one", nil, ofSymbol("AAPL"))
		check(1, 1, 1)
		a.subscribe("two", nil, ofSymbol("TSLA"))
		check(1, 2, 2)
		b := r.listen(nil)
		b.subscribe("one", nil, ofSymbol("AAPL"))
		check(2, 3, 2) // the same filters are one cohort
		b.subscribe("one", nil, ofSymbol("MSFT"))
		check(2, 3, 3)
		b.unsubscribe("one")
		check(2, 2, 2)
		b.unsubscribe("one")
		check(2, 2, 2)
		a.Close()
		check(1, 0, 0)
		a.Close()
		check(1, 0, 0)
	})
}

func TestCase29And32SubscriptionsOfOneSessionAreIndependent(t *testing.T) {
	start(t, nil, func(r *rig) {
		l := r.listen(nil)
		l.subscribe("one", nil, ofSymbol("AAPL"))
		l.subscribe("two", nil, ofSymbol("AAPL", "TSLA"))
		r.publish(symbol("AAPL"))
		r.publish(symbol("TSLA"))
		l.unsubscribe("one")
		r.publish(symbol("AAPL"))
		time.Sleep(time.Second)
		if got := l.look().all; len(got) != 3 || got["e1"] != 1 {
			t.Errorf("got %v, want three events, once each", got)
		}
	})
}

func TestCase31ASwapReplacesTheFilters(t *testing.T) {
	start(t, nil, func(r *rig) {
		l := r.listen(nil)
		l.subscribe("main", nil, ofSymbol("AAPL"))
		r.publish(symbol("AAPL"))
		r.publish(symbol("AAPL")) // waits in the window
		l.subscribe("main", nil, ofSymbol("TSLA"))
		r.publish(symbol("AAPL"))
		r.publish(symbol("TSLA"))
		time.Sleep(time.Second)
		wantIDs(t, l.ids(), "e1", "e2", "e4")
		order := []string{}
		for _, f := range l.look().frames {
			switch m := f.Frame.(type) {
			case *wire.Subscribed:
				order = append(order, fmt.Sprintf("ack %d", m.Seq))
			case *wire.Batch:
				order = append(order, fmt.Sprintf("%s%d", m.ID, len(m.Events)))
			}
		}
		wantIDs(t, order, "ack 0", "main0", "1", "1", "ack 2", "main0", "1")
	})
}

func TestCase33And34NothingComesAfterUnsubscribe(t *testing.T) {
	start(t, nil, func(r *rig) {
		l := r.listen(nil)
		l.unsubscribe("unknown")
		l.subscribe("main", nil, filter.Filter{})
		r.publish(nil)
		r.publish(nil) // waits in the window, and still comes before the confirmation
		l.unsubscribe("main")
		r.publish(nil)
		time.Sleep(time.Second)
		got := l.look().frames
		if u, ok := got[len(got)-1].Frame.(*wire.Unsubscribed); !ok || u.ID != "main" || u.Seq != 2 {
			t.Errorf("the last frame is %+v, want the confirmation", got[len(got)-1].Frame)
		}
		wantIDs(t, l.ids(), "e1", "e2")
	})
}

func TestCase35ASymbolFilterTakesAnyPattern(t *testing.T) {
	start(t, nil, func(r *rig) {
		ls := r.people(map[string]filter.Filter{"symbol": ofSymbol("AAPL"), "pattern": patterns("doji")})
		wantIDs(t, receivers(ls, r.detection("doji", "AAPL", event.Intraday, .5)), "pattern", "symbol")
		time.Sleep(time.Second)
		wantIDs(t, receivers(ls, r.detection("hammer", "AAPL", event.Intraday, .5)), "symbol")
	})
}

func TestCase36NobodyInterested(t *testing.T) {
	start(t, nil, func(r *rig) {
		l := r.listen(nil)
		l.subscribe("main", nil, ofSymbol("NONE"))
		r.publish(nil)
		synctest.Wait()
		if s := r.Stats(); s.Seq != 1 || s.Matched != 0 || s.Delivered != 0 || len(l.batches("")) != 0 {
			t.Errorf("stats %+v, want one event and no delivery", s)
		}
	})
}

func TestCase37OneBrokenSessionOfThree(t *testing.T) {
	start(t, nil, func(r *rig) {
		var ls []*listener
		for range 3 {
			l := r.listen(nil)
			l.subscribe("main", nil, filter.Filter{})
			ls = append(ls, l)
		}
		ls[1].Abort(wire.CloseGoingAway, "connection broke") // the hub does not know yet
		r.publish(nil)
		for i, want := range []int{1, 0, 1} {
			if n := len(ls[i].look().live); n != want {
				t.Errorf("session %d got %d, want %d", i, n, want)
			}
		}
		ls[0].Abort(wire.CloseGoingAway, "")
		ls[2].Abort(wire.CloseGoingAway, "")
		r.publish(nil) // all broken: nothing breaks here
	})
}

func TestCase38ExactlyTheThirdOnAAPL(t *testing.T) {
	start(t, one, func(r *rig) {
		ls := make([]*listener, 30)
		for i := range ls {
			ls[i] = r.listen(nil)
			ls[i].subscribe("main", nil, ofSymbol([]string{"AAPL", "TSLA", "MSFT"}[i%3]))
		}
		r.publish(symbol("AAPL"))
		for i, l := range ls {
			want := 0
			if i%3 == 0 {
				want = 1
			}
			if n := len(l.look().live); n != want {
				t.Errorf("session %d got %d, want %d", i, n, want)
			}
		}
		if s := r.Stats(); s.Cohorts != 3 || s.Matched != 10 {
			t.Errorf("stats %+v, want 3 cohorts and 10 matches", s)
		}
	})
}

func TestCase47TheLargestFilterStallsNobody(t *testing.T) {
	start(t, nil, func(r *rig) {
		f := filter.Filter{Patterns: make([]string, 100), Symbols: make([]string, 500)}
		for i := range f.Patterns {
			f.Patterns[i] = fmt.Sprintf("p%d", i)
		}
		for i := range f.Symbols {
			f.Symbols[i] = fmt.Sprintf("Ω%d", i)
		}
		ls := r.people(map[string]filter.Filter{"huge": f, "all": {}})
		wantIDs(t, receivers(ls, r.detection("p99", "Ω499", event.Daily, .5)), "all", "huge")
		time.Sleep(time.Second)
		wantIDs(t, receivers(ls, r.detection("p100", "Ω499", event.Daily, .5)), "all")
	})
}

func TestCase48TwoOfThreeUsers(t *testing.T) {
	start(t, nil, func(r *rig) {
		ls := r.people(map[string]filter.Filter{
			"u1": {Patterns: []string{"breakout"}, Symbols: []string{"AAPL", "TSLA"}, Tiers: []event.Tier{event.Daily}, ConfidenceMin: .8},
			"u2": {Patterns: []string{"breakout", "trend_reversal"}, Symbols: []string{"AAPL"}, Tiers: []event.Tier{event.Daily, event.Intraday}, ConfidenceMin: .7},
			"u3": patterns("trend_reversal"),
		})
		wantIDs(t, receivers(ls, r.detection("breakout", "AAPL", event.Daily, .85)), "u1", "u2")
	})
}

func TestCases50To52FourTraders(t *testing.T) {
	start(t, nil, func(r *rig) {
		ls := r.people(map[string]filter.Filter{
			"t1": {Patterns: []string{"breakout", "trend_reversal"}, Symbols: []string{"AAPL", "TSLA"}, Tiers: []event.Tier{event.Daily}, ConfidenceMin: .8},
			"t2": {Patterns: []string{"breakout"}, Symbols: []string{"AAPL", "GOOGL", "MSFT"}, Tiers: []event.Tier{event.Intraday, event.Daily}, ConfidenceMin: .7},
			"a1": {Patterns: []string{"trend_reversal", "surge"}, Symbols: []string{"TSLA", "META"}, Tiers: []event.Tier{event.Combo}, ConfidenceMin: .9},
			"pm": {Patterns: []string{"breakout", "surge", "trend_reversal"}, Symbols: []string{"AAPL", "GOOGL", "META", "MSFT", "TSLA"}, ConfidenceMin: .6},
		})
		for _, c := range []struct {
			pattern, symbol string
			tier            event.Tier
			confidence      float64
			want            []string
		}{
			{"breakout", "AAPL", event.Daily, .85, []string{"pm", "t1", "t2"}},
			{"trend_reversal", "TSLA", event.Combo, .92, []string{"a1", "pm"}}, // t1 wants daily only
			{"breakout", "GOOGL", event.Intraday, .78, []string{"pm", "t2"}},
			{"surge", "META", event.Combo, .94, []string{"a1", "pm"}},
		} {
			got := receivers(ls, r.detection(c.pattern, c.symbol, c.tier, c.confidence))
			wantIDs(t, got, c.want...)
			time.Sleep(time.Second)
		}
	})
}

func TestCase54AnEventPassesUnchanged(t *testing.T) {
	start(t, nil, func(r *rig) {
		l := r.listen(nil)
		l.subscribe("main", nil, filter.Filter{})
		sent := r.publish(func(e *event.Event) {
			e.Details, e.Price = `{"rsi":61.5}`, event.Num(190.25)
		})
		got := l.batches("")[0].Events[0]
		if string(wire.AppendEvent(nil, got, wire.JSON)) != string(wire.AppendEvent(nil, sent, wire.JSON)) {
			t.Errorf("got %+v, want what was published", got)
		}
	})
}

func TestCase85AnEmptyFilterMeansEverything(t *testing.T) {
	start(t, nil, func(r *rig) {
		ls := r.people(map[string]filter.Filter{
			"both": patterns("breakout", "volume"), "others": patterns("momentum", "support"), "one": patterns("breakout"), "all": {},
		})
		wantIDs(t, receivers(ls, r.detection("breakout", "AAPL", event.Daily, .7)), "all", "both", "one")
	})
}

func TestSessionsMayLeaveWhileABatchWaits(t *testing.T) {
	start(t, nil, func(r *rig) {
		a, b := r.listen(nil), r.listen(nil)
		for _, l := range []*listener{a, b} {
			l.subscribe("main", nil, filter.Filter{})
		}
		r.burst(3)
		synctest.Wait()
		a.Close()
		c := r.listen(nil)
		c.subscribe("main", nil, filter.Filter{})
		time.Sleep(time.Second)
		if got := a.look(); len(got.live) != 1 {
			t.Errorf("the one that left got %d, want only the leading edge", len(got.live))
		}
		wantIDs(t, b.ids(), "e1", "e2", "e3")
		wantIDs(t, c.catch("main"), "e1", "e2", "e3")
		if err := a.Subscribe(r.Context(), "late", []filter.Filter{{}}, nil); err != nil {
			t.Errorf("Subscribe after Close = %v, want it ignored", err)
		}
		synctest.Wait()
		if s := r.Stats(); s.Subscriptions != 2 {
			t.Errorf("%d subscriptions, want 2", s.Subscriptions)
		}
	})
}
