// Package outcome is what became of events: it stores what the producer tells, finds the event that it is about, and knows when one
// was a success.
package outcome

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"time"

	"github.com/uptrace/bun"

	"tierboard/server/classify/found"
	"tierboard/server/store/connect"
	"tierboard/server/store/model"
	"tierboard/shared/event"
)

// outcomeRow is what became of an event.
type outcomeRow struct {
	bun.BaseModel `bun:"table:outcomes,alias:outcomes"`

	// Ref is "e:" and the event's id once the event is known; before that it is made of what the producer said.
	Ref          string `bun:",pk"`
	EventID      *string
	Symbol       string
	Pattern      string
	DetectedAt   int64    // the event's, once it is known
	Refs         string   // the producer's ids as a JSON list
	Value1d      *float64 `bun:"value_1d"`
	Value5d      *float64 `bun:"value_5d"`
	Value30d     *float64 `bun:"value_30d"`
	Success1d    *int16   `bun:"success_1d"`
	Success5d    *int16   `bun:"success_5d"`
	Success30d   *int16   `bun:"success_30d"`
	CalculatedAt int64
	UpdatedAt    int64
	Source       string
}

// Ledger holds the outcomes. Any number of goroutines may use it.
type Ledger struct{ db *connect.DB }

// New returns the ledger of an open database, which the caller closes.
func New(db *connect.DB) *Ledger { return &Ledger{db} }

// mostOutcomes is how many outcomes are looked at in one query.
const mostOutcomes = 200

// nearest is how far the detection times of an outcome and its event may lie apart, in milliseconds.
const nearest = 1000

// AddOutcomes stores what became of events and returns how many of them belong to no event that is stored; those are kept, and
// Rematch tries again. A later outcome of the same event adds to what is known: nothing that was known is forgotten, and
// what was calculated later wins.
func (l *Ledger) AddOutcomes(ctx context.Context, outcomes []found.Outcome) (unmatched int, err error) {
	defer l.db.Timed("outcomes", time.Now(), &err)
	now := time.Now().UnixMilli()
	rows := make([]outcomeRow, 0, len(outcomes))
	for _, o := range outcomes {
		refs := make([]string, 0, len(o.Refs))
		for _, r := range o.Refs {
			refs = append(refs, model.Clean(r))
		}
		list, err := json.Marshal(refs)
		if err != nil {
			return 0, fmt.Errorf("store an outcome: %w", err)
		}
		r := outcomeRow{
			Symbol: model.Clean(o.Symbol), Pattern: model.Clean(o.Pattern), DetectedAt: model.Millis(o.DetectedAt), Refs: string(list),
			CalculatedAt: model.Millis(o.CalculatedAt), UpdatedAt: now, Source: model.Clean(o.Source),
		}
		values, successes := r.horizons()
		for h := range o.Horizons {
			if v, ok := o.Horizons[h].Value.Get(); ok {
				*values[h] = &v
			}
			if ok := o.Horizons[h].Success; ok != nil {
				n := int16(0)
				if *ok {
					n = 1
				}
				*successes[h] = &n
			}
		}
		rows = append(rows, r)
	}
	for chunk := range slices.Chunk(rows, mostOutcomes) {
		n, err := l.match(ctx, l.db, chunk)
		if err != nil {
			return unmatched, fmt.Errorf("match outcomes: %w", err)
		}
		unmatched += len(chunk) - n
		if err := putOutcomes(ctx, l.db, chunk); err != nil {
			return unmatched, err
		}
	}
	return unmatched, nil
}

// horizons returns where a row keeps its values and verdicts, by horizon.
func (r *outcomeRow) horizons() ([3]**float64, [3]**int16) {
	return [3]**float64{found.Day1: &r.Value1d, found.Day5: &r.Value5d, found.Day30: &r.Value30d},
		[3]**int16{found.Day1: &r.Success1d, found.Day5: &r.Success5d, found.Day30: &r.Success30d}
}

// putOutcomes stores rows, one at a time: several of a batch may be about the same event.
func putOutcomes(ctx context.Context, db bun.IDB, rows []outcomeRow) error {
	for i := range rows {
		q := db.NewInsert().Model(&rows[i]).On("CONFLICT (ref) DO UPDATE").Returning("NULL")
		for _, c := range []string{"value_1d", "value_5d", "value_30d", "success_1d", "success_5d", "success_30d"} {
			q = q.Set("? = CASE WHEN EXCLUDED.calculated_at >= outcomes.calculated_at THEN COALESCE(EXCLUDED.?, outcomes.?) "+
				"ELSE COALESCE(outcomes.?, EXCLUDED.?) END", bun.Ident(c), bun.Ident(c), bun.Ident(c), bun.Ident(c), bun.Ident(c))
		}
		q = q.Set("calculated_at = CASE WHEN EXCLUDED.calculated_at >= outcomes.calculated_at THEN EXCLUDED.calculated_at " +
			"ELSE outcomes.calculated_at END").Set("updated_at = EXCLUDED.updated_at")
		if _, err := q.Exec(ctx); err != nil {
			return fmt.Errorf("store an outcome: %w", err)
		}
	}
	return nil
}

// target is what an outcome needs to know of its event.
type target struct {
	ID         string
	Symbol     string
	Pattern    string
	DetectedAt int64
}

