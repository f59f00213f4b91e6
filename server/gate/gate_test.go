package gate

import (
	"compress/gzip"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/klauspost/compress/zstd"

	"tierboard/server/problem"
)

// gateOf returns a gate with settings changed, in front of a handler that tells the user.
func gateOf(t *testing.T, change func(*Config), next http.HandlerFunc) http.Handler {
	t.Helper()
	cfg := DefaultConfig()
	if change != nil {
		change(&cfg)
	}
	g, err := New(cfg, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	if next == nil {
		next = func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Type", "application/json")
			_, _ = io.WriteString(w, `"`+User(r.Context())+`"`)
		}
	}
	return g.Wrap(next)
}

// ask makes a request with headers given in pairs.
func ask(h http.Handler, method string, headers ...string) *httptest.ResponseRecorder {
	r := httptest.NewRequest(method, "http://localhost/api/x", nil)
	for i := 0; i+1 < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w
}

func TestRateLimitTellsWhatIsLeft(t *testing.T) {
	now := time.Date(2026, 11, 20, 19, 0, 0, 0, time.UTC)
	user := "ann"
	h := gateOf(t, func(c *Config) {
		c.PerMinute, c.MaxUsers = 2, 2
		c.Now = func() time.Time { return now }
		c.User = func(*http.Request) (string, error) { return user, nil }
	}, nil)
	for i, want := range []struct {
		user   string
		after  time.Duration
		status int
		left   string
	}{
		{"ann", 0, 200, "1"},
		{"ann", 0, 200, "0"},
		{"ann", time.Second, 429, "0"},
		{"bob", 0, 200, "1"},
		{"cy", 0, 200, "1"}, // ann's minute ends first: she is forgotten
		{"bob", 59*time.Second + 999*time.Millisecond, 200, "0"},
		{"bob", time.Millisecond, 200, "1"},
	} {
		user, now = want.user, now.Add(want.after)
		w := ask(h, "GET")
		if w.Code != want.status || w.Header().Get("X-RateLimit-Remaining") != want.left || w.Header().Get("X-RateLimit-Limit") != "2" {
			t.Errorf("request %d of %s: %d %v", i, want.user, w.Code, w.Header())
		}
		if want.status == 429 && (w.Header().Get("Retry-After") != "59" || !strings.Contains(w.Body.String(), "/problems/rate-limited")) {
			t.Errorf("refusal: %v %s", w.Header(), w.Body)
		}
		if w.Header().Get("X-RateLimit-Reset") == "" {
			t.Error("no reset")
		}
	}
}

// TestExportsHaveALimitOfTheirOwn asks for exports between other requests, of two users.
func TestExportsHaveALimitOfTheirOwn(t *testing.T) {
	now := time.Date(2026, 11, 20, 19, 0, 0, 0, time.UTC)
	user := "ann"
	cfg := DefaultConfig()
	cfg.PerMinute, cfg.ExportsPerMinute, cfg.DraftFields = 10, 1, true
	cfg.Now = func() time.Time { return now }
	cfg.User = func(*http.Request) (string, error) { return user, nil }
	g, err := New(cfg, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	plain := g.Wrap(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	export := g.Wrap(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if err := g.AdmitExport(w, r); err != nil {
			problem.Write(w, err)
		}
	}))
	for i, want := range []struct {
		user    string
		after   time.Duration
		handler http.Handler
		status  int
		limit   string
		left    string
		policy  string
		draft   string
	}{
		{"ann", 0, plain, 200, "10", "9", `"requests";q=10;w=60`, `"requests";r=9;t=60`},
		{"ann", 1500 * time.Millisecond, export, 200, "1", "0", `"exports";q=1;w=60`, `"exports";r=0;t=60`},
		{"ann", 10 * time.Second, export, 429, "1", "0", `"exports";q=1;w=60`, `"exports";r=0;t=50`},
		{"bob", 0, export, 200, "1", "0", `"exports";q=1;w=60`, `"exports";r=0;t=60`},
		{"ann", 0, plain, 200, "10", "6", `"requests";q=10;w=60`, `"requests";r=6;t=49`},
		{"ann", 50 * time.Second, export, 200, "1", "0", `"exports";q=1;w=60`, `"exports";r=0;t=60`},
	} {
		user, now = want.user, now.Add(want.after)
		w := ask(want.handler, "GET")
		h := w.Header()
		if w.Code != want.status || h.Get("X-RateLimit-Limit") != want.limit || h.Get("X-RateLimit-Remaining") != want.left ||
			h.Get("RateLimit-Policy") != want.policy || h.Get("RateLimit") != want.draft {
			t.Errorf("request %d of %s: %d %v", i, want.user, w.Code, h)
		}
		if want.status == 429 && (h.Get("Retry-After") != "50" || !strings.Contains(w.Body.String(), "More than 1 exports in a minute.")) {
			t.Errorf("refusal: %v %s", h, w.Body)
		}
	}
	if w := ask(gateOf(t, nil, nil), "GET"); w.Header().Get("RateLimit") != "" || w.Header().Get("RateLimit-Policy") != "" {
		t.Errorf("the draft's fields come unasked: %v", w.Header())
	}
}

