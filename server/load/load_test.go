package load

import (
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"tierboard/server/load/report"
	"tierboard/server/load/scenario"
	"tierboard/shared/event"
	"tierboard/shared/wire"
)

// counts are what faults adds to the names.
var counts = regexp.MustCompile(`=\d+`)

// TestOneFaultIsFound breaks a server that delivers exactly in one place, once, and expects exactly that to be found.
func TestOneFaultIsFound(t *testing.T) {
	nth := func() *int { n := 300; return &n }
	live := func(change func(p *plain, s *plainSession, b *wire.Batch) []wire.Frame) func() mutation {
		return func() mutation {
			n := nth()
			return mutation{live: func(p *plain, s *plainSession, b *wire.Batch) []wire.Frame {
				if !p.once(n) {
					return nil
				}
				return change(p, s, b)
			}}
		}
	}
	churn := func(s *scenario.Scenario) { s.Swaps, s.Cuts = 1, 2 }
	swapping := func(s *scenario.Scenario) { s.Swaps, s.Cuts = 10, 0.5 }
	tests := map[string]struct {
		broken func() mutation
		change func(*scenario.Scenario)
		want   string
	}{
		"none":            {func() mutation { return mutation{} }, nil, ""},
		"none with churn": {func() mutation { return mutation{} }, churn, ""},
		"none with swaps": {func() mutation { return mutation{} }, swapping, ""},
		"one session misses one event": {live(func(*plain, *plainSession, *wire.Batch) []wire.Frame {
			return []wire.Frame{}
		}), nil, "missing=1"},
		"one event comes twice": {live(func(_ *plain, _ *plainSession, b *wire.Batch) []wire.Frame {
			return []wire.Frame{b, b}
		}), nil, "duplicates=1"},
		"an event comes twice in one batch": {live(func(_ *plain, _ *plainSession, b *wire.Batch) []wire.Frame {
			return []wire.Frame{&wire.Batch{Seq: b.Seq, Events: append(b.Events, b.Events...)}}
		}), nil, "disorder=1 duplicates=1"},
		"one session gets what it does not want": {func() mutation {
			n := nth()
			return mutation{other: func(p *plain, _ *plainSession, e *event.Event) []wire.Frame {
				if p.once(n) {
					return []wire.Frame{&wire.Batch{Seq: e.Seq, Events: []*event.Event{e}}}
				}
				return nil
			}}
		}, nil, "unexpected=1"},
		"an event is left out and told": {live(func(_ *plain, _ *plainSession, b *wire.Batch) []wire.Frame {
			return []wire.Frame{&wire.Batch{Seq: b.Seq, Suppressed: 1}}
		}), nil, ""},
		"an event is dropped and told": {live(func(_ *plain, _ *plainSession, b *wire.Batch) []wire.Frame {
			return []wire.Frame{&wire.Batch{Seq: b.Seq, Dropped: 1}}
		}), nil, ""},
		"an event is told as left out and sent": {live(func(_ *plain, _ *plainSession, b *wire.Batch) []wire.Frame {
			return []wire.Frame{&wire.Batch{Seq: b.Seq, Events: b.Events, Suppressed: 1}}
		}), nil, "overtold=1"},
		"an event has two positions": {live(func(_ *plain, _ *plainSession, b *wire.Batch) []wire.Frame {
			moved := *b.Events[0]
			moved.Seq += 1000
			return []wire.Frame{&wire.Batch{Seq: b.Seq, Events: []*event.Event{&moved}}}
		}), nil, "disorder=1"},
		"a batch descends": {func() mutation {
			n := nth()
			return mutation{live: func(p *plain, s *plainSession, b *wire.Batch) []wire.Frame {
				if s.held != nil {
					both := &wire.Batch{Seq: b.Seq, Events: []*event.Event{b.Events[0], s.held}}
					s.held = nil
					return []wire.Frame{both}
				}
				if s.got > 3 && p.once(n) { // a session that gets more is to get one more
					s.held = b.Events[0]
					return []wire.Frame{}
				}
				return nil
			}}
		}, nil, "disorder=1"},
		"a gap is announced": {live(func(_ *plain, _ *plainSession, b *wire.Batch) []wire.Frame {
			return []wire.Frame{b, &wire.Gap{FromSeq: 1, ToSeq: 2}}
		}), nil, "gaps=1"},
		"a request is refused": {live(func(_ *plain, _ *plainSession, b *wire.Batch) []wire.Frame {
			return []wire.Frame{b, &wire.Error{Code: wire.CodeTooMany}}
		}), nil, "refused=1"},
		"a frame of a later protocol": {live(func(_ *plain, _ *plainSession, b *wire.Batch) []wire.Frame {
			return []wire.Frame{b, &wire.Unknown{Type: "later"}, &wire.Status{Ingest: "connected"}}
		}), nil, ""},
		"a queue on the way in drops": {func() mutation {
			n := nth()
			return mutation{accept: func(p *plain, _ *event.Event) bool {
				if p.once(n) {
					p.dropped.Add(1)
				}
				return true
			}}
		}, nil, "lost_inside=1"},
		"a probe is lost for all": {func() mutation {
			n := 10
			return mutation{accept: func(p *plain, e *event.Event) bool { return !strings.HasPrefix(e.Symbol, "QUIET") || !p.once(&n) }}
		}, nil, "missing unaccepted"},
		// A client may be cut before it sees a fault of a resume, so these happen every time.
		"resumes are refused": {func() mutation {
			return mutation{replay: func(ack *wire.Subscribed, items []*event.Event, _ bool) []*event.Event {
				ack.Resumed = false
				return items
			}}
		}, churn, "unresumed"},
		"replays lack an event": {func() mutation {
			return mutation{replay: func(_ *wire.Subscribed, items []*event.Event, _ bool) []*event.Event {
				return items[min(len(items), 1):]
			}}
		}, churn, "missing"},
		"a swap's replay brings an event twice": {func() mutation {
			return mutation{replay: func(_ *wire.Subscribed, items []*event.Event, swap bool) []*event.Event {
				if swap && len(items) > 0 {
					return append(slices.Clone(items), items[0])
				}
				return items
			}}
		}, swapping, "disorder duplicates"},
	}
	// They wait more than they work, so many run at once.
	type result struct {
		p   *plain
		run *report.Run
	}
	results := map[string]chan result{}
	turn := make(chan struct{}, 12)
	for name, test := range tests {
		out := make(chan result, 1)
		results[name] = out
		go func() {
			defer close(out)
			turn <- struct{}{}
			defer func() { <-turn }()
			p, run := runPlain(t, test.broken(), test.change)
			out <- result{p, run}
		}()
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			r, ok := <-results[name]
			if !ok {
				t.FailNow()
			}
			p, run := r.p, r.run
			got := faults(&run.Exact)
			if !strings.Contains(test.want, "=") { // how often is left open
				got = counts.ReplaceAllString(got, "")
			}
			if got != test.want {
				t.Errorf("found %q, want %q\n%+v", got, test.want, run.Exact)
			}
			if run.Exact.OK() != (test.want == "") {
				t.Errorf("exact: %v with %q", run.Exact.OK(), got)
			}
			if !run.Exact.OK() && len(run.Exact.Faults) == 0 {
				t.Error("no fault is told in words")
			}
			if name[:4] != "none" && !p.done {
				t.Error("the fault never happened")
			}
			if x := run.Exact; x.Sessions != 90 || x.Received == 0 || x.Expected == 0 {
				t.Errorf("compared %d sessions, %d of %d events: too little", x.Sessions, x.Received, x.Expected)
			}
			if test.change != nil && (run.Exact.Cuts == 0 || run.Exact.Eras <= run.Exact.Sessions) {
				t.Errorf("%d cuts and %d subscriptions: that is no churn", run.Exact.Cuts, run.Exact.Eras)
			}
			// A replay has no latency, and on a busy machine everything may come by one to users who are cut all the time.
			if test.want == "" && (run.Live.Count == 0 && test.change == nil || run.Quiet.Count == 0 || run.Live.P50 > run.Live.Max) {
				t.Errorf("latencies %+v and %+v", run.Live, run.Quiet)
			}
		})
	}
}

