package walk

import (
	"slices"
	"strconv"
	"strings"

	"github.com/uptrace/bun"
	"github.com/uptrace/bun/dialect"
)

// mostArms is how many queries are joined into one; SQLite allows 500.
const mostArms = 200

// arm makes the query of one stream from the values of its leading columns. Its rows are (k, id).
type arm func(sqlite bool, values []any) (sql string, args []any)

// Query returns the query for the hits of streams, which are at most 200 of Streams: (s, k, id), s being the number of the
// stream and k what the answer is sorted by.
func (w *Walk) Query(sqlite bool, streams [][]any) (string, []any) {
	tail := w.tail()
	if w.Ordered && len(w.Outer) > 0 {
		tail = "" // what each stream brought is counted
	}
	return join(sqlite, streams, w.arm, tail)
}

// isSQLite reports whether a database speaks SQLite's dialect; else it is PostgreSQL's.
func isSQLite(db bun.IDB) bool { return db.Dialect().Name() == dialect.SQLite }

// tail is what leaves the answer's first hits of a query that joins streams.
func (w *Walk) tail() string { return w.order("k") + " LIMIT " + strconv.Itoa(w.Limit) }

// order is the clause that sorts by a column and the id.
func (w *Walk) order(column string) string {
	if w.Down {
		return " ORDER BY " + column + " DESC, id DESC"
	}
	return " ORDER BY " + column + ", id"
}

// run returns the query for the rows of one stream that the index serves: columns, from, where.
func (w *Walk) run(sqlite bool, columns string, values []any) (string, []any) {
	var b strings.Builder
	b.WriteString("SELECT " + columns + " FROM events")
	if sqlite {
		b.WriteString(" INDEXED BY " + w.Index)
	}
	var args []any
	sep := " WHERE "
	for i, column := range w.Equal {
		b.WriteString(sep + column + " = ?")
		args, sep = append(args, values[i]), " AND "
	}
	for _, x := range w.Inner {
		b.WriteString(sep + x.SQL)
		args, sep = append(args, x.Args...), " AND "
	}
	return b.String(), args
}

// arm returns the query for the hits of one stream: (k, id), in order if p is ordered.
func (w *Walk) arm(sqlite bool, values []any) (string, []any) {
	if w.Ordered && len(w.Outer) == 0 {
		sql, args := w.run(sqlite, w.Sort+" AS k, id", values)
		return sql + w.order(w.Sort) + " LIMIT ?", append(args, w.wanted())
	}
	columns := []string{"id", w.Sort}
	for _, x := range w.Outer {
		columns = append(columns, x.Column)
	}
	slices.Sort(columns)
	columns = slices.Compact(columns)
	for i, column := range columns {
		if long := func(x Condition) bool { return x.Long && x.Column == column }; !sqlite && column != w.Sort && slices.ContainsFunc(w.Outer, long) {
			// PostgreSQL compares each value of a list with its statistics, a millisecond for 500, to plan what is planned
			// here already. It has none about an expression.
			columns[i] += " || '' AS " + column
		}
	}
	sql, args := w.run(sqlite, strings.Join(columns, ", "), values)
	if w.Ordered {
		sql += w.order(w.Sort)
	}
	sql, args = "SELECT "+w.Sort+" AS k, id FROM ("+sql+" LIMIT ?) AS r", append(args, w.share())
	where := make([]string, len(w.Outer))
	for i, x := range w.Outer {
		where[i] = x.SQL
		args = append(args, x.Args...)
	}
	if len(where) > 0 {
		sql += " WHERE " + strings.Join(where, " AND ")
	}
	if !w.Ordered || !sqlite { // SQLite would sort again what is sorted, and first read all of it
		sql += w.order(w.Sort)
	}
	return sql + " LIMIT ?", append(args, w.wanted())
}

// beyond returns the query that has a row if a stream is longer than its share.
func (w *Walk) beyond(sqlite bool, values []any) (string, []any) {
	sql, args := w.run(sqlite, "1 AS k, id", values)
	if w.Ordered {
		sql += w.order(w.Sort)
	}
	return sql + " LIMIT 1 OFFSET ?", append(args, w.share())
}

// join makes one query of a query for each stream. Its rows are (sqlite, k, id), s being the number of the stream; tail is
// appended.
func join(sqlite bool, streams [][]any, a arm, tail string) (string, []any) {
	if len(streams) == 1 {
		sql, args := a(sqlite, streams[0])
		return "SELECT 0 AS s, k, id FROM (" + sql + ") AS x" + tail, args
	}
	if !sqlite {
		return lateral(streams, a, tail)
	}
	var b strings.Builder
	var all []any
	for i, values := range streams {
		if i > 0 {
			b.WriteString(" UNION ALL ")
		}
		sql, args := a(sqlite, values)
		b.WriteString("SELECT " + strconv.Itoa(i) + " AS s, k, id FROM (" + sql + ") AS x")
		all = append(all, args...)
	}
	b.WriteString(tail)
	return b.String(), all
}

// lateral is join for PostgreSQL, which plans one query for all streams instead of one for each.
func lateral(streams [][]any, a arm, tail string) (string, []any) {
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
	sql, args := a(false, columns)
	b.WriteString(") AS v (" + strings.Join(names, ", ") + ") CROSS JOIN LATERAL (" + sql + ") AS x" + tail)
	return b.String(), append(all, args...)
}
