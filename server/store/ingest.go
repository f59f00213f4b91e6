package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/uptrace/bun"

	"tierboard/server/store/ask"
	"tierboard/server/store/model"
	"tierboard/shared/event"
)

// DeadLetter is a message that is no event. All texts are the producer's and untrusted.
type DeadLetter struct {
	ID         int64     // position in the list; set by the store
	ReceivedAt time.Time // when it came in
	Channel    string    // where
	Reason     string    // one word
	Detail     string    // a sentence that names the field
	Size       int64     // bytes of the whole message
	Head       string    // its first bytes
}

// letterRow is a dead letter as it is stored.
type letterRow struct {
	bun.BaseModel `bun:"table:dead_letters"`

	ID         int64 `bun:",pk,autoincrement"`
	ReceivedAt int64
	Channel    string
	Reason     string
	Detail     string
	Size       int64
	Head       string
}

// AddDeadLetters keeps messages that are no event. Texts are cut and cleaned.
func (s *Store) AddDeadLetters(ctx context.Context, letters []DeadLetter) (err error) {
	if len(letters) == 0 {
		return nil
	}
	defer s.db.Timed("dead_letters", time.Now(), &err)
	rows := make([]letterRow, len(letters))
	for i, l := range letters {
		rows[i] = letterRow{
			ReceivedAt: model.Millis(l.ReceivedAt), Channel: model.Clean(l.Channel), Reason: model.Clean(l.Reason), Detail: model.Clean(l.Detail),
			Size: l.Size, Head: model.Clean(l.Head),
		}
	}
	if _, err := s.db.NewInsert().Model(&rows).Returning("NULL").Exec(ctx); err != nil {
		return fmt.Errorf("store dead letters: %w", err)
	}
	return nil
}

// DeadLetters returns at most limit dead letters, the newest first; before is the ID of the last one of the page before, or 0.
func (s *Store) DeadLetters(ctx context.Context, before int64, limit int) (letters []DeadLetter, err error) {
	defer s.db.Timed("dead_letters", time.Now(), &err)
	var rows []letterRow
	q := s.db.NewSelect().Model(&rows).Order("id DESC").Limit(int64(min(max(limit, 1), ask.MaxLimit)))
	if before > 0 {
		q = q.Where("id < ?", before)
	}
	if err := q.Scan(ctx); err != nil {
		return nil, fmt.Errorf("read dead letters: %w", err)
	}
	for _, r := range rows {
		letters = append(letters, DeadLetter{
			ID: r.ID, ReceivedAt: model.FromMillis(r.ReceivedAt), Channel: r.Channel, Reason: r.Reason, Detail: r.Detail, Size: r.Size, Head: r.Head,
		})
	}
	return letters, nil
}

// Known reports whether an event is stored, or one of the same detection with another id.
func (s *Store) Known(ctx context.Context, e *event.Event) (known bool, err error) {
	for _, text := range [...]string{e.ID, e.Symbol, e.Pattern, string(e.Kind), e.Timeframe} {
		if strings.ContainsRune(text, 0) || !utf8.ValidString(text) {
			return false, nil // no stored event holds it
		}
	}
	defer s.db.Timed("known", time.Now(), &err)
	err = s.db.NewRaw("SELECT EXISTS (SELECT 1 FROM events WHERE id = ?) OR EXISTS (SELECT 1 FROM events WHERE tier = ? AND symbol = ? "+
		"AND detected_at = ? AND pattern = ? AND timeframe = ? AND kind = ?)",
		e.ID, int16(e.Tier), e.Symbol, e.DetectedAt.UnixMilli(), e.Pattern, e.Timeframe, string(e.Kind)).Scan(ctx, &known)
	if err != nil {
		return false, fmt.Errorf("look an event up: %w", err)
	}
	return known, nil
}

// NewestDetection returns when the stored event that was detected last was, in milliseconds as they are stored; the zero time
// if there is none.
func (s *Store) NewestDetection(ctx context.Context) (at time.Time, err error) {
	defer s.db.Timed("known", time.Now(), &err)
	parts := make([]string, event.Combo+1)
	for tier := range parts {
		parts[tier] = fmt.Sprintf("SELECT MAX(detected_at) AS newest FROM events WHERE tier = %d", tier)
	}
	var newest sql.NullInt64
	if err := s.db.NewRaw("SELECT MAX(newest) FROM ("+strings.Join(parts, " UNION ALL ")+") AS t").Scan(ctx, &newest); err != nil {
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
func (s *Store) Position(ctx context.Context, stream string) (id string, err error) {
	defer s.db.Timed("positions", time.Now(), &err)
	err = s.db.NewSelect().Model((*positionRow)(nil)).Column("last_id").Where("stream = ?", model.Clean(stream)).Scan(ctx, &id)
	if errors.Is(err, sql.ErrNoRows) {
		return "", nil
	}
	return id, err
}

// SetPosition stores how far a stream was read. Whoever calls it makes sure first that all that came before is kept.
func (s *Store) SetPosition(ctx context.Context, stream, id string) (err error) {
	defer s.db.Timed("positions", time.Now(), &err)
	row := positionRow{Stream: model.Clean(stream), LastID: model.Clean(id), UpdatedAt: time.Now().UnixMilli()}
	if _, err := s.db.NewInsert().Model(&row).On("CONFLICT (stream) DO UPDATE").
		Set("last_id = EXCLUDED.last_id, updated_at = EXCLUDED.updated_at").Exec(ctx); err != nil {
		return fmt.Errorf("store the position of a stream: %w", err)
	}
	return nil
}
