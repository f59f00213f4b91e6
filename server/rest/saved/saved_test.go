package saved

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"tierboard/server/problem"
	"tierboard/server/rest/shelf"
	"tierboard/shared/api"
)

// TestFiltersComeBackAsTheyMean writes what was read of a body as a body, which means the same.
func TestFiltersComeBackAsTheyMean(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		some := func(name string, from ...string) []string {
			return rapid.SliceOfNDistinct(rapid.SampledFrom(from), 0, len(from), rapid.ID[string]).Draw(t, name)
		}
		score := func(name string, from ...float64) *float64 {
			if !rapid.Bool().Draw(t, name) {
				return nil
			}
			x := rapid.SampledFrom(from).Draw(t, name+" score")
			return &x
		}
		asked := api.FilterSpec{
			Tiers: some("tiers", "daily", "intraday", "combo"), Kinds: some("kinds", "pattern", "alert"), Symbols: some("symbols", "aapl", "NVDA", "BRK.B"),
			ExcludeSymbols: some("without", "TSLA", "amd"), PatternTypes: some("patterns", "Bull Flag", "doji", "made_up"), Timeframes: some("timeframes", "5m", "1d"),
			Sessions: some("sessions", "regular", "pre_market"), Directions: some("directions", "bullish", "bearish"),
			ConfidenceMin: score("min", .1, .5), ConfidenceMax: score("max", .6, .9), PriorityMin: rapid.SampledFrom([]string{"", "low", "medium", "critical"}).Draw(t, "priority"),
		}
		first, err := parseFilters([]api.FilterSpec{asked})
		if err != nil {
			t.Fatal(err)
		}
		kept := specOf(&first[0])
		second, err := parseFilters([]api.FilterSpec{kept})
		if err != nil {
			t.Fatalf("%+v: %v", kept, err)
		}
		if diff := cmp.Diff(first, second); diff != "" {
			t.Fatalf("%+v became %+v:\n%s", asked, kept, diff)
		}
	})
}

func TestBadFiltersAreNamed(t *testing.T) {
	low, high := .9, .5
	for where, spec := range map[string]api.FilterSpec{
		"body.filters[1].tiers": {Tiers: []string{"dayly"}}, "body.filters[1].confidence_min": {ConfidenceMin: &low, ConfidenceMax: &high},
		"body.filters[1].symbols": {Symbols: []string{"<script>" + strings.Repeat("x", 40)}},
	} {
		_, err := parseFilters([]api.FilterSpec{{}, spec})
		p, ok := errors.AsType[*problem.Error](err)
		if !ok || p.Kind != problem.Body || len(p.Fields) != 1 || !strings.HasPrefix(p.Fields[0].Location, where) || strings.Contains(p.Fields[0].Message, "script") {
			t.Errorf("%s: %+v", where, err)
		}
	}
}

// TestWhatCannotBeReadIsAnError shows entries whose bodies are not what the shelf keeps.
func TestWhatCannotBeReadIsAnError(t *testing.T) {
	s := New(&shelf.Rack{}, nil, nil)
	e := shelf.Entry{ID: "x1", Body: []byte(`7`)}
	_, subscription := s.subscriptions().Show(e)
	_, view := s.views().Show(e)
	_, watchlist := s.watchlists().Show(e)
	for what, err := range map[string]error{"subscription": subscription, "view": view, "watchlist": watchlist} {
		if _, ok := errors.AsType[*json.UnmarshalTypeError](err); !ok || !strings.Contains(err.Error(), what+" x1") {
			t.Errorf("%s: %v", what, err)
		}
	}
}
