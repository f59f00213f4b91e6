package ingest

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http/httptest"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/redis/go-redis/v9"
	"go.uber.org/goleak"

	"tierboard/e2e/stack"
	"tierboard/server/classify"
	"tierboard/server/classify/channels"
	"tierboard/server/classify/found"
	"tierboard/server/health/producer"
	"tierboard/server/metrics"
	"tierboard/shared/event"
)

// After an outage go-redis tries to dial for up to a second after Close.
func TestMain(m *testing.M) {
	if os.Getenv(publisherEnv) != "" {
		os.Exit(publisherMain())
	}
	goleak.VerifyTestMain(m, goleak.IgnoreAnyFunction("github.com/redis/go-redis/v9/internal/pool.(*ConnPool).tryDial"))
}

// world is everything around an Ingest. It is the hub and the health tracker at once, and writes down what it is told.
type world struct {
	t      *testing.T
	in     *Ingest
	m      *metrics.Metrics
	end    func() // ends Run and waits for it
	client *redis.Client

	progress *positions

	mu     sync.Mutex
	events []*event.Event
	seen   map[string]bool
	lines  []string // what health was told, without times
	beats  []time.Time
	ups    []bool
	gaps   int
	closed bool
	block  chan struct{} // when set, Publish waits until it is closed
}

func (w *world) Publish(ctx context.Context, e *event.Event) (bool, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.closed {
		return false, errors.New("the hub has ended")
	}
	if block := w.block; block != nil {
		w.mu.Unlock()
		select {
		case <-block:
		case <-ctx.Done():
		}
		w.mu.Lock()
	}
	if w.seen[e.ID] {
		return false, nil
	}
	w.seen[e.ID] = true
	w.events = append(w.events, e)
	return true, nil
}

func (w *world) note(format string, args ...any) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.lines = append(w.lines, fmt.Sprintf(format, args...))
}

func (w *world) Message(time.Time)                      { w.note("message") }
func (w *world) EventAccepted(tier string, _ time.Time) { w.note("event %s", tier) }
func (w *world) SessionEdge(id string, e producer.Edge, _ time.Time) {
	w.note("session %s %s", id, e)
}

func (w *world) ProducerHealth(s producer.Sample) {
	w.note("health %s %s zero=%v", s.SessionID, s.Status, s.AllZero)
}

func (w *world) Ingest(connected bool, _ time.Time) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.ups = append(w.ups, connected)
}

func (w *world) Heartbeat(beat time.Time) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.beats = append(w.beats, beat)
}

// settings are quick ones for tests.
func settings(url string) Config {
	cfg := Default()
	cfg.URL = url
	cfg.Channels = []string{"tickstock.events.patterns"}
	cfg.PingEvery, cfg.DeadAfter = 20*time.Millisecond, 2*time.Second
	cfg.RetryMin, cfg.RetryMax = 5*time.Millisecond, 50*time.Millisecond
	cfg.HeartbeatEvery = time.Second
	return cfg
}

// run starts an Ingest in its world and waits until it is connected.
func run(t *testing.T, cfg Config) *world {
	t.Helper()
	w := prepare(t, cfg)
	w.start()
	w.until("connected", func() bool { return slices.Equal(w.ups, []bool{true}) })
	return w
}

// prepare makes an Ingest in its world.
func prepare(t *testing.T, cfg Config) *world {
	t.Helper()
	w := &world{t: t, m: metrics.New(), seen: make(map[string]bool), progress: &positions{at: map[string]string{}}}
	classes := classify.DefaultConfig()
	classes.SessionOf = func(time.Time) (event.Session, string) { return event.Regular, "2026-11-23" }
	classifier, err := classify.New(classes)
	if err != nil {
		t.Fatal(err)
	}
	sinks := Sinks{
		Events: w, Health: w,
		Outcomes: func(o []found.Outcome) { w.note("outcome %s", o[0].Symbol) },
		Gap: func(from, to time.Time) {
			if from.IsZero() || !from.Before(to) {
				t.Errorf("a gap from %v to %v", from, to)
			}
			w.mu.Lock()
			defer w.mu.Unlock()
			w.gaps++
		},
		Progress: w.progress,
	}
	if w.in, err = New(cfg, classifier, sinks, w.m, slog.New(slog.DiscardHandler)); err != nil {
		t.Fatal(err)
	}
	opt, err := redis.ParseURL(cfg.URL)
	if err != nil {
		t.Fatal(err)
	}
	w.client = redis.NewClient(opt)
	t.Cleanup(func() { _ = w.client.Close() })
	return w
}

