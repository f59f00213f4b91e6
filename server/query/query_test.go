package query

import (
	"errors"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"tierboard/server/problem"
	"tierboard/server/query/param"
	"tierboard/shared/event"
	"tierboard/shared/filter"
)

var now = time.Date(2026, 11, 20, 19, 31, 11, 123456789, time.UTC)

func TestDefaults(t *testing.T) {
	l, err := ParseList("", "/api/patterns", event.TierNone, now)
	if err != nil {
		t.Fatal(err)
	}
	want := &List{Path: "/api/patterns", Question: Question{Sort: Newest, Now: now.Truncate(time.Millisecond)}, Limit: DefaultLimit}
	if diff := cmp.Diff(want, l); diff != "" {
		t.Error(diff)
	}
}

func TestAliasesAndLetterCase(t *testing.T) {
	l, err := ParseList("symbol=brk.b,%20aapl&pattern_type=VolumeSpike&timeframe=5m,1D&directions=up&session=regular&tier=DAILY", "/p", event.TierNone, now)
	if err != nil {
		t.Fatal(err)
	}
	want := filter.Filter{
		Symbols: []string{"AAPL", "BRK.B"}, Patterns: []string{"volume_spike"}, Timeframes: []string{"5min", "daily"},
		Directions: []event.Direction{event.Bullish}, Sessions: []event.Session{event.Regular}, Tiers: []event.Tier{event.Daily},
	}
	if diff := cmp.Diff(want, l.Filter); diff != "" {
		t.Error(diff)
	}
}

func TestFieldsKeepTheOrderOfEvents(t *testing.T) {
	l, err := ParseList("fields=details,confidence,status,id&include=levels", "/p", event.TierNone, now)
	if err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(l.Fields, []string{"id", "confidence", "levels", "details", "status"}) || !slices.Equal(l.Include, []string{"levels", "status"}) {
		t.Errorf("%v %v", l.Fields, l.Include)
	}
}

// TestEncodeIsReadBack holds the canonical form to mean the same as what it was made of.
func TestEncodeIsReadBack(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		v := url.Values{}
		some := func(name string, from ...string) {
			if rapid.Bool().Draw(t, name) {
				v.Set(name, strings.Join(rapid.SliceOfN(rapid.SampledFrom(from), 1, 3).Draw(t, name+" values"), ","))
			}
		}
		one := func(name string, from ...string) {
			if rapid.Bool().Draw(t, name) {
				v.Set(name, rapid.SampledFrom(from).Draw(t, name+" value"))
			}
		}
		some("tiers", "daily", "combo", "intraday")
		some("kinds", "pattern", "alert")
		some("symbols", "aapl", "BRK.B", "x y", "ü")
		some("exclude_symbols", "TSLA", "F&G")
		some("pattern_types", "Bull Flag", "my own")
		some("timeframes", "5m", "1d", "odd one")
		some("sessions", "regular", "closed")
		some("direction", "bullish", "short")
		one("confidence_min", "0", "0.1", "1e-7", ".5")
		one("confidence_max", "1", "0.7")
		one("priority_min", "low", "critical")
		one("status", "any", "active")
		one("since", "-3d", "1795000000.123")
		one("until", "-1m", "2026-11-20T19:00:00+01:00")
		one("updated_since", "-1w")
		one("session_date", "2026-11-20")
		one("sort", sortWords...)
		one("watchlist", "Q5FJ3QZ4")
		first, err := ParseList(v.Encode(), "/p", event.TierNone, now)
		if err != nil {
			t.Fatal(err)
		}
		second, err := ParseList(first.Encode(), "/p", event.TierNone, now)
		if err != nil {
			t.Fatalf("%v in %s", err, first.Encode())
		}
		if diff := cmp.Diff(first, second); diff != "" || first.Encode() != second.Encode() {
			t.Fatal(diff)
		}
		// And so does a cursor, a while later.
		key := Key{Millis: 5, Number: .25, Text: "AAPL", ID: "e1"}
		third, err := ParseList("cursor="+first.Cursor(key, now), "/p", event.TierNone, now.Add(time.Hour))
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(first.Question, third.Question); diff != "" || *third.After != key {
			t.Fatal(diff)
		}
	})
}

