// Command icons draws the PNG forms of the logo into assets/web; run it from the top of the module with
// `go run ./assets/icons` after a change of the shape. The shape itself is that of assets/web/icon.svg, and a test
// compares the numbers, so the two cannot drift apart.
package main

import (
	"bytes"
	"fmt"
	"image"
	"image/color"
	"image/png"
	"math"
	"os"
	"path/filepath"
)

// grid is the width and height of the drawing in its own units, the viewBox of the SVG.
const grid = 64

// samples is the number of sample points along each side of a pixel: 4 × 4 give 17 levels of coverage at an edge, and
// more could not be told apart on an icon.
const samples = 4

// bar is a rectangle with round corners, in grid units.
type bar struct {
	x, y, width, height, radius float64
	fill                        color.NRGBA
}

// ground is the plate behind the bars; its radius applies only where an icon keeps its own corners.
var ground = bar{0, 0, grid, grid, 14, color.NRGBA{0x0B, 0x0F, 0x14, 0xFF}}

// bars are the three tiers from top to bottom: daily, intraday, combo.
var bars = []bar{
	{10, 10, 32, 12, 4, color.NRGBA{0x5C, 0x94, 0xFF, 0xFF}},
	{16, 26, 32, 12, 4, color.NRGBA{0x4D, 0xE3, 0xB8, 0xFF}},
	{22, 42, 32, 12, 4, color.NRGBA{0xFF, 0xA6, 0x29, 0xFF}},
}

// icon is one file to draw.
type icon struct {
	name string
	size int // pixels, width and height
	// bleed fills the whole square instead of a plate with round corners: the platform cuts its own shape.
	bleed bool
	// scale shrinks the bars about the centre. A maskable icon must keep them within the circle of 80 % diameter that
	// every platform's shape leaves visible; their outermost corner lies at 31 of 32 units, so 0.78 does.
	scale float64
}

var icons = []icon{
	{name: "icon-192.png", size: 192, scale: 1},
	{name: "icon-512.png", size: 512, scale: 1},
	{name: "icon-maskable-512.png", size: 512, bleed: true, scale: 0.78},
	{name: "apple-touch-icon.png", size: 180, bleed: true, scale: 0.9},
}

func main() {
	for _, i := range icons {
		content, err := i.encode()
		if err == nil {
			err = os.WriteFile(filepath.Join("assets", "web", i.name), content, 0o644)
		}
		if err != nil {
			fmt.Fprintf(os.Stderr, "draw %s: %v\n", i.name, err)
			os.Exit(1)
		}
	}
}

// encode returns the icon as a PNG file.
func (i icon) encode() ([]byte, error) {
	var b bytes.Buffer
	encoder := png.Encoder{CompressionLevel: png.BestCompression}
	if err := encoder.Encode(&b, i.draw()); err != nil {
		return nil, fmt.Errorf("encode png: %w", err)
	}
	return b.Bytes(), nil
}

// draw returns the icon's pixels.
func (i icon) draw() *image.NRGBA {
	out := image.NewNRGBA(image.Rect(0, 0, i.size, i.size))
	for py := range i.size {
		for px := range i.size {
			out.SetNRGBA(px, py, i.pixel(px, py))
		}
	}
	return out
}

// pixel averages the sample points of one pixel. Colours are weighted by their opacity, so that the transparent part
// outside the plate does not darken its edge.
func (i icon) pixel(px, py int) color.NRGBA {
	var red, green, blue, covered float64
	unit := grid / float64(i.size*samples)
	for sy := range samples {
		for sx := range samples {
			x := (float64(px*samples+sx) + 0.5) * unit
			y := (float64(py*samples+sy) + 0.5) * unit
			c, ok := i.at(x, y)
			if !ok {
				continue
			}
			red, green, blue = red+float64(c.R), green+float64(c.G), blue+float64(c.B)
			covered++
		}
	}
	if covered == 0 {
		return color.NRGBA{}
	}
	return color.NRGBA{
		R: uint8(math.Round(red / covered)),
		G: uint8(math.Round(green / covered)),
		B: uint8(math.Round(blue / covered)),
		A: uint8(math.Round(255 * covered / (samples * samples))),
	}
}

// at returns the colour at a point in grid units, and false outside the plate.
func (i icon) at(x, y float64) (color.NRGBA, bool) {
	const centre = grid / 2
	bx, by := centre+(x-centre)/i.scale, centre+(y-centre)/i.scale
	for _, b := range bars {
		if b.contains(bx, by) {
			return b.fill, true
		}
	}
	if i.bleed || ground.contains(x, y) {
		return ground.fill, true
	}
	return color.NRGBA{}, false
}

// contains reports whether the point lies in the bar: within the radius of the nearest point of the rectangle that
// the corners' centres span.
func (b bar) contains(x, y float64) bool {
	nearX := min(max(x, b.x+b.radius), b.x+b.width-b.radius)
	nearY := min(max(y, b.y+b.radius), b.y+b.height-b.radius)
	return math.Hypot(x-nearX, y-nearY) <= b.radius
}
