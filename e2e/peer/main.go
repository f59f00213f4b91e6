// Command peer has others do the product's job and measures them and ours in turn on the same machine: what a delivered event
// costs in CPU time, how late it is, and how much memory a connection takes. The others are the library centrifuge v0.40.1
// and Flask-SocketIO, the architecture that the product replaces. It is what `make bench-peer` runs.
//
// # The job
//
// Events of about 1,000 bytes are published at a steady rate; each user has one filter, no two the same, and must
// get exactly the events that filter.Match says, over a WebSocket. Market and filters are those of package traffic. Every
// connection of every run is compared with filter.Match, event by event; a run in which one of them differs is refused and said.
//
// # What is compared
//
// Delivery with delivery: all get events that were classified before the run, told by a short look at the producer's text which
// one is published now, and from there on do all that it takes until it is on everybody's socket.
//
//   - channels: centrifuge with a channel for each tier and symbol; see package rival. With a write delay, and without.
//   - tags: centrifuge with one channel and the whole filter as a tags filter, evaluated for each user, with the same delay.
//   - our delivery: hub and sessions, as the product has them, in a process of their own; see package own. With a fixed
//     window, and with the one that the hub chooses by itself.
//   - our whole server: the built binary with a real Redis, and that fixed window. It reads the texts from Redis, classifies them,
//     judges the feed and writes every event to its archive besides. Its ratios are told without a promise.
//   - emits: Flask-SocketIO on eventlet with one emit for each user who wants an event; see package emit. It is compared with our
//     delivery at two loads, 500 users with 500 events a second and 2,000 users with 300: it emits some 20,000 times a second at most,
//     whoever wants what. Both sides get the same events at the same rate.
//
// # Windows and delays
//
// Ours sends a quiet user's event at once and then opens a window; the peer's write delay begins with an event, which waits it out.
// While windows close all the time our hub closes each a fifth before its end, along with others (see package hub): a window of
// 100 ms, the longest that can be set, is one of 80 ms. So that events wait alike, the peer's delay is 80 ms
// by default; -delay 100ms gives it what our window is called. The p99 of both says how long events waited in effect.
// Flask-SocketIO has neither: each emit is a frame, as in the programs that the product replaces.
//
// # Why it is fair
//
// Each server is a process of its own, started afresh for each run. Its CPU time and memory are what the kernel says of this
// process alone. The publisher is the same for all, and so are the clients, light ones in this process; an event is as
// many bytes for all. The runs alternate, and a ratio is of two runs of the same round. Where the two cannot be treated
// alike, the peer is favoured: its settings are the best that were found, and it does nothing but deliver. It has encoded its
// events before the run (Flask-SocketIO has not, but has matched them), keeps no history, no presence and no positions. Ours checks
// for copies, numbers, links and encodes each event, remembers it for who comes back, counts and measures itself, and pings.
//
// # How it is measured
//
// See package measure. Memory is read with the garbage collected and given back, but for the whole server, which can only be asked
// to collect. A server that falls behind shows in the share of the rate that it kept.
//
// At a low rate waking up costs more than delivering. Of what 500 users' events cost us, more than half is threads that are woken
// for one event and go idle again, and the publisher's connection. The more frames a second, the less of that there is, for
// all: hence the second load, which is as much as Flask-SocketIO holds with some room.
//
// Times need a machine that nobody else is busy with; how much others took is printed. The ratios bear more. On loopback the
// sender's write also does the receiver's share of TCP, for all alike. The exit status is 0 however good or bad the
// numbers are, 1 when something could not be measured.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"
	"time"

	"tierboard/e2e/peer/emit"
	"tierboard/e2e/peer/serve"
)

// settings are the command line.
type settings struct {
	binary string
	users  int // of the job beside centrifuge; 0 leaves it out
	rate   float64
	length time.Duration
	rounds int
	window time.Duration // ours
	delay  time.Duration // the peer's
	seed   uint64
	emits  loads // of the jobs beside Flask-SocketIO; none leaves it out

	// calm is how long a server's memory may take to settle each time it is read, stillness how long nothing must come
	// until a run ends in which not all events have come. Not for the command line.
	calm, stillness time.Duration
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := run(ctx, os.Args[1:], os.Stdout, os.Stderr)
	stop()
	if err != nil && !errors.Is(err, flag.ErrHelp) {
		_, _ = fmt.Fprintf(os.Stderr, "peer: %v\n", err)
		os.Exit(1)
	}
}

