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

	"tierboard/server/broker"
	"tierboard/server/config"
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
	o, err := open(ctx, cfg.Settings, m, log)
	if err != nil {
		return err
	}
	defer o.close()
	s, err := build(ctx, cfg.Settings, o.redisURL(cfg.Settings), m, log)
	if err != nil {
		return err
	}
	if err := o.print(cfg.Stdout); err != nil {
		return errors.Join(err, s.keeper.store.Close())
	}
	return run(ctx, s, o, log)
}

// openings are what listens.
type openings struct {
	page, admin net.Listener
	redis       *broker.Broker // nil with a Redis of the operator's
}

// open opens every address. It is done before anything is printed or started, so that a busy port changes nothing.
func open(ctx context.Context, c config.Config, m *metrics.Metrics, log *slog.Logger) (*openings, error) {
	o := &openings{}
	var err error
	if o.page, err = listen(ctx, c.Addr, "--addr (TIERBOARD_ADDR)"); err != nil {
		return nil, err
	}
	if o.admin, err = listen(ctx, c.AdminAddr, "--admin-addr (TIERBOARD_ADMIN_ADDR)"); err != nil {
		o.close()
		return nil, err
	}
	if c.RedisURL != "" {
		return o, nil
	}
	settings := broker.Default()
	settings.Addr, settings.OnCut = c.EmbeddedRedisAddr, m.BrokerCut.Inc
	o.redis, err = broker.New(ctx, settings, log)
	if err != nil && c.EmbeddedRedisAddr == config.Default().EmbeddedRedisAddr {
		settings.Addr = "127.0.0.1:0" // the default gives way
		o.redis, err = broker.New(ctx, settings, log)
	}
	if err != nil {
		o.close()
		return nil, fmt.Errorf("cannot listen on %s: %w", settings.Addr, explain(err, "--embedded-redis-addr (TIERBOARD_EMBEDDED_REDIS_ADDR)"))
	}
	return o, nil
}

// close closes what is open; closing twice does nothing.
func (o *openings) close() {
	for _, l := range []net.Listener{o.page, o.admin} {
		if l != nil {
			_ = l.Close()
		}
	}
	if o.redis != nil {
		o.redis.Close()
	}
}

// redisURL returns the Redis to listen to.
func (o *openings) redisURL(c config.Config) string {
	if o.redis != nil {
		return o.redis.URL()
	}
	return c.RedisURL
}

// print tells where everything is, in lines that programs can read.
func (o *openings) print(w io.Writer) error {
	lines := ""
	if o.redis != nil {
		lines = "tierboard: redis " + o.redis.URL() + "\n"
	}
	lines += "tierboard: page " + pageURL(o.page.Addr()) + "\ntierboard: admin " + pageURL(o.admin.Addr()) + "\n"
	if _, err := io.WriteString(w, lines); err != nil {
		return fmt.Errorf("print addresses: %w", err)
	}
	return nil
}

// run starts everything, waits for the end and stops everything in order.
func run(ctx context.Context, s *server, o *openings, log *slog.Logger) error {
	defer func() { _ = s.keeper.store.Close() }() // what it would say has been logged by then
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
	if o.redis != nil {
		part("embedded redis", o.redis.Run)
	}
	part("hub", s.hub.Run)
	s.keeper.refill(parts, s.feed.EventAccepted)
	part("ingest", s.ingest.Run)
	part("status", func(ctx context.Context) error { s.feed.tell(ctx, s.hub.Broadcast); return nil })
	if s.demo != nil {
		part("demo", s.demo.Run)
	}
	// What keeps events outlives what brings them.
	keep, endKeep := context.WithCancel(context.WithoutCancel(ctx))
	defer endKeep()
	keepers, keep := errgroup.WithContext(keep)
	keepers.Go(func() error { return s.keeper.archive.Run(keep) })
	keepers.Go(func() error { return s.keeper.store.Run(keep) })
	keepers.Go(func() error { return s.keeper.outcomes.run(keep) })
	page, admin := newServer(s.page, pageWrite), newServer(s.admin, adminWrite)
	for l, h := range map[net.Listener]*http.Server{o.page: page, o.admin: admin} {
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
	s.probe.state.CompareAndSwap(starting, serving)
	log.Info("serving", slog.String("page", pageURL(o.page.Addr())))

	select {
	case <-ctx.Done():
	case <-parts.Done(): // a part has failed: stop the others as for a signal
	}
	began := time.Now()
	s.probe.state.Store(draining)
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
	err = errors.Join(err, keepers.Wait())
	log.Info("stopped", slog.Duration("took", time.Since(began)))
	return err
}
