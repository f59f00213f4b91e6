package store

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"tierboard/server/store/ask"
	"tierboard/server/store/intake"
	"tierboard/server/store/list"
	"tierboard/server/store/model"
	"tierboard/server/store/tally"
	"tierboard/shared/event"
	"tierboard/shared/filter"
)

// suite is what both databases have to pass.
var suite = []struct {
	name string
	run  func(t *testing.T, fresh place)
}{
	{"a stored event is the whole event", wholeEvent},
	{"a later copy replaces, an earlier one does not", upserts},
	{"what no database can hold is refused alone", refusals},
	{"every filter means what the oracle says", oracle},
	{"pages cover everything once", paging},
	{"a page of many symbols has the first of all", parts},
	{"bad questions are refused by name", badQuestions},
	{"updated since", updatedSince},
	{"a walk has no bound and keeps order", walks},
	{"too broad is said, and narrowing helps", tooBroad},
	{"many symbols", manySymbols},
	{"recent events", recentEvents},
	{"symbols, pattern counts, estimates", counts},
	{"old events go by their tier's rule", retention},
	{"outcomes find their events", outcomes},
	{"performance against a plain count", performance},
	{"records belong to one user", records},
	{"dead letters and positions", letters},
	{"migrations race, go down and up", migrationRace},
	{"backup", backup},
	{"known events", knownEvents},
	{"health follows the database", healths},
	{"every query walks an index", explained},
	{"every statement walks an index", statementsWalk},
}

func wholeEvent(t *testing.T, fresh place) { //nolint:thelper // a test of its own
	s := openStore(t, fresh(t))
	for i, tier := range []event.Tier{event.Daily, event.Intraday, event.Combo, event.TierNone} {
		e := makeEvent(i, func(e *event.Event) {
			e.Tier, e.Facets, e.ExpiresAt = tier, map[event.Dim]string{"regime": "bull"}, e.DetectedAt.Add(time.Hour)
			if tier == event.TierNone {
				e.Kind = "market_state"
			}
		})
		put(t, s, e)
		row, err := s.Event(t.Context(), e.ID)
		if err != nil {
			t.Fatal(err)
		}
		got, err := row.Event()
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(e, got, cmp.AllowUnexported(event.Number{}), cmp.FilterPath(func(p cmp.Path) bool { return p.String() == "Details" }, cmp.Comparer(sameJSON))); diff != "" {
			t.Error(diff)
		}
		if !row.ExpiresAt.Equal(e.ExpiresAt) || time.Since(row.UpdatedAt) > time.Minute {
			t.Errorf("expires %v, updated %v", row.ExpiresAt, row.UpdatedAt)
		}
	}
	for _, id := range []string{"nobody", "", "a\x00b", "\xff"} {
		if _, err := s.Event(t.Context(), id); !errors.Is(err, model.ErrNotFound) {
			t.Errorf("event %q: got %v, want ErrNotFound", id, err)
		}
	}
}

// sameJSON compares texts as JSON.
func sameJSON(a, b string) bool {
	var x, y any
	return json.Unmarshal([]byte(a), &x) == nil && json.Unmarshal([]byte(b), &y) == nil && cmp.Equal(x, y)
}

func upserts(t *testing.T, fresh place) { //nolint:thelper // a test of its own
	s := openStore(t, fresh(t))
	older, newer := makeEvent(1, nil), makeEvent(1, nil)
	newer.ReceivedAt, newer.Symbol, newer.Confidence, newer.Priority = older.ReceivedAt.Add(time.Second), "MSFT", 0.95, event.Critical
	check := func(want string) {
		t.Helper()
		page, err := s.Query(t.Context(), ask.Query{Filter: filter.Filter{Symbols: []string{want}}})
		if err != nil || len(page.Rows) != 1 || page.Next != nil {
			t.Fatalf("got %d rows and %v, want one of %s", len(page.Rows), err, want)
		}
		all, err := s.Query(t.Context(), ask.Query{})
		if err != nil || len(all.Rows) != 1 {
			t.Fatalf("got %d rows and %v, want one", len(all.Rows), err)
		}
	}
	put(t, s, older, older, older)
	check("AAPL")
	put(t, s, newer)
	check("MSFT")
	put(t, s, older)
	check("MSFT")
	put(t, s, older, newer, older)
	check("MSFT")
}

