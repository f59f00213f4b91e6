package store

import (
	"slices"
	"strconv"
	"strings"

	"github.com/uptrace/bun"

	"tierboard/shared/event"
)

// The indexes that plans walk; the migrations make them.
const (
	byTime       = "events_time"
	bySymbol     = "events_symbol"
	byPattern    = "events_pattern"
	byBand       = "events_band"
	bySession    = "events_session"
	byConfidence = "events_confidence"
	byExpiry     = "events_expires"
	byUpdate     = "events_updated"
)

// Bounds on how many rows a plan looks at. They are what keeps every answer below 50 ms on a busy machine.
const (
	glance    = 4_000  // before something better is tried
	narrow    = 8_000  // when each row has to be fetched
	wideScan  = 50_000 // when the index has all that is looked at
	mostRuns  = 128    // streams of a plan that filters further
	mostMerge = 60_000 // hits merged from streams that need no filter
)

// plan is one way to find a page: it walks an index along a number of streams, each a run of rows with equal leading
// columns, and looks at the other restrictions on the way.
type plan struct {
	index   string
	equal   []string // the leading columns
	streams [][]any  // their values, one entry a stream
	key     string   // the column that follows
	sort    string   // what the answer is sorted by
	down    bool
	ordered bool // the index has the answer's order; else each stream is gathered whole and sorted
	budget  int  // rows looked at, over all streams
	limit   int  // hits wanted
	part    int  // hits wanted of each stream, at most limit

	inner, outer []condition // served by the index; looked at row by row
}

// plans returns the ways to answer a question, the one that is best to try first at the front.
func (s *Store) plans(q Query, c conditions) []plan {
	column, down := q.Sort.column()
	b := planner{store: s, c: c, base: plan{sort: column, down: down, limit: q.Limit + 1, part: q.Limit + 1}}
	if c.nothing {
		return []plan{b.base}
	}
	if c.has("updated_at") {
		b.gather(byUpdate, nil, "updated_at", [][]any{{}})
	}
	tiers := cross(c.tiers, []any{})
	symbols, patterns := cross(c.tiers, c.symbols), cross(c.tiers, c.patterns)
	if column == "detected_at" {
		b.byDetection(q, tiers, symbols, patterns)
		return b.plans
	}
	if n := len(symbols); len(c.symbols) > 0 && n <= mostRuns {
		b.gather(bySymbol, []string{"tier", "symbol"}, "detected_at", symbols)
	}
	if q.SessionDate != "" {
		b.gather(bySession, []string{"tier", "session_date"}, "detected_at", cross(c.tiers, []string{q.SessionDate}))
	}
	if c.has("detected_at") {
		b.gather(byTime, []string{"tier"}, "detected_at", tiers)
	}
	if q.Status == Active {
		b.gather(byExpiry, []string{"tier"}, "expires_at", tiers)
	}
	index := map[string]string{"confidence": byConfidence, "symbol": bySymbol, "expires_at": byExpiry}[column]
	b.walk(index, []string{"tier"}, column, tiers, narrow)
	if n := len(patterns); len(c.patterns) > 0 && n <= mostRuns {
		b.gather(byPattern, []string{"tier", "pattern"}, "detected_at", patterns)
	}
	return b.plans
}

// planner collects plans.
type planner struct {
	store *Store
	c     conditions
	base  plan
	plans []plan
}

// byDetection adds the plans of the orders by detection time, which most indexes have.
func (b *planner) byDetection(q Query, tiers, symbols, patterns [][]any) {
	const key = "detected_at"
	few := len(b.c.symbols) > 0 && len(symbols) <= mostRuns
	switch {
	case few:
		b.walk(bySymbol, []string{"tier", "symbol"}, key, symbols, narrow)
	case q.SessionDate != "":
		b.walk(bySession, []string{"tier", "session_date"}, key, cross(b.c.tiers, []string{q.SessionDate}), narrow)
	case len(b.c.patterns) > 0 && len(patterns) <= mostRuns:
		b.walk(byPattern, []string{"tier", "pattern"}, key, patterns, narrow)
	case b.c.band > event.Low:
		var bands []int16
		for p := b.c.band; p <= event.Critical; p++ {
			bands = append(bands, int16(p))
		}
		b.walk(byBand, []string{"tier", "band"}, key, cross(b.c.tiers, bands), narrow)
	}
	if len(b.c.symbols) > 0 && !few {
		// So many symbols that the newest rows are likely to have a page of them.
		b.walk(byTime, []string{"tier"}, key, tiers, glance)
		if len(symbols)*b.base.limit <= mostMerge {
			b.walk(bySymbol, []string{"tier", "symbol"}, key, symbols, wideScan)
		}
	}
	if q.Status == Active {
		b.walk(byTime, []string{"tier"}, key, tiers, glance)
		b.gather(byExpiry, []string{"tier"}, "expires_at", tiers)
	}
	b.walk(byTime, []string{"tier"}, key, tiers, wideScan)
}