// start starts Run, which ends with the test or by w.end.
func (w *world) start() {
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- w.in.Run(ctx) }()
	w.end = sync.OnceFunc(func() {
		cancel()
		select {
		case err := <-ended:
			if err != nil {
				w.t.Errorf("Run: %v", err)
			}
		case <-time.After(10 * time.Second):
			w.t.Error("Run did not end")
		}
	})
	w.t.Cleanup(w.end)
}

// until waits until ok, which is called under the lock.
func (w *world) until(what string, ok func() bool) {
	w.t.Helper()
	deadline := time.Now().Add(30 * time.Second)
	for {
		w.mu.Lock()
		done := ok()
		w.mu.Unlock()
		if done {
			return
		}
		if time.Now().After(deadline) {
			w.mu.Lock()
			defer w.mu.Unlock()
			w.t.Fatalf("never happened: %s (%d events, told %q, ups %v, gaps %d, rejects %+v)",
				what, len(w.events), w.lines, w.ups, w.gaps, w.in.DeadLetters().Newest(3))
		}
		time.Sleep(time.Millisecond)
	}
}

// number returns a metric as an operator reads it, 0 when it is not there.
func (w *world) number(name string) float64 {
	w.t.Helper()
	answer := httptest.NewRecorder()
	w.m.Handler().ServeHTTP(answer, httptest.NewRequest("GET", "/metrics", nil))
	for line := range strings.Lines(answer.Body.String()) {
		if text, ok := strings.CutPrefix(strings.TrimSpace(line), "tierboard_"+name+" "); ok {
			n, err := strconv.ParseFloat(text, 64)
			if err != nil {
				w.t.Fatal(err)
			}
			return n
		}
	}
	return 0
}

// publish sends and returns how many received it.
func (w *world) publish(channel, payload string) int64 {
	w.t.Helper()
	n, err := w.client.Publish(w.t.Context(), channel, payload).Result()
	if err != nil {
		w.t.Fatal(err)
	}
	return n
}

// detection returns a message with an id of its own.
func detection(id string) string {
	return fmt.Sprintf(`{"event_type":"pattern_detected","source":"test","timestamp":%d,"data":{"detection_id":"d-%s",
		"symbol":"AAPL","pattern":"Bull_Flag","tier":"daily","confidence":0.9,"timestamp":%[1]d}}`, time.Now().Unix(), id)
}

func TestEveryDefaultChannelIsHeard(t *testing.T) {
	t.Parallel()
	cfg := settings(stack.Redis(t).URL())
	cfg.Channels = nil
	for _, row := range channels.Defaults() {
		if !strings.ContainsAny(row.Channel, "*?[") {
			cfg.Channels = append(cfg.Channels, row.Channel)
		}
	}
	cfg.Patterns = []string{"globbed.*"}
	w := run(t, cfg)
	for _, channel := range append(cfg.Channels, "globbed.one") {
		if n := w.publish(channel, `{"not":"an event","of":"`+channel+`"}`); n != 1 {
			t.Errorf("%s has %d receivers, want 1", channel, n)
		}
	}
	w.publish("nobody.listens", "{}")
	w.until("all arrived", func() bool {
		last := w.in.DeadLetters().Newest(1) // a reject is kept after it was told that a message came
		return len(w.lines) >= len(cfg.Channels)+1 && len(last) > 0 && last[0].Channel == "globbed.one"
	})
	if l := w.in.DeadLetters().Newest(1)[0]; l.Reason != string(found.UnknownChannel) {
		t.Errorf("the last reject is %+v", l)
	}
}

