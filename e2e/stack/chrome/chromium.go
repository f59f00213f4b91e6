// Package chrome drives a headless Chromium for tests: it starts one with a new profile, opens pages, evaluates JavaScript in
// them, and fails the test for what a user with open developer tools would see in red. Methods must be called from the test's own
// goroutine, as they end it with Fatal.
package chrome

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"

	"tierboard/e2e/stack/process"
)

// Viewport is the size of a new browser window in CSS pixels: a laptop, so that all three columns are side by side.
const (
	ViewportWidth  = 1440
	ViewportHeight = 900
)

// Problem is something the page did that a user with open developer tools would see in red.
type Problem struct {
	// Kind is "console" for console.error and failed assertions, "exception" for what nothing caught, "csp" for what
	// the content security policy refused, and "log" for other errors the browser tells, such as a failed request.
	Kind string
	Text string // the message, without a stack
	URL  string // where it came from, if the browser knows
}

// String returns the problem in one line.
func (p Problem) String() string {
	if p.URL == "" {
		return p.Kind + ": " + p.Text
	}
	return p.Kind + ": " + p.Text + " (" + p.URL + ")"
}

// Browser is one tab of a Chromium of its own. Its methods end the test when they fail.
type Browser struct {
	t      testing.TB
	ctx    context.Context
	output *process.Tail

	mu       sync.Mutex
	problems []Problem // guarded by mu
	allowed  []string  // guarded by mu
}

// Chromium starts a headless Chromium with a new profile and one empty tab. It ends with the test, which fails when the
// page had a Problem that was not allowed with AllowProblems. The browser cannot reach anything but loopback.
func Chromium(t testing.TB) *Browser {
	t.Helper()
	path := process.Binary(t, "chromium", nil, "chromium", "chromium-browser", "google-chrome")
	b := &Browser{t: t, output: &process.Tail{}}
	allocator, endAllocator := chromedp.NewExecAllocator(context.Background(),
		append(chromedp.DefaultExecAllocatorOptions[:],
			chromedp.ExecPath(path),
			chromedp.NoSandbox,
			chromedp.Flag("disable-gpu", true),
			chromedp.Flag("disable-component-update", true),
			chromedp.Flag("host-resolver-rules", "MAP * ~NOTFOUND, EXCLUDE 127.0.0.1, EXCLUDE localhost"),
			chromedp.WindowSize(ViewportWidth, ViewportHeight),
			chromedp.CombinedOutput(b.output),
		)...)
	ctx, endTab := chromedp.NewContext(allocator, chromedp.WithListener(b.watch), chromedp.WithErrorf(b.protocolError))
	b.ctx = ctx
	t.Cleanup(func() {
		b.report()
		closing, cancel := context.WithTimeout(ctx, process.ReadyTimeout)
		defer cancel()
		// A browser that crashed cannot be closed in peace; ending its contexts kills it by its process ID.
		if err := chromedp.Cancel(closing); err != nil {
			t.Logf("close chromium: %v", err)
		}
		endTab()
		endAllocator()
		chromedp.FromContext(ctx).Allocator.Wait()
	})
	// The browser lives as long as the context of this first call, so it has no timeout.
	if err := chromedp.Do(ctx); err != nil {
		t.Fatalf("start chromium: %v\n%s", err, b.output)
	}
	return b
}

// Context returns the tab's chromedp context, for what Browser has no method for. Only the test's goroutine may use it.
func (b *Browser) Context() context.Context { return b.ctx }

// PID returns the process ID of the browser's main process.
func (b *Browser) PID() int { return chromedp.FromContext(b.ctx).Browser.Process().Pid }

// within returns the tab's context with the deadline of one step.
func (b *Browser) within() (context.Context, context.CancelFunc) {
	return context.WithTimeout(b.ctx, process.ReadyTimeout)
}

// Do runs chromedp actions in order, with one deadline of ReadyTimeout for all.
func (b *Browser) Do(steps ...chromedp.Action[chromedp.Void]) {
	b.t.Helper()
	ctx, cancel := b.within()
	defer cancel()
	if err := chromedp.Do(ctx, steps...); err != nil {
		b.t.Fatal(err)
	}
}

// Navigate opens the address and returns after the page's load event.
func (b *Browser) Navigate(url string) {
	b.t.Helper()
	ctx, cancel := b.within()
	defer cancel()
	if err := chromedp.Do(ctx, chromedp.Navigate(url)); err != nil {
		b.t.Fatalf("open %s: %v", url, err)
	}
}

// WaitFor waits until the JavaScript expression is truthy, at most ReadyTimeout. A promise is awaited. An expression
// that throws, or that is asked while the page changes, is not truthy yet. It works under any content security policy.
func (b *Browser) WaitFor(expression string) {
	b.t.Helper()
	b.WaitForWithin(process.ReadyTimeout, expression)
}

// WaitForWithin is WaitFor with another deadline.
func (b *Browser) WaitForWithin(limit time.Duration, expression string) {
	b.t.Helper()
	if err := b.poll(limit, expression); err != nil {
		b.t.Fatal(err)
	}
}

