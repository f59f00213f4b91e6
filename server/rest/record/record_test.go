package record

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"net/http/httptest"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"tierboard/server/query"
	"tierboard/shared/api"
	"tierboard/shared/event"
	"tierboard/shared/wire"
)

// friday is when the tests take place.
var friday = time.Date(2026, 11, 20, 19, 31, 11, 0, time.UTC)

// sample is a combo with texts that are hard to write.
func sample() *event.Event {
	return &event.Event{
		Kind: event.Pattern, ID: "c1", Tier: event.Combo, Confidence: .91, Priority: event.PriorityOf(.91),
		Scope:      event.Scope{Symbol: "AAPL", Pattern: "setup_confirmation", Label: "Spike, \"big\"\nand {odd} [text] \\", Timeframe: "5min", Direction: event.Bullish},
		DetectedAt: friday, ReceivedAt: friday.Add(22 * time.Millisecond), ExpiresAt: friday.Add(30 * time.Minute),
		Session: event.Regular, SessionDate: "2026-11-20", ChangePct: event.Num(-0.84), Occurrences: 1, Source: "=SUM(A1)",
		Levels: []event.Level{{Kind: "entry", Price: 228.6}, {Kind: "target", Price: 232.5, Label: "T1"}},
		Combo: &event.ComboDetail{
			Correlation: event.Num(.86),
			Setup:       &event.Link{ID: "d1", Kind: event.LinkExact, Pattern: "bull_flag"}, Trigger: &event.Link{ID: "i1", Kind: event.LinkExact, Pattern: "volume_spike"},
		},
	}
}

// rowOf stores an event.
func rowOf(e *event.Event) query.Row {
	return query.Row{ID: e.ID, Body: wire.AppendEvent(nil, e, wire.JSON), ExpiresAt: e.ExpiresAt}
}

// value draws a JSON value.
func value(t *rapid.T, depth int) any {
	switch kind := rapid.IntRange(0, 6).Draw(t, "kind"); {
	case kind == 0:
		return nil
	case kind == 1:
		return rapid.Bool().Draw(t, "bool")
	case kind == 2:
		return rapid.Float64Range(-1e9, 1e9).Draw(t, "number")
	case kind < 5 || depth == 0:
		return rapid.SampledFrom([]string{"", "a", `"`, `\`, `\"`, "{}[],:", "é\u2028", "\n\t", `{"a":"b"}`}).Draw(t, "text")
	case kind == 5:
		return rapid.SliceOfN(rapid.Custom(func(t *rapid.T) any { return value(t, depth-1) }), 0, 3).Draw(t, "list")
	}
	return object(t, depth-1)
}

// object draws a JSON object.
func object(t *rapid.T, depth int) map[string]any {
	out := map[string]any{}
	for range rapid.IntRange(0, 4).Draw(t, "members") {
		out[rapid.StringMatching(`[a-z_]{1,6}`).Draw(t, "name")] = value(t, depth)
	}
	return out
}

// TestMembersAreThoseThatJSONReads compares the scan over an object with the standard library's reader.
func TestMembersAreThoseThatJSONReads(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		body, err := json.Marshal(object(t, 3))
		if err != nil {
			t.Fatal(err)
		}
		var want map[string]json.RawMessage
		if err := json.Unmarshal(body, &want); err != nil {
			t.Fatal(err)
		}
		got := map[string]json.RawMessage{}
		members(body, func(key string, value []byte) bool {
			got[key] = value
			return true
		})
		if diff := cmp.Diff(want, got); diff != "" {
			t.Fatalf("%s: want -, got +\n%s", body, diff)
		}
		for name, raw := range want {
			var text string
			if json.Unmarshal(raw, &text) != nil {
				text = ""
			}
			if got := Text(body, name); got != text {
				t.Fatalf("the text of %s in %s is %q, want %q", name, body, got, text)
			}
		}
		if Text(body, "NO") != "" || !Time(body, "NO").IsZero() {
			t.Fatalf("%s has what it has not", body)
		}
	})
}

