package e2e_test

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
	"github.com/redis/go-redis/v9"

	"tierboard/e2e/stack"
)

// live is true in the page once the server talks to it.
const live = `document.querySelector("#dot-daily.idle, #dot-daily.ok, #dot-daily.late, #dot-daily.stale") !== null`

// publisher sends to Redis as the producer does.
type publisher struct {
	t testing.TB
	c *redis.Client
}

func newPublisher(t testing.TB, url string) *publisher {
	t.Helper()
	opts, err := redis.ParseURL(url)
	if err != nil {
		t.Fatal(err)
	}
	c := redis.NewClient(opts)
	t.Cleanup(func() { _ = c.Close() })
	return &publisher{t: t, c: c}
}

// publish sends one payload.
func (p *publisher) publish(channel, payload string) {
	p.t.Helper()
	if err := p.c.Publish(p.t.Context(), channel, payload).Err(); err != nil {
		p.t.Fatal(err)
	}
}

// detection sends one detection in the producer's nested shape.
func (p *publisher) detection(tier, symbol, pattern string, confidence float64) {
	p.t.Helper()
	now := float64(time.Now().UnixMilli()) / 1000
	b, err := json.Marshal(map[string]any{
		"event_type": "pattern_detected", "source": "TickStockPL", "timestamp": now,
		"data": map[string]any{
			"symbol": symbol, "pattern": pattern, "tier": tier, "confidence": confidence,
			"current_price": 101.25, "price_change": 1.5, "timestamp": now,
		},
	})
	if err != nil {
		p.t.Fatal(err)
	}
	p.publish("tickstock.events.patterns", string(b))
}

// card is true in the page while a tier's column shows a card of the symbol.
func card(tier, symbol string) string {
	return fmt.Sprintf(`[...document.querySelectorAll("#list-%s .sym")].some(e => e.textContent === %q)`, tier, symbol)
}

// cards counts a column's cards.
func cards(tier string) string {
	return fmt.Sprintf(`document.querySelectorAll("#list-%s article").length`, tier)
}

// start gives a server on a real Redis, and a page that is live.
func start(t *testing.T) (*stack.RedisServer, *stack.TierboardServer, *stack.Browser, *publisher) {
	t.Helper()
	r := stack.Redis(t)
	s := stack.Server(t, stack.Env("REDIS_URL", r.URL()))
	b := stack.Chromium(t)
	b.Navigate(s.URL() + "/")
	b.WaitFor(live)
	return r, s, b, newPublisher(t, r.URL())
}

// metric reads one counter from the server; labels are part of the name as Prometheus prints them.
func metric(t testing.TB, s *stack.TierboardServer, name string) float64 {
	t.Helper()
	resp, err := http.Get(s.AdminURL() + "/metrics")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(body)) {
		if rest, ok := strings.CutPrefix(line, name+" "); ok {
			var v float64
			if _, err := fmt.Sscan(rest, &v); err != nil {
				t.Fatal(err)
			}
			return v
		}
	}
	return 0
}

// watchPaints makes the page note, for each card that is added, the wall-clock time at which it was painted.
const watchPaints = `(() => {
  window.painted = {};
  new MutationObserver(list => {
    for (const m of list) for (const n of m.addedNodes) {
      const sym = n.querySelector?.(".sym")?.textContent;
      if (sym && !(sym in painted)) {
        painted[sym] = 0;
        requestAnimationFrame(() => setTimeout(() => { painted[sym] = performance.timeOrigin + performance.now(); }));
      }
    }
  }).observe(document.querySelector("#columns"), { childList: true, subtree: true });
  return true;
})()`

// TestPublishToPaint is the product's promise: what is published on Redis is painted in a browser.
func TestPublishToPaint(t *testing.T) {
	_, _, b, p := start(t)
	stack.Eval[bool](b, watchPaints)
	tiers := []string{"daily", "intraday", "combo"}
	var delays []float64
	for i := range 30 {
		symbol := fmt.Sprintf("P%d", i)
		sent := time.Now()
		p.detection(tiers[i%3], symbol, "Bull_Flag", 0.5+float64(i)/100)
		b.WaitFor(fmt.Sprintf("painted[%q] > 0", symbol))
		at := stack.Eval[float64](b, fmt.Sprintf("painted[%q]", symbol))
		delays = append(delays, at-float64(sent.UnixMicro())/1000)
		if !stack.Eval[bool](b, card(tiers[i%3], symbol)) {
			t.Errorf("%s is painted, but not in the %s column", symbol, tiers[i%3])
		}
	}
	slices.Sort(delays)
	t.Logf("publish to paint, milliseconds: median %.1f, worst of %d %.1f", delays[len(delays)/2], len(delays), delays[len(delays)-1])
	for _, tier := range tiers {
		if n := stack.Eval[string](b, text("#count-"+tier)); n != "10" {
			t.Errorf("%s column holds %s cards, want 10", tier, n)
		}
	}
}

