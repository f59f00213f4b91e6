package main

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"time"

	"tierboard/e2e"
)

// streamSeries measures 100 events a second through Redis and the whole server.
func (b *bench) streamSeries(r *report) error {
	var p50, p99, frames []float64
	for range b.rounds {
		err := b.browse(b.page, func(c *chrome) error {
			var s series
			stop := time.Now().Add(time.Duration(b.batches) * 100 * time.Millisecond)
			for time.Now().Before(stop) {
				b.pause(70*time.Millisecond + rand.N(60*time.Millisecond))
				if err := b.publisher.publish(b.ctx, 10); err != nil {
					return err
				}
			}
			b.pause(time.Second)
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
			b.pause(3 * time.Second) // until no card is tinted
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
				to := cards[rand.IntN(len(cards))]
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

// idle measures what a page costs to which no event comes: while the ages of its cards count seconds, and once they count minutes, when the
// clock alone still moves.
func (b *bench) idle(r *report) error {
	return b.browse(b.fed, func(c *chrome) error {
		if err := b.settle(c); err != nil {
			return err
		}
		b.pause(4 * time.Second) // tints end, compilers finish
		counting, note, err := b.quiet(c)
		if err != nil {
			return err
		}
		r.Rows = append(r.Rows, row{What: "page without news: CPU of its renderer", Value: counting, Unit: "% of a core", Note: "in the minute in which ages count seconds; " + note})
		b.pause(time.Minute - b.quietFor)
		idle, note, err := b.quiet(c)
		if err != nil {
			return err
		}
		r.Rows = append(r.Rows, row{What: "idle page: CPU of its renderer", Value: idle, Unit: "% of a core", Budget: 100 * idleShare, Note: "from then on; " + note})
		return nil
	})
}

// quiet watches a page that is left alone, and returns the share of a core that its renderer took, in percent, and a note on the others'.
func (b *bench) quiet(c *chrome) (share float64, note string, err error) {
	main, err := c.processor()
	if err != nil {
		return 0, "", err
	}
	renderers, others, err := c.processes()
	if err != nil {
		return 0, "", err
	}
	b.pause(b.quietFor)
	renderersAfter, othersAfter, err := c.processes()
	if err != nil {
		return 0, "", err
	}
	mainAfter, err := c.processor()
	if err != nil {
		return 0, "", err
	}
	part := func(d time.Duration) float64 { return 100 * d.Seconds() / b.quietFor.Seconds() }
	note = fmt.Sprintf("main thread %.2f %%, the browser's other processes %.2f %%", part(mainAfter.total-main.total), part(othersAfter-others))
	return part(renderersAfter - renderers), note, nil
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