// FuzzMembers gives any bytes to the scan, which must end, and hand out nothing but parts of them.
func FuzzMembers(f *testing.F) {
	f.Add(rowOf(sample()).Body)
	f.Add([]byte(`{"a":"\`))
	f.Add([]byte(`{"a":[1,{"b":"]"}],"c":`))
	f.Add([]byte(`{"a"`))
	f.Add([]byte(`}`))
	f.Fuzz(func(t *testing.T, body []byte) {
		members(body, func(key string, value []byte) bool {
			if !bytes.Contains(body, []byte(`"`+key+`":`+string(value))) {
				t.Fatalf("%q: %q is no part of %q", key, value, body)
			}
			return true
		})
		_, _ = Legs(body)
	})
}

func TestKeysAreThoseOfTheEvent(t *testing.T) {
	e := sample()
	for _, s := range []query.Sort{query.Newest, query.Oldest, query.Surest, query.BySymbol, query.Soonest} {
		if got, want := Key(rowOf(e), s), query.KeyOf(e, s); got != want {
			t.Errorf("%s: %+v, want %+v", s, got, want)
		}
	}
	if daily, intraday := Legs(rowOf(e).Body); daily != "d1" || intraday != "i1" {
		t.Errorf("legs %q, %q", daily, intraday)
	}
}

// TestPresentation shows one event in every way.
func TestPresentation(t *testing.T) {
	row := rowOf(sample())
	yes := true
	extra := Extras{Outcomes: map[string][]api.Outcome{"c1": {{Horizon: "1d", Success: &yes}}}, Combos: map[string][]string{"c1": {"c2"}}}
	open := string(row.Body[:len(row.Body)-1])
	none := func(query.Row) string { return open + "}" }
	for _, c := range []struct {
		name            string
		fields, include []string
		now             time.Time
		extra           Extras
		want            func(query.Row) string
	}{
		{"as it was stored", nil, nil, friday, Extras{}, none},
		{"extras that nobody asked for", nil, nil, friday, extra, none},
		{"status before the end", nil, []string{"status"}, friday, extra, func(query.Row) string { return open + `,"status":"active"}` }},
		{"status at the end", nil, []string{"status"}, row.ExpiresAt, extra, func(query.Row) string { return open + `,"status":"expired"}` }},
		{"everything", nil, []string{"related", "outcome", "status"}, friday, extra, func(query.Row) string {
			return open + `,"status":"active","related":{"daily_id":"d1","intraday_id":"i1","combo_ids":["c2"]},"outcome":[{"horizon":"1d","success":true}]}`
		}},
		{"some fields", []string{"id", "symbol", "confidence"}, nil, friday, extra, func(query.Row) string { return `{"id":"c1","symbol":"AAPL","confidence":0.91}` }},
	} {
		t.Run(c.name, func(t *testing.T) {
			p := NewPresenter(c.fields, c.include, c.now)
			if got, want := string(p.Append([]byte("x"), row, c.extra)), "x"+c.want(row); got != want {
				t.Errorf("got\n%s\nwant\n%s", got, want)
			}
			if p.Related != slices.Contains(c.include, "related") || p.Outcome != slices.Contains(c.include, "outcome") {
				t.Errorf("asks for %v %v", p.Related, p.Outcome)
			}
		})
	}
}

// TestWriters write the same events in both formats, with the texts that a spreadsheet would run made harmless.
func TestWriters(t *testing.T) {
	var rows []query.Row
	for i, source := range []string{"=SUM(A1)", "+1", "-1", "@x", "\tx", "plain", ""} {
		e := sample()
		e.ID, e.Source = fmt.Sprint("c", i), source
		rows = append(rows, rowOf(e))
	}
	fields := []string{"id", "source", "price_change_pct", "pattern_label", "status"}
	p := NewPresenter(fields, []string{"status"}, friday)

	lines := httptest.NewRecorder()
	out := NewWriter(lines, "ndjson", p)
	out.Write(rows[:3], Extras{})
	out.Write(rows[3:], Extras{})
	out.Flush()
	var want bytes.Buffer
	for _, r := range rows {
		want.Write(append(p.Append(nil, r, Extras{}), '\n'))
	}
	if lines.Body.String() != want.String() || lines.Header().Get("Content-Type") != "application/x-ndjson" {
		t.Errorf("%v\n%s\nwant\n%s", lines.Header(), lines.Body, &want)
	}

	sheet := httptest.NewRecorder()
	out = NewWriter(sheet, "csv", p)
	out.Write(rows, Extras{})
	out.Flush()
	table, err := csv.NewReader(sheet.Body).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	cells := [][]string{fields}
	for i, source := range []string{"'=SUM(A1)", "'+1", "'-1", "'@x", "'\tx", "plain", ""} {
		cells = append(cells, []string{fmt.Sprint("c", i), source, "-0.84", "Spike, \"big\"\nand {odd} [text] \\", "active"})
	}
	if diff := cmp.Diff(cells, table); diff != "" {
		t.Errorf("want -, got +\n%s", diff)
	}
	if h := sheet.Header(); h.Get("Content-Type") != "text/csv; charset=utf-8; header=present" || h.Get("Content-Disposition") != `attachment; filename="patterns.csv"` {
		t.Errorf("%v", h)
	}
}
