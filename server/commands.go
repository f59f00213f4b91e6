package main

import (
	"errors"
	"fmt"
	"io"
)

// commands is the command line.
type commands struct {
	Serve       serveCommand       `cmd:"" default:"withargs" help:"Run the server (the default)."`
	Demo        demoCommand        `cmd:"" help:"Publish invented detections on a Redis."`
	Record      recordCommand      `cmd:"" help:"Write down what a Redis carries."`
	Replay      replayCommand      `cmd:"" help:"Publish a recording again."`
	Healthcheck healthcheckCommand `cmd:"" help:"Ask a running server whether it lives; the exit status is the answer."`
	Load        loadCommand        `cmd:"" help:"Measure a server under load, and prove that it delivers exactly."`
	Migrate     migrateCommand     `cmd:"" help:"Bring the archive's schema up or down, or tell where it stands."`
	Backup      backupCommand      `cmd:"" help:"Copy the SQLite archive while the server goes on."`
	Export      exportCommand      `cmd:"" help:"Write stored events as lines of JSON."`
	Version     versionCommand     `cmd:"" help:"Print the version."`
	Settings    settingsCommand    `cmd:"" hidden:"" help:"Print the settings as a table in Markdown."`
}

// output is where commands write.
type output struct{ stdout, stderr io.Writer }

// redisFlag is the Redis that a tool works on.
type redisFlag struct {
	RedisURL string `name:"redis-url" env:"REDIS_URL" required:"" placeholder:"URL" help:"The Redis, redis://host:port or rediss://."`
}

// errUsage marks errors of the command line and the settings.
var errUsage = errors.New("see --help")

// status returns the exit status for a command's error.
func status(err error) int {
	switch {
	case err == nil:
		return 0
	case errors.Is(err, errUsage):
		return 2
	}
	return 1
}

// usage marks err as the caller's mistake.
func usage(err error) error { return fmt.Errorf("%w (%w)", err, errUsage) }
