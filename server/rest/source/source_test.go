package source

import (
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"testing"
	"time"

	diff "github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"tierboard/server/metrics"
	"tierboard/server/problem"
	"tierboard/server/query"
	"tierboard/server/rest/resttest"
	"tierboard/shared/api"
	"tierboard/shared/event"
	"tierboard/shared/filter"
)

// start returns a Source over a ring of some size and an archive, and what gives events to the ring. The hub runs until the test ends.
func start(t *testing.T, ring int, archive Archive) (*Source, func(events ...*event.Event)) {
	t.Helper()
	log := slog.New(slog.DiscardHandler)
	h := resttest.Hub(t, ring, metrics.New())
	return New(h, archive, log), func(events ...*event.Event) {
		t.Helper()
		resttest.Publish(t, h, events...)
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
		m := &resttest.Archive{}
		s, publish := start(t, ring, m)
		var events []*event.Event
		received := resttest.Friday.Add(-3 * time.Hour)
		for i := range rapid.IntRange(0, 40).Draw(rt, "events") {
			received = received.Add(time.Duration(rapid.SampledFrom([]int{0, 1, 1000, 90_000}).Draw(rt, "gap")) * time.Millisecond)
			detected := received.Add(-time.Duration(rapid.SampledFrom([]int{-5000, 0, 20, 7_200_000}).Draw(rt, "late")) * time.Millisecond)
			e := resttest.Spike(fmt.Sprintf("e%02d", i), fmt.Sprint("S", i), detected, rapid.SampledFrom([]float64{.5, .6, .9}).Draw(rt, "score"))
			e.ReceivedAt = received
			e.ExpiresAt = rapid.SampledFrom([]time.Time{{}, resttest.Friday.Add(-time.Minute), resttest.Friday.Add(time.Minute)}).Draw(rt, "expires")
			events = append(events, e)
		}
		publish(events...)
		// What the ring has forgotten must be stored, what it holds may be; and the archive may know more than it says.
		stored := rapid.IntRange(max(len(events)-ring, 0), len(events)).Draw(rt, "stored")
		m.Store(events[:stored]...)
		m.StoreQuietly(events[stored:rapid.IntRange(stored, len(events)).Draw(rt, "known")]...)
		q := query.Question{
			Sort: rapid.SampledFrom([]query.Sort{query.Newest, query.Oldest, query.Surest, query.BySymbol, query.Soonest}).Draw(rt, "sort"),
			Now:  resttest.Friday, Active: rapid.Bool().Draw(rt, "active"), Filter: filter.Filter{ConfidenceMin: rapid.SampledFrom([]float64{0, .6}).Draw(rt, "min")},
			Since: rapid.SampledFrom([]time.Time{{}, resttest.Friday.Add(-time.Hour), resttest.Friday.Add(-150 * time.Minute)}).Draw(rt, "since"),
		}
		all, _ := resttest.Oracle(events, query.Ask{Question: q, Limit: len(events)})
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
	m := &resttest.Archive{}
	m.Break(resttest.ErrAway)
	s, publish := start(t, 3*enough, m)
	for i := range 2 * enough {
		e := resttest.Spike(fmt.Sprint("m", i), "AAPL", resttest.Friday.Add(time.Duration(i)*time.Millisecond), .5)
		if i < 3 && i > 0 {
			e.Confidence = .99
		}
		if i == 0 { // so that the ring reaches back further than all that is asked for
			e.ReceivedAt, e.DetectedAt = resttest.Friday.Add(-time.Hour), resttest.Friday.Add(-time.Hour)
		}
		publish(e)
	}
	ask := query.Ask{Question: query.Question{Sort: query.Newest, Now: resttest.Friday, Filter: filter.Filter{ConfidenceMin: .9}}, Limit: 1}
	page, err := s.Page(t.Context(), ask)
	if err != nil || !slices.Equal(ids(page.Rows), []string{"m2"}) || !page.More || m.Pages() != 1 {
		t.Errorf("%v: %v, more %v, %d questions for the archive", err, ids(page.Rows), page.More, m.Pages())
	}
	ask.Limit = 5
	if _, err := s.Page(t.Context(), ask); kindOf(err) != problem.Unavailable.Slug { // memory cannot know that there are no more
		t.Errorf("%v", err)
	}
}

// TestWhatIsAskedOfSingleEvents asks both places for one event, symbols, outcomes and estimates, with and without an archive.
func TestWhatIsAskedOfSingleEvents(t *testing.T) {
	ctx := t.Context()
	m := &resttest.Archive{}
	m.Store(resttest.Spike("old", "AMD", resttest.Friday.Add(-30*24*time.Hour), .7), resttest.Spike("older", "AAPL", resttest.Friday.Add(-20*time.Hour), .7))
	for _, id := range []string{"e1", "e2"} {
		m.Know(id, api.Outcome{Horizon: "1d"})
	}
	s, publish := start(t, 16, m)
	alone, give := start(t, 16, nil)
	for i := range 6 {
		for _, to := range []func(...*event.Event){publish, give} { // each hub owns its events
			to(resttest.Spike(fmt.Sprint("e", i), []string{"AAPL", "NVDA"}[i%2], resttest.Friday.Add(time.Duration(i-6)*time.Hour), .7))
		}
	}
	for id, want := range map[string][2]string{"e1": {"<nil>", "<nil>"}, "old": {"<nil>", problem.NotFound.Slug}, "nope": {problem.NotFound.Slug, problem.NotFound.Slug}} {
		for i, s := range []*Source{s, alone} {
			if row, err := s.Event(ctx, id); kindOf(err) != want[i] || err == nil && row.ID != id {
				t.Errorf("%s: %+v %v", id, row, err)
			}
		}
	}
	at := resttest.Friday.Add(-2 * time.Hour)
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
	if got, err := s.Estimate(ctx, wanted, resttest.Friday); err != nil || got != (api.Estimate{PerHour: .04, SampleHours: 24}) {
		t.Errorf("%+v %v", got, err)
	}
	if got, err := alone.Estimate(ctx, wanted, resttest.Friday); err != nil || got != (api.Estimate{PerHour: .5, SampleHours: 6}) {
		t.Errorf("%+v %v", got, err)
	}

	m.Break(resttest.ErrAway)
	var errs []error
	_, err := s.Event(ctx, "old")
	errs = append(errs, err)
	_, err = s.Symbols(ctx, "A", 5)
	errs = append(errs, err)
	_, err = s.Outcomes(ctx, rows)
	errs = append(errs, err)
	_, err = s.Estimate(ctx, wanted, resttest.Friday)
	for i, err := range append(errs, err) {
		if kindOf(err) != problem.Unavailable.Slug || strings.Contains(err.Error(), "hunter2") {
			t.Errorf("fault %d: %v", i, err)
		}
	}
	m.Break(query.ErrTooBroad)
	if _, err := s.Page(ctx, query.Ask{Question: query.Question{Sort: query.BySymbol, Now: resttest.Friday}, Limit: 5}); kindOf(err) != problem.Parameter.Slug {
		t.Errorf("%v", err)
	}
}
