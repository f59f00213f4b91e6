package e2e_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"

	"tierboard/e2e/stack"
)

// send publishes one detection with more fields than publisher.detection: more replaces and adds.
func (p *publisher) send(tier, symbol, pattern string, confidence float64, more map[string]any) {
	p.t.Helper()
	now := float64(time.Now().UnixMilli()) / 1000
	detection := map[string]any{
		"symbol": symbol, "pattern": pattern, "tier": tier, "confidence": confidence,
		"current_price": 101.25, "price_change": 1.5, "timestamp": now,
	}
	maps.Copy(detection, more)
	b, err := json.Marshal(map[string]any{
		"event_type": "pattern_detected", "source": "TickStockPL", "timestamp": now, "data": detection,
	})
	if err != nil {
		p.t.Fatal(err)
	}
	p.publish("tickstock.events.patterns", string(b))
}

// chain publishes a daily setup, an intraday trigger and the combo made of both. The setup is linked by its id, the
// trigger by its pattern, so that the server has to infer it.
func (p *publisher) chain(b *stack.Browser, symbol string) {
	p.t.Helper()
	p.send("daily", symbol, "Bull_Flag", 0.81, map[string]any{"flow_id": symbol + "-setup", "direction": "bullish"})
	p.send("intraday", symbol, "Volume_Spike", 0.92, map[string]any{"flow_id": symbol + "-trigger", "timeframe": "5min"})
	b.WaitFor(count("daily", symbol) + " === 1 && " + count("intraday", symbol) + " === 1")
	p.send("combo", symbol, "Setup_Confirmation", 0.88, map[string]any{
		"flow_id": symbol + "-combo", "correlation_strength": 0.76,
		"daily_context":    map[string]any{"pattern": "Bull_Flag", "confidence": 0.81, "flow_id": symbol + "-setup"},
		"intraday_trigger": map[string]any{"pattern": "Volume_Spike", "confidence": 0.92},
	})
	b.WaitFor(count("combo", symbol) + " === 1")
}

// count is, in the page, how many mounted cards of a symbol a column has.
func count(tier, symbol string) string {
	return fmt.Sprintf(`[...document.querySelectorAll("#list-%s .sym")].filter(e => e.textContent === %q).length`, tier, symbol)
}

// resize gives the window another size in CSS pixels.
func resize(b *stack.Browser, width, height int64) {
	b.Do(chromedp.EmulateViewport(width, height))
	b.WaitFor(fmt.Sprintf("innerWidth === %d", width))
}

// media makes the page believe in media features: name, value, name, value.
func media(t testing.TB, b *stack.Browser, features ...string) {
	t.Helper()
	p := emulation.SetEmulatedMediaParams{Features: []*emulation.MediaFeature{}}
	for i := 0; i < len(features); i += 2 {
		p.Features = append(p.Features, &emulation.MediaFeature{Name: features[i], Value: features[i+1]})
	}
	if _, err := chromedp.Call(b.Context(), emulation.SetEmulatedMedia, p); err != nil {
		t.Fatal(err)
	}
}

// finding is one rule of axe that elements break.
type finding struct {
	ID    string
	Help  string
	Nodes []struct {
		HTML           string
		Target         []any
		FailureSummary string
	}
}

// examine runs axe on the page as it is and fails the test for each violation.
func examine(t *testing.T, b *stack.Browser, state string) {
	t.Helper()
	b.WaitFor(`document.getAnimations().every(a => a.playState === "finished")`)
	type result struct {
		Violations, Incomplete []finding
		Passes                 int
	}
	found := stack.Eval[result](b, `axe.run(document, {
		runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"],
		rules: {"target-size": {enabled: true}},
		resultTypes: ["violations", "incomplete"],
	}).then(r => ({violations: r.violations, incomplete: r.incomplete, passes: r.passes.length}))`)
	if found.Passes < 15 {
		t.Errorf("%s: only %d rules passed; did axe see the page?", state, found.Passes)
	}
	for _, f := range found.Violations {
		for _, n := range f.Nodes[:min(len(f.Nodes), 3)] {
			t.Errorf("%s: %s (%s), %d times: %v\n%s\n%s", state, f.ID, f.Help, len(f.Nodes), n.Target, n.HTML, n.FailureSummary)
		}
	}
	for _, f := range found.Incomplete { // what a machine cannot decide; TestContrast measures the colours it could not see
		if f.ID != "color-contrast" {
			t.Errorf("%s: axe could not decide on %s (%s): %v %s", state, f.ID, f.Help, f.Nodes[0].Target, f.Nodes[0].HTML)
		}
	}
}

// examineEverywhere examines the page at three widths in both themes.
func examineEverywhere(t *testing.T, b *stack.Browser, state string) {
	t.Helper()
	for _, size := range []struct{ width, height int64 }{{1440, 900}, {1024, 768}, {390, 844}} {
		resize(b, size.width, size.height)
		for _, theme := range []string{"dark", "light"} {
			stack.Eval[bool](b, fmt.Sprintf(`(document.documentElement.dataset.theme = %q, true)`, theme))
			examine(t, b, fmt.Sprintf("%s, %d px, %s", state, size.width, theme))
		}
	}
}

// loadAxe brings axe into the page, which stands still from now on. The protocol evaluates outside of the page's policy,
// which stays in force for everything else.
func loadAxe(t *testing.T, b *stack.Browser) {
	t.Helper()
	root, err := stack.RepoRoot()
	if err != nil {
		t.Fatal(err)
	}
	axe, err := os.ReadFile(filepath.Join(root, "e2e", "testdata", "axe", "axe.min.js"))
	if err != nil {
		t.Fatal(err)
	}
	stack.Eval[bool](b, string(axe)+"\n;typeof axe.run === 'function'")
	media(t, b, "prefers-reduced-motion", "reduce")
}

