package main

import (
	"io"
	"log/slog"
	"os"

	"github.com/lmittmann/tint"

	"tierboard/server/config"
)

// newLog returns the log that the settings ask for. Text is coloured when w is a terminal.
func newLog(w io.Writer, c config.Config) (*slog.Logger, error) {
	level, err := c.Level()
	if err != nil {
		return nil, err
	}
	if c.LogFormat == "json" {
		return slog.New(slog.NewJSONHandler(w, &slog.HandlerOptions{Level: level, ReplaceAttr: spellDurations})), nil
	}
	return slog.New(tint.NewTextHandler(w, &tint.Options{Level: level, TimeFormat: "15:04:05.000", NoColor: !terminal(w)})), nil
}

// spellDurations writes durations with their unit; the default is a bare number of nanoseconds.
func spellDurations(_ []string, a slog.Attr) slog.Attr {
	if a.Value.Kind() == slog.KindDuration {
		a.Value = slog.StringValue(a.Value.Duration().String())
	}
	return a
}

// terminal reports whether w is a screen with somebody before it.
func terminal(w io.Writer) bool {
	file, ok := w.(*os.File)
	if !ok || os.Getenv("NO_COLOR") != "" {
		return false
	}
	info, err := file.Stat()
	return err == nil && info.Mode()&os.ModeCharDevice != 0
}

// toolLog is the log of commands for people at a terminal.
func toolLog(w io.Writer) *slog.Logger {
	log, err := newLog(w, config.Default())
	if err != nil {
		return slog.New(slog.DiscardHandler)
	}
	return log
}
