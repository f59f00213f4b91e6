// Package address opens the addresses that the server listens on, and tells where they are.
package address

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"net"

	"tierboard/server/broker"
	"tierboard/server/config"
	"tierboard/server/metrics"
)

// Openings are what listens. Close closes them.
type Openings struct {
	Page, Admin net.Listener
	Redis       *broker.Broker // nil with a Redis of the operator's
}

// Open opens every address. It is done before anything is printed or started, so that a busy port changes nothing.
func Open(ctx context.Context, c config.Config, m *metrics.Metrics, log *slog.Logger) (*Openings, error) {
	o := &Openings{}
	var err error
	if o.Page, err = listen(ctx, c.Addr, "--addr (TIERBOARD_ADDR)"); err != nil {
		return nil, err
	}
	if o.Admin, err = listen(ctx, c.AdminAddr, "--admin-addr (TIERBOARD_ADMIN_ADDR)"); err != nil {
		o.Close()
		return nil, err
	}
	if c.RedisURL != "" {
		return o, nil
	}
	settings := broker.Default()
	settings.Addr, settings.OnCut = c.EmbeddedRedisAddr, m.BrokerCut.Inc
	o.Redis, err = broker.New(ctx, settings, log)
	if err != nil && c.EmbeddedRedisAddr == config.Default().EmbeddedRedisAddr {
		settings.Addr = "127.0.0.1:0" // the default gives way
		o.Redis, err = broker.New(ctx, settings, log)
	}
	if err != nil {
		o.Close()
		return nil, fmt.Errorf("cannot listen on %s: %w", settings.Addr, explain(err, "--embedded-redis-addr (TIERBOARD_EMBEDDED_REDIS_ADDR)"))
	}
	return o, nil
}

// Close closes what is open; closing twice does nothing.
func (o *Openings) Close() {
	for _, l := range []net.Listener{o.Page, o.Admin} {
		if l != nil {
			_ = l.Close()
		}
	}
	if o.Redis != nil {
		o.Redis.Close()
	}
}

// RedisURL returns the Redis to listen to.
func (o *Openings) RedisURL(c config.Config) string {
	if o.Redis != nil {
		return o.Redis.URL()
	}
	return c.RedisURL
}

// Print tells where everything is, in lines that programs can read.
func (o *Openings) Print(w io.Writer) error {
	lines := ""
	if o.Redis != nil {
		lines = "tierboard: redis " + o.Redis.URL() + "\n"
	}
	lines += "tierboard: page " + URL(o.Page.Addr()) + "\ntierboard: admin " + URL(o.Admin.Addr()) + "\n"
	if _, err := io.WriteString(w, lines); err != nil {
		return fmt.Errorf("print addresses: %w", err)
	}
	return nil
}
