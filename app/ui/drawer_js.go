//go:build js

package ui

import (
	"encoding/json"
	"slices"
	"sort"
	"strconv"
	"syscall/js"
	"time"

	"tierboard/app/board"
	"tierboard/app/format"
	"tierboard/shared/event"
	"tierboard/shared/wire"
)

// element returns a new element. Text is set as text, so nothing a producer wrote becomes markup.
func element(tag, class, text string, children ...js.Value) js.Value {
	e := document.Call("createElement", tag)
	if class != "" {
		e.Set("className", class)
	}
	if text != "" {
		e.Set("textContent", text)
	}
	for _, c := range children {
		e.Call("appendChild", c)
	}
	return e
}

// button returns a button that does something; the handler lives until the drawer is filled again.
func (p *page) button(class, text string, act func()) js.Value {
	b := element("button", class, text)
	b.Set("type", "button")
	f := js.FuncOf(func(js.Value, []js.Value) any {
		act()
		return nil
	})
	p.drawer.funcs = append(p.drawer.funcs, f)
	b.Call("addEventListener", "click", f)
	return b
}

// drawer is the panel with one event's details.
type drawer struct {
	el    js.Value
	body  js.Value
	funcs []js.Func
	shown string // event id
	modal bool   // nothing else can be reached
}

// fillDrawer writes the details of the selected event.
func (p *page) fillDrawer(now time.Time) {
	c := p.board.Find(p.sel.id)
	if c == nil {
		return
	}
	d := &p.drawer
	for _, f := range d.funcs {
		f.Release()
	}
	d.funcs, d.shown = d.funcs[:0], p.sel.id
	e := c.Event
	s := styles[position(e.Tier)]
	d.el.Set("className", "drawer "+s.class)
	d.el.Call("setAttribute", "aria-label", e.Symbol+" "+e.Label+", details")
	title := element("h2", "drawer-title", "",
		element("span", "i "+s.icon, ""), element("b", "", e.Symbol), element("span", "", e.Label))
	if word := format.Direction(e.Direction); word != "" {
		title.Call("appendChild", element("span", "way "+string(e.Direction), word))
	}
	parts := []js.Value{
		element("div", "drawer-head", "", title, p.button("button square plain close", "", func() { p.choose("") })),
		element("p", "muted", format.Stamp(e.DetectedAt, p.viewer.zone)+" · "+format.Ago(p.serverNow(now).Sub(e.DetectedAt))),
	}
	if came := p.serverNow(c.ArrivedAt); came.Sub(e.ReceivedAt) < time.Minute { // else it came with a snapshot
		parts = append(parts, element("p", "muted", format.Delays(e, came)))
	}
	closer := parts[0].Get("lastChild")
	closer.Call("setAttribute", "aria-label", "Close details")
	closer.Call("appendChild", element("span", "i i-x", ""))
	if l := ladder(e); l.Truthy() {
		parts = append(parts, l)
	}
	parts = append(parts, p.facts(e), p.chain(), p.others(e), fields(e), p.raw(e))
	d.body.Call("replaceChildren")
	for _, part := range parts {
		if part.Truthy() {
			d.body.Call("appendChild", part)
		}
	}
	d.body.Set("scrollTop", 0)
}

// facts are the four numbers worth knowing at once.
func (p *page) facts(e *event.Event) js.Value {
	box := element("div", "facts", "")
	add := func(name, value string) {
		if value != "" {
			box.Call("appendChild", element("div", "fact", "", element("span", "muted", name), element("b", "", value)))
		}
	}
	meter := element("div", "fact", "", element("span", "muted", "Confidence"))
	number := element("b", "conf m"+strconv.Itoa(format.Steps(e.Confidence)), format.Confidence(e.Confidence))
	number.Call("setAttribute", "role", "img")
	number.Call("setAttribute", "aria-label", format.ConfidenceSpoken(e.Confidence))
	meter.Call("appendChild", number)
	box.Call("appendChild", meter)
	if e.Combo != nil {
		if v, ok := e.Combo.Correlation.Get(); ok {
			add("Correlation", format.Correlation(v))
		}
	}
	if v, ok := e.RelativeVolume.Get(); ok {
		add("Relative volume", format.Ratio(v))
	}
	if v, ok := e.Price.Get(); ok {
		price := format.Price(v)
		if chg, ok := e.ChangePct.Get(); ok {
			price += "  " + format.SignedPercent(chg)
		}
		add("Price", price)
	}
	if rr, ok := rewardToRisk(e); ok {
		add("Reward : risk", strconv.FormatFloat(rr, 'f', 1, 64)+" : 1")
	}
	add("Life", format.Left(e, p.serverNow(time.Now()), p.viewer.exchange))
	return box
}

