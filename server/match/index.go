// Package match finds the subscriptions that want an event: an index over filters that answers exactly what a scan
// with filter.Match would, in time that grows with the answer instead of with the number of subscriptions.
//
// A filter is stored under each (symbol, pattern) pair it names, where either may be "any"; so an event reads four
// lists and finds in them only filters that already agree with its symbol and pattern. A list is ordered by minimum
// confidence, so the part that can match is its beginning. Tier, priority and kind are bits in the entry, which is a
// word of 8 bytes. What is left (timeframes, sessions, directions, excluded symbols, an upper confidence bound, further
// dimensions, a minimum finer than a thousandth) is rare, and is checked with filter.Match on the hits that have it.
//
// # Decisions
//
// 2026-11-23 Composite lists. Because: with 100,000 distinct filters an event costs 2 to 4 µs, against 18 µs for dense
// bitsets, 47 µs for compressed bitsets and 650 µs for intersecting sets, and nothing is allocated. Rejected: rounding
// thresholds into buckets, which answers wrongly at the edges. Look again when: filters get ranges on other numbers.
//
// 2026-11-23 The minimum is part of the word, in steps of a thousandth; a filter whose minimum lies between two steps sits
// at the lower one and is checked on the hit, so every answer is exact. Because: users choose round numbers. Tried before:
// a table of the distinct minimums beside each list, which is as exact and as quick, but made 420 bytes a filter of 255.
// Rejected: a table of ranks shared by all lists, whose every new minimum shifts the ranks in all of them.
//
// 2026-11-23 Scan without a branch. Entries that bits decide stand apart from those that are checked; of the first, every
// ID is written and counts only if its bits agree. Because: half of the entries agree, in no order, so a branch is
// mispredicted every few entries: 1.0 ns a hit with it gone against 4.5 with it, and a 99th percentile of 16 µs against 97
// on a busy machine. Rejected: sorting entries by their bits within a step, which would make the branch predictable and
// every change of a filter slower.
//
// 2026-11-23 One table from pairs of numbers, package table. Because: in a server that writes between two events, nearly all of
// an event's time goes into waiting for memory, and the table is three cache lines shorter for each of the four lists than a
// map of slices; nine of ten pairs are named by few filters, and those cost half. Tried before: a map of symbols to maps
// of patterns, which hashes texts four times an event; a map of pairs to slices, at 780 bytes a filter with 1,000 filters.
//
// 2026-11-23 A bound on pairs. A filter with more than maxPairs pairs is stored under its symbols with any pattern,
// or its patterns with any symbol, or under any, and checked on the hit. Because: 500 symbols times 30 patterns would be
// 15,000 entries of one user.
package match

import (
	"slices"

	"tierboard/server/match/table"
	"tierboard/shared/event"
	"tierboard/shared/filter"
)

// ID names an entry of the index: a list of filters joined by OR. IDs are small and are used again after Remove, so
// a slice indexed by ID stays short.
type ID uint32

// maxPairs is the most (symbol, pattern) pairs one filter is stored under.
const maxPairs = 512

// Index holds lists of filters. It has no locks: one goroutine owns it. The zero Index is not usable; call New.
type Index struct {
	symbols  names
	patterns names
	cells    *table.Table // of words, by pair

	kinds []event.Kind // the first kinds that filters named; their position is their bit

	lists [][]filter.Filter // by ID; nil where the ID is free
	free  []ID
	count int

	// stamps tell which lists of several filters the current event has hit already, so that each is named once.
	stamps []uint32
	stamp  uint32
}

// pairOf is the number of a symbol and of a pattern, each 0 for any, as the key of a list.
func pairOf(symbol, pattern uint32) uint64 { return uint64(symbol)<<32 | uint64(pattern) }

// New returns an empty Index.
func New() *Index {
	return &Index{symbols: newNames(), patterns: newNames(), cells: table.New(uint64(special)), kinds: []event.Kind{event.Pattern}}
}

// Len is how many lists of filters the index holds.
func (x *Index) Len() int { return x.count }

// Add stores a list of filters and returns its ID. The filters must be canonical (filter.Canonical); the index keeps the
// slice, so the caller must not change it afterwards.
func (x *Index) Add(filters []filter.Filter) ID {
	var id ID
	if n := len(x.free); n > 0 {
		id = x.free[n-1]
		x.free = x.free[:n-1]
	} else {
		id = ID(len(x.lists)) //nolint:gosec // one per live subscription
		x.lists = append(x.lists, nil)
		x.stamps = append(x.stamps, 0)
	}
	if filters == nil {
		filters = []filter.Filter{} // nil marks a free ID
	}
	x.lists[id] = filters
	x.count++
	for i := range filters {
		x.store(id, &filters[i], len(filters) > 1)
	}
	return id
}

// Remove takes a list of filters out. Removing an ID that is not in use does nothing.
func (x *Index) Remove(id ID) {
	if int(id) >= len(x.lists) || x.lists[id] == nil {
		return
	}
	filters := x.lists[id]
	for i := range filters {
		x.drop(id, &filters[i], len(filters) > 1)
	}
	x.lists[id] = nil
	x.free = append(x.free, id)
	x.count--
}

// Filters returns the list stored under an ID, or nil. The caller must not change it.
func (x *Index) Filters(id ID) []filter.Filter {
	if int(id) >= len(x.lists) {
		return nil
	}
	return x.lists[id]
}

