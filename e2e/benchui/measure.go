package main

import (
	"encoding/json"
	"errors"
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
	dom, paint, total []float64     // milliseconds
	cpu               processorTime // of one batch
	longTasks         int
	longest           float64 // milliseconds
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
		next = next.Add(70*time.Millisecond + rand.N(60*time.Millisecond)) //nolint:gosec // phase
		time.Sleep(time.Until(next))
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
	time.Sleep(200 * time.Millisecond)
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
	s.paint = append(s.paint, n.Painted-n.Frame)
	s.total = append(s.total, n.Painted-n.Start)
}

// rounds repeats series and returns rows of the medians: the whole, its two parts, and the CPU time. A new browser for each
// round, since some are luckier than others.
func (b *bench) repeat(what, url string, n int, budget time.Duration, slowdown float64) (rows []row, longTasks int, longest float64, err error) {
	var p50, p99, dom50, dom99, paint50, paint99, cpu, script, layout []float64
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

// streamSeries measures 100 events a second through Redis and the whole server.
func (b *bench) streamSeries(r *report) error {
	var p50, p99, frames []float64
	for range b.rounds {
		err := b.browse(b.page, func(c *chrome) error {
			var s series
			stop := time.Now().Add(time.Duration(b.batches) * 100 * time.Millisecond)
			for time.Now().Before(stop) {
				time.Sleep(70*time.Millisecond + rand.N(60*time.Millisecond)) //nolint:gosec // phase
				if err := b.publisher.publish(b.ctx, 10); err != nil {
					return err
				}
			}
			time.Sleep(time.Second)
			for len(c.notes) > 0 {
				if n := <-c.notes; n.Kind == "batch" {
					s.add(n)
				}
			}
			if len(s.total) < b.batches/2 {
				return fmt.Errorf("only %d frames came for %d published batches", len(s.total), b.batches)
			}
			p50, p99, frames = append(p50, median(s.total)), append(p99, percentile(s.total, .99)), append(frames, float64(len(s.total)))
			return nil
		})
		if err != nil {
			return err
		}
	}
	r.Rows = append(r.Rows, row{
		What: "real server, 100 events/s: frame → painted", P50: median(p50), P99: median(p99), Budget: ms(e2e.PaintTen),
		Note: fmt.Sprintf("%.0f frames", median(frames)),
	})
	return nil
}

// spot is a card's place on the screen.
type spot struct {
	X, Y   float64
	Symbol string
}

// spots lists the cards in view.
const spots = `[...document.querySelectorAll(".list article")].map(e => {
  const r = e.getBoundingClientRect(), l = e.parentElement.getBoundingClientRect();
  return { X: r.x + r.width / 2, Y: r.y + r.height / 2, Symbol: e.querySelector(".sym").textContent, in: r.top >= l.top && r.bottom <= l.bottom };
}).filter(s => s.in)`

// hoverSeries moves a real mouse from card to card. The time counts from when the event reaches the page, which is at the
// beginning of a frame.
func (b *bench) hoverSeries(r *report) error {
	var p50, p99 []float64
	for range b.rounds {
		err := b.browse(b.fed, func(c *chrome) error {
			if err := b.settle(c); err != nil {
				return err
			}
			time.Sleep(3 * time.Second) // until no card is tinted
			cards, err := eval[[]spot](c, spots)
			if err != nil {
				return err
			}
			if len(cards) < 10 {
				return fmt.Errorf("only %d cards in view", len(cards))
			}
			if _, err := eval[bool](c, "tierboardMeasure.hovering = true"); err != nil {
				return err
			}
			var s series
			at := spot{}
			for len(s.total) < b.batches {
				to := cards[rand.IntN(len(cards))] //nolint:gosec // any card
				if to.Symbol == at.Symbol {
					continue
				}
				at = to
				if err := c.move(to.X, to.Y); err != nil {
					return err
				}
				n, err := c.wait("hover")
				if err != nil {
					return err
				}
				s.add(n)
			}
			marked, err := eval[int](c, `document.querySelectorAll(".card.same").length`)
			if err != nil {
				return err
			}
			if marked == 0 {
				return errors.New("no card is highlighted")
			}
			p50, p99 = append(p50, median(s.total)), append(p99, percentile(s.total, .99))
			return nil
		})
		if err != nil {
			return err
		}
	}
	r.Rows = append(r.Rows, row{What: "hover highlight → painted, p50 / p99", P50: median(p50), P99: median(p99), Budget: ms(e2e.HoverPaint)})
	return nil
}

// idle watches a page to which nothing comes but the server's status.
func (b *bench) idle(r *report) error {
	return b.browse(b.fed, func(c *chrome) error {
		if err := b.settle(c); err != nil {
			return err
		}
		time.Sleep(4 * time.Second) // tints end, compilers finish
		main, err := c.processor()
		if err != nil {
			return err
		}
		renderers, others, err := c.processes()
		if err != nil {
			return err
		}
		time.Sleep(b.quietFor)
		renderersAfter, othersAfter, err := c.processes()
		if err != nil {
			return err
		}
		mainAfter, err := c.processor()
		if err != nil {
			return err
		}
		seconds := b.quietFor.Seconds()
		share := func(d time.Duration) float64 { return 100 * d.Seconds() / seconds }
		r.Rows = append(r.Rows, row{
			What: "idle page: CPU of its renderer", Value: share(renderersAfter - renderers), Unit: "% of a core", Budget: 100 * idleShare,
			Note: fmt.Sprintf("main thread %.2f %%, the browser's other processes %.2f %%", share(mainAfter.total-main.total), share(othersAfter-others)),
		})
		return nil
	})
}

// memory sends many events, as fast as they are painted, and compares what the page holds after with before.
func (b *bench) memory(r *report) error {
	const batch = 100
	return b.browse(b.fed, func(c *chrome) error {
		if err := b.settle(c); err != nil {
			return err
		}
		flood := func(n int) error {
			for range n / batch {
				if err := b.feed.send(b.ctx, batch); err != nil {
					return err
				}
				if _, err := c.wait("batch"); err != nil {
					return err
				}
			}
			return nil
		}
		// The first tenth belongs to the start: buffers and tables grow to their final size.
		if err := flood(b.events / 10); err != nil {
			return err
		}
		before, err := c.footprint()
		if err != nil {
			return err
		}
		if err := flood(b.events); err != nil {
			return err
		}
		after, err := c.footprint()
		if err != nil {
			return err
		}
		elements, err := eval[float64](c, `Math.max(...[...document.querySelectorAll(".list article")].map(e => 1 + e.querySelectorAll("*").length))`)
		if err != nil {
			return err
		}
		const mb = 1 << 20
		r.Rows = append(r.Rows,
			row{
				What: fmt.Sprintf("JS heap + WASM memory after %d events", b.events), Value: after.total() / mb, Unit: "MB", Budget: totalMemory / mb,
				Note: fmt.Sprintf("heap %.1f → %.1f MB", before.heap/mb, after.heap/mb),
			},
			row{What: "  growth", Value: after.total() / before.total(), Unit: "×", Budget: flatGrowth},
			row{What: "WASM memory", Value: after.wasm / mb, Unit: "MB", Budget: e2e.BoardWasm / mb, Note: fmt.Sprintf("before %.1f MB", before.wasm/mb)},
			row{
				What: "DOM nodes, growth", Value: float64(after.nodes) / float64(before.nodes), Unit: "×", Budget: flatGrowth,
				Note: fmt.Sprintf("%d → %d", before.nodes, after.nodes),
			},
			row{What: "elements of a card", Value: elements, Budget: elementsCard},
		)
		return nil
	})
}

// writeJSON writes a value to a file.
func writeJSON(path string, v any) error {
	text, err := json.Marshal(v)
	if err != nil {
		return fmt.Errorf("encode %s: %w", path, err)
	}
	if err := os.WriteFile(path, text, 0o600); err != nil {
		return fmt.Errorf("write %s: %w", path, err)
	}
	return nil
}