// chain lists the events a combo is made of, or the combos an event is part of, each with a way to its card.
func (p *page) chain() js.Value {
	if len(p.sel.marks.Chain) == 0 {
		return js.Undefined()
	}
	box := element("section", "block", "", element("h3", "", "Chain"))
	for _, m := range p.sel.marks.Chain {
		s := styles[position(m.Tier)]
		c := p.board.Find(m.ID)
		if c == nil {
			box.Call("appendChild", element("p", "link-row "+s.class+" missing", s.title+" event, no longer on the board"))
			continue
		}
		text := c.Event.Label + " · " + format.CardTime(c.Event, p.serverNow(time.Now()), p.viewer.zone) + " · " + format.Confidence(c.Event.Confidence)
		if m.Link == event.LinkInferred {
			text += " · inferred"
		}
		box.Call("appendChild", p.linkRow(s, c, text, string(m.Link)))
	}
	return box
}

// others lists what else the board knows about the symbol.
func (p *page) others(e *event.Event) js.Value {
	var cards []*board.Card
	for _, c := range p.board.Columns() {
		for _, card := range c.Shown() {
			if _, linked := p.sel.chain[card.Event.ID]; !linked && card.Event.Symbol == e.Symbol && card.Event.ID != e.ID {
				cards = append(cards, card)
			}
		}
	}
	if len(cards) == 0 {
		return js.Undefined()
	}
	sort.SliceStable(cards, func(i, j int) bool { return cards[i].Event.DetectedAt.After(cards[j].Event.DetectedAt) })
	box := element("section", "block", "", element("h3", "", "Other signals on "+e.Symbol))
	const most = 12
	for _, c := range cards[:min(len(cards), most)] {
		s := styles[position(c.Event.Tier)]
		text := c.Event.Label + " · " + format.CardTime(c.Event, p.serverNow(time.Now()), p.viewer.zone) + " · " + format.Confidence(c.Event.Confidence)
		box.Call("appendChild", p.linkRow(s, c, text, ""))
	}
	if len(cards) > most {
		box.Call("appendChild", element("p", "faint", "and "+strconv.Itoa(len(cards)-most)+" more"))
	}
	return box
}

// linkRow is a button that leads to another card.
func (p *page) linkRow(s style, c *board.Card, text, link string) js.Value {
	id, t := c.Event.ID, c.Event.Tier
	b := p.button("link-row "+s.class+" "+link, "", func() { p.jump(id, t) })
	b.Call("appendChild", element("span", "i "+s.icon, ""))
	b.Call("appendChild", element("span", "", text))
	return b
}

// fields is the table of everything the event says, in the protocol's own names.
func fields(e *event.Event) js.Value {
	var all map[string]any
	if json.Unmarshal(wire.AppendEvent(nil, e, wire.JSON), &all) != nil {
		return js.Undefined()
	}
	body := element("dl", "fields", "")
	var walk func(prefix string, m map[string]any)
	walk = func(prefix string, m map[string]any) {
		keys := make([]string, 0, len(m))
		for k := range m {
			keys = append(keys, k)
		}
		slices.Sort(keys)
		for _, k := range keys {
			if inner, ok := m[k].(map[string]any); ok {
				walk(prefix+k+".", inner)
				continue
			}
			text, ok := m[k].(string)
			if !ok {
				b, err := json.Marshal(m[k])
				if err != nil {
					continue
				}
				text = string(b)
			}
			body.Call("appendChild", element("dt", "", prefix+k))
			body.Call("appendChild", element("dd", "", text))
		}
	}
	walk("", all)
	return element("details", "block", "", element("summary", "", "All fields"), body)
}

// raw is the event as the stream sent it, with a button that copies it.
func (p *page) raw(e *event.Event) js.Value {
	text := string(wire.AppendEvent(nil, e, wire.JSON))
	var done js.Value
	copyIt := p.button("button", "Copy JSON", func() {
		clipboard := window.Get("navigator").Get("clipboard")
		if !clipboard.Truthy() {
			done.Set("textContent", "This browser does not let pages copy here.")
			return
		}
		clipboard.Call("writeText", text)
		done.Set("textContent", "Copied")
	})
	done = element("span", "faint", "")
	done.Call("setAttribute", "role", "status")
	source := element("pre", "raw", text)
	source.Set("tabIndex", 0) // it scrolls, so it must be reachable without a mouse
	source.Call("setAttribute", "role", "group")
	source.Call("setAttribute", "aria-label", "The event as JSON")
	return element("details", "block", "", element("summary", "", "JSON"), source, element("p", "row", "", copyIt, done))
}
