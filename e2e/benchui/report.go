package main

import (
	"encoding/json"
	"fmt"
	"io"
	"math"
	"slices"
	"strconv"
	"strings"
	"text/tabwriter"
	"time"
)

// row is one line of the report.
type row struct {
	What string `json:"what"`
	// P50 and P99 are milliseconds, of measurements that were repeated; P50 alone is the median of a few.
	P50 float64 `json:"p50_ms,omitempty"`
	P99 float64 `json:"p99_ms,omitempty"`
	// Value and Unit are of measurements that are one number.
	Value float64 `json:"value,omitempty"`
	Unit  string  `json:"unit,omitempty"`
	// Budget is what P99 (else P50, else Value) may be at most; 0 if nothing is promised.
	Budget float64 `json:"budget,omitempty"`
	// Naive is the same measured number of the plain go-app page, and Ratio ours divided by it.
	Naive float64 `json:"naive,omitempty"`
	Ratio float64 `json:"ratio_to_naive,omitempty"`
	Note  string  `json:"note,omitempty"`
}

// decisive is the number that the budget is about.
func (r row) decisive() float64 {
	switch {
	case r.P99 != 0:
		return r.P99
	case r.P50 != 0:
		return r.P50
	}
	return r.Value
}

// verdict is "pass", "FAIL", or "" for a row without a budget.
func (r row) verdict() string {
	switch {
	case r.Budget == 0:
		return ""
	case r.decisive() <= r.Budget:
		return "pass"
	}
	return "FAIL"
}

// against notes what the plain page took for the same.
func (r row) against(naive row) row {
	r.Naive = naive.decisive()
	r.Ratio = math.Round(1000*r.decisive()/r.Naive) / 1000
	return r
}

// report is everything that was measured, in the order of measurement.
type report struct {
	Browser string  `json:"browser"`
	Load    string  `json:"load"` // of the machine, before and after
	Rounds  int     `json:"rounds"`
	Rows    []row   `json:"rows"`
	Seconds float64 `json:"seconds"`
}

// JSON writes the report as one object; each row carries its verdict.
func (r *report) JSON(w io.Writer) error {
	type judged struct {
		row
		Verdict string `json:"verdict,omitempty"`
	}
	out := struct {
		*report
		Rows []judged `json:"rows"`
	}{report: r}
	for _, row := range r.Rows {
		out.Rows = append(out.Rows, judged{row, row.verdict()})
	}
	encoder := json.NewEncoder(w)
	encoder.SetIndent("", "  ")
	if err := encoder.Encode(out); err != nil {
		return fmt.Errorf("write the report: %w", err)
	}
	return nil
}

// Table writes the report for people.
func (r *report) Table(w io.Writer) error {
	_, _ = fmt.Fprintf(w, "%s; load of the machine %s; median of %d rounds; %.0f s\n\n", r.Browser, r.Load, r.Rounds, r.Seconds)
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	_, _ = fmt.Fprintln(t, "what\tmeasured\tbudget\t\tplain go-app\tratio\t")
	for _, row := range r.Rows {
		unit := row.Unit
		var measured string
		switch {
		case row.P99 != 0:
			measured, unit = number(row.P50)+" / "+number(row.P99)+" ms", "ms"
		case row.P50 != 0:
			measured, unit = number(row.P50)+" ms", "ms"
		default:
			measured = strings.TrimSpace(number(row.Value) + " " + unit)
		}
		var budget, naive, ratio string
		if row.Budget != 0 {
			budget = "≤ " + strings.TrimSpace(number(row.Budget)+" "+unit)
		}
		if row.Naive != 0 {
			naive, ratio = number(row.Naive)+" "+unit, strconv.FormatFloat(row.Ratio, 'f', 2, 64)
		}
		_, _ = fmt.Fprintf(t, "%s\t%s\t%s\t%s\t%s\t%s\t%s\n", row.What, measured, budget, row.verdict(), naive, ratio, row.Note)
	}
	if err := t.Flush(); err != nil {
		return fmt.Errorf("write the report: %w", err)
	}
	return nil
}

// number prints a measured number with as many digits as mean something.
func number(v float64) string {
	switch a := math.Abs(v); {
	case a >= 100 || v == math.Trunc(v):
		return strconv.FormatFloat(v, 'f', 0, 64)
	case a >= 10:
		return strconv.FormatFloat(v, 'f', 1, 64)
	}
	return strconv.FormatFloat(v, 'f', 2, 64)
}

// percentile returns the smallest value that at least the share p of the values do not exceed. values is sorted in place;
// it must hold something.
func percentile(values []float64, p float64) float64 {
	slices.Sort(values)
	return values[max(int(math.Ceil(p*float64(len(values))))-1, 0)]
}

// median is the 50th percentile.
func median(values []float64) float64 { return percentile(values, 0.5) }

// ms is a duration in the report's unit.
func ms(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }
