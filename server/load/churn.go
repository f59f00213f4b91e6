package load

import (
	"context"
	"fmt"
	"math/rand/v2"
	"sync"
	"time"
)

// disturb swaps filters and cuts sockets at the scenario's rates until ctx ends, and waits for the clients it has cut to be
// connected again.
func (m *measurement) disturb(ctx context.Context) {
	users := float64(m.s.users)
	if m.s.swaps+m.s.cuts == 0 {
		return
	}
	rng := rand.New(rand.NewPCG(m.cfg.Seed, 3)) //nolint:gosec // chooses victims
	again := make(chan *client, m.s.users)
	var wg sync.WaitGroup
	// Connecting outlasts ctx: whoever was cut must come back.
	dialling := context.WithoutCancel(ctx)
	for range dialsAtOnce {
		wg.Go(func() {
			for c := range again {
				m.reconnect(dialling, c)
			}
		})
	}
	ticker := time.NewTicker(10 * time.Millisecond)
	defer ticker.Stop()
	began := time.Now()
	swaps, cuts := 0, 0
	for ctx.Err() == nil {
		passed := time.Since(began).Seconds()
		for ; swaps < int(passed*users*m.s.swaps); swaps++ {
			m.clients[rng.IntN(m.s.users)].swap(m.traffic.Filters(rng))
		}
		for ; cuts < int(passed*users*m.s.cuts); cuts++ {
			if c := m.clients[rng.IntN(m.s.users)]; c.cut() {
				again <- c
			}
		}
		select {
		case <-ticker.C:
		case <-ctx.Done():
		}
	}
	close(again)
	wg.Wait()
}

// reconnect connects a client that was cut.
func (m *measurement) reconnect(ctx context.Context, c *client) {
	ctx, cancel := context.WithTimeout(ctx, 30*time.Second)
	defer cancel()
	err := m.connect(ctx, c)
	c.mu.Lock()
	defer c.mu.Unlock()
	c.dialing = false
	if err != nil && c.lost == 0 { // else the server ended it, which is told already
		c.wrong(&c.lost, "could not connect again: %v", err)
		c.conn = nil
	}
}

// pairs runs the scenario with and without stuck users in turn and returns all runs, a pair after the other: first the one
// without. Which of a pair goes first alternates, so that what warms up in between favours neither.
func pairs(n int, one func(stuck bool) (*Run, error), say func(string, ...any)) ([]*Run, error) {
	var runs []*Run
	for i := range n {
		var pair [2]*Run
		for k := range 2 {
			which := (i + k) % 2
			say("pair %d of %d, %s", i+1, n, [...]string{"nobody stuck", "some stuck"}[which])
			r, err := one(which == 1)
			if err != nil {
				return nil, fmt.Errorf("pair %d: %w", i+1, err)
			}
			pair[which] = r
		}
		runs = append(runs, pair[:]...)
	}
	return runs, nil
}
