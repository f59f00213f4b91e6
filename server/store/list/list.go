// Package list answers questions with stored events: in pages, one by one, or all there are.
//
// Query answers whatever a filter can say, exactly as filter.Match means it, in pages by (sort key, id). It picks the
// indexes itself, as the two planners cannot be trusted with it: each plan walks one index in a bounded number of
// steps; where the first plan meets its bound the next one is tried, and when all have, the answer is ErrTooBroad
// instead of a slow page. What an index answers alone has no bound: a tier, symbols (for few of them exactly, for up to 500 in
// pages of about a hundred), patterns, a confidence from a priority's bound on, a session date, a time, all newest or oldest first, and the other orders for
// a tier. What goes beyond (a direction, a timeframe, combinations) is looked for in the rows that the index yields: up to
// 50,000 of them. ErrTooBroad can therefore only come for a rare combination in a large archive; a time, a symbol or a
// session date narrows it. Each walks any number of rows in constant memory instead.
package list

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/uptrace/bun"

	"tierboard/server/store/ask"
	"tierboard/server/store/connect"
	"tierboard/server/store/model"
	"tierboard/server/store/plan"
	"tierboard/server/store/walk"
	"tierboard/server/store/where"
	"tierboard/shared/event"
)

// List is the events that are stored. Any number of goroutines may ask.
type List struct{ db *connect.DB }

// New returns the list of an open database, which the caller closes.
func New(db *connect.DB) *List { return &List{db} }

// Row is a stored event.
type Row struct {
	ID        string
	Body      []byte    // the event as JSON, as it goes over the wire; an object
	ExpiresAt time.Time // zero if unknown
	UpdatedAt time.Time // when it was stored or last changed
}

// Event decodes the body.
func (r Row) Event() (*event.Event, error) { return model.Decode(r.Body) }

// Page is a part of an answer.
type Page struct {
	Rows []Row
	Next *ask.Cursor // where the next page begins; nil after the last one
}

// Events decodes all rows.
func (p Page) Events() ([]*event.Event, error) {
	out := make([]*event.Event, len(p.Rows))
	for i, r := range p.Rows {
		var err error
		if out[i], err = r.Event(); err != nil {
			return nil, fmt.Errorf("event %s: %w", r.ID, err)
		}
	}
	return out, nil
}

// ErrTooBroad is a question that no index answers and that leaves too many rows to look through. A time, a session date,
// a symbol, or the order of detection narrows it.
const ErrTooBroad = model.Answer("store: too many events to look through; narrow it by since, session_date or symbols, or sort by detected_at")

// Query answers with a page of events. Errors are *model.Error for a question that cannot be used, ErrTooBroad, or the database's.
func (l *List) Query(ctx context.Context, q ask.Query) (page Page, err error) {
	q, err = q.Normal()
	if err != nil {
		return Page{}, err
	}
	c, err := where.Of(q, l.db.SQLite())
	if err != nil {
		return Page{}, err
	}
	defer l.db.Timed("query", time.Now(), &err)
	for _, p := range plan.For(q, c, l.db.SQLite()) {
		hits, complete, err := p.Follow(ctx, l.db)
		if err != nil {
			return Page{}, fmt.Errorf("query events: %w", err)
		}
		if complete {
			return l.page(ctx, q, hits)
		}
	}
	return Page{}, ErrTooBroad
}

// cursorOf returns the place of a hit.
func cursorOf(h walk.Hit) *ask.Cursor {
	c := &ask.Cursor{ID: h.ID}
	switch x := h.Key.(type) {
	case int64:
		c.Key = strconv.FormatInt(x, 10)
	case float64:
		c.Key = strconv.FormatFloat(x, 'g', -1, 64)
	case string:
		c.Key = x
	}
	return c
}

// page fetches the bodies of hits, which are in order and may be one more than the page holds.
func (l *List) page(ctx context.Context, q ask.Query, hits []walk.Hit) (Page, error) {
	var page Page
	if len(hits) > q.Limit {
		hits = hits[:q.Limit]
		page.Next = cursorOf(hits[q.Limit-1])
	}
	if len(hits) == 0 {
		return page, nil
	}
	ids := make([]string, len(hits))
	for i, h := range hits {
		ids[i] = h.ID
	}
	found, err := l.rows(ctx, len(ids), "id IN (?)", bun.List(ids))
	if err != nil {
		return Page{}, err
	}
	byID := make(map[string]Row, len(found))
	for _, r := range found {
		byID[r.ID] = r
	}
	page.Rows = make([]Row, 0, len(hits))
	for _, id := range ids {
		if r, ok := byID[id]; ok { // else deleted a moment ago
			page.Rows = append(page.Rows, r)
		}
	}
	return page, nil
}

// rows fetches at most n events by a condition, in no order.
func (l *List) rows(ctx context.Context, n int, where string, args ...any) ([]Row, error) {
	rows, err := l.db.QueryContext(ctx, "SELECT id, body, expires_at, updated_at FROM events WHERE "+where, args...)
	if err != nil {
		return nil, err
	}
	defer rows.Close() //nolint:errcheck // Err tells
	out := make([]Row, 0, n)
	for rows.Next() {
		var r Row
		var expires, updated int64
		if err := rows.Scan(&r.ID, &r.Body, &expires, &updated); err != nil {
			return nil, err
		}
		r.UpdatedAt = model.FromMillis(updated)
		if expires != model.Never {
			r.ExpiresAt = time.UnixMilli(expires).UTC()
		}
		out = append(out, r)
	}
	return out, rows.Err()
}

// Event returns one event, or model.ErrNotFound.
func (l *List) Event(ctx context.Context, id string) (row Row, err error) {
	if strings.ContainsRune(id, 0) || !utf8.ValidString(id) {
		return Row{}, model.ErrNotFound
	}
	defer l.db.Timed("event", time.Now(), &err)
	found, err := l.rows(ctx, 1, "id = ?", id)
	if err != nil {
		return Row{}, fmt.Errorf("read an event: %w", err)
	}
	if len(found) == 0 {
		return Row{}, model.ErrNotFound
	}
	return found[0], nil
}
