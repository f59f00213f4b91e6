// Package web serves the page: the pre-rendered HTML, the WebAssembly program and everything else a browser loads to
// run Tierboard, under headers that allow nothing from anywhere else.
//
// go-app makes three things here and no more: the HTML of a route, and the texts of app.js and the service worker. It
// never sees a request. Its own handler would fetch /robots.txt from whatever Host a request names and keep the answer
// for ever, answer every method, compress nothing and give all paths one entity tag. So each file is prepared once at
// start (with its type, tag and compressed forms), and a page is asked of go-app with nothing of the request but a path
// made of harmless characters; and what it writes is escaped once more, for go-app escapes text, but not attribute
// values.
//
// # Decisions
//
// The page is a static shell, the same for every user and every query, because the service worker keeps one copy of it
// per browser; so a rendered page is kept, and components must not draw what belongs to a user or a moment before they
// are mounted.
//
// Some faults of go-app's app.js are repaired by replacing text (script.go), because a copy of the file would have to be
// kept in step by hand. Together they cost some hundred milliseconds of each start, and an update that is none is announced.
// Look again when go-app changes those lines: the repairs then stop applying, the log says so, a test fails, and the
// page works as go-app wrote it.
package web

import (
	"context"
	"crypto/sha256"
	_ "embed"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"maps"
	"net/http"
	"slices"
	"strings"

	"github.com/maxence-charriere/go-app/v10/pkg/app"

	"tierboard/app/ui"
	"tierboard/assets"
	"tierboard/server/web/file"
	"tierboard/server/web/hosts"
	"tierboard/shared/api"
	"tierboard/shared/wire"
)

// Config says what to serve and under which names.
type Config struct {
	// Register registers the routes of the page with go-app, by default those of package ui; New calls it once. Routes
	// are global to the process, so two Webs in one process share them.
	Register func()
	// Assets are the files below /web/, by default those embedded by package assets.
	Assets fs.FS
	// Hosts are the names under which browsers reach the server, without port, besides the loopback ones, which are
	// always right. See package hosts.
	Hosts []string
	// AnyIP lets the page be opened by any literal IP address; meant for a server bound to more than loopback. See package hosts.
	AnyIP bool
}

// Validate reports the first field that cannot be used, by name.
func (c Config) Validate() error {
	if _, err := hosts.New(c.Hosts, c.AnyIP); err != nil {
		return fmt.Errorf("web: Hosts: %w", err)
	}
	return nil
}

// Web answers the browser's requests for the page and its files. It is safe for concurrent use and holds no goroutine.
type Web struct {
	log      *slog.Logger
	version  string
	hosts    hosts.Hosts
	files    map[string]*file.File
	wasm     *file.Program // nil when the program is not built
	pages    *pages
	notFound *file.File
}

// wasmPath is where go-app's app.js looks for the program.
const wasmPath = "/web/app.wasm"

const (
	name        = "Tierboard"
	description = "Live market patterns in three columns: daily, intraday and combo."
	background  = "#0B0F14"
)

//go:embed worker.js
var workerTemplate string

// required are the assets without which the page cannot work; a server that lacks one must not start.
var required = []string{
	"app.css", "apple-touch-icon.png", "boot.js", "icon-192.png", "icon-512.png", "icon-maskable-512.png", "icon.svg",
	"inter.woff2", "loader.css", "manifest.webmanifest",
}

// New prepares every file and returns the handler. It fails when cfg is not valid or an asset is missing or broken. A
// program that is not built is no error here, only a warning and a 503 at its address, so that the rest of the server
// can be tested without it; assets.CheckBuilt is for the server that must have it.
func New(cfg Config, log *slog.Logger) (*Web, error) {
	if err := cfg.Validate(); err != nil {
		return nil, err
	}
	names, err := hosts.New(cfg.Hosts, cfg.AnyIP)
	if err != nil {
		return nil, fmt.Errorf("web: Hosts: %w", err)
	}
	web := &Web{log: log, hosts: names, files: make(map[string]*file.File)}
	source := cfg.Assets
	if source == nil {
		source, web.version = assets.FS(), assets.Version()
	} else if web.version, err = assets.Hash(source); err != nil {
		return nil, fmt.Errorf("web: %w", err)
	}
	if err := web.addAssets(source); err != nil {
		return nil, fmt.Errorf("web: %w", err)
	}
	if web.wasm, err = file.NewProgram(source); err != nil {
		if !errors.Is(err, assets.ErrNotBuilt) {
			return nil, fmt.Errorf("web: %w", err)
		}
		log.Warn("page will not start in browsers", slog.Any("err", err))
	}
	root := app.Html
	if cfg.Register == nil {
		cfg.Register, root = ui.Register, askingRoot
	}
	cfg.Register()
	if err := web.addScripts(root); err != nil {
		return nil, fmt.Errorf("web: %w", err)
	}
	web.files["/robots.txt"] = file.New("text/plain; charset=utf-8", []byte("User-agent: *\nDisallow: /\n"))
	web.notFound = file.New("text/html; charset=utf-8", []byte(notFoundPage))
	return web, nil
}

// Version returns the version that the browser's program can read as GOAPP_VERSION: the content hash of the assets. A
// program that runs with another one is older or newer than this server.
func (w *Web) Version() string { return w.version }

// Hosts returns the guard against foreign Host headers that the page uses, for the other routes of the same server.
func (w *Web) Hosts() hosts.Hosts { return w.hosts }

