// Package problem makes and writes the errors of the HTTP surface: problem documents (RFC 9457) that name the field, never
// show what is inside the server, and never repeat text that could be anything but plain words.
package problem

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"

	"tierboard/shared/api"
)

// Kind is one sort of problem: a row of the table Kinds returns.
type Kind struct {
	Slug    string // the last part of the problem's type
	Status  int
	Title   string // the same for every problem of the kind
	Meaning string // what a client does about it, for the page that explains it
}

// The kinds of problem.
var (
	BadRequest    = Kind{"bad-request", http.StatusBadRequest, "The request cannot be read", "The request is malformed: a broken query string or a body that is no JSON. Sending it again will not help."}
	Forbidden     = Kind{"cross-origin", http.StatusForbidden, "Not from another site", "A change was asked for by a page of another site. Programs that are no browser send no Origin header."}
	NotFound      = Kind{"not-found", http.StatusNotFound, "There is no such thing", "The path or the id is unknown, or it belongs to somebody else."}
	Method        = Kind{"method-not-allowed", http.StatusMethodNotAllowed, "Not with this method", "The path exists; the Allow header lists its methods."}
	NotAcceptable = Kind{"not-acceptable", http.StatusNotAcceptable, "No such format", "The Accept header names no format this path can answer in."}
	Conflict      = Kind{"conflict", http.StatusConflict, "It is in the way of another", "Another entry has that name, or there are as many as are allowed."}
	Changed       = Kind{"changed", http.StatusPreconditionFailed, "It has changed", "Somebody changed it since it was read: read it again and repeat the change with the new ETag in If-Match."}
	NeedsMatch    = Kind{"if-match-needed", http.StatusPreconditionRequired, "A change needs If-Match", "Send the ETag of the version that the change is for in If-Match, so that nobody's change is lost."}
	TooLarge      = Kind{"too-large", http.StatusRequestEntityTooLarge, "The body is too large", "The body is above the limit that the detail names."}
	MediaType     = Kind{"media-type", http.StatusUnsupportedMediaType, "The body must be JSON", "Send Content-Type: application/json."}
	Parameter     = Kind{"invalid-parameter", http.StatusUnprocessableEntity, "A parameter cannot be used", "A parameter is unknown, given twice, out of its range or of the wrong type; errors names each."}
	Body          = Kind{"invalid-body", http.StatusUnprocessableEntity, "A field cannot be used", "A field of the body is unknown, missing, out of its range or of the wrong type; errors names each."}
	Cursor        = Kind{"invalid-cursor", http.StatusUnprocessableEntity, "The cursor cannot be used", "The cursor was cut, changed, made for another path, or is older than a day: start again without it."}
	RateLimited   = Kind{"rate-limited", http.StatusTooManyRequests, "Too many requests", "Wait until the moment in X-RateLimit-Reset; Retry-After says how many seconds that is."}
	Internal      = Kind{"internal", http.StatusInternalServerError, "The server failed", "It is not your fault. The request id finds it in the server's log."}
	Unavailable   = Kind{"unavailable", http.StatusServiceUnavailable, "History cannot be read now", "The database is away. Live events are not affected; try again after Retry-After."}
)

// Kinds lists every kind, in the order of their statuses.
func Kinds() []Kind {
	return []Kind{
		BadRequest, Forbidden, NotFound, Method, NotAcceptable, Conflict, Changed, TooLarge, MediaType, Parameter, Body, Cursor,
		NeedsMatch, RateLimited, Internal, Unavailable,
	}
}

// Error is a problem on its way to a client.
type Error struct {
	Kind   Kind
	Detail string
	Fields []api.FieldError
	Retry  time.Duration // told in Retry-After, when above 0
}

// Error returns title and detail in one line.
func (e *Error) Error() string { return e.Kind.Title + ": " + e.Detail }

// New returns a problem. The detail is a sentence fit to show.
func New(k Kind, detail string) *Error { return &Error{Kind: k, Detail: detail} }

// At returns a problem with fields of the request. Its detail repeats the first one.
func At(k Kind, fields ...api.FieldError) *Error {
	e := &Error{Kind: k, Fields: fields}
	if len(fields) > 0 {
		_, name, _ := strings.Cut(fields[0].Location, ".")
		if name == "" {
			name = fields[0].Location
		}
		e.Detail = name + ": " + fields[0].Message
	}
	return e
}

// Field returns one thing that is wrong. The value is repeated only when it is Plain.
func Field(location, value, format string, args ...any) api.FieldError {
	f := api.FieldError{Location: location, Message: fmt.Sprintf(format, args...)}
	if Plain(value) {
		f.Value = value
	}
	return f
}

// Plain reports whether a client's text may be repeated: at most 40 letters, digits, and the few signs that symbols, times
// and numbers are written with.
func Plain(text string) bool {
	if len(text) > 40 {
		return false
	}
	for i := range len(text) {
		c := text[i]
		switch {
		case c >= 'a' && c <= 'z', c >= 'A' && c <= 'Z', c >= '0' && c <= '9':
		case strings.IndexByte("-_.:+,", c) >= 0:
		default:
			return false
		}
	}
	return true
}

// Write answers with the problem err is, or with an internal one that says nothing about err, and returns the status. The
// request id is taken from the answer's X-Request-Id header. A request for HEAD gets no body from the server itself.
func Write(w http.ResponseWriter, err error) int {
	var e *Error
	if !errors.As(err, &e) {
		e = New(Internal, "Something went wrong in the server.")
	}
	h := w.Header()
	body, fault := json.Marshal(api.Problem{
		Type: api.PathProblems + e.Kind.Slug, Title: e.Kind.Title, Status: e.Kind.Status, Detail: e.Detail,
		RequestID: h.Get("X-Request-Id"), Errors: e.Fields,
	})
	if fault != nil { // strings and numbers always marshal
		panic(fault)
	}
	for _, k := range []string{"Etag", "Last-Modified", "Link", "Content-Disposition", "Trailer", "Content-Length"} {
		h.Del(k)
	}
	h.Set("Content-Type", "application/problem+json")
	h.Set("Cache-Control", "no-store")
	if e.Retry > 0 {
		h.Set("Retry-After", strconv.Itoa(int((e.Retry+time.Second-1)/time.Second)))
	}
	w.WriteHeader(e.Kind.Status)
	_, _ = w.Write(append(body, '\n'))
	return e.Kind.Status
}

// Suggest returns "; did you mean X?" for the known word that looks most like an unknown one, or "" when none is close.
func Suggest(word string, known []string) string {
	word = strings.ToLower(word)
	if len(word) > 40 {
		return ""
	}
	best, bestAt := "", 3
	for _, k := range known {
		d := distance(word, k)
		if d < bestAt || d == bestAt && best == "" && d < 3 {
			best, bestAt = k, d
		}
	}
	if best == "" || bestAt >= len(best) {
		return ""
	}
	return "; did you mean " + best + "?"
}

// distance is the number of single-character edits between two short words.
func distance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diag := row[0]
		row[0] = i + 1
		for j := range len(b) {
			next := min(row[j]+1, row[j+1]+1, diag)
			if a[i] != b[j] {
				next = min(row[j]+1, row[j+1]+1, diag+1)
			}
			diag, row[j+1] = row[j+1], next
		}
	}
	return row[len(b)]
}
