package hub

import (
	"log/slog"
	"testing"

	"tierboard/server/metrics"
)

// newHub returns a hub that does not run.
func newHub(t *testing.T, cfg Config) *Hub {
	t.Helper()
	h, err := New(cfg, metrics.New(), slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	return h
}