func TestErrorsNameTheParameterAsItWasWritten(t *testing.T) {
	for raw, location := range map[string]string{
		"symbol=" + strings.Repeat("X", 33): "query.symbol",
		"direction=sideways":                "query.direction",
		"directions=sideways":               "query.directions",
		"tier=x":                            "query.tier",
		"kinds=,":                           "query.kinds",
		"confidence_min=2":                  "query.confidence_min",
	} {
		_, err := ParseList(raw, "/p", event.TierNone, now)
		var p *problem.Error
		if !errors.As(err, &p) || len(p.Fields) != 1 || p.Fields[0].Location != location {
			t.Errorf("%s: %v %+v", raw, err, p)
		}
	}
	v, err := param.Read("from=2026-02-30", []param.Param{{Name: "from"}}, now)
	if err != nil || v.Date("from") != "" || v.Err() == nil {
		t.Error("a day that does not exist is taken")
	}
}

func TestMatchBoundsAreExact(t *testing.T) {
	at := now.Truncate(time.Millisecond)
	e := &event.Event{Kind: event.Pattern, DetectedAt: at, ReceivedAt: at, ExpiresAt: at, SessionDate: "2026-11-20"}
	for rule, c := range map[string]struct {
		q    Question
		want bool
	}{
		"since is inclusive":           {Question{Since: at}, true},
		"since a millisecond on":       {Question{Since: at.Add(time.Millisecond)}, false},
		"until is exclusive":           {Question{Until: at}, false},
		"until a millisecond on":       {Question{Until: at.Add(time.Millisecond)}, true},
		"updated_since is inclusive":   {Question{UpdatedSince: at}, true},
		"updated a millisecond on":     {Question{UpdatedSince: at.Add(time.Millisecond)}, false},
		"expired at its last instant":  {Question{Active: true, Now: at}, false},
		"active a millisecond before":  {Question{Active: true, Now: at.Add(-time.Millisecond)}, true},
		"the date":                     {Question{SessionDate: "2026-11-20"}, true},
		"another date":                 {Question{SessionDate: "2026-11-19"}, false},
		"everything unless restricted": {Question{}, true},
	} {
		if got := c.q.Match(e); got != c.want {
			t.Errorf("%s: %v", rule, got)
		}
	}
}

func TestCursorsAreCheckedLikeQueries(t *testing.T) {
	l := List{Path: "/p", Question: Question{Sort: Newest, Now: now}}
	good := l.Cursor(Key{Millis: 5, ID: "e"}, now)
	for rule, c := range map[string]struct {
		path, raw string
		at        time.Time
		location  string
	}{
		"too old":          {"/p", "cursor=" + good, now.Add(CursorLife + time.Second), "query.cursor"},
		"from the future":  {"/p", "cursor=" + good, now.Add(-2 * time.Hour), "query.cursor"},
		"another path":     {"/q", "cursor=" + good, now, "query.cursor"},
		"cut":              {"/p", "cursor=" + good[:len(good)-3], now, "query.cursor"},
		"no base64":        {"/p", "cursor=!", now, "query.cursor"},
		"too long":         {"/p", "cursor=" + strings.Repeat("A", maxCursor+4), now, "query.cursor"},
		"beside a filter":  {"/p", "cursor=" + good + "&symbols=A", now, "query.symbols"},
		"beside an order":  {"/p", "cursor=" + good + "&sort=symbol", now, "query.sort"},
		"beside a bad one": {"/p", "cursor=" + good + "&limit=0", now, "query.limit"},
	} {
		_, err := ParseList(c.raw, c.path, event.TierNone, c.at)
		var p *problem.Error
		if !errors.As(err, &p) || p.Fields[0].Location != c.location {
			t.Errorf("%s: %v", rule, err)
		}
	}
	if l, err := ParseList("cursor="+good+"&limit=7&fields=symbol&format=csv", "/p", event.TierNone, now); err != nil || l.Limit != 7 || l.Format != "csv" || l.After.ID != "e" {
		t.Errorf("%+v %v", l, err)
	}
}

