package ui

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"tierboard/app/fetch"
	"tierboard/app/ui/tier"
	"tierboard/shared/api"
)

// shownPerformance is the page after these answers to its own question.
func shownPerformance(answers ...fetch.Answer) *Performance {
	p := &Performance{}
	for _, a := range answers {
		p.take(p.path(), a, time.Date(2026, 11, 20, 14, 31, 11, 0, time.UTC))
	}
	return p
}

func TestPerformanceShowsRatesWithTheirUncertainty(t *testing.T) {
	html := drawn(shownPerformance(answerOf(t, "performance.json")))
	expect(t, html,
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
	if strings.Contains(said(html), "No outcomes") {
		t.Error("outcomes were reported, and the page says that there are none")
	}
}

func TestNoPlotWithoutAPoint(t *testing.T) {
	r := &performanceReport{Tiers: []tierReport{{Tier: "daily", Resolved: 4, Calibration: []calibrationBucket{{Bucket: []float64{.8, .9}, N: 4, MeanConfidence: .84}}}}}
	html := drawn(&Performance{report: r, fresh: freshness{at: time.Now()}})
	expect(t, html, "Each range has too few outcomes", "80–90% 84% 4 too few –")
	if strings.Contains(html, "chart calibration") {
		t.Error("an empty plot is drawn")
	}
}

// That nobody reported outcomes is no rate of 0 %.
func TestPerformanceWithoutOutcomesSaysSo(t *testing.T) {
	html := drawn(shownPerformance(answerOf(t, "performance_none.json")))
	expect(t, html, "No outcomes received", "It does not mean that none succeeded.", "outcome after 5 days", "652 detected", "Pending 652", "Median 21 ms")
	if n := strings.Count(said(html), "No outcomes received"); n != 4 {
		t.Errorf("it is said %d times, want once for all and once a tier", n)
	}
	for _, bad := range []string{"0% succeeded", "0 of 0", "n = 0"} {
		if strings.Contains(said(html), bad) {
			t.Errorf("the page says %q", bad)
		}
	}
}

func TestPerformanceFaults(t *testing.T) {
	away := fetch.Answer{Status: 503, Body: `{"detail":"The store is away.","request_id":"Q5FJ3QZ4"}`}
	expect(t, drawn(shownPerformance(away)), "Performance cannot be shown now", "The store is away. Request Q5FJ3QZ4.", "Try again")
	html := drawn(shownPerformance(answerOf(t, "performance.json"), away))
	expect(t, html, "The store is away. What is shown is from 14:31:11. Request Q5FJ3QZ4.", "58% succeeded")
	if !strings.Contains(html, "sheet waiting") {
		t.Error("old numbers look like new ones")
	}
}

// Answers to what is no longer asked are dropped, and what is shown does not pass for what was asked.
func TestPerformanceChoices(t *testing.T) {
	p := shownPerformance(answerOf(t, "performance.json"))
	before := p.path()
	if want := "/api/patterns/performance?horizon=1d&since=-90d&group_by=pattern_type"; before != want {
		t.Errorf("asks %s, want %s", before, want)
	}
	p.choose(&p.horizon, "5d")
	p.choose(&p.window, "7")
	if want := "/api/patterns/performance?horizon=5d&since=-7d&group_by=pattern_type"; p.path() != want {
		t.Errorf("asks %s, want %s", p.path(), want)
	}
	html := drawn(p)
	expect(t, html, "outcome after 1 day")
	if !strings.Contains(html, "sheet waiting") {
		t.Error("the report of another choice looks like the right one")
	}
	old := p.report
	p.take(before, answerOf(t, "performance_none.json"), time.Now())
	if p.report != old {
		t.Error("an answer to an old question is shown")
	}
	p.take(p.path(), answerOf(t, "performance_none.json"), time.Now())
	if html = drawn(p); strings.Contains(html, "sheet waiting") {
		t.Error("the right report still looks old")
	}
}

func TestPerformanceTellsAnInventedFeed(t *testing.T) {
	p := &Performance{}
	if d := cmp.Diff([]string{p.path(), api.PathOps}, p.paths()); d != "" {
		t.Error(d)
	}
	p.take(api.PathOps, fetch.Answer{}, time.Now())
	if len(p.paths()) != 2 {
		t.Error("after a fault nobody asks again whether the feed is invented")
	}
	p.take(api.PathOps, answerOf(t, "ops.json"), time.Now())
	if d := cmp.Diff([]string{p.path()}, p.paths()); d != "" || !p.demo {
		t.Errorf("demo %v, %s", p.demo, d)
	}
}

func TestPatternsSortByEachColumn(t *testing.T) {
	p := shownPerformance(answerOf(t, "performance.json"))
	labels := func(o groupOrder) []string {
		var out []string
		for _, r := range p.report.rows(o) {
			out = append(out, r.label)
		}
		return out
	}
	for _, c := range []struct {
		name  string
		order groupOrder
		want  []string
	}{
		{"most outcomes first", groupOrder{byResolved, true}, []string{"Volume Spike", "VWAP Break", "Weekly Breakout", "Bull Flag", "Double Bottom", "Setup Confirmation"}},
		{"tiers in board order", groupOrder{byTier, false}, []string{"Bull Flag", "Double Bottom", "Weekly Breakout", "VWAP Break", "Volume Spike", "Setup Confirmation"}},
		{"names from A", groupOrder{byPattern, false}, []string{"Bull Flag", "Double Bottom", "Setup Confirmation", "VWAP Break", "Volume Spike", "Weekly Breakout"}},
		{"without a rate last, falling", groupOrder{byRate, true}, []string{"Weekly Breakout", "Bull Flag", "Volume Spike", "VWAP Break", "Double Bottom", "Setup Confirmation"}},
		{"without a rate last, rising", groupOrder{byRate, false}, []string{"VWAP Break", "Volume Spike", "Bull Flag", "Weekly Breakout", "Double Bottom", "Setup Confirmation"}},
		{"worst return first", groupOrder{byReturn, false}, []string{"VWAP Break", "Volume Spike", "Bull Flag", "Weekly Breakout", "Double Bottom", "Setup Confirmation"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			if d := cmp.Diff(c.want, labels(c.order)); d != "" {
				t.Errorf("(-want +got):\n%s", d)
			}
		})
	}
	if strings.Count(drawn(p), `aria-sort="descending"`) != 1 {
		t.Error("the table does not say how it is sorted")
	}
	p.sortBy(byResolved)
	if p.order != (groupOrder{byResolved, false}) {
		t.Errorf("a click on the column in force gives %v", p.order)
	}
	p.sortBy(byPattern)
	if p.order != (groupOrder{byPattern, false}) {
		t.Errorf("a click on names gives %v", p.order)
	}
	p.sortBy(byDetected)
	if p.order != (groupOrder{byDetected, true}) {
		t.Errorf("a click on numbers gives %v", p.order)
	}
}

// Whatever the report: all rows are there, those without a value last, the others in order.
func TestPatternOrderHoldsForAnyReport(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		r := &performanceReport{}
		total := 0
		for _, s := range tier.All {
			tier := tierReport{Tier: s.Class}
			for range rapid.IntRange(0, 12).Draw(t, "groups") {
				g := groupReport{PatternType: rapid.SampledFrom([]string{"doji", "bull_flag", "odd_one", ""}).Draw(t, "pattern"), Resolved: rapid.IntRange(0, 5).Draw(t, "n")}
				if rapid.Bool().Draw(t, "rate") {
					v := float64(rapid.IntRange(0, 4).Draw(t, "value")) / 4
					g.Success.Rate = &v
				}
				tier.Groups = append(tier.Groups, g)
				total++
			}
			r.Tiers = append(r.Tiers, tier)
		}
		o := groupOrder{rapid.IntRange(byTier, byReturn).Draw(t, "column"), rapid.Bool().Draw(t, "falling")}
		rows := r.rows(o)
		if len(rows) != total {
			t.Fatalf("%d rows of %d", len(rows), total)
		}
		if !slices.IsSortedFunc(rows, func(a, b groupRow) int {
			switch {
			case o.before(&a, &b):
				return -1
			case o.before(&b, &a):
				return 1
			}
			return 0
		}) {
			t.Fatalf("not in order by %v", o)
		}
		if o.column == byRate {
			seen := false
			for _, row := range rows {
				if row.group.Success.Rate == nil {
					seen = true
				} else if seen {
					t.Fatal("a row without a rate stands before one with")
				}
			}
		}
	})
}

func TestLongTablesAreCutUntilAsked(t *testing.T) {
	r := &performanceReport{Tiers: []tierReport{{Tier: "daily"}}}
	for range mostRows + 20 {
		r.Tiers[0].Groups = append(r.Tiers[0].Groups, groupReport{PatternType: "doji"})
	}
	p := &Performance{report: r, fresh: freshness{at: time.Now()}}
	html := drawn(p)
	expect(t, html, "Show all 120", "120 rows")
	if n := strings.Count(html, `<tr class="daily">`); n != mostRows {
		t.Errorf("%d rows, want %d", n, mostRows)
	}
	p = &Performance{report: r, fresh: freshness{at: time.Now()}, all: true}
	if html = drawn(p); strings.Count(html, `<tr class="daily">`) != mostRows+20 || strings.Contains(html, "Show all") {
		t.Error("not all rows are shown when asked for")
	}
}
