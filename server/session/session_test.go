package session

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/coder/websocket"
	"go.uber.org/goleak"

	"tierboard/server/hub"
	"tierboard/server/metrics"
	"tierboard/shared/event"
	"tierboard/shared/filter"
	"tierboard/shared/wire"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// patience bounds every wait of these tests; nothing is measured against it.
const patience = 10 * time.Second

// rig is a running hub behind a real listener on loopback.
type rig struct {
	*testing.T
	hub     *hub.Hub
	handler *Handler
	m       *metrics.Metrics
	server  *httptest.Server
	sent    int
}

func start(t *testing.T, hubChange func(*hub.Config), change func(*Config)) *rig {
	t.Helper()
	hc, sc := hub.DefaultConfig(), DefaultConfig()
	if hubChange != nil {
		hubChange(&hc)
	}
	if change != nil {
		change(&sc)
	}
	m, log := metrics.New(), slog.New(slog.DiscardHandler)
	h, err := hub.New(hc, m, log)
	if err != nil {
		t.Fatal(err)
	}
	x, err := New(sc, h, m, log)
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.Background())
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		_ = h.Run(ctx)
	}()
	r := &rig{T: t, hub: h, handler: x, m: m, server: httptest.NewServer(x)}
	t.Cleanup(func() {
		over, cancel := context.WithTimeout(context.Background(), 100*time.Millisecond)
		defer cancel()
		_ = x.Shutdown(over)
		stop()
		<-ended
		r.server.Close()
		http.DefaultClient.CloseIdleConnections()
	})
	return r
}

// client is a test's end of a connection.
type client struct {
	*rig
	conn   *websocket.Conn
	binary bool
}

// dial connects with a subprotocol, or with none if it is empty.
func (r *rig) dial(protocol string, head http.Header) *client {
	r.Helper()
	c, err := r.tryDial(protocol, head)
	if err != nil {
		r.Fatal(err)
	}
	return c
}

func (r *rig) tryDial(protocol string, head http.Header) (*client, error) {
	ctx, stop := context.WithTimeout(context.Background(), patience)
	defer stop()
	opts := &websocket.DialOptions{HTTPHeader: head}
	if protocol != "" {
		opts.Subprotocols = []string{protocol}
	}
	conn, _, err := websocket.Dial(ctx, "ws"+strings.TrimPrefix(r.server.URL, "http"), opts)
	if err != nil {
		return nil, err
	}
	conn.SetReadLimit(wire.MaxFrame)
	r.Cleanup(func() { _ = conn.CloseNow() })
	return &client{rig: r, conn: conn, binary: protocol == wire.MsgPackProtocol}, nil
}

// ready connects and takes the hello frames.
func (r *rig) ready(protocol string) *client {
	r.Helper()
	c := r.dial(protocol, nil)
	if _, ok := c.read().(*wire.Welcome); !ok {
		r.Fatal("the first frame is no welcome")
	}
	return c
}

// next returns the next frame or the error that ended the connection.
func (c *client) next() (wire.Frame, error) {
	ctx, stop := context.WithTimeout(context.Background(), patience)
	defer stop()
	kind, b, err := c.conn.Read(ctx)
	if err != nil {
		return nil, err
	}
	if c.binary != (kind == websocket.MessageBinary) {
		return nil, fmt.Errorf("a %v message on a connection of the other kind", kind)
	}
	if c.binary {
		return wire.Decode(b)
	}
	return wire.DecodeJSON(string(b))
}

func (c *client) read() wire.Frame {
	c.Helper()
	f, err := c.next()
	if err != nil {
		c.Fatal(err)
	}
	return f
}

// closed reads until the connection ends and returns its close code.
func (c *client) closed() websocket.StatusCode {
	c.Helper()
	for {
		if _, err := c.next(); err != nil {
			if errors.Is(err, context.DeadlineExceeded) {
				c.Fatal("the connection was not closed")
			}
			return websocket.CloseStatus(err)
		}
	}
}

