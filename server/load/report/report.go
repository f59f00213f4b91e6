// Package report is what a load test found and how it is told: the numbers of each run, a table of them beside what was ordered and
// what is promised, and the comparison of what was delivered with what should have been.
package report

import (
	"cmp"
	"encoding/json"
	"fmt"
	"io"
	"math"
	"slices"
	"strconv"
	"strings"

	"tierboard/server/load/ledger"
)

// Row is one line of the report.
type Row struct {
	Name    string  `json:"name"`
	Value   float64 `json:"value"`
	Unit    string  `json:"unit"`              // ms, µs, B, /s, × or nothing
	Ordered float64 `json:"ordered,omitempty"` // the bound the product was ordered with; 0 for none
	Budget  float64 `json:"budget,omitempty"`  // our own, tighter one; 0 for none
	AtLeast bool    `json:"at_least,omitempty"`
}

// Met reports whether the value keeps the budget; true without one.
func (r *Row) Met() bool {
	switch {
	case r.Budget == 0:
		return true
	case math.IsNaN(r.Value):
		return false
	case r.AtLeast:
		return r.Value >= r.Budget
	}
	return r.Value <= r.Budget
}

// MarshalJSON adds whether the budget is kept.
func (r Row) MarshalJSON() ([]byte, error) {
	type plain Row
	b, err := json.Marshal(struct {
		plain
		Value Number `json:"value"`
		Met   bool   `json:"met"`
	}{plain(r), Number(r.Value), r.Met()})
	if err != nil {
		return nil, fmt.Errorf("row %s: %w", r.Name, err)
	}
	return b, nil
}

// Number is a number that may be none at all: JSON, which has neither NaN nor infinity, gets a null.
type Number float64

// MarshalJSON writes the number or null.
func (n Number) MarshalJSON() ([]byte, error) {
	if x := float64(n); !math.IsNaN(x) && !math.IsInf(x, 0) {
		return strconv.AppendFloat(nil, x, 'g', 6, 64), nil
	}
	return []byte("null"), nil
}

// UnmarshalJSON reads what MarshalJSON wrote; null is NaN.
func (n *Number) UnmarshalJSON(b []byte) error {
	if string(b) == "null" {
		*n = Number(math.NaN())
		return nil
	}
	x, err := strconv.ParseFloat(string(b), 64)
	*n = Number(x)
	return err
}

// Report is what a scenario found.
type Report struct {
	Scenario string           `json:"scenario"`
	Server   string           `json:"server"`
	Quiet    int              `json:"quiet_sessions"`
	Exact    ledger.Exactness `json:"exact"` // of all runs together
	Rows     []Row            `json:"rows"`
	Runs     []*Run           `json:"runs"` // one, or the pairs
	Notes    []string         `json:"notes,omitempty"`
}

// Within reports whether every budget was kept.
func (r *Report) Within() bool {
	return !slices.ContainsFunc(r.Rows, func(row Row) bool { return !row.Met() })
}

// Print writes the report as text.
func (r *Report) Print(w io.Writer) error {
	var b strings.Builder
	run := r.Runs[0]
	fmt.Fprintf(&b, "%s: %d users and %d quiet sessions, %.0f events/s published for %.1f s (%d in all), on %s, window %.0f ms at most\n\n",
		r.Scenario, run.Users, r.Quiet, float64(run.Published)/cmp.Or(run.Seconds, 1), run.Seconds, run.Published, r.Server, run.WindowMS)
	fmt.Fprintf(&b, "%-52s %14s %12s %12s\n", "", "measured", "ordered", "budget")
	for i := range r.Rows {
		row := &r.Rows[i]
		verdict := ""
		switch {
		case row.Budget == 0:
		case row.Met():
			verdict = "pass"
		default:
			verdict = "FAIL"
		}
		fmt.Fprintf(&b, "%-52s %14s %12s %12s  %s\n", row.Name, amount(row.Value, row.Unit), limit(row.Ordered, row), limit(row.Budget, row), verdict)
	}
	x := &r.Exact
	verdict := "pass"
	if !x.OK() {
		verdict = "FAIL"
	}
	fmt.Fprintf(&b, "\nexact: %s: %d wanted = %d received + %d told as left out (%d for slowness); %d missing, %d unexpected, %d duplicates\n",
		verdict, x.Expected, x.Received, x.Told, x.Dropped, x.Missing, x.Unexpected, x.Duplicates)
	if x.Cuts > 0 || x.Eras > x.Sessions {
		fmt.Fprintf(&b, "       %d sockets cut and resumed, %d subscriptions confirmed\n", x.Cuts, x.Eras)
	}
	for _, c := range []struct {
		n    int
		what string
	}{
		{x.Overtold, "told as left out, but received"},
		{x.Disorder, "out of order"},
		{x.Gaps, "gaps announced"},
		{x.Unresumed, "resumes that became snapshots"},
		{x.Refused, "requests refused or frames unreadable"},
		{x.Lost, "connections lost"},
		{x.Unaccepted, "events published but not accepted"},
		{x.LostInside, "messages dropped by the server's queue"},
		{x.Unheard, "events that Redis had no subscriber for"},
	} {
		if c.n > 0 {
			fmt.Fprintf(&b, "       %d %s\n", c.n, c.what)
		}
	}
	for _, f := range x.Faults {
		fmt.Fprintf(&b, "       %s\n", f)
	}
	for _, n := range r.Notes {
		fmt.Fprintf(&b, "note: %s\n", n)
	}
	if _, err := io.WriteString(w, b.String()); err != nil {
		return fmt.Errorf("print report: %w", err)
	}
	return nil
}

// PrintJSON writes the report as one JSON object.
func (r *Report) PrintJSON(w io.Writer) error {
	enc := json.NewEncoder(w)
	enc.SetIndent("", "  ")
	enc.SetEscapeHTML(false)
	if err := enc.Encode(r); err != nil {
		return fmt.Errorf("print report: %w", err)
	}
	return nil
}

// limit writes a bound.
func limit(v float64, row *Row) string {
	if v == 0 {
		return ""
	}
	if row.AtLeast {
		return "≥ " + amount(v, row.Unit)
	}
	return "≤ " + amount(v, row.Unit)
}

// amount writes a number with three digits that mean something, and its unit.
func amount(v float64, unit string) string {
	if math.IsNaN(v) {
		return "none"
	}
	if math.IsInf(v, 0) {
		return "beyond the buckets"
	}
	digits := 0
	if unit != "B" && math.Abs(v) < 100 && v != math.Trunc(v) {
		digits = 1
		if math.Abs(v) < 10 {
			digits = 2
		}
	}
	return strings.TrimSpace(strconv.FormatFloat(v, 'f', digits, 64) + " " + unit)
}
