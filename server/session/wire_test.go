package session

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/coder/websocket"

	"tierboard/server/hub"
	"tierboard/shared/event"
	"tierboard/shared/filter"
	"tierboard/shared/wire"
)

// bare is a client that writes its frames byte by byte, to do what well-made clients do not.
type bare struct {
	*rig
	net.Conn
	in *bufio.Reader
}

// bare connects and shakes hands, and sends what follows in the same packet.
func (r *rig) bare(follows string) *bare {
	r.Helper()
	conn, err := (&net.Dialer{}).DialContext(r.Context(), "tcp", strings.TrimPrefix(r.server.URL, "http://"))
	if err != nil {
		r.Fatal(err)
	}
	r.Cleanup(func() { _ = conn.Close() })
	_ = conn.SetDeadline(time.Now().Add(patience))
	b := &bare{r, conn, bufio.NewReader(conn)}
	b.put("GET / HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n" +
		"Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n" + follows)
	resp, err := http.ReadResponse(b.in, nil)
	if err != nil {
		r.Fatal(err)
	}
	_ = resp.Body.Close()
	if resp.StatusCode != http.StatusSwitchingProtocols {
		r.Fatalf("status %d", resp.StatusCode)
	}
	return b
}

func (b *bare) put(s string) {
	b.Helper()
	if _, err := io.WriteString(b.Conn, s); err != nil {
		b.Fatal(err)
	}
}

// masked returns a short frame with the mask 0.
func masked(opcode byte, payload string) string {
	return string([]byte{0x80 | opcode, 0x80 | byte(len(payload)), 0, 0, 0, 0}) + payload
}

// frame reads one frame of the server.
func (b *bare) frame() (opcode byte, payload []byte, err error) {
	var head [2]byte
	if _, err := io.ReadFull(b.in, head[:]); err != nil {
		return 0, nil, err
	}
	opcode = head[0] & 0x0f
	n := int(head[1])
	if head[1] == 127 || head[1]&0x80 != 0 || head[0]&0x70 != 0 {
		b.Fatalf("header %x, want an unmasked frame of moderate length", head)
	}
	if n == 126 {
		if _, err := io.ReadFull(b.in, head[:]); err != nil {
			return 0, nil, err
		}
		n = int(head[0])<<8 | int(head[1])
	}
	payload = make([]byte, n)
	_, err = io.ReadFull(b.in, payload)
	return opcode, payload, err
}

// until reads frames up to the first one that ok accepts.
func (b *bare) until(what string, ok func(opcode byte, payload []byte) bool) {
	b.Helper()
	for {
		op, p, err := b.frame()
		if err != nil {
			b.Fatalf("%s: %v", what, err)
		}
		if ok(op, p) {
			return
		}
	}
}

func answer(id string) func(byte, []byte) bool {
	return func(op byte, p []byte) bool {
		return op == 1 && bytes.Contains(p, []byte(`"pong"`)) && bytes.Contains(p, []byte(id))
	}
}

func TestWhatComesWithTheHandshakeIsAnswered(t *testing.T) {
	r := start(t, nil, nil)
	b := r.bare(masked(1, `{"type":"ping","id":"early"}`))
	b.until("the early request", answer("early"))
	b.put(masked(1, `{"type":"ping","id":"later"}`))
	b.until("the next one", answer("later"))
}

func TestPongsInEveryPositionDisturbNothing(t *testing.T) {
	pong, ask := masked(10, ""), func(id string) string { return masked(1, `{"type":"ping","id":"`+id+`"}`) }
	r := start(t, nil, nil)
	b := r.bare("")
	b.put(pong)
	b.put(pong + pong)
	b.put(ask("a"))
	b.until("after pongs", answer("a"))
	b.put(ask("b") + pong)
	b.until("before a pong", answer("b"))
	b.put(ask("c") + pong + pong + ask("d") + pong + masked(10, "with text") + ask("e"))
	b.until("among pongs", answer("e"))
	for _, part := range []string{pong[:1], pong[1:2], pong[2:5], pong[5:] + ask("f")[:3], ask("f")[3:]} {
		b.put(part) // each in a packet of its own, so far as the system plays along
		time.Sleep(time.Millisecond)
	}
	b.until("after a pong in pieces", answer("f"))
	b.put(masked(9, "are you there") + ask("g"))
	b.until("a ping of the client's", func(op byte, p []byte) bool { return op == 10 && string(p) == "are you there" })
	b.until("and the request behind it", answer("g"))
}

func TestAnsweredPingsKeepASessionOpen(t *testing.T) {
	r := start(t, nil, func(c *Config) { c.PingEvery, c.IdleAfter = 2*time.Millisecond, 200*time.Millisecond })
	b := r.bare("")
	for n := 0; n < 300; { // longer than IdleAfter
		op, _, err := b.frame()
		if err != nil {
			t.Fatal(err)
		}
		if op == 9 {
			n++
			b.put(masked(10, ""))
		}
	}
	r.eventually("then it goes silent and is closed", func() bool { return counter(r.m, "dead") == 1 })
}

