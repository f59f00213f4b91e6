package list

import (
	"cmp"
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"tierboard/server/calendar"
	"tierboard/server/hub"
	"tierboard/server/metrics"
	"tierboard/server/problem"
	"tierboard/server/query"
	"tierboard/server/rest/related"
	"tierboard/server/rest/resttest"
	"tierboard/server/rest/source"
	"tierboard/shared/api"
	"tierboard/shared/event"
)

// rig is a List with everything behind it.
type rig struct {
	*resttest.Caller

	hub     *hub.Hub
	archive *resttest.Archive
	now     time.Time
}

// setup are the parts of a rig that tests change.
type setup struct {
	ring      int
	noArchive bool
	archive   source.Archive // another than the rig's
	change    func(*Config)
}

// start makes a rig; its hub runs until the test ends.
func start(t testing.TB, s setup) *rig {
	t.Helper()
	r := &rig{hub: resttest.Hub(t, cmp.Or(s.ring, 4096), metrics.New()), archive: &resttest.Archive{}, now: resttest.Friday}
	market := calendar.NYSE()
	archive := s.archive
	if archive == nil && !s.noArchive {
		archive = r.archive
	}
	from := source.New(r.hub, archive, slog.New(slog.DiscardHandler))
	cfg := Config{
		Hub: r.hub, Source: from, Relations: related.New(from), Market: func() *calendar.Calendar { return market }, Gate: resttest.Gate(t, nil),
		ExportRows: 100_000, Now: func() time.Time { return r.now },
		Watchlist: func(_ context.Context, id string) (api.Watchlist, error) {
			if id != "mine" {
				return api.Watchlist{}, problem.At(problem.Parameter, problem.Field("query.watchlist", "", "is none of yours"))
			}
			return api.Watchlist{ID: id, Symbols: []string{"AAPL", "NVDA"}}, nil
		},
	}
	if s.change != nil {
		s.change(&cfg)
	}
	r.Caller = resttest.Serve(t, cfg.Gate, New(cfg).Operations()...)
	return r
}

// publish gives events to the hub.
func (r *rig) publish(events ...*event.Event) {
	r.T.Helper()
	resttest.Publish(r.T, r.hub, events...)
}

func TestNewestPageNeedsNoArchive(t *testing.T) {
	r := start(t, setup{})
	for i := range 300 { // five minutes of events
		r.publish(resttest.Spike(fmt.Sprint("e", i), "AAPL", resttest.Friday.Add(time.Duration(i-300)*time.Second), .7))
	}
	r.archive.Break(resttest.ErrAway)
	var l api.PatternList
	r.Get("/api/patterns/intraday").Is(200).Read(&l)
	if len(l.Patterns) != 100 || l.Patterns[0].ID != "e299" || r.archive.Pages() != 0 {
		t.Errorf("%d events from %s, %d looks into the archive", len(l.Patterns), l.Patterns[0].ID, r.archive.Pages())
	}
	r.Get("/api/patterns/intraday?since=-2m&sort=-confidence").Is(200)
	if p := r.Get("/api/patterns/intraday?sort=-confidence").Problem(503, ""); strings.Contains(p.Detail, "hunter2") || strings.Contains(p.Detail, "10.0") {
		t.Errorf("the problem shows the server: %+v", p)
	}
	if a := r.Get("/api/patterns/intraday?until=-3h"); a.Code != 503 || a.Header().Get("Retry-After") == "" {
		t.Errorf("%d %v", a.Code, a.Header())
	}
}

