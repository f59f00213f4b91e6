package ui

import (
	"encoding/csv"
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"tierboard/app/board"
	"tierboard/app/ui/tier"
	"tierboard/shared/event"
	"tierboard/shared/filter"
)

func TestSharedLinkShowsTheSame(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var filters [3]board.ColumnFilter
		var orders [3]board.Order
		for i := range filters {
			filters[i] = board.ColumnFilter{
				Symbols:       strings.TrimSpace(rapid.StringN(0, 20, 40).Draw(t, "symbols")),
				Pattern:       rapid.SampledFrom([]string{"", "volume_spike", "bull_flag,hammer,-doji"}).Draw(t, "pattern"),
				Watchlist:     rapid.SampledFrom([]string{"", "Tech & more"}).Draw(t, "watchlist"),
				Watched:       rapid.SampledFrom([]string{"", "AAPL,BRK.B"}).Draw(t, "watched"),
				Without:       rapid.Bool().Draw(t, "without"),
				MinConfidence: rapid.SampledFrom([]float64{0, 0.05, 0.7, 0.95, 1}).Draw(t, "confidence"),
				Direction:     rapid.SampledFrom([]event.Direction{"", event.Bullish, event.Bearish}).Draw(t, "direction"),
				Session:       rapid.SampledFrom([]event.Session{"", event.Regular}).Draw(t, "session"),
				Timeframe:     rapid.SampledFrom([]string{"", "5min"}).Draw(t, "timeframe"),
				MinPriority:   rapid.SampledFrom([]event.Priority{event.Low, event.High}).Draw(t, "priority"),
			}
			orders[i] = rapid.SampledFrom([]board.Order{board.ByTime, board.ByExpiry}).Draw(t, "order")
		}
		selected := rapid.SampledFrom([]string{"", "a b&c=d"}).Draw(t, "selected")
		query := rapid.SampledFrom([]string{"", "aapl, -doji up 80%&x=1"}).Draw(t, "query")
		link := shareQuery(filters, orders, query, selected)
		gotF, gotO, gotQ, gotS, found := readShare(link)
		if found != (link != "") {
			t.Fatalf("found %v for %q", found, link)
		}
		if d := cmp.Diff(filters, gotF); d != "" || gotO != orders || gotQ != query || gotS != selected {
			t.Fatalf("%q: %s %v %q %q", link, d, gotO, gotQ, gotS)
		}
	})
	for _, bad := range []string{"%zz", "source=pwa", "daily.confidence=7&daily.sort=99&daily.direction=sideways", "daily.symbols=" + strings.Repeat("A", 3000), "q=" + strings.Repeat("A", 3000)} {
		f, o, q, s, _ := readShare(bad)
		if f != [3]board.ColumnFilter{} || o != [3]board.Order{} || q != "" || s != "" {
			t.Errorf("%.40q gives %+v %v %q", bad, f, o, s)
		}
	}
}

func TestExportsCanBeReadBack(t *testing.T) {
	at := time.Date(2026, 11, 20, 19, 31, 7, 0, time.UTC)
	cards := []*board.Card{
		{Event: &event.Event{Kind: event.Pattern, ID: "=cmd|'/c calc'", Tier: event.Intraday, Scope: event.Scope{Symbol: `=HYPERLINK("x")`, Pattern: "volume_spike"}, Confidence: 0.91, DetectedAt: at, Price: event.Num(229.41), ChangePct: event.Num(-0.84), Intraday: &event.IntradayDetail{}}},
		{Event: &event.Event{Kind: event.Pattern, ID: "b", Tier: event.Combo, Scope: event.Scope{Symbol: "A,B\n\"C\"", Pattern: "trend_break"}, Confidence: 0.5, DetectedAt: at, Combo: &event.ComboDetail{Correlation: event.Num(0.8)}}},
	}
	words := filterWords([3]board.ColumnFilter{{MinConfidence: 0.7}, {}, {Pattern: "trend_break"}}, "-doji up")
	if words != "All: not doji, Bullish; Daily: Confidence ≥ 70; Combo: Trend Break" || filterWords([3]board.ColumnFilter{}, "") != "no filters" {
		t.Errorf("filters in words: %q", words)
	}

	text := export("csv", cards, words, at)
	if !strings.HasPrefix(text, "# Tierboard 2026-11-20T19:31:07Z "+words+"\r\n") {
		t.Errorf("the CSV does not begin with its filters: %.90q", text)
	}
	r := csv.NewReader(strings.NewReader(text))
	r.Comment = '#'
	rows, err := r.ReadAll()
	if err != nil || len(rows) != 3 {
		t.Fatalf("%d rows, %v", len(rows), err)
	}
	if d := cmp.Diff(exportColumns, rows[0]); d != "" {
		t.Error(d)
	}
	if got := rows[1]; got[1] != `'=HYPERLINK("x")` || got[10] != "-0.84" || got[13] != `'=cmd|'/c calc'` {
		t.Errorf("first row: %q", got)
	}
	if rows[2][1] != "A,B\n\"C\"" || rows[2][12] != "0.8" {
		t.Errorf("second row: %q", rows[2])
	}

	var doc struct {
		Filters  string
		Patterns []map[string]any
	}
	if err := json.Unmarshal([]byte(export("json", cards, words, at)), &doc); err != nil || doc.Filters != words || len(doc.Patterns) != 2 {
		t.Errorf("JSON export: %+v, %v", doc, err)
	}
	lines := strings.Split(strings.TrimSpace(export("ndjson", cards, words, at)), "\n")
	if len(lines) != 2 || !json.Valid([]byte(lines[0])) || !json.Valid([]byte(lines[1])) {
		t.Errorf("NDJSON export: %q", lines)
	}
}