// Match appends to dst the ID of each list of which at least one filter wants the event, once each, those that name its symbol
// first, and returns the extended slice. It allocates only when dst has to grow.
func (x *Index) Match(e *event.Event, dst []ID) []ID {
	x.stamp++
	if x.stamp == 0 { // wrapped after 4 billion events: old stamps could look fresh
		clear(x.stamps)
		x.stamp = 1
	}
	p := newProbe(e.Confidence)
	p.need = x.needs(e)
	symbol, pattern := x.symbols.find(e.Symbol), x.patterns.find(e.Pattern)
	// Who named this very symbol comes first: the hub sends to quiet sessions in this order.
	if symbol != 0 {
		if pattern != 0 {
			dst = x.look(pairOf(symbol, pattern), &p, e, dst)
		}
		dst = x.look(pairOf(symbol, 0), &p, e, dst)
	}
	if pattern != 0 {
		dst = x.look(pairOf(0, pattern), &p, e, dst)
	}
	return x.look(pairOf(0, 0), &p, e, dst)
}

// look appends the hits of one list.
func (x *Index) look(at uint64, p *probe, e *event.Event, dst []ID) []ID {
	plain, special := x.cells.Find(at)
	switch {
	case p.doubt:
		dst = x.scan(plain, p, e, dst)
	case len(plain) > 0:
		dst = collect(below(plain, p.limit), p.need, dst)
	}
	if len(special) > 0 {
		dst = x.scan(special, p, e, dst)
	}
	return dst
}

// scan appends the hits among any entries.
func (x *Index) scan(words []uint64, p *probe, e *event.Event, dst []ID) []ID {
	for _, v := range words {
		w := word(v)
		if w >= p.limit {
			break
		}
		if w&p.need != p.need {
			continue
		}
		id := w.id()
		if w&several != 0 && x.stamps[id] == x.stamp {
			continue
		}
		if (w&checked != 0 || p.doubt) && !filter.Any(x.lists[id], e) {
			continue
		}
		x.stamps[id] = x.stamp
		dst = append(dst, id)
	}
	return dst
}

// store puts one filter into every cell it belongs to.
func (x *Index) store(id ID, f *filter.Filter, many bool) {
	symbols, patterns, cut := spread(f)
	w := x.word(id, f, many, cut)
	for _, name := range symbols {
		x.symbols.take(name)
	}
	for _, name := range patterns {
		x.patterns.take(name)
	}
	each(symbols, x.symbols.find, func(symbol uint32) {
		each(patterns, x.patterns.find, func(pattern uint32) {
			x.cells.Insert(pairOf(symbol, pattern), uint64(w))
		})
	})
}

// drop takes one filter out of every cell it belongs to, and what becomes empty or unused out of the index.
func (x *Index) drop(id ID, f *filter.Filter, many bool) {
	symbols, patterns, cut := spread(f)
	w := x.word(id, f, many, cut)
	each(symbols, x.symbols.find, func(symbol uint32) {
		each(patterns, x.patterns.find, func(pattern uint32) {
			x.cells.Remove(pairOf(symbol, pattern), uint64(w))
		})
	})
	for _, name := range symbols {
		x.symbols.drop(name)
	}
	for _, name := range patterns {
		x.patterns.drop(name)
	}
}

// each calls fn with the number of each value of a set, or once with 0 for an empty set, which means any.
func each(set []string, number func(string) uint32, fn func(uint32)) {
	if len(set) == 0 {
		fn(0)
		return
	}
	for _, v := range set {
		fn(number(v))
	}
}

// spread returns the symbols and patterns a filter is stored under, and whether a restriction was left out there and
// must be checked on the hit.
func spread(f *filter.Filter) (symbols, patterns []string, cut bool) {
	s, p := len(f.Symbols), len(f.Patterns)
	switch {
	case max(s, 1)*max(p, 1) <= maxPairs:
		return f.Symbols, f.Patterns, false
	case s > 0 && s <= maxPairs:
		return f.Symbols, nil, true
	case p > 0 && p <= maxPairs:
		return nil, f.Patterns, true
	}
	return nil, nil, true
}

// needs returns the bits that an entry must have for the event.
func (x *Index) needs(e *event.Event) word {
	kind := lastKind
	if i := slices.Index(x.kinds, e.Kind); i >= 0 {
		kind = i
	}
	return tierBits<<min(int(e.Tier), lastBit) | priorityBits<<min(e.Priority, event.Critical) | kindBits<<kind
}

// word packs what a filter says about id, tier, priority and kind into one entry.
func (x *Index) word(id ID, f *filter.Filter, many, cut bool) word {
	w := word(id)<<idShift | threshold(f.ConfidenceMin)
	if many {
		w |= several
	}
	if cut || needsCheck(f) || f.PriorityMin > event.Critical {
		w |= checked
	}
	for p := min(f.PriorityMin, event.Critical); p <= event.Critical; p++ {
		w |= priorityBits << p
	}
	if len(f.Tiers) == 0 {
		w |= allTiers
	}
	for _, t := range f.Tiers {
		w |= tierBits << min(int(t), lastBit)
		if int(t) >= lastBit { // such tiers share a bit
			w |= checked
		}
	}
	if len(f.Kinds) == 0 {
		w |= allKinds
	}
	for _, k := range f.Kinds {
		bit := x.kindBit(k)
		w |= kindBits << bit
		if bit == lastKind { // such kinds share a bit
			w |= checked
		}
	}
	return w
}

// kindBit returns the bit of a kind. The set of kinds is open and filters come from users, so only the first few get
// a bit of their own and keep it; the others share the last one and are checked on the hit.
func (x *Index) kindBit(k event.Kind) int {
	i := slices.Index(x.kinds, k)
	if i >= 0 {
		return i
	}
	if len(x.kinds) < lastKind {
		x.kinds = append(x.kinds, k)
		return len(x.kinds) - 1
	}
	return lastKind
}
