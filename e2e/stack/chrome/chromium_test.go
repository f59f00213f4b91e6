package chrome

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"tierboard/e2e/stack/process"
)

// recorder stands in for a test to see how the browser fails one.
type recorder struct {
	testing.TB
	errors []string
}

func (r *recorder) Logf(string, ...any) {}
func (r *recorder) Failed() bool        { return len(r.errors) > 0 }
func (r *recorder) Errorf(f string, args ...any) {
	r.errors = append(r.errors, fmt.Sprintf(f, args...))
}

func TestChromium(t *testing.T) {
	t.Parallel()
	site := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		switch r.URL.Path {
		case "/good":
			w.Header().Set("Content-Security-Policy", "default-src 'self'")
			fmt.Fprint(w, `<!doctype html><title>good</title><link rel=icon href="/icon.png"><script src="/script.js"></script>`)
		case "/icon.png", "/favicon.ico":
			w.WriteHeader(http.StatusNoContent)
		case "/script.js":
			w.Header().Set("Content-Type", "text/javascript")
			fmt.Fprint(w, `setTimeout(() => { window.later = {n: 42} }, 50)`)
		case "/bad":
			w.Header().Set("Content-Security-Policy", "default-src 'self'; script-src 'unsafe-inline'")
			fmt.Fprint(w, `<!doctype html><title>bad</title><p style="color:red">refused</p><script>
				console.log("fine"); console.error("told", 7, new Error("in words")); 
				setTimeout(() => { throw new TypeError("uncaught") });
				setTimeout(() => { window.done = true }, 10);
			</script><img src="/missing.png">`)
		default:
			http.NotFound(w, r)
		}
	}))
	t.Cleanup(site.Close)

	b := Chromium(t)
	b.Navigate(site.URL + "/good")
	b.WaitFor("window.later") // under a policy that forbids eval
	b.WaitFor("Promise.resolve('also promises')")
	if got := Eval[int](b, "Promise.resolve(window.later.n)"); got != 42 {
		t.Errorf("evaluated to %d, want 42", got)
	}
	if got := Eval[[2]int](b, "[innerWidth, innerHeight]"); got[0] != ViewportWidth {
		t.Errorf("the window is %v, want %d wide", got, ViewportWidth)
	}
	if err := b.poll(100*time.Millisecond, "window.never"); err == nil || !strings.Contains(err.Error(), "falsy") {
		t.Errorf("waiting for what never comes: %v", err)
	}
	if err := b.poll(100*time.Millisecond, "nothing.here"); err == nil || !strings.Contains(err.Error(), "ReferenceError") {
		t.Errorf("waiting for what throws: %v", err)
	}
	if got := b.Problems(); len(got) > 0 {
		t.Errorf("a good page has problems: %v", got)
	}
	shot := filepath.Join(t.TempDir(), "shots", "good.png")
	b.Screenshot(shot)
	if png, err := os.ReadFile(shot); err != nil || !strings.HasPrefix(string(png), "\x89PNG") {
		t.Errorf("screenshot: %v, %d bytes", err, len(png))
	}

	b.Navigate(site.URL + "/bad")
	b.WaitFor("window.done")
	want := []string{"csp: ", "console: told 7 Error: in words", "exception: TypeError: uncaught", "log: Failed to load resource"}
	for _, start := range want {
		if !slices.ContainsFunc(b.Problems(), func(p Problem) bool { return strings.HasPrefix(p.String(), start) }) {
			t.Errorf("no problem %q in %v", start, b.Problems())
		}
	}
	r := &recorder{TB: t}
	(&Browser{t: r, output: &process.Tail{}, problems: b.Problems()}).report()
	if len(r.errors) != len(b.Problems()) {
		t.Errorf("%d problems failed the test %d times: %q", len(b.Problems()), len(r.errors), r.errors)
	}
	b.AllowProblems(want...)
	if got := b.Problems(); len(got) > 0 {
		t.Errorf("allowed, but still there: %v", got)
	}
}