// match finds the events of outcomes, notes them and returns how many it found.
func (l *Ledger) match(ctx context.Context, db bun.IDB, rows []outcomeRow) (int, error) {
	refs := make([][]string, len(rows))
	var all []string
	for i := range rows {
		if err := json.Unmarshal([]byte(rows[i].Refs), &refs[i]); err != nil {
			return 0, err
		}
		all = append(all, refs[i]...)
	}
	byID := map[string]target{}
	if len(all) > 0 {
		var known []target
		if err := db.NewSelect().Table("events").Column("id", "symbol", "pattern", "detected_at").
			Where("id IN (?)", bun.List(all)).Scan(ctx, &known); err != nil {
			return 0, err
		}
		for _, t := range known {
			byID[t.ID] = t
		}
	}
	matched := 0
	for i := range rows {
		r := &rows[i]
		var t target
		for _, ref := range refs[i] {
			if t = byID[ref]; t.ID != "" {
				break
			}
		}
		if t.ID == "" && r.Symbol != "" && r.Pattern != "" && r.DetectedAt != 0 {
			var near []target
			if err := db.NewSelect().Table("events").Column("id", "symbol", "pattern", "detected_at").
				Where("tier IN (1, 2, 3) AND symbol = ? AND pattern = ?", r.Symbol, r.Pattern).
				Where("detected_at BETWEEN ? AND ?", r.DetectedAt-nearest, r.DetectedAt+nearest).
				OrderExpr("ABS(detected_at - ?), id", r.DetectedAt).Limit(1).Scan(ctx, &near); err != nil {
				return matched, err
			}
			if len(near) == 1 {
				t = near[0]
			}
		}
		switch {
		case t.ID != "":
			matched++
			r.Ref, r.EventID, r.Symbol, r.Pattern, r.DetectedAt = "e:"+t.ID, &t.ID, t.Symbol, t.Pattern, t.DetectedAt
		case len(refs[i]) > 0:
			r.Ref = "r:" + refs[i][0]
		default:
			r.Ref = "s:" + r.Symbol + " " + r.Pattern + " " + strconv.FormatInt(r.DetectedAt, 10)
		}
	}
	return matched, nil
}

// Rematch looks for the events of outcomes that came before them, and returns how many it found.
func (l *Ledger) Rematch(ctx context.Context) (matched int, err error) {
	defer l.db.Timed("rematch", time.Now(), &err)
	after := ""
	for {
		var rows []outcomeRow
		if err := l.db.NewSelect().Model(&rows).Where("event_id IS NULL AND ref > ?", after).Order("ref").
			Limit(mostOutcomes).Scan(ctx); err != nil {
			return matched, fmt.Errorf("match outcomes: %w", err)
		}
		if len(rows) == 0 {
			return matched, nil
		}
		after = rows[len(rows)-1].Ref
		old := make([]string, len(rows))
		for i := range rows {
			old[i] = rows[i].Ref
		}
		if _, err := l.match(ctx, l.db, rows); err != nil {
			return matched, fmt.Errorf("match outcomes: %w", err)
		}
		for i := range rows {
			if rows[i].EventID == nil {
				continue
			}
			if err := l.db.RunInTx(ctx, nil, func(ctx context.Context, tx bun.Tx) error {
				if err := putOutcomes(ctx, tx, rows[i:i+1]); err != nil {
					return err
				}
				_, err := tx.NewDelete().Model((*outcomeRow)(nil)).Where("ref = ?", old[i]).Exec(ctx)
				return err
			}); err != nil {
				return matched, fmt.Errorf("match outcomes: %w", err)
			}
			matched++
		}
	}
}

// Unmatched returns how many outcomes belong to no event that is stored.
func (l *Ledger) Unmatched(ctx context.Context) (int, error) {
	n, err := l.db.NewSelect().Model((*outcomeRow)(nil)).Where("event_id IS NULL").Count(ctx)
	return int(n), err
}

// Outcome is what is known about one event's future.
type Outcome struct {
	Returns      [3]event.Number // percent, by horizon: found.Day1 and so on
	Successes    [3]*bool        // the verdict, by the rule of Verdict; nil while unknown
	CalculatedAt time.Time
}

// Outcomes returns what became of events, by id; those of which nothing is known are left out.
func (l *Ledger) Outcomes(ctx context.Context, ids []string) (known map[string]Outcome, err error) {
	ids = model.Sane(ids)
	known = map[string]Outcome{}
	if len(ids) == 0 {
		return known, nil
	}
	defer l.db.Timed("outcomes", time.Now(), &err)
	var rows []struct {
		outcomeRow
		Direction string
	}
	if err := l.db.NewSelect().Model((*outcomeRow)(nil)).Column("outcomes.*").ColumnExpr("e.direction").
		Join("JOIN events AS e ON e.id = outcomes.event_id").Where("outcomes.event_id IN (?)", bun.List(ids)).Scan(ctx, &rows); err != nil {
		return nil, fmt.Errorf("read outcomes: %w", err)
	}
	for i := range rows {
		r := &rows[i].outcomeRow
		o := Outcome{CalculatedAt: model.FromMillis(r.CalculatedAt)}
		values, successes := r.horizons()
		for h := range values {
			if v := *values[h]; v != nil {
				o.Returns[h] = event.Num(*v * 100)
			}
			if ok, known := Verdict(*values[h], *successes[h], rows[i].Direction); known {
				o.Successes[h] = &ok
			}
		}
		known[*r.EventID] = o
	}
	return known, nil
}

// Verdict says whether an event was a success: what the producer said, else whether the price went where the pattern
// pointed, up if it pointed nowhere.
func Verdict(value *float64, success *int16, direction string) (ok, known bool) {
	switch {
	case success != nil:
		return *success != 0, true
	case value == nil:
		return false, false
	case direction == string(event.Bearish):
		return *value < 0, true
	}
	return *value > 0, true
}
