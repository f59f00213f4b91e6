//go:build js

package details

import (
	"encoding/json"
	"slices"
	"sort"
	"strconv"
	"syscall/js"
	"time"

	"tierboard/app/board"
	"tierboard/app/format"
	"tierboard/app/ui/card"
	"tierboard/app/ui/dom"
	"tierboard/app/ui/ladder"
	"tierboard/app/ui/tier"
	"tierboard/shared/event"
	"tierboard/shared/wire"
)

// Drawer is the panel with one event's details. Its fields are set once; it owns what is inside its elements.
type Drawer struct {
	El, Body   js.Value // the panel, and the part that is filled
	Board      *board.Board
	Viewer     *card.Viewer
	ServerTime func(now time.Time) time.Time
	Close      func()
	Jump       func(id string, t event.Tier) // selects another event

	marks board.Marks // of the event shown
	chain map[string]event.LinkKind
	funcs []js.Func
}

// Dialog makes the panel a dialog, with the focus in it, or a region again.
func (d *Drawer) Dialog(on bool) {
	if on {
		d.El.Call("setAttribute", "role", "dialog")
		d.El.Call("setAttribute", "aria-modal", "true")
		d.Body.Call("querySelector", ".close").Call("focus", map[string]any{"focusVisible": false})
		return
	}
	d.El.Call("setAttribute", "role", "complementary")
	d.El.Call("removeAttribute", "aria-modal")
}

// Empty takes out what is shown, and what its buttons do, which would keep the page that they were made for.
func (d *Drawer) Empty() {
	d.release()
	d.Body.Call("replaceChildren")
}

// release ends what the buttons do. The one that is being pressed may be among them.
func (d *Drawer) release() {
	for _, f := range d.funcs {
		f.Release()
	}
	d.funcs = d.funcs[:0]
}

// Fill writes the details of an event. chain has the kind of each link of the event, by the id of its card.
func (d *Drawer) Fill(id string, marks board.Marks, chain map[string]event.LinkKind, now time.Time) {
	c := d.Board.Find(id)
	if c == nil {
		return
	}
	d.release()
	d.marks, d.chain = marks, chain
	e := c.Event
	s := tier.All[tier.Position(e.Tier)]
	d.El.Set("className", "drawer "+s.Class)
	d.El.Call("setAttribute", "aria-label", e.Symbol+" "+e.Label+", details")
	title := dom.Element("h2", "drawer-title", "",
		dom.Element("span", "i "+s.Icon, ""), dom.Element("b", "", e.Symbol), dom.Element("span", "", e.Label))
	if word := format.Direction(e.Direction); word != "" {
		title.Call("appendChild", dom.Element("span", "way "+string(e.Direction), word))
	}
	parts := []js.Value{
		dom.Element("div", "drawer-head", "", title, d.button("button square plain close", "", d.Close)),
		dom.Element("p", "muted", format.Stamp(e.DetectedAt, d.Viewer.Zone)+" · "+format.Ago(d.ServerTime(now).Sub(e.DetectedAt))),
	}
	var shown time.Time // not known of what came with a snapshot: it was there before
	if c.Live {
		shown = d.ServerTime(c.ArrivedAt)
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
	parts = append(parts, d.facts(e), d.links(), d.others(e), fields(e), d.raw(e))
	d.Body.Call("replaceChildren")
	for _, part := range parts {
		if part.Truthy() {
			d.Body.Call("appendChild", part)
		}
	}
	d.Body.Set("scrollTop", 0)
}

// button returns a button that does something; the handler lives until the drawer is filled again.
func (d *Drawer) button(class, text string, act func()) js.Value {
	b := dom.Element("button", class, text)
	b.Set("type", "button")
	f := js.FuncOf(func(js.Value, []js.Value) any {
		act()
		return nil
	})
	d.funcs = append(d.funcs, f)
	b.Call("addEventListener", "click", f)
	return b
}

// facts are the four numbers worth knowing at once.
func (d *Drawer) facts(e *event.Event) js.Value {
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
	add("Life", format.Left(e, d.ServerTime(time.Now()), d.Viewer.Exchange))
	return box
}

// links lists the events a combo is made of, or the combos an event is part of, each with a way to its card.
func (d *Drawer) links() js.Value {
	if len(d.marks.Chain) == 0 {
		return js.Undefined()
	}
	box := dom.Element("section", "block", "", dom.Element("h3", "", "Chain"))
	for _, m := range d.marks.Chain {
		s := tier.All[tier.Position(m.Tier)]
		c := d.Board.Find(m.ID)
		if c == nil {
			box.Call("appendChild", dom.Element("p", "link-row "+s.Class+" missing", s.Title+" event, no longer on the board"))
			continue
		}
		text := c.Event.Label + " · " + format.CardTime(c.Event, d.ServerTime(time.Now()), d.Viewer.Zone) + " · " + format.Confidence(c.Event.Confidence)
		if m.Link == event.LinkInferred {
			text += " · inferred"
		}
		box.Call("appendChild", d.linkRow(s, c, text, string(m.Link)))
	}
	return box
}

// others lists what else the board knows about the symbol.
func (d *Drawer) others(e *event.Event) js.Value {
	var cards []*board.Card
	for _, c := range d.Board.Columns() {
		for _, card := range c.Shown() {
			if _, linked := d.chain[card.Event.ID]; !linked && card.Event.Symbol == e.Symbol && card.Event.ID != e.ID {
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
		text := c.Event.Label + " · " + format.CardTime(c.Event, d.ServerTime(time.Now()), d.Viewer.Zone) + " · " + format.Confidence(c.Event.Confidence)
		box.Call("appendChild", d.linkRow(s, c, text, ""))
	}
	if len(cards) > most {
		box.Call("appendChild", dom.Element("p", "faint", "and "+strconv.Itoa(len(cards)-most)+" more"))
	}
	return box
}

// linkRow is a button that leads to another card.
func (d *Drawer) linkRow(s tier.Style, c *board.Card, text, link string) js.Value {
	id, t := c.Event.ID, c.Event.Tier
	b := d.button("link-row "+s.Class+" "+link, "", func() { d.Jump(id, t) })
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
func (d *Drawer) raw(e *event.Event) js.Value {
	text := string(wire.AppendEvent(nil, e, wire.JSON))
	var done js.Value
	copyIt := d.button("button", "Copy JSON", func() {
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
