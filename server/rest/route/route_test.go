package route

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

// TestEveryRequestIsAnswered asks a small table by every method.
func TestEveryRequestIsAnswered(t *testing.T) {
	table := New()
	say := func(word string) http.HandlerFunc {
		return func(w http.ResponseWriter, r *http.Request) {
			_, _ = fmt.Fprint(w, word, r.PathValue("id"), r.URL.RawQuery)
		}
	}
	table.Get("/api/patterns", say("patterns "))
	table.Get("/api/patterns/{id}", say("one "))
	table.HandleFunc("POST /api/views", say("made "))
	table.HandleFunc("GET /api/views", say("views "))
	for _, c := range []struct {
		method, target string
		status         int
		allow, body    string
	}{
		{"GET", "/api/patterns", 200, "", "patterns "},
		{"GET", "/api/patterns/i1", 200, "", "one i1"},
		{"GET", "/api/v1/patterns?limit=1", 200, "", "patterns limit=1"},
		{"GET", "/api/v1/patterns/i1", 200, "", "one i1"},
		{"HEAD", "/api/patterns", 200, "", "patterns "}, // what the HTTP server leaves out
		{"OPTIONS", "/api/patterns", 204, "GET, HEAD, OPTIONS", ""},
		{"OPTIONS", "/api/v1/patterns", 204, "GET, HEAD, OPTIONS", ""},
		{"POST", "/api/views", 200, "", "made "},
		{"DELETE", "/api/views", 405, "GET, HEAD, OPTIONS, POST", "This path answers GET, HEAD, OPTIONS, POST."},
		{"POST", "/api/patterns", 405, "GET, HEAD, OPTIONS", "This path answers GET, HEAD, OPTIONS."},
		{"GET", "/api/pattern", 404, "", "did you mean /api/patterns."},
		{"GET", "/<script>", 404, "", "There is nothing at this path."},
	} {
		t.Run(c.method+" "+c.target, func(t *testing.T) {
			w := httptest.NewRecorder()
			table.ServeHTTP(w, httptest.NewRequest(c.method, c.target, http.NoBody))
			if w.Code != c.status || w.Header().Get("Allow") != c.allow || !strings.Contains(w.Body.String(), c.body) || strings.Contains(w.Body.String(), "script") {
				t.Errorf("%d %v %s", w.Code, w.Header(), w.Body)
			}
		})
	}
}
