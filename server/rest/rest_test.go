package rest

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"tierboard/server/gate"
	"tierboard/server/problem"
	"tierboard/server/rest/shelf"
	"tierboard/shared/api"
	"tierboard/shared/event"
)

func TestListShape(t *testing.T) {
	r := start(t, setup{})
	daily := flag("d1", "AAPL", friday.Add(-22*time.Hour), .87)
	trigger := spike("i1", "AAPL", friday.Add(-10*time.Minute), .91)
	combo := setupOf("c1", daily, trigger, friday.Add(-9*time.Minute))
	r.publish(daily, trigger, combo)

	var l api.PatternList
	r.get("/api/patterns/combo?include=status,related").is(200).read(&l)
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
	r.get("/api/patterns/daily?include=related").is(200).read(&d)
	if d.Patterns[0].MarketSession != "post_market" || !slices.Equal(d.Patterns[0].Related.ComboIDs, []string{"c1"}) {
		t.Errorf("daily %+v", d.Patterns[0])
	}
	var i api.PatternList
	r.get("/api/v1/patterns/intraday?symbol=aapl").is(200).read(&i)
	if i.Patterns[0].RealTime == nil || !*i.Patterns[0].RealTime || i.Metadata.Applied.Symbols[0] != "AAPL" {
		t.Errorf("intraday %+v", i)
	}
	var rel api.Related
	r.get("/api/patterns/i1/related").is(200).read(&rel)
	var chain []string
	for _, p := range rel.Chain {
		chain = append(chain, p.ID)
	}
	if !slices.Equal(chain, []string{"d1", "c1"}) || len(rel.Neighbors) != 2 || rel.Neighbors[0].ID != "c1" {
		t.Errorf("chain %v, %d neighbours", chain, len(rel.Neighbors))
	}
}

func TestNewestPageNeedsNoArchive(t *testing.T) {
	r := start(t, setup{})
	for i := range 300 { // five minutes of events
		r.publish(spike(fmt.Sprint("e", i), "AAPL", friday.Add(time.Duration(i-300)*time.Second), .7))
	}
	r.memory.broken(errAway)
	var l api.PatternList
	r.get("/api/patterns/intraday").is(200).read(&l)
	if len(l.Patterns) != 100 || l.Patterns[0].ID != "e299" || r.memory.pages != 0 {
		t.Errorf("%d events from %s, %d looks into the archive", len(l.Patterns), l.Patterns[0].ID, r.memory.pages)
	}
	r.get("/api/patterns/intraday?since=-2m&sort=-confidence").is(200)
	if p := r.get("/api/patterns/intraday?sort=-confidence").problem(503, ""); strings.Contains(p.Detail, "hunter2") || strings.Contains(p.Detail, "10.0") {
		t.Errorf("the problem shows the server: %+v", p)
	}
	if a := r.get("/api/patterns/intraday?until=-3h"); a.Code != 503 || a.Header().Get("Retry-After") == "" {
		t.Errorf("%d %v", a.Code, a.Header())
	}
}

func TestETagIsCheckedBeforeTheQuery(t *testing.T) {
	r := start(t, setup{})
	r.publish(spike("e1", "AAPL", friday, .7))
	for _, target := range []string{"/api/patterns/intraday?sort=symbol", "/api/patterns?tiers=intraday,combo", "/api/patterns/e1"} {
		tag := r.get(target).is(200).Header().Get("ETag")
		looks := r.memory.pages
		if !strings.HasPrefix(tag, `W/"`) {
			t.Fatalf("%s has the tag %q", target, tag)
		}
		if a := r.get(target, "If-None-Match", `"x", `+tag); a.Code != 304 || a.Body.Len() > 0 || r.memory.pages != looks || a.Header().Get("ETag") != tag {
			t.Errorf("%s: %d %q, %d looks", target, a.Code, a.Body, r.memory.pages-looks)
		}
	}
	tag := r.get("/api/patterns/intraday").Header().Get("ETag")
	other := r.get("/api/patterns/intraday?limit=5").Header().Get("ETag")
	if tag == other {
		t.Error("two pages have one tag")
	}
	r.publish(flag("d1", "AAPL", friday.Add(-time.Hour), .7))
	r.get("/api/patterns/intraday", "If-None-Match", tag).is(304) // another tier's event changes nothing
	r.publish(spike("e2", "AAPL", friday.Add(time.Second), .7))
	r.get("/api/patterns/intraday", "If-None-Match", tag).is(200)
	for _, q := range []string{"status=active", "include=status", "include=outcome", "include=related"} {
		if tag := r.get("/api/patterns/intraday?" + q).is(200).Header().Get("ETag"); tag != "" {
			t.Errorf("%s has the tag %s, although time alone can change it", q, tag)
		}
	}
}