func TestChangesMustComeFromTheOwnOrigin(t *testing.T) {
	h := gateOf(t, func(c *Config) { c.Origins = []string{"https://board.example.com"} }, nil)
	for _, c := range []struct {
		rule    string
		method  string
		headers []string
		status  int
		allowed string
	}{
		{"a program", "POST", nil, 200, ""},
		{"the own page", "POST", []string{"Sec-Fetch-Site", "same-origin"}, 200, ""},
		{"another site", "POST", []string{"Sec-Fetch-Site", "cross-site", "Origin", "https://evil.example"}, 403, ""},
		{"an old browser on another site", "DELETE", []string{"Origin", "https://evil.example"}, 403, ""},
		{"another site may cause a read, and not see it", "GET", []string{"Sec-Fetch-Site", "cross-site", "Origin", "https://evil.example"}, 200, ""},
		{"an allowed origin", "POST", []string{"Sec-Fetch-Site", "cross-site", "Origin", "https://board.example.com"}, 200, "https://board.example.com"},
		{"its preflight", "OPTIONS", []string{"Origin", "https://board.example.com", "Access-Control-Request-Method", "POST"}, 204, "https://board.example.com"},
	} {
		t.Run(c.rule, func(t *testing.T) {
			w := ask(h, c.method, c.headers...)
			if w.Code != c.status || w.Header().Get("Access-Control-Allow-Origin") != c.allowed {
				t.Errorf("%d %v", w.Code, w.Header())
			}
		})
	}
}

func TestNoCrossOriginHeadersByDefault(t *testing.T) {
	w := ask(gateOf(t, nil, nil), "OPTIONS", "Origin", "https://x.example", "Access-Control-Request-Method", "GET")
	for k := range w.Header() {
		if strings.HasPrefix(k, "Access-Control") {
			t.Errorf("%s is set", k)
		}
	}
}

func TestRequestIDs(t *testing.T) {
	h := gateOf(t, nil, func(w http.ResponseWriter, r *http.Request) { _, _ = io.WriteString(w, RequestID(r.Context())) })
	if w := ask(h, "GET", "X-Request-Id", "mine-1"); w.Body.String() != "mine-1" || w.Header().Get("X-Request-Id") != "mine-1" {
		t.Errorf("%q", w.Body)
	}
	if w := ask(h, "GET", "X-Request-Id", "<script>"); strings.Contains(w.Body.String(), "<") || len(w.Body.String()) < 16 {
		t.Errorf("%q", w.Body)
	}
}

func TestCompression(t *testing.T) {
	text := strings.Repeat(`{"symbol":"AAPL"}`, 1000)
	h := gateOf(t, nil, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		_, _ = io.WriteString(w, text)
	})
	for _, coding := range []string{"", "gzip", "zstd"} {
		w := ask(h, "GET", "Accept-Encoding", coding)
		var r io.Reader = w.Body
		var err error
		switch coding {
		case "gzip":
			r, err = gzip.NewReader(w.Body)
		case "zstd":
			r, err = zstd.NewReader(w.Body)
		}
		if err != nil || w.Header().Get("Content-Encoding") != coding {
			t.Fatalf("%q: %v %v", coding, err, w.Header())
		}
		if got, err := io.ReadAll(r); err != nil || string(got) != text {
			t.Errorf("%q: %d bytes, %v", coding, len(got), err)
		}
		if !strings.Contains(w.Header().Get("Server-Timing"), "total;dur=") {
			t.Errorf("timing %q", w.Header().Get("Server-Timing"))
		}
	}
}

func TestServerTimingTellsTheDatabase(t *testing.T) {
	h := gateOf(t, nil, func(w http.ResponseWriter, r *http.Request) {
		Database(r.Context(), 1200*time.Microsecond)
		w.WriteHeader(http.StatusNoContent)
	})
	if got := ask(h, "GET").Header().Get("Server-Timing"); !strings.HasPrefix(got, "db;dur=1.2, total;dur=") {
		t.Errorf("got %q", got)
	}
}

func TestUnknownUsersAreRefused(t *testing.T) {
	h := gateOf(t, func(c *Config) {
		c.User = func(*http.Request) (string, error) { return "", problem.New(problem.NotFound, "Nobody.") }
	}, nil)
	if w := ask(h, "GET"); w.Code != 404 {
		t.Errorf("%d", w.Code)
	}
}

func TestValidate(t *testing.T) {
	for _, o := range []string{"*", "board.example.com", "https://", "https://a/b", "ftp://a", "https://*.a"} {
		cfg := DefaultConfig()
		cfg.Origins = []string{o}
		if cfg.Validate() == nil {
			t.Errorf("%q is accepted", o)
		}
	}
	if err := (Config{}).Validate(); err == nil || !strings.Contains(err.Error(), " per_minute") || !strings.Contains(err.Error(), "exports_per_minute") || !strings.Contains(err.Error(), "max_users") {
		t.Errorf("%v", err)
	}
	if err := DefaultConfig().Validate(); err != nil {
		t.Error(err)
	}
}
