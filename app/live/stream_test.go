//go:build !js

package live

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"tierboard/shared/event"
	"tierboard/shared/filter"
	"tierboard/shared/wire"
)

func TestResumeAfterCut(t *testing.T) {
	y := live(t)
	y.last().give(y.batch("", false, 130, 120))
	if d := cmp.Diff(&wire.Resume{Epoch: "e1", Seq: 130}, y.again(1006).Resume); d != "" {
		t.Fatal(d)
	}
	y.last().give(y.welcome("e1"), &wire.Subscribed{ID: "main", Seq: 140, Replayed: 3, Resumed: true}, y.batch("main", false, 133, 131, 133))
	// Cut in the middle of the replay: what came counts, the rest is asked for again.
	if d := cmp.Diff(&wire.Resume{Epoch: "e1", Seq: 133}, y.again(1006).Resume); d != "" {
		t.Fatal(d)
	}
	y.last().give(y.welcome("e1"), &wire.Subscribed{ID: "main", Seq: 140, Replayed: 1, Resumed: true}, y.batch("main", false, 139, 139))
	if d := cmp.Diff(&wire.Resume{Epoch: "e1", Seq: 140}, y.again(1006).Resume); d != "" {
		t.Fatal(d)
	}
	y.last().give(y.welcome("e1"), &wire.Subscribed{ID: "main", Seq: 150, Resumed: true})
	if d := cmp.Diff(&wire.Resume{Epoch: "e1", Seq: 150}, y.again(1006).Resume); d != "" {
		t.Fatal("nothing was missed: ", d)
	}
	if c := y.s.Counters(); c.Resumed != 3 || c.Snapshots != 1 || c.Attempts != 5 || c.Lives != 4 {
		t.Errorf("%+v", c)
	}
	for i, b := range y.batches {
		if b.Reset != (i == 0) {
			t.Errorf("batch %d has reset %v", i, b.Reset)
		}
	}
}

func TestCutInSnapshotAsksForAnother(t *testing.T) {
	y := begin(t)
	y.last().h.Open(wire.MsgPackProtocol)
	y.last().subscribe()
	y.last().give(y.welcome("e1"), &wire.Subscribed{ID: "main", Seq: 100, Replayed: 3}, y.batch("main", true, 99, 98, 99))
	if r := y.again(1006); r.Resume != nil {
		t.Errorf("resumes at %+v with half a snapshot", r.Resume)
	}
}

func TestLiveBatchEndsSnapshot(t *testing.T) {
	y := begin(t)
	y.last().h.Open(wire.MsgPackProtocol)
	y.last().subscribe()
	y.last().give(y.welcome("e1"), &wire.Subscribed{ID: "main", Seq: 100, Replayed: 3}, y.batch("main", true, 99, 98, 99), y.batch("", false, 101, 101))
	if d := cmp.Diff(&wire.Resume{Epoch: "e1", Seq: 101}, y.again(1006).Resume); d != "" {
		t.Error(d)
	}
}

func TestOtherEpochStartsAfresh(t *testing.T) {
	y := live(t)
	y.last().give(y.batch("", false, 500, 500))
	y.again(1001)
	y.last().give(y.welcome("e2"))
	if r := y.again(1006); r.Resume != nil {
		t.Errorf("a position of e1 offered to e2: %+v", r.Resume)
	}
	y.last().give(y.welcome("e2"), &wire.Subscribed{ID: "main", Seq: 7})
	if b := y.batches[len(y.batches)-1]; !b.Reset || len(b.Events) != 0 {
		t.Errorf("an empty snapshot must clear the board, got %+v", b)
	}
	if d := cmp.Diff(&wire.Resume{Epoch: "e2", Seq: 7}, y.again(1006).Resume); d != "" {
		t.Error(d)
	}
}

func TestCloseCodes(t *testing.T) {
	for code, want := range map[wire.CloseCode]Phase{
		wire.CloseGoingAway: Waiting, wire.CloseTooMany: Waiting, wire.CloseTooSlow: Waiting, 1000: Waiting, 1006: Waiting, 1011: Waiting,
		wire.ClosePolicy: Stopped, wire.CloseSignIn: Stopped, wire.CloseNotAllowed: Stopped,
	} {
		y := live(t)
		y.last().h.Close(int(code), "because")
		y.phase(want)
		if st := y.s.State(); st.Code != code || st.Reason != "because" {
			t.Errorf("%d: %+v", code, st)
		}
		n := len(y.sockets)
		y.advance(time.Hour)
		if stopped := len(y.sockets) == n; stopped != (want == Stopped) {
			t.Errorf("%d: %d attempts in an hour", code, len(y.sockets)-n)
		}
		if want == Stopped {
			y.s.SetOnline(false)
			y.s.SetOnline(true)
			y.s.Check()
			y.phase(Stopped)
			y.s.Retry()
			y.phase(Connecting)
		}
	}
}

