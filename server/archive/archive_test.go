package archive

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"tierboard/server/metrics"
	"tierboard/shared/event"
)

var noon = time.Date(2026, 11, 20, 17, 0, 0, 0, time.UTC)

// makeEvent returns an event whose id is its number.
func makeEvent(i int, tier event.Tier) *event.Event {
	e := &event.Event{
		Kind: event.Pattern, ID: fmt.Sprintf("%06d", i), Tier: tier, Scope: event.Scope{Symbol: "AAPL", Pattern: "doji"},
		Confidence: 0.5, DetectedAt: noon.Add(time.Duration(i) * time.Second), ReceivedAt: noon, Details: "{\n\"a\":\r\n1}",
	}
	switch tier {
	case event.Daily:
		e.Daily = &event.DailyDetail{}
	case event.Combo:
		e.Combo = &event.ComboDetail{}
	case event.Intraday, event.TierNone:
		e.Intraday = &event.IntradayDetail{}
	}
	return e
}

// tierOf spreads events over the tiers: one in ten is a combo, two are daily.
func tierOf(i int) event.Tier {
	switch i % 10 {
	case 3:
		return event.Combo
	case 5, 7:
		return event.Daily
	}
	return event.Intraday
}

// database is a sink that can be told to fail or to hang.
type database struct {
	mu      sync.Mutex
	stored  map[string]int // how often
	batches []int
	fail    error
	hang    bool
}

func (d *database) Upsert(ctx context.Context, events []*event.Event) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.hang {
		d.mu.Unlock()
		<-ctx.Done()
		d.mu.Lock()
		return ctx.Err()
	}
	if d.fail != nil {
		return d.fail
	}
	if d.stored == nil {
		d.stored = map[string]int{}
	}
	d.batches = append(d.batches, len(events))
	for _, e := range events {
		d.stored[e.ID]++
	}
	return nil
}

func (d *database) set(fail error, hang bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.fail, d.hang = fail, hang
}

func (d *database) count() int {
	d.mu.Lock()
	defer d.mu.Unlock()
	return len(d.stored)
}

// quick are settings for tests.
func quick(t testing.TB) Config {
	t.Helper()
	c := DefaultConfig()
	c.Dir = filepath.Join(t.TempDir(), "spill")
	c.Queue, c.Batch, c.Window, c.SpillAfter = 4000, 100, 5*time.Millisecond, 20*time.Millisecond
	c.RetryMin, c.RetryMax, c.Timeout = time.Millisecond, 10*time.Millisecond, 500*time.Millisecond
	return c
}

// running is an archive that runs.
type running struct {
	*Archive
	m    *metrics.Metrics
	stop func() error
}

// start runs an archive until stop or the end of the test.
func start(t testing.TB, cfg Config, sink Sink) *running {
	t.Helper()
	r := &running{m: metrics.New()}
	var err error
	if r.Archive, err = New(cfg, sink, r.m, slog.New(slog.NewTextHandler(t.Output(), nil))); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- r.Run(ctx) }()
	r.stop = sync.OnceValue(func() error { cancel(); return <-done })
	t.Cleanup(func() {
		if err := r.stop(); err != nil && !strings.Contains(err.Error(), "neither") {
			t.Error(err)
		}
	})
	return r
}

func (r *running) dropped(reason string) int {
	return r.metric("tierboard_archive_dropped_total", reason)
}

// metric reads a counter, of one label's value if that is not empty.
func (r *running) metric(name, label string) int {
	families, err := r.m.Registry.Gather()
	if err != nil {
		panic(err)
	}
	for _, f := range families {
		for _, x := range f.GetMetric() {
			if f.GetName() == name && (label == "" || x.GetLabel()[0].GetValue() == label) {
				return int(x.GetCounter().GetValue())
			}
		}
	}
	return 0
}

// until waits for something that happens soon.
func until(t testing.TB, what string, is func() bool) {
	t.Helper()
	deadline := time.Now().Add(time.Minute)
	for !is() {
		if time.Now().After(deadline) {
			t.Fatalf("%s: it did not happen within a minute", what)
		}
		time.Sleep(time.Millisecond) // polling with a deadline
	}
}

func add(r *running, from, upTo int) {
	for i := from; i < upTo; i++ {
		r.Add(makeEvent(i, tierOf(i)))
	}
}

func TestEventsAreStoredInBatches(t *testing.T) {
	db := &database{}
	r := start(t, quick(t), db)
	add(r, 0, 1000)
	if err := r.Barrier(t.Context()); err != nil {
		t.Fatal(err)
	}
	if db.count() != 1000 || slices.Max(db.batches) > 100 {
		t.Errorf("%d events stored in batches of %d", db.count(), db.batches)
	}
	add(r, 1000, 1001) // a lone one leaves by the window
	until(t, "the last one", func() bool { return db.count() == 1001 })
	if h := r.Health(); h.Failing || h.Queue != 0 || h.SpillBytes != 0 || h.Losing || h.Lost != 0 || h.StoredAt.IsZero() {
		t.Errorf("got %+v", h)
	}
}

