package markup

import (
	"bytes"
	"html"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/maxence-charriere/go-app/v10/pkg/app"
	"pgregory.net/rapid"
)

func TestCanonical(t *testing.T) {
	for _, test := range []struct{ name, page, want string }{
		{"nothing", "", ""},
		{"text alone", "a &lt; b", "a &lt; b"},
		{"the order is one", `<p id="a" class="b">x</p>`, `<p class="b" id="a">x</p>`},
		{"words without value", `<script src="/a" defer></script>`, `<script defer src="/a"></script>`},
		{"the type, a comment and an end stay", "<!doctype html>\n<!-- b a=\"1\" --></p>", "<!doctype html>\n<!-- b a=\"1\" --></p>"},
		{"hand-written SVG", `<svg viewBox="0 0 1 1"><path fill="none" d="M0 0"/></svg>`, `<svg viewBox="0 0 1 1"><path d="M0 0" fill="none"/></svg>`},
		{"a value ends where Go says", `<p title="\"><script>x()</script>">y</p>`, `<p title="&#34;&gt;&lt;script&gt;x()&lt;/script&gt;">y</p>`},
		{"entities stay", `<a title="a &amp; b">`, `<a title="a &amp; b">`},
		{"Go's escapes are undone", `<a title="tab\tand \u202e">`, "<a title=\"tab\tand \u202e\">"},
		{"a lone bracket at the end", "x<", "x<"},
	} {
		got, err := Canonical([]byte(test.page))
		if err != nil || string(got) != test.want {
			t.Errorf("%s: got %q (%v), want %q", test.name, got, err, test.want)
		}
	}
	for _, page := range []string{`<p title='x'>`, `<p title=x>`, `<p title="x>`, `<p`, `<p a`, `<p ="x">`, "<p title=\"a\nb\">", `<p "x">`} {
		if got, err := Canonical([]byte(page)); err == nil {
			t.Errorf("%s is understood as %s", page, got)
		}
	}
}

// Whatever a component puts into attributes and text, the page has the elements it should have and no other.
func TestNoValueLeavesItsAttribute(t *testing.T) {
	hostile := rapid.OneOf(
		rapid.String(),
		rapid.StringMatching(`[a"'<>\\/= \n&;-]{0,12}`),
		rapid.SampledFrom([]string{`"><script>x()</script>`, `\"><b>`, `" onclick="x()`, "\\", `\`, "<!--", "-->", "true"}),
	)
	rapid.Check(t, func(t *rapid.T) {
		title, alt, text := hostile.Draw(t, "title"), hostile.Draw(t, "alt"), hostile.Draw(t, "text")
		page := app.HTMLString(app.Div().Title(title).Body(app.Img().Alt(alt), app.P().Text(text)))
		got, err := Canonical([]byte(page))
		if err != nil {
			t.Fatalf("%s: %v", page, err)
		}
		shape := regexp.MustCompile(`^<div(?: title(?:="([^"<>]*)")?)?>\s*<img(?: alt(?:="([^"<>]*)")?)?>\s*<p>[^<>]*</p>\s*</div>$`)
		match := shape.FindSubmatch(bytes.TrimSpace(got))
		if match == nil {
			t.Fatalf("another shape:\n%s\nfrom\n%s", got, page)
		}
		again, err := Canonical(got)
		if err == nil && !strings.Contains(string(got), `\`) && !bytes.Equal(again, got) {
			t.Fatalf("not stable:\n%s\nthen\n%s", got, again)
		}
		// go-app trims values and takes the word true for no value, NUL has no form in HTML, and ampersands are left to
		// the component; everything else comes back.
		if title = strings.TrimSpace(title); title != "true" && !strings.ContainsAny(title, "&\x00") && utf8.ValidString(title) {
			if value := html.UnescapeString(string(match[1])); value != title {
				t.Fatalf("title %q became %q", title, value)
			}
		}
	})
}

func FuzzCanonical(f *testing.F) {
	for _, seed := range []string{
		"<p a=\"b\">", "<p/>", "</p>", "<!doctype html>", `<p a="\x22">`, "<", "<a", `<a b=c>`, "<a b", strconv.Quote("<a>"), `<a b="&quot;">`,
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, page string) {
		got, err := Canonical([]byte(page))
		if err != nil {
			return
		}
		if strings.Count(page, "<") < strings.Count(string(got), "<") {
			t.Errorf("%q became %q with more tags", page, got)
		}
	})
}
