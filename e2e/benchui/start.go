package main

import (
	"encoding/json"
	"fmt"
	"net/url"
	"os"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/profiler"
	"github.com/chromedp/chromedp"

	"tierboard/e2e"
)

// installed is true in the page once its worker has stored all files, so that the next start is a warm one.
const installed = `navigator.serviceWorker.ready.then(r => r.active.state === "activated" || new Promise(done =>
  r.active.addEventListener("statechange", e => { if (e.target.state === "activated") done(true); })))`

// starts measures first visits, reloads and new starts of the browser, with the whole server and its events.
func (b *bench) starts(r *report) error {
	var paint, cold, reload, relaunch, cpu []float64
	var program string
	for range b.visits {
		dir, err := os.MkdirTemp(b.dir, "profile-")
		if err != nil {
			return fmt.Errorf("make a profile: %w", err)
		}
		err = b.with(dir, func(c *chrome) error {
			live, err := c.open(b.page)
			if err != nil {
				return err
			}
			cold = append(cold, ms(live))
			spent, err := c.processor()
			if err != nil {
				return err
			}
			cpu = append(cpu, ms(spent.total))
			first, err := eval[float64](c, `performance.getEntriesByName("first-contentful-paint")[0]?.startTime ?? 0`)
			if err != nil {
				return err
			}
			paint = append(paint, first)
			if program, err = eval[string](c, `performance.getEntriesByType("resource").map(e => e.name).find(n => new URL(n).pathname.endsWith(".wasm")) ?? ""`); err != nil {
				return err
			}
			if _, err := eval[bool](c, installed); err != nil {
				return err
			}
			b.pause(2 * time.Second) // a visitor stays longer; the browser stores compiled code meanwhile
			if live, err = c.reload(); err != nil {
				return err
			}
			reload = append(reload, ms(live))
			return b.stay()
		})
		if err != nil {
			return err
		}
		err = b.with(dir, func(c *chrome) error {
			live, err := c.open(b.page)
			relaunch = append(relaunch, ms(live))
			return err
		})
		if err != nil {
			return err
		}
	}
	if program == "" {
		return fmt.Errorf("the page at %s loads no program", b.page)
	}
	if _, err := url.Parse(program); err != nil {
		return fmt.Errorf("address of the program: %w", err)
	}
	over, err := get(b.ctx, program, "br")
	if err != nil {
		return err
	}
	r.Rows = append(r.Rows,
		row{What: "first visit → first contentful paint", P50: median(paint), Budget: ms(e2e.FirstPaint), Note: spread(paint)},
		row{What: "first visit → live board", P50: median(cold), Budget: ms(e2e.ColdStart), Note: spread(cold)},
		row{What: "  main thread's CPU until then", Value: median(cpu), Unit: "ms"},
		row{What: "reload → live board", P50: median(reload), Budget: ms(e2e.WarmStart), Note: spread(reload)},
		row{What: "browser started again → live board", P50: median(relaunch), Budget: ms(e2e.WarmStart), Note: spread(relaunch)},
		row{What: "WASM over the wire", Value: float64(len(over.body)) / 1e6, Unit: "MB", Budget: e2e.WasmTransfer / 1e6, Note: over.encoding},
	)
	return nil
}

// stay is what happens on a page that somebody looks at for a few seconds: events come. Chromium optimizes what runs often, and keeps the
// compiled code for the next start when there is a megabyte of it; a page that is closed after a moment has none.
func (b *bench) stay() error {
	for range 100 {
		b.pause(100 * time.Millisecond)
		if err := b.publisher.publish(b.ctx, 10); err != nil {
			return err
		}
	}
	b.pause(3 * time.Second)
	return nil
}

// spread tells the least and the most of some values.
func spread(values []float64) string {
	return fmt.Sprintf("%d visits, %.0f to %.0f", len(values), percentile(values, 0), percentile(values, 1))
}

// with starts a browser on a profile and hands it over until f returns.
func (b *bench) with(dir string, f func(c *chrome) error) error {
	c, err := startChrome(b.ctx, dir)
	if err != nil {
		return err
	}
	defer c.end()
	b.browser = c.version
	return f(c)
}

// writeProfile writes a CPU profile of a series of 30-event batches, for the developer tools of any Chromium.
func (b *bench) writeProfile(path string) error {
	return b.browse(b.fed, func(c *chrome) error {
		if err := b.settle(c); err != nil {
			return err
		}
		err := c.do(
			command(profiler.Enable, cdp.Empty{}),
			command(profiler.SetSamplingInterval, profiler.SetSamplingIntervalParams{Interval: 100}),
			command(profiler.Start, cdp.Empty{}),
		)
		if err != nil {
			return fmt.Errorf("start the profiler: %w", err)
		}
		if _, err := b.series(c, 30, b.batches); err != nil {
			return err
		}
		got, err := chromedp.Call(c.ctx, profiler.Stop, cdp.Empty{})
		if err != nil {
			return fmt.Errorf("stop the profiler: %w", err)
		}
		return writeJSON(path, got.Profile)
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
