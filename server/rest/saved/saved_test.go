package saved

import (
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"tierboard/server/gate"
	"tierboard/server/hub"
	"tierboard/server/metrics"
	"tierboard/server/problem"
	"tierboard/server/query"
	"tierboard/server/rest/answer"
	"tierboard/server/rest/once"
	"tierboard/server/rest/operation"
	"tierboard/server/rest/resttest"
	"tierboard/server/rest/route"
	"tierboard/server/rest/shelf"
	"tierboard/server/rest/source"
	"tierboard/shared/api"
)

// rig is a Saved with everything behind it.
type rig struct {
	resttest.Caller

	hub     *hub.Hub
	library *resttest.Library
	user    string
}

// start returns a rig with an archive, which may be nil.
func start(t *testing.T, archive source.Archive) *rig {
	t.Helper()
	r := &rig{hub: resttest.Hub(t, 64, metrics.New()), library: &resttest.Library{}, user: gate.LocalUser}
	log := slog.New(slog.DiscardHandler)
	now := func() time.Time { return resttest.Friday }
	table := route.New()
	contract := operation.New("v1", table, once.New(now, operation.MaxBody))
	x := New(&shelf.Rack{Library: r.library, Read: contract.Read, Log: log}, source.New(r.hub, archive, log), now)
	contract.Add(x.Operations()...)
	table.Get("/watchlist/{id}", func(w http.ResponseWriter, r *http.Request) {
		list, err := x.Watchlist(r.Context(), r.PathValue("id"))
		if err == nil {
			err = answer.JSON(w, http.StatusOK, list)
		}
		if err != nil {
			problem.Write(w, err)
		}
	})
	g := resttest.Gate(t, func(c *gate.Config) { c.User = func(*http.Request) (string, error) { return r.user, nil } })
	r.Caller = resttest.Caller{T: t, Handler: g.Wrap(table)}
	return r
}

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

func TestSavedThings(t *testing.T) {
	bodies := map[string][2]string{
		"/api/subscriptions": {`{"name":"one","filters":[{"tiers":["intraday"],"symbols":["aapl"]}]}`, `{"name":"two","filters":[{}],"active":false}`},
		"/api/views":         {`{"name":"one","layout":{"density":"rows"},"default":true}`, `{"name":"two","layout":{}}`},
		"/api/watchlists":    {`{"name":"one","symbols":["AMD"]}`, `{"name":"two","symbols":[]}`},
	}
	for path, body := range bodies {
		t.Run(path, func(t *testing.T) {
			r := start(t, nil)
			var one struct {
				ID      string
				Name    string
				Version int64
			}
			if err := json.Unmarshal(r.Ask("POST", path, body[0]).Is(201).Body.Bytes(), &one); err != nil {
				t.Fatal(err)
			}
			own := path + "/" + one.ID
			r.Ask("POST", path, body[0]).Problem(409, "body.name")
			r.Get(own).Is(200)
			r.Get(own, "If-None-Match", `"1"`).Is(304)
			r.Ask("PUT", own, body[1]).Problem(428, "header.If-Match")
			r.Ask("PUT", own, body[1], "If-Match", `"7"`).Problem(412, "")
			r.Ask("PUT", own, body[1], "If-Match", `seven`).Problem(412, "header.If-Match")
			if a := r.Ask("PUT", own, body[1], "If-Match", `"1"`).Is(200); a.Header().Get("ETag") != `"2"` || !strings.Contains(a.Body.String(), `"two"`) {
				t.Errorf("%v %s", a.Header(), a.Body)
			}
			r.Ask("PUT", own, body[0], "If-Match", "*").Is(200)

			r.user = "eve" // sees none of it
			if got := r.Get(path).Is(200).Body.String(); strings.Contains(got, one.ID) || !strings.Contains(got, `"count":0`) {
				t.Errorf("another user's list: %s", got)
			}
			r.Get(own).Problem(404, "")
			r.Ask("PUT", own, body[1], "If-Match", "*").Problem(404, "")
			r.Ask("DELETE", own, "", "If-Match", "*").Problem(404, "")
			r.user = gate.LocalUser

			r.Ask("DELETE", own, "").Problem(428, "header.If-Match")
			r.Ask("DELETE", own, "", "If-Match", `"1"`).Problem(412, "")
			r.Ask("DELETE", own, "", "If-Match", `"3"`).Is(204)
			r.Get(own).Problem(404, "")
			for i := range shelf.Most {
				r.Ask("POST", path, strings.Replace(body[1], "two", fmt.Sprint("n", i), 1)).Is(201)
			}
			r.Ask("POST", path, body[1]).Problem(409, "")
			r.library.Break(resttest.ErrAway)
			r.Get(path).Problem(503, "")
		})
	}
}

