package daemon

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/coder/websocket"
	"github.com/redis/go-redis/v9"
	"go.uber.org/goleak"

	"tierboard/e2e/stack"
	"tierboard/server/config"
	"tierboard/server/daemon/address"
	"tierboard/server/metrics"
	"tierboard/shared/wire"
)

// After an outage go-redis tries to dial for up to a second after Close.
func TestMain(m *testing.M) {
	goleak.VerifyTestMain(m, goleak.IgnoreAnyFunction("github.com/redis/go-redis/v9/internal/pool.(*ConnPool).tryDial"))
}

// patience is the longest anything may take here; it is far above what it takes.
const patience = 30 * time.Second

// running is a server that runs in this process.
type running struct {
	t     *testing.T
	stop  func()
	ended chan struct{} // closed when Run has returned
	err   error         // Run's; read after ended

	mu  sync.Mutex
	out bytes.Buffer // guarded by mu: standard output
}

// Write takes standard output.
func (r *running) Write(b []byte) (int, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.out.Write(b)
}

// address returns what was printed under a name, without the slash at the end, or "".
func (r *running) address(name string) string {
	r.mu.Lock()
	defer r.mu.Unlock()
	for line := range strings.Lines(r.out.String()) {
		if rest, ok := strings.CutPrefix(line, "tierboard: "+name+" "); ok {
			return strings.TrimRight(rest, "/\n")
		}
	}
	return ""
}

// free are settings with free ports and a directory of their own.
func free(t *testing.T) config.Config {
	t.Helper()
	c := config.Default()
	c.DataDir = t.TempDir()
	c.Addr, c.AdminAddr, c.EmbeddedRedisAddr = "127.0.0.1:0", "127.0.0.1:0", "127.0.0.1:0"
	return c
}

// start runs a server and waits until it is ready.
func start(t *testing.T, c config.Config) *running {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	r := &running{t: t, stop: cancel, ended: make(chan struct{})}
	go func() {
		defer close(r.ended)
		r.err = Run(ctx, Config{Settings: c, Stdout: r}, slog.New(slog.DiscardHandler))
	}()
	t.Cleanup(func() {
		cancel()
		if err := r.wait(); err != nil {
			t.Errorf("Run: %v", err)
		}
	})
	r.until("ready", func() bool {
		select {
		case <-r.ended:
			t.Fatalf("Run: %v", r.err)
		default:
		}
		base := r.address("page")
		if base == "" {
			return false
		}
		status, _ := r.get(base + "/readyz")
		return status == http.StatusOK
	})
	return r
}

// wait returns Run's error.
func (r *running) wait() error {
	r.t.Helper()
	select {
	case <-r.ended:
		return r.err
	case <-time.After(patience):
		r.t.Fatal("Run does not end")
		return nil
	}
}

// until waits until ok.
func (r *running) until(what string, ok func() bool) {
	r.t.Helper()
	for deadline := time.Now().Add(patience); !ok(); {
		if time.Now().After(deadline) {
			r.t.Fatalf("never happened: %s", what)
		}
		time.Sleep(time.Millisecond)
	}
}

// request asks with a Host of its own, if host is not empty.
func (r *running) request(method, url, host string) (*http.Response, string) {
	r.t.Helper()
	request, err := http.NewRequest(method, url, nil)
	if err != nil {
		r.t.Fatal(err)
	}
	request.Host = host
	client := http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	response, err := client.Do(request)
	if err != nil {
		return nil, err.Error()
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		return nil, err.Error()
	}
	return response, string(body)
}

// get returns the status, 0 without an answer, and the body.
func (r *running) get(url string) (int, string) {
	r.t.Helper()
	response, body := r.request(http.MethodGet, url, "")
	if response == nil {
		return 0, body
	}
	return response.StatusCode, body
}

// publisher returns a client of a Redis.
func publisher(t *testing.T, url string) *redis.Client {
	t.Helper()
	opt, err := redis.ParseURL(url)
	if err != nil {
		t.Fatal(err)
	}
	client := redis.NewClient(opt)
	t.Cleanup(func() { _ = client.Close() })
	return client
}

// listener is a JSON WebSocket session.
type listener struct {
	t    *testing.T
	conn *websocket.Conn
}

// listen opens a session that wants everything.
func (r *running) listen() *listener {
	r.t.Helper()
	ctx, cancel := context.WithTimeout(r.t.Context(), patience)
	defer cancel()
	url := "ws" + strings.TrimPrefix(r.address("page"), "http") + "/ws"
	conn, _, err := websocket.Dial(ctx, url, &websocket.DialOptions{Subprotocols: []string{wire.JSONProtocol}})
	if err != nil {
		r.t.Fatal(err)
	}
	r.t.Cleanup(func() { _ = conn.CloseNow() })
	conn.SetReadLimit(wire.MaxFrame)
	if err := conn.Write(ctx, websocket.MessageText, []byte(`{"type":"subscribe","id":"main","filters":[{}]}`)); err != nil {
		r.t.Fatal(err)
	}
	return &listener{t: r.t, conn: conn}
}

