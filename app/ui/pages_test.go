package ui

import (
	"html"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/maxence-charriere/go-app/v10/pkg/app"
	"pgregory.net/rapid"

	"tierboard/app/fetch"
	"tierboard/app/format"
	"tierboard/shared/api"
)

// drawn renders a page as it is now; unlike with an engine, again and again.
func drawn(c app.Composer) string { return app.HTMLString(c.Render()) }

// answerOf is the answer that a file of testdata holds.
func answerOf(t *testing.T, name string) fetch.Answer {
	t.Helper()
	b, err := os.ReadFile(filepath.Join("testdata", name))
	if err != nil {
		t.Fatal(err)
	}
	return fetch.Answer{Status: 200, Body: string(b)}
}

// said is a page's text: its tags are spaces.
func said(markup string) string {
	text := regexp.MustCompile(`<[^>]*>`).ReplaceAllString(markup, " ")
	return strings.Join(strings.Fields(strings.ReplaceAll(html.UnescapeString(text), "\u00a0", " ")), " ")
}

// expect fails for each text that a page does not say.
func expect(t *testing.T, html string, texts ...string) {
	t.Helper()
	text := said(html)
	for _, want := range texts {
		if !strings.Contains(text, want) {
			t.Errorf("the page does not say %q; it says\n%s", want, text)
		}
	}
}

// The states of both pages, for the rules that hold in each of them.
func states(t *testing.T) map[string]app.Composer {
	t.Helper()
	now := time.Date(2026, 11, 20, 21, 5, 0, 0, time.UTC)
	out := map[string]app.Composer{"performance, nothing": &Performance{}, "operations, nothing": &Operations{}}
	for name, answers := range map[string][]fetch.Answer{
		"data":            {answerOf(t, "performance.json")},
		"none":            {answerOf(t, "performance_none.json")},
		"error":           {{Status: 503, Body: `{"detail":"The store is away.","request_id":"Q5FJ3QZ4"}`}},
		"data, then away": {answerOf(t, "performance.json"), {}},
	} {
		p := &Performance{}
		for _, a := range answers {
			p.take(p.path(), a, now)
		}
		out["performance, "+name] = p
	}
	for name, failing := range map[string]fetch.Answer{"data": answerOf(t, "ops.json"), "error": {Status: 500}, "data, then away": {}} {
		p := &Operations{}
		if name != "error" {
			feed(t, p, now)
		}
		if name != "data" {
			p.take(api.PathOps, failing, now)
		}
		out["operations, "+name] = p
	}
	return out
}

// feed gives the operations page every document.
func feed(t *testing.T, p *Operations, now time.Time) {
	t.Helper()
	p.take(api.PathOps, answerOf(t, "ops.json"), now)
	p.take(api.PathTiersHealth, answerOf(t, "health.json"), now)
	p.take(lettersPath(), answerOf(t, "letters.json"), now)
}

func TestPagesObeyThePolicy(t *testing.T) {
	for name, c := range states(t) {
		html := drawn(c)
		for _, bad := range []string{" style=", "<script", "<style", " onclick", "http:", "https:"} {
			if strings.Contains(html, bad) {
				t.Errorf("%s: the page has %q in it", name, bad)
			}
		}
	}
}

func TestControlsAndTablesOfPagesHaveNames(t *testing.T) {
	tag := regexp.MustCompile(`<[^>]*>`)
	button := regexp.MustCompile(`(?s)<button([^>]*)>(.*?)</button>`)
	table := regexp.MustCompile(`(?s)<table[^>]*>(.*?)</table>`)
	head := regexp.MustCompile(`(?s)<th([^e>][^>]*)?>`)
	for name, c := range states(t) {
		html := drawn(c)
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
}

// The server draws the pages before there is anything to show, and the first drawing in the browser must look the same.
func TestPagesRenderWithNothingLoaded(t *testing.T) {
	for name, c := range map[string]app.Composer{"Performance": &Performance{}, "Operations": &Operations{}} {
		e := app.NewTestEngine() // as the server does
		if err := e.Load(c); err != nil {
			t.Fatal(err)
		}
		e.ConsumeAll()
		html := app.HTMLString(c)
		expect(t, html, name, "Board Performance Operations API docs", "Loading")
		if n := strings.Count(html, `class="skeleton tall"`); n != 3 {
			t.Errorf("%s: %d shapes, want 3", name, n)
		}
		if strings.Contains(said(html), "cannot be shown") {
			t.Errorf("%s: a fault before anything was asked", name)
		}
	}
	html := drawn(&Performance{})
	if !regexp.MustCompile(`<a[^>]*aria-current="page"[^>]*>\s*Performance`).MatchString(html) {
		t.Error("the header does not say where we are")
	}
	docs := regexp.MustCompile(`<a[^>]*href="/docs"[^>]*>`).FindString(html)
	if !strings.Contains(docs, `target="_self"`) {
		t.Errorf("the documentation's link would be followed inside the program: %s", docs)
	}
}

func TestFaultsAreWorded(t *testing.T) {
	now := time.Date(2026, 11, 20, 14, 31, 11, 0, time.UTC)
	cases := []struct {
		name   string
		answer fetch.Answer
		had    bool // there was a good answer before
		want   string
	}{
		{"the server's own sentence, with the request", fetch.Answer{Status: 422, Body: `{"detail":"horizon: must be 1d, 5d or 30d","request_id":"Q5"}`}, false, "horizon: must be 1d, 5d or 30d Request Q5."},
		{"a proxy's page has no sentence", fetch.Answer{Status: 502, Body: "<html>Bad gateway</html>"}, false, "The server answered 502."},
		{"no answer, something older is shown", fetch.Answer{}, true, "The server cannot be reached. What is shown is from 14:31:11."},
		{"an answer that is no document", fetch.Answer{Status: 200, Body: "<html>"}, false, "The server's answer cannot be read. Reload the page, it may be older than the server."},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			var f freshness
			if c.had && !f.answered(fetch.Answer{Status: 200, Body: "{}"}, now, &struct{}{}) {
				t.Fatal("a good answer is refused")
			}
			if f.answered(c.answer, now.Add(time.Minute), &struct{}{}) {
				t.Error("a fault counts as an answer")
			}
			if got := f.sentence(format.UTC); got != c.want {
				t.Errorf("got %q, want %q", got, c.want)
			}
			if f.answered(fetch.Answer{Status: 200, Body: "{}"}, now, &struct{}{}); f != (freshness{at: now}) {
				t.Errorf("after a good answer there is still %+v", f)
			}
		})
	}
}

