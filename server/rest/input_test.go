package rest

import (
	"encoding/json"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"

	"tierboard/server/query"
	"tierboard/server/rest/resttest"
	"tierboard/shared/api"
	"tierboard/shared/event"
)

// injections are texts that somebody may hope to find a way in with.
var injections = []string{
	"' OR 1=1 --", `"; DROP TABLE events; --`, "<script>alert(1)</script>", "../../etc/passwd", "%00", "\x00", "{{7*7}}", "${jndi:ldap://x}",
	"\u202e\u2028", "=cmd|' /C calc'!A0", strings.Repeat("A", 5000), "\xff\xfe", "NaN", "Infinity", "-Infinity", "1e999", "0x10", "-0", "99999999999999999999",
}

// TestBadParameters asks every operation for values that cannot be used. Each answer names the parameter.
func TestBadParameters(t *testing.T) {
	r := full(t)
	many := strings.Repeat("A,", 9_999) + "A"
	lists := []string{"/api/patterns", "/api/patterns/daily", "/api/patterns/intraday", "/api/patterns/combo"}
	for _, c := range []struct {
		paths    []string
		query    string
		location string
	}{
		{lists, "limit=0", "query.limit"},
		{lists, "limit=1001", "query.limit"},
		{lists, "limit=-1", "query.limit"},
		{lists, "limit=ten", "query.limit"},
		{lists, "limit=1.5", "query.limit"},
		{lists, "limit=", "query.limit"},
		{lists, "limit=5&limit=6", "query.limit"},
		{lists, "confidence_min=high", "query.confidence_min"},
		{lists, "confidence_min=NaN", "query.confidence_min"},
		{lists, "confidence_min=0x1p-2", "query.confidence_min"},
		{lists, "confidence_min=1.01", "query.confidence_min"},
		{lists, "confidence_min=-0.1", "query.confidence_min"},
		{lists, "confidence_min=85", "query.confidence_min"},
		{lists, "confidence_max=0", "query.confidence_max"},
		{lists, "confidence_min=0.9&confidence_max=0.5", "query.confidence_min"},
		{lists, "priority_min=urgent", "query.priority_min"},
		{lists, "symbl=AAPL", "query.symbl"},
		{lists, "symbols=AAPL&symbol=MSFT", "query.symbols"},
		{lists, "symbols=AAPL,,MSFT", "query.symbols"},
		{lists, "symbols=" + many, "query.symbols"},
		{lists, "exclude_symbols=" + many, "query.exclude_symbols"},
		{lists, "symbols=" + strings.Repeat("X", 33), "query.symbols"},
		{lists, "pattern_types=%21%21", "query.pattern_types"},
		{lists, "sessions=lunch", "query.sessions"},
		{lists, "direction=sideways", "query.direction"},
		{lists, "directions=sideways", "query.directions"},
		{lists, "status=dead", "query.status"},
		{lists, "since=yesterday", "query.since"},
		{lists, "since=-3y", "query.since"},
		{lists, "since=-99999999999d", "query.since"},
		{lists, "since=1e400", "query.since"},
		{lists, "since=99999999999999", "query.since"},
		{lists, "since=0001-01-01T00:00:00Z", "query.since"},
		{lists, "since=2026-11-20T20:00:00Z&until=2026-11-20T19:00:00Z", "query.since"},
		{lists, "until=x", "query.until"},
		{lists, "updated_since=x", "query.updated_since"},
		{lists, "session_date=20.11.2026", "query.session_date"},
		{lists, "session_date=2026-02-30", "query.session_date"},
		{lists, "sort=price", "query.sort"},
		{lists, "fields=symbol,prize", "query.fields"},
		{lists, "include=everything", "query.include"},
		{lists, "include=raw", "query.include"},
		{lists, "format=xml", "query.format"},
		{lists, "watchlist=nope", "query.watchlist"},
		{lists, "watchlist=", "query.watchlist"},
		{lists, "cursor=", "query.cursor"},
		{lists, "cursor=AAAA", "query.cursor"},
		{lists, "cursor=%7B%7D", "query.cursor"},
		{lists, "cursor=AAAA&symbols=A", "query.symbols"},
		{lists[:1], "tiers=dayly", "query.tiers"},
		{lists[1:], "tiers=daily", "query.tiers"},
		{lists, "a=%zz", "query"},
		{lists, "%3Cb%3E=1", "query"},
		{[]string{"/api/patterns/i1"}, "fields=x", "query.fields"},
		{[]string{"/api/patterns/i1"}, "symbols=A", "query.symbols"},
		{[]string{"/api/patterns/i1/related"}, "limit=3", "query.limit"},
		{[]string{"/api/patterns/types", "/api/patterns/tiers/health", "/api/market/clock", "/api/me", "/api/me/preferences", "/api/views", "/api/ops"}, "x=1", "query.x"},
		{[]string{"/api/patterns/performance"}, "horizon=2d", "query.horizon"},
		{[]string{"/api/patterns/performance"}, "tiers=weekly", "query.tiers"},
		{[]string{"/api/patterns/performance"}, "since=-9000d", "query.since"},
		{[]string{"/api/patterns/performance"}, "since=2026-11-21&until=2026-11-20", "query.since"},
		{[]string{"/api/patterns/performance"}, "group_by=mood", "query.group_by"},
		{[]string{"/api/symbols"}, "q=" + strings.Repeat("X", 40), "query.q"},
		{[]string{"/api/symbols"}, "limit=101", "query.limit"},
		{[]string{"/api/market/sessions"}, "from=soon", "query.from"},
		{[]string{"/api/ops/dead-letters"}, "limit=0", "query.limit"},
	} {
		for _, path := range c.paths {
			name := path + "?" + c.query[:min(len(c.query), 60)]
			t.Run(name, func(t *testing.T) {
				a := r.Get(path + "?" + c.query)
				a.T = t
				if a.Code != 400 && a.Code != 422 {
					t.Fatalf("status %d: %s", a.Code, a.Body)
				}
				var p api.Problem
				a.Read(&p)
				if !slices.ContainsFunc(p.Errors, func(e api.FieldError) bool {
					return e.Location == c.location || strings.HasPrefix(e.Location, c.location+"[")
				}) {
					t.Errorf("%s is not named: %s", c.location, a.Body)
				}
			})
		}
	}
	if p := r.Get("/api/patterns?symbl=A").Problem(422, "query.symbl"); !strings.Contains(p.Detail, "did you mean symbols?") {
		t.Errorf("no suggestion: %s", p.Detail)
	}
	if p := r.Get("/api/patterns?limit=x&sort=y&since=z").Problem(422, "query.limit"); len(p.Errors) != 3 {
		t.Errorf("not all faults are named: %+v", p.Errors)
	}
}

