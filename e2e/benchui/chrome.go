package main

import (
	"context"
	_ "embed"
	"encoding/json"
	"errors"
	"fmt"
	"os/exec"
	"strings"
	"sync"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/heapprofiler"
	"github.com/chromedp/cdproto/input"
	"github.com/chromedp/cdproto/memory"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/cdproto/performance"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/cdproto/systeminfo"
	"github.com/chromedp/cdproto/tracing"
	"github.com/chromedp/chromedp"
)

// stepTimeout bounds one thing that the browser is asked for or waited for.
const stepTimeout = 60 * time.Second

//go:embed page.js
var measureScript string

// note is what page.js tells: times in milliseconds since the navigation began.
type note struct {
	Kind    string  `json:"kind"`    // "batch", "hover" or "live"
	Start   float64 `json:"start"`   // the event reached the page
	DOM     float64 `json:"dom"`     // the page has written the last of it
	Frame   float64 `json:"frame"`   // the frame that shows it began
	Painted float64 `json:"painted"` // the main thread has painted that frame
	Size    int     `json:"size"`    // bytes of the frame
}

// chrome is a Chromium of the bench's own with one tab. One goroutine uses it.
type chrome struct {
	ctx     context.Context
	end     func()
	version string
	notes   chan note // bounded; the bench waits for each note it causes, so that it never fills
	lost    chan struct{}
	trace   chan *tracing.EventDataCollected // the parts of a trace, and nil after the last; empty but for -trace

	mu         sync.Mutex
	complaints []string // guarded by mu
}

// startChrome starts a headless Chromium with the profile in dir, which the caller removes.
func startChrome(ctx context.Context, dir string) (*chrome, error) {
	var path string
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome"} {
		if found, err := exec.LookPath(name); err == nil {
			path = found
			break
		}
	}
	if path == "" {
		return nil, errors.New("no chromium in PATH")
	}
	allocator, endAllocator := chromedp.NewExecAllocator(ctx, append(chromedp.DefaultExecAllocatorOptions[:],
		chromedp.ExecPath(path),
		chromedp.NoSandbox,
		chromedp.UserDataDir(dir),
		chromedp.Flag("disable-gpu", true),
		chromedp.Flag("disable-component-update", true),
		chromedp.Flag("host-resolver-rules", "MAP * ~NOTFOUND, EXCLUDE 127.0.0.1, EXCLUDE localhost"),
		chromedp.WindowSize(viewportWidth, viewportHeight),
	)...)
	version, err := exec.CommandContext(ctx, path, "--version").Output()
	if err != nil {
		return nil, fmt.Errorf("ask %s for its version: %w", path, err)
	}
	c := &chrome{version: strings.TrimSpace(string(version)), notes: make(chan note, 4096), lost: make(chan struct{}, 1), trace: make(chan *tracing.EventDataCollected, 1<<16)}
	tab, endTab := chromedp.NewContext(allocator, chromedp.WithListener(c.listen), chromedp.WithErrorf(func(string, ...any) {}))
	c.ctx = tab
	c.end = func() {
		closing, cancel := context.WithTimeout(tab, stepTimeout)
		defer cancel()
		_ = chromedp.Cancel(closing) // in peace, so that the profile is written; ending the contexts kills what is left
		endTab()
		endAllocator()
		chromedp.FromContext(tab).Allocator.Wait()
	}
	// The browser lives as long as the context of the first call, so it has no timeout.
	err = chromedp.Do(tab,
		command(runtime.AddBinding, runtime.AddBindingParams{Name: "tierboardBench"}),
		command(performance.Enable, performance.EnableParams{TimeDomain: performance.EnableTimeDomainThreadTicks}),
		chromedp.Func(func(ctx context.Context, t *chromedp.Target) error {
			_, err := cdp.Call(ctx, t, page.AddScriptToEvaluateOnNewDocument, page.AddScriptToEvaluateOnNewDocumentParams{Source: measureScript})
			return err
		}),
	)
	if err != nil {
		c.end()
		return nil, fmt.Errorf("start chromium: %w", err)
	}
	return c, nil
}

