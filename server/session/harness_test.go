package session

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"strconv"
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

func TestMain(m *testing.M) {
	if asked, err := helpBenchmark(); asked {
		fmt.Fprintln(os.Stderr, err) // it returns with an error only
		os.Exit(1)
	}
	goleak.VerifyTestMain(m)
}

// patience bounds every wait of these tests; nothing is measured against it.
const patience = 10 * time.Second

// rig is a running hub behind a real listener on loopback.
type rig struct {
	testing.TB
	hub     *hub.Hub
	handler *Handler
	m       *metrics.Metrics
	server  *httptest.Server
	sent    int
}

func start(t testing.TB, hubChange func(*hub.Config), change func(*Config)) *rig {
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
	r := &rig{TB: t, hub: h, handler: x, m: m, server: httptest.NewServer(x)}
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
	// A request that follows might be taken before an event that waits.
	r.eventually("the shards take it", func() bool { return r.hub.Stats().Inbox == 0 })
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

// number returns a metric as an operator reads it, or -1.
func number(m *metrics.Metrics, name string) float64 {
	answer := httptest.NewRecorder()
	m.Handler().ServeHTTP(answer, httptest.NewRequest(http.MethodGet, "/metrics", nil))
	for line := range strings.Lines(answer.Body.String()) {
		if text, ok := strings.CutPrefix(strings.TrimSpace(line), "tierboard_"+name+" "); ok {
			n, err := strconv.ParseFloat(text, 64)
			if err != nil {
				return -1
			}
			return n
		}
	}
	return -1
}
