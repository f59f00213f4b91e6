package rest

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"tierboard/server/health/delivery"
	"tierboard/server/health/producer"
	"tierboard/server/rest/performance"
	"tierboard/server/rest/resttest"
	"tierboard/shared/api"
	"tierboard/shared/event"
)

// contract is the published contract, as a client reads it.
type contract struct {
	t        *testing.T
	registry huma.Registry
	seen     map[string]map[string]bool // by schema: fields that appeared in an answer
}

// check holds a value to a schema: every field it has is documented, every field the schema requires is there, and every value
// is one the schema allows. It notes the fields.
func (c *contract) check(where string, s *huma.Schema, v any) {
	c.t.Helper()
	path := huma.NewPathBuffer(make([]byte, 0, 64), 0)
	var res huma.ValidateResult
	huma.Validate(c.registry, s, path, huma.ModeReadFromServer, v, &res)
	for _, err := range res.Errors {
		c.t.Errorf("%s: %v", where, err)
	}
	c.note(s, v)
}

// note remembers which documented fields a value has.
func (c *contract) note(s *huma.Schema, v any) {
	name := ""
	for s.Ref != "" {
		name = s.Ref[strings.LastIndexByte(s.Ref, '/')+1:]
		s = c.registry.SchemaFromRef(s.Ref)
	}
	switch v := v.(type) {
	case map[string]any:
		of, _ := s.AdditionalProperties.(*huma.Schema)
		for key, value := range v {
			if p := s.Properties[key]; p != nil {
				if c.seen[name] == nil {
					c.seen[name] = map[string]bool{}
				}
				c.seen[name][key] = true
				c.note(p, value)
			} else if of != nil {
				c.note(of, value)
			}
		}
	case []any:
		for _, value := range v {
			c.note(s.Items, value)
		}
	}
}

// full is a rig in which every documented field has a value.
func full(t *testing.T) *rig {
	t.Helper()
	at := resttest.Friday.Add(-time.Hour)
	r := start(t, setup{change: func(c *Config) {
		c.ArchiveHealth = func() api.ArchiveHealth {
			return api.ArchiveHealth{Status: "degraded", Reason: "waits", Waiting: 3, Lost: 1, StoredAt: &at}
		}
		c.DeadLetters = func(int) ([]api.DeadLetter, uint64) {
			return []api.DeadLetter{{Time: at, Channel: "c", Reason: "no_symbol", Detail: "symbol: missing", Size: 3, Head: "{}"}}, 1
		}
		c.Settings = func() []api.Setting { return []api.Setting{{Name: "a", Value: "b", From: "flag"}} }
		c.Stream = http.NotFoundHandler()
		c.SlowSessions = func(limit int) []api.SlowSession {
			return []api.SlowSession{{Kind: "websocket", Address: "10.0.0.7", WaitingBytes: limit}}
		}
	}})
	daily := resttest.Flag("d1", "AAPL", resttest.Friday.Add(-22*time.Hour), .87)
	trigger := resttest.Spike("i1", "AAPL", resttest.Friday.Add(-10*time.Minute), .91)
	combo := resttest.Setup("c1", daily, trigger, resttest.Friday.Add(-9*time.Minute))
	r.publish(daily, trigger, combo)
	for i := range 3 {
		r.publish(resttest.Spike(fmt.Sprint("x", i), "NVDA", resttest.Friday.Add(time.Duration(-i)*time.Minute), .5))
	}
	one, yes := 1.2, true
	r.memory.Know("i1", api.Outcome{Horizon: "1d", ReturnPct: &one, Success: &yes, ResolvedAt: &at})
	r.memory.tallies = []performance.TierTally{{
		Tier: event.Daily, Tally: performance.Tally{Detected: 100, Resolved: 60, Pending: 40, Successes: 40, Returns: performance.Spread{N: 60, Mean: 1, Median: 1, P10: -1, P90: 2}},
		Seconds: performance.Spread{N: 60, Mean: 1, Median: 1, P10: 1, P90: 1}, Calibration: []performance.Bucket{{Low: .8, High: .9, N: 60, Successes: 40, MeanConfidence: .85}},
		Groups: []performance.GroupTally{{Value: "bull_flag", Tally: performance.Tally{Detected: 100, Resolved: 60, Pending: 40, Successes: 40, Returns: performance.Spread{N: 60, Mean: 1, Median: 1, P10: -1, P90: 2}}}},
	}}
	r.tracker.Ingest(true, resttest.Friday.Add(-2*time.Hour))
	r.tracker.EventAccepted("daily", resttest.Friday.Add(-22*time.Hour))
	r.tracker.EventAccepted("intraday", resttest.Friday.Add(-10*time.Minute))
	r.tracker.SessionEdge("s-1", producer.Implied, resttest.Friday.Add(-time.Minute))
	r.tracker.ProducerHealth(producer.Sample{SessionID: "s-1", Status: "healthy", At: resttest.Friday.Add(-time.Second)})
	r.tracker.Heartbeat(resttest.Friday.Add(-time.Hour))
	r.tracker.StreamFault("patterns", `there is no stream "patterns" in Redis`)
	r.tracker.Delivery(delivery.Sample{Errors: 11, Users: 2, Match: time.Millisecond, Deliver: time.Millisecond})
	for _, tier := range []string{"daily", "intraday"} {
		r.m.DeliverSeconds.WithLabelValues(tier).Observe(.02)
		r.m.IngestLag.WithLabelValues(tier).Observe(.004)
	}
	return r
}

