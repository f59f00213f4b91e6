package report

import (
	"io"
	"strings"
	"testing"

	"tierboard/e2e/peer/measure"
)

// Three servers of which the last one is ours.
const (
	slow = iota
	idler
	ours
)

// page is one with a promise of each kind.
func page(rounds ...[]*measure.Reading) *Page {
	return &Page{
		Title: "10 connections", Servers: []string{"slow", "idler", "ours"}, Rounds: rounds,
		Rows: []Row{
			{Name: "kept", Most: 0.55, Ours: ours, To: slow, Value: PerEvent},
			{Name: "exact", Most: 0.25, Ours: ours, To: idler, Value: PerEvent},
			{Name: "late", Most: 0.75, Ours: ours, To: slow, Value: P99},
			{Name: "grown", Most: 1.1, Ours: ours, To: ours, Value: After, Reference: Idle},
			{Name: "told", Ours: ours, To: slow, Value: PerEvent},
		},
	}
}

func TestPrint(t *testing.T) {
	round := []*measure.Reading{
		slow:  {PerEvent: 10, P99: 10},
		idler: {PerEvent: 20},
		ours:  {PerEvent: 5, P99: 8, Idle: 10240, After: 10250},
	}
	refused := []*measure.Reading{idler: {PerEvent: 20}, ours: {PerEvent: 1, P99: 8, Idle: 1024, After: 1030}}
	var out strings.Builder
	if err := page(round, refused).Print(&out); err != nil {
		t.Fatal(err)
	}
	if !strings.HasPrefix(out.String(), "10 connections, 2 rounds of each (medians)\n") {
		t.Errorf("begins otherwise:\n%s", &out)
	}
	for _, want := range []string{
		"kept 0.500 0.500–0.500 0.55 pass", // of the one round that has both
		"exact 0.150 0.050–0.250 0.25 pass",
		"late 0.800 0.800–0.800 0.75 FAIL",
		"grown 1.003 1.001–1.006 1.1 pass",
		"told 0.500 0.500–0.500 –",
		"idler 2 0 0.0 % 20.00 20.00–20.00",
		"ours 2 0 0.0 % 3.00 1.00–5.00",
	} {
		found := false
		for line := range strings.SplitSeq(out.String(), "\n") {
			words := strings.Join(strings.Fields(line), " ")
			found = found || words == want || strings.HasPrefix(words, want+" 0.0")
		}
		if !found {
			t.Errorf("no line has %q:\n%s", want, &out)
		}
	}
}

func TestWhatWasNotMeasuredIsSaid(t *testing.T) {
	var out strings.Builder
	if err := page([]*measure.Reading{slow: {PerEvent: 1}, ours: {PerEvent: 1}}).Print(&out); err == nil {
		t.Error("one server was not measured, and nobody says so")
	}
	if !strings.Contains(out.String(), "NaN") || strings.Count(out.String(), "FAIL") < 2 {
		t.Errorf("a promise without a measurement passes:\n%s", &out)
	}
	if err := page().Print(io.Discard); err == nil {
		t.Error("nothing was measured, and nobody says so")
	}
}
