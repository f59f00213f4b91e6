package classify_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"tierboard/server/classify"
	"tierboard/server/classify/channels"
	"tierboard/server/classify/found"
	"tierboard/server/classify/reading"
	"tierboard/shared/event"
	"tierboard/shared/wire"
	"tierboard/shared/wire/value"
)

func TestFieldsFindTheirPlace(t *testing.T) {
	c := newClassifier(t, nil)
	get := func(text string) *event.Event {
		return one(t, c, main, `{"symbol":"A","pattern":"Doji","confidence":0.5,"timestamp":1759761120,`+text+`}`)
	}
	for _, tt := range []struct {
		text  string
		value func(e *event.Event) event.Number
		want  float64
	}{
		{`"price":1.5`, func(e *event.Event) event.Number { return e.Price }, 1.5},
		{`"current_price":"1.50"`, func(e *event.Event) event.Number { return e.Price }, 1.5},
		{`"price_at_detection":1.5,"price":2,"entry_price":3`, func(e *event.Event) event.Number { return e.Price }, 1.5},
		{`"price":0,"current_price":2`, func(e *event.Event) event.Number { return e.Price }, 2},
		{`"price_change":-2.5`, func(e *event.Event) event.Number { return e.ChangePct }, -2.5},
		{`"price_change":0`, func(e *event.Event) event.Number { return e.ChangePct }, 0},
		{`"volume":0`, func(e *event.Event) event.Number { return e.Volume }, 0},
		{`"volume_at_detection":412000`, func(e *event.Event) event.Number { return e.Volume }, 412000},
		{`"relative_volume":4.2`, func(e *event.Event) event.Number { return e.RelativeVolume }, 4.2},
		{`"indicators":{"relative_volume":1.8}`, func(e *event.Event) event.Number { return e.RelativeVolume }, 1.8},
		{`"metadata":{"rvol":3.1}`, func(e *event.Event) event.Number { return e.RelativeVolume }, 3.1},
	} {
		if got := number(tt.value(get(tt.text))); got != tt.want {
			t.Errorf("%s: got %v, want %v", tt.text, got, tt.want)
		}
	}
	for _, text := range []string{
		`"expires_at":1759764720`, `"expires_at":"1759764720.0"`, `"expiration_date":"2025-10-06T15:32:00Z"`, `"expiration_timestamp":"2025-10-06 11:32:00-0400"`,
		`"expires_at":"never","expiration_date":"2025-10-06T15:32Z"`,
	} {
		if e := get(text); !e.ExpiresAt.Equal(at("2025-10-06T15:32:00Z")) {
			t.Errorf("%s: got %v", text, e.ExpiresAt)
		}
	}
	// What cannot be understood stays in the details and is flagged or simply kept.
	e := get(`"price":-1,"price_change":"up","volume":1e300,"expires_at":"never","direction":"sideways","timeframe":17,"source":3,"correlation_strength":null`)
	if want := `{"price":-1,"price_change":"up","volume":1e300,"expires_at":"never","direction":"sideways","timeframe":17,"source":3}`; e.Details != want {
		t.Errorf("got  %s\nwant %s", e.Details, want)
	}
	if r := c.Classify(main, []byte(`{"symbol":"A","pattern":"Doji","confidence":0.5,"expires_at":"never"}`), received); !r.Flags.Has(found.BadExtra) {
		t.Errorf("flags %b", r.Flags)
	}
}

func TestDirection(t *testing.T) {
	c := newClassifier(t, nil)
	for _, tt := range []struct {
		text     string
		want     event.Direction
		inferred bool
	}{
		{`"pattern":"Doji","direction":"up"`, event.Bullish, false},
		{`"pattern":"Doji","direction":"DOWN"`, event.Bearish, false},
		{`"pattern":"Doji","direction":"neutral"`, event.Neutral, false},
		{`"pattern":"Doji"`, "", false},
		{`"pattern":"Engulfing_Bull"`, event.Bullish, true},
		{`"pattern":"EngulfingBearish"`, event.Bearish, true},
		{`"pattern":"Bull_Flag","direction":"bearish"`, event.Bearish, false},
		{`"pattern":"Bull_Flag","direction":"?"`, event.Bullish, true},
		{`"pattern":"bull_bear_cross","tier":"daily"`, "", false},
		{`"pattern":"bulldozer","tier":"daily"`, "", false},
	} {
		e := one(t, c, main, `{"symbol":"A","confidence":0.5,`+tt.text+`}`)
		if _, noted := details(t, e.Details)["direction_inferred"]; e.Direction != tt.want || noted != tt.inferred {
			t.Errorf("%s: got %q, details %s", tt.text, e.Direction, e.Details)
		}
	}
}

