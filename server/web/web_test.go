package web

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"testing/fstest"

	"github.com/andybalholm/brotli"
	"github.com/google/go-cmp/cmp"
	"github.com/maxence-charriere/go-app/v10/pkg/app"

	"tierboard/assets"
	"tierboard/server/web/testdata/miniapp/mini"
	"tierboard/shared/api"
	"tierboard/shared/filter"
	"tierboard/shared/wire"
)

// wasmBytes stands in for a program where nobody runs it.
var wasmBytes = bytes.Repeat([]byte("\x00asm program "), 1000)

// testAssets returns the real assets with the given program in place of the one that may or may not be built.
func testAssets(t testing.TB, wasm []byte) fstest.MapFS {
	t.Helper()
	files := fstest.MapFS{"app.css": {Data: []byte(strings.Repeat("body { margin: 0; }\n", 50))}}
	source := assets.FS()
	err := fs.WalkDir(source, ".", func(name string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() || strings.HasPrefix(name, "app.wasm") {
			return err
		}
		content, err := fs.ReadFile(source, name)
		files[name] = &fstest.MapFile{Data: content}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	if wasm != nil {
		var br, gz bytes.Buffer
		bw := brotli.NewWriterLevel(&br, 1)
		gw, err := gzip.NewWriterLevel(&gz, 1)
		if err != nil {
			t.Fatal(err)
		}
		for _, w := range []io.WriteCloser{bw, gw} {
			if _, err := w.Write(wasm); err != nil {
				t.Fatal(err)
			}
			if err := w.Close(); err != nil {
				t.Fatal(err)
			}
		}
		files[assets.WasmBrotli] = &fstest.MapFile{Data: br.Bytes()}
		files[assets.WasmGzip] = &fstest.MapFile{Data: gz.Bytes()}
	}
	return files
}

// The routes of go-app are global, so every test registers them once and through here.
var registerOnce sync.Once

func register() { registerOnce.Do(mini.Register) }

func newWeb(t testing.TB, cfg Config) *Web {
	t.Helper()
	if cfg.Register == nil {
		cfg.Register = register
	}
	if cfg.Assets == nil {
		cfg.Assets = testAssets(t, wasmBytes)
	}
	w, err := New(cfg, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	return w
}

// do sends a request to the handler; header alternates names and values.
func do(h http.Handler, method, path string, header ...string) *http.Response {
	r := httptest.NewRequest(method, "/", nil)
	r.Host = "localhost:8080"
	r.URL = &url.URL{Path: path}
	if p, query, ok := strings.Cut(path, "?"); ok {
		r.URL = &url.URL{Path: p, RawQuery: query}
	}
	for i := 0; i+1 < len(header); i += 2 {
		if header[i] == "Host" {
			r.Host = header[i+1]
		} else {
			r.Header.Add(header[i], header[i+1])
		}
	}
	recorder := httptest.NewRecorder()
	h.ServeHTTP(recorder, r)
	return recorder.Result()
}

func body(t testing.TB, r *http.Response) string {
	t.Helper()
	var reader io.Reader = r.Body
	switch encoding := r.Header.Get("Content-Encoding"); encoding {
	case "br":
		reader = brotli.NewReader(r.Body)
	case "gzip":
		var err error
		if reader, err = gzip.NewReader(r.Body); err != nil {
			t.Fatal(err)
		}
	case "":
	default:
		t.Fatalf("content encoding %q", encoding)
	}
	b, err := io.ReadAll(reader)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func TestEveryAnswerCarriesTheSecurityHeaders(t *testing.T) {
	w := newWeb(t, Config{})
	want := map[string]string{
		"Content-Security-Policy": "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; style-src 'self'; " +
			"img-src 'self' data:; font-src 'self'; connect-src 'self'; manifest-src 'self'; worker-src 'self'; " +
			"base-uri 'none'; form-action 'self'; frame-ancestors 'none'",
		"X-Content-Type-Options":       "nosniff",
		"Referrer-Policy":              "same-origin",
		"Cross-Origin-Opener-Policy":   "same-origin",
		"Cross-Origin-Resource-Policy": "same-origin",
		"Permissions-Policy":           permissionsPolicy,
	}
	for name, response := range map[string]*http.Response{
		"page":           do(w, "GET", "/"),
		"program":        do(w, "GET", "/web/app.wasm"),
		"file":           do(w, "GET", "/web/boot.js"),
		"script":         do(w, "GET", "/app.js"),
		"not found":      do(w, "GET", "/nowhere"),
		"method":         do(w, "POST", "/"),
		"host":           do(w, "GET", "/", "Host", "evil.example"),
		"malformed host": do(w, "GET", "/", "Host", `"><script>`),
		"not modified":   do(w, "GET", "/", "If-None-Match", "*"),
	} {
		for key, value := range want {
			if got := response.Header.Values(key); len(got) != 1 || got[0] != value {
				t.Errorf("%s: %s is %q, want %q", name, key, got, value)
			}
		}
	}
}

func TestAddresses(t *testing.T) {
	w := newWeb(t, Config{})
	for _, test := range []struct {
		path, contentType string
		status            int
	}{
		{"/", "text/html; charset=utf-8", 200},
		{"/?source=pwa", "text/html; charset=utf-8", 200},
		{"/tier/combo", "text/html; charset=utf-8", 200},
		{"/symbol/BRK.B", "text/html; charset=utf-8", 200},
		{"/app.js", "text/javascript; charset=utf-8", 200},
		{"/wasm_exec.js", "text/javascript; charset=utf-8", 200},
		{"/app-worker.js", "text/javascript; charset=utf-8", 200},
		{"/app.css", "text/css; charset=utf-8", 200},
		{"/manifest.webmanifest", "application/manifest+json", 200},
		{"/favicon.ico", "image/png", 200},
		{"/robots.txt", "text/plain; charset=utf-8", 200},
		{"/web/app.css", "text/css; charset=utf-8", 200},
		{"/web/boot.js", "text/javascript; charset=utf-8", 200},
		{"/web/icon.svg", "image/svg+xml", 200},
		{"/web/icon-192.png", "image/png", 200},
		{"/web/inter.woff2", "font/woff2", 200},
		{"/web/app.wasm", "application/wasm", 200},
		{"/app.wasm", "application/wasm", 200},
		{"/sitemap.xml", "text/html; charset=utf-8", 404},
		{"/ads.txt", "text/html; charset=utf-8", 404},
		{"/nowhere", "text/html; charset=utf-8", 404},
		{"/tier/combo/", "text/html; charset=utf-8", 404},
		{"/web/", "text/html; charset=utf-8", 404},
		{"/web/../app.js", "text/html; charset=utf-8", 404},
		{"/web/app.wasm.br", "text/html; charset=utf-8", 404},
		{"/goapp.js", "text/html; charset=utf-8", 404},
		{"/manifest.json", "text/html; charset=utf-8", 404},
		{"/" + w.Version() + "/robots.txt", "text/html; charset=utf-8", 404},
		{"/" + w.Version() + "/web/app.wasm", "text/html; charset=utf-8", 404},
		{"//evil.example/", "text/html; charset=utf-8", 404},
		{"", "text/html; charset=utf-8", 404},
		{"/symbol/" + strings.Repeat("A", 300), "text/html; charset=utf-8", 404},
	} {
		t.Run(test.path, func(t *testing.T) {
			for _, accept := range []string{"", "br", "gzip"} {
				got := do(w, "GET", test.path, "Accept-Encoding", accept)
				if got.StatusCode != test.status || got.Header.Get("Content-Type") != test.contentType {
					t.Fatalf("%d %s, want %d %s", got.StatusCode, got.Header.Get("Content-Type"), test.status, test.contentType)
				}
				if length := got.Header.Get("Content-Length"); length != strconv.FormatInt(int64(mustLen(t, got)), 10) {
					t.Errorf("Content-Length %q is not that of the body", length)
				}
				head := do(w, "HEAD", test.path, "Accept-Encoding", accept)
				if diff := cmp.Diff(got.Header, head.Header); diff != "" || head.StatusCode != got.StatusCode {
					t.Errorf("HEAD differs from GET: %s", diff)
				}
				if mustLen(t, head) != 0 {
					t.Error("HEAD has a body")
				}
			}
		})
	}
}

func mustLen(t *testing.T, r *http.Response) int {
	t.Helper()
	b, err := io.ReadAll(r.Body)
	if err != nil {
		t.Fatal(err)
	}
	return len(b)
}

func TestOnlyGetAndHead(t *testing.T) {
	w := newWeb(t, Config{})
	for _, method := range []string{"POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "CONNECT", "BREW"} {
		for _, path := range []string{"/", "/web/app.wasm", "/app.js", "/nowhere", "/robots.txt"} {
			got := do(w, method, path)
			if got.StatusCode != http.StatusMethodNotAllowed || got.Header.Get("Allow") != "GET, HEAD" {
				t.Errorf("%s %s: %d, Allow %q", method, path, got.StatusCode, got.Header.Get("Allow"))
			}
		}
	}
}

func TestEncodings(t *testing.T) {
	w := newWeb(t, Config{})
	for path, want := range map[string]string{
		"/web/app.wasm": string(wasmBytes),
		"/web/app.css":  string(testAssets(t, nil)["app.css"].Data),
		"/app.js":       body(t, do(w, "GET", "/app.js")),
	} {
		tags := map[string]string{}
		for accept, encoding := range map[string]string{"br, gzip": "br", "gzip": "gzip", "br;q=0, *;q=0.1": "gzip", "": "", "zstd": ""} {
			got := do(w, "GET", path, "Accept-Encoding", accept)
			if got.Header.Get("Content-Encoding") != encoding {
				t.Errorf("%s for %q: %q, want %q", path, accept, got.Header.Get("Content-Encoding"), encoding)
			}
			if got.Header.Get("Vary") != "Accept-Encoding" {
				t.Errorf("%s: Vary is %q", path, got.Header.Get("Vary"))
			}
			if tag := got.Header.Get("ETag"); !regexp.MustCompile(`^"[0-9a-f]{32}(-br|-gzip)?"$`).MatchString(tag) {
				t.Errorf("%s: tag %q is not a strong hash", path, tag)
			} else if other, ok := tags[tag]; ok && other != encoding {
				t.Errorf("%s: %q and %q share the tag %s", path, encoding, other, tag)
			} else {
				tags[tag] = encoding
			}
			if body(t, got) != want {
				t.Errorf("%s for %q: wrong content", path, accept)
			}
		}
	}
	if got := do(w, "GET", "/web/inter.woff2", "Accept-Encoding", "br, gzip").Header.Get("Content-Encoding"); got != "" {
		t.Errorf("the font is compressed already, got encoding %q", got)
	}
}

func TestNotModified(t *testing.T) {
	w := newWeb(t, Config{})
	for _, path := range []string{"/", "/tier/combo", "/web/app.wasm", "/web/app.css", "/app-worker.js", "/web/icon-192.png"} {
		tag := do(w, "GET", path, "Accept-Encoding", "br").Header.Get("ETag")
		plainTag := do(w, "GET", path).Header.Get("ETag")
		for _, test := range []struct {
			name, match string
			status      int
		}{
			{"the same", tag, 304},
			{"made weak by a proxy", "W/" + tag, 304},
			{"in a list", `"other", ` + tag, 304},
			{"any", "*", 304},
			{"another", `"other"`, 200},
			{"without quotes", strings.Trim(tag, `"`), 200},
			{"the version", `"` + w.Version() + `"`, 200},
		} {
			got := do(w, "GET", path, "Accept-Encoding", "br", "If-None-Match", test.match)
			if got.StatusCode != test.status {
				t.Errorf("%s, %s: %d, want %d", path, test.name, got.StatusCode, test.status)
			}
			if got.Header.Get("ETag") != tag {
				t.Errorf("%s, %s: tag %s, want %s", path, test.name, got.Header.Get("ETag"), tag)
			}
			if n := mustLen(t, got); (n == 0) != (test.status == 304) {
				t.Errorf("%s, %s: %d bytes", path, test.name, n)
			}
		}
		if plainTag != tag {
			if got := do(w, "GET", path, "If-None-Match", tag); got.StatusCode != 200 {
				t.Errorf("%s: the tag of another form answers %d", path, got.StatusCode)
			}
		}
	}
	if got := do(w, "GET", "/nowhere", "If-None-Match", "*"); got.StatusCode != 404 {
		t.Errorf("a page that is not there answers %d", got.StatusCode)
	}
}

// go-app's own handler would fetch these from the host that the request names, and keep the answer.
func TestForgedHostReachesNobody(t *testing.T) {
	called := make(chan string, 16)
	victim := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		called <- r.URL.Path
		fmt.Fprint(w, "forged")
	}))
	defer victim.Close()
	host := strings.TrimPrefix(victim.URL, "http://") // a loopback address, so the host guard lets it through
	w := newWeb(t, Config{})
	for _, path := range []string{"/robots.txt", "/sitemap.xml", "/ads.txt"} {
		for _, path := range []string{path, "/" + w.Version() + path, "/" + path} {
			if got := body(t, do(w, "GET", path, "Host", host)); strings.Contains(got, "forged") {
				t.Errorf("%s serves what the forged host says", path)
			}
		}
	}
	if got, want := body(t, do(w, "GET", "/robots.txt", "Host", host)), "User-agent: *\nDisallow: /\n"; got != want {
		t.Errorf("robots.txt says %q, want %q", got, want)
	}
	select {
	case path := <-called:
		t.Errorf("the server fetched %s from the forged host", path)
	default:
	}
}

func TestForeignHostsAreRefused(t *testing.T) {
	w := newWeb(t, Config{Hosts: []string{"board.example"}})
	for host, status := range map[string]int{
		"board.example": 200, "127.0.0.1:8080": 200, "evil.example": 421, "10.0.0.1": 421, "": 400, "a b": 400,
	} {
		for _, path := range []string{"/", "/web/app.wasm", "/app.js"} {
			if got := do(w, "GET", path, "Host", host); got.StatusCode != status {
				t.Errorf("%s under %q: %d, want %d", path, host, got.StatusCode, status)
			}
		}
	}
}

// Attribute values are not escaped by go-app, so nothing of a request may reach one.
func TestNothingOfARequestIsInThePage(t *testing.T) {
	w := newWeb(t, Config{Hosts: []string{"marker.example"}})
	const hostile = `"><script>marker()</script><a b='`
	for _, path := range []string{
		"/symbol/" + hostile, "/symbol/marker", "/?q=" + hostile, "/tier/combo?marker=" + hostile, "/" + hostile,
		"/symbol/&quot;&gt;marker", "/symbol/`marker`", "/symbol/marker\x00", "/symbol/mаrker", `/symbol/\"marker`,
	} {
		got := body(t, do(w, "GET", path, "Host", "marker.example", "User-Agent", hostile, "Referer", hostile,
			"Accept-Language", hostile, "X-Forwarded-Host", hostile, "Cookie", "a="+hostile))
		if strings.Contains(got, "marker") || strings.Contains(got, "mаrker") {
			t.Errorf("%q is repeated in the page:\n%s", path, got)
		}
		if strings.Contains(got, "<script>") {
			t.Errorf("%q puts a script into the page:\n%s", path, got)
		}
	}
	for _, path := range []string{"/symbol/" + hostile, "/symbol/a b", "/symbol/<"} {
		if got := do(w, "GET", path); got.StatusCode != 404 {
			t.Errorf("%q is answered with %d", path, got.StatusCode)
		}
	}
}

func TestPage(t *testing.T) {
	w := newWeb(t, Config{})
	page := body(t, do(w, "GET", "/"))
	for _, want := range []string{
		"drawn by the server", "<title>Tierboard</title>", `lang="en"`, `content="#0B0F14"`, `href="/web/app.css"`,
		`href="/manifest.webmanifest"`, `href="/web/icon.svg"`, `href="/web/apple-touch-icon.png"`,
		`crossorigin="anonymous"`, "Loading",
	} {
		if !strings.Contains(page, want) {
			t.Errorf("the page lacks %s", want)
		}
	}
	for _, pattern := range []string{
		`https?://`, `<style`, `\sstyle=`, `\son[a-z]+=`, `<script[^>]*>\s*[^<\s]`, `javascript:`, `og:`, `twitter:`,
	} {
		if found := regexp.MustCompile(pattern).FindString(page); found != "" {
			t.Errorf("the page has %q:\n%s", found, page)
		}
	}
	// The theme must be chosen before anything is painted: in the head, and not deferred.
	boot := regexp.MustCompile(`<script[^>]*src="/web/boot.js"[^>]*>`).FindString(page[:strings.Index(page, "<body")])
	if boot == "" || strings.Contains(boot, "defer") || strings.Contains(boot, "async") {
		t.Errorf("boot.js is loaded by %q", boot)
	}
}

// What boot.js asks for must be a request that the server takes, and nothing of it is in a page that has no board.
func TestPageTellsWhatToAskFor(t *testing.T) {
	board, err := New(Config{Assets: testAssets(t, wasmBytes)}, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	page := body(t, do(board, "GET", "/"))
	found := regexp.MustCompile(`<html [^>]*data-protocol="([^"]*)" data-socket="([^"]*)" data-subscribe="([^"]*)"`).FindStringSubmatch(page)
	if found == nil {
		t.Fatalf("the root element tells nothing:\n%.300s", page)
	}
	if found[1] != wire.MsgPackProtocol || found[2] != api.PathWebSocket {
		t.Errorf("protocol %q at %q", found[1], found[2])
	}
	frame, err := base64.StdEncoding.DecodeString(found[3])
	if err != nil {
		t.Fatal(err)
	}
	request, err := wire.DecodeRequest(frame, wire.MsgPack, filter.DefaultSchema())
	if err != nil || request.Type != "subscribe" || len(request.Filters) != 3 || request.Resume != nil {
		t.Errorf("asks for %+v, %v", request, err)
	}
	if page := body(t, do(newWeb(t, Config{}), "GET", "/")); strings.Contains(page, "data-subscribe") {
		t.Error("another page asks for cards, too")
	}
}

func TestKeptPagesAreBounded(t *testing.T) {
	w := newWeb(t, Config{})
	for i := range 3 * maxPages {
		if got := do(w, "GET", "/symbol/S"+strconv.Itoa(i)); got.StatusCode != 200 {
			t.Fatalf("symbol %d: %d", i, got.StatusCode)
		}
		do(w, "GET", "/nowhere/"+strconv.Itoa(i))
	}
	if n := len(w.pages.kept); n != maxPages {
		t.Errorf("%d pages kept, want %d", n, maxPages)
	}
	if got := do(w, "GET", "/tier/daily"); got.StatusCode != 200 {
		t.Errorf("a page beyond the bound answers %d", got.StatusCode)
	}
}

func TestConcurrentRequests(t *testing.T) {
	w := newWeb(t, Config{})
	want := body(t, do(w, "GET", "/tier/combo"))
	w = newWeb(t, Config{})
	var group sync.WaitGroup
	for range 8 {
		group.Go(func() {
			for range 20 {
				if got := body(t, do(w, "GET", "/tier/combo", "Accept-Encoding", "gzip")); got != want {
					t.Errorf("got another page:\n%s", got)
				}
			}
		})
	}
	group.Wait()
}

func TestAppScriptIsRepaired(t *testing.T) {
	w := newWeb(t, Config{})
	script := body(t, do(w, "GET", "/app.js"))
	for _, r := range repairs {
		if strings.Contains(script, r.old) && !strings.Contains(r.new, r.old) || !strings.Contains(script, r.new) {
			t.Errorf("%s is not in app.js: has go-app changed it?", r.name)
		}
	}
	if !strings.Contains(script, `"GOAPP_VERSION":"`+w.Version()+`"`) {
		t.Error("the program cannot read the version")
	}
}

func TestScriptThatDoesNotFitStays(t *testing.T) {
	var all string
	for _, r := range repairs {
		all += r.old + ";"
	}
	if got, misfit := repaired(all); misfit != "" || got == all {
		t.Errorf("%q became %q, misfit %q", all, got, misfit)
	}
	for _, r := range repairs {
		for _, text := range []string{strings.Replace(all, r.old, "", 1), all + r.old} {
			if got, misfit := repaired(text); got != text || misfit != r.name {
				t.Errorf("%q became %q, misfit %q, want %q", text, got, misfit, r.name)
			}
		}
	}
}

func TestWorker(t *testing.T) {
	w := newWeb(t, Config{})
	worker := body(t, do(w, "GET", "/app-worker.js"))
	if strings.Contains(worker, "{{") {
		t.Error("a placeholder is left")
	}
	if !strings.Contains(worker, `"`+w.Version()+"-"+policyHash()+`"`) {
		t.Error("the cache is not named after the version and the policy")
	}
	list := regexp.MustCompile(`const resources = (\[.*\]);`).FindStringSubmatch(worker)
	if list == nil {
		t.Fatal("no list of files")
	}
	var got []string
	if err := json.Unmarshal([]byte(list[1]), &got); err != nil {
		t.Fatal(err)
	}
	slices.Sort(got)
	if diff := cmp.Diff(cachedResources, got); diff != "" {
		t.Errorf("cached files (-want +got):\n%s", diff)
	}
	for _, path := range got {
		if r := do(w, "GET", path); r.StatusCode != 200 {
			t.Errorf("%s answers %d, and one failure makes the installation fail", path, r.StatusCode)
		}
	}
	for _, want := range []string{"event.waitUntil(install())", "event.waitUntil(activate())", "skipWaiting", "clients.claim", "ignoreSearch: true"} {
		if !strings.Contains(worker, want) {
			t.Errorf("the worker lacks %s", want)
		}
	}
	for _, path := range []string{api.PathOpenAPIJSON, api.PathOpenAPIYAML, api.PathFrames, api.PathDocs, strings.TrimSuffix(api.PathProblems, "/")} {
		if !strings.Contains(worker, `"`+path+`"`) {
			t.Errorf("the worker would answer %s itself", path)
		}
	}
}

// cachedResources is what must be on the device for the page to open without a network.
var cachedResources = []string{
	"/", "/app.css", "/app.js", "/manifest.webmanifest", "/wasm_exec.js", "/web/app.css", "/web/app.wasm",
	"/web/apple-touch-icon.png", "/web/boot.js", "/web/icon-192.png", "/web/icon-512.png", "/web/icon-maskable-512.png",
	"/web/icon.svg", "/web/inter.woff2",
}

func TestVersionFollowsTheAssets(t *testing.T) {
	files := testAssets(t, wasmBytes)
	first, second := newWeb(t, Config{Assets: files}), newWeb(t, Config{Assets: files, Hosts: []string{"board.example"}})
	if first.Version() != second.Version() || len(first.Version()) < 12 {
		t.Errorf("versions %q and %q of the same files", first.Version(), second.Version())
	}
	if a, b := body(t, do(first, "GET", "/app-worker.js")), body(t, do(second, "GET", "/app-worker.js")); a != b {
		t.Error("the same version has two workers: every restart would look like an update")
	}
	changed := maps.Clone(files)
	changed["app.css"] = &fstest.MapFile{Data: []byte("body { margin: 1px; }")}
	third := newWeb(t, Config{Assets: changed})
	if third.Version() == first.Version() {
		t.Error("a changed style sheet has the same version")
	}
	if a, b := body(t, do(first, "GET", "/app-worker.js")), body(t, do(third, "GET", "/app-worker.js")); a == b {
		t.Error("browsers would not notice the new version")
	}
}

func TestProgramThatIsNotBuilt(t *testing.T) {
	var log bytes.Buffer
	w, err := New(Config{Register: register, Assets: testAssets(t, nil)}, slog.New(slog.NewTextHandler(&log, nil)))
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(log.String(), "make build") {
		t.Errorf("the log does not tell what to do: %s", log.String())
	}
	got := do(w, "GET", "/web/app.wasm")
	if got.StatusCode != 503 || !strings.Contains(body(t, got), "make build") || got.Header.Get("Cache-Control") != "no-store" {
		t.Errorf("the program answers %d", got.StatusCode)
	}
	if got := do(w, "GET", "/"); got.StatusCode != 200 {
		t.Errorf("the page answers %d without the program", got.StatusCode)
	}
}

func TestNewRefuses(t *testing.T) {
	without := func(name string) fstest.MapFS {
		files := testAssets(t, wasmBytes)
		delete(files, name)
		return files
	}
	broken := testAssets(t, wasmBytes)
	broken[assets.WasmGzip] = &fstest.MapFile{Data: []byte("not gzip at all, but long enough")}
	for name, test := range map[string]struct {
		cfg  Config
		want string
	}{
		"a host with a scheme": {Config{Register: register, Hosts: []string{"ok", "https://board"}}, `Hosts: "https://board"`},
		"a host with a port":   {Config{Register: register, Hosts: []string{"board:80"}}, `Hosts: "board:80"`},
		"no style sheet":       {Config{Register: register, Assets: without("app.css")}, "app.css"},
		"no boot script":       {Config{Register: register, Assets: without("boot.js")}, "boot.js"},
		"a broken program":     {Config{Register: register, Assets: broken}, assets.WasmGzip},
	} {
		_, err := New(test.cfg, slog.New(slog.DiscardHandler))
		if err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: got %v, want one that names %s", name, err, test.want)
		}
	}
}

// tired is a file system in which a file or a directory can be opened only so many times.
type tired struct {
	files fs.FS
	name  string
	left  int
}

// Open opens a file.
func (f *tired) Open(name string) (fs.File, error) {
	if name == f.name {
		if f.left--; f.left < 0 {
			return nil, fmt.Errorf("open %s: %w", name, fs.ErrPermission)
		}
	}
	return f.files.Open(name)
}

// TestAssetsThatCannotBeReadAreNamed loses a file, and the list of files, at every moment of the start.
func TestAssetsThatCannotBeReadAreNamed(t *testing.T) {
	for _, name := range []string{"zz.txt", "."} {
		began := false
		for left := range 10 {
			files := testAssets(t, wasmBytes)
			files["zz.txt"] = &fstest.MapFile{Data: []byte("the last one")}
			w, err := New(Config{Register: register, Assets: &tired{files, name, left}}, slog.New(slog.DiscardHandler))
			if err != nil && (!errors.Is(err, fs.ErrPermission) || !strings.Contains(err.Error(), name)) {
				t.Errorf("%s, %d times: %v", name, left, err)
			}
			began = began || err == nil && w.Hosts().Allows("localhost")
		}
		if !began {
			t.Errorf("%s can be opened ten times and is not enough", name)
		}
	}
}

func TestPagesReportWhatGoAppAnswers(t *testing.T) {
	w := newWeb(t, Config{})
	if _, err := w.pages.get(context.Background(), "/nowhere"); !errors.Is(err, errNoPage) {
		t.Errorf("got %v", err)
	}
}

// A component that does what it should not: it puts text from outside into an attribute while the server draws it.
type careless struct{ app.Compo }

func (c *careless) Render() app.UI {
	return app.P().Title(`"><script>marker()</script>`).Text("<script>marker()</script>")
}

func TestCarelessComponentIsEscaped(t *testing.T) {
	w := newWeb(t, Config{})
	app.Route("/careless", func() app.Composer { return &careless{} })
	got := body(t, do(w, "GET", "/careless"))
	if !strings.Contains(got, `title="&#34;&gt;&lt;script&gt;marker()&lt;/script&gt;"`) || strings.Contains(got, "<script>marker") {
		t.Errorf("the page says:\n%s", got)
	}
}

// oddMarkup writes its own markup in a way that the server does not take for safe.
type oddMarkup struct{ app.Compo }

func (o *oddMarkup) Render() app.UI { return app.Raw(`<p title='x'>y</p>`) }

func TestPageThatIsNotUnderstoodIsNotSent(t *testing.T) {
	var log bytes.Buffer
	w, err := New(Config{Register: register, Assets: testAssets(t, wasmBytes)}, slog.New(slog.NewTextHandler(&log, nil)))
	if err != nil {
		t.Fatal(err)
	}
	app.Route("/odd", func() app.Composer { return &oddMarkup{} })
	if got := do(w, "GET", "/odd"); got.StatusCode != 500 || strings.Contains(body(t, got), "title") {
		t.Errorf("answered with %d", got.StatusCode)
	}
	if !strings.Contains(log.String(), "path=/odd") || !strings.Contains(log.String(), "double quotes") {
		t.Errorf("the log says %q", log.String())
	}
}