func refusals(t *testing.T, fresh place) { //nolint:thelper // a test of its own
	s := openStore(t, fresh(t))
	var told []string
	s.OnStored(func(events []*event.Event) {
		for _, e := range events {
			told = append(told, e.ID)
		}
		if page, err := s.Query(t.Context(), ask.Query{}); err != nil || len(page.Rows) != len(told) {
			t.Errorf("%d rows are found when %d are told, %v", len(page.Rows), len(told), err)
		}
	})
	put(t, s,
		makeEvent(1, nil),
		makeEvent(2, func(e *event.Event) { e.Symbol = "A\x00B" }),
		makeEvent(3, func(e *event.Event) { e.ID = "" }),
		makeEvent(4, func(e *event.Event) { e.SessionDate = strings.Repeat("x", event.MaxText+1) }),
		makeEvent(5, func(e *event.Event) { e.Kind, e.Tier = "other", 9 }),
		makeEvent(6, func(e *event.Event) { e.Facets = map[event.Dim]string{"regime": "\xff"} }),
		makeEvent(7, nil),
	)
	page, err := s.Query(t.Context(), ask.Query{})
	if err != nil || !slices.Equal(ids(page.Rows), []string{"event-00007", "event-00001"}) {
		t.Errorf("got %q and %v, want the two good events", ids(page.Rows), err)
	}
	if !slices.Equal(told, []string{"event-00001", "event-00007"}) {
		t.Errorf("told of %q, want the two good events", told)
	}
	list, err := s.DeadLetters(t.Context(), 0, 100)
	if err != nil || len(list) != 5 {
		t.Fatalf("got %d dead letters and %v, want 5", len(list), err)
	}
	if l := list[4]; l.Reason != "refused" || l.Head != "event-00002" || !strings.Contains(l.Detail, "symbol") {
		t.Errorf("got %+v", l)
	}
}

func badQuestions(t *testing.T, fresh place) { //nolint:thelper // a test of its own
	s := openStore(t, fresh(t))
	for field, q := range map[string]ask.Query{
		"sort":         {Sort: "volume"},
		"limit":        {Limit: ask.MaxLimit + 1},
		"status":       {Status: "dead"},
		"session_date": {SessionDate: "a\x00"},
		"cursor":       {After: &ask.Cursor{Key: "x", ID: "y"}},
	} {
		var bad *model.Error
		if _, err := s.Query(t.Context(), q); !errors.As(err, &bad) || bad.Field != field || !strings.HasPrefix(bad.Error(), field+": ") {
			t.Errorf("%s: got %v", field, err)
		}
	}
	for _, c := range []ask.Cursor{{Key: "2", ID: "a"}, {Key: "NaN", ID: "a"}, {}, {Key: "0.5", ID: "a\x00"}} {
		if _, err := s.Query(t.Context(), ask.Query{Sort: ask.ConfidenceFirst, After: &c}); err == nil {
			t.Errorf("cursor %q was taken", c)
		}
	}
	// Text that no event can have matches nothing, and is never an error of the database.
	put(t, s, makeEvent(1, nil))
	for _, f := range []filter.Filter{
		{Symbols: []string{"A\x00"}},
		{Patterns: []string{"\xff"}},
		{Symbols: []string{"'; DROP TABLE events; --"}},
		{Extra: map[event.Dim][]string{"a\xff": {"x"}}},
		{Extra: map[event.Dim][]string{"regime": {"\xff"}}},
		{Extra: map[event.Dim][]string{"regime": {"x\n?'\\"}}},
		{Tiers: []event.Tier{9}},
		{Kinds: []event.Kind{"\x00"}},
	} {
		page, err := s.Query(t.Context(), ask.Query{Filter: f})
		if err != nil || len(page.Rows) != 0 {
			t.Errorf("%+v: got %d rows and %v, want none", f, len(page.Rows), err)
		}
	}
	page, err := s.Query(t.Context(), ask.Query{Filter: filter.Filter{ExcludeSymbols: []string{"\x00"}, Extra: map[event.Dim][]string{"a\xff": {""}}}})
	if err != nil || len(page.Rows) != 1 {
		t.Errorf("got %d rows and %v, want the one", len(page.Rows), err)
	}
}

