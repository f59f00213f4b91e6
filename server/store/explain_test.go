package store

import (
	"context"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/uptrace/bun"

	"tierboard/server/classify/found"
	"tierboard/server/store/ask"
	"tierboard/server/store/tally"
	"tierboard/shared/event"
	"tierboard/shared/filter"
)

// statements notes every statement that runs.
type statements struct {
	mu   sync.Mutex
	seen map[string]string // by the statement: what it was for
	by   string
}

func (s *statements) BeforeQuery(ctx context.Context, _ *bun.QueryEvent) context.Context { return ctx }

func (s *statements) AfterQuery(_ context.Context, q *bun.QueryEvent) {
	s.mu.Lock()
	defer s.mu.Unlock()
	word, _, _ := strings.Cut(q.Query, " ")
	if slices.Contains([]string{"SELECT", "DELETE", "UPDATE"}, word) && s.seen[q.Query] == "" {
		s.seen[q.Query] = s.by
	}
}

// statementsWalk runs every question that the store answers and holds the plan of each statement to an index: none reads a whole
// table of events or outcomes, and none sorts more than a page.
func statementsWalk(t *testing.T, fresh place) { //nolint:thelper // a test of its own
	s := openStore(t, fresh(t))
	m := newMarket(13, 600, noon, 30*time.Second)
	var some []*event.Event
	for range 8 {
		some = m.take(500)
		put(t, s, some...)
	}
	var told []found.Outcome
	for i, e := range some {
		told = append(told, found.Outcome{Refs: []string{e.ID}, Symbol: e.Symbol, Pattern: e.Pattern, DetectedAt: e.DetectedAt, Horizons: [3]found.Horizon{horizon(float64(i%7)-3, nil)}})
	}
	if _, err := s.AddOutcomes(t.Context(), told); err != nil {
		t.Fatal(err)
	}
	if _, err := s.db.ExecContext(t.Context(), "ANALYZE"); err != nil {
		t.Fatal(err)
	}
	notes := &statements{seen: map[string]string{}}
	s.db.DB = s.db.WithQueryHook(notes)
	ctx := t.Context()
	ids := []string{some[0].ID, some[1].ID, "none"}
	run := func(what string, ask func() error) {
		t.Helper()
		notes.by = what
		if err := ask(); err != nil {
			t.Errorf("%s: %v", what, err)
		}
	}
	questions := shapes(m)
	for _, name := range slices.Sorted(maps.Keys(questions)) {
		run(name, func() error { _, err := s.Query(ctx, questions[name]); return err })
	}
	run("one id", func() error { _, err := s.Event(ctx, ids[0]); return err })
	run("known", func() error { _, err := s.Known(ctx, some[0]); return err })
	run("newest detection", func() error { _, err := s.NewestDetection(ctx); return err })
	run("symbols", func() error { _, err := s.SeenSymbols(ctx, "S00", 20); return err })
	run("outcomes", func() error { _, err := s.Outcomes(ctx, ids); return err })
	for _, by := range tally.GroupColumns() {
		run("performance by "+by, func() error {
			_, _, err := s.Performance(ctx, tally.PerformanceQuery{Since: m.at.Add(-6 * time.Hour), Until: m.at, Now: m.at, GroupBy: by})
			return err
		})
	}
	run("estimate", func() error {
		_, _, err := s.EstimatePerHour(ctx, []filter.Filter{{Symbols: []string{"S0001"}}, {ConfidenceMin: .9}}, m.at, time.Hour)
		return err
	})
	run("pattern counts", func() error { _, err := s.PatternCounts(ctx, m.at.Add(-time.Hour)); return err })
	run("export", func() error { _, err := s.Export(ctx, ask.Query{Since: m.at.Add(-time.Hour)}, io.Discard); return err })
	run("newest at the start", func() error { _, err := s.Recent(ctx, 500); return err })
	run("outcomes again", func() error { _, err := s.AddOutcomes(ctx, told[:10]); return err })
	run("retention", func() error { _, err := s.Prune(ctx, m.at.Add(-300*24*time.Hour)); return err })
	if len(notes.seen) < 40 {
		t.Errorf("only %d statements were seen", len(notes.seen))
	}
	for query, what := range maps.Clone(notes.seen) {
		text := explain(t, s, query, nil)
		for line := range strings.Lines(text) {
			bad := strings.Contains(line, "Seq Scan on events") || strings.Contains(line, "Seq Scan on outcomes")
			for _, table := range []string{"events", "outcomes", "e", "o"} { // SQLite: a scan without SEARCH reads all of it
				bad = bad || strings.HasSuffix(strings.TrimSpace(line), "SCAN "+table) || strings.Contains(line, "SCAN "+table+" USING")
			}
			if bad {
				t.Errorf("%s:\n%.400s\n%s", what, query, text)
				break
			}
		}
	}
	t.Log(fmt.Sprint(len(notes.seen), " statements"))
}
