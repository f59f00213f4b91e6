// Package sheettest holds the rules that every page with a sheet obeys in each of its states, and answers to draw them from, for the tests of those pages.
package sheettest

import (
	"embed"
	"html"
	"regexp" //nolint:depguard // never part of the program
	"strings"
	"testing"

	"github.com/maxence-charriere/go-app/v10/pkg/app"

	"tierboard/app/fetch"
)

// Draw renders a page as it is now; unlike with an engine, again and again.
func Draw(c app.Composer) string { return app.HTMLString(c.Render()) }

//go:embed testdata/*.json
var answers embed.FS

// Answer is an answer of the server, by the name of its file in testdata.
func Answer(t testing.TB, name string) fetch.Answer {
	t.Helper()
	b, err := answers.ReadFile("testdata/" + name)
	if err != nil {
		t.Fatal(err)
	}
	return fetch.Answer{Status: 200, Body: string(b)}
}

// Said is a page's text: its tags are spaces.
func Said(markup string) string {
	text := regexp.MustCompile(`<[^>]*>`).ReplaceAllString(markup, " ")
	return strings.Join(strings.Fields(strings.ReplaceAll(html.UnescapeString(text), "\u00a0", " ")), " ")
}

// Expect fails for each text that a page does not say.
func Expect(t *testing.T, html string, texts ...string) {
	t.Helper()
	text := Said(html)
	for _, want := range texts {
		if !strings.Contains(text, want) {
			t.Errorf("the page does not say %q; it says\n%s", want, text)
		}
	}
}

// Rules holds a page in each of its states to the rules, and one with nothing loaded. The name is the page's title.
func Rules(t *testing.T, name string, states map[string]app.Composer, nothing app.Composer) {
	t.Helper()
	for state, c := range states {
		html := Draw(c)
		policy(t, state, html)
		names(t, state, html)
	}
	blank(t, name, nothing)
}

// policy fails for what the policy of the server's pages does not let a browser do.
func policy(t *testing.T, name, html string) {
	t.Helper()
	for _, bad := range []string{" style=", "<script", "<style", " onclick", "http:", "https:"} {
		if strings.Contains(html, bad) {
			t.Errorf("%s: the page has %q in it", name, bad)
		}
	}
}

// names fails for controls, tables and charts without a name, and for ids that two elements have.
func names(t *testing.T, name, html string) {
	t.Helper()
	tag := regexp.MustCompile(`<[^>]*>`)
	button := regexp.MustCompile(`(?s)<button([^>]*)>(.*?)</button>`)
	table := regexp.MustCompile(`(?s)<table[^>]*>(.*?)</table>`)
	head := regexp.MustCompile(`(?s)<th([^e>][^>]*)?>`)
	for _, m := range button.FindAllStringSubmatch(html, -1) {
		if strings.TrimSpace(tag.ReplaceAllString(m[2], "")) == "" && !strings.Contains(m[1], "aria-label=") {
			t.Errorf("%s: a button without a name: <button%s>", name, m[1])
		}
		if !strings.Contains(m[1], `type="button"`) {
			t.Errorf("%s: a button without a type: <button%s>", name, m[1])
		}
	}
	for _, m := range table.FindAllStringSubmatch(html, -1) {
		if !strings.HasPrefix(strings.TrimSpace(m[1]), "<caption") || !strings.Contains(m[1], "<thead") {
			t.Errorf("%s: a table without a caption or header: %.120s", name, m[1])
		}
		for _, h := range head.FindAllString(m[1], -1) {
			if !strings.Contains(h, "scope=") {
				t.Errorf("%s: a header for nothing: %s", name, h)
			}
		}
	}
	for _, m := range regexp.MustCompile(`<svg[^>]*>`).FindAllString(html, -1) {
		if !strings.Contains(m, `aria-hidden`) && !strings.Contains(m, "aria-label=") {
			t.Errorf("%s: a chart without a name: %s", name, m)
		}
	}
	ids := map[string]bool{}
	for _, m := range regexp.MustCompile(` id="([^"]*)"`).FindAllStringSubmatch(html, -1) {
		if ids[m[1]] {
			t.Errorf("%s: two elements have the id %s", name, m[1])
		}
		ids[m[1]] = true
	}
}

// blank fails unless a page with nothing loaded looks like one. The server draws pages before there is anything to show, and the
// first drawing in the browser must look the same.
func blank(t *testing.T, name string, c app.Composer) {
	t.Helper()
	e := app.NewTestEngine() // as the server does
	if err := e.Load(c); err != nil {
		t.Fatal(err)
	}
	e.ConsumeAll()
	html := app.HTMLString(c)
	Expect(t, html, name, "Board Performance Operations API docs", "Loading")
	if n := strings.Count(html, `class="skeleton tall"`); n != 3 {
		t.Errorf("%s: %d shapes, want 3", name, n)
	}
	if strings.Contains(Said(html), "cannot be shown") {
		t.Errorf("%s: a fault before anything was asked", name)
	}
	if !regexp.MustCompile(`<a[^>]*aria-current="page"[^>]*>\s*` + name).MatchString(html) {
		t.Error("the header does not say where we are")
	}
	docs := regexp.MustCompile(`<a[^>]*href="/docs"[^>]*>`).FindString(html)
	if !strings.Contains(docs, `target="_self"`) {
		t.Errorf("the documentation's link would be followed inside the program: %s", docs)
	}
}

// Answers fails when a page that got a body writes markup out of it, or what is no number.
func Answers(t *testing.T, body string, c app.Composer) {
	t.Helper()
	if html := Draw(c); strings.Contains(html, "<script") || strings.Contains(html, "NaN") && !strings.Contains(body, "NaN") {
		t.Errorf("%s gives\n%s", body, html)
	}
}