func (c *client) write(kind websocket.MessageType, b []byte) {
	c.Helper()
	ctx, stop := context.WithTimeout(context.Background(), patience)
	defer stop()
	if err := c.conn.Write(ctx, kind, b); err != nil {
		c.Fatal(err)
	}
}

func (c *client) send(r wire.Request) {
	c.Helper()
	if c.binary {
		c.write(websocket.MessageBinary, r.Append(nil, wire.MsgPack))
		return
	}
	c.write(websocket.MessageText, r.Append(nil, wire.JSON))
}

func (c *client) text(s string) {
	c.Helper()
	c.write(websocket.MessageText, []byte(s))
}

// subscribe takes everything up to the end of the snapshot.
func (c *client) subscribe(id string, fs ...filter.Filter) *wire.Subscribed {
	c.Helper()
	c.send(wire.Request{Type: "subscribe", ID: id, Filters: fs})
	ack, ok := c.read().(*wire.Subscribed)
	if !ok {
		c.Fatal("no acknowledgement")
	}
	for n := 0; ; {
		b, ok := c.read().(*wire.Batch)
		if !ok || b.ID != id {
			c.Fatalf("%+v, want a batch of the snapshot", b)
		}
		if n += len(b.Events); n >= ack.Replayed {
			return ack
		}
	}
}

func (r *rig) publish(change func(*event.Event)) *event.Event {
	r.Helper()
	r.sent++
	e := &event.Event{
		Kind: event.Pattern, ID: fmt.Sprintf("e%d", r.sent), Tier: event.Daily, Daily: &event.DailyDetail{},
		Scope:      event.Scope{Symbol: "AAPL", Pattern: "bull_flag", Timeframe: "daily"},
		Confidence: .7, Priority: event.Medium, DetectedAt: time.Unix(1_800_000_000+int64(r.sent), 0),
	}
	if change != nil {
		change(e)
	}
	ctx, stop := context.WithTimeout(context.Background(), patience)
	defer stop()
	if ok, err := r.hub.Publish(ctx, e); !ok || err != nil {
		r.Fatalf("Publish = %v, %v", ok, err)
	}
	return e
}

// eventually polls until ok, within patience.
func (r *rig) eventually(what string, ok func() bool) {
	r.Helper()
	for end := time.Now().Add(patience); time.Now().Before(end); time.Sleep(time.Millisecond) {
		if ok() {
			return
		}
	}
	r.Fatalf("never: %s", what)
}

func TestBothFormatsCarryTheSameConversation(t *testing.T) {
	for _, protocol := range []string{wire.MsgPackProtocol, wire.JSONProtocol, "", "chat"} {
		t.Run(protocol, func(t *testing.T) {
			r := start(t, nil, func(c *Config) {
				c.Build, c.Demo = "abc", true
				c.Status = func() *wire.Status { return &wire.Status{Ingest: "connected"} }
			})
			c := r.dial(protocol, nil)
			w, ok := c.read().(*wire.Welcome)
			if !ok || w.Protocol != wire.Protocol || w.Epoch != r.hub.Epoch() || w.WindowMS != 10 || w.RateLimit != 100 || w.Build != "abc" || !w.Demo {
				t.Errorf("welcome %+v", w)
			}
			if s, ok := c.read().(*wire.Status); !ok || s.Ingest != "connected" {
				t.Errorf("status %+v, want it right after welcome", s)
			}
			c.send(wire.Request{Type: "subscribe", ID: "main", Filters: []filter.Filter{{Symbols: []string{"AAPL"}}}})
			if ack, ok := c.read().(*wire.Subscribed); !ok || ack.ID != "main" || ack.Resumed || len(ack.Filters) != 1 {
				t.Errorf("acknowledgement %+v", ack)
			}
			if b, ok := c.read().(*wire.Batch); !ok || b.ID != "main" || !b.Reset || len(b.Events) != 0 {
				t.Errorf("snapshot %+v, want an empty one that resets", b)
			}
			r.publish(nil)
			if b, ok := c.read().(*wire.Batch); !ok || b.ID != "" || b.Seq != 1 || len(b.Events) != 1 || b.Events[0].ID != "e1" {
				t.Errorf("batch %+v, want the event", b)
			}
			c.send(wire.Request{Type: "ping", ID: "7"})
			if p, ok := c.read().(*wire.Pong); !ok || p.ID != "7" {
				t.Errorf("pong %+v", p)
			}
			c.send(wire.Request{Type: "unsubscribe", ID: "main"})
			if u, ok := c.read().(*wire.Unsubscribed); !ok || u.ID != "main" || u.Seq != 1 {
				t.Errorf("unsubscribed %+v", u)
			}
			r.publish(nil)
			c.send(wire.Request{Type: "ping"})
			if p, ok := c.read().(*wire.Pong); !ok {
				t.Errorf("%+v after unsubscribe, want only the pong", p)
			}
		})
	}
}

