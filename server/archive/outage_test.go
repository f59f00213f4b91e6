package archive

import (
	"bufio"
	"context"
	"fmt"
	"log/slog"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"testing"
	"time"

	"tierboard/e2e/stack"
	"tierboard/server/metrics"
	"tierboard/server/store"
)

// open opens a database.
func open(t testing.TB, url, dir string) *store.Store {
	t.Helper()
	cfg := store.DefaultConfig()
	cfg.URL, cfg.DataDir = url, dir
	s, err := store.Open(t.Context(), cfg, metrics.New(), slog.New(slog.NewTextHandler(t.Output(), nil)))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

// stored returns the ids in the database; an id that comes twice fails the test.
func stored(t testing.TB, s *store.Store) map[string]bool {
	t.Helper()
	got := map[string]bool{}
	if err := s.Each(t.Context(), store.Query{}, func(r store.Row) error {
		if got[r.ID] {
			t.Errorf("event %s is there twice", r.ID)
		}
		got[r.ID] = true
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	return got
}

// TestPostgresIsKilledUnderLoad kills and restarts a real server while events come in, twice.
func TestPostgresIsKilledUnderLoad(t *testing.T) {
	server := stack.Postgres(t)
	s := open(t, server.URL(), "")
	cfg := quick(t)
	cfg.Timeout = 2 * time.Second
	r := start(t, cfg, s)
	n := 0
	load := func(events int) {
		for range events / 50 {
			add(r, n, n+50)
			n += 50
			time.Sleep(time.Millisecond) // the pace of the load
		}
	}
	for range 2 {
		load(3000)
		server.Kill()
		load(5000)
		until(t, "the outage shows", func() bool { return r.Health().Failing && r.Health().SpillBytes > 0 })
		server.Restart()
		load(3000)
		until(t, "all is well", func() bool { h := r.Health(); return !h.Failing && h.Queue == 0 && h.SpillBytes == 0 })
	}
	if err := r.stop(); err != nil {
		t.Fatal(err)
	}
	got := stored(t, s)
	if len(got) != n {
		t.Errorf("%d of %d events are there", len(got), n)
	}
	for i := range n {
		if !got[fmt.Sprintf("%06d", i)] {
			t.Fatalf("event %d is missing", i)
		}
	}
}

// childDir tells the test binary that it is the process to be killed, and where to write.
const childDir = "TIERBOARD_TEST_ARCHIVE_DIR"

// TestKilledProcessLosesTheWindow kills a process that archives with SIGKILL and measures what is missing.
func TestKilledProcessLosesTheWindow(t *testing.T) {
	if dir := os.Getenv(childDir); dir != "" {
		child(t, dir)
		return
	}
	dir := t.TempDir()
	cmd := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestKilledProcessLosesTheWindow$")
	cmd.Env = append(os.Environ(), childDir+"="+dir)
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	added := map[string]int64{} // id → when it was added, in milliseconds
	var last int64
	lines := bufio.NewScanner(out)
	for lines.Scan() {
		id, at, ok := strings.Cut(lines.Text(), " ")
		if !ok {
			continue
		}
		if last, err = strconv.ParseInt(at, 10, 64); err != nil {
			continue
		}
		if added[id] = last; len(added) == 5000 {
			if err := cmd.Process.Kill(); err != nil {
				t.Fatal(err)
			}
		}
	}
	_ = cmd.Wait() // killed
	if len(added) < 5000 {
		t.Fatalf("the process ended after %d events", len(added))
	}
	got := stored(t, open(t, "", dir))
	lost, oldest := 0, last
	for id, at := range added {
		if !got[id] {
			lost++
			oldest = min(oldest, at)
		}
	}
	t.Logf("%d of %d events lost, the oldest of them added %d ms before the end", lost, len(added), last-oldest)
	if lost > 0 && last-oldest > 2000 { // 50 ms and a write; the rest is for a busy machine
		t.Errorf("an event that came %d ms before the end is lost", last-oldest)
	}
}

// child adds events and tells of each, until it is killed.
func child(t *testing.T, dir string) {
	t.Helper()
	s := open(t, "", dir)
	cfg := DefaultConfig()
	cfg.Dir = dir + "/spill"
	a, err := New(cfg, s, metrics.New(), slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	go func() { _ = a.Run(context.Background()) }()
	for i := range 200_000 {
		e := makeEvent(i, tierOf(i))
		a.Add(e)
		fmt.Printf("%s %d\n", e.ID, time.Now().UnixMilli()) // to the parent
		if i%10 == 0 {
			time.Sleep(2 * time.Millisecond) // the pace of the load
		}
	}
}

// BenchmarkArchive measures events a second from Add to the database.
func BenchmarkArchive(b *testing.B) {
	bench := func(b *testing.B, url, dir string) { //nolint:thelper // a benchmark of its own
		s := open(b, url, dir)
		cfg := DefaultConfig()
		cfg.Dir = b.TempDir()
		r := start(b, cfg, s)
		b.ResetTimer()
		for i := range b.N {
			r.Add(makeEvent(i, tierOf(i)))
			if i%10_000 == 9_999 { // no faster than the database, so that files have no part in it
				if err := r.Barrier(b.Context()); err != nil {
					b.Fatal(err)
				}
			}
		}
		if err := r.Barrier(b.Context()); err != nil {
			b.Fatal(err)
		}
		b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "events/s")
	}
	b.Run("sqlite", func(b *testing.B) { bench(b, "", b.TempDir()) })
	b.Run("postgres", func(b *testing.B) { bench(b, stack.Postgres(b).URL(), "") })
}
