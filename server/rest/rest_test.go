package rest

import (
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"tierboard/server/gate"
	"tierboard/server/problem"
	"tierboard/server/rest/resttest"
	"tierboard/shared/api"
)

func TestListShape(t *testing.T) {
	r := start(t, setup{})
	daily := resttest.Flag("d1", "AAPL", resttest.Friday.Add(-22*time.Hour), .87)
	trigger := resttest.Spike("i1", "AAPL", resttest.Friday.Add(-10*time.Minute), .91)
	combo := resttest.Setup("c1", daily, trigger, resttest.Friday.Add(-9*time.Minute))
	r.publish(daily, trigger, combo)

	var l api.PatternList
	r.Get("/api/patterns/combo?include=status,related").Is(200).Read(&l)
	if len(l.Patterns) != 1 || l.Metadata.Tier != "combo" || l.Metadata.MaxSeq != 3 || l.Metadata.Epoch != r.hub.Epoch() {
		t.Fatalf("%+v", l)
	}
	p := l.Patterns[0]
	if p.DailyContext.Link != "exact" || p.DailyContext.ID != "d1" || p.IntradayTrigger.PatternType != "volume_spike" || *p.CorrelationStrength != .86 {
		t.Errorf("combo %+v %+v", p.DailyContext, p.IntradayTrigger)
	}
	if p.Status != "active" || p.Related.DailyID != "d1" || p.Related.IntradayID != "i1" {
		t.Errorf("extras %q %+v", p.Status, p.Related)
	}
	if l.Metadata.Applied.Sort != "-detected_at" || l.Metadata.Applied.Status != "any" || l.Metadata.Applied.Limit != 100 || l.Metadata.Applied.ConfidenceMin != nil {
		t.Errorf("defaults %+v", l.Metadata.Applied)
	}
	var d api.PatternList
	r.Get("/api/patterns/daily?include=related").Is(200).Read(&d)
	if d.Patterns[0].MarketSession != "post_market" || !slices.Equal(d.Patterns[0].Related.ComboIDs, []string{"c1"}) {
		t.Errorf("daily %+v", d.Patterns[0])
	}
	var i api.PatternList
	r.Get("/api/v1/patterns/intraday?symbol=aapl").Is(200).Read(&i)
	if i.Patterns[0].RealTime == nil || !*i.Patterns[0].RealTime || i.Metadata.Applied.Symbols[0] != "AAPL" {
		t.Errorf("intraday %+v", i)
	}
	var rel api.Related
	r.Get("/api/patterns/i1/related").Is(200).Read(&rel)
	var chain []string
	for _, p := range rel.Chain {
		chain = append(chain, p.ID)
	}
	if !slices.Equal(chain, []string{"d1", "c1"}) || len(rel.Neighbors) != 2 || rel.Neighbors[0].ID != "c1" {
		t.Errorf("chain %v, %d neighbours", chain, len(rel.Neighbors))
	}
}

func TestWatchlistNarrowsAList(t *testing.T) {
	r := start(t, setup{noArchive: true})
	r.publish(resttest.Spike("a", "AAPL", resttest.Friday, .7), resttest.Spike("b", "NVDA", resttest.Friday, .7), resttest.Spike("c", "TSLA", resttest.Friday, .7))
	var w api.Watchlist
	a := r.Ask("POST", "/api/watchlists", `{"name":"mine","symbols":["nvda","AAPL","AAPL"]}`).Is(201)
	a.Read(&w)
	if !slices.Equal(w.Symbols, []string{"AAPL", "NVDA"}) || a.Header().Get("Location") != "/api/watchlists/"+w.ID || a.Header().Get("ETag") != `"1"` {
		t.Fatalf("%+v %v", w, a.Header())
	}
	for q, want := range map[string][]string{
		"": {"b", "a"}, "&symbols=TSLA,AAPL": {"a"}, "&symbols=TSLA": {}, "&exclude_symbols=NVDA": {"a"},
	} {
		var l api.PatternList
		r.Get("/api/patterns?watchlist=" + w.ID + q).Is(200).Read(&l)
		if !slices.Equal(resttest.IDs(l.Patterns), want) {
			t.Errorf("%q: %v, want %v", q, resttest.IDs(l.Patterns), want)
		}
	}
	var page, next api.PatternList
	r.Get("/api/patterns?limit=1&watchlist=" + w.ID).Is(200).Read(&page)
	r.Get(page.Metadata.NextURL).Is(200).Read(&next)
	if !slices.Equal(append(resttest.IDs(page.Patterns), resttest.IDs(next.Patterns)...), []string{"b", "a"}) {
		t.Errorf("pages %v %v", resttest.IDs(page.Patterns), resttest.IDs(next.Patterns))
	}
	r.user = "eve"
	r.Get("/api/patterns?watchlist="+w.ID).Problem(422, "query.watchlist")
}

