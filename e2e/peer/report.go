package main

import (
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"runtime"
	"slices"
	"strings"
	"text/tabwriter"

	"tierboard/e2e"
)

// What the peer is held against, where package e2e has no constant of its own: each is the most that the ratio of ours to
// the peer's may be.
const (
	eventCPUTags     = 0.25  // CPU time for an event, window and write delay alike
	adaptiveP99      = 0.75  // our window as it chooses it, the peer without delay
	adaptiveEventCPU = 0.6   // the same
	memoryChannels   = 0.5   // of a connection, after load
	emitEventCPU     = 0.125 // CPU time for an event beside the architecture that the product replaces
)

// row is a promise and what became of it.
type row struct {
	name      string
	most      float64
	ours, to  int // contenders
	value     func(*reading) float64
	reference func(*reading) float64 // value if nil
}

// promises returns what is held against centrifuge.
func promises() []row {
	perEvent := func(r *reading) float64 { return r.perEvent }
	after := func(r *reading) float64 { return r.after }
	return []row{
		{"CPU per delivered event: our delivery / channels, same window", e2e.EventCPUCentrifuge, oursFixed, channelsDelayed, perEvent, nil},
		{"CPU per delivered event: our delivery / tags, same window", eventCPUTags, oursFixed, tagsDelayed, perEvent, nil},
		{"p99: ours adaptive / channels without delay", adaptiveP99, oursAdaptive, channelsAtOnce, func(r *reading) float64 { return r.p99 }, nil},
		{"CPU per delivered event: ours adaptive / channels without delay", adaptiveEventCPU, oursAdaptive, channelsAtOnce, perEvent, nil},
		{
			"memory per connection: ours after load / idle", e2e.SessionMemoryAfterLoad, oursFixed, oursFixed, after,
			func(r *reading) float64 { return r.idle },
		},
		{"memory per connection after load: ours / channels", memoryChannels, oursFixed, channelsDelayed, after, nil},
	}
}

// emitPromises returns what is held against the architecture that the product replaces.
func emitPromises() []row {
	return []row{{
		"CPU per delivered event: our delivery / Flask-SocketIO, one emit for each user", emitEventCPU, oursFew, emitEach,
		func(r *reading) float64 { return r.perEvent }, nil,
	}}
}

// ratios returns the ratio of each round in which both runs count, in ascending order.
func (p *row) ratios(rounds [][]*reading) []float64 {
	var ratios []float64
	reference := p.reference
	if reference == nil {
		reference = p.value
	}
	for _, round := range rounds {
		if a, b := round[p.ours], round[p.to]; a != nil && b != nil {
			ratios = append(ratios, p.value(a)/reference(b))
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

// report prints the medians of the rounds and the ratios.
func report(w io.Writer, b *bench, rounds [][]*reading) error {
	load, _, _ := strings.Cut(string(readFile("/proc/loadavg")), "\n")
	fmt.Fprintf(w, "%d connections, %.0f events a second for %v, window %v, %d rounds of each (medians)\n%s, %s/%s, %d cores, load %s\n\n",
		b.users, b.rate, b.length, b.window, len(rounds), runtime.Version(), runtime.GOOS, runtime.GOARCH, runtime.NumCPU(), load)
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(t, "server\truns\tdeliveries/s\tCPU share\tµs/event\tspread\tp50 ms\tp99 ms\tKB/conn idle\tafter\tB/event\tevents/frame\trate kept\tothers' CPU\t")
	complete := true
	for k := range b.contenders {
		var runs []*reading
		for _, round := range rounds {
			if round[k] != nil {
				runs = append(runs, round[k])
			}
		}
		complete = complete && len(runs) > 0
		of := func(value func(*reading) float64) float64 {
			var values []float64
			for _, r := range runs {
				values = append(values, value(r))
			}
			return median(values)
		}
		var cost []float64
		for _, r := range runs {
			cost = append(cost, r.perEvent)
		}
		fmt.Fprintf(t, "%s\t%d\t%.0f\t%.1f %%\t%.2f\t%s\t%.1f\t%.1f\t%.1f\t%.1f\t%.0f\t%.1f\t%.0f %%\t%.2f\t\n", b.contenders[k].name, len(runs),
			of(func(r *reading) float64 { return r.deliveries }), 100*of(func(r *reading) float64 { return r.share }), median(cost), spread(cost, 2),
			of(func(r *reading) float64 { return r.p50 }), of(func(r *reading) float64 { return r.p99 }),
			of(func(r *reading) float64 { return r.idle })/1024, of(func(r *reading) float64 { return r.after })/1024,
			of(func(r *reading) float64 { return r.eventBytes }), of(func(r *reading) float64 { return r.frameEvents }),
			100*of(func(r *reading) float64 { return r.reached }), of(func(r *reading) float64 { return r.others }))
	}
	fmt.Fprintln(t)
	if err := t.Flush(); err != nil {
		return fmt.Errorf("print: %w", err)
	}
	t = tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(t, "promise\tratio\tspread\tat most\t")
	for _, p := range b.promises {
		ratios := p.ratios(rounds)
		verdict := "pass"
		if value := median(ratios); !(value <= p.most) {
			verdict = "FAIL"
		}
		fmt.Fprintf(t, "%s\t%.3f\t%s\t%v\t%s\n", p.name, median(ratios), spread(ratios, 3), p.most, verdict)
	}
	if err := t.Flush(); err != nil {
		return fmt.Errorf("print: %w", err)
	}
	if !complete {
		return errors.New("of one server every run was refused")
	}
	return nil
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