func TestBadInputGetsAnErrorThatNamesTheField(t *testing.T) {
	many := strings.Repeat(`"A",`, 600) + `"A"`
	cases := []struct{ name, in, code, id, detail string }{
		{"not JSON", `hello`, wire.CodeBadFrame, "", "JSON"},
		{"not an object", `[1,2]`, wire.CodeBadFrame, "", "map"},
		{"null", `null`, wire.CodeBadFrame, "", "map"},
		{"empty", ``, wire.CodeBadFrame, "", "JSON"},
		{"two values", `{"type":"ping"}{}`, wire.CodeBadFrame, "", "JSON"},
		{"too deep", strings.Repeat("[", 500), wire.CodeBadFrame, "", "JSON"},
		{"no type", `{"id":"x"}`, wire.CodeBadFrame, "x", "type"},
		{"type is a number", `{"type":5}`, wire.CodeBadFrame, "", "type"},
		{"unknown type", `{"type":"publish","id":"x"}`, wire.CodeUnknownType, "x", "publish"},
		{"no id", `{"type":"subscribe","filters":[{}]}`, wire.CodeBadFrame, "", "id"},
		{"id is a number", `{"type":"subscribe","id":7,"filters":[{}]}`, wire.CodeBadFrame, "", "id"},
		{"id is a list", `{"type":"subscribe","id":[],"filters":[{}]}`, wire.CodeBadFrame, "", "id"},
		{"id is spaces", `{"type":"subscribe","id":"  ","filters":[{}]}`, wire.CodeBadFrame, "", "id"},
		{"id too long", `{"type":"ping","id":"` + strings.Repeat("x", 65) + `"}`, wire.CodeBadFrame, "", "id"},
		{"no filters", `{"type":"subscribe","id":"x"}`, wire.CodeBadFilter, "x", "filters"},
		{"filters null", `{"type":"subscribe","id":"x","filters":null}`, wire.CodeBadFilter, "x", "filters"},
		{"filters text", `{"type":"subscribe","id":"x","filters":"all"}`, wire.CodeBadFilter, "x", "filters"},
		{"filters number", `{"type":"subscribe","id":"x","filters":3}`, wire.CodeBadFilter, "x", "filters"},
		{"unknown tier", `{"type":"subscribe","id":"x","filters":[{"tiers":["dayly"]}]}`, wire.CodeBadFilter, "x", "filters[0].tiers"},
		{"confidence below 0", `{"type":"subscribe","id":"x","filters":[{"confidence_min":-1}]}`, wire.CodeBadFilter, "x", "confidence_min"},
		{"confidence above 1", `{"type":"subscribe","id":"x","filters":[{},{"confidence_min":2.0}]}`, wire.CodeBadFilter, "x", "filters[1].confidence_min"},
		{"unknown key", `{"type":"subscribe","id":"x","filters":[{"symbol":["A"]}]}`, wire.CodeBadFilter, "x", "symbol"},
		{"too many symbols", `{"type":"subscribe","id":"x","filters":[{"symbols":[` + many + `]}]}`, wire.CodeTooLarge, "x", "symbols"},
		{"bad resume", `{"type":"subscribe","id":"x","filters":[{}],"resume":{"epoch":"e","seq":-4}}`, wire.CodeBadFrame, "x", "resume.seq"},
	}
	r := start(t, nil, nil)
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			l := r.ready("")
			l.text(c.in)
			e, ok := l.read().(*wire.Error)
			if !ok || e.Code != c.code || e.ID != c.id || !strings.Contains(e.Detail, c.detail) {
				t.Fatalf("%+v, want code %s, id %q and a detail with %q", e, c.code, c.id, c.detail)
			}
			l.send(wire.Request{Type: "ping", ID: "still here"})
			if p, ok := l.read().(*wire.Pong); !ok || p.ID != "still here" {
				t.Errorf("the session did not survive: %+v", p)
			}
		})
	}
}

