package walk

import (
	"context"
	"slices"

	"github.com/uptrace/bun"
)

// Streams that share a page: from how many on each is first asked for a part, and how many hits that is at least. Fewer ones
// are asked for a whole page each, as one of them is likely to have most of it.
const (
	partsFrom = 8
	leastPart = 4
)

// Follow returns the hits in the answer's order, at most Limit, and whether they are all that there are. A walk without streams
// has none.
func (w Walk) Follow(ctx context.Context, db bun.IDB) (hits []Hit, complete bool, err error) {
	if len(w.Streams) == 0 {
		return nil, true, nil
	}
	if w.Ordered && len(w.Outer) == 0 {
		hits, err = w.merge(ctx, db)
		return hits, true, err
	}
	if !w.Ordered {
		if more, err := anyRow(ctx, db, w.Streams, w.beyond); err != nil || more {
			return nil, false, err
		}
		hits, _, err = w.collect(ctx, db)
		return hits, true, err
	}
	hits, counts, err := w.collect(ctx, db)
	if err != nil {
		return nil, false, err
	}
	// A stream that brought fewer hits than asked for may have more behind the rows that were looked at.
	var short [][]any
	for i, n := range counts {
		if n < w.Limit {
			short = append(short, w.Streams[i])
		}
	}
	full := w
	full.Budget = w.share() * max(len(short), 1) // the same share for each
	full.Streams = short
	more, err := anyRow(ctx, db, short, full.beyond)
	return hits, !more, err
}

// merge follows a walk whose streams hold nothing but hits, in order. Each of many streams is first asked for its part of the
// page only: ten symbols have a page of a hundred in 240 rows, where a hundred of each would be 1,000, and PostgreSQL has to fetch
// every one that came since its last vacuum. Those few that have all of their part on the page are asked again for a whole one.
func (w *Walk) merge(ctx context.Context, db bun.IDB) ([]Hit, error) {
	first := *w
	first.part = w.Limit
	if n := len(w.Streams); n >= partsFrom {
		first.part = min(w.Limit, 2*w.Limit/n+leastPart)
	}
	hits, _, err := first.collect(ctx, db)
	if err != nil || first.part == w.Limit {
		return hits, err
	}
	onPage := make([]int, len(w.Streams))
	for _, h := range hits {
		onPage[h.stream]++
	}
	busy := *w
	busy.Streams = nil
	for i, n := range onPage {
		if n == first.part {
			busy.Streams = append(busy.Streams, w.Streams[i])
		}
	}
	if len(busy.Streams) == 0 {
		return hits, nil
	}
	hits = slices.DeleteFunc(hits, func(h Hit) bool { return onPage[h.stream] == first.part })
	more, _, err := busy.collect(ctx, db)
	return w.sorted(append(hits, more...)), err
}

// collect runs the queries of all streams. It returns the hits in the answer's order, at most w.Limit, and how many each stream
// brought.
func (w *Walk) collect(ctx context.Context, db bun.IDB) (hits []Hit, counts []int, err error) {
	counts = make([]int, len(w.Streams))
	for from := 0; from < len(w.Streams); from += mostArms {
		upTo := min(from+mostArms, len(w.Streams))
		sql, args := w.Query(isSQLite(db), w.Streams[from:upTo])
		if err := each(ctx, db, sql, args, func(stream int, h Hit) {
			h.stream = from + stream
			counts[h.stream]++
			hits = append(hits, h)
		}); err != nil {
			return nil, nil, err
		}
	}
	return w.sorted(hits), counts, nil
}

// anyRow reports whether the query of one of the streams has a row.
func anyRow(ctx context.Context, db bun.IDB, streams [][]any, a arm) (found bool, err error) {
	for chunk := range slices.Chunk(streams, mostArms) {
		sql, args := join(isSQLite(db), chunk, a, " LIMIT 1")
		if err := each(ctx, db, sql, args, func(int, Hit) { found = true }); err != nil || found {
			return found, err
		}
	}
	return false, nil
}

// each runs a query for (s, k, id).
func each(ctx context.Context, db bun.IDB, sql string, args []any, do func(stream int, h Hit)) error {
	rows, err := db.QueryContext(ctx, sql, args...)
	if err != nil {
		return err
	}
	defer rows.Close() //nolint:errcheck // Err tells
	for rows.Next() {
		var stream int
		var h Hit
		if err := rows.Scan(&stream, &h.Key, &h.ID); err != nil {
			return err
		}
		do(stream, h)
	}
	return rows.Err()
}
