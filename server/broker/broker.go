// Package broker is the Redis that Tierboard brings along when it is given none: an in-process miniredis on a loopback
// port, so that one command runs the whole product and `redis-cli PUBLISH` works on it.
//
// It is a convenience and not a production broker: it keeps nothing across restarts, and keys are as unbounded as in a
// Redis without maxmemory. What it does bound is what would let one connection stop the others, because miniredis hands
// a publication to each subscriber in turn, under one lock, and trusts what it reads:
//
//   - A subscriber that does not read has a buffer of Config.OutputLimit bytes. Beyond that it is disconnected, as a
//     real Redis does (client-output-buffer-limit); the publisher and the other subscribers never wait for it.
//   - At most Config.MaxConns connections; the next is told so and closed.
//   - A command has at most 1,024 words and 8 MB. Broken frames, which miniredis would allocate for or crash on, end
//     the connection before it sees them.
//   - Only the commands that producers and redis-cli need are served (commands.go). Scripts would run in this process and
//     hold the lock for as long as they like, and others allocate whatever a client asks for.
//
// # Decisions
//
// 2026-11-23 Our own listener in front of miniredis, which serves our connections. Because: its own writes block in
// the middle of a publication, and it panics on an empty command. Rejected: miniredis on its own port with a guard
// that only watches. Look again when: it has output limits of its own.
package broker

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"sync"
	"sync/atomic"
	"time"

	"github.com/alicebob/miniredis/v2"
)

// Config bounds a Broker.
type Config struct {
	// Addr is where to listen, host:port. Port 0 picks a free one.
	Addr string
	// MaxConns is how many connections may be open at once, at least 1.
	MaxConns int
	// OutputLimit is how many bytes may wait for a connection that does not read, at least 64 KB.
	OutputLimit int
	// OnCut is called for each connection that is ended because it does not read, from any goroutine; may be nil.
	OnCut func()
}

// Default returns a free loopback port, 128 connections and 8 MB for each.
func Default() Config {
	return Config{Addr: "127.0.0.1:0", MaxConns: 128, OutputLimit: 8 << 20}
}

// Validate reports the first field that cannot be used, by name.
func (c Config) Validate() error {
	switch {
	case c.Addr == "":
		return errors.New("broker: Addr is missing")
	case c.MaxConns < 1:
		return fmt.Errorf("broker: MaxConns is %d, must be at least 1", c.MaxConns)
	case c.OutputLimit < 64<<10:
		return fmt.Errorf("broker: OutputLimit is %d bytes, must be at least 65536", c.OutputLimit)
	}
	return nil
}

// Broker is an embedded Redis that listens from New on and answers while Run runs.
type Broker struct {
	cfg      Config
	log      *slog.Logger
	listener net.Listener
	redis    *miniredis.Miniredis

	cut     atomic.Uint64 // connections ended because they did not read
	refused atomic.Uint64 // connections beyond MaxConns

	mu    sync.Mutex
	conns map[*conn]struct{} // guarded by mu
}

// New listens on cfg.Addr. Run closes the listener at its end; without Run, Close does.
func New(ctx context.Context, cfg Config, log *slog.Logger) (*Broker, error) {
	if err := cfg.Validate(); err != nil {
		return nil, err
	}
	var lc net.ListenConfig
	listener, err := lc.Listen(ctx, "tcp", cfg.Addr)
	if err != nil {
		return nil, fmt.Errorf("broker: %w", err)
	}
	b := &Broker{
		cfg: cfg, log: log, listener: listener, redis: miniredis.NewMiniRedis(), conns: make(map[*conn]struct{}),
	}
	// The first connection starts miniredis without a listener of its own.
	first, err := b.redis.Dial()
	if err != nil {
		_ = listener.Close()
		return nil, fmt.Errorf("broker: start miniredis: %w", err)
	}
	_ = first.Close()
	b.redis.ClockTTL(true) // else keys would never expire
	b.redis.Server().SetPreHook(refuse())
	return b, nil
}

// Addr returns the real address, host:port.
func (b *Broker) Addr() string { return b.listener.Addr().String() }

// URL returns the real address as redis://host:port.
func (b *Broker) URL() string { return "redis://" + b.Addr() }

// Close closes the listener of a Broker that never ran, and makes Run end with an error.
func (b *Broker) Close() { _ = b.listener.Close() }

// Cut returns how many connections were ended because they did not read what was published for them.
func (b *Broker) Cut() uint64 { return b.cut.Load() }

// Refused returns how many connections were turned away because MaxConns were open.
func (b *Broker) Refused() uint64 { return b.refused.Load() }

// Run answers connections until ctx ends; then it closes the listener and every connection, waits for them and returns
// nil. It must be called once.
func (b *Broker) Run(ctx context.Context) error {
	b.log.Warn("embedded redis keeps nothing across restarts; set REDIS_URL for production", slog.String("addr", b.Addr()))
	closed := make(chan struct{})
	stop := context.AfterFunc(ctx, func() {
		defer close(closed)
		_ = b.listener.Close()
	})
	defer func() {
		if !stop() {
			<-closed // Accept can return before the port is free, and a second Close does not wait for the first
		}
	}()
	var err error
	for {
		var raw net.Conn
		if raw, err = b.listener.Accept(); err != nil {
			break
		}
		b.accept(raw)
	}
	_ = b.listener.Close()
	b.redis.Close() // closes the connections and waits for their readers
	b.mu.Lock()
	open := b.conns
	b.conns = nil
	b.mu.Unlock()
	for c := range open {
		_ = c.Close()
		_ = c.SetWriteDeadline(time.Now().Add(time.Second)) // the end waits no longer for one that does not read
	}
	for c := range open {
		<-c.done
	}
	if ctx.Err() == nil {
		return fmt.Errorf("broker: accept: %w", err)
	}
	return nil
}

// accept serves a new connection or turns it away.
func (b *Broker) accept(raw net.Conn) {
	b.mu.Lock()
	full := len(b.conns) >= b.cfg.MaxConns
	var c *conn
	if !full {
		c = newConn(raw, b.cfg.OutputLimit)
		c.onEnd = func(tooSlow bool) { b.ended(c, tooSlow) }
		b.conns[c] = struct{}{}
	}
	b.mu.Unlock()
	if full {
		b.refused.Add(1)
		c = newConn(raw, b.cfg.OutputLimit)
		c.onEnd = func(bool) {}
		go c.drain()
		_, _ = c.Write([]byte("-ERR max number of clients reached\r\n"))
		_ = c.Close()
		return
	}
	go c.drain()
	b.redis.Server().ServeConn(c)
}

// ended forgets a connection.
func (b *Broker) ended(c *conn, tooSlow bool) {
	b.mu.Lock()
	delete(b.conns, c)
	b.mu.Unlock()
	if tooSlow {
		b.cut.Add(1)
		if b.cfg.OnCut != nil {
			b.cfg.OnCut()
		}
		b.log.Warn("embedded redis cut a connection that does not read",
			slog.String("remote", c.RemoteAddr().String()), slog.Int("limit_bytes", b.cfg.OutputLimit))
	}
}
