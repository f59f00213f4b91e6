// Package where is a question taken apart: the restrictions that a stored event has to meet, in SQL, and what an index can be
// chosen by.
package where

import (
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/uptrace/bun"

	"tierboard/server/store/ask"
	"tierboard/server/store/model"
	"tierboard/server/store/walk"
	"tierboard/shared/event"
)

// The indexes over events; the migrations make them.
const (
	ByTime       = "events_time"
	BySymbol     = "events_symbol"
	ByPattern    = "events_pattern"
	ByBand       = "events_band"
	BySession    = "events_session"
	ByConfidence = "events_confidence"
	ByExpiry     = "events_expires"
	ByUpdate     = "events_updated"
)

// longList is how many values make a list a long one.
const longList = 20

// Conditions are a question taken apart: what the indexes are chosen by, and every restriction.
type Conditions struct {
	Tiers    []int16  // never empty
	Symbols  []string // wanted ones; empty for any
	Patterns []string
	Band     event.Priority // the least band an event can have
	All      []walk.Condition
	Nothing  bool // no event can match

	position string // the name of the function that finds text in text
}

// Of takes a question apart. sqlite says for which database. It errs on a cursor that is none.
func Of(q ask.Query, sqlite bool) (Conditions, error) {
	f := q.Filter
	c := Conditions{Tiers: []int16{0, 1, 2, 3}, position: "STRPOS"}
	if sqlite {
		c.position = "INSTR"
	}
	if len(f.Kinds) == 1 && f.Kinds[0] == event.Pattern {
		c.Tiers = c.Tiers[1:] // a pattern always has a tier
	}
	if len(f.Tiers) > 0 {
		c.Tiers = slices.DeleteFunc(c.Tiers, func(t int16) bool { return !slices.Contains(f.Tiers, event.Tier(t)) }) //nolint:gosec // 0 to 3
	}
	set(&c, "kind", f.Kinds)
	if c.Symbols = set(&c, "symbol", f.Symbols); len(c.Symbols) > 0 {
		c.last().Index = BySymbol
	}
	if c.Patterns = set(&c, "pattern", f.Patterns); len(c.Patterns) > 0 {
		c.last().Index = ByPattern
	}
	set(&c, "timeframe", f.Timeframes)
	set(&c, "session", f.Sessions)
	set(&c, "direction", f.Directions)
	if x := model.Sane(f.ExcludeSymbols); len(x) > 0 {
		c.add("symbol", false, "symbol NOT IN (?)", bun.List(x))
		c.last().Long = len(x) >= longList
	}
	if f.ConfidenceMin > 0 {
		c.add("confidence", true, "confidence >= ?", f.ConfidenceMin)
	}
	if f.ConfidenceMax > 0 {
		c.add("confidence", true, "confidence <= ?", f.ConfidenceMax)
	}
	if f.PriorityMin > event.Low {
		c.add("priority", false, "priority >= ?", int16(f.PriorityMin))
	}
	c.Band = max(f.PriorityMin, event.PriorityOf(f.ConfidenceMin))
	if !q.Since.IsZero() {
		c.add("detected_at", true, "detected_at >= ?", model.CeilMillis(q.Since))
	}
	if !q.Until.IsZero() {
		c.add("detected_at", true, "detected_at < ?", model.CeilMillis(q.Until))
	}
	if !q.UpdatedSince.IsZero() {
		c.add("updated_at", true, "updated_at >= ?", model.CeilMillis(q.UpdatedSince))
	}
	switch q.Status {
	case ask.Active:
		c.add("expires_at", true, "expires_at > ?", q.Now.UnixMilli())
	case ask.Expired:
		c.add("expires_at", true, "expires_at <= ?", q.Now.UnixMilli())
	case ask.AnyStatus:
	}
	if q.SessionDate != "" {
		c.add("session_date", false, "session_date = ?", q.SessionDate)
		c.last().Index = BySession
	}
	for d, want := range f.Extra {
		c.extra(d, want)
	}
	if q.After != nil {
		v, err := q.After.Value(q.Sort)
		if err != nil {
			return c, err
		}
		column, down := q.Sort.Column()
		op := ">"
		if down {
			op = "<"
		}
		c.add(column, true, "("+column+", id) "+op+" (?, ?)", v, q.After.ID)
	}
	c.Nothing = c.Nothing || len(c.Tiers) == 0
	return c, nil
}

// add notes a restriction.
func (c *Conditions) add(column string, rng bool, sql string, args ...any) {
	c.All = append(c.All, walk.Condition{Column: column, SQL: sql, Args: args, Range: rng})
}

// last is the restriction noted last.
func (c *Conditions) last() *walk.Condition { return &c.All[len(c.All)-1] }

// Has reports whether a column is restricted to a range.
func (c *Conditions) Has(column string) bool {
	return slices.ContainsFunc(c.All, func(x walk.Condition) bool { return x.Range && x.Column == column })
}

// set restricts a column to values, unless there are none, and returns those that can occur.
func set[T ~string](c *Conditions, column string, values []T) []string {
	if len(values) == 0 {
		return nil
	}
	s := model.Sane(values)
	if len(s) == 0 {
		c.Nothing = true
		return nil
	}
	c.add(column, false, column+" IN (?)", bun.List(s))
	c.last().Long = len(s) >= longList
	return s
}

// extra restricts a further dimension.
func (c *Conditions) extra(d event.Dim, want []string) {
	if len(want) == 0 {
		return
	}
	columns := map[event.Dim]string{
		event.DimKind: "kind", event.DimPattern: "pattern", event.DimSymbol: "symbol", event.DimTimeframe: "timeframe",
		event.DimSession: "session", event.DimDirection: "direction",
	}
	if column, ok := columns[d]; ok {
		set(c, column, want)
		return
	}
	if d == event.DimTier {
		c.Tiers = slices.DeleteFunc(c.Tiers, func(t int16) bool { return !slices.Contains(want, event.Tier(t).String()) }) //nolint:gosec // 0 to 3
		return
	}
	if !utf8.ValidString(string(d)) { // no stored event has such a dimension
		c.Nothing = c.Nothing || !slices.Contains(want, "")
		return
	}
	var parts []string
	var args []any
	for _, v := range want {
		if !utf8.ValidString(v) {
			continue
		}
		line, _ := model.FacetLines(map[event.Dim]string{d: v})
		parts, args = append(parts, c.position+"(facets, ?) > 0"), append(args, line)
		if v == "" { // also what an event without the dimension has
			parts, args = append(parts, c.position+"(facets, ?) = 0"), append(args, model.FacetName(d))
		}
	}
	if len(parts) == 0 {
		c.Nothing = true
		return
	}
	c.add("facets", false, "("+strings.Join(parts, " OR ")+")", args...)
}
