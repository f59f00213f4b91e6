package sse

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"
	"time"

	"tierboard/server/gate"
	"tierboard/server/hub"
	"tierboard/server/metrics"
	"tierboard/server/query"
	"tierboard/server/query/param"
	"tierboard/shared/event"
	"tierboard/shared/filter"
	"tierboard/shared/wire"
)

// rig is a handler on a real socket, with a running hub behind it.
type rig struct {
	*testing.T
	hub     *hub.Hub
	handler *Handler
	url     string
	sent    int
}

// start makes a rig with settings changed.
func start(t *testing.T, change func(*Config, *hub.Config)) *rig {
	t.Helper()
	log := slog.New(slog.DiscardHandler)
	m := metrics.New()
	cfg, hc := DefaultConfig(), hub.DefaultConfig()
	hc.Ring, hc.Shards = 4096, 1 // see settle
	if change != nil {
		change(&cfg, &hc)
	}
	h, err := hub.New(hc, m, log)
	if err != nil {
		t.Fatal(err)
	}
	x, err := New(cfg, h, m, log)
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.Background())
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		_ = h.Run(ctx)
	}()
	g, err := gate.New(gate.DefaultConfig(), log)
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(g.WrapStream(x))
	t.Cleanup(func() {
		late, cancel := context.WithTimeout(context.Background(), 10*time.Second)
		defer cancel()
		if err := x.Shutdown(late); err != nil {
			t.Errorf("shutdown: %v", err)
		}
		server.Close()
		stop()
		<-ended
	})
	return &rig{T: t, hub: h, handler: x, url: server.URL}
}

// publish makes events and returns their positions' end.
func (r *rig) publish(symbols ...string) {
	r.Helper()
	for _, s := range symbols {
		r.sent++
		e := &event.Event{
			Kind: event.Pattern, ID: "e" + strconv.Itoa(r.sent), Tier: event.Intraday, Confidence: .8, Priority: event.High,
			Scope: event.Scope{Symbol: s, Pattern: "doji"}, DetectedAt: time.Now(), Intraday: &event.IntradayDetail{},
		}
		e.DetectedAt = e.DetectedAt.Add(time.Duration(r.sent) * time.Second) // no two are copies of each other
		if ok, err := r.hub.Publish(r.Context(), e); !ok || err != nil {
			r.Fatalf("publish: %v %v", ok, err)
		}
	}
}

// settle waits until the hub's one shard has taken all that was published. Before that, part of what a new stream replays
// comes as live events instead.
func (r *rig) settle() {
	r.Helper()
	ctx, stop := context.WithTimeout(context.Background(), 10*time.Second)
	defer stop()
	for taken := false; !taken; {
		s, err := r.hub.Open(ctx, wire.JSON)
		if err != nil {
			r.Fatal(err)
		}
		if err := s.Subscribe(ctx, "probe", []filter.Filter{{}}, nil); err != nil {
			r.Fatal(err)
		}
		f, err := s.Next(ctx)
		if err != nil {
			r.Fatal(err)
		}
		var told struct{ Seq uint64 }
		if err := json.Unmarshal(f.Bytes, &told); err != nil {
			r.Fatal(err)
		}
		taken = told.Seq == r.hub.Seq()
		s.Close()
	}
}

// reader reads one stream.
type reader struct {
	r     *rig
	res   *http.Response
	lines *bufio.Scanner
	stop  context.CancelFunc
}

// read opens a stream. It gives up after ten seconds.
func (r *rig) read(query string, headers ...string) *reader {
	r.Helper()
	ctx, stop := context.WithTimeout(context.Background(), 10*time.Second)
	r.Cleanup(stop)
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, r.url+"/api/stream/patterns"+query, http.NoBody)
	if err != nil {
		r.Fatal(err)
	}
	for i := 0; i+1 < len(headers); i += 2 {
		req.Header.Set(headers[i], headers[i+1])
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		r.Fatal(err)
	}
	r.Cleanup(func() { _ = res.Body.Close() })
	return &reader{r: r, res: res, lines: bufio.NewScanner(res.Body), stop: stop}
}

// message is one event of a stream.
type message struct {
	event, id, retry string
	data             map[string]any
}

// next returns the next event, or fails the test.
func (x *reader) next() message {
	x.r.Helper()
	var m message
	for x.lines.Scan() {
		name, value, _ := strings.Cut(x.lines.Text(), ": ")
		switch name {
		case "event":
			m.event = value
		case "id":
			m.id = value
		case "retry":
			m.retry = value
		case "data":
			if err := json.Unmarshal([]byte(value), &m.data); err != nil {
				x.r.Fatalf("%v in %s", err, value)
			}
		case "":
			return m
		}
	}
	x.r.Fatalf("the stream ended: %v", x.lines.Err())
	return m
}

// want reads the next event and checks its name.
func (x *reader) want(event string) message {
	x.r.Helper()
	m := x.next()
	if m.event != event {
		x.r.Fatalf("got %+v, want %s", m, event)
	}
	return m
}

