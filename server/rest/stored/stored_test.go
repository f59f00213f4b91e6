package stored

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"tierboard/server/classify/found"
	"tierboard/server/metrics"
	"tierboard/server/query"
	"tierboard/server/rest"
	"tierboard/server/rest/performance"
	"tierboard/server/rest/resttest"
	"tierboard/server/rest/shelf"
	"tierboard/server/store"
	"tierboard/shared/api"
	"tierboard/shared/event"
	"tierboard/shared/filter"
)

// Store is what rest asks for.
var (
	_ rest.Archive  = (*Store)(nil)
	_ shelf.Library = (*Store)(nil)
)

// noon is the time of the tests.
var noon = time.Date(2026, 11, 20, 17, 0, 0, 0, time.UTC)

// open makes an empty database in SQLite.
func open(t testing.TB) (*Store, *store.Store) {
	t.Helper()
	cfg := store.DefaultConfig()
	cfg.DataDir, cfg.Epoch = t.TempDir(), "E"
	db, err := store.Open(context.Background(), cfg, metrics.New(), slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	return New(db), db
}

// spike is an event.
func spike(i int, symbol string, at time.Time, confidence float64) *event.Event {
	return &event.Event{
		Kind: event.Pattern, ID: fmt.Sprintf("e%03d", i), Tier: event.Intraday, Confidence: confidence, Priority: event.PriorityOf(confidence),
		Scope:      event.Scope{Symbol: symbol, Pattern: "volume_spike", Timeframe: "5min", Direction: event.Bullish},
		DetectedAt: at, ReceivedAt: at, Session: event.Regular, SessionDate: "2026-11-20", Occurrences: 1, Intraday: &event.IntradayDetail{},
	}
}

// TestPagesAgreeWithTheOracle asks the database random questions and compares the pages with a plain scan.
func TestPagesAgreeWithTheOracle(t *testing.T) {
	s, db := open(t)
	var events []*event.Event
	for i := range 400 {
		e := spike(i, []string{"AAPL", "NVDA", "TSLA", "BRK.B"}[i*7%4], noon.Add(-time.Duration(i*i%977)*time.Minute), float64(i*13%101)/100)
		e.Direction = []event.Direction{"", event.Bullish, event.Bearish}[i%3]
		e.Pattern = []string{"volume_spike", "doji", "hammer"}[i%3]
		if i%4 == 0 {
			e.ExpiresAt = noon.Add(time.Duration(i-200) * time.Minute)
		}
		if i%5 == 0 {
			e.Tier, e.Intraday, e.Daily = event.Daily, nil, &event.DailyDetail{}
		}
		events = append(events, e)
	}
	if err := db.Upsert(t.Context(), events); err != nil {
		t.Fatal(err)
	}
	rapid.Check(t, func(t *rapid.T) {
		q := query.Question{
			Sort: rapid.SampledFrom([]query.Sort{query.Newest, query.Oldest, query.Surest, query.BySymbol, query.Soonest}).Draw(t, "sort"),
			Now:  noon, Active: rapid.Bool().Draw(t, "active"),
			Filter: filter.Filter{
				Tiers:         rapid.SampledFrom([][]event.Tier{nil, {event.Daily}, {event.Intraday, event.Combo}}).Draw(t, "tiers"),
				Symbols:       rapid.SampledFrom([][]string{nil, {"AAPL"}, {"AAPL", "TSLA", "ZZ"}}).Draw(t, "symbols"),
				Patterns:      rapid.SampledFrom([][]string{nil, {"doji"}}).Draw(t, "patterns"),
				Directions:    rapid.SampledFrom([][]event.Direction{nil, {event.Bearish}}).Draw(t, "directions"),
				ConfidenceMin: rapid.SampledFrom([]float64{0, .5, .9}).Draw(t, "min"),
			},
		}
		if rapid.Bool().Draw(t, "bounded") {
			q.Since, q.Until = noon.Add(-12*time.Hour), noon.Add(-2*time.Hour)
		}
		want, _ := resttest.Oracle(events, query.Ask{Question: q, Limit: len(events)})
		ask := query.Ask{Question: q, Limit: rapid.IntRange(1, 150).Draw(t, "limit")}
		var got []string
		for more := true; more; {
			var rows []query.Row
			var err error
			if rows, more, err = s.Page(context.Background(), ask); err != nil {
				t.Fatal(err)
			}
			for _, r := range rows {
				got = append(got, r.ID)
			}
			if len(rows) > ask.Limit || more && len(rows) != ask.Limit || len(got) > len(want) {
				t.Fatalf("page of %d, %d in all, want %d", len(rows), len(got), len(want))
			}
			if more {
				i := slices.IndexFunc(events, func(e *event.Event) bool { return e.ID == rows[len(rows)-1].ID })
				k := query.KeyOf(events[i], q.Sort)
				ask.After = &k
			}
		}
		var ids []string
		for _, e := range want {
			ids = append(ids, e.ID)
		}
		if diff := cmp.Diff(ids, got); diff != "" {
			t.Fatalf("%+v: want -, got +\n%s", q, diff)
		}
	})
}

func TestOneEventAndSymbols(t *testing.T) {
	s, db := open(t)
	if err := db.Upsert(t.Context(), []*event.Event{spike(1, "AAPL", noon, .7), spike(2, "NVDA", noon, .7)}); err != nil {
		t.Fatal(err)
	}
	row, err := s.Event(t.Context(), "e001")
	if err != nil || row.ID != "e001" || len(row.Body) == 0 || !row.ExpiresAt.IsZero() {
		t.Errorf("%+v %v", row, err)
	}
	if _, err := s.Event(t.Context(), "nope"); !errors.Is(err, query.ErrNotFound) {
		t.Errorf("%v", err)
	}
	if got, err := s.Symbols(t.Context(), "N", 5); err != nil || !slices.Equal(got, []string{"NVDA"}) {
		t.Errorf("%v %v", got, err)
	}
	if perHour, hours, err := s.Estimate(t.Context(), []filter.Filter{{Symbols: []string{"AAPL"}}}, noon.Add(time.Hour), 2*time.Hour); err != nil || hours <= 0 || perHour <= 0 {
		t.Errorf("%v %v %v", perHour, hours, err)
	}
}

// TestPerformanceOfReportedOutcomes counts what producers reported and compares it with counting by hand.
func TestPerformanceOfReportedOutcomes(t *testing.T) {
	s, db := open(t)
	var events []*event.Event
	var outcomes []found.Outcome
	wins, sum := 0, 0.0
	for i := range 60 {
		events = append(events, spike(i, "AAPL", noon.Add(-time.Duration(i)*time.Minute), .8+float64(i%10)/100))
		if i >= 50 {
			continue // nobody reported on the last ten
		}
		value := float64(i%7-3) / 100
		outcomes = append(outcomes, found.Outcome{
			Refs: []string{events[i].ID}, Symbol: "AAPL", Pattern: "volume_spike", DetectedAt: events[i].DetectedAt, CalculatedAt: noon,
			Horizons: [3]found.Horizon{found.Day1: {Value: event.Num(value)}},
		})
		sum += value * 100
		if value > 0 {
			wins++
		}
	}
	if err := db.Upsert(t.Context(), events); err != nil {
		t.Fatal(err)
	}
	if _, err := db.AddOutcomes(t.Context(), outcomes); err != nil {
		t.Fatal(err)
	}
	tiers, err := s.Performance(t.Context(), performance.Span{
		Since: noon.Add(-48 * time.Hour), Until: noon.Add(time.Hour), Tiers: []event.Tier{event.Intraday}, Horizon: "1d", Now: noon.Add(time.Hour), GroupBy: "pattern_type",
	})
	if err != nil || len(tiers) != 1 {
		t.Fatalf("%+v %v", tiers, err)
	}
	got := tiers[0]
	if got.Detected != 60 || got.Resolved != 50 || got.Pending != 10 || got.Excluded != 0 || got.Successes != wins ||
		got.Returns.N != 50 || got.Returns.Mean < sum/50-1e-9 || got.Returns.Mean > sum/50+1e-9 {
		t.Errorf("%+v, want %d wins and the mean %v", got, wins, sum/50)
	}
	if len(got.Groups) != 1 || got.Groups[0].Value != "volume_spike" || got.Groups[0].Successes != wins || len(got.Calibration) != 1 || got.Calibration[0].N != 50 || got.Calibration[0].Low != .8 {
		t.Errorf("%+v", got)
	}
	known, err := s.Outcomes(t.Context(), []string{"e000", "e055"})
	if err != nil || len(known) != 1 {
		t.Fatalf("%+v %v", known, err)
	}
	value, no := -3.0, false
	want := map[string][]api.Outcome{"e000": {{Horizon: "1d", ReturnPct: &value, Success: &no, ResolvedAt: &noon}}}
	if diff := cmp.Diff(want, known); diff != "" {
		t.Error(diff)
	}
	if _, err := s.Performance(t.Context(), performance.Span{Horizon: "2d"}); err == nil {
		t.Error("an unknown horizon is taken")
	}
}

func TestLibrary(t *testing.T) {
	s, _ := open(t)
	ctx := t.Context()
	e, err := s.Add(ctx, "ann", shelf.Views, shelf.Entry{ID: "v1", Name: "one", Body: []byte(`{"a":1}`)})
	if err != nil || e.Version != 1 || e.CreatedAt.IsZero() {
		t.Fatalf("%+v %v", e, err)
	}
	if _, err := s.Add(ctx, "ann", shelf.Views, e); !errors.Is(err, query.ErrConflict) {
		t.Errorf("added twice: %v", err)
	}
	e.Name = "two"
	if e, err = s.Change(ctx, "ann", shelf.Views, e); err != nil || e.Version != 2 {
		t.Fatalf("%+v %v", e, err)
	}
	for rule, err := range map[string]error{
		"an old version":          second(s.Change(ctx, "ann", shelf.Views, shelf.Entry{ID: "v1", Body: []byte(`1`), Version: 1})),
		"no version":              second(s.Change(ctx, "ann", shelf.Views, shelf.Entry{ID: "v9", Body: []byte(`1`)})),
		"removing an old version": s.Remove(ctx, "ann", shelf.Views, "v1", 1),
	} {
		if !errors.Is(err, query.ErrChanged) {
			t.Errorf("%s: %v", rule, err)
		}
	}
	for rule, err := range map[string]error{
		"another user":           second(s.Entry(ctx, "eve", shelf.Views, "v1")),
		"another shelf":          second(s.Entry(ctx, "ann", shelf.Watchlists, "v1")),
		"another user's change":  second(s.Change(ctx, "eve", shelf.Views, e)),
		"another user's removal": s.Remove(ctx, "eve", shelf.Views, "v1", 0),
	} {
		if !errors.Is(err, query.ErrNotFound) {
			t.Errorf("%s: %v", rule, err)
		}
	}
	if got, err := s.Entries(ctx, "ann", shelf.Views); err != nil || len(got) != 1 || got[0].Name != "two" {
		t.Errorf("%+v %v", got, err)
	}
	if got, err := s.Entries(ctx, "eve", shelf.Views); err != nil || len(got) != 0 {
		t.Errorf("%+v %v", got, err)
	}
	if err := s.Remove(ctx, "ann", shelf.Views, "v1", 2); err != nil {
		t.Error(err)
	}
}

// second is the error of a call that returns something before it.
func second[T any](_ T, err error) error { return err }
