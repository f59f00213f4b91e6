package intake

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/uptrace/bun"

	"tierboard/server/store/model"
	"tierboard/shared/event"
)

// Known reports whether an event is stored, or one of the same detection with another id.
func (i *Intake) Known(ctx context.Context, e *event.Event) (known bool, err error) {
	for _, text := range [...]string{e.ID, e.Symbol, e.Pattern, string(e.Kind), e.Timeframe} {
		if strings.ContainsRune(text, 0) || !utf8.ValidString(text) {
			return false, nil // no stored event holds it
		}
	}
	defer i.db.Timed("known", time.Now(), &err)
	err = i.db.NewRaw("SELECT EXISTS (SELECT 1 FROM events WHERE id = ?) OR EXISTS (SELECT 1 FROM events WHERE tier = ? AND symbol = ? "+
		"AND detected_at = ? AND pattern = ? AND timeframe = ? AND kind = ?)",
		e.ID, int16(e.Tier), e.Symbol, e.DetectedAt.UnixMilli(), e.Pattern, e.Timeframe, string(e.Kind)).Scan(ctx, &known)
	if err != nil {
		return false, fmt.Errorf("look an event up: %w", err)
	}
	return known, nil
}

// NewestDetection returns when the stored event that was detected last was, in milliseconds as they are stored; the zero time
// if there is none.
func (i *Intake) NewestDetection(ctx context.Context) (at time.Time, err error) {
	defer i.db.Timed("known", time.Now(), &err)
	parts := make([]string, event.Combo+1)
	for tier := range parts {
		parts[tier] = fmt.Sprintf("SELECT MAX(detected_at) AS newest FROM events WHERE tier = %d", tier)
	}
	var newest sql.NullInt64
	if err := i.db.NewRaw("SELECT MAX(newest) FROM ("+strings.Join(parts, " UNION ALL ")+") AS t").Scan(ctx, &newest); err != nil {
		return time.Time{}, fmt.Errorf("read the newest detection: %w", err)
	}
	if !newest.Valid {
		return time.Time{}, nil
	}
	return time.UnixMilli(newest.Int64).UTC(), nil
}

// positionRow is how far a stream was read.
type positionRow struct {
	bun.BaseModel `bun:"table:ingest_positions,alias:ingest_positions"`

	Stream    string `bun:",pk"`
	LastID    string
	UpdatedAt int64
}

// Position returns the id of the last entry of a stream that was read, or "" if none was.
func (i *Intake) Position(ctx context.Context, stream string) (id string, err error) {
	defer i.db.Timed("positions", time.Now(), &err)
	err = i.db.NewSelect().Model((*positionRow)(nil)).Column("last_id").Where("stream = ?", model.Clean(stream)).Scan(ctx, &id)
	if errors.Is(err, sql.ErrNoRows) {
		return "", nil
	}
	return id, err
}

// SetPosition stores how far a stream was read. Whoever calls it makes sure first that all that came before is kept.
func (i *Intake) SetPosition(ctx context.Context, stream, id string) (err error) {
	defer i.db.Timed("positions", time.Now(), &err)
	row := positionRow{Stream: model.Clean(stream), LastID: model.Clean(id), UpdatedAt: time.Now().UnixMilli()}
	if _, err := i.db.NewInsert().Model(&row).On("CONFLICT (stream) DO UPDATE").
		Set("last_id = EXCLUDED.last_id, updated_at = EXCLUDED.updated_at").Exec(ctx); err != nil {
		return fmt.Errorf("store the position of a stream: %w", err)
	}
	return nil
}
