// Package draw makes elements for go-app to render.
package draw

import (
	"strings"

	"github.com/maxence-charriere/go-app/v10/pkg/app"
)

// El makes an element from a selector: "div#tiles.tiles". All are of go-app's one type for any tag, since each element that it has
// a type for adds its hundred methods to the download. Selectors are constants, or end in words of this program.
func El(selector string, body ...app.UI) app.HTMLElem {
	tag, classes, _ := strings.Cut(selector, ".")
	tag, id, _ := strings.Cut(tag, "#")
	e := app.Elem(tag).Body(body...)
	if id != "" {
		e = e.ID(id)
	}
	if classes != "" {
		e = e.Class(strings.ReplaceAll(classes, ".", " "))
	}
	return e
}

// Text makes an element that holds text.
func Text(selector, text string) app.HTMLElem { return El(selector, app.Text(text)) }

// Mark is an element that is only looks: an icon or a dot.
func Mark(selector string) app.UI { return El(selector).Aria("hidden", "true") }

// Choice is one value of a setting and what it is called.
type Choice struct{ Value, Label string }

// Choices makes choices of pairs of value and label.
func Choices(pairs ...string) []Choice {
	var out []Choice
	for i := 0; i+1 < len(pairs); i += 2 {
		out = append(out, Choice{pairs[i], pairs[i+1]})
	}
	return out
}

// Offered reports whether a value is one of the choices.
func Offered(choices []Choice, value string) bool {
	for _, c := range choices {
		if c.Value == value {
			return true
		}
	}
	return false
}
