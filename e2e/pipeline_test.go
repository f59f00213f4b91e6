package e2e_test

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"tierboard/e2e/stack"
	"tierboard/shared/event"
	"tierboard/shared/wire"
)

// expectation is one event that a published message must become, written down by hand from what the message says.
type expectation struct {
	symbol, pattern, tier string
	confidence            float64
	detected              string // as on the wire; onReceipt when the message has no time
	id                    string // the producer's, or derived when it gave none
}

const (
	// onReceipt stands for the time at which the server read the message.
	onReceipt = "received_at"
	// derived stands for an id made from what was detected.
	derived = "derived"
)

// outcomeOf says what each message of testdata/variants.jsonl becomes.
type outcomeOf struct {
	name   string
	events []expectation
	copies int    // detections in it that an earlier message has brought already
	reject string // the reason why one detection in it is refused
	other  bool   // known, and no detection
	unread bool   // on a channel that nobody reads
}

// variants is every shape of the producer's messages: V1 to V14 with their spellings, the copies it sends of live detections
// from 0.8 on, and what must not become an event.
var variants = []outcomeOf{
	{name: "v1_flat", events: []expectation{{"AAPL", "daily_breakout", "daily", 0.86, "2025-09-14T14:00:00.250Z", "ev-1"}}},
	{name: "v1_split_daily", events: []expectation{{"ADBE", "harami", "daily", 0.58, "2025-09-15T20:15:00.000Z", derived}}},
	{name: "v1_split_intraday", events: []expectation{{"ADI", "harami", "intraday", 0.59, "2025-09-15T18:15:00.000Z", derived}}},
	{name: "v1_split_combo", events: []expectation{{"ADP", "harami", "combo", 0.6, "2025-09-15T18:16:00.000Z", derived}}},
	{name: "v1_colon_daily", events: []expectation{{"ADSK", "harami", "daily", 1, "2025-10-01T20:15:00.000Z", derived}}},
	{name: "v1_colon_intraday", events: []expectation{{"AEP", "harami", "intraday", 0, "2025-10-01T15:15:00.000Z", derived}}},
	{name: "v2_library", events: []expectation{{"MSFT", "doji", "intraday", 0.61, "2025-09-14T14:31:00.000Z", derived}}},
	{name: "v2_no_confidence", reject: "no_confidence"},
	{name: "v3_registry", events: []expectation{{"NVDA", "weekly_breakout", "daily", 0.74, "2025-09-14T13:59:59.900Z", "WeeklyBO_NVDA_1757858400123"}}},
	{name: "v3_same_registry_id", events: []expectation{{"NXPI", "weekly_breakout", "daily", 0.75, "2025-09-14T13:59:59.900Z", derived}}},
	{name: "v4_pattern_data", events: []expectation{{"TSLA", "volume_spike", "intraday", 0.81, "2025-09-12T18:04:59.000Z", derived}}},
	{name: "v5_data", events: []expectation{{"AMD", "bull_flag", "daily", 0.91, "2025-09-15T14:03:20.500Z", "0f0c2a5e-0000-4000-8000-000000000001"}}},
	{name: "v5_pattern_name", events: []expectation{{"INTC", "bull_flag", "daily", 0.91, "2025-09-15T14:03:20.500Z", "0f0c2a5e-0000-4000-8000-000000000011"}}},
	{name: "v5_upper_tier", events: []expectation{{"PYPL", "weekly_breakout", "daily", 0.9, "2025-09-15T14:03:20.500Z", derived}}},
	{name: "v5_other_flow", copies: 1},
	{name: "v6_data_data", events: []expectation{{"QCOM", "doji", "intraday", 0.66, "2025-09-16T13:45:02.118Z", "0f0c2a5e-0000-4000-8000-000000000002"}}},
	{name: "v6_tier_in_source", events: []expectation{{"ORCL", "head_and_shoulders", "intraday", 0.66, "2025-09-16T13:45:01.500Z", "0f0c2a5e-0000-4000-8000-000000000012"}}},
	{name: "v7_payload", events: []expectation{{"META", "head_and_shoulders", "daily", 0.83, "2025-10-01T20:11:00.000Z", derived}}},
	{name: "v8_detection", events: []expectation{{"GOOGL", "price_change", "intraday", 0.9, "2025-10-06T10:31:00.000Z", "p-77"}}},
	{name: "v8_detection_copy", copies: 1},
	{name: "v8_pattern_type", events: []expectation{{"AVGO", "momentum_spike", "intraday", 0.83, "2025-10-06T14:31:00.000Z", derived}}},
	{name: "v8_pattern_type_copy", copies: 1},
	{name: "v8_pattern_name", events: []expectation{{"MU", "price_change", "intraday", 0.4, "2025-10-06T14:32:00.000Z", derived}}},
	{name: "v8_bar_data", events: []expectation{{"TXN", "price_change", "intraday", 0.95, "2025-10-06T14:31:00.000Z", "p-78"}}},
	{name: "v8_bar_data_copy", copies: 1},
	{name: "v8_then_flat", events: []expectation{{"CSCO", "volume_spike", "intraday", 0.87, "2025-10-06T14:33:00.000Z", "p-79"}}},
	{name: "v8_then_flat_copy", copies: 1},
	{name: "v9_flat_streaming", events: []expectation{{"QQQ", "bullish_engulfing", "intraday", 0.72, "2025-10-06T14:32:00.000Z", derived}}},
	{name: "v9b_direction", events: []expectation{{"SPY", "bearish_engulfing", "intraday", 0.72, "2025-10-06T14:32:00.000Z", derived}}},
	{name: "v9_twice", events: []expectation{{"IWM", "hammer", "intraday", 0.8, "2025-10-06T14:34:00.000Z", derived}}},
	{name: "v9_twice_copy", copies: 1},
	{name: "v10_streaming_batch", events: []expectation{
		{"PEP", "doji", "intraday", 0.6, "2025-10-06T10:32:00.000Z", derived},
		{"IBM", "hammer", "intraday", 0.7, "2025-10-06T10:32:00.000Z", derived},
		{"HD", "hammer", "intraday", 0.85, "2025-10-06T14:32:00.000Z", derived},
	}},
	{name: "v10_entry_copy", copies: 1},
	{name: "v10_patterns_batch", events: []expectation{{"LOW", "hammer", "intraday", 0.7, onReceipt, derived}}},
	{name: "v10_spellings", events: []expectation{
		{"SP1", "volume_spike", "intraday", 0.5, "2025-10-06T14:35:00.000Z", derived},
		{"SP2", "volume_spike", "intraday", 0.5, "2025-10-06T14:35:00.000Z", derived},
		{"SP3", "volume_spike", "intraday", 0.5, "2025-10-06T14:35:00.000Z", derived},
		{"SP4", "volume_spike", "intraday", 0.5, "2025-10-06T14:35:00.000Z", derived},
		{"SP5", "volume_spike", "intraday", 0.5, "2025-10-06T14:35:00.000Z", derived},
	}},
	{name: "v10_mixed_batch", events: []expectation{{"TGT", "doji", "intraday", 0.77, "2025-10-06T14:35:00.000Z", derived}}, reject: "bad_confidence"},
	{name: "v11_percent", events: []expectation{{"KO", "doji", "intraday", 0.855, "2025-10-06T14:32:00.000Z", derived}}},
	{name: "v12_fallback_flat", events: []expectation{{"GE", "bearish_engulfing", "intraday", 0.55, "2025-09-14T14:00:00.500Z", derived}}},
	{name: "v12_fallback_data", events: []expectation{{"F", "volume_spike", "intraday", 0.7, "2025-09-15T14:03:20.500Z", derived}}},
	{name: "v12_price_gap", reject: "unknown_tier"}, // occurs in two tiers, and nothing tells which
	{name: "v13_ticker", events: []expectation{{"AMAT", "doji", "intraday", 0.7, "2025-09-14T14:00:00.000Z", derived}}},
	{name: "v14_combo", events: []expectation{{"NFLX", "setup_confirmation", "combo", 0.88, "2025-09-15T14:03:20.500Z", derived}}},
	{name: "v14_combo_linked", events: []expectation{{"CRM", "setup_confirmation", "combo", 0.88, "2025-09-15T14:03:20.500Z", derived}}},
	{name: "v14_combo_table", events: []expectation{{"UBER", "reversal_combo", "combo", 0.7, "2025-09-15T14:03:20.500Z", derived}}},
	{name: "v14_tier_word", events: []expectation{{"SHOP", "trend_continuation", "combo", 0.99, "2025-09-15T14:03:20.500Z", derived}}},
	{name: "t2_known_source_word", events: []expectation{{"SNOW", "doji", "intraday", 0.65, "2025-09-15T14:03:20.500Z", derived}}},
	{name: "numeric_symbol", reject: "bad_symbol"},
	{name: "confidence_170", reject: "bad_confidence"},
	{name: "confidence_word", reject: "bad_confidence"},
	{name: "time_word", reject: "bad_time"},
	{name: "cache_update", other: true},
	{name: "cache_expiry", other: true},
	{name: "run_started", other: true},
	{name: "channel_not_ours", unread: true},
}

