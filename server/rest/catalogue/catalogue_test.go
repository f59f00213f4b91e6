package catalogue

import (
	"log/slog"
	"slices"
	"strings"
	"testing"
	"time"

	"tierboard/server/metrics"
	"tierboard/server/rest/resttest"
	"tierboard/server/rest/source"
	"tierboard/shared/api"
)

// TestSymbols asks for symbols of recent events and of older ones.
func TestSymbols(t *testing.T) {
	h, archive := resttest.Hub(t, 16, metrics.New()), &resttest.Archive{}
	from := source.New(h, archive, slog.New(slog.DiscardHandler))
	r := resttest.Serve(t, resttest.Gate(t, nil), Symbols(from, func() time.Time { return resttest.Friday }))
	resttest.Publish(t, h, resttest.Spike("e1", "AAPL", resttest.Friday, .7), resttest.Spike("e2", "NVDA", resttest.Friday, .7))
	archive.Store(resttest.Spike("e3", "AAP", resttest.Friday.Add(-time.Hour), .7))
	var s api.Symbols
	r.Get("/api/symbols?q=aa").Is(200).Read(&s)
	if len(s.Symbols) != 2 || s.Symbols[0].Symbol != "AAP" || s.Symbols[0].LastAt != nil || s.Symbols[1].LastAt == nil {
		t.Errorf("%+v", s)
	}
	r.Get("/api/symbols?limit=1").Is(200).Read(&s)
	if len(s.Symbols) != 1 || s.Symbols[0].Symbol != "AAP" {
		t.Errorf("%+v", s)
	}
	r.Get("/api/symbols?x=1").Problem(422, "query.x")
	r.Get("/api/symbols?limit=0").Problem(422, "query.limit")
	r.Get("/api/symbols?q="+strings.Repeat("X", 33)).Problem(422, "query.q")
	archive.Break(resttest.ErrAway)
	r.Get("/api/symbols").Problem(503, "")
}

// TestTypes asks for the known patterns.
func TestTypes(t *testing.T) {
	r := resttest.Serve(t, resttest.Gate(t, nil), Types())
	var types api.PatternTypes
	r.Get("/api/patterns/types").Is(200).Read(&types)
	if i := slices.IndexFunc(types.Types, func(p api.PatternType) bool { return p.Slug == "bull_flag" }); i < 0 || types.Types[i].DefaultHorizon != "5d" || types.Types[i].Tiers[0] != "daily" {
		t.Errorf("%+v", types.Types)
	}
	r.Get("/api/patterns/types?x=1").Problem(422, "query.x")
}