func TestSilentServerIsGivenUp(t *testing.T) {
	y := live(t)
	status := &wire.Status{Ingest: "connected", Tiers: map[string]wire.TierStatus{}}
	for range 20 {
		y.advance(15 * time.Second)
		y.last().give(status)
	}
	y.phase(Live)
	if y.statuses != 20 || len(y.sockets) != 1 {
		t.Fatalf("%d statuses over %d sockets", y.statuses, len(y.sockets))
	}
	y.advance(QuietLimit - time.Millisecond)
	y.phase(Live)
	dead := y.last()
	y.advance(time.Millisecond)
	y.phase(Waiting)
	if dead.closed != closeSilent || y.s.Counters().Silent != 1 {
		t.Errorf("closed with %d, counters %+v", dead.closed, y.s.Counters())
	}
	dead.give(status)
	dead.h.Close(1006, "late")
	y.phase(Waiting)
	if y.statuses != 20 {
		t.Error("a socket that was given up still talks")
	}
}

func TestNoWelcomeIsGivenUp(t *testing.T) {
	y := begin(t)
	y.last().h.Open(wire.MsgPackProtocol)
	y.advance(ConnectTimeout)
	if y.last().closed != closeSilent || y.s.Counters().Lives != 0 {
		t.Error("a server that never welcomes is waited for")
	}
}

func TestFiltersWhileConnected(t *testing.T) {
	y := live(t)
	y.s.SetFilters([]filter.Filter{{Tiers: []event.Tier{event.Combo, event.Combo}, Symbols: []string{"AAPL"}}})
	if r := y.last().subscribe(); r.Resume != nil || len(r.Filters) != 1 {
		t.Errorf("%+v", r)
	}
	y.last().give(y.batch("", false, 110, 110)) // still for the old filters
	y.s.SetFilters(columns)
	y.last().subscribe()
	// The first swap's snapshot is not the one for the filters in force.
	y.last().give(&wire.Subscribed{ID: "main", Seq: 111, Replayed: 1}, y.batch("main", true, 111, 111))
	if y.s.whole {
		t.Error("resumable on the filters of an older request")
	}
	y.last().give(&wire.Subscribed{ID: "main", Seq: 112, Replayed: 1}, y.batch("main", true, 112, 112))
	if d := cmp.Diff(&wire.Resume{Epoch: "e1", Seq: 112}, y.again(1006).Resume); d != "" {
		t.Error(d)
	}
	y.s.SetFilters(columns)
	if len(y.last().requests()) != 0 {
		t.Error("the same filters were sent again")
	}
	y.s.SetFilters(nil)
	if rs := y.last().requests(); len(rs) != 1 || rs[0].Type != "unsubscribe" {
		t.Errorf("no filters: %+v", rs)
	}
}

func TestFiltersWhileDisconnected(t *testing.T) {
	y := live(t)
	y.last().h.Close(1006, "")
	y.s.SetFilters([]filter.Filter{{Symbols: []string{"MSFT"}}})
	y.attempt()
	y.last().h.Open(wire.MsgPackProtocol)
	if r := y.last().subscribe(); r.Resume != nil || len(r.Filters) != 1 || r.Filters[0].Symbols[0] != "MSFT" {
		t.Errorf("%+v", r)
	}
}

func TestRefusedSubscribes(t *testing.T) {
	y := live(t)
	y.s.SetFilters(columns[:1])
	y.last().subscribe()
	y.last().give(&wire.Error{ID: "main", Code: wire.CodeRateLimited, Detail: "slow down"})
	y.advance(resubscribeIn)
	if r := y.last().subscribe(); len(r.Filters) != 1 {
		t.Errorf("%+v", r)
	}
	y.last().give(&wire.Error{ID: "main", Code: wire.CodeBadFilter, Detail: "filters[0].tiers: no"}, &wire.Error{Code: wire.CodeBadFrame})
	y.advance(2 * resubscribeIn)
	if len(y.last().requests()) != 0 || len(y.errors) != 3 || y.s.Counters().Refused != 3 {
		t.Error("a bad filter is sent again")
	}
	y.phase(Live)
}

