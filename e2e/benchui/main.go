// Command benchui measures the board's speed in Chromium and prints it beside what is promised: how long a batch takes from
// its arrival until it is painted, hovering, starting, memory, idling, and the size of the download. It is what
// `make bench-ui` runs.
//
// The page is the one that the built binary serves, unchanged. Where the batches must be exact, its socket is answered by a
// feed inside the bench that speaks the real protocol; starts and a steady stream are measured against the whole
// binary with a real Redis. A script that the browser runs before the page's own reads the clock at three moments:
//
//   - start: the socket's message event reaches the page
//   - dom: the last write to the DOM is done
//   - painted: the main thread has finished style, layout, paint and commit of the frame that shows it
//
// What is promised is from start to painted. A screen adds up to one refresh to that. The same script measures a page that
// renders the same cards the plain go-app way, in the same run, so that the ratio holds on any machine.
//
// Wall-clock times need a machine that nobody else is busy with; the load is printed. CPU times of the page's main thread
// are printed too, and they do not depend on the others much.
//
// The exit status is 0 however good or bad the numbers are, 1 when something could not be measured.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/redis/go-redis/v9"
)

const (
	// The window is the size of a laptop's, so that the three columns are side by side.
	viewportWidth, viewportHeight = 1440, 900
	// heldEvents is how many events the board holds before anything is measured: 500 a tier.
	heldEvents = 1500
)

// settings are the command line.
type settings struct {
	binary   string
	rounds   int
	batches  int
	events   int
	only     string
	profile  string
	trace    string
	visits   int
	asJSON   bool
	quietFor time.Duration
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := run(ctx, os.Args[1:], os.Stdout, os.Stderr)
	stop()
	if err != nil && !errors.Is(err, flag.ErrHelp) {
		_, _ = fmt.Fprintf(os.Stderr, "benchui: %v\n", err)
		os.Exit(1)
	}
}

// run measures what the arguments ask for and prints it.
func run(ctx context.Context, args []string, stdout, stderr io.Writer) error {
	var s settings
	flags := flag.NewFlagSet("benchui", flag.ContinueOnError)
	flags.SetOutput(stderr)
	flags.StringVar(&s.binary, "binary", "./tierboard", "the server to measure")
	flags.IntVar(&s.rounds, "rounds", 3, "how often each series is repeated; the median of the rounds counts")
	flags.IntVar(&s.batches, "batches", 100, "batches in a series")
	flags.IntVar(&s.events, "events", 100_000, "events that memory is measured over")
	flags.DurationVar(&s.quietFor, "quiet", 10*time.Second, "how long the idle page is watched")
	flags.StringVar(&s.only, "only", "", "measure only these, separated by commas: batch, throttled, hover, stream, start, memory, idle, naive")
	flags.StringVar(&s.profile, "profile", "", "write a CPU profile of a series of batches to this file, and measure nothing else")
	flags.StringVar(&s.trace, "trace", "", "write traces of a first visit, a reload and a new start of the browser to files of this name with .first, .reload and .relaunch, and measure nothing else")
	flags.IntVar(&s.visits, "visits", 5, "how many new visitors the start is measured with; their median counts")
	flags.BoolVar(&s.asJSON, "json", false, "print JSON instead of a table")
	if err := flags.Parse(args); err != nil {
		return fmt.Errorf("command line: %w", err)
	}
	if s.rounds < 1 || s.visits < 1 || s.batches < 10 || s.events < 1000 {
		return errors.New("command line: -rounds and -visits must be at least 1, -batches 10, -events 1000")
	}
	dir, err := os.MkdirTemp("", "benchui-")
	if err != nil {
		return fmt.Errorf("make a temporary directory: %w", err)
	}
	defer func() { _ = os.RemoveAll(dir) }()
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	b, err := newBench(ctx, s, dir, stderr)
	if err != nil {
		return err
	}
	defer b.close()
	if s.profile != "" {
		return b.writeProfile(s.profile)
	}
	if s.trace != "" {
		return b.writeTraces(s.trace)
	}
	r, err := b.measure()
	if err != nil {
		return err
	}
	if s.asJSON {
		return r.JSON(stdout)
	}
	return r.Table(stdout)
}

// bench is the programs that are measured. It belongs to one goroutine.
type bench struct {
	settings
	ctx      context.Context
	dir      string // temporary
	progress io.Writer
	stops    []func() // newest last

	feed      *feed
	publisher *publisher
	page      string // address of the real server
	fed       string // address of its page with the feed in the place of its socket
	browser   string // its version, once one was started
	plain     string // address of the plain go-app page; "" if it is not wanted
}

// newBench starts everything but browsers.
func newBench(ctx context.Context, s settings, dir string, progress io.Writer) (_ *bench, err error) {
	b := &bench{settings: s, ctx: ctx, dir: dir, progress: progress, feed: newFeed()}
	defer func() {
		if err != nil {
			b.close()
		}
	}()
	binary, err := filepath.Abs(s.binary)
	if err != nil {
		return nil, fmt.Errorf("find the binary: %w", err)
	}
	b.say("starting redis-server and %s", binary)
	redisServer, addr, err := startRedis(ctx, dir)
	if err != nil {
		return nil, err
	}
	b.stops = append(b.stops, redisServer.stop)
	server, page, err := startServer(binary, dir, addr)
	if err != nil {
		return nil, err
	}
	b.stops = append(b.stops, server.stop)
	b.page = page
	client := redis.NewClient(&redis.Options{Addr: addr})
	b.stops = append(b.stops, func() { _ = client.Close() })
	b.publisher = &publisher{client: client, made: newMaker()}
	if err := b.publisher.fill(ctx, heldEvents); err != nil {
		return nil, err
	}
	front, err := fronted(page, b.feed)
	if err != nil {
		return nil, err
	}
	if b.fed, err = serve(ctx, front); err != nil {
		return nil, err
	}
	if s.wants("naive") {
		root, err := repoRoot(ctx)
		if err != nil {
			return nil, err
		}
		b.say("building the plain go-app page")
		handler, err := naive(ctx, root, dir, page, b.feed)
		if err != nil {
			return nil, err
		}
		if b.plain, err = serve(ctx, handler); err != nil {
			return nil, err
		}
		b.plain += "/plain"
	}
	return b, nil
}

// close stops what newBench started.
func (b *bench) close() {
	for _, stop := range slices.Backward(b.stops) {
		stop()
	}
}

// say tells somebody who waits what is happening.
func (b *bench) say(format string, args ...any) {
	_, _ = fmt.Fprintf(b.progress, "benchui: "+format+"\n", args...)
}

// wants reports whether a group of measurements was asked for.
func (s *settings) wants(group string) bool {
	if s.profile != "" || s.trace != "" {
		return false
	}
	if s.only == "" {
		return true
	}
	for name := range strings.SplitSeq(s.only, ",") {
		if strings.TrimSpace(name) == group {
			return true
		}
	}
	return false
}

// repoRoot returns the directory of go.mod.
func repoRoot(ctx context.Context) (string, error) {
	out, err := exec.CommandContext(ctx, "go", "env", "GOMOD").Output()
	if err != nil {
		return "", fmt.Errorf("find the module: %w", err)
	}
	return filepath.Dir(strings.TrimSpace(string(out))), nil
}
