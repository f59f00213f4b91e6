package chart

import (
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/maxence-charriere/go-app/v10/pkg/app"
	"pgregory.net/rapid"
)

// A line has a step for each value, breaks over gaps, and stays inside its drawing.
func TestSparklinesBreakOverGaps(t *testing.T) {
	if html := app.HTMLString(Sparkline(nil, 120, 10)); strings.Contains(html, "<path") {
		t.Error("no values draw a line")
	}
	html := app.HTMLString(Sparkline([]Point{{60, 0}, {58, 5}, {20, 10}, {18, 10}, {0, 0}}, 120, 10))
	got := regexp.MustCompile(`d="([^"]*)"`).FindStringSubmatch(html)[1]
	if want := "M80 30L82.7 16M133.3 2L136 2M160 30"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	number := regexp.MustCompile(`-?[\d.]+`)
	rapid.Check(t, func(t *rapid.T) {
		var points []Point
		for ago := 120.0; ago >= 0; ago -= rapid.Float64Range(1, 20).Draw(t, "step") {
			points = append(points, Point{ago, rapid.Float64Range(0, 1e12).Draw(t, "value")})
		}
		html := app.HTMLString(Sparkline(points, 120, 10))
		path := regexp.MustCompile(`d="([^"]*)"`).FindStringSubmatch(html)[1]
		if n := strings.Count(path, "M") + strings.Count(path, "L"); n != len(points) {
			t.Fatalf("%d steps for %d values", n, len(points))
		}
		for i, v := range number.FindAllString(path, -1) {
			limit := []string{"160", "32"}[i%2]
			if strings.HasPrefix(v, "-") || len(v) > len("133.3") || (!strings.Contains(v, ".") && len(v) == len(limit) && v > limit) {
				t.Fatalf("%s lies outside: %s", v, path)
			}
		}
	})
}

func TestChartsNeverWriteWhatIsNoNumber(t *testing.T) {
	nan := 0.0
	nan /= nan
	rate := nan
	for name, ui := range map[string]app.UI{
		"rate":        Rate(nan, nan, nan),
		"spread":      Spread(nan, nan, nan, nan, nan),
		"calibration": Calibration([]Bucket{{N: 1, Score: nan, Rate: &rate, Low: nan, High: nan, Bounded: true}}),
	} {
		if html := app.HTMLString(ui); strings.Contains(html, "NaN") {
			t.Errorf("%s: %s", name, html)
		}
	}
	all := app.HTMLString(Rate(2, -1, 3))
	if d := cmp.Diff([]string(nil), regexp.MustCompile(`="(-\d[^"]*|[4-9]\d\d[^"]*)"`).FindAllString(all, -1)); d != "" {
		t.Errorf("shares beyond 0 to 1 leave the drawing: %s", d)
	}
}
