package performance

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/maxence-charriere/go-app/v10/pkg/app"

	"tierboard/app/fetch"
	"tierboard/app/ui/performance/outcome"
	"tierboard/app/ui/sheet"
	"tierboard/app/ui/sheet/sheettest"
	"tierboard/shared/api"
)

// shownPerformance is the page after these answers to its own question.
func shownPerformance(answers ...fetch.Answer) *Page {
	p := &Page{}
	for _, a := range answers {
		p.take(p.path(), a, time.Date(2026, 11, 20, 14, 31, 11, 0, time.UTC))
	}
	return p
}

func TestPerformanceShowsRatesWithTheirUncertainty(t *testing.T) {
	html := sheettest.Draw(shownPerformance(sheettest.Answer(t, "performance.json")))
	sheettest.Expect(t, html,
		"Detected 22 Aug 2026 to 20 Nov 2026, 64 sessions; outcome after 1 day, as the producer reported it.",
		"652 detected", "58% succeeded 95% interval 54–62%, n = 612", "355 of 612 succeeded", "Resolved 612 Pending 31 Excluded 9",
		"Return after 1 day", "1 in 10 below −2.90% Median +0.41% Mean +0.62% 1 in 10 above +4.20%",
		"Confidence is the detector's score, not a probability.", "Left out for too few outcomes: 1 range.",
		"80–90% 84% 201 61% 54–68%", "90–100% 94% 21 too few –",
		"Time to outcome Median 5 h 30 m 90 of 100 within 1 d", "Median 21 ms 95 of 100 64 ms 99 of 100 92 ms",
		"Too few to tell (n = 12)", "A rate needs 30 outcomes.",
		"Daily Double Bottom too few 12 2 0 14 –",
	)
	if !strings.Contains(html, "confidence 84%: 61% succeeded of 201") {
		t.Error("the plot does not say its points")
	}
	if strings.Contains(sheettest.Said(html), "No outcomes") {
		t.Error("outcomes were reported, and the page says that there are none")
	}
}

func TestNoPlotWithoutAPoint(t *testing.T) {
	r := &outcome.Report{Tiers: []outcome.Tier{{Tier: "daily", Resolved: 4, Calibration: []outcome.Bucket{{Bucket: []float64{.8, .9}, N: 4, MeanConfidence: .84}}}}}
	html := sheettest.Draw(&Page{report: r, fresh: sheet.Freshness{At: time.Now()}})
	sheettest.Expect(t, html, "Each range has too few outcomes", "80–90% 84% 4 too few –")
	if strings.Contains(html, "chart calibration") {
		t.Error("an empty plot is drawn")
	}
}

// That nobody reported outcomes is no rate of 0 %.
func TestPerformanceWithoutOutcomesSaysSo(t *testing.T) {
	html := sheettest.Draw(shownPerformance(sheettest.Answer(t, "performance_none.json")))
	sheettest.Expect(t, html, "No outcomes received", "It does not mean that none succeeded.", "outcome after 5 days", "652 detected", "Pending 652", "Median 21 ms")
	if n := strings.Count(sheettest.Said(html), "No outcomes received"); n != 4 {
		t.Errorf("it is said %d times, want once for all and once a tier", n)
	}
	for _, bad := range []string{"0% succeeded", "0 of 0", "n = 0"} {
		if strings.Contains(sheettest.Said(html), bad) {
			t.Errorf("the page says %q", bad)
		}
	}
}

func TestPerformanceFaults(t *testing.T) {
	away := fetch.Answer{Status: 503, Body: `{"detail":"The store is away.","request_id":"Q5FJ3QZ4"}`}
	sheettest.Expect(t, sheettest.Draw(shownPerformance(away)), "Performance cannot be shown now", "The store is away. Request Q5FJ3QZ4.", "Try again")
	html := sheettest.Draw(shownPerformance(sheettest.Answer(t, "performance.json"), away))
	sheettest.Expect(t, html, "The store is away. What is shown is from 14:31:11. Request Q5FJ3QZ4.", "58% succeeded")
	if !strings.Contains(html, "sheet waiting") {
		t.Error("old numbers look like new ones")
	}
}

// Answers to what is no longer asked are dropped, and what is shown does not pass for what was asked.
func TestPerformanceChoices(t *testing.T) {
	p := shownPerformance(sheettest.Answer(t, "performance.json"))
	before := p.path()
	if want := "/api/patterns/performance?horizon=1d&since=-90d&group_by=pattern_type"; before != want {
		t.Errorf("asks %s, want %s", before, want)
	}
	p.choose(&p.horizon, "5d")
	p.choose(&p.window, "7")
	if want := "/api/patterns/performance?horizon=5d&since=-7d&group_by=pattern_type"; p.path() != want {
		t.Errorf("asks %s, want %s", p.path(), want)
	}
	html := sheettest.Draw(p)
	sheettest.Expect(t, html, "outcome after 1 day")
	if !strings.Contains(html, "sheet waiting") {
		t.Error("the report of another choice looks like the right one")
	}
	old := p.report
	p.take(before, sheettest.Answer(t, "performance_none.json"), time.Now())
	if p.report != old {
		t.Error("an answer to an old question is shown")
	}
	p.take(p.path(), sheettest.Answer(t, "performance_none.json"), time.Now())
	if html = sheettest.Draw(p); strings.Contains(html, "sheet waiting") {
		t.Error("the right report still looks old")
	}
}