func TestClosedSessionsAreKept(t *testing.T) {
	r := start(t, setup{noArchive: true})
	for target, want := range map[string]string{
		"/api/patterns?session_date=2026-11-19": "private, max-age=86400",
		"/api/patterns?session_date=2026-11-20": "private, no-cache",
		"/api/patterns":                         "private, no-cache",
	} {
		if got := r.get(target).is(200).Header().Get("Cache-Control"); got != want {
			t.Errorf("%s: %q", target, got)
		}
	}
}

func TestSparseFieldsAndFormats(t *testing.T) {
	r := start(t, setup{noArchive: true})
	e := spike("e1", "AAPL", friday, .91)
	e.Source = `=HYPERLINK("http://evil","x")`
	e.Label = "Spike, \"big\"\nand {odd} [text] \\"
	r.publish(e)
	if got := r.get("/api/patterns?fields=confidence,symbol").is(200).Body.String(); !strings.HasPrefix(got, `{"patterns":[{"id":"e1","symbol":"AAPL","confidence":0.91}],"metadata":`) {
		t.Errorf("sparse: %s", got)
	}
	if got := r.get("/api/patterns?fields=symbol&include=levels,status&format=ndjson").is(200).Body.String(); got !=
		`{"id":"e1","symbol":"AAPL","levels":[{"kind":"entry","price":228.6},{"kind":"target","price":232.5,"label":"T1"}],"status":"active"}`+"\n" {
		t.Errorf("ndjson: %s", got)
	}
	got := r.get("/api/patterns?fields=id,symbol,pattern_label,price_change_pct,source,details", "Accept", "text/csv;q=0.9, application/xml").is(200)
	want := "id,symbol,pattern_label,price_change_pct,source,details\r\n" +
		"e1,AAPL,\"Spike, \"\"big\"\"\r\nand {odd} [text] \\\",-0.84,\"'=HYPERLINK(\"\"http://evil\"\",\"\"x\"\")\",\"{\"\"vwap\"\":228.9,\"\"note\"\":\"\"=SUM(A1)\"\"}\"\r\n"
	if got.Body.String() != want || !strings.HasPrefix(got.Header().Get("Content-Type"), "text/csv") {
		t.Errorf("csv\ngot  %q\nwant %q", got.Body.String(), want)
	}
	r.get("/api/patterns", "Accept", "application/xml").problem(406, "header.Accept")
}

func TestExportStreamsEverythingAndSaysWhenItIsCut(t *testing.T) {
	r := start(t, setup{ring: 16, change: func(c *Config) { c.ExportRows = 2500 }})
	var events []*event.Event
	for i := range 3000 {
		events = append(events, spike(fmt.Sprintf("e%04d", i), "AAPL", friday.Add(-time.Duration(i)*time.Minute), .7))
	}
	r.store(events...)
	a := r.get("/api/patterns/intraday?format=ndjson").is(200)
	if n := strings.Count(a.Body.String(), "\n"); n != 2500 || a.Result().Trailer.Get("X-Truncated") != "true" {
		t.Errorf("%d rows, truncated %q", n, a.Result().Trailer.Get("X-Truncated"))
	}
	a = r.get("/api/patterns/intraday?format=csv&until=-2000m").is(200)
	if n := strings.Count(a.Body.String(), "\r\n"); n != 1000 || a.Result().Trailer.Get("X-Truncated") != "false" { // with the header, without e2000 itself
		t.Errorf("%d lines, truncated %q", n, a.Result().Trailer.Get("X-Truncated"))
	}
	a = r.get("/api/patterns/intraday?format=csv&limit=10").is(200)
	link := a.Header().Get("Link")
	if strings.Count(a.Body.String(), "\r\n") != 11 || !strings.HasPrefix(link, "</api/patterns/intraday?cursor=") || !strings.HasSuffix(link, `>; rel="next"`) {
		t.Errorf("page: %q", link)
	}
	next, _, _ := strings.Cut(strings.TrimPrefix(link, "<"), ">")
	if got := r.get(next).is(200).Body.String(); !strings.Contains(got, "\r\npattern,e0010,") || strings.Contains(got, "e0009,") || strings.Count(got, "\r\n") != 11 {
		t.Errorf("next page: %s", got)
	}
	r.memory.broken(errAway)
	r.get("/api/patterns/intraday?format=ndjson").problem(503, "")
}

