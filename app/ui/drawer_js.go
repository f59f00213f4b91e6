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
	"tierboard/app/ui/dom"
	"tierboard/app/ui/ladder"
	"tierboard/app/ui/tier"
	"tierboard/shared/event"
	"tierboard/shared/wire"
)

// button returns a button that does something; the handler lives until the drawer is filled again.
func (p *page) button(class, text string, act func()) js.Value {
	b := dom.Element("button", class, text)
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
	s := tier.All[tier.Position(e.Tier)]
	d.el.Set("className", "drawer "+s.Class)
	d.el.Call("setAttribute", "aria-label", e.Symbol+" "+e.Label+", details")
	title := dom.Element("h2", "drawer-title", "",
		dom.Element("span", "i "+s.Icon, ""), dom.Element("b", "", e.Symbol), dom.Element("span", "", e.Label))
	if word := format.Direction(e.Direction); word != "" {
		title.Call("appendChild", dom.Element("span", "way "+string(e.Direction), word))
	}
	parts := []js.Value{
		dom.Element("div", "drawer-head", "", title, p.button("button square plain close", "", func() { p.choose("") })),
		dom.Element("p", "muted", format.Stamp(e.DetectedAt, p.viewer.Zone)+" · "+format.Ago(p.serverNow(now).Sub(e.DetectedAt))),
	}
	var shown time.Time // not known of what came with a snapshot: it was there before
	if c.Live {
		shown = p.serverNow(c.ArrivedAt)
	}
	if !e.ReceivedAt.IsZero() {
		parts = append(parts, dom.Element("p", "muted", format.Delays(e, shown)))
	}
	closer := parts[0].Get("lastChild")
	closer.Call("setAttribute", "aria-label", "Close details")
	closer.Call("appendChild", dom.Element("span", "i i-x", ""))
	if l := ladder.Draw(e); l.Truthy() {
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
	box := dom.Element("div", "facts", "")
	add := func(name, value string) {
		if value != "" {
			box.Call("appendChild", dom.Element("div", "fact", "", dom.Element("span", "muted", name), dom.Element("b", "", value)))
		}
	}
	meter := dom.Element("div", "fact", "", dom.Element("span", "muted", "Confidence"))
	number := dom.Element("b", "conf m"+strconv.Itoa(format.Steps(e.Confidence)), format.Confidence(e.Confidence))
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
	if rr, ok := ladder.RewardToRisk(e); ok {
		add("Reward : risk", strconv.FormatFloat(rr, 'f', 1, 64)+" : 1")
	}
	add("Life", format.Left(e, p.serverNow(time.Now()), p.viewer.Exchange))
	return box
}

// chain lists the events a combo is made of, or the combos an event is part of, each with a way to its card.
func (p *page) chain() js.Value {
	if len(p.sel.marks.Chain) == 0 {
		return js.Undefined()
	}
	box := dom.Element("section", "block", "", dom.Element("h3", "", "Chain"))
	for _, m := range p.sel.marks.Chain {
		s := tier.All[tier.Position(m.Tier)]
		c := p.board.Find(m.ID)
		if c == nil {
			box.Call("appendChild", dom.Element("p", "link-row "+s.Class+" missing", s.Title+" event, no longer on the board"))
			continue
		}
		text := c.Event.Label + " · " + format.CardTime(c.Event, p.serverNow(time.Now()), p.viewer.Zone) + " · " + format.Confidence(c.Event.Confidence)
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
	box := dom.Element("section", "block", "", dom.Element("h3", "", "Other signals on "+e.Symbol))
	const most = 12
	for _, c := range cards[:min(len(cards), most)] {
		s := tier.All[tier.Position(c.Event.Tier)]
		text := c.Event.Label + " · " + format.CardTime(c.Event, p.serverNow(time.Now()), p.viewer.Zone) + " · " + format.Confidence(c.Event.Confidence)
		box.Call("appendChild", p.linkRow(s, c, text, ""))
	}
	if len(cards) > most {
		box.Call("appendChild", dom.Element("p", "faint", "and "+strconv.Itoa(len(cards)-most)+" more"))
	}
	return box
}

// linkRow is a button that leads to another card.
func (p *page) linkRow(s tier.Style, c *board.Card, text, link string) js.Value {
	id, t := c.Event.ID, c.Event.Tier
	b := p.button("link-row "+s.Class+" "+link, "", func() { p.jump(id, t) })
	b.Call("appendChild", dom.Element("span", "i "+s.Icon, ""))
	b.Call("appendChild", dom.Element("span", "", text))
	return b
}

// fields is the table of everything the event says, in the protocol's own names.
func fields(e *event.Event) js.Value {
	var all map[string]any
	if json.Unmarshal(wire.AppendEvent(nil, e, wire.JSON), &all) != nil {
		return js.Undefined()
	}
	body := dom.Element("dl", "fields", "")
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
			body.Call("appendChild", dom.Element("dt", "", prefix+k))
			body.Call("appendChild", dom.Element("dd", "", text))
		}
	}
	walk("", all)
	return dom.Element("details", "block", "", dom.Element("summary", "", "All fields"), body)
}

// raw is the event as the stream sent it, with a button that copies it.
func (p *page) raw(e *event.Event) js.Value {
	text := string(wire.AppendEvent(nil, e, wire.JSON))
	var done js.Value
	copyIt := p.button("button", "Copy JSON", func() {
		clipboard := dom.Window.Get("navigator").Get("clipboard")
		if !clipboard.Truthy() {
			done.Set("textContent", "This browser does not let pages copy here.")
			return
		}
		clipboard.Call("writeText", text)
		done.Set("textContent", "Copied")
	})
	done = dom.Element("span", "faint", "")
	done.Call("setAttribute", "role", "status")
	source := dom.Element("pre", "raw", text)
	source.Set("tabIndex", 0) // it scrolls, so it must be reachable without a mouse
	source.Call("setAttribute", "role", "group")
	source.Call("setAttribute", "aria-label", "The event as JSON")
	return dom.Element("details", "block", "", dom.Element("summary", "", "JSON"), source, dom.Element("p", "row", "", copyIt, done))
}
