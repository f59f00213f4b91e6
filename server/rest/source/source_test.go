package source

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"testing"
	"time"

	diff "github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"tierboard/server/hub"
	"tierboard/server/metrics"
	"tierboard/server/problem"
	"tierboard/server/query"
	"tierboard/shared/api"
	"tierboard/shared/event"
	"tierboard/shared/filter"
	"tierboard/shared/wire"
)

// friday is when the tests take place.
var friday = time.Date(2026, 11, 20, 19, 31, 11, 0, time.UTC)

// errAway is what a database that is away answers.
var errAway = errors.New("dial tcp 10.0.0.7:5432: connection refused (user admin, password hunter2)")

// memory is an archive in memory: a plain scan with Question.Match. One goroutine uses it.
type memory struct {
	events []*event.Event
	fault  error
	pages  int // questions so far
	told   func([]*event.Event)
}

func (m *memory) Page(_ context.Context, a query.Ask) ([]query.Row, bool, error) {
	m.pages++
	if m.fault != nil {
		return nil, false, m.fault
	}
	rows, more := oracle(m.events, a)
	return rows, more, nil
}

// oracle answers a page from events by looking at each.
func oracle(events []*event.Event, a query.Ask) (rows []query.Row, more bool) {
	var found []*event.Event
	for _, e := range events {
		if a.Match(e) && (a.After == nil || a.Sort.Compare(query.KeyOf(e, a.Sort), *a.After) > 0) {
			found = append(found, e)
		}
	}
	slices.SortFunc(found, func(x, y *event.Event) int { return a.Sort.Compare(query.KeyOf(x, a.Sort), query.KeyOf(y, a.Sort)) })
	for _, e := range found[:min(len(found), a.Limit)] {
		rows = append(rows, query.Row{ID: e.ID, Body: wire.AppendEvent(nil, e, wire.JSON), ExpiresAt: e.ExpiresAt})
	}
	return rows, len(found) > a.Limit
}

func (m *memory) OnStored(do func([]*event.Event)) { m.told = do }

func (m *memory) Event(_ context.Context, id string) (query.Row, error) {
	for _, e := range m.events {
		if e.ID == id && m.fault == nil {
			return query.Row{ID: id, Body: wire.AppendEvent(nil, e, wire.JSON), ExpiresAt: e.ExpiresAt}, nil
		}
	}
	return query.Row{}, cmp.Or(m.fault, query.ErrNotFound)
}

func (m *memory) Symbols(_ context.Context, prefix string, limit int) ([]string, error) {
	var out []string
	for _, e := range m.events {
		if strings.HasPrefix(e.Symbol, prefix) {
			out = append(out, e.Symbol)
		}
	}
	slices.Sort(out)
	out = slices.Compact(out)
	return out[:min(len(out), limit)], m.fault
}

func (m *memory) Outcomes(_ context.Context, ids []string) (map[string][]api.Outcome, error) {
	out := map[string][]api.Outcome{}
	for _, id := range ids {
		out[id] = []api.Outcome{{Horizon: "1d"}}
	}
	return out, m.fault
}

func (m *memory) Estimate(_ context.Context, _ []filter.Filter, _ time.Time, within time.Duration) (perHour, hours float64, err error) {
	return 1.2345, within.Hours(), m.fault
}

// spike is an event.
func spike(id, symbol string, at time.Time, confidence float64) *event.Event {
	return &event.Event{
		Kind: event.Pattern, ID: id, Tier: event.Intraday, Confidence: confidence, Priority: event.PriorityOf(confidence),
		Scope:      event.Scope{Symbol: symbol, Pattern: "volume_spike", Timeframe: "5min", Direction: event.Bullish},
		DetectedAt: at, ReceivedAt: at.Add(22 * time.Millisecond), Session: event.Regular, SessionDate: "2026-11-20", Occurrences: 1,
		Intraday: &event.IntradayDetail{},
	}
}

// start returns a Source over a ring of some size and an archive, and what gives events to the ring. The hub runs until the test ends.
func start(t *testing.T, ring int, archive Archive) (*Source, func(events ...*event.Event)) {
	t.Helper()
	log := slog.New(slog.DiscardHandler)
	cfg := hub.DefaultConfig()
	cfg.Ring, cfg.Shards = ring, 1
	h, err := hub.New(cfg, metrics.New(), log)
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.Background())
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		_ = h.Run(ctx)
	}()
	t.Cleanup(func() {
		stop()
		<-ended
	})
	return New(h, archive, log), func(events ...*event.Event) {
		t.Helper()
		for _, e := range events {
			if ok, err := h.Publish(ctx, e); err != nil || !ok {
				t.Fatalf("publish %s: %v %v", e.ID, ok, err)
			}
		}
	}
}