func TestWatchlistNarrowsAList(t *testing.T) {
	r := start(t, setup{noArchive: true})
	r.publish(spike("a", "AAPL", friday, .7), spike("b", "NVDA", friday, .7), spike("c", "TSLA", friday, .7))
	var w api.Watchlist
	a := r.ask("POST", "/api/watchlists", `{"name":"mine","symbols":["nvda","AAPL","AAPL"]}`).is(201)
	a.read(&w)
	if !slices.Equal(w.Symbols, []string{"AAPL", "NVDA"}) || a.Header().Get("Location") != "/api/watchlists/"+w.ID || a.Header().Get("ETag") != `"1"` {
		t.Fatalf("%+v %v", w, a.Header())
	}
	for q, want := range map[string][]string{
		"": {"b", "a"}, "&symbols=TSLA,AAPL": {"a"}, "&symbols=TSLA": {}, "&exclude_symbols=NVDA": {"a"},
	} {
		var l api.PatternList
		r.get("/api/patterns?watchlist=" + w.ID + q).is(200).read(&l)
		if !slices.Equal(ids(l), want) {
			t.Errorf("%q: %v, want %v", q, ids(l), want)
		}
	}
	var page, next api.PatternList
	r.get("/api/patterns?limit=1&watchlist=" + w.ID).is(200).read(&page)
	r.get(page.Metadata.NextURL).is(200).read(&next)
	if !slices.Equal(append(ids(page), ids(next)...), []string{"b", "a"}) {
		t.Errorf("pages %v %v", ids(page), ids(next))
	}
	r.user = "eve"
	r.get("/api/patterns?watchlist="+w.ID).problem(422, "query.watchlist")
}

func TestSavedThings(t *testing.T) {
	bodies := map[string][2]string{
		"/api/subscriptions": {`{"name":"one","filters":[{"tiers":["intraday"],"symbols":["aapl"]}]}`, `{"name":"two","filters":[{}],"active":false}`},
		"/api/views":         {`{"name":"one","layout":{"density":"rows"},"default":true}`, `{"name":"two","layout":{}}`},
		"/api/watchlists":    {`{"name":"one","symbols":["AMD"]}`, `{"name":"two","symbols":[]}`},
	}
	for path, body := range bodies {
		t.Run(path, func(t *testing.T) {
			r := start(t, setup{noArchive: true})
			var one struct {
				ID      string
				Name    string
				Version int64
			}
			if err := json.Unmarshal(r.ask("POST", path, body[0]).is(201).Body.Bytes(), &one); err != nil {
				t.Fatal(err)
			}
			own := path + "/" + one.ID
			r.ask("POST", path, body[0]).problem(409, "body.name")
			r.get(own).is(200)
			r.get(own, "If-None-Match", `"1"`).is(304)
			r.ask("PUT", own, body[1]).problem(428, "header.If-Match")
			r.ask("PUT", own, body[1], "If-Match", `"7"`).problem(412, "")
			r.ask("PUT", own, body[1], "If-Match", `seven`).problem(412, "header.If-Match")
			if a := r.ask("PUT", own, body[1], "If-Match", `"1"`).is(200); a.Header().Get("ETag") != `"2"` || !strings.Contains(a.Body.String(), `"two"`) {
				t.Errorf("%v %s", a.Header(), a.Body)
			}
			r.ask("PUT", own, body[0], "If-Match", "*").is(200)

			r.user = "eve" // sees none of it
			if got := r.get(path).is(200).Body.String(); strings.Contains(got, one.ID) || !strings.Contains(got, `"count":0`) {
				t.Errorf("another user's list: %s", got)
			}
			r.get(own).problem(404, "")
			r.ask("PUT", own, body[1], "If-Match", "*").problem(404, "")
			r.ask("DELETE", own, "", "If-Match", "*").problem(404, "")
			r.user = gate.LocalUser

			r.ask("DELETE", own, "").problem(428, "header.If-Match")
			r.ask("DELETE", own, "", "If-Match", `"1"`).problem(412, "")
			r.ask("DELETE", own, "", "If-Match", `"3"`).is(204)
			r.get(own).problem(404, "")
			for i := range shelf.Most {
				r.ask("POST", path, strings.Replace(body[1], "two", fmt.Sprint("n", i), 1)).is(201)
			}
			r.ask("POST", path, body[1]).problem(409, "")
			r.memory.broken(errAway)
			r.get(path).problem(503, "")
		})
	}
}

