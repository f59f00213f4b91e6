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
	"sync/atomic"
	"testing"
	"time"

	"tierboard/e2e/stack"
	"tierboard/server/metrics"
	"tierboard/server/store"
	"tierboard/server/store/ask"
	"tierboard/server/store/list"
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
	if err := s.Each(t.Context(), ask.Query{}, func(r list.Row) error {
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

// TestKilledProcessLosesTheWindow kills a process that archives with SIGKILL. What is missing was added after what Barrier last
// said was safe.
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
	added, safe := 0, 0
	lines := bufio.NewScanner(out)
	for lines.Scan() {
		what, count, _ := strings.Cut(lines.Text(), " ")
		n, err := strconv.Atoi(count)
		if err != nil {
			continue // half a line, or the framework's
		}
		switch what {
		case "added":
			added = n
		case "safe":
			safe = n
		}
		if added >= 5000 && safe >= 1000 {
			if err := cmd.Process.Kill(); err != nil {
				t.Fatal(err)
			}
		}
	}
	_ = cmd.Wait() // killed
	if added < 5000 || safe < 1000 {
		t.Fatalf("the process ended after %d events, %d of them safe", added, safe)
	}
	s := open(t, "", dir)
	cfg := DefaultConfig()
	cfg.Dir = dir + "/spill"
	r := start(t, cfg, s) // reads back what lies in files, if a slow disk made some
	until(t, "the files are empty", func() bool { h := r.Health(); return h.SpillBytes == 0 && h.Queue == 0 })
	if err := r.stop(); err != nil {
		t.Fatal(err)
	}
	got := stored(t, s)
	t.Logf("%d of %d events lost; %d were safe", added-len(got), added, safe)
	for i := range safe {
		if id := fmt.Sprintf("%06d", i); !got[id] {
			t.Fatalf("event %s is lost, though the first %d were safe", id, safe)
		}
	}
}

// child adds events, and tells how many it has added and how many of them Barrier says are safe, until it is killed.
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
	var added atomic.Int64
	go func() {
		for {
			n := added.Load()
			if a.Barrier(context.Background()) == nil {
				fmt.Printf("safe %d\n", n) // to the parent
			}
			time.Sleep(time.Millisecond)
		}
	}()
	for i := range 2_000_000 {
		a.Add(makeEvent(i, tierOf(i)))
		added.Store(int64(i + 1))
		if i%10 == 9 {
			fmt.Printf("added %d\n", i+1)
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
