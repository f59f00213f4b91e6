package table

import (
	"math/bits"
	"slices"
)

// arena is the memory of lists of two words and more. A list is a block: a word with the number of plain words and of those
// apart, then the words. Blocks come in sizes four to the octave, are cut from pieces, and are used again by their size; the
// longest are pieces of their own.
type arena struct {
	pieces [][]uint64
	spare  []uint32          // numbers of pieces that are gone
	cut    uint32            // of the piece that blocks are cut from, and
	next   int               // from where on
	free   [sizes + 1]uint32 // by size: the first free block, which names the next one; 0 for none
	live   int               // words in blocks that hold a list
	total  int               // words in pieces
}

// place is where a block is, with Tag: its size, its piece, and the index there.
type place uint64

const (
	indexBits  = 13
	pieceWords = 1 << indexBits
	longest    = pieceWords / 16 // of the blocks that are cut
	sizeShift  = 40
	leastWords = 4 // room in the smallest block, the count included
	single     = 0 // the size that means: a piece of its own

	countBits = 32
	countMask = 1<<countBits - 1

	// leastTotal is the number of words below which compacting is not worth it.
	leastTotal = 4 * pieceWords
)

// sizes is the number of the size with room for longest words.
const sizes = 1 + 4*7

// sizeOf returns the smallest size with room for n words, the count included, or single.
func sizeOf(n int) int {
	if n > longest {
		return single
	}
	n = max(n, leastWords)
	octave := bits.Len(uint(n-1)) - 3 // n is above 4 << octave, and at most 8 << octave //nolint:gosec // positive
	if octave < 0 {
		return 1
	}
	step := 1 << octave
	return 1 + 4*octave + (n-4*step+step-1)/step
}

// room returns how many words a block of a size has: 4, 5, 6, 7, 8, 10, 12, 14, 16, 20 and so on.
func room(size int) int {
	octave, quarter := (size-1)/4, (size-1)%4
	return (4 + quarter) << octave
}

func newPlace(size int, piece, index uint32) place {
	return place(Tag | uint64(size)<<sizeShift | uint64(piece)<<indexBits | uint64(index)) //nolint:gosec // small
}

func (p place) size() int    { return int(p>>sizeShift) & 0xff }
func (p place) piece() int   { return int(uint32(p>>indexBits) & (1<<(sizeShift-indexBits) - 1)) } //nolint:gosec // the bits of a piece
func (p place) index() int   { return int(p & (pieceWords - 1)) }
func (p place) link() uint32 { return uint32(p) } //nolint:gosec // piece and index, as long as pieces are cut

// block returns the words of a block, the count first.
func (a *arena) block(p place) []uint64 {
	piece := a.pieces[p.piece()]
	if size := p.size(); size != single {
		i := p.index()
		return piece[i : i+room(size) : i+room(size)]
	}
	return piece
}

// list returns the words of a list.
func (a *arena) list(p place) (plain, apart []uint64) {
	b := a.pieces[p.piece()][p.index():]
	n, m := int(b[0]>>countBits), int(b[0]&countMask)
	return b[1 : 1+n : 1+n], b[1+n : 1+n+m : 1+n+m]
}

// take returns a block for n words besides their count. What is in it is left from before.
func (a *arena) take(n int) place {
	size := sizeOf(n + 1)
	if size == single {
		words := (n + 1) + (n+1)/8
		piece := a.add(make([]uint64, words))
		a.live += words
		return newPlace(single, piece, 0)
	}
	words := room(size)
	a.live += words
	if link := a.free[size]; link != 0 {
		p := newPlace(size, link>>indexBits, link&(pieceWords-1))
		a.free[size] = uint32(a.block(p)[0]) //nolint:gosec // a link
		return p
	}
	if a.next == 0 || a.next+words > pieceWords {
		a.cut = a.add(make([]uint64, pieceWords))
		a.next = 1 // no block begins at 0, which as a link is none
	}
	p := newPlace(size, a.cut, uint32(a.next)) //nolint:gosec // below pieceWords
	a.next += words
	return p
}

// add returns the number of a new piece.
func (a *arena) add(words []uint64) uint32 {
	a.total += len(words)
	if n := len(a.spare); n > 0 {
		number := a.spare[n-1]
		a.spare = a.spare[:n-1]
		a.pieces[number] = words
		return number
	}
	a.pieces = append(a.pieces, words)
	return uint32(len(a.pieces) - 1) //nolint:gosec // memory ends before
}

// give takes a block back.
func (a *arena) give(p place) {
	b := a.block(p)
	a.live -= len(b)
	if size := p.size(); size != single {
		b[0] = uint64(a.free[size])
		a.free[size] = p.link()
		return
	}
	a.total -= len(b)
	a.pieces[p.piece()] = nil
	a.spare = append(a.spare, uint32(p.piece())) //nolint:gosec // a piece's number
}

// move copies a list of n words into another block, and gives the old one back.
func (a *arena) move(p place, n, room int) place {
	q := a.take(room)
	copy(a.block(q), a.block(p)[:n+1])
	a.give(p)
	return q
}

// insert adds a word to a list and returns where that is now.
func (a *arena) insert(p place, w uint64, apart bool) place {
	b := a.block(p)
	if n := length(b); n+1 == len(b) {
		p = a.move(p, n, n+1)
		b = a.block(p)
	}
	insert(b, w, apart)
	return p
}

// remove takes a word out of a list and returns where that is now, and how many words are left.
func (a *arena) remove(p place, w uint64, apart bool) (place, int) {
	b := a.block(p)
	plain, others := a.list(p)
	at, _ := slices.BinarySearch(plain, w)
	b[0] -= 1 << countBits
	if apart {
		at, _ = slices.BinarySearch(others, w)
		at += len(plain)
		b[0] += 1<<countBits - 1
	}
	n := len(plain) + len(others)
	copy(b[1+at:], b[2+at:1+n])
	n--
	if n+1 < len(b)/2 && len(b) > 2*leastWords { // give back what a passing crowd left behind
		p = a.move(p, n, n)
	}
	return p, n
}

// length is how many words a list has.
func length(b []uint64) int { return int(b[0]>>countBits + b[0]&countMask) }

// insert adds a word to a block that has room.
func insert(b []uint64, w uint64, apart bool) {
	n, m := int(b[0]>>countBits), int(b[0]&countMask)
	at, _ := slices.BinarySearch(b[1:1+n], w)
	b[0] += 1 << countBits
	if apart {
		at, _ = slices.BinarySearch(b[1+n:1+n+m], w)
		at += n
		b[0] -= 1<<countBits - 1
	}
	copy(b[2+at:], b[1+at:1+n+m])
	b[1+at] = w
}

// compact moves all lists into new pieces when most of the old ones is free. places must call what it is given for the place of
// each list and keep what that returns.
func (a *arena) compact(places func(move func(place) place)) {
	if a.total < leastTotal || a.live*4 > a.total {
		return
	}
	var fresh arena
	places(func(p place) place {
		b := a.block(p)
		n := length(b)
		q := fresh.take(n)
		copy(fresh.block(q), b[:n+1])
		return q
	})
	*a = fresh
}
