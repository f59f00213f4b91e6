//go:build js

package palette

import (
	"syscall/js"

	"tierboard/app/ui/dom"
)

// Open shows the palette, empty.
func (p *Palette) Open() {
	dom.ByID("palette-query").Set("value", "")
	dom.ShowDialog("palette")
	dom.ByID("palette-query").Call("focus")
	p.find("")
}

// paint writes the list of matches.
func (p *Palette) paint() {
	list := dom.ByID("palette-list")
	list.Call("replaceChildren")
	for i, c := range p.found {
		li := dom.Element("li", "", "", dom.Element("span", "", c.title), dom.Element("span", "faint", c.note))
		li.Set("id", "palette-"+c.id)
		li.Call("setAttribute", "role", "option")
		li.Call("setAttribute", "data-at", i)
		li.Call("setAttribute", "aria-selected", i == p.at)
		list.Call("appendChild", li)
	}
	active := ""
	if p.at < len(p.found) {
		active = "palette-" + p.found[p.at].id
	}
	dom.ByID("palette-query").Call("setAttribute", "aria-activedescendant", active)
	if len(p.found) == 0 {
		list.Call("appendChild", dom.Element("li", "none", "Nothing matches."))
	}
}

// Click carries out the match under the pointer.
func (p *Palette) Click(target js.Value) {
	li := target.Call("closest", "[data-at]")
	if li.IsNull() {
		return
	}
	if at := js.Global().Call("parseInt", li.Get("dataset").Get("at")).Int(); at < len(p.found) {
		p.run(p.found[at].id)
	}
}

func (p *Palette) close() { dom.ByID("palette").Call("close") }
