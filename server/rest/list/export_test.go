package list

import (
	"bytes"
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"runtime"
	"strings"
	"testing"
	"time"

	"tierboard/server/gate"
	"tierboard/server/query"
	"tierboard/server/rest/resttest"
	"tierboard/shared/event"
	"tierboard/shared/wire"
)

// endless is an archive of so many events, each made when it is asked for, newest first.
type endless struct {
	*resttest.Archive
	n    int
	body []byte
}

// Page makes a page.
func (a *endless) Page(_ context.Context, ask query.Ask) (rows []query.Row, more bool, err error) {
	from := 0
	if ask.After != nil {
		if _, err := fmt.Sscanf(ask.After.ID, "e%d", &from); err != nil {
			return nil, false, err
		}
		from++
	}
	for i := from; i < min(from+ask.Limit, a.n); i++ {
		id := fmt.Sprintf("e%06d", i)
		rows = append(rows, query.Row{ID: id, Body: bytes.Replace(a.body, []byte("e000000"), []byte(id), 1)})
	}
	return rows, from+ask.Limit < a.n, nil
}

// gauge takes an answer, keeps nothing of it, and measures what is alive meanwhile.
type gauge struct {
	header http.Header
	lines  int
	bytes  int
	every  int // lines between two looks
	next   int
	peak   uint64
}

func (g *gauge) Header() http.Header { return g.header }
func (g *gauge) WriteHeader(int)     {}
func (g *gauge) Flush()              {}

func (g *gauge) Write(p []byte) (int, error) {
	g.bytes += len(p)
	for _, c := range p {
		if c == '\n' {
			g.lines++
		}
	}
	if g.lines >= g.next {
		g.next += g.every
		runtime.GC()
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		g.peak = max(g.peak, m.HeapAlloc)
	}
	return len(p), nil
}

// TestExportsAreLimited asks for exports until there are too many, and for pages, which may go on.
func TestExportsAreLimited(t *testing.T) {
	g := resttest.Gate(t, func(c *gate.Config) { c.PerMinute, c.ExportsPerMinute = gate.DefaultConfig().PerMinute, 2 })
	r := start(t, setup{change: func(c *Config) { c.Gate = g }})
	for _, target := range []string{"/api/patterns?format=csv", "/api/patterns/daily?format=ndjson"} {
		r.Get(target).Is(http.StatusOK)
	}
	refused := r.Get("/api/patterns?format=csv").Is(http.StatusTooManyRequests)
	h := refused.Header()
	if h.Get("X-RateLimit-Limit") != "2" || h.Get("X-RateLimit-Remaining") != "0" || h.Get("Retry-After") == "" || h.Get("ETag") != "" ||
		h.Get("Content-Type") != "application/problem+json" {
		t.Errorf("the refusal has the headers %v", h)
	}
	for _, target := range []string{"/api/patterns", "/api/patterns?format=csv&limit=10", "/api/patterns?format=ndjson&limit=1000"} {
		if h := r.Get(target).Is(http.StatusOK).Header(); h.Get("X-RateLimit-Limit") != "6000" {
			t.Errorf("%s has the headers %v", target, h)
		}
	}
}

// TestExportsTakeConstantMemory exports ten thousand events and a hundred thousand (as CSV a tenth of that, which takes longer to
// write): what is alive meanwhile is about the same, and a part of what is written.
func TestExportsTakeConstantMemory(t *testing.T) {
	body := wire.AppendEvent(nil, resttest.Spike("e000000", "AAPL", resttest.Friday.Add(-24*time.Hour), .7), wire.JSON)
	for format, rows := range map[string]int{"ndjson": 10_000, "csv": 1000} {
		peak := func(n int) (uint64, int) {
			a := &endless{&resttest.Archive{}, n, body}
			r := start(t, setup{archive: a})
			runtime.GC()
			var before runtime.MemStats
			runtime.ReadMemStats(&before)
			g := &gauge{header: http.Header{}, every: n / 10}
			r.Handler.ServeHTTP(g, httptest.NewRequest(http.MethodGet, "http://localhost/api/patterns/intraday?format="+format, http.NoBody))
			want := n
			if format == "csv" {
				want++
			}
			if g.lines != want || g.header.Get("X-Truncated") != "false" {
				t.Fatalf("%d lines of %d, truncated %q", g.lines, want, g.header.Get("X-Truncated"))
			}
			return g.peak - min(g.peak, before.HeapAlloc), g.bytes
		}
		small, _ := peak(rows)
		large, written := peak(10 * rows)
		t.Logf("%s: %d KB alive at %d rows, %d KB at ten times as many (%d MB written)", format, small>>10, rows, large>>10, written>>20)
		const slack = 1 << 20 // what else the process did between the looks
		if large > small*3/2+slack || large > uint64(written)/2 {
			t.Errorf("%s: %d bytes alive at %d rows, %d at ten times as many, of %d written", format, small, rows, large, written)
		}
	}
}