func TestLiveEventsOfAFilter(t *testing.T) {
	r := start(t, nil)
	r.publish("AAPL") // before the stream: not part of it
	s := r.read("?symbols=aapl,nvda&tiers=intraday&confidence_min=0.5")
	if ct := s.res.Header.Get("Content-Type"); ct != "text/event-stream" || s.res.Header.Get("Content-Encoding") != "" || s.res.Header.Get("X-Request-Id") == "" {
		t.Errorf("headers %v", s.res.Header)
	}
	if h := s.want("hello"); h.data["epoch"] != r.hub.Epoch() || h.data["max_seq"] != 1. {
		t.Errorf("%+v", h)
	}
	if m := s.want("subscribed"); m.data["replayed"] != 0. || m.data["resumed"] != true {
		t.Errorf("%+v", m)
	}
	r.publish("TSLA", "NVDA")
	if m := s.want("pattern"); m.id != r.hub.Epoch()+"-3" || m.data["symbol"] != "NVDA" || m.data["seq"] != 3. {
		t.Errorf("%+v", m)
	}
}

func TestResumeReplaysExactlyWhatWasMissed(t *testing.T) {
	r := start(t, nil)
	r.publish("AAPL", "AAPL", "NVDA", "AAPL")
	r.settle()
	for _, how := range [][]string{{"", "Last-Event-ID", r.hub.Epoch() + "-1"}, {"&after=" + r.hub.Epoch() + "-1"}} {
		s := r.read("?symbols=AAPL"+how[0], how[1:]...)
		s.want("hello")
		if m := s.want("subscribed"); m.data["replayed"] != 2. || m.data["resumed"] != true {
			t.Errorf("%+v", m)
		}
		for _, id := range []string{"e2", "e4"} {
			if m := s.want("pattern"); m.data["id"] != id {
				t.Errorf("%+v, want %s", m, id)
			}
		}
		s.stop()
	}
}

func TestAnotherEpochIsAGapAndASnapshot(t *testing.T) {
	r := start(t, nil)
	r.publish("AAPL", "NVDA")
	r.settle()
	s := r.read("?symbols=AAPL", "Last-Event-ID", "ANOTHERLIFE-7")
	s.want("hello")
	if m := s.want("gap"); m.data["rest_url"] != "/api/patterns?sort=detected_at&symbols=AAPL" {
		t.Errorf("%+v", m)
	}
	if m := s.want("subscribed"); m.data["resumed"] != false || m.data["replayed"] != 1. {
		t.Errorf("%+v", m)
	}
	if m := s.want("pattern"); m.data["id"] != "e1" {
		t.Errorf("%+v", m)
	}
}

func TestForgottenEventsAreAGap(t *testing.T) {
	r := start(t, func(_ *Config, h *hub.Config) { h.Ring = 4 })
	r.publish("A", "B", "C", "D", "E", "F", "G", "H")
	r.settle()
	s := r.read("", "Last-Event-ID", r.hub.Epoch()+"-1")
	s.want("hello")
	s.want("subscribed")
	m := s.want("gap")
	if m.data["from_seq"] != 2. || m.data["to_seq"] != 8. || !strings.Contains(fmt.Sprint(m.data["rest_url"]), "&since=") {
		t.Errorf("%+v", m)
	}
	for _, id := range []string{"e5", "e6", "e7", "e8"} {
		if m := s.want("pattern"); m.data["id"] != id {
			t.Errorf("%+v, want %s", m, id)
		}
	}
}

func TestHeartbeats(t *testing.T) {
	r := start(t, func(c *Config, _ *hub.Config) { c.Heartbeat = 5 * time.Millisecond })
	s := r.read("")
	s.want("hello")
	s.want("subscribed")
	if m := s.want("heartbeat"); m.id != "" || m.data["max_seq"] != 0. || m.data["server_time"] == nil {
		t.Errorf("%+v", m)
	}
}

func TestShutdownSaysWhenToComeBack(t *testing.T) {
	r := start(t, nil)
	s := r.read("")
	s.want("hello")
	s.want("subscribed")
	if r.handler.Open() != 1 {
		t.Errorf("%d streams", r.handler.Open())
	}
	ctx, stop := context.WithTimeout(t.Context(), 10*time.Second)
	defer stop()
	if err := r.handler.Shutdown(ctx); err != nil {
		t.Fatal(err)
	}
	m := s.want("bye")
	if ms, err := strconv.Atoi(m.retry); err != nil || ms < 1000 || ms > 11000 {
		t.Errorf("%+v", m)
	}
	if s.lines.Scan() {
		t.Errorf("after bye comes %q", s.lines.Text())
	}
	if res := r.read("").res; res.StatusCode != http.StatusServiceUnavailable || res.Header.Get("Retry-After") == "" {
		t.Errorf("%d %v", res.StatusCode, res.Header)
	}
	if r.handler.Open() != 0 {
		t.Errorf("%d streams", r.handler.Open())
	}
}

