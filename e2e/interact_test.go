package e2e_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/input"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"

	"tierboard/e2e/stack"
)

// hand is a person at the page: it moves the pointer, clicks, taps and types through the browser's own input.
type hand struct {
	t testing.TB
	b *stack.Browser
}

// middle returns where an element is, which the expression yields, once it stands still in sight and nothing covers it.
func (h hand) middle(element string) (x, y float64) {
	h.t.Helper()
	h.b.WaitForWithin(stack.ReadyTimeout/4, fmt.Sprintf(`new Promise(done => {
		const place = e => { const r = e.getBoundingClientRect(); return [r.x + r.width / 2, r.y + r.height / 2]; };
		const e = %s, was = place(e);
		requestAnimationFrame(() => requestAnimationFrame(() => {
			const at = place(e), hit = document.elementFromPoint(...at);
			window.pointAt = at;
			done(at.join() === was.join() && hit && (e === hit || e.contains(hit)));
		}));
	})`, element))
	at := stack.Eval[[]float64](h.b, "pointAt")
	return at[0], at[1]
}

// hover moves the pointer to an element.
func (h hand) hover(element string) {
	h.t.Helper()
	x, y := h.middle(element)
	h.b.Do(chromedp.MouseEvent(input.DispatchMouseEventTypeMouseMoved, x, y))
}

// leave moves the pointer to where nothing reacts.
func (h hand) leave() {
	h.t.Helper()
	h.b.Do(chromedp.MouseEvent(input.DispatchMouseEventTypeMouseMoved, 2, 2))
}

// click presses and releases the pointer's button on an element.
func (h hand) click(element string) {
	h.t.Helper()
	x, y := h.middle(element)
	h.b.Do(chromedp.MouseEvent(input.DispatchMouseEventTypeMouseMoved, x, y), chromedp.MouseClickXY(x, y))
}

// wheel turns the wheel over an element.
func (h hand) wheel(element string, by float64) {
	h.t.Helper()
	x, y := h.middle(element)
	p := input.SynthesizeScrollGestureParams{X: x, Y: y, YDistance: -by, Speed: 8000, GestureSourceType: input.GestureSourceTypeMouse}
	if _, err := chromedp.Call(h.b.Context(), input.SynthesizeScrollGesture, p); err != nil {
		h.t.Fatal(err)
	}
}

// tap touches an element with a finger.
func (h hand) tap(element string) {
	h.t.Helper()
	x, y := h.middle(element)
	for _, p := range []input.DispatchTouchEventParams{
		{Type: input.DispatchTouchEventTypeTouchStart, TouchPoints: []*input.TouchPoint{{X: x, Y: y}}},
		{Type: input.DispatchTouchEventTypeTouchEnd, TouchPoints: []*input.TouchPoint{}},
	} {
		if _, err := chromedp.Call(h.b.Context(), input.DispatchTouchEvent, p); err != nil {
			h.t.Fatal(err)
		}
	}
}

// keys presses keys one after the other.
func (h hand) keys(keys string, opts ...chromedp.KeyOption) {
	h.t.Helper()
	h.b.Do(chromedp.KeyEvent(keys, opts...))
}

// is fails the test unless the expression is truthy now.
func (h hand) is(what, expression string) {
	h.t.Helper()
	if !stack.Eval[bool](h.b, "Boolean("+expression+")") {
		h.t.Errorf("%s: %s does not hold", what, expression)
	}
}

// expect waits until the expression is truthy, and says what was expected if it does not become so.
func (h hand) expect(what, expression string) {
	h.t.Helper()
	h.t.Log(what)
	h.b.WaitForWithin(stack.ReadyTimeout/4, expression)
}

// element finds one by a selector, as an expression.
func element(selector string) string { return fmt.Sprintf("document.querySelector(%q)", selector) }

// cardOf is the first card of a symbol in a column, as an expression.
func cardOf(tier, symbol string) string {
	return fmt.Sprintf(`[...document.querySelectorAll("#list-%s article")].find(e => e.querySelector(".sym").textContent === %q)`, tier, symbol)
}

// text is what an element says, as an expression.
func text(selector string) string { return element(selector) + ".textContent" }

