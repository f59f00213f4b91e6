package wording

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"tierboard/app/board"
	"tierboard/app/format"
	"tierboard/app/ui/tier"
	"tierboard/shared/event"
	"tierboard/shared/wire"
)

func TestChipsNameWhatRestricts(t *testing.T) {
	f := board.ColumnFilter{Symbols: "aapl, nvda,", Pattern: "volume_spike,-doji", MinConfidence: 0.7, Watchlist: "Tech", Watched: "AAPL", Without: true}
	var texts []string
	for _, c := range Chips(f) {
		texts = append(texts, c.Text)
		if len(Chips(c.Without)) != 4 {
			t.Errorf("without %q there are %d chips, want 4", c.Text, len(Chips(c.Without)))
		}
	}
	if d := cmp.Diff([]string{"AAPL, NVDA", "Volume Spike", "not Doji", "Watchlist: Not Tech", "Confidence ≥ 70"}, texts); d != "" {
		t.Error(d)
	}
	if len(Chips(board.ColumnFilter{})) != 0 {
		t.Error("no filter has chips")
	}
}

func TestWordsOfTheQueryAreChips(t *testing.T) {
	query := " aapl, -msft  Up -neutral 80 ->=60 flag , - "
	want := []string{"aapl", "not msft", "Bullish", "not Neutral", "Confidence ≥ 80", "Confidence < 60", "flag"}
	var got []string
	words := board.ParseQuery(query)
	for i, w := range words {
		got = append(got, Word(w))
		if left := board.ParseQuery(WithoutWord(query, i)); len(left) != len(words)-1 || slices.ContainsFunc(left, func(l board.Word) bool { return l.Text == w.Text }) {
			t.Errorf("without %q there is still %q", w.Text, WithoutWord(query, i))
		}
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
}

func TestEmptyColumnsSayWhenToExpectSomething(t *testing.T) {
	now := time.Date(2026, 11, 23, 18, 0, 0, 0, time.UTC)
	open := &wire.Market{Session: "regular", ClosesAt: now.Add(88 * time.Minute), NextOpen: now.Add(20 * time.Hour)}
	shut := &wire.Market{Session: "closed", NextOpen: now.Add(130 * time.Minute)}
	e := &event.Event{
		Kind: event.Pattern, ID: "x", Seq: 1, Tier: event.Intraday, Confidence: 0.6, DetectedAt: now, Intraday: &event.IntradayDetail{},
		Scope: event.Scope{Symbol: "AAPL", Pattern: "doji", Label: "Doji"},
	}
	for _, c := range []struct {
		name   string
		tier   event.Tier
		full   bool
		filter board.ColumnFilter
		query  string
		market *wire.Market
		want   string
		offer  string
	}{
		{"daily in the session", event.Daily, false, board.ColumnFilter{}, "", open, "No daily patterns yet. They arrive after the close, in 1 h 28 m.", ""},
		{"daily in the night", event.Daily, false, board.ColumnFilter{}, "", shut, "No daily patterns yet. Daily patterns arrive after the close.", ""},
		{"intraday in the session", event.Intraday, false, board.ColumnFilter{}, "", open, "No intraday patterns yet. Intraday patterns arrive while the market trades.", ""},
		{"intraday in the night", event.Intraday, false, board.ColumnFilter{}, "", shut, "No intraday patterns yet. Markets open in 2 h 10 m.", ""},
		{"combo, market unknown", event.Combo, false, board.ColumnFilter{}, "", nil, "No combo patterns yet. A combo appears when an intraday trigger confirms a daily setup.", ""},
		{"filtered and nothing yet", event.Intraday, false, board.ColumnFilter{Symbols: "TSLA,"}, "", shut, "No intraday pattern has passed this filter yet. Markets open in 2 h 10 m.", "Remove the column's filters"},
		{"asked for and nothing yet", event.Intraday, false, board.ColumnFilter{}, "tsla", nil, "No intraday pattern has passed this filter yet. Intraday patterns arrive while the market trades.", ""},
		{"filtered away", event.Intraday, true, board.ColumnFilter{Symbols: "TSLA,"}, "", open, "None of 1 intraday pattern passes this filter.", "Remove the column's filters"},
		{"too weak", event.Intraday, true, board.ColumnFilter{MinConfidence: 0.8}, "", open, "None of 1 intraday pattern passes this filter.", "Lower confidence to 60: 1 more"},
		{"asked for something else", event.Intraday, true, board.ColumnFilter{}, "down", open, "None of 1 intraday pattern passes this filter.", "Clear the filter of all columns"},
	} {
		t.Run(c.name, func(t *testing.T) {
			b := board.New(5)
			if c.full {
				b.Apply(&wire.Batch{Events: []*event.Event{e}}, now)
			}
			b.SetFilter(c.tier, c.filter)
			b.SetQuery(c.query)
			column := b.Column(c.tier)
			got := strings.ReplaceAll(Empty(tier.All[c.tier-event.Daily], column, c.query, c.market, now), "\u00a0", " ")
			if got != c.want {
				t.Errorf("%q, want %q", got, c.want)
			}
			if got := Relax(column, c.query); got != c.offer {
				t.Errorf("offers %q, want %q", got, c.offer)
			}
		})
	}
}

func TestCardsOfAnotherDaySayWhenTodaysCome(t *testing.T) {
	now := time.Date(2026, 11, 23, 18, 0, 0, 0, time.UTC)
	open := &wire.Market{Session: "regular", ClosesAt: now.Add(88 * time.Minute), NextOpen: now.Add(20 * time.Hour)}
	shut := &wire.Market{Session: "closed", NextOpen: now.Add(130 * time.Minute)}
	friday := time.Date(2026, 11, 20, 21, 45, 0, 0, time.UTC)
	for _, c := range []struct {
		tier   event.Tier
		at     time.Time
		market *wire.Market
		want   string
	}{
		{event.Daily, time.Time{}, open, ""},
		{event.Daily, now.Add(-time.Hour), open, ""},
		{event.Daily, friday, open, "No daily patterns today yet. They arrive after the close, in 1 h 28 m. Last: Fri 20 Nov."},
		{event.Intraday, friday, shut, "No intraday patterns today yet. Markets open in 2 h 10 m. Last: Fri 20 Nov."},
		{event.Combo, friday, nil, "No combo patterns today yet. A combo appears when an intraday trigger confirms a daily setup. Last: Fri 20 Nov."},
	} {
		got := strings.ReplaceAll(Idle(tier.All[c.tier-event.Daily], c.at, c.market, now, format.UTC), "\u00a0", " ")
		if got != c.want {
			t.Errorf("%v at %v: %q, want %q", c.tier, c.at, got, c.want)
		}
	}
}
