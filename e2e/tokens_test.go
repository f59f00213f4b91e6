package e2e_test

import (
	"fmt"
	"maps"
	"math"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"tierboard/e2e/stack"
)

// rgb is a colour without transparency in sRGB, each part in [0, 1].
type rgb [3]float64

// hex reads a colour written as #rrggbb.
func hex(t testing.TB, s string) rgb {
	t.Helper()
	n, err := strconv.ParseUint(strings.TrimPrefix(s, "#"), 16, 24)
	if err != nil || len(s) != 7 {
		t.Fatalf("%q is no colour of six digits", s)
	}
	return rgb{float64(n>>16) / 255, float64(n>>8&255) / 255, float64(n&255) / 255}
}

// linear returns the light that the colour stands for.
func (c rgb) linear() rgb {
	for i, v := range c {
		if v <= 0.04045 {
			c[i] = v / 12.92
		} else {
			c[i] = math.Pow((v+0.055)/1.055, 2.4)
		}
	}
	return c
}

// contrast is the contrast ratio of WCAG 2, from 1 to 21.
func contrast(a, b rgb) float64 {
	luminance := func(c rgb) float64 {
		l := c.linear()
		return 0.2126*l[0] + 0.7152*l[1] + 0.0722*l[2]
	}
	x, y := luminance(a), luminance(b)
	return (max(x, y) + 0.05) / (min(x, y) + 0.05)
}

// over lays a share of a colour on another, as color-mix in srgb and opacity do.
func (c rgb) over(ground rgb, share float64) rgb {
	for i := range c {
		c[i] = c[i]*share + ground[i]*(1-share)
	}
	return c
}

// deficiencies are the three kinds of dichromacy, as Machado, Oliveira and Fernandes simulate them at severity 1 on
// linear light.
var deficiencies = []struct {
	name   string
	matrix [3]rgb
}{
	{"protan", [3]rgb{{0.152286, 1.052583, -0.204868}, {0.114503, 0.786281, 0.099216}, {-0.003882, -0.048116, 1.051998}}},
	{"deutan", [3]rgb{{0.367322, 0.860646, -0.227968}, {0.280085, 0.672501, 0.047413}, {-0.011820, 0.042940, 0.968881}}},
	{"tritan", [3]rgb{{1.255528, -0.076749, -0.178779}, {-0.078411, 0.930809, 0.147602}, {0.004733, 0.691367, 0.303900}}},
}

// seenBy returns the linear light that somebody with a deficiency sees instead of the colour.
func (c rgb) seenBy(m [3]rgb) rgb {
	l, out := c.linear(), rgb{}
	for i, row := range m {
		out[i] = min(max(row[0]*l[0]+row[1]*l[1]+row[2]*l[2], 0), 1)
	}
	return out
}

// lab is a colour in CIELAB.
type lab [3]float64

// labOf converts linear sRGB light, under its own white D65.
func labOf(l rgb) lab {
	f := func(v float64) float64 {
		if v > 216.0/24389 {
			return math.Cbrt(v)
		}
		return (24389.0/27*v + 16) / 116
	}
	x := f((0.4124564*l[0] + 0.3575761*l[1] + 0.1804375*l[2]) / 0.95047)
	y := f(0.2126729*l[0] + 0.7151522*l[1] + 0.0721750*l[2])
	z := f((0.0193339*l[0] + 0.1191920*l[1] + 0.9503041*l[2]) / 1.08883)
	return lab{116*y - 16, 500 * (x - y), 200 * (y - z)}
}