// message is one line of testdata/variants.jsonl.
type message struct {
	Name    string          `json:"name"`
	Channel string          `json:"channel"`
	Payload json.RawMessage `json:"payload"` // published byte by byte as it stands there
}

// messages reads the file and holds it to the table: the same names in the same order.
func messages(t testing.TB) []message {
	t.Helper()
	file, err := os.Open("testdata/variants.jsonl")
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	var ms []message
	var names, want []string
	for lines := bufio.NewScanner(file); lines.Scan(); {
		var m message
		if err := json.Unmarshal(lines.Bytes(), &m); err != nil {
			t.Fatalf("line %d: %v", len(ms)+1, err)
		}
		ms = append(ms, m)
		names = append(names, m.Name)
	}
	for _, v := range variants {
		want = append(want, v.name)
	}
	if d := cmp.Diff(want, names); d != "" {
		t.Fatalf("messages (-table +file):\n%s", d)
	}
	return ms
}

// picky are filters that cut through the table, with bounds that events lie exactly on.
var picky = []any{
	map[string]any{"tiers": []any{"intraday"}, "symbols": []any{"KO", "MU", "GOOGL", "TXN", "NVDA"}, "confidence_min": 0.855},
	map[string]any{"tiers": []any{"daily"}, "symbols": []any{"AMD", "intc", "PYPL", "AAPL"}, "confidence_min": 0.91},
	map[string]any{"tiers": []any{"combo"}, "symbols": []any{"CRM", "UBER"}, "confidence_min": 0.7},
}

