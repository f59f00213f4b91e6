//go:build js

package ladder

import (
	"slices"
	"strconv"
	"strings"
	"syscall/js"

	"tierboard/app/ui/dom"
	"tierboard/shared/event"
)

// Draw draws an event's price levels; undefined if it has none.
func Draw(e *event.Event) js.Value {
	rs := rungs(e)
	if rs == nil {
		return js.Undefined()
	}
	number := func(v float64) string { return strconv.FormatFloat(v, 'f', 1, 64) }
	svg := func(tag string, attrs ...string) js.Value {
		n := dom.Document.Call("createElementNS", "http://www.w3.org/2000/svg", tag)
		for pair := range slices.Chunk(attrs, 2) {
			n.Call("setAttribute", pair[0], pair[1])
		}
		return n
	}
	root := svg("svg", "class", "ladder", "viewBox", "0 0 "+number(ladderWidth)+" "+number(ladderHeight), "role", "img")
	right := ladderWidth - ladderGutter
	spoken := []string{"Price levels, from high to low"}
	for _, r := range rs {
		spoken = append(spoken, r.label)
		root.Call("appendChild", svg("line", "class", "rung "+r.kind, "x1", "4", "x2", number(right), "y1", number(r.y), "y2", number(r.y)))
		if r.kind == "price" {
			root.Call("appendChild", svg("circle", "class", "rung price", "cx", number(right), "cy", number(r.y), "r", "4"))
		}
		text := svg("text", "class", "rung "+r.kind, "x", number(right+8), "y", number(r.textY+4))
		text.Set("textContent", r.label)
		root.Call("appendChild", text)
	}
	root.Call("setAttribute", "aria-label", strings.Join(spoken, ", "))
	return root
}