// ciede2000 is the colour difference of CIE 142, with all weights 1.
func ciede2000(a, b lab) float64 {
	const degree = math.Pi / 180
	pow7 := func(v float64) float64 { return math.Sqrt(math.Pow(v, 7) / (math.Pow(v, 7) + math.Pow(25, 7))) }
	g := 0.5 * (1 - pow7((math.Hypot(a[1], a[2])+math.Hypot(b[1], b[2]))/2))
	polar := func(c lab) (chroma, hue float64) {
		x := c[1] * (1 + g)
		if chroma = math.Hypot(x, c[2]); chroma == 0 {
			return 0, 0
		}
		if hue = math.Atan2(c[2], x) / degree; hue < 0 {
			hue += 360
		}
		return chroma, hue
	}
	c1, h1 := polar(a)
	c2, h2 := polar(b)
	turn, sum := h2-h1, h1+h2
	switch {
	case c1*c2 == 0:
		turn = 0
	case math.Abs(turn) <= 180:
		sum /= 2
	case sum < 360:
		turn, sum = turn-math.Copysign(360, turn), (sum+360)/2
	default:
		turn, sum = turn-math.Copysign(360, turn), (sum-360)/2
	}
	light, chroma := (a[0]+b[0])/2, (c1+c2)/2
	t := 1 - 0.17*math.Cos((sum-30)*degree) + 0.24*math.Cos(2*sum*degree) + 0.32*math.Cos((3*sum+6)*degree) - 0.20*math.Cos((4*sum-63)*degree)
	sl := 1 + 0.015*(light-50)*(light-50)/math.Sqrt(20+(light-50)*(light-50))
	sc, sh := 1+0.045*chroma, 1+0.015*chroma*t
	rt := -math.Sin(60*math.Exp(-(sum-275)/25*(sum-275)/25)*degree) * 2 * pow7(chroma)
	dl, dc := (b[0]-a[0])/sl, (c2-c1)/sc
	dh := 2 * math.Sqrt(c1*c2) * math.Sin(turn/2*degree) / sh
	return math.Sqrt(dl*dl + dc*dc + dh*dh + rt*dc*dh)
}

// The pairs were published with the formula's implementation notes (Sharma, Wu and Dalal, 2005) to catch what is easily
// got wrong: hues around 0°, grey, and the turn in the blues.
func TestColourDifferenceAgreesWithPublishedPairs(t *testing.T) {
	for _, c := range []struct {
		a, b lab
		want float64
	}{
		{lab{50, 2.6772, -79.7751}, lab{50, 0, -82.7485}, 2.0425},
		{lab{50, 3.1571, -77.2803}, lab{50, 0, -82.7485}, 2.8615},
		{lab{50, -1.3802, -84.2814}, lab{50, 0, -82.7485}, 1.0000},
		{lab{50, 0, 0}, lab{50, -1, 2}, 2.3669},
		{lab{50, 2.4900, -0.0010}, lab{50, -2.4900, 0.0009}, 7.1792},
		{lab{50, 2.4900, -0.0010}, lab{50, -2.4900, 0.0011}, 7.2195},
		{lab{50, -0.0010, 2.4900}, lab{50, 0.0009, -2.4900}, 4.8045},
		{lab{50, -0.0010, 2.4900}, lab{50, 0.0011, -2.4900}, 4.7461},
		{lab{50, 2.5, 0}, lab{50, 0, -2.5}, 4.3065},
		{lab{50, 2.5, 0}, lab{73, 25, -18}, 27.1492},
		{lab{50, 2.5, 0}, lab{61, -5, 29}, 22.8977},
		{lab{50, 2.5, 0}, lab{56, -27, -3}, 31.9030},
		{lab{50, 2.5, 0}, lab{58, 24, 15}, 19.4535},
		{lab{60.2574, -34.0099, 36.2677}, lab{60.4626, -34.1751, 39.4387}, 1.2644},
		{lab{63.0109, -31.0961, -5.8663}, lab{62.8187, -29.7946, -4.0864}, 1.2630},
		{lab{22.7233, 20.0904, -46.6940}, lab{23.0331, 14.9730, -42.5619}, 2.0373},
		{lab{90.8027, -2.0831, 1.4410}, lab{91.1528, -1.6435, 0.0447}, 1.4441},
		{lab{6.7747, -0.2908, -2.4247}, lab{5.8714, -0.0985, -2.2286}, 0.6377},
		{lab{2.0776, 0.0795, -1.1350}, lab{0.9033, -0.0636, -0.5514}, 0.9082},
	} {
		for _, got := range []float64{ciede2000(c.a, c.b), ciede2000(c.b, c.a)} {
			if math.Abs(got-c.want) > 0.00005 {
				t.Errorf("%v and %v differ by %.4f, published is %.4f", c.a, c.b, got, c.want)
			}
		}
	}
	if got := contrast(rgb{}, rgb{1, 1, 1}); got != 21 {
		t.Errorf("white on black has contrast %v, want 21", got)
	}
	if got := contrast(hex(t, "#777777"), rgb{1, 1, 1}); math.Abs(got-4.48) > 0.005 {
		t.Errorf("#777777 on white has contrast %.3f, published is 4.48", got)
	}
}

// palette is one theme's tokens.
type palette struct {
	t      testing.TB
	tokens map[string]string
}

// colour returns the value of a token.
func (p *palette) colour(name string) rgb {
	p.t.Helper()
	return hex(p.t, p.tokens[name])
}