func TestOnlyOneViewIsTheDefault(t *testing.T) {
	r := start(t, setup{noArchive: true})
	for _, name := range []string{"a", "b"} {
		r.ask("POST", "/api/views", `{"name":"`+name+`","layout":{},"default":true}`).is(201)
	}
	var l api.ViewList
	r.get("/api/views").is(200).read(&l)
	if len(l.Views) != 2 || l.Views[0].Default || !l.Views[1].Default {
		t.Errorf("%+v", l)
	}
}

func TestPreferencesMerge(t *testing.T) {
	r := start(t, setup{noArchive: true})
	var p api.Preferences
	a := r.get("/api/me/preferences").is(200)
	if a.read(&p); p.Version != 0 || len(p.Values) != 0 || a.Header().Get("ETag") != `"0"` {
		t.Fatalf("%+v", p)
	}
	r.ask("PATCH", "/api/me/preferences", `{"values":{"theme":"dark","zone":"UTC"}}`).problem(428, "header.If-Match")
	r.ask("PATCH", "/api/me/preferences", `{"values":{"theme":"dark","zone":"UTC"}}`, "If-Match", `"0"`).is(200)
	r.ask("PATCH", "/api/me/preferences", `{"values":{}}`, "If-Match", `"0"`).problem(412, "")
	a = r.ask("PATCH", "/api/me/preferences", `{"values":{"zone":null,"n":{"a":[1]}}}`, "If-Match", `"1"`).is(200)
	if a.read(&p); p.Version != 2 || fmt.Sprint(p.Values) != "map[n:map[a:[1]] theme:dark]" || a.Header().Get("ETag") != `"2"` {
		t.Errorf("%+v", p)
	}
	r.user = "eve"
	var none api.Preferences
	if r.get("/api/me/preferences").is(200).read(&none); len(none.Values) != 0 {
		t.Errorf("another user's preferences: %+v", none)
	}
}

// TestRatesOfTheDay counts a trading day's events, also those that have left the ring since, and begins anew with the next day.
func TestRatesOfTheDay(t *testing.T) {
	r := start(t, setup{ring: 8})
	n := 0
	publish := func(count int, day string) {
		for range count {
			e := spike(fmt.Sprint("r", n), "AAPL", r.now.Add(-time.Duration(n)*time.Millisecond), .7)
			e.SessionDate = day
			n++
			r.publish(e)
		}
	}
	rate := func() api.Rate {
		r.now = r.now.Add(2 * ratesFor)
		var h api.TiersHealth
		r.get("/api/patterns/tiers/health").is(200).read(&h)
		return *h.Tiers["intraday"].Rate
	}
	publish(2, "2026-11-19")
	publish(5, "2026-11-20")
	if got := rate(); got.Session != 5 {
		t.Errorf("%+v, want 5", got)
	}
	publish(6, "2026-11-20")
	if got := rate(); got.Session != 11 || got.PerHour != 8 {
		t.Errorf("%+v, want 11 of the day and 8 in the ring", got)
	}
	publish(20, "2026-11-20")
	if got := rate(); got.Session != 19 {
		t.Errorf("%+v, want 19: twelve went by", got)
	}
	r.now = r.now.Add(72 * time.Hour)
	publish(1, "2026-11-23")
	if got := rate(); got.Session != 1 {
		t.Errorf("%+v, want 1 of Monday", got)
	}
}

