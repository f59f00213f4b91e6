package tally

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/uptrace/bun"

	"tierboard/server/classify/found"
	"tierboard/server/store/model"
	"tierboard/server/store/outcome"
	"tierboard/shared/event"
)

// PerformanceQuery asks how events did.
type PerformanceQuery struct {
	Tiers    []event.Tier // empty means all three
	Patterns []string     // empty means all
	// GroupBy is what each tier is divided by: pattern, symbol, timeframe, direction, session or priority; empty means pattern.
	GroupBy string
	// Since (inclusive) and Until (exclusive) bound the detection time; zero means no bound.
	Since, Until time.Time
	// Horizon is found.Day1, Day5 or Day30.
	Horizon int
	// Now is when pending is judged; zero means the time of the call.
	Now time.Time
}

// Tally counts how a group of events did. Detected is always Resolved + Pending + Excluded.
type Tally struct {
	Detected  int
	Resolved  int // with a verdict
	Pending   int // without, and it may still come
	Excluded  int // without, and overdue: it is not expected any more
	Successes int
	Returns   Spread // percent, of the resolved ones that have one
}

// Spread describes a distribution; all zero if N is.
type Spread struct {
	N                      int
	Mean, Median, P10, P90 float64
}

// Bucket compares the detector's confidence with what happened. It holds confidences from Low up to, but not including,
// High; the last one includes 1.
type Bucket struct {
	Low, High      float64
	N, Successes   int
	MeanConfidence float64
}

// GroupPerformance is how the events of one group did: of one pattern, or of one value of what PerformanceQuery.GroupBy names.
type GroupPerformance struct {
	Value string
	Tally
}

// GroupColumns are what events can be divided by.
func GroupColumns() []string {
	return []string{"pattern", "symbol", "timeframe", "direction", "session", "priority"}
}

// TierPerformance is how the events of one tier did.
type TierPerformance struct {
	Tier event.Tier
	Tally
	Calibration []Bucket           // only buckets that have events
	Groups      []GroupPerformance // by value
}

// overdue is how long after the detection an outcome is still expected, by horizon: the horizon, and the days on which the
// market is closed, and some for the producer.
func overdue(horizon int) time.Duration {
	const day = 24 * time.Hour
	return [3]time.Duration{found.Day1: 5 * day, found.Day5: 12 * day, found.Day30: 40 * day}[horizon]
}

// Performance returns how stored events did, tier by tier in the order of the board, and how many outcomes belong to no
// event. Only events that are still stored count. It reads an index entry for each event of the time asked for, some 2
// million a second: whoever is asked often keeps the answer for a minute.
func (t *Tallies) Performance(ctx context.Context, q PerformanceQuery) (tiers []TierPerformance, unmatched int, err error) {
	if q.Horizon < found.Day1 || q.Horizon > found.Day30 {
		return nil, 0, &model.Error{Field: "horizon", Problem: "must be 1d, 5d or 30d"}
	}
	if q.GroupBy == "" {
		q.GroupBy = "pattern"
	}
	if !slices.Contains(GroupColumns(), q.GroupBy) {
		return nil, 0, &model.Error{Field: "group_by", Problem: "must be one of " + strings.Join(GroupColumns(), ", ")}
	}
	if q.Now.IsZero() {
		q.Now = time.Now()
	}
	defer t.db.Timed("performance", time.Now(), &err)
	for _, tier := range event.Tiers() {
		if len(q.Tiers) > 0 && !slices.Contains(q.Tiers, tier) {
			continue
		}
		p, err := t.tierPerformance(ctx, q, tier)
		if err != nil {
			return nil, 0, fmt.Errorf("performance of %s: %w", tier, err)
		}
		tiers = append(tiers, p)
	}
	unmatched, err = t.ledger.Unmatched(ctx)
	return tiers, unmatched, err
}

// group is what is counted of one pattern.
type group struct {
	detected, young         int // young: too young to be overdue
	resolved, youngResolved int
	successes               int
	returns                 []float64
}