// where says at which height each card of a column is drawn, as an expression; positions of cards that stay compare equal.
func where(tier string) string {
	return fmt.Sprintf(`[...document.querySelectorAll("#list-%s article")].map(e => e.querySelector(".sym").textContent + "@" + Math.round(e.getBoundingClientRect().y)).join()`, tier)
}

// fill publishes distinct symbols with a common prefix and waits until the column counts as many.
func (p *publisher) fill(b *stack.Browser, tier, prefix string, n, total int) {
	p.t.Helper()
	for i := range n {
		p.detection(tier, fmt.Sprintf("%s%d", prefix, i), "Doji", 0.7)
	}
	b.WaitFor(fmt.Sprintf("%s === '%d'", text("#count-"+tier), total))
}

// hands starts everything, with a person at the page. The server's limit of events a second is off, so that a test may
// fill a column at once.
func hands(t *testing.T) (*stack.TierboardServer, *stack.Browser, *publisher, hand) {
	t.Helper()
	r := stack.Redis(t)
	s := stack.Server(t, stack.Env("REDIS_URL", r.URL()), stack.Env("TIERBOARD_RATE_LIMIT", "0"))
	b := stack.Chromium(t)
	b.Navigate(s.URL() + "/")
	b.WaitFor(live)
	return s, b, newPublisher(t, r.URL()), hand{t, b}
}

// TestCardsStandStill holds columns with the pointer, the focus, the wheel and the pause, and lets events come.
func TestCardsStandStill(t *testing.T) {
	_, b, p, h := hands(t)
	p.fill(b, "intraday", "A", 8, 8)
	p.fill(b, "daily", "D", 60, 60)

	h.hover(cardOf("intraday", "A5"))
	before := stack.Eval[string](b, where("intraday"))
	p.fill(b, "intraday", "B", 3, 8)
	h.expect("events wait under the pointer", text("#newcount-intraday")+` === "3 new"`)
	if after := stack.Eval[string](b, where("intraday")); after != before {
		t.Errorf("cards moved under the pointer:\n%s\n%s", before, after)
	}
	p.detection("combo", "FREE", "Trend_Break", 0.8)
	h.expect("the other columns go on", card("combo", "FREE"))
	h.leave()
	h.expect("leaving lets them in", text("#count-intraday")+` === "11" && `+text("#list-intraday .sym")+` === "B2" && `+element("#new-intraday")+`.hidden`)

	h.keys(kb.Tab) // the board's keys need no focus anywhere, but a person may have one
	stack.Eval[bool](b, `(document.querySelector("#list-intraday").focus(), true)`)
	h.keys("jj")
	h.expect("the second card has the focus", `document.activeElement === document.querySelectorAll("#list-intraday article")[1]`)
	stack.Eval[bool](b, `(window.held = document.activeElement, true)`)
	before = stack.Eval[string](b, where("intraday"))
	p.fill(b, "intraday", "C", 2, 11)
	h.expect("events wait under the focus", text("#newcount-intraday")+` === "2 new"`)
	if after := stack.Eval[string](b, where("intraday")); after != before {
		t.Errorf("cards moved under the focus:\n%s\n%s", before, after)
	}
	h.is("the focus stays where it was", `document.activeElement === held`)
	h.keys(kb.Tab)
	h.expect("moving on lets them in", text("#count-intraday")+` === "13" && `+text("#list-intraday .sym")+` === "C1"`)

	h.hover(element("#list-daily"))
	h.expect("there is something to scroll to", element("#list-daily")+`.scrollHeight > 1400`)
	h.wheel(element("#list-daily"), 700)
	h.expect("the list scrolls", element("#list-daily")+`.scrollTop > 500`)
	h.leave()
	h.expect("scrolling has ended", `new Promise(r => { const l = document.querySelector("#list-daily"), y = l.scrollTop;
		requestAnimationFrame(() => requestAnimationFrame(() => r(l.scrollTop === y))); })`)
	before = stack.Eval[string](b, where("daily"))
	p.fill(b, "daily", "E", 4, 60)
	h.expect("events wait above", text("#newcount-daily")+` === "4 new"`)
	if after := stack.Eval[string](b, where("daily")); after != before {
		t.Errorf("a scrolled column moved:\n%s\n%s", before, after)
	}
	h.click(element("#new-daily"))
	h.expect("the pill brings them in at the top", element("#list-daily")+`.scrollTop === 0 && `+text("#list-daily .sym")+` === "E3" && `+
		element("#new-daily")+`.hidden && `+text("#count-daily")+` === "64"`)
	h.is("as many cards as can be seen are mounted", cards("daily")+" <= 80")

	h.click(element("#pause-combo"))
	p.fill(b, "combo", "P", 2, 1)
	h.expect("a paused column counts on", text("#newcount-combo")+` === "2 new" && `+element("#column-combo.paused"))
	p.detection("intraday", "GOES", "Doji", 0.8)
	h.expect("one pause is of one column", card("intraday", "GOES"))
	h.click(element("#pause-combo"))
	h.expect("resuming lets them in", cards("combo")+" === 3")
	h.click(element("#pause-all"))
	h.leave()
	h.expect("all are paused", `document.querySelectorAll(".column.paused").length === 3`)
	for _, tier := range []string{"daily", "intraday", "combo"} {
		p.detection(tier, "ALL"+tier[:1], "Doji", 0.8)
		h.expect(tier+" counts on", text("#newcount-"+tier)+` === "1 new"`)
		h.is(tier+" stands still", "!"+card(tier, "ALL"+strings.ToUpper(tier[:1])))
	}
	h.click(element("#pause-all"))
	h.leave()
	h.expect("all go on", `["daily", "intraday", "combo"].every(t => document.querySelector("#new-" + t).hidden)`)
}