func TestTierDetailFollowsTheCalendar(t *testing.T) {
	c := newClassifier(t, nil)
	get := func(channel, tier, when string) *event.Event {
		return one(t, c, channel, `{"symbol":"A","pattern":"Harami","confidence":0.5,"tier":"`+tier+`","timestamp":"`+when+`"}`)
	}
	const open, pre, post, night, weekend = "2025-10-03T15:00:00Z", "2025-10-03T12:00:00Z", "2025-10-03T20:30:00Z", "2025-10-04T03:00:00Z", "2025-10-05T15:00:00Z"
	for when, want := range map[string]event.Session{open: event.Regular, pre: event.PreMarket, post: event.PostMarket, night: event.PostMarket, weekend: event.PostMarket} {
		e := get(main, "daily", when)
		if e.Daily.MarketSession != want || e.SessionDate != "2025-10-03" {
			t.Errorf("%s: got %v of %s, want %v", when, e.Daily.MarketSession, e.SessionDate, want)
		}
	}
	if e := get(main, "daily", weekend); e.Session != event.Closed {
		t.Errorf("the event's own session: got %v, want closed", e.Session)
	}
	for _, tt := range []struct {
		channel, when string
		want          bool
	}{{main, open, true}, {main, night, false}, {streaming, night, true}, {"tickstock:patterns:intraday", pre, true}} {
		if e := get(tt.channel, "intraday", tt.when); e.Intraday.RealTime != tt.want {
			t.Errorf("%s at %s: got %v, want %v", tt.channel, tt.when, e.Intraday.RealTime, tt.want)
		}
	}
}

func TestComboLinks(t *testing.T) {
	c := newClassifier(t, nil)
	get := func(text string) *event.ComboDetail {
		return one(t, c, main, `{"symbol":"A","pattern":"Setup_Confirmation","tier":"combo","confidence":0.5,`+text+`}`).Combo
	}
	for _, tt := range []struct {
		text           string
		setup, trigger *event.Link
	}{
		{`"correlation_strength":0.5`, nil, nil},
		{`"daily_context":{},"intraday_trigger":null`, nil, nil},
		{`"daily_context":7,"intraday_trigger":" "`, nil, nil},
		{`"daily_context":"Bull_Flag"`, &event.Link{Kind: event.LinkMissing, Pattern: "bull_flag", Label: "Bull Flag"}, nil},
		{`"daily_context":{"id":"77aa"}`, &event.Link{Kind: event.LinkExact, ID: "77aa"}, nil},
		{`"daily_context":{"id":77}`, &event.Link{Kind: event.LinkMissing, Details: `{"id":77}`}, nil},
		{`"daily_context":{"event_id":"e","metadata":{"pattern_id":"p"}}`, &event.Link{Kind: event.LinkExact, ID: "e", Details: `{"pattern_id":"p"}`}, nil},
		{`"daily_context":{"metadata":{"pattern_id":"p","rank":1}}`, &event.Link{Kind: event.LinkExact, ID: "p", Details: `{"rank":1}`}, nil},
		{`"daily_pattern_id":12`, nil, nil},
		{`"daily_pattern_id":"dp-12"`, &event.Link{Kind: event.LinkExact, ID: "dp-12"}, nil},
		{`"daily_pattern_id":"dp-12","daily_context":{"flow_id":"f"}`, &event.Link{Kind: event.LinkExact, ID: "f"}, nil},
		{
			`"intraday_signal":{"pattern":"Hammer","confidence":90,"timestamp":"bad","timeframe":"5m"}`, nil,
			&event.Link{Kind: event.LinkMissing, Pattern: "hammer", Label: "Hammer", Confidence: event.Num(.9), Timeframe: "5min", Details: `{"timestamp":"bad"}`},
		},
		{
			`"intraday_trigger":{"detection_id":5,"detected_at":"2025-10-06T14:00:00Z","confidence":"x"},"intraday_signal":{"pattern":"Hammer"}`, nil,
			&event.Link{Kind: event.LinkExact, ID: "detection-5", DetectedAt: at("2025-10-06T14:00:00Z"), SessionDate: "2025-10-06", Details: `{"confidence":"x"}`},
		},
	} {
		got := get(tt.text)
		if d := cmp.Diff([]*event.Link{tt.setup, tt.trigger}, []*event.Link{got.Setup, got.Trigger}, byValue); d != "" {
			t.Errorf("%s (-want +got):\n%s", tt.text, d)
		}
	}
	big := `"daily_context":{"id":"x","a":"` + strings.Repeat("a", 3000) + `","b":"` + strings.Repeat("b", 3000) + `"}`
	r := c.Classify(main, []byte(`{"symbol":"A","pattern":"Doji","confidence":0.5,`+big+`}`), received)
	if l := r.Events[0].Combo.Setup; len(l.Details) > 4<<10 || !r.Flags.Has(found.DetailsCut) || details(t, l.Details)["details_cut"] != true {
		t.Errorf("details of %d bytes, flags %b", len(l.Details), r.Flags)
	}
	// Combo fields of an event of another tier are not lost.
	e := one(t, c, main, `{"symbol":"A","pattern":"Doji","tier":"intraday","confidence":0.5,"timestamp":1759761120,"daily_context":{"pattern":"Bull_Flag"}}`)
	if e.Details != `{"daily_context":{"pattern":"Bull_Flag"}}` {
		t.Errorf("got %s", e.Details)
	}
}

func TestIdsInTheirOrder(t *testing.T) { // D11
	c := newClassifier(t, nil)
	derived := one(t, c, main, `{"symbol":"A","pattern":"Doji","confidence":0.5,"timestamp":1759761120}`).ID
	for _, tt := range []struct{ text, want string }{
		{`"pattern_id":3`, derived},
		{`"pattern_id":"3"`, derived},
		{`"metadata":{"pattern_id":3}`, derived},
		{`"flow_id":"","event_id":null`, derived},
		{`"flow_id":true,"event_id":[1],"detection_id":1.5`, derived},
		{`"pattern_id":"top","metadata":{"pattern_id":"p-1"}`, "top"},
		{`"pattern_id":3,"metadata":{"pattern_id":"p-1"}`, "p-1"},
		{`"metadata":{"pattern_id":"p-1"},"detection_id":881`, "detection-881"},
		{`"detection_id":881,"event_id":"e-1"`, "e-1"},
		{`"event_id":"e-1","flow_id":"f-1"`, "f-1"},
		{`"metadata":{"flow_id":"f-2"},"event_id":"e-1"`, "f-2"},
	} {
		if e := one(t, c, main, `{"symbol":"A","pattern":"Doji","confidence":0.5,"timestamp":1759761120,`+tt.text+`}`); e.ID != tt.want {
			t.Errorf("%s: got %q, want %q", tt.text, e.ID, tt.want)
		}
	}
	if e := one(t, c, main, `{"flow_id":"outer","data":{"flow_id":"inner","symbol":"A","pattern":"Doji","confidence":0.5}}`); e.ID != "inner" || details(t, e.Details)["flow_id"] != "outer" {
		t.Errorf("got %q, details %s", e.ID, e.Details)
	}
	long := strings.Repeat("x", 300)
	if e := one(t, c, main, `{"event_id":"`+long+`","symbol":"A","pattern":"Doji","confidence":0.5}`); e.ID != reading.ProducerID("event_id", long) {
		t.Errorf("got %q", e.ID)
	}
	// A batch's own id names the batch.
	r := c.Classify(batches, []byte(`{"event_id":"b","metadata":{"pattern_id":"m"},"patterns":[{"symbol":"A","pattern":"Doji","confidence":0.5},{"symbol":"B","pattern":"Doji","confidence":0.5}]}`), received)
	if len(r.Events) != 2 || r.Events[0].ID == r.Events[1].ID || len(r.Events[0].ID) != 36 {
		t.Errorf("got %+v", r)
	}
}