// TestInjectionsAreNeverEchoed puts hostile text into every parameter of every operation.
func TestInjectionsAreNeverEchoed(t *testing.T) {
	r := full(t)
	for path, item := range r.rest.OpenAPI().Paths {
		if item.Get == nil || item.Get.OperationID == "streamPatterns" {
			continue
		}
		for _, text := range injections {
			for _, p := range item.Get.Parameters {
				if p.In != "query" {
					continue
				}
				a := r.Get(strings.ReplaceAll(path, "{id}", "i1") + "?" + url.Values{p.Name: {text}}.Encode())
				if a.Code >= 500 {
					t.Errorf("%s %s=%q: %d %s", path, p.Name, text, a.Code, a.Body)
				}
				// A list tells which symbols it was asked for, as JSON that stays text wherever it is pasted; a refusal tells nothing.
				if strings.Contains(a.Body.String(), "<script") || a.Code >= 400 && strings.ContainsAny(text, "<'\"{$") && strings.Contains(a.Body.String(), text) {
					t.Errorf("%s %s=%q is echoed: %.300s", path, p.Name, text, a.Body)
				}
			}
			if strings.Contains(path, "{id}") {
				if a := r.Get(strings.ReplaceAll(path, "{id}", url.PathEscape(text))); a.Code != 404 || strings.Contains(a.Body.String(), "<script") {
					t.Errorf("%s with the id %q: %d %s", path, text, a.Code, a.Body)
				}
			}
		}
	}
}

// TestBadBodies sends every sort of body that cannot be used.
func TestBadBodies(t *testing.T) {
	r := full(t)
	sub, view, watch := "/api/subscriptions", "/api/views", "/api/watchlists"
	for _, c := range []struct {
		path, body string
		status     int
		location   string
	}{
		{sub, `{`, 400, "body"},
		{sub, `{} {}`, 400, "body"},
		{sub, `[]`, 422, "body"},
		{sub, `null`, 422, "body"},
		{sub, `{}`, 422, "body"},
		{sub, `{"name":"x","filters":[]}`, 422, "body.filters"},
		{sub, `{"name":"","filters":[{}]}`, 422, "body.name"},
		{sub, `{"name":" ","filters":[{}]}`, 422, "body.name"},
		{sub, `{"name":7,"filters":[{}]}`, 422, "body.name"},
		{sub, `{"name":"x","filters":[{}],"colour":"red"}`, 422, "body.colour"},
		{sub, `{"name":"x","filters":[{"symbl":["A"]}]}`, 422, "body.filters[0].symbl"},
		{sub, `{"name":"x","filters":[{"tiers":["dayly"]}]}`, 422, "body.filters[0].tiers"},
		{sub, `{"name":"x","filters":[{"symbols":"A"}]}`, 422, "body.filters[0].symbols"},
		{sub, `{"name":"x","filters":[{"confidence_min":2}]}`, 422, "body.filters[0].confidence_min"},
		{sub, `{"name":"x","filters":[{"confidence_min":0.9,"confidence_max":0.5}]}`, 422, "body.filters[0].confidence_min"},
		{sub, `{"name":"x","filters":[` + strings.Repeat(`{},`, 16) + `{}]}`, 422, "body.filters"},
		{sub, `{"name":"x","filters":[{"symbols":[` + strings.Repeat(`"A",`, 10_000) + `"A"]}]}`, 422, "body.filters[0].symbols"},
		{sub, `{"name":"` + strings.Repeat("x", 300_000) + `"}`, 413, "body"},
		{"/api/subscriptions/estimate", `{"filters":[{"tiers":[7]}]}`, 422, "body.filters[0].tiers[0]"},
		{view, `{"name":"x"}`, 422, "body"},
		{view, `{"name":"x","layout":[]}`, 422, "body.layout"},
		{watch, `{"name":"x","symbols":["A","a,b"]}`, 422, "body.symbols[1]"},
		{watch, `{"name":"x","symbols":["\u0000"]}`, 422, "body.symbols[0]"},
	} {
		name := c.path + " " + c.body[:min(len(c.body), 60)]
		t.Run(name, func(t *testing.T) {
			a := r.Ask("POST", c.path, c.body)
			a.T = t
			a.Problem(c.status, c.location)
		})
	}
	r.Ask("POST", sub, `{}`, "Content-Type", "text/plain").Problem(415, "header.Content-Type")
	r.Ask("PATCH", "/api/me/preferences", `{"values":{"<b>":1}}`, "If-Match", "*").Problem(422, "body.values")
	r.Ask("PATCH", "/api/me/preferences", `{"values":{"`+strings.Repeat("a", 41)+`":1}}`, "If-Match", "*").Problem(422, "body.values")
	if p := r.Ask("POST", sub, `{"name":"x","filters":[{"symbl":["A"]}]}`).Problem(422, "body.filters[0].symbl"); !strings.Contains(p.Detail, "did you mean symbols?") {
		t.Errorf("no suggestion: %s", p.Detail)
	}
	if a := r.Ask("POST", sub, `{"name":"x","filters":[{}],"<script>":1}`); strings.Contains(a.Body.String(), "script") {
		t.Errorf("echoed: %s", a.Body)
	}
}

