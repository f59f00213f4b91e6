package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"tierboard/server/metrics"
	"tierboard/server/store"
	"tierboard/server/store/ask"
	"tierboard/server/store/connect"
	"tierboard/server/store/migrations"
	"tierboard/shared/event"
	"tierboard/shared/filter"
)

// databaseFlags say which archive a tool works on.
type databaseFlags struct {
	DatabaseURL string `name:"database-url" env:"DATABASE_URL" placeholder:"URL" help:"PostgreSQL database, postgres://…; without one the SQLite file of the data directory."`
	DataDir     string `name:"data-dir" env:"TIERBOARD_DATA_DIR" default:"tierboard-data" placeholder:"DIR" help:"Directory of the SQLite file."`
}

func (f databaseFlags) config() store.Config {
	c := store.DefaultConfig()
	c.URL, c.DataDir = f.DatabaseURL, f.DataDir
	return c
}

// migrateCommand brings the archive's schema up or down, or tells where it stands. A server that starts does "up" by itself.
type migrateCommand struct {
	databaseFlags `embed:""`

	Direction string `arg:"" enum:"up,down,status" help:"${enum}."`
}

// Run runs the command.
func (m *migrateCommand) Run(ctx context.Context, out *output) error {
	do := map[string]func(context.Context, connect.Place) ([]migrations.Migration, error){
		"up": migrations.Up, "down": migrations.Down, "status": migrations.Status,
	}[m.Direction]
	done, err := do(ctx, m.config().Place)
	if err != nil {
		return fmt.Errorf("migrate %s: %w", m.Direction, err)
	}
	if len(done) == 0 {
		_, err = fmt.Fprintln(out.stdout, "nothing to do")
	}
	for _, g := range done {
		at := "not applied"
		if !g.AppliedAt.IsZero() {
			at = "applied " + g.AppliedAt.UTC().Format(time.RFC3339)
		}
		if _, werr := fmt.Fprintf(out.stdout, "%s  %s  %s\n", g.Name, g.Comment, at); werr != nil {
			err = werr
		}
	}
	return err //nolint:wrapcheck // a closed pipe says it all
}

// backupCommand copies the SQLite archive while the server goes on.
type backupCommand struct {
	databaseFlags `embed:""`

	File string `arg:"" help:"File to write; it must not exist yet."`
}

// Run runs the command.
func (b *backupCommand) Run(ctx context.Context, out *output) error {
	return withStore(ctx, b.databaseFlags, func(s *store.Store) error {
		if err := s.Backup(ctx, b.File); err != nil {
			return fmt.Errorf("backup: %w", err)
		}
		_, err := fmt.Fprintln(out.stdout, "wrote", b.File)
		return err //nolint:wrapcheck // a closed pipe says it all
	})
}

// exportCommand writes stored events as lines of JSON.
type exportCommand struct {
	databaseFlags `embed:""`

	Tier    string   `enum:"daily,intraday,combo," default:"" help:"Only this tier."`
	Symbols []string `placeholder:"SYMBOL" help:"Only these symbols."`
	Since   string   `placeholder:"DATE" help:"Detected on or after this day, YYYY-MM-DD, UTC."`
	Until   string   `placeholder:"DATE" help:"Detected before this day."`
}

// Run runs the command.
func (e *exportCommand) Run(ctx context.Context, out *output) error {
	var q ask.Query
	if e.Tier != "" {
		t, err := event.ParseTier(e.Tier)
		if err != nil {
			return usage(fmt.Errorf("--tier: %w", err))
		}
		q.Filter.Tiers = []event.Tier{t}
	}
	for _, s := range e.Symbols {
		q.Filter.Symbols = append(q.Filter.Symbols, filter.Symbol(s))
	}
	for _, d := range []struct {
		flag, text string
		to         *time.Time
	}{{"--since", e.Since, &q.Since}, {"--until", e.Until, &q.Until}} {
		if d.text == "" {
			continue
		}
		t, err := time.Parse(time.DateOnly, d.text)
		if err != nil {
			return usage(fmt.Errorf("%s: %q is no day (YYYY-MM-DD)", d.flag, d.text))
		}
		*d.to = t
	}
	return withStore(ctx, e.databaseFlags, func(s *store.Store) error {
		if _, err := s.Export(ctx, q, out.stdout); err != nil {
			return fmt.Errorf("export: %w", err)
		}
		return nil
	})
}

// withStore opens the archive for one tool.
func withStore(ctx context.Context, f databaseFlags, do func(*store.Store) error) (err error) {
	s, err := store.Open(ctx, f.config(), metrics.New(), slog.New(slog.DiscardHandler))
	if err != nil {
		return fmt.Errorf("open the archive: %w", err)
	}
	defer func() { err = errors.Join(err, s.Close()) }()
	return do(s)
}
