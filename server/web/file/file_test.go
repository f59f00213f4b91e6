package file

import (
	"bytes"
	"compress/gzip"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/andybalholm/brotli"

	"tierboard/assets"
)

// server answers requests with one thing.
type server func(w http.ResponseWriter, r *http.Request)

// ask asks with headers in pairs.
func (s server) ask(method string, headers ...string) *httptest.ResponseRecorder {
	r := httptest.NewRequest(method, "/", http.NoBody)
	for i := 0; i+1 < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	w := httptest.NewRecorder()
	s(w, r)
	return w
}

// content unpacks the body of an answer.
func content(t *testing.T, w *httptest.ResponseRecorder) string {
	t.Helper()
	var r io.Reader = w.Body
	switch w.Header().Get("Content-Encoding") {
	case "br":
		r = brotli.NewReader(w.Body)
	case "gzip":
		z, err := gzip.NewReader(w.Body)
		if err != nil {
			t.Fatal(err)
		}
		r = z
	}
	b, err := io.ReadAll(r)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// forms asks for each form of a resource, all of which must be the same content with tags of their own.
func forms(t *testing.T, s server, contentType, want string) {
	t.Helper()
	tags := map[string]bool{}
	for _, encoding := range []string{"br", "gzip", ""} {
		w := s.ask(http.MethodGet, "Accept-Encoding", encoding)
		h := w.Header().Clone()
		length := w.Body.Len()
		if got := content(t, w); w.Code != http.StatusOK || h.Get("Content-Encoding") != encoding || h.Get("Content-Type") != contentType || h.Get("Vary") != "Accept-Encoding" || got != want {
			t.Errorf("%q: %d %v, %d bytes", encoding, w.Code, h, len(got))
		}
		if tags[h.Get("ETag")] || h.Get("ETag") == "" {
			t.Errorf("%q has the tag %s", encoding, h.Get("ETag"))
		}
		tags[h.Get("ETag")] = true
		if again := s.ask(http.MethodGet, "Accept-Encoding", encoding, "If-None-Match", `"x", W/`+h.Get("ETag")); again.Code != http.StatusNotModified || again.Body.Len() > 0 {
			t.Errorf("%q: %d when it is known", encoding, again.Code)
		}
		if head := s.ask(http.MethodHead, "Accept-Encoding", encoding); head.Body.Len() > 0 || head.Result().ContentLength != int64(length) {
			t.Errorf("%q: HEAD has %d bytes and tells of %d, want %d", encoding, head.Body.Len(), head.Result().ContentLength, length)
		}
	}
}

// TestFilesComeInThreeForms asks for a text in every coding, for one too small to shrink and for a picture.
func TestFilesComeInThreeForms(t *testing.T) {
	text := strings.Repeat("body { margin: 0; }\n", 50)
	f := New(Type("a.css"), []byte(text))
	forms(t, func(w http.ResponseWriter, r *http.Request) { f.Serve(w, r, http.StatusOK) }, "text/css; charset=utf-8", text)
	for name, body := range map[string]string{"a.txt": "ab", "a.png": text} {
		small := New(Type(name), []byte(body))
		w := server(func(w http.ResponseWriter, r *http.Request) { small.Serve(w, r, http.StatusOK) }).ask(http.MethodGet, "Accept-Encoding", "br, gzip")
		if w.Header().Get("Content-Encoding") != "" || w.Header().Get("Vary") != "" || w.Body.String() != body {
			t.Errorf("%s: %v", name, w.Header())
		}
	}
}

// TestErrorPagesAreNotKept answers with a status that is no success.
func TestErrorPagesAreNotKept(t *testing.T) {
	f := New("text/html; charset=utf-8", []byte("nothing here"))
	w := server(func(w http.ResponseWriter, r *http.Request) { f.Serve(w, r, http.StatusNotFound) }).ask(http.MethodGet, "If-None-Match", "*")
	if w.Code != http.StatusNotFound || w.Header().Get("ETag") != "" || w.Body.String() != "nothing here" {
		t.Errorf("%d %v %s", w.Code, w.Header(), w.Body)
	}
	w = server(func(w http.ResponseWriter, r *http.Request) { f.Serve(w, r, http.StatusOK) }).ask(http.MethodGet, "If-None-Match", "*")
	if w.Code != http.StatusNotModified {
		t.Errorf("%d", w.Code)
	}
}

// TestTypes names the media type of every sort of file there is.
func TestTypes(t *testing.T) {
	for name, want := range map[string]string{
		"app.css": "text/css; charset=utf-8", "boot.js": "text/javascript; charset=utf-8", "a.html": "text/html; charset=utf-8", "robots.txt": "text/plain; charset=utf-8",
		"icon.svg": "image/svg+xml", "icon.png": "image/png", "inter.woff2": "font/woff2", "manifest.webmanifest": "application/manifest+json",
		"a.json": "application/json", "LICENSE": "application/octet-stream",
	} {
		if got := Type(name); got != want {
			t.Errorf("%s: %s, want %s", name, got, want)
		}
	}
}

// TestPlainIsOneSentence asks for one, and for its headers alone.
func TestPlainIsOneSentence(t *testing.T) {
	s := server(func(w http.ResponseWriter, r *http.Request) { Plain(w, r, http.StatusTeapot, "No coffee.") })
	get, head := s.ask(http.MethodGet), s.ask(http.MethodHead)
	if get.Code != http.StatusTeapot || get.Body.String() != "No coffee.\n" || get.Header().Get("Content-Length") != "11" || get.Header().Get("Cache-Control") != "no-store" {
		t.Errorf("%d %v %s", get.Code, get.Header(), get.Body)
	}
	if head.Code != http.StatusTeapot || head.Body.Len() > 0 || head.Header().Get("Content-Length") != "11" {
		t.Errorf("%d %v %s", head.Code, head.Header(), head.Body)
	}
}

// packed are the forms of a program.
func packed(t *testing.T, wasm string) fstest.MapFS {
	t.Helper()
	var br, gz bytes.Buffer
	for _, w := range []io.WriteCloser{brotli.NewWriterLevel(&br, 1), gzip.NewWriter(&gz)} {
		if _, err := io.WriteString(w, wasm); err != nil {
			t.Fatal(err)
		}
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
	}
	return fstest.MapFS{assets.WasmBrotli: {Data: br.Bytes()}, assets.WasmGzip: {Data: gz.Bytes()}}
}

// TestTheProgramComesInThreeForms asks for the program in every coding.
func TestTheProgramComesInThreeForms(t *testing.T) {
	wasm := strings.Repeat("\x00asm program ", 1000)
	p, err := NewProgram(packed(t, wasm))
	if err != nil {
		t.Fatal(err)
	}
	if p.RawLength() != "13000" {
		t.Errorf("%s bytes", p.RawLength())
	}
	forms(t, p.Serve, "application/wasm", wasm)
}

// TestProgramsThatAreNone reads programs of which a form is absent, empty, or not what it says.
func TestProgramsThatAreNone(t *testing.T) {
	for rule, c := range map[string]struct {
		change func(fstest.MapFS)
		built  bool
	}{
		"no brotli":   {func(m fstest.MapFS) { delete(m, assets.WasmBrotli) }, false},
		"no gzip":     {func(m fstest.MapFS) { delete(m, assets.WasmGzip) }, false},
		"empty":       {func(m fstest.MapFS) { m[assets.WasmGzip] = &fstest.MapFile{} }, false},
		"not gzip":    {func(m fstest.MapFS) { m[assets.WasmGzip] = &fstest.MapFile{Data: []byte("not gzip, but long enough")} }, true},
		"a directory": {func(m fstest.MapFS) { delete(m, assets.WasmGzip); m[assets.WasmGzip+"/x"] = &fstest.MapFile{} }, true},
	} {
		m := packed(t, "wasm")
		c.change(m)
		if p, err := NewProgram(m); err == nil || errors.Is(err, assets.ErrNotBuilt) == c.built {
			t.Errorf("%s: %v %v", rule, p, err)
		}
	}
	m := packed(t, "wasm wasm wasm")
	whole := m[assets.WasmGzip].Data
	m[assets.WasmGzip] = &fstest.MapFile{Data: append(bytes.Clone(whole[:12]), whole[len(whole)-4:]...)} // its inside is lost
	p, err := NewProgram(m)
	if err != nil {
		t.Fatal(err)
	}
	if w := server(p.Serve).ask(http.MethodGet); w.Body.Len() >= 14 || w.Header().Get("Content-Length") != "14" {
		t.Errorf("%d bytes of %s", w.Body.Len(), w.Header().Get("Content-Length"))
	}
}
