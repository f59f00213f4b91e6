// Package route finds the handler of a request by path and method, and answers what has none: HEAD and OPTIONS, unknown methods
// and unknown paths, the last two with problems.
package route

import (
	"net/http"
	"slices"
	"strings"

	"tierboard/server/problem"
)

// Table finds handlers by path and method. It is filled before it serves and does not change after.
type Table struct {
	mux   *http.ServeMux
	paths map[string]*methods
	names []string // known paths, for suggestions
}

// New returns an empty table.
func New() *Table {
	t := &Table{mux: http.NewServeMux(), paths: map[string]*methods{}}
	t.mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		detail := "There is nothing at this path"
		if problem.Plain(strings.ReplaceAll(r.URL.Path, "/", "")) {
			detail += problem.Suggest(r.URL.Path, t.names)
		}
		problem.Write(w, problem.New(problem.NotFound, strings.TrimSuffix(detail, "?")+"."))
	})
	t.mux.HandleFunc("/api/v1/patterns", t.alias)
	t.mux.HandleFunc("/api/v1/patterns/", t.alias)
	return t
}

// alias answers the versioned name of a path as the path itself.
func (t *Table) alias(w http.ResponseWriter, r *http.Request) {
	u := *r.URL
	u.Path, u.RawPath = "/api/patterns"+strings.TrimPrefix(u.Path, "/api/v1/patterns"), ""
	inner := r.Clone(r.Context())
	inner.URL = &u
	t.mux.ServeHTTP(w, inner)
	r.Pattern = inner.Pattern
}

// HandleFunc adds a handler under "METHOD /path".
func (t *Table) HandleFunc(pattern string, handler func(http.ResponseWriter, *http.Request)) {
	method, path, _ := strings.Cut(pattern, " ")
	m := t.paths[path]
	if m == nil {
		m = &methods{by: map[string]http.HandlerFunc{}}
		t.paths[path] = m
		t.names = append(t.names, path)
		t.mux.Handle(path, m)
	}
	m.by[method] = handler
	m.allow = allowed(m.by)
}

// Get adds a handler that only answers GET.
func (t *Table) Get(path string, handler http.HandlerFunc) { t.HandleFunc("GET "+path, handler) }

// ServeHTTP answers a request.
func (t *Table) ServeHTTP(w http.ResponseWriter, r *http.Request) { t.mux.ServeHTTP(w, r) }

// methods are the handlers of one path.
type methods struct {
	by    map[string]http.HandlerFunc
	allow string
}

// allowed returns the value of an Allow header.
func allowed(by map[string]http.HandlerFunc) string {
	var names []string
	for m := range by {
		names = append(names, m)
	}
	if by[http.MethodGet] != nil {
		names = append(names, http.MethodHead)
	}
	names = append(names, http.MethodOptions)
	slices.Sort(names)
	return strings.Join(names, ", ")
}

// ServeHTTP finds the handler of the method.
func (m *methods) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	method := r.Method
	if method == http.MethodHead {
		method = http.MethodGet // the HTTP server leaves out the body
	}
	if h := m.by[method]; h != nil {
		h(w, r)
		return
	}
	w.Header().Set("Allow", m.allow)
	if r.Method == http.MethodOptions {
		w.WriteHeader(http.StatusNoContent)
		return
	}
	problem.Write(w, problem.New(problem.Method, "This path answers "+m.allow+"."))
}
