package store

import (
	"context"
	"fmt"
	"time"

	"tierboard/shared/event"
)

// Pruning goes in steps, so that no statement holds others up for long.
const (
	pruneStep       = 1000
	mostLetters     = 100_000             // dead letters kept at most, whatever their age
	keepUnmatched   = 60 * 24 * time.Hour // outcomes whose event never came
	longestOutcomes = 400 * 24 * time.Hour
)

// Prune deletes events that are older than their tier is kept, and dead letters and outcomes that are too old; it returns how
// many events went.
func (s *Store) Prune(ctx context.Context, now time.Time) (events int, err error) {
	defer s.db.Timed("prune", time.Now(), &err)
	longest := longestOutcomes
	for _, tier := range []event.Tier{event.TierNone, event.Daily, event.Intraday, event.Combo} {
		as := tier
		if tier == event.TierNone {
			as = event.Daily
		}
		keep := s.cfg.Keep[as]
		if keep <= 0 {
			continue
		}
		longest = max(longest, keep)
		label := tier.String()
		if label == "" {
			label = "none"
		}
		n, err := s.deleteAll(ctx, "DELETE FROM events WHERE id IN (SELECT id FROM events WHERE tier = ? AND detected_at < ? "+
			"ORDER BY detected_at LIMIT ?)", int16(tier), now.Add(-keep).UnixMilli(), pruneStep)
		events += n
		s.m.ArchivePruned.WithLabelValues(label).Add(float64(n))
		if err != nil {
			return events, fmt.Errorf("delete old events: %w", err)
		}
	}
	if s.cfg.KeepLetters > 0 {
		if _, err := s.deleteAll(ctx, "DELETE FROM dead_letters WHERE id IN (SELECT id FROM dead_letters WHERE received_at < ? LIMIT ?)",
			now.Add(-s.cfg.KeepLetters).UnixMilli(), pruneStep); err != nil {
			return events, fmt.Errorf("delete old dead letters: %w", err)
		}
	}
	for _, d := range []struct {
		sql  string
		args []any
	}{
		{"DELETE FROM dead_letters WHERE id IN (SELECT id FROM dead_letters WHERE id <= (SELECT MAX(id) FROM dead_letters) - ? LIMIT ?)", []any{mostLetters, pruneStep}},
		{"DELETE FROM outcomes WHERE ref IN (SELECT ref FROM outcomes WHERE detected_at < ? AND detected_at <> 0 LIMIT ?)", []any{now.Add(-longest).UnixMilli(), pruneStep}},
		{"DELETE FROM outcomes WHERE ref IN (SELECT ref FROM outcomes WHERE event_id IS NULL AND updated_at < ? LIMIT ?)", []any{now.Add(-keepUnmatched).UnixMilli(), pruneStep}},
	} {
		if _, err := s.deleteAll(ctx, d.sql, d.args...); err != nil {
			return events, fmt.Errorf("delete old outcomes and dead letters: %w", err)
		}
	}
	return events, nil
}

// deleteAll repeats a statement that deletes pruneStep rows at a time until there are no more.
func (s *Store) deleteAll(ctx context.Context, sql string, args ...any) (int, error) {
	total := 0
	for {
		res, err := s.db.ExecContext(ctx, sql, args...)
		if err != nil {
			return total, err
		}
		n, err := res.RowsAffected()
		if err != nil {
			return total, err
		}
		total += int(n)
		if n < pruneStep {
			return total, nil
		}
	}
}
