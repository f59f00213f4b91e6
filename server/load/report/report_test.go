package report

import (
	"bytes"
	"encoding/json"
	"math"
	"strings"
	"testing"

	"tierboard/server/load/gauge"
	"tierboard/server/load/ledger"
)

func TestRowsAndVerdicts(t *testing.T) {
	for _, test := range []struct {
		row  Row
		want bool
	}{
		{Row{Value: 5}, true},
		{Row{Value: 5, Budget: 5}, true},
		{Row{Value: 5.1, Budget: 5}, false},
		{Row{Value: math.NaN(), Budget: 5}, false},
		{Row{Value: math.Inf(1), Budget: 5}, false},
		{Row{Value: 4, Budget: 5, AtLeast: true}, false},
		{Row{Value: 6, Budget: 5, AtLeast: true}, true},
	} {
		if got := test.row.Met(); got != test.want {
			t.Errorf("%+v is met: %v", test.row, got)
		}
	}
}

func TestReports(t *testing.T) {
	run := func(p99 float64) *Run {
		r := &Run{Users: 3, WindowMS: 10, Seconds: 1, Published: 7, Live: gauge.Times{P99: p99}, MatchP99: Number(math.NaN()), MatchMax: Number(math.Inf(1))}
		r.Exact = ledger.Exactness{Sessions: 3, Missing: 1, Cuts: 2, Faults: []string{"session 1: lost one"}}
		return r
	}
	tables := map[string]func(*Run) []Row{"spec": Delivery, "stuck": Limits, "max": Most, "idle": Idle, "fixed": Fixed, "firehose": Firehose, "connect": Connect}
	for name, table := range tables {
		r := &Report{Scenario: name, Quiet: 50, Server: "a server", Runs: []*Run{run(10), run(11.5)}, Notes: []string{"busy"}}
		r.Rows = table(r.Runs[0])
		if name == "stuck" {
			r.Rows = append(Stuck(r.Runs), r.Rows...)
			if r.Rows[0].Value != 1.15 || !r.Rows[0].Met() || !r.Rows[1].Met() {
				t.Errorf("%+v: 1.5 ms more is within the budget though 1.15 times is not", r.Rows[:2])
			}
		}
		r.Exact = r.Runs[0].Exact
		var text, blob bytes.Buffer
		if err := r.Print(&text); err != nil {
			t.Fatal(err)
		}
		for _, want := range []string{name + ": 3 users", "matching, p99", "none", "FAIL", "1 missing", "session 1: lost one", "note: busy", "beyond"} {
			if !strings.Contains(text.String(), want) {
				t.Errorf("%s: no %q in\n%s", name, want, &text)
			}
		}
		if r.Within() {
			t.Errorf("%s: a match without a time is within its budget", name)
		}
		if err := r.PrintJSON(&blob); err != nil {
			t.Fatal(err)
		}
		var back struct {
			Scenario string
			Exact    ledger.Exactness
			Rows     []struct {
				Name string
				Met  *bool
			}
		}
		if err := json.Unmarshal(blob.Bytes(), &back); err != nil || back.Scenario != name || back.Exact.Missing != 1 || back.Rows[0].Name == "" || back.Rows[0].Met == nil {
			t.Errorf("%v: %+v of %s", err, back, &blob)
		}
	}
	failing := Stuck([]*Run{run(10), run(20)})
	if failing[0].Met() || failing[1].Met() || !math.IsNaN(median(nil)) || median([]float64{4, 1, 3, 2}) != 2.5 {
		t.Error("twice as slow is within the budget")
	}
}
