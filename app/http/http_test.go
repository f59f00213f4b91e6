package http

import (
	"errors"
	"net/url"
	"testing"
)

// written is a ResponseWriter that remembers.
type written struct {
	header Header
	status int
}

func (w *written) Header() Header              { return w.header }
func (w *written) Write(b []byte) (int, error) { return len(b), nil }
func (w *written) WriteHeader(status int)      { w.status = status }

func TestNothingIsAskedOrServed(t *testing.T) {
	if _, err := Get("http://127.0.0.1/"); !errors.Is(err, ErrNotHere) {
		t.Errorf("Get: %v", err)
	}
	if _, err := NewRequest(MethodGet, "/", nil); !errors.Is(err, ErrNotHere) {
		t.Errorf("NewRequest: %v", err)
	}
	if _, err := DefaultClient.Do(&Request{Method: MethodGet, URL: &url.URL{Path: "/"}}); !errors.Is(err, ErrNotHere) {
		t.Errorf("Do: %v", err)
	}
	w := &written{header: Header{}}
	FileServer(Dir("/")).ServeHTTP(w, &Request{})
	if w.status != StatusNotFound {
		t.Errorf("a file is answered with %d", w.status)
	}
	w.Header().Set("Content-Type", "text/html")
	if got := w.Header().Get("Content-Type"); got != "text/html" {
		t.Errorf("the header holds %q", got)
	}
	if got := w.Header().Get("Content-Length"); got != "" {
		t.Errorf("a header that was not set holds %q", got)
	}
}
