// Package stored lets package rest read and keep things in package store: it translates the words of the one into those of the
// other and decides nothing.
package stored

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"tierboard/server/problem"
	"tierboard/server/query"
	"tierboard/server/rest/performance"
	"tierboard/server/rest/shelf"
	"tierboard/server/store"
	"tierboard/server/store/ask"
	"tierboard/server/store/list"
	"tierboard/server/store/model"
	"tierboard/server/store/saved"
	"tierboard/server/store/tally"
	"tierboard/shared/api"
	"tierboard/shared/event"
	"tierboard/shared/filter"
)

// Store is a rest.Archive and a shelf.Library in a database. Any number of goroutines may use it.
type Store struct{ db *store.Store }

// New returns a Store in an open database, which the caller closes.
func New(db *store.Store) *Store { return &Store{db} }

// Page answers a page of a list.
func (s *Store) Page(ctx context.Context, a query.Ask) ([]query.Row, bool, error) {
	q := ask.Query{
		Filter: a.Filter, Since: a.Since, Until: a.Until, UpdatedSince: a.UpdatedSince, SessionDate: a.SessionDate, Now: a.Now,
		Sort: ask.Sort(a.Sort), Limit: a.Limit,
	}
	if a.Active {
		q.Status = ask.Active
	}
	if a.After != nil {
		q.After = &ask.Cursor{Key: keyText(*a.After, a.Sort), ID: a.After.ID}
	}
	page, err := s.db.Query(ctx, q)
	if err != nil {
		return nil, false, translated(err)
	}
	rows := make([]query.Row, len(page.Rows))
	for i, r := range page.Rows {
		rows[i] = rowOf(r)
	}
	return rows, page.Next != nil, nil
}

// OnStored tells which events are stored from now on.
func (s *Store) OnStored(do func(events []*event.Event)) { s.db.OnStored(do) }

// keyText writes the place of an event the way the database's cursors do.
func keyText(k query.Key, s query.Sort) string {
	switch s {
	case query.Surest:
		return strconv.FormatFloat(k.Number, 'g', -1, 64)
	case query.BySymbol:
		return k.Text
	case query.Newest, query.Oldest, query.Soonest:
	}
	return strconv.FormatInt(k.Millis, 10)
}

// rowOf turns a row into the other kind.
func rowOf(r list.Row) query.Row { return query.Row{ID: r.ID, Body: r.Body, ExpiresAt: r.ExpiresAt} }

// translated turns the database's errors into those that package rest knows.
func translated(err error) error {
	var bad *model.Error
	switch {
	case errors.Is(err, list.ErrTooBroad):
		return query.ErrTooBroad
	case errors.Is(err, model.ErrNotFound):
		return query.ErrNotFound
	case errors.Is(err, saved.ErrChanged):
		return query.ErrChanged
	case errors.Is(err, saved.ErrTooMany):
		return query.ErrConflict
	case errors.As(err, &bad): // a forged cursor is what is left to refuse here
		return problem.At(problem.Parameter, problem.Field("query."+bad.Field, "", "%s", bad.Problem))
	}
	return err
}

// Event returns one event.
func (s *Store) Event(ctx context.Context, id string) (query.Row, error) {
	r, err := s.db.Event(ctx, id)
	if err != nil {
		return query.Row{}, translated(err)
	}
	return rowOf(r), nil
}

// Symbols returns symbols that begin with a prefix.
func (s *Store) Symbols(ctx context.Context, prefix string, limit int) ([]string, error) {
	return s.db.SeenSymbols(ctx, prefix, limit)
}

// horizons are the horizons by their numbers in package store.
var horizons = [...]string{"1d", "5d", "30d"}

// Outcomes returns what became of events.
func (s *Store) Outcomes(ctx context.Context, ids []string) (map[string][]api.Outcome, error) {
	known, err := s.db.Outcomes(ctx, ids)
	if err != nil {
		return nil, err
	}
	out := make(map[string][]api.Outcome, len(known))
	for id, o := range known {
		for h, name := range horizons {
			x := api.Outcome{Horizon: name, Success: o.Successes[h]}
			value, ok := o.Returns[h].Get()
			if ok {
				x.ReturnPct = &value
			}
			if !ok && x.Success == nil {
				continue
			}
			if !o.CalculatedAt.IsZero() {
				x.ResolvedAt = &o.CalculatedAt
			}
			out[id] = append(out[id], x)
		}
	}
	return out, nil
}