// poll is WaitForWithin that returns what went wrong.
func (b *Browser) poll(limit time.Duration, expression string) error {
	ctx, cancel := context.WithTimeout(b.ctx, limit)
	defer cancel()
	ticker := time.NewTicker(process.PollInterval)
	defer ticker.Stop()
	// The parentheses keep `a, b` and object literals expressions. Boolean in the page, so that any type will do.
	truthy := chromedp.Evaluate[bool]("(async () => Boolean(await ("+expression+")))()", chromedp.EvalAwaitPromise)
	last := errors.New("it is falsy")
	for {
		ok, err := chromedp.Run(ctx, truthy)
		switch {
		case ok:
			return nil
		case ctx.Err() != nil:
			return fmt.Errorf("waited %v for %s: %w", limit, expression, last)
		case err != nil:
			last = err
		default:
			last = errors.New("it is falsy")
		}
		select {
		case <-ctx.Done():
		case <-ticker.C:
		}
	}
}

// Eval returns the value of a JavaScript expression, decoded from JSON into a T. A promise is awaited.
func Eval[T any](b *Browser, expression string) T {
	b.t.Helper()
	ctx, cancel := b.within()
	defer cancel()
	v, err := chromedp.Run(ctx, chromedp.Evaluate[T](expression, chromedp.EvalAwaitPromise))
	if err != nil {
		b.t.Fatalf("evaluate %s: %v", expression, err)
	}
	return v
}

// Screenshot writes what the window shows to a PNG file and creates its folder if needed.
func (b *Browser) Screenshot(path string) {
	b.t.Helper()
	ctx, cancel := b.within()
	defer cancel()
	png, err := chromedp.Run(ctx, chromedp.CaptureScreenshot())
	if err != nil {
		b.t.Fatalf("take a screenshot: %v", err)
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		b.t.Fatal(err)
	}
	if err := os.WriteFile(path, png, 0o644); err != nil {
		b.t.Fatal(err)
	}
}

// AllowProblems lets the page have problems whose line contains one of the texts, now and before.
func (b *Browser) AllowProblems(texts ...string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.allowed = append(b.allowed, texts...)
}

// Problems returns the problems so far that are not allowed, oldest first. What the page did before the last call of
// another method is complete.
func (b *Browser) Problems() []Problem {
	b.mu.Lock()
	defer b.mu.Unlock()
	var list []Problem
	for _, p := range b.problems {
		if !containsAny(p.String(), b.allowed) {
			list = append(list, p)
		}
	}
	return list
}

// containsAny reports whether text contains one of parts.
func containsAny(text string, parts []string) bool {
	for _, part := range parts {
		if strings.Contains(text, part) {
			return true
		}
	}
	return false
}

// report fails the test for each problem left, and logs the browser's own output when the test failed.
func (b *Browser) report() {
	for _, p := range b.Problems() {
		b.t.Errorf("the page had a problem: %s", p)
	}
	if b.t.Failed() {
		b.t.Logf("output of chromium:\n%s", b.output)
	}
}

// protocolError notes what the library could not make sense of; such things are news, but not the page's fault.
func (b *Browser) protocolError(format string, args ...any) {
	_, _ = fmt.Fprintf(b.output, "chromedp: "+format+"\n", args...) // a tail takes everything
}

// watch is called for each event of the tab, in order, on the goroutine that reads them.
func (b *Browser) watch(event any) {
	// A Go program that panics writes why with console.log, which is no problem by itself.
	if e, ok := event.(*runtime.EventConsoleAPICalled); ok && e.Type != "error" {
		for _, arg := range e.Args {
			_, _ = fmt.Fprintln(b.output, "console:", objectText(arg)) // a tail takes everything
		}
	}
	if p, ok := problemOf(event); ok {
		b.mu.Lock()
		defer b.mu.Unlock()
		b.problems = append(b.problems, p)
	}
}

// problemOf returns the problem that an event of the tab tells, if any.
func problemOf(event any) (Problem, bool) {
	switch e := event.(type) {
	case *runtime.EventConsoleAPICalled:
		if e.Type != "error" && e.Type != "assert" {
			return Problem{}, false
		}
		words := make([]string, len(e.Args))
		for i, arg := range e.Args {
			words[i] = objectText(arg)
		}
		p := Problem{Kind: "console", Text: strings.Join(words, " ")}
		if e.StackTrace != nil && len(e.StackTrace.CallFrames) > 0 {
			p.URL = e.StackTrace.CallFrames[0].URL
		}
		return p, true
	case *runtime.EventExceptionThrown:
		d := e.ExceptionDetails
		p := Problem{Kind: "exception", Text: d.Text, URL: d.URL}
		if d.Exception != nil {
			p.Text = cmp.Or(objectText(d.Exception), d.Text)
		}
		return p, true
	case *log.EventEntryAdded:
		// A policy that only reports tells it as a warning.
		csp := e.Entry.Source == log.EntrySourceSecurity && strings.Contains(e.Entry.Text, "Content Security Policy")
		if e.Entry.Level != log.EntryLevelError && !csp {
			return Problem{}, false
		}
		p := Problem{Kind: "log", Text: e.Entry.Text, URL: e.Entry.URL}
		if csp {
			p.Kind = "csp"
		}
		return p, true
	}
	return Problem{}, false
}

// objectText returns a value of the page in words: a string as it is, an error as its first line.
func objectText(o *runtime.RemoteObject) string {
	if o.Description != "" {
		first, _, _ := strings.Cut(o.Description, "\n")
		return first
	}
	if s, err := strconv.Unquote(string(o.Value)); err == nil {
		return s
	}
	return cmp.Or(string(o.Value), string(o.UnserializableValue), string(o.Type))
}