func TestSinksGetTheirShare(t *testing.T) {
	t.Parallel()
	cfg := settings(stack.Redis(t).URL())
	cfg.Channels = []string{
		"tickstock.events.patterns", "tickstock.events.patterns.outcomes", "tickstock:streaming:session_started",
		"tickstock:streaming:session_stopped", "tickstock:streaming:health",
	}
	w := run(t, cfg)
	w.publish("tickstock.events.patterns", detection("1"))
	w.publish("tickstock.events.patterns", detection("1"))
	w.publish("tickstock:streaming:session_started", `{"type":"streaming_session_started","timestamp":"2025-10-06T09:30:00-04:00",
		"session":{"session_id":"s-1","universe":"u","started_at":"2025-10-06T09:30:00-04:00","symbol_count":50,"status":"active"}}`)
	w.publish("tickstock:streaming:health", `{"type":"streaming_health","timestamp":1759761180.0,"health":{"session_id":"s-1",
		"status":"healthy","active_symbols":60,"ticks_per_second":17.5,"timestamp":1759761180.0}}`)
	w.publish("tickstock:streaming:session_stopped", `{"event":"session_stopped","timestamp":"2025-10-06T16:00:00-04:00","session_id":"s-1"}`)
	w.publish("tickstock.events.patterns.outcomes", `{"event_type":"pattern_outcome_update","detection_id":"d-1","symbol":"AAPL",
		"pattern":"Bull_Flag","outcome_1d":0.02,"timestamp":1759761180}`)
	w.until("the outcome arrives", func() bool { return slices.Contains(w.lines, "outcome AAPL") })
	w.end()
	want := []string{
		"event daily", "message", "message", "session s-1 started", "message", "health s-1 healthy zero=false",
		"session s-1 implied", "message", "session s-1 stopped", "message", "outcome AAPL",
	}
	if diff := cmp.Diff(want, w.lines); diff != "" {
		t.Errorf("told (-want +got):\n%s\nrejects: %+v", diff, w.in.DeadLetters().Newest(9))
	}
	got := map[string]float64{}
	for _, result := range []string{"event", "duplicate", "outcome", "session", "health", "other", "reject"} {
		got[result] = w.number(fmt.Sprintf("ingest_messages_total{result=%q}", result))
	}
	counted := map[string]float64{"event": 1, "duplicate": 1, "outcome": 1, "session": 2, "health": 1, "other": 0, "reject": 0}
	if diff := cmp.Diff(counted, got); diff != "" {
		t.Errorf("counted (-want +got):\n%s", diff)
	}
	if n := w.number(`ingest_lag_seconds_count{tier="daily"}`); n != 2 {
		t.Errorf("%v lags observed, want 2", n)
	}
	for result, want := range map[string]float64{"event": 1, "duplicate": 1} {
		if n := w.number(fmt.Sprintf("ingest_events_total{result=%q,tier=\"daily\"}", result)); n != want {
			t.Errorf("%v counted as %s, want %v", n, result, want)
		}
	}
}

