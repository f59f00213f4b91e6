package e2e_test

import (
	"fmt"
	"testing"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"

	"tierboard/e2e/stack"
)

// pick chooses an option of a select by its text, once it is offered: patterns that the name table does not place in a tier are when
// the feed has brought them.
func pick(b *stack.Browser, id, option string) {
	b.WaitFor(fmt.Sprintf(`[...document.getElementById(%q).options].some(o => o.text === %q)`, id, option))
	stack.Eval[bool](b, fmt.Sprintf(`(() => { const e = document.getElementById(%q); e.selectedIndex = [...e.options].findLastIndex(o => o.text === %q);
		return e.selectedIndex >= 0 && e.dispatchEvent(new Event("change", {bubbles: true})); })()`, id, option))
}

// symbols are those of a column's cards, in order, as an expression.
func symbols(tier string) string {
	return fmt.Sprintf(`[...document.querySelectorAll("#list-%s .sym")].map(e => e.textContent).join()`, tier)
}

// TestPatternsAndWatchlists narrows a column to several patterns, leaves one out, and uses a watchlist both ways.
func TestPatternsAndWatchlists(t *testing.T) {
	s, b, p, h := hands(t)
	for i, pattern := range []string{"Doji", "Bull_Flag", "Volume_Spike"} {
		p.detection("intraday", fmt.Sprintf("I%d", i), pattern, 0.7)
		p.detection("daily", fmt.Sprintf("D%d", i), pattern, 0.7)
		h.expect("they come one by one", card("daily", fmt.Sprintf("D%d", i))+" && "+card("intraday", fmt.Sprintf("I%d", i)))
	}
	h.click(element("#filter-intraday"))
	h.leave()
	pick(b, "pattern-intraday", "Doji")
	h.expect("one pattern", symbols("intraday")+` === "I0"`)
	pick(b, "pattern-intraday", "Bull Flag")
	h.expect("two patterns", symbols("intraday")+` === "I1,I0" && document.querySelector("#pattern-intraday").selectedOptions[0].text === "2 patterns"`)
	h.is("the other column is as it was", symbols("daily")+` === "D2,D1,D0"`)
	pick(b, "pattern-intraday", "Doji (picked)")
	h.expect("picked again it goes", symbols("intraday")+` === "I1" && document.querySelectorAll("#chips .chip").length === 1`)
	pick(b, "pattern-intraday", "Clear")
	pick(b, "without-intraday", "Volume Spike")
	h.expect("one is left out", symbols("intraday")+` === "I1,I0" && document.querySelector("#chips .chip").textContent === "not Volume Spike"`)
	h.expect("the column says so", text("#about-intraday")+` === "2 of 3 shown"`)
	p.detection("intraday", "I3", "Volume_Spike", 0.7)
	p.detection("intraday", "I4", "Doji", 0.7)
	h.expect("also of what comes", symbols("intraday")+` === "I4,I1,I0"`)
	stack.Eval[bool](b, `(document.querySelector("#chips .chip").click(), true)`)
	h.expect("a chip removes it", symbols("intraday")+`.startsWith("I4,I3,I2") && `+text("#count-intraday")+` === "5"`) // no more fits beside the filters

	stack.Eval[bool](b, `fetch("/api/watchlists", {method: "POST", headers: {"Content-Type": "application/json"}, body: JSON.stringify({name: "Mine", symbols: ["I1", "I3", "D0"]})}).then(r => r.ok)`)
	pick(b, "watch-intraday", "Edit the lists…")
	h.expect("the lists are a choice away", `document.querySelector("#library").open && document.querySelector("#library").textContent.includes("Mine")`)
	stack.Eval[bool](b, `(document.querySelector("#library").close(), true)`)
	h.expect("the new list is offered", `[...document.querySelector("#watch-intraday").options].some(o => o.text === "Mine")`)
	pick(b, "watch-intraday", "Mine")
	h.expect("only what is on it", symbols("intraday")+` === "I3,I1"`)
	h.is("in this column alone", symbols("daily")+` === "D2,D1,D0"`)
	pick(b, "pattern-intraday", "Bull Flag")
	h.expect("together with a pattern", symbols("intraday")+` === "I1"`)
	pick(b, "pattern-intraday", "Clear")
	pick(b, "watch-intraday", "Not Mine")
	h.expect("or what is not on it", symbols("intraday")+` === "I4,I2,I0" && document.querySelector("#chips .chip").textContent === "Watchlist: Not Mine"`)

	h.click(element("#everything"))
	h.keys("doji i")
	h.expect("the filter of all columns comes on top", symbols("intraday")+` === "I4,I0" && `+symbols("daily")+` === ""`)
	h.click(element("#share"))
	link := stack.Eval[string](b, `location.href`)
	b.Navigate(s.URL() + "/")
	b.WaitFor(live)
	h.expect("filters stay for the next visit", symbols("intraday")+` === "I4,I0" && document.querySelector("#everything").value === "doji i"`)
	stack.Eval[bool](b, `(localStorage.clear(), true)`)
	b.Navigate(link)
	b.WaitFor(live)
	h.expect("a link brings all of it back", symbols("intraday")+` === "I4,I0" && document.querySelector("#everything").value === "doji i"`)
	h.click(element("#relax-daily"))
	h.expect("an empty column offers the way out", symbols("daily")+` === "D2,D1,D0" && `+symbols("intraday")+` === "I4,I2,I0"`)
}

