package match

import (
	"math"
	"slices"
	"sort"
)

// word is one entry of a list. From the highest bit down: the ID (32), marks (2), kinds (8), priorities (4), tiers (8).
// The ID is highest so that entries of one threshold, sorted as numbers, can be found again by binary search.
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

	// lastBit is the bit that stands for every further tier or kind.
	lastBit = 7
	idShift = 32
)

// id returns whose entry it is.
func (w word) id() ID { return ID(w >> idShift) }

// list holds entries in ascending order of minimum confidence. Entries with the same minimum are neighbours and share
// one step, so that an entry costs 8 bytes and thresholds stay exact.
type list struct {
	steps []step
	words []word
}

// step says that the entries before end (and not before the previous step's) have this minimum.
type step struct {
	min float64
	end int
}

// upTo returns the entries whose minimum confidence is at most c. A confidence that is no number passes every minimum,
// as it does in filter.Match.
func (l *list) upTo(c float64) []word {
	if math.IsNaN(c) {
		return l.words
	}
	lo, hi := 0, len(l.steps)
	for lo < hi {
		mid := int(uint(lo+hi) >> 1) //nolint:gosec // not negative
		if l.steps[mid].min > c {
			hi = mid
		} else {
			lo = mid + 1
		}
	}
	if lo == 0 {
		return nil
	}
	return l.words[:l.steps[lo-1].end]
}

// insert adds an entry.
func (l *list) insert(minimum float64, w word) {
	i, found := l.step(minimum)
	if !found {
		l.steps = slices.Insert(l.steps, i, step{min: floor(minimum), end: l.start(i)})
	}
	at := l.place(i, w)
	l.words = slices.Insert(l.words, at, w)
	for j := i; j < len(l.steps); j++ {
		l.steps[j].end++
	}
}

// remove takes one entry out; it must be in the list.
func (l *list) remove(minimum float64, w word) {
	i, _ := l.step(minimum)
	at := l.place(i, w)
	l.words = slices.Delete(l.words, at, at+1)
	for j := i; j < len(l.steps); j++ {
		l.steps[j].end--
	}
	if start := l.start(i); start == l.steps[i].end {
		l.steps = slices.Delete(l.steps, i, i+1)
	}
	if cap(l.words) > 64 && len(l.words) < cap(l.words)/4 { // give back what a passing crowd left behind
		l.words = slices.Clone(l.words)
	}
}

// step returns the position of the step with this minimum, or where it belongs.
func (l *list) step(minimum float64) (int, bool) {
	minimum = floor(minimum)
	i := sort.Search(len(l.steps), func(i int) bool { return l.steps[i].min >= minimum })
	return i, i < len(l.steps) && l.steps[i].min == minimum
}

// start is where the entries of a step begin.
func (l *list) start(i int) int {
	if i == 0 {
		return 0
	}
	return l.steps[i-1].end
}

// place returns the position of an entry within a step, or where it belongs.
func (l *list) place(i int, w word) int {
	start := l.start(i)
	at, _ := slices.BinarySearch(l.words[start:l.steps[i].end], w)
	return start + at
}

// floor replaces a minimum that is no number, which restricts nothing, by one that can be ordered.
func floor(minimum float64) float64 {
	if math.IsNaN(minimum) {
		return math.Inf(-1)
	}
	return minimum
}