func TestGarbageEndsTheConnection(t *testing.T) {
	for name, frame := range map[string][]byte{"garbage": {0xc1}, "empty": nil, "too large": make([]byte, wire.MaxFrame+1)} {
		y := live(t)
		k := y.last()
		k.h.Frame(frame)
		y.phase(Waiting)
		if c := y.s.Counters(); k.closed != closeBadFrame || c.Bad != 1 {
			t.Errorf("%s: closed with %d, %+v", name, k.closed, c)
		}
		y.attempt()
		y.last().h.Open(wire.MsgPackProtocol)
		if d := cmp.Diff(&wire.Resume{Epoch: "e1", Seq: 100}, y.last().subscribe().Resume); d != "" {
			t.Error(d)
		}
	}
}

func TestOtherSubprotocolIsRefused(t *testing.T) {
	y := begin(t)
	y.last().h.Open(wire.JSONProtocol)
	y.phase(Waiting)
	if st := y.s.State(); !strings.Contains(st.Reason, wire.MsgPackProtocol) {
		t.Errorf("%+v", st)
	}
}

func TestFailedDialIsRetried(t *testing.T) {
	y := begin(t)
	y.refuse = errNoSocket
	y.last().h.Close(1006, "")
	y.advance(time.Minute)
	y.phase(Waiting)
	if st := y.s.State(); st.Reason != errNoSocket.Error() || y.s.Counters().Attempts < 5 {
		t.Errorf("%+v after %d attempts", st, y.s.Counters().Attempts)
	}
	y.refuse = nil
	y.attempt()
	y.phase(Connecting)
}

// TestPausesStayInTheirBounds holds each pause to full jitter: up to 0.5 s first, doubling to 15 s, from anywhere.
func TestPausesStayInTheirBounds(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		y := begin(t)
		ceiling := FirstWait
		for range 12 {
			y.random = rapid.Float64Range(0, 0.999).Draw(rt, "random")
			y.last().h.Close(1006, "")
			wait := y.s.State().Until.Sub(y.now)
			if most := max(time.Duration(y.random*float64(ceiling)), MinWait); wait != most || wait > MaxWait {
				rt.Fatalf("waits %v, want %v of at most %v", wait, most, ceiling)
			}
			n := len(y.sockets)
			y.advance(wait - 1)
			if len(y.sockets) != n {
				rt.Fatal("tried too early")
			}
			y.advance(1)
			if len(y.sockets) != n+1 {
				rt.Fatal("did not try")
			}
			ceiling = min(2*ceiling, MaxWait)
		}
	})
}

func TestHealthResetsThePause(t *testing.T) {
	for _, tt := range []struct {
		lives time.Duration
		want  time.Duration
	}{{HealthyAfter - 1, 4 * FirstWait}, {HealthyAfter, FirstWait}} {
		y := begin(t)
		y.random = 1
		for range 2 {
			y.last().h.Close(1006, "")
			y.attempt()
		}
		n := len(y.sockets)
		y.last().h.Open(wire.MsgPackProtocol)
		y.last().give(y.welcome("e1"))
		y.advance(tt.lives)
		y.last().h.Close(1006, "")
		if wait := y.s.State().Until.Sub(y.now); n != 3 || wait != tt.want {
			t.Errorf("after %v of health in attempt %d: waits %v, want %v", tt.lives, n, wait, tt.want)
		}
	}
}

func TestByeSetsThePause(t *testing.T) {
	for ms, want := range map[int]time.Duration{3000: 3250 * time.Millisecond, 10_000_000: MaxBye + 250*time.Millisecond, -5: 250 * time.Millisecond} {
		y := live(t)
		y.last().give(&wire.Bye{ReconnectMS: ms})
		y.last().h.Close(1001, "restart")
		if wait := y.s.State().Until.Sub(y.now); wait != want {
			t.Errorf("bye of %d ms: waits %v, want %v", ms, wait, want)
		}
	}
}

