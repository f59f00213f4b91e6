package target

import (
	"context"
	"fmt"
	"math"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

func TestOnlyThisMachineIsATarget(t *testing.T) {
	for _, cfg := range []Config{
		{URL: "http://127.0.0.1:1"},
		{Redis: "redis://127.0.0.1:1"},
		{PID: 1},
		{Admin: "http://127.0.0.1:1"},
		{URL: "http://192.0.2.1:8080", Redis: "redis://127.0.0.1:1"},
		{URL: "http://board.example.com", Redis: "redis://127.0.0.1:1"},
		{URL: "http://127.0.0.1:1", Redis: "redis://192.0.2.1"},
		{URL: "http://127.0.0.1:1", Redis: "redis://127.0.0.1:1", Admin: "http://[2001:db8::1]:9"},
		{URL: "https://127.0.0.1:1", Redis: "redis://127.0.0.1:1"},
		{URL: "http://0.0.0.0:1", Redis: "redis://127.0.0.1:1"},
		{URL: "127.0.0.1:1", Redis: "redis://127.0.0.1:1"},
	} {
		x, err := Open(context.Background(), cfg)
		if err == nil {
			t.Errorf("%+v is taken", cfg)
			_ = x.Close()
		} else if !strings.Contains(err.Error(), "--") {
			t.Errorf("%+v: %v, want the flag named", cfg, err)
		}
	}
	for _, address := range []string{"http://127.0.0.1:80", "http://localhost:1", "http://[::1]:1", "http://127.0.0.1"} {
		if _, err := local("--url", address, "http"); err != nil {
			t.Errorf("%s: %v", address, err)
		}
	}
}

// serve answers as a server does that runs already.
func serve(t *testing.T, metrics *string) *Target {
	t.Helper()
	collected := 0
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/readyz":
		case "/metrics":
			if collected > 0 && collected < 2 {
				t.Errorf("read after %d collections", collected)
			}
			fmt.Fprint(w, *metrics)
		case "/debug/pprof/heap":
			collected++
		default:
			http.NotFound(w, r)
		}
	}))
	t.Cleanup(server.Close)
	x, err := Open(context.Background(), Config{URL: server.URL, Redis: "redis://127.0.0.1:1"})
	if err != nil {
		t.Fatal(err)
	}
	return x
}

const before = `# HELP x text
go_goroutines 7
process_cpu_seconds_total 1.5
process_resident_memory_bytes 2e+06
go_memstats_heap_inuse_bytes 1000
go_memstats_stack_inuse_bytes 24
closed_total{reason="client"} 3
closed_total{reason="too_slow"} 1
closed_total_other 9
h_bucket{le="0.00001"} 10
h_bucket{le="0.00004"} 10
h_bucket{le="0.0001"} 10
h_bucket{le="+Inf"} 10
h_sum 1
h_count 10
`

const after = `go_goroutines 9
process_cpu_seconds_total 2.5
process_resident_memory_bytes 3e+06
closed_total{reason="client"} 5
closed_total{reason="too_slow"} 2
closed_total{reason="dead"} 4
closed_total_other 90
h_bucket{le="0.00001"} 110
h_bucket{le="0.00004"} 208
h_bucket{le="0.0001"} 210
h_bucket{le="+Inf"} 210
h_sum 3
h_count 210
`

func TestNumbers(t *testing.T) {
	text := before
	x := serve(t, &text)
	a, err := x.Read(context.Background(), true)
	if err != nil {
		t.Fatal(err)
	}
	if a.Goroutines != 7 || a.CPU != 1500*time.Millisecond || a.RSS != 2e6 || a.InUse != 1024 {
		t.Errorf("%+v", a)
	}
	text = after
	b, err := x.Read(context.Background(), false)
	if err != nil {
		t.Fatal(err)
	}
	if got := b.Sum(a, "closed_total"); got != 7 {
		t.Errorf("closed %v more, want 7", got)
	}
	if got := b.Sum(a, "closed_total", `reason="too_slow"`); got != 1 {
		t.Errorf("closed %v more as too slow, want 1", got)
	}
	h := b.Histogram(a, "h")
	if h.Count() != 200 || h.Sum != 2 {
		t.Errorf("%v observations with the sum %v, want 200 with 2", h.Count(), h.Sum)
	}
	for q, want := range map[float64]float64{.25: .000005, .5: .00001, .99: .00004, .995: .00007, 1: .0001} {
		if got := h.Quantile(q); math.Abs(got-want) > 1e-9 {
			t.Errorf("quantile %v is %v, want %v", q, got, want)
		}
	}
	if h.Max() != .0001 {
		t.Errorf("the largest is at most %v, want 0.0001", h.Max())
	}
	if none := b.Histogram(b, "h"); !math.IsNaN(none.Quantile(.5)) || none.Count() != 0 {
		t.Error("a histogram without observations has a median")
	}
	if (Histogram{}).Count() != 0 {
		t.Error("no histogram has observations")
	}
	if n, err := x.Settled(context.Background(), time.Nanosecond); err != nil || n.RSS != 3e6 {
		t.Errorf("settled at %+v, %v", n, err)
	}
}

func TestUsageOfThisProcess(t *testing.T) {
	cpu, rss, err := (&Target{pid: os.Getpid()}).Used()
	if err != nil || cpu < 0 || rss < 1<<20 {
		t.Errorf("%v of CPU and %d bytes, %v: want what a test has", cpu, rss, err)
	}
	if _, _, err := usage(-1); err == nil {
		t.Error("a process that is none has numbers")
	}
	if _, _, err := (&Target{}).Used(); err == nil {
		t.Error("a server whose process nobody knows has numbers")
	}
}

// script writes a program that stands in for the server's binary.
func script(t *testing.T, body string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "binary")
	if err := os.WriteFile(path, []byte("#!/bin/sh\n"+body), 0o755); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestAServerThatDoesNotStart(t *testing.T) {
	_, err := Open(context.Background(), Config{Binary: script(t, "echo cannot listen >&2; exit 1")})
	if err == nil || !strings.Contains(err.Error(), "cannot listen") {
		t.Errorf("%v, want what it printed", err)
	}
	if _, err := Open(context.Background(), Config{Binary: "/does/not/exist"}); err == nil {
		t.Error("a binary that is not there was started")
	}
}

func TestAServerOfItsOwnIsStartedAndEnded(t *testing.T) {
	var gone string
	page := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	defer page.Close()
	t.Setenv("DATABASE_URL", "postgres://production")
	x, err := Open(context.Background(), Config{Binary: script(t, `
test "$1" = serve && test -z "$DATABASE_URL" && test "$TIERBOARD_ADDR" = 127.0.0.1:0 || exit 3
echo "tierboard: redis redis://127.0.0.1:1"
echo "tierboard: page `+page.URL+`/"
echo "tierboard: admin `+page.URL+`/"
exec sleep 60`)})
	if err != nil {
		t.Fatal(err)
	}
	if "http://"+x.Addr != page.URL || !x.Own || x.pid == 0 {
		t.Errorf("%+v", x)
	}
	gone = x.dir
	if err := x.Close(); err != nil {
		t.Error(err)
	}
	if _, err := os.Stat(gone); !os.IsNotExist(err) {
		t.Errorf("%s is still there", gone)
	}
}
