package query

import (
	"cmp"
	"errors"
	"math"
	"strings"
	"time"

	"tierboard/shared/event"
	"tierboard/shared/filter"
)

// Sort is the order of a list.
type Sort string

// The orders. Events that are equal in it go by id, in the same direction.
const (
	Newest   Sort = "-detected_at"
	Oldest   Sort = "detected_at"
	Surest   Sort = "-confidence"
	BySymbol Sort = "symbol"
	Soonest  Sort = "expires_at" // what never expires comes last
)

// Question is which events a list is asked for. Times are cut to milliseconds; the zero time means no bound.
type Question struct {
	Filter       filter.Filter
	Since        time.Time // DetectedAt from here
	Until        time.Time // DetectedAt before this
	UpdatedSince time.Time // received or changed from here
	SessionDate  string    // YYYY-MM-DD; "" for any
	Active       bool      // leave out what has expired at Now
	Now          time.Time // when the question was asked first
	Sort         Sort
}

// Match reports whether the question wants the event, as far as the event itself can tell. It is the oracle for everything
// that answers lists. An event is taken to have been changed when it was received.
func (q *Question) Match(e *event.Event) bool {
	at := e.DetectedAt.UnixMilli()
	switch {
	case !q.Since.IsZero() && at < q.Since.UnixMilli(),
		!q.Until.IsZero() && at >= q.Until.UnixMilli(),
		!q.UpdatedSince.IsZero() && e.ReceivedAt.UnixMilli() < q.UpdatedSince.UnixMilli(),
		q.SessionDate != "" && e.SessionDate != q.SessionDate,
		q.Active && !e.ExpiresAt.IsZero() && e.ExpiresAt.UnixMilli() <= q.Now.UnixMilli():
		return false
	}
	return q.Filter.Match(e)
}

// Key is the place of an event in an order. Only the field of the order is compared, and then the id.
type Key struct {
	Millis int64   // of DetectedAt or ExpiresAt; Never when there is none
	Number float64 // confidence
	Text   string  // symbol
	ID     string
}

// Never is the Millis of an event that does not expire.
const Never = int64(math.MaxInt64)

// KeyOf returns the place of an event in an order.
func KeyOf(e *event.Event, s Sort) Key {
	k := Key{ID: e.ID}
	switch s {
	case Surest:
		k.Number = e.Confidence
	case BySymbol:
		k.Text = e.Symbol
	case Soonest:
		k.Millis = Never
		if !e.ExpiresAt.IsZero() {
			k.Millis = e.ExpiresAt.UnixMilli()
		}
	case Newest, Oldest:
		k.Millis = e.DetectedAt.UnixMilli()
	}
	return k
}

// Compare orders two keys of the same Sort: negative when a comes first.
func (s Sort) Compare(a, b Key) int {
	c := cmp.Or(cmp.Compare(a.Millis, b.Millis), cmp.Compare(a.Number, b.Number), cmp.Compare(a.Text, b.Text), cmp.Compare(a.ID, b.ID))
	if strings.HasPrefix(string(s), "-") {
		return -c
	}
	return c
}

// Row is an event on its way out.
type Row struct {
	ID        string
	Body      []byte    // the event as JSON, as package wire writes it. Shared: do not change
	ExpiresAt time.Time // zero if unknown
}

// Ask is what an archive is asked for: one page.
type Ask struct {
	Question

	After *Key // nil for the first page
	Limit int  // 1 to MaxLimit
}

// ErrTooBroad is what an archive answers when no index serves the question and looking for the answer would take too long.
var ErrTooBroad = errors.New("query: too many events to look through")

// ErrNotFound is what an archive answers when there is no such thing, or it belongs to somebody else.
var ErrNotFound = errors.New("query: not found")

// ErrConflict is what an archive answers when an entry is in the way of another, by its name for instance.
var ErrConflict = errors.New("query: conflict")

// ErrChanged is what an archive answers to a change that is for another version.
var ErrChanged = errors.New("query: another version")
