package e2e_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/input"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"

	"tierboard/e2e/stack"
)

// command calls the browser's protocol on the tab.
func command[P, R any](t testing.TB, b *stack.Browser, c cdp.Command[P, R], params P) R {
	t.Helper()
	v, err := chromedp.Call(b.Context(), c, params)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

// TestThemeButton goes round the themes and reloads: the theme must be there before the first paint.
func TestThemeButton(t *testing.T) {
	s, b, _, h := hands(t)
	command(t, b, page.AddScriptToEvaluateOnNewDocument, page.AddScriptToEvaluateOnNewDocumentParams{Source: `
		window.themes = [];
		new MutationObserver(() => {
			const theme = document.documentElement?.dataset.theme;
			if (theme && theme !== themes.at(-1)?.theme) themes.push({theme, at: performance.now()});
		}).observe(document, {attributes: true, subtree: true, childList: true, attributeFilter: ["data-theme"]});`})
	ground := func() string { return stack.Eval[string](b, `getComputedStyle(document.body).backgroundColor`) }
	media(t, b, "prefers-color-scheme", "dark")
	dark := ground()
	for _, theme := range []string{"light", "system", "dark"} {
		h.click(element("#theme"))
		h.expect("the button sets "+theme, fmt.Sprintf(`document.documentElement.dataset.theme === %q`, theme))
		h.expect("and says so", fmt.Sprintf(`document.querySelector("#theme").ariaLabel.includes(%q)`, theme))
		if got := ground(); (got == dark) == (theme == "light") {
			t.Errorf("in the theme %s the ground is %s", theme, got)
		}
		b.Navigate(s.URL() + "/")
		b.WaitFor(live + ` && performance.getEntriesByName("first-paint").length > 0`)
		h.is("the theme is set once and before the first paint", fmt.Sprintf(
			`themes.length === 1 && themes[0].theme === %q && themes[0].at < performance.getEntriesByName("first-paint")[0].startTime`, theme))
	}
	h.click(element("#theme"))
	h.click(element("#theme"))
	h.expect("the system decides", `document.documentElement.dataset.theme === "system"`)
	media(t, b, "prefers-color-scheme", "light")
	h.expect("and may change its mind", fmt.Sprintf(`getComputedStyle(document.body).backgroundColor !== %q`, dark))
}

// TestReducedMotion lets events come while the person wants no movement.
func TestReducedMotion(t *testing.T) {
	_, b, p, h := hands(t)
	media(t, b, "prefers-reduced-motion", "reduce")
	stack.Eval[bool](b, `(() => {
		window.moving = [];
		const look = () => {
			for (const a of document.getAnimations())
				if (a.effect.getComputedTiming().activeDuration > 1) moving.push(a.animationName + " on " + a.effect.target.className);
			requestAnimationFrame(look);
		};
		look();
		return true;
	})()`)
	p.fill(b, "intraday", "A", 12, 12)
	h.expect("a new card wears its tint", `(e => e && getComputedStyle(e).backgroundColor !== getComputedStyle(document.querySelector(".chip, .fact") ?? document.body).backgroundColor)(document.querySelector(".fresh-in, .rise"))`)
	h.click(cardOf("intraday", "A9"))
	h.expect("the details are open", "!"+element("#drawer")+".hidden")
	h.expect("the tint ends", `document.querySelector(".fresh-in, .rise") === null`)
	if moved := stack.Eval[[]string](b, "moving"); len(moved) > 0 {
		t.Errorf("%d animations ran, first: %s", len(moved), moved[0])
	}
}

// TestForcedColours looks at the page in a palette of the system's.
func TestForcedColours(t *testing.T) {
	_, b, p, h := hands(t)
	p.chain(b, "AAPL")
	p.detection("daily", "MSFT", "Doji", 0.6)
	b.WaitFor(card("daily", "MSFT"))
	media(t, b, "forced-colors", "active")
	h.expect("the palette is forced", `matchMedia("(forced-colors: active)").matches`)
	for _, theme := range []string{"dark", "light"} {
		stack.Eval[bool](b, fmt.Sprintf(`(document.documentElement.dataset.theme = %q, true)`, theme))
		h.is("borders are drawn", `[...document.querySelectorAll(".card, .column, .button:not(.plain)")].every(e => {
			const s = getComputedStyle(e);
			return parseFloat(s.borderTopWidth) >= 1 && s.borderTopStyle !== "none" && s.borderTopColor !== getComputedStyle(document.body).backgroundColor;
		})`)
		h.is("icons are drawn", `[...document.querySelectorAll(".i")].filter(e => e.checkVisibility()).every(e => {
			let ground = e.parentElement;
			while (getComputedStyle(ground).backgroundColor === "rgba(0, 0, 0, 0)") ground = ground.parentElement;
			return getComputedStyle(e).backgroundColor !== getComputedStyle(ground).backgroundColor;
		})`)
		h.is("meters are drawn", `[...document.querySelectorAll(".card .conf")].every(e => (s => s.backgroundImage.includes(s.color) && s.color !== getComputedStyle(e.closest(".card")).backgroundColor)(getComputedStyle(e)))`)
	}
	h.click(cardOf("combo", "AAPL"))
	h.leave()
	drawn := func(selector string) string {
		return fmt.Sprintf(`(s => s.outlineStyle + s.outlineWidth + s.outlineColor)(getComputedStyle(%s))`, element(selector))
	}
	h.expect("the chain is marked", element(".card.selected")+" && "+element(".card.linked.inferred"))
	stack.Eval[bool](b, `(document.activeElement.blur(), true)`)
	h.is("a linked card differs from others", drawn(".card.linked")+" !== "+drawn(".card:not(.selected, .linked)"))
	h.is("an inferred link differs from an exact one", drawn(".card.linked.inferred")+" !== "+drawn(".card.linked:not(.inferred)"))
}

// TestNarrowAndZoomed walks through the sizes down to 320 px, and to twice the size of everything.
func TestNarrowAndZoomed(t *testing.T) {
	_, b, p, h := hands(t)
	p.chain(b, "AAPL")
	p.send("intraday", "WIDEWIDEWIDE", "A pattern with a name that goes on and on", 0.97, map[string]any{"timeframe": "15min", "relative_volume": 123.4})
	b.WaitFor(card("intraday", "WIDEWIDEWIDE"))
	for _, size := range []struct {
		width, height int64
		scale         float64
	}{{1440, 900, 1}, {1024, 768, 1}, {820, 1180, 1}, {720, 450, 2}, {640, 512, 2}, {390, 844, 3}, {320, 568, 2}, {320, 256, 4}} {
		b.Do(chromedp.EmulateViewport(size.width, size.height, chromedp.EmulateScale(size.scale)))
		h.expect(fmt.Sprintf("%d px at %v times the size", size.width, size.scale), fmt.Sprintf(`innerWidth === %d && devicePixelRatio === %v`, size.width, size.scale))
		h.is("nothing scrolls sideways", `document.documentElement.scrollWidth <= innerWidth && document.querySelector("#page").scrollWidth <= innerWidth`)
		if out := stack.Eval[[]string](b, `[...document.querySelectorAll("a, button, input, select, .card")].filter(e => {
			const r = e.getBoundingClientRect();
			return e.checkVisibility() && !e.closest("#chips") && r.width > 0 && (r.left < -0.5 || r.right > innerWidth + 0.5);
		}).map(e => e.outerHTML.slice(0, 100))`); len(out) > 0 {
			t.Errorf("%d px: %d controls lie outside, first: %s", size.width, len(out), out[0])
		}
		h.is("a badge leaves the time alone", `[...document.querySelectorAll(".card .badge")].filter(e => e.checkVisibility()).every(e => {
			const when = e.parentElement.querySelector(".when").getBoundingClientRect();
			return e.getBoundingClientRect().right <= when.left && when.right <= e.parentElement.getBoundingClientRect().right + 0.5;
		})`)
		h.is("a whole card can be seen or scrolled to", `[...document.querySelectorAll(".list")].filter(e => e.checkVisibility()).every(e => e.clientHeight >= 64 || document.documentElement.scrollHeight > innerHeight)`)
	}
}

// TestPhone taps through the board at 390 px.
func TestPhone(t *testing.T) {
	_, b, p, h := hands(t)
	p.chain(b, "AAPL")
	resize(b, 390, 844)
	command(t, b, emulation.SetTouchEmulationEnabled, emulation.SetTouchEmulationEnabledParams{Enabled: true})
	for _, tier := range []string{"daily", "combo", "intraday"} {
		h.tap(element("#tab-" + tier))
		h.expect("the tab shows "+tier, fmt.Sprintf(`document.querySelector("#tab-%s").ariaSelected === "true" && document.querySelectorAll("[role=tab][aria-selected=true]").length === 1`, tier))
		h.is("and nothing else", fmt.Sprintf(`[...document.querySelectorAll(".column")].filter(e => e.checkVisibility()).map(e => e.id).join() === "column-%s"`, tier))
	}
	if small := stack.Eval[[]string](b, `[...document.querySelectorAll("button, select, input")].filter(e => e.checkVisibility()).map(e => {
		const r = e.getBoundingClientRect();
		return r.width < 43.5 || r.height < 43.5 ? e.id + " " + Math.round(r.width) + "×" + Math.round(r.height) : "";
	}).filter(Boolean)`); len(small) > 0 {
		t.Errorf("too small for a finger (44 px): %v", small)
	}
	h.tap(cardOf("intraday", "AAPL"))
	h.expect("a tap opens the details", "!"+element("#drawer")+".hidden")
	h.expect("as a sheet at the bottom", `(r => Math.round(r.left) === 0 && Math.round(r.right) === innerWidth && Math.round(r.bottom) === innerHeight)(document.querySelector("#drawer").getBoundingClientRect())`)
	p.detection("intraday", "MSFT", "Doji", 0.7)
	h.tap(element("#drawer .close"))
	h.expect("and a tap closes them", element("#drawer")+".hidden")
	stack.Eval[bool](b, `(document.activeElement.blur(), true)`)
	h.expect("a finger that is gone holds nothing", card("intraday", "MSFT"))
}

// beside opens the board in another tab of the same browser.
func beside(t *testing.T, s *stack.TierboardServer, b *stack.Browser, window bool) (waitFor func(expression string)) {
	t.Helper()
	tab, closeTab := chromedp.NewContext(b.Context(), chromedp.WithNewWindow(window))
	t.Cleanup(closeTab)
	if err := chromedp.Do(tab, chromedp.Navigate(s.URL()+"/")); err != nil {
		t.Fatal(err)
	}
	waitFor = func(expression string) {
		t.Helper()
		ctx, cancel := context.WithTimeout(tab, stack.ReadyTimeout)
		defer cancel()
		poll := time.NewTicker(20 * time.Millisecond)
		defer poll.Stop()
		for {
			if ok, err := chromedp.Run(ctx, chromedp.Evaluate[bool]("Boolean("+expression+")")); ok && err == nil {
				return
			}
			select {
			case <-ctx.Done():
				t.Fatalf("the other tab: %s does not become true", expression)
			case <-poll.C:
			}
		}
	}
	waitFor(live)
	return waitFor
}

// TestTabs covers the board with another tab: a board that nobody sees does not draw, and catches up when it is shown.
// Then it opens the board in a second window, and both are live.
func TestTabs(t *testing.T) {
	s, b, p, h := hands(t)
	inTab := beside(t, s, b, false)
	h.expect("a tab over it hides it", `document.hidden`)
	for i := range 30 {
		p.detection("intraday", fmt.Sprintf("H%d", i), "Doji", 0.7)
	}
	inTab(text("#count-intraday") + ` === "30"`)
	h.is("the hidden board is not drawn", cards("intraday")+" === 0 && document.hidden")
	command(t, b, page.BringToFront, cdp.Empty{})
	h.expect("shown again it has everything", `!document.hidden && `+text("#count-intraday")+` === "30" && `+text("#list-intraday .sym")+` === "H29"`)

	inWindow := beside(t, s, b, true)
	p.detection("daily", "BOTH", "Doji", 0.7)
	h.expect("the first window is live", card("daily", "BOTH"))
	inWindow(card("daily", "BOTH") + " && " + text("#count-intraday") + ` === "30"`)
}

// TestStreamPaintsAsItGoes sends 300 events in three seconds, then more than a column holds.
func TestStreamPaintsAsItGoes(t *testing.T) {
	_, b, p, h := hands(t)
	stack.Eval[bool](b, `(() => {
		window.frames = new Set();
		new MutationObserver(() => requestAnimationFrame(at => frames.add(at)))
			.observe(document.querySelector("#columns"), {childList: true, subtree: true});
		return true;
	})()`)
	tiers := []string{"daily", "intraday", "combo"}
	pace := time.NewTicker(10 * time.Millisecond) // the load itself, not a wait
	defer pace.Stop()
	for i := range 300 {
		<-pace.C
		p.detection(tiers[i%3], fmt.Sprintf("S%d", i), "Doji", 0.7)
	}
	for i, tier := range tiers {
		h.expect(tier+" is exact", fmt.Sprintf(`%s === "100" && %s === "S%d"`, text("#count-"+tier), text("#list-"+tier+" .sym"), 297+i))
		h.is("in order and without gaps", fmt.Sprintf(`[...document.querySelectorAll("#list-%s .sym")].every((e, i) => e.textContent === "S" + (%d - 3 * i))`, tier, 297+i))
	}
	if n := stack.Eval[int](b, "frames.size"); n < 15 {
		t.Errorf("300 events in 3 s were painted in %d frames", n)
	}
	for i := range 410 {
		p.detection("daily", fmt.Sprintf("T%d", i), "Doji", 0.7)
	}
	h.expect("a column holds 500", text("#count-daily")+` === "500" && `+text("#list-daily .sym")+` === "T409"`)
	h.is("a window's worth of them is mounted", cards("daily")+" <= 40 && "+cards("daily")+" * 70 > "+element("#list-daily")+".clientHeight")
	h.is("a card has few elements", `[...document.querySelectorAll(".card")].every(e => e.querySelectorAll("*").length + 1 <= 14)`)
}

// TestHostileFilters types what no symbol is.
func TestHostileFilters(t *testing.T) {
	s, b, p, h := hands(t)
	p.fill(b, "daily", "D", 5, 5)
	for i, hostile := range []string{
		`<img src=x onerror=alert(1)>`, `"'; DROP TABLE events; --`, `${7*7}{{constructor}}`, `%00%ff\u0000`, "𝔄𝔄𝔓𝔏 \u202eLPAA", "(((((", strings.Repeat("ABCDEFGHIJ,", 300), "*",
	} {
		h.click(element("#filter-daily"))
		h.click(element("#symbols-daily"))
		h.b.Do(chromedp.Func(func(ctx context.Context, target *chromedp.Target) error {
			_, err := cdp.Call(ctx, target, input.InsertText, input.InsertTextParams{Text: hostile})
			return err
		}))
		h.keys(kb.Tab) // done
		h.is("no markup grew from "+hostile[:min(len(hostile), 30)], `document.querySelectorAll("#chips img, #chips script, #columns img").length === 0`)
		h.is("the page is not wider", `document.documentElement.scrollWidth <= innerWidth`)
		if i < 2 {
			b.Navigate(s.URL() + "/")
			b.WaitFor(live)
		} else {
			h.click(element("#filter-daily"))
		}
		h.click(element("#filter-daily"))
		h.click(element("#symbols-daily"))
		h.keys("a", chromedp.KeyModifiers(kb.ModifierCtrl))
		h.keys(kb.Backspace)
		h.expect("clearing it shows everything", text("#count-daily")+` === "5"`)
		h.click(element("#filter-daily"))
	}
}