func updatedSince(t *testing.T, fresh place) { //nolint:thelper // a test of its own
	s := openStore(t, fresh(t))
	put(t, s, makeEvent(1, nil), makeEvent(2, func(e *event.Event) { e.Tier = event.Daily }))
	row, err := s.Event(t.Context(), "event-00002")
	if err != nil {
		t.Fatal(err)
	}
	cut := row.UpdatedAt.Add(time.Millisecond)
	for time.Now().Before(cut) { // the clock of rows has milliseconds
	}
	put(t, s, makeEvent(0, nil), makeEvent(3, func(e *event.Event) { e.Tier = event.Daily }))
	for _, sort := range []ask.Sort{ask.NewestFirst, ask.ConfidenceFirst} {
		page, err := s.Query(t.Context(), ask.Query{UpdatedSince: cut, Sort: sort})
		if err != nil || len(page.Rows) != 2 {
			t.Errorf("%s: got %q and %v", sort, ids(page.Rows), err)
		}
		page, err = s.Query(t.Context(), ask.Query{UpdatedSince: cut, Sort: sort, Filter: filter.Filter{Tiers: []event.Tier{event.Daily}}})
		if err != nil || !slices.Equal(ids(page.Rows), []string{"event-00003"}) {
			t.Errorf("%s: got %q and %v", sort, ids(page.Rows), err)
		}
	}
}

func walks(t *testing.T, fresh place) { //nolint:thelper // a test of its own
	s := openStore(t, fresh(t))
	m := newMarket(3, 50, noon, time.Second)
	all := m.take(3 * 1000) // three steps of a long walk
	put(t, s, all...)
	f := filter.Filter{Directions: []event.Direction{event.Bullish}}
	var want []string
	for _, tier := range event.Tiers() {
		for _, e := range all {
			if e.Tier == tier && f.Match(e) {
				want = append(want, e.ID)
			}
		}
	}
	var out bytes.Buffer
	n, err := s.Export(t.Context(), ask.Query{Filter: f}, &out)
	if err != nil || n != len(want) {
		t.Fatalf("exported %d and %v, want %d", n, err, len(want))
	}
	for i, line := range strings.Split(strings.TrimSpace(out.String()), "\n") {
		e, err := model.Decode([]byte(line))
		if err != nil || e.ID != want[i] {
			t.Fatalf("line %d: got %v and %v, want %s", i, e, err, want[i])
		}
	}
	enough := errors.New("enough")
	if err := s.Each(t.Context(), ask.Query{Since: all[10].DetectedAt}, func(list.Row) error { return enough }); !errors.Is(err, enough) {
		t.Errorf("got %v, want the error of the callback", err)
	}
	if !s.Health().Up {
		t.Error("an error of the callback was taken for the database's")
	}
	if _, err := s.Export(t.Context(), ask.Query{Status: "x"}, &out); err == nil {
		t.Error("a bad question was exported")
	}
	canceled, cancel := context.WithCancel(t.Context())
	cancel()
	if err := s.Each(canceled, ask.Query{}, func(list.Row) error { return nil }); err == nil {
		t.Error("a walk went on after its end")
	}
}

func tooBroad(t *testing.T, fresh place) { //nolint:thelper // a test of its own
	s := openStore(t, fresh(t))
	m := newMarket(5, 20, noon, time.Second)
	all := m.take(8000 + 3000) // more than a plan looks at when it has to fetch each row
	rare := all[5]
	rare.Tier, rare.Timeframe = event.Intraday, "7min"
	setDetail(rare)
	for _, e := range all {
		e.Tier = event.Intraday
		setDetail(e)
	}
	put(t, s, all...)
	q := ask.Query{Sort: ask.ConfidenceFirst, Filter: filter.Filter{Timeframes: []string{"7min"}}}
	if _, err := s.Query(t.Context(), q); !errors.Is(err, list.ErrTooBroad) {
		t.Errorf("got %v, want ErrTooBroad", err)
	}
	if !s.Health().Up {
		t.Error("a broad question was taken for a database that is away")
	}
	for name, narrowed := range map[string]ask.Query{
		"time":   {Sort: ask.ConfidenceFirst, Filter: q.Filter, Until: all[100].DetectedAt},
		"symbol": {Sort: ask.ConfidenceFirst, Filter: filter.Filter{Timeframes: q.Filter.Timeframes, Symbols: []string{rare.Symbol}, Patterns: []string{rare.Pattern}}, Until: all[100].DetectedAt},
		"order":  {Filter: q.Filter},
	} {
		page, err := s.Query(t.Context(), narrowed)
		if err != nil || !slices.Equal(ids(page.Rows), []string{rare.ID}) {
			t.Errorf("%s: got %q and %v, want %s", name, ids(page.Rows), err, rare.ID)
		}
	}
}

