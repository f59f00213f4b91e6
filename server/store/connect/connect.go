package connect

import (
	"context"
	"database/sql/driver"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/stdlib"
	"github.com/uptrace/bun/dialect/pgdialect"
	"github.com/uptrace/bun/dialect/sqlitedialect"
	"github.com/uptrace/bun/schema"
	"modernc.org/sqlite"
)

// fileName is SQLite's file in the data directory.
const fileName = "tierboard.db"

// pragmas are set on every connection to SQLite: readers do not wait for the writer (WAL), a writer waits for another
// one, and a commit reaches the kernel but not the disk: a power cut may cost the last commits, a crash nothing.
var pragmas = []string{ //nolint:gochecknoglobals // a constant list
	"busy_timeout(10000)", "journal_mode(WAL)", "synchronous(NORMAL)", "foreign_keys(1)", "temp_store(MEMORY)",
	"cache_size(-32768)", "journal_size_limit(67108864)", "mmap_size(1073741824)",
}

// Place is where the database is.
type Place struct {
	// URL is a PostgreSQL database, postgres://user:password@host:port/name; empty means SQLite.
	URL string
	// DataDir is where SQLite's file tierboard.db lies; it is made if it is not there. Unused with URL.
	DataDir string
}

// Validate reports the first field that cannot be used, by name. The password in URL is never part of the error.
func (p Place) Validate() error {
	if p.URL == "" && p.DataDir == "" {
		return errors.New("store: URL and DataDir are both empty")
	}
	if p.URL != "" {
		_, err := postgresConfig(p.URL)
		return err
	}
	return nil
}

// postgresConfig reads a database's URL. Errors do not repeat it, as it may hold a password.
func postgresConfig(rawURL string) (*pgx.ConnConfig, error) {
	if !strings.HasPrefix(rawURL, "postgres://") && !strings.HasPrefix(rawURL, "postgresql://") {
		return nil, errors.New("store: URL must begin with postgres://")
	}
	cfg, err := pgx.ParseConfig(rawURL)
	if err != nil {
		if parse, ok := errors.AsType[*url.Error](err); ok {
			err = parse.Err
		} else {
			err = errors.New("it cannot be read")
		}
		return nil, fmt.Errorf("store: URL: %w", err)
	}
	// bun writes values into the text of a query, so preparing it would only cost a round trip.
	cfg.DefaultQueryExecMode = pgx.QueryExecModeSimpleProtocol
	if cfg.ConnectTimeout == 0 {
		cfg.ConnectTimeout = 5 * time.Second
	}
	if cfg.RuntimeParams["application_name"] == "" {
		cfg.RuntimeParams["application_name"] = "tierboard"
	}
	// Plans are chosen here: an index and a bound on the rows, which the planner would now and then give up for reading the
	// whole table. A page is too small to be worth a compiler or a second process.
	for name, value := range map[string]string{
		"enable_seqscan": "off", "random_page_cost": "1.1", "jit": "off", "max_parallel_workers_per_gather": "0",
	} {
		if cfg.RuntimeParams[name] == "" {
			cfg.RuntimeParams[name] = value
		}
	}
	return cfg, nil
}

// connector returns how to reach the database.
func (p Place) connector() (driver.Connector, schema.Dialect, error) {
	if p.URL != "" {
		pg, err := postgresConfig(p.URL)
		if err != nil {
			return nil, nil, err
		}
		return stdlib.GetConnector(*pg), pgdialect.New(), nil
	}
	if err := os.MkdirAll(p.DataDir, 0o750); err != nil {
		return nil, nil, fmt.Errorf("make the data directory: %w", err)
	}
	q := url.Values{"_pragma": pragmas}
	path, err := filepath.Abs(filepath.Join(p.DataDir, fileName))
	if err != nil {
		return nil, nil, fmt.Errorf("find the data directory: %w", err)
	}
	dsn := (&url.URL{Scheme: "file", Path: filepath.ToSlash(path), RawQuery: q.Encode()}).String()
	return &sqliteConnector{dsn: dsn}, sqlitedialect.New(), nil
}

// sqliteConnector opens connections to one SQLite file.
type sqliteConnector struct {
	dsn    string
	driver sqlite.Driver
}

// Connect opens a connection.
func (c *sqliteConnector) Connect(context.Context) (driver.Conn, error) { return c.driver.Open(c.dsn) }

// Driver returns the driver.
func (c *sqliteConnector) Driver() driver.Driver { return &c.driver }
