package hub

import (
	"errors"
	"runtime"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"
	"weak"

	"tierboard/server/hub/frame"
	"tierboard/server/hub/outbox"
	"tierboard/server/recent"
	"tierboard/shared/event"
	"tierboard/shared/filter"
	"tierboard/shared/wire"
)

// pipe is a sink whose connection takes a number of bytes without waiting, and the rest when a test lets it drain.
type pipe struct {
	*rig
	*Session

	mu      sync.Mutex
	room    int // bytes that go without waiting; negative for any number
	got     []wire.Frame
	raw     [][]byte // what Try was given, as it is: two that share bytes share an address
	drains  int
	ended   int
	beats   []time.Time
	release chan struct{} // each token lets the drain write one frame
}

// pipes opens a session with a sink.
func (r *rig) pipe(room int, beat time.Duration) *pipe {
	r.Helper()
	p := &pipe{rig: r, room: room, release: make(chan struct{})}
	p.Session = r.Attach(wire.MsgPack, p, beat)
	if err := p.Join(r.Context(), &wire.Pong{ID: "hello"}); err != nil {
		r.Fatal(err)
	}
	r.Cleanup(p.Session.Close)
	return p
}

func (p *pipe) take(f frame.Frame) {
	m, err := wire.Decode(slices.Clone(f.Bytes))
	if err != nil {
		panic(err)
	}
	p.got = append(p.got, m)
}

func (p *pipe) Try(f frame.Frame) int {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.room < 0 || len(f.Ready) <= p.room {
		if p.room > 0 {
			p.room -= len(f.Ready)
		}
		p.raw = append(p.raw, f.Ready)
		if f.Bytes != nil {
			p.take(f)
		}
		return 0
	}
	left := len(f.Ready) - p.room
	p.room = 0
	p.drains++
	own := f.Keep()
	go p.drain(own)
	return left
}

func (p *pipe) drain(f frame.Frame) {
	for {
		if _, ok := <-p.release; ok {
			p.mu.Lock()
			p.take(f)
			p.mu.Unlock()
		}
		var err error
		if f, err = p.Next(p.Context()); err != nil {
			p.mu.Lock()
			defer p.mu.Unlock()
			if errors.Is(err, outbox.ErrIdle) {
				p.room = -1
			} else {
				p.ended++
			}
			return
		}
	}
}

func (p *pipe) Ended() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.ended++
}

func (p *pipe) Beat(now time.Time) []byte {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.beats = append(p.beats, now)
	return []byte{0x89, 0}
}

func (p *pipe) subscribe(f filter.Filter) {
	p.Helper()
	if err := p.Subscribe(p.Context(), "main", []filter.Filter{f.Canonical()}, &wire.Resume{Epoch: p.Epoch()}); err != nil {
		p.Fatal(err)
	}
	synctest.Wait()
}

// events returns the ids of the live events that came.
func (p *pipe) events() []string {
	synctest.Wait()
	p.mu.Lock()
	defer p.mu.Unlock()
	var out []string
	for _, m := range p.got {
		if b, ok := m.(*wire.Batch); ok && b.ID == "" {
			for _, e := range b.Events {
				out = append(out, e.ID)
			}
		}
	}
	return out
}

func TestASinkThatKeepsUpHasNoQueueAndNoGoroutine(t *testing.T) {
	start(t, one, func(r *rig) {
		p := r.pipe(-1, 0)
		p.subscribe(filter.Filter{})
		r.burst(5)
		time.Sleep(time.Second)
		wantIDs(t, p.events(), "e1", "e2", "e3", "e4", "e5")
		if hello, ok := p.got[0].(*wire.Pong); !ok || hello.ID != "hello" || p.drains != 0 || p.Waiting() != 0 {
			t.Errorf("first %+v, %d drains, %d bytes queued", p.got[0], p.drains, p.Waiting())
		}
	})
}

func TestASinkThatLagsGetsEverythingInOrderAndThenFramesAtOnceAgain(t *testing.T) {
	start(t, func(c *Config) { one(c); c.RateLimit = 0 }, func(r *rig) {
		p := r.pipe(-1, 0)
		p.subscribe(filter.Filter{})
		synctest.Wait()
		p.mu.Lock()
		p.room = 10 // part of the next frame
		p.mu.Unlock()
		for range 4 {
			r.publish(nil)
			time.Sleep(20 * time.Millisecond)
		}
		p.Send(&wire.Pong{ID: "late"}) // keeps its place behind what waits
		if got := p.events(); len(got) != 0 {
			t.Fatalf("%v came past the frame that waits", got)
		}
		for range 5 {
			p.release <- struct{}{}
		}
		wantIDs(t, p.events(), "e1", "e2", "e3", "e4")
		if last, ok := p.got[len(p.got)-1].(*wire.Pong); !ok || last.ID != "late" {
			t.Errorf("last %+v, want the answer", p.got[len(p.got)-1])
		}
		if n := p.Waiting(); n != 0 {
			t.Errorf("%d bytes still accounted for", n)
		}
		r.publish(nil)
		if got := p.events(); len(got) != 5 || p.drains != 1 {
			t.Errorf("%v after %d drains, want the next event at once", got, p.drains)
		}
	})
}

