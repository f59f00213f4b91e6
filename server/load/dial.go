package load

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"sync"
	"sync/atomic"
	"time"

	"tierboard/server/load/swarm"
)

// source is the address that the i-th client connects from; the zero Addr where the server is not on 127.0.0.0/8.
func (m *measurement) source(i int) netip.Addr {
	server, err := netip.ParseAddrPort(m.target.Addr)
	if err != nil || !server.Addr().Unmap().Is4() {
		return netip.Addr{}
	}
	n := 2 + i/perSource
	return netip.AddrFrom4([4]byte{127, 0, byte(n / 250), byte(n%250 + 1)}) //nolint:gosec // 20 addresses for 100,000 users
}

// open connects and subscribes all clients.
func (m *measurement) open(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, time.Minute+time.Duration(len(m.clients))*10*time.Millisecond)
	defer cancel()
	ctx, fail := context.WithCancelCause(ctx)
	defer fail(nil)
	next := atomic.Int64{}
	var wg sync.WaitGroup
	for range dialsAtOnce {
		wg.Go(func() {
			for i := int(next.Add(1)) - 1; i < len(m.clients) && ctx.Err() == nil; i = int(next.Add(1)) - 1 {
				if err := m.connect(ctx, m.clients[i]); err != nil {
					fail(fmt.Errorf("session %d of %d: %w", i, len(m.clients), err))
				}
			}
		})
	}
	wg.Wait()
	for _, c := range m.clients {
		select {
		case <-c.ready:
		case <-ctx.Done():
			return context.Cause(ctx)
		}
		c.mu.Lock()
		fault := c.account.Fault()
		c.mu.Unlock()
		if fault != "" {
			return errors.New(fault)
		}
		if c.stuck {
			if err := c.conn.Mute(); err != nil {
				return err
			}
		}
	}
	return nil
}

// connect opens a client's connection and subscribes.
func (m *measurement) connect(ctx context.Context, c *client) error {
	how := swarm.How{Source: m.source(c.number), Urgent: c.quiet}
	if c.stuck {
		how.Buffer = 4 << 10
	}
	conn, err := m.swarm.Dial(ctx, how, c)
	if err != nil {
		return err
	}
	return c.attach(conn)
}