func TestPerformanceTellsAnInventedFeed(t *testing.T) {
	p := &Page{}
	if d := cmp.Diff([]string{p.path(), api.PathOps}, p.paths()); d != "" {
		t.Error(d)
	}
	p.take(api.PathOps, fetch.Answer{}, time.Now())
	if len(p.paths()) != 2 {
		t.Error("after a fault nobody asks again whether the feed is invented")
	}
	p.take(api.PathOps, sheettest.Answer(t, "ops.json"), time.Now())
	if d := cmp.Diff([]string{p.path()}, p.paths()); d != "" || !p.demo {
		t.Errorf("demo %v, %s", p.demo, d)
	}
}

func TestLongTablesAreCutUntilAsked(t *testing.T) {
	r := &outcome.Report{Tiers: []outcome.Tier{{Tier: "daily"}}}
	for range mostRows + 20 {
		r.Tiers[0].Groups = append(r.Tiers[0].Groups, outcome.Group{PatternType: "doji"})
	}
	p := &Page{report: r, fresh: sheet.Freshness{At: time.Now()}}
	html := sheettest.Draw(p)
	sheettest.Expect(t, html, "Show all 120", "120 rows")
	if n := strings.Count(html, `<tr class="daily">`); n != mostRows {
		t.Errorf("%d rows, want %d", n, mostRows)
	}
	p = &Page{report: r, fresh: sheet.Freshness{At: time.Now()}, all: true}
	if html = sheettest.Draw(p); strings.Count(html, `<tr class="daily">`) != mostRows+20 || strings.Contains(html, "Show all") {
		t.Error("not all rows are shown when asked for")
	}
}

// states are the page in each of its states, for the rules that hold in all of them.
func states(t *testing.T) map[string]app.Composer {
	t.Helper()
	now := time.Date(2026, 11, 20, 21, 5, 0, 0, time.UTC)
	out := map[string]app.Composer{"nothing": &Page{}}
	for name, answers := range map[string][]fetch.Answer{
		"data":            {sheettest.Answer(t, "performance.json")},
		"none":            {sheettest.Answer(t, "performance_none.json")},
		"error":           {{Status: 503, Body: `{"detail":"The store is away.","request_id":"Q5FJ3QZ4"}`}},
		"data, then away": {sheettest.Answer(t, "performance.json"), {}},
	} {
		p := &Page{}
		for _, a := range answers {
			p.take(p.path(), a, now)
		}
		out[name] = p
	}
	return out
}

func TestPerformanceObeysTheRulesOfPages(t *testing.T) {
	sheettest.Rules(t, "Performance", states(t), &Page{})
}

func FuzzPerformanceAnswers(f *testing.F) {
	for _, name := range []string{"performance.json", "performance_none.json"} {
		f.Add(sheettest.Answer(f, name).Body)
	}
	f.Add(`{"tiers":[{"tier":"daily","calibration":[{"rate":1e308,"ci95":[2]}],"groups":[{}]}],"window":{"sessions":-1}}`)
	f.Fuzz(func(t *testing.T, body string) {
		p := &Page{}
		p.take(p.path(), fetch.Answer{Status: 200, Body: body}, time.Now())
		sheettest.Answers(t, body, p)
	})
}

func TestPatternsSortByEachColumn(t *testing.T) {
	p := shownPerformance(sheettest.Answer(t, "performance.json"))
	labels := func(o outcome.Order) []string {
		var out []string
		for _, r := range p.report.Rows(o) {
			out = append(out, r.Label)
		}
		return out
	}
	for _, c := range []struct {
		name  string
		order outcome.Order
		want  []string
	}{
		{"most outcomes first", outcome.Order{Column: outcome.ByResolved, Falling: true}, []string{"Volume Spike", "VWAP Break", "Weekly Breakout", "Bull Flag", "Double Bottom", "Setup Confirmation"}},
		{"tiers in board order", outcome.Order{Column: outcome.ByTier, Falling: false}, []string{"Bull Flag", "Double Bottom", "Weekly Breakout", "VWAP Break", "Volume Spike", "Setup Confirmation"}},
		{"names from A", outcome.Order{Column: outcome.ByPattern, Falling: false}, []string{"Bull Flag", "Double Bottom", "Setup Confirmation", "VWAP Break", "Volume Spike", "Weekly Breakout"}},
		{"without a rate last, falling", outcome.Order{Column: outcome.ByRate, Falling: true}, []string{"Weekly Breakout", "Bull Flag", "Volume Spike", "VWAP Break", "Double Bottom", "Setup Confirmation"}},
		{"without a rate last, rising", outcome.Order{Column: outcome.ByRate, Falling: false}, []string{"VWAP Break", "Volume Spike", "Bull Flag", "Weekly Breakout", "Double Bottom", "Setup Confirmation"}},
		{"worst return first", outcome.Order{Column: outcome.ByReturn, Falling: false}, []string{"VWAP Break", "Volume Spike", "Bull Flag", "Weekly Breakout", "Double Bottom", "Setup Confirmation"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			if d := cmp.Diff(c.want, labels(c.order)); d != "" {
				t.Errorf("(-want +got):\n%s", d)
			}
		})
	}
	if strings.Count(sheettest.Draw(p), `aria-sort="descending"`) != 1 {
		t.Error("the table does not say how it is sorted")
	}
	p.sortBy(outcome.ByResolved)
	if p.order != (outcome.Order{Column: outcome.ByResolved, Falling: false}) {
		t.Errorf("a click on the column in force gives %v", p.order)
	}
	p.sortBy(outcome.ByPattern)
	if p.order != (outcome.Order{Column: outcome.ByPattern, Falling: false}) {
		t.Errorf("a click on names gives %v", p.order)
	}
	p.sortBy(outcome.ByDetected)
	if p.order != (outcome.Order{Column: outcome.ByDetected, Falling: true}) {
		t.Errorf("a click on numbers gives %v", p.order)
	}
}
