package main

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"

	"tierboard/shared/event"
	"tierboard/shared/wire"
)

func TestMakerMakesValidEvents(t *testing.T) {
	m := newMaker()
	var tiers [3]int
	ids := map[string]bool{}
	for _, e := range m.events(heldEvents) {
		if err := e.Validate(); err != nil {
			t.Fatalf("event %d: %v", e.Seq, err)
		}
		tiers[e.Tier-event.Daily]++
		ids[e.ID] = true
	}
	if tiers != [3]int{heldEvents / 3, heldEvents / 3, heldEvents / 3} {
		t.Errorf("events a tier: %v", tiers)
	}
	if len(ids) != heldEvents {
		t.Errorf("%d different ids, want %d", len(ids), heldEvents)
	}
}

func TestMakerMakesFramesOfExactlyN(t *testing.T) {
	m := newMaker()
	for _, n := range []int{1, 10, 30, 300} {
		b := wire.Batch{Events: m.events(n)}
		encoded := b.Append(nil, wire.MsgPack)
		frame, err := wire.Decode(encoded)
		if err != nil {
			t.Fatalf("%d events: %v", n, err)
		}
		got, ok := frame.(*wire.Batch)
		if !ok || len(got.Events) != n {
			t.Errorf("%d events: decoded %T with another number", n, frame)
		}
		if n >= 10 && len(encoded) < 1000 || len(encoded) > wire.MaxFrame {
			t.Errorf("%d events make a frame of %d bytes: page.js takes less than 1000 for no batch", n, len(encoded))
		}
	}
}

func TestPercentile(t *testing.T) {
	hundred := make([]float64, 100)
	for i := range hundred {
		hundred[i] = float64(100 - i)
	}
	for _, test := range []struct {
		values []float64
		p      float64
		want   float64
	}{
		{hundred, .5, 50},
		{hundred, .99, 99},
		{hundred, 1, 100},
		{hundred, 0, 1},
		{[]float64{7}, .99, 7},
		{[]float64{3, 1, 2}, .5, 2},
	} {
		if got := percentile(test.values, test.p); got != test.want {
			t.Errorf("percentile %v of %d values: got %v, want %v", test.p, len(test.values), got, test.want)
		}
	}
}

func TestRowIsJudgedByItsDecisiveNumber(t *testing.T) {
	for name, test := range map[string]struct {
		row  row
		want string
	}{
		"p99 within":          {row{P50: 1, P99: 12, Budget: 12}, "pass"},
		"p99 beyond":          {row{P50: 1, P99: 12.1, Budget: 12}, "FAIL"},
		"median of a few":     {row{P50: 301, Budget: 300}, "FAIL"},
		"one number":          {row{Value: 12, Budget: 14}, "pass"},
		"nothing is promised": {row{Value: 12}, ""},
	} {
		if got := test.row.verdict(); got != test.want {
			t.Errorf("%s: got %q, want %q", name, got, test.want)
		}
	}
}

func TestReportSaysTheSameTwice(t *testing.T) {
	r := report{Browser: "Chromium 1", Load: "0.10", Rounds: 3, Rows: []row{
		row{What: "batch of 10", P50: 5, P99: 20, Budget: 12}.against(row{P50: 90, P99: 200}),
		{What: "elements", Value: 12, Budget: 14},
	}}
	var table, encoded bytes.Buffer
	if err := r.Table(&table); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"5 / 20 ms", "≤ 12 ms", "FAIL", "200", "0.10", "≤ 14"} {
		if !strings.Contains(table.String(), want) {
			t.Errorf("the table lacks %q:\n%s", want, &table)
		}
	}
	if err := r.JSON(&encoded); err != nil {
		t.Fatal(err)
	}
	var got struct {
		Rows []struct {
			What    string  `json:"what"`
			P99     float64 `json:"p99_ms"`
			Ratio   float64 `json:"ratio_to_naive"`
			Verdict string  `json:"verdict"`
		} `json:"rows"`
	}
	if err := json.Unmarshal(encoded.Bytes(), &got); err != nil {
		t.Fatal(err)
	}
	if len(got.Rows) != 2 || got.Rows[0].P99 != 20 || got.Rows[0].Ratio != 0.1 || got.Rows[0].Verdict != "FAIL" || got.Rows[1].Verdict != "pass" {
		t.Errorf("got %+v", got.Rows)
	}
}
