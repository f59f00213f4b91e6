package ingest

import (
	"context"
	"errors"
	"log/slog"
	"math"
	"strconv"
	"strings"
	"time"

	"github.com/redis/go-redis/v9"
)

// watchHeartbeat asks for the producer's heartbeat until ctx ends, first at once. While Redis is away there is no
// answer, and none is told: that the feed is down says it already.
func (in *Ingest) watchHeartbeat(ctx context.Context) {
	opt := *in.opt
	opt.PoolSize = 1
	opt.ReadTimeout = in.cfg.DeadAfter
	client := redis.NewClient(&opt)
	defer client.Close() //nolint:errcheck // nothing to be done about it
	ticker := time.NewTicker(in.cfg.HeartbeatEvery)
	defer ticker.Stop()
	unreadable := quiet{every: in.cfg.LogEvery}
	for {
		switch text, err := client.Get(ctx, in.cfg.HeartbeatKey).Result(); {
		case errors.Is(err, redis.Nil):
			in.sinks.Health.Heartbeat(time.Time{})
		case err != nil:
			in.log.Debug("ask for the heartbeat", slog.Any("err", err))
		default:
			beat, ok := parseBeat(text)
			if !ok {
				if _, say := unreadable.say(time.Now(), 1); say {
					in.log.Warn("producer's heartbeat is no time", slog.String("key", in.cfg.HeartbeatKey), slog.String("value", head(text)))
				}
			}
			in.sinks.Health.Heartbeat(beat)
		}
		select {
		case <-ticker.C:
		case <-ctx.Done():
			return
		}
	}
}

// parseBeat reads seconds since 1970, with or without a fraction, milliseconds, or RFC 3339.
func parseBeat(text string) (time.Time, bool) {
	text = strings.TrimSpace(text)
	if at, err := time.Parse(time.RFC3339Nano, text); err == nil {
		return at.UTC(), true
	}
	s, err := strconv.ParseFloat(text, 64)
	if err != nil || math.IsNaN(s) || s <= 0 {
		return time.Time{}, false
	}
	if s > 1e11 { // in seconds that would be the year 5138
		s /= 1000
	}
	if s > 1e11 {
		return time.Time{}, false
	}
	whole, fraction := math.Modf(s)
	return time.Unix(int64(whole), int64(fraction*1e9)).UTC(), true
}
