package resttest

import (
	"encoding/json"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"tierboard/server/gate"
	"tierboard/server/rest/once"
	"tierboard/server/rest/operation"
	"tierboard/server/rest/route"
	"tierboard/shared/api"
)

// Gate returns a gate that lets everybody in, after a change of its settings.
func Gate(t testing.TB, change func(*gate.Config)) *gate.Gate {
	t.Helper()
	cfg := gate.DefaultConfig()
	cfg.PerMinute, cfg.ExportsPerMinute = 1<<30, 1<<30
	if change != nil {
		change(&cfg)
	}
	g, err := gate.New(cfg, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	return g
}

// Serve returns who asks operations behind a gate.
func Serve(t testing.TB, g *gate.Gate, ops ...operation.Operation) *Caller {
	t.Helper()
	table := route.New()
	operation.New("v1", table, once.New(time.Now, operation.MaxBody)).Add(ops...)
	return &Caller{T: t, Handler: g.Wrap(table)}
}

// Caller makes requests of a handler. One goroutine uses it, unless no test fails.
type Caller struct {
	T       testing.TB
	Handler http.Handler
}

// Reply is what came back.
type Reply struct {
	*httptest.ResponseRecorder

	T testing.TB
}

// Ask makes a request, with headers in pairs. A body that is not empty is JSON.
func (c *Caller) Ask(method, target, body string, headers ...string) Reply {
	c.T.Helper()
	req := httptest.NewRequestWithContext(c.T.Context(), method, "http://localhost"+target, strings.NewReader(body))
	if body != "" {
		req.Header.Set("Content-Type", "application/json")
	}
	for i := 0; i+1 < len(headers); i += 2 {
		req.Header.Set(headers[i], headers[i+1])
	}
	w := httptest.NewRecorder()
	c.Handler.ServeHTTP(w, req)
	return Reply{w, c.T}
}

// Get makes a GET request.
func (c *Caller) Get(target string, headers ...string) Reply {
	c.T.Helper()
	return c.Ask(http.MethodGet, target, "", headers...)
}

// Is checks the status.
func (a Reply) Is(status int) Reply {
	a.T.Helper()
	if a.Code != status {
		a.T.Fatalf("status %d, want %d: %s", a.Code, status, a.Body)
	}
	return a
}

// Read decodes the body, which must hold nothing else than the type has.
func (a Reply) Read(v any) {
	a.T.Helper()
	d := json.NewDecoder(strings.NewReader(a.Body.String()))
	d.DisallowUnknownFields()
	if err := d.Decode(v); err != nil {
		a.T.Fatalf("%v in %s", err, a.Body)
	}
}

// Problem decodes a problem and checks that it names a location, unless that is empty.
func (a Reply) Problem(status int, location string) api.Problem {
	a.T.Helper()
	a.Is(status)
	var p api.Problem
	a.Read(&p)
	if p.Status != status || a.Header().Get("Content-Type") != "application/problem+json" || p.RequestID == "" || p.Detail == "" {
		a.T.Fatalf("problem %+v", p)
	}
	if location != "" && !slices.ContainsFunc(p.Errors, func(e api.FieldError) bool { return e.Location == location }) {
		a.T.Fatalf("problem does not name %s: %s", location, a.Body)
	}
	return p
}