func TestAFullOutboxOfASinkBoundsMemoryAndDropsTheLeastUrgent(t *testing.T) {
	start(t, func(c *Config) { one(c); tight(c) }, func(r *rig) {
		p := r.pipe(-1, 0)
		p.subscribe(filter.Filter{})
		synctest.Wait()
		p.mu.Lock()
		p.room = 0
		p.mu.Unlock()
		r.publish(nil)
		for i := range 50 {
			r.publish(urgent([]float64{.65, .95}[i%2]))
		}
		synctest.Wait()
		if n := p.Waiting(); n > 2000 || len(p.pending) != 20 {
			t.Errorf("%d bytes and %d events wait, want the outbox and the backlog at their bounds", n, len(p.pending))
		}
		close(p.release)
		time.Sleep(time.Second)
		if s := r.Stats(); s.Dropped == 0 || s.Dropped != 51-s.Delivered {
			t.Errorf("stats %+v, want each of 51 events delivered or counted as dropped", s)
		}
	})
}

func TestTheEndOfASessionReachesItsSinkOnce(t *testing.T) {
	for name, c := range map[string]struct {
		end  func(*pipe)
		room int
		code wire.CloseCode
	}{
		"finish":             {func(p *pipe) { p.Finish(wire.CloseGoingAway, "x") }, -1, wire.CloseGoingAway},
		"finish behind lag":  {func(p *pipe) { p.Finish(wire.CloseGoingAway, "x"); close(p.release) }, 0, wire.CloseGoingAway},
		"abort":              {func(p *pipe) { p.Abort(wire.CloseTooSlow, "x") }, -1, wire.CloseTooSlow},
		"finish, then abort": {func(p *pipe) { p.Finish(wire.ClosePolicy, "x"); p.Abort(wire.CloseTooSlow, "y") }, -1, wire.ClosePolicy},
	} {
		t.Run(name, func(t *testing.T) {
			start(t, one, func(r *rig) {
				p := r.pipe(-1, 0)
				p.subscribe(filter.Filter{})
				p.mu.Lock()
				p.room = c.room
				p.mu.Unlock()
				r.publish(nil)
				synctest.Wait()
				c.end(p)
				synctest.Wait()
				if p.ended != 1 || p.Cause() == nil || p.Cause().Code != c.code {
					t.Errorf("told %d times of %v, want once of %d", p.ended, p.Cause(), c.code)
				}
				n := len(p.got)
				p.Send(&wire.Pong{})
				r.publish(nil)
				synctest.Wait()
				if len(p.got) != n {
					t.Error("a frame came after the end")
				}
			})
		})
	}
}

func TestSignsOfLifeAreAskedForAtAConstantInterval(t *testing.T) {
	start(t, one, func(r *rig) {
		began := time.Now()
		p := r.pipe(-1, 10*time.Second)
		synctest.Wait()
		time.Sleep(35 * time.Second)
		synctest.Wait()
		p.mu.Lock()
		var at []time.Duration
		for _, b := range p.beats {
			at = append(at, b.Sub(began))
		}
		pings := len(p.raw) - 1 // the first is the hello
		p.mu.Unlock()
		if want := []time.Duration{10 * time.Second, 20 * time.Second, 30 * time.Second}; !slices.Equal(at, want) || pings != 3 {
			t.Errorf("asked at %v and wrote %d, want %v", at, pings, want)
		}
		p.Session.Close()
		time.Sleep(time.Minute)
		if len(p.beats) != 3 {
			t.Errorf("asked %d times, want no more after the end", len(p.beats))
		}
	})
}

func TestTheHubLetsGoOfAClosedConnection(t *testing.T) {
	start(t, one, func(r *rig) {
		s, connection := r.abandon()
		synctest.Wait()
		for range 20 { // a sink that nobody holds is gone after the first, as a rule
			runtime.GC()
			if connection.Value() == nil {
				break
			}
		}
		if connection.Value() != nil {
			t.Error("the hub holds on to a closed connection")
		}
		runtime.KeepAlive(s) // as a shard's queues of moments do
	})
}

// abandon opens a session with a sink and closes it, and keeps the session but not the sink.
func (r *rig) abandon() (*Session, weak.Pointer[pipe]) {
	p := r.pipe(-1, time.Minute)
	p.subscribe(filter.Filter{})
	p.Session.Close()
	return p.Session, weak.Make(p)
}

