package demo

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/redis/go-redis/v9"
)

// writeTimeout bounds one write, connecting included: longer than that and the board notices a stall anyway.
const writeTimeout = 2 * time.Second

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
	// The feed has its own back-off, and its writes are late or useless after a few seconds.
	opts.MaxRetries = -1
	opts.DialerRetries = 1
	opts.DialTimeout, opts.ReadTimeout, opts.WriteTimeout = writeTimeout, writeTimeout, writeTimeout
	opts.PoolSize = 1
	opts.ContextTimeoutEnabled = true
	return opts, nil
}

// server is the Publisher that writes to Redis.
type server struct{ client *redis.Client }

func openRedis(address string) (server, error) {
	opts, err := redisOptions(address)
	if err != nil {
		return server{}, err
	}
	return server{redis.NewClient(opts)}, nil
}

func (s server) close() { _ = s.client.Close() } // nothing is left to be done about an error

func (s server) Publish(ctx context.Context, channel, payload string) error {
	ctx, cancel := context.WithTimeout(ctx, writeTimeout)
	defer cancel()
	if err := s.client.Publish(ctx, channel, payload).Err(); err != nil {
		return fmt.Errorf("publish on %s: %w", channel, err)
	}
	return nil
}

func (s server) Set(ctx context.Context, key, value string) error {
	ctx, cancel := context.WithTimeout(ctx, writeTimeout)
	defer cancel()
	if err := s.client.Set(ctx, key, value, 0).Err(); err != nil {
		return fmt.Errorf("set %s: %w", key, err)
	}
	return nil
}

func (s server) Listeners(ctx context.Context, channel string) (int64, error) {
	ctx, cancel := context.WithTimeout(ctx, writeTimeout)
	defer cancel()
	counts, err := s.client.PubSubNumSub(ctx, channel).Result()
	if err != nil {
		return 0, fmt.Errorf("count subscribers of %s: %w", channel, err)
	}
	// Redis counts pattern subscriptions only as a whole; any of them is taken for a listener.
	patterns, err := s.client.PubSubNumPat(ctx).Result()
	if err != nil {
		return 0, fmt.Errorf("count pattern subscribers: %w", err)
	}
	return counts[channel] + patterns, nil
}
