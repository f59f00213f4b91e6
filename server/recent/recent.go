// Package recent remembers the last events: a ring in the order of their sequence numbers, which answers what came after
// a position, what the newest matches of a filter are, and which earlier event a combo most likely means.
//
// Events of one symbol, one pattern or one tier form a chain, so that a question about a rare symbol does not look at tens of
// thousands of others. The ring also knows which of its events are not known to be in the archive: a list made from the archive
// adds those.
//
// A Ring is a mutex around memory; it has no goroutine. Long scans copy the ring in pieces, so that they never hold
// the mutex for longer than a publisher would notice. Items are shared by everybody and never change, except that
// their encoded bytes appear when somebody first asks for them.
package recent

import (
	"slices"
	"sync"
	"sync/atomic"

	"tierboard/shared/event"
	"tierboard/shared/filter"
	"tierboard/shared/wire"
)

// Item is an accepted event together with its bytes on the wire.
type Item struct {
	Event *event.Event
	bytes [2]atomic.Pointer[[]byte] // by wire.Format
}

// NewItem wraps an event that will not change any more.
func NewItem(e *event.Event) *Item { return &Item{Event: e} }

// Bytes returns the event encoded in a format. It is encoded when first asked for and then shared, so the caller must
// not change it. Any number of goroutines may call it.
func (it *Item) Bytes(f wire.Format) []byte {
	p := &it.bytes[f&1]
	if b := p.Load(); b != nil {
		return *b
	}
	// Two goroutines may both get here; they make the same bytes and one of the copies is dropped. Tens of thousands are
	// kept, so each gets no more memory than it needs.
	scratch, _ := scratches.Get().(*[]byte)
	*scratch = wire.AppendEvent((*scratch)[:0], it.Event, f)
	b := append(make([]byte, 0, len(*scratch)), *scratch...)
	if cap(*scratch) <= mostScratch {
		scratches.Put(scratch)
	}
	p.CompareAndSwap(nil, &b)
	return *p.Load()
}

// scratches are buffers to encode in.
var scratches = sync.Pool{New: func() any { return new([]byte) }}

// mostScratch is the largest buffer that is kept for the next event, in bytes.
const mostScratch = 64 << 10

// Ring holds the newest items. Every method may be called by any number of goroutines.
type Ring struct {
	mu    sync.Mutex
	items []*Item // slot of a seq is seq % len
	last  uint64  // seq of the newest item; 0 before the first
	count int
	byID  map[string]*Item
	links links

	byTier    chain[event.Tier]
	byPattern chain[string]
	bySymbol  chain[string]
	waiting   spans // positions of what is not known to be archived
}

// New returns a Ring for size events, at least one.
func New(size int) *Ring {
	size = max(size, 1)
	return &Ring{
		items: make([]*Item, size), byID: map[string]*Item{}, links: newLinks(size),
		byTier: newChain[event.Tier](size), byPattern: newChain[string](size), bySymbol: newChain[string](size),
	}
}

// Add appends the item whose event has the next sequence number; the oldest one leaves when the ring is full.
// It panics on a gap, because everything that reads positions relies on there being none.
func (r *Ring) Add(it *Item) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if it.Event.Seq != r.last+1 {
		panic("recent: an event is out of sequence")
	}
	slot := r.slot(it.Event.Seq)
	if old := *slot; old != nil {
		if r.byID[old.Event.ID] == old {
			delete(r.byID, old.Event.ID)
		}
		r.byTier.forget(old.Event.Tier)
		r.byPattern.forget(old.Event.Pattern)
		r.bySymbol.forget(old.Event.Symbol)
		r.waiting.remove(old.Event.Seq)
	} else {
		r.count++
	}
	*slot = it
	r.last = it.Event.Seq
	r.byID[it.Event.ID] = it
	r.links.add(it.Event)
	at := it.Event.Seq % uint64(len(r.items))
	r.byTier.add(it.Event.Tier, it.Event.Seq, at)
	r.byPattern.add(it.Event.Pattern, it.Event.Seq, at)
	r.bySymbol.add(it.Event.Symbol, it.Event.Seq, at)
	r.waiting.add(it.Event.Seq)
}

// Find returns the item with an event id, or nil if the ring does not hold it.
func (r *Ring) Find(id string) *Item {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.byID[id]
}

