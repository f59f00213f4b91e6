// Package walk follows one index over the stored events along a number of streams, looks at a bounded number of rows, and says
// whether what it found is all there is.
package walk

import (
	"cmp"
	"slices"
)

// Condition is one restriction on a row.
type Condition struct {
	Column string // the one column it looks at
	SQL    string
	Args   []any
	Range  bool   // a range of the column, so that an index over it can serve it
	Long   bool   // a list of many values
	Index  string // the index whose streams say the same, if there is one
}

// Walk is one way to find a page: it follows an index along a number of streams, each a run of rows with equal leading
// columns, and looks at the other restrictions on the way.
type Walk struct {
	Index   string
	Equal   []string // the leading columns
	Streams [][]any  // their values, one entry a stream
	Sort    string   // what the answer is sorted by
	Down    bool
	Ordered bool // the index has the answer's order; else each stream is gathered whole and sorted
	Budget  int  // rows looked at, over all streams
	Limit   int  // hits wanted

	part int // hits wanted of each stream; 0 means Limit

	Inner, Outer []Condition // served by the index; looked at row by row
}

// wanted is how many hits are wanted of each stream.
func (w *Walk) wanted() int { return cmp.Or(w.part, w.Limit) }

// Hit is a row that was found: its sort key and id.
type Hit struct {
	Key    any // int64, float64 or string, the same for all of a question
	ID     string
	stream int // of its plan
}

// compareHits orders hits upwards.
func compareHits(a, b Hit) int {
	var by int
	switch x := a.Key.(type) {
	case int64:
		y, _ := b.Key.(int64)
		by = cmp.Compare(x, y)
	case float64:
		y, _ := b.Key.(float64)
		by = cmp.Compare(x, y)
	case string:
		y, _ := b.Key.(string)
		by = cmp.Compare(x, y)
	}
	return cmp.Or(by, cmp.Compare(a.ID, b.ID))
}

// share is how many rows may be looked at in one stream.
func (w *Walk) share() int { return max(w.Budget/max(len(w.Streams), 1), 50) }

// sorted puts hits into the answer's order and leaves at most w.Limit of them.
func (w *Walk) sorted(hits []Hit) []Hit {
	slices.SortFunc(hits, func(a, b Hit) int {
		if w.Down {
			return compareHits(b, a)
		}
		return compareHits(a, b)
	})
	return hits[:min(len(hits), w.Limit)]
}
