package keeper

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"tierboard/server/archive"
	"tierboard/server/classify/found"
	"tierboard/server/config"
	"tierboard/server/hub"
	"tierboard/server/metrics"
	"tierboard/server/store/connect"
	"tierboard/shared/api"
	"tierboard/shared/event"
)

// spike is an event.
func spike(id string, at time.Time) *event.Event {
	return &event.Event{
		Kind: event.Pattern, ID: id, Tier: event.Intraday, Confidence: .7, Priority: event.PriorityOf(.7),
		Scope:      event.Scope{Symbol: "S" + id, Pattern: "volume_spike", Timeframe: "5min", Direction: event.Bullish},
		DetectedAt: at, ReceivedAt: at, Session: event.Regular, SessionDate: "2026-11-20", Occurrences: 1, Intraday: &event.IntradayDetail{},
	}
}

// life is a Keeper with a hub of its own, in one life of a server.
type life struct {
	*Keeper

	hub    *hub.Hub
	faults []string
	end    func()
}

// start opens a directory's archive and runs everything; end ends it, as does the end of the test.
func start(t *testing.T, c config.Config) *life {
	t.Helper()
	log := slog.New(slog.DiscardHandler)
	m := metrics.New()
	hc := hub.DefaultConfig()
	hc.Ring, hc.Shards = 64, 1
	h, err := hub.New(hc, m, log)
	if err != nil {
		t.Fatal(err)
	}
	l := &life{hub: h}
	l.Keeper, err = Open(t.Context(), c, h, func(stream, why string) { l.faults = append(l.faults, stream+": "+why) }, m, log)
	if err != nil {
		t.Fatal(err)
	}
	l.within = time.Minute // a busy machine is no database that is away
	ctx, stop := context.WithCancel(context.Background())
	ended := make(chan error, 2)
	go func() { ended <- h.Run(ctx) }()
	go func() { ended <- l.Run(ctx) }()
	over := false
	l.end = func() {
		if over {
			return
		}
		over = true
		stop()
		for range cap(ended) {
			if err := <-ended; err != nil {
				t.Error(err)
			}
		}
		if err := l.Close(); err != nil {
			t.Error(err)
		}
	}
	t.Cleanup(l.end)
	return l
}

// settings are those of a server with a directory.
func settings(dir string) config.Config {
	c := config.Default()
	c.DataDir = dir
	return c
}

// publish hands over an event and tells whether it was taken as a new one.
func (l *life) publish(t *testing.T, e *event.Event) bool {
	t.Helper()
	accepted, err := l.Publish(t.Context(), e)
	if err != nil {
		t.Fatal(err)
	}
	return accepted
}

// ids are the ids in the hub's ring.
func (l *life) ids(t *testing.T) []string {
	t.Helper()
	_, last := l.hub.Recent().Span()
	items, ok := l.hub.Recent().Between(0, last, nil)
	if !ok {
		t.Fatal("the ring has forgotten some")
	}
	var out []string
	for _, it := range items {
		out = append(out, it.Event.ID)
	}
	return out
}

// TestWhatIsKeptOutlivesTheServer publishes events in one life of a server and reads them back in the next, where a stream that is
// read again brings nothing twice.
func TestWhatIsKeptOutlivesTheServer(t *testing.T) {
	dir, now := t.TempDir(), time.Now().Add(-time.Minute)
	first := start(t, settings(dir))
	for i := range 3 {
		if !first.publish(t, spike(fmt.Sprint("e", i), now.Add(time.Duration(i)*time.Second))) {
			t.Errorf("e%d is not taken", i)
		}
	}
	if first.publish(t, spike("e1", now.Add(time.Second))) {
		t.Error("an event is taken twice")
	}
	first.Outcomes([]found.Outcome{{Refs: []string{"e1"}, Symbol: "Se1", Pattern: "volume_spike", DetectedAt: now, CalculatedAt: now}})
	if err := first.Barrier(t.Context()); err != nil {
		t.Fatal(err)
	}
	if h := first.Health(); h.Status != "ok" || h.StoredAt == nil || h.Waiting != 0 {
		t.Errorf("%+v", h)
	}
	if err := first.SetPosition(t.Context(), "patterns", "7-0"); err != nil {
		t.Fatal(err)
	}
	first.end()

	second := start(t, settings(dir))
	if at, err := second.Position(t.Context(), "patterns"); err != nil || at != "7-0" {
		t.Errorf("%q %v", at, err)
	}
	// Nobody has read anything back: the archive is all that knows the events.
	if !second.publish(t, spike("new", now.Add(10*time.Second))) {
		t.Error("a new event is not taken")
	}
	second.StreamAgain("patterns", true)
	second.StreamAgain("patterns", true)
	if second.publish(t, spike("e1", now.Add(time.Second))) {
		t.Error("what is read again is taken as new")
	}
	if !second.publish(t, spike("between", now.Add(1500*time.Millisecond))) || !second.publish(t, spike("newer", now.Add(20*time.Second))) {
		t.Error("what was never kept is not taken, since a stream is read again")
	}
	second.StreamAgain("patterns", false)
	second.StreamAgain("patterns", false)
	second.StreamFault("patterns", "no stream")
	if !slices.Equal(second.faults, []string{"patterns: no stream"}) {
		t.Errorf("%q", second.faults)
	}
	if err := second.Barrier(t.Context()); err != nil {
		t.Fatal(err)
	}
	second.end()

	third := start(t, settings(dir))
	arrived := 0
	third.Refill(t.Context(), func(tier string, at time.Time) {
		if tier == "intraday" && !at.IsZero() {
			arrived++
		}
	})
	got := third.ids(t)
	slices.Sort(got)
	if want := []string{"between", "e0", "e1", "e2", "new", "newer"}; !slices.Equal(got, want) || arrived != len(want) {
		t.Errorf("%q, %d told, want %q", got, arrived, want)
	}
	if page, err := third.Store().Event(t.Context(), "e2"); err != nil || page.ID != "e2" {
		t.Errorf("%+v %v", page, err)
	}
}

