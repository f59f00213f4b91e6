// Package migrations holds every version of the database's schema, and brings a database to one of them: plain SQL for each dialect, so that a migration says
// the same for ever, whatever becomes of the models.
//
// A migration that was released is never edited; a change is a new one, with a name that sorts behind all others and a
// way back.
package migrations

import (
	"context"
	"fmt"

	"github.com/uptrace/bun/dialect"
	"github.com/uptrace/bun/migrate"
)

// step is one migration: the statements of each dialect, up and down, in order.
type step struct {
	name, comment string
	sqlite        []string
	postgres      []string
	down          []string // the same in both dialects
}

// steps returns all migrations, the oldest first.
func steps() []step {
	return []step{initial()}
}

// For returns the migrations of a dialect, which must be SQLite or PostgreSQL.
func For(d dialect.Name) (*migrate.Migrations, error) {
	all := migrate.NewMigrations()
	for _, s := range steps() {
		up := s.sqlite
		switch d {
		case dialect.SQLite:
		case dialect.PG:
			up = s.postgres
		default:
			return nil, fmt.Errorf("migrations: there are none for %s", d)
		}
		all.Add(migrate.Migration{Name: s.name, Comment: s.comment, Up: run(up), Down: run(s.down)})
	}
	return all, nil
}

// run executes statements one after the other. The caller holds a transaction around all migrations.
func run(statements []string) func(context.Context, *migrate.Migrator, *migrate.Migration) error {
	return func(ctx context.Context, m *migrate.Migrator, _ *migrate.Migration) error {
		for _, s := range statements {
			if _, err := m.DB().DB.ExecContext(ctx, s); err != nil {
				return fmt.Errorf("%.60s: %w", s, err)
			}
		}
		return nil
	}
}
