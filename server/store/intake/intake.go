// Package intake stores what comes in: events, the messages that are none, and how far a stream was read.
package intake

import (
	"log/slog"
	"sync"

	"tierboard/server/metrics"
	"tierboard/server/store/connect"
	"tierboard/shared/event"
)

// Intake writes to a database. Any number of goroutines may use it.
type Intake struct {
	db    *connect.DB
	epoch string
	log   *slog.Logger
	m     *metrics.Metrics

	mu     sync.Mutex
	known  map[string]struct{}    // symbols that are in their table; guarded by mu
	stored []func([]*event.Event) // guarded by mu
}

// New returns the intake of an open database, which the caller closes. epoch names the life of this server; it is stored with an
// event's sequence number.
func New(db *connect.DB, epoch string, m *metrics.Metrics, log *slog.Logger) *Intake {
	return &Intake{db: db, epoch: epoch, log: log, m: m, known: map[string]struct{}{}}
}