// next returns the next frame that fits, and the error that ended the connection instead.
func (l *listener) next(fits func(frame map[string]any) bool) (map[string]any, error) {
	l.t.Helper()
	ctx, cancel := context.WithTimeout(l.t.Context(), patience)
	defer cancel()
	for {
		_, text, err := l.conn.Read(ctx)
		if err != nil {
			return nil, err
		}
		var frame map[string]any
		if err := json.Unmarshal(text, &frame); err != nil {
			l.t.Fatalf("%v: %s", err, text)
		}
		if fits(frame) {
			return frame, nil
		}
	}
}

// frame returns the next frame of a type.
func (l *listener) frame(typ string) map[string]any {
	l.t.Helper()
	frame, err := l.next(func(frame map[string]any) bool { return frame["type"] == typ })
	if err != nil {
		l.t.Fatalf("no %s frame: %v", typ, err)
	}
	return frame
}

// status returns the next status frame that says this about ingest.
func (l *listener) status(ingest string) map[string]any {
	l.t.Helper()
	frame, err := l.next(func(frame map[string]any) bool { return frame["type"] == "status" && frame["ingest"] == ingest })
	if err != nil {
		l.t.Fatalf("no status with ingest %s: %v", ingest, err)
	}
	return frame
}

const detection = `{"event_type":"pattern_detected","source":"TickStockPL","timestamp":1757945000.5,
 "data":{"symbol":"AMD","pattern":"Bull_Flag","confidence":0.91,"flow_id":"0f0c2a5e-0000-4000-8000-000000000001",
  "source":"daily","tier":"daily","current_price":161.2,"price_change":2.5,"volume":1200000,
  "expires_at":1758203000,"indicators":{"relative_strength":1.2,"relative_volume":1.8,"rsi":61.5},
  "stop_loss":155.0,"target_price":172.0,"description":"text","action":"watch"}}`

func TestPublishedDetectionReachesASession(t *testing.T) {
	t.Parallel()
	r := start(t, free(t))
	l := r.listen()
	welcome := l.frame("welcome")
	window, _ := welcome["window_ms"].(float64) // on a busy machine it may have grown already
	if welcome["build"] == nil || welcome["demo"] != nil || window < 10 || window > 80 || welcome["rate_limit"] != 100.0 {
		t.Errorf("welcome: %v", welcome)
	}
	status := l.status("connected")
	if tiers, ok := status["tiers"].(map[string]any); !ok || len(tiers) != 3 {
		t.Errorf("status: %v", status)
	}
	l.frame("subscribed")
	client := publisher(t, r.address("redis"))
	if n, err := client.Publish(t.Context(), "tickstock.events.patterns", detection).Result(); err != nil || n != 1 {
		t.Fatalf("published to %d: %v", n, err)
	}
	batch, err := l.next(func(frame map[string]any) bool {
		events, ok := frame["events"].([]any)
		return frame["type"] == "batch" && ok && len(events) > 0
	})
	if err != nil {
		t.Fatal(err)
	}
	e, ok := batch["events"].([]any)[0].(map[string]any)
	if !ok || e["symbol"] != "AMD" || e["tier"] != "daily" || e["pattern_type"] != "bull_flag" || e["confidence"] != 0.91 ||
		e["id"] != "0f0c2a5e-0000-4000-8000-000000000001" || e["seq"] != 1.0 {
		t.Errorf("event: %v", e)
	}

	if err := client.Publish(t.Context(), "tickstock.events.patterns", "garbage").Err(); err != nil {
		t.Fatal(err)
	}
	r.until("the dead letter", func() bool {
		_, body := r.get(r.address("admin") + "/dead-letters?limit=5")
		return strings.Contains(body, `"reason":"bad_json"`) && strings.Contains(body, `"head":"garbage"`) && strings.Contains(body, `"total":1`)
	})
	if status, body := r.get(r.address("admin") + "/dead-letters?limit=none"); status != http.StatusBadRequest || !strings.Contains(body, "limit") {
		t.Errorf("a limit that is none: %d %s", status, body)
	}
	_, numbers := r.get(r.address("page") + "/metrics")
	for _, line := range []string{
		`tierboard_events_accepted_total{tier="daily"} 1`, `tierboard_ingest_rejects_total{reason="bad_json"} 1`,
		`tierboard_redis_up 1`, `tierboard_http_request_seconds_count{code="200",route="GET /readyz"}`,
	} {
		if !strings.Contains(numbers, line) {
			t.Errorf("metrics lack %s", line)
		}
	}
}

