package web

import (
	"context"
	"encoding/json"
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/fstest"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp"
	"github.com/coder/websocket"
	"github.com/google/go-cmp/cmp"
)

// buildProgram compiles the small test program for the browser and returns it.
func buildProgram(t *testing.T) []byte {
	t.Helper()
	out := filepath.Join(t.TempDir(), "app.wasm")
	build := exec.CommandContext(t.Context(), "go", "build", "-trimpath", "-ldflags=-s -w", "-o", out, "./testdata/miniapp")
	build.Env = append(os.Environ(), "GOOS=js", "GOARCH=wasm", "CGO_ENABLED=0")
	if output, err := build.CombinedOutput(); err != nil {
		t.Fatalf("build the test program: %v\n%s", err, output)
	}
	wasm, err := os.ReadFile(out)
	if err != nil {
		t.Fatal(err)
	}
	return wasm
}

// newTab starts a browser of its own with an empty profile and returns the context of its tab, and a function that
// returns what the page has complained about so far.
func newTab(t *testing.T) (ctx context.Context, complaints func() []string) {
	t.Helper()
	// Not t.Context: that has ended when the cleanup closes the browser.
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Minute)
	t.Cleanup(cancel)
	ctx, cancel = chromedp.NewContext(ctx, chromedp.WithAllocatorOptions(
		chromedp.ExecPath("/usr/bin/chromium"), chromedp.NoSandbox, chromedp.DisableGPU,
		chromedp.Flag("disable-component-update", true), chromedp.UserDataDir(t.TempDir()),
	))
	t.Cleanup(func() {
		// The browser writes into its profile until it has ended; only then can the folder be removed.
		if err := chromedp.Cancel(ctx); err != nil {
			t.Logf("close the browser: %v", err)
		}
		cancel()
	})
	messages := chromedp.Console(ctx)
	var mu sync.Mutex
	var list []string
	go func() {
		for m, err := range messages {
			if err != nil {
				return
			}
			mu.Lock()
			// A page that behaves writes nothing at all. The one remark is the browser's: it could offer to install the
			// page, and go-app keeps the offer for a button.
			if text := m.String(); !strings.Contains(text, "beforeinstallpromptevent.preventDefault() called") {
				list = append(list, text)
			}
			mu.Unlock()
		}
	}()
	return ctx, func() []string {
		mu.Lock()
		defer mu.Unlock()
		return slices.Clone(list)
	}
}

// eval evaluates an expression in the page, waiting for a promise.
func eval[T any](t *testing.T, ctx context.Context, expression string) T {
	t.Helper()
	value, err := chromedp.Run(ctx, chromedp.Evaluate[T](expression, chromedp.EvalAwaitPromise))
	if err != nil {
		t.Fatalf("%s: %v", expression, err)
	}
	return value
}

// waitFor waits until an expression is true in the page.
func waitFor(t *testing.T, ctx context.Context, expression string) {
	t.Helper()
	if _, err := chromedp.Run(ctx, chromedp.Poll[bool](expression, chromedp.WithPollingTimeout(time.Minute))); err != nil {
		html, _ := chromedp.Run(ctx, chromedp.Evaluate[string]("document.documentElement.outerHTML"))
		t.Fatalf("waiting for %s: %v\n%s", expression, err, html)
	}
}

func open(t *testing.T, ctx context.Context, address, running string) {
	t.Helper()
	if err := chromedp.Do(ctx, chromedp.Navigate(address)); err != nil {
		t.Fatalf("open %s: %v", address, err)
	}
	waitFor(t, ctx, `document.getElementById("state")?.textContent === "running at `+running+`"`)
}

