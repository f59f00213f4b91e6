package store

import (
	"context"
	"database/sql"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"tierboard/server/store/ask"
	"tierboard/server/store/list"
	"tierboard/server/store/plan"
	"tierboard/server/store/where"
	"tierboard/shared/event"
	"tierboard/shared/filter"
)

// matches is the oracle: what a question means for one event.
func matches(e *event.Event, q ask.Query) bool {
	at := e.DetectedAt.Truncate(time.Millisecond)
	active := e.ExpiresAt.IsZero() || e.ExpiresAt.UnixMilli() > q.Now.UnixMilli()
	return q.Filter.Match(e) && (q.Since.IsZero() || !at.Before(q.Since)) && (q.Until.IsZero() || at.Before(q.Until)) &&
		(q.Status == ask.AnyStatus || active == (q.Status == ask.Active)) && (q.SessionDate == "" || e.SessionDate == q.SessionDate)
}

// The words of random events and filters: few, so that they meet.
var (
	someSymbols    = []string{"AAPL", "MSFT", "BRK.B", "a'b", "Ä", "Z"}
	somePatterns   = []string{"doji", "bull_flag", "ß"}
	someTimeframes = []string{"", "1min", "daily"}
	someSessions   = []event.Session{"", event.Regular, event.PreMarket}
	someDirections = []event.Direction{"", event.Bullish, event.Bearish}
	someNumbers    = []float64{0, 0.1, 0.3, 0.6, 0.75, 0.8, 0.9, 0.95, 1, 0.30000000000000004, 1.0 / 3}
	someDates      = []string{"", "2026-11-19", "2026-11-20"}
	someFacets     = []string{"", "bull", "b\"=\n", "☃"}
	someTiers      = []event.Tier{event.TierNone, event.Daily, event.Intraday, event.Combo}
)

func drawTime(t *rapid.T, name string) time.Time {
	return noon.Add(time.Duration(rapid.IntRange(-20, 20).Draw(t, name)) * 500 * time.Microsecond)
}

func drawEvent(t *rapid.T, i int) *event.Event {
	pick := func(name string, of []string) string { return rapid.SampledFrom(of).Draw(t, name) }
	e := &event.Event{
		Kind: event.Pattern, ID: fmt.Sprintf("%s%d", pick("id", []string{"a", "B", "é", "-"}), i), Tier: rapid.SampledFrom(someTiers).Draw(t, "tier"),
		Scope: event.Scope{
			Symbol: pick("symbol", someSymbols), Pattern: pick("pattern", somePatterns), Timeframe: pick("timeframe", someTimeframes),
			Direction: rapid.SampledFrom(someDirections).Draw(t, "direction"),
		},
		Confidence: rapid.SampledFrom(someNumbers).Draw(t, "confidence"), Priority: event.Priority(rapid.IntRange(0, 3).Draw(t, "priority")),
		DetectedAt: drawTime(t, "detected"), ReceivedAt: noon, Session: rapid.SampledFrom(someSessions).Draw(t, "session"), SessionDate: pick("date", someDates),
	}
	if rapid.Bool().Draw(t, "expires") {
		e.ExpiresAt = drawTime(t, "expiry")
	}
	if e.Tier == event.TierNone {
		e.Kind = "market_state"
	}
	if rapid.Bool().Draw(t, "faceted") {
		e.Facets = map[event.Dim]string{"regime": pick("regime", someFacets), "user": pick("user", someFacets)}
	}
	setDetail(e)
	return e
}

// drawSet draws a set that is empty most of the time.
func drawSet[T any](t *rapid.T, name string, of []T) []T {
	if rapid.IntRange(0, 3).Draw(t, name+"?") > 0 {
		return nil
	}
	return rapid.SliceOfN(rapid.SampledFrom(of), 1, 4).Draw(t, name)
}

