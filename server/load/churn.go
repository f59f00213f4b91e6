package load

import (
	"context"
	"fmt"
	"math/rand/v2"
	"sync"
	"time"

	"tierboard/server/load/report"
)

// disturb swaps filters and cuts sockets at the scenario's rates until ctx ends, and waits for the clients it has cut to be
// connected again.
func (m *measurement) disturb(ctx context.Context) {
	users := float64(m.s.Users)
	if m.s.Swaps+m.s.Cuts == 0 {
		return
	}
	rng := rand.New(rand.NewPCG(m.cfg.Seed, 3)) //nolint:gosec // chooses victims
	again := make(chan *client, m.s.Users)
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
		for ; swaps < int(passed*users*m.s.Swaps); swaps++ {
			m.clients[rng.IntN(m.s.Users)].swap(m.traffic.Filters(rng))
		}
		for ; cuts < int(passed*users*m.s.Cuts); cuts++ {
			if c := m.clients[rng.IntN(m.s.Users)]; c.cut() {
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
	if err != nil && !c.account.IsLost() { // else the server ended it, which is told already
		c.account.Lost("could not connect again: %v", err)
		c.conn = nil
	}
}

// pairs runs the scenario with and without stuck users in turn and returns all runs, a pair after the other: first the one
// without. Which of a pair goes first alternates, so that what warms up in between favours neither. When ctx ends, the pairs that are complete count.
func pairs(ctx context.Context, n int, one func(stuck bool) (*report.Run, error), say func(string, ...any)) ([]*report.Run, error) {
	var runs []*report.Run
	for i := range n {
		var pair [2]*report.Run
		for k := range 2 {
			which := (i + k) % 2
			say("pair %d of %d, %s", i+1, n, [...]string{"nobody stuck", "some stuck"}[which])
			r, err := one(which == 1)
			if err != nil {
				if ctx.Err() != nil && len(runs) > 0 {
					return runs, nil
				}
				return nil, fmt.Errorf("pair %d: %w", i+1, err)
			}
			pair[which] = r
		}
		runs = append(runs, pair[:]...)
	}
	return runs, nil
}