// ids are the ids of rows.
func ids(rows []query.Row) []string {
	out := []string{}
	for _, r := range rows {
		out = append(out, r.ID)
	}
	return out
}

// kindOf returns the sort of problem an error is.
func kindOf(err error) string {
	if p, ok := errors.AsType[*problem.Error](err); ok {
		return p.Kind.Slug
	}
	return fmt.Sprint(err)
}

// TestPagesAgreeWithTheOracle pages through questions that the ring, the archive or both answer, and compares with a plain scan.
func TestPagesAgreeWithTheOracle(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		ring := rapid.SampledFrom([]int{1, 8, 64}).Draw(rt, "ring")
		m := &memory{}
		s, publish := start(t, ring, m)
		var events []*event.Event
		received := friday.Add(-3 * time.Hour)
		for i := range rapid.IntRange(0, 40).Draw(rt, "events") {
			received = received.Add(time.Duration(rapid.SampledFrom([]int{0, 1, 1000, 90_000}).Draw(rt, "gap")) * time.Millisecond)
			detected := received.Add(-time.Duration(rapid.SampledFrom([]int{-5000, 0, 20, 7_200_000}).Draw(rt, "late")) * time.Millisecond)
			e := spike(fmt.Sprintf("e%02d", i), fmt.Sprint("S", i), detected, rapid.SampledFrom([]float64{.5, .6, .9}).Draw(rt, "score"))
			e.ReceivedAt = received
			e.ExpiresAt = rapid.SampledFrom([]time.Time{{}, friday.Add(-time.Minute), friday.Add(time.Minute)}).Draw(rt, "expires")
			events = append(events, e)
		}
		publish(events...)
		// What the ring has forgotten must be stored, what it holds may be; and the archive may know more than it says.
		stored := rapid.IntRange(max(len(events)-ring, 0), len(events)).Draw(rt, "stored")
		m.told(events[:stored])
		m.events = events[:rapid.IntRange(stored, len(events)).Draw(rt, "known")]
		q := query.Question{
			Sort: rapid.SampledFrom([]query.Sort{query.Newest, query.Oldest, query.Surest, query.BySymbol, query.Soonest}).Draw(rt, "sort"),
			Now:  friday, Active: rapid.Bool().Draw(rt, "active"), Filter: filter.Filter{ConfidenceMin: rapid.SampledFrom([]float64{0, .6}).Draw(rt, "min")},
			Since: rapid.SampledFrom([]time.Time{{}, friday.Add(-time.Hour), friday.Add(-150 * time.Minute)}).Draw(rt, "since"),
		}
		all, _ := oracle(events, query.Ask{Question: q, Limit: len(events)})
		byID := map[string]*event.Event{}
		for _, e := range events {
			byID[e.ID] = e
		}
		ask := query.Ask{Question: q, Limit: rapid.IntRange(1, 15).Draw(rt, "limit")}
		got := []string{}
		for more := true; more; {
			page, err := s.Page(t.Context(), ask)
			if err != nil {
				rt.Fatal(err)
			}
			got = append(got, ids(page.Rows)...)
			if more = page.More; more && len(page.Rows) != ask.Limit || len(got) > len(all) {
				rt.Fatalf("a page of %d, %d in all; the limit is %d, and there are %d", len(page.Rows), len(got), ask.Limit, len(all))
			}
			if more {
				k := query.KeyOf(byID[got[len(got)-1]], q.Sort)
				ask.After = &k
			}
		}
		if d := diff.Diff(ids(all), got); d != "" {
			rt.Fatalf("want -, got +\n%s", d)
		}
	})
}