func drawQuery(t *rapid.T) ask.Query {
	q := ask.Query{
		Filter: filter.Filter{
			Kinds: drawSet(t, "kinds", []event.Kind{event.Pattern, "market_state", "x"}), Tiers: drawSet(t, "tiers", someTiers),
			Patterns: drawSet(t, "patterns", somePatterns), Symbols: drawSet(t, "symbols", someSymbols),
			ExcludeSymbols: drawSet(t, "excluded", someSymbols), Timeframes: drawSet(t, "timeframes", someTimeframes),
			Sessions: drawSet(t, "sessions", someSessions), Directions: drawSet(t, "directions", someDirections),
			PriorityMin: rapid.SampledFrom([]event.Priority{0, 0, 0, 1, 2, 3}).Draw(t, "priority"),
		},
		Status:      rapid.SampledFrom([]ask.Status{ask.AnyStatus, ask.AnyStatus, ask.Active, ask.Expired}).Draw(t, "status"),
		Now:         drawTime(t, "now"),
		SessionDate: rapid.SampledFrom([]string{"", "", "", "2026-11-20"}).Draw(t, "date"),
		Sort:        rapid.SampledFrom(ask.Sorts()).Draw(t, "sort"),
		Limit:       rapid.IntRange(1, 30).Draw(t, "limit"),
	}
	if rapid.IntRange(0, 2).Draw(t, "min?") == 0 {
		q.Filter.ConfidenceMin = rapid.SampledFrom(someNumbers).Draw(t, "min")
	}
	if rapid.IntRange(0, 3).Draw(t, "max?") == 0 {
		q.Filter.ConfidenceMax = rapid.SampledFrom(someNumbers).Draw(t, "max")
	}
	if rapid.IntRange(0, 2).Draw(t, "since?") == 0 {
		q.Since = drawTime(t, "since")
	}
	if rapid.IntRange(0, 3).Draw(t, "until?") == 0 {
		q.Until = drawTime(t, "until")
	}
	for dim, of := range map[event.Dim][]string{
		"regime": someFacets, "nobody": {"", "x"}, event.DimTier: {"daily", "combo", "DAILY", ""}, event.DimSymbol: someSymbols, event.DimKind: {"pattern"},
	} {
		if rapid.IntRange(0, 9).Draw(t, "extra "+string(dim)) == 0 {
			if q.Filter.Extra == nil {
				q.Filter.Extra = map[event.Dim][]string{}
			}
			q.Filter.Extra[dim] = drawSet(t, string(dim), of)
		}
	}
	return q
}

// oracle holds random questions about random events, page by page, to the plain answer.
func oracle(t *testing.T, fresh place) { //nolint:thelper // a test of its own
	s := openStore(t, fresh(t))
	rapid.Check(t, func(t *rapid.T) {
		ctx := context.Background()
		if _, err := s.db.ExecContext(ctx, "DELETE FROM events"); err != nil {
			t.Fatal(err)
		}
		events := make([]*event.Event, rapid.IntRange(0, 40).Draw(t, "events"))
		for i := range events {
			events[i] = drawEvent(t, i)
		}
		if err := s.Upsert(ctx, events); err != nil {
			t.Fatal(err)
		}
		for range 10 {
			q := drawQuery(t)
			all := q
			all.Limit = len(events)
			want := expected(events, all)
			var got []string
			for pages := 0; pages <= len(events); pages++ {
				page, err := s.Query(ctx, q)
				if err != nil {
					t.Fatalf("%+v: %v", q, err)
				}
				if len(page.Rows) > q.Limit {
					t.Fatalf("%+v: a page of %d", q, len(page.Rows))
				}
				got = append(got, ids(page.Rows)...)
				if q.After = page.Next; page.Next == nil {
					break
				}
			}
			if !slices.Equal(got, want) {
				t.Fatalf("%+v\ngot  %q\nwant %q", q, got, want)
			}
			var walked []string
			if err := s.Each(ctx, q, func(r list.Row) error { walked = append(walked, r.ID); return nil }); err != nil {
				t.Fatal(err)
			}
			slices.Sort(walked)
			slices.Sort(want)
			if !slices.Equal(walked, want) {
				t.Fatalf("%+v: walked\ngot  %q\nwant %q", q, walked, want)
			}
		}
	})
}

