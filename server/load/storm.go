package load

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"tierboard/server/load/report"
	"tierboard/server/load/swarm"
	"tierboard/shared/filter"
	"tierboard/shared/wire"
)

// stormAfter is the part of the publishing that is calm before the storm, for comparison.
const stormAfter = 0.4

// stormRate is how many guests come a second, if the server keeps up: a little more than the budget. As many as can, they would also
// take the processor time that the measuring clients need, and what is late then says nothing about the server.
const stormRate = 1.125 * report.ConnectsPerSecond

// guest is a session that connects, subscribes to what nobody publishes and stays.
type guest struct {
	storm *storm
	once  sync.Once
}

// storm is many guests that come at once.
type storm struct {
	left atomic.Int64  // guests without a confirmed subscription
	all  chan struct{} // closed when none is left
	lost atomic.Int64
}

func (g *guest) done() {
	g.once.Do(func() {
		if g.storm.left.Add(-1) == 0 {
			close(g.storm.all)
		}
	})
}

// Frame waits for the confirmation.
func (g *guest) Frame(_ *swarm.Conn, payload []byte) {
	if f, err := wire.Decode(payload); err == nil {
		if _, ok := f.(*wire.Subscribed); ok {
			g.done()
		}
	}
}

// Closed notes that the server does not want the guest.
func (g *guest) Closed(*swarm.Conn, int, string) {
	g.storm.lost.Add(1)
	g.done()
}

// storms lets the scenario's guests connect once some calm has passed and notes how fast they were. It returns when all have
// subscribed.
func (m *measurement) storms(ctx context.Context) error {
	n := m.s.Storm
	if n == 0 {
		return nil
	}
	timer := time.NewTimer(time.Duration(stormAfter * float64(m.s.Length)))
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
		return ctx.Err()
	}
	ctx, fail := context.WithCancelCause(ctx)
	defer fail(nil)
	s := &storm{all: make(chan struct{})}
	s.left.Store(int64(n))
	m.storming.Store(true)
	defer m.storming.Store(false)
	began := time.Now()
	next := atomic.Int64{}
	var wg sync.WaitGroup
	for range dialsAtOnce {
		wg.Go(func() {
			for i := int(next.Add(1)) - 1; i < n && ctx.Err() == nil; i = int(next.Add(1)) - 1 {
				select {
				case <-time.After(time.Until(began.Add(time.Duration(float64(i) / stormRate * float64(time.Second))))):
				case <-ctx.Done():
					return
				}
				if err := m.invite(ctx, s, i); err != nil {
					fail(fmt.Errorf("guest %d of %d: %w", i, n, err))
				}
			}
		})
	}
	wg.Wait()
	select {
	case <-s.all:
	case <-ctx.Done():
		return context.Cause(ctx)
	}
	if lost := s.lost.Load(); lost > 0 {
		return fmt.Errorf("the server ended %d of %d connections", lost, n)
	}
	m.stormed = float64(n) / time.Since(began).Seconds()
	return nil
}

// invite connects one guest.
func (m *measurement) invite(ctx context.Context, s *storm, i int) error {
	conn, err := m.swarm.Dial(ctx, swarm.How{Source: m.source(len(m.clients) + i)}, &guest{storm: s})
	if err != nil {
		return err
	}
	r := wire.Request{Type: "subscribe", ID: "main", Filters: []filter.Filter{{Symbols: []string{fmt.Sprintf("GUEST%d", i)}, ConfidenceMin: .5}}}
	if err := conn.Send(r.Append(nil, wire.MsgPack)); err != nil {
		return err
	}
	return conn.Start()
}