// TestMountedCards looks at which cards are in the document: those that fit the column, in order however fast they come, and some more
// as soon as somebody may scroll.
func TestMountedCards(t *testing.T) {
	_, b, p, h := hands(t)
	h.leave()
	total := 0
	for round, n := range []int{60, 3, 25, 7} { // more than fit, and fewer; in bursts cards do not move in
		p.fill(b, "intraday", string(rune('A'+round)), n, total+n)
		total += n
	}
	var newest []string // first
	for round, n := range []int{7, 25, 3} {
		for i := range n {
			newest = append(newest, fmt.Sprintf("%c%d", 'D'-round, n-1-i))
		}
	}
	fit := fmt.Sprintf(`Math.floor(%s.clientHeight / 70) + 1`, element("#list-intraday"))
	shown := `[...document.querySelectorAll("#list-intraday article .sym")].map(e => e.textContent)`
	h.expect("as many as fit are mounted", cards("intraday")+" === "+fit)
	h.expect("the newest, in order", fmt.Sprintf(`%s.join() === %q.split(",").slice(0, %s).join()`, shown, strings.Join(newest, ","), fit))
	h.hover(element("#list-intraday article"))
	h.expect("a pointer that may scroll has twenty more below", cards("intraday")+" === "+fit+" + 20")
	h.wheel(element("#list-intraday"), 1000)
	h.expect("scrolling brings as many again", cards("intraday")+" === "+fit+" + 40")
	h.expect("in order, too", fmt.Sprintf(`%s.slice(0, 30).join() === %q.split(",").slice(0, 30).join()`, shown, strings.Join(newest, ",")))
	h.wheel(element("#list-intraday"), -2000)
	h.leave()
	h.expect("at the top again, as many as fit", cards("intraday")+" === "+fit)
	height := stack.Eval[int](b, element("#list-intraday")+".clientHeight")
	h.click(element("#filter-intraday"))
	h.expect("the filters leave less room", fmt.Sprintf("%s.clientHeight < %d - 140", element("#list-intraday"), height))
	h.hover(element("#list-intraday article"))
	h.leave()
	h.expect("fewer fit", fmt.Sprintf("%s === %s && %s < %d / 70", cards("intraday"), fit, cards("intraday"), height))
	h.click(element("#filter-intraday"))
	h.leave()
	h.expect("without them there is room again, and it is filled", fmt.Sprintf("%s.clientHeight === %d && ", element("#list-intraday"), height)+cards("intraday")+" === "+fit)
}

