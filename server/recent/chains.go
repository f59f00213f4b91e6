package recent

import (
	"slices"
	"strings"

	"tierboard/shared/event"
	"tierboard/shared/filter"
)

// chain ties the events that have something in common, their symbol for instance, from the newest back to the oldest that the
// ring holds. It costs four bytes an event and needs no care when one leaves: a link to what has left leads nowhere.
type chain[K comparable] struct {
	heads map[K]head
	back  []uint32 // by slot: how far back the one before is; 0 for none
}

// head is where a chain begins.
type head struct {
	seq uint64 // of its newest event
	n   int    // how many the ring holds
}

func newChain[K comparable](size int) chain[K] {
	return chain[K]{heads: map[K]head{}, back: make([]uint32, size)}
}

// add puts an event in front of its chain. slot is where the ring keeps it.
func (c *chain[K]) add(key K, seq, slot uint64) {
	h := c.heads[key]
	c.back[slot] = 0
	if h.n > 0 {
		c.back[slot] = uint32(seq - h.seq) //nolint:gosec // less than the ring's size
	}
	c.heads[key] = head{seq, h.n + 1}
}

// forget counts an event that leaves the ring.
func (c *chain[K]) forget(key K) {
	if h := c.heads[key]; h.n > 1 {
		c.heads[key] = head{h.seq, h.n - 1}
		return
	}
	delete(c.heads, key)
}

// route is the chains that a walk follows.
type route struct {
	back  []uint32 // of the kind of chain that is followed; nil for the ring itself
	at    []stop
	tiers bool // the chains are those of tiers
}

// stop is where a walk stands in one chain.
type stop struct {
	seq  uint64
	tier event.Tier // of the chain, if it is a tier's
}

// mostStops bounds how many chains a walk merges: each step looks at all of them.
const mostStops = 64

// routeOf chooses the chains that lead past the fewest events and past all that one of the filters can want. The caller holds
// the mutex.
func (r *Ring) routeOf(filters []filter.Filter) route {
	best, fewest := route{}, r.count
	if at, n, ok := stops(&r.byTier, keysOf(filters, func(f *filter.Filter) []event.Tier { return f.Tiers })); ok && n < fewest {
		best, fewest = route{r.byTier.back, at, true}, n
	}
	if at, n, ok := stops(&r.byPattern, keysOf(filters, func(f *filter.Filter) []string { return f.Patterns })); ok && n < fewest {
		best, fewest = route{r.byPattern.back, at, false}, n
	}
	if at, n, ok := stops(&r.bySymbol, keysOf(filters, func(f *filter.Filter) []string { return f.Symbols })); ok && n < fewest {
		best = route{r.bySymbol.back, at, false}
	}
	return best
}

// openTiers returns the tiers of which the ring holds events that one of the filters may want.
func (r *Ring) openTiers(filters []filter.Filter) []event.Tier {
	r.mu.Lock()
	defer r.mu.Unlock()
	var open []event.Tier
	wanted := keysOf(filters, func(f *filter.Filter) []event.Tier { return f.Tiers })
	for t := range r.byTier.heads {
		if wanted == nil || slices.Contains(wanted, t) {
			open = append(open, t)
		}
	}
	return open
}

// alongTiers returns the way along the chains of some tiers.
func (r *Ring) alongTiers(tiers []event.Tier) route {
	r.mu.Lock()
	defer r.mu.Unlock()
	w := route{back: r.byTier.back, tiers: true}
	for _, t := range tiers {
		if h := r.byTier.heads[t]; h.n > 0 {
			w.at = append(w.at, stop{h.seq, t})
		}
	}
	return w
}

// keysOf returns the values of one set over all filters, or nil when one of them wants any.
func keysOf[K comparable](filters []filter.Filter, set func(*filter.Filter) []K) []K {
	var keys []K
	for i := range filters {
		some := set(&filters[i])
		if len(some) == 0 {
			return nil
		}
		for _, k := range some {
			if !slices.Contains(keys, k) {
				keys = append(keys, k)
			}
		}
		if len(keys) > 8*mostStops { // most of them may be absent, but looking for each costs too
			return nil
		}
	}
	return keys
}

// stops returns where the chains of some keys begin and how many events they tie; false when they cannot be followed.
func stops[K comparable](c *chain[K], keys []K) (at []stop, n int, ok bool) {
	for _, k := range keys {
		if h := c.heads[k]; h.n > 0 {
			at = append(at, stop{seq: h.seq})
			n += h.n
		}
	}
	return at, n, len(keys) > 0 && len(at) <= mostStops
}

// Walk goes back through a ring from a position, past events that some filters may want. It is for one goroutine; the ring may
// change meanwhile.
type Walk struct {
	ring *Ring
	upTo uint64
	route
}

// Walk returns a walk back from the position upTo; from one that the ring has not reached there is nothing. It passes every event that one of the filters wants, and others too: whoever
// walks matches. Without filters it passes all.
func (r *Ring) Walk(upTo uint64, filters ...filter.Filter) *Walk {
	r.mu.Lock()
	defer r.mu.Unlock()
	if upTo > r.last {
		upTo = 0
	}
	return &Walk{ring: r, upTo: upTo, route: r.routeOf(filters)}
}

// Next fills buf with the next items, the newest first, and returns how many there were; 0 at the end.
func (w *Walk) Next(buf []*Item) int {
	if w.upTo == 0 {
		return 0
	}
	if w.back == nil {
		n := w.ring.copyBack(w.upTo, buf)
		w.upTo -= uint64(n) //nolint:gosec // at most len(buf)
		return n
	}
	r := w.ring
	r.mu.Lock()
	defer r.mu.Unlock()
	n := 0
	for n < min(len(buf), piece) {
		seq := w.step()
		if seq == 0 {
			break
		}
		if seq <= w.upTo { // else it came after the position, of late
			buf[n] = *r.slot(seq)
			n++
		}
	}
	return n
}

// step returns the newest position that the walk has not passed, or 0. The caller holds the mutex.
func (w *Walk) step() uint64 {
	r, newest := w.ring, -1
	if r.count == 0 {
		return 0
	}
	for i := 0; i < len(w.at); i++ {
		if w.at[i].seq < r.first() { // the rest has left the ring
			w.leave(i)
			i--
		} else if newest < 0 || w.at[i].seq > w.at[newest].seq {
			newest = i
		}
	}
	if newest < 0 {
		return 0
	}
	seq := w.at[newest].seq
	if d := uint64(w.back[seq%uint64(len(r.items))]); d > 0 {
		w.at[newest].seq = seq - d
	} else {
		w.leave(newest)
	}
	return seq
}

// leave ends the walk along one chain. Their order says nothing.
func (w *Walk) leave(i int) {
	last := len(w.at) - 1
	w.at[i] = w.at[last]
	w.at = w.at[:last]
}

// keep leaves the chains of all tiers but some, if it is tiers that the walk goes along.
func (w *Walk) keep(some []event.Tier) {
	if w.tiers {
		w.at = slices.DeleteFunc(w.at, func(s stop) bool { return !slices.Contains(some, s.tier) })
	}
}

// Symbols returns the newest item of each symbol that begins with a prefix, in no order.
func (r *Ring) Symbols(prefix string) []*Item {
	r.mu.Lock()
	defer r.mu.Unlock()
	var out []*Item
	for symbol, h := range r.bySymbol.heads {
		if symbol != "" && strings.HasPrefix(symbol, prefix) {
			out = append(out, *r.slot(h.seq))
		}
	}
	return out
}