func TestOutageLosesNothing(t *testing.T) {
	for name, break_ := range map[string]func(*database){
		"refuses": func(d *database) { d.set(errors.New("away"), false) },
		"hangs":   func(d *database) { d.set(nil, true) },
	} {
		t.Run(name, func(t *testing.T) {
			db := &database{}
			cfg := quick(t)
			cfg.Queue = 10_000
			r := start(t, cfg, db)
			add(r, 0, 500)
			break_(db)
			add(r, 500, 5000)
			if err := r.Barrier(t.Context()); err != nil { // all in a file by then
				t.Fatal(err)
			}
			h := r.Health()
			if !h.Failing || h.Since.IsZero() || h.SpillBytes == 0 || h.Losing {
				t.Errorf("got %+v", h)
			}
			until(t, "a failure", func() bool { return r.Health().LastError != "" })
			db.set(nil, false)
			add(r, 5000, 5500)
			until(t, "everything", func() bool { return db.count() == 5500 && r.Health().SpillBytes == 0 })
			if h := r.Health(); h.Failing {
				t.Errorf("got %+v", h)
			}
			if r.metric("tierboard_archive_spilled_total", "") == 0 {
				t.Error("nothing was counted as spilled")
			}
		})
	}
}

func TestStopStoresOrSpillsEverything(t *testing.T) {
	db := &database{}
	cfg := quick(t)
	r := start(t, cfg, db)
	add(r, 0, 3000)
	if err := r.stop(); err != nil {
		t.Fatal(err)
	}
	if db.count() != 3000 {
		t.Errorf("%d events stored, want 3000", db.count())
	}
	r.Add(makeEvent(1, event.Combo))
	if r.dropped("stopped") != 1 {
		t.Error("an event after the end was not counted")
	}
	// Again without a database: the next life finds what was left.
	away := &database{fail: errors.New("away")}
	r = start(t, cfg, away)
	add(r, 0, 3000)
	if err := r.stop(); err != nil {
		t.Fatal(err)
	}
	if away.count() != 0 {
		t.Fatal("the test is broken")
	}
	back := &database{}
	r = start(t, cfg, back)
	until(t, "the files are read back", func() bool { return back.count() == 3000 && r.Health().SpillBytes == 0 })
	if entries, err := os.ReadDir(cfg.Dir); err != nil || len(entries) != 0 {
		t.Errorf("files are left: %v, %v", entries, err)
	}
}

func TestSpillIsBoundedAndCombosGoLast(t *testing.T) {
	cfg := quick(t)
	cfg.SegmentBytes, cfg.SpillBytes = 20<<10, 400<<10
	db := &database{fail: errors.New("away")}
	r := start(t, cfg, db)
	add(r, 0, 3000)
	if err := r.Barrier(t.Context()); err != nil {
		t.Fatal(err)
	}
	h := r.Health()
	lost := r.dropped("spill_full")
	if h.SpillBytes > cfg.SpillBytes || !h.Losing || lost == 0 {
		t.Fatalf("got %+v, %d lost", h, lost)
	}
	db.set(nil, false)
	until(t, "the rest", func() bool { return r.Health().SpillBytes == 0 })
	if got := db.count(); got+lost != 3000 {
		t.Errorf("%d stored and %d lost of 3000", got, lost)
	}
	newest := 0
	for i := range 3000 {
		_, ok := db.stored[fmt.Sprintf("%06d", i)]
		switch {
		case ok:
		case tierOf(i) == event.Intraday:
			newest = i
		default:
			t.Fatalf("event %d, which is %s, was dropped before the intraday ones", i, tierOf(i))
		}
	}
	for i := newest + 1; i < 3000; i++ {
		if db.stored[fmt.Sprintf("%06d", i)] == 0 {
			t.Fatalf("event %d was dropped and an older one was not", i)
		}
	}
	if r.Health().Losing {
		t.Error("still losing")
	}
}

func TestOnlyCombosLeftAreDroppedAtLast(t *testing.T) {
	cfg := quick(t)
	cfg.SegmentBytes, cfg.SpillBytes = 10<<10, 40<<10
	r := start(t, cfg, &database{fail: errors.New("away")})
	for i := range 1000 {
		r.Add(makeEvent(i, event.Combo))
	}
	if err := r.Barrier(t.Context()); err != nil {
		t.Fatal(err)
	}
	if r.dropped("spill_full") == 0 || r.Health().SpillBytes > cfg.SpillBytes {
		t.Errorf("%d dropped, %+v", r.dropped("spill_full"), r.Health())
	}
}

