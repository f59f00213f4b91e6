package main

import (
	"fmt"
	"math/rand/v2"
	"os"
	"strings"
	"time"

	"tierboard/e2e"
)

// What the budgets leave open: what "near zero" and "flat" mean.
const (
	idleShare    = 0.01 // of one core, for the page's renderer
	flatGrowth   = 1.1  // memory and nodes after, divided by before
	totalMemory  = 100 << 20
	elementsCard = 14
	longTask     = 50 * time.Millisecond
)

// measure runs what was asked for.
func (b *bench) measure() (*report, error) {
	began := time.Now()
	r := &report{Rounds: b.rounds, Load: load()}
	groups := []struct {
		name    string
		measure func(*report) error
	}{
		{"start", b.starts},
		{"batch", b.batchSeries},
		{"throttled", b.throttledSeries},
		{"naive", b.naiveSeries},
		{"hover", b.hoverSeries},
		{"stream", b.streamSeries},
		{"idle", b.idle},
		{"memory", b.memory},
	}
	for _, g := range groups {
		if !b.wants(g.name) {
			continue
		}
		b.say("measuring %s", g.name)
		if err := g.measure(r); err != nil {
			return nil, fmt.Errorf("measure %s: %w", g.name, err)
		}
	}
	r.Load += " → " + load()
	r.Browser = b.browser
	r.Seconds = time.Since(began).Seconds()
	return r, nil
}

// load is how many processes have wanted the processor over the last minute.
func load() string {
	text, err := os.ReadFile("/proc/loadavg")
	if err != nil {
		return "?"
	}
	first, _, _ := strings.Cut(string(text), " ")
	return first
}

// pause waits, or until the bench is told to stop; what comes next then fails by itself. Only the rhythm of what is sent,
// and pages that settle, are waited for with it.
func (b *bench) pause(d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-b.ctx.Done():
	}
}

// browse starts a browser with a new profile, opens an address, and hands it over until f returns.
func (b *bench) browse(url string, f func(c *chrome) error) error {
	dir, err := os.MkdirTemp(b.dir, "profile-")
	if err != nil {
		return fmt.Errorf("make a profile: %w", err)
	}
	return b.with(dir, func(c *chrome) error {
		if _, err := c.open(url); err != nil {
			return err
		}
		return f(c)
	})
}

// settle sends what a page needs to reach its steady state: compiled code, spare rows, grown buffers.
func (b *bench) settle(c *chrome) error {
	_, err := b.series(c, 30, 20)
	return err
}

// series is what one series of batches took.
type series struct {
	dom, wait, paint, total []float64     // milliseconds
	cpu                     processorTime // of one batch
	longTasks               int
	longest                 float64 // milliseconds
}

// series sends batches of n events at 10 a second with random phase, and waits until the last is painted.
func (b *bench) series(c *chrome, n, batches int) (*series, error) {
	c.forget()
	if _, err := eval[bool](c, "(tierboardMeasure.longTasks = tierboardMeasure.longest = 0, true)"); err != nil {
		return nil, err
	}
	before, err := c.processor()
	if err != nil {
		return nil, err
	}
	s := &series{}
	next := time.Now()
	for range batches {
		next = next.Add(70*time.Millisecond + rand.N(60*time.Millisecond))
		b.pause(time.Until(next))
		if err := b.feed.send(b.ctx, n); err != nil {
			return nil, err
		}
	}
	for range batches {
		got, err := c.wait("batch")
		if err != nil {
			return nil, err
		}
		s.add(got)
	}
	after, err := c.processor()
	if err != nil {
		return nil, err
	}
	s.cpu = after.since(before, batches)
	// Long tasks are told late.
	b.pause(200 * time.Millisecond)
	long, err := eval[[2]float64](c, "[tierboardMeasure.longTasks, tierboardMeasure.longest]")
	if err != nil {
		return nil, err
	}
	s.longTasks, s.longest = int(long[0]), long[1]
	return s, nil
}

// add takes one measurement in.
func (s *series) add(n note) {
	s.dom = append(s.dom, n.DOM-n.Start)
	s.wait = append(s.wait, n.Frame-n.DOM)
	s.paint = append(s.paint, n.Painted-n.Frame)
	s.total = append(s.total, n.Painted-n.Start)
}