func TestWithoutATimeTheTextMakesTheID(t *testing.T) {
	c := newClassifier(t, nil)
	const text = `{"symbol":"A","pattern":"Doji","confidence":0.5,"note":1}`
	e := one(t, c, main, text)
	if !e.DetectedAt.Equal(received) || !e.PublishedAt.IsZero() || e.Details != `{"detected_at_assumed":"received_at","note":1}` {
		t.Errorf("got %v, %v, %s", e.DetectedAt, e.PublishedAt, e.Details)
	}
	later := c.Classify(detected, []byte(text), received.Add(9e9))
	if later.Events[0].ID != e.ID || !later.Flags.Has(found.TimeAssumed) {
		t.Errorf("the same text later: got %q, want %q", later.Events[0].ID, e.ID)
	}
	if other := one(t, c, main, strings.Replace(text, "1}", "2}", 1)); other.ID == e.ID {
		t.Error("another text has the same id")
	}
}

func TestZoneIsAssumedAloud(t *testing.T) {
	c := newClassifier(t, nil)
	for when, assumed := range map[string]bool{
		`"2025-10-06T14:00:00"`: true, `"2025-10-06 14:00:00.000"`: true, `"2025-10-06T14:00:00Z"`: false, `"2025-10-06T10:00:00-04:00"`: false, `1759759200`: false,
	} {
		r := c.Classify(main, []byte(`{"symbol":"A","pattern":"Doji","confidence":0.5,"timestamp":`+when+`}`), received)
		e := r.Events[0]
		if _, noted := details(t, e.Details)["time_zone_assumed"]; noted != assumed || r.Flags.Has(found.ZoneAssumed) != assumed || !e.DetectedAt.Equal(at("2025-10-06T14:00:00Z")) {
			t.Errorf("%s: got %v, flags %b, details %s", when, e.DetectedAt, r.Flags, e.Details)
		}
	}
	// An assumption about the publish time is flagged, but is no remark on the detection.
	r := c.Classify(main, []byte(`{"timestamp":"2025-10-06T14:00:01","data":{"symbol":"A","pattern":"Doji","confidence":0.5,"timestamp":1759759200}}`), received)
	if e := r.Events[0]; e.Details != "" || !r.Flags.Has(found.ZoneAssumed) {
		t.Errorf("flags %b, details %s", r.Flags, e.Details)
	}
}

func TestBatchTellsItsEntries(t *testing.T) {
	c := newClassifier(t, nil)
	r := c.Classify(batches, sample(t, "v10_mixed_batch"), received)
	var reasons []string
	for _, x := range r.Rejects {
		reasons = append(reasons, string(x.Reason))
	}
	if got := strings.Join(reasons, " "); got != "no_symbol bad_shape bad_confidence" || len(r.Events) != 1 || r.Entries != 5 || r.Ignored || !r.Flags.Has(found.CountMismatch) {
		t.Errorf("got %s, %d events of %d entries, flags %b", got, len(r.Events), r.Entries, r.Flags)
	}
	if r = c.Classify(streaming, sample(t, "v10_streaming_batch"), received); r.Flags.Has(found.CountMismatch) || r.SessionID != "s-1" || r.Entries != 2 {
		t.Errorf("got %+v", r)
	}
	// Tier, source and short extras of the batch count for each entry; a long one is not repeated.
	text := `{"event":"patterns_batch","data":{"source":"PL","tier":"daily","run":"r-1","note":"` + strings.Repeat("x", 100) + `","tags":[1],"nothing":null,"flag":true,"detections":[
		{"symbol":"A","pattern":"Doji","confidence":0.5,"timestamp":1759759200},
		{"type":"tier_pattern","data":{"symbol":"B","pattern":"Doji","confidence":0.5,"timestamp":1759759200,"tier":"intraday"}}]}}`
	r = c.Classify(batches, []byte(text), received)
	if len(r.Events) != 2 {
		t.Fatalf("got %+v", r)
	}
	for i, want := range []event.Tier{event.Daily, event.Intraday} {
		e := r.Events[i]
		d := details(t, e.Details)
		if e.Tier != want || e.Source != "PL" || d["run"] != "r-1" || d["flag"] != true || d["note"] != nil || d["tags"] != nil {
			t.Errorf("entry %d: got %v %q %s", i, e.Tier, e.Source, e.Details)
		}
	}
	for name, text := range map[string]string{
		"a bare list":      `[{"symbol":"A","pattern":"Doji","confidence":0.5},{"symbol":"B","pattern":"Doji","confidence":0.5}]`,
		"a list as data":   `{"data":[{"symbol":"A","pattern":"Doji","confidence":0.5},{"symbol":"B","pattern":"Doji","confidence":0.5}]}`,
		"an event_batch":   `{"type":"event_batch","batch_id":"b","events":[{"type":"tier_pattern","priority":"high","data":{"symbol":"A","pattern":"Doji","confidence":0.5}},{"data":{"symbol":"B","pattern":"Doji","confidence":0.5}}]}`,
		"lists in payload": `{"payload":{"patterns":[{"symbol":"A","pattern":"Doji","confidence":0.5},{"symbol":"B","pattern":"Doji","confidence":0.5}]}}`,
	} {
		if r := c.Classify(batches, []byte(text), received); len(r.Events) != 2 || len(r.Rejects) != 0 {
			t.Errorf("%s: got %+v", name, r)
		}
	}
	// A list that is part of a detection makes no batch.
	e := one(t, c, main, `{"symbol":"A","pattern":"Doji","confidence":0.5,"patterns":[{"symbol":"B"}]}`)
	if e.Details != `{"detected_at_assumed":"received_at","patterns":[{"symbol":"B"}]}` {
		t.Errorf("got %s", e.Details)
	}
	e = one(t, c, main, `{"events":["x"],"data":{"symbol":"A","pattern":"Doji","confidence":0.5}}`)
	if details(t, e.Details)["events"] == nil {
		t.Errorf("got %s", e.Details)
	}
}

