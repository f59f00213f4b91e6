package store

import (
	"context"
	"slices"
	"strconv"
	"strings"

	"github.com/uptrace/bun"
)

// mostArms is how many queries are joined into one; SQLite allows 500.
const mostArms = 200

// Streams that share a page: from how many on each is first asked for a part, and how many hits that is at least. Fewer ones
// are asked for a whole page each, as one of them is likely to have most of it.
const (
	partsFrom = 8
	leastPart = 4
)

// arm makes the query of one stream from the values of its leading columns. Its rows are (k, id).
type arm func(s *Store, values []any) (sql string, args []any)

// walk follows a plan. It returns the hits in the answer's order, at most p.limit, and whether they are all that
// there are.
func (s *Store) walk(ctx context.Context, p plan) (hits []hit, complete bool, err error) {
	if len(p.streams) == 0 {
		return nil, true, nil
	}
	if p.ordered && len(p.outer) == 0 {
		hits, err = s.merge(ctx, p)
		return hits, true, err
	}
	if !p.ordered {
		if more, err := s.any(ctx, p.streams, p.beyond); err != nil || more {
			return nil, false, err
		}
		hits, _, err = s.collect(ctx, p, p.tail())
		return hits, true, err
	}
	hits, counts, err := s.collect(ctx, p, "")
	if err != nil {
		return nil, false, err
	}
	// A stream that brought fewer hits than asked for may have more behind the rows that were looked at.
	var short [][]any
	for i, n := range counts {
		if n < p.limit {
			short = append(short, p.streams[i])
		}
	}
	full := p
	full.budget = p.share() * max(len(short), 1) // the same share for each
	full.streams = short
	more, err := s.any(ctx, short, full.beyond)
	return hits, !more, err
}

// merge follows a plan whose streams hold nothing but hits, in order. Each of many streams is first asked for its part of the
// page only: ten symbols have a page of a hundred in 240 rows, where a hundred of each would be 1,000, and PostgreSQL has to fetch
// every one that came since its last vacuum. Those few that have all of their part on the page are asked again for a whole one.
func (s *Store) merge(ctx context.Context, p plan) ([]hit, error) {
	first := p
	if n := len(p.streams); n >= partsFrom {
		first.part = min(p.limit, 2*p.limit/n+leastPart)
	}
	hits, _, err := s.collect(ctx, first, p.tail())
	if err != nil || first.part == p.limit {
		return hits, err
	}
	onPage := make([]int, len(p.streams))
	for _, h := range hits {
		onPage[h.stream]++
	}
	busy := p
	busy.streams = nil
	for i, n := range onPage {
		if n == first.part {
			busy.streams = append(busy.streams, p.streams[i])
		}
	}
	if len(busy.streams) == 0 {
		return hits, nil
	}
	hits = slices.DeleteFunc(hits, func(h hit) bool { return onPage[h.stream] == first.part })
	more, _, err := s.collect(ctx, busy, p.tail())
	return p.sorted(append(hits, more...)), err
}

// collect runs the queries of all streams, with tail behind each query that joins some of them. It returns the hits in the
// answer's order, at most p.limit, and how many each stream brought.
func (s *Store) collect(ctx context.Context, p plan, tail string) (hits []hit, counts []int, err error) {
	counts = make([]int, len(p.streams))
	for from := 0; from < len(p.streams); from += mostArms {
		upTo := min(from+mostArms, len(p.streams))
		sql, args := s.join(p.streams[from:upTo], p.arm, tail)
		if err := s.each(ctx, sql, args, func(stream int, h hit) {
			h.stream = from + stream
			counts[h.stream]++
			hits = append(hits, h)
		}); err != nil {
			return nil, nil, err
		}
	}
	return p.sorted(hits), counts, nil
}

// any reports whether the query of one of the streams has a row.
func (s *Store) any(ctx context.Context, streams [][]any, a arm) (found bool, err error) {
	for chunk := range slices.Chunk(streams, mostArms) {
		sql, args := s.join(chunk, a, " LIMIT 1")
		if err := s.each(ctx, sql, args, func(int, hit) { found = true }); err != nil || found {
			return found, err
		}
	}
	return false, nil
}

// each runs a query for (s, k, id).
func (s *Store) each(ctx context.Context, sql string, args []any, do func(stream int, h hit)) error {
	rows, err := s.db.QueryContext(ctx, sql, args...)
	if err != nil {
		return err
	}
	defer rows.Close() //nolint:errcheck // Err tells
	for rows.Next() {
		var stream int
		var h hit
		if err := rows.Scan(&stream, &h.key, &h.id); err != nil {
			return err
		}
		do(stream, h)
	}
	return rows.Err()
}

// join makes one query of a query for each stream. Its rows are (s, k, id), s being the number of the stream; tail is
// appended.
func (s *Store) join(streams [][]any, a arm, tail string) (string, []any) {
	if len(streams) == 1 {
		sql, args := a(s, streams[0])
		return "SELECT 0 AS s, k, id FROM (" + sql + ") AS x" + tail, args
	}
	if !s.db.SQLite() {
		return lateral(s, streams, a, tail)
	}
	var b strings.Builder
	var all []any
	for i, values := range streams {
		if i > 0 {
			b.WriteString(" UNION ALL ")
		}
		sql, args := a(s, values)
		b.WriteString("SELECT " + strconv.Itoa(i) + " AS s, k, id FROM (" + sql + ") AS x")
		all = append(all, args...)
	}
	b.WriteString(tail)
	return b.String(), all
}

// lateral is join for PostgreSQL, which plans one query for all streams instead of one for each.
func lateral(s *Store, streams [][]any, a arm, tail string) (string, []any) {
	var b strings.Builder
	var all []any
	b.WriteString("SELECT v.s AS s, x.k AS k, x.id AS id FROM (VALUES ")
	columns := []any{}
	names := []string{"s"}
	for i := range streams[0] {
		name := "c" + strconv.Itoa(i)
		names = append(names, name)
		columns = append(columns, bun.Safe("v."+name))
	}
	for i, values := range streams {
		if i > 0 {
			b.WriteString(", ")
		}
		b.WriteString("(" + strconv.Itoa(i))
		for _, v := range values {
			b.WriteString(", ?")
			all = append(all, v)
		}
		b.WriteString(")")
	}
	sql, args := a(s, columns)
	b.WriteString(") AS v (" + strings.Join(names, ", ") + ") CROSS JOIN LATERAL (" + sql + ") AS x" + tail)
	return b.String(), append(all, args...)
}