// TestKeyboard presses every key that the help lists.
func TestKeyboard(t *testing.T) {
	_, b, p, h := hands(t)
	p.fill(b, "daily", "D", 3, 3)
	p.fill(b, "intraday", "I", 5, 5)
	p.fill(b, "combo", "C", 2, 2)
	focus := func(what, tier string, at int) {
		t.Helper()
		h.expect(what, fmt.Sprintf(`document.activeElement === document.querySelectorAll("#list-%s article")[%d]`, tier, at))
	}
	h.keys("j")
	focus("j starts at the first card", "daily", 0)
	h.keys(kb.ArrowDown)
	focus("down", "daily", 1)
	h.keys("jj")
	focus("j stops at the end", "daily", 2)
	h.keys("l")
	focus("l keeps the height", "intraday", 2)
	h.keys(kb.ArrowRight)
	focus("right, to the last card of a shorter column", "combo", 1)
	h.keys("l")
	focus("l stops at the last column", "combo", 1)
	h.keys("h" + kb.ArrowUp)
	focus("left and up", "intraday", 0)
	h.keys("kk")
	focus("k stops at the start", "intraday", 0)
	// Scripts of extensions send keys to the document, which is no element: the program must not end of it.
	for _, key := range []string{"j", "Enter", "Escape", "k"} {
		stack.Eval[bool](b, fmt.Sprintf(`document.dispatchEvent(new KeyboardEvent("keydown", { key: %q, bubbles: true, cancelable: true })), true`, key))
	}
	focus("keys without an element", "intraday", 0)
	h.is("a focus is drawn", `getComputedStyle(document.activeElement).outlineStyle !== "none"`)

	h.keys("j" + kb.Enter)
	h.expect("Enter opens the details", `!document.querySelector("#drawer").hidden && document.querySelector("#drawer b").textContent === "I3"`)
	h.keys("j")
	h.expect("j moves with the details open", `document.querySelector("#drawer b").textContent === "I2" && document.querySelector(".card.selected .sym").textContent === "I2"`)
	h.keys("k")
	h.expect("k moves back", `document.querySelector("#drawer b").textContent === "I3"`)
	h.keys("jj" + kb.Escape)
	h.expect("Esc closes them", element("#drawer")+`.hidden && document.querySelector(".selected") === null`)
	focus("Esc leaves the focus on the card that was last shown", "intraday", 3)
	h.click(cardOf("combo", "C0"))
	h.expect("a click opens the details", `document.querySelector("#drawer b")?.textContent === "C0"`)
	h.keys(kb.Escape)
	focus("and Esc comes back to it", "combo", 1)
	h.leave()

	h.keys("p")
	h.expect("p pauses the column", element("#column-combo.paused"))
	h.is("p pauses no other", `document.querySelectorAll(".column.paused").length === 1`)
	p.detection("combo", "LATER", "Doji", 0.8)
	h.expect("events wait", text("#newcount-combo")+` === "1 new"`)
	h.keys(".")
	h.expect(". lets them in", card("combo", "LATER"))
	h.keys("p")
	h.expect("p resumes", `document.querySelector(".column.paused") === null`)
	h.keys("P")
	h.expect("P pauses all", `document.querySelectorAll(".column.paused").length === 3`)
	h.keys("P")
	h.expect("P resumes all", `document.querySelector(".column.paused") === null`)

	h.keys("/")
	h.expect("/ goes to the filter of all columns", `document.activeElement === document.querySelector("#everything") && document.activeElement.value === ""`)
	h.keys("c1 70")
	h.expect("which narrows them as one types", cards("combo")+" === 1 && "+cards("daily")+" === 0 && "+cards("intraday")+` === 0 && document.querySelectorAll("#chips .chip").length === 2`)
	h.expect("and says how many are left", text("#about-combo")+` === "1 of 3 shown" && `+text("#about-daily")+` === "0 of 3 shown"`)
	h.keys(kb.Escape)
	h.expect("Esc clears it", cards("combo")+` === 3 && document.querySelector("#everything").value === "" && document.activeElement === document.querySelector("#everything")`)
	stack.Eval[bool](b, `(document.querySelector("#list-combo").focus(), true)`)
	h.keys("f")
	h.expect("f goes to the filter of the column", `document.activeElement === document.querySelector("#symbols-combo") && !document.querySelector("#filters-combo").hidden`)
	h.is("f is not typed into it", `document.querySelector("#symbols-combo").value === ""`)
	h.keys("jp?")
	h.expect("keys in a field are text", `document.querySelector("#symbols-combo").value === "jp?" && !document.querySelector("#help").open`)
	h.keys(kb.Backspace + kb.Backspace + kb.Backspace + kb.Escape)
	h.expect("Esc leaves the filter", element("#filters-combo")+`.hidden && document.activeElement === document.querySelector("#list-combo")`)
	h.keys("?")
	h.expect("? opens the help", element("#help")+".open")
	h.is("the help names every key", `document.querySelectorAll("#help dt").length >= 9`)
	h.keys("p")
	h.keys(kb.Escape)
	h.expect("Esc closes the help", "!"+element("#help")+".open")
	h.is("keys mean nothing behind a dialog", `document.querySelector(".column.paused") === null`)
	h.is("the dialog gives the focus back", `document.activeElement === document.querySelector("#list-combo")`)
	h.keys("k", chromedp.KeyModifiers(kb.ModifierCtrl))
	h.expect("Ctrl k finds", element("#palette")+".open")
	h.keys("pause" + kb.Enter)
	h.expect("and carries out", `document.querySelectorAll(".column.paused").length === 3 && !document.querySelector("#palette").open`)
	h.keys("P")
	h.expect("P resumes all", `document.querySelector(".column.paused") === null`)
}