// picked are the symbols that picky lets through, by hand.
var picked = []string{"AMD", "INTC", "GOOGL", "TXN", "KO", "CRM", "UBER"}

// TestEveryVariantReachesEveryClient publishes each shape where the producer publishes it, and looks at what a JSON and a
// msgpack client receive: live, afterwards as a snapshot, and through filters.
func TestEveryVariantReachesEveryClient(t *testing.T) {
	r := stack.Redis(t)
	s := stack.Server(t, stack.Env("REDIS_URL", r.URL()))
	p := newPublisher(t, r.URL())
	ms := messages(t)

	plain, packed, filtered := dial(t, s, wire.JSONProtocol), dial(t, s, wire.MsgPackProtocol), dial(t, s, wire.MsgPackProtocol)
	plain.subscribe(everything, nil)
	packed.subscribe(everything, nil)
	filtered.subscribe(picky, nil)
	for _, m := range ms {
		p.publish(m.Channel, string(m.Payload))
	}
	// Messages are worked on in their order, so what is not here before the last one never comes.
	p.publish("tickstock.events.patterns", `{"symbol":"CRM","pattern":"Doji","tier":"combo","confidence":0.7,"timestamp":"2025-10-07T14:00:00Z","event_id":"last"}`)
	for _, c := range []*stream{plain, packed, filtered} {
		c.await("the last event", func(fs []received) bool {
			return slices.ContainsFunc(fs, func(f received) bool {
				b, ok := f.frame.(*wire.Batch)
				return ok && slices.ContainsFunc(b.Events, func(e *event.Event) bool { return e.ID == "last" })
			})
		})
	}

	want, result := map[string]expectation{}, map[string]float64{"event": 1}
	reasons := map[string]float64{}
	order := []string{}
	for _, v := range variants {
		for _, x := range v.events {
			want[x.symbol] = x
			order = append(order, x.symbol)
		}
		result["event"] += float64(len(v.events))
		result["duplicate"] += float64(v.copies)
		if v.reject != "" {
			result["reject"]++
			reasons[v.reject]++
		}
		if v.other {
			result["other"]++
		}
	}
	want["CRM/last"] = expectation{"CRM", "doji", "combo", 0.7, "2025-10-07T14:00:00.000Z", "last"}
	order = append(order, "CRM/last")

	check(t, plain.plainEvents(), want, order)
	check(t, packed.plainEvents(), want, order)
	if d := cmp.Diff(plain.plainEvents(), packed.plainEvents()); d != "" {
		t.Errorf("the two protocols differ (-json +msgpack):\n%s", d)
	}
	all := packed.live()
	plain.live()
	same(t, "filtered, live", filtered.live(), oracle(t, picky, all, always))
	var got []string
	for _, e := range filtered.live() {
		got = append(got, e.Symbol)
	}
	if d := cmp.Diff(append(slices.Clone(picked), "CRM"), got); d != "" {
		t.Errorf("symbols of the filtered client (-want +got):\n%s", d)
	}

	for word, n := range result {
		if got := metric(t, s, `tierboard_ingest_messages_total{result="`+word+`"}`); got != n {
			t.Errorf("%v messages are counted as %s, want %v", got, word, n)
		}
	}
	for reason, n := range reasons {
		if got := metric(t, s, `tierboard_ingest_rejects_total{reason="`+reason+`"}`); got != n {
			t.Errorf("%v rejects for %s, want %v", got, reason, n)
		}
	}

	for _, protocol := range []string{wire.JSONProtocol, wire.MsgPackProtocol} {
		late := dial(t, s, protocol)
		ack, snapshot := late.subscribe(everything, nil)
		same(t, protocol+": snapshot", snapshot, all)
		if ack.Resumed || ack.Seq != all[len(all)-1].Seq {
			t.Errorf("%s: acknowledged with %+v", protocol, ack)
		}
		check(t, late.plainEvents(), want, order)
		latePicky := dial(t, s, protocol)
		_, snapshot = latePicky.subscribe(picky, nil)
		same(t, protocol+": filtered snapshot", snapshot, oracle(t, picky, all, always))
	}
}

