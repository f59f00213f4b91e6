package e2e_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/coder/websocket"
	"github.com/google/go-cmp/cmp"
	"github.com/vmihailenco/msgpack/v5"

	"tierboard/e2e/stack"
	"tierboard/shared/event"
	"tierboard/shared/wire"
)

// patience is the longest any single thing may take here. It is far beyond what it does take: passing it fails the test.
const patience = 30 * time.Second

// everything is the filter that wants everything, as a client writes it.
var everything = []any{map[string]any{}}

// received is one frame, read twice: by a library that knows nothing of Tierboard, and by our own decoder.
type received struct {
	plain map[string]any
	frame wire.Frame
}

// stream is a client of the live stream. A goroutine reads all it is sent; the methods belong to the test's goroutine.
type stream struct {
	testing.TB
	conn   *websocket.Conn
	binary bool
	done   chan struct{} // closed when nothing more comes

	mu     sync.Mutex
	frames []received
	err    error // why nothing more comes
}

// dial opens the live stream with one of the subprotocols, and waits for welcome.
func dial(t testing.TB, s *stack.TierboardServer, protocol string) *stream {
	t.Helper()
	ctx, stop := context.WithTimeout(t.Context(), patience)
	defer stop()
	conn, _, err := websocket.Dial(ctx, s.URL()+"/ws", &websocket.DialOptions{Subprotocols: []string{protocol}})
	if err != nil {
		t.Fatal(err)
	}
	if conn.Subprotocol() != protocol {
		t.Fatalf("the server talks %q, want %q", conn.Subprotocol(), protocol)
	}
	conn.SetReadLimit(wire.MaxFrame)
	c := &stream{TB: t, conn: conn, binary: protocol == wire.MsgPackProtocol, done: make(chan struct{})}
	go c.read()
	t.Cleanup(c.cut)
	c.await("welcome", func(fs []received) bool { return len(fs) > 0 })
	if w, ok := c.all()[0].frame.(*wire.Welcome); !ok || w.Protocol != 1 || w.Epoch == "" {
		t.Fatalf("first frame %v, want welcome", c.all()[0].plain)
	}
	return c
}

// read keeps every frame until the connection ends.
func (c *stream) read() {
	defer close(c.done)
	for {
		kind, b, err := c.conn.Read(context.Background())
		if err != nil {
			c.mu.Lock()
			c.err = err
			c.mu.Unlock()
			return
		}
		r, err := decode(kind, b)
		if err == nil && (kind == websocket.MessageBinary) != c.binary {
			err = fmt.Errorf("%v frame on the other protocol", kind)
		}
		if err != nil {
			c.Errorf("frame %q: %v", b, err)
			continue
		}
		c.mu.Lock()
		c.frames = append(c.frames, r)
		c.mu.Unlock()
	}
}

// decode reads a frame both ways, and holds the two to each other.
func decode(kind websocket.MessageType, b []byte) (received, error) {
	var r received
	var err error
	if kind == websocket.MessageText {
		if err = json.Unmarshal(b, &r.plain); err == nil {
			r.frame, err = wire.DecodeJSON(string(b))
		}
	} else {
		in := bytes.NewReader(b)
		dec := msgpack.NewDecoder(in)
		dec.UseLooseInterfaceDecoding(true)
		var v any
		if v, err = dec.DecodeInterfaceLoose(); err == nil && in.Len() > 0 {
			err = fmt.Errorf("%d bytes behind the frame", in.Len())
		}
		if err == nil {
			r.plain, _ = numbersAlike(v).(map[string]any)
			r.frame, err = wire.Decode(b)
		}
	}
	if err != nil {
		return r, err
	}
	if typ, _ := r.plain["type"].(string); typ == "" {
		return r, fmt.Errorf("no type in %v", r.plain)
	}
	var again map[string]any
	if err := json.Unmarshal(r.frame.Append(nil, wire.JSON), &again); err != nil {
		return r, fmt.Errorf("encoded again: %w", err)
	}
	if d := cmp.Diff(r.plain, again); d != "" {
		return r, fmt.Errorf("our decoder reads something else than the library (-library +ours):\n%s", d)
	}
	return r, nil
}

// numbersAlike turns every number into a float64, as encoding/json does.
func numbersAlike(v any) any {
	switch x := v.(type) {
	case map[string]any:
		for k := range x {
			x[k] = numbersAlike(x[k])
		}
	case []any:
		for i := range x {
			x[i] = numbersAlike(x[i])
		}
	case int64:
		return float64(x)
	case uint64:
		return float64(x)
	}
	return v
}

// all returns the frames so far.
func (c *stream) all() []received {
	c.mu.Lock()
	defer c.mu.Unlock()
	return slices.Clone(c.frames)
}

// await waits until the frames are as wanted.
func (c *stream) await(what string, ok func([]received) bool) {
	c.Helper()
	eventually(c, what, func() bool {
		if ok(c.all()) {
			return true
		}
		select {
		case <-c.done:
			if !ok(c.all()) {
				c.Fatalf("%s: the connection ended before: %v", what, c.err)
			}
			return true
		default:
			return false
		}
	})
}

// eventually looks again and again until ok.
func eventually(t testing.TB, what string, ok func() bool) {
	t.Helper()
	deadline := time.NewTimer(patience)
	defer deadline.Stop()
	ticker := time.NewTicker(2 * time.Millisecond)
	defer ticker.Stop()
	for !ok() {
		select {
		case <-deadline.C:
			t.Fatalf("did not happen in %v: %s", patience, what)
		case <-ticker.C:
		}
	}
}