func TestWithoutFilesTheQueueIsBounded(t *testing.T) {
	cfg := quick(t)
	db := &database{fail: errors.New("away")}
	r := start(t, cfg, db)
	if err := os.RemoveAll(cfg.Dir); err != nil {
		t.Fatal(err)
	}
	for i := range 4 * cfg.Queue {
		r.Add(makeEvent(i, tierOf(i)))
	}
	until(t, "the loss is told", func() bool {
		h := r.Health()
		return h.Losing && h.LastError != "" && r.dropped("queue_full") > 0
	})
	if n := r.Health().Queue; n > cfg.Queue {
		t.Errorf("%d events in memory, at most %d", n, cfg.Queue)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := r.Barrier(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("a barrier gives %v", err)
	}
	if err := r.stop(); err == nil || r.dropped("spill_failed") == 0 {
		t.Errorf("the loss at the end gives %v", err)
	}
}

func TestSlowDatabaseSpillsOldestButNoCombos(t *testing.T) {
	cfg := quick(t)
	cfg.SpillAfter, cfg.Timeout, cfg.Drain = time.Hour, time.Hour, 50*time.Millisecond
	db := &database{hang: true}
	r := start(t, cfg, db)
	add(r, 0, cfg.Queue-500)
	until(t, "the surplus is in a file", func() bool { return r.Health().Queue <= cfg.Queue/2 && r.Health().SpillBytes > 0 })
	entries, err := os.ReadDir(cfg.Dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		if strings.Contains(e.Name(), "combo") {
			t.Errorf("combos were spilled: %s", e.Name())
		}
	}
	for i := range cfg.Queue {
		r.Add(makeEvent(10000+i, event.Combo))
	}
	until(t, "nothing but combos", func() bool { return r.Health().Queue <= cfg.Queue/4*3 })
	if n := r.dropped("queue_full"); n > cfg.Queue {
		t.Errorf("%d dropped", n)
	}
}

func TestTornAndForeignFilesAreSkipped(t *testing.T) {
	cfg := quick(t)
	away := start(t, cfg, &database{fail: errors.New("away")})
	add(away, 0, 120)
	if err := away.stop(); err != nil {
		t.Fatal(err)
	}
	entries, err := os.ReadDir(cfg.Dir)
	if err != nil || len(entries) != 3 {
		t.Fatalf("got %v and %v", entries, err)
	}
	for _, e := range entries {
		f, err := os.OpenFile(filepath.Join(cfg.Dir, e.Name()), os.O_APPEND|os.O_WRONLY, 0)
		if err != nil {
			t.Fatal(err)
		}
		_, err = f.WriteString(`{"type":"batch","events":[{"kind":"pat`)
		if err = errors.Join(err, f.Close()); err != nil {
			t.Fatal(err)
		}
	}
	for _, name := range []string{"notes.txt", "x.ndjson", "000000000900-strange.ndjson"} {
		if err := os.WriteFile(filepath.Join(cfg.Dir, name), []byte("hello"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	db := &database{}
	r := start(t, cfg, db)
	until(t, "the good lines", func() bool { return db.count() == 120 && r.Health().SpillBytes == 0 })
	if r.dropped("unreadable") != 3 {
		t.Errorf("%d unreadable lines, want 3", r.dropped("unreadable"))
	}
	if entries, err := os.ReadDir(cfg.Dir); err != nil || len(entries) != 3 {
		t.Errorf("got %v and %v, want the foreign files", entries, err)
	}
}

func TestConfigIsChecked(t *testing.T) {
	for field, change := range map[string]func(*Config){
		"Dir": func(c *Config) { c.Dir = "" }, "Batch": func(c *Config) { c.Batch = 0 }, "Queue": func(c *Config) { c.Queue = c.Batch },
		"QueueBytes": func(c *Config) { c.QueueBytes = 0 }, "Window": func(c *Config) { c.Window = 0 }, "Timeout": func(c *Config) { c.Timeout = 0 },
		"SpillAfter": func(c *Config) { c.SpillAfter = 0 }, "SpillBytes": func(c *Config) { c.SpillBytes = 1 },
		"RetryMin": func(c *Config) { c.RetryMin = c.RetryMax + 1 }, "Drain": func(c *Config) { c.Drain = 0 },
	} {
		cfg := DefaultConfig()
		cfg.Dir = t.TempDir()
		if err := cfg.Validate(); err != nil {
			t.Fatal(err)
		}
		change(&cfg)
		if _, err := New(cfg, &database{}, nil, nil); err == nil || !strings.Contains(err.Error(), field) {
			t.Errorf("%s: got %v", field, err)
		}
	}
	cfg := quick(t)
	if _, err := New(cfg, nil, nil, nil); err == nil {
		t.Error("an archive without a database was made")
	}
	cfg.Dir = filepath.Join(cfg.Dir, "file")
	if err := os.MkdirAll(filepath.Dir(cfg.Dir), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(cfg.Dir, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := New(cfg, &database{}, metrics.New(), slog.Default()); err == nil {
		t.Error("an archive without a directory was made")
	}
}