// command is a step that sends one command of the protocol and needs no answer.
func command[P any](c cdp.Command[P, cdp.Empty], params P) chromedp.Action[chromedp.Void] {
	return chromedp.Func(func(ctx context.Context, t *chromedp.Target) error {
		_, err := cdp.Call(ctx, t, c, params)
		return err
	})
}

// listen is called for each event of the tab on the goroutine that reads them.
func (c *chrome) listen(event any) {
	if thrown, ok := event.(*runtime.EventExceptionThrown); ok {
		c.complain(thrown.ExceptionDetails.Text)
	}
	// Go prints panics as ordinary lines.
	if printed, ok := event.(*runtime.EventConsoleAPICalled); ok {
		for _, a := range printed.Args {
			c.complain(a.Description + string(a.Value))
		}
	}
	switch e := event.(type) {
	case *tracing.EventDataCollected:
		c.trace <- e
	case *tracing.EventTracingComplete:
		c.trace <- nil
	}
	called, ok := event.(*runtime.EventBindingCalled)
	if !ok || called.Name != "tierboardBench" {
		return
	}
	var n note
	if err := json.Unmarshal([]byte(called.Payload), &n); err != nil {
		return // not from page.js
	}
	select {
	case c.notes <- n:
	default:
		select {
		case c.lost <- struct{}{}:
		default:
		}
	}
}

// complain keeps the first things that went wrong in the page, for the error message of what then does not happen.
func (c *chrome) complain(text string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.complaints) < 20 {
		c.complaints = append(c.complaints, text)
	}
}

// wait returns the next note of a kind and drops others before it.
func (c *chrome) wait(kind string) (note, error) {
	timer := time.NewTimer(stepTimeout)
	defer timer.Stop()
	for {
		select {
		case n := <-c.notes:
			if n.Kind == kind {
				return n, nil
			}
		case <-c.lost:
			return note{}, errors.New("the page told more than was read")
		case <-timer.C:
			c.mu.Lock()
			defer c.mu.Unlock()
			return note{}, fmt.Errorf("no %q from the page in %v; it complained of %q", kind, stepTimeout, c.complaints)
		case <-c.ctx.Done():
			return note{}, c.ctx.Err()
		}
	}
}

// forget drops the notes nobody waited for.
func (c *chrome) forget() {
	for {
		select {
		case <-c.notes:
		default:
			return
		}
	}
}

// do runs steps with one deadline.
func (c *chrome) do(steps ...chromedp.Action[chromedp.Void]) error {
	ctx, cancel := context.WithTimeout(c.ctx, stepTimeout)
	defer cancel()
	return chromedp.Do(ctx, steps...)
}

// eval returns the value of a JavaScript expression; a promise is awaited.
func eval[T any](c *chrome, expression string) (T, error) {
	ctx, cancel := context.WithTimeout(c.ctx, stepTimeout)
	defer cancel()
	v, err := chromedp.Run(ctx, chromedp.Evaluate[T](expression, chromedp.EvalAwaitPromise))
	if err != nil {
		return v, fmt.Errorf("evaluate %s: %w", expression, err)
	}
	return v, nil
}

// open opens an address and waits until the board is live; it returns when that was, since the navigation began.
func (c *chrome) open(url string) (time.Duration, error) {
	c.forget()
	if err := c.do(chromedp.Navigate(url)); err != nil {
		return 0, fmt.Errorf("open %s: %w", url, err)
	}
	n, err := c.wait("live")
	return millis(n.Painted), err
}

// reload loads the page again, as the browser's button does.
func (c *chrome) reload() (time.Duration, error) {
	c.forget()
	if err := c.do(chromedp.Reload()); err != nil {
		return 0, fmt.Errorf("reload: %w", err)
	}
	n, err := c.wait("live")
	return millis(n.Painted), err
}