// FuzzLists gives any query string to every question that is published: the answer is what was asked for or a problem below 500.
func FuzzLists(f *testing.F) {
	r := start(f, setup{noArchive: true})
	var paths []string
	for path, item := range r.rest.OpenAPI().Paths {
		if item.Get != nil {
			paths = append(paths, strings.ReplaceAll(path, "{id}", "e1"))
		}
	}
	slices.Sort(paths)
	r.publish(resttest.Spike("e1", "AAPL", resttest.Friday, .7), resttest.Flag("d1", "BRK.B", resttest.Friday, .9))
	f.Add("symbols=AAPL&limit=1")
	f.Add("since=-3d&until=1795289471&sort=-confidence&status=active")
	f.Add("fields=symbol&include=status,levels&format=csv")
	f.Add("cursor=eyJ2IjoxfQ")
	f.Add("confidence_min=1e-5&priority_min=high&watchlist=x")
	f.Add("session_date=2026-11-20&tiers=daily&%00=&a;b")
	l, err := query.ParseList("limit=1&sort=symbol", "/api/patterns", event.TierNone, resttest.Friday)
	if err != nil {
		f.Fatal(err)
	}
	f.Add("cursor=" + l.Cursor(query.Key{Text: "AAPL", ID: "e1"}, resttest.Friday))
	f.Fuzz(func(t *testing.T, q string) {
		for _, path := range paths {
			req := httptest.NewRequest("GET", "http://localhost"+path, nil)
			req.URL.RawQuery = q
			w := httptest.NewRecorder()
			r.Handler.ServeHTTP(w, req)
			switch {
			case w.Code >= 500:
				t.Fatalf("%s?%s: %d %s", path, q, w.Code, w.Body)
			case w.Code >= 400 && w.Header().Get("Content-Type") != "application/problem+json":
				t.Fatalf("%s?%s: %d %v", path, q, w.Code, w.Header())
			case w.Header().Get("Content-Type") == "application/json" && !json.Valid(w.Body.Bytes()):
				t.Fatalf("%s?%s: %s", path, q, w.Body)
			}
		}
	})
}

// FuzzBodies gives any body to every operation that takes one.
func FuzzBodies(f *testing.F) {
	r := start(f, setup{noArchive: true})
	f.Add(`{"name":"x","filters":[{"symbols":["A"],"confidence_min":0.5}]}`)
	f.Add(`{"name":"x","layout":{"a":[1,null]},"default":true}`)
	f.Add(`{"name":"x","symbols":["A"]}`)
	f.Add(`{"values":{"a":null,"b":1e999}}`)
	f.Add(`{"name":1e5,"filters":[[]]}`)
	f.Fuzz(func(t *testing.T, body string) {
		for path, method := range map[string]string{
			"/api/subscriptions": "POST", "/api/views": "POST", "/api/watchlists": "POST", "/api/subscriptions/estimate": "POST", "/api/me/preferences": "PATCH",
		} {
			req := httptest.NewRequest(method, "http://localhost"+path, strings.NewReader(body))
			req.Header.Set("Content-Type", "application/json")
			req.Header.Set("If-Match", "*")
			w := httptest.NewRecorder()
			r.Handler.ServeHTTP(w, req)
			if w.Code >= 500 || !json.Valid(w.Body.Bytes()) {
				t.Fatalf("%s %s: %d %s", path, body, w.Code, w.Body)
			}
		}
		r.memory.library.Clear()
	})
}
