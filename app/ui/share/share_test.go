package share

import (
	"encoding/csv"
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"tierboard/app/board"
	"tierboard/app/ui/wording"
	"tierboard/shared/event"
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
		link := Query(filters, orders, query, selected)
		gotF, gotO, gotQ, gotS, found := Read(link)
		if found != (link != "") {
			t.Fatalf("found %v for %q", found, link)
		}
		if d := cmp.Diff(filters, gotF); d != "" || gotO != orders || gotQ != query || gotS != selected {
			t.Fatalf("%q: %s %v %q %q", link, d, gotO, gotQ, gotS)
		}
	})
	for _, bad := range []string{"%zz", "source=pwa", "daily.confidence=7&daily.sort=99&daily.direction=sideways", "daily.symbols=" + strings.Repeat("A", 3000), "q=" + strings.Repeat("A", 3000)} {
		f, o, q, s, _ := Read(bad)
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
	words := wording.Filters([3]board.ColumnFilter{{MinConfidence: 0.7}, {}, {Pattern: "trend_break"}}, "-doji up")
	if words != "All: not doji, Bullish; Daily: Confidence ≥ 70; Combo: Trend Break" || wording.Filters([3]board.ColumnFilter{}, "") != "no filters" {
		t.Errorf("filters in words: %q", words)
	}

	text := Export("csv", cards, words, at)
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
	if err := json.Unmarshal([]byte(Export("json", cards, words, at)), &doc); err != nil || doc.Filters != words || len(doc.Patterns) != 2 {
		t.Errorf("JSON export: %+v, %v", doc, err)
	}
	lines := strings.Split(strings.TrimSpace(Export("ndjson", cards, words, at)), "\n")
	if len(lines) != 2 || !json.Valid([]byte(lines[0])) || !json.Valid([]byte(lines[1])) {
		t.Errorf("NDJSON export: %q", lines)
	}
}