// check compares events, as a library that knows nothing of Tierboard reads them, with the table.
func check(t testing.TB, got []map[string]any, want map[string]expectation, order []string) {
	t.Helper()
	var symbols []string
	ids := map[any]string{}
	last := 0.0
	for _, e := range got {
		symbol, _ := e["symbol"].(string)
		id, _ := e["id"].(string)
		if id == "last" {
			symbol += "/last"
		}
		symbols = append(symbols, symbol)
		if other, twice := ids[id]; twice {
			t.Errorf("%s and %s have the id %s", other, symbol, id)
		}
		ids[id] = symbol
		seq, _ := e["seq"].(float64)
		if seq <= last {
			t.Errorf("%s: seq %v after %v", symbol, seq, last)
		}
		last = seq
		x, ok := want[symbol]
		if !ok {
			t.Errorf("unexpected event %v", e)
			continue
		}
		if x.id == derived && len(id) == 36 && id[14] == '5' { // a UUID made from a name
			x.id = id
		}
		if x.detected == onReceipt {
			x.detected, _ = e["received_at"].(string)
		}
		priority := "low"
		switch {
		case x.confidence >= 0.9:
			priority = "critical"
		case x.confidence >= 0.8:
			priority = "high"
		case x.confidence >= 0.6:
			priority = "medium"
		}
		row := map[string]any{
			"symbol": x.symbol, "pattern_type": x.pattern, "tier": x.tier, "confidence": x.confidence,
			"detected_at": x.detected, "id": x.id, "occurrences": 1.0, "priority": priority,
		}
		brief := map[string]any{}
		for k := range row {
			brief[k] = e[k]
		}
		if d := cmp.Diff(row, brief); d != "" {
			t.Errorf("%s (-want +got):\n%s", symbol, d)
		}
		for k, v := range e {
			if v == nil {
				t.Errorf("%s: %s is null; what is not known is left out", symbol, k)
			}
		}
		at, _ := e["received_at"].(string)
		if at, err := time.Parse(time.RFC3339, at); err != nil || time.Since(at) > time.Hour {
			t.Errorf("%s: received_at %v", symbol, e["received_at"])
		}
	}
	if d := cmp.Diff(order, symbols); d != "" {
		t.Errorf("events in their order (-want +got):\n%s", d)
	}
}