// TestQuickHands does things faster than the page is drawn: what is asked for must wait until it is there.
func TestQuickHands(t *testing.T) {
	s, b, p, h := hands(t)
	command(t, b, page.AddScriptToEvaluateOnNewDocument, page.AddScriptToEvaluateOnNewDocumentParams{Source: `
		window.eachSecond = [];
		const every = setInterval;
		window.setInterval = (f, ms, ...args) => (ms === 1000 && eachSecond.push(f), every(f, ms, ...args));`})
	b.Navigate(s.URL() + "/")
	b.WaitFor(live + " && eachSecond.length > 0")
	p.fill(b, "intraday", "I", 1, 1)
	h.click(element("#filter-daily"))
	h.expect("the filter opens", element("#order-daily"))
	atOnce := func(script string) { stack.Eval[bool](b, "("+script+", true)") }
	atOnce(`document.querySelector("#filter-combo").click(), document.querySelector("#order-daily").dispatchEvent(new Event("change", {bubbles: true}))`)
	h.expect("a filter that opens while the order changes", element("#order-combo"))
	atOnce(`document.querySelector("#filter-intraday").click(), eachSecond.forEach(f => f())`)
	h.expect("a filter that opens when a second is over", element("#order-intraday"))
	for range 10 {
		h.click(element(`a[href="/ops"]`))
		h.expect("another page", `document.querySelector("#sheet-title")?.textContent === "Operations"`)
		stack.Eval[bool](b, `new Promise(done => {
			new MutationObserver((_, o) => { const open = document.querySelector("#open-settings"); if (open) { o.disconnect(); open.click(); done(true); } })
				.observe(document.body, {childList: true, subtree: true});
			document.querySelector('.pages a[href="/"]').click();
		})`)
		h.expect("the settings open as soon as the board is there", element("#settings")+"?.open")
		h.keys(kb.Escape)
		h.expect("and close", "!"+element("#settings")+".open")
		for range 30 {
			atOnce(`document.querySelector("#filter-daily").click(), document.querySelector("#pause-all").click()`)
		}
		h.click(element("#open-settings"))
		h.expect("the settings open", `document.querySelector("#settings").open && document.querySelector("#set-density") !== null`)
		h.keys(kb.Escape)
		h.expect("and close", "!"+element("#settings")+".open")
	}
	p.detection("combo", "ALIVE", "Trend_Break", 0.8)
	h.expect("the program goes on", card("combo", "ALIVE"))
}