func TestACutConnectionIsFound(t *testing.T) {
	n := 300
	_, run := runPlain(t, mutation{live: func(p *plain, s *plainSession, _ *wire.Batch) []wire.Frame {
		if p.once(&n) {
			s.out <- nil // closes with 4499
		}
		return nil
	}}, nil)
	if run.Exact.Lost != 1 || !strings.Contains(strings.Join(run.Exact.Faults, " "), "4499") {
		t.Errorf("%+v, want one connection lost with its code", run.Exact)
	}
}

func TestStuckSessionsAreNotCompared(t *testing.T) {
	_, run := runPlain(t, mutation{}, func(s *scenario.Scenario) { s.Stuck = 0.05 })
	if run.Stuck != 2 || run.Exact.Sessions != 88 || !run.Exact.OK() {
		t.Errorf("%d stuck, %+v: want 2, and 88 sessions exact", run.Stuck, run.Exact)
	}
}

func TestNobodyListens(t *testing.T) {
	p, x := startPlain(t, mutation{})
	_ = p
	other := startPlainRedis(t)
	x.Redis = other
	run, err := measure(t.Context(), &Config{Seed: 5, hurry: true}, scenario.Scenario{Users: 5, Rate: 100, Length: time.Second}, x, 0)
	if err != nil {
		t.Fatal(err)
	}
	if run.Exact.Unheard != run.Published || run.Exact.Unaccepted != run.Published || run.Exact.OK() {
		t.Errorf("%+v, want %d events that nobody heard", run.Exact, run.Published)
	}
}

func TestAStormOfConnections(t *testing.T) {
	_, run := runPlain(t, mutation{}, func(s *scenario.Scenario) { s.Storm = 100 })
	if !run.Exact.OK() || run.StormConnects <= 0 || run.Live.Count == 0 || run.WindowMS != 12.5 {
		t.Errorf("%v guests a second, %d events before and after, window %v ms; %+v", run.StormConnects, run.Live.Count, run.WindowMS, run.Exact)
	}
}

func TestTheArchiveIsAsked(t *testing.T) {
	for name, test := range map[string]struct {
		broken func(p *plain)
		want   func(run *report.Run) bool
	}{
		"it has everything": {func(*plain) {}, func(run *report.Run) bool { return run.Unstored == 0 && run.Exact.OK() }},
		"it dropped some":   {func(p *plain) { p.unstored.Store(3) }, func(run *report.Run) bool { return run.Unstored == 3 }},
		"it forgot all": {func(p *plain) { p.forgets = true }, func(run *report.Run) bool {
			return run.Unstored > 0 && run.Unstored <= asks && strings.Contains(strings.Join(run.Notes, " "), "does not find")
		}},
	} {
		t.Run(name, func(t *testing.T) {
			p, x := startPlain(t, mutation{})
			test.broken(p)
			s := scenario.Scenario{Users: 40, Rate: 2000, Length: time.Second, Archive: true}
			run, err := measure(t.Context(), &Config{Seed: 5, hurry: true}, s, x, 0)
			if err != nil {
				t.Fatal(err)
			}
			if !test.want(run) {
				t.Errorf("%d unstored, notes %q", run.Unstored, run.Notes)
			}
		})
	}
}
