package ingest

import (
	"context"
	"fmt"
	"log/slog"

	"github.com/redis/go-redis/v9"
)

// UseLog makes the Redis library write to log, at debug level: what matters of what it says comes back as an error too.
// Left alone it prints to standard error. The setting is the library's and holds for the process, so the program calls
// this once, at its start.
func UseLog(log *slog.Logger) { redis.SetLogger(libraryLog{log}) }

// libraryLog is a slog.Logger in the library's shape.
type libraryLog struct{ log *slog.Logger }

// Printf logs one line.
func (l libraryLog) Printf(ctx context.Context, format string, args ...any) {
	if l.log.Enabled(ctx, slog.LevelDebug) {
		l.log.DebugContext(ctx, "redis library", slog.String("said", fmt.Sprintf(format, args...)))
	}
}