// TestEmptyColumns looks at what columns say and offer while they show nothing.
func TestEmptyColumns(t *testing.T) {
	_, b, p, h := hands(t)
	for tier, says := range map[string]string{"daily": "No daily patterns yet. ", "intraday": "No intraday patterns yet. ", "combo": "No combo patterns yet. "} {
		h.expect(tier+" says why and when", fmt.Sprintf(`%s.startsWith(%q) && %s.length > %d`, text("#empty-"+tier), says, text("#empty-"+tier), len(says)))
		h.is("and offers nothing", element("#relax-"+tier)+".hidden")
	}
	p.detection("daily", "WEAK", "Doji", 0.62)
	h.expect("a card takes its place", card("daily", "WEAK")+` && `+text("#empty-daily")+` === ""`)
	h.click(element("#filter-daily"))
	h.expect("the filter opens", element("#confidence-daily")+` !== null`)
	stack.Eval[bool](b, `(() => { const e = document.querySelector("#confidence-daily"); e.value = "90"; return e.dispatchEvent(new Event("input", {bubbles: true})); })()`)
	h.expect("what is too weak is offered", text("#relax-daily")+` === "Lower confidence to 60: 1 more" && !`+element("#relax-daily")+".hidden")
	// Soon the server sends nothing weak any more. What the page knows of is still offered.
	for i, known := 0, ""; known != stack.Eval[string](b, text("#about-daily")); i++ {
		known = stack.Eval[string](b, text("#about-daily"))
		p.detection("daily", fmt.Sprintf("W%d", i), "Doji", 0.57)
		p.detection("combo", fmt.Sprintf("M%d", i), "Trend_Break", 0.8) // behind it
		h.expect("the others go on", card("combo", fmt.Sprintf("M%d", i)))
	}
	h.is("it stays", text("#relax-daily")+` === "Lower confidence to 60: 1 more" && !`+element("#relax-daily")+".hidden")
	h.is("and is counted", `/^0 of [1-9][0-9]* shown$/.test(`+text("#about-daily")+`)`)
	h.click(element("#relax-daily"))
	h.expect("and comes", card("daily", "WEAK")+" && "+element("#relax-daily")+`.hidden && document.querySelector("#confidence-daily").value === "60"`)
	stack.Eval[bool](b, `(document.querySelector("#chips .chip").click(), true)`)
	h.click(element("#pause-intraday"))
	p.detection("intraday", "WAITS", "Doji", 0.7)
	h.expect("what waits is told", text("#empty-intraday")+` === "New patterns are waiting."`)
}

// TestPhoneSheet opens the details on a phone: nothing else can be reached until they are closed, in every way there is.
func TestPhoneSheet(t *testing.T) {
	_, b, p, h := hands(t)
	p.chain(b, "AAPL")
	p.detection("intraday", "MSFT", "Doji", 0.7)
	resize(b, 390, 844)
	command(t, b, emulation.SetTouchEmulationEnabled, emulation.SetTouchEmulationEnabledParams{Enabled: true})
	stack.Eval[bool](b, `(window.sameDocument = true)`)
	for _, way := range []struct {
		name  string
		close func()
	}{
		{"the button", func() { h.tap(element("#drawer .close")) }},
		{"Esc", func() { h.keys(kb.Escape) }},
		{"the way back", func() { stack.Eval[bool](b, `(history.back(), true)`) }},
	} {
		steps := stack.Eval[int](b, "history.length")
		h.tap(cardOf("intraday", "MSFT"))
		h.expect("a tap opens a dialog", `(d => !d.hidden && d.getAttribute("role") === "dialog" && d.getAttribute("aria-modal") === "true" && d.contains(document.activeElement))(document.querySelector("#drawer"))`)
		h.is("the rest is out of reach", `[".top", ".bar", ".tabs", "#columns"].every(s => document.querySelector(s).inert)`)
		for range 12 {
			h.keys(kb.Tab)
			h.is("the focus stays inside", `document.querySelector("#drawer").contains(document.activeElement) || document.activeElement === document.body`)
		}
		way.close()
		h.expect(way.name+" closes it", `(d => d.hidden && d.getAttribute("role") === "complementary" && !d.hasAttribute("aria-modal"))(document.querySelector("#drawer"))`)
		h.is("the rest can be reached", `document.querySelector("[inert]") === null`)
		h.expect("no step is left in the history", fmt.Sprintf(`history.state !== "details" && history.length <= %d`, steps+1))
		h.is("the page is the same", "window.sameDocument && location.pathname === '/'")
	}
	h.tap(cardOf("intraday", "MSFT"))
	h.expect("it is open again", element("#drawer")+`.getAttribute("role") === "dialog"`)
	b.Do(chromedp.EmulateViewport(1440, 900))
	h.expect("in a wide window it is a region beside the columns", `(d => !d.hidden && d.getAttribute("role") === "complementary")(document.querySelector("#drawer")) && document.querySelector("[inert]") === null`)
}