func TestPaletteFinds(t *testing.T) {
	titles := func(q string) (out []string) {
		for _, c := range search(q, []string{"AAPL", "AMD", "NVDA"}) {
			out = append(out, c.title)
		}
		return out
	}
	cases := []struct {
		query string
		first string
	}{{"aap", "AAPL"}, {"A", "AAPL"}, {"volume", "Volume Spike"}, {"light", "Light theme"}, {"cards compact", "Compact cards"}, {"", fixedCommands[0].title}}
	for _, c := range cases {
		if got := titles(c.query); len(got) == 0 || got[0] != c.first {
			t.Errorf("%q finds %q first, want %q", c.query, got, c.first)
		}
	}
	if got := titles("no such thing at all"); len(got) != 0 {
		t.Errorf("nonsense finds %q", got)
	}
	if n := len(titles("")); n != paletteRows {
		t.Errorf("an empty query lists %d lines, want %d", n, paletteRows)
	}
	for _, c := range patternCommands() {
		parts := strings.Split(c.id, ":")
		if len(parts) != 3 || tier.OfClass(parts[1]) == event.TierNone {
			t.Errorf("command %q names no tier", c.id)
		}
	}
}

func TestWatchlistsTakePastedTextAndCSV(t *testing.T) {
	cases := map[string]string{
		"AAPL, msft;NVDA\tBRK.B":                      "AAPL MSFT NVDA BRK.B",
		"Symbol,Name\nAAPL,\"Apple\"\nAAPL,again\r\n": "AAPL",
		"Name\tTicker\nApple\tAAPL\nshort\n":          "AAPL",
		"":                                            "", " ,;\n": "", strings.Repeat("X", 40): "",
	}
	for in, want := range cases {
		if got := strings.Join(symbolsIn(in), " "); got != want {
			t.Errorf("%q gives %q, want %q", in, got, want)
		}
	}
}

func TestSubscriptionsAreDescribed(t *testing.T) {
	fs := []filterSpec{{Tiers: []string{"daily", "combo"}, PatternTypes: []string{"doji"}, Symbols: []string{"AAPL", "MSFT"}, ConfidenceMin: 0.7}, {}}
	if got := describe(fs); got != "daily, combo, 1 pattern, 2 symbols, ≥ 70; everything" {
		t.Errorf("described as %q", got)
	}
	if f := fs[0].filter(); len(f.Tiers) != 2 || f.ConfidenceMin != 0.7 || len(f.Symbols) != 2 {
		t.Errorf("filter %+v", f)
	}
}

func TestShippedViewsCanBeOpened(t *testing.T) {
	for _, v := range shippedViews {
		filters, _, _, _, found := readShare(v.Layout.Query)
		if found != (v.Layout.Query != "") {
			t.Errorf("%s: its query says nothing", v.Name)
		}
		if v.Name != "Everything" && filters == [3]board.ColumnFilter{} {
			t.Errorf("%s restricts nothing", v.Name)
		}
	}
}

func TestOlderEventsAreAskedForWithTheColumnsFilter(t *testing.T) {
	f := filter.Filter{Tiers: []event.Tier{event.Intraday}, Patterns: []string{"doji"}, Symbols: []string{"A", "B"}, Directions: []event.Direction{event.Bullish}, Sessions: []event.Session{event.Regular}, Timeframes: []string{"5min"}, ConfidenceMin: 0.7, PriorityMin: event.High}
	want := "/api/patterns/intraday?confidence_min=0.7&direction=bullish&limit=100&pattern_types=doji&priority_min=high&sessions=regular&symbols=A%2CB&timeframes=5min&until=2026-11-20T15%3A00%3A00Z"
	if got := olderPath("intraday", f, "2026-11-20T15:00:00Z"); got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	want = "/api/patterns/daily?limit=100&until=2026-11-20T15%3A05%3A00Z&updated_since=2026-11-20T15%3A00%3A00Z"
	if got := eventsPath("daily", filter.Filter{Tiers: []event.Tier{event.Daily}}, "2026-11-20T15:00:00Z", "2026-11-20T15:05:00Z"); got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}

func TestSuccessRateSaysItsSample(t *testing.T) {
	rate := 0.58
	some := tierRate{Resolved: 612}
	some.Success.Rate, some.Success.CI95 = &rate, []float64{0.541, 0.619}
	for want, r := range map[string]tierRate{
		"": {}, "1-day success: too few (n=12)": {Resolved: 12}, "1-day success 58% 54–62 n=612": some,
	} {
		if got := r.words(); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}
