//go:build !js

package live

import (
	"testing"

	"tierboard/shared/wire"
)

// earlySocket is a fakeSocket on which something had happened before it was dialled.
type earlySocket struct {
	*fakeSocket
	deliver func()
}

func (s earlySocket) Deliver() { s.deliver() }

// earlyScript dials sockets that deliver what the test says.
type earlyScript struct {
	*script
	deliver func(h Handlers)
}

func (p earlyScript) Dial(h Handlers) (Socket, error) {
	s, err := p.script.Dial(h)
	return earlySocket{s.(*fakeSocket), func() { p.deliver(h) }}, err
}

func TestEarlyFramesCountAsIfTheyCameNow(t *testing.T) {
	y := &story{script: &script{t: t, now: noon}}
	var filling, settled []bool
	var s *Stream
	frames := []wire.Frame{
		y.welcome("e1"), &wire.Subscribed{ID: "main", Seq: 100, Replayed: 3}, y.batch("main", true, 99, 98, 99), y.batch("main", false, 100, 100),
		y.batch("", false, 101, 101),
	}
	p := earlyScript{y.script, func(h Handlers) {
		h.Open(wire.MsgPackProtocol)
		for _, f := range frames {
			h.Frame(f.Append(nil, wire.MsgPack))
		}
	}}
	s, err := New(Config{Filters: columns, Hooks: Hooks{OnBatch: func(b *wire.Batch) {
		filling, settled = append(filling, s.Filling()), append(settled, s.Settled())
		y.batches = append(y.batches, b)
	}}}, p)
	if err != nil {
		t.Fatal(err)
	}
	s.Start()
	if s.State().Phase != Live || len(y.batches) != 3 || !s.Settled() {
		t.Fatalf("%+v with %d batches, settled %v", s.State(), len(y.batches), s.Settled())
	}
	if !filling[0] || filling[1] || filling[2] || settled[0] {
		t.Errorf("filling %v, settled %v: only the first batch has more of its snapshot behind it", filling, settled)
	}
	config := Config{Filters: columns}
	if sent := y.last().sent; len(sent) != 2 || string(sent[1]) != string(config.Subscription()) {
		t.Errorf("sent %q, want a ping and what Subscription returns", sent)
	}
	// The position counts: a cut resumes behind the last early frame.
	y.last().h.Close(1006, "cut")
	frames = nil
	y.last().sent = nil
	y.advance(FirstWait)
	if r := y.last().subscribe(); r.Resume == nil || r.Resume.Seq != 101 {
		t.Errorf("resumes at %+v", r.Resume)
	}
}

func TestNothingIsDeliveredToAStreamThatHasLeft(t *testing.T) {
	y := &story{script: &script{t: t, now: noon}}
	delivered := 0
	var s *Stream
	p := earlyScript{y.script, func(Handlers) { delivered++ }}
	s, err := New(Config{Filters: columns, Hooks: Hooks{OnState: func(st State) {
		if st.Phase == Connecting {
			s.Close()
		}
	}}}, p)
	if err != nil {
		t.Fatal(err)
	}
	s.Start()
	if delivered != 0 || s.State().Phase != Idle {
		t.Errorf("delivered %d times to a stream that is %v", delivered, s.State().Phase)
	}
}