// TestMembersOfACohortShareTheBytesOfABatch holds what makes a preset that thousands use cheap: it is encoded once.
func TestMembersOfACohortShareTheBytesOfABatch(t *testing.T) {
	start(t, one, func(r *rig) {
		sh := r.shards[0]
		ps := make([]*pipe, 10)
		for i := range ps {
			ps[i] = r.pipe(-1, 0)
			ps[i].subscribe(ofSymbol("AAPL"))
		}
		other := r.pipe(-1, 0)
		other.subscribe(ofSymbol("AAPL", "TSLA"))
		synctest.Wait()
		before := sh.press.Prints()
		r.publish(symbol("AAPL")) // the leading edge is the same for everybody
		synctest.Wait()
		if n := sh.press.Prints() - before; n != 1 {
			t.Errorf("%d encodings of the first event, want 1", n)
		}
		before = sh.press.Prints()
		r.publish(symbol("AAPL"))
		r.publish(symbol("TSLA"))
		r.publish(symbol("AAPL"))
		time.Sleep(100 * time.Millisecond) // the windows close together
		synctest.Wait()
		if n := sh.press.Prints() - before; n != 2 {
			t.Errorf("%d encodings of the batches, want one for the cohort and one for the other", n)
		}
		for _, p := range ps {
			wantIDs(t, p.events(), "e1", "e2", "e4")
			if &p.raw[2][0] != &ps[0].raw[2][0] {
				t.Error("two members got bytes of their own")
			}
		}
		wantIDs(t, other.events(), "e1", "e2", "e3", "e4")
	})
}

func TestSessionsGoToTheShardWithTheFewest(t *testing.T) {
	start(t, func(c *Config) { c.Shards = 3 }, func(r *rig) {
		loads := func() []int {
			synctest.Wait()
			out := make([]int, len(r.shards))
			for i, sh := range r.shards {
				out[i] = sh.load
				if len(sh.sessions) != sh.load {
					t.Errorf("shard %d holds %d sessions and counts %d", i, len(sh.sessions), sh.load)
				}
			}
			return out
		}
		var ls []*listener
		for range 9 {
			ls = append(ls, r.listen(nil))
		}
		if got := loads(); !slices.Equal(got, []int{3, 3, 3}) {
			t.Errorf("loads %v, want them even", got)
		}
		for _, l := range ls {
			if l.shard == r.shards[1] {
				l.Close()
				l.Close()
			}
		}
		for range 2 {
			r.listen(nil)
		}
		if got := loads(); !slices.Equal(got, []int{3, 2, 3}) {
			t.Errorf("loads %v, want the new ones where there is room", got)
		}
	})
}

func TestEveryShardDeliversEveryEvent(t *testing.T) {
	start(t, func(c *Config) { c.Shards = 4; c.RateLimit = 0 }, func(r *rig) {
		ls := make([]*listener, 12)
		for i := range ls {
			ls[i] = r.listen(nil)
			ls[i].subscribe("main", nil, ofSymbol([]string{"AAPL", "TSLA"}[i%2]))
		}
		for i := range 200 {
			r.publish(symbol([]string{"AAPL", "TSLA"}[i%2]))
		}
		time.Sleep(time.Second)
		for i, l := range ls {
			got := l.look()
			if len(got.live) != 100 || !slices.IsSorted(got.live) || got.live[0] != uint64(1+i%2) {
				t.Errorf("session %d got %d events from %d on", i, len(got.live), got.live[0])
			}
		}
	})
}

// pause is a request that keeps the shard at work until it is closed.
type pause chan struct{}

func (p pause) apply(*shard, time.Time) { <-p }

func TestACrowdedInboxMakesTheWindowLong(t *testing.T) {
	start(t, func(c *Config) { one(c); c.Inbox = 8 }, func(r *rig) {
		if w := r.Window(); w != 10*time.Millisecond || r.Stats().Window != w {
			t.Fatalf("window %v at first, want the shortest", w)
		}
		sh := r.shards[0]
		busy := make(pause)
		sh.requests <- busy    // else it may take each event as it comes
		sh.slots <- struct{}{} // as Publish does
		for range 7 {
			sh.slots <- struct{}{}
		}
		for i := range 8 {
			r.sent = i
			e := r.make(nil)
			e.Seq = uint64(i + 1)
			it := recent.NewItem(e)
			r.ring.Add(it)
			sh.events <- it
		}
		close(busy)
		synctest.Wait()
		if w := r.Window(); w != 80*time.Millisecond {
			t.Errorf("window %v, want the longest", w)
		}
		time.Sleep(2 * time.Second)
		r.Broadcast(&wire.Status{}) // anything that wakes the shard
		synctest.Wait()
		if w := r.Window(); w != 10*time.Millisecond {
			t.Errorf("window %v after a quiet second, want the shortest", w)
		}
	})
}

func TestASlowSinkIsCutWhereItStands(t *testing.T) {
	start(t, func(c *Config) { one(c); tight(c) }, func(r *rig) {
		p := r.pipe(-1, 0)
		p.subscribe(filter.Filter{})
		p.mu.Lock()
		p.room = 0
		p.mu.Unlock()
		r.publish(nil)
		synctest.Wait()
		r.publish(func(e *event.Event) { e.Priority = event.Critical })
		time.Sleep(11 * time.Second)
		synctest.Wait()
		if p.ended != 1 || p.Cause().Code != wire.CloseTooSlow {
			t.Errorf("told %d times of %v, want it cut", p.ended, p.Cause())
		}
		close(p.release)
	})
}
