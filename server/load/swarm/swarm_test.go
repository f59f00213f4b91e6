package swarm

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/coder/websocket"
)

const patience = 10 * time.Second

// note is what a handler was told.
type note struct {
	text string
	code int
}

// notes is a Handler that hands everything on.
type notes chan note

func (n notes) Frame(_ *Conn, payload []byte)           { n <- note{text: string(payload)} }
func (n notes) Closed(_ *Conn, code int, reason string) { n <- note{reason, code} }

// next returns what the handler was told next.
func (n notes) next(t *testing.T) note {
	t.Helper()
	select {
	case x := <-n:
		return x
	case <-time.After(patience):
		t.Fatal("the handler was told nothing")
		return note{}
	}
}

// start runs a server that answers with serve, and a swarm for it.
func start(t *testing.T, serve func(ctx context.Context, conn *websocket.Conn)) *Swarm {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		conn, err := websocket.Accept(w, r, &websocket.AcceptOptions{Subprotocols: []string{"p"}})
		if err == nil {
			defer conn.CloseNow()
			serve(r.Context(), conn)
		}
	}))
	t.Cleanup(server.Close)
	s, err := New(Config{Addr: strings.TrimPrefix(server.URL, "http://"), Path: "/ws", Protocol: "p", Pause: time.Millisecond})
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- s.Run(ctx) }()
	t.Cleanup(func() {
		stop()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
	return s
}

// dial opens a connection.
func dial(t *testing.T, s *Swarm, h Handler) *Conn {
	t.Helper()
	c, err := s.Dial(context.Background(), How{Source: netip.MustParseAddr("127.0.0.3"), Urgent: len(t.Name())%2 == 0}, h)
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	return c
}

func TestMessagesOfEverySizeArriveWholeAndInOrder(t *testing.T) {
	sizes := []int{0, 1, 125, 126, 127, 65535, 65536, 300 << 10, 2 << 20, 5}
	message := func(i int) string { return strings.Repeat(strconv.Itoa(i), sizes[i]) }
	s := start(t, func(ctx context.Context, conn *websocket.Conn) {
		for i := range sizes {
			if conn.Write(ctx, websocket.MessageBinary, []byte(message(i))) != nil {
				return
			}
		}
		conn.SetReadLimit(-1)
		for {
			kind, b, err := conn.Read(ctx)
			if err != nil || conn.Write(ctx, kind, b) != nil {
				return
			}
		}
	})
	h := make(notes, 100)
	c := dial(t, s, h)
	for i := range sizes {
		if got := h.next(t); got.text != message(i) {
			t.Fatalf("message %d: %d bytes came, want the %d sent", i, len(got.text), sizes[i])
		}
	}
	for i, size := range sizes {
		if size > 1<<16 {
			continue // a client's messages are small
		}
		if err := c.Send([]byte(message(i))); err != nil {
			t.Fatal(err)
		}
		if got := h.next(t); got.text != message(i) {
			t.Fatalf("message %d: %d bytes came back, want the %d sent", i, len(got.text), size)
		}
	}
}

func TestMessagesAreBinaryOrText(t *testing.T) {
	s := start(t, func(ctx context.Context, conn *websocket.Conn) {
		for {
			kind, b, err := conn.Read(ctx)
			if err != nil || conn.Write(ctx, websocket.MessageText, fmt.Appendf(nil, "%v %s", kind, b)) != nil {
				return
			}
		}
	})
	h := make(notes, 2)
	c := dial(t, s, h)
	if err := errors.Join(c.Send([]byte("first")), c.SendText([]byte("second"))); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"MessageBinary first", "MessageText second"} {
		if got := h.next(t); got.text != want {
			t.Errorf("%q was sent, want %q", got.text, want)
		}
	}
}

func TestManyConnectionsFromSeveralAddresses(t *testing.T) {
	const clients, messages = 200, 20
	s := start(t, func(ctx context.Context, conn *websocket.Conn) {
		for i := range messages {
			if conn.Write(ctx, websocket.MessageBinary, fmt.Append(nil, i)) != nil {
				return
			}
		}
		_, _, _ = conn.Read(ctx)
	})
	h := make([]notes, clients)
	var wg sync.WaitGroup
	for i := range h {
		h[i] = make(notes, messages)
		wg.Go(func() { dial(t, s, h[i]) })
	}
	wg.Wait()
	for i := range h {
		for m := range messages {
			if got := h[i].next(t); got.text != strconv.Itoa(m) {
				t.Fatalf("client %d got %q as message %d", i, got.text, m)
			}
		}
	}
}

