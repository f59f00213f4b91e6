package store

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/uptrace/bun"

	"tierboard/server/store/model"
	"tierboard/shared/event"
	"tierboard/shared/filter"
)

// MaxLimit is the most rows a page can have.
const MaxLimit = 1000

// ErrTooBroad is a question that no index answers and that leaves too many rows to look through. A time, a session date,
// a symbol, or the order of detection narrows it.
const ErrTooBroad = model.Answer("store: too many events to look through; narrow it by since, session_date or symbols, or sort by detected_at")

// Error is a question or a record that cannot be used. Field is the parameter's name.
type Error struct {
	Field   string
	Problem string
}

// Error returns the field and the problem in one line.
func (e *Error) Error() string { return e.Field + ": " + e.Problem }

// Sort is an order of events. The id breaks ties, in the same direction.
type Sort string

// The orders.
const (
	NewestFirst     Sort = "-detected_at"
	OldestFirst     Sort = "detected_at"
	ConfidenceFirst Sort = "-confidence"
	BySymbol        Sort = "symbol"
	ByExpiry        Sort = "expires_at" // events without an expiry come last
)

// Sorts lists every order.
func Sorts() []Sort { return []Sort{NewestFirst, OldestFirst, ConfidenceFirst, BySymbol, ByExpiry} }

// column is what an order sorts by, and whether downwards.
func (s Sort) column() (column string, down bool) {
	return strings.TrimPrefix(string(s), "-"), strings.HasPrefix(string(s), "-")
}

// Status says whether an event still means something.
type Status string

// The statuses. An event without an expiry is active.
const (
	AnyStatus Status = ""
	Active    Status = "active"
	Expired   Status = "expired"
)

// Cursor is a place in an order: that of one event. The next page begins behind it.
type Cursor struct {
	Key string // the sort key as text: milliseconds, a number or a symbol
	ID  string
}

// CursorOf returns the place of an event in an order.
func CursorOf(e *event.Event, s Sort) Cursor {
	c := Cursor{ID: e.ID}
	switch s {
	case ConfidenceFirst:
		c.Key = strconv.FormatFloat(e.Confidence, 'g', -1, 64)
	case BySymbol:
		c.Key = e.Symbol
	case ByExpiry:
		c.Key = strconv.FormatInt(model.Expiry(e.ExpiresAt), 10)
	default:
		c.Key = strconv.FormatInt(e.DetectedAt.UnixMilli(), 10)
	}
	return c
}

// value returns the key as the database compares it.
func (c Cursor) value(s Sort) (any, error) {
	bad := &model.Error{Field: "cursor", Problem: "is none of this order"}
	if !utf8.ValidString(c.ID+c.Key) || strings.ContainsRune(c.ID+c.Key, 0) || len(c.ID) > event.MaxText || len(c.Key) > event.MaxText {
		return nil, bad
	}
	switch s {
	case BySymbol:
		return c.Key, nil
	case ConfidenceFirst:
		v, err := strconv.ParseFloat(c.Key, 64)
		if err != nil || !(v >= 0 && v <= 1) {
			return nil, bad
		}
		return v, nil
	default:
		v, err := strconv.ParseInt(c.Key, 10, 64)
		if err != nil {
			return nil, bad
		}
		return v, nil
	}
}

// Compare orders two events as s does; it is negative when a comes first.
func Compare(a, b *event.Event, s Sort) int {
	var by int
	switch s {
	case ConfidenceFirst:
		by = cmp.Compare(a.Confidence, b.Confidence)
	case BySymbol:
		by = cmp.Compare(a.Symbol, b.Symbol)
	case ByExpiry:
		by = cmp.Compare(model.Expiry(a.ExpiresAt), model.Expiry(b.ExpiresAt))
	default:
		by = cmp.Compare(a.DetectedAt.UnixMilli(), b.DetectedAt.UnixMilli())
	}
	by = cmp.Or(by, cmp.Compare(a.ID, b.ID))
	if _, down := s.column(); down {
		return -by
	}
	return by
}