// TestAnswersAreWhatTheContractSays calls every operation and compares what comes back with what is published: nothing
// undocumented appears, and every documented field does.
func TestAnswersAreWhatTheContractSays(t *testing.T) {
	r := full(t)
	spec := r.rest.OpenAPI()
	c := &contract{t: t, registry: spec.Components.Schemas, seen: map[string]map[string]bool{}}

	// Cut off, the feed shows what a connected one does not.
	cut := full(t)
	cut.tracker.Ingest(false, resttest.Friday)

	bodies := map[string]string{
		"subscriptions": `{"name":"a","filters":[{"kinds":["pattern"],"tiers":["daily"],"pattern_types":["doji"],"symbols":["A"],"exclude_symbols":["B"],` +
			`"timeframes":["5min"],"sessions":["regular"],"directions":["bullish"],"confidence_min":0.5,"confidence_max":0.9,"priority_min":"high"}],"active":true}`,
		"views":      `{"name":"a","layout":{"x":1},"default":true}`,
		"watchlists": `{"name":"a","symbols":["A"]}`,
		"estimate":   `{"filters":[{}]}`,
	}
	saved := map[string]string{}
	for shelf := range bodies {
		if shelf == "estimate" {
			continue
		}
		var v struct{ ID string }
		if err := json.Unmarshal(r.Ask("POST", "/api/"+shelf, bodies[shelf]).Is(201).Body.Bytes(), &v); err != nil {
			t.Fatal(err)
		}
		saved[shelf] = v.ID
	}
	watched := "/api/patterns?watchlist=" + saved["watchlists"]
	r.Ask("PATCH", "/api/me/preferences", `{"values":{"a":1}}`, "If-Match", `"0"`).Is(200)

	more := map[string][]string{ // beside the bare path
		"/api/patterns/daily":       {"?include=status,related,outcome"},
		"/api/patterns/intraday":    {"?include=status,related,outcome", "?limit=1"},
		"/api/patterns/combo":       {"?include=status,related,outcome"},
		"/api/patterns/performance": {"?since=2026-08-22&group_by=pattern_type"},
		"/api/patterns": {
			"?tiers=daily&kinds=pattern&pattern_types=doji&symbols=A&exclude_symbols=B&timeframes=5m&sessions=regular&direction=bullish&confidence_min=.5" +
				"&confidence_max=.9&priority_min=high&since=-3d&until=-1m&updated_since=-9d&session_date=2026-11-20",
			strings.TrimPrefix(watched, "/api/patterns"),
		},
		"/api/market/sessions": {"?from=2026-11-20&to=2026-12-31"},
		"/api/symbols":         {"?q=a"},
	}
	done := map[string]bool{}
	for path, item := range spec.Paths {
		for method, op := range map[string]*huma.Operation{"GET": item.Get, "POST": item.Post, "PUT": item.Put, "PATCH": item.Patch, "DELETE": item.Delete} {
			if op == nil || method == "DELETE" {
				continue
			}
			target := strings.ReplaceAll(path, "/api/patterns/{id}", "/api/patterns/i1")
			shelf := path[strings.LastIndexByte(strings.TrimSuffix(path, "/{id}"), '/')+1:]
			shelf = strings.TrimSuffix(shelf, "/{id}")
			target = strings.ReplaceAll(target, "{id}", saved[shelf])
			body, headers := "", []string{}
			switch {
			case method == "PATCH":
				body, headers = `{"values":{"b":true}}`, []string{"If-Match", "*"}
			case method == "PUT":
				body, headers = bodies[shelf], []string{"If-Match", "*"}
			case method == "POST":
				body = strings.Replace(bodies[shelf], `"name":"a"`, `"name":"b"`, 1)
			case op.OperationID == "streamPatterns":
				continue // package sse answers
			}
			for _, extra := range append([]string{""}, more[path]...) {
				for _, rig := range []*rig{r, cut} {
					if rig == cut && method != "GET" || rig == cut && strings.Contains(path+extra, "{id}") || rig == cut && strings.Contains(extra, "watchlist") {
						continue
					}
					a := rig.Ask(method, target+extra, body, headers...)
					answer := op.Responses[fmt.Sprint(a.Code)]
					if answer == nil || a.Code >= 400 {
						t.Errorf("%s %s answers %d: %s", method, target+extra, a.Code, a.Body)
						continue
					}
					var v any
					if err := json.Unmarshal(a.Body.Bytes(), &v); err != nil {
						t.Fatalf("%s %s: %v", method, target, err)
					}
					c.check(method+" "+target+extra, answer.Content["application/json"].Schema, v)
					for name := range answer.Headers {
						if name != "Link" && name != "ETag" && a.Header().Get(name) == "" {
							t.Errorf("%s %s has no %s", method, target+extra, name)
						}
					}
				}
			}
			done[op.OperationID] = true
		}
	}
	var p any
	if err := json.Unmarshal(r.Get("/api/patterns?limit=x").Is(422).Body.Bytes(), &p); err != nil {
		t.Fatal(err)
	}
	c.check("problem", &huma.Schema{Ref: "#/components/schemas/Problem"}, p)
	var clock any // early closes have a name
	r.now = time.Date(2026, 11, 27, 15, 0, 0, 0, time.UTC)
	if err := json.Unmarshal(r.Get("/api/market/clock").Body.Bytes(), &clock); err != nil {
		t.Fatal(err)
	}
	c.check("clock", &huma.Schema{Ref: "#/components/schemas/Clock"}, clock)

	requests := []string{"SubscriptionBody", "ViewBody", "WatchlistBody", "EstimateBody", "PreferencesChange"}
	for _, name := range slices.Sorted(maps.Keys(c.registry.Map())) {
		if slices.Contains(requests, name) {
			continue
		}
		for field := range c.registry.Map()[name].Properties {
			if !c.seen[name][field] {
				t.Errorf("%s.%s is documented and never appeared", name, field)
			}
		}
	}
	if len(done) < 30 {
		t.Errorf("only %d operations were called", len(done))
	}
}

