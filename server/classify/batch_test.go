package classify_test

import (
	"encoding/json"
	"strings"
	"testing"
	"unicode/utf8"

	"tierboard/server/classify/channels"
	"tierboard/server/classify/found"
	"tierboard/shared/event"
	"tierboard/shared/wire"
	"tierboard/shared/wire/value"
)

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
	// A batch's own id names the batch.
	r = c.Classify(batches, []byte(`{"event_id":"b","metadata":{"pattern_id":"m"},"patterns":[{"symbol":"A","pattern":"Doji","confidence":0.5},{"symbol":"B","pattern":"Doji","confidence":0.5}]}`), received)
	if len(r.Events) != 2 || r.Events[0].ID == r.Events[1].ID || len(r.Events[0].ID) != 36 {
		t.Errorf("got %+v", r)
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
