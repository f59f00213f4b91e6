package main

import (
	"bufio"
	"bytes"
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

	"tierboard/server/classify"
	"tierboard/shared/event"
)

// serveArg makes the program one of the servers.
const serveArg = "serve"

// setup says which server a process is. Window is the peer's write delay and our window; 0 means none and, for ours, the
// one that it chooses by itself.
type setup struct {
	plan

	kind   string // delivery, or a model of the peer
	window time.Duration
}

// delivery is our delivery without the rest of the product.
const delivery = "delivery"

// args is how the program is started to be the server; readSetup reads it.
func (s setup) args() []string {
	return []string{
		serveArg, "-seed", strconv.FormatUint(s.seed, 10), "-run", strconv.FormatUint(s.run, 10), "-users", strconv.Itoa(s.users),
		"-events", strconv.Itoa(s.events), "-kind", s.kind, "-window", s.window.String(),
	}
}

// readSetup reads what args writes, without the first one.
func readSetup(args []string) (s setup, err error) {
	flags := flag.NewFlagSet(serveArg, flag.ContinueOnError)
	flags.SetOutput(io.Discard)
	flags.Uint64Var(&s.seed, "seed", 0, "")
	flags.Uint64Var(&s.run, "run", 0, "")
	flags.IntVar(&s.users, "users", 0, "")
	flags.IntVar(&s.events, "events", 0, "")
	flags.StringVar(&s.kind, "kind", "", "")
	flags.DurationVar(&s.window, "window", 0, "")
	if err := flags.Parse(args); err != nil {
		return s, fmt.Errorf("%s: %w", serveArg, err)
	}
	return s, nil
}

// server is what a process does besides being one.
type server interface {
	// handler serves the WebSocket.
	handler() http.Handler
	// publish takes a text that the producer published on a channel. The bytes are valid during the call only.
	publish(ctx context.Context, channel, text []byte) error
	// run serves until ctx ends.
	run(ctx context.Context) error
}

// serve is a server until ctx ends. It prints its addresses once it can: that of its sockets and numbers, and that of
// the publisher, where it speaks what Redis speaks.
func serve(ctx context.Context, args []string, stdout io.Writer) error {
	setup, err := readSetup(args)
	if err != nil {
		return err
	}
	var s server
	switch setup.kind {
	case delivery:
		s, err = newOwn(setup)
	case string(byChannel), string(byTags):
		s, err = newRival(setup)
	default:
		err = fmt.Errorf("-kind: %q is none", setup.kind)
	}
	if err != nil {
		return fmt.Errorf("%s: %w", serveArg, err)
	}
	page, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return fmt.Errorf("listen: %w", err)
	}
	publisher, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return fmt.Errorf("listen: %w", err)
	}
	mux := http.NewServeMux()
	mux.Handle(socketPath, s.handler())
	// What package target asks of a server. CPU time and memory are the kernel's to tell.
	mux.HandleFunc("/readyz", func(http.ResponseWriter, *http.Request) {})
	mux.HandleFunc("/metrics", func(http.ResponseWriter, *http.Request) {})
	mux.HandleFunc("/debug/pprof/heap", func(http.ResponseWriter, *http.Request) { debug.FreeOSMemory() })
	web := &http.Server{Handler: mux, ReadHeaderTimeout: 10 * time.Second}
	failed := make(chan error, 3)
	go func() { failed <- web.Serve(page) }()
	go func() { failed <- s.run(ctx) }()
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
func listen(ctx context.Context, l net.Listener, s server) error {
	for {
		conn, err := l.Accept()
		if err != nil {
			return fmt.Errorf("accept: %w", err)
		}
		if err := answer(conn, func(channel, text []byte) error { return s.publish(ctx, channel, text) }); err != nil {
			return err
		}
	}
}

// newClassifier returns the classifier of our server, but that every event is in a regular session.
func newClassifier() (*classify.Classifier, error) {
	cfg := classify.DefaultConfig()
	cfg.SessionOf = func(time.Time) (event.Session, string) { return event.Regular, "2026-11-23" }
	c, err := classify.New(cfg)
	if err != nil {
		return nil, fmt.Errorf("classifier: %w", err)
	}
	return c, nil
}

// classified returns the one event of a text of the producer's.
func classified(c *classify.Classifier, channel, text []byte) (*event.Event, error) {
	result := c.Classify(string(channel), text, time.Now())
	if len(result.Events) != 1 {
		return nil, fmt.Errorf("the text %.200q holds %d events", text, len(result.Events))
	}
	return result.Events[0], nil
}

// message returns the command with which event n of a shape is published now.
func message(j *job, n, shape int) ([][]byte, error) {
	parts, _, err := readCommand(bufio.NewReader(bytes.NewReader(j.traffic.Append(nil, n, shape, time.Now()))), nil)
	return parts, err
}

// shaped returns an event of each shape as our server would send it: it classifies the producer's text.
func (j *job) shaped() ([]*event.Event, error) {
	classifier, err := newClassifier()
	if err != nil {
		return nil, err
	}
	var events []*event.Event
	for i := range j.traffic.Shapes() {
		parts, err := message(j, i, i)
		if err != nil {
			return nil, err
		}
		e, err := classified(classifier, parts[1], parts[2])
		if err != nil {
			return nil, err
		}
		e.Seq = uint64(i + 1)
		events = append(events, e)
	}
	return events, nil
}
