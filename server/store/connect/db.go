package connect

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/uptrace/bun"
	"github.com/uptrace/bun/dialect"

	"tierboard/server/metrics"
	"tierboard/server/store/model"
)

// Connections of a pool.
const (
	mostConns = 8
	idleConns = 4
)

// DB is an open database. All methods may be called by any number of goroutines.
type DB struct {
	*bun.DB
	log *slog.Logger
	m   *metrics.Metrics

	mu     sync.Mutex
	health Health // guarded by mu
}

// Health is how the database is.
type Health struct {
	Up        bool
	Since     time.Time // when it became so
	LastError string    // the last failure, for operators; may name the database's host
	FailedAt  time.Time // when that was
	Dialect   string    // sqlite or postgres
}

// Open connects to a database, which has to be there. The caller closes it.
func Open(ctx context.Context, p Place, m *metrics.Metrics, log *slog.Logger) (*DB, error) {
	c, dia, err := p.connector()
	if err != nil {
		return nil, err
	}
	pool := sql.OpenDB(c)
	pool.SetMaxOpenConns(mostConns)
	pool.SetMaxIdleConns(idleConns)
	d := &DB{DB: bun.NewDB(pool, dia), log: log, m: m}
	d.health = Health{Up: true, Since: time.Now(), Dialect: "postgres"}
	if d.SQLite() {
		d.health.Dialect = "sqlite"
	}
	if err := d.PingContext(ctx); err != nil {
		_ = d.Close()
		return nil, fmt.Errorf("open the database: %w", err)
	}
	m.DBUp.Set(1)
	return d, nil
}

// SQLite reports whether the database speaks SQLite's dialect; else it is PostgreSQL's.
func (d *DB) SQLite() bool { return d.Dialect().Name() == dialect.SQLite }

// Health returns how the database is, as far as the last calls tell.
func (d *DB) Health() Health {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.health
}

// Check asks whether the database is there, and waits at most within for the answer. Health tells it.
func (d *DB) Check(ctx context.Context, within time.Duration) {
	ctx, cancel := context.WithTimeout(ctx, within)
	defer cancel()
	start := time.Now()
	_, err := d.ExecContext(ctx, "SELECT 1")
	d.Timed("ping", start, &err)
}

// Timed notes how long a call took, and whether the database is there; it is deferred with the call's error.
func (d *DB) Timed(op string, start time.Time, err *error) {
	d.m.DBSeconds.WithLabelValues(op).Observe(time.Since(start).Seconds())
	switch {
	case *err == nil:
		d.mark(nil)
	case model.IsAnswer(*err), errors.Is(*err, context.Canceled):
		// The database has no part in it.
	default:
		d.mark(*err)
	}
}

// mark notes that the database answered, or did not.
func (d *DB) mark(err error) {
	now := time.Now()
	d.mu.Lock()
	defer d.mu.Unlock()
	up := err == nil
	if !up {
		d.health.LastError, d.health.FailedAt = err.Error(), now
	}
	if d.health.Up == up {
		return
	}
	d.health.Up, d.health.Since = up, now
	if up {
		d.m.DBUp.Set(1)
		d.log.Info("the database is back")
		return
	}
	d.m.DBUp.Set(0)
	d.log.Warn("the database does not answer", slog.Any("err", err))
}
