// Package demo is a stand-in for the pattern producer: it publishes detections, found by real rules on an invented market, in
// the shapes and on the channels of the real producer.
//
// Every message says that it is invented: its top-level source is [Source], and detections carry metadata.invented. Timestamps
// are the wall time of publication, never the future; the simulated time of the bar is in metadata.simulated_bar_time.
//
// [Feed] is the pure part: it says what is due next, after which delay, and writes the message for the time it is told. The
// same seed gives the same sequence apart from those times. [Demo] plays a feed to Redis at the pace of the clock and writes
// the producer's heartbeat key.
package demo

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"strconv"
	"sync/atomic"
	"time"
)

// HeartbeatKey is the key under which the producer keeps the time of its last sign of life, as epoch seconds in text.
const HeartbeatKey = "tickstock:producer:heartbeat"

const (
	heartbeatEvery = 30 * time.Second
	// maxLag is how far the feed may fall behind the clock before it stops catching up: after the machine slept, or a write
	// blocked, a burst of everything missed would be no calm board.
	maxLag = time.Second
	// listenerPoll is how often a start that waits for a subscriber looks for one.
	listenerPoll = 50 * time.Millisecond
	// firstRetry and lastRetry bound the pause after a failed write; it doubles in between.
	firstRetry = 250 * time.Millisecond
	lastRetry  = 10 * time.Second
)

// Publisher is where the demonstration writes. Calls come from one goroutine.
type Publisher interface {
	// Publish sends the payload to the channel.
	Publish(ctx context.Context, channel, payload string) error
	// Set stores value under key.
	Set(ctx context.Context, key, value string) error
	// Listeners returns how many subscriptions would see a message on the channel.
	Listeners(ctx context.Context, channel string) (int64, error)
}

// Config says what to play and where.
type Config struct {
	// Redis is the server to publish to, as redis://host:port/db, rediss://…, or host:port. Unused when Publisher is set.
	Redis string
	// Seed chooses the market and everything else random. Equal seeds give equal sequences of messages.
	Seed uint64
	// Speed is how many simulated minutes pass in a second, 0.1 to 1000; 0 means [DefaultSpeed].
	Speed float64
	// Run goes into the ids of the detections, so that an archive does not take a second run with the same seed for copies of
	// the first. Empty means the time of the start in milliseconds.
	Run string
	// SubscriberWait is how long the start may wait for somebody to listen, 0 to one minute; 0 means no waiting. The feed
	// begins with the daily detections, which nobody would see otherwise when server and demonstration start together.
	SubscriberWait time.Duration
	// Now is the clock that stamps messages; nil means time.Now.
	Now func() time.Time
	// Publisher replaces Redis; nil means connect to Redis.
	Publisher Publisher
}

// Validate reports the first field that is out of range, by name.
func (c Config) Validate() error {
	if err := (FeedConfig{Seed: c.Seed, Speed: c.Speed, Run: c.Run}).Validate(); err != nil {
		return err
	}
	if c.SubscriberWait < 0 || c.SubscriberWait > time.Minute {
		return fmt.Errorf("subscriber_wait: %v is outside 0..1m", c.SubscriberWait)
	}
	if c.Publisher == nil {
		if _, err := redisOptions(c.Redis); err != nil {
			return err
		}
	}
	return nil
}

// Demo plays a feed.
type Demo struct {
	cfg  Config
	feed *Feed
	log  *slog.Logger

	published, lost atomic.Uint64

	// Owned by Run.
	pub      Publisher
	failures int       // writes in a row that failed
	pause    time.Time // until then no write is tried
}

// New prepares a demonstration; nothing is published before Run. The history of the market is drawn here, which takes some ten
// milliseconds.
func New(cfg Config, log *slog.Logger) (*Demo, error) {
	if err := cfg.Validate(); err != nil {
		return nil, fmt.Errorf("demo: %w", err)
	}
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	if cfg.Run == "" {
		cfg.Run = strconv.FormatInt(cfg.Now().UnixMilli(), 10)
	}
	feed, err := NewFeed(FeedConfig{Seed: cfg.Seed, Speed: cfg.Speed, Run: cfg.Run})
	if err != nil {
		return nil, fmt.Errorf("demo: %w", err)
	}
	return &Demo{cfg: cfg, feed: feed, log: log}, nil
}