// repeat measures a series in each round and returns rows of the medians: the whole, its three parts, and the CPU time. A new browser for each
// round, since some are luckier than others.
func (b *bench) repeat(what, url string, n int, budget time.Duration, slowdown float64) (rows []row, longTasks int, longest float64, err error) {
	var p50, p99, dom50, dom99, wait50, wait99, paint50, paint99, cpu, script, layout []float64
	for range b.rounds {
		err := b.browse(url, func(c *chrome) error {
			if strings.HasSuffix(url, "/plain") {
				if _, err := eval[bool](c, "tierboardMeasure.manual = true"); err != nil {
					return err
				}
			}
			if err := b.settle(c); err != nil {
				return err
			}
			if slowdown != 1 {
				if err := c.throttle(slowdown); err != nil {
					return err
				}
			}
			s, err := b.series(c, n, b.batches)
			if err != nil {
				return err
			}
			longTasks += s.longTasks
			longest = max(longest, s.longest)
			p50, p99 = append(p50, median(s.total)), append(p99, percentile(s.total, .99))
			dom50, dom99 = append(dom50, median(s.dom)), append(dom99, percentile(s.dom, .99))
			wait50, wait99 = append(wait50, median(s.wait)), append(wait99, percentile(s.wait, .99))
			paint50, paint99 = append(paint50, median(s.paint)), append(paint99, percentile(s.paint, .99))
			cpu = append(cpu, ms(s.cpu.total))
			script = append(script, ms(s.cpu.script))
			layout = append(layout, ms(s.cpu.style+s.cpu.layout))
			return nil
		})
		if err != nil {
			return nil, 0, 0, err
		}
	}
	return []row{
		{What: what, P50: median(p50), P99: median(p99), Budget: ms(budget)},
		{What: "  arrival → DOM written", P50: median(dom50), P99: median(dom99)},
		{What: "  DOM written → frame begun", P50: median(wait50), P99: median(wait99), Note: "for the display: up to 16.7 ms"},
		{What: "  frame begun → painted", P50: median(paint50), P99: median(paint99)},
		{What: "  main thread's CPU a batch, in all", Value: median(cpu), Unit: "ms", Note: fmt.Sprintf(
			"script %.1f ms, style and layout %.1f ms", median(script), median(layout))},
	}, longTasks, longest, nil
}

// sizes are the batches that budgets are about.
var sizes = []struct {
	events int
	budget time.Duration
}{{10, e2e.PaintTen}, {30, e2e.PaintThirty}}

// batchSeries measures batches at full speed.
func (b *bench) batchSeries(r *report) error {
	tasks, worst := 0, 0.0
	for _, size := range sizes {
		what := fmt.Sprintf("batch of %d → painted, p50 / p99", size.events)
		rows, longTasks, longest, err := b.repeat(what, b.fed, size.events, size.budget, 1)
		if err != nil {
			return err
		}
		tasks += longTasks
		worst = max(worst, longest)
		r.Rows = append(r.Rows, rows...)
	}
	// The browser tells of tasks from 50 ms on only.
	r.Rows = append(r.Rows, row{What: "longest task meanwhile", Value: worst, Unit: "ms", Budget: ms(longTask), Note: fmt.Sprintf("%d long tasks", tasks)})
	return nil
}

// throttledSeries measures the same with a quarter of the speed. Nothing is promised for it.
func (b *bench) throttledSeries(r *report) error {
	for _, size := range sizes {
		what := fmt.Sprintf("batch of %d at 4× CPU throttling", size.events)
		rows, _, _, err := b.repeat(what, b.fed, size.events, 0, 4)
		if err != nil {
			return err
		}
		r.Rows = append(r.Rows, rows...)
	}
	return nil
}

// naiveSeries measures the plain go-app page, and notes it beside our rows if they were measured.
func (b *bench) naiveSeries(r *report) error {
	for _, size := range sizes {
		rows, _, _, err := b.repeat(fmt.Sprintf("plain go-app, batch of %d", size.events), b.plain, size.events, 0, 1)
		if err != nil {
			return err
		}
		ours := fmt.Sprintf("batch of %d → painted", size.events)
		for i := range r.Rows {
			if strings.HasPrefix(r.Rows[i].What, ours) {
				for j := range rows {
					r.Rows[i+j] = r.Rows[i+j].against(rows[j])
				}
			}
		}
		r.Rows = append(r.Rows, rows...)
	}
	return nil
}
