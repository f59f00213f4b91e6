package ingest

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"net"
	"sync"
	"sync/atomic"
	"time"

	"github.com/redis/go-redis/v9"
)

// errSpent ends go-redis's own attempt to reconnect.
var errSpent = errors.New("this client has had its connection")

// handAtOnce is how many messages the receiver puts into the queue under one lock.
const handAtOnce = 32

// line is a subscription's connection as the Redis library reads it. The library reads many messages at once, as many as have
// come, and sets a deadline for each; what a wait needs is done here only when it comes to waiting. Reads and read deadlines are
// the receiver's.
type line struct {
	net.Conn
	wait     func()    // called before a read, which may wait
	deadline time.Time // of the next read
	readAt   time.Time // when the last read ended
}

// SetReadDeadline sets the deadline of the reads that begin after it.
func (l *line) SetReadDeadline(t time.Time) error {
	l.deadline = t
	return nil
}

// Read reads what is there, or waits for it until the deadline.
func (l *line) Read(b []byte) (int, error) {
	l.wait()
	if err := l.Conn.SetReadDeadline(l.deadline); err != nil {
		return 0, err //nolint:wrapcheck // the library's caller looks at it
	}
	n, err := l.Conn.Read(b)
	l.readAt = time.Now()
	return n, err //nolint:wrapcheck // as above
}

// outage is what the receiver remembers between connections.
type outage struct {
	everUp   bool
	lastSign time.Time // when the last connection last brought anything
	attempts int       // failures in a row
}

// receive keeps a subscription until ctx ends.
func (in *Ingest) receive(ctx context.Context) {
	var o outage
	for {
		began := time.Now()
		wasUp, err := in.connection(ctx, &o)
		if ctx.Err() != nil {
			return
		}
		if wasUp {
			now := time.Now()
			in.m.RedisUp.Set(0)
			in.sinks.Health.Ingest(false, now)
			if now.Sub(began) > in.cfg.RetryMax {
				o.attempts = 0
			}
		}
		o.attempts++
		pause := in.pause(o.attempts)
		if wasUp || o.attempts == 1 || o.attempts%20 == 0 { // an outage of hours is not a line a second
			in.log.Warn("redis is away, trying again", slog.String("addr", in.opt.Addr), slog.Bool("was_connected", wasUp),
				slog.Int("attempt", o.attempts), slog.Duration("pause", pause), slog.Any("err", err))
		}
		timer := time.NewTimer(pause)
		select {
		case <-timer.C:
		case <-ctx.Done():
			timer.Stop()
			return
		}
	}
}

// pause returns how long to wait after so many failures in a row.
func (in *Ingest) pause(attempts int) time.Duration {
	limit := in.cfg.RetryMin << min(attempts, 16)
	if limit <= 0 || limit > in.cfg.RetryMax {
		limit = in.cfg.RetryMax
	}
	return in.cfg.RetryMin + time.Duration(rand.Int64N(int64(limit-in.cfg.RetryMin)+1)) //nolint:gosec // not a secret
}

// connection makes one connection, subscribes and receives until it breaks or ctx ends. It reports whether it was up.
func (in *Ingest) connection(ctx context.Context, o *outage) (wasUp bool, err error) {
	opt := *in.opt
	dial := redis.NewDialer(&opt)
	var dialed atomic.Bool
	line := &line{wait: in.handOver}
	opt.Dialer = func(ctx context.Context, network, addr string) (net.Conn, error) {
		if dialed.Swap(true) {
			return nil, errSpent
		}
		conn, err := dial(ctx, network, addr)
		if err != nil {
			return nil, err
		}
		line.Conn = conn
		return line, nil
	}
	defer in.handOver()
	client := redis.NewClient(&opt)
	defer client.Close() //nolint:errcheck // nothing to be done about it
	sub := client.Subscribe(ctx)
	var pinging sync.WaitGroup
	defer pinging.Wait()
	pings, endPings := context.WithCancel(ctx)
	defer endPings()
	// A receiver that waits on a quiet connection is woken by closing it.
	stop := context.AfterFunc(ctx, func() { _ = sub.Close() })
	defer func() {
		stop()
		_ = sub.Close() // a second time does no harm and waits for the first
	}()
	if len(in.cfg.Channels) > 0 {
		if err := sub.Subscribe(ctx, in.cfg.Channels...); err != nil {
			return false, fmt.Errorf("subscribe: %w", err)
		}
	}
	if len(in.cfg.Patterns) > 0 {
		if err := sub.PSubscribe(ctx, in.cfg.Patterns...); err != nil {
			return false, fmt.Errorf("subscribe to patterns: %w", err)
		}
	}
	pinging.Go(func() { in.ping(pings, sub) })
	wanted := len(in.cfg.Channels) + len(in.cfg.Patterns)
	for {
		reply, err := sub.ReceiveTimeout(ctx, in.cfg.DeadAfter)
		if err != nil {
			var timeout net.Error
			if errors.As(err, &timeout) && timeout.Timeout() {
				err = fmt.Errorf("nothing received for %v: %w", in.cfg.DeadAfter, err)
			}
			return wasUp, err
		}
		now := line.readAt
		switch reply := reply.(type) {
		case *redis.Message:
			in.received(reply, now)
		case *redis.Subscription:
			if !wasUp && reply.Count == wanted {
				wasUp = true
				in.connected(o, now)
			}
		}
		if wasUp {
			o.lastSign = now
		}
	}
}

// connected tells everybody that all subscriptions are in force.
func (in *Ingest) connected(o *outage, now time.Time) {
	in.m.RedisUp.Set(1)
	in.sinks.Health.Ingest(true, now)
	in.log.Info("subscribed to redis", slog.String("addr", in.opt.Addr),
		slog.Int("channels", len(in.cfg.Channels)), slog.Int("patterns", len(in.cfg.Patterns)))
	if o.everUp {
		in.m.RedisReconnects.Inc()
		in.log.Warn("messages published while redis was away are lost",
			slog.Time("from", o.lastSign), slog.Time("to", now), slog.Duration("gap", now.Sub(o.lastSign)))
		in.gap(o.lastSign, now)
	}
	o.everUp = true
}

// received takes a message, for the queue.
func (in *Ingest) received(m *redis.Message, now time.Time) {
	d := delivery{channel: m.Channel, payload: m.Payload, size: len(m.Payload), received: now}
	if d.size > in.cfg.MaxPayload {
		d.payload = head(m.Payload)
	}
	in.inHand = append(in.inHand, d)
	if len(in.inHand) == handAtOnce {
		in.handOver()
	}
}

// handOver puts what was received into the queue.
func (in *Ingest) handOver() {
	if len(in.inHand) == 0 {
		return
	}
	dropped := in.queue.push(in.inHand...)
	clear(in.inHand)
	in.inHand = in.inHand[:0]
	if dropped > 0 {
		in.m.IngestDropped.Add(float64(dropped))
		if suppressed, ok := in.drops.say(time.Now(), dropped); ok {
			in.log.Error("ingest queue is full, the oldest messages are dropped",
				slog.Int("dropped", suppressed), slog.Int("queue_length", in.cfg.QueueLength))
		}
	}
}

// ping keeps a quiet connection's read deadline from passing, and a dead one from looking quiet.
func (in *Ingest) ping(ctx context.Context, sub *redis.PubSub) {
	ticker := time.NewTicker(in.cfg.PingEvery)
	defer ticker.Stop()
	for {
		select {
		case <-ticker.C:
			if err := sub.Ping(ctx); err != nil {
				return // the receiver sees why
			}
		case <-ctx.Done():
			return
		}
	}
}