// TestHostileDetailsReadAlike publishes detections whose free text and numbers strain encoders, and holds the two protocols to
// each other: what a JSON client reads is what a msgpack client reads.
func TestHostileDetailsReadAlike(t *testing.T) {
	r := stack.Redis(t)
	s := stack.Server(t, stack.Env("REDIS_URL", r.URL()))
	p := newPublisher(t, r.URL())
	plain, packed := dial(t, s, wire.JSONProtocol), dial(t, s, wire.MsgPackProtocol)
	plain.subscribe(everything, nil)
	packed.subscribe(everything, nil)
	hostile := []string{
		"\"\xff\xfe broken \xc3\"", `"\ud800 lone \udfff"`, `"\u0000\u0007\u001b[31m"`, `"</script><img src=x>\u2028\u2029"`, `"😀 \"quoted\" \\ \/"`,
		`9007199254740993`, `18446744073709551615`, `-9223372036854775808`, `1e308`, `-0.0`, `1e-320`, `0.1`, `1.0`, `123456789012345678901234567890`,
		`null`, `true`, `[]`, `{}`, `[1,[2,[3,[4,[5]]]]]`, `{"":{"a.b":{"__proto__":{"constructor":1}}}}`, `[null,{"x":null}]`,
		`{"a":1,"a":2}`, `"2025-01-01T00:00:00Z"`, `[` + string(bytes.Repeat([]byte(`1,`), 500)) + `1]`,
	}
	for i, h := range hostile {
		p.publish("tickstock.events.patterns", fmt.Sprintf(
			`{"symbol":"H%d","pattern":"Doji","tier":"intraday","confidence":0.7,"timestamp":%d,"note":%s,"metadata":{"deep":%s},"levels":[1.5,%s]}`,
			i, 1757858400+i, h, h, h))
	}
	p.detection("daily", "LAST", "Bull_Flag", 0.8)
	plain.awaitEvent("LAST")
	packed.awaitEvent("LAST")
	a, b := plain.plainEvents(), packed.plainEvents()
	if d := cmp.Diff(a, b); d != "" {
		t.Errorf("the two protocols differ (-json +msgpack):\n%s", d)
	}
	if len(a) != len(hostile)+1 {
		t.Errorf("%d events of %d messages: odd details must not cost the event", len(a), len(hostile)+1)
	}
}
