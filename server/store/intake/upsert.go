package intake

import (
	"context"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/uptrace/bun"

	"tierboard/server/store/model"
	"tierboard/shared/event"
)

// mostBatchBytes is how large the bodies of one statement get, except that one row always fits.
const mostBatchBytes = 8 << 20

// updates are the columns that a later copy of an event replaces: all but the id.
const updates = "kind = EXCLUDED.kind, tier = EXCLUDED.tier, symbol = EXCLUDED.symbol, pattern = EXCLUDED.pattern, " +
	"timeframe = EXCLUDED.timeframe, direction = EXCLUDED.direction, confidence = EXCLUDED.confidence, " +
	"priority = EXCLUDED.priority, band = EXCLUDED.band, session = EXCLUDED.session, session_date = EXCLUDED.session_date, " +
	"detected_at = EXCLUDED.detected_at, received_at = EXCLUDED.received_at, published_at = EXCLUDED.published_at, " +
	"expires_at = EXCLUDED.expires_at, updated_at = EXCLUDED.updated_at, seq = EXCLUDED.seq, epoch = EXCLUDED.epoch, " +
	"facets = EXCLUDED.facets, body = EXCLUDED.body"

// OnStored calls do for every batch of events that Upsert has stored, before Upsert returns; not for those that it refused. do
// must be quick and may run in several goroutines at once.
func (i *Intake) OnStored(do func(events []*event.Event)) {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.stored = append(i.stored, do)
}

// tellStored calls whoever wants to know that events are stored.
func (i *Intake) tellStored(events []*event.Event) {
	i.mu.Lock()
	told := slices.Clone(i.stored)
	i.mu.Unlock()
	for _, do := range told {
		do(events)
	}
}

// Upsert stores events. One that is there already is replaced if the new copy was received later, so that calling it
// again changes nothing, and the order of calls does not matter. Events that no database could hold are refused: counted,
// kept as a dead letter, and no error. On an error some of the events may have been stored; the caller tries again.
func (i *Intake) Upsert(ctx context.Context, events []*event.Event) (err error) {
	defer i.db.Timed("upsert", time.Now(), &err)
	now := time.Now()
	at := make(map[string]int, len(events))
	rows := make([]model.Event, 0, len(events))
	var refused []DeadLetter
	kept := make([]*event.Event, 0, len(events))
	for _, e := range events {
		row, err := model.NewEvent(e, i.epoch, now)
		if err != nil {
			refused = append(refused, DeadLetter{ReceivedAt: now, Channel: "archive", Reason: "refused", Detail: err.Error(), Head: e.ID})
			continue
		}
		kept = append(kept, e)
		first, twice := at[row.ID]
		switch {
		case !twice:
			at[row.ID] = len(rows)
			rows = append(rows, row)
		case row.ReceivedAt > rows[first].ReceivedAt: // one statement may touch a row once
			rows[first] = row
		}
	}
	if err := i.learn(ctx, rows); err != nil {
		return fmt.Errorf("store symbols: %w", err)
	}
	for len(rows) > 0 {
		n, size := 0, 0
		for n < len(rows) && (n == 0 || size+len(rows[n].Body) <= mostBatchBytes) {
			size += len(rows[n].Body)
			n++
		}
		part := rows[:n]
		rows = rows[n:]
		if _, err := i.db.NewInsert().Model(&part).On("CONFLICT (id) DO UPDATE").Set(updates).
			Where("EXCLUDED.received_at > events.received_at").Exec(ctx); err != nil {
			return fmt.Errorf("store events: %w", err)
		}
	}
	i.tellStored(kept)
	if len(refused) > 0 {
		i.m.ArchiveDropped.WithLabelValues("refused").Add(float64(len(refused)))
		i.log.Warn("events that cannot be stored", slog.Int("events", len(refused)), slog.String("first", refused[0].Detail))
		return i.AddDeadLetters(ctx, refused)
	}
	return nil
}

// mostKnown bounds the memory about which symbols are stored; beyond it they are only stored again.
const mostKnown = 100_000

// symbolRow is a symbol that was seen.
type symbolRow struct {
	bun.BaseModel `bun:"table:symbols"`
	Symbol        string `bun:",pk"`
}

// learn stores symbols that are new.
func (i *Intake) learn(ctx context.Context, rows []model.Event) error {
	var fresh []string
	i.mu.Lock()
	for _, r := range rows {
		if _, ok := i.known[r.Symbol]; !ok && r.Symbol != "" {
			fresh = append(fresh, r.Symbol)
		}
	}
	i.mu.Unlock()
	if len(fresh) == 0 {
		return nil
	}
	slices.Sort(fresh) // in one order, so that two servers cannot wait for each other
	fresh = slices.Compact(fresh)
	models := make([]symbolRow, len(fresh))
	for at, sym := range fresh {
		models[at].Symbol = sym
	}
	if _, err := i.db.NewInsert().Model(&models).On("CONFLICT (symbol) DO NOTHING").Exec(ctx); err != nil {
		return err
	}
	i.mu.Lock()
	defer i.mu.Unlock()
	if len(i.known)+len(fresh) > mostKnown {
		clear(i.known)
	}
	for _, sym := range fresh {
		i.known[sym] = struct{}{}
	}
	return nil
}

// SeenSymbols returns at most limit of the symbols that ever had an event and begin with prefix, in order.
func (i *Intake) SeenSymbols(ctx context.Context, prefix string, limit int) (symbols []string, err error) {
	if !utf8.ValidString(prefix) || strings.ContainsRune(prefix, 0) || limit < 1 {
		return nil, nil
	}
	defer i.db.Timed("symbols", time.Now(), &err)
	err = i.db.NewSelect().Model((*symbolRow)(nil)).Column("symbol").
		Where("symbol >= ? AND symbol < ?", prefix, prefix+"\U0010FFFF").Order("symbol").Limit(int64(limit)).Scan(ctx, &symbols)
	return symbols, err
}