// One browser goes through the life of the page: first visit under the policy, everything kept, server gone, deep links
// and queries without a network, and a program that crashes.
func TestPageInABrowser(t *testing.T) {
	files := testAssets(t, buildProgram(t))
	var current atomic.Pointer[Web]
	current.Store(newWeb(t, Config{Assets: files}))
	mux := http.NewServeMux()
	var away atomic.Bool
	mux.HandleFunc("/", func(rw http.ResponseWriter, r *http.Request) {
		if away.Load() {
			http.Error(rw, "the proxy has no server", http.StatusBadGateway)
			return
		}
		current.Load().ServeHTTP(rw, r)
	})
	mux.HandleFunc("/ws", func(rw http.ResponseWriter, r *http.Request) {
		socket, err := websocket.Accept(rw, r, nil)
		if err != nil {
			return
		}
		defer socket.CloseNow()
		socket.Write(r.Context(), websocket.MessageText, []byte("hello"))
		socket.Close(websocket.StatusNormalClosure, "")
	})
	server := httptest.NewServer(mux)
	defer server.Close()
	ctx, complaints := newTab(t)

	open(t, ctx, server.URL+"/", "/")
	if eval[bool](t, ctx, `document.getElementById("app-wasm-loader") !== null`) {
		t.Error("the loading sign stays")
	}
	if got := eval[string](t, ctx, `document.documentElement.dataset.theme ?? "none"`); got != "none" {
		t.Errorf("theme %q without a choice", got)
	}
	if got := eval[string](t, ctx, `new Promise((resolve, reject) => {
		const socket = new WebSocket("ws://" + location.host + "/ws");
		socket.onmessage = (event) => resolve(event.data);
		socket.onerror = () => resolve("blocked");
	})`); got != "hello" {
		t.Errorf("the WebSocket of the own origin says %q", got)
	}

	// Activation comes after the files, so an active worker has them all.
	if got := eval[string](t, ctx, `navigator.serviceWorker.ready.then((r) => r.active.scriptURL)`); got != server.URL+"/app-worker.js" {
		t.Errorf("worker %q", got)
	}
	kept := eval[[]string](t, ctx, `caches.keys().then(async (names) => {
		const found = [];
		for (const name of names) {
			for (const request of await (await caches.open(name)).keys()) {
				found.push(new URL(request.url).pathname);
			}
		}
		return found.sort();
	})`)
	if diff := cmp.Diff(cachedResources, kept); diff != "" {
		t.Errorf("kept files (-want +got):\n%s", diff)
	}

	manifest, err := chromedp.Call(ctx, page.GetAppManifest, page.GetAppManifestParams{})
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range manifest.Errors {
		t.Errorf("manifest: %s", e.Message)
	}
	if !json.Valid([]byte(manifest.Data)) || !strings.HasSuffix(manifest.URL, "/manifest.webmanifest") {
		t.Errorf("the browser has read the manifest %q: %s", manifest.URL, manifest.Data)
	}
	installability, err := chromedp.Call(ctx, page.GetInstallabilityErrors, cdp.Empty{})
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range installability.InstallabilityErrors {
		t.Errorf("not installable: %s %v", e.ErrorID, e.ErrorArguments)
	}

	// The theme is on the page before its body is parsed, with the worker in control as well as without.
	eval[any](t, ctx, `localStorage.setItem("tierboard.theme", "light")`)
	open(t, ctx, server.URL+"/tier/combo", "/tier/combo")
	if got := eval[string](t, ctx, `document.documentElement.dataset.theme ?? "none"`); got != "light" {
		t.Errorf("theme %q, want the chosen one", got)
	}
	if !eval[bool](t, ctx, `navigator.serviceWorker.controller !== null`) {
		t.Error("the worker does not control the page")
	}
	if eval[bool](t, ctx, `document.getElementById("update") !== null`) {
		t.Error("the first visit announces an update")
	}

	if list := complaints(); len(list) > 0 {
		t.Errorf("the console says:\n%s", strings.Join(list, "\n"))
	}

	// A new version arrives while the page is open: the program is told, and only the new files stay.
	next := maps.Clone(files)
	next["app.css"] = &fstest.MapFile{Data: []byte("body { margin: 1px; }")}
	current.Store(newWeb(t, Config{Assets: next}))
	eval[any](t, ctx, `goappTryUpdate()`)
	waitFor(t, ctx, `document.getElementById("update") !== null`)
	names, want := eval[[]string](t, ctx, `caches.keys()`), "tierboard-"+current.Load().Version()+"-"+policyHash()
	if len(names) != 1 || names[0] != want {
		t.Errorf("caches %q, want %q alone", names, want)
	}
	open(t, ctx, server.URL+"/", "/")
	if got := eval[string](t, ctx, `getComputedStyle(document.body).marginTop`); got != "1px" {
		t.Errorf("margin %s: the style sheet is that of the version before", got)
	}
	for _, line := range complaints() {
		if !strings.Contains(line, "has been updated, reload to see changes") { // go-app's own note of the same
			t.Errorf("after the update the console says %s", line)
		}
	}

	// A proxy that answers for the server is no page either.
	away.Store(true)
	open(t, ctx, server.URL+"/symbol/AAPL", "/symbol/AAPL")

	// The server goes away: every address and query opens from what was kept.
	server.CloseClientConnections()
	server.Close()
	if eval[bool](t, ctx, `fetch("/api/anything").then(() => true, () => false)`) {
		t.Fatal("the server is still there")
	}
	for address, running := range map[string]string{
		"/?source=pwa":         "/",
		"/tier/combo":          "/tier/combo",
		"/tier/daily?x=1":      "/tier/daily",
		"/symbol/BRK.B?from=1": "/symbol/BRK.B",
	} {
		open(t, ctx, server.URL+address, running)
	}

	// Without a network the page also reloads after a crash, so the banner's promise holds.
	eval[any](t, ctx, `document.getElementById("crash").click()`)
	waitFor(t, ctx, `document.querySelector(".boot-banner[role=alert]")?.textContent.includes("Tierboard has stopped.")`)
	click := chromedp.Click(chromedp.CSS(".boot-banner button"))
	if _, err := chromedp.Run(ctx, chromedp.WaitEvent(page.LoadEventFired, nil, click)); err != nil {
		t.Fatalf("reload: %v", err)
	}
	waitFor(t, ctx, `document.getElementById("state")?.textContent.startsWith("running at /")`)
	if eval[bool](t, ctx, `document.querySelector(".boot-banner") !== null`) {
		t.Error("the banner is still there")
	}
}

func TestProgramThatCannotBeLoaded(t *testing.T) {
	server := httptest.NewServer(newWeb(t, Config{Assets: testAssets(t, nil)}))
	defer server.Close()
	ctx, _ := newTab(t)
	if err := chromedp.Do(ctx, chromedp.Navigate(server.URL)); err != nil {
		t.Fatal(err)
	}
	waitFor(t, ctx, `document.querySelector(".boot-banner[role=alert]")?.textContent.includes("Tierboard could not be loaded.")`)
}