func TestOnlyOneViewIsTheDefault(t *testing.T) {
	r := start(t, nil)
	for _, name := range []string{"a", "b"} {
		r.Ask("POST", "/api/views", `{"name":"`+name+`","layout":{},"default":true}`).Is(201)
	}
	var l api.ViewList
	r.Get("/api/views").Is(200).Read(&l)
	if len(l.Views) != 2 || l.Views[0].Default || !l.Views[1].Default {
		t.Errorf("%+v", l)
	}
}

func TestPreferencesMerge(t *testing.T) {
	r := start(t, nil)
	var p api.Preferences
	a := r.Get("/api/me/preferences").Is(200)
	if a.Read(&p); p.Version != 0 || len(p.Values) != 0 || a.Header().Get("ETag") != `"0"` {
		t.Fatalf("%+v", p)
	}
	r.Ask("PATCH", "/api/me/preferences", `{"values":{"theme":"dark","zone":"UTC"}}`).Problem(428, "header.If-Match")
	r.Ask("PATCH", "/api/me/preferences", `{"values":{"theme":"dark","zone":"UTC"}}`, "If-Match", `"0"`).Is(200)
	r.Ask("PATCH", "/api/me/preferences", `{"values":{}}`, "If-Match", `"0"`).Problem(412, "")
	a = r.Ask("PATCH", "/api/me/preferences", `{"values":{"zone":null,"n":{"a":[1]}}}`, "If-Match", `"1"`).Is(200)
	if a.Read(&p); p.Version != 2 || fmt.Sprint(p.Values) != "map[n:map[a:[1]] theme:dark]" || a.Header().Get("ETag") != `"2"` {
		t.Errorf("%+v", p)
	}
	r.user = "eve"
	var none api.Preferences
	if r.Get("/api/me/preferences").Is(200).Read(&none); len(none.Values) != 0 {
		t.Errorf("another user's preferences: %+v", none)
	}
}

func TestEstimate(t *testing.T) {
	for _, noArchive := range []bool{true, false} {
		archive := &resttest.Archive{}
		r := start(t, archive)
		if noArchive {
			r = start(t, nil)
		}
		var none api.Estimate
		r.Ask("POST", "/api/subscriptions/estimate", `{"filters":[{}]}`).Is(200).Read(&none)
		if none.PerHour != 0 {
			t.Errorf("%+v", none)
		}
		for i := range 48 {
			e := resttest.Spike(fmt.Sprint("e", i), []string{"AAPL", "NVDA"}[i%2], resttest.Friday.Add(time.Duration(i-48)*30*time.Minute), .7)
			resttest.Publish(t, r.hub, e)
			archive.Store(e)
		}
		var got api.Estimate
		r.Ask("POST", "/api/subscriptions/estimate", `{"filters":[{"symbols":["aapl"]}]}`).Is(200).Read(&got)
		if got.SampleHours < 23.9 || got.SampleHours > 24.1 || got.PerHour < .9 || got.PerHour > 1.1 {
			t.Errorf("archive %v: %+v", !noArchive, got)
		}
	}
}

// TestWatchlistsOfAList looks a watchlist up for somebody who names it in a list.
func TestWatchlistsOfAList(t *testing.T) {
	r := start(t, nil)
	var w, again api.Watchlist
	r.Ask("POST", "/api/watchlists", `{"name":"mine","symbols":["nvda","AAPL","AAPL"]}`).Is(201).Read(&w)
	if r.Get("/watchlist/" + w.ID).Is(200).Read(&again); !slices.Equal(again.Symbols, []string{"AAPL", "NVDA"}) {
		t.Errorf("%+v", again)
	}
	r.Ask("POST", "/api/watchlists", `{"name":"other","symbols":["a,b"]}`).Problem(422, "body.symbols[0]")
	r.user = "eve"
	r.Get("/watchlist/"+w.ID).Problem(422, "query.watchlist")
	r.library.Break(resttest.ErrAway)
	r.Get("/watchlist/"+w.ID).Problem(503, "")
}

