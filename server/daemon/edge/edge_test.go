package edge

import (
	"bytes"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"

	"tierboard/server/ingest"
	"tierboard/server/metrics"
	"tierboard/server/web/hosts"
	"tierboard/shared/api"
)

// book keeps what is logged.
type book struct {
	mu  sync.Mutex
	out bytes.Buffer // guarded by mu
}

// Write takes a line.
func (b *book) Write(line []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.out.Write(line)
}

func TestPanicEndsOneRequestAndIsLogged(t *testing.T) {
	var log book
	e := New(hosts.Hosts{}, metrics.New(), slog.New(slog.NewTextHandler(&log, nil)))
	page := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/broken":
			panic("a broken invariant")
		case "/cut":
			panic(http.ErrAbortHandler)
		}
		_, _ = io.WriteString(w, "fine")
	})
	site := httptest.NewUnstartedServer(e.Main(&Probe{}, http.NotFoundHandler(), page))
	site.Config.ErrorLog = slog.NewLogLogger(slog.DiscardHandler, slog.LevelError)
	site.Start()
	defer site.Close()
	client := http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	for path, ok := range map[string]bool{"/broken": false, "/cut": false, "/fine": true} {
		response, err := client.Get(site.URL + path)
		if (err == nil) != ok {
			t.Errorf("%s: %v", path, err)
		}
		if err == nil {
			response.Body.Close()
		}
	}
	log.mu.Lock()
	defer log.mu.Unlock()
	if text := log.out.String(); strings.Count(text, "request failed") != 1 || !strings.Contains(text, "a broken invariant") ||
		!strings.Contains(text, "edge_test.go") {
		t.Errorf("logged: %s", text)
	}
}

// streamRoute stands for the event stream.
type streamRoute struct{ status int }

func (s streamRoute) Routes(mux *http.ServeMux) {
	mux.HandleFunc(api.PathStream, func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(s.status) })
}

// TestStreamsAreNoRequests keeps how long event streams last out of the latencies; one that is refused is a request.
func TestStreamsAreNoRequests(t *testing.T) {
	for status, counted := range map[int]bool{http.StatusOK: false, http.StatusTooManyRequests: true} {
		e := New(hosts.Hosts{}, metrics.New(), slog.New(slog.DiscardHandler))
		routes := e.Main(&Probe{}, http.NotFoundHandler(), http.NotFoundHandler(), streamRoute{status})
		w := httptest.NewRecorder()
		routes.ServeHTTP(w, httptest.NewRequest(http.MethodGet, "http://localhost"+api.PathStream, http.NoBody))
		families, err := e.m.Registry.Gather()
		if err != nil {
			t.Fatal(err)
		}
		found := false
		for _, f := range families {
			found = found || f.GetName() == "tierboard_http_request_seconds"
		}
		if w.Code != status || found != counted {
			t.Errorf("%d answered with %d: measured %v, want %v", status, w.Code, found, counted)
		}
	}
}

func TestProbe(t *testing.T) {
	var begun Probe
	begun.Drain()
	if begun.Serve(); begun.state.Load() != draining {
		t.Error("a server that stops serves again")
	}
	var p Probe
	for state, want := range map[int32]string{starting: "503 starting\n", serving: "200 ready\n", draining: "503 draining\n"} {
		p.state.Store(state)
		answer := httptest.NewRecorder()
		p.ready(answer, nil)
		if got := strings.TrimSpace(strings.Fields(answer.Result().Status)[0]) + " " + answer.Body.String(); got != want {
			t.Errorf("state %d answers %q, want %q", state, got, want)
		}
	}
}

// letters are so many messages that are no event.
type letters int

func (n letters) Newest(limit int) []ingest.DeadLetter {
	return slices.Repeat([]ingest.DeadLetter{{Reason: "no_symbol"}}, min(int(n), limit))
}

func (n letters) Total() uint64 { return uint64(n) }

// TestTheAdminAddress asks it for everything it has, and under a name that is not its own.
func TestTheAdminAddress(t *testing.T) {
	e := New(hosts.Hosts{}, metrics.New(), slog.New(slog.DiscardHandler))
	var p Probe
	p.Serve()
	admin := e.Admin(&p, letters(3))
	for target, want := range map[string]string{
		"/healthz": "200 alive\n", "/readyz": "200 ready\n", "/dead-letters?limit=0": "400 limit: must be a number from 1\n",
		"/dead-letters?limit=x": "400 limit: must be a number from 1\n", "/metrics": "200 *", "/debug/pprof/": "200 *",
		"/dead-letters?limit=1": `200 {"total":3,"newest":[*`, "/dead-letters": `200 {"total":3,"newest":[*`, "/": "404 *",
	} {
		w := httptest.NewRecorder()
		admin.ServeHTTP(w, httptest.NewRequest(http.MethodGet, "http://localhost"+target, http.NoBody))
		got := fmt.Sprint(w.Code, " ", w.Body)
		if begin, open := strings.CutSuffix(want, "*"); got != want && !(open && strings.HasPrefix(got, begin)) {
			t.Errorf("%s: %.200s, want %s", target, got, want)
		}
		if h := w.Header(); h.Get("Cache-Control") != "no-store" || h.Get("X-Content-Type-Options") != "nosniff" || h.Get("Content-Security-Policy") == "" {
			t.Errorf("%s has the headers %v", target, h)
		}
	}
	if n := strings.Count(ask(admin, "http://localhost/dead-letters?limit=2").Body.String(), "no_symbol"); n != 2 {
		t.Errorf("%d letters", n)
	}
	if w := ask(admin, "http://evil.example/healthz"); w.Code != http.StatusMisdirectedRequest {
		t.Errorf("%d %s", w.Code, w.Body)
	}
}

// ask asks for a URL.
func ask(h http.Handler, url string) *httptest.ResponseRecorder {
	w := httptest.NewRecorder()
	h.ServeHTTP(w, httptest.NewRequest(http.MethodGet, url, http.NoBody))
	return w
}

// TestRequestsAreMeasuredByRoute asks for a path that a route answers and for one that none does, and reads what was measured.
func TestRequestsAreMeasuredByRoute(t *testing.T) {
	var log book
	e := New(hosts.Hosts{}, metrics.New(), slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug})))
	flushed := false
	page := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.WriteHeader(http.StatusEarlyHints) // is no answer yet
		w.WriteHeader(http.StatusTeapot)
		_, _ = io.WriteString(w, "some text")
		flushed = http.NewResponseController(w).Flush() == nil
		r.Pattern = ""
	})
	routes := e.Main(&Probe{}, http.NotFoundHandler(), page)
	site := httptest.NewServer(routes)
	defer site.Close()
	for _, path := range []string{"/healthz", "/secret/path"} {
		response, err := http.Get(site.URL + path)
		if err != nil {
			t.Fatal(err)
		}
		response.Body.Close()
	}
	site.Close() // so that everything is measured
	text := ask(routes, "http://localhost/metrics").Body.String()
	for _, part := range []string{`tierboard_http_request_seconds_count{code="200",route="GET /healthz"} 1`, `{code="418",route="none"} 1`} {
		if !strings.Contains(text, part) {
			t.Errorf("%s is not among what was measured", part)
		}
	}
	log.mu.Lock()
	defer log.mu.Unlock()
	if !flushed || strings.Contains(text, "secret") || !strings.Contains(log.out.String(), "path=/secret/path status=418 bytes=9") {
		t.Errorf("flushed %v, logged %s", flushed, &log.out)
	}
}
