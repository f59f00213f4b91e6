package e2e_test

import (
	"flag"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/input"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"

	"tierboard/e2e/stack"
)

var (
	soak = flag.Duration("soak", 6*time.Second, "how long TestRandomHands goes on")
	seed = flag.Uint64("seed", 1, "what TestRandomHands draws its actions from")
)

// randomHands is what the page gets before its own scripts: it notes errors, lets the test take the connection away, and does several
// things at once, which no person can and which a slow machine makes of what a person does one after the other.
const randomHands = `
	window.faults = [];
	addEventListener("error", e => { if (!e.message.startsWith("ResizeObserver loop")) faults.push(e.message); });
	addEventListener("unhandledrejection", e => faults.push(String(e.reason)));
	for (const level of ["log", "error"]) { // the program tells there why it ended
		const was = console[level];
		console[level] = (...words) => { if (words.join(" ").startsWith("panic:")) faults.push(words.join(" ")); was.apply(console, words); };
	}
	window.WebSocket = class extends WebSocket { // which finds no server while it is cut
		constructor(url, protocols) { super(window.cut ? url.toString().replace("/ws", "/nowhere") : url, protocols); window.socket = this; }
	};
	window.offered = selector => [...document.querySelectorAll(selector)].filter(e =>
		e.checkVisibility({visibilityProperty: true}) && !e.closest("[inert]") && !e.disabled);
	window.atOnce = draws => {
		const done = [];
		for (const [what, which, how] of draws) {
			const all = offered(what < 5 ? "button, .card, summary, .link-row, a[href='/'], a[href='/performance'], a[href='/ops']" : "select, input:not([type=file])");
			if (all.length === 0) continue;
			const e = all[which % all.length], tell = type => e.dispatchEvent(new Event(type, {bubbles: true}));
			done.push(e.id || e.className || e.textContent.slice(0, 20));
			if (e.matches("select")) {
				e.selectedIndex = how % e.options.length;
				tell("change");
			} else if (e.matches("[type=checkbox]")) {
				e.click();
			} else if (e.matches("input")) {
				e.value = ["", "AAPL", "a", "50", "x,y", "90"][how % 6];
				tell("input");
				if (how % 2) tell("change");
			} else if (how % 3) {
				e.click();
			} else {
				const key = ["j", "k", "l", "h", "p", "P", ".", "/", "f", "?", "Escape", "Enter", "ArrowDown"][how % 13];
				document.activeElement.dispatchEvent(new KeyboardEvent("keydown", {key, bubbles: true, cancelable: true}));
			}
		}
		return done.join(", ");
	};`

// TestRandomHands clicks, types, scrolls and takes the connection away at random while events come: the program must go on, and the
// board be right afterwards. The log says what was done, and -seed does something else.
func TestRandomHands(t *testing.T) {
	s := stack.Server(t, stack.Args("--demo"))
	b := stack.Chromium(t)
	b.AllowProblems("WebSocket", "404")
	command(t, b, page.AddScriptToEvaluateOnNewDocument, page.AddScriptToEvaluateOnNewDocumentParams{Source: randomHands})
	b.Navigate(s.URL() + "/")
	b.WaitFor(live)
	draw := rand.New(rand.NewPCG(*seed, 0))
	do := func(what, script string, args ...any) {
		t.Helper()
		t.Logf("%s %v", what, stack.Eval[any](b, fmt.Sprintf(script, args...)))
	}
	keys := []string{"j", "k", "l", "h", "p", "P", ".", "/", "f", "?", "a", "5", " ", kb.Escape, kb.Enter, kb.Tab, kb.ArrowDown, kb.Backspace}
	actions := []func(){
		func() {
			at := stack.Eval[[]float64](b, fmt.Sprintf(`(all => { const r = (all[%d %% all.length] ?? document.body).getBoundingClientRect(); return [r.x + r.width / 2, r.y + r.height / 2]; })(offered("button, .card, summary, select, input"))`, draw.IntN(1<<30)))
			t.Logf("click at %v", at)
			b.Do(chromedp.MouseEvent(input.DispatchMouseEventTypeMouseMoved, at[0], at[1]), chromedp.MouseClickXY(at[0], at[1]))
		},
		func() {
			key := keys[draw.IntN(len(keys))]
			t.Logf("key %q", key)
			b.Do(chromedp.KeyEvent(key))
		},
		func() {
			var draws [][3]int
			for range 1 + draw.IntN(5) {
				draws = append(draws, [3]int{draw.IntN(10), draw.IntN(1 << 30), draw.IntN(1 << 30)})
			}
			do("at once", "atOnce(%s)", strings.ReplaceAll(fmt.Sprint(draws), " ", ","))
		},
		func() {
			size := stack.Eval[[]float64](b, `[innerWidth - 2, innerHeight - 2]`)
			p := input.SynthesizeScrollGestureParams{X: 1 + draw.Float64()*size[0], Y: 1 + draw.Float64()*size[1], YDistance: 2000*draw.Float64() - 1000, Speed: 8000, GestureSourceType: input.GestureSourceTypeMouse}
			command(t, b, input.SynthesizeScrollGesture, p)
		},
		func() {
			if draw.IntN(5) == 0 {
				size := [][2]int64{{1440, 900}, {1024, 768}, {390, 844}}[draw.IntN(3)]
				t.Logf("size %v", size)
				b.Do(chromedp.EmulateViewport(size[0], size[1]))
			}
		},
		func() {
			if draw.IntN(5) == 0 {
				do("connection", `[
					() => { socket.close(); return "closed"; },
					() => { cut = true; dispatchEvent(new Event("offline")); socket.close(); return "cut"; },
					() => { cut = false; dispatchEvent(new Event("online")); return "back"; },
				][%d]()`, draw.IntN(3))
			}
		},
	}
	count := 0
	for end := time.Now().Add(*soak); time.Now().Before(end); count++ {
		actions[draw.IntN(len(actions))]()
		if faults := stack.Eval[[]string](b, `[...faults, ...[...document.querySelectorAll(".boot-banner")].map(e => e.textContent)]`); len(faults) > 0 {
			t.Fatalf("after %d actions: %q", count, faults)
		}
	}
	t.Logf("%d actions", count)

	// Without what was set, the board shows what the server has.
	stack.Eval[bool](b, `(localStorage.clear(), true)`)
	b.Do(chromedp.EmulateViewport(1440, 900))
	b.Navigate(s.URL() + "/")
	b.WaitFor(live)
	for _, tier := range []string{"daily", "intraday", "combo"} {
		b.WaitFor(fmt.Sprintf(`fetch("/api/patterns/%s?limit=100").then(a => a.json()).then(a => a.patterns.length > 0 && Number(%s) >= Math.min(a.patterns.length, 20))`, tier, text("#count-"+tier)))
	}
}