func manySymbols(t *testing.T, fresh place) { //nolint:thelper // a test of its own
	s := openStore(t, fresh(t))
	m := newMarket(7, 700, noon, time.Second)
	all := m.take(6000)
	put(t, s, all...)
	for name, symbols := range map[string][]string{"busy": m.symbols[:500], "quiet": m.symbols[200:], "none": strings.Split(strings.Repeat("X Y Z ", 100), " ")} {
		f := filter.Filter{Symbols: symbols}.Canonical()
		want := expected(all, ask.Query{Filter: f, Limit: 100, Sort: ask.NewestFirst})
		page, err := s.Query(t.Context(), ask.Query{Filter: f})
		if err != nil || !slices.Equal(ids(page.Rows), want) {
			t.Errorf("%s: got %d rows and %v, want %d", name, len(page.Rows), err, len(want))
		}
	}
}

// expected answers a question without a cursor by the oracle.
func expected(all []*event.Event, q ask.Query) []string {
	var hits []*event.Event
	for _, e := range all {
		if matches(e, q) {
			hits = append(hits, e)
		}
	}
	slices.SortFunc(hits, func(a, b *event.Event) int { return ask.Compare(a, b, q.Sort) })
	out := []string{}
	for _, e := range hits[:min(len(hits), q.Limit)] {
		out = append(out, e.ID)
	}
	return out
}

func recentEvents(t *testing.T, fresh place) { //nolint:thelper // a test of its own
	s := openStore(t, fresh(t))
	m := newMarket(9, 20, noon, time.Second)
	all := m.take(2500)
	put(t, s, all...)
	for _, perTier := range []int{7, 1500} {
		got, err := s.Recent(t.Context(), perTier)
		if err != nil {
			t.Fatal(err)
		}
		var want []string
		taken := map[event.Tier]int{}
		for _, e := range slices.Backward(all) {
			if taken[e.Tier]++; taken[e.Tier] <= perTier {
				want = append(want, e.ID)
			}
		}
		slices.Reverse(want)
		var have []string
		for _, e := range got {
			have = append(have, e.ID)
		}
		if !slices.Equal(have, want) {
			t.Errorf("%d a tier: got %d events, want %d", perTier, len(have), len(want))
		}
	}
}