func TestOfflineAndBack(t *testing.T) {
	y := live(t)
	y.s.SetOnline(false)
	y.phase(Live) // the browser may be wrong
	y.advance(ProbeTimeout - time.Second)
	y.last().give(&wire.Pong{ID: "probe"})
	y.advance(ProbeTimeout)
	y.phase(Live)
	y.s.Check()
	y.advance(ProbeTimeout)
	y.phase(Offline)
	n := len(y.sockets)
	y.advance(time.Minute)
	y.phase(Offline)
	if len(y.sockets) == n {
		t.Error("offline is never doubted")
	}
	y.last().h.Close(1006, "")
	n = len(y.sockets)
	y.s.SetOnline(true)
	y.phase(Connecting)
	if len(y.sockets) != n+1 {
		t.Error("coming online does not retry")
	}
	y.last().h.Close(1006, "")
	y.phase(Waiting)
	y.s.SetOnline(false)
	y.phase(Offline)
}

func TestCheckMakesOverdueAttempt(t *testing.T) {
	y := live(t)
	y.last().h.Close(1006, "")
	y.s.Check()
	y.phase(Waiting)
	y.now = y.now.Add(time.Hour) // the machine slept: no timer fired
	y.s.Check()
	y.phase(Connecting)
}

func TestRetryAndClose(t *testing.T) {
	y := live(t)
	y.s.Retry()
	if len(y.sockets) != 1 {
		t.Error("a live stream was retried")
	}
	y.last().h.Close(1006, "")
	y.s.Retry()
	y.phase(Connecting)
	y.s.Close()
	y.phase(Idle)
	if y.last().closed != closeDone || len(y.timers) != 0 {
		t.Errorf("closed with %d, %d timers left", y.last().closed, len(y.timers))
	}
	y.s.Retry()
	y.s.Check()
	y.phase(Idle)
	y.s.Start()
	y.phase(Connecting)
}

func TestStatesAreToldOnce(t *testing.T) {
	y := live(t)
	y.last().h.Close(int(wire.CloseSignIn), "sign in")
	var got []string
	for _, st := range y.states {
		got = append(got, st.Phase.String())
	}
	if d := cmp.Diff([]string{"connecting", "live", "stopped"}, got); d != "" {
		t.Error(d)
	}
}

func TestHookMayEndTheStream(t *testing.T) {
	p := &script{t: t, now: noon}
	var s *Stream
	s, _ = New(Config{Filters: columns, Hooks: Hooks{
		OnWelcome: func(*wire.Welcome) { s.Close() },
	}}, p)
	s.Start()
	p.last().h.Open(wire.MsgPackProtocol)
	p.last().give(&wire.Welcome{Epoch: "e"})
	if s.State().Phase != Idle || len(p.timers) != 0 {
		t.Errorf("%+v with %d timers", s.State(), len(p.timers))
	}
}

func TestOtherFramesAreCounted(t *testing.T) {
	y := live(t)
	y.last().give(
		&wire.Unknown{Type: "alert"}, &wire.Gap{FromSeq: 1, ToSeq: 2, REST: "/api"}, &wire.Unsubscribed{ID: "main"},
		&wire.Subscribed{ID: "another", Seq: 900}, &wire.Batch{ID: "another", Seq: 900},
		&wire.Batch{Seq: 50, Suppressed: 3, Dropped: 2},
	)
	c := y.s.Counters()
	if c.Unknown != 1 || c.Gaps != 1 || len(y.gaps) != 1 || c.Suppressed != 3 || c.Dropped != 2 || c.Backwards != 1 || c.Events != 2 || c.Frames != 9 || c.Bytes == 0 {
		t.Errorf("%+v", c)
	}
	if d := cmp.Diff(&wire.Resume{Epoch: "e1", Seq: 100}, y.again(1006).Resume); d != "" {
		t.Error(d)
	}
}

func TestConfigIsChecked(t *testing.T) {
	if _, err := New(Config{ID: strings.Repeat("x", wire.MaxID+1)}, &script{t: t}); err == nil {
		t.Error("an id the server refuses was taken")
	}
}

