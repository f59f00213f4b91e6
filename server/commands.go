package main

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"os"
	"runtime"
	"time"

	"github.com/alecthomas/kong"

	"tierboard/assets"
	"tierboard/server/config"
	"tierboard/server/daemon"
	"tierboard/server/demo"
	"tierboard/server/tape"
)

// commands is the command line.
type commands struct {
	Serve       serveCommand       `cmd:"" default:"withargs" help:"Run the server (the default)."`
	Demo        demoCommand        `cmd:"" help:"Publish invented detections on a Redis."`
	Record      recordCommand      `cmd:"" help:"Write down what a Redis carries."`
	Replay      replayCommand      `cmd:"" help:"Publish a recording again."`
	Healthcheck healthcheckCommand `cmd:"" help:"Ask a running server whether it lives; the exit status is the answer."`
	Version     versionCommand     `cmd:"" help:"Print the version."`
	Settings    settingsCommand    `cmd:"" hidden:"" help:"Print the settings as a table in Markdown."`
}

// output is where commands write.
type output struct{ stdout, stderr io.Writer }

// serveCommand runs the server.
type serveCommand struct {
	config.Config

	PrintConfig bool `name:"print-config" help:"Print every setting with its value and where it comes from, and exit."`
}

// Run serves until ctx ends.
func (c *serveCommand) Run(ctx context.Context, parsed *kong.Context, out *output) error {
	// The parser has called Validate.
	if c.PrintConfig {
		return config.Print(out.stdout, config.Settings(c.Config, originOf(parsed)))
	}
	log, err := newLog(out.stderr, c.Config)
	if err != nil {
		return usage(err)
	}
	return daemon.Run(ctx, daemon.Config{Settings: c.Config, Stdout: out.stdout}, log)
}

// originOf tells where a flag's value comes from.
func originOf(parsed *kong.Context) func(flag string) config.Origin {
	origins := make(map[string]config.Origin)
	for _, flag := range parsed.Flags() {
		for _, name := range flag.Envs {
			if _, ok := os.LookupEnv(name); ok {
				origins[flag.Name] = config.FromEnvironment
			}
		}
	}
	for _, step := range parsed.Path {
		if step.Flag != nil && !step.Resolved {
			origins[step.Flag.Name] = config.FromFlag
		}
	}
	return func(flag string) config.Origin {
		if origin, ok := origins[flag]; ok {
			return origin
		}
		return config.FromDefault
	}
}

// redisFlag is the Redis that a tool works on.
type redisFlag struct {
	RedisURL string `name:"redis-url" env:"REDIS_URL" required:"" placeholder:"URL" help:"The Redis, redis://host:port or rediss://."`
}

// demoCommand publishes invented detections.
type demoCommand struct {
	redisFlag

	Seed  uint64  `default:"1" help:"Chooses the market; equal seeds give equal feeds."`
	Speed float64 `default:"2" help:"Simulated minutes a second, 0.1 to 1000."`
}

// Run publishes until ctx ends.
func (c *demoCommand) Run(ctx context.Context, out *output) error {
	d, err := demo.New(demo.Config{Redis: c.RedisURL, Seed: c.Seed, Speed: c.Speed}, toolLog(out.stderr))
	if err != nil {
		return usage(err)
	}
	return d.Run(ctx)
}

// recordCommand writes a tape.
type recordCommand struct {
	redisFlag

	File     string   `arg:"" help:"File to write; it must not exist yet."`
	Channels []string `env:"TIERBOARD_REDIS_CHANNELS" default:"${redis_channels}" placeholder:"CHANNEL" help:"Channels to record."`
	Patterns []string `env:"TIERBOARD_REDIS_PATTERNS" placeholder:"GLOB" help:"Channel patterns to record as well."`
	MaxMB    int64    `name:"max-mb" default:"1024" help:"Size at which the recording ends, in MB; 0 for no bound."`
}

// Run records until ctx ends.
func (c *recordCommand) Run(ctx context.Context, out *output) (err error) {
	file, err := os.OpenFile(c.File, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644)
	if err != nil {
		return fmt.Errorf("record: %w", err)
	}
	cfg := tape.RecordConfig{Redis: c.RedisURL, Channels: c.Channels, Patterns: c.Patterns, MaxBytes: c.MaxMB << 20}
	tally, err := tape.Record(ctx, cfg, file, toolLog(out.stderr))
	if closing := file.Close(); err == nil && closing != nil {
		err = fmt.Errorf("record: %w", closing)
	}
	fmt.Fprintf(out.stdout, "%d messages, %d bytes, %d gaps\n", tally.Messages, tally.Bytes, tally.Gaps)
	return err
}

// replayCommand plays a tape.
type replayCommand struct {
	redisFlag

	File   string        `arg:"" help:"File to play."`
	Speed  string        `default:"1" help:"How many times faster than recorded, or max."`
	MaxGap time.Duration `name:"max-gap" default:"0s" help:"Longest pause between two messages; 0s for as recorded."`
}

// Run plays to the end of the tape or until ctx ends.
func (c *replayCommand) Run(ctx context.Context, out *output) error {
	speed, err := tape.ParseSpeed(c.Speed)
	if err != nil {
		return usage(fmt.Errorf("--speed: %w", err))
	}
	file, err := os.Open(c.File)
	if err != nil {
		return fmt.Errorf("replay: %w", err)
	}
	defer file.Close()
	tally, err := tape.Replay(ctx, tape.ReplayConfig{Redis: c.RedisURL, Speed: speed, MaxGap: c.MaxGap}, file)
	fmt.Fprintf(out.stdout, "%d messages, %d bytes\n", tally.Messages, tally.Bytes)
	return err
}

// versionCommand tells what this binary is.
type versionCommand struct{}

// Run prints the hash of the embedded page, which is what a browser compares, and the compiler.
func (versionCommand) Run(out *output) error {
	_, err := fmt.Fprintf(out.stdout, "tierboard %s %s %s/%s\n", assets.Version(), runtime.Version(), runtime.GOOS, runtime.GOARCH)
	return err
}

// settingsCommand describes the settings.
type settingsCommand struct{}

// Run prints the table that the README shows.
func (settingsCommand) Run(out *output) error {
	return config.Table(out.stdout, config.Settings(config.Default(), nil))
}

// toolLog is the log of commands for people at a terminal.
func toolLog(w io.Writer) *slog.Logger {
	log, err := newLog(w, config.Default())
	if err != nil {
		return slog.New(slog.DiscardHandler)
	}
	return log
}
