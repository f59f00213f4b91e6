package e2e_test

import (
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/chromedp/chromedp"

	"tierboard/e2e/stack"
)

// canned stands before a real server and answers some of its paths with texts of the test: the page, its headers and its program
// stay the server's own.
type canned struct {
	*httptest.Server

	mu      sync.Mutex
	answers map[string]string // guarded by mu: body by path; "" is a 503
	asked   map[string]string // guarded by mu: the last query by path
	times   map[string]int    // guarded by mu: how often by path
}

func newCanned(t *testing.T, upstream string) *canned {
	t.Helper()
	target, err := url.Parse(upstream)
	if err != nil {
		t.Fatal(err)
	}
	c := &canned{answers: map[string]string{}, asked: map[string]string{}, times: map[string]int{}}
	proxy := httputil.NewSingleHostReverseProxy(target)
	c.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		c.mu.Lock()
		body, ours := c.answers[r.URL.Path]
		c.asked[r.URL.Path] = r.URL.RawQuery
		c.times[r.URL.Path]++
		c.mu.Unlock()
		switch {
		case !ours:
			proxy.ServeHTTP(w, r)
		case body == "":
			w.Header().Set("Content-Type", "application/problem+json")
			w.WriteHeader(http.StatusServiceUnavailable)
			_, _ = fmt.Fprint(w, `{"detail":"The store is away.","request_id":"Q5FJ3QZ4"}`)
		default:
			w.Header().Set("Content-Type", "application/json")
			_, _ = fmt.Fprint(w, body)
		}
	}))
	t.Cleanup(c.Close)
	return c
}

// answer changes what is answered at some paths.
func (c *canned) answer(bodies map[string]string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	maps.Copy(c.answers, bodies)
}

// query is with what a path was last asked for.
func (c *canned) query(path string) string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.asked[path]
}

// count is how often a path was asked for.
func (c *canned) count(path string) int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.times[path]
}