func TestKilledRedisIsNoticedAndComesBack(t *testing.T) {
	t.Parallel()
	server := stack.Redis(t)
	w := run(t, settings(server.URL()))
	w.publish("tickstock.events.patterns", detection("1"))
	w.until("the first event", func() bool { return len(w.events) == 1 })
	for round := 1; round <= 2; round++ {
		server.Kill()
		w.until("down", func() bool { return len(w.ups) == 2*round })
		if up := w.number("redis_up"); up != 0 {
			t.Errorf("redis_up is %v after a kill", up)
		}
		server.Restart()
		w.until("connected again, and the gap told", func() bool { return len(w.ups) == 2*round+1 && w.gaps == round })
		if n := w.publish("tickstock.events.patterns", detection(fmt.Sprint("back-", round))); n != 1 {
			t.Errorf("%d receivers after the restart, want 1", n)
		}
		w.until("an event after the restart", func() bool { return len(w.events) == 1+round })
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	if want := []bool{true, false, true, false, true}; !slices.Equal(w.ups, want) {
		t.Errorf("the feed was %v, want %v", w.ups, want)
	}
	if n := w.number("redis_reconnects_total"); n != 2 {
		t.Errorf("%v reconnects, want 2", n)
	}
	if up := w.number("redis_up"); up != 1 {
		t.Errorf("redis_up is %v, want 1", up)
	}
}

// TestStoppedRedisIsNoticed shows that a connection which is open and dead, as behind a cable that was pulled, is found
// out by its silence.
func TestStoppedRedisIsNoticed(t *testing.T) {
	t.Parallel()
	server := stack.Redis(t)
	cfg := settings(server.URL())
	cfg.DeadAfter = 200 * time.Millisecond
	w := run(t, cfg)
	if err := syscall.Kill(server.PID(), syscall.SIGSTOP); err != nil {
		t.Fatal(err)
	}
	w.until("down", func() bool { return len(w.ups) >= 2 && !w.ups[1] })
	if err := syscall.Kill(server.PID(), syscall.SIGCONT); err != nil {
		t.Fatal(err)
	}
	w.until("up", func() bool { return w.ups[len(w.ups)-1] })
}

func TestQuietFeedStaysConnected(t *testing.T) {
	t.Parallel()
	server := stack.Redis(t)
	cfg := settings(server.URL())
	cfg.PingEvery, cfg.DeadAfter = 10*time.Millisecond, 2*time.Second
	w := run(t, cfg)
	// Many pings go by, and none is taken for a message.
	pings := func() int64 {
		info, err := w.client.Info(t.Context(), "commandstats").Result()
		if err != nil {
			t.Fatal(err)
		}
		_, rest, _ := strings.Cut(info, "cmdstat_ping:calls=")
		var n int64
		_, _ = fmt.Sscan(strings.SplitN(rest, ",", 2)[0], &n)
		return n
	}
	first := pings()
	w.until("50 pings", func() bool { return pings() >= first+50 })
	w.mu.Lock()
	defer w.mu.Unlock()
	if len(w.ups) != 1 || len(w.lines) != 0 {
		t.Errorf("a quiet feed told %v %q", w.ups, w.lines)
	}
}

func TestRedisThatIsAwayAtTheStart(t *testing.T) {
	t.Parallel()
	server := stack.Redis(t)
	server.Kill()
	cfg := settings(server.URL())
	w := prepare(t, cfg)
	w.start()
	server.Restart()
	w.until("connected", func() bool { return slices.Equal(w.ups, []bool{true}) })
	if w.gaps != 0 || w.number("redis_reconnects_total") != 0 {
		t.Error("a first connection is no reconnect and leaves no gap")
	}
}

func TestHeartbeatIsRead(t *testing.T) {
	t.Parallel()
	w := run(t, settings(stack.Redis(t).URL()))
	w.until("no heartbeat", func() bool { return len(w.beats) > 0 && w.beats[0].IsZero() })
	if err := w.client.Set(t.Context(), "tickstock:producer:heartbeat", "1759761180.5", 0).Err(); err != nil {
		t.Fatal(err)
	}
	want := time.UnixMilli(1759761180500).UTC()
	w.until("the heartbeat", func() bool { return w.beats[len(w.beats)-1].Equal(want) })
	if err := w.client.Set(t.Context(), "tickstock:producer:heartbeat", "soon", 0).Err(); err != nil {
		t.Fatal(err)
	}
	w.until("an unreadable one is none", func() bool { return w.beats[len(w.beats)-1].IsZero() })
}

func TestFullQueueDropsTheOldest(t *testing.T) {
	t.Parallel()
	cfg := settings(stack.Redis(t).URL())
	cfg.QueueLength = 16
	w := run(t, cfg)
	block := make(chan struct{})
	w.mu.Lock()
	w.block = block
	w.mu.Unlock()
	const sent = takeAtOnce + 200
	for i := range sent {
		w.publish("tickstock.events.patterns", detection(fmt.Sprint(i)))
	}
	dropped := func() int { return int(w.number("ingest_dropped_total")) }
	// The worker holds at most takeAtOnce, the queue 16: at least the rest is dropped, and nobody waited.
	w.until("messages are dropped", func() bool { return dropped() >= sent-takeAtOnce-cfg.QueueLength })
	w.mu.Lock()
	w.block = nil
	w.mu.Unlock()
	close(block)
	w.until("the newest arrives", func() bool { return w.seen[fmt.Sprintf("d-%d", sent-1)] })
	w.until("nothing is unaccounted for", func() bool { return len(w.events)+dropped() == sent })
	if ups := len(w.ups); ups != 1 {
		t.Errorf("the connection changed %d times", ups)
	}
}

func TestGarbageIsCountedAndKept(t *testing.T) {
	t.Parallel()
	cfg := settings(stack.Redis(t).URL())
	cfg.MaxPayload = 2048
	cfg.DeadLetters = 4
	w := run(t, cfg)
	garbage := []string{
		"", "not json", "[", `{"event_type":"pattern_detected","data":{"symbol":"AAPL"}}`, "\x00\xff\xfe", strings.Repeat("x", 2049),
	}
	for _, g := range garbage {
		w.publish("tickstock.events.patterns", g)
	}
	w.until("all counted", func() bool { return w.in.DeadLetters().Total() == uint64(len(garbage)) })
	if n := w.number(`ingest_messages_total{result="reject"}`); int(n) != len(garbage) {
		t.Errorf("%v rejects counted, want %d", n, len(garbage))
	}
	if n := w.number(`ingest_rejects_total{reason="too_large"}`); n != 1 {
		t.Errorf("%v too large, want 1", n)
	}
	newest := w.in.DeadLetters().Newest(100)
	if len(newest) != 4 {
		t.Fatalf("%d kept, want 4", len(newest))
	}
	l := newest[0]
	if l.Reason != "too_large" || l.Size != 2049 || l.Head != strings.Repeat("x", headBytes) || l.Channel != "tickstock.events.patterns" ||
		!strings.Contains(l.Detail, "2049") || l.Time.IsZero() {
		t.Errorf("the newest is %+v", l)
	}
	if newest[1].Head != "\x00\uFFFD" {
		t.Errorf("bytes that are no text are kept as %q", newest[1].Head)
	}
	w.publish("tickstock.events.patterns", detection("after"))
	w.until("an event after garbage", func() bool { return len(w.events) == 1 })
}

func TestRefusedEventIsAReject(t *testing.T) {
	t.Parallel()
	w := run(t, settings(stack.Redis(t).URL()))
	w.mu.Lock()
	w.closed = true
	w.mu.Unlock()
	w.publish("tickstock.events.patterns", detection("1"))
	w.until("the reject", func() bool { return w.in.DeadLetters().Total() == 1 })
	if n := w.number(`ingest_events_total{result="refused",tier="daily"}`); n != 1 {
		t.Errorf("%v counted as refused, want 1", n)
	}
	if l := w.in.DeadLetters().Newest(1)[0]; l.Reason != string(found.InvalidEvent) || l.Detail != "the hub has ended" {
		t.Errorf("got %+v", l)
	}
}

func TestValidate(t *testing.T) {
	t.Parallel()
	for field, change := range map[string]func(*Config){
		"URL":            func(c *Config) { c.URL = "" },
		"Channels":       func(c *Config) { c.Channels = nil },
		"empty name":     func(c *Config) { c.Patterns = []string{""} },
		"HeartbeatEvery": func(c *Config) { c.HeartbeatEvery = 0 },
		"QueueLength":    func(c *Config) { c.QueueLength = 0 },
		"MaxPayload":     func(c *Config) { c.MaxPayload = c.QueueBytes + 1 },
		"PingEvery":      func(c *Config) { c.PingEvery = 0 },
		"DeadAfter":      func(c *Config) { c.DeadAfter = c.PingEvery },
		"RetryMin":       func(c *Config) { c.RetryMin = 0 },
		"LogEvery":       func(c *Config) { c.LogEvery = 0 },
		"DeadLetters":    func(c *Config) { c.DeadLetters = 0 },
	} {
		cfg := settings("redis://127.0.0.1:1")
		if err := cfg.Validate(); err != nil {
			t.Fatal(err)
		}
		change(&cfg)
		if err := cfg.Validate(); err == nil || !strings.Contains(err.Error(), field) {
			t.Errorf("%s: got %v", field, err)
		}
	}
	cfg := settings("redis://user:secret\x7f@host")
	if err := cfg.Validate(); err == nil || strings.Contains(err.Error(), "secret") {
		t.Errorf("an unreadable URL: %v", err)
	}
}