func TestMe(t *testing.T) {
	r := start(t, setup{noArchive: true})
	var me api.Me
	if r.Get("/api/me").Is(200).Read(&me); me.ID != "local" || me.Limits.RequestsPerMinute != 6000 || me.Limits.ExportsPerMinute != 30 || me.Limits.ExportRows != 100_000 {
		t.Errorf("%+v", me)
	}
}

func TestMethodsAndPaths(t *testing.T) {
	r := start(t, setup{noArchive: true})
	r.publish(resttest.Spike("e1", "AAPL", resttest.Friday, .7))
	if a := r.Ask("OPTIONS", "/api/patterns/daily", "").Is(204); a.Header().Get("Allow") != "GET, HEAD, OPTIONS" {
		t.Errorf("%v", a.Header())
	}
	if a := r.Ask("DELETE", "/api/views", "", "If-Match", "*"); a.Header().Get("Allow") != "GET, HEAD, OPTIONS, POST" {
		t.Errorf("%v", a.Header())
	} else {
		a.Problem(405, "")
	}
	if a := r.Ask("HEAD", "/api/patterns/intraday", "").Is(200); a.Header().Get("ETag") == "" {
		t.Errorf("%v", a.Header())
	}
	if p := r.Get("/api/patterns/dailyy/x/y").Problem(404, ""); p.Type != "/problems/not-found" {
		t.Errorf("%+v", p)
	}
	if p := r.Get("/api/pattern").Problem(404, ""); !strings.Contains(p.Detail, "/api/patterns") {
		t.Errorf("%+v", p)
	}
	r.Get("/api/patterns/nope").Problem(404, "")
	r.Ask("POST", "/api/views", `{"name":"x","layout":{}}`, "Sec-Fetch-Site", "cross-site").Problem(403, "")
	for _, k := range problem.Kinds() {
		if a := r.Get("/problems/" + k.Slug).Is(200); !strings.Contains(a.Body.String(), k.Title) || !strings.Contains(a.Header().Get("Content-Security-Policy"), "default-src 'none'") {
			t.Errorf("%s: %v", k.Slug, a.Header())
		}
	}
	r.Get("/problems/none").Problem(404, "")
}

func TestTheStreamHasItsOwnRoute(t *testing.T) {
	r := start(t, setup{noArchive: true, change: func(c *Config) {
		c.Stream = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { _, _ = io.WriteString(w, gate.User(r.Context())) })
	}})
	r.user = "ann"
	if got := r.Get("/api/stream/patterns", "Accept-Encoding", "gzip").Is(200); got.Body.String() != "ann" || got.Header().Get("Content-Encoding") != "" {
		t.Errorf("%v %s", got.Header(), got.Body)
	}
	r.Ask("POST", "/api/stream/patterns", "").Problem(405, "")
	if a := r.Ask("OPTIONS", "/api/stream/patterns", "").Is(204); a.Header().Get("Allow") != "GET, OPTIONS" {
		t.Errorf("%v", a.Header())
	}
	if r.rest.OpenAPI().Paths["/api/stream/patterns"] == nil || start(t, setup{}).rest.OpenAPI().Paths["/api/stream/patterns"] != nil {
		t.Error("the contract describes a stream exactly when there is one")
	}
}

func TestConfigIsChecked(t *testing.T) {
	err := Config{ExportRows: -1}.Validate()
	for _, part := range []string{"hub", "library", "market", "health", "gate", "export_rows"} {
		if err == nil || !strings.Contains(err.Error(), part) {
			t.Errorf("%s is not named in %v", part, err)
		}
	}
	if _, err := New(Config{}, nil, nil); err == nil {
		t.Error("New takes an empty Config")
	}
}

// TestWhatCannotBeWrittenIsAProblem asks for a document that cannot be made.
func TestWhatCannotBeWrittenIsAProblem(t *testing.T) {
	r := start(t, setup{change: func(c *Config) { c.Now = nil }})
	if r.rest.cfg.Now == nil {
		t.Error("there is no clock")
	}
	w := httptest.NewRecorder()
	r.rest.fixed("text/plain", func() ([]byte, error) { return nil, resttest.ErrAway })(w, httptest.NewRequest(http.MethodGet, "/", http.NoBody))
	if w.Code != http.StatusInternalServerError || strings.Contains(w.Body.String(), "hunter2") {
		t.Errorf("%d %s", w.Code, w.Body)
	}
}
