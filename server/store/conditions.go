package store

import (
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/uptrace/bun"

	"tierboard/server/store/model"
	"tierboard/shared/event"
)

// longList is how many values make a list a long one.
const longList = 20

// condition is one restriction on a row.
type condition struct {
	column string // the one column it looks at
	sql    string
	args   []any
	rng    bool   // a range of the column, so that an index over it can serve it
	long   bool   // a list of many values
	index  string // the index whose streams say the same, if there is one
}

// conditions are a question taken apart: what the indexes are chosen by, and every restriction.
type conditions struct {
	tiers    []int16  // never empty
	symbols  []string // wanted ones; empty for any
	patterns []string
	band     event.Priority // the least band an event can have
	all      []condition
	nothing  bool // no event can match
}

// conditionsOf takes a question apart. It errs on a cursor that is none.
func conditionsOf(q Query) (conditions, error) {
	f := q.Filter
	c := conditions{tiers: []int16{0, 1, 2, 3}}
	if len(f.Kinds) == 1 && f.Kinds[0] == event.Pattern {
		c.tiers = c.tiers[1:] // a pattern always has a tier
	}
	if len(f.Tiers) > 0 {
		c.tiers = slices.DeleteFunc(c.tiers, func(t int16) bool { return !slices.Contains(f.Tiers, event.Tier(t)) }) //nolint:gosec // 0 to 3
	}
	set(&c, "kind", f.Kinds)
	if c.symbols = set(&c, "symbol", f.Symbols); len(c.symbols) > 0 {
		c.last().index = bySymbol
	}
	if c.patterns = set(&c, "pattern", f.Patterns); len(c.patterns) > 0 {
		c.last().index = byPattern
	}
	set(&c, "timeframe", f.Timeframes)
	set(&c, "session", f.Sessions)
	set(&c, "direction", f.Directions)
	if x := model.Sane(f.ExcludeSymbols); len(x) > 0 {
		c.add("symbol", false, "symbol NOT IN (?)", bun.List(x))
		c.last().long = len(x) >= longList
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
	c.band = max(f.PriorityMin, event.PriorityOf(f.ConfidenceMin))
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
	case Active:
		c.add("expires_at", true, "expires_at > ?", q.Now.UnixMilli())
	case Expired:
		c.add("expires_at", true, "expires_at <= ?", q.Now.UnixMilli())
	case AnyStatus:
	}
	if q.SessionDate != "" {
		c.add("session_date", false, "session_date = ?", q.SessionDate)
		c.last().index = bySession
	}
	for d, want := range f.Extra {
		c.extra(d, want)
	}
	if q.After != nil {
		v, err := q.After.value(q.Sort)
		if err != nil {
			return c, err
		}
		column, down := q.Sort.column()
		op := ">"
		if down {
			op = "<"
		}
		c.add(column, true, "("+column+", id) "+op+" (?, ?)", v, q.After.ID)
	}
	c.nothing = c.nothing || len(c.tiers) == 0
	return c, nil
}

// add notes a restriction.
func (c *conditions) add(column string, rng bool, sql string, args ...any) {
	c.all = append(c.all, condition{column: column, sql: sql, args: args, rng: rng})
}

// last is the restriction noted last.
func (c *conditions) last() *condition { return &c.all[len(c.all)-1] }

// has reports whether a column is restricted to a range.
func (c *conditions) has(column string) bool {
	return slices.ContainsFunc(c.all, func(x condition) bool { return x.rng && x.column == column })
}

// set restricts a column to values, unless there are none, and returns those that can occur.
func set[T ~string](c *conditions, column string, values []T) []string {
	if len(values) == 0 {
		return nil
	}
	s := model.Sane(values)
	if len(s) == 0 {
		c.nothing = true
		return nil
	}
	c.add(column, false, column+" IN (?)", bun.List(s))
	c.last().long = len(s) >= longList
	return s
}

// extra restricts a further dimension.
func (c *conditions) extra(d event.Dim, want []string) {
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
		c.tiers = slices.DeleteFunc(c.tiers, func(t int16) bool { return !slices.Contains(want, event.Tier(t).String()) }) //nolint:gosec // 0 to 3
		return
	}
	if !utf8.ValidString(string(d)) { // no stored event has such a dimension
		c.nothing = c.nothing || !slices.Contains(want, "")
		return
	}
	var parts []string
	var args []any
	for _, v := range want {
		if !utf8.ValidString(v) {
			continue
		}
		line, _ := model.FacetLines(map[event.Dim]string{d: v})
		parts, args = append(parts, "POSITION_OF(facets, ?) > 0"), append(args, line)
		if v == "" { // also what an event without the dimension has
			parts, args = append(parts, "POSITION_OF(facets, ?) = 0"), append(args, model.FacetName(d))
		}
	}
	if len(parts) == 0 {
		c.nothing = true
		return
	}
	c.add("facets", false, "("+strings.Join(parts, " OR ")+")", args...)
}

// positionOf is the name of the function that finds text in text.
func (s *Store) positionOf(sql string) string {
	if s.db.SQLite() {
		return strings.ReplaceAll(sql, "POSITION_OF", "INSTR")
	}
	return strings.ReplaceAll(sql, "POSITION_OF", "STRPOS")
}
