package load

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"tierboard/server/load/target"
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
	Scenario string    `json:"scenario"`
	Server   string    `json:"server"`
	Exact    Exactness `json:"exact"` // of all runs together
	Rows     []Row     `json:"rows"`
	Runs     []*Run    `json:"runs"` // one, or the pairs
	Notes    []string  `json:"notes,omitempty"`
}

// Within reports whether every budget was kept.
func (r *Report) Within() bool {
	return !slices.ContainsFunc(r.Rows, func(row Row) bool { return !row.Met() })
}

// Test runs the scenario on the target that cfg names.
func Test(ctx context.Context, cfg Config) (report *Report, err error) {
	s, err := cfg.scenario()
	if err != nil {
		return nil, err
	}
	cfg.Target.Sessions = s.users + probes
	if err := files(s.users + probes + 256); err != nil {
		return nil, err
	}
	t, err := target.Open(ctx, cfg.Target)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, t.Close()) }()
	report = &Report{Scenario: s.name, Server: t.About}
	one := func(stuck float64) (*Run, error) { return measure(ctx, &cfg, s, t, stuck) }
	if s.pairs > 0 {
		report.Runs, err = pairs(s.pairs, func(stuck bool) (*Run, error) {
			if stuck {
				return one(s.stuck)
			}
			return one(0)
		}, cfg.say)
	} else {
		var run *Run
		run, err = one(0)
		report.Runs = []*Run{run}
	}
	if err != nil {
		return nil, err
	}
	for _, run := range report.Runs {
		report.Exact.add(&run.Exact)
		report.Notes = append(report.Notes, run.Notes...)
	}
	report.Rows = s.budgets(report.Runs[0])
	if s.pairs > 0 {
		report.Rows = slices.Concat(stuckRows(report.Runs), report.Rows)
	}
	return report, nil
}

// deliveryRows is the table for loads that the delivery budgets hold for.
func deliveryRows(r *Run) []Row {
	return slices.Concat([]Row{
		{Name: "publish → client, p50", Value: r.Live.P50, Unit: "ms", Budget: ms(DeliveryMedian)},
		{Name: "publish → client, p95", Value: r.Live.P95, Unit: "ms"},
		{Name: "publish → client, p99", Value: r.Live.P99, Unit: "ms", Ordered: ms(OrderedDelivery), Budget: ms(DeliveryP99)},
		{Name: "publish → client, max", Value: r.Live.Max, Unit: "ms"},
	}, commonRows(r))
}

// limitRows is the table for loads at which only the bounds of any load hold.
func limitRows(r *Run) []Row {
	return slices.Concat([]Row{
		{Name: "publish → client, p50", Value: r.Live.P50, Unit: "ms"},
		{Name: "publish → client, p95", Value: r.Live.P95, Unit: "ms"},
		{
			Name: "publish → client, p99", Value: r.Live.P99, Unit: "ms", Ordered: ms(OrderedDelivery),
			Budget: min(float64(r.WindowMS)+ms(DeliveryOverWindow), ms(DeliveryLimit)),
		},
		{Name: "publish → client, max", Value: r.Live.Max, Unit: "ms"},
	}, commonRows(r))
}

// maxRows is the table of scenario max.
func maxRows(r *Run) []Row {
	return slices.Concat([]Row{{Name: "sessions held", Value: float64(r.Users - r.Exact.Lost), Ordered: 500, Budget: float64(r.Users), AtLeast: true}}, limitRows(r))
}

// idleRows is the table of scenario idle.
func idleRows(r *Run) []Row {
	rows := commonRows(r)
	return slices.DeleteFunc(rows, func(row Row) bool { return strings.Contains(row.Name, "CPU") || strings.HasPrefix(row.Name, "frames") })
}

// commonRows is what every table ends with.
func commonRows(r *Run) []Row {
	return []Row{
		{Name: "first event of a quiet session, p50", Value: r.Quiet.P50, Unit: "ms", Budget: ms(QuietMedian)},
		{Name: "first event of a quiet session, p99", Value: r.Quiet.P99, Unit: "ms", Ordered: ms(OrderedDelivery), Budget: ms(QuietP99)},
		{Name: "matching, mean", Value: float64(r.MatchMean), Unit: "µs"},
		{Name: "matching, p50", Value: float64(r.MatchP50), Unit: "µs", Budget: us(MatchMedian)},
		{Name: "matching, p99", Value: float64(r.MatchP99), Unit: "µs", Ordered: us(OrderedMatch), Budget: us(MatchP99)},
		{Name: "matching, max (at most)", Value: float64(r.MatchMax), Unit: "µs"},
		{Name: "frames delivered", Value: r.Frames, Unit: "/s"},
		{Name: "events delivered", Value: r.Events, Unit: "/s"},
		{Name: "server CPU per delivered event", Value: r.CPUPerEvent, Unit: "µs"},
		{Name: "server CPU, cores", Value: r.CPUShare},
		{Name: "other processes' CPU with Redis, cores", Value: r.OthersCPU},
		{Name: "load's own CPU per delivered event", Value: r.ClientPerEvent, Unit: "µs"},
		{Name: "resident memory per session", Value: r.RSSPerSession, Unit: "B", Budget: SessionBytes},
		{Name: "heap and stacks per session", Value: r.UsePerSession, Unit: "B"},
		{Name: "goroutines", Value: float64(r.Goroutines)},
		{Name: "sessions opened", Value: r.Connects, Unit: "/s"},
	}
}

// stuckRows compares the runs of the pairs.
func stuckRows(runs []*Run) []Row {
	var ratios, growths []float64
	cuts := 0
	for i := 0; i+1 < len(runs); i += 2 {
		calm, stuck := runs[i], runs[i+1]
		ratios = append(ratios, stuck.Live.P99/calm.Live.P99)
		growths = append(growths, stuck.Live.P99-calm.Live.P99)
		cuts += stuck.CutTooSlow
	}
	ratio, growth := median(ratios), median(growths)
	rows := []Row{
		{Name: "others' p99 with some stuck, to without (median)", Value: ratio, Unit: "×", Budget: StuckDisturb},
		{Name: "others' p99 with some stuck, less without (median)", Value: growth, Unit: "ms", Budget: ms(StuckDisturbTime)},
		{Name: "stuck sessions that the server cut", Value: float64(cuts)},
	}
	if rows[0].Met() { // one of the two is enough
		rows[1].Budget = 0
	} else if rows[1].Met() {
		rows[0].Budget = 0
	}
	return rows
}

// median returns the middle one, NaN of none.
func median(xs []float64) float64 {
	if len(xs) == 0 {
		return math.NaN()
	}
	xs = slices.Sorted(slices.Values(xs))
	return (xs[(len(xs)-1)/2] + xs[len(xs)/2]) / 2
}

func ms(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }
func us(d time.Duration) float64 { return float64(d) / float64(time.Microsecond) }

// Print writes the report as text.
func (r *Report) Print(w io.Writer) error {
	var b strings.Builder
	run := r.Runs[0]
	fmt.Fprintf(&b, "%s: %d users and %d quiet sessions, %.0f events/s published for %.1f s (%d in all), on %s, window %d ms\n\n",
		r.Scenario, run.Users, probes, float64(run.Published)/cmp.Or(run.Seconds, 1), run.Seconds, run.Published, r.Server, run.WindowMS)
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