// addAssets prepares the files below /web/, and the few that have a fixed address at the top as well.
func (w *Web) addAssets(source fs.FS) error {
	for _, name := range required {
		if _, err := fs.Stat(source, name); err != nil {
			return fmt.Errorf("required asset: %w", err)
		}
	}
	err := fs.WalkDir(source, ".", func(name string, entry fs.DirEntry, err error) error {
		if err != nil {
			return fmt.Errorf("list assets: %w", err)
		}
		if entry.IsDir() || strings.HasPrefix(name, "app.wasm") {
			return nil
		}
		content, err := fs.ReadFile(source, name)
		if err != nil {
			return fmt.Errorf("read asset: %w", err)
		}
		w.files["/web/"+name] = file.New(file.Type(name), content)
		return nil
	})
	if err != nil {
		return err
	}
	// The loading sign takes the place of go-app's own sheet, and browsers ask for the last two without being told.
	for address, asset := range map[string]string{
		"/app.css":              "/web/loader.css",
		"/manifest.webmanifest": "/web/manifest.webmanifest",
		"/favicon.ico":          "/web/icon-192.png",
		"/apple-touch-icon.png": "/web/apple-touch-icon.png",
	} {
		w.files[address] = w.files[asset]
	}
	return nil
}

// askingRoot is the root element of the pages of package ui: it tells boot.js what to ask the server for while the program is still on
// its way.
func askingRoot() app.HTMLHtml {
	return app.Html().DataSet("socket", api.PathWebSocket).DataSet("protocol", wire.MsgPackProtocol).DataSet("subscribe", ui.Subscription())
}

// addScripts takes go-app's scripts out of its handler, which is left with the pages, whose root element comes from root.
func (w *Web) addScripts(root func() app.HTMLHtml) error {
	handler := &app.Handler{
		Name:            name,
		ShortName:       name,
		Title:           name,
		Description:     description,
		Author:          name,
		Lang:            "en",
		HTML:            root,
		BackgroundColor: background,
		ThemeColor:      background,
		LoadingLabel:    "Loading",
		Version:         w.version,
		Resources:       sameOrigin{},
		StartURL:        "/?source=pwa",
		Icon: app.Icon{
			Default: "/web/icon-192.png",
			Large:   "/web/icon-512.png",
			SVG:     "/web/icon.svg",
			// Our own manifest names the maskable icon; go-app's page uses this field for Apple's home screen alone.
			Maskable: "/web/apple-touch-icon.png",
		},
		Styles: []string{"/web/app.css"},
		// Without the word the browser fetches the font a second time: fonts are always requested in that mode.
		Fonts:              []string{"/web/inter.woff2 crossorigin=anonymous"},
		Scripts:            []string{"/web/boot.js"},
		CacheableResources: []string{"/web/icon.svg", "/web/icon-maskable-512.png"},
	}
	if w.wasm != nil {
		handler.WasmContentLength = w.wasm.RawLength()
	}
	w.pages = newPages(handler, w.version)
	handler.ServiceWorkerTemplate = strings.ReplaceAll(workerTemplate, "{{.Policy}}", policyHash())

	for _, path := range []string{"/wasm_exec.js", "/app.js", "/app-worker.js"} {
		response := ask(context.Background(), handler, path)
		if response.status != http.StatusOK {
			return fmt.Errorf("go-app answers %d for %s", response.status, path)
		}
		body := response.body.Bytes()
		if path == "/app.js" {
			script, misfit := repaired(string(body))
			if misfit != "" {
				w.log.Warn("app.js is not the one that the repairs are for", slog.String("repair", misfit))
			}
			body = []byte(script)
		}
		w.files[path] = file.New("text/javascript; charset=utf-8", body)
	}
	return nil
}

// ServeHTTP answers GET and HEAD for the page's addresses: 421 for a foreign Host, 400 for one that is no host at all,
// 405 for other methods, 304 when the browser has the current version, 404 for addresses that no route knows.
func (w *Web) ServeHTTP(rw http.ResponseWriter, r *http.Request) {
	setHeaders(rw.Header())
	if !w.hosts.Check(rw, r) {
		return
	}
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		rw.Header().Set("Allow", "GET, HEAD")
		file.Plain(rw, r, http.StatusMethodNotAllowed, "The page answers GET and HEAD only.")
		return
	}
	switch path := r.URL.Path; {
	case path == wasmPath || path == "/app.wasm":
		if w.wasm == nil {
			file.Plain(rw, r, http.StatusServiceUnavailable, "The browser program is not built: run make build.")
			return
		}
		w.wasm.Serve(rw, r)
	case w.files[path] != nil:
		w.files[path].Serve(rw, r, http.StatusOK)
	default:
		page, err := w.pages.get(r.Context(), path)
		switch {
		case errors.Is(err, errNoPage):
			w.notFound.Serve(rw, r, http.StatusNotFound)
		case err != nil:
			w.log.Error("draw page", slog.String("path", path), slog.Any("err", err))
			file.Plain(rw, r, http.StatusInternalServerError, "The page could not be drawn.")
		default:
			page.Serve(rw, r, http.StatusOK)
		}
	}
}

// policyHash returns a short hash of what the service worker keeps beside the assets: the headers, and its own text. A
// browser keeps the headers with the page, so a new policy must be a new cache even when no file has changed.
func policyHash() string {
	header := make(http.Header)
	setHeaders(header)
	sum := sha256.New()
	for _, key := range slices.Sorted(maps.Keys(header)) {
		fmt.Fprintf(sum, "%s: %q\n", key, header[key])
	}
	sum.Write([]byte(workerTemplate))
	return hex.EncodeToString(sum.Sum(nil))[:8]
}