func TestFramesOfTheOtherKindAreBad(t *testing.T) {
	r := start(t, nil, nil)
	for protocol, kind := range map[string]websocket.MessageType{wire.MsgPackProtocol: websocket.MessageText, wire.JSONProtocol: websocket.MessageBinary} {
		c := r.ready(protocol)
		c.write(kind, (&wire.Request{Type: "ping"}).Append(nil, wire.JSON))
		if e, ok := c.read().(*wire.Error); !ok || e.Code != wire.CodeBadFrame {
			t.Errorf("%s: %+v, want bad_frame", protocol, e)
		}
	}
}

func TestRepeatedBadFramesCloseWithPolicy(t *testing.T) {
	r := start(t, nil, func(c *Config) { c.RequestsPerSecond = 1000 })
	t.Run("five in a row", func(t *testing.T) {
		c := r.ready("")
		for range badInARow {
			c.text("{")
		}
		for i := range badInARow {
			if e, ok := c.read().(*wire.Error); !ok || e.Code != wire.CodeBadFrame {
				t.Fatalf("frame %d: %+v, want the error before the close", i, e)
			}
		}
		if code := c.closed(); code != websocket.StatusPolicyViolation {
			t.Errorf("closed with %v, want 1008", code)
		}
	})
	t.Run("ten in a minute", func(t *testing.T) {
		c := r.ready("")
		for i := range badAMinute {
			if i > 0 {
				c.send(wire.Request{Type: "ping"})
				if _, ok := c.read().(*wire.Pong); !ok {
					t.Fatal("no pong")
				}
			}
			c.text("{")
			if _, ok := c.read().(*wire.Error); !ok {
				t.Fatal("no error frame")
			}
		}
		if code := c.closed(); code != websocket.StatusPolicyViolation {
			t.Errorf("closed with %v, want 1008", code)
		}
	})
	r.eventually("both are counted", func() bool { return counter(r.m, "bad_frames") == 2 })
}

func TestBadFramesAreForgottenAfterAMinute(t *testing.T) {
	var b badFrames
	now := time.Unix(0, 0)
	for i := range 100 {
		b.row = 0
		if b.add(now.Add(time.Duration(i) * 7 * time.Second)) {
			t.Fatalf("frame %d ended the connection at nine a minute", i)
		}
	}
}

func TestOversizeFrameCloses(t *testing.T) {
	r := start(t, nil, nil)
	c := r.ready("")
	c.text(`{"type":"ping","id":"` + strings.Repeat("x", wire.MaxRequest) + `"}`)
	if code := c.closed(); code != websocket.StatusMessageTooBig {
		t.Errorf("closed with %v, want 1009", code)
	}
}

