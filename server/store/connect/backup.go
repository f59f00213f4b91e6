package connect

import (
	"context"
	"errors"
	"fmt"
	"os"
	"time"
)

// ErrBackup is the answer of Backup on PostgreSQL, which has a better tool for it.
var ErrBackup = errors.New("store: back up PostgreSQL with its own tool: pg_dump --format=custom --file=FILE \"$DATABASE_URL\"")

// Backup writes a copy of the database to a file that must not exist yet, while the server goes on. It is for SQLite; on
// PostgreSQL it returns ErrBackup.
func (d *DB) Backup(ctx context.Context, path string) (err error) {
	if !d.SQLite() {
		return ErrBackup
	}
	if _, err := os.Lstat(path); err == nil {
		return fmt.Errorf("back up the database: %s exists already", path)
	}
	defer d.Timed("backup", time.Now(), &err)
	if _, err := d.ExecContext(ctx, "VACUUM INTO ?", path); err != nil {
		return fmt.Errorf("back up the database: %w", err)
	}
	return nil
}
