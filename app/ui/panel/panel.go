// Package panel draws titled boxes, and what stands in them: facts, tables and folds.
package panel

import (
	"strings"

	"github.com/maxence-charriere/go-app/v10/pkg/app"

	"tierboard/app/ui/draw"
	"tierboard/app/ui/spell"
	"tierboard/app/ui/tier"
)

// New is a titled box; state is a dot's class with the word beside it, both "" for none.
func New(title, state, word string, body ...app.UI) app.HTMLElem {
	side := []app.UI{draw.Text("h2", title)}
	if state != "" {
		side = append(side, draw.El("span.state", draw.Mark("span.dot."+state), app.Text(word)))
	} else if word != "" {
		side = append(side, draw.Text("span.muted", word))
	}
	return draw.El("section.panel", append([]app.UI{draw.El("div.panel-head", side...)}, body...)...)
}

// OfTier is a panel in a tier's colour.
func OfTier(s tier.Style, side app.UI, body []app.UI) app.UI {
	head := draw.El("div.panel-head", draw.El("h2", draw.Mark("span.i."+s.Icon), app.Text(s.Title)), side)
	return draw.El("section.panel.tier-card."+s.Class, append([]app.UI{head}, body...)...)
}

// Facts are terms with their values, in turns: short ones beside each other. A fact without a value is a dash.
func Facts(class string, pairs ...string) app.UI {
	var body []app.UI
	for i := 0; i+1 < len(pairs); i += 2 {
		value := pairs[i+1]
		if value == "" {
			value = "–"
		}
		body = append(body, draw.El("div", draw.Text("dt", pairs[i]), draw.Text("dd", value)))
	}
	return draw.El("dl."+class, body...)
}

// Grid is a table of text in a frame of its own. A title that begins with # heads numbers; the cells under row, if it is a column,
// name their row.
func Grid(selector, caption string, titles []string, row, rows int, cells func(i int) []string) app.UI {
	var head, body []app.UI
	for _, title := range titles {
		head = append(head, draw.Text("th"+NumberClass(title), strings.TrimPrefix(title, "#")).Attr("scope", "col"))
	}
	for i := range rows {
		var line []app.UI
		for j, text := range cells(i) {
			if j == row {
				line = append(line, draw.Text("th", text).Attr("scope", "row"))
			} else {
				line = append(line, draw.Text("td"+NumberClass(titles[j]), text))
			}
		}
		body = append(body, draw.El("tr", line...))
	}
	return Scroller(caption, draw.El("table"+selector+".table",
		draw.Text("caption.visually-hidden", caption), draw.El("thead", draw.El("tr", head...)), draw.El("tbody", body...)))
}

// NumberClass is the class of a column's cells.
func NumberClass(title string) string {
	if strings.HasPrefix(title, "#") {
		return ".number"
	}
	return ""
}

// Fold is something that is shown on demand.
func Fold(summary string, body app.UI) app.UI {
	return draw.El("details.numbers", draw.Text("summary", summary), body)
}

// Scroller holds a table that may be wider than the page. It can be focused, so that the keyboard can scroll it too.
func Scroller(label string, table app.UI) app.UI {
	return draw.El("div.scroller", table).Role("region").TabIndex(0).Aria("label", label)
}

// Percentiles are a latency's, in milliseconds.
type Percentiles struct{ P50, P95, P99 float64 }

// Delivery is how long a tier's events take, under a heading.
func Delivery(p *Percentiles) []app.UI {
	return []app.UI{
		draw.Text("h3", "Delivery, from receipt to socket"),
		Facts("counts", "Median", spell.Millis(p.P50), "95 of 100", spell.Millis(p.P95), "99 of 100", spell.Millis(p.P99)),
	}
}
