// Package tally counts stored events: how many there are, how many an hour will come, and how they did.
package tally

import (
	"context"
	"database/sql"
	"slices"

	"github.com/uptrace/bun"

	"tierboard/server/store/connect"
	"tierboard/server/store/outcome"
	"tierboard/shared/event"
)

// Tallies count what is in a database. Any number of goroutines may ask.
type Tallies struct {
	db     *connect.DB
	ledger *outcome.Ledger
}

// New returns the tallies of an open database, which the caller closes, with the ledger of the same.
func New(db *connect.DB, ledger *outcome.Ledger) *Tallies { return &Tallies{db, ledger} }

// snapshot runs do in a transaction that sees one instant.
func (t *Tallies) snapshot(ctx context.Context, do func(bun.Tx) error) error {
	return t.db.RunInTx(ctx, &sql.TxOptions{ReadOnly: true, Isolation: t.isolation()}, func(_ context.Context, tx bun.Tx) error { return do(tx) })
}

// isolation is what makes a transaction see one instant; SQLite's always does.
func (t *Tallies) isolation() sql.IsolationLevel {
	if !t.db.SQLite() {
		return sql.LevelRepeatableRead
	}
	return sql.LevelDefault
}

// counting says which of a tier's events are counted, and by which column.
type counting struct {
	tier     event.Tier
	by       string   // one of GroupColumns
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

// through names the index that SQLite has to use, which would now and then read a whole table instead.
func (t *Tallies) through(index string) string {
	if t.db.SQLite() {
		return "INDEXED BY " + index + " "
	}
	return ""
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
