// Package shelf answers for things that users save: each sort is a shelf on which a user has named entries, and every entry has a
// version, so that nobody changes what somebody else has changed meanwhile.
package shelf

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"strconv"
	"strings"
	"time"

	"tierboard/server/gate"
	"tierboard/server/problem"
	"tierboard/server/query"
)

// Rack is what every shelf stands in. Any number of goroutines may use it.
type Rack struct {
	// Library keeps the entries.
	Library Library
	// Read reads a body into a value; its errors are problems.
	Read func(w http.ResponseWriter, r *http.Request, v any) error
	// Log takes what only the operator should see.
	Log *slog.Logger
}

// entryID returns the id in the path.
func entryID(r *http.Request) (string, error) {
	id := r.PathValue("id")
	if id == "" || len(id) > 64 || !problem.Plain(id) {
		return "", problem.New(problem.NotFound, "There is nothing with this id.")
	}
	return id, nil
}

// entry returns the user's entry that the path names.
func (k *Rack) entry(r *http.Request, shelf string) (Entry, error) {
	id, err := entryID(r)
	if err != nil {
		return Entry{}, err
	}
	e, err := k.Library.Entry(r.Context(), gate.User(r.Context()), shelf, id)
	if err != nil {
		return Entry{}, k.Fault(r.Context(), err)
	}
	return e, nil
}

// Fault turns an error of the library into a problem.
func (k *Rack) Fault(ctx context.Context, err error) error {
	switch {
	case isProblem(err):
		return err
	case errors.Is(err, query.ErrNotFound):
		return problem.New(problem.NotFound, "There is nothing with this id.")
	case errors.Is(err, query.ErrChanged):
		return problem.New(problem.Changed, "It has another version by now; read it again.")
	case errors.Is(err, query.ErrConflict):
		return problem.New(problem.Conflict, "It is there already.")
	}
	k.Log.Warn("library failed", slog.String("request_id", gate.RequestID(ctx)), slog.Any("err", err))
	return &problem.Error{Kind: problem.Unavailable, Detail: "What is saved cannot be reached; live events are not affected.", Retry: 5 * time.Second}
}

// Any is what If-Match: * asks for.
const Any = -1

// Tag is the ETag of a version.
func Tag(v int64) string { return `"` + strconv.FormatInt(v, 10) + `"` }

// IfMatch reads the version a change is for, which may be Any. Its errors are problems.
func IfMatch(r *http.Request) (int64, error) {
	tag := strings.TrimSpace(r.Header.Get("If-Match"))
	switch tag {
	case "":
		return 0, problem.At(problem.NeedsMatch, problem.Field("header.If-Match", "", "is missing: send the ETag of the version the change is for"))
	case "*":
		return Any, nil
	}
	inner, ok := strings.CutPrefix(strings.TrimPrefix(tag, "W/"), `"`)
	text, closed := strings.CutSuffix(inner, `"`)
	v, err := strconv.ParseInt(text, 10, 64)
	if !ok || !closed || err != nil || v < 0 {
		return 0, problem.At(problem.Changed, problem.Field("header.If-Match", "", "is no ETag of this server"))
	}
	return v, nil
}

// isProblem reports whether an error is one that clients may see.
func isProblem(err error) bool {
	_, ok := errors.AsType[*problem.Error](err)
	return ok
}
