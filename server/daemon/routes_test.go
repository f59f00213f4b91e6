package daemon

import (
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"tierboard/server/metrics"
	"tierboard/server/web"
	"tierboard/shared/api"
)

func TestPanicEndsOneRequestAndIsLogged(t *testing.T) {
	var log running // for its locked buffer
	e := &edge{hosts: web.Hosts{}, m: metrics.New(), log: slog.New(slog.NewTextHandler(&log, nil))}
	page := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/broken":
			panic("a broken invariant")
		case "/cut":
			panic(http.ErrAbortHandler)
		}
		_, _ = io.WriteString(w, "fine")
	})
	site := httptest.NewUnstartedServer(e.mainRoutes(&probe{}, http.NotFoundHandler(), page))
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
		!strings.Contains(text, "routes_test.go") {
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
		e := &edge{hosts: web.Hosts{}, m: metrics.New(), log: slog.New(slog.DiscardHandler)}
		routes := e.mainRoutes(&probe{}, http.NotFoundHandler(), http.NotFoundHandler(), streamRoute{status})
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
	var p probe
	for state, want := range map[int32]string{starting: "503 starting\n", serving: "200 ready\n", draining: "503 draining\n"} {
		p.state.Store(state)
		answer := httptest.NewRecorder()
		p.ready(answer, nil)
		if got := strings.TrimSpace(strings.Fields(answer.Result().Status)[0]) + " " + answer.Body.String(); got != want {
			t.Errorf("state %d answers %q, want %q", state, got, want)
		}
	}
}