// Query is a question about stored events. The zero Query asks for the newest 100 of everything.
type Query struct {
	Filter filter.Filter
	// Since (inclusive) and Until (exclusive) bound the detection time; zero means no bound.
	Since, Until time.Time
	// UpdatedSince (inclusive) bounds when the event was stored or last changed; zero means no bound.
	UpdatedSince time.Time
	Status       Status
	// Now is the instant Status is judged at; zero means the time of the call.
	Now time.Time
	// SessionDate is a trading day as YYYY-MM-DD; empty means any.
	SessionDate string
	// Sort is the order; empty means NewestFirst.
	Sort Sort
	// After is where the last page ended; nil asks for the first one.
	After *Cursor
	// Limit is the length of the page, 1 to MaxLimit; 0 means 100.
	Limit int
}

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
	Next *Cursor // where the next page begins; nil after the last one
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

// normal returns the question with its defaults filled in, or what is wrong with it.
func (q Query) normal() (Query, error) {
	if q.Sort == "" {
		q.Sort = NewestFirst
	}
	if q.Limit == 0 {
		q.Limit = 100
	}
	if q.Now.IsZero() {
		q.Now = time.Now()
	}
	switch {
	case !slices.Contains(Sorts(), q.Sort):
		return q, &model.Error{Field: "sort", Problem: "is no order"}
	case q.Limit < 1 || q.Limit > MaxLimit:
		return q, &model.Error{Field: "limit", Problem: fmt.Sprintf("must be 1 to %d", MaxLimit)}
	case q.Status != AnyStatus && q.Status != Active && q.Status != Expired:
		return q, &model.Error{Field: "status", Problem: "must be active or expired"}
	case len(q.SessionDate) > event.MaxText || strings.ContainsRune(q.SessionDate, 0) || !utf8.ValidString(q.SessionDate):
		return q, &model.Error{Field: "session_date", Problem: "must be a date, YYYY-MM-DD"}
	}
	q.Filter = q.Filter.Canonical()
	return q, nil
}

// Query answers with a page of events. Errors are *Error for a question that cannot be used, ErrTooBroad, or the database's.
func (s *Store) Query(ctx context.Context, q Query) (page Page, err error) {
	q, err = q.normal()
	if err != nil {
		return Page{}, err
	}
	c, err := conditionsOf(q)
	if err != nil {
		return Page{}, err
	}
	defer s.db.Timed("query", time.Now(), &err)
	for _, p := range s.plans(q, c) {
		hits, complete, err := s.walk(ctx, p)
		if err != nil {
			return Page{}, fmt.Errorf("query events: %w", err)
		}
		if complete {
			return s.page(ctx, q, hits)
		}
	}
	return Page{}, ErrTooBroad
}

// hit is a row that was found: its sort key and id.
type hit struct {
	key    any // int64, float64 or string, the same for all of a question
	id     string
	stream int // of its plan
}

// compareHits orders hits upwards.
func compareHits(a, b hit) int {
	var by int
	switch x := a.key.(type) {
	case int64:
		y, _ := b.key.(int64)
		by = cmp.Compare(x, y)
	case float64:
		y, _ := b.key.(float64)
		by = cmp.Compare(x, y)
	case string:
		y, _ := b.key.(string)
		by = cmp.Compare(x, y)
	}
	return cmp.Or(by, cmp.Compare(a.id, b.id))
}

// cursor returns the place of a hit.
func (h hit) cursor() *Cursor {
	c := &Cursor{ID: h.id}
	switch x := h.key.(type) {
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
func (s *Store) page(ctx context.Context, q Query, hits []hit) (Page, error) {
	var page Page
	if len(hits) > q.Limit {
		hits = hits[:q.Limit]
		page.Next = hits[q.Limit-1].cursor()
	}
	if len(hits) == 0 {
		return page, nil
	}
	ids := make([]string, len(hits))
	for i, h := range hits {
		ids[i] = h.id
	}
	found, err := s.rows(ctx, len(ids), "id IN (?)", bun.List(ids))
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
func (s *Store) rows(ctx context.Context, n int, where string, args ...any) ([]Row, error) {
	rows, err := s.db.QueryContext(ctx, "SELECT id, body, expires_at, updated_at FROM events WHERE "+where, args...)
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
func (s *Store) Event(ctx context.Context, id string) (row Row, err error) {
	if strings.ContainsRune(id, 0) || !utf8.ValidString(id) {
		return Row{}, model.ErrNotFound
	}
	defer s.db.Timed("event", time.Now(), &err)
	found, err := s.rows(ctx, 1, "id = ?", id)
	if err != nil {
		return Row{}, fmt.Errorf("read an event: %w", err)
	}
	if len(found) == 0 {
		return Row{}, model.ErrNotFound
	}
	return found[0], nil
}
