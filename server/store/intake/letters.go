package intake

import (
	"context"
	"fmt"
	"time"

	"github.com/uptrace/bun"

	"tierboard/server/store/ask"
	"tierboard/server/store/model"
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
func (i *Intake) AddDeadLetters(ctx context.Context, letters []DeadLetter) (err error) {
	if len(letters) == 0 {
		return nil
	}
	defer i.db.Timed("dead_letters", time.Now(), &err)
	rows := make([]letterRow, len(letters))
	for at, l := range letters {
		rows[at] = letterRow{
			ReceivedAt: model.Millis(l.ReceivedAt), Channel: model.Clean(l.Channel), Reason: model.Clean(l.Reason), Detail: model.Clean(l.Detail),
			Size: l.Size, Head: model.Clean(l.Head),
		}
	}
	if _, err := i.db.NewInsert().Model(&rows).Returning("NULL").Exec(ctx); err != nil {
		return fmt.Errorf("store dead letters: %w", err)
	}
	return nil
}

// DeadLetters returns at most limit dead letters, the newest first; before is the ID of the last one of the page before, or 0.
func (i *Intake) DeadLetters(ctx context.Context, before int64, limit int) (letters []DeadLetter, err error) {
	defer i.db.Timed("dead_letters", time.Now(), &err)
	var rows []letterRow
	q := i.db.NewSelect().Model(&rows).Order("id DESC").Limit(int64(min(max(limit, 1), ask.MaxLimit)))
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