// TestADatabaseThatIsAwayStopsNothing closes the database under a Keeper: events are taken, and the board starts empty.
func TestADatabaseThatIsAwayStopsNothing(t *testing.T) {
	l := start(t, settings(t.TempDir()))
	if err := l.store.Close(); err != nil {
		t.Fatal(err)
	}
	l.StreamAgain("patterns", true) // the first one asks in vain, the second one not at all
	for _, id := range []string{"e1", "e2"} {
		if !l.publish(t, spike(id, time.Now())) {
			t.Errorf("%s is not taken", id)
		}
	}
	told := false
	if l.Refill(t.Context(), func(string, time.Time) { told = true }); told {
		t.Error("something came out of nowhere")
	}
	if h := l.Health(); h.Status != "down" || !strings.Contains(h.Reason, "the database has been away since") {
		t.Errorf("%+v", h)
	}
	gone, cancel := context.WithCancel(t.Context())
	cancel()
	if err := l.Barrier(gone); err == nil {
		t.Error("what is not stored is told as safe")
	}
}

// TestDemosLeaveNothing starts a demo where another one was, beside an archive.
func TestDemosLeaveNothing(t *testing.T) {
	dir := t.TempDir()
	c := settings(dir)
	c.Demo = true
	first := start(t, c)
	first.publish(t, spike("e1", time.Now()))
	if err := first.Barrier(t.Context()); err != nil {
		t.Fatal(err)
	}
	first.end()
	second := start(t, c)
	if second.Refill(t.Context(), func(string, time.Time) {}); len(second.ids(t)) > 0 {
		t.Errorf("%q", second.ids(t))
	}
	if _, err := os.Stat(filepath.Join(dir, "demo")); err != nil {
		t.Error(err)
	}
}

// TestWhatCannotBeOpenedNamesTheSetting opens archives where there can be none.
func TestWhatCannotBeOpenedNamesTheSetting(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "spill"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	under, demo := settings(filepath.Join(file, "data")), settings(filepath.Join(file, "data"))
	demo.Demo = true
	for what, c := range map[string]config.Config{"a file for a directory": under, "a file for a demo's": demo, "a file for that of what waits": settings(dir)} {
		k, err := Open(t.Context(), c, newHub(t), nil, metrics.New(), slog.New(slog.DiscardHandler))
		if err == nil {
			t.Errorf("%s: opened %v", what, k)
		} else if !strings.Contains(err.Error(), "--data-dir") {
			t.Errorf("%s: %v", what, err)
		}
	}
}

// newHub makes a hub that does not run.
func newHub(t *testing.T) *hub.Hub {
	t.Helper()
	h, err := hub.New(hub.DefaultConfig(), metrics.New(), slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	return h
}

// TestHealthTellsTheWorst judges every state of the database and of the writer in front of it.
func TestHealthTellsTheWorst(t *testing.T) {
	at := time.Date(2026, 11, 20, 14, 31, 11, 123456789, time.UTC)
	cut := at.Truncate(time.Millisecond)
	up, down := connect.Health{Up: true}, connect.Health{Since: at}
	for rule, c := range map[string]struct {
		db   connect.Health
		w    archive.Health
		want api.ArchiveHealth
	}{
		"all is well": {up, archive.Health{StoredAt: at, Queue: 3}, api.ArchiveHealth{Status: "ok", Waiting: 3, StoredAt: &cut}},
		"files":       {up, archive.Health{SpillBytes: 1}, api.ArchiveHealth{Status: "degraded", Reason: "events from an outage are being stored"}},
		"slow":        {up, archive.Health{Failing: true, Since: at, SpillBytes: 1}, api.ArchiveHealth{Status: "degraded", Reason: "the database has not taken events since 14:31:11 UTC; they wait"}},
		"away":        {down, archive.Health{Failing: true}, api.ArchiveHealth{Status: "down", Reason: "the database has been away since 14:31:11 UTC; events wait"}},
		"losing":      {down, archive.Health{Losing: true, Lost: 2}, api.ArchiveHealth{Status: "down", Reason: "events had to be thrown away: the database is away and its files are full", Lost: 2}},
	} {
		got := healthOf(c.db, c.w)
		same := got.Status == c.want.Status && got.Reason == c.want.Reason && got.Waiting == c.want.Waiting && got.Lost == c.want.Lost
		if !same || (got.StoredAt == nil) != (c.want.StoredAt == nil) || got.StoredAt != nil && !got.StoredAt.Equal(*c.want.StoredAt) {
			t.Errorf("%s: %+v, want %+v", rule, got, c.want)
		}
	}
}
