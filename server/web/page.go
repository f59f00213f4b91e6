package web

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"path"
	"regexp"
	"strings"
	"sync"

	"github.com/maxence-charriere/go-app/v10/pkg/app"

	"tierboard/server/web/file"
	"tierboard/server/web/markup"
)

// maxPages bounds the pages kept. There are a handful of routes; only one with a variable part could reach the bound,
// and then the pages beyond it are drawn anew for each request, at about 0.2 ms.
const maxPages = 64

// maxPath bounds the path of a page, in bytes. The longest of ours is a symbol or an event id below a short word.
const maxPath = 256

// errNoPage means that no route knows a path.
var errNoPage = errors.New("no such page")

// notFoundPage is a constant: an error page that repeats the address is the classic place for injected markup.
const notFoundPage = `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="theme-color" content="` + background + `">
<title>Not found · ` + name + `</title>
<link rel="icon" href="/web/icon.svg">
<link rel="stylesheet" href="/app.css">
</head>
<body class="notfound">
<h1>There is nothing at this address</h1>
<p><a href="/">Open ` + name + `</a></p>
</body>
</html>
`

// sameOrigin tells go-app that every resource is where its path says. It is deliberately not an http.Handler: only for
// one would go-app answer from the resources itself, or fetch /robots.txt from the host that a request names.
type sameOrigin struct{}

func (sameOrigin) Resolve(path string) string { return path }

// pages draws the routes' pages and keeps them.
type pages struct {
	handler *app.Handler
	version string

	mu   sync.Mutex // guards kept
	kept map[string]*file.File
}

func newPages(handler *app.Handler, version string) *pages {
	return &pages{handler: handler, version: version, kept: make(map[string]*file.File)}
}

// get returns the page of a path, errNoPage when no route knows it, and another error when go-app cannot draw it.
func (p *pages) get(ctx context.Context, path string) (*file.File, error) {
	if !p.drawable(path) {
		return nil, errNoPage
	}
	p.mu.Lock()
	page := p.kept[path]
	p.mu.Unlock()
	if page != nil {
		return page, nil
	}
	// Two requests may draw the same page at once, which is harmless; drawing under the lock would make all wait.
	response := ask(ctx, p.handler, path)
	switch {
	case response.status == http.StatusNotFound:
		return nil, errNoPage
	case response.status != http.StatusOK:
		return nil, fmt.Errorf("go-app answers %d for %s", response.status, path)
	case !strings.HasPrefix(response.header.Get("Content-Type"), "text/html"):
		return nil, errNoPage // one of go-app's own files under an address of its choosing
	}
	canonical, err := markup.Canonical(response.body.Bytes())
	if err != nil {
		return nil, fmt.Errorf("markup of %s: %w", path, err)
	}
	page = file.New("text/html; charset=utf-8", withoutSocialCard(canonical))
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(p.kept) < maxPages {
		p.kept[path] = page
	}
	return page, nil
}

// drawable reports whether a path may be shown to go-app: clean, short, of characters that mean nothing in HTML, and
// not one of the addresses that its handler answers by a request of its own.
func (p *pages) drawable(urlPath string) bool {
	if len(urlPath) > maxPath || !strings.HasPrefix(urlPath, "/") || path.Clean(urlPath) != urlPath {
		return false
	}
	for i := range len(urlPath) {
		if c := urlPath[i]; !('a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9' ||
			strings.IndexByte("/-._~:@!$*+,;=^", c) >= 0) {
			return false
		}
	}
	switch urlPath {
	case "/robots.txt", "/sitemap.xml", "/ads.txt":
		return false
	}
	// go-app takes its version off the front of a path and answers the rest, those three included.
	return !strings.HasPrefix(urlPath, "/web/") && !strings.HasPrefix(urlPath, "/"+p.version+"/")
}

// socialCard matches the tags that describe a page to social networks. go-app always writes them, with the path of the
// request in one of them and, without a public domain, no valid address in any; nobody should post a private board.
var socialCard = regexp.MustCompile(`\s*<meta [^<>]*(?:property="og:|name="twitter:)[^<>]*>`)

func withoutSocialCard(page []byte) []byte { return socialCard.ReplaceAll(page, nil) }

// ask puts a request for a path to go-app and returns the answer. The request carries the path and nothing else.
func ask(ctx context.Context, handler *app.Handler, path string) *answer {
	a := &answer{header: make(http.Header), status: http.StatusOK}
	request := &http.Request{
		Method: http.MethodGet,
		URL:    &url.URL{Path: path},
		Proto:  "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
		Header: make(http.Header),
		Body:   http.NoBody,
		Host:   "localhost",
	}
	handler.ServeHTTP(a, request.WithContext(ctx))
	return a
}

// answer keeps what go-app writes. It is used by one goroutine.
type answer struct {
	header http.Header
	status int
	body   bytes.Buffer
}

func (a *answer) Header() http.Header         { return a.header }
func (a *answer) WriteHeader(status int)      { a.status = status }
func (a *answer) Write(b []byte) (int, error) { return a.body.Write(b) } //nolint:wrapcheck // a bytes.Buffer does not fail