func TestTextIsMadeSafe(t *testing.T) {
	c := newClassifier(t, nil)
	e := one(t, c, main, `{"symbol":"<b>x\u0000\u202e","pattern":"Do\u0007ji\u2028","confidence":0.5,"source":"a\u0000\nb`+strings.Repeat("é", 200)+`","note":"<script>\u0001","`+strings.Repeat("k", 100)+`":1,"\u0000":2}`)
	if e.Symbol != "<B>X" || e.Pattern != "doji" {
		t.Errorf("got %q %q", e.Symbol, e.Pattern)
	}
	if len(e.Source) > event.MaxText || !utf8.ValidString(e.Source) || !strings.HasPrefix(e.Source, "a b") {
		t.Errorf("source %q", e.Source)
	}
	if strings.ContainsAny(e.Details, "<>\x00\x01") || !json.Valid([]byte(e.Details)) {
		t.Errorf("details %s", e.Details)
	}
	d := details(t, e.Details)
	if d["note"] != "<script>" || d[strings.Repeat("k", 64)] != 1.0 || d["_"] != 2.0 {
		t.Errorf("details %v", d)
	}
	long := one(t, c, main, `{"symbol":"A","tier":"daily","pattern":"`+strings.Repeat("Word_", 1000)+`","confidence":0.5}`)
	if len(long.Pattern) > event.MaxPattern || len(long.Label) > event.MaxText {
		t.Errorf("pattern of %d bytes, label of %d", len(long.Pattern), len(long.Label))
	}
}

func TestDetailsAreBounded(t *testing.T) {
	c := newClassifier(t, func(cfg *classify.Config) { cfg.MaxDetails = 1024 })
	r := c.Classify(main, []byte(`{"symbol":"A","pattern":"Doji","confidence":0.5,"small":1,"big":"`+strings.Repeat("x", 2000)+`","bar_data":{"open":1}}`), received)
	e := r.Events[0]
	if want := `{"details_cut":true,"detected_at_assumed":"received_at","small":1,"bar_data":{"open":1}}`; e.Details != want || !r.Flags.Has(found.DetailsCut) {
		t.Errorf("got %s", e.Details)
	}
	// A side object with too many fields stays whole.
	c = newClassifier(t, func(cfg *classify.Config) { cfg.MaxFields = 32 })
	var b strings.Builder
	for i := range 40 {
		fmt.Fprintf(&b, `"f%d":%d,`, i, i)
	}
	e = one(t, c, main, `{"symbol":"A","pattern":"Doji","confidence":0.5,"metadata":{`+b.String()+`"rvol":3}}`)
	if m, ok := details(t, e.Details)["metadata"].(map[string]any); !ok || len(m) != 41 || !e.RelativeVolume.IsZero() {
		t.Errorf("got %s", e.Details)
	}
}

