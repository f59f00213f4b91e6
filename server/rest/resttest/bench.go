// Package resttest is the bench on which the tests of package rest and of its parts ask for things: events, a hub with a ring of
// them, an archive in memory that looks at each, and a caller who checks what comes back. It is for tests alone.
package resttest

import (
	"context"
	"log/slog"
	"testing"

	"tierboard/server/hub"
	"tierboard/server/metrics"
	"tierboard/shared/event"
)

// Hub returns a hub with a ring of some size and one shard. It runs until the test ends.
func Hub(t testing.TB, ring int, m *metrics.Metrics) *hub.Hub {
	t.Helper()
	cfg := hub.DefaultConfig()
	cfg.Ring, cfg.Shards = ring, 1
	h, err := hub.New(cfg, m, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.Background())
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		_ = h.Run(ctx)
	}()
	t.Cleanup(func() {
		stop()
		<-ended
	})
	return h
}

// Publish gives events to a hub, which sets their positions. None may be known to it.
func Publish(t testing.TB, h *hub.Hub, events ...*event.Event) {
	t.Helper()
	for _, e := range events {
		if ok, err := h.Publish(context.Background(), e); err != nil || !ok {
			t.Fatalf("publish %s: %v %v", e.ID, ok, err)
		}
	}
}