// TestPreferencesAreBounded asks for more settings than are kept, for names that are none, and for versions that are gone.
func TestPreferencesAreBounded(t *testing.T) {
	r := start(t, nil)
	change := func(body, version string) resttest.Reply {
		return r.Ask("PATCH", "/api/me/preferences", body, "If-Match", version)
	}
	many := make([]string, mostPreferences+1)
	for i := range many {
		many[i] = fmt.Sprintf("%q:%d", fmt.Sprint("n", i), i)
	}
	change(`{"values":{`+strings.Join(many, ",")+`}}`, "*").Problem(422, "body.values")
	change(`{"values":{"<b>":1}}`, "*").Problem(422, "body.values")
	change(`{"values":{"a":1}}`, "x").Problem(412, "header.If-Match")
	change(`{`, "*").Problem(400, "body")
	change(`{"values":{"a":"`+strings.Repeat("x", operation.MaxBody*2/3)+`"}}`, "*").Is(200)
	change(`{"values":{"b":"`+strings.Repeat("x", operation.MaxBody*2/3)+`"}}`, "*").Problem(422, "body.values")
	tag := r.Get("/api/me/preferences").Is(200).Header().Get("ETag")
	r.Get("/api/me/preferences", "If-None-Match", tag).Is(304)
	r.Get("/api/me/preferences?x=1").Problem(422, "query.x")
	r.Ask("PATCH", "/api/me/preferences?x=1", `{"values":{}}`, "If-Match", "*").Problem(422, "query.x")
}

// TestTwoWhoChangePreferencesAtOnce lets somebody else be faster.
func TestTwoWhoChangePreferencesAtOnce(t *testing.T) {
	r := start(t, nil)
	r.library.BreakAfter(1, query.ErrConflict) // the preferences are not there when they are read, and are when they are added
	r.Ask("PATCH", "/api/me/preferences", `{"values":{"a":1}}`, "If-Match", "*").Problem(412, "")
	r.library.Break(nil)
	if _, err := r.library.Add(t.Context(), gate.LocalUser, shelf.Preferences, shelf.Entry{ID: shelf.PreferencesID, Body: []byte(`7`)}); err != nil {
		t.Fatal(err)
	}
	r.Get("/api/me/preferences").Problem(500, "")
}

// TestALibraryThatGoesAway loses it after each of the calls that a change makes: never is it told that the change was made.
func TestALibraryThatGoesAway(t *testing.T) {
	for path, body := range map[string]string{"/api/me/preferences": `{"values":{"a":1}}`, "/api/views": `{"name":"b","layout":{},"default":true}`} {
		for calls := range 10 {
			r := start(t, nil)
			r.Ask("POST", "/api/views", `{"name":"a","layout":{},"default":true}`).Is(201)
			r.library.BreakAfter(calls, resttest.ErrAway)
			a := r.Ask(map[bool]string{true: "PATCH", false: "POST"}[strings.HasSuffix(path, "preferences")], path, body, "If-Match", "*")
			if a.Code < 300 {
				if calls == 0 {
					t.Errorf("%s asks for nothing", path)
				}
				break
			}
			if a.Problem(503, ""); calls == 9 {
				t.Errorf("%s makes ten calls", path)
			}
		}
	}
	r := start(t, &resttest.Archive{})
	r.library.Break(resttest.ErrAway)
	r.Get("/api/me/preferences").Problem(503, "")
}

// TestEstimatesNeedFilters asks for estimates of what is no filter, and of an archive that is away.
func TestEstimatesNeedFilters(t *testing.T) {
	archive := &resttest.Archive{}
	r := start(t, archive)
	r.Ask("POST", "/api/subscriptions/estimate", `{"filters":[{"tiers":["dayly"]}]}`).Problem(422, "body.filters[0].tiers")
	r.Ask("POST", "/api/subscriptions/estimate", `{`).Problem(400, "body")
	r.Ask("POST", "/api/subscriptions/estimate?x=1", `{"filters":[{}]}`).Problem(422, "query.x")
	archive.Break(resttest.ErrAway)
	r.Ask("POST", "/api/subscriptions/estimate", `{"filters":[{}]}`).Problem(503, "")
}