// TestRareEventsInMemoryNeedNoArchive asks for something so rare that the archive is asked first; when that is away, memory answers.
func TestRareEventsInMemoryNeedNoArchive(t *testing.T) {
	m := &memory{fault: errAway}
	s, publish := start(t, 3*enough, m)
	for i := range 2 * enough {
		e := spike(fmt.Sprint("m", i), "AAPL", friday.Add(time.Duration(i)*time.Millisecond), .5)
		if i < 3 && i > 0 {
			e.Confidence = .99
		}
		if i == 0 { // so that the ring reaches back further than all that is asked for
			e.ReceivedAt, e.DetectedAt = friday.Add(-time.Hour), friday.Add(-time.Hour)
		}
		publish(e)
	}
	ask := query.Ask{Question: query.Question{Sort: query.Newest, Now: friday, Filter: filter.Filter{ConfidenceMin: .9}}, Limit: 1}
	page, err := s.Page(t.Context(), ask)
	if err != nil || !slices.Equal(ids(page.Rows), []string{"m2"}) || !page.More || m.pages != 1 {
		t.Errorf("%v: %v, more %v, %d questions for the archive", err, ids(page.Rows), page.More, m.pages)
	}
	ask.Limit = 5
	if _, err := s.Page(t.Context(), ask); kindOf(err) != problem.Unavailable.Slug { // memory cannot know that there are no more
		t.Errorf("%v", err)
	}
}

// TestWhatIsAskedOfSingleEvents asks both places for one event, symbols, outcomes and estimates, with and without an archive.
func TestWhatIsAskedOfSingleEvents(t *testing.T) {
	ctx := t.Context()
	m := &memory{events: []*event.Event{spike("old", "AMD", friday.Add(-30*24*time.Hour), .7)}}
	s, publish := start(t, 16, m)
	alone, give := start(t, 16, nil)
	for i := range 6 {
		for _, to := range []func(...*event.Event){publish, give} { // each hub owns its events
			to(spike(fmt.Sprint("e", i), []string{"AAPL", "NVDA"}[i%2], friday.Add(time.Duration(i-6)*time.Hour), .7))
		}
	}
	for id, want := range map[string][2]string{"e1": {"<nil>", "<nil>"}, "old": {"<nil>", problem.NotFound.Slug}, "nope": {problem.NotFound.Slug, problem.NotFound.Slug}} {
		for i, s := range []*Source{s, alone} {
			if row, err := s.Event(ctx, id); kindOf(err) != want[i] || err == nil && row.ID != id {
				t.Errorf("%s: %+v %v", id, row, err)
			}
		}
	}
	at := friday.Add(-2 * time.Hour)
	for i, want := range [][]api.Symbol{{{Symbol: "AAPL", LastAt: &at}, {Symbol: "AMD"}}, {{Symbol: "AAPL", LastAt: &at}}} {
		if got, err := []*Source{s, alone}[i].Symbols(ctx, "A", 5); err != nil || diff.Diff(want, got) != "" {
			t.Errorf("%v: want -, got +\n%s", err, diff.Diff(want, got))
		}
	}
	if got, err := s.Symbols(ctx, "", 1); err != nil || len(got) != 1 || got[0].Symbol != "AAPL" {
		t.Errorf("%v %v", got, err)
	}
	rows := []query.Row{{ID: "e1"}, {ID: "e2"}}
	if got, err := s.Outcomes(ctx, rows); err != nil || len(got) != 2 || got["e1"][0].Horizon != "1d" {
		t.Errorf("%v %v", got, err)
	}
	if got, err := alone.Outcomes(ctx, rows); err != nil || got != nil {
		t.Errorf("%v %v", got, err)
	}
	wanted := []filter.Filter{{Symbols: []string{"AAPL"}}}
	if got, err := s.Estimate(ctx, wanted, friday); err != nil || got != (api.Estimate{PerHour: 1.23, SampleHours: 24}) {
		t.Errorf("%+v %v", got, err)
	}
	if got, err := alone.Estimate(ctx, wanted, friday); err != nil || got != (api.Estimate{PerHour: .5, SampleHours: 6}) {
		t.Errorf("%+v %v", got, err)
	}

	m.fault = errAway
	var errs []error
	_, err := s.Event(ctx, "old")
	errs = append(errs, err)
	_, err = s.Symbols(ctx, "A", 5)
	errs = append(errs, err)
	_, err = s.Outcomes(ctx, rows)
	errs = append(errs, err)
	_, err = s.Estimate(ctx, wanted, friday)
	for i, err := range append(errs, err) {
		if kindOf(err) != problem.Unavailable.Slug || strings.Contains(err.Error(), "hunter2") {
			t.Errorf("fault %d: %v", i, err)
		}
	}
	m.fault = query.ErrTooBroad
	if _, err := s.Page(ctx, query.Ask{Question: query.Question{Sort: query.BySymbol, Now: friday}, Limit: 5}); kindOf(err) != problem.Parameter.Slug {
		t.Errorf("%v", err)
	}
}
