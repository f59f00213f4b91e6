// Package plan picks the indexes that may answer a question, as the two databases' planners cannot be trusted with it, and says
// how far each is followed.
package plan

import (
	"slices"

	"github.com/uptrace/bun"

	"tierboard/server/store/ask"
	"tierboard/server/store/walk"
	"tierboard/server/store/where"
	"tierboard/shared/event"
)

// Bounds on how many rows a plan looks at. They are what keeps every answer below 50 ms on a busy machine.
const (
	glance    = 4_000  // before something better is tried
	narrow    = 8_000  // when each row has to be fetched
	wideScan  = 50_000 // when the index has all that is looked at
	mostRuns  = 128    // streams of a plan that filters further
	mostMerge = 60_000 // hits merged from streams that need no filter
)

// For returns the ways to answer a question, the one that is best to try first at the front.
func For(q ask.Query, c where.Conditions, sqlite bool) []walk.Walk {
	column, down := q.Sort.Column()
	b := planner{sqlite: sqlite, c: c, base: walk.Walk{Sort: column, Down: down, Limit: q.Limit + 1}}
	if c.Nothing {
		return []walk.Walk{b.base}
	}
	if c.Has("updated_at") {
		b.gather(where.ByUpdate, nil, "updated_at", [][]any{{}})
	}
	tiers := cross(c.Tiers, []any{})
	symbols, patterns := cross(c.Tiers, c.Symbols), cross(c.Tiers, c.Patterns)
	if column == "detected_at" {
		b.byDetection(q, tiers, symbols, patterns)
		return b.plans
	}
	if n := len(symbols); len(c.Symbols) > 0 && n <= mostRuns {
		b.gather(where.BySymbol, []string{"tier", "symbol"}, "detected_at", symbols)
	}
	if q.SessionDate != "" {
		b.gather(where.BySession, []string{"tier", "session_date"}, "detected_at", cross(c.Tiers, []string{q.SessionDate}))
	}
	if c.Has("detected_at") {
		b.gather(where.ByTime, []string{"tier"}, "detected_at", tiers)
	}
	if q.Status == ask.Active {
		b.gather(where.ByExpiry, []string{"tier"}, "expires_at", tiers)
	}
	index := map[string]string{"confidence": where.ByConfidence, "symbol": where.BySymbol, "expires_at": where.ByExpiry}[column]
	b.walk(index, []string{"tier"}, column, tiers, narrow)
	if n := len(patterns); len(c.Patterns) > 0 && n <= mostRuns {
		b.gather(where.ByPattern, []string{"tier", "pattern"}, "detected_at", patterns)
	}
	return b.plans
}

// planner collects plans.
type planner struct {
	sqlite bool
	c      where.Conditions
	base   walk.Walk
	plans  []walk.Walk
}

// byDetection adds the plans of the orders by detection time, which most indexes have.
func (b *planner) byDetection(q ask.Query, tiers, symbols, patterns [][]any) {
	const key = "detected_at"
	few := len(b.c.Symbols) > 0 && len(symbols) <= mostRuns
	switch {
	case few:
		b.walk(where.BySymbol, []string{"tier", "symbol"}, key, symbols, narrow)
	case q.SessionDate != "":
		b.walk(where.BySession, []string{"tier", "session_date"}, key, cross(b.c.Tiers, []string{q.SessionDate}), narrow)
	case len(b.c.Patterns) > 0 && len(patterns) <= mostRuns:
		b.walk(where.ByPattern, []string{"tier", "pattern"}, key, patterns, narrow)
	case b.c.Band > event.Low:
		var bands []int16
		for p := b.c.Band; p <= event.Critical; p++ {
			bands = append(bands, int16(p))
		}
		b.walk(where.ByBand, []string{"tier", "band"}, key, cross(b.c.Tiers, bands), narrow)
	}
	if len(b.c.Symbols) > 0 && !few {
		// So many symbols that the newest rows are likely to have a page of them.
		b.walk(where.ByTime, []string{"tier"}, key, tiers, glance)
		if len(symbols)*b.base.Limit <= mostMerge {
			b.walk(where.BySymbol, []string{"tier", "symbol"}, key, symbols, wideScan)
		}
	}
	if q.Status == ask.Active {
		b.walk(where.ByTime, []string{"tier"}, key, tiers, glance)
		b.gather(where.ByExpiry, []string{"tier"}, "expires_at", tiers)
	}
	b.walk(where.ByTime, []string{"tier"}, key, tiers, wideScan)
}

// walk adds a plan that follows an index in the answer's order.
func (b *planner) walk(index string, equal []string, key string, streams [][]any, budget int) {
	b.add(index, equal, key, streams, budget, true)
}

// gather adds a plan that takes all of a small part of an index and sorts it.
func (b *planner) gather(index string, equal []string, key string, streams [][]any) {
	b.add(index, equal, key, streams, narrow, false)
}

// add adds a plan. What the index serves is told apart from what is looked at row by row.
func (b *planner) add(index string, equal []string, key string, streams [][]any, budget int, ordered bool) {
	p := b.base
	p.Index, p.Equal, p.Streams, p.Ordered, p.Budget = index, equal, streams, ordered, budget
	for _, x := range b.c.All {
		switch {
		case x.Index == index && slices.Contains(equal, x.Column):
		case x.Range && x.Column == key:
			p.Inner = append(p.Inner, x)
		default:
			p.Outer = append(p.Outer, x)
		}
	}
	if !slices.Contains(equal, "tier") && len(b.c.Tiers) < 4 {
		p.Outer = append(p.Outer, walk.Condition{Column: "tier", SQL: "tier IN (?)", Args: []any{bun.List(b.c.Tiers)}})
	}
	if b.sqlite && (index != where.ByTime || slices.ContainsFunc(p.Outer, uncovered)) {
		p.Budget = min(p.Budget, narrow)
	}
	b.plans = append(b.plans, p)
}

// uncovered reports whether a restriction looks at a column that SQLite's index over time does not hold.
func uncovered(x walk.Condition) bool { return x.Column == "facets" || x.Column == "updated_at" }

// cross pairs each tier with each value; without values the tiers stand alone.
func cross[T any](tiers []int16, values []T) [][]any {
	out := make([][]any, 0, len(tiers)*max(len(values), 1))
	for _, t := range tiers {
		if len(values) == 0 {
			out = append(out, []any{t})
		}
		for _, v := range values {
			out = append(out, []any{t, v})
		}
	}
	return out
}