// run measures what the arguments ask for and prints it, or is a server when the first argument is the hidden one.
func run(ctx context.Context, args []string, stdout, stderr io.Writer) error {
	if len(args) > 0 && args[0] == serve.Arg {
		return beServer(ctx, args[1:], stdout)
	}
	s := settings{calm: time.Second, stillness: 6 * time.Second, emits: loads{{500, 500}, {2000, 300}}}
	flags := flag.NewFlagSet("peer", flag.ContinueOnError)
	flags.SetOutput(stderr)
	flags.StringVar(&s.binary, "binary", "./tierboard", "our server")
	flags.IntVar(&s.users, "users", 5000, "connections beside centrifuge, 0 to 20000; 0 leaves it out")
	flags.Float64Var(&s.rate, "rate", 500, "events published a second beside centrifuge, 1 to 5000")
	flags.Var(&s.emits, "emits", "users@events a second beside Flask-SocketIO, with commas between; an empty list leaves it out")
	flags.DurationVar(&s.length, "length", 5*time.Second, "how long each run publishes, 2s to 1m")
	flags.IntVar(&s.rounds, "rounds", 3, "how often each server is measured, 1 to 20; the medians count")
	flags.DurationVar(&s.window, "window", 100*time.Millisecond, "our window, 1ms to 100ms")
	flags.DurationVar(&s.delay, "delay", 80*time.Millisecond, "centrifuge's write delay, 1ms to 1s; as long as our window lasts in effect")
	flags.Uint64Var(&s.seed, "seed", 1, "chooses market and filters")
	if err := flags.Parse(args); err != nil {
		return fmt.Errorf("command line: %w", err)
	}
	if err := s.validate(); err != nil {
		return fmt.Errorf("command line: %w", err)
	}
	var benches []*bench
	if s.users > 0 {
		benches = append(benches, besideCentrifuge(s, stderr))
	}
	if len(s.emits) > 0 {
		if err := emit.Check(ctx); err != nil {
			return err
		}
	}
	for _, l := range s.emits {
		benches = append(benches, besideEmits(s, l, stderr))
	}
	var lacks []error // measured as far as could be
	for _, b := range benches {
		rounds, err := b.rounds(ctx)
		if err != nil {
			return err
		}
		lacks = append(lacks, b.page(rounds).Print(stdout))
	}
	return errors.Join(lacks...)
}

// beServer makes this process the server that the arguments, without the first one, say.
func beServer(ctx context.Context, args []string, stdout io.Writer) error {
	setup, err := serve.ReadSetup(args)
	if err != nil {
		return err
	}
	s, err := newServer(setup)
	if err != nil {
		return fmt.Errorf("%s: %w", serve.Arg, err)
	}
	return serve.Run(ctx, s, stdout)
}

// validate reports the first setting that cannot be.
func (s *settings) validate() error {
	switch {
	case s.users < 0 || s.users > 20_000:
		return fmt.Errorf("-users: %d is not within 0 and 20000", s.users)
	case !(s.rate >= 1 && s.rate <= 5000):
		return fmt.Errorf("-rate: %v is not within 1 and 5000", s.rate)
	case s.length < 2*time.Second || s.length > time.Minute:
		return fmt.Errorf("-length: %v is not within 2s and 1m", s.length)
	case s.rounds < 1 || s.rounds > 20:
		return fmt.Errorf("-rounds: %d is not within 1 and 20", s.rounds)
	case s.window < time.Millisecond || s.window > 100*time.Millisecond:
		return fmt.Errorf("-window: %v is not within 1ms and 100ms", s.window)
	case s.delay < time.Millisecond || s.delay > time.Second:
		return fmt.Errorf("-delay: %v is not within 1ms and 1s", s.delay)
	}
	var err error
	if s.binary, err = filepath.Abs(s.binary); err != nil {
		return fmt.Errorf("-binary: %w", err)
	}
	if info, err := os.Stat(s.binary); err != nil || info.IsDir() {
		return fmt.Errorf("-binary: there is no program at %s: run `make build` first", s.binary)
	}
	return nil
}