// TestContractIsComplete holds the document to what a reader and a generator need.
func TestContractIsComplete(t *testing.T) {
	r := full(t)
	spec := r.rest.OpenAPI()
	ids := map[string]bool{}
	for path, item := range spec.Paths {
		for _, op := range []*huma.Operation{item.Get, item.Post, item.Put, item.Patch, item.Delete} {
			if op == nil {
				continue
			}
			if op.OperationID == "" || ids[op.OperationID] || op.Summary == "" || len(op.Tags) != 1 {
				t.Errorf("%s: %+v", path, op)
			}
			ids[op.OperationID] = true
			for _, p := range op.Parameters {
				if p.Description == "" || p.Schema == nil {
					t.Errorf("%s: parameter %s says nothing", op.OperationID, p.Name)
				}
			}
			hasProblem := false
			for status, res := range op.Responses {
				if res.Description == "" {
					t.Errorf("%s: %s has no description", op.OperationID, status)
				}
				for kind, m := range res.Content {
					if m.Schema == nil || m.Example == nil && len(m.Examples) == 0 {
						t.Errorf("%s: %s %s has no schema or example", op.OperationID, status, kind)
					}
					hasProblem = hasProblem || kind == "application/problem+json"
					examples := []any{}
					if m.Example != nil {
						examples = append(examples, m.Example)
					}
					for _, e := range m.Examples {
						examples = append(examples, e.Value)
					}
					for _, e := range examples {
						r.validExample(t, op.OperationID+" "+status, m.Schema, e)
					}
				}
			}
			if !hasProblem {
				t.Errorf("%s has no error", op.OperationID)
			}
			if op.RequestBody != nil {
				m := op.RequestBody.Content["application/json"]
				r.validExample(t, op.OperationID+" body", m.Schema, m.Example)
			}
		}
	}
	for name, s := range spec.Components.Schemas.Map() {
		for field, p := range s.Properties {
			if p.Description == "" && p.Ref == "" {
				t.Errorf("%s.%s says nothing", name, field)
			}
		}
	}
	for _, path := range []string{"/openapi.json", "/openapi.yaml"} {
		a := r.Get(path).Is(200)
		if !strings.Contains(a.Body.String(), "3.1.0") || strings.Contains(a.Body.String(), "/api/v1/") {
			t.Errorf("%s", path)
		}
		r.Get(path, "If-None-Match", a.Header().Get("ETag")).Is(304)
	}
}

