package tape

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"strings"
	"time"

	"github.com/redis/go-redis/v9"
)

const (
	// flushEvery is how much of a recording a crash may cost.
	flushEvery = time.Second
	// dialTimeout bounds connecting to Redis.
	dialTimeout = 5 * time.Second
	// firstRetry and lastRetry bound the pause before a lost subscription is tried again; it doubles in between.
	firstRetry = 250 * time.Millisecond
	lastRetry  = 10 * time.Second
)

// RecordConfig says what to record.
type RecordConfig struct {
	// Redis is the server to listen to, as redis://host:port/db, rediss://…, or host:port.
	Redis string
	// Channels are the channels to subscribe to by name; Patterns are globs such as tickstock*. At least one of either is
	// needed. A message that is covered by several is recorded as often as Redis delivers it.
	Channels, Patterns []string
	// MaxBytes is the largest tape; 0 means no bound.
	MaxBytes int64
}

// Validate reports the first field that is out of range, by name.
func (c RecordConfig) Validate() error {
	if _, err := redisOptions(c.Redis); err != nil {
		return err
	}
	if len(c.Channels)+len(c.Patterns) == 0 {
		return errors.New("channels: at least one channel or pattern is needed")
	}
	for i, s := range c.Channels {
		if s == "" {
			return fmt.Errorf("channels[%d] is empty", i)
		}
	}
	for i, s := range c.Patterns {
		if s == "" {
			return fmt.Errorf("patterns[%d] is empty", i)
		}
	}
	if c.MaxBytes < 0 {
		return fmt.Errorf("max_bytes: %d is negative", c.MaxBytes)
	}
	return nil
}

// Tally is what a recording or a replay did.
type Tally struct {
	// Messages were recorded or published.
	Messages int
	// Bytes is the size of the recorded tape; of a replay, of the payloads published.
	Bytes int64
	// Gaps is how often the subscription was lost while recording: messages may be missing there.
	Gaps int
}

// Record writes every message of the configured channels to w until ctx ends, which is no error. The tape is flushed every
// second and at the end. A first connection that fails is an error; a connection lost later is tried again for ever and counted as a gap.
// A tape that has reached MaxBytes ends the recording with [ErrFull]; what is on it is complete. The tally is good with any error.
func Record(ctx context.Context, cfg RecordConfig, w io.Writer, log *slog.Logger) (tally Tally, err error) {
	if err := cfg.Validate(); err != nil {
		return Tally{}, fmt.Errorf("record: %w", err)
	}
	opts, err := redisOptions(cfg.Redis)
	if err != nil {
		return Tally{}, fmt.Errorf("record: %w", err)
	}
	client := redis.NewClient(opts)
	defer func() { _ = client.Close() }()
	sub := client.Subscribe(ctx)
	if err := subscribe(ctx, sub, cfg); err != nil {
		_ = sub.Close()
		if ctx.Err() != nil {
			return Tally{}, nil
		}
		return Tally{}, fmt.Errorf("record: %w", err)
	}

	// One goroutine reads, this one writes. The channel between them holds nothing: while the disk is slow, messages wait in
	// the connection, and Redis decides when it has had enough of that, which then counts as a gap.
	messages, lost := make(chan Entry), make(chan error)
	readerCtx, cancel := context.WithCancel(ctx)
	done := make(chan struct{})
	go func() {
		defer close(done)
		read(readerCtx, sub, messages, lost)
	}()
	defer func() {
		cancel()
		_ = sub.Close() // unblocks the reader
		<-done
	}()

	out := NewWriter(w, cfg.MaxBytes)
	defer func() {
		tally.Bytes = out.Written()
		if ferr := out.Flush(); err == nil && ferr != nil {
			err = fmt.Errorf("record: %w", ferr)
		}
	}()
	flush := time.NewTicker(flushEvery)
	defer flush.Stop()
	for {
		select {
		case <-ctx.Done():
			return tally, nil
		case <-flush.C:
			if err := out.Flush(); err != nil {
				return tally, fmt.Errorf("record: %w", err)
			}
		case err := <-lost:
			tally.Gaps++
			log.Warn("recording lost its subscription", slog.Any("err", err))
		case e := <-messages:
			if err := out.Write(e); err != nil {
				return tally, fmt.Errorf("record: %w", err)
			}
			tally.Messages++
		}
	}
}

// subscribe asks for everything and waits for the first confirmation: a server that is not there, or wants a password, is a
// mistake to tell at once, and no outage to sit out.
func subscribe(ctx context.Context, sub *redis.PubSub, cfg RecordConfig) error {
	if len(cfg.Channels) > 0 {
		if err := sub.Subscribe(ctx, cfg.Channels...); err != nil {
			return fmt.Errorf("subscribe: %w", err)
		}
	}
	if len(cfg.Patterns) > 0 {
		if err := sub.PSubscribe(ctx, cfg.Patterns...); err != nil {
			return fmt.Errorf("subscribe to patterns: %w", err)
		}
	}
	// Redis confirms in order and before any message, so nothing is lost by taking the first answer here.
	if _, err := sub.ReceiveTimeout(ctx, dialTimeout); err != nil {
		return fmt.Errorf("subscribe: %w", err)
	}
	return nil
}

// read passes on what the subscription brings until ctx ends. go-redis subscribes again by itself when it is read after an error.
func read(ctx context.Context, sub *redis.PubSub, messages chan<- Entry, lost chan<- error) {
	pause := firstRetry
	for ctx.Err() == nil {
		m, err := sub.ReceiveMessage(ctx)
		if err == nil {
			pause = firstRetry
			select {
			case messages <- Entry{At: time.Now(), Channel: m.Channel, Payload: m.Payload}:
			case <-ctx.Done():
			}
			continue
		}
		if pause == firstRetry { // once an outage
			select {
			case lost <- err:
			case <-ctx.Done():
			}
		}
		if !sleep(ctx, pause) {
			return
		}
		pause = min(2*pause, lastRetry)
	}
}

// redisOptions reads a URL or a bare host:port.
func redisOptions(address string) (*redis.Options, error) {
	if address == "" {
		return nil, errors.New("redis: an address is needed, such as redis://127.0.0.1:6379/0")
	}
	opts := &redis.Options{Addr: address}
	if strings.Contains(address, "://") {
		var err error
		if opts, err = redis.ParseURL(address); err != nil {
			// The error must not repeat the address, which may hold a password.
			return nil, errors.New("redis: the address is no redis:// or rediss:// URL")
		}
	}
	opts.DialTimeout = dialTimeout
	opts.DialerRetries = 1
	return opts, nil
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
