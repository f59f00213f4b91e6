package related

import (
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"tierboard/server/metrics"
	"tierboard/server/problem"
	"tierboard/server/query"
	"tierboard/server/rest/record"
	"tierboard/server/rest/resttest"
	"tierboard/server/rest/source"
	"tierboard/shared/api"
	"tierboard/shared/event"
)

// start returns the relations of events of which some are recent and all the others stored, and what reads one of them.
func start(t *testing.T, archive *resttest.Archive, recent ...*event.Event) (*Relations, func(id string) query.Row) {
	t.Helper()
	h := resttest.Hub(t, 64, metrics.New())
	from := source.New(h, archive, slog.New(slog.DiscardHandler))
	resttest.Publish(t, h, recent...)
	return New(from), func(id string) query.Row {
		row, err := from.Event(t.Context(), id)
		if err != nil {
			t.Fatal(err)
		}
		return row
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

// TestChains follows combos from each of their ends, where one of the ends was never kept.
func TestChains(t *testing.T) {
	at := resttest.Friday
	daily, trigger := resttest.Flag("d1", "AAPL", at.Add(-22*time.Hour), .87), resttest.Spike("i1", "AAPL", at.Add(-10*time.Minute), .91)
	lost := resttest.Spike("gone", "AAPL", at.Add(-9*time.Minute), .9)
	combo, half := resttest.Setup("c1", daily, trigger, at.Add(-9*time.Minute)), resttest.Setup("c2", daily, lost, at.Add(-8*time.Minute))
	archive := &resttest.Archive{}
	archive.Store(daily, resttest.Setup("c0", resttest.Flag("d0", "AAPL", at.Add(-30*24*time.Hour), .9), lost, at.Add(-29*24*time.Hour)))
	x, row := start(t, archive, trigger, combo, half, resttest.Spike("x", "AAPL", at, .5))
	for id, want := range map[string][]string{"c1": {"d1", "i1"}, "c2": {"d1"}, "i1": {"d1", "c1"}, "d1": {"c2", "i1", "c1"}, "x": {}} {
		if got, err := x.Chain(t.Context(), row(id)); err != nil || !slices.Equal(ids(got), want) {
			t.Errorf("%s: %v %v, want %v", id, ids(got), err, want)
		}
	}
	of, err := x.Extras(t.Context(), record.NewPresenter(nil, []string{"related"}, at), []query.Row{row("d1"), row("i1"), row("c1")})
	if diff := cmp.Diff(map[string][]string{"d1": {"c2", "c1"}, "i1": {"c1"}}, of.Combos); err != nil || diff != "" {
		t.Errorf("%v: want -, got +\n%s", err, diff)
	}

	// With the database away, what is needed of it is a fault and not an event less.
	reads := []query.Row{row("c1"), row("d1")}
	archive.Break(resttest.ErrAway)
	for _, r := range reads {
		if _, err := x.Chain(t.Context(), r); !unavailable(err) {
			t.Errorf("%s: %v", r.ID, err)
		}
		if _, err := x.Neighbors(t.Context(), r); !unavailable(err) {
			t.Errorf("%s: %v", r.ID, err)
		}
	}
	if _, err := x.Extras(t.Context(), record.NewPresenter(nil, []string{"related"}, at), reads); !unavailable(err) {
		t.Errorf("%v", err)
	}
}

// unavailable reports whether an error says that the database is away.
func unavailable(err error) bool {
	p, ok := errors.AsType[*problem.Error](err)
	return ok && p.Kind == problem.Unavailable
}

// TestNeighborsAreTheNearest has more of them than are told, of two symbols, on both sides of an event.
func TestNeighborsAreTheNearest(t *testing.T) {
	var events []*event.Event
	for i := range 60 {
		events = append(events, resttest.Spike(fmt.Sprintf("e%02d", i), []string{"AAPL", "NVDA"}[i%2], resttest.Friday.Add(time.Duration(i-60)*time.Minute), .7))
	}
	archive := &resttest.Archive{}
	archive.Store(events[:30]...)
	x, row := start(t, archive, events[30:]...)
	got, err := x.Neighbors(t.Context(), row("e40"))
	want := []string{}
	for far := 2; len(want) < mostNeighbor; far += 2 {
		for _, i := range []int{40 - far, 40 + far} {
			if i < 60 && len(want) < mostNeighbor {
				want = append(want, fmt.Sprintf("e%02d", i))
			}
		}
	}
	if diff := cmp.Diff(want, ids(got)); err != nil || diff != "" {
		t.Errorf("%v: want -, got +\n%s", err, diff)
	}
}

// TestExtrasAreWhatIsAskedFor looks up outcomes for a presenter that shows them, and nothing for others.
func TestExtrasAreWhatIsAskedFor(t *testing.T) {
	archive := &resttest.Archive{}
	archive.Know("e1", api.Outcome{Horizon: "1d"})
	x, row := start(t, archive, resttest.Spike("e1", "AAPL", resttest.Friday, .7))
	rows := []query.Row{row("e1")}
	outcome := record.NewPresenter(nil, []string{"outcome"}, resttest.Friday)
	if got, err := x.Extras(t.Context(), outcome, rows); err != nil || len(got.Outcomes["e1"]) != 1 || got.Combos != nil {
		t.Errorf("%+v %v", got, err)
	}
	archive.Break(resttest.ErrAway)
	if _, err := x.Extras(t.Context(), outcome, rows); !unavailable(err) {
		t.Errorf("%v", err)
	}
	for _, p := range []*record.Presenter{record.NewPresenter(nil, nil, resttest.Friday), outcome} {
		if p == outcome {
			rows = nil
		}
		if got, err := x.Extras(t.Context(), p, rows); err != nil || got.Outcomes != nil || got.Combos != nil {
			t.Errorf("%+v %v", got, err)
		}
	}
}
