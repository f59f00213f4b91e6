// Package report prints what was measured of several servers, and the ratios between them beside what is promised. All numbers
// are medians of the rounds, with the least and the largest where it matters; a ratio is of two runs of the same round.
package report

import (
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"text/tabwriter"

	"tierboard/e2e/peer/measure"
)

// Row is a ratio, and what it may be.
type Row struct {
	Name      string
	Most      float64 // that the ratio may be; 0 promises nothing
	Ours, To  int     // which servers
	Value     func(*measure.Reading) float64
	Reference func(*measure.Reading) float64 // of the other server; Value if nil
}

// PerEvent is CPU time for an event, as a row's value.
func PerEvent(r *measure.Reading) float64 { return r.PerEvent }

// P99 is latency, as a row's value.
func P99(r *measure.Reading) float64 { return r.P99 }

// Idle is the memory of a connection before the load, as a row's value.
func Idle(r *measure.Reading) float64 { return r.Idle }

// After is the memory of a connection after the load, as a row's value.
func After(r *measure.Reading) float64 { return r.After }

// Page is everything that was measured of one job.
type Page struct {
	Title   string // says what the job was
	Servers []string
	Rows    []Row
	// Rounds are the readings of each round by server; nil where the run does not count.
	Rounds [][]*measure.Reading
}

// ratios returns the ratio of each round in which both runs count, in ascending order.
func (p *Row) ratios(rounds [][]*measure.Reading) []float64 {
	var ratios []float64
	reference := p.Reference
	if reference == nil {
		reference = p.Value
	}
	for _, round := range rounds {
		if a, b := round[p.Ours], round[p.To]; a != nil && b != nil {
			ratios = append(ratios, p.Value(a)/reference(b))
		}
	}
	slices.Sort(ratios)
	return ratios
}

// median returns the middle one; NaN of none.
func median(values []float64) float64 {
	values = slices.Sorted(slices.Values(values))
	switch n := len(values); {
	case n == 0:
		return math.NaN()
	case n%2 == 1:
		return values[n/2]
	default:
		return (values[n/2-1] + values[n/2]) / 2
	}
}

// Print prints the medians of the rounds and the ratios. It is an error when of one server no run counts; what there is is printed
// all the same.
func (p *Page) Print(w io.Writer) error {
	load, _, _ := strings.Cut(string(readFile("/proc/loadavg")), "\n")
	fmt.Fprintf(w, "%s, %d rounds of each (medians)\n%s, %s/%s, %d cores, load %s\n\n",
		p.Title, len(p.Rounds), runtime.Version(), runtime.GOOS, runtime.GOARCH, runtime.NumCPU(), load)
	complete, err := p.servers(w)
	if err != nil {
		return fmt.Errorf("print: %w", err)
	}
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(t, "promise\tratio\tspread\tat most\t")
	for i := range p.Rows {
		row := &p.Rows[i]
		ratios := row.ratios(p.Rounds)
		most, verdict := "–", "" // told only
		if row.Most > 0 {
			most, verdict = strconv.FormatFloat(row.Most, 'g', -1, 64), "pass"
			if value := median(ratios); !(value <= row.Most) {
				verdict = "FAIL"
			}
		}
		fmt.Fprintf(t, "%s\t%.3f\t%s\t%s\t%s\n", row.Name, median(ratios), spread(ratios, 3), most, verdict)
	}
	fmt.Fprintln(t)
	if err := t.Flush(); err != nil {
		return fmt.Errorf("print: %w", err)
	}
	if !complete {
		return errors.New("of one server every run was refused")
	}
	return nil
}

// servers prints a line for each server and reports whether each has a run that counts.
func (p *Page) servers(w io.Writer) (complete bool, err error) {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(t, "server\truns\tdeliveries/s\tCPU share\tµs/event\tspread\tp50 ms\tp99 ms\tKB/conn idle\tafter\tB/event\tevents/frame\trate kept\tothers' CPU\t")
	complete = true
	for k, name := range p.Servers {
		var runs []*measure.Reading
		for _, round := range p.Rounds {
			if round[k] != nil {
				runs = append(runs, round[k])
			}
		}
		complete = complete && len(runs) > 0
		all := func(value func(*measure.Reading) float64) (values []float64) {
			for _, r := range runs {
				values = append(values, value(r))
			}
			return values
		}
		of := func(value func(*measure.Reading) float64) float64 { return median(all(value)) }
		fmt.Fprintf(t, "%s\t%d\t%.0f\t%.1f %%\t%.2f\t%s\t%.1f\t%.1f\t%.1f\t%.1f\t%.0f\t%.1f\t%.0f %%\t%.2f\t\n", name, len(runs),
			of(func(r *measure.Reading) float64 { return r.Deliveries }), 100*of(func(r *measure.Reading) float64 { return r.Share }),
			of(PerEvent), spread(all(PerEvent), 2),
			of(func(r *measure.Reading) float64 { return r.P50 }), of(P99),
			of(func(r *measure.Reading) float64 { return r.Idle })/1024, of(After)/1024,
			of(func(r *measure.Reading) float64 { return r.EventBytes }), of(func(r *measure.Reading) float64 { return r.FrameEvents }),
			100*of(func(r *measure.Reading) float64 { return r.Reached }), of(func(r *measure.Reading) float64 { return r.Others }))
	}
	fmt.Fprintln(t)
	return complete, t.Flush()
}

// spread writes the least and the largest, with so many digits.
func spread(values []float64, digits int) string {
	if len(values) == 0 {
		return "none"
	}
	return fmt.Sprintf("%.*f–%.*f", digits, slices.Min(values), digits, slices.Max(values))
}

// readFile returns what is in a file, or nothing.
func readFile(path string) []byte {
	b, err := os.ReadFile(path)
	if err != nil {
		return nil
	}
	return b
}
