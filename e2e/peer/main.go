// Command peer does the product's job with another library, centrifuge v0.40.1, and measures both in turn on the same
// machine: what a delivered event costs in CPU time, how late it is, and how much memory a connection takes. Then it does a
// smaller job with Flask-SocketIO, the architecture that the product replaces. It is what `make bench-peer` runs.
//
// # The job
//
// Events of about 1,000 bytes are published at a steady rate; each user has one filter, no two the same, and must
// get exactly the events that filter.Match says, in batches, over a WebSocket. Market and filters are those of package
// traffic. Every connection of every run is compared with filter.Match, event by event; a run in which one of them differs
// is refused and said.
//
// # What is compared
//
//   - channels: centrifuge with a channel for each tier and symbol, and one for each tier and any symbol. A user subscribes
//     to every pair in the filter; pattern, confidence and priority are a tags filter on the server. Each event is published
//     twice. With a write delay of as long as our window, and without.
//   - tags: centrifuge with one channel and the whole filter as a tags filter, with the same write delay.
//   - our delivery: classification, hub and sessions, as the product has them, in a process of their own. With the window
//     fixed to that length, and with the one that the hub chooses by itself. This is what the promises are about.
//   - our whole server: the built binary with a real Redis, with that window. It reads the texts from Redis, judges the feed
//     and writes every event to its archive besides, which costs the same however many users there are.
//
// And, with as many users as one process of it serves:
//
//   - emits: Flask-SocketIO on eventlet (Debian's packages, in Python), over WebSockets only, with one emit for each user who
//     wants an event, as the programs emit that the product replaces.
//   - our delivery for the same users, with that window.
//
// # Why it is fair
//
// Each server is a process of its own, started afresh for each run. Its CPU time and memory are what the kernel says of this
// process alone. The publisher is the same for all, and so are the clients, light ones in this process; an event is as
// many bytes for all. The runs alternate, and a ratio is of two runs of the same round. Where the two cannot be treated
// alike, the peer is favoured:
//
//   - It gets binary frames (protobuf) with no limit to the messages in one, a timer instead of a goroutine for each
//     delayed writer, pooled write buffers, read buffers of 512 bytes, command processing off the read loop, and no
//     pings; the leaves of a filter are ordered so that the cheap and selective ones come first.
//   - It does nothing but deliver: what it publishes was classified and encoded before the run, and it keeps no history,
//     no presence and no positions. Ours classifies each text, encodes it, numbers it, checks for copies, remembers it for
//     who comes back, and pings.
//
// Flask-SocketIO is favoured more: it matches nothing. Who wants each event, and what the event says, it is told before the
// run, and the garbage collector is kept off that. Its events are addressed by connection, which is the room that Socket.IO
// looks up soonest; their JSON has the fields that our server sends. What it encodes for each emit is the library's own
// doing. It pings as it does by default, each 25 seconds. It has fewer users because its server keeps a place for each
// connection, of which it has 1,024 by default, and accepts no more than that.
//
// Of our settings two differ from the defaults, besides the window: the limit of events per second and session, which the
// peer does not have, is off; and our delivery (not the whole server) remembers 1,024 events instead of 65,536, and those
// before the first connection comes, since they are the feed's memory and not a connection's.
//
// # How it is measured
//
// CPU time and deliveries count from a second after the start of publishing until the server has taken the last event.
// Memory is read with the garbage collected and given back, but for the whole server, which can only be asked to collect.
// Latency is from just before the text is written to the publisher's socket until a client reads the frame, which looks each
// half millisecond. A server that falls behind shows in the share of the rate that it kept.
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
)

// settings are the command line.
type settings struct {
	binary string
	users  int
	rate   float64
	length time.Duration
	rounds int
	window time.Duration
	seed   uint64

	emitUsers int // of the job beside Flask-SocketIO; 0 leaves it out

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
	if len(args) > 0 && args[0] == serveArg {
		return serve(ctx, args[1:], stdout)
	}
	s := settings{calm: time.Second, stillness: 6 * time.Second}
	flags := flag.NewFlagSet("peer", flag.ContinueOnError)
	flags.SetOutput(stderr)
	flags.StringVar(&s.binary, "binary", "./tierboard", "our server")
	flags.IntVar(&s.users, "users", 5000, "connections, 1 to 20000")
	flags.IntVar(&s.emitUsers, "emit-users", 500, "connections beside Flask-SocketIO, 1 to 950; 0 leaves it out")
	flags.Float64Var(&s.rate, "rate", 500, "events published a second, 1 to 5000")
	flags.DurationVar(&s.length, "length", 5*time.Second, "how long each run publishes, 2s to 1m")
	flags.IntVar(&s.rounds, "rounds", 3, "how often each server is measured, 1 to 20; the medians count")
	flags.DurationVar(&s.window, "window", 100*time.Millisecond, "our window and the peer's write delay, 1ms to 100ms")
	flags.Uint64Var(&s.seed, "seed", 1, "chooses market and filters")
	if err := flags.Parse(args); err != nil {
		return fmt.Errorf("command line: %w", err)
	}
	if err := s.validate(); err != nil {
		return fmt.Errorf("command line: %w", err)
	}
	benches := []*bench{newBench(s, stderr)}
	if s.emitUsers > 0 {
		if err := canEmit(ctx); err != nil {
			return err
		}
		benches = append(benches, newEmitBench(s, stderr))
	}
	var lacks []error // measured as far as could be
	for _, b := range benches {
		rounds, err := b.rounds(ctx)
		if err != nil {
			return err
		}
		lacks = append(lacks, report(stdout, b, rounds))
	}
	return errors.Join(lacks...)
}

// validate reports the first setting that cannot be.
func (s *settings) validate() error {
	switch {
	case s.users < 1 || s.users > 20_000:
		return fmt.Errorf("-users: %d is not within 1 and 20000", s.users)
	case s.emitUsers < 0 || s.emitUsers > mostEmitUsers:
		return fmt.Errorf("-emit-users: %d is not within 0 and %d", s.emitUsers, mostEmitUsers)
	case !(s.rate >= 1 && s.rate <= 5000):
		return fmt.Errorf("-rate: %v is not within 1 and 5000", s.rate)
	case s.length < 2*time.Second || s.length > time.Minute:
		return fmt.Errorf("-length: %v is not within 2s and 1m", s.length)
	case s.rounds < 1 || s.rounds > 20:
		return fmt.Errorf("-rounds: %d is not within 1 and 20", s.rounds)
	case s.window < time.Millisecond || s.window > 100*time.Millisecond:
		return fmt.Errorf("-window: %v is not within 1ms and 100ms", s.window)
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