// tint returns a tint of a token on a layer. The share is a number, or the theme's own where it is 0.
func (p *palette) tint(name, layer string, share float64) rgb {
	p.t.Helper()
	if share == 0 {
		percent, err := strconv.ParseFloat(strings.TrimSuffix(p.tokens["tint"], "%"), 64)
		if err != nil {
			p.t.Fatal(err)
		}
		share = percent / 100
	}
	return p.colour(name).over(p.colour(layer), share)
}

// styleSheet returns app.css without comments.
func styleSheet(t testing.TB) string {
	t.Helper()
	root, err := stack.RepoRoot()
	if err != nil {
		t.Fatal(err)
	}
	css, err := os.ReadFile(filepath.Join(root, "assets", "web", "app.css"))
	if err != nil {
		t.Fatal(err)
	}
	return regexp.MustCompile(`(?s)/\*.*?\*/`).ReplaceAllString(string(css), "")
}

// tokensOf returns the custom properties of the first rule that has exactly this selector.
func tokensOf(t testing.TB, css, selector string) map[string]string {
	t.Helper()
	rule := regexp.MustCompile(`(?:^|[{};])\s*` + regexp.QuoteMeta(selector) + `\s*\{([^}]*)\}`).FindStringSubmatch(css)
	if rule == nil {
		t.Fatalf("app.css has no rule %s", selector)
	}
	tokens := map[string]string{}
	for _, m := range regexp.MustCompile(`--([\w-]+):\s*([^;]+?)\s*;`).FindAllStringSubmatch(rule[1], -1) {
		tokens[m[1]] = m[2]
	}
	return tokens
}

// palettes reads the two themes; a token that light does not set keeps its dark value.
func palettes(t testing.TB) map[string]*palette {
	t.Helper()
	css := styleSheet(t)
	dark := tokensOf(t, css, `:root`)
	light := maps.Clone(dark)
	maps.Copy(light, tokensOf(t, css, `:root[data-theme="light"]`))
	return map[string]*palette{"dark": {t, dark}, "light": {t, light}}
}

// layers are what lies under text, from the page up to a card under the pointer.
var layers = []string{"bg", "surface", "card", "hover"}

// tierNames are the tokens of the three tiers' inks; their fills have -fill behind.
var tierNames = []string{"daily", "intraday", "combo"}

// TestThemesHaveTheSameTokens compares the ways to a light page, and light with dark.
func TestThemesHaveTheSameTokens(t *testing.T) {
	css := styleSheet(t)
	light, system := tokensOf(t, css, `:root[data-theme="light"]`), tokensOf(t, css, `:root[data-theme="system"]`)
	if !maps.Equal(light, system) {
		t.Errorf("light by choice and light by the system differ:\n%v\n%v", light, system)
	}
	dark := tokensOf(t, css, `:root`)
	if len(dark) < 25 {
		t.Errorf("the dark theme has only %d tokens", len(dark))
	}
	for name, value := range dark {
		if strings.HasPrefix(value, "#") && light[name] == "" {
			t.Errorf("light does not set the colour --%s", name)
		}
	}
	for name := range light {
		if dark[name] == "" {
			t.Errorf("only light has the token --%s", name)
		}
	}
	if m := regexp.MustCompile(`:root\[data-theme=[^{]*\]\s+[^{,]+\{[^}]*`).FindString(css); m != "" {
		t.Errorf("a rule asks for a theme by name, which a page in the system's theme does not have; use a token: %s", m)
	}
}

// need is the least contrast that something must have with what is under it.
type need struct {
	what        string
	dark, light float64
	pairs       func(p *palette) map[string][2]rgb
}

// on pairs tokens with layers.
func on(grounds []string, tokens ...string) func(p *palette) map[string][2]rgb {
	return func(p *palette) map[string][2]rgb {
		out := map[string][2]rgb{}
		for _, token := range tokens {
			for _, ground := range grounds {
				out[token+" on "+ground] = [2]rgb{p.colour(token), p.colour(ground)}
			}
		}
		return out
	}
}

// onTint pairs tokens with tints of the tiers' inks on layers.
func onTint(share float64, grounds []string, tokens ...string) func(p *palette) map[string][2]rgb {
	return func(p *palette) map[string][2]rgb {
		out := map[string][2]rgb{}
		for _, ink := range tierNames {
			for _, ground := range grounds {
				for _, token := range tokens {
					out[fmt.Sprintf("%s on %s tint over %s", token, ink, ground)] = [2]rgb{p.colour(token), p.tint(ink, ground, share)}
				}
			}
		}
		return out
	}
}

