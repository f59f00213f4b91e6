package session

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/coder/websocket"

	"tierboard/server/hub"
	"tierboard/server/metrics"
	"tierboard/shared/event"
	"tierboard/shared/filter"
	"tierboard/shared/wire"
)

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
	r := &rig{TB: t, hub: h, handler: x, m: m, server: httptest.NewServer(x)}
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
		c.RateLimit, c.OutboxBytes, c.WindowMin, c.WindowMax = 0, 16<<10, 0, 0
		c.CutAfter = 300 * time.Millisecond
	}, nil)
	slow := r.ready(wire.MsgPackProtocol)
	slow.subscribe("main", filter.Filter{})
	quick := r.ready(wire.MsgPackProtocol)
	quick.subscribe("main", filter.Filter{})
	big := `{"note":"` + strings.Repeat("x", 8<<10) + `"}`
	told := false
	for r.hub.Stats().Sessions == 2 { // the slow one's socket, outbox and backlog fill, until it is cut
		e := r.publish(func(e *event.Event) { e.Details = big })
		b, ok := quick.read().(*wire.Batch)
		if !ok || len(b.Events) != 1 || b.Events[0].ID != e.ID {
			t.Fatalf("%+v, want event %s: the quick reader waits for nobody", b, e.ID)
		}
		if list := r.handler.Slow(1); len(list) == 1 && list[0].Waiting >= 8<<10 && list[0].Address.IsLoopback() {
			told = true
		}
	}
	if !told {
		t.Error("the slow one was never among the slow")
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

// TestNumbersFollowADelivery reads what an operator sees after one event to two members of a cohort.
func TestNumbersFollowADelivery(t *testing.T) {
	r := start(t, func(c *hub.Config) { c.Shards = 1 }, nil)
	a, b := r.ready(wire.MsgPackProtocol), r.ready(wire.MsgPackProtocol)
	for _, c := range []*client{a, b} {
		c.subscribe("main", filter.Filter{})
	}
	encoded := number(r.m, "batches_encoded_total")
	r.publish(func(e *event.Event) { e.PublishedAt = time.Now() })
	a.read()
	b.read()
	for name, want := range map[string]float64{
		"sessions": 2, "events_sent_total": 2, "frames_sent_total": 8, "frames_held_total": 0, "events_dropped_total": 0,
		"batches_encoded_total": encoded + 1, "publish_write_seconds_count": 2, "match_seconds_count": 1, "window_wait_seconds_count": 2,
		`deliver_seconds_count{tier="daily"}`: 2,
	} {
		r.eventually(name, func() bool { return number(r.m, name) == want })
	}
	if number(r.m, `outbox_bytes_bucket{le="0"}`) != number(r.m, "outbox_bytes_count") {
		t.Error("something waits although both read")
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

// Peers that make those who answer them wait keep nobody else out: all turns are theirs, and a newcomer is let in all the same.
func TestWaitingHandshakesKeepNobodyOut(t *testing.T) {
	r := start(t, nil, nil)
	peer, waiting := make(chan struct{}), make(chan struct{})
	var stuck sync.WaitGroup
	for range max(runtime.GOMAXPROCS(0)/2, 1) {
		stuck.Go(func() {
			r.handler.turns.Do(func() {
				waiting <- struct{}{}
				<-peer
			})
		})
		<-waiting
	}
	r.ready("")
	if number(r.m, "turns_missed_total") == 0 {
		t.Error("a turn was free, or nobody counts that none was")
	}
	close(peer)
	stuck.Wait()
}