// Performance tells how the events of a span did.
func (s *Store) Performance(ctx context.Context, p performance.Span) ([]performance.TierTally, error) {
	horizon := slices.Index(horizons[:], p.Horizon)
	if horizon < 0 {
		return nil, fmt.Errorf("there is no horizon %q", p.Horizon)
	}
	tiers, _, err := s.db.Performance(ctx, tally.PerformanceQuery{
		Tiers: p.Tiers, Since: p.Since, Until: p.Until, Horizon: horizon, Now: p.Now, GroupBy: strings.TrimSuffix(p.GroupBy, "_type"),
	})
	if err != nil {
		return nil, err
	}
	out := make([]performance.TierTally, 0, len(tiers))
	for _, t := range tiers {
		tier := performance.TierTally{Tier: t.Tier, Tally: tallyOf(t.Tally)}
		for _, b := range t.Calibration {
			tier.Calibration = append(tier.Calibration, performance.Bucket(b))
		}
		for _, g := range t.Groups {
			tier.Groups = append(tier.Groups, performance.GroupTally{Value: g.Value, Tally: tallyOf(g.Tally)})
		}
		out = append(out, tier)
	}
	return out, nil
}

// tallyOf turns a tally into the other kind.
func tallyOf(t tally.Tally) performance.Tally {
	return performance.Tally{
		Detected: t.Detected, Resolved: t.Resolved, Pending: t.Pending, Excluded: t.Excluded, Successes: t.Successes, Returns: performance.Spread(t.Returns),
	}
}

// Estimate tells how many events an hour match one of the filters.
func (s *Store) Estimate(ctx context.Context, filters []filter.Filter, now time.Time, within time.Duration) (perHour, sampleHours float64, err error) {
	return s.db.EstimatePerHour(ctx, filters, now, within)
}

// entryOf turns a record into an entry.
func entryOf(r saved.Record) shelf.Entry {
	return shelf.Entry{ID: r.ID, Name: r.Name, Body: r.Body, Version: r.Version, CreatedAt: r.CreatedAt, UpdatedAt: r.UpdatedAt}
}

// Entries returns a user's entries, oldest first.
func (s *Store) Entries(ctx context.Context, user, name string) ([]shelf.Entry, error) {
	records, err := s.db.Records(ctx, saved.Collection(name), user)
	if err != nil {
		return nil, err
	}
	slices.SortStableFunc(records, func(a, b saved.Record) int { return a.CreatedAt.Compare(b.CreatedAt) })
	out := make([]shelf.Entry, len(records))
	for i, r := range records {
		out[i] = entryOf(r)
	}
	return out, nil
}

// Entry returns one entry.
func (s *Store) Entry(ctx context.Context, user, name, id string) (shelf.Entry, error) {
	r, err := s.db.Record(ctx, saved.Collection(name), user, id)
	if err != nil {
		return shelf.Entry{}, translated(err)
	}
	return entryOf(r), nil
}

// Add stores a new entry.
func (s *Store) Add(ctx context.Context, user, name string, e shelf.Entry) (shelf.Entry, error) {
	e.Version = 0
	out, err := s.put(ctx, user, name, e)
	if errors.Is(err, query.ErrChanged) { // it is there already
		err = query.ErrConflict
	}
	return out, err
}

// Change replaces an entry.
func (s *Store) Change(ctx context.Context, user, name string, e shelf.Entry) (shelf.Entry, error) {
	if e.Version < 1 { // to the database that would be a new one
		return shelf.Entry{}, query.ErrChanged
	}
	return s.put(ctx, user, name, e)
}

// put stores an entry.
func (s *Store) put(ctx context.Context, user, name string, e shelf.Entry) (shelf.Entry, error) {
	r, err := s.db.Put(ctx, saved.Collection(name), saved.Record{User: user, ID: e.ID, Name: e.Name, Body: e.Body, Version: e.Version})
	if err != nil {
		return shelf.Entry{}, translated(err)
	}
	return entryOf(r), nil
}

// Remove deletes an entry.
func (s *Store) Remove(ctx context.Context, user, name, id string, version int64) error {
	if err := s.db.Delete(ctx, saved.Collection(name), user, id, version); err != nil {
		return translated(err)
	}
	return nil
}