// validExample holds an example to its schema.
func (r *rig) validExample(t *testing.T, where string, s *huma.Schema, example any) {
	t.Helper()
	raw, err := json.Marshal(example)
	if err != nil {
		t.Fatal(err)
	}
	var v any
	if err := json.Unmarshal(raw, &v); err != nil {
		t.Fatal(err)
	}
	var res huma.ValidateResult
	huma.Validate(r.rest.OpenAPI().Components.Schemas, s, huma.NewPathBuffer(make([]byte, 0, 64), 0), huma.ModeReadFromServer, v, &res)
	for _, err := range res.Errors {
		t.Errorf("%s: example: %v", where, err)
	}
}

// TestDocsPage holds the page to its own policy: nothing from elsewhere, no script, and every operation on it.
func TestDocsPage(t *testing.T) {
	r := full(t)
	a := r.Get("/docs").Is(200)
	page := a.Body.String()
	policy := a.Header().Get("Content-Security-Policy")
	if !strings.Contains(policy, "style-src 'sha256-") || strings.Contains(policy, "unsafe") || strings.Contains(policy, "script-src") {
		t.Errorf("policy %s", policy)
	}
	for _, bad := range []string{"<script", "style=\"", "onclick", "https://", "src=", "<link", "ZgotmplZ"} {
		if strings.Contains(page, bad) {
			t.Errorf("the page has %s", bad)
		}
	}
	for _, item := range r.rest.OpenAPI().Paths {
		for _, op := range []*huma.Operation{item.Get, item.Post, item.Put, item.Patch, item.Delete} {
			if op != nil && !strings.Contains(page, `id="`+op.OperationID+`"`) {
				t.Errorf("%s is not on the page", op.OperationID)
			}
		}
	}
	if len(page) > 400<<10 {
		t.Errorf("the page has %d bytes", len(page))
	}
}