// example is a document that the tests of the page itself use too.
func example(t *testing.T, name string) string {
	t.Helper()
	root, err := stack.RepoRoot()
	if err != nil {
		t.Fatal(err)
	}
	b, err := os.ReadFile(filepath.Join(root, "app", "ui", "sheet", "sheettest", "testdata", name))
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// says is true in the page when its text holds a part.
func says(text string) string {
	return fmt.Sprintf(`document.body.innerText.replaceAll("\u00a0", " ").includes(%q)`, text)
}

// follow clicks a link of the header.
func follow(b *stack.Browser, path string) {
	b.Do(chromedp.Click(chromedp.CSS(fmt.Sprintf(`.pages a[href=%q]`, path))))
}

// TestPagesLive goes through the pages of one server inside one visit: numbers move, and the board comes back alive.
func TestPagesLive(t *testing.T) {
	_, s, b, p := start(t)
	p.detection("intraday", "AAPL", "Volume_Spike", 0.9)
	p.publish("tickstock.events.patterns", `{"event_type":"pattern_detected","data":{"pattern":"Doji","tier":"daily","confidence":0.9}}`)
	b.WaitFor(card("intraday", "AAPL"))

	b.Navigate(s.URL() + "/ops")
	b.WaitFor(says("Dead letters") + ` && document.querySelectorAll("#letters tbody tr").length === 1`)
	if got := stack.Eval[string](b, `document.title`); got != "Operations · Tierboard" {
		t.Errorf("the page is called %q", got)
	}
	// Two answers make a rate, and what arrives between two others moves it.
	b.WaitFor(`document.querySelectorAll("#tiles .value")[1].textContent.endsWith("/s")`)
	p.publish("tickstock.events.patterns", `{"event_type":"pattern_detected","data":{"symbol":"AAPL","tier":"daily","confidence":0.9}}`)
	b.WaitFor(`document.querySelectorAll("#letters tbody tr").length === 2`)
	b.WaitFor(`document.querySelector("#tiles .trace")?.getAttribute("d").includes("L")`)

	stack.Eval[any](b, `window.sameVisit = true`)
	follow(b, "/performance")
	b.WaitFor(`location.pathname === "/performance" && ` + says("Outcome after"))
	if got := stack.Eval[string](b, `document.title`); got != "Performance · Tierboard" {
		t.Errorf("the page is called %q", got)
	}
	for range 3 {
		follow(b, "/")
		b.WaitFor(live + ` && document.title === "Tierboard"`)
		b.WaitFor(card("intraday", "AAPL"))
		stack.Eval[any](b, `history.back()`)
		b.WaitFor(`document.querySelector("#sheet-title")?.textContent === "Performance"`)
	}
	if !stack.Eval[bool](b, `window.sameVisit === true`) {
		t.Error("changing pages loads the program again")
	}
	follow(b, "/docs")
	b.WaitFor(`location.pathname === "/docs" && document.querySelector("#sheet") === null && window.sameVisit === undefined`)
}

// TestPageStates shows each state of the pages from texts, examines it at three widths in both themes, and keeps pictures of it.
func TestPageStates(t *testing.T) {
	r := stack.Redis(t)
	s := stack.Server(t, stack.Env("REDIS_URL", r.URL()))
	c := newCanned(t, s.URL())
	b := stack.Chromium(t)
	b.AllowProblems("503")
	root, err := stack.RepoRoot()
	if err != nil {
		t.Fatal(err)
	}
	axe, err := os.ReadFile(filepath.Join(root, "e2e", "testdata", "axe", "axe.min.js"))
	if err != nil {
		t.Fatal(err)
	}
	media(t, b, "prefers-reduced-motion", "reduce")

	visit := func(path, state, until string) {
		t.Helper()
		b.Navigate(c.URL + path)
		b.WaitFor(until)
		stack.Eval[bool](b, string(axe)+"\n;typeof axe.run === 'function'")
		stack.Eval[any](b, `document.querySelectorAll("details").forEach(d => d.open = true)`)
		for _, size := range []struct{ width, height int64 }{{1440, 900}, {1024, 768}, {390, 844}} {
			resize(b, size.width, size.height)
			if over := stack.Eval[float64](b, `document.querySelector("#sheet").scrollWidth - document.querySelector("#sheet").clientWidth`); over > 0 {
				t.Errorf("%s, %d px: the page is %v px too wide", state, size.width, over)
			}
			for _, theme := range []string{"dark", "light"} {
				stack.Eval[any](b, fmt.Sprintf(`document.documentElement.dataset.theme = %q`, theme))
				name := fmt.Sprintf("%s, %d px, %s", state, size.width, theme)
				examine(t, b, name)
				b.Screenshot(filepath.Join(root, "build", "screens", strings.NewReplacer(", ", "-", " ", "").Replace(name)+".png"))
			}
		}
	}
	c.answer(map[string]string{
		"/api/patterns/performance": example(t, "performance.json"), "/api/ops": example(t, "ops.json"),
		"/api/patterns/tiers/health": example(t, "health.json"), "/api/ops/dead-letters": example(t, "letters.json"),
	})
	visit("/ops", "operations", says("numbers of 14:31:11 EST"))
	// Untrusted text is text.
	if n := stack.Eval[int](b, `document.querySelectorAll("#letters img, #letters script").length`); n != 0 {
		t.Errorf("a dead letter's text made %d elements", n)
	}
	visit("/performance", "performance", says("355 of 612 succeeded"))
	c.answer(map[string]string{"/api/patterns/performance": example(t, "performance_none.json")})
	visit("/performance", "performance without outcomes", says("No outcomes received"))
	c.answer(map[string]string{"/api/patterns/performance": "", "/api/ops": ""})
	visit("/performance", "performance refused", says("The store is away. Request Q5FJ3QZ4."))
	visit("/ops", "operations refused", says("Operations cannot be shown now"))
}

// TestPageControls operates the pages: by mouse, by keyboard, and through a fault and back.
func TestPageControls(t *testing.T) {
	r := stack.Redis(t)
	s := stack.Server(t, stack.Env("REDIS_URL", r.URL()))
	c := newCanned(t, s.URL())
	b := stack.Chromium(t)
	b.AllowProblems("503")
	c.answer(map[string]string{"/api/patterns/performance": "", "/api/ops": example(t, "ops.json")})
	b.Navigate(c.URL + "/performance?horizon=5d&window=7")
	b.WaitFor(says("The store is away."))
	if got, want := c.query("/api/patterns/performance"), "horizon=5d&since=-7d&group_by=pattern_type"; got != want {
		t.Errorf("the address asks for %s, want %s", got, want)
	}
	c.answer(map[string]string{"/api/patterns/performance": example(t, "performance.json")})
	b.Do(chromedp.Click(chromedp.CSS(".empty-panel button")))
	b.WaitFor(says("355 of 612 succeeded"))

	b.Do(chromedp.Click(chromedp.CSS(`[aria-label="Outcome after"] button:nth-child(1)`)))
	b.WaitFor(`location.search === "?horizon=1d&window=7"`)
	b.Do(chromedp.Click(chromedp.CSS(`[aria-label="Detected in the last"] button:nth-child(2)`)))
	b.WaitFor(`location.search === "?horizon=1d&window=30"`)
	// The address changes before the question is asked.
	eventually(t, "the buttons ask for horizon=1d&since=-30d&group_by=pattern_type", func() bool {
		return c.query("/api/patterns/performance") == "horizon=1d&since=-30d&group_by=pattern_type"
	})
	b.WaitFor(`!document.querySelector("#sheet").classList.contains("waiting")`)

	first := `document.querySelector("#by-pattern tbody th").textContent`
	b.WaitFor(first + ` === "Volume Spike"`)
	b.Do(chromedp.Click(chromedp.CSS("#by-pattern th:nth-child(2) button")))
	b.WaitFor(first + ` === "Bull Flag" && document.activeElement.textContent === "Pattern"`)
	b.Do(chromedp.KeyEvent("\r"))
	b.WaitFor(first + ` === "Weekly Breakout" && document.activeElement.closest("th").ariaSort === "descending"`)

	// A fault keeps what was there and says how old it is; the next answer takes the bar away.
	c.answer(map[string]string{"/api/patterns/performance": ""})
	b.Do(chromedp.Click(chromedp.CSS(`[aria-label="Outcome after"] button:nth-child(2)`)))
	b.WaitFor(`!document.querySelector("#notice").hidden && ` + says("What is shown is from") + " && " + says("355 of 612 succeeded"))
	c.answer(map[string]string{"/api/patterns/performance": example(t, "performance.json")})
	b.Do(chromedp.Click(chromedp.CSS("#notice button")))
	b.WaitFor(`document.querySelector("#notice").hidden`)
}
