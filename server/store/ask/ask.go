// Package ask is a question about stored events: which ones, in which order, and from where on.
package ask

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"tierboard/server/store/model"
	"tierboard/shared/event"
	"tierboard/shared/filter"
)

// MaxLimit is the most rows a page can have.
const MaxLimit = 1000

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

// Column is what an order sorts by, and whether downwards.
func (s Sort) Column() (column string, down bool) {
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

// Value returns the key as the database compares it.
func (c Cursor) Value(s Sort) (any, error) {
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
	if _, down := s.Column(); down {
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

// Normal returns the question with its defaults filled in, or what is wrong with it.
func (q Query) Normal() (Query, error) {
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