func TestStop(t *testing.T) {
	t.Parallel()
	c := free(t)
	c.Drain = 2 * time.Second
	r := start(t, c)
	l := r.listen()
	l.frame("subscribed")
	base := r.address("page")
	r.stop()
	r.until("readyz says draining", func() bool {
		status, body := r.get(base + "/readyz")
		return status == http.StatusServiceUnavailable && body == "draining\n"
	})
	if status, _ := r.get(base + "/healthz"); status != http.StatusOK {
		t.Errorf("/healthz answers %d while draining", status)
	}
	if bye := l.frame("bye"); bye["reconnect_ms"] == nil {
		t.Errorf("bye: %v", bye)
	}
	_, err := l.next(func(map[string]any) bool { return true })
	if code := websocket.CloseStatus(err); code != websocket.StatusGoingAway {
		t.Errorf("closed with %d (%v), want 1001", code, err)
	}
	if err := r.wait(); err != nil {
		t.Errorf("Run: %v", err)
	}
	if status, _ := r.get(base + "/healthz"); status != 0 {
		t.Errorf("still answers %d after Run", status)
	}
}

func TestForgedHostIsRefusedEverywhere(t *testing.T) {
	t.Parallel()
	r := start(t, free(t))
	for _, url := range []string{
		r.address("page") + "/", r.address("page") + "/ws", r.address("page") + "/healthz", r.address("page") + "/metrics",
		r.address("page") + "/robots.txt", r.address("admin") + "/metrics", r.address("admin") + "/debug/pprof/",
		r.address("admin") + "/dead-letters",
	} {
		for host, want := range map[string]int{"evil.example": 421, "evil.example:8080": 421, "127.0.0.1.evil.example": 421} {
			response, body := r.request(http.MethodGet, url, host)
			if response == nil || response.StatusCode != want {
				t.Errorf("%s as %s: %v %s, want %d", url, host, response, body, want)
			}
		}
	}
}

func TestConfiguredHostIsLetIn(t *testing.T) {
	t.Parallel()
	c := free(t)
	c.Hosts = []string{"board.example"}
	r := start(t, c)
	if response, body := r.request(http.MethodGet, r.address("page")+"/readyz", "board.example:8080"); response == nil || response.StatusCode != 200 {
		t.Errorf("got %v %s", response, body)
	}
}

func TestEveryAnswerHasItsHeaders(t *testing.T) {
	t.Parallel()
	r := start(t, free(t))
	for _, path := range []string{"/", "/healthz", "/readyz", "/metrics", "/nothing-here", "/ws", "/robots.txt"} {
		response, body := r.request(http.MethodGet, r.address("page")+path, "")
		if response == nil {
			t.Fatal(body)
		}
		h := response.Header
		if h.Get("X-Content-Type-Options") != "nosniff" || !strings.Contains(h.Get("Content-Security-Policy"), "default-src 'none'") ||
			h.Get("Referrer-Policy") == "" || h.Get("Cross-Origin-Resource-Policy") != "same-origin" {
			t.Errorf("%s: %v", path, h)
		}
	}
	for path, want := range map[string]int{"/healthz": 405, "/": 405} {
		if response, _ := r.request(http.MethodPost, r.address("page")+path, ""); response == nil || response.StatusCode != want {
			t.Errorf("POST %s: %v, want %d", path, response, want)
		}
	}
}

func TestProfilesAreForTheAdminAddressOnly(t *testing.T) {
	t.Parallel()
	r := start(t, free(t))
	if status, body := r.get(r.address("admin") + "/debug/pprof/goroutine?debug=1"); status != 200 || !strings.Contains(body, "goroutine profile") {
		t.Errorf("admin: %d %.80s", status, body)
	}
	for _, path := range []string{"/debug/pprof/", "/dead-letters"} {
		if status, _ := r.get(r.address("page") + path); status != http.StatusNotFound {
			t.Errorf("%s on the main address: %d", path, status)
		}
	}
}

func TestRedisThatComesAndGoes(t *testing.T) {
	t.Parallel()
	server := stack.Redis(t)
	c := free(t)
	c.RedisURL = server.URL()
	r := start(t, c)
	if got := r.address("redis"); got != "" {
		t.Errorf("an embedded redis is printed beside the operator's: %s", got)
	}
	l := r.listen()
	l.status("connected")
	server.Kill()
	down := l.status("down")
	if tiers, ok := down["tiers"].(map[string]any); !ok || tiers["intraday"] != "down" {
		t.Errorf("status: %v", down)
	}
	if status, _ := r.get(r.address("page") + "/readyz"); status != http.StatusOK {
		t.Errorf("/readyz answers %d without redis", status)
	}
	server.Restart()
	gap := l.frame("gap")
	if gap["from"] == nil || gap["to"] == nil {
		t.Errorf("gap: %v", gap)
	}
	l.status("connected")
}

