package list

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"tierboard/server/store/ask"
	"tierboard/server/store/model"
	"tierboard/server/store/where"
	"tierboard/shared/event"
)

// step is how many rows a long walk looks at in one query. Between two queries it holds nothing, so that a slow reader does
// not keep the database from cleaning up.
const step = 1000

// Each calls take for every event that matches, tier by tier and within a tier from the oldest detection on, in constant
// memory and without a bound on how many rows are looked at. It stops at the first error of take and returns it.
// Sort, After and Limit of the question are ignored. Events stored meanwhile may or may not come.
func (l *List) Each(ctx context.Context, q ask.Query, take func(Row) error) (err error) {
	q.Sort, q.After, q.Limit = ask.OldestFirst, nil, 0
	if q, err = q.Normal(); err != nil {
		return err
	}
	c, err := where.Of(q, l.db.SQLite())
	if err != nil || c.Nothing {
		return err
	}
	defer l.db.Timed("each", time.Now(), &err)
	for _, tier := range c.Tiers {
		if err := l.eachOfTier(ctx, c, tier, take); err != nil {
			return err
		}
	}
	return nil
}

// eachOfTier is Each for one tier.
func (l *List) eachOfTier(ctx context.Context, c where.Conditions, tier int16, take func(Row) error) error {
	var inner, outer []string
	var innerArgs, outerArgs []any
	for _, x := range c.All {
		if x.Range && x.Column == "detected_at" {
			inner, innerArgs = append(inner, x.SQL), append(innerArgs, x.Args...)
		} else {
			outer, outerArgs = append(outer, x.SQL), append(outerArgs, x.Args...)
		}
	}
	match := "1 = 1"
	if len(outer) > 0 {
		match = strings.Join(outer, " AND ")
	}
	where := strings.Join(append([]string{"tier = ?"}, append(inner, "(detected_at, id) > (?, ?)")...), " AND ")
	// The body of what does not match is not even read.
	sql := "SELECT id, detected_at, expires_at, updated_at, CASE WHEN " + match + " THEN body END FROM events WHERE " + where +
		" ORDER BY detected_at, id LIMIT ?"
	at, id := int64(-1<<62), ""
	for {
		args := slices.Concat(outerArgs, []any{tier}, innerArgs, []any{at, id, step})
		n, err := l.stepOf(ctx, sql, args, func(r Row, detected int64) error {
			at, id = detected, r.ID
			if r.Body == nil {
				return nil
			}
			return take(r)
		})
		if err != nil || n < step {
			return err
		}
	}
}

// stepOf runs one query of a long walk and reports how many rows it had.
func (l *List) stepOf(ctx context.Context, sql string, args []any, do func(Row, int64) error) (n int, err error) {
	rows, err := l.db.QueryContext(ctx, sql, args...)
	if err != nil {
		return 0, fmt.Errorf("walk over events: %w", err)
	}
	type found struct {
		Row
		detected int64
	}
	list := make([]found, 0, step)
	for rows.Next() {
		var r found
		var expires, updated int64
		if err = rows.Scan(&r.ID, &r.detected, &expires, &updated, &r.Body); err != nil {
			break
		}
		if r.UpdatedAt = model.FromMillis(updated); expires != model.Never {
			r.ExpiresAt = time.UnixMilli(expires).UTC()
		}
		list = append(list, r)
	}
	if err = errors.Join(err, rows.Err(), rows.Close()); err != nil { // closed before take runs, which may be slow
		return 0, fmt.Errorf("walk over events: %w", err)
	}
	for _, r := range list {
		if err := do(r.Row, r.detected); err != nil {
			return 0, &stopped{err}
		}
	}
	return len(list), nil
}

// stopped is an error of whoever takes rows.
type stopped struct{ error }

// Answered tells that the database has no part in it.
func (*stopped) Answered() {}

// Unwrap returns the error itself.
func (s *stopped) Unwrap() error { return s.error }

// Export writes every event that matches as a line of JSON, in the order of Each, and returns how many there were.
func (l *List) Export(ctx context.Context, q ask.Query, w io.Writer) (int, error) {
	n := 0
	err := l.Each(ctx, q, func(r Row) error {
		if _, err := w.Write(append(r.Body, '\n')); err != nil {
			return err
		}
		n++
		return nil
	})
	if err != nil {
		return n, fmt.Errorf("export events: %w", err)
	}
	return n, nil
}

// Recent returns the newest perTier events of each tier and as many without one, in the order in which they were received:
// what the memory of a server that starts is filled with. perTier is at least 1.
func (l *List) Recent(ctx context.Context, perTier int) ([]*event.Event, error) {
	var all []*event.Event
	for _, tier := range []event.Tier{event.TierNone, event.Daily, event.Intraday, event.Combo} {
		q := ask.Query{Limit: min(max(perTier, 1), ask.MaxLimit)}
		q.Filter.Tiers = []event.Tier{tier}
		for left := max(perTier, 1); left > 0; {
			q.Limit = min(left, ask.MaxLimit)
			page, err := l.Query(ctx, q)
			if err != nil {
				return nil, err
			}
			events, err := page.Events()
			if err != nil {
				return nil, err
			}
			all = append(all, events...)
			if left -= len(events); page.Next == nil {
				break
			}
			q.After = page.Next
		}
	}
	slices.SortStableFunc(all, func(a, b *event.Event) int {
		if c := a.ReceivedAt.Compare(b.ReceivedAt); c != 0 {
			return c
		}
		return ask.Compare(a, b, ask.OldestFirst)
	})
	return all, nil
}
