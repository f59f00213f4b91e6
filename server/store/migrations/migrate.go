package migrations

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/uptrace/bun/dialect"
	"github.com/uptrace/bun/migrate"

	"tierboard/server/store/connect"
)

// Migration is a version of the schema.
type Migration struct {
	Name      string
	Comment   string
	AppliedAt time.Time // zero if it is not applied
}

// migrationLock is the key of the lock that migrations take in PostgreSQL; any number that nobody else uses.
const migrationLock = 7_483_920_114

// Up applies all migrations that are missing and returns them. Any number of servers may call it at once: one
// does it and the others wait. It happens wholly or not at all.
func Up(ctx context.Context, p connect.Place) ([]Migration, error) {
	return migrating(ctx, p, func(m *migrate.Migrator) (migrate.MigrationSlice, error) {
		group, err := m.Migrate(ctx)
		if err != nil {
			return nil, err
		}
		return group.Migrations, nil
	})
}

// Down takes back the migrations that were applied together last and returns them; what was stored in what they had
// added is lost.
func Down(ctx context.Context, p connect.Place) ([]Migration, error) {
	return migrating(ctx, p, func(m *migrate.Migrator) (migrate.MigrationSlice, error) {
		group, err := m.Rollback(ctx)
		if err != nil {
			return nil, err
		}
		return group.Migrations, nil
	})
}

// Status returns all migrations, the oldest first.
func Status(ctx context.Context, p connect.Place) ([]Migration, error) {
	return migrating(ctx, p, func(m *migrate.Migrator) (migrate.MigrationSlice, error) {
		return m.MigrationsWithStatus(ctx)
	})
}

// migrating runs do inside a transaction that nobody else can hold at the same time. bun's own lock is a row, which a
// server that dies would leave behind for ever.
func migrating(ctx context.Context, p connect.Place, do func(*migrate.Migrator) (migrate.MigrationSlice, error)) (done []Migration, err error) {
	if err := p.Validate(); err != nil {
		return nil, err
	}
	db, err := connect.Once(p)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, db.Close()) }()

	defer func() {
		if err != nil {
			err = fmt.Errorf("migrate the database: %w", err)
		}
	}()
	all, err := For(db.Dialect().Name())
	if err != nil {
		return nil, err
	}
	for _, s := range begin(db.Dialect().Name()) {
		if _, err := db.DB.ExecContext(ctx, s); err != nil {
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
	if _, err := db.DB.ExecContext(ctx, "COMMIT"); err != nil {
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