func TestHealthAndClock(t *testing.T) {
	r := start(t, setup{change: func(c *Config) {
		c.ArchiveHealth = func() api.ArchiveHealth { return api.ArchiveHealth{Status: "down", Reason: "database away"} }
	}})
	r.tracker.Ingest(true, friday.Add(-time.Hour))
	r.publish(spike("e1", "AAPL", friday.Add(-4*time.Second), .7))
	r.tracker.EventAccepted("intraday", friday.Add(-4*time.Second))
	r.m.DeliverSeconds.WithLabelValues("intraday").Observe(.02)
	for _, tier := range []string{"intraday", "daily"} {
		r.m.IngestLag.WithLabelValues(tier).Observe(.004)
	}
	r.m.IngestEvents.WithLabelValues("intraday", "event").Inc()
	r.m.IngestEvents.WithLabelValues("intraday", "duplicate").Add(2)
	r.m.IngestEvents.WithLabelValues("intraday", "refused").Add(3)
	var h api.TiersHealth
	r.get("/api/patterns/tiers/health").is(200).read(&h)
	in := h.Tiers["intraday"]
	if h.Status != "degraded" || in.Status != "ok" || *in.AgeS != 4 || in.Rate.PerMin != 1 || in.Counters.Accepted != 1 || in.DeliverMS == nil || h.Archive.Reason != "database away" {
		t.Errorf("%+v %+v", h, in)
	}
	if c := *in.Counters; c != (api.TierCounters{Accepted: 1, Received: 6, Duplicate: 2, Refused: 3}) {
		t.Errorf("counted %+v", c)
	}
	if in.IngestLagMS == nil || in.IngestLagMS.P50 <= 2.5 || in.IngestLagMS.P50 > 5 || h.Tiers["combo"].IngestLagMS != nil {
		t.Errorf("lags %+v, %+v", in.IngestLagMS, h.Tiers["combo"].IngestLagMS)
	}
	var ops api.Ops
	r.get("/api/ops").is(200).read(&ops)
	if ops.Lag == nil || *ops.Lag != *in.IngestLagMS || ops.Histograms["ingest_lag daily"].Count != 1 {
		t.Errorf("lag of all tiers %+v, by tier %v", ops.Lag, ops.Histograms)
	}
	if d := h.Tiers["daily"]; d.StaleAfterS != nil || d.Reason == "" {
		t.Errorf("daily %+v", d)
	}
	var c api.Clock
	r.get("/api/market/clock").is(200).read(&c)
	if c.Session != "regular" || c.ClosesAt.Format(time.RFC3339) != "2026-11-20T21:00:00Z" {
		t.Errorf("%+v", c)
	}
	var days api.MarketSessions
	r.get("/api/market/sessions?from=2026-11-25&to=2026-11-28").is(200).read(&days)
	kinds := []string{}
	for _, d := range days.Days {
		kinds = append(kinds, d.Kind)
	}
	if !slices.Equal(kinds, []string{"trading", "closed", "early", "closed"}) {
		t.Errorf("%v", kinds)
	}
	r.get("/api/market/sessions?from=2026-11-28&to=2026-11-25").problem(422, "query.to")
	r.get("/api/market/sessions?from=2026-11-28&to=2036-11-25").problem(422, "query.to")
}

func TestSymbolsAndTypes(t *testing.T) {
	r := start(t, setup{})
	r.publish(spike("e1", "AAPL", friday, .7), spike("e2", "NVDA", friday, .7))
	r.store(spike("e3", "AAP", friday.Add(-time.Hour), .7))
	var s api.Symbols
	r.get("/api/symbols?q=aa").is(200).read(&s)
	if len(s.Symbols) != 2 || s.Symbols[0].Symbol != "AAP" || s.Symbols[0].LastAt != nil || s.Symbols[1].LastAt == nil {
		t.Errorf("%+v", s)
	}
	var types api.PatternTypes
	r.get("/api/patterns/types").is(200).read(&types)
	if i := slices.IndexFunc(types.Types, func(p api.PatternType) bool { return p.Slug == "bull_flag" }); i < 0 || types.Types[i].DefaultHorizon != "5d" || types.Types[i].Tiers[0] != "daily" {
		t.Errorf("%+v", types.Types)
	}
}

func TestEstimate(t *testing.T) {
	for _, noArchive := range []bool{true, false} {
		r := start(t, setup{noArchive: noArchive})
		var none api.Estimate
		r.ask("POST", "/api/subscriptions/estimate", `{"filters":[{}]}`).is(200).read(&none)
		if none.PerHour != 0 {
			t.Errorf("%+v", none)
		}
		for i := range 48 {
			e := spike(fmt.Sprint("e", i), []string{"AAPL", "NVDA"}[i%2], friday.Add(time.Duration(i-48)*30*time.Minute), .7)
			r.publish(e)
			r.store(e)
		}
		var got api.Estimate
		r.ask("POST", "/api/subscriptions/estimate", `{"filters":[{"symbols":["aapl"]}]}`).is(200).read(&got)
		if got.SampleHours < 23.9 || got.SampleHours > 24.1 || got.PerHour < .9 || got.PerHour > 1.1 {
			t.Errorf("archive %v: %+v", !noArchive, got)
		}
	}
}