// TestProducersTextStaysText publishes markup where a symbol belongs.
func TestProducersTextStaysText(t *testing.T) {
	_, _, b, p := start(t)
	p.detection("intraday", `<b>x</b>`, `<img src=x onerror=alert(1)>`, 0.9)
	b.WaitFor(card("intraday", `<B>X</B>`))
	if stack.Eval[int](b, `document.querySelectorAll("#list-intraday b, #list-intraday img").length`) != 0 {
		t.Error("a producer's text became markup")
	}
}

// TestColumnFiltersAreIndependent filters one column by symbol, pattern and confidence and looks at the others.
func TestColumnFiltersAreIndependent(t *testing.T) {
	_, s, b, p := start(t)
	send := func() {
		for _, tier := range []string{"daily", "intraday", "combo"} {
			p.detection(tier, "AAPL", "Bull_Flag", 0.91)
			p.detection(tier, "MSFT", "Volume_Spike", 0.55)
		}
	}
	send()
	for _, tier := range []string{"daily", "intraday", "combo"} {
		b.WaitFor(cards(tier) + " === 2")
	}
	typed := func(id, value, event string) {
		stack.Eval[bool](b, fmt.Sprintf(`(() => { const e = document.getElementById(%q); e.value = %q;
			e.dispatchEvent(new Event(%q, {bubbles: true})); return true; })()`, id, value, event))
	}
	others := func(what string) {
		t.Helper()
		for _, tier := range []string{"daily", "combo"} {
			if n := stack.Eval[int](b, cards(tier)); n != 2 {
				t.Errorf("%s: the %s column holds %d cards, want 2 as before", what, tier, n)
			}
		}
	}

	stack.Eval[bool](b, `(document.getElementById("filter-intraday").click(), true)`)
	b.WaitFor(`document.getElementById("symbols-intraday") !== null`)
	typed("symbols-intraday", "aapl", "input")
	typed("symbols-intraday", "aapl", "change")
	b.WaitFor(cards("intraday") + " === 1")
	others("symbol")

	// The filter has reached the server: what it does not want is not even sent.
	sent := metric(t, s, "tierboard_events_sent_total")
	b.WaitFor(`document.querySelector("#chips .chip.intraday")?.textContent.includes("AAPL")`)
	deadline := time.Now().Add(stack.ReadyTimeout)
	for {
		before := metric(t, s, "tierboard_events_sent_total")
		p.detection("intraday", "TSLA", "Doji", 0.8)
		p.detection("daily", fmt.Sprintf("D%d", time.Now().UnixNano()%1e6), "Doji", 0.8) // must come
		for metric(t, s, "tierboard_events_sent_total") == before && time.Now().Before(deadline) {
			time.Sleep(20 * time.Millisecond)
		}
		if metric(t, s, "tierboard_events_sent_total") == before+1 {
			break
		}
		if time.Now().After(deadline) {
			t.Fatalf("the server still sends intraday events of other symbols (%v events sent at first)", sent)
		}
	}

	typed("symbols-intraday", "", "input")
	b.WaitFor(cards("intraday") + " >= 2")
	typed("pattern-intraday", "volume_spike", "change")
	b.WaitFor(`document.querySelectorAll("#list-intraday .sym").length === 1 && document.querySelector("#list-intraday .sym").textContent === "MSFT"`)
	typed("pattern-intraday", "any", "change")
	typed("confidence-intraday", "90", "input")
	b.WaitFor(`document.querySelectorAll("#list-intraday .sym").length === 1 && document.querySelector("#list-intraday .sym").textContent === "AAPL"`)

	// Filters survive a reload, and a chip removes one.
	b.Navigate(s.URL() + "/")
	b.WaitFor(live)
	b.WaitFor(cards("intraday") + " === 1")
	stack.Eval[bool](b, `(document.querySelector("#chips .chip.intraday").click(), true)`)
	b.WaitFor(cards("intraday") + " >= 2")
}

