package rest

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"strconv"
	"strings"
	"time"

	"tierboard/server/gate"
	"tierboard/server/problem"
	"tierboard/server/query"
	"tierboard/server/rest/answer"
	"tierboard/server/rest/operation"
)

// mostEntries is how many entries a user may have on one shelf.
const mostEntries = 100

// shelf is one sort of saved thing: B is the body of a change, V what is answered.
type shelf[B, V any] struct {
	x     *REST
	name  string // on the library's side
	Path  string
	word  string // in sentences: "a view"
	ID    string // in operation ids: "View"
	about string
	// check turns a body into the name and the JSON that is kept.
	check func(B) (name string, keep any, err error)
	// show turns a kept entry back.
	show func(Entry) (V, error)
	// list puts shown entries into the answer of the list.
	list func([]V) any
	// saved, when set, is called after an entry was added or changed.
	saved func(ctx context.Context, user string, e Entry) error
}

// operations are the five of a shelf.
func (s shelf[B, V]) operations() []operation.Operation {
	var body B
	var view V
	tag := map[string]string{"ETag": "The version, for If-Match."}
	noun := strings.TrimPrefix(s.word, "a ")
	return []operation.Operation{
		{
			Method: http.MethodGet, Path: s.Path, ID: "list" + s.ID + "s", Tag: operation.TagUser, Summary: "List your " + noun + "s",
			Doc: s.about, Out: s.list(nil), Problems: []problem.Kind{problem.Unavailable}, Handle: s.all,
		},
		{
			Method: http.MethodPost, Path: s.Path, ID: "create" + s.ID, Tag: operation.TagUser, Summary: "Save " + s.word, In: body, Out: view,
			Status: http.StatusCreated, Headers: map[string]string{"ETag": tag["ETag"], "Location": "Where it is."},
			Problems: []problem.Kind{problem.Conflict, problem.Unavailable}, Handle: s.create,
		},
		{
			Method: http.MethodGet, Path: s.Path + "/{id}", ID: "get" + s.ID, Tag: operation.TagUser, Summary: "Get " + s.word, Out: view, Headers: tag,
			Problems: []problem.Kind{problem.NotFound, problem.Unavailable}, Handle: s.get,
		},
		{
			Method: http.MethodPut, Path: s.Path + "/{id}", ID: "replace" + s.ID, Tag: operation.TagUser, Summary: "Replace " + s.word, In: body, Out: view,
			IfMatch: true, Headers: tag, Problems: []problem.Kind{problem.Conflict, problem.Unavailable}, Handle: s.replace,
		},
		{
			Method: http.MethodDelete, Path: s.Path + "/{id}", ID: "delete" + s.ID, Tag: operation.TagUser, Summary: "Delete " + s.word,
			Status: http.StatusNoContent, IfMatch: true, Problems: []problem.Kind{problem.Unavailable}, Handle: s.remove,
		},
	}
}

// all answers with a user's entries.
func (s shelf[B, V]) all(w http.ResponseWriter, r *http.Request) error {
	if err := operation.NoParams(r); err != nil {
		return err
	}
	entries, err := s.x.cfg.Library.Entries(r.Context(), gate.User(r.Context()), s.name)
	if err != nil {
		return s.x.saveFault(r.Context(), err)
	}
	shown := make([]V, 0, len(entries))
	for _, e := range entries {
		v, err := s.show(e)
		if err != nil {
			return err
		}
		shown = append(shown, v)
	}
	return answer.JSON(w, http.StatusOK, s.list(shown))
}

// get answers with one entry.
func (s shelf[B, V]) get(w http.ResponseWriter, r *http.Request) error {
	if err := operation.NoParams(r); err != nil {
		return err
	}
	e, err := s.x.entry(r, s.name)
	if err != nil {
		return err
	}
	if tag := versionTag(e.Version); answer.Matches(r.Header.Get("If-None-Match"), tag) {
		w.Header().Set("ETag", tag)
		w.WriteHeader(http.StatusNotModified)
		return nil
	}
	return s.answer(w, http.StatusOK, e)
}

// create saves a new entry.
func (s shelf[B, V]) create(w http.ResponseWriter, r *http.Request) error {
	if err := operation.NoParams(r); err != nil {
		return err
	}
	ctx, user := r.Context(), gate.User(r.Context())
	e, err := s.read(w, r)
	if err != nil {
		return err
	}
	entries, err := s.x.cfg.Library.Entries(ctx, user, s.name)
	if err != nil {
		return s.x.saveFault(ctx, err)
	}
	if len(entries) >= mostEntries {
		return problem.New(problem.Conflict, fmt.Sprintf("There are %d already, and no more are kept.", mostEntries))
	}
	if err := unique(entries, e); err != nil {
		return err
	}
	e.ID = rand.Text()
	e, err = s.x.cfg.Library.Add(ctx, user, s.name, e)
	if err != nil {
		return s.x.saveFault(ctx, err)
	}
	if s.saved != nil {
		if err := s.saved(ctx, user, e); err != nil {
			return s.x.saveFault(ctx, err)
		}
	}
	w.Header().Set("Location", s.Path+"/"+e.ID)
	return s.answer(w, http.StatusCreated, e)
}