func counts(t *testing.T, fresh place) { //nolint:thelper // a test of its own
	s := openStore(t, fresh(t))
	if rate, hours, err := s.EstimatePerHour(t.Context(), []filter.Filter{{}}, noon, time.Hour); rate != 0 || hours != 0 || err != nil {
		t.Errorf("an empty archive estimates %v from %v hours, %v", rate, hours, err)
	}
	for i := range 240 {
		put(t, s, makeEvent(i, func(e *event.Event) {
			e.DetectedAt = noon.Add(-time.Duration(i) * 30 * time.Second)
			e.Symbol = []string{"AAPL", "AMD", "MSFT"}[i%3]
			e.Pattern = []string{"doji", "bull_flag"}[i%2]
			e.Tier = []event.Tier{event.Daily, event.Intraday}[i%2]
		}))
	}
	got, err := s.SeenSymbols(t.Context(), "A", 10)
	if err != nil || !slices.Equal(got, []string{"AAPL", "AMD"}) {
		t.Errorf("got %q and %v", got, err)
	}
	if got, err := s.SeenSymbols(t.Context(), "", 1); err != nil || !slices.Equal(got, []string{"AAPL"}) {
		t.Errorf("got %q and %v", got, err)
	}
	if got, err := s.SeenSymbols(t.Context(), "A\x00", 1); err != nil || len(got) != 0 {
		t.Errorf("got %q and %v", got, err)
	}
	patterns, err := s.PatternCounts(t.Context(), time.Time{})
	want := []tally.PatternCount{{Tier: event.Daily, Pattern: "doji", Count: 120}, {Tier: event.Intraday, Pattern: "bull_flag", Count: 120}}
	if err != nil || !slices.Equal(patterns, want) {
		t.Errorf("got %v and %v", patterns, err)
	}
	patterns, err = s.PatternCounts(t.Context(), noon.Add(-time.Minute))
	if err != nil || !slices.Equal(patterns, []tally.PatternCount{{Tier: event.Daily, Pattern: "doji", Count: 2}, {Tier: event.Intraday, Pattern: "bull_flag", Count: 1}}) {
		t.Errorf("got %v and %v", patterns, err)
	}
	// 120 events an hour; a third of them AAPL, half of them doji. The event of now itself is not in the past.
	filters := []filter.Filter{{Symbols: []string{"AAPL"}}, {Patterns: []string{"doji"}}}
	rate, hours, err := s.EstimatePerHour(t.Context(), filters, noon.Add(time.Millisecond), time.Hour)
	if err != nil || rate < 78 || rate > 82 || hours != 1 {
		t.Errorf("got %v an hour from %v hours and %v, want 80 from 1", rate, hours, err)
	}
	// The archive is two hours old: more cannot be known.
	rate, hours, err = s.EstimatePerHour(t.Context(), filters, noon.Add(time.Millisecond), 24*time.Hour)
	if err != nil || rate < 78 || rate > 82 || hours < 1.9 || hours > 2 {
		t.Errorf("got %v an hour from %v hours and %v, want 80 from 2", rate, hours, err)
	}
	if rate, _, err := s.EstimatePerHour(t.Context(), []filter.Filter{{Tiers: []event.Tier{9}}}, noon, time.Hour); rate != 0 || err != nil {
		t.Errorf("got %v and %v for a filter that nothing passes", rate, err)
	}
}

func retention(t *testing.T, fresh place) { //nolint:thelper // a test of its own
	s := openStore(t, fresh(t))
	var events []*event.Event
	for i, tier := range []event.Tier{event.TierNone, event.Daily, event.Intraday, event.Combo} {
		for j, days := range []int{1, 29, 31, 399, 401} {
			events = append(events, makeEvent(10*i+j, func(e *event.Event) {
				e.Tier, e.DetectedAt = tier, noon.AddDate(0, 0, -days)
				if tier == event.TierNone {
					e.Kind = "market_state"
				}
				e.ID = fmt.Sprintf("%s-%d", tier, days)
			}))
		}
	}
	put(t, s, events...)
	if err := s.AddDeadLetters(t.Context(), []intake.DeadLetter{{ReceivedAt: noon.AddDate(0, 0, -8), Detail: "old"}, {ReceivedAt: noon, Detail: "new"}}); err != nil {
		t.Fatal(err)
	}
	n, err := s.Prune(t.Context(), noon)
	if err != nil || n != 6 {
		t.Errorf("pruned %d and %v, want 6", n, err)
	}
	page, err := s.Query(t.Context(), ask.Query{Sort: ask.OldestFirst})
	if err != nil {
		t.Fatal(err)
	}
	got := ids(page.Rows)
	slices.Sort(got)
	want := []string{"-1", "-29", "-31", "-399", "combo-1", "combo-29", "combo-31", "combo-399", "daily-1", "daily-29", "daily-31", "daily-399", "intraday-1", "intraday-29"}
	if !slices.Equal(got, want) {
		t.Errorf("left are %q", got)
	}
	if left, err := s.DeadLetters(t.Context(), 0, 10); err != nil || len(left) != 1 || left[0].Detail != "new" {
		t.Errorf("dead letters %+v and %v", left, err)
	}
	// More than one step, and a rule of "for ever".
	m := newMarket(1, 5, noon.AddDate(-2, 0, 0), time.Second)
	old := m.take(pruneStep*2 + 5)
	put(t, s, old...)
	s.cfg.Keep[event.Combo] = 0
	combos := 0
	for _, e := range old {
		if e.Tier == event.Combo {
			combos++
		}
	}
	if n, err := s.Prune(t.Context(), noon); err != nil || n != len(old)-combos {
		t.Errorf("pruned %d and %v, want %d", n, err, len(old)-combos)
	}
}