func TestExportStreamsEverythingAndSaysWhenItIsCut(t *testing.T) {
	r := start(t, setup{ring: 16, change: func(c *Config) { c.ExportRows = 2500 }})
	var events []*event.Event
	for i := range 3000 {
		events = append(events, resttest.Spike(fmt.Sprintf("e%04d", i), "AAPL", resttest.Friday.Add(-time.Duration(i)*time.Minute), .7))
	}
	r.archive.Store(events...)
	a := r.Get("/api/patterns/intraday?format=ndjson").Is(200)
	if n := strings.Count(a.Body.String(), "\n"); n != 2500 || a.Result().Trailer.Get("X-Truncated") != "true" {
		t.Errorf("%d rows, truncated %q", n, a.Result().Trailer.Get("X-Truncated"))
	}
	a = r.Get("/api/patterns/intraday?format=csv&until=-2000m").Is(200)
	if n := strings.Count(a.Body.String(), "\r\n"); n != 1000 || a.Result().Trailer.Get("X-Truncated") != "false" { // with the header, without e2000 itself
		t.Errorf("%d lines, truncated %q", n, a.Result().Trailer.Get("X-Truncated"))
	}
	a = r.Get("/api/patterns/intraday?format=csv&limit=10").Is(200)
	link := a.Header().Get("Link")
	if strings.Count(a.Body.String(), "\r\n") != 11 || !strings.HasPrefix(link, "</api/patterns/intraday?cursor=") || !strings.HasSuffix(link, `>; rel="next"`) {
		t.Errorf("page: %q", link)
	}
	next, _, _ := strings.Cut(strings.TrimPrefix(link, "<"), ">")
	if got := r.Get(next).Is(200).Body.String(); !strings.Contains(got, "\r\npattern,e0010,") || strings.Contains(got, "e0009,") || strings.Count(got, "\r\n") != 11 {
		t.Errorf("next page: %s", got)
	}
	r.archive.Break(resttest.ErrAway)
	r.Get("/api/patterns/intraday?format=ndjson").Problem(503, "")
}

// flushing takes an answer, and does something after each part of it.
type flushing struct {
	*httptest.ResponseRecorder

	then func()
}

// Flush does it.
func (f *flushing) Flush() { f.then() }

// TestExportsThatBreakAreCut reads exports that lose their reader, or their archive, after the first page: neither looks whole.
func TestExportsThatBreakAreCut(t *testing.T) {
	for _, loses := range []string{"reader", "archive"} {
		r := start(t, setup{ring: 16})
		for i := range 1500 {
			r.archive.Store(resttest.Spike(fmt.Sprintf("e%04d", i), "AAPL", resttest.Friday.Add(-time.Duration(i)*time.Minute), .7))
		}
		ctx, leave := context.WithCancel(t.Context())
		w := &flushing{httptest.NewRecorder(), leave}
		if loses == "archive" {
			w.then = func() { r.archive.Break(resttest.ErrAway) }
		}
		func() {
			defer func() {
				if fault := recover(); fault != http.ErrAbortHandler { //nolint:errorlint // it is that very value
					t.Errorf("%s: %v", loses, fault)
				}
			}()
			r.Handler.ServeHTTP(w, httptest.NewRequestWithContext(ctx, http.MethodGet, "http://localhost/api/patterns?format=ndjson", http.NoBody))
		}()
		leave()
		if n := strings.Count(w.Body.String(), "\n"); n != query.MaxLimit || w.Header().Get("X-Truncated") != "" {
			t.Errorf("%s: %d lines, truncated %q", loses, n, w.Header().Get("X-Truncated"))
		}
	}
}