// walk adds a plan that follows an index in the answer's order.
func (b *planner) walk(index string, equal []string, key string, streams [][]any, budget int) {
	b.add(index, equal, key, streams, budget, true)
}

// gather adds a plan that takes all of a small part of an index and sorts it.
func (b *planner) gather(index string, equal []string, key string, streams [][]any) {
	b.add(index, equal, key, streams, narrow, false)
}

func (b *planner) add(index string, equal []string, key string, streams [][]any, budget int, ordered bool) {
	p := b.base
	p.index, p.equal, p.key, p.streams, p.ordered, p.budget = index, equal, key, streams, ordered, budget
	for _, x := range b.c.all {
		switch {
		case x.index == index && slices.Contains(equal, x.column):
		case x.rng && x.column == key:
			p.inner = append(p.inner, x)
		default:
			p.outer = append(p.outer, x)
		}
	}
	if !slices.Contains(equal, "tier") && len(b.c.tiers) < 4 {
		p.outer = append(p.outer, condition{column: "tier", sql: "tier IN (?)", args: []any{bun.List(b.c.tiers)}})
	}
	if b.store.db.SQLite() && (index != byTime || slices.ContainsFunc(p.outer, uncovered)) {
		p.budget = min(p.budget, narrow)
	}
	b.plans = append(b.plans, p)
}

// uncovered reports whether a restriction looks at a column that SQLite's index over time does not hold.
func uncovered(x condition) bool { return x.column == "facets" || x.column == "updated_at" }

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

// share is how many rows may be looked at in one stream.
func (p *plan) share() int { return max(p.budget/max(len(p.streams), 1), 50) }

// sorted puts hits into the answer's order and leaves at most p.limit of them.
func (p *plan) sorted(hits []hit) []hit {
	slices.SortFunc(hits, func(a, b hit) int {
		if p.down {
			return compareHits(b, a)
		}
		return compareHits(a, b)
	})
	return hits[:min(len(hits), p.limit)]
}

// tail is what leaves the answer's first hits of a query that joins streams.
func (p *plan) tail() string { return p.order("k") + " LIMIT " + strconv.Itoa(p.limit) }

// order is the clause that sorts by a column and the id.
func (p *plan) order(column string) string {
	if p.down {
		return " ORDER BY " + column + " DESC, id DESC"
	}
	return " ORDER BY " + column + ", id"
}

// run returns the query for the rows of one stream that the index serves: columns, from, where.
func (p *plan) run(s *Store, columns string, values []any) (string, []any) {
	var b strings.Builder
	b.WriteString("SELECT " + columns + " FROM events")
	if s.db.SQLite() {
		b.WriteString(" INDEXED BY " + p.index)
	}
	var args []any
	sep := " WHERE "
	for i, column := range p.equal {
		b.WriteString(sep + column + " = ?")
		args, sep = append(args, values[i]), " AND "
	}
	for _, x := range p.inner {
		b.WriteString(sep + x.sql)
		args, sep = append(args, x.args...), " AND "
	}
	return b.String(), args
}

// arm returns the query for the hits of one stream: (k, id), in order if p is ordered.
func (p *plan) arm(s *Store, values []any) (string, []any) {
	if p.ordered && len(p.outer) == 0 {
		sql, args := p.run(s, p.sort+" AS k, id", values)
		return sql + p.order(p.sort) + " LIMIT ?", append(args, p.part)
	}
	columns := []string{"id", p.sort}
	for _, x := range p.outer {
		columns = append(columns, x.column)
	}
	slices.Sort(columns)
	columns = slices.Compact(columns)
	for i, column := range columns {
		if long := func(x condition) bool { return x.long && x.column == column }; !s.db.SQLite() && column != p.sort && slices.ContainsFunc(p.outer, long) {
			// PostgreSQL compares each value of a list with its statistics, a millisecond for 500, to plan what is planned
			// here already. It has none about an expression.
			columns[i] += " || '' AS " + column
		}
	}
	sql, args := p.run(s, strings.Join(columns, ", "), values)
	if p.ordered {
		sql += p.order(p.sort)
	}
	sql, args = "SELECT "+p.sort+" AS k, id FROM ("+sql+" LIMIT ?) AS r", append(args, p.share())
	where := make([]string, len(p.outer))
	for i, x := range p.outer {
		where[i] = x.sql
		args = append(args, x.args...)
	}
	if len(where) > 0 {
		sql += " WHERE " + strings.Join(where, " AND ")
	}
	if !p.ordered || !s.db.SQLite() { // SQLite would sort again what is sorted, and first read all of it
		sql += p.order(p.sort)
	}
	return s.positionOf(sql) + " LIMIT ?", append(args, p.part)
}

// beyond returns the query that has a row if a stream is longer than its share.
func (p *plan) beyond(s *Store, values []any) (string, []any) {
	sql, args := p.run(s, "1 AS k, id", values)
	if p.ordered {
		sql += p.order(p.sort)
	}
	return sql + " LIMIT 1 OFFSET ?", append(args, p.share())
}