func TestKeysGoWithTheOrder(t *testing.T) {
	early := &event.Event{ID: "a", DetectedAt: now, ExpiresAt: now, Confidence: .5, Scope: event.Scope{Symbol: "AAPL"}}
	late := &event.Event{ID: "b", DetectedAt: now.Add(time.Second), Confidence: .9, Scope: event.Scope{Symbol: "NVDA"}} // never expires
	for sort, first := range map[Sort]*event.Event{Newest: late, Oldest: early, Surest: late, BySymbol: early, Soonest: early} {
		other := early
		if first == early {
			other = late
		}
		if sort.Compare(KeyOf(first, sort), KeyOf(other, sort)) >= 0 || sort.Compare(KeyOf(other, sort), KeyOf(first, sort)) <= 0 {
			t.Errorf("%s: %s is not first", sort, first.ID)
		}
	}
	if Newest.Compare(Key{ID: "b"}, Key{ID: "a"}) >= 0 || Oldest.Compare(Key{ID: "a"}, Key{ID: "b"}) >= 0 {
		t.Error("ids do not go in the direction of the order")
	}
}

// FuzzParseList reads any query string: what is taken is read back from its canonical form.
func FuzzParseList(f *testing.F) {
	f.Add("symbols=AAPL&limit=1&since=-3d", "")
	f.Add("sort=expires_at&status=active&fields=id", "x")
	f.Add("cursor=e30", "")
	l := List{Path: "/p", Question: Question{Sort: Surest, Now: now}}
	f.Add("cursor="+l.Cursor(Key{Number: .5, ID: "e"}, now), "")
	f.Fuzz(func(t *testing.T, raw, more string) {
		l, err := ParseList(raw+"&symbols="+url.QueryEscape(more), "/p", event.TierNone, now)
		if err != nil {
			var p *problem.Error
			if !errors.As(err, &p) || p.Kind.Status >= 500 || len(p.Fields) == 0 {
				t.Fatalf("%q: %v", raw, err)
			}
			return
		}
		again, err := ParseList(l.Encode(), "/p", event.TierNone, now)
		if err != nil {
			t.Fatalf("%q became %q: %v", raw, l.Encode(), err)
		}
		if l.Encode() != again.Encode() {
			t.Fatalf("%q became %q and then %q", raw, l.Encode(), again.Encode())
		}
	})
}

// TestWhatAListCannotAskFor names the parameter of each fault, and repeats nothing of a text that might be markup.
func TestWhatAListCannotAskFor(t *testing.T) {
	for raw, location := range map[string]string{
		"include=raw": "query.include", "since=-1h&until=-2h": "query.since", "watchlist=": "query.watchlist", "watchlist=../x%3Cb%3E": "query.watchlist",
		"confidence_min=high": "query.confidence_min", "confidence_min=.9&confidence_max=.5": "query.confidence_min", "direction=%3Cscript%3E": "query.direction",
		"tiers=dayly": "query.tiers", "priority_min=urgent": "query.priority_min",
	} {
		_, err := ParseList(raw, "/p", event.TierNone, now)
		var p *problem.Error
		if !errors.As(err, &p) || p.Fields[0].Location != location || strings.Contains(p.Fields[0].Message+p.Detail, "<") {
			t.Errorf("%s: %v", raw, err)
		}
	}
	l, err := ParseList("watchlist=w1", "/p", event.Daily, now)
	if err != nil || l.Watchlist != "w1" || !slices.Equal(l.Filter.Tiers, []event.Tier{event.Daily}) {
		t.Errorf("%+v %v", l, err)
	}
}

// TestTablesOfParameters looks for what each sort of request can be asked with.
func TestTablesOfParameters(t *testing.T) {
	has := func(table []param.Param, name string) bool {
		return slices.ContainsFunc(table, func(p param.Param) bool { return p.Name == name })
	}
	all, tier, stream, item := ListParams(true), ListParams(false), StreamParams(), ItemParams()
	for name, want := range map[string][4]bool{
		"symbols": {true, true, true, false}, "tiers": {true, false, true, false}, "cursor": {true, true, false, false}, "after": {false, false, true, false},
		"fields": {true, true, false, true},
	} {
		if got := [4]bool{has(all, name), has(tier, name), has(stream, name), has(item, name)}; got != want {
			t.Errorf("%s: %v, want %v", name, got, want)
		}
	}
}