func TestNumbersOfPages(t *testing.T) {
	plain := func(s string) string { return strings.ReplaceAll(s, "\u00a0", " ") }
	for _, c := range []struct{ got, want string }{
		{wholePercent(.58), "58%"},
		{wholePercent(.996), "100%"},
		{wholePercent(-1), "0%"},
		{percentRange(.541, .619), "54–62%"},
		{duration(.012), "0.012 ms"},
		{duration(.2), "0.20 ms"},
		{duration(4.84), "4.8 ms"},
		{duration(92.4), "92 ms"},
		{duration(12_500), "12.5 s"},
		{perSecond(0), "0.0"},
		{perSecond(.44), "0.4"},
		{perSecond(9.96), "10"},
		{perSecond(1260), "1,260"},
		{count(184467), "184,467"},
		{count(1<<64 - 1), "9,007,199,254,740,992"},
		{words("too_slow"), "Too slow"},
		{words(""), "–"},
		{words("über"), "über"},
		{clean("a\nb\x00c\u202ed", 20), "a b\ufffdc\ufffdd"},
		{clean("abcdef", 3), "ab…"},
		{shortDate("2026-08-22"), "22 Aug 2026"},
		{shortDate("soon"), "soon"},
	} {
		if plain(c.got) != c.want {
			t.Errorf("got %q, want %q", c.got, c.want)
		}
	}
}

// What a producer wrote is text on the page, whatever it is.
func TestProducersTextStaysText(t *testing.T) {
	p := &Operations{}
	feed(t, p, time.Now())
	html := drawn(p)
	for _, bad := range []string{"<img src=x", "</td><script"} {
		if strings.Contains(html, bad) {
			t.Errorf("a dead letter's text became markup: %q", bad)
		}
	}
	if !strings.Contains(html, "&lt;img src=x") {
		t.Error("the dead letter's text is not shown")
	}
}

func FuzzPageAnswers(f *testing.F) {
	for _, name := range []string{"performance.json", "performance_none.json", "ops.json", "health.json", "letters.json"} {
		b, err := os.ReadFile(filepath.Join("testdata", name))
		if err != nil {
			f.Fatal(err)
		}
		f.Add(string(b))
	}
	f.Add(`{"tiers":[{"tier":"daily","calibration":[{"rate":1e308,"ci95":[2]}],"groups":[{}]}],"window":{"sessions":-1}}`)
	f.Add(`{"tiers":{"daily":null},"hub":{"sessions":-1},"messages":{"":18446744073709551615}}`)
	f.Fuzz(func(t *testing.T, body string) {
		a := fetch.Answer{Status: 200, Body: body}
		perf, ops := &Performance{}, &Operations{}
		perf.take(perf.path(), a, time.Now())
		for _, path := range ops.paths() {
			ops.take(path, a, time.Now())
		}
		for _, c := range []app.Composer{perf, ops} {
			if html := drawn(c); strings.Contains(html, "<script") || strings.Contains(html, "NaN") && !strings.Contains(body, "NaN") {
				t.Errorf("%s gives\n%s", body, html)
			}
		}
	})
}

// A line has a step for each value, breaks over gaps, and stays inside its drawing.
func TestSparklinesBreakOverGaps(t *testing.T) {
	if html := app.HTMLString(sparkline(nil, 120, 10)); strings.Contains(html, "<path") {
		t.Error("no values draw a line")
	}
	html := app.HTMLString(sparkline([]point{{60, 0}, {58, 5}, {20, 10}, {18, 10}, {0, 0}}, 120, 10))
	got := regexp.MustCompile(`d="([^"]*)"`).FindStringSubmatch(html)[1]
	if want := "M80 30L82.7 16M133.3 2L136 2M160 30"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	number := regexp.MustCompile(`-?[\d.]+`)
	rapid.Check(t, func(t *rapid.T) {
		var points []point
		for ago := 120.0; ago >= 0; ago -= rapid.Float64Range(1, 20).Draw(t, "step") {
			points = append(points, point{ago, rapid.Float64Range(0, 1e12).Draw(t, "value")})
		}
		html := app.HTMLString(sparkline(points, 120, 10))
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
		"rate":        rateBar(nan, nan, nan),
		"spread":      spreadBar(distribution{nan, nan, nan, nan}, nan, nan),
		"calibration": calibration([]calibrationBucket{{N: 1, MeanConfidence: nan, Rate: &rate, CI95: []float64{nan, nan}}}),
	} {
		if html := app.HTMLString(ui); strings.Contains(html, "NaN") {
			t.Errorf("%s: %s", name, html)
		}
	}
	all := app.HTMLString(rateBar(2, -1, 3))
	if d := cmp.Diff([]string(nil), regexp.MustCompile(`="(-\d[^"]*|[4-9]\d\d[^"]*)"`).FindAllString(all, -1)); d != "" {
		t.Errorf("shares beyond 0 to 1 leave the drawing: %s", d)
	}
}
