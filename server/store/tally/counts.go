package tally

import (
	"context"
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

// PatternCount is how many events of a tier have a pattern.
type PatternCount struct {
	Tier    event.Tier
	Pattern string
	Count   int
}

// PatternCounts counts the patterns seen since a time, tier by tier and then by name. It reads an index entry for each
// event since then.
func (t *Tallies) PatternCounts(ctx context.Context, since time.Time) (counts []PatternCount, err error) {
	defer t.db.Timed("pattern_counts", time.Now(), &err)
	from := int64(-1 << 62)
	if !since.IsZero() {
		from = model.CeilMillis(since)
	}
	for _, tier := range event.Tiers() {
		n := len(counts)
		if err := countDetected(ctx, t.db, counting{tier, "pattern", nil, from, 1 << 62, 1 << 62}, func(pattern string, all, _ int) {
			counts = append(counts, PatternCount{Tier: tier, Pattern: pattern, Count: all})
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
func (t *Tallies) EstimatePerHour(ctx context.Context, filters []filter.Filter, now time.Time, within time.Duration) (perHour, sampleHours float64, err error) {
	if len(filters) == 0 || within <= 0 {
		return 0, 0, nil
	}
	defer t.db.Timed("estimate", time.Now(), &err)
	var wants []string
	var args []any
	tiers := map[int16]bool{}
	for _, f := range filters {
		c, err := where.Of(ask.Query{Filter: f.Canonical()}, t.db.SQLite())
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
		for _, tier := range c.Tiers {
			tiers[tier] = true
		}
		wants = append(wants, "("+strings.Join(all, " AND ")+")")
	}
	sampleHours = math.Inf(1)
	for tier := range tiers {
		query := "SELECT COUNT(*), COALESCE(SUM(CASE WHEN " + strings.Join(wants, " OR ") + " THEN 1 ELSE 0 END), 0), " +
			"COALESCE(MIN(detected_at), 0) FROM (SELECT * FROM events WHERE tier = ? AND detected_at >= ? AND detected_at < ? " +
			"ORDER BY detected_at DESC, id DESC LIMIT ?) AS r"
		var n, hits int
		var oldest int64
		all := append(slices.Clone(args), tier, now.Add(-within).UnixMilli(), now.UnixMilli(), mostSample)
		if err := t.db.NewRaw(query, all...).Scan(ctx, &n, &hits, &oldest); err != nil {
			return 0, 0, fmt.Errorf("estimate: %w", err)
		}
		if n == 0 {
			continue
		}
		from := now.Add(-within).UnixMilli()
		var before int
		if err := t.db.NewRaw("SELECT COUNT(*) FROM (SELECT 1 FROM events WHERE tier = ? AND detected_at < ? LIMIT 1) AS r", tier, from).Scan(ctx, &before); err != nil {
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
