package store

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/uptrace/bun"
	"github.com/uptrace/bun/dialect"

	"tierboard/server/metrics"
	"tierboard/shared/event"
)

// ErrNotFound is what asking for one thing that is not there gives.
var ErrNotFound = errors.New("store: not found")

// Config says where the database is and how long things are kept.
type Config struct {
	// URL is a PostgreSQL database, postgres://user:password@host:port/name; empty means SQLite.
	URL string
	// DataDir is where SQLite's file tierboard.db lies; it is made if it is not there. Unused with URL.
	DataDir string
	// Epoch names the life of this server; it is stored with an event's sequence number.
	Epoch string
	// Keep is how long events of a tier are kept after their detection; events without a tier are kept as long as
	// daily ones. Zero or less keeps them for ever.
	Keep map[event.Tier]time.Duration
	// KeepLetters is how long dead letters are kept.
	KeepLetters time.Duration
	// PruneEvery is the pause between two looks for what is too old, at least 1 s.
	PruneEvery time.Duration
	// PingEvery is the pause between two looks whether the database is there, at least 10 ms.
	PingEvery time.Duration
}

// DefaultConfig keeps intraday events for 30 days, daily ones and combos for 400, dead letters for 7, and looks every hour.
func DefaultConfig() Config {
	const day = 24 * time.Hour
	return Config{
		Keep:        map[event.Tier]time.Duration{event.Daily: 400 * day, event.Intraday: 30 * day, event.Combo: 400 * day},
		KeepLetters: 7 * day,
		PruneEvery:  time.Hour,
		PingEvery:   5 * time.Second,
	}
}

// Validate reports the first field that cannot be used, by name. The password in URL is never part of the error.
func (c Config) Validate() error {
	switch {
	case c.URL == "" && c.DataDir == "":
		return errors.New("store: URL and DataDir are both empty")
	case c.PruneEvery < time.Second:
		return errors.New("store: PruneEvery must be at least 1s")
	case c.PingEvery < 10*time.Millisecond:
		return errors.New("store: PingEvery must be at least 10ms")
	}
	if c.URL != "" {
		_, err := postgresConfig(c.URL)
		return err
	}
	return nil
}

// Store is an open database. All methods may be called by any number of goroutines.
type Store struct {
	cfg  Config
	db   *bun.DB
	name dialect.Name
	log  *slog.Logger
	m    *metrics.Metrics

	mu     sync.Mutex
	known  map[string]struct{}    // symbols that are in their table; guarded by mu
	health Health                 // guarded by mu
	stored []func([]*event.Event) // guarded by mu
}

// Health is how the database is.
type Health struct {
	Up        bool
	Since     time.Time // when it became so
	LastError string    // the last failure, for operators; may name the database's host
	FailedAt  time.Time // when that was
	Dialect   string    // sqlite or postgres
}

// Open connects, brings the schema up to date, and returns when both is done. A database that is away is an error here;
// later it is not: every method then errs until it is back. The caller closes the Store.
func Open(ctx context.Context, cfg Config, m *metrics.Metrics, log *slog.Logger) (*Store, error) {
	if err := cfg.Validate(); err != nil {
		return nil, err
	}
	if _, err := MigrateUp(ctx, cfg); err != nil {
		return nil, err
	}
	db, err := connect(cfg)
	if err != nil {
		return nil, err
	}
	s := &Store{cfg: cfg, db: db, name: db.Dialect().Name(), log: log, m: m, known: map[string]struct{}{}}
	s.health = Health{Up: true, Since: time.Now(), Dialect: "sqlite"}
	if s.name == dialect.PG {
		s.health.Dialect = "postgres"
	}
	if err := db.PingContext(ctx); err != nil {
		_ = db.Close()
		return nil, fmt.Errorf("open the database: %w", err)
	}
	m.DBUp.Set(1)
	return s, nil
}

// Close ends all connections. Calls under way fail.
func (s *Store) Close() error { return s.db.Close() }

// Health returns how the database is, as far as the last calls tell.
func (s *Store) Health() Health {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.health
}

// Run looks after the database until ctx ends and then returns nil: it notices when the database goes and comes back,
// deletes what is too old, and tries again to match outcomes that came before their event.
func (s *Store) Run(ctx context.Context) error {
	ping := time.NewTicker(s.cfg.PingEvery)
	defer ping.Stop()
	prune := time.NewTicker(s.cfg.PruneEvery)
	defer prune.Stop()
	s.tidy(ctx)
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-ping.C:
			s.ping(ctx)
		case <-prune.C:
			s.tidy(ctx)
		}
	}
}

// ping asks whether the database is there.
func (s *Store) ping(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, max(s.cfg.PingEvery, time.Second))
	defer cancel()
	start := time.Now()
	_, err := s.db.ExecContext(ctx, "SELECT 1")
	s.timed("ping", start, &err)
}

// tidy does what is due now and then.
func (s *Store) tidy(ctx context.Context) {
	n, err := s.Prune(ctx, time.Now())
	switch {
	case err != nil && ctx.Err() == nil:
		s.log.Warn("delete old events", slog.Any("err", err))
	case n > 0:
		s.log.Info("deleted old events", slog.Int("events", n))
	}
	if _, err := s.Rematch(ctx); err != nil && ctx.Err() == nil {
		s.log.Warn("match outcomes", slog.Any("err", err))
	}
}

// timed notes how long a call took, and whether the database is there; it is deferred with the call's error.
func (s *Store) timed(op string, start time.Time, err *error) {
	s.m.DBSeconds.WithLabelValues(op).Observe(time.Since(start).Seconds())
	switch {
	case *err == nil:
		s.mark(nil)
	case isAnswer(*err), errors.Is(*err, context.Canceled):
		// The database has no part in it.
	default:
		s.mark(*err)
	}
}

// isAnswer reports whether an error is about the question and not about the database.
func isAnswer(err error) bool {
	_, asked := errors.AsType[*Error](err)
	return asked || errors.Is(err, ErrTooBroad) || errors.Is(err, ErrNotFound) || errors.Is(err, ErrChanged) || errors.Is(err, errStop)
}

// mark notes that the database answered, or did not.
func (s *Store) mark(err error) {
	now := time.Now()
	s.mu.Lock()
	defer s.mu.Unlock()
	up := err == nil
	if !up {
		s.health.LastError, s.health.FailedAt = err.Error(), now
	}
	if s.health.Up == up {
		return
	}
	s.health.Up, s.health.Since = up, now
	if up {
		s.m.DBUp.Set(1)
		s.log.Info("the database is back")
		return
	}
	s.m.DBUp.Set(0)
	s.log.Warn("the database does not answer", slog.Any("err", err))
}
