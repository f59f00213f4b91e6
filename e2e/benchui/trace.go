package main

import (
	"bytes"
	"fmt"
	"os"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/tracing"
)

// traced are the categories of a trace: what the page's threads do, and what compiles and runs the program.
var traced = []string{
	"-*", "toplevel", "v8", "v8.wasm", "disabled-by-default-v8.wasm.detailed", "devtools.timeline", "disabled-by-default-devtools.timeline",
	"disabled-by-default-v8.cpu_profiler", "blink.user_timing", "loading", "ServiceWorker", "navigation", "netlog",
}

// writeTraces writes traces of a first visit, a reload and a new start of the browser, for chrome://tracing and the developer tools.
func (b *bench) writeTraces(path string) error {
	dir, err := os.MkdirTemp(b.dir, "profile-")
	if err != nil {
		return fmt.Errorf("make a profile: %w", err)
	}
	err = b.with(dir, func(c *chrome) error {
		if err := b.traceOf(c, path+".first", func() (time.Duration, error) { return c.open(b.page) }); err != nil {
			return err
		}
		if _, err := eval[bool](c, installed); err != nil {
			return err
		}
		b.pause(2 * time.Second)
		if err := b.traceOf(c, path+".reload", c.reload); err != nil {
			return err
		}
		return b.stay()
	})
	if err != nil {
		return err
	}
	return b.with(dir, func(c *chrome) error {
		return b.traceOf(c, path+".relaunch", func() (time.Duration, error) { return c.open(b.page) })
	})
}

// traceOf writes a trace of what f does.
func (b *bench) traceOf(c *chrome, path string, f func() (time.Duration, error)) error {
	err := c.do(command(tracing.Start, tracing.StartParams{TraceConfig: &tracing.TraceConfig{IncludedCategories: traced}}))
	if err != nil {
		return fmt.Errorf("start the trace: %w", err)
	}
	live, err := f()
	if err != nil {
		return err
	}
	b.say("%s: live after %.0f ms", path, ms(live))
	if err := c.do(command(tracing.End, cdp.Empty{})); err != nil {
		return fmt.Errorf("end the trace: %w", err)
	}
	var text bytes.Buffer
	text.WriteString(`{"traceEvents":[`)
	timer := time.NewTimer(stepTimeout)
	defer timer.Stop()
	for first := true; ; {
		select {
		case part := <-c.trace:
			if part == nil {
				text.WriteString("]}")
				if err := os.WriteFile(path, text.Bytes(), 0o600); err != nil {
					return fmt.Errorf("write %s: %w", path, err)
				}
				return nil
			}
			for _, e := range part.Value {
				if !first {
					text.WriteString(",\n")
				}
				first = false
				text.Write(e)
			}
		case <-timer.C:
			return fmt.Errorf("no end of the trace in %v", stepTimeout)
		case <-c.ctx.Done():
			return c.ctx.Err()
		}
	}
}