func TestETagIsCheckedBeforeTheQuery(t *testing.T) {
	r := start(t, setup{})
	r.publish(resttest.Spike("e1", "AAPL", resttest.Friday, .7))
	for _, target := range []string{"/api/patterns/intraday?sort=symbol", "/api/patterns?tiers=intraday,combo"} {
		tag := r.Get(target).Is(200).Header().Get("ETag")
		looks := r.archive.Pages()
		if !strings.HasPrefix(tag, `W/"`) {
			t.Fatalf("%s has the tag %q", target, tag)
		}
		if a := r.Get(target, "If-None-Match", `"x", `+tag); a.Code != 304 || a.Body.Len() > 0 || r.archive.Pages() != looks || a.Header().Get("ETag") != tag {
			t.Errorf("%s: %d %q, %d looks", target, a.Code, a.Body, r.archive.Pages()-looks)
		}
	}
	tag := r.Get("/api/patterns/intraday").Header().Get("ETag")
	other := r.Get("/api/patterns/intraday?limit=5").Header().Get("ETag")
	if tag == other {
		t.Error("two pages have one tag")
	}
	r.publish(resttest.Flag("d1", "AAPL", resttest.Friday.Add(-time.Hour), .7))
	r.Get("/api/patterns/intraday", "If-None-Match", tag).Is(304) // another tier's event changes nothing
	r.publish(resttest.Spike("e2", "AAPL", resttest.Friday.Add(time.Second), .7))
	r.Get("/api/patterns/intraday", "If-None-Match", tag).Is(200)
	for _, q := range []string{"status=active", "include=status", "include=outcome", "include=related"} {
		if tag := r.Get("/api/patterns/intraday?" + q).Is(200).Header().Get("ETag"); tag != "" {
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
		if got := r.Get(target).Is(200).Header().Get("Cache-Control"); got != want {
			t.Errorf("%s: %q", target, got)
		}
	}
}

func TestSparseFieldsAndFormats(t *testing.T) {
	r := start(t, setup{noArchive: true})
	e := resttest.Spike("e1", "AAPL", resttest.Friday, .91)
	e.Source = `=HYPERLINK("http://evil","x")`
	e.Label = "Spike, \"big\"\nand {odd} [text] \\"
	r.publish(e)
	if got := r.Get("/api/patterns?fields=confidence,symbol").Is(200).Body.String(); !strings.HasPrefix(got, `{"patterns":[{"id":"e1","symbol":"AAPL","confidence":0.91}],"metadata":`) {
		t.Errorf("sparse: %s", got)
	}
	if got := r.Get("/api/patterns?fields=symbol&include=levels,status&format=ndjson").Is(200).Body.String(); got !=
		`{"id":"e1","symbol":"AAPL","levels":[{"kind":"entry","price":228.6},{"kind":"target","price":232.5,"label":"T1"}],"status":"active"}`+"\n" {
		t.Errorf("ndjson: %s", got)
	}
	got := r.Get("/api/patterns?fields=id,symbol,pattern_label,price_change_pct,source,details", "Accept", "text/csv;q=0.9, application/xml").Is(200)
	want := "id,symbol,pattern_label,price_change_pct,source,details\r\n" +
		"e1,AAPL,\"Spike, \"\"big\"\"\r\nand {odd} [text] \\\",-0.84,\"'=HYPERLINK(\"\"http://evil\"\",\"\"x\"\")\",\"{\"\"vwap\"\":228.9,\"\"note\"\":\"\"=SUM(A1)\"\"}\"\r\n"
	if got.Body.String() != want || !strings.HasPrefix(got.Header().Get("Content-Type"), "text/csv") {
		t.Errorf("csv\ngot  %q\nwant %q", got.Body.String(), want)
	}
	r.Get("/api/patterns", "Accept", "application/xml").Problem(406, "header.Accept")
}

// TestCursors are refused when they are cut, changed, old, or from elsewhere.
func TestCursors(t *testing.T) {
	r := start(t, setup{noArchive: true})
	for i := range 5 {
		r.publish(resttest.Spike(fmt.Sprint("e", i), "AAPL", resttest.Friday.Add(time.Duration(i)*time.Second), .7))
	}
	var l api.PatternList
	r.Get("/api/patterns/intraday?limit=2&symbols=aapl&since=-1h").Is(200).Read(&l)
	cursor := l.Metadata.NextCursor
	refuse := func(why, path, cursor string) {
		t.Helper()
		if p := r.Get(path+"?cursor="+url.QueryEscape(cursor)).Problem(422, "query.cursor"); p.Type != "/problems/invalid-cursor" {
			t.Errorf("%s: %+v", why, p)
		}
	}
	refuse("cut", "/api/patterns/intraday", cursor[:len(cursor)-4])
	refuse("of another path", "/api/patterns", cursor)
	refuse("of another path", "/api/patterns/daily", cursor)
	change := func(name string, value any) string {
		raw, err := base64.RawURLEncoding.DecodeString(cursor)
		if err != nil {
			t.Fatal(err)
		}
		m := map[string]any{}
		if err := json.Unmarshal(raw, &m); err != nil {
			t.Fatal(err)
		}
		m[name] = value
		out, err := json.Marshal(m)
		if err != nil {
			t.Fatal(err)
		}
		return base64.RawURLEncoding.EncodeToString(out)
	}
	refuse("bad filter", "/api/patterns/intraday", change("q", "symbols=%00"))
	refuse("unknown filter", "/api/patterns/intraday", change("q", "x=1"))
	refuse("a cursor inside", "/api/patterns/intraday", change("q", "cursor=x"))
	refuse("no id", "/api/patterns/intraday", change("i", ""))
	refuse("other version", "/api/patterns/intraday", change("v", 9))
	refuse("other field", "/api/patterns/intraday", change("z", 9))
	refuse("from the future", "/api/patterns/intraday", change("t", resttest.Friday.Add(48*time.Hour).Unix()))
	refuse("asked in the future", "/api/patterns/intraday", change("n", resttest.Friday.Add(48*time.Hour).UnixMilli()))
	refuse("text for a time", "/api/patterns/intraday", change("m", "x"))

	// A forged one asks nothing that a query string could not: another tier in it changes nothing.
	var forged api.PatternList
	r.Get("/api/patterns/intraday?cursor=" + change("q", "tiers=daily&sort=-detected_at")).Is(200).Read(&forged)
	if len(forged.Patterns) == 0 || forged.Patterns[0].Tier != "intraday" {
		t.Errorf("%v", resttest.IDs(forged.Patterns))
	}
	var next api.PatternList
	r.Get("/api/patterns/intraday?cursor=" + cursor).Is(200).Read(&next)
	if !slices.Equal(resttest.IDs(next.Patterns), []string{"e2", "e1", "e0"}) || next.Metadata.Applied.Symbols[0] != "AAPL" {
		t.Errorf("%v", resttest.IDs(next.Patterns))
	}
	r.now = r.now.Add(query.CursorLife + time.Second)
	if p := r.Get("/api/patterns/intraday?cursor="+cursor).Problem(422, "query.cursor"); !strings.Contains(p.Detail, "expired") {
		t.Errorf("%+v", p)
	}
}

// TestWatchlistsNarrow asks for the symbols of a watchlist, alone and together with others.
func TestWatchlistsNarrow(t *testing.T) {
	r := start(t, setup{noArchive: true})
	for _, symbol := range []string{"AAPL", "NVDA", "TSLA"} {
		r.publish(resttest.Spike(symbol, symbol, resttest.Friday, .7))
	}
	for q, want := range map[string][]string{"": {"NVDA", "AAPL"}, "&symbols=TSLA,AAPL": {"AAPL"}, "&symbols=TSLA": {}} {
		var l api.PatternList
		r.Get("/api/patterns?watchlist=mine" + q).Is(200).Read(&l)
		if !slices.Equal(resttest.IDs(l.Patterns), want) {
			t.Errorf("%q: %v, want %v", q, resttest.IDs(l.Patterns), want)
		}
	}
	r.Get("/api/patterns?watchlist=other").Problem(422, "query.watchlist")
	if rows := r.Get("/api/patterns?watchlist=mine&symbols=TSLA&format=ndjson").Is(200); rows.Body.Len() != 0 {
		t.Errorf("an export of nothing has %q", rows.Body)
	}
}

// TestFormatsAreNegotiated reads the formats off headers that clients send.
func TestFormatsAreNegotiated(t *testing.T) {
	for accept, want := range map[string]string{
		"": "json", " ": "json", "*/*": "json", "text/html, */*;q=0.1": "json", "application/jsonl": "ndjson", "text/*": "csv",
		"application/json;q=0.5, text/csv": "csv", "text/csv;q=x, application/json": "json", ";;;, application/json": "json", "text/html": "", "text/csv;q=0": "",
	} {
		if got, err := negotiate("", accept); got != want || (err == nil) != (want != "") {
			t.Errorf("%q: %q %v, want %q", accept, got, err, want)
		}
	}
	if got, err := negotiate("csv", "application/json"); got != "csv" || err != nil {
		t.Errorf("%q %v", got, err)
	}
}

// TestNextPagesKeepWhatTheCursorDoesNot pages on with fields, include and format.
func TestNextPagesKeepWhatTheCursorDoesNot(t *testing.T) {
	r := start(t, setup{noArchive: true})
	for i := range 3 {
		r.publish(resttest.Spike(fmt.Sprint("e", i), "AAPL", resttest.Friday.Add(time.Duration(i)*time.Second), .7))
	}
	link := r.Get("/api/patterns?limit=1&fields=symbol&include=status&format=ndjson").Is(200).Header().Get("Link")
	next, _, _ := strings.Cut(strings.TrimPrefix(link, "<"), ">")
	if got := r.Get(next).Is(200).Body.String(); got != `{"id":"e1","symbol":"AAPL","status":"active"}`+"\n" {
		t.Errorf("%s: %s", next, got)
	}
}

// TestTagsKnowEveryTier changes tags through more events than the ring holds.
func TestTagsKnowEveryTier(t *testing.T) {
	r := start(t, setup{ring: 2, noArchive: true})
	tag := func() string { return r.Get("/api/patterns/daily").Is(200).Header().Get("ETag") }
	empty := tag()
	for i := range 5 {
		r.publish(resttest.Spike(fmt.Sprint("e", i), "AAPL", resttest.Friday.Add(time.Duration(i)*time.Second), .7))
	}
	if tag() == empty {
		t.Error("what came while nobody looked, and is gone, might have been a daily event")
	}
}

// TestExtrasThatCannotBeHad asks for outcomes of a database that goes away.
func TestExtrasThatCannotBeHad(t *testing.T) {
	r := start(t, setup{})
	r.publish(resttest.Spike("e1", "AAPL", resttest.Friday, .7))
	r.archive.Know("e1", api.Outcome{Horizon: "1d"})
	var l api.PatternList
	r.Get("/api/patterns/intraday?include=outcome&limit=1&since=-1m").Is(200).Read(&l)
	if len(l.Patterns) != 1 || len(l.Patterns[0].Outcome) != 1 {
		t.Errorf("%+v", l)
	}
	r.archive.Break(resttest.ErrAway)
	r.Get("/api/patterns/intraday?include=outcome&since=-1m").Problem(503, "")
	r.Get("/api/patterns/intraday?include=outcome&since=-1m&format=csv").Problem(503, "")
}
