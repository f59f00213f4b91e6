package store

import (
	"context"
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/uptrace/bun/dialect"
)

// ErrBackup is the answer of Backup on PostgreSQL, which has a better tool for it.
var ErrBackup = errors.New("store: back up PostgreSQL with its own tool: pg_dump --format=custom --file=FILE \"$DATABASE_URL\"")

// Backup writes a copy of the database to a file that must not exist yet, while the server goes on. It is for SQLite; on
// PostgreSQL it returns ErrBackup.
func (s *Store) Backup(ctx context.Context, path string) (err error) {
	if s.name == dialect.PG {
		return ErrBackup
	}
	if _, err := os.Lstat(path); err == nil {
		return fmt.Errorf("back up the database: %s exists already", path)
	}
	defer s.timed("backup", time.Now(), &err)
	if _, err := s.db.ExecContext(ctx, "VACUUM INTO ?", path); err != nil {
		return fmt.Errorf("back up the database: %w", err)
	}
	return nil
}