// tabStops are what Tab must reach, in the order of the page.
const tabStops = `[...document.querySelectorAll("a[href], button, input, select, textarea, summary, [tabindex='0']")]
	.filter(e => !e.disabled && e.checkVisibility({visibilityProperty: true}))`

// TestTabReachesEverything walks over the page with Tab and back.
func TestTabReachesEverything(t *testing.T) {
	_, b, p, h := hands(t)
	p.chain(b, "AAPL")
	for _, tier := range []string{"daily", "intraday", "combo"} {
		h.click(element("#filter-" + tier))
		h.expect("its filters are drawn above the cards", element("#order-"+tier))
	}
	h.click(cardOf("combo", "AAPL"))
	h.expect("the details are open", "!"+element("#drawer")+".hidden")
	h.expect("each column offers older events", `[...document.querySelectorAll(".edge.more")].every(e => e.checkVisibility())`)
	stack.Eval[bool](b, `(document.querySelectorAll("#drawer details").forEach(d => d.open = true), document.activeElement.blur(), true)`)
	stack.Eval[bool](b, `((window.stops = `+tabStops+`).forEach((e, i) => e.dataset.stop = i), true)`)
	total := stack.Eval[int](b, "stops.length")
	if total < 30 {
		t.Fatalf("only %d controls on the page", total)
	}
	stack.Eval[bool](b, `(stops[0].focus(), true)`)
	at := func() int {
		i := stack.Eval[int](b, `Number(document.activeElement.dataset.stop ?? -1)`)
		if i < 0 {
			t.Log("not among the controls at first: " + stack.Eval[string](b, `document.activeElement.outerHTML.slice(0, 200)`))
		}
		return i
	}
	forth, back := []int{0}, []int(nil)
	for range total - 1 {
		h.keys(kb.Tab)
		forth = append(forth, at())
		h.is("the focus is drawn on "+stack.Eval[string](b, "document.activeElement.outerHTML.slice(0, 120)"), `getComputedStyle(document.activeElement).outlineStyle !== "none" || document.activeElement.matches(":has(:focus-visible)") || getComputedStyle(document.activeElement.parentElement).outlineStyle !== "none"`)
	}
	for range total - 1 {
		h.keys(kb.Tab, chromedp.KeyModifiers(kb.ModifierShift))
		back = append(back, at())
	}
	for i, stop := range forth {
		if stop != i {
			t.Errorf("Tab number %d reaches control %d and not %s", i, stop, stack.Eval[string](b, fmt.Sprintf("stops[%d]?.outerHTML.slice(0, 160) ?? 'nothing'", i)))
			break
		}
	}
	slices.Reverse(back)
	if !slices.Equal(back, forth[:total-1]) {
		t.Errorf("the way back is another:\n%v\n%v", forth, back)
	}
}

