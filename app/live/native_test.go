//go:build !js

package live

import (
	"context"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/coder/websocket"
	"go.uber.org/goleak"

	"tierboard/shared/wire"
)

// peer is one connection on the server's side of a real socket.
type peer struct {
	t    *testing.T
	conn *websocket.Conn
}

func (p *peer) give(frames ...wire.Frame) {
	for _, f := range frames {
		if err := p.conn.Write(p.t.Context(), websocket.MessageBinary, f.Append(nil, wire.MsgPack)); err != nil {
			p.t.Error(err)
		}
	}
}

// request reads until something that is no ping.
func (p *peer) request() *wire.Request {
	for {
		_, b, err := p.conn.Read(p.t.Context())
		if err != nil {
			p.t.Error(err)
			return &wire.Request{}
		}
		r, err := decodeRequest(b)
		if err != nil {
			p.t.Error(err)
			return &wire.Request{}
		}
		if r.Type != "ping" {
			return r
		}
	}
}

// serve runs a real WebSocket server; each connection goes to conversation, by its number from 0.
func serve(t *testing.T, conversation func(n int, p *peer)) (url string, stop func()) {
	t.Helper()
	n := 0
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		conn, err := websocket.Accept(w, r, &websocket.AcceptOptions{Subprotocols: []string{wire.MsgPackProtocol}})
		if err != nil {
			t.Error(err)
			return
		}
		defer conn.CloseNow()
		i := n // connections of one stream follow each other
		n++
		conversation(i, &peer{t, conn})
	}))
	return "ws" + strings.TrimPrefix(srv.URL, "http"), srv.Close
}

// TestOverRealSockets resumes over a real server that breaks, says goodbye and at last sends the stream away.
func TestOverRealSockets(t *testing.T) {
	defer goleak.VerifyNone(t)
	y := &story{script: &script{t: t, now: noon}} // makes the frames
	resumes := make(chan *wire.Resume, 8)
	url, stop := serve(t, func(n int, p *peer) {
		resumes <- p.request().Resume
		p.give(&wire.Welcome{Epoch: "e1", ServerTime: time.Now()})
		switch n {
		case 0:
			p.give(&wire.Subscribed{ID: "main", Seq: 10, Replayed: 1}, y.batch("main", true, 10, 9), y.batch("", false, 12, 12))
			p.request() // the swapped filters say that all has arrived
			p.give(&wire.Subscribed{ID: "main", Seq: 13})
			p.conn.Close(websocket.StatusCode(wire.CloseTooSlow), "slow")
		case 1:
			p.give(&wire.Subscribed{ID: "main", Seq: 20, Resumed: true})
			p.conn.Close(websocket.StatusCode(wire.CloseNotAllowed), "not for you")
		}
	})
	defer stop()

	ended := make(chan State, 1)
	batches := make(chan *wire.Batch, 8)
	n := NewNative(NativeConfig{URL: url})
	s, err := New(Config{
		Filters: columns, Random: func() float64 { return 0 },
		Hooks: Hooks{
			OnBatch: func(b *wire.Batch) { batches <- b },
			OnState: func(st State) {
				if st.Phase == Stopped {
					ended <- st
				}
			},
		},
	}, n)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	done := make(chan error, 1)
	go func() { done <- n.Run(ctx, s) }()

	for _, want := range []struct {
		seq   uint64
		reset bool
	}{{10, true}, {12, false}} {
		if b := <-batches; b.Seq != want.seq || b.Reset != want.reset {
			t.Errorf("batch %+v, want %+v", b, want)
		}
	}
	n.Do(func() { s.SetFilters(columns[:1]) })
	select {
	case st := <-ended:
		if st.Code != wire.CloseNotAllowed || st.Reason != "not for you" {
			t.Errorf("%+v", st)
		}
	case <-ctx.Done():
		t.Fatal("never sent away")
	}
	if first := <-resumes; first != nil {
		t.Errorf("first connection resumes at %+v", first)
	}
	if second := <-resumes; second == nil || *second != (wire.Resume{Epoch: "e1", Seq: 13}) {
		t.Errorf("second connection resumes at %+v", second)
	}
	cancel()
	if err := <-done; err != nil {
		t.Error(err)
	}
	if _, err := n.Dial(Handlers{}); err == nil {
		t.Error("dials after its end")
	}
}

// TestNativeSaysGoodbye ends Run while connected: the server must see a clean close, not a cut.
func TestNativeSaysGoodbye(t *testing.T) {
	defer goleak.VerifyNone(t)
	code := make(chan websocket.StatusCode, 1)
	url, stop := serve(t, func(_ int, p *peer) {
		p.request()
		p.give(&wire.Welcome{Epoch: "e1", ServerTime: time.Now()})
		_, _, err := p.conn.Read(t.Context())
		code <- websocket.CloseStatus(err)
	})
	defer stop()
	ctx, cancel := context.WithCancel(t.Context())
	n := NewNative(NativeConfig{URL: url})
	s, err := New(Config{Filters: columns, Hooks: Hooks{OnState: func(st State) {
		if st.Phase == Live {
			cancel()
		}
	}}}, n)
	if err != nil {
		t.Fatal(err)
	}
	if err := n.Run(ctx, s); err != nil {
		t.Error(err)
	}
	if got := <-code; got != websocket.StatusNormalClosure {
		t.Errorf("closed with %d", got)
	}
}

// TestNativeRefusedDial retries against a port where nobody listens.
func TestNativeRefusedDial(t *testing.T) {
	defer goleak.VerifyNone(t)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	n := NewNative(NativeConfig{URL: "ws://127.0.0.1:1/ws"})
	s, err := New(Config{Filters: columns, Random: func() float64 { return 0 }}, n)
	if err != nil {
		t.Fatal(err)
	}
	s.hooks.OnState = func(st State) {
		if st.Phase == Waiting && s.Counters().Attempts == 2 {
			if st.Code != broken || st.Reason == "" {
				t.Errorf("%+v", st)
			}
			cancel()
		}
	}
	if err := n.Run(ctx, s); err != nil {
		t.Error(err)
	}
}

func TestSendQueueIsBounded(t *testing.T) {
	cut := false
	s := &nativeSocket{cancel: func() { cut = true }, out: make(chan []byte, sendQueue)}
	for range sendQueue {
		if err := s.Send([]byte{1}); err != nil {
			t.Fatal(err)
		}
	}
	if err := s.Send(nil); err == nil || !cut {
		t.Error("the queue has no bound")
	}
}