// replace saves a new version of an entry.
func (s shelf[B, V]) replace(w http.ResponseWriter, r *http.Request) error {
	if err := operation.NoParams(r); err != nil {
		return err
	}
	ctx, user := r.Context(), gate.User(r.Context())
	version, err := ifMatch(r)
	if err != nil {
		return err
	}
	old, err := s.x.entry(r, s.name)
	if err != nil {
		return err
	}
	e, err := s.read(w, r)
	if err != nil {
		return err
	}
	e.ID, e.Version = old.ID, version
	if version == anyVersion {
		e.Version = old.Version
	}
	entries, err := s.x.cfg.Library.Entries(ctx, user, s.name)
	if err != nil {
		return s.x.saveFault(ctx, err)
	}
	if err := unique(entries, e); err != nil {
		return err
	}
	e, err = s.x.cfg.Library.Change(ctx, user, s.name, e)
	if err != nil {
		return s.x.saveFault(ctx, err)
	}
	if s.saved != nil {
		if err := s.saved(ctx, user, e); err != nil {
			return s.x.saveFault(ctx, err)
		}
	}
	return s.answer(w, http.StatusOK, e)
}

// remove deletes an entry.
func (s shelf[B, V]) remove(w http.ResponseWriter, r *http.Request) error {
	if err := operation.NoParams(r); err != nil {
		return err
	}
	version, err := ifMatch(r)
	if err != nil {
		return err
	}
	if version == anyVersion {
		version = 0
	}
	id, err := entryID(r)
	if err != nil {
		return err
	}
	if err := s.x.cfg.Library.Remove(r.Context(), gate.User(r.Context()), s.name, id, version); err != nil {
		return s.x.saveFault(r.Context(), err)
	}
	w.WriteHeader(http.StatusNoContent)
	return nil
}

// read reads and checks a body.
func (s shelf[B, V]) read(w http.ResponseWriter, r *http.Request) (Entry, error) {
	var body B
	if err := s.x.contract.Read(w, r, &body); err != nil {
		return Entry{}, err
	}
	name, keep, err := s.check(body)
	if err != nil {
		return Entry{}, err
	}
	if name, err = cleanName(name); err != nil {
		return Entry{}, err
	}
	raw, err := json.Marshal(keep)
	if err != nil {
		return Entry{}, err
	}
	return Entry{Name: name, Body: raw}, nil
}

// answer writes one entry with its ETag.
func (s shelf[B, V]) answer(w http.ResponseWriter, status int, e Entry) error {
	v, err := s.show(e)
	if err != nil {
		return err
	}
	w.Header().Set("ETag", versionTag(e.Version))
	return answer.JSON(w, status, v)
}

// cleanName returns a name as people see it, or why it is none.
func cleanName(name string) (string, error) {
	clean := strings.TrimSpace(strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f || r == '\ufffd' {
			return -1
		}
		return r
	}, name))
	if clean == "" {
		return "", problem.At(problem.Body, problem.Field("body.name", "", "must not be empty"))
	}
	return clean, nil
}

// unique refuses a name that another entry has.
func unique(entries []Entry, e Entry) error {
	for _, other := range entries {
		if other.ID != e.ID && strings.EqualFold(other.Name, e.Name) {
			return problem.At(problem.Conflict, problem.Field("body.name", "", "is the name of another one"))
		}
	}
	return nil
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
func (x *REST) entry(r *http.Request, shelf string) (Entry, error) {
	id, err := entryID(r)
	if err != nil {
		return Entry{}, err
	}
	e, err := x.cfg.Library.Entry(r.Context(), gate.User(r.Context()), shelf, id)
	if err != nil {
		return Entry{}, x.saveFault(r.Context(), err)
	}
	return e, nil
}

// saveFault turns an error of the library into a problem.
func (x *REST) saveFault(ctx context.Context, err error) error {
	switch {
	case asProblem(err) != nil:
		return err
	case errors.Is(err, query.ErrNotFound):
		return problem.New(problem.NotFound, "There is nothing with this id.")
	case errors.Is(err, query.ErrChanged):
		return problem.New(problem.Changed, "It has another version by now; read it again.")
	case errors.Is(err, query.ErrConflict):
		return problem.New(problem.Conflict, "It is there already.")
	}
	x.log.Warn("library failed", slog.String("request_id", gate.RequestID(ctx)), slog.Any("err", err))
	return &problem.Error{Kind: problem.Unavailable, Detail: "What is saved cannot be reached; live events are not affected.", Retry: 5 * time.Second}
}

// anyVersion is what If-Match: * asks for.
const anyVersion = -1

// versionTag is the ETag of a version.
func versionTag(v int64) string { return `"` + strconv.FormatInt(v, 10) + `"` }

// ifMatch reads the version a change is for.
func ifMatch(r *http.Request) (int64, error) {
	tag := strings.TrimSpace(r.Header.Get("If-Match"))
	switch tag {
	case "":
		return 0, problem.At(problem.NeedsMatch, problem.Field("header.If-Match", "", "is missing: send the ETag of the version the change is for"))
	case "*":
		return anyVersion, nil
	}
	inner, ok := strings.CutPrefix(strings.TrimPrefix(tag, "W/"), `"`)
	text, closed := strings.CutSuffix(inner, `"`)
	v, err := strconv.ParseInt(text, 10, 64)
	if !ok || !closed || err != nil || v < 0 {
		return 0, problem.At(problem.Changed, problem.Field("header.If-Match", "", "is no ETag of this server"))
	}
	return v, nil
}