// TestMarks looks at what hovering and selecting light up.
func TestMarks(t *testing.T) {
	_, b, p, h := hands(t)
	p.chain(b, "AAPL")
	p.detection("intraday", "MSFT", "Doji", 0.6)
	b.WaitFor(card("intraday", "MSFT"))

	h.hover(cardOf("intraday", "AAPL"))
	h.expect("the symbol is marked in all columns", `["daily", "intraday", "combo"].every(t => document.querySelector("#list-" + t + " .card.same"))`)
	h.is("and no other symbol", `[...document.querySelectorAll(".card.same .sym")].every(e => e.textContent === "AAPL")`)
	h.is("the age is not faint on a tint", `(s => getComputedStyle(document.querySelector(".same .when[data-age]"), "::after").color === s)(getComputedStyle(document.querySelector(".same .note")).color)`)
	h.leave()
	h.expect("leaving clears the marks", `document.querySelector(".card.same") === null`)

	p.fill(b, "daily", "D", 60, 61)
	p.fill(b, "intraday", "I", 60, 62)
	h.is("the setup is far away", "!"+card("daily", "AAPL"))
	h.click(cardOf("combo", "AAPL"))
	h.expect("the combo is selected", element("#list-combo .card.selected"))
	for _, tier := range []string{"daily", "intraday"} {
		h.expect("the partner in "+tier+" is announced", fmt.Sprintf(`%s === "AAPL: 1 linked below" && !%s.hidden`, text("#below-"+tier), element("#below-"+tier)))
		h.click(element("#below-" + tier))
		h.expect("and a click goes there", fmt.Sprintf(`(e => e && e.classList.contains("linked") && (r => { const l = document.querySelector("#list-%s").getBoundingClientRect(); return r.top >= l.top && r.bottom <= l.bottom + 1; })(e.getBoundingClientRect()))(%s)`, tier, cardOf(tier, "AAPL")))
		h.expect("then nothing is out of sight", element("#below-"+tier)+".hidden && "+element("#above-"+tier)+".hidden")
	}
	h.is("the setup's link is exact", `!(`+cardOf("daily", "AAPL")+`).classList.contains("inferred")`)
	h.is("the trigger's link is inferred", `(`+cardOf("intraday", "AAPL")+`).classList.contains("inferred") && getComputedStyle(`+cardOf("intraday", "AAPL")+`).borderTopStyle === "dashed"`)
	h.is("two cards are linked", `document.querySelectorAll(".card.linked").length === 2`)
	h.is("the details list the chain", `document.querySelectorAll("#drawer .link-row").length === 2 && document.querySelector("#drawer .link-row.inferred") !== null`)
	h.is("nothing is made transparent", `[...document.querySelectorAll(".card, .column")].every(e => getComputedStyle(e).opacity === "1")`)
	h.keys(kb.Escape)
	h.expect("Esc clears the chain", `document.querySelector(".linked, .selected") === null && document.querySelectorAll(".edge:not(.more, [hidden])").length === 0`)

	for i := range 3 {
		p.send("combo", "TWICE", "Trend_Break", 0.6+float64(i)/100, map[string]any{
			"flow_id": fmt.Sprintf("twice-%d", i), "timestamp": float64(time.Now().Add(time.Duration(i-3)*time.Second).UnixMilli()) / 1000, // of the same moment it would be a duplicate
		})
	}
	h.leave()
	h.keys(kb.Tab) // the focus is back on the combo, and holds the column
	h.expect("repeats are one card", count("combo", "TWICE")+" === 1 && ("+cardOf("combo", "TWICE")+`).querySelector(".pat").textContent.endsWith("×3")`)
	h.is("and three events", text("#count-combo")+` === "4"`)
}