// At returns the item at a position, or nil if the ring does not hold it.
func (r *Ring) At(seq uint64) *Item {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.count == 0 || seq < r.first() || seq > r.last {
		return nil
	}
	return *r.slot(seq)
}

// Span returns the sequence numbers of the oldest and the newest item, or zeros for an empty ring.
func (r *Ring) Span() (first, last uint64) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.count == 0 {
		return 0, 0
	}
	return r.first(), r.last
}

// Len is how many items the ring holds.
func (r *Ring) Len() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.count
}

// piece is how many items a scan copies at a time: some microseconds under the mutex.
const piece = 1024

// Between returns the items with after < seq <= upTo that want accepts, in ascending order, or false if the ring has
// forgotten some of that range, or forgets it during the call. A nil want accepts everything; it runs without the mutex.
func (r *Ring) Between(after, upTo uint64, want func(*event.Event) bool) ([]*Item, bool) {
	var out []*Item
	var buf [piece]*Item
	for after < upTo {
		n, ok := r.copyAfter(after, upTo, buf[:])
		if !ok {
			return nil, false
		}
		if n == 0 {
			break
		}
		for _, it := range buf[:n] {
			if want == nil || want(it.Event) {
				out = append(out, it)
			}
		}
		after += uint64(n) //nolint:gosec // at most piece
	}
	return out, true
}

// copyAfter fills dst with the items that follow a position and tells whether the first of them is still there.
func (r *Ring) copyAfter(after, upTo uint64, dst []*Item) (int, bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	upTo = min(upTo, r.last)
	if after >= upTo {
		return 0, true
	}
	if after+1 < r.first() {
		return 0, false
	}
	n := 0
	for seq := after + 1; seq <= upTo && n < len(dst); seq++ {
		dst[n] = *r.slot(seq)
		n++
	}
	return n, true
}

// Newest returns the newest items up to position upTo that want accepts, at most perTier of each tier (and as many
// without a tier), in ascending order. A nil want accepts everything; it runs without the mutex. Filters, if there are any, are
// those that want stands for: what none of them can want need not be looked at.
func (r *Ring) Newest(upTo uint64, perTier int, want func(*event.Event) bool, filters ...filter.Filter) []*Item {
	var out []*Item
	var taken [int(event.Combo) + 1]int
	var buf [piece]*Item
	w := r.Walk(upTo, filters...)
	open := r.openTiers(filters)
	if w.tiers = w.back == nil || w.tiers; w.tiers { // so that a tier that has enough is left
		w.route = r.alongTiers(open)
	}
	for len(open) > 0 {
		n := w.Next(buf[:])
		if n == 0 {
			break
		}
		for _, it := range buf[:n] {
			if t := tierSlot(it.Event); taken[t] < perTier && (want == nil || want(it.Event)) {
				taken[t]++
				out = append(out, it)
			}
		}
		open = slices.DeleteFunc(open, func(t event.Tier) bool { return taken[slotOf(t)] >= perTier })
		w.keep(open)
	}
	slices.Reverse(out)
	return out
}

// copyBack fills dst with the items from a position downwards.
func (r *Ring) copyBack(upTo uint64, dst []*Item) int {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.count == 0 || upTo == 0 || upTo > r.last {
		return 0
	}
	n := 0
	for seq := upTo; seq >= r.first() && n < len(dst); seq-- {
		dst[n] = *r.slot(seq)
		n++
	}
	return n
}

// TrimPerTier cuts items, which ascend, down to the newest perTier of each tier. It reuses the slice.
func TrimPerTier(items []*Item, perTier int) []*Item {
	var taken [int(event.Combo) + 1]int
	at := len(items)
	for _, it := range slices.Backward(items) {
		if t := tierSlot(it.Event); taken[t] < perTier {
			taken[t]++
			at--
			items[at] = it
		}
	}
	return items[at:]
}

// tierSlot is where an event's tier is counted.
func tierSlot(e *event.Event) int { return slotOf(e.Tier) }

// slotOf is where a tier is counted; unknown tiers count as none.
func slotOf(t event.Tier) int {
	if t > event.Combo {
		return 0
	}
	return int(t)
}

// first is the seq of the oldest item. The caller holds the mutex and the ring is not empty.
func (r *Ring) first() uint64 { return r.last - uint64(r.count) + 1 } //nolint:gosec // count is not negative

// slot is where a seq lives.
func (r *Ring) slot(seq uint64) **Item { return &r.items[seq%uint64(len(r.items))] }