// inkOn pairs each tier's ink with its own tint.
func inkOn(share float64, grounds ...string) func(p *palette) map[string][2]rgb {
	return func(p *palette) map[string][2]rgb {
		out := map[string][2]rgb{}
		for _, ink := range tierNames {
			for _, ground := range grounds {
				out[ink+" on its own tint over "+ground] = [2]rgb{p.colour(ink), p.tint(ink, ground, share)}
			}
		}
		return out
	}
}

// needs lists what app.css lays on what. Text wants 4.5 by WCAG 2.2 (1.4.3), what is not text 3 (1.4.11); where the
// palette promises more, so does the row.
var needs = []need{
	{"text", 12.2, 15.7, on(layers, "text")},
	{"secondary text", 6.5, 6.5, on(layers, "muted")},
	{"faint text", 4.5, 5.0, on(layers, "faint")},
	{"tier ink", 4.65, 4.65, on(layers, tierNames...)},
	{"tier ink in its count", 4.65, 4.65, inkOn(0, "surface")},
	{"tier ink on a marked card", 4.65, 4.65, inkOn(0, "card")},
	{"text of a chain's leg", 7, 7, onTint(0.16, []string{"card"}, "text")},
	{"text on a card that has just come", 7, 7, onTint(0.20, []string{"card"}, "text")},
	{"secondary text on a card that has just come", 4.5, 4.5, onTint(0.20, []string{"card"}, "muted")},
	{"text on a marked card", 7, 7, onTint(0, []string{"card", "surface"}, "text")},
	{"small text on a marked card", 4.5, 4.5, onTint(0, []string{"card"}, "muted", "up", "down", "critical")},
	{"signed numbers and status", 4.65, 4.65, on(layers, "up", "down", "critical", "warn", "ok", "link")},
	{"fill", 3.1, 3.1, on(layers, "daily-fill", "intraday-fill", "combo-fill")},
	{"border of an input", 3.1, 3.1, on([]string{"bg", "surface", "card"}, "control")},
	{"focus ring", 12, 12, on(layers, "focus")},
	{"text on a badge", 6.5, 5.3, func(p *palette) map[string][2]rgb {
		return map[string][2]rgb{"on-fill on critical": {p.colour("on-fill"), p.colour("critical")}}
	}},
	{"text on a pill", 6.5, 5.3, func(p *palette) map[string][2]rgb {
		out := map[string][2]rgb{}
		for _, ink := range tierNames {
			out["on-fill on "+ink] = [2]rgb{p.colour("on-fill"), p.colour(ink)}
		}
		return out
	}},
}

// TestContrast holds every pair of tokens that the style sheet lays on each other to its contrast.
func TestContrast(t *testing.T) {
	for theme, p := range palettes(t) {
		for _, n := range needs {
			least := n.light
			if theme == "dark" {
				least = n.dark
			}
			worst, where := math.Inf(1), ""
			for name, pair := range n.pairs(p) {
				if got := contrast(pair[0], pair[1]); got < worst {
					worst, where = got, name
				}
			}
			t.Logf("%-5s %-45s %5.2f  %s", theme, n.what, worst, where)
			if worst < least-0.005 {
				t.Errorf("%s: %s has contrast %.2f (%s), want %.2f", theme, n.what, worst, where, least)
			}
		}
	}
}

// TestTiersDifferForEveryEye measures the worst pair of tier colours under each colour vision deficiency.
func TestTiersDifferForEveryEye(t *testing.T) {
	least := map[string][3]float64{ // protan, deutan, tritan
		"dark": {21.5, 24.1, 17.6}, "dark-fill": {21.5, 24.1, 17.6},
		"light": {18.5, 20.1, 18.1}, "light-fill": {18.5, 20.7, 22.7},
	}
	for theme, p := range palettes(t) {
		for _, kind := range []string{"", "-fill"} {
			for i, d := range deficiencies {
				var distances []float64
				for a := range tierNames {
					for b := range a {
						x, y := p.colour(tierNames[a]+kind), p.colour(tierNames[b]+kind)
						distances = append(distances, ciede2000(labOf(x.seenBy(d.matrix)), labOf(y.seenBy(d.matrix))))
					}
				}
				worst := slices.Min(distances)
				t.Logf("%s%s %s: %.2f", theme, kind, d.name, worst)
				if want := least[theme+kind][i]; worst < want-0.05 {
					t.Errorf("%s%s: two tiers differ by %.2f for a %s eye, want %.1f", theme, kind, worst, d.name, want)
				}
			}
		}
	}
}
