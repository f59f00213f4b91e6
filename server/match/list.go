package match

import (
	"math"
	"slices"

	"tierboard/shared/filter"
)

// word is one entry of a list. From the highest bit down: the level of its minimum confidence (10), the ID (32), marks
// (2), kinds (8), priorities (4), tiers (8). So entries sorted as numbers ascend by level, those that an event can
// match are the beginning of a list, and an entry can be found again by binary search.
type word uint64

const (
	tierBits     word = 1
	priorityBits word = 1 << 8
	kindBits     word = 1 << 12
	allTiers          = 0xff * tierBits
	allKinds          = 0xff * kindBits

	// checked marks an entry that needs filter.Match on top of its bits.
	checked word = 1 << 20
	// several marks an ID with more than one filter, which may be met more than once.
	several word = 1 << 21
	special      = checked | several

	// lastBit is the bit that stands for every further tier or kind.
	lastBit = 7

	idShift    = 22
	levelShift = 54

	// levels is the number of steps in a confidence of 1; the levels beyond it, up to lastLevel, hold minimums that no
	// event reaches, or only in error.
	levels    = 1000
	lastLevel = 1<<(64-levelShift) - 1
)

// id returns whose entry it is.
func (w word) id() ID { return ID(w >> idShift) } //nolint:gosec // the 32 bits of the ID

// level returns the highest level that is not above a confidence of 0 or more: the division is what makes 0.7 of the level
// 700 the very number that a filter with 0.7 holds.
func level(c float64) int {
	l := int(min(max(c*levels, 0), lastLevel))
	for l < lastLevel && float64(l+1)/levels <= c {
		l++
	}
	for l > 0 && float64(l)/levels > c {
		l--
	}
	return l
}

// threshold returns the bits that a minimum confidence adds to an entry. A minimum that is not exactly that of its level
// is checked on the hit.
func threshold(minimum float64) word {
	if !(minimum >= 0) { // also what is no number, which restricts nothing
		return checked
	}
	l := level(minimum)
	w := word(l) << levelShift //nolint:gosec // not negative
	if float64(l)/levels != minimum {
		w |= checked
	}
	return w
}

// cell holds the entries of one pair of symbol and pattern. Most pairs are named by one filter only, so the first entry
// has its place in the cell itself, and moves out when there is a second one.
type cell struct {
	one  word // 0 for none: an entry always has bits
	many *column
}

// column holds entries in ascending order, those that need more than their bits apart from the others, so that the
// others can be scanned without a branch.
type column struct {
	plain   []word
	special []word
}

// insert adds an entry.
func (c *cell) insert(w word) {
	if c.many == nil {
		if c.one == 0 {
			c.one = w
			return
		}
		c.many = &column{}
		c.many.insert(c.one)
		c.one = 0
	}
	c.many.insert(w)
}

// remove takes an entry out, which must be in the cell, and reports whether that was the last.
func (c *cell) remove(w word) (empty bool) {
	if c.many == nil {
		c.one = 0
		return true
	}
	c.many.remove(w)
	switch p, s := c.many.plain, c.many.special; {
	case len(p) == 1 && len(s) == 0:
		*c = cell{one: p[0]}
	case len(p) == 0 && len(s) == 1:
		*c = cell{one: s[0]}
	}
	return false
}

func (c *column) of(w word) *[]word {
	if w&special != 0 {
		return &c.special
	}
	return &c.plain
}

func (c *column) insert(w word) {
	words := c.of(w)
	at, _ := slices.BinarySearch(*words, w)
	if n := len(*words); n == cap(*words) { // append would double it, and there are a hundred thousand of them
		*words = append(make([]word, 0, n+n/8+2), *words...)
	}
	*words = slices.Insert(*words, at, w)
}

func (c *column) remove(w word) {
	words := c.of(w)
	at, _ := slices.BinarySearch(*words, w)
	*words = slices.Delete(*words, at, at+1)
	switch n := len(*words); {
	case n == 0:
		*words = nil
	case n < cap(*words)/2 && cap(*words) > 8: // give back what a passing crowd left behind
		*words = slices.Clone(*words)
	}
}

// below returns the entries whose level is under the limit's.
func below(words []word, limit word) []word {
	lo, hi := 0, len(words)
	for lo < hi {
		mid := int(uint(lo+hi) >> 1)
		if words[mid] < limit {
			lo = mid + 1
		} else {
			hi = mid
		}
	}
	return words[:lo]
}

// probe is what an event asks of every list.
type probe struct {
	need  word // the bits an entry must have
	limit word // the first level it does not reach
	doubt bool // the confidence is outside of what levels can tell: everything is checked
}

func newProbe(confidence float64) probe {
	if l := level(confidence); confidence >= 0 && l < lastLevel {
		return probe{limit: word(l+1) << levelShift} //nolint:gosec // not negative
	}
	return probe{limit: math.MaxUint64, doubt: true}
}

// collect appends the IDs of the entries that have the bits. Every ID is written and the place kept if it counts, which
// costs less than the branch the processor could not foresee: half the entries have them.
func collect(words []word, need word, dst []ID) []ID {
	n := len(dst)
	dst = slices.Grow(dst, len(words))
	out := dst[n : n+len(words)]
	k := 0
	for _, w := range words {
		out[k] = w.id()
		hit := 0
		if w&need == need {
			hit = 1
		}
		k += hit
	}
	return dst[:n+k]
}

// needsCheck reports whether a filter restricts more than an entry can say.
func needsCheck(f *filter.Filter) bool {
	return len(f.ExcludeSymbols) > 0 || len(f.Timeframes) > 0 || len(f.Sessions) > 0 || len(f.Directions) > 0 ||
		f.ConfidenceMax > 0 || len(f.Extra) > 0
}