// TestTabKeys goes through a phone's tabs with the keyboard.
func TestTabKeys(t *testing.T) {
	_, b, _, h := hands(t)
	h.is("columns side by side have no tabs", `document.querySelector("[role=tabpanel]") === null`)
	resize(b, 390, 844)
	h.expect("on a phone each tab has its panel", `[...document.querySelectorAll("[role=tab]")].every(t => document.getElementById(t.getAttribute("aria-controls")).getAttribute("role") === "tabpanel")`)
	stack.Eval[bool](b, `(document.querySelector("#tab-intraday").focus(), true)`)
	for _, step := range []struct{ key, tier string }{
		{kb.ArrowRight, "combo"}, {kb.ArrowRight, "daily"}, {kb.ArrowLeft, "combo"}, {kb.Home, "daily"}, {kb.End, "combo"}, {kb.ArrowLeft, "intraday"},
	} {
		h.keys(step.key)
		h.expect("the keyboard shows "+step.tier, fmt.Sprintf(`document.activeElement.id === "tab-%s" && document.activeElement.ariaSelected === "true" &&
			[...document.querySelectorAll(".column")].filter(e => e.checkVisibility()).map(e => e.id).join() === "column-%s"`, step.tier, step.tier))
		h.expect("one tab is a stop", `document.querySelectorAll("[role=tab][tabindex='0']").length === 1 && document.activeElement.tabIndex === 0`)
	}
}

// TestCardsTellTheirPlace looks at what assistive technology learns of the list around a card.
func TestCardsTellTheirPlace(t *testing.T) {
	_, b, p, h := hands(t)
	p.fill(b, "daily", "D", 40, 40)
	h.is("not all are mounted", cards("daily")+" < 40")
	h.expect("each card knows its place", `[...document.querySelectorAll("#list-daily article")].every((e, i) => e.ariaPosInSet === String(i + 1) && e.ariaSetSize === "40")`)
	p.detection("daily", "NEW", "Doji", 0.7)
	h.expect("and a new one moves it", `[...document.querySelectorAll("#list-daily article")].every((e, i) => e.ariaPosInSet === String(i + 1) && e.ariaSetSize === "41")`)
}

// TestHiddenPagesAskNothing covers the operations page with another tab: it stops asking until it is shown again.
func TestHiddenPagesAskNothing(t *testing.T) {
	r := stack.Redis(t)
	s := stack.Server(t, stack.Env("REDIS_URL", r.URL()))
	c := newCanned(t, s.URL())
	b := stack.Chromium(t)
	b.Navigate(c.URL + "/ops")
	b.WaitFor(says("Messages read"))
	seen := c.count("/api/ops")
	for c.count("/api/ops") < seen+2 {
		b.WaitFor(`new Promise(done => setTimeout(() => done(true), 100))`)
	}
	inTab := beside(t, s, b, false)
	b.WaitFor("document.hidden")
	before := c.count("/api/ops")
	// The page's own clock tells how long it has asked nothing.
	b.WaitFor(`new Promise(done => setTimeout(() => done(true), 6000))`)
	if got := c.count("/api/ops"); got > before+1 { // one may have been on its way
		t.Errorf("hidden, the page asked %d times", got-before)
	}
	inTab("true")
	command(t, b, page.BringToFront, cdp.Empty{})
	b.WaitFor("!document.hidden")
	for shown := c.count("/api/ops"); c.count("/api/ops") <= shown; {
		b.WaitFor(`new Promise(done => setTimeout(() => done(true), 50))`)
	}
}

