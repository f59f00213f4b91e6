// Package serve makes a process one of the servers that are compared, and starts such a process.
//
// A server listens on two addresses, which it prints once it can: that of its sockets, and that of the publisher, where it
// speaks what Redis speaks. So whoever measures does the same with all of them.
package serve

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"net"
	"net/http"
	"runtime/debug"
	"strconv"
	"time"

	"tierboard/e2e/peer/job"
	"tierboard/e2e/peer/resp"
	"tierboard/shared/api"
)

// Arg is the first argument of a program that is to be a server.
const Arg = "serve"

// Setup says which server a process is, and what its job is.
type Setup struct {
	job.Plan

	Kind   string        // the caller's names
	Window time.Duration // what it means is the kind's
}

// Args is how a program is started to be the server; ReadSetup reads it, without the first one.
func (s Setup) Args() []string {
	return []string{
		Arg, "-seed", strconv.FormatUint(s.Seed, 10), "-run", strconv.FormatUint(s.Run, 10), "-users", strconv.Itoa(s.Users),
		"-events", strconv.Itoa(s.Events), "-kind", s.Kind, "-window", s.Window.String(),
	}
}

// ReadSetup reads what Args writes, without the first one.
func ReadSetup(args []string) (s Setup, err error) {
	flags := flag.NewFlagSet(Arg, flag.ContinueOnError)
	flags.SetOutput(io.Discard)
	flags.Uint64Var(&s.Seed, "seed", 0, "")
	flags.Uint64Var(&s.Run, "run", 0, "")
	flags.IntVar(&s.Users, "users", 0, "")
	flags.IntVar(&s.Events, "events", 0, "")
	flags.StringVar(&s.Kind, "kind", "", "")
	flags.DurationVar(&s.Window, "window", 0, "")
	if err := flags.Parse(args); err != nil {
		return s, fmt.Errorf("%s: %w", Arg, err)
	}
	return s, nil
}

// Server is what a process does besides being one.
type Server interface {
	// Handler serves the WebSocket.
	Handler() http.Handler
	// Publish takes a text that the producer published on a channel. The bytes are valid during the call only. It is
	// called by one goroutine at a time.
	Publish(ctx context.Context, channel, text []byte) error
	// Run serves until ctx ends.
	Run(ctx context.Context) error
}

// Run makes this process the server until ctx ends, and then returns nil. It prints its addresses to stdout, one a line after a
// name: "page", that of its sockets and numbers, and "redis", that of the publisher.
func Run(ctx context.Context, s Server, stdout io.Writer) error {
	page, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return fmt.Errorf("listen: %w", err)
	}
	publisher, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return fmt.Errorf("listen: %w", errors.Join(err, page.Close()))
	}
	mux := http.NewServeMux()
	mux.Handle(api.PathWebSocket, s.Handler())
	// What package target asks of a server. CPU time and memory are the kernel's to tell.
	mux.HandleFunc("/readyz", func(http.ResponseWriter, *http.Request) {})
	mux.HandleFunc("/metrics", func(http.ResponseWriter, *http.Request) {})
	mux.HandleFunc("/debug/pprof/heap", func(http.ResponseWriter, *http.Request) { debug.FreeOSMemory() })
	web := &http.Server{Handler: mux, ReadHeaderTimeout: 10 * time.Second}
	failed := make(chan error, 3)
	go func() { failed <- web.Serve(page) }()
	go func() { failed <- s.Run(ctx) }()
	go func() { failed <- listen(ctx, publisher, s) }()
	fmt.Fprintf(stdout, "page http://%s\nredis redis://%s\n", page.Addr(), publisher.Addr())
	select {
	case err = <-failed:
	case <-ctx.Done():
	}
	if ctx.Err() != nil {
		err = nil
	}
	// The connections go with the process.
	return errors.Join(err, publisher.Close(), web.Close())
}

// listen serves publishers, one after the other.
func listen(ctx context.Context, l net.Listener, s Server) error {
	for {
		conn, err := l.Accept()
		if err != nil {
			return fmt.Errorf("accept: %w", err)
		}
		if err := resp.Answer(conn, func(channel, text []byte) error { return s.Publish(ctx, channel, text) }); err != nil {
			return err
		}
	}
}