// paging checks that a cursor made from an event is the one a page ends with, in every order.
func paging(t *testing.T, fresh place) { //nolint:thelper // a test of its own
	s := openStore(t, fresh(t))
	all := newMarket(11, 30, noon, time.Second).take(1000)
	put(t, s, all...)
	for _, sort := range ask.Sorts() {
		want := expected(all, ask.Query{Sort: sort, Limit: len(all)})
		var got []string
		q := ask.Query{Sort: sort, Limit: 333}
		for range 4 {
			page, err := s.Query(t.Context(), q)
			if err != nil {
				t.Fatal(err)
			}
			got = append(got, ids(page.Rows)...)
			if page.Next == nil {
				break
			}
			events, err := page.Events()
			if err != nil {
				t.Fatal(err)
			}
			c := ask.CursorOf(events[len(events)-1], sort)
			if *page.Next != c {
				t.Errorf("%s: the cursor %v differs from %v", sort, *page.Next, c)
			}
			q.After = &c
		}
		if !slices.Equal(got, want) {
			t.Errorf("%s: %d events over the pages, want %d in order", sort, len(got), len(want))
		}
	}
}

// parts asks for pages of many symbols, of which one has nearly all events, a few have some, and the rest hardly any, in every
// place of the list and with events of equal time.
func parts(t *testing.T, fresh place) { //nolint:thelper // a test of its own
	s := openStore(t, fresh(t))
	var all []*event.Event
	symbols := make([]string, 30)
	for i := range symbols {
		symbols[i] = fmt.Sprintf("S%02d", i)
	}
	for i := range 900 {
		symbol := symbols[7]
		switch {
		case i%5 == 0:
			symbol = symbols[20+i/5%3]
		case i%31 == 0:
			symbol = symbols[i/31%30]
		}
		all = append(all, makeEvent(i, func(e *event.Event) {
			e.Symbol, e.DetectedAt = symbol, noon.Add(time.Duration(i/4)*time.Second)
		}))
	}
	put(t, s, all...)
	for _, sort := range []ask.Sort{ask.NewestFirst, ask.OldestFirst} {
		for _, n := range []int{6, 7, 8, 9, 24, 30} { // from eight on they are first asked for a part
			for _, limit := range []int{1, 10, 47, 100, 1000} {
				q := ask.Query{Filter: filter.Filter{Symbols: symbols[:n], Tiers: []event.Tier{event.Intraday}}, Sort: sort, Limit: limit}
				want := expected(all, ask.Query{Filter: q.Filter, Sort: sort, Limit: len(all)})
				for range 4 {
					page, err := s.Query(t.Context(), q)
					if err != nil {
						t.Fatal(err)
					}
					got := ids(page.Rows)
					if first := min(limit, len(want)); !slices.Equal(got, want[:first]) {
						t.Fatalf("%s, %d symbols, pages of %d\ngot  %q\nwant %q", sort, n, limit, got, want[:first])
					}
					want = want[len(got):]
					if q.After = page.Next; page.Next == nil {
						break
					}
				}
			}
		}
	}
}

