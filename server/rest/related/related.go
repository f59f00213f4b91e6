// Package related looks up what goes with events: the combos they were made into, the chain that ties a combo to its setup and its
// trigger, their neighbours in time, and what became of them.
package related

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"strings"
	"time"

	"tierboard/server/problem"
	"tierboard/server/query"
	"tierboard/server/rest/record"
	"tierboard/server/rest/source"
	"tierboard/shared/event"
	"tierboard/shared/filter"
)

// Relations looks up relations. Any number of goroutines may use it; its errors are problems.
type Relations struct{ source *source.Source }

// New returns Relations between the events of a source.
func New(from *source.Source) *Relations { return &Relations{from} }

// Extras looks up what a presenter adds to rows; nothing for one that adds nothing.
func (x *Relations) Extras(ctx context.Context, p *record.Presenter, rows []query.Row) (record.Extras, error) {
	var out record.Extras
	if len(rows) == 0 {
		return out, nil
	}
	var err error
	if p.Outcome {
		if out.Outcomes, err = x.source.Outcomes(ctx, rows); err != nil {
			return out, err
		}
	}
	if p.Related {
		if out.Combos, err = x.combosOf(ctx, rows); err != nil {
			return out, err
		}
	}
	return out, nil
}

// How far around an event its relations are looked for.
const (
	comboWithin  = 15 * 24 * time.Hour // after a daily setup, ten trading days
	mostNeighbor = 20
)

// combosOf returns, by the id of each daily and intraday event among rows, the combos made of it.
func (x *Relations) combosOf(ctx context.Context, rows []query.Row) (map[string][]string, error) {
	ids := map[string]bool{}
	var symbols []string
	var first, last time.Time
	for _, r := range rows {
		if record.Text(r.Body, "tier") == "combo" {
			continue
		}
		ids[r.ID] = true
		symbols = append(symbols, record.Text(r.Body, "symbol"))
		at := record.Time(r.Body, "detected_at")
		if first.IsZero() || at.Before(first) {
			first = at
		}
		if at.After(last) {
			last = at
		}
	}
	if len(ids) == 0 {
		return nil, nil //nolint:nilnil // no events, no combos
	}
	found, err := x.combos(ctx, symbols, first, last.Add(comboWithin))
	if err != nil {
		return nil, err
	}
	out := map[string][]string{}
	for _, r := range found {
		daily, intraday := record.Legs(r.Body)
		for _, id := range []string{daily, intraday} {
			if ids[id] {
				out[id] = append(out[id], r.ID)
			}
		}
	}
	return out, nil
}

// combos returns the newest combos of some symbols in a time, at most a page.
func (x *Relations) combos(ctx context.Context, symbols []string, since, until time.Time) ([]query.Row, error) {
	f := filter.Filter{Tiers: []event.Tier{event.Combo}, Symbols: symbols}.Canonical()
	found, err := x.source.Page(ctx, query.Ask{Question: query.Question{Filter: f, Since: since, Until: until, Sort: query.Newest}, Limit: query.MaxLimit})
	return found.Rows, err
}

// Chain returns the events a row is tied to by combos: itself one, or made into one. What was never kept, or is not any more, is left out.
func (x *Relations) Chain(ctx context.Context, row query.Row) ([]query.Row, error) {
	var out []query.Row
	seen := map[string]bool{row.ID: true}
	add := func(id string) error {
		if id == "" || seen[id] {
			return nil
		}
		seen[id] = true
		found, err := x.source.Event(ctx, id)
		switch {
		case err == nil:
			out = append(out, found)
		case isNotFound(err): // a link to what was never kept, or is not any more
		default:
			return err
		}
		return nil
	}
	combos := []query.Row{row}
	if record.Text(row.Body, "tier") != "combo" {
		at := record.Time(row.Body, "detected_at")
		found, err := x.combos(ctx, []string{record.Text(row.Body, "symbol")}, at, at.Add(comboWithin))
		if err != nil {
			return nil, err
		}
		combos = slices.DeleteFunc(found, func(c query.Row) bool {
			daily, intraday := record.Legs(c.Body)
			return daily != row.ID && intraday != row.ID
		})
	}
	for _, c := range combos[:min(len(combos), mostNeighbor)] {
		daily, intraday := record.Legs(c.Body)
		if err := add(daily); err != nil {
			return nil, err
		}
		if err := add(intraday); err != nil {
			return nil, err
		}
		if !seen[c.ID] {
			seen[c.ID] = true
			out = append(out, c)
		}
	}
	return out, nil
}

// Neighbors returns other events of the row's symbol, at most 20, nearest in time first.
func (x *Relations) Neighbors(ctx context.Context, row query.Row) ([]query.Row, error) {
	at := record.Time(row.Body, "detected_at")
	f := filter.Filter{Symbols: []string{record.Text(row.Body, "symbol")}}
	before, err := x.source.Page(ctx, query.Ask{Question: query.Question{Filter: f, Until: at, Sort: query.Newest}, Limit: mostNeighbor})
	if err != nil {
		return nil, err
	}
	after, err := x.source.Page(ctx, query.Ask{Question: query.Question{Filter: f, Since: at, Sort: query.Oldest}, Limit: mostNeighbor + 1})
	if err != nil {
		return nil, err
	}
	all := slices.DeleteFunc(slices.Concat(before.Rows, after.Rows), func(r query.Row) bool { return r.ID == row.ID })
	far := func(r query.Row) time.Duration { return record.Time(r.Body, "detected_at").Sub(at).Abs() }
	slices.SortStableFunc(all, func(a, b query.Row) int { return cmp.Or(cmp.Compare(far(a), far(b)), strings.Compare(a.ID, b.ID)) })
	return all[:min(len(all), mostNeighbor)], nil
}

// isNotFound reports whether an error says that there is no such thing.
func isNotFound(err error) bool {
	p, ok := errors.AsType[*problem.Error](err)
	return ok && p.Kind == problem.NotFound
}