func TestNoDataFollowsTheCloseFrame(t *testing.T) {
	r := start(t, nil, nil)
	b := r.bare(masked(1, `{"type":"subscribe","id":"main","filters":[{}]}`))
	b.until("the snapshot", func(_ byte, p []byte) bool { return bytes.Contains(p, []byte(`"reset":true`)) })
	stop, stopped := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(stopped)
		for i := 0; ; i++ {
			select {
			case <-stop:
				return
			default:
				e := &event.Event{
					Kind: event.Pattern, ID: "x" + string(rune('a'+i%26)) + time.Now().String(), Tier: event.Daily, Daily: &event.DailyDetail{},
					Scope: event.Scope{Symbol: "AAPL", Pattern: "doji"}, DetectedAt: time.Unix(int64(i), 0),
				}
				_, _ = r.hub.Publish(r.Context(), e)
			}
		}
	}()
	b.until("events", func(_ byte, p []byte) bool { return bytes.Contains(p, []byte(`"events":[{`)) })
	go func() {
		ctx, cancel := context.WithTimeout(context.Background(), patience)
		defer cancel()
		_ = r.handler.Shutdown(ctx)
	}()
	b.until("the close frame", func(op byte, _ []byte) bool { return op == 8 })
	b.put(masked(8, "\x03\xe9"))
	if op, _, err := b.frame(); err == nil {
		t.Errorf("a frame of type %d after the close frame", op)
	}
	close(stop)
	<-stopped
}

// TestWithTLS runs where the connection under the WebSocket is none of the system's, so that nothing can be tried and each
// frame is written by a goroutine.
func TestWithTLS(t *testing.T) {
	r := start(t, nil, nil)
	secure := httptest.NewTLSServer(r.handler)
	t.Cleanup(secure.Close)
	ctx, stop := context.WithTimeout(t.Context(), patience)
	defer stop()
	conn, _, err := websocket.Dial(ctx, "wss"+strings.TrimPrefix(secure.URL, "https"), &websocket.DialOptions{
		HTTPClient: secure.Client(), Subprotocols: []string{wire.MsgPackProtocol},
	})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.CloseNow() }()
	c := &client{rig: r, conn: conn, binary: true}
	if _, ok := c.read().(*wire.Welcome); !ok {
		t.Fatal("no welcome")
	}
	c.subscribe("main", filter.Filter{})
	for range 50 {
		e := r.publish(nil)
		if b, ok := c.read().(*wire.Batch); !ok || b.Events[0].ID != e.ID {
			t.Fatalf("%+v, want %s", b, e.ID)
		}
	}
	c.send(wire.Request{Type: "ping", ID: "7"})
	if p, ok := c.read().(*wire.Pong); !ok || p.ID != "7" {
		t.Errorf("%+v, want an answer", p)
	}
	_ = conn.Close(websocket.StatusNormalClosure, "")
	r.eventually("it is gone", func() bool { return counter(r.m, "client") == 1 })
}

// TestALaggingSessionCatchesUpWithoutALoss stops reading until the kernel's buffers and a part of the outbox are full,
// and then reads everything.
func TestALaggingSessionCatchesUpWithoutALoss(t *testing.T) {
	r := start(t, func(c *hub.Config) {
		c.RateLimit, c.OutboxBytes, c.Backlog = 0, 1<<20, 100_000
		c.WindowMin, c.WindowMax = 0, 0
	}, nil)
	c := r.ready(wire.MsgPackProtocol)
	c.conn.SetReadLimit(-1)
	c.subscribe("main", filter.Filter{})
	big := `{"note":"` + strings.Repeat("x", 8<<10) + `"}`
	n := 0
	lagging := func() bool {
		r.handler.mu.Lock()
		defer r.handler.mu.Unlock()
		for s := range r.handler.sessions {
			if s.socket.mu.TryLock() {
				s.socket.mu.Unlock()
				return false
			}
		}
		return true // a drain holds the connection while it waits
	}
	for end := time.Now().Add(patience); !lagging() && time.Now().Before(end); n++ {
		r.publish(func(e *event.Event) { e.Details = big })
		for range 20 {
			time.Sleep(50 * time.Microsecond)
		}
	}
	if !lagging() {
		t.Fatalf("nothing waits after %d large events", n)
	}
	c.conn.SetReadLimit(wire.MaxFrame)
	got := 0
	for got < n {
		b, ok := c.read().(*wire.Batch)
		if !ok || b.Dropped > 0 {
			t.Fatalf("%+v, want events and none dropped", b)
		}
		for _, e := range b.Events {
			got++
			if e.Seq != uint64(got) {
				t.Fatalf("event %d, want %d", e.Seq, got)
			}
		}
	}
	r.eventually("frames go at once again", func() bool { return !lagging() })
	e := r.publish(nil)
	if b, ok := c.read().(*wire.Batch); !ok || b.Events[0].ID != e.ID {
		t.Errorf("%+v, want the next event", b)
	}
}

func TestASocketRefusesWritesAfterItBroke(t *testing.T) {
	a, b := net.Pipe()
	defer func() { _ = b.Close() }()
	s := &socket{Conn: a}
	if n, half, err := s.offer([]byte("frame")); n != 0 || half || err != nil {
		t.Errorf("offer = %d, %v, %v on a connection that cannot be tried", n, half, err)
	}
	s.mu.Lock()
	if n, half, err := s.offer([]byte("frame")); n != 0 || half || err != nil {
		t.Errorf("offer = %d, %v, %v while another write is on its way", n, half, err)
	}
	s.mu.Unlock()
	never := func() time.Time { return time.Time{} }
	if err := s.finish([]byte("frame"), false, time.Now().Add(time.Millisecond), never); err == nil || !isTimeout(err) {
		t.Errorf("finish = %v, want it late", err)
	}
	if _, err := s.Write([]byte{0x88, 0}); !errors.Is(err, errBroken) {
		t.Errorf("Write = %v after a frame broke off", err)
	}
	if err := s.finish([]byte("frame"), false, time.Now().Add(time.Hour), never); !errors.Is(err, net.ErrClosed) {
		t.Errorf("finish = %v after a frame broke off", err)
	}
	if _, _, err := s.offer([]byte("frame")); !errors.Is(err, net.ErrClosed) {
		t.Errorf("offer = %v after a frame broke off", err)
	}
}

func isTimeout(err error) bool {
	var n net.Error
	return errors.As(err, &n) && n.Timeout()
}
