// Package http is what the browser's program is built with in the place of net/http. Nothing imports it: the Makefile lays it
// over the standard package, for that one build, with the go command's -overlay.
//
// # Decisions
//
// 2026-11-23 The browser's program is built without net/http. Because: go-app imports it for a server that the page never
// starts, and although the linker leaves its functions out, what it and crypto/tls, x509 and the rest below it set up before
// main stays: 346 KB of 1,635 KB to download, 2.1 MB of 9.9 MB to compile and keep, for nothing. Rejected: a copy of
// go-app with the imports taken out, which would have to be kept in step by hand; here the compiler says when go-app
// wants something else. Look again when: go-app imports net/http for its server only.
package http

import (
	"errors"
	"io"
	"net/url"
)

// The methods and statuses that go-app names.
const (
	MethodGet                 = "GET"
	StatusOK                  = 200
	StatusNotModified         = 304
	StatusNotFound            = 404
	StatusInternalServerError = 500
)

// ErrNotHere is what every request is answered with: in the browser, package fetch asks the server.
var ErrNotHere = errors.New("http: the browser's program has no HTTP client of its own")

// Header is a message's header; names are used as they are written.
type Header map[string][]string

// Get returns a header's first value, "" if there is none.
func (h Header) Get(name string) string {
	if values := h[name]; len(values) > 0 {
		return values[0]
	}
	return ""
}

// Set replaces a header.
func (h Header) Set(name, value string) { h[name] = []string{value} }

// ResponseWriter is where a Handler writes.
type ResponseWriter interface {
	Header() Header
	Write(body []byte) (int, error)
	WriteHeader(status int)
}

// Handler answers requests; in the browser none come.
type Handler interface {
	ServeHTTP(w ResponseWriter, r *Request)
}

// Request is a request, as far as go-app reads it.
type Request struct {
	Method string
	URL    *url.URL
	Host   string
	Header Header
	TLS    *struct{}
}

// Response is an answer, as far as go-app reads it.
type Response struct {
	StatusCode int
	Header     Header
	Body       io.ReadCloser
}

// Client sends nothing.
type Client struct{}

// DefaultClient is the Client that go-app uses.
var DefaultClient = &Client{}

// Do returns ErrNotHere.
func (*Client) Do(*Request) (*Response, error) { return nil, ErrNotHere }

// Get returns ErrNotHere.
func Get(string) (*Response, error) { return nil, ErrNotHere }

// NewRequest returns ErrNotHere.
func NewRequest(string, string, io.Reader) (*Request, error) { return nil, ErrNotHere }

// NotFound answers with status 404.
func NotFound(w ResponseWriter, _ *Request) { w.WriteHeader(StatusNotFound) }

// Dir is a directory of files to serve.
type Dir string

// FileServer returns a Handler that finds nothing.
func FileServer(Dir) Handler { return nothing{} }

// nothing is a server without files.
type nothing struct{}

func (nothing) ServeHTTP(w ResponseWriter, r *Request) { NotFound(w, r) }