func FuzzClassify(f *testing.F) {
	rows := channels.Defaults()
	for _, s := range samples {
		f.Add(uint8(0), sample(f, s.name))
	}
	for i, s := range sessionSamples {
		f.Add(uint8(10+i%2), sample(f, s.name))
	}
	for _, s := range healthSamples {
		f.Add(uint8(13), sample(f, s.name))
	}
	f.Add(uint8(6), sample(f, "outcome"))
	for _, text := range []string{
		``, `{}`, `[]`, `[{}]`, `{"data":{"data":{"data":{"data":{"data":{}}}}}}`, `{"symbol":"\ud800","pattern":"\u0000a","confidence":"1","timestamp":-1e14}`,
		`{"symbol":"A","pattern":"Doji","confidence":1,"symbol":2,"levels":[[1],{"value":1e400}],"a":NaN,"b":-inf,"c":007,"d":1e999}`,
		`{"symbol":"A","pattern":"Doji","confidence":1,"data":{"patterns":[]},"metadata":{"metadata":{"x":[[[[[[[[1]]]]]]]]}}}`,
		`{"symbol":"A","pattern":"trend_break","confidence":1,"daily_context":{"id":"x"},"intraday_trigger":"y","details_cut":1,"pattern_received":2}`,
	} {
		for i := range 4 {
			f.Add(uint8(i*7), []byte(text))
		}
	}
	c := newClassifier(f, nil)
	reasons := map[found.Reason]bool{}
	for _, r := range found.Reasons() {
		reasons[r] = true
	}
	f.Fuzz(func(t *testing.T, n uint8, payload []byte) {
		channel := rows[int(n)%len(rows)].Channel
		before := string(payload)
		r := c.Classify(channel, payload, received)
		if string(payload) != before {
			t.Fatal("the payload was changed")
		}
		if again := c.Classify(channel, payload, received); len(again.Events) != len(r.Events) || len(again.Rejects) != len(r.Rejects) || again.Flags != r.Flags {
			t.Fatalf("the same text again: got %+v, want %+v", again, r)
		}
		found := len(r.Events) + len(r.Outcomes) + len(r.Sessions) + len(r.Health) + len(r.Rejects)
		if r.Ignored != (found == 0) || found > r.Entries || r.Entries < 1 || r.Entries == 1 && found == 0 && !r.Ignored {
			t.Fatalf("%d things of %d entries, ignored %v", found, r.Entries, r.Ignored)
		}
		for _, e := range r.Events {
			if err := e.Validate(); err != nil {
				t.Fatalf("%v: %+v", err, e)
			}
			if e.Details != "" && (!json.Valid([]byte(e.Details)) || !value.ValidJSON(e.Details) || len(e.Details) > 16<<10) {
				t.Fatalf("details of %d bytes: %s", len(e.Details), e.Details)
			}
			for _, s := range []string{e.ID, e.Label, e.Source, e.Timeframe, e.Symbol, e.SessionDate} {
				if len(s) > event.MaxText || !utf8.ValidString(s) || strings.ContainsAny(s, "\x00\n\r\x1b") {
					t.Fatalf("text %q", s)
				}
			}
			back, err := wire.DecodeEvent(wire.AppendEvent(nil, e, wire.MsgPack))
			if err != nil || back.ID != e.ID || back.Symbol != e.Symbol || (back.Details == "") != (e.Details == "") {
				t.Fatalf("over the wire: %v", err)
			}
		}
		for _, o := range r.Outcomes {
			if len(o.Refs) == 0 && (o.Symbol == "" || o.Pattern == "" || o.DetectedAt.IsZero()) {
				t.Fatalf("an outcome of nothing: %+v", o)
			}
		}
		for _, x := range r.Rejects {
			if !reasons[x.Reason] || len(x.Detail) > 200 || !utf8.ValidString(x.Detail) {
				t.Fatalf("reject %+v", x)
			}
		}
	})
}

func BenchmarkClassify(b *testing.B) {
	c := newClassifier(b, nil)
	for _, bench := range []struct{ name, channel string }{
		{"v1_flat", main}, {"v5_data", main}, {"v8_detection", streaming}, {"v14_combo_linked", main}, {"health_b_object", health},
	} {
		payload := sample(b, bench.name)
		b.Run(bench.name, func(b *testing.B) {
			b.ReportAllocs()
			b.SetBytes(int64(len(payload)))
			for b.Loop() {
				if r := c.Classify(bench.channel, payload, received); len(r.Events)+len(r.Health) != 1 {
					b.Fatalf("got %+v", r)
				}
			}
		})
	}
}
