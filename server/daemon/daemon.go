// Package daemon puts the server together and runs it: Redis, ingest, classification, the hub, sessions, the page and
// the operators' address, each owned by one goroutine of one group.
//
// # Start
//
// Everything that can fail is made first, then the addresses are opened and printed, then everything runs. /readyz turns
// to 200 when the first word from Redis is in, so that what is published after it is not lost; a Redis that is away holds
// it back for FirstWord at most.
//
// # Stop
//
// When ctx ends, /readyz answers 503 at once and for Settings.Drain, so that load balancers look elsewhere. Then sessions
// get a bye frame and close with 1001, open requests are finished, and Redis, ingest and hub end. All of it takes at most
// StopTimeout after the drain; what has not ended by then is cut.
package daemon

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"time"

	"golang.org/x/sync/errgroup"

	"tierboard/server/config"
	"tierboard/server/daemon/address"
	"tierboard/server/ingest"
	"tierboard/server/metrics"
)

const (
	// FirstWord is how long the start waits for Redis before it serves without.
	FirstWord = 2 * time.Second
	// StopTimeout is how long sessions and requests have to end after the drain.
	StopTimeout = 9 * time.Second
)

// How long an answer may take to write. Profiles run for as long as their caller says.
const (
	pageWrite  = time.Minute
	adminWrite = 10 * time.Minute
)

// Config says what to run.
type Config struct {
	// Settings are what the operator chose. They must be valid.
	Settings config.Config
	// Stdout gets one line for each address once it is open: "tierboard: page http://127.0.0.1:8080/".
	Stdout io.Writer
}

// Run runs the server until ctx ends, and then returns nil after an orderly stop. It returns an error when an address
// cannot be had or a part of the server ends by itself.
func Run(ctx context.Context, cfg Config, log *slog.Logger) error {
	if err := cfg.Settings.Validate(); err != nil {
		return fmt.Errorf("settings: %w", err)
	}
	ingest.UseLog(log)
	m := metrics.New()
	o, err := address.Open(ctx, cfg.Settings, m, log)
	if err != nil {
		return err
	}
	defer o.Close()
	s, err := build(ctx, cfg.Settings, o.RedisURL(cfg.Settings), m, log)
	if err != nil {
		return err
	}
	if err := o.Print(cfg.Stdout); err != nil {
		return errors.Join(err, s.keeper.Close())
	}
	return run(ctx, s, o, log)
}

// run starts everything, waits for the end and stops everything in order.
func run(ctx context.Context, s *server, o *address.Openings, log *slog.Logger) error {
	defer func() { _ = s.keeper.Close() }() // what it would say has been logged by then
	// The parts outlive ctx: they work until their turn to stop has come.
	parts, endParts := context.WithCancel(context.WithoutCancel(ctx))
	defer endParts()
	group, parts := errgroup.WithContext(parts)
	part := func(name string, run func(context.Context) error) {
		group.Go(func() error {
			err := run(parts)
			if err == nil && parts.Err() == nil {
				err = errors.New("ended by itself")
			}
			if err != nil {
				return fmt.Errorf("%s: %w", name, err)
			}
			return nil
		})
	}
	if o.Redis != nil {
		part("embedded redis", o.Redis.Run)
	}
	part("hub", s.hub.Run)
	s.keeper.Refill(parts, s.feed.EventAccepted)
	part("ingest", s.ingest.Run)
	part("status", func(ctx context.Context) error { s.feed.tell(ctx, s.hub.Broadcast); return nil })
	if s.demo != nil {
		part("demo", s.demo.Run)
	}
	// What keeps events outlives what brings them.
	keep, endKeep := context.WithCancel(context.WithoutCancel(ctx))
	defer endKeep()
	kept := make(chan error, 1)
	go func() { kept <- s.keeper.Run(keep) }()
	page, admin := address.NewServer(s.page, pageWrite), address.NewServer(s.admin, adminWrite)
	for l, h := range map[net.Listener]*http.Server{o.Page: page, o.Admin: admin} {
		h.ErrorLog = slog.NewLogLogger(log.Handler(), slog.LevelDebug) // broken handshakes and the like: the clients' faults
		group.Go(func() error {
			if err := h.Serve(l); !errors.Is(err, http.ErrServerClosed) {
				return fmt.Errorf("serve %s: %w", l.Addr(), err)
			}
			return nil
		})
	}

	firstWord := time.NewTimer(FirstWord)
	defer firstWord.Stop()
	select {
	case <-s.feed.first:
	case <-firstWord.C:
	case <-ctx.Done():
	case <-parts.Done():
	}
	s.probe.Serve()
	log.Info("serving", slog.String("page", address.URL(o.Page.Addr())))

	select {
	case <-ctx.Done():
	case <-parts.Done(): // a part has failed: stop the others as for a signal
	}
	began := time.Now()
	s.probe.Drain()
	log.Info("stopping", slog.Duration("drain", s.drain))
	drained := time.NewTimer(s.drain)
	defer drained.Stop()
	select {
	case <-drained.C:
	case <-parts.Done():
	}
	closing, cancel := context.WithTimeout(context.WithoutCancel(ctx), StopTimeout)
	defer cancel()
	if err := s.stream.Shutdown(closing); err != nil {
		log.Warn("sessions did not end in time", slog.Any("err", err))
	}
	if err := s.sse.Shutdown(closing); err != nil {
		log.Warn("event streams did not end in time", slog.Any("err", err))
	}
	for _, h := range []*http.Server{page, admin} {
		if err := h.Shutdown(closing); err != nil {
			_ = h.Close()
		}
	}
	endParts()
	err := group.Wait()
	endKeep()
	err = errors.Join(err, <-kept)
	log.Info("stopped", slog.Duration("took", time.Since(began)))
	return err
}