// send sends a request, encoded by a library that knows nothing of Tierboard.
func (c *stream) send(request map[string]any) {
	c.Helper()
	kind, encode := websocket.MessageText, json.Marshal
	if c.binary {
		kind, encode = websocket.MessageBinary, msgpack.Marshal
	}
	b, err := encode(request)
	if err != nil {
		c.Fatal(err)
	}
	c.write(kind, b)
}

func (c *stream) write(kind websocket.MessageType, b []byte) {
	c.Helper()
	ctx, stop := context.WithTimeout(context.Background(), patience)
	defer stop()
	if err := c.conn.Write(ctx, kind, b); err != nil {
		c.Fatal(err)
	}
}

// subscribe asks for the filters under the id "main" and waits for the acknowledgement and all of the replay or snapshot.
func (c *stream) subscribe(filters []any, resume map[string]any) (*wire.Subscribed, []*event.Event) {
	c.Helper()
	from := len(c.all())
	c.ask(filters, resume)
	return c.answer(from)
}

// ask only sends.
func (c *stream) ask(filters []any, resume map[string]any) {
	c.Helper()
	request := map[string]any{"type": "subscribe", "id": "main", "filters": filters}
	if resume != nil {
		request["resume"] = resume
	}
	c.send(request)
}

// answer waits for an acknowledgement among the frames from a place on, and for what belongs to it.
func (c *stream) answer(from int) (ack *wire.Subscribed, caughtUp []*event.Event) {
	c.Helper()
	c.await("the subscription's answer", func(fs []received) bool {
		ack, caughtUp = nil, nil
		batches := 0
		for _, r := range fs[from:] {
			switch f := r.frame.(type) {
			case *wire.Subscribed:
				ack = f
			case *wire.Error:
				c.Fatalf("refused: %v", r.plain)
			case *wire.Batch:
				if ack == nil || f.ID == "" {
					continue
				}
				if first := batches == 0; f.ID != ack.ID || f.Reset != (first && !ack.Resumed) {
					c.Fatalf("batch with id %q and reset %v after %+v", f.ID, f.Reset, ack)
				}
				batches++
				caughtUp = append(caughtUp, f.Events...)
			}
		}
		return ack != nil && len(caughtUp) >= ack.Replayed && (ack.Resumed || batches > 0)
	})
	if len(caughtUp) != ack.Replayed {
		c.Fatalf("%d events, but %d are announced", len(caughtUp), ack.Replayed)
	}
	return ack, caughtUp
}

// epoch is the server's, from welcome.
func (c *stream) epoch() string {
	w, _ := c.all()[0].frame.(*wire.Welcome)
	return w.Epoch
}

// at is the position that the client has reached.
func (c *stream) at() uint64 {
	var at uint64
	for _, r := range c.all() {
		if b, ok := r.frame.(*wire.Batch); ok {
			at = max(at, b.Seq)
		}
	}
	return at
}

// live returns the events of live batches, and fails the test unless they ascend and nothing was left out.
func (c *stream) live() []*event.Event {
	c.Helper()
	var es []*event.Event
	last := uint64(0)
	for _, r := range c.all() {
		b, ok := r.frame.(*wire.Batch)
		if !ok || b.ID != "" {
			continue
		}
		if b.Suppressed > 0 || b.Dropped > 0 || b.Reset {
			c.Errorf("live batch with suppressed %d, dropped %d, reset %v", b.Suppressed, b.Dropped, b.Reset)
		}
		for _, e := range b.Events {
			if e.Seq <= last || e.Seq > b.Seq {
				c.Errorf("event %d after %d in a batch up to %d", e.Seq, last, b.Seq)
			}
			last = e.Seq
		}
		es = append(es, b.Events...)
	}
	return es
}

// plainEvents returns the events of all batches as the foreign library reads them.
func (c *stream) plainEvents() []map[string]any {
	var es []map[string]any
	for _, r := range c.all() {
		if list, ok := r.plain["events"].([]any); ok {
			for _, e := range list {
				m, _ := e.(map[string]any)
				es = append(es, m)
			}
		}
	}
	return es
}

// awaitEvent waits until a batch has an event of the symbol.
func (c *stream) awaitEvent(symbol string) {
	c.Helper()
	c.await("event of "+symbol, func(fs []received) bool {
		return slices.ContainsFunc(fs, func(r received) bool {
			b, ok := r.frame.(*wire.Batch)
			return ok && slices.ContainsFunc(b.Events, func(e *event.Event) bool { return e.Symbol == symbol })
		})
	})
}

// cut ends the connection without a word, and returns when everything that had arrived is read.
func (c *stream) cut() {
	_ = c.conn.CloseNow()
	<-c.done
}

// ended waits for the end and returns the close code.
func (c *stream) ended() websocket.StatusCode {
	c.Helper()
	select {
	case <-c.done:
	case <-time.After(patience):
		c.Fatal("the connection is still open")
	}
	return websocket.CloseStatus(c.err)
}

// last returns the newest frame that is no status.
func (c *stream) last() received {
	fs := c.all()
	for _, r := range slices.Backward(fs) {
		if _, ok := r.frame.(*wire.Status); !ok {
			return r
		}
	}
	return received{}
}

// try sends a plain request. A host other than the server's own goes into the Host header.
func try(t testing.TB, method, url, host string, head map[string]string) *http.Response {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, url, strings.NewReader(""))
	if err != nil {
		t.Fatal(err)
	}
	req.Host = host
	for k, v := range head {
		req.Header.Set(k, v)
	}
	resp, err := http.DefaultTransport.RoundTrip(req) // follows no redirect
	if err != nil {
		t.Fatal(err)
	}
	_ = resp.Body.Close()
	return resp
}
