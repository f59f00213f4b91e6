package match

import (
	"math"
	"slices"

	"tierboard/shared/filter"
)

// word is one entry of a list. From the highest bit down: one that is the table's, the level of its minimum confidence (10), the
// ID (32), marks (2), kinds (7), priorities (4), tiers (8). So entries sorted as numbers ascend by level, those that an event can
// match are the beginning of a list, and an entry can be found again by binary search.
type word uint64

const (
	tierBits     word = 1
	priorityBits word = 1 << 8
	kindBits     word = 1 << 12
	allTiers          = 0xff * tierBits
	allKinds          = 0x7f * kindBits

	// checked marks an entry that needs filter.Match on top of its bits.
	checked word = 1 << 19
	// several marks an ID with more than one filter, which may be met more than once.
	several word = 1 << 20
	special      = checked | several

	// lastBit and lastKind are the bits that stand for every further tier and kind.
	lastBit  = 7
	lastKind = 6

	idShift    = 21
	levelShift = 53

	// levels is the number of steps in a confidence of 1; the levels beyond it, up to lastLevel, hold minimums that no
	// event reaches, or only in error.
	levels    = 1000
	lastLevel = 1<<(63-levelShift) - 1
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

// below returns the entries whose level is under the limit's.
func below(words []uint64, limit word) []uint64 {
	lo, hi := 0, len(words)
	for lo < hi {
		mid := int(uint(lo+hi) >> 1)
		if words[mid] < uint64(limit) {
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
func collect(words []uint64, need word, dst []ID) []ID {
	n := len(dst)
	dst = slices.Grow(dst, len(words))
	out := dst[n : n+len(words)]
	k := 0
	for _, v := range words {
		w := word(v)
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
