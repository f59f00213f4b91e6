// Package table holds ascending lists of words by key, so that finding one touches as few cache lines as can be: an event
// looks at four lists between two bursts of system calls, which leave nothing of them in the processor's caches. A lookup reads
// one slot of 16 bytes and then the list itself, which stands in one piece; a map of slices is three to four lines further
// away for each list. No memory of a Table has pointers in it, so the garbage collector does not look through it.
package table

// Tag is the bit that words and marks must not have: the table uses it.
const Tag uint64 = 1 << 63

// Table maps keys to lists of words. It has no locks: one goroutine owns it. The zero Table is not usable; call New.
type Table struct {
	apart uint64 // bits of a word that stands apart
	slots []slot // a power of two; open addressing, the next free one
	shift uint   // 64 less the bits of an index into slots
	used  int
	lists arena
}

// slot is empty, or a key with its only word, or with the place of its list.
type slot struct {
	key  uint64
	word [1]uint64 // 0 for empty; with Tag a place
}

// leastSlots is the smallest table.
const leastSlots = 16

// New returns an empty Table. Words that have any of the bits in apart stand apart from the others of their list.
func New(apart uint64) *Table {
	t := &Table{apart: apart}
	t.size(leastSlots)
	return t
}

// Len is how many keys have a list.
func (t *Table) Len() int { return t.used }

// size gives the table n empty slots.
func (t *Table) size(n int) {
	t.slots, t.shift = make([]slot, n), 64
	for ; n > 1; n /= 2 {
		t.shift--
	}
}

// home is where a key's slot should be. Keys are small numbers side by side, whose lower bits the multiplications spread.
func (t *Table) home(key uint64) int {
	key *= 0x9e3779b97f4a7c15
	key ^= key >> 32
	return int(key * 0xd6e8feb86659fd93 >> t.shift) //nolint:gosec // an index
}

// at returns the place of a key's slot, or of the empty one where it belongs.
func (t *Table) at(key uint64) int {
	last := len(t.slots) - 1
	i := t.home(key)
	for t.slots[i].word[0] != 0 && t.slots[i].key != key {
		i = (i + 1) & last
	}
	return i
}

// Find returns a key's words in ascending order: the plain ones, and those that stand apart. The slices are valid, and must not
// be written to, until the next change of the table.
func (t *Table) Find(key uint64) (plain, apart []uint64) {
	s := &t.slots[t.at(key)]
	switch w := s.word[0]; {
	case w&Tag != 0:
		return t.lists.list(place(w))
	case w == 0:
		return nil, nil
	case w&t.apart != 0:
		return nil, s.word[:]
	}
	return s.word[:], nil
}

// Insert adds a word, which must not be 0 nor have the Tag, to a key's list; it may be in there already. Once in a while
// that doubles the table, for which every key is moved.
func (t *Table) Insert(key, w uint64) {
	if (t.used+1)*4 > len(t.slots)*3 {
		t.resize(2 * len(t.slots))
	}
	s := &t.slots[t.at(key)]
	switch have := s.word[0]; {
	case have == 0:
		s.key, s.word[0] = key, w
		t.used++
	case have&Tag == 0:
		p := t.lists.take(2)
		b := t.lists.block(p)
		b[0] = 0
		insert(b, have, have&t.apart != 0)
		insert(b, w, w&t.apart != 0)
		s.word[0] = uint64(p)
	default:
		s.word[0] = uint64(t.lists.insert(place(have), w, w&t.apart != 0))
	}
}

// Remove takes a word out, which must be in the key's list.
func (t *Table) Remove(key, w uint64) {
	i := t.at(key)
	s := &t.slots[i]
	if have := s.word[0]; have&Tag != 0 {
		p, left := t.lists.remove(place(have), w, w&t.apart != 0)
		if s.word[0] = uint64(p); left == 1 {
			s.word[0] = t.lists.block(p)[1]
			t.lists.give(p)
		}
		t.lists.compact(t.places)
		return
	}
	t.vacate(i)
	if len(t.slots) > leastSlots && t.used*8 < len(t.slots) {
		t.resize(len(t.slots) / 2)
	}
}

// vacate empties a slot and moves those behind it that had to give way to it, so that every key is still found.
func (t *Table) vacate(i int) {
	last := len(t.slots) - 1
	for j := (i + 1) & last; t.slots[j].word[0] != 0; j = (j + 1) & last {
		if home := t.home(t.slots[j].key); (j-home)&last >= (j-i)&last {
			t.slots[i] = t.slots[j]
			i = j
		}
	}
	t.slots[i] = slot{}
	t.used--
}

// resize moves every key to a table of n slots.
func (t *Table) resize(n int) {
	old := t.slots
	t.size(n)
	for _, s := range old {
		if s.word[0] != 0 {
			t.slots[t.at(s.key)] = s
		}
	}
}

// places calls move for the place of each list and keeps what it returns.
func (t *Table) places(move func(place) place) {
	for i := range t.slots {
		if w := t.slots[i].word[0]; w&Tag != 0 {
			t.slots[i].word[0] = uint64(move(place(w)))
		}
	}
}
