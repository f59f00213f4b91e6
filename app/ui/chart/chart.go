// Package chart draws charts: SVG made of ordinary go-app elements, so that an update changes attributes in place and text is escaped
// like any other. Sizes are in the drawing's own units; colours are the style sheet's.
package chart

import (
	"math"
	"strconv"
	"strings"

	"github.com/maxence-charriere/go-app/v10/pkg/app"

	"tierboard/app/ui/spell"
)

// shape makes an SVG element with pairs of attribute and value. Both are numbers and constants.
func shape(tag string, attrs ...string) app.HTMLElem {
	e := app.Elem(tag).XMLNS("http://www.w3.org/2000/svg")
	for i := 0; i+1 < len(attrs); i += 2 {
		e = e.Attr(attrs[i], attrs[i+1])
	}
	return e
}

// drawing is the root of a chart. Without a label it is decoration beside text that says the same.
func drawing(class string, width, height float64, label string, shapes []app.UI) app.UI {
	root := shape("svg", "class", "chart "+class, "viewBox", "0 0 "+coordinate(width)+" "+coordinate(height))
	if class == "spark" { // as wide as its tile, whatever that is
		root = root.Attr("preserveAspectRatio", "none")
	}
	if label == "" {
		root = root.Aria("hidden", "true")
	} else {
		root = root.Role("img").Aria("label", label)
	}
	return root.Body(shapes...)
}

// line is a straight line.
func line(class string, x1, y1, x2, y2 float64) app.UI {
	return shape("line", "class", class, "x1", coordinate(x1), "y1", coordinate(y1), "x2", coordinate(x2), "y2", coordinate(y2))
}

// box is a rectangle with slightly round corners; a width below zero draws none.
func box(class string, x, y, width, height float64) app.UI {
	return shape("rect", "class", class, "x", coordinate(x), "y", coordinate(y), "width", coordinate(max(width, 0)), "height", coordinate(height), "rx", "2")
}

// caption is text in a chart; anchor is start, middle or end.
func caption(x, y float64, anchor, text string) app.UI {
	return shape("text", "x", coordinate(x), "y", coordinate(y), "text-anchor", anchor).Text(text)
}

// coordinate writes a number for SVG; what is no number becomes 0, since one such value would make the browser drop the shape.
func coordinate(v float64) string {
	if math.IsNaN(v) || math.IsInf(v, 0) {
		v = 0
	}
	return strconv.FormatFloat(math.Round(v*10)/10, 'f', -1, 64)
}

// Rate shows a share of 0 to 1 as a bar, and its interval as a whisker over the end of it.
func Rate(rate, low, high float64) app.UI {
	const width, height, left = 320, 18, 2
	at := func(share float64) float64 { return left + min(max(share, 0), 1)*(width-2*left) }
	const mid = height / 2
	shapes := []app.UI{
		box("track", left, 5, width-2*left, 8),
		box("fill", left, 5, at(rate)-left, 8),
		line("tick", at(.5), 2, at(.5), height-2),
	}
	if high > low {
		shapes = append(shapes, line("whisker", at(low), mid, at(high), mid), line("whisker", at(low), 3, at(low), height-3), line("whisker", at(high), 3, at(high), height-3))
	}
	return drawing("rate", width, height, "", shapes)
}

// Spread shows a distribution from its 10th to its 90th percentile, with the median, on a scale that several bars may share.
func Spread(p10, median, p90, low, high float64) app.UI {
	const width, height, left = 320, 22, 4
	if high <= low {
		high = low + 1
	}
	at := func(v float64) float64 { return left + min(max((v-low)/(high-low), 0), 1)*(width-2*left) }
	return drawing("spread", width, height, "", []app.UI{
		line("axis", left, height/2, width-left, height/2),
		box("fill", at(p10), 6, at(p90)-at(p10), height-12),
		line("zero", at(0), 1, at(0), height-1),
		line("median", at(median), 3, at(median), height-3),
	})
}

// Bucket is what happened to the detections with scores in a range.
type Bucket struct {
	Score     float64  // the mean, 0 to 1
	N         int      // outcomes
	Rate      *float64 // that succeeded, 0 to 1; nil when they are too few to tell, and then nothing is drawn
	Low, High float64  // the rate's interval, drawn if bounded
	Bounded   bool
}

// Calibration plots what happened against the detector's score. On the dashed line a score would be a probability.
func Calibration(buckets []Bucket) app.UI {
	const width, height = 320.0, 216.0
	const left, right, top, bottom = 34.0, 10.0, 10.0, 34.0
	x := func(share float64) float64 { return left + min(max(share, 0), 1)*(width-left-right) }
	y := func(share float64) float64 { return height - bottom - min(max(share, 0), 1)*(height-top-bottom) }

	var shapes []app.UI
	for _, share := range [...]float64{0, .25, .5, .75, 1} {
		text := strconv.Itoa(int(share * 100))
		shapes = append(shapes,
			line("grid", x(0), y(share), x(1), y(share)), caption(left-6, y(share)+4, "end", text),
			line("grid", x(share), y(0), x(share), y(1)), caption(x(share), height-bottom+14, "middle", text))
	}
	shapes = append(shapes,
		line("diagonal", x(0), y(0), x(1), y(1)),
		caption(x(.5), height-4, "middle", "Confidence"),
		shape("text", "x", "10", "y", coordinate(y(.5)), "text-anchor", "middle", "transform", "rotate(-90 10 "+coordinate(y(.5))+")").Text("Succeeded %"),
	)
	most := 1
	for _, b := range buckets {
		most = max(most, b.N)
	}
	spoken := []string{"What happened, by confidence"}
	for _, b := range buckets {
		if b.Rate == nil {
			continue
		}
		at := x(b.Score)
		if b.Bounded {
			low, high := y(b.Low), y(b.High)
			shapes = append(shapes, line("whisker", at, low, at, high), line("whisker", at-4, low, at+4, low), line("whisker", at-4, high, at+4, high))
		}
		radius := 3 + 3*math.Sqrt(float64(b.N)/float64(most))
		shapes = append(shapes, shape("circle", "class", "point", "cx", coordinate(at), "cy", coordinate(y(*b.Rate)), "r", coordinate(radius)))
		spoken = append(spoken, "confidence "+spell.Percent(b.Score)+": "+spell.Percent(*b.Rate)+" succeeded of "+strconv.Itoa(b.N))
	}
	return drawing("calibration", width, height, strings.Join(spoken, "; "), shapes)
}

// Point is one value of a line: how many seconds before now, and how much.
type Point struct{ Ago, Value float64 }

// Sparkline draws the values of the last span seconds, now at the right, from zero up. Where values are missing for longer than
// gap seconds the line is broken.
func Sparkline(points []Point, span, gap float64) app.UI {
	const width, height, pad = 160.0, 32.0, 2.0
	top := 0.0
	for _, p := range points {
		top = max(top, p.Value)
	}
	if top == 0 {
		top = 1
	}
	var path strings.Builder
	before := math.Inf(1)
	for _, p := range points {
		step := "L"
		if before-p.Ago > gap {
			step = "M"
		}
		before = p.Ago
		path.WriteString(step + coordinate(width*(1-min(p.Ago/span, 1))) + " " + coordinate(height-pad-p.Value/top*(height-2*pad)))
	}
	shapes := []app.UI{line("axis", 0, height-pad, width, height-pad)}
	if path.Len() > 0 {
		shapes = append(shapes, shape("path", "class", "trace", "d", path.String()))
	}
	return drawing("spark", width, height, "", shapes)
}
