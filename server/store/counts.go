package store

import (
	"context"
	"database/sql"
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/uptrace/bun"

	"tierboard/server/store/ask"
	"tierboard/server/store/model"
	"tierboard/server/store/where"
	"tierboard/shared/event"
	"tierboard/shared/filter"
)

// snapshot runs do in a transaction that sees one instant.
func (s *Store) snapshot(ctx context.Context, do func(bun.Tx) error) error {
	return s.db.RunInTx(ctx, &sql.TxOptions{ReadOnly: true, Isolation: s.isolation()}, func(_ context.Context, tx bun.Tx) error { return do(tx) })
}

// isolation is what makes a transaction see one instant; SQLite's always does.
func (s *Store) isolation() sql.IsolationLevel {
	if !s.db.SQLite() {
		return sql.LevelRepeatableRead
	}
	return sql.LevelDefault
}

// counting says which of a tier's events are counted, and by which column.
type counting struct {
	tier     event.Tier
	by       string   // one of groupColumns
	patterns []string // empty means all
	from, to int64    // of detection; to is exclusive
	young    int64    // those detected after it are counted on their own too
}

// countDetected counts a tier's events of a time by the values of a column: all, and those detected after young.
func countDetected(ctx context.Context, db bun.IDB, c counting, take func(value string, all, young int)) error {
	query := "SELECT " + c.by + ", COUNT(*), SUM(CASE WHEN detected_at > ? THEN 1 ELSE 0 END) FROM events " +
		"WHERE tier = ? AND detected_at >= ? AND detected_at < ?"
	args := []any{c.young, int16(c.tier), c.from, c.to}
	if len(c.patterns) > 0 {
		query, args = query+" AND pattern IN (?)", append(args, bun.List(c.patterns))
	}
	rows, err := db.QueryContext(ctx, query+" GROUP BY "+c.by, args...)
	if err != nil {
		return err
	}
	defer rows.Close() //nolint:errcheck // Err tells
	for rows.Next() {
		var value string
		var all, after int
		if err := rows.Scan(&value, &all, &after); err != nil {
			return err
		}
		take(value, all, after)
	}
	return rows.Err()
}

// PatternCount is how many events of a tier have a pattern.
type PatternCount struct {
	Tier    event.Tier
	Pattern string
	Count   int
}

// PatternCounts counts the patterns seen since a time, tier by tier and then by name. It reads an index entry for each
// event since then.
func (s *Store) PatternCounts(ctx context.Context, since time.Time) (counts []PatternCount, err error) {
	defer s.db.Timed("pattern_counts", time.Now(), &err)
	from := int64(-1 << 62)
	if !since.IsZero() {
		from = model.CeilMillis(since)
	}
	for _, t := range event.Tiers() {
		n := len(counts)
		if err := countDetected(ctx, s.db, counting{t, "pattern", nil, from, 1 << 62, 1 << 62}, func(pattern string, all, _ int) {
			counts = append(counts, PatternCount{Tier: t, Pattern: pattern, Count: all})
		}); err != nil {
			return nil, fmt.Errorf("count patterns: %w", err)
		}
		slices.SortFunc(counts[n:], func(a, b PatternCount) int { return strings.Compare(a.Pattern, b.Pattern) })
	}
	return counts, nil
}

// mostSample is how many events of a tier an estimate looks at.
const mostSample = 20_000

// EstimatePerHour estimates how many events an hour match at least one of the filters, from the events of the last within
// (at most the newest 20,000 of each tier) before now, and from how many hours it knows: fewer than within when a tier is
// that busy or the archive is that young, 0 when there is nothing.
func (s *Store) EstimatePerHour(ctx context.Context, filters []filter.Filter, now time.Time, within time.Duration) (perHour, sampleHours float64, err error) {
	if len(filters) == 0 || within <= 0 {
		return 0, 0, nil
	}
	defer s.db.Timed("estimate", time.Now(), &err)
	var wants []string
	var args []any
	tiers := map[int16]bool{}
	for _, f := range filters {
		c, err := where.Of(ask.Query{Filter: f.Canonical()}, s.db.SQLite())
		if err != nil {
			return 0, 0, err
		}
		if c.Nothing {
			continue
		}
		all := []string{"tier IN (?)"}
		args = append(args, bun.List(c.Tiers))
		for _, x := range c.All {
			all, args = append(all, x.SQL), append(args, x.Args...)
		}
		for _, t := range c.Tiers {
			tiers[t] = true
		}
		wants = append(wants, "("+strings.Join(all, " AND ")+")")
	}
	sampleHours = math.Inf(1)
	for t := range tiers {
		query := "SELECT COUNT(*), COALESCE(SUM(CASE WHEN " + strings.Join(wants, " OR ") + " THEN 1 ELSE 0 END), 0), " +
			"COALESCE(MIN(detected_at), 0) FROM (SELECT * FROM events WHERE tier = ? AND detected_at >= ? AND detected_at < ? " +
			"ORDER BY detected_at DESC, id DESC LIMIT ?) AS r"
		var n, hits int
		var oldest int64
		all := append(slices.Clone(args), t, now.Add(-within).UnixMilli(), now.UnixMilli(), mostSample)
		if err := s.db.NewRaw(query, all...).Scan(ctx, &n, &hits, &oldest); err != nil {
			return 0, 0, fmt.Errorf("estimate: %w", err)
		}
		if n == 0 {
			continue
		}
		from := now.Add(-within).UnixMilli()
		var before int
		if err := s.db.NewRaw("SELECT COUNT(*) FROM (SELECT 1 FROM events WHERE tier = ? AND detected_at < ? LIMIT 1) AS r", t, from).Scan(ctx, &before); err != nil {
			return 0, 0, fmt.Errorf("estimate: %w", err)
		}
		hours := within.Hours()
		if n == mostSample || before == 0 {
			hours = max(now.Sub(time.UnixMilli(oldest)).Hours(), 1.0/3600)
		}
		perHour += float64(hits) / hours
		sampleHours = min(sampleHours, hours)
	}
	if math.IsInf(sampleHours, 1) {
		return 0, 0, nil
	}
	return perHour, sampleHours, nil
}

// spread describes values; it sorts them.
func spread(values []float64) Spread {
	if len(values) == 0 {
		return Spread{}
	}
	slices.Sort(values)
	sum := 0.0
	for _, v := range values {
		sum += v
	}
	return Spread{
		N: len(values), Mean: sum / float64(len(values)),
		Median: quantile(values, 0.5), P10: quantile(values, 0.1), P90: quantile(values, 0.9),
	}
}

// quantile returns the value below which a share of sorted values lies, interpolated between neighbours.
func quantile(sorted []float64, share float64) float64 {
	at := share * float64(len(sorted)-1)
	i := int(at)
	if i+1 >= len(sorted) {
		return sorted[len(sorted)-1]
	}
	return sorted[i] + (at-float64(i))*(sorted[i+1]-sorted[i])
}