// TestRedisOutageShowsAndHeals kills Redis under an open page.
func TestRedisOutageShowsAndHeals(t *testing.T) {
	r, _, b, p := start(t)
	p.detection("daily", "BEFORE", "Bull_Flag", 0.8)
	b.WaitFor(card("daily", "BEFORE"))
	stack.Eval[bool](b, `(window.sameDocument = true)`)
	r.Kill()
	b.WaitFor(`document.querySelector("#notice-text").textContent.includes("Redis") && !document.querySelector("#notice").hidden`)
	if !stack.Eval[bool](b, card("daily", "BEFORE")) {
		t.Error("the outage emptied the board")
	}
	r.Restart()
	b.WaitFor(`!document.querySelector("#notice-text").textContent.includes("Redis")`)
	p.detection("daily", "AFTER", "Bull_Flag", 0.8)
	b.WaitFor(card("daily", "AFTER"))
	if !stack.Eval[bool](b, `window.sameDocument === true`) {
		t.Error("the page was reloaded")
	}
}

// TestGarbageMovesCountersAndNothingElse publishes what is no event.
func TestGarbageMovesCountersAndNothingElse(t *testing.T) {
	_, s, b, p := start(t)
	garbage := []string{
		``, `{`, `[]`, `null`, `{"a":1}`, "\x00\xff\xfe", `{"symbol":"AAPL"}`, strings.Repeat("[", 100_000),
		`{"symbol":"AAPL","pattern":"Doji","confidence":"very","tier":"daily"}`,
		`{"symbol":"AAPL","pattern":"Nonesuch","confidence":0.8}`,
		`{"symbol":"AAPL","pattern":"Doji","confidence":170,"tier":"daily"}`,
		`{"symbol":"` + strings.Repeat("A", 300_000) + `","pattern":"Doji","confidence":0.5}`,
	}
	before := metric(t, s, `tierboard_ingest_messages_total{result="reject"}`)
	for _, g := range garbage {
		p.publish("tickstock.events.patterns", g)
	}
	p.detection("daily", "GOOD", "Bull_Flag", 0.8)
	b.WaitFor(card("daily", "GOOD"))
	if got := metric(t, s, `tierboard_ingest_messages_total{result="reject"}`) - before; got != float64(len(garbage)) {
		t.Errorf("%v rejects counted, want %d", got, len(garbage))
	}
	if n := stack.Eval[int](b, `document.querySelectorAll("article").length`); n != 1 {
		t.Errorf("%d cards, want the good one alone", n)
	}
}

// TestServerAwayAndOffline stops the server under the page, reloads without it, and brings it back.
func TestServerAwayAndOffline(t *testing.T) {
	_, s, b, p := start(t)
	b.AllowProblems("WebSocket", "ERR_CONNECTION_REFUSED", "Failed to load resource", "service worker", "Failed to fetch", "Failed to update")
	p.detection("daily", "KEPT", "Bull_Flag", 0.8)
	b.WaitFor(card("daily", "KEPT"))
	b.WaitFor(`navigator.serviceWorker.ready.then(r => r.active && r.active.state === "activated")`)
	s.Stop()
	b.WaitFor(`document.querySelector("#notice-text").textContent.includes("Reconnecting")`)
	b.Navigate(s.URL() + "/?source=pwa")
	b.WaitFor(card("daily", "KEPT"))
	b.WaitFor(`document.querySelector("#notice-text").textContent.includes("Last known")`)
	s.Restart()
	b.WaitFor(live)
	b.WaitFor(`document.querySelector("#notice").hidden`)
	p.detection("daily", "BACK", "Bull_Flag", 0.8)
	b.WaitFor(card("daily", "BACK"))
}

// TestScreens keeps pictures of the demo board in build/screens, for people to look at.
func TestScreens(t *testing.T) {
	root, err := stack.RepoRoot()
	if err != nil {
		t.Fatal(err)
	}
	dir := filepath.Join(root, "build", "screens")
	if err := os.MkdirAll(dir, 0o750); err != nil {
		t.Fatal(err)
	}
	s := stack.Server(t, stack.Args("--demo"))
	b := stack.Chromium(t)
	b.Navigate(s.URL() + "/")
	b.WaitFor(live)
	for _, tier := range []string{"daily", "intraday", "combo"} {
		b.WaitFor(cards(tier) + " > 0")
	}
	b.WaitFor(cards("intraday") + " >= 8")
	b.WaitFor(`!document.querySelector("#demo").hidden`)
	for _, size := range []struct{ width, height int64 }{{1440, 900}, {1024, 768}, {390, 844}} {
		for _, theme := range []string{"dark", "light"} {
			b.Do(chromedp.EmulateViewport(size.width, size.height))
			stack.Eval[bool](b, fmt.Sprintf(`(document.documentElement.dataset.theme = %q, true)`, theme))
			if wide := stack.Eval[int](b, `document.documentElement.scrollWidth`); wide > int(size.width) {
				t.Errorf("at %d px the page is %d px wide", size.width, wide)
			}
			b.Screenshot(filepath.Join(dir, fmt.Sprintf("%s-%d.png", theme, size.width)))
		}
	}
}