// tally turns the counts into an answer.
func (g *group) tally() Tally {
	return Tally{
		Detected: g.detected, Resolved: g.resolved, Pending: g.young - g.youngResolved,
		Excluded: g.detected - g.young - (g.resolved - g.youngResolved), Successes: g.successes, Returns: spread(g.returns),
	}
}

// add counts what is in o.
func (g *group) add(o *group) {
	g.detected += o.detected
	g.young += o.young
	g.resolved += o.resolved
	g.youngResolved += o.youngResolved
	g.successes += o.successes
	g.returns = append(g.returns, o.returns...)
}

// tierPerformance is Performance for one tier. Both counts are of one instant.
func (t *Tallies) tierPerformance(ctx context.Context, q PerformanceQuery, tier event.Tier) (TierPerformance, error) {
	from, to := int64(-1<<62), int64(1<<62)
	if !q.Since.IsZero() {
		from = model.CeilMillis(q.Since)
	}
	if !q.Until.IsZero() {
		to = model.CeilMillis(q.Until)
	}
	young := q.Now.Add(-overdue(q.Horizon)).UnixMilli()
	groups := map[string]*group{}
	sums := [10]struct {
		n, successes int
		confidence   float64
	}{}
	err := t.snapshot(ctx, func(tx bun.Tx) error {
		if err := countDetected(ctx, tx, counting{tier, q.GroupBy, q.Patterns, from, to, young}, func(value string, detected, young int) {
			groups[value] = &group{detected: detected, young: young}
		}); err != nil {
			return err
		}
		h := found.HorizonNames()[q.Horizon]
		query := "SELECT e." + q.GroupBy + ", e.direction, e.confidence, e.detected_at, o.value_" + h + ", o.success_" + h +
			" FROM outcomes AS o " + t.through("outcomes_detected") + "JOIN events AS e ON e.id = o.event_id WHERE o.detected_at >= ? AND o.detected_at < ? AND e.tier = ?" +
			" AND e.detected_at >= ? AND e.detected_at < ?"
		args := []any{from, to, int16(tier), from, to}
		if len(q.Patterns) > 0 {
			query, args = query+" AND e.pattern IN (?)", append(args, bun.List(q.Patterns))
		}
		rows, err := tx.QueryContext(ctx, query, args...)
		if err != nil {
			return err
		}
		defer rows.Close() //nolint:errcheck // Err tells
		for rows.Next() {
			var named, direction string
			var confidence float64
			var detected int64
			var value *float64
			var success *int16
			if err := rows.Scan(&named, &direction, &confidence, &detected, &value, &success); err != nil {
				return err
			}
			g := groups[named]
			ok, known := outcome.Verdict(value, success, direction)
			if g == nil || !known {
				continue
			}
			b := &sums[min(int(confidence*10), 9)]
			b.n++
			b.confidence += confidence
			g.resolved++
			if detected > young {
				g.youngResolved++
			}
			if ok {
				g.successes++
				b.successes++
			}
			if value != nil {
				g.returns = append(g.returns, *value*100)
			}
		}
		return rows.Err()
	})
	if err != nil {
		return TierPerformance{}, err
	}
	p := TierPerformance{Tier: tier}
	var all group
	for value, g := range groups {
		all.add(g)
		if q.GroupBy == "priority" { // stored as a number
			n, err := strconv.ParseUint(value, 10, 8)
			if err != nil {
				return TierPerformance{}, err
			}
			value = event.Priority(n).String()
		}
		p.Groups = append(p.Groups, GroupPerformance{Value: value, Tally: g.tally()})
	}
	slices.SortFunc(p.Groups, func(a, b GroupPerformance) int { return cmp.Compare(a.Value, b.Value) })
	p.Tally = all.tally()
	for i, b := range sums {
		if b.n > 0 {
			p.Calibration = append(p.Calibration, Bucket{
				Low: float64(i) / 10, High: float64(i+1) / 10, N: b.n, Successes: b.successes, MeanConfidence: b.confidence / float64(b.n),
			})
		}
	}
	return p, nil
}