func TestOpsAndDeadLetters(t *testing.T) {
	r := start(t, setup{change: func(c *Config) {
		c.DeadLetters = func(limit int) ([]api.DeadLetter, uint64) {
			return slices.Repeat([]api.DeadLetter{{Reason: "no_symbol", Head: "<b>"}}, min(limit, 3)), 7
		}
		c.Settings = func() []api.Setting { return []api.Setting{{Name: "redis-url", Value: "***", From: "environment"}} }
		c.Streams = func() int { return 2 }
	}})
	r.publish(spike("e1", "AAPL", friday, .7))
	r.m.IngestRejects.WithLabelValues("no_symbol").Add(3)
	r.m.DeliverSeconds.WithLabelValues("intraday").Observe(.02)
	var o api.Ops
	r.get("/api/ops").is(200).read(&o)
	if o.Hub.Seq != 1 || o.Rejects["no_symbol"] != 3 || o.Streams != 2 || o.Settings[0].Value != "***" || o.Histograms["deliver intraday"].Count != 1 || o.Lag != nil {
		t.Errorf("%+v", o)
	}
	var d api.DeadLetters
	r.get("/api/ops/dead-letters?limit=2").is(200).read(&d)
	if d.Total != 7 || len(d.Letters) != 2 {
		t.Errorf("%+v", d)
	}
	var me api.Me
	if r.get("/api/me").is(200).read(&me); me.ID != "local" || me.Limits.RequestsPerMinute != 6000 || me.Limits.ExportsPerMinute != 30 || me.Limits.ExportRows != 100_000 {
		t.Errorf("%+v", me)
	}
}

func TestMethodsAndPaths(t *testing.T) {
	r := start(t, setup{noArchive: true})
	r.publish(spike("e1", "AAPL", friday, .7))
	if a := r.ask("OPTIONS", "/api/patterns/daily", "").is(204); a.Header().Get("Allow") != "GET, HEAD, OPTIONS" {
		t.Errorf("%v", a.Header())
	}
	if a := r.ask("DELETE", "/api/views", "", "If-Match", "*"); a.Header().Get("Allow") != "GET, HEAD, OPTIONS, POST" {
		t.Errorf("%v", a.Header())
	} else {
		a.problem(405, "")
	}
	if a := r.ask("HEAD", "/api/patterns/intraday", "").is(200); a.Header().Get("ETag") == "" {
		t.Errorf("%v", a.Header())
	}
	if p := r.get("/api/patterns/dailyy/x/y").problem(404, ""); p.Type != "/problems/not-found" {
		t.Errorf("%+v", p)
	}
	if p := r.get("/api/pattern").problem(404, ""); !strings.Contains(p.Detail, "/api/patterns") {
		t.Errorf("%+v", p)
	}
	r.get("/api/patterns/nope").problem(404, "")
	r.ask("POST", "/api/views", `{"name":"x","layout":{}}`, "Sec-Fetch-Site", "cross-site").problem(403, "")
	for _, k := range problem.Kinds() {
		if a := r.get("/problems/" + k.Slug).is(200); !strings.Contains(a.Body.String(), k.Title) || !strings.Contains(a.Header().Get("Content-Security-Policy"), "default-src 'none'") {
			t.Errorf("%s: %v", k.Slug, a.Header())
		}
	}
	r.get("/problems/none").problem(404, "")
}

func TestTheStreamHasItsOwnRoute(t *testing.T) {
	r := start(t, setup{noArchive: true, change: func(c *Config) {
		c.Stream = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { _, _ = io.WriteString(w, gate.User(r.Context())) })
	}})
	r.user = "ann"
	if got := r.get("/api/stream/patterns", "Accept-Encoding", "gzip").is(200); got.Body.String() != "ann" || got.Header().Get("Content-Encoding") != "" {
		t.Errorf("%v %s", got.Header(), got.Body)
	}
	r.ask("POST", "/api/stream/patterns", "").problem(405, "")
	if a := r.ask("OPTIONS", "/api/stream/patterns", "").is(204); a.Header().Get("Allow") != "GET, OPTIONS" {
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