func TestTooManySubscriptions(t *testing.T) {
	r := start(t, nil, func(c *Config) { c.MaxSubscriptions = 2 })
	c := r.ready(wire.MsgPackProtocol)
	c.subscribe("a", filter.Filter{})
	c.subscribe("b", filter.Filter{})
	c.subscribe("a", filter.Filter{Symbols: []string{"X"}}) // a swap is not one more
	c.send(wire.Request{Type: "subscribe", ID: "c", Filters: []filter.Filter{{}}})
	if e, ok := c.read().(*wire.Error); !ok || e.Code != wire.CodeTooMany || e.ID != "c" {
		t.Errorf("%+v, want too_many", e)
	}
	c.send(wire.Request{Type: "unsubscribe", ID: "a"})
	if _, ok := c.read().(*wire.Unsubscribed); !ok {
		t.Error("no confirmation")
	}
	c.subscribe("c", filter.Filter{})
	if s := r.hub.Stats(); s.Sessions != 1 || s.Subscriptions != 2 {
		t.Errorf("stats %+v, want 1 session with 2 subscriptions", s)
	}
}

func TestTooManyRequests(t *testing.T) {
	r := start(t, nil, func(c *Config) { c.RequestsPerSecond = 5 })
	c := r.ready("")
	const sent = 14
	for range sent {
		c.send(wire.Request{Type: "ping"})
	}
	pongs, limited := 0, 0
	for range sent {
		switch f := c.read().(type) {
		case *wire.Pong:
			pongs++
		case *wire.Error:
			if f.Code != wire.CodeRateLimited {
				t.Fatalf("%+v, want rate_limited", f)
			}
			limited++
		}
	}
	if pongs < 10 || limited == 0 {
		t.Errorf("%d answered and %d refused of %d, want at least two seconds' worth answered and some refused", pongs, limited, sent)
	}
}

func TestBucket(t *testing.T) {
	now := time.Unix(0, 0)
	b := newBucket(10, now)
	for i := range 20 {
		if w := b.take(now); w != 0 {
			t.Fatalf("request %d of the burst waits %v", i, w)
		}
	}
	if w := b.take(now); w != 100*time.Millisecond {
		t.Errorf("the next one waits %v, want 100ms", w)
	}
	if w := b.take(now.Add(100 * time.Millisecond)); w != 0 {
		t.Errorf("after the wait it waits %v more", w)
	}
	if w := b.take(now); w == 0 { // a clock that went back gives nothing
		t.Error("a clock that went back paid for a request")
	}
}

func TestOrigins(t *testing.T) {
	r := start(t, nil, func(c *Config) { c.Origins = []string{"board.example.com", "https://other.example.com"} })
	host := strings.TrimPrefix(r.server.URL, "http://")
	for origin, want := range map[string]bool{
		"":                              true,
		"http://" + host:                true,
		"https://board.example.com":     true,
		"https://other.example.com":     true,
		"http://other.example.com":      false,
		"https://evil.example.com":      false,
		"https://board.example.com.evi": false,
		"null":                          false,
	} {
		head := http.Header{}
		if origin != "" {
			head.Set("Origin", origin)
		}
		if _, err := r.tryDial("", head); (err == nil) != want {
			t.Errorf("origin %q: %v, want it let in: %v", origin, err, want)
		}
	}
}

func TestPlainRequestsAreRefused(t *testing.T) {
	r := start(t, nil, nil)
	resp, err := http.Get(r.server.URL)
	if err != nil {
		t.Fatal(err)
	}
	_ = resp.Body.Close()
	if resp.StatusCode != http.StatusUpgradeRequired {
		t.Errorf("status %d, want 426", resp.StatusCode)
	}
}