func TestTheHandlerHearsOfTheEnd(t *testing.T) {
	s := start(t, func(ctx context.Context, conn *websocket.Conn) {
		if err := conn.Ping(conn.CloseRead(ctx)); err != nil { // answered without the handler
			t.Error(err)
		}
		_ = conn.Close(4499, "too slow")
	})
	h := make(notes, 10)
	c := dial(t, s, h)
	if got := h.next(t); got != (note{"too slow", 4499}) {
		t.Errorf("told %+v, want the close code", got)
	}
	if c.Send(nil) == nil {
		t.Error("sent on a closed connection")
	}

	broken := start(t, func(_ context.Context, conn *websocket.Conn) { _ = conn.CloseNow() })
	dial(t, broken, h)
	if got := h.next(t); got.code != codeBroken {
		t.Errorf("told %+v, want 1006", got)
	}
}

func TestDropIsSilent(t *testing.T) {
	gone := make(chan struct{})
	s := start(t, func(ctx context.Context, conn *websocket.Conn) {
		_, _, _ = conn.Read(ctx)
		close(gone)
	})
	h := make(notes, 10)
	c := dial(t, s, h)
	c.Drop()
	c.Drop()
	<-gone
	if len(h) > 0 {
		t.Errorf("told %+v about a connection that was dropped", <-h)
	}
}

func TestAMutedConnectionReadsNothing(t *testing.T) {
	s := start(t, func(ctx context.Context, conn *websocket.Conn) {
		if conn.Write(ctx, websocket.MessageBinary, []byte("one")) == nil {
			_, _, _ = conn.Read(ctx)
			_ = conn.Write(ctx, websocket.MessageBinary, []byte("two"))
		}
		_, _, _ = conn.Read(ctx)
	})
	h, other := make(notes, 10), make(notes, 10)
	c := dial(t, s, h)
	h.next(t)
	if err := c.Mute(); err != nil {
		t.Fatal(err)
	}
	if err := c.Send(nil); err != nil {
		t.Fatal(err)
	}
	d := dial(t, s, other)
	other.next(t)
	if err := d.Send(nil); err != nil {
		t.Fatal(err)
	}
	other.next(t) // its second message came after the muted one's
	if len(h) > 0 {
		t.Errorf("read %+v from a muted connection", <-h)
	}
}

func TestDialRefusesWhatIsNoPeer(t *testing.T) {
	for name, answer := range map[string]string{
		"another status": "HTTP/1.1 503 Service Unavailable\r\n\r\n",
		"another key":    "HTTP/1.1 101 Switching Protocols\r\nSec-WebSocket-Protocol: p\r\nSec-WebSocket-Accept: AAAA\r\n\r\n",
		"no end":         "HTTP/1.1 101 Switching Protocols\r\nX: " + strings.Repeat("x", 20<<10),
		"nothing":        "",
	} {
		t.Run(name, func(t *testing.T) {
			server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
				conn, buf, err := http.NewResponseController(w).Hijack()
				if err != nil {
					t.Error(err)
					return
				}
				_, _ = buf.WriteString(answer)
				_ = buf.Flush()
				_ = conn.Close()
			}))
			defer server.Close()
			s, err := New(Config{Addr: strings.TrimPrefix(server.URL, "http://"), Path: "/", Protocol: "p"})
			if err != nil {
				t.Fatal(err)
			}
			defer s.close()
			if _, err := s.Dial(context.Background(), How{}, make(notes)); err == nil {
				t.Error("dialled")
			}
		})
	}
}

func FuzzHeader(f *testing.F) {
	f.Add([]byte{0x82, 1, 'x'})
	f.Add([]byte{0x82, 126, 0, 200})
	f.Add([]byte{0x82, 127, 0, 0, 0, 0, 0, 1, 0, 0})
	f.Add([]byte{0x82, 127, 255, 255, 255, 255, 255, 255, 255, 255})
	f.Fuzz(func(t *testing.T, b []byte) {
		_, from, to, ok, err := header(b)
		if ok && (err != nil || from > to || to > len(b)) {
			t.Errorf("% x: payload %d to %d of %d, %v", b, from, to, len(b), err)
		}
	})
}