// Published returns how many messages were published. It may be called at any time from any goroutine.
func (d *Demo) Published() uint64 { return d.published.Load() }

// Lost returns how many messages were not published because Redis was away. They are not sent later: pub/sub has no replay, and
// old detections would be stamped wrongly. It may be called at any time from any goroutine.
func (d *Demo) Lost() uint64 { return d.lost.Load() }

// Run plays the feed until ctx ends, and then returns nil. When Redis is away it goes on trying, at growing intervals of up to
// ten seconds, while the simulation continues. It must be called once.
func (d *Demo) Run(ctx context.Context) error {
	d.pub = d.cfg.Publisher
	if d.pub == nil {
		r, err := openRedis(d.cfg.Redis)
		if err != nil {
			return fmt.Errorf("demo: %w", err)
		}
		defer r.close()
		d.pub = r
	}
	if !d.connect(ctx) {
		return nil
	}
	d.awaitListener(ctx)
	d.play(ctx)
	return nil
}

// connect tries until the first heartbeat is written; false means that ctx ended before.
func (d *Demo) connect(ctx context.Context) bool {
	for {
		if d.beat(ctx) {
			return true
		}
		if !sleep(ctx, time.Until(d.pause)) {
			return false
		}
	}
}

// awaitListener returns when somebody listens to the main channel, or the configured wait is over.
func (d *Demo) awaitListener(ctx context.Context) {
	deadline := time.Now().Add(d.cfg.SubscriberWait)
	for time.Now().Before(deadline) {
		if n, err := d.pub.Listeners(ctx, channelMain); err == nil && n > 0 {
			return
		}
		if !sleep(ctx, listenerPoll) {
			return
		}
	}
}

func (d *Demo) play(ctx context.Context) {
	due := time.Now()
	heartbeat := due.Add(heartbeatEvery)
	next := due.Add(d.feed.Delay())
	for {
		until := next
		if heartbeat.Before(until) {
			until = heartbeat
		}
		if !sleep(ctx, time.Until(until)) {
			return
		}
		if !heartbeat.After(time.Now()) {
			d.beat(ctx)
			heartbeat = heartbeat.Add(heartbeatEvery)
			if late := time.Now(); heartbeat.Before(late) {
				heartbeat = late.Add(heartbeatEvery)
			}
		}
		if next.After(time.Now()) {
			continue
		}
		step := d.feed.Next(d.cfg.Now())
		if d.try(func() error { return d.pub.Publish(ctx, step.Channel, step.Payload) }) {
			d.published.Add(1)
		} else if ctx.Err() == nil {
			d.lost.Add(1)
		}
		if lag := time.Since(next); lag > maxLag {
			next = time.Now()
		}
		next = next.Add(d.feed.Delay())
	}
}

func (d *Demo) beat(ctx context.Context) bool {
	now := strconv.FormatInt(d.cfg.Now().Unix(), 10)
	return d.try(func() error { return d.pub.Set(ctx, HeartbeatKey, now) })
}

// try writes unless the pause after a failure is still on. It logs the first failure of an outage and its end.
func (d *Demo) try(write func() error) bool {
	if time.Now().Before(d.pause) {
		return false
	}
	err := write()
	if err == nil {
		if d.failures > 0 {
			d.log.Info("demo feed is back", slog.Int("failed_writes", d.failures), slog.Uint64("lost_messages", d.lost.Load()))
		}
		d.failures, d.pause = 0, time.Time{}
		return true
	}
	if errors.Is(err, context.Canceled) {
		return false
	}
	if d.failures == 0 {
		d.log.Warn("demo feed cannot publish", slog.Any("err", err))
	}
	wait := min(firstRetry<<min(d.failures, 10), lastRetry)
	d.failures++
	// Half of the pause is random, so that several feeds do not return in step.
	d.pause = time.Now().Add(wait/2 + rand.N(wait/2)) //nolint:gosec // a pause, not a secret
	return false
}

// sleep waits, and reports false when ctx ended first.
func sleep(ctx context.Context, wait time.Duration) bool {
	if wait <= 0 {
		return ctx.Err() == nil
	}
	t := time.NewTimer(wait)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-t.C:
		return true
	}
}
