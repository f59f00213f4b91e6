package gate

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/andybalholm/brotli"
)

func TestWhoLikesBrotliBest(t *testing.T) {
	for accept, want := range map[string]bool{
		"": false, "br": true, "BR": true, "gzip, deflate, br, zstd": false, "br, gzip;q=0.8": true, "br;q=0.5, gzip;q=0.8": false, "br;q=0": false,
		"br;q=x": false, "gzip": false, "*": false, "br; q=0.9, zstd;q=0.1": true,
	} {
		if got := onlyBrotli(accept); got != want {
			t.Errorf("%q: %v", accept, got)
		}
	}
}

// TestBrotli holds answers of every sort to what was written.
func TestBrotli(t *testing.T) {
	long := strings.Repeat(`{"symbol":"AAPL"},`, 1000)
	for name, c := range map[string]struct {
		method, kind string
		answer       func(w http.ResponseWriter)
		status       int
		body         string
		compressed   bool
	}{
		"long":           {"GET", "application/json", func(w http.ResponseWriter) { _, _ = io.WriteString(w, long) }, 200, long, true},
		"in small parts": {"GET", "text/csv; charset=utf-8", func(w http.ResponseWriter) { parts(w, long, false) }, 200, long, true},
		"flushed":        {"GET", "application/x-ndjson", func(w http.ResponseWriter) { parts(w, long, true) }, 200, long, true},
		"a problem": {"GET", "application/problem+json", func(w http.ResponseWriter) {
			w.WriteHeader(http.StatusUnprocessableEntity)
			_, _ = io.WriteString(w, long)
		}, 422, long, true},
		"short":       {"GET", "application/json", func(w http.ResponseWriter) { _, _ = io.WriteString(w, "{}") }, 200, "{}", false},
		"a picture":   {"GET", "image/png", func(w http.ResponseWriter) { _, _ = io.WriteString(w, long) }, 200, long, false},
		"nothing":     {"GET", "", func(http.ResponseWriter) {}, 200, "", false},
		"as it was":   {"GET", "", func(w http.ResponseWriter) { w.WriteHeader(http.StatusNotModified) }, 304, "", false},
		"only a head": {"HEAD", "application/json", func(w http.ResponseWriter) { _, _ = io.WriteString(w, long) }, 200, long, false}, // the HTTP server drops it
	} {
		w := ask(gateOf(t, nil, func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", c.kind)
			c.answer(w)
		}), c.method, "Accept-Encoding", "br")
		var body io.Reader = w.Body
		if c.compressed {
			if w.Body.Len() >= len(long)/4 {
				t.Errorf("%s: %d bytes of %d", name, w.Body.Len(), len(long))
			}
			body = brotli.NewReader(w.Body)
		}
		got, err := io.ReadAll(body)
		if coding := w.Header().Get("Content-Encoding"); err != nil || string(got) != c.body || w.Code != c.status || (coding == "br") != c.compressed {
			t.Errorf("%s: %d, %q, %d bytes, %v", name, w.Code, coding, len(got), err)
		}
		if !strings.Contains(fmt.Sprint(w.Header()["Vary"]), "Accept-Encoding") {
			t.Errorf("%s: Vary %q", name, w.Header()["Vary"])
		}
	}
}

// parts writes a text in small parts.
func parts(w http.ResponseWriter, text string, flush bool) {
	for len(text) > 0 {
		n := min(100, len(text))
		_, _ = io.WriteString(w, text[:n])
		text = text[n:]
		if flush && n == 100 && len(text)%5000 == 0 {
			_ = http.NewResponseController(w).Flush()
		}
	}
}

// TestBrokenAnswersAreNoWholeOnes lets a handler give up: what is there must not be ended as if it were all.
func TestBrokenAnswersAreNoWholeOnes(t *testing.T) {
	h := gateOf(t, nil, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/x-ndjson")
		_, _ = io.WriteString(w, strings.Repeat("{}\n", 5000))
		_ = http.NewResponseController(w).Flush()
		panic(http.ErrAbortHandler)
	})
	w := httptest.NewRecorder()
	func() {
		defer func() {
			if fault := recover(); fault != http.ErrAbortHandler { //nolint:errorlint // the very value
				t.Errorf("panic %v", fault)
			}
		}()
		r := httptest.NewRequest(http.MethodGet, "http://localhost/api/x", http.NoBody)
		r.Header.Set("Accept-Encoding", "br")
		h.ServeHTTP(w, r)
	}()
	if _, err := io.ReadAll(brotli.NewReader(w.Body)); err == nil {
		t.Error("the cut answer reads as a whole one")
	}
}
