package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"github.com/uptrace/bun"
	"github.com/uptrace/bun/dialect"
	"github.com/uptrace/bun/migrate"
	"github.com/uptrace/bun/schema"

	"tierboard/server/store/migrations"
)

// schemaDialect is a dialect of bun.
type schemaDialect = schema.Dialect

// Migration is a version of the schema.
type Migration struct {
	Name      string
	Comment   string
	AppliedAt time.Time // zero if it is not applied
}

// migrationLock is the key of the lock that migrations take in PostgreSQL; any number that nobody else uses.
const migrationLock = 7_483_920_114

// MigrateUp applies all migrations that are missing and returns them. Any number of servers may call it at once: one
// does it and the others wait. It happens wholly or not at all.
func MigrateUp(ctx context.Context, cfg Config) ([]Migration, error) {
	return migrating(ctx, cfg, func(m *migrate.Migrator) (migrate.MigrationSlice, error) {
		group, err := m.Migrate(ctx)
		if err != nil {
			return nil, err
		}
		return group.Migrations, nil
	})
}

// MigrateDown takes back the migrations that were applied together last and returns them; what was stored in what they had
// added is lost.
func MigrateDown(ctx context.Context, cfg Config) ([]Migration, error) {
	return migrating(ctx, cfg, func(m *migrate.Migrator) (migrate.MigrationSlice, error) {
		group, err := m.Rollback(ctx)
		if err != nil {
			return nil, err
		}
		return group.Migrations, nil
	})
}

// MigrateStatus returns all migrations, the oldest first.
func MigrateStatus(ctx context.Context, cfg Config) ([]Migration, error) {
	return migrating(ctx, cfg, func(m *migrate.Migrator) (migrate.MigrationSlice, error) {
		return m.MigrationsWithStatus(ctx)
	})
}

// migrating runs do inside a transaction that nobody else can hold at the same time. bun's own lock is a row, which a
// server that dies would leave behind for ever.
func migrating(ctx context.Context, cfg Config, do func(*migrate.Migrator) (migrate.MigrationSlice, error)) (done []Migration, err error) {
	if err := cfg.Validate(); err != nil {
		return nil, err
	}
	c, d, err := connector(cfg)
	if err != nil {
		return nil, err
	}
	pool := sql.OpenDB(&onceConnector{Connector: c})
	pool.SetMaxOpenConns(1)
	pool.SetMaxIdleConns(1)
	db := bun.NewDB(pool, d)
	defer func() { err = errors.Join(err, db.Close()) }()

	defer func() {
		if err != nil {
			err = fmt.Errorf("migrate the database: %w", err)
		}
	}()
	all, err := migrations.For(d.Name())
	if err != nil {
		return nil, err
	}
	for _, s := range begin(d.Name()) {
		if _, err := pool.ExecContext(ctx, s); err != nil {
			return nil, err
		}
	}
	m := migrate.NewMigrator(db, all)
	if err := m.Init(ctx); err != nil {
		return nil, err // closing the connection rolls back
	}
	group, err := do(m)
	if err != nil {
		return nil, err
	}
	if _, err := pool.ExecContext(ctx, "COMMIT"); err != nil {
		return nil, err
	}
	for _, g := range group {
		done = append(done, Migration{Name: g.Name, Comment: g.Comment, AppliedAt: g.MigratedAt})
	}
	return done, nil
}

// begin are the statements that open the transaction and take the lock.
func begin(d dialect.Name) []string {
	if d == dialect.SQLite {
		return []string{"BEGIN IMMEDIATE"}
	}
	return []string{"BEGIN", fmt.Sprintf("SELECT pg_advisory_xact_lock(%d)", int64(migrationLock))}
}
