package recent

import (
	"slices"
	"sort"

	"tierboard/shared/event"
)

// spans is a set of positions: runs that ascend and do not touch.
type spans []span

// span is the positions from from to upTo, both included.
type span struct{ from, upTo uint64 }

// add puts in a position that is above all others.
func (s *spans) add(seq uint64) {
	if n := len(*s); n > 0 && (*s)[n-1].upTo == seq-1 {
		(*s)[n-1].upTo = seq
		return
	}
	*s = append(*s, span{seq, seq})
}

// remove takes a position out.
func (s *spans) remove(seq uint64) {
	i := sort.Search(len(*s), func(i int) bool { return (*s)[i].upTo >= seq })
	if i == len(*s) || (*s)[i].from > seq {
		return
	}
	switch x := &(*s)[i]; {
	case x.from == x.upTo:
		*s = slices.Delete(*s, i, i+1)
	case x.from == seq:
		x.from++
	case x.upTo == seq:
		x.upTo--
	default:
		rest := span{seq + 1, x.upTo}
		x.upTo = seq - 1
		*s = slices.Insert(*s, i+1, rest)
	}
}

// Stored notes that events are in the archive, by their ids. Those that the ring does not hold are ignored.
func (r *Ring) Stored(events []*event.Event) {
	const few = 128 // some microseconds under the mutex
	for part := range slices.Chunk(events, few) {
		r.mu.Lock()
		for _, e := range part {
			if it := r.byID[e.ID]; it != nil {
				r.waiting.remove(it.Event.Seq)
			}
		}
		r.mu.Unlock()
	}
}

// Waiting returns the items that want accepts and that are not known to be in the archive, in ascending order. Whoever reads
// the archive afterwards finds all the others there. A nil want accepts everything; it runs without the mutex.
func (r *Ring) Waiting(want func(*event.Event) bool) []*Item {
	r.mu.Lock()
	open := slices.Clone(r.waiting)
	r.mu.Unlock()
	var out []*Item
	var buf [piece]*Item
	for _, s := range open {
		for after := s.from - 1; after < s.upTo; {
			n, first := r.copyHeld(after, s.upTo, buf[:])
			if n == 0 {
				break
			}
			for _, it := range buf[:n] {
				if want == nil || want(it.Event) {
					out = append(out, it)
				}
			}
			after = first + uint64(n) - 1 //nolint:gosec // at most piece
		}
	}
	return out
}

// copyHeld fills dst with the items that follow a position and are still there, and returns the position of the first.
func (r *Ring) copyHeld(after, upTo uint64, dst []*Item) (n int, first uint64) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.count == 0 {
		return 0, 0
	}
	first = max(after+1, r.first())
	for seq := first; seq <= min(upTo, r.last) && n < len(dst); seq++ {
		dst[n] = *r.slot(seq)
		n++
	}
	return n, first
}
