package rest

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"runtime"
	"testing"
	"time"

	"tierboard/server/gate"
	"tierboard/server/query"
	"tierboard/shared/wire"
)

// endless is an archive of so many events, each made when it is asked for, newest first.
type endless struct {
	*memory
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
	gc := gate.DefaultConfig()
	gc.ExportsPerMinute = 2
	g, err := gate.New(gc, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	r := start(t, setup{change: func(c *Config) { c.Gate = g }})
	for _, target := range []string{"/api/patterns?format=csv", "/api/patterns/daily?format=ndjson"} {
		r.get(target).is(http.StatusOK)
	}
	refused := r.get("/api/patterns?format=csv").is(http.StatusTooManyRequests)
	h := refused.Header()
	if h.Get("X-RateLimit-Limit") != "2" || h.Get("X-RateLimit-Remaining") != "0" || h.Get("Retry-After") == "" || h.Get("ETag") != "" ||
		h.Get("Content-Type") != "application/problem+json" {
		t.Errorf("the refusal has the headers %v", h)
	}
	for _, target := range []string{"/api/patterns", "/api/patterns?format=csv&limit=10", "/api/patterns?format=ndjson&limit=1000"} {
		if h := r.get(target).is(http.StatusOK).Header(); h.Get("X-RateLimit-Limit") != "6000" {
			t.Errorf("%s has the headers %v", target, h)
		}
	}
}

// TestExportsTakeConstantMemory exports ten thousand events and a hundred thousand (as CSV a tenth of that, which takes longer to
// write): what is alive meanwhile is about the same, and a part of what is written.
func TestExportsTakeConstantMemory(t *testing.T) {
	body := wire.AppendEvent(nil, spike("e000000", "AAPL", friday.Add(-24*time.Hour), .7), wire.JSON)
	for format, rows := range map[string]int{"ndjson": 10_000, "csv": 1000} {
		peak := func(n int) (uint64, int) {
			a := &endless{newMemory(), n, body}
			r := start(t, setup{change: func(c *Config) { c.Archive = a }})
			runtime.GC()
			var before runtime.MemStats
			runtime.ReadMemStats(&before)
			g := &gauge{header: http.Header{}, every: n / 10}
			r.mux.ServeHTTP(g, httptest.NewRequest(http.MethodGet, "http://localhost/api/patterns/intraday?format="+format, http.NoBody))
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