// throttle makes the page's processor slower by a factor; 1 is full speed.
func (c *chrome) throttle(factor float64) error {
	return c.do(command(emulation.SetCPUThrottlingRate, emulation.SetCPUThrottlingRateParams{Rate: factor}))
}

// move moves the mouse, which takes until the page has handled it.
func (c *chrome) move(x, y float64) error {
	return c.do(command(input.DispatchMouseEvent, input.DispatchMouseEventParams{
		Type: input.DispatchMouseEventTypeMouseMoved, X: x, Y: y, PointerType: input.DispatchMouseEventPointerTypeMouse,
	}))
}

// processorTime is what the page's main thread has spent, in CPU time and not wall-clock time: a busy machine does not
// change it.
type processorTime struct{ total, script, style, layout time.Duration }

// since returns the difference to an earlier reading, divided by n.
func (p processorTime) since(was processorTime, n int) processorTime {
	d := time.Duration(n)
	return processorTime{(p.total - was.total) / d, (p.script - was.script) / d, (p.style - was.style) / d, (p.layout - was.layout) / d}
}

// processor reads the main thread's CPU time so far.
func (c *chrome) processor() (processorTime, error) {
	var p processorTime
	ctx, cancel := context.WithTimeout(c.ctx, stepTimeout)
	defer cancel()
	got, err := chromedp.Call(ctx, performance.GetMetrics, cdp.Empty{})
	if err != nil {
		return p, fmt.Errorf("read metrics: %w", err)
	}
	for _, m := range got.Metrics {
		d := time.Duration(m.Value * float64(time.Second))
		switch m.Name {
		case "TaskDuration":
			p.total = d
		case "ScriptDuration":
			p.script = d
		case "RecalcStyleDuration":
			p.style = d
		case "LayoutDuration":
			p.layout = d
		}
	}
	if p.total == 0 {
		return p, errors.New("read metrics: no TaskDuration")
	}
	return p, nil
}

// processes reads the CPU time of the renderers and of all other processes of the browser so far.
func (c *chrome) processes() (renderers, others time.Duration, err error) {
	ctx, cancel := context.WithTimeout(c.ctx, stepTimeout)
	defer cancel()
	got, err := chromedp.CallBrowser(ctx, systeminfo.GetProcessInfo, cdp.Empty{})
	if err != nil {
		return 0, 0, fmt.Errorf("read process times: %w", err)
	}
	for _, p := range got.ProcessInfo {
		d := time.Duration(p.CPUTime * float64(time.Second))
		if p.Type == "renderer" {
			renderers += d
		} else {
			others += d
		}
	}
	return renderers, others, nil
}

// footprint is what a page holds.
type footprint struct {
	heap, wasm float64 // bytes of the JavaScript heap in use, and of the program's memory
	nodes      int64   // DOM nodes, attached or not
}

// total is both memories together.
func (f footprint) total() float64 { return f.heap + f.wasm }

// footprint collects garbage twice, since finalizers free only in the second round, and reads what is left.
func (c *chrome) footprint() (footprint, error) {
	var f footprint
	gc := command(heapprofiler.CollectGarbage, cdp.Empty{})
	if err := c.do(gc, gc); err != nil {
		return f, fmt.Errorf("collect garbage: %w", err)
	}
	ctx, cancel := context.WithTimeout(c.ctx, stepTimeout)
	defer cancel()
	heap, err := chromedp.Call(ctx, runtime.GetHeapUsage, cdp.Empty{})
	if err != nil {
		return f, fmt.Errorf("read the heap: %w", err)
	}
	counters, err := chromedp.Call(ctx, memory.GetDOMCounters, cdp.Empty{})
	if err != nil {
		return f, fmt.Errorf("count nodes: %w", err)
	}
	f.heap, f.nodes = heap.UsedSize, counters.Nodes
	f.wasm, err = eval[float64](c, "tierboardMeasure.memory.buffer.byteLength")
	return f, err
}

// millis turns the page's milliseconds into a Duration.
func millis(ms float64) time.Duration { return time.Duration(ms * float64(time.Millisecond)) }