func TestServesWithoutRedis(t *testing.T) {
	t.Parallel()
	server := stack.Redis(t)
	server.Kill()
	c := free(t)
	c.RedisURL = server.URL()
	r := start(t, c)
	r.listen().status("down")
}

func TestDemoIsMarked(t *testing.T) {
	t.Parallel()
	c := free(t)
	c.Demo = true
	r := start(t, c)
	l := r.listen()
	if welcome := l.frame("welcome"); welcome["demo"] != true {
		t.Errorf("welcome: %v", welcome)
	}
	if _, err := l.next(func(frame map[string]any) bool {
		events, ok := frame["events"].([]any)
		return frame["type"] == "batch" && ok && len(events) > 0
	}); err != nil {
		t.Errorf("the demonstration brings nothing: %v", err)
	}
}

func TestBusyPortNamesTheSetting(t *testing.T) {
	t.Parallel()
	busy, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer busy.Close()
	for setting, change := range map[string]func(*config.Config){
		"--addr (TIERBOARD_ADDR)":                               func(c *config.Config) { c.Addr = busy.Addr().String() },
		"--admin-addr (TIERBOARD_ADMIN_ADDR)":                   func(c *config.Config) { c.AdminAddr = busy.Addr().String() },
		"--embedded-redis-addr (TIERBOARD_EMBEDDED_REDIS_ADDR)": func(c *config.Config) { c.EmbeddedRedisAddr = busy.Addr().String() },
	} {
		c := free(t)
		change(&c)
		var out bytes.Buffer
		err := Run(t.Context(), Config{Settings: c, Stdout: &out}, slog.New(slog.DiscardHandler))
		if err == nil || !strings.Contains(err.Error(), setting) || !strings.Contains(err.Error(), "another program uses the port") {
			t.Errorf("got %v, want %s named", err, setting)
		}
		if out.Len() > 0 {
			t.Errorf("printed before everything was open: %s", &out)
		}
	}
}

func TestDefaultRedisPortGivesWay(t *testing.T) {
	t.Parallel()
	c := free(t)
	c.EmbeddedRedisAddr = config.Default().EmbeddedRedisAddr
	first, second := start(t, c), start(t, c)
	if a, b := first.address("redis"), second.address("redis"); a == b || a == "" || b == "" {
		t.Errorf("two servers have %q and %q", a, b)
	}
}

func TestSettingsAreChecked(t *testing.T) {
	t.Parallel()
	for setting, change := range map[string]func(*config.Config){
		"--addr (TIERBOARD_ADDR)":                     func(c *config.Config) { c.Addr = ":0" },
		"--hosts (TIERBOARD_HOSTS)":                   func(c *config.Config) { c.Hosts = []string{"http://board.example"} },
		"--redis-channels (TIERBOARD_REDIS_CHANNELS)": func(c *config.Config) { c.RedisChannels = []string{"odd[1]"} },
		"--redis-url (REDIS_URL)":                     func(c *config.Config) { c.RedisURL = "redis://user:secret@127.0.0.1:1/no-number" },
	} {
		c := free(t)
		change(&c)
		err := Run(t.Context(), Config{Settings: c, Stdout: io.Discard}, slog.New(slog.DiscardHandler))
		if err == nil || !strings.Contains(err.Error(), setting) || strings.Contains(err.Error(), "secret") {
			t.Errorf("got %v, want %s named", err, setting)
		}
	}
}

// TestFailedPartEndsTheRest shows that the server does not go on without one of its parts.
func TestFailedPartEndsTheRest(t *testing.T) {
	t.Parallel()
	log := slog.New(slog.DiscardHandler)
	m := metrics.New()
	o, err := address.Open(t.Context(), free(t), m, log)
	if err != nil {
		t.Fatal(err)
	}
	s, err := build(t.Context(), free(t), o.Redis.URL(), m, log)
	if err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- run(context.Background(), s, o, log) }()
	<-s.feed.first
	o.Redis.Close()
	select {
	case err := <-ended:
		if err == nil || !strings.Contains(err.Error(), "embedded redis") {
			t.Errorf("run: %v, want the part named", err)
		}
	case <-time.After(patience):
		t.Fatal("run goes on without its redis")
	}
}

// TestUnwritableOutput shows that a server whose addresses nobody could read does not start.
func TestUnwritableOutput(t *testing.T) {
	t.Parallel()
	r, w := io.Pipe()
	gone := errors.New("gone")
	_ = r.CloseWithError(gone)
	if err := Run(t.Context(), Config{Settings: free(t), Stdout: w}, slog.New(slog.DiscardHandler)); !errors.Is(err, gone) {
		t.Errorf("got %v", err)
	}
}