func TestTooManySessions(t *testing.T) {
	t.Run("in all", func(t *testing.T) {
		r := start(t, nil, func(c *Config) { c.MaxSessions = 2 })
		r.ready("")
		b := r.ready("")
		if code := r.dial("", nil).closed(); code != websocket.StatusCode(wire.CloseTooMany) {
			t.Errorf("closed with %v, want 4429", code)
		}
		_ = b.conn.Close(websocket.StatusNormalClosure, "")
		r.eventually("a place is free again", func() bool { return r.hub.Stats().Sessions == 1 })
		r.eventually("and can be taken", func() bool {
			c := r.dial("", nil)
			_, err := c.next()
			return err == nil
		})
	})
	t.Run("of one address", func(t *testing.T) {
		r := start(t, nil, func(c *Config) { c.MaxSessionsPerAddress = 1 })
		r.ready("")
		r.ready("") // loopback may
		from := func(addr string) http.Handler {
			return http.HandlerFunc(func(w http.ResponseWriter, q *http.Request) {
				q.RemoteAddr = addr
				r.handler.ServeHTTP(w, q)
			})
		}
		for _, addr := range []string{"192.0.2.1:99", "[2001:db8::1%eth0]:9", "nonsense"} {
			far := *r
			far.server = httptest.NewServer(from(addr))
			t.Cleanup(far.server.Close)
			far.ready("")
			if code := far.dial("", nil).closed(); code != websocket.StatusCode(wire.CloseTooMany) {
				t.Errorf("%s: closed with %v, want 4429", addr, code)
			}
		}
		// What the server cannot read is one unknown address, which "nonsense" has taken.
		far := *r
		far.server = httptest.NewServer(from("host:1"))
		t.Cleanup(far.server.Close)
		if code := far.dial("", nil).closed(); code != websocket.StatusCode(wire.CloseTooMany) {
			t.Errorf("a second unknown address: closed with %v, want 4429", code)
		}
	})
}

func TestShutdownSaysByeAndComesBackLater(t *testing.T) {
	r := start(t, nil, nil)
	a, b := r.ready(wire.MsgPackProtocol), r.ready("")
	done := make(chan error, 1)
	go func() {
		ctx, stop := context.WithTimeout(context.Background(), patience)
		defer stop()
		done <- r.handler.Shutdown(ctx)
	}()
	for _, c := range []*client{a, b} {
		bye, ok := c.read().(*wire.Bye)
		if !ok || bye.ReconnectMS < 0 || bye.ReconnectMS > 1000 {
			t.Errorf("%+v, want bye with at most a second", bye)
		}
		if code := c.closed(); code != websocket.StatusGoingAway {
			t.Errorf("closed with %v, want 1001", code)
		}
	}
	if err := <-done; err != nil {
		t.Errorf("Shutdown = %v", err)
	}
	if _, err := r.tryDial("", nil); err == nil {
		t.Error("a session was let in after Shutdown")
	}
	r.eventually("the hub has no sessions", func() bool { return r.hub.Stats().Sessions == 0 })
}

func TestShutdownBreaksWhatDoesNotEnd(t *testing.T) {
	r := start(t, nil, nil)
	c := r.ready("") // never reads again, so it never answers the close
	ctx, stop := context.WithTimeout(context.Background(), 50*time.Millisecond)
	defer stop()
	if err := r.handler.Shutdown(ctx); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("Shutdown = %v, want the context's error", err)
	}
	c.closed()
	r.eventually("the hub has no sessions", func() bool { return r.hub.Stats().Sessions == 0 })
}

func TestTheHubEndingClosesSessions(t *testing.T) {
	hc := hub.DefaultConfig()
	m, log := metrics.New(), slog.New(slog.DiscardHandler)
	h, err := hub.New(hc, m, log)
	if err != nil {
		t.Fatal(err)
	}
	x, err := New(DefaultConfig(), h, m, log)
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.Background())
	ended := make(chan struct{})
	go func() { defer close(ended); _ = h.Run(ctx) }()
	r := &rig{T: t, hub: h, handler: x, m: m, server: httptest.NewServer(x)}
	defer r.server.Close()
	c := r.ready("")
	c.subscribe("main", filter.Filter{})
	stop()
	<-ended
	if code := c.closed(); code != websocket.StatusGoingAway {
		t.Errorf("closed with %v, want 1001", code)
	}
	if code := r.dial("", nil).closed(); code != websocket.StatusGoingAway {
		t.Errorf("after the hub ended: closed with %v, want 1001", code)
	}
	over, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	if err := x.Shutdown(over); err != nil {
		t.Errorf("Shutdown = %v", err)
	}
}

