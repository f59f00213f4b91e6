package tape

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"strconv"
	"time"

	"github.com/redis/go-redis/v9"
)

// Publisher is where a tape is played to. Calls come from one goroutine.
type Publisher interface {
	// Publish sends the payload to the channel.
	Publish(ctx context.Context, channel, payload string) error
}

// ReplayConfig says where to play a tape, and how fast.
type ReplayConfig struct {
	// Redis is the server to publish to, as redis://host:port/db, rediss://…, or host:port. Unused when Publisher is set.
	Redis string
	// Speed is how many times faster than recorded: 1 keeps the gaps between messages, 10 makes them a tenth, 0 plays as fast as
	// possible. At most a million.
	Speed float64
	// MaxGap is the longest pause between two messages after Speed has been applied; 0 means no bound.
	MaxGap time.Duration
	// Publisher replaces Redis; nil means connect to Redis.
	Publisher Publisher
}

// ParseSpeed reads a speed from text: a number, with or without an x behind it, or "max" for 0.
func ParseSpeed(text string) (float64, error) {
	if text == "max" {
		return 0, nil
	}
	number := text
	if n := len(text); n > 1 && text[n-1] == 'x' {
		number = text[:n-1]
	}
	v, err := strconv.ParseFloat(number, 64)
	if err != nil {
		return 0, fmt.Errorf("speed: %q is neither a number nor max", text)
	}
	if err := (ReplayConfig{Speed: v, Publisher: nowhere{}}).Validate(); err != nil {
		return 0, err
	}
	return v, nil
}

// nowhere stands for a destination where only the speed is to be checked.
type nowhere struct{}

func (nowhere) Publish(context.Context, string, string) error { return nil }

// Validate reports the first field that is out of range, by name.
func (c ReplayConfig) Validate() error {
	if !(c.Speed >= 0 && c.Speed <= 1e6) {
		return fmt.Errorf("speed: %v is outside 0..1000000", c.Speed)
	}
	if c.MaxGap < 0 {
		return fmt.Errorf("max_gap: %v is negative", c.MaxGap)
	}
	if c.Publisher == nil {
		if _, err := redisOptions(c.Redis); err != nil {
			return err
		}
	}
	return nil
}

// Replay publishes the tape in r from its beginning, in order, each message once. It returns nil at the end of the tape and when
// ctx ends. A line that cannot be read and a message that cannot be published end it with an error that names the line; everything
// before that line was published. The tally is good with any error.
func Replay(ctx context.Context, cfg ReplayConfig, r io.Reader) (Tally, error) {
	if err := cfg.Validate(); err != nil {
		return Tally{}, fmt.Errorf("replay: %w", err)
	}
	to := cfg.Publisher
	if to == nil {
		opts, err := redisOptions(cfg.Redis)
		if err != nil {
			return Tally{}, fmt.Errorf("replay: %w", err)
		}
		// A publication that is tried again after a lost answer might arrive twice.
		opts.MaxRetries = -1
		client := redis.NewClient(opts)
		defer func() { _ = client.Close() }()
		to = server{client}
	}
	var tally Tally
	tape := NewReader(r)
	var before time.Time // of the message before, as recorded
	due := time.Now()    // of the next message; the schedule is kept, so that slow writes do not add up
	for {
		e, err := tape.Next()
		if errors.Is(err, io.EOF) {
			return tally, nil
		}
		if err != nil {
			return tally, fmt.Errorf("replay: %w", err)
		}
		if cfg.Speed > 0 && !before.IsZero() {
			due = due.Add(cfg.gap(e.At.Sub(before)))
			if !sleep(ctx, time.Until(due)) {
				return tally, nil
			}
		}
		before = e.At
		if ctx.Err() != nil {
			return tally, nil
		}
		if err := to.Publish(ctx, e.Channel, e.Payload); err != nil {
			if ctx.Err() != nil {
				return tally, nil
			}
			return tally, fmt.Errorf("replay: line %d: %w", tape.Line(), err)
		}
		tally.Messages++
		tally.Bytes += int64(len(e.Payload))
	}
}

// gap returns the pause for a recorded one. A tape whose times go back, because it was joined from two, has no pause there.
func (c ReplayConfig) gap(recorded time.Duration) time.Duration {
	g := float64(max(recorded, 0)) / c.Speed
	pause := time.Duration(math.MaxInt64)
	if g < math.MaxInt64/2 {
		pause = time.Duration(g)
	}
	if c.MaxGap > 0 {
		pause = min(pause, c.MaxGap)
	}
	return pause
}

// server is the Publisher that writes to Redis.
type server struct{ client *redis.Client }

func (s server) Publish(ctx context.Context, channel, payload string) error {
	if err := s.client.Publish(ctx, channel, payload).Err(); err != nil {
		return fmt.Errorf("publish on %s: %w", channel, err)
	}
	return nil
}