// TestAccessibilityOfPages examines the pages beside the board.
func TestAccessibilityOfPages(t *testing.T) {
	s := stack.Server(t, stack.Args("--demo"))
	b := stack.Chromium(t)
	for path, says := range map[string]string{"/performance": "Resolved", "/ops": "Messages read"} {
		b.Navigate(s.URL() + path)
		b.WaitFor(fmt.Sprintf(`document.querySelector("main")?.innerText.includes(%q)`, says))
		loadAxe(t, b)
		examineEverywhere(t, b, path)
	}
}

// TestAccessibility examines the board's states at three widths in both themes.
func TestAccessibility(t *testing.T) {
	r, _, b, p := start(t)
	loadAxe(t, b)
	everywhere := func(state string) {
		t.Helper()
		examineEverywhere(t, b, state)
	}
	click := func(selector string) {
		t.Helper()
		stack.Eval[bool](b, fmt.Sprintf(`(document.querySelector(%q).click(), true)`, selector))
	}

	b.WaitFor(`document.querySelector("#empty-daily").textContent !== ""`)
	everywhere("empty board")

	for i := range 12 {
		for j, tier := range []string{"daily", "intraday"} {
			p.send(tier, fmt.Sprintf("%c%c%d", 'A'+i, 'K'+j, i), "Volume_Spike", 0.45+float64(i)/20, map[string]any{
				"direction": []string{"bullish", "bearish", "neutral"}[i%3], "price_change": float64(i-5) / 3,
				"timeframe": "5min", "relative_volume": 4.2,
			})
		}
	}
	p.send("intraday", "<B>LONG</B>", strings.Repeat("Pattern with no end ", 8), 0.97, nil)
	p.chain(b, "AAPL")
	p.chain(b, "NVDA")
	p.send("combo", "LONE", "Trend_Break", 0.52, nil)
	b.WaitFor(text("#count-daily") + ` === "14" && ` + text("#count-intraday") + ` === "15" && ` + text("#count-combo") + ` === "3"`)
	everywhere("full board")

	for _, tier := range []string{"daily", "intraday", "combo"} {
		click("#filter-" + tier)
	}
	b.WaitFor(`document.querySelectorAll("form.filters:not([hidden])").length === 3`)
	everywhere("filters open")
	for _, tier := range []string{"daily", "intraday", "combo"} {
		click("#filter-" + tier)
	}
	click("#pause-all")
	b.WaitFor(`document.querySelectorAll(".column.paused").length === 3`)
	p.detection("intraday", "WAIT", "Doji", 0.7)
	b.WaitFor(`!document.querySelector("#new-intraday").hidden`)
	everywhere("paused, events waiting")
	click("#pause-all")
	b.WaitFor(`document.querySelectorAll(".column.paused").length === 0`)

	click("#tab-combo")
	click(`#list-combo article[aria-label^="NVDA"]`)
	b.WaitFor(`!document.querySelector("#drawer").hidden && document.querySelector(".card.selected") !== null`)
	stack.Eval[bool](b, `(document.querySelectorAll("#drawer details").forEach(d => d.open = true), true)`)
	everywhere("details open")
	click("#drawer .close")
	b.WaitFor(`document.querySelector("#drawer").hidden`)

	stack.Eval[bool](b, `(document.body.dispatchEvent(new KeyboardEvent("keydown", {key: "?", bubbles: true})), true)`)
	b.WaitFor(`document.querySelector("#help").open`)
	everywhere("help open")
	stack.Eval[bool](b, `(document.querySelector("#help").close(), true)`)

	for _, dialog := range []struct{ id, opener string }{{"settings", "#open-settings"}, {"palette", "#search"}, {"library", "#open-library"}} {
		click(dialog.opener)
		b.WaitFor(fmt.Sprintf(`document.querySelector("#%s").open`, dialog.id))
		everywhere(dialog.id + " open")
		stack.Eval[bool](b, fmt.Sprintf(`(document.querySelector("#%s").close(), true)`, dialog.id))
	}
	click("#open-setup")
	b.WaitFor(`document.querySelector("#setup").open`)
	everywhere("set-up, step 1")
	for step := 2; step <= 4; step++ {
		click("#setup-next")
		b.WaitFor(fmt.Sprintf(`document.querySelector(".setup-foot").textContent.includes("Step %d")`, step))
		examine(t, b, fmt.Sprintf("set-up, step %d", step))
	}
	stack.Eval[bool](b, `(document.querySelector("#setup").close(), true)`)

	choose := func(setting string, index int) {
		t.Helper()
		stack.Eval[bool](b, fmt.Sprintf(`(() => { const e = document.querySelector("#set-%s"); e.selectedIndex = %d;
			return e.dispatchEvent(new Event("change", {bubbles: true})); })()`, setting, index))
	}
	choose("contrast", 1)
	choose("density", 2)
	choose("direction", 1)
	b.WaitFor(`document.documentElement.dataset.contrast === "high" && document.documentElement.dataset.density === "rows"`)
	everywhere("high contrast, rows, green and red")
	choose("density", 1)
	click("#fold-daily")
	b.WaitFor(`document.querySelector("#column-daily").dataset.folded === "true"`)
	everywhere("compact, a column collapsed")

	r.Kill()
	b.WaitFor(`!document.querySelector("#notice").hidden && document.querySelector("#notice-text").textContent.includes("Redis")`)
	everywhere("notice shown")
}