func TestSuppressedEventsAreTold(t *testing.T) {
	r := start(t, func(_ *Config, h *hub.Config) {
		h.RateLimit, h.WindowMin, h.WindowMax = 2, 20*time.Millisecond, 20*time.Millisecond
	})
	s := r.read("")
	s.want("hello")
	s.want("subscribed")
	r.publish(strings.Split(strings.Repeat("A ", 9)+"A", " ")...)
	for {
		if m := s.next(); m.event == "throttled" {
			if m.data["suppressed"].(float64) < 1 { //nolint:forcetypeassert // fails the test
				t.Errorf("%+v", m)
			}
			return
		}
	}
}

func TestTooManyStreams(t *testing.T) {
	r := start(t, func(c *Config, _ *hub.Config) { c.PerUser = 1 })
	s := r.read("")
	s.want("hello")
	if res := r.read("").res; res.StatusCode != http.StatusTooManyRequests || res.Header.Get("Retry-After") == "" {
		t.Errorf("%d %v", res.StatusCode, res.Header)
	}
}

func TestBadRequestsNameWhatIsWrong(t *testing.T) {
	r := start(t, nil)
	for _, c := range []struct {
		query, location string
		headers         []string
		status          int
	}{
		{"?symbl=A", "query.symbl", nil, 422},
		{"?tiers=dayly", "query.tiers", nil, 422},
		{"?confidence_min=2", "query.confidence_min", nil, 422},
		{"?after=nowhere", "query.after", nil, 422},
		{"?after=E-x", "query.after", nil, 422},
		{"?after=-5", "query.after", nil, 422},
		{"?since=-1h", "query.since", nil, 422},
		{"?watchlist=x", "query.watchlist", nil, 422},
		{"?status=active", "query.status", nil, 422},
		{"?limit=5", "query.limit", nil, 422},
		{"?a=%zz", "query", nil, 400},
		{"", "header.Last-Event-ID", []string{"Last-Event-ID", "<b>"}, 422},
		{"", "header.Last-Event-ID", []string{"Last-Event-ID", "E-99999999999999999999999"}, 422},
		{"", "header.Accept", []string{"Accept", "application/json"}, 406},
	} {
		res := r.read(c.query, c.headers...).res
		body, err := io.ReadAll(res.Body)
		if err != nil || res.StatusCode != c.status || !strings.Contains(string(body), `"location":"`+c.location+`"`) || strings.Contains(string(body), "<b>") {
			t.Errorf("%s %v: %d %s", c.query, c.headers, res.StatusCode, body)
		}
	}
}

// TestEveryParameterIsChecked gives each parameter of the stream what it cannot be.
func TestEveryParameterIsChecked(t *testing.T) {
	r := start(t, nil)
	for _, p := range query.StreamParams() {
		bad := map[param.Type][]string{
			param.TypeList: {"A,,B", "%FF", "%00"}, param.TypeNumber: {"", "x", "NaN", "1.01", "-0.01"}, param.TypeText: {"", "no_such-word", "%00"},
		}[p.Type]
		if len(p.Enum) > 0 {
			bad = append(bad, "no_such_word")
		}
		if p.Most > 0 {
			bad = append(bad, strings.Repeat("A,", p.Most)+"A"+strings.Repeat("X", 300))
		}
		if bad == nil {
			t.Errorf("this test knows no bad value of %s", p.Name)
		}
		targets := []string{"?" + p.Name + "=1&" + p.Name + "=1", "?" + p.Name + "z=1"}
		for _, value := range bad {
			for _, name := range append([]string{p.Name}, p.Aliases...) {
				targets = append(targets, "?"+name+"="+value)
			}
		}
		for _, target := range targets {
			name, _, _ := strings.Cut(target[1:], "=")
			res := r.read(target).res
			body, err := io.ReadAll(res.Body)
			if err != nil || res.StatusCode != http.StatusUnprocessableEntity || !strings.Contains(string(body), `"location":"query.`+name) {
				t.Errorf("%.80s: %d %.300s", target, res.StatusCode, body)
			}
		}
	}
}

func TestValidate(t *testing.T) {
	err := Config{ReconnectWithin: -1}.Validate()
	for _, part := range []string{"heartbeat", "write_timeout", "per_user", "reconnect_within"} {
		if err == nil || !strings.Contains(err.Error(), part) {
			t.Errorf("%s is not named in %v", part, err)
		}
	}
}

// FuzzPosition reads any text as a position.
func FuzzPosition(f *testing.F) {
	f.Add("QJ5W3X6N7K2M4P8R-184466")
	f.Add("-1")
	f.Add("a-")
	f.Fuzz(func(t *testing.T, id string) {
		if p, ok := position(id); ok && p.Epoch+"-"+strconv.FormatUint(p.Seq, 10) != id && !strings.HasPrefix(id[len(p.Epoch)+1:], "0") {
			t.Errorf("%q is read as %+v", id, p)
		}
	})
}
