package channels

import (
	"fmt"
	"strings"
)

// Table finds the row of a channel. It never changes, and is safe for concurrent use.
type Table struct {
	byName map[string]*Row
	globs  []*Row // in the table's order; the first that fits counts
}

// NewTable returns the table of the rows, which are copied. The error names the row and the field that is wrong.
func NewTable(rows []Row) (Table, error) {
	t := Table{byName: make(map[string]*Row, len(rows))}
	for i := range rows {
		r := rows[i]
		if err := r.validate(); err != nil {
			return Table{}, fmt.Errorf("channels[%d].%w", i, err)
		}
		if r.Glob() {
			t.globs = append(t.globs, &r)
			continue
		}
		if t.byName[r.Channel] != nil {
			return Table{}, fmt.Errorf("channels[%d].channel: %q is there twice", i, r.Channel)
		}
		t.byName[r.Channel] = &r
	}
	return t, nil
}

// Row returns the row of a channel, or nil. It is the table's own.
func (t *Table) Row(channel string) *Row {
	if r := t.byName[channel]; r != nil {
		return r
	}
	for _, r := range t.globs {
		if fits(r.Channel, channel) {
			return r
		}
	}
	return nil
}

// fits reports whether a name is one of those the glob stands for. It goes back to the last star only, so it takes at
// most len(glob)·len(name) steps.
func fits(glob, name string) bool {
	g, n, star, back := 0, 0, -1, 0
	for n < len(name) {
		switch {
		case g < len(glob) && glob[g] == '*':
			star, back = g, n
			g++
		case g < len(glob) && (glob[g] == '?' || glob[g] == name[n]):
			g++
			n++
		case star >= 0:
			back++
			g, n = star+1, back
		default:
			return false
		}
	}
	return strings.Trim(glob[g:], "*") == ""
}
