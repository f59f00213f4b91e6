package shelf

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"tierboard/server/problem"
	"tierboard/server/query"
)

// one is a library with one user and one shelf. One goroutine uses it.
type one struct {
	entries []Entry
	fault   error
}

func (o *one) find(id string) int {
	return slices.IndexFunc(o.entries, func(e Entry) bool { return e.ID == id })
}

func (o *one) Entries(context.Context, string, string) ([]Entry, error) {
	return slices.Clone(o.entries), o.fault
}

func (o *one) Entry(_ context.Context, _, _, id string) (Entry, error) {
	i := o.find(id)
	switch {
	case o.fault != nil:
		return Entry{}, o.fault
	case i < 0:
		return Entry{}, query.ErrNotFound
	}
	return o.entries[i], nil
}

func (o *one) Add(_ context.Context, _, _ string, e Entry) (Entry, error) {
	e.Version = 1
	o.entries = append(o.entries, e)
	return e, o.fault
}

func (o *one) Change(_ context.Context, _, _ string, e Entry) (Entry, error) {
	i := o.find(e.ID)
	if o.entries[i].Version != e.Version {
		return Entry{}, query.ErrChanged
	}
	e.Version++
	o.entries[i] = e
	return e, o.fault
}

func (o *one) Remove(_ context.Context, _, _, id string, version int64) error {
	i := o.find(id)
	switch {
	case i < 0:
		return query.ErrNotFound
	case version != 0 && o.entries[i].Version != version:
		return query.ErrChanged
	}
	o.entries = slices.Delete(o.entries, i, i+1)
	return o.fault
}

// note is what the tests save.
type note struct{ Name, Text string }

// notes is a shelf of notes, which a text "bad" is not.
func notes(lib Library, saved func(context.Context, string, Entry) error) Shelf[note, note] {
	return Shelf[note, note]{
		Rack: &Rack{
			Library: lib, Log: slog.New(slog.DiscardHandler),
			Read: func(_ http.ResponseWriter, r *http.Request, v any) error { return json.NewDecoder(r.Body).Decode(v) },
		},
		Name: "notes", Path: "/notes", Word: "a note", ID: "Note", About: "Notes.",
		Check: func(n note) (string, any, error) {
			if n.Text == "bad" {
				return "", nil, problem.At(problem.Body, problem.Field("body.text", "", "is bad"))
			}
			return n.Name, n.Text, nil
		},
		Show: func(e Entry) (note, error) {
			n := note{Name: e.Name}
			return n, json.Unmarshal(e.Body, &n.Text)
		},
		List:  func(all []note) any { return map[string]any{"notes": all} },
		Saved: saved,
	}
}

// serve puts a shelf on a mux.
func serve(s Shelf[note, note]) *http.ServeMux {
	mux := http.NewServeMux()
	for _, o := range s.Operations() {
		mux.HandleFunc(o.Method+" "+o.Path, func(w http.ResponseWriter, r *http.Request) {
			if err := o.Handle(w, r); err != nil {
				problem.Write(w, err)
			}
		})
	}
	return mux
}

// ask makes a request for a version, if that is not "".
func ask(mux *http.ServeMux, method, target, body, version string) *httptest.ResponseRecorder {
	r := httptest.NewRequest(method, target, strings.NewReader(body))
	r.Header.Set("If-Match", version)
	w := httptest.NewRecorder()
	mux.ServeHTTP(w, r)
	return w
}

// TestALifeOnTheShelf saves, reads, replaces and deletes a note, and tries what is not allowed in between.
func TestALifeOnTheShelf(t *testing.T) {
	lib := &one{}
	var told []string
	mux := serve(notes(lib, func(_ context.Context, _ string, e Entry) error {
		told = append(told, e.Name)
		return nil
	}))
	w := ask(mux, "POST", "/notes", `{"name":" first\u0000 ","text":"a"}`, "")
	where := w.Header().Get("Location")
	if w.Code != http.StatusCreated || w.Header().Get("ETag") != `"1"` || !strings.Contains(w.Body.String(), `"Name":"first"`) || !strings.HasPrefix(where, "/notes/") {
		t.Fatalf("%d %v %s", w.Code, w.Header(), w.Body)
	}
	for _, c := range []struct {
		rule, method, target, body, version string
		status                              int
		part                                string
	}{
		{"a name is taken once", "POST", "/notes", `{"name":"FIRST"}`, "", 409, "body.name"},
		{"a name is needed", "POST", "/notes", `{"name":"\t"}`, "", 422, "body.name"},
		{"what is checked is refused", "POST", "/notes", `{"name":"x","text":"bad"}`, "", 422, "body.text"},
		{"no parameter is known", "GET", "/notes?x=1", "", "", 422, "query.x"},
		{"all there are", "GET", "/notes", "", "", 200, `{"notes":[{"Name":"first","Text":"a"}]}`},
		{"one", "GET", where, "", "", 200, `"Text":"a"`},
		{"none", "GET", "/notes/none", "", "", 404, "nothing with this id"},
		{"no id", "GET", "/notes/%3Cb%3E", "", "", 404, "nothing with this id"},
		{"a version is needed", "PUT", where, `{"name":"two"}`, "", 428, "header.If-Match"},
		{"the version must be the present one", "PUT", where, `{"name":"two"}`, `"7"`, 412, "another version"},
		{"a version is a number", "PUT", where, `{"name":"two"}`, `"x"`, 412, "header.If-Match"},
		{"replaced", "PUT", where, `{"name":"two","text":"b"}`, `"1"`, 200, `"Text":"b"`},
		{"replaced whatever it is", "PUT", where, `{"name":"three","text":"c"}`, `*`, 200, `"Name":"three"`},
		{"not deleted", "DELETE", where, "", `"1"`, 412, "another version"},
		{"deleted", "DELETE", where, "", `W/"3"`, 204, ""},
		{"gone", "DELETE", where, "", `*`, 404, "nothing with this id"},
	} {
		if w := ask(mux, c.method, c.target, c.body, c.version); w.Code != c.status || !strings.Contains(w.Body.String(), c.part) {
			t.Errorf("%s: %d %s", c.rule, w.Code, w.Body)
		}
	}
	if !slices.Equal(told, []string{"first", "two", "three"}) {
		t.Errorf("told of %q", told)
	}
}

func TestAFullShelfAndALibraryThatIsAway(t *testing.T) {
	lib := &one{entries: make([]Entry, Most)}
	mux := serve(notes(lib, nil))
	if w := ask(mux, "POST", "/notes", `{"name":"x"}`, ""); w.Code != http.StatusConflict || !strings.Contains(w.Body.String(), "100") {
		t.Errorf("%d %s", w.Code, w.Body)
	}
	lib.fault = errors.New("connection refused (password hunter2)")
	for _, c := range [][2]string{{"GET", "/notes"}, {"GET", "/notes/a"}, {"POST", "/notes"}, {"PUT", "/notes/a"}} {
		if w := ask(mux, c[0], c[1], `{"name":"x"}`, "*"); w.Code != http.StatusServiceUnavailable || w.Header().Get("Retry-After") == "" || strings.Contains(w.Body.String(), "hunter2") {
			t.Errorf("%s %s: %d %v %s", c[0], c[1], w.Code, w.Header(), w.Body)
		}
	}
}
