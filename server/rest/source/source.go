// Package source answers questions about events: from the ring of recent ones when that covers the question, else from the archive
// of all of them, together with what the archive has not stored yet.
package source

import (
	"context"
	"errors"
	"log/slog"
	"slices"
	"time"

	"tierboard/server/gate"
	"tierboard/server/hub"
	"tierboard/server/match"
	"tierboard/server/problem"
	"tierboard/server/query"
	"tierboard/server/recent"
	"tierboard/server/rest/answer"
	"tierboard/shared/api"
	"tierboard/shared/event"
	"tierboard/shared/filter"
	"tierboard/shared/wire"
)

// Archive is the database behind the lists. All methods may be called by any number of goroutines; errors other than those
// of package query mean that the database is away.
type Archive interface {
	// Page returns at most a.Limit events in the order asked for, and whether more follow. It answers query.ErrTooBroad
	// instead of searching for long.
	Page(ctx context.Context, a query.Ask) (rows []query.Row, more bool, err error)
	// OnStored calls do for every batch of events that is stored from then on, as soon as Page would find them.
	OnStored(do func(events []*event.Event))
	// Event returns one event, or query.ErrNotFound.
	Event(ctx context.Context, id string) (query.Row, error)
	// Symbols returns at most limit symbols that begin with a prefix, in order.
	Symbols(ctx context.Context, prefix string, limit int) ([]string, error)
	// Outcomes returns what is known of the events with these ids; the others are absent.
	Outcomes(ctx context.Context, ids []string) (map[string][]api.Outcome, error)
	// Estimate tells how many events an hour match one of the filters, from those of the last within before now, and how many
	// hours of that are known.
	Estimate(ctx context.Context, filters []filter.Filter, now time.Time, within time.Duration) (perHour, sampleHours float64, err error)
}

// Source answers from the ring and the archive. All its errors are problems; any number of goroutines may use it.
type Source struct {
	hub     *hub.Hub
	archive Archive // nil: the ring is all there is
	log     *slog.Logger
}

// New returns a Source. Without an archive, which is nil then, everything ends where the ring ends. With one, the ring is told from
// now on what has been stored.
func New(h *hub.Hub, archive Archive, log *slog.Logger) *Source {
	if archive != nil {
		archive.OnStored(h.Recent().Stored)
	}
	return &Source{hub: h, archive: archive, log: log}
}

// Fault turns an archive's error into a problem, and logs what only the operator should see.
func (s *Source) Fault(ctx context.Context, doing string, err error) error {
	switch {
	case errors.Is(err, query.ErrTooBroad):
		return problem.New(problem.Parameter, "No index serves this combination and it leaves too many events to look through: "+
			"narrow it by since, session_date or symbols, or sort by -detected_at.")
	case errors.Is(err, query.ErrNotFound):
		return problem.New(problem.NotFound, "There is no event with this id.")
	case ctx.Err() != nil:
		return &problem.Error{Kind: problem.Unavailable, Detail: "The request was given up.", Retry: time.Second}
	}
	s.log.Warn("archive failed", slog.String("doing", doing), slog.String("request_id", gate.RequestID(ctx)), slog.Any("err", err))
	return &problem.Error{Kind: problem.Unavailable, Detail: "The database does not answer; live events are not affected.", Retry: 5 * time.Second}
}

// Event returns one event.
func (s *Source) Event(ctx context.Context, id string) (query.Row, error) {
	if it := s.hub.Recent().Find(id); it != nil {
		return rowOf(it), nil
	}
	if s.archive == nil {
		return query.Row{}, problem.New(problem.NotFound, "There is no event with this id.")
	}
	began := time.Now()
	row, err := s.archive.Event(ctx, id)
	gate.Database(ctx, time.Since(began))
	if err != nil {
		return query.Row{}, s.Fault(ctx, "read an event", err)
	}
	return row, nil
}

// rowOf makes a row of an item; the bytes are shared with everybody who sends the event.
func rowOf(it *recent.Item) query.Row {
	return query.Row{ID: it.Event.ID, Body: it.Bytes(wire.JSON), ExpiresAt: it.Event.ExpiresAt}
}

// Outcomes returns what is known of events, by id; nil without an archive.
func (s *Source) Outcomes(ctx context.Context, rows []query.Row) (map[string][]api.Outcome, error) {
	if s.archive == nil {
		return nil, nil //nolint:nilnil // nobody knows
	}
	ids := make([]string, len(rows))
	for i, r := range rows {
		ids[i] = r.ID
	}
	began := time.Now()
	found, err := s.archive.Outcomes(ctx, ids)
	gate.Database(ctx, time.Since(began))
	if err != nil {
		return nil, s.Fault(ctx, "read outcomes", err)
	}
	return found, nil
}

// Symbols returns at most limit symbols that begin with a prefix, in order: those of recent events, with when that was, and those of
// the archive.
func (s *Source) Symbols(ctx context.Context, prefix string, limit int) ([]api.Symbol, error) {
	last := map[string]time.Time{}
	for _, it := range s.hub.Recent().Symbols(prefix) {
		last[it.Event.Symbol] = it.Event.DetectedAt
	}
	names := make([]string, 0, len(last))
	for name := range last {
		names = append(names, name)
	}
	if s.archive != nil {
		began := time.Now()
		stored, err := s.archive.Symbols(ctx, prefix, limit)
		gate.Database(ctx, time.Since(began))
		if err != nil {
			return nil, s.Fault(ctx, "read symbols", err)
		}
		names = append(names, stored...)
	}
	slices.Sort(names)
	names = slices.Compact(names)
	out := []api.Symbol{}
	for _, name := range names[:min(len(names), limit)] {
		symbol := api.Symbol{Symbol: name}
		if at, ok := last[name]; ok {
			at = answer.Time(at)
			symbol.LastAt = &at
		}
		out = append(out, symbol)
	}
	return out, nil
}

// estimateWithin is how far back an estimate looks.
const estimateWithin = 24 * time.Hour

// Estimate tells how many events an hour filters would have brought until now, in the last 24 hours as far as they are known.
func (s *Source) Estimate(ctx context.Context, filters []filter.Filter, now time.Time) (api.Estimate, error) {
	if s.archive == nil {
		return s.estimateRecent(filters, now), nil
	}
	began := time.Now()
	perHour, hours, err := s.archive.Estimate(ctx, filters, now, estimateWithin)
	gate.Database(ctx, time.Since(began))
	if err != nil {
		return api.Estimate{}, s.Fault(ctx, "estimate", err)
	}
	return api.Estimate{PerHour: answer.Rounded(perHour, 2), SampleHours: answer.Rounded(hours, 2)}, nil
}

// estimateRecent estimates from the ring alone.
func (s *Source) estimateRecent(filters []filter.Filter, now time.Time) api.Estimate {
	index := match.New()
	index.Add(filters)
	var hits []match.ID
	wanted := 0
	var oldest time.Time
	ring := s.hub.Recent()
	first, last := ring.Span()
	_, _ = ring.Between(max(first, 1)-1, last, func(e *event.Event) bool {
		if oldest.IsZero() {
			oldest = e.ReceivedAt
		}
		if hits = index.Match(e, hits[:0]); len(hits) > 0 {
			wanted++
		}
		return false
	})
	if oldest.IsZero() {
		return api.Estimate{}
	}
	hours := max(now.Sub(oldest), time.Minute).Hours()
	return api.Estimate{PerHour: answer.Rounded(float64(wanted)/hours, 2), SampleHours: answer.Rounded(hours, 2)}
}