// explained runs EXPLAIN on the queries of every shape that has to be fast, and on every other plan.
func explained(t *testing.T, fresh place) { //nolint:thelper // a test of its own
	s := openStore(t, fresh(t))
	// Enough rows that no planner finds it cheaper to read the table.
	m := newMarket(13, 600, noon, 30*time.Second) // a week
	for range 16 {
		put(t, s, m.take(500)...)
	}
	if _, err := s.db.ExecContext(t.Context(), "ANALYZE"); err != nil {
		t.Fatal(err)
	}
	for name, q := range shapes(m) {
		q, err := q.Normal()
		if err != nil {
			t.Fatal(err)
		}
		c, err := where.Of(q, s.db.SQLite())
		if err != nil {
			t.Fatal(err)
		}
		for i, p := range plan.For(q, c, s.db.SQLite()) {
			query, args := p.Query(s.db.SQLite(), p.Streams[:min(len(p.Streams), 200)])
			text := explain(t, s, query, args)
			if !strings.Contains(text, p.Index) || strings.Contains(text, "Seq Scan") || strings.Contains(text, "SCAN events") && !strings.Contains(text, "SEARCH events") {
				t.Errorf("%s, plan %d over %s:\n%s", name, i, p.Index, text)
			}
		}
	}
}

// shapes are the questions that have to be answered in 5 ms, by name.
func shapes(m *market) map[string]ask.Query {
	tier := func(tiers ...event.Tier) filter.Filter { return filter.Filter{Tiers: tiers} }
	with := func(f filter.Filter, change func(*filter.Filter)) filter.Filter { change(&f); return f }
	i := tier(event.Intraday)
	deep := ask.CursorOf(&event.Event{ID: "5", DetectedAt: noon.Add(m.at.Sub(noon) / 2)}, ask.NewestFirst)
	return map[string]ask.Query{
		"daily newest": {Filter: tier(event.Daily)}, "intraday newest": {Filter: i}, "combo newest": {Filter: tier(event.Combo)}, "newest": {},
		"1 symbol":       {Filter: with(i, func(f *filter.Filter) { f.Symbols = m.symbols[5:6] })},
		"10 symbols":     {Filter: with(i, func(f *filter.Filter) { f.Symbols = m.symbols[5:15] })},
		"500 symbols":    {Filter: with(i, func(f *filter.Filter) { f.Symbols = m.symbols[len(m.symbols)-500:] })},
		"pattern":        {Filter: with(i, func(f *filter.Filter) { f.Patterns = m.patterns[3:4] })},
		"confidence .9":  {Filter: with(i, func(f *filter.Filter) { f.ConfidenceMin = 0.9 })},
		"session date":   {Filter: i, SessionDate: m.at.Format(time.DateOnly)},
		"since":          {Filter: i, Since: m.at.Add(-time.Hour)},
		"deep cursor":    {Filter: i, After: &deep},
		"direction":      {Filter: with(i, func(f *filter.Filter) { f.Directions = []event.Direction{event.Bearish} })},
		"active":         {Filter: i, Status: ask.Active, Now: m.at},
		"most confident": {Filter: i, Sort: ask.ConfidenceFirst},
		"confident day":  {Filter: i, Sort: ask.ConfidenceFirst, Since: m.at.Add(-time.Hour)},
		"by symbol":      {Filter: i, Sort: ask.BySymbol},
		"by expiry":      {Filter: i, Sort: ask.ByExpiry},
		"updated":        {Filter: i, UpdatedSince: time.Now().Add(time.Hour)},
	}
}

// explain returns the plan of a query as text.
func explain(t testing.TB, s *Store, query string, args []any) string {
	t.Helper()
	prefix := "EXPLAIN "
	if s.db.SQLite() {
		prefix = "EXPLAIN QUERY PLAN "
	}
	rows, err := s.db.QueryContext(t.Context(), prefix+query, args...)
	if err != nil {
		t.Fatalf("%s: %v", query, err)
	}
	defer rows.Close()
	var lines []string
	for rows.Next() {
		var line string
		var a, b, c sql.NullInt64
		dest := []any{&line}
		if s.db.SQLite() {
			dest = []any{&a, &b, &c, &line}
		}
		if err := rows.Scan(dest...); err != nil {
			t.Fatal(err)
		}
		lines = append(lines, line)
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	return strings.Join(lines, "\n")
}