func TestSkewAndLatency(t *testing.T) {
	y := begin(t)
	const ahead = 90 * time.Second // the local clock
	server := func() time.Time { return y.now.Add(-ahead) }
	if _, ok := y.s.Skew(); ok {
		t.Error("a skew before the welcome")
	}
	k := y.last()
	k.h.Open(wire.MsgPackProtocol)
	y.advance(40 * time.Millisecond)
	k.give(&wire.Welcome{Epoch: "e1", ServerTime: server().Add(-30 * time.Millisecond)}) // it took 30 ms, the page was busy
	k.give(&wire.Pong{ID: "clock"})                                                      // 40 ms there and back
	for i := range 100 {
		y.advance(time.Second)
		b := y.batch("", false, uint64(i))
		b.SentAt = server().Add(-20 * time.Millisecond) // 20 ms on the way
		e := y.batch("", false, 1, 1).Events[0]
		e.ReceivedAt = server().Add(-time.Duration(21+i) * time.Millisecond)
		b.Events = []*event.Event{e, {Kind: event.Pattern, ID: "no time"}}
		k.give(b)
	}
	if skew, ok := y.s.Skew(); !ok || skew != ahead {
		t.Errorf("skew %v, want %v", skew, ahead)
	}
	if got := y.s.ServerTime(y.now); !got.Equal(server()) {
		t.Errorf("server time %v, want %v", got, server())
	}
	want := Latency{P50: 70 * time.Millisecond, P95: 115 * time.Millisecond, Max: 120 * time.Millisecond, N: 100}
	if d := cmp.Diff(want, y.s.Latency(y.now)); d != "" {
		t.Error(d)
	}
	if got := y.s.Latency(y.now.Add(latencyWindow + time.Second)); got.N != 0 {
		t.Errorf("old samples count: %+v", got)
	}
	// The local clock is set back by a minute: the estimate follows at once, for it is the smallest that counts; set
	// forward, it follows when the window has passed.
	s := y.s
	s.clock.sample(noon, noon.Add(-time.Second))
	if skew, _ := s.Skew(); skew != time.Second-20*time.Millisecond {
		t.Error(skew)
	}
	later := noon.Add(3 * skewWindow)
	s.clock.sample(later, later.Add(-time.Hour))
	s.clock.sample(later.Add(skewWindow), later.Add(skewWindow-time.Hour))
	if skew, _ := s.Skew(); skew != time.Hour-20*time.Millisecond {
		t.Error(skew)
	}
}

// A page that starts answers late. The first round trip is much too long then, and what was measured with it is not told for minutes.
func TestFirstRoundTripIsNotTheLast(t *testing.T) {
	y := begin(t)
	k := y.last()
	k.h.Open(wire.MsgPackProtocol)
	pings := func() int {
		n := 0
		for _, sent := range k.sent {
			if r, err := decodeRequest(sent); err == nil && r.Type == "ping" && r.ID == "clock" {
				n++
			}
		}
		return n
	}
	k.give(&wire.Welcome{Epoch: "e1", ServerTime: y.now})
	y.advance(280 * time.Millisecond)
	k.give(&wire.Pong{ID: "clock"})
	told := func(seq uint64) {
		b := y.batch("", false, seq, seq)
		b.SentAt, b.Events[0].ReceivedAt = y.now, y.now
		k.give(b)
	}
	told(1)
	if got := y.s.Latency(y.now); got.P50 != 140*time.Millisecond {
		t.Fatalf("%+v: half of the round trip counts", got)
	}
	for n := 2; n <= clockAsks; n++ {
		y.advance(clockEvery)
		if got := pings(); got != n {
			t.Fatalf("%d pings, want %d", got, n)
		}
		y.advance(2 * time.Millisecond)
		k.give(&wire.Pong{ID: "clock"})
	}
	if skew, _ := y.s.Skew(); skew != -time.Millisecond {
		t.Errorf("skew %v, want -1ms", skew)
	}
	told(2)
	if got := y.s.Latency(y.now); got.N != 1 || got.Max != time.Millisecond {
		t.Errorf("%+v, want one of 1ms", got)
	}
	y.advance(3 * clockEvery)
	if got := pings(); got != clockAsks {
		t.Errorf("%d pings, want %d", got, clockAsks)
	}
}

// FuzzFrame gives a live stream one frame of any bytes: it stays live or reconnects, and never panics.
func FuzzFrame(f *testing.F) {
	y := &story{script: &script{now: noon}}
	for _, m := range []wire.Frame{
		y.welcome("e2"), y.batch("main", true, 5, 4), y.batch("", false, 200, 200), &wire.Subscribed{ID: "main", Replayed: -3},
		&wire.Error{ID: "main", Code: wire.CodeRateLimited}, &wire.Bye{ReconnectMS: -1}, &wire.Pong{ID: "clock"},
	} {
		f.Add(m.Append(nil, wire.MsgPack))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		y := live(t)
		y.last().h.Frame(b)
		if p := y.s.State().Phase; p != Live && p != Waiting {
			t.Errorf("%v", p)
		}
		y.s.Latency(y.now)
		y.last().h.Close(1006, "")
		y.attempt()
		y.phase(Connecting)
	})
}
