//go:build !js

package live

import (
	"bytes"
	"errors"
	"slices"
	"testing"
	"time"

	"tierboard/shared/event"
	"tierboard/shared/filter"
	"tierboard/shared/wire"
)

var noon = time.Date(2026, 11, 20, 17, 0, 0, 0, time.UTC)

// script is a Platform whose clock moves when told to and whose sockets do what the test says.
type script struct {
	t       *testing.T
	now     time.Time
	timers  []*timer
	sockets []*fakeSocket
	refuse  error // what Dial returns
}

type timer struct {
	at time.Time
	f  func()
}

func (p *script) Now() time.Time { return p.now }

func (p *script) After(d time.Duration, f func()) func() {
	tm := &timer{p.now.Add(d), f}
	p.timers = append(p.timers, tm)
	return func() { p.timers = slices.DeleteFunc(p.timers, func(x *timer) bool { return x == tm }) }
}

func (p *script) Dial(h Handlers) (Socket, error) {
	if p.refuse != nil {
		return nil, p.refuse
	}
	s := &fakeSocket{p: p, h: h}
	p.sockets = append(p.sockets, s)
	return s, nil
}

// advance moves the clock and fires what is due, in order.
func (p *script) advance(d time.Duration) {
	end := p.now.Add(d)
	for {
		next := -1
		for i, tm := range p.timers {
			if !tm.at.After(end) && (next < 0 || tm.at.Before(p.timers[next].at)) {
				next = i
			}
		}
		if next < 0 {
			break
		}
		tm := p.timers[next]
		p.timers = slices.Delete(p.timers, next, next+1)
		p.now = tm.at
		tm.f()
	}
	p.now = end
}

// last returns the newest socket.
func (p *script) last() *fakeSocket {
	p.t.Helper()
	if len(p.sockets) == 0 {
		p.t.Fatal("nothing was dialled")
	}
	return p.sockets[len(p.sockets)-1]
}

// fakeSocket is a socket of the script.
type fakeSocket struct {
	p      *script
	h      Handlers
	sent   [][]byte
	closed int
}

func (s *fakeSocket) Send(b []byte) error {
	s.sent = append(s.sent, bytes.Clone(b))
	return nil
}
func (s *fakeSocket) Close(code int) { s.closed = code }

// give sends frames to the stream.
func (s *fakeSocket) give(frames ...wire.Frame) {
	for _, f := range frames {
		s.h.Frame(f.Append(nil, wire.MsgPack))
	}
}

// requests returns what the stream sent since the last call, without pings.
func (s *fakeSocket) requests() []*wire.Request {
	s.p.t.Helper()
	var out []*wire.Request
	for _, b := range s.sent {
		r, err := decodeRequest(b)
		if err != nil {
			s.p.t.Fatal("sent what the server would refuse: ", err)
		}
		if r.Type != "ping" {
			out = append(out, r)
		}
	}
	s.sent = nil
	return out
}

// subscribe returns the one subscribe request that was sent since the last call.
func (s *fakeSocket) subscribe() *wire.Request {
	s.p.t.Helper()
	rs := s.requests()
	if len(rs) != 1 || rs[0].Type != "subscribe" {
		s.p.t.Fatalf("sent %d requests, want one subscribe", len(rs))
	}
	return rs[0]
}

// story is a stream on a script, with everything it told.
type story struct {
	*script
	s        *Stream
	batches  []*wire.Batch
	states   []State
	errors   []*wire.Error
	gaps     []*wire.Gap
	statuses int
	random   float64
}

var columns = []filter.Filter{{Tiers: []event.Tier{event.Daily}}, {Tiers: []event.Tier{event.Combo}}}

// begin makes a story that has just been started.
func begin(t *testing.T) *story {
	t.Helper()
	y := &story{script: &script{t: t, now: noon}, random: 0.5}
	s, err := New(Config{
		Filters: columns, Random: func() float64 { return y.random },
		Hooks: Hooks{
			OnBatch:  func(b *wire.Batch) { y.batches = append(y.batches, b) },
			OnState:  func(st State) { y.states = append(y.states, st) },
			OnError:  func(e *wire.Error) { y.errors = append(y.errors, e) },
			OnGap:    func(g *wire.Gap) { y.gaps = append(y.gaps, g) },
			OnStatus: func(*wire.Status) { y.statuses++ },
		},
	}, y.script)
	if err != nil {
		t.Fatal(err)
	}
	y.s = s
	s.Start()
	return y
}

// live brings a story to the end of its snapshot of two events: epoch e1, sequence 100.
func live(t *testing.T) *story {
	t.Helper()
	y := begin(t)
	k := y.last()
	k.h.Open(wire.MsgPackProtocol)
	if r := k.subscribe(); r.ID != "main" || r.Resume != nil || len(r.Filters) != 2 {
		t.Fatalf("first request %+v", r)
	}
	k.give(y.welcome("e1"), &wire.Subscribed{ID: "main", Seq: 100, Replayed: 2})
	k.give(y.batch("main", true, 99, 98, 99))
	y.phase(Live)
	return y
}

func (y *story) welcome(epoch string) *wire.Welcome {
	return &wire.Welcome{Protocol: 1, Epoch: epoch, ServerTime: y.now}
}

// batch makes a batch up to seq of the events with the given sequences.
func (y *story) batch(id string, reset bool, seq uint64, events ...uint64) *wire.Batch {
	b := &wire.Batch{ID: id, Seq: seq, SentAt: y.now, Reset: reset}
	for _, n := range events {
		b.Events = append(b.Events, &event.Event{
			Kind: event.Pattern, ID: string(rune('a' + n)), Seq: n, Tier: event.Daily, Daily: &event.DailyDetail{},
			Scope: event.Scope{Symbol: "AAPL", Pattern: "doji"}, DetectedAt: y.now, ReceivedAt: y.now,
		})
	}
	return b
}

// phase demands a phase.
func (y *story) phase(want Phase) {
	y.t.Helper()
	if got := y.s.State(); got.Phase != want {
		y.t.Fatalf("state %+v, want %v", got, want)
	}
}

// attempt moves the clock to the next attempt.
func (y *story) attempt() { y.advance(y.s.State().Until.Sub(y.now)) }

// again lets the connection end with a code, waits for the next attempt, opens it and returns its subscribe request.
func (y *story) again(code int) *wire.Request {
	y.t.Helper()
	n := len(y.sockets)
	y.last().h.Close(code, "cut")
	y.phase(Waiting)
	y.attempt()
	if len(y.sockets) != n+1 {
		y.t.Fatalf("%d attempts after the cut, want 1", len(y.sockets)-n)
	}
	y.last().h.Open(wire.MsgPackProtocol)
	return y.last().subscribe()
}

var errNoSocket = errors.New("no socket to be had")

// decodeRequest reads what a stream sent as the server would.
func decodeRequest(b []byte) (*wire.Request, error) {
	return wire.DecodeRequest(b, wire.MsgPack, filter.DefaultSchema())
}