func TestADeadPeerIsClosed(t *testing.T) {
	r := start(t, nil, func(c *Config) { c.PingEvery, c.IdleAfter = 5*time.Millisecond, 50*time.Millisecond })
	r.ready("") // nobody reads, so no pong is sent
	r.eventually("the session is dead", func() bool { return counter(r.m, "dead") == 1 && r.hub.Stats().Sessions == 0 })
}

func TestALivePeerAnswersPings(t *testing.T) {
	r := start(t, nil, func(c *Config) { c.PingEvery, c.IdleAfter = time.Millisecond, patience })
	ctx, stop := context.WithTimeout(context.Background(), patience)
	defer stop()
	pings := 0
	conn, _, err := websocket.Dial(ctx, "ws"+strings.TrimPrefix(r.server.URL, "http"), &websocket.DialOptions{
		OnPingReceived: func(context.Context, []byte) bool { // called while reading
			if pings++; pings == 20 {
				stop()
			}
			return true
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.CloseNow() }()
	for err == nil {
		_, _, err = conn.Read(ctx)
	}
	if pings < 20 {
		t.Errorf("%d pings before %v, want the connection to live through 20", pings, err)
	}
}

func TestASlowReaderDelaysNobodyAndIsCut(t *testing.T) {
	r := start(t, func(c *hub.Config) {
		c.RateLimit, c.OutboxBytes, c.Window = 0, 16<<10, 0
		c.CutAfter = 300 * time.Millisecond
	}, nil)
	slow := r.ready(wire.MsgPackProtocol)
	slow.subscribe("main", filter.Filter{})
	quick := r.ready(wire.MsgPackProtocol)
	quick.subscribe("main", filter.Filter{})
	big := `{"note":"` + strings.Repeat("x", 8<<10) + `"}`
	for r.hub.Stats().Sessions == 2 { // the slow one's socket, outbox and backlog fill, until it is cut
		e := r.publish(func(e *event.Event) { e.Details = big })
		b, ok := quick.read().(*wire.Batch)
		if !ok || len(b.Events) != 1 || b.Events[0].ID != e.ID {
			t.Fatalf("%+v, want event %s: the quick reader waits for nobody", b, e.ID)
		}
	}
	if code := slow.closed(); code != websocket.StatusCode(wire.CloseTooSlow) && code != -1 {
		t.Errorf("closed with %v, want 4499 or a broken connection", code)
	}
	r.eventually("it is counted", func() bool { return counter(r.m, "too_slow") == 1 })
	r.publish(nil)
	if b, ok := quick.read().(*wire.Batch); !ok || len(b.Events) != 1 {
		t.Errorf("%+v, want the quick reader to go on", b)
	}
}

func TestAFrameThatIsNotReadInTimeCutsTheSession(t *testing.T) {
	r := start(t, func(c *hub.Config) { c.RateLimit, c.CutAfter = 0, time.Hour }, func(c *Config) { c.WriteTimeout = 50 * time.Millisecond })
	slow := r.ready("")
	slow.subscribe("main", filter.Filter{})
	big := `{"note":"` + strings.Repeat("x", 32<<10) + `"}`
	r.eventually("the session is cut", func() bool {
		r.publish(func(e *event.Event) { e.Details = big })
		return r.hub.Stats().Sessions == 0 || counter(r.m, "too_slow") == 1
	})
	slow.closed()
	r.eventually("it is counted", func() bool { return counter(r.m, "too_slow") == 1 })
}

func TestResumeAfterACutConnection(t *testing.T) {
	r := start(t, nil, nil)
	a := r.ready(wire.MsgPackProtocol)
	a.subscribe("main", filter.Filter{})
	r.publish(nil)
	b, ok := a.read().(*wire.Batch)
	if !ok {
		t.Fatal("no batch")
	}
	_ = a.conn.CloseNow()
	for range 5 {
		r.publish(nil)
	}
	c := r.ready(wire.MsgPackProtocol)
	c.send(wire.Request{Type: "subscribe", ID: "main", Filters: []filter.Filter{{}}, Resume: &wire.Resume{Epoch: r.hub.Epoch(), Seq: b.Seq}})
	ack, ok := c.read().(*wire.Subscribed)
	if !ok || !ack.Resumed || ack.Replayed != 5 {
		t.Fatalf("%+v, want an exact replay of 5", ack)
	}
	if replay, ok := c.read().(*wire.Batch); !ok || len(replay.Events) != 5 || replay.Events[0].ID != "e2" || replay.Reset {
		t.Errorf("%+v, want the five that were missed", replay)
	}
	r.eventually("the lost one is counted", func() bool { return counter(r.m, "client") == 1 })
}

func TestAnAbruptEndLeavesNothingBehind(t *testing.T) {
	r := start(t, nil, nil)
	for range 20 {
		c := r.ready(wire.MsgPackProtocol)
		c.send(wire.Request{Type: "subscribe", ID: "main", Filters: []filter.Filter{{}}})
		_ = c.conn.CloseNow()
	}
	r.eventually("all are gone", func() bool {
		s := r.hub.Stats()
		return s.Sessions == 0 && s.Subscriptions == 0 && s.Cohorts == 0 && counter(r.m, "client") == 20
	})
}

func TestConfig(t *testing.T) {
	if err := DefaultConfig().Validate(); err != nil {
		t.Errorf("the default: %v", err)
	}
	for field, change := range map[string]func(*Config){
		"origins":                  func(c *Config) { c.Origins = []string{"*"} },
		"ping_every":               func(c *Config) { c.PingEvery = 0 },
		"idle_after":               func(c *Config) { c.IdleAfter = -1 },
		"write_timeout":            func(c *Config) { c.WriteTimeout = 0 },
		"max_sessions":             func(c *Config) { c.MaxSessions = 0 },
		"max_sessions_per_address": func(c *Config) { c.MaxSessionsPerAddress = 0 },
		"max_subscriptions":        func(c *Config) { c.MaxSubscriptions = 0 },
		"requests_per_second":      func(c *Config) { c.RequestsPerSecond = 0 },
		"reconnect_within":         func(c *Config) { c.ReconnectWithin = time.Hour },
	} {
		c := DefaultConfig()
		change(&c)
		if err := c.Validate(); err == nil || !strings.Contains(err.Error(), field+":") {
			t.Errorf("%s: %v, want an error that names it", field, err)
		}
		if _, err := New(c, nil, nil, nil); err == nil {
			t.Errorf("%s: New took it", field)
		}
	}
}

func TestReasons(t *testing.T) {
	for code, want := range map[wire.CloseCode]string{
		wire.CloseTooSlow: "too_slow", wire.ClosePolicy: "bad_frames", wire.CloseTooMany: "too_many", wire.CloseGoingAway: "going_away",
	} {
		if got := reasonOf(code); got != want {
			t.Errorf("reasonOf(%d) = %s, want %s", code, got, want)
		}
	}
	if jitter(0) != 0 {
		t.Error("no time has parts")
	}
	if !isClosed(net.ErrClosed) || isClosed(errors.New("other")) {
		t.Error("isClosed does not know a closed connection")
	}
}

// counter reads how many sessions ended for a reason.
func counter(m *metrics.Metrics, reason string) int {
	families, err := m.Registry.Gather()
	if err != nil {
		return -1
	}
	for _, f := range families {
		if f.GetName() != "tierboard_sessions_closed_total" {
			continue
		}
		for _, x := range f.GetMetric() {
			if x.GetLabel()[0].GetValue() == reason {
				return int(x.GetCounter().GetValue())
			}
		}
	}
	return 0
}
