package main

import (
	"bytes"
	"encoding/xml"
	"fmt"
	"image/color"
	"image/png"
	"math"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"
)

const web = "../web"

func TestCommittedIconsAreTheDrawing(t *testing.T) {
	for _, i := range icons {
		t.Run(i.name, func(t *testing.T) {
			content, err := os.ReadFile(filepath.Join(web, i.name))
			if err != nil {
				t.Fatal(err)
			}
			if len(content) > 16<<10 {
				t.Errorf("%d bytes, want at most 16 KB: every install downloads it", len(content))
			}
			got, err := png.Decode(bytes.NewReader(content))
			if err != nil {
				t.Fatal(err)
			}
			want := i.draw()
			if got.Bounds() != want.Bounds() || got.Bounds().Dx() != i.size || got.Bounds().Dy() != i.size {
				t.Fatalf("bounds %v, want %d × %d", got.Bounds(), i.size, i.size)
			}
			for y := range i.size {
				for x := range i.size {
					if g := color.NRGBAModel.Convert(got.At(x, y)); g != want.NRGBAAt(x, y) {
						t.Fatalf("pixel %d,%d is %v, want %v: run go run ./assets/icons", x, y, g, want.NRGBAAt(x, y))
					}
				}
			}
		})
	}
}

// The bars of a maskable icon must survive the smallest shape a platform cuts: a circle of 40 % of the width.
func TestMaskableKeepsTheSafeZone(t *testing.T) {
	for _, i := range icons {
		if !i.bleed {
			continue
		}
		img := i.draw()
		bounds := img.Bounds()
		for y := range bounds.Dy() {
			for x := range bounds.Dx() {
				c := img.NRGBAAt(x, y)
				if c.A != 255 {
					t.Fatalf("%s: pixel %d,%d is not opaque", i.name, x, y)
				}
				distance := math.Hypot(float64(x)+0.5-float64(i.size)/2, float64(y)+0.5-float64(i.size)/2)
				if i.name == "icon-maskable-512.png" && distance > 0.4*float64(i.size) && c != ground.fill {
					t.Fatalf("%s: pixel %d,%d lies outside the safe zone", i.name, x, y)
				}
			}
		}
	}
}

func TestVectorIconHasTheSameShape(t *testing.T) {
	content, err := os.ReadFile(filepath.Join(web, "icon.svg"))
	if err != nil {
		t.Fatal(err)
	}
	var svg struct {
		ViewBox string `xml:"viewBox,attr"`
		Rects   []struct {
			X      float64 `xml:"x,attr"`
			Y      float64 `xml:"y,attr"`
			Width  float64 `xml:"width,attr"`
			Height float64 `xml:"height,attr"`
			Radius float64 `xml:"rx,attr"`
			Fill   string  `xml:"fill,attr"`
		} `xml:"rect"`
	}
	if err := xml.Unmarshal(content, &svg); err != nil {
		t.Fatal(err)
	}
	if want := fmt.Sprintf("0 0 %d %d", grid, grid); svg.ViewBox != want {
		t.Errorf("viewBox %q, want %q", svg.ViewBox, want)
	}
	var got []bar
	for _, r := range svg.Rects {
		fill := color.NRGBA{A: 0xFF}
		if _, err := fmt.Sscanf(r.Fill, "#%02X%02X%02X", &fill.R, &fill.G, &fill.B); err != nil {
			t.Fatalf("fill %q: %v", r.Fill, err)
		}
		got = append(got, bar{r.X, r.Y, r.Width, r.Height, r.Radius, fill})
	}
	want := append([]bar{ground}, bars...)
	if diff := cmp.Diff(want, got, cmp.AllowUnexported(bar{})); diff != "" {
		t.Errorf("icon.svg and the drawing differ (-drawing +svg):\n%s", diff)
	}
}
