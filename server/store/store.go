package store

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"tierboard/server/metrics"
	"tierboard/server/store/connect"
	"tierboard/server/store/intake"
	"tierboard/server/store/list"
	"tierboard/server/store/migrations"
	"tierboard/server/store/outcome"
	"tierboard/server/store/saved"
	"tierboard/server/store/tally"
	"tierboard/shared/event"
)

// Config says where the database is and how long things are kept.
type Config struct {
	connect.Place
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
	if err := c.Place.Validate(); err != nil {
		return err
	}
	switch {
	case c.PruneEvery < time.Second:
		return errors.New("store: PruneEvery must be at least 1s")
	case c.PingEvery < 10*time.Millisecond:
		return errors.New("store: PingEvery must be at least 10ms")
	}
	return nil
}

// Store is an open database. All methods may be called by any number of goroutines.
//
// Its parts are embedded, and what they can do it can: go doc of each tells.
type Store struct {
	*intake.Intake
	*list.List
	*outcome.Ledger
	*tally.Tallies
	*saved.Shelves

	cfg Config
	db  *connect.DB
	log *slog.Logger
	m   *metrics.Metrics
}

// Open connects, brings the schema up to date, and returns when both is done. A database that is away is an error here;
// later it is not: every method then errs until it is back. The caller closes the Store.
func Open(ctx context.Context, cfg Config, m *metrics.Metrics, log *slog.Logger) (*Store, error) {
	if err := cfg.Validate(); err != nil {
		return nil, err
	}
	if _, err := migrations.Up(ctx, cfg.Place); err != nil {
		return nil, err
	}
	db, err := connect.Open(ctx, cfg.Place, m, log)
	if err != nil {
		return nil, err
	}
	ledger := outcome.New(db)
	return &Store{
		Intake: intake.New(db, cfg.Epoch, m, log), List: list.New(db), Ledger: ledger, Tallies: tally.New(db, ledger), Shelves: saved.New(db),
		cfg: cfg, db: db, log: log, m: m,
	}, nil
}

// Close ends all connections. Calls under way fail.
func (s *Store) Close() error { return s.db.Close() }

// Health returns how the database is, as far as the last calls tell.
func (s *Store) Health() connect.Health { return s.db.Health() }

// Backup writes a copy of the database to a file that must not exist yet, while the server goes on. It is for SQLite; on
// PostgreSQL it returns connect.ErrBackup.
func (s *Store) Backup(ctx context.Context, path string) error { return s.db.Backup(ctx, path) }

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
			s.db.Check(ctx, max(s.cfg.PingEvery, time.Second))
		case <-prune.C:
			s.tidy(ctx)
		}
	}
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
