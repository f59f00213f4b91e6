package shelf

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"

	"tierboard/server/gate"
	"tierboard/server/problem"
	"tierboard/server/rest/answer"
	"tierboard/server/rest/operation"
)

// Most is how many entries a user may have on one shelf.
const Most = 100

// Shelf is one sort of saved thing: B is the body of a change, V what is answered. All but Saved are required.
type Shelf[B, V any] struct {
	Rack  *Rack
	Name  string // on the library's side
	Path  string
	Word  string // in sentences: "a view"
	ID    string // in operation ids: "View"
	About string // what the contract says of the list
	// Check turns a body into the name and the JSON that is kept.
	Check func(B) (name string, keep any, err error)
	// Show turns a kept entry back.
	Show func(Entry) (V, error)
	// List puts shown entries into the answer of the list.
	List func([]V) any
	// Saved, when set, is called after an entry was added or changed.
	Saved func(ctx context.Context, user string, e Entry) error
}

// Operations are the five of a shelf: list, create, get, replace and delete.
func (s Shelf[B, V]) Operations() []operation.Operation {
	var body B
	var view V
	tag := map[string]string{"ETag": "The version, for If-Match."}
	noun := strings.TrimPrefix(s.Word, "a ")
	return []operation.Operation{
		{
			Method: http.MethodGet, Path: s.Path, ID: "list" + s.ID + "s", Tag: operation.TagUser, Summary: "List your " + noun + "s",
			Doc: s.About, Out: s.List(nil), Problems: []problem.Kind{problem.Unavailable}, Handle: s.all,
		},
		{
			Method: http.MethodPost, Path: s.Path, ID: "create" + s.ID, Tag: operation.TagUser, Summary: "Save " + s.Word, In: body, Out: view,
			Status: http.StatusCreated, Headers: map[string]string{"ETag": tag["ETag"], "Location": "Where it is."},
			Problems: []problem.Kind{problem.Conflict, problem.Unavailable}, Handle: s.create,
		},
		{
			Method: http.MethodGet, Path: s.Path + "/{id}", ID: "get" + s.ID, Tag: operation.TagUser, Summary: "Get " + s.Word, Out: view, Headers: tag,
			Problems: []problem.Kind{problem.NotFound, problem.Unavailable}, Handle: s.get,
		},
		{
			Method: http.MethodPut, Path: s.Path + "/{id}", ID: "replace" + s.ID, Tag: operation.TagUser, Summary: "Replace " + s.Word, In: body, Out: view,
			IfMatch: true, Headers: tag, Problems: []problem.Kind{problem.Conflict, problem.Unavailable}, Handle: s.replace,
		},
		{
			Method: http.MethodDelete, Path: s.Path + "/{id}", ID: "delete" + s.ID, Tag: operation.TagUser, Summary: "Delete " + s.Word,
			Status: http.StatusNoContent, IfMatch: true, Problems: []problem.Kind{problem.Unavailable}, Handle: s.remove,
		},
	}
}

// all answers with a user's entries.
func (s Shelf[B, V]) all(w http.ResponseWriter, r *http.Request) error {
	if err := operation.NoParams(r); err != nil {
		return err
	}
	entries, err := s.Rack.Library.Entries(r.Context(), gate.User(r.Context()), s.Name)
	if err != nil {
		return s.Rack.Fault(r.Context(), err)
	}
	shown := make([]V, 0, len(entries))
	for _, e := range entries {
		v, err := s.Show(e)
		if err != nil {
			return err
		}
		shown = append(shown, v)
	}
	return answer.JSON(w, http.StatusOK, s.List(shown))
}

// get answers with one entry.
func (s Shelf[B, V]) get(w http.ResponseWriter, r *http.Request) error {
	if err := operation.NoParams(r); err != nil {
		return err
	}
	e, err := s.Rack.entry(r, s.Name)
	if err != nil {
		return err
	}
	if tag := Tag(e.Version); answer.Matches(r.Header.Get("If-None-Match"), tag) {
		w.Header().Set("ETag", tag)
		w.WriteHeader(http.StatusNotModified)
		return nil
	}
	return s.answer(w, http.StatusOK, e)
}

// create saves a new entry.
func (s Shelf[B, V]) create(w http.ResponseWriter, r *http.Request) error {
	if err := operation.NoParams(r); err != nil {
		return err
	}
	ctx, user := r.Context(), gate.User(r.Context())
	e, err := s.read(w, r)
	if err != nil {
		return err
	}
	entries, err := s.Rack.Library.Entries(ctx, user, s.Name)
	if err != nil {
		return s.Rack.Fault(ctx, err)
	}
	if len(entries) >= Most {
		return problem.New(problem.Conflict, fmt.Sprintf("There are %d already, and no more are kept.", Most))
	}
	if err := unique(entries, e); err != nil {
		return err
	}
	e.ID = rand.Text()
	e, err = s.Rack.Library.Add(ctx, user, s.Name, e)
	if err != nil {
		return s.Rack.Fault(ctx, err)
	}
	if s.Saved != nil {
		if err := s.Saved(ctx, user, e); err != nil {
			return s.Rack.Fault(ctx, err)
		}
	}
	w.Header().Set("Location", s.Path+"/"+e.ID)
	return s.answer(w, http.StatusCreated, e)
}

// replace saves a new version of an entry.
func (s Shelf[B, V]) replace(w http.ResponseWriter, r *http.Request) error {
	if err := operation.NoParams(r); err != nil {
		return err
	}
	ctx, user := r.Context(), gate.User(r.Context())
	version, err := IfMatch(r)
	if err != nil {
		return err
	}
	old, err := s.Rack.entry(r, s.Name)
	if err != nil {
		return err
	}
	e, err := s.read(w, r)
	if err != nil {
		return err
	}
	e.ID, e.Version = old.ID, version
	if version == Any {
		e.Version = old.Version
	}
	entries, err := s.Rack.Library.Entries(ctx, user, s.Name)
	if err != nil {
		return s.Rack.Fault(ctx, err)
	}
	if err := unique(entries, e); err != nil {
		return err
	}
	e, err = s.Rack.Library.Change(ctx, user, s.Name, e)
	if err != nil {
		return s.Rack.Fault(ctx, err)
	}
	if s.Saved != nil {
		if err := s.Saved(ctx, user, e); err != nil {
			return s.Rack.Fault(ctx, err)
		}
	}
	return s.answer(w, http.StatusOK, e)
}

// remove deletes an entry.
func (s Shelf[B, V]) remove(w http.ResponseWriter, r *http.Request) error {
	if err := operation.NoParams(r); err != nil {
		return err
	}
	version, err := IfMatch(r)
	if err != nil {
		return err
	}
	if version == Any {
		version = 0
	}
	id, err := entryID(r)
	if err != nil {
		return err
	}
	if err := s.Rack.Library.Remove(r.Context(), gate.User(r.Context()), s.Name, id, version); err != nil {
		return s.Rack.Fault(r.Context(), err)
	}
	w.WriteHeader(http.StatusNoContent)
	return nil
}

// read reads and checks a body.
func (s Shelf[B, V]) read(w http.ResponseWriter, r *http.Request) (Entry, error) {
	var body B
	if err := s.Rack.Read(w, r, &body); err != nil {
		return Entry{}, err
	}
	name, keep, err := s.Check(body)
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
func (s Shelf[B, V]) answer(w http.ResponseWriter, status int, e Entry) error {
	v, err := s.Show(e)
	if err != nil {
		return err
	}
	w.Header().Set("ETag", Tag(e.Version))
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