// TestPagesOpenOffline stops the server and opens the pages by links with questions in them.
func TestPagesOpenOffline(t *testing.T) {
	_, s, b, p := start(t)
	b.AllowProblems("WebSocket", "ERR_CONNECTION_REFUSED", "Failed to load resource", "service worker", "Failed to fetch", "Failed to update")
	p.detection("daily", "KEPT", "Bull_Flag", 0.8)
	b.WaitFor(card("daily", "KEPT"))
	b.WaitFor(`navigator.serviceWorker.ready.then(r => r.active && r.active.state === "activated")`)
	s.Stop()
	for path, title := range map[string]string{"/performance?horizon=5d&window=7": "Performance", "/ops?from=mail": "Operations", "/ops": "Operations"} {
		b.Navigate(s.URL() + path)
		b.WaitFor(fmt.Sprintf(`document.title === "%s · Tierboard" && `, title) + says(title+" cannot be shown now"))
	}
	b.Navigate(s.URL() + "/?daily.symbols=KEPT%2C&q=bull")
	b.WaitFor(card("daily", "KEPT") + ` && document.querySelector("#everything").value === "bull" && document.querySelectorAll("#chips .chip").length === 2`)
}

// TestGapIsLoaded loses more events than the server keeps for replay, under a column that stands still, and loads them.
func TestGapIsLoaded(t *testing.T) {
	const missed = 1200 // more than the ring holds, and more than a snapshot brings
	r := stack.Redis(t)
	s := stack.Server(t, stack.Env("REDIS_URL", r.URL()), stack.Env("TIERBOARD_RATE_LIMIT", "0"), stack.Env("TIERBOARD_RING", "1024"))
	b := stack.Chromium(t)
	command(t, b, page.AddScriptToEvaluateOnNewDocument, page.AddScriptToEvaluateOnNewDocumentParams{Source: `
		window.WebSocket = class extends WebSocket { // which finds no server while it is cut: offline, the page still tries
			constructor(url, protocols) { super(window.cut ? url.toString().replace("/ws", "/nowhere") : url, protocols); window.socket = this; } };`})
	b.AllowProblems("WebSocket", "404")
	b.Navigate(s.URL() + "/")
	b.WaitFor(live)
	p, h := newPublisher(t, r.URL()), hand{t, b}
	p.fill(b, "intraday", "OLD", 20, 20)
	stack.Eval[bool](b, `(window.cut = true, window.dispatchEvent(new Event("offline")), socket.close(), true)`)
	h.expect("the page is offline", text("#notice-text")+`.includes("Offline")`)
	for i := range missed {
		p.detection("intraday", fmt.Sprintf("M%d", i), "Doji", 0.7)
	}
	b.WaitFor(fmt.Sprintf(`fetch("/api/patterns/intraday?symbols=M%d").then(a => a.json()).then(a => a.patterns.length === 1)`, missed-1))
	stack.Eval[bool](b, `(window.cut = false, window.dispatchEvent(new Event("online")))`)
	h.expect("the gap is told", text("#notice-text")+`.includes("Possible gap") && `+text("#notice-action")+` === "Load"`)
	before := stack.Eval[int](b, "Number("+text("#count-intraday")+")")

	// While what is kept cannot be read, the notice need not stay.
	stack.Eval[bool](b, `(window.reads = window.fetch, window.fetch = () => Promise.reject(new TypeError("away")), document.querySelector("#notice-action").click(), true)`)
	h.expect("it can be tried again, or left", text("#notice-action")+` === "Try again" && `+text("#notice-drop")+` === "Dismiss"`)
	stack.Eval[bool](b, `(window.fetch = window.reads, true)`)

	h.hover(`document.querySelector("#list-intraday article:nth-child(3)")`)
	at := stack.Eval[string](b, where("intraday"))
	stack.Eval[bool](b, `(document.querySelector("#notice-action").click(), true)`)
	h.expect("it says what it has loaded", text("#notice-text")+`.startsWith("Loaded ")`)
	h.expect("what was missed waits", `!`+element("#new-intraday")+`.hidden`)
	if now := stack.Eval[string](b, where("intraday")); now != at {
		t.Errorf("cards moved under the pointer:\n%s\n%s", at, now)
	}
	h.leave()
	h.expect("it comes in", fmt.Sprintf("Number(%s) > %d", text("#count-intraday"), before))
}
