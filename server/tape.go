package main

import (
	"context"
	"fmt"
	"os"
	"time"

	"tierboard/server/tape"
)

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
