// Package ledger keeps account of what the sessions of a load test asked for and got, and compares it with what filter.Match
// says they should have got.
//
// A Book knows the events of one run: what each says, and the position the server gave it, learned from whoever got it. An
// Account follows one session frame by frame, without a socket: subscriptions asked for and confirmed, events, numbers told
// as left out, cuts and resumes. In the end Compare decides for every session and every event whether it was due.
package ledger

import (
	"math/bits"
	"runtime"
	"slices"
	"sort"
	"sync"
	"sync/atomic"
	"time"

	"tierboard/server/load/traffic"
	"tierboard/shared/filter"
)

// Book is what is known of the events of one run.
type Book struct {
	traffic   *traffic.Traffic
	shapes    []int32 // by event
	arrived   func(session, event int, at time.Time)
	positions []atomic.Uint64 // by event: its seq, once somebody got it
	seen      atomic.Int64
}

// New returns a Book of as many events as there are shapes, each a shape of the traffic. arrived is called for each live event
// that comes to a session for the first time; it must not block.
func New(t *traffic.Traffic, shapes []int32, arrived func(session, event int, at time.Time)) *Book {
	return &Book{traffic: t, shapes: shapes, arrived: arrived, positions: make([]atomic.Uint64, len(shapes))}
}

// Seen is how many events were received or told as left out by all sessions, to see whether anything still comes.
func (b *Book) Seen() int64 { return b.seen.Load() }

// Known reports whether some session got an event, so that the server has accepted it.
func (b *Book) Known(n int) bool { return b.positions[n].Load() != 0 }

// Wants returns the set of shapes that one of the filters wants, one bit each.
func (b *Book) Wants(filters []filter.Filter) []uint64 {
	set := make([]uint64, (b.traffic.Shapes()+63)/64)
	for i := range b.traffic.Shapes() {
		if filter.Any(filters, b.traffic.Shape(i)) {
			set[i/64] |= 1 << (i % 64)
		}
	}
	return set
}

// sameFilters reports whether two lists are one.
func sameFilters(a, b []filter.Filter) bool {
	return slices.EqualFunc(a, b, func(x, y filter.Filter) bool { return x.Key() == y.Key() })
}

// Exactness is the comparison of what the sessions got with what they should have got, summed over all sessions. Everything
// from Missing on must be 0.
type Exactness struct {
	Sessions int `json:"sessions"`
	Expected int `json:"expected"` // pairs of an event and a session that wanted it
	Received int `json:"received"` // of them, in batches
	// Told are events that batches announced as left out: by the rate limit, or (Dropped) because the session lagged.
	Told    int `json:"told"`
	Dropped int `json:"dropped"`
	Foreign int `json:"foreign"` // live events of another producer
	Cuts    int `json:"cuts"`    // sockets that the test cut
	Eras    int `json:"eras"`    // subscriptions confirmed

	Missing    int `json:"missing"`    // neither received nor told
	Unexpected int `json:"unexpected"` // received but not wanted
	Duplicates int `json:"duplicates"`
	Overtold   int `json:"overtold"` // told as left out, but received
	Disorder   int `json:"disorder"` // batches that do not ascend, events at two positions
	Gaps       int `json:"gaps"`
	Unresumed  int `json:"unresumed"` // resumes that became snapshots
	Refused    int `json:"refused"`   // error frames, and frames that cannot be read
	Lost       int `json:"lost"`      // connections that the server ended
	// Unaccepted are published events that the server did not accept, and LostInside what its counters say it lost or took
	// for something else.
	Unaccepted int `json:"unaccepted"`
	LostInside int `json:"lost_inside"`
	Unheard    int `json:"unheard"` // events that Redis had no subscriber for

	Faults []string `json:"faults,omitempty"` // the first few, in words
}

// OK reports whether delivery was exact.
func (x *Exactness) OK() bool {
	return x.Missing+x.Unexpected+x.Duplicates+x.Overtold+x.Disorder+x.Gaps+x.Unresumed+x.Refused+x.Lost+x.Unaccepted+x.LostInside+x.Unheard == 0
}

// mostFaults is how many faults are told in words.
const mostFaults = 5

// Add sums up.
func (x *Exactness) Add(y *Exactness) {
	x.Sessions += y.Sessions
	x.Expected += y.Expected
	x.Received += y.Received
	x.Told += y.Told
	x.Dropped += y.Dropped
	x.Foreign += y.Foreign
	x.Cuts += y.Cuts
	x.Eras += y.Eras
	x.Missing += y.Missing
	x.Unexpected += y.Unexpected
	x.Duplicates += y.Duplicates
	x.Overtold += y.Overtold
	x.Disorder += y.Disorder
	x.Gaps += y.Gaps
	x.Unresumed += y.Unresumed
	x.Refused += y.Refused
	x.Lost += y.Lost
	x.Unaccepted += y.Unaccepted
	x.LostInside += y.LostInside
	x.Unheard += y.Unheard
	x.Faults = append(x.Faults, y.Faults...)
	x.Faults = x.Faults[:min(len(x.Faults), mostFaults)]
}

// Compare compares sessions with the oracle; accounts that are nil are left out. sent is how many events were published. While
// it runs it holds lock's locker for each account.
func (b *Book) Compare(accounts []*Account, lock func(i int) sync.Locker, sent int) Exactness {
	positions := b.filled(sent)
	next := atomic.Int64{}
	parts := make([]Exactness, runtime.GOMAXPROCS(0))
	var wg sync.WaitGroup
	for part := range parts {
		wg.Go(func() {
			for i := int(next.Add(1)) - 1; i < len(accounts); i = int(next.Add(1)) - 1 {
				if accounts[i] == nil {
					continue
				}
				l := lock(i)
				l.Lock()
				one := accounts[i].judge(positions)
				l.Unlock()
				parts[part].Add(&one)
			}
		})
	}
	wg.Wait()
	var x Exactness
	for i := range parts {
		x.Add(&parts[i])
	}
	return x
}

// filled returns the events' positions. Those of events that nobody got are guessed from their neighbours': positions are
// given in the order of publishing, so that only a foreign event between two of ours can make a guess wrong.
func (b *Book) filled(sent int) []uint64 {
	p := make([]uint64, sent)
	for n := range p {
		p[n] = b.positions[n].Load()
	}
	first := 0
	for first < sent && p[first] == 0 {
		first++
	}
	for n := first - 1; n >= 0 && first < sent; n-- {
		p[n] = max(p[n+1], 1) - 1
	}
	for n := first + 1; n < sent; n++ {
		if p[n] == 0 {
			p[n] = p[n-1] + 1
		}
	}
	return p
}

// judge compares one session with the oracle.
func (a *Account) judge(positions []uint64) Exactness {
	x := Exactness{
		Sessions: 1, Received: a.received, Told: a.told, Dropped: a.dropped, Foreign: a.foreign, Cuts: a.cuts, Eras: len(a.eras),
		Duplicates: a.duplicates, Disorder: a.disorder, Gaps: a.gaps, Unresumed: a.unresumed, Refused: a.refused, Lost: a.lost,
	}
	required, allowed := a.due(positions)
	absent := 0
	for i := range required {
		x.Expected += bits.OnesCount64(required[i])
		absent += bits.OnesCount64(required[i] &^ a.got[i])
		if extra := bits.OnesCount64(a.got[i] &^ allowed[i]); extra > 0 {
			a.wrong(new(int), "event %d came and was not wanted", 64*i+bits.TrailingZeros64(a.got[i]&^allowed[i]))
			x.Unexpected += extra
		}
	}
	switch {
	case absent > a.told:
		x.Missing = absent - a.told
		for i := range required {
			if lacks := required[i] &^ a.got[i]; lacks != 0 {
				a.wrong(new(int), "%d events did not come and were not announced as left out (%d were); the first absent is %d", x.Missing, a.told, 64*i+bits.TrailingZeros64(lacks))
				break
			}
		}
	case absent < a.told && a.cuts == 0 && a.foreign == 0:
		// A cut can make the server repeat what it had told, and what it told can be another producer's.
		x.Overtold = a.told - absent
		a.wrong(new(int), "%d events were announced as left out, %d were", a.told, absent)
	}
	if a.fault != "" {
		x.Faults = []string{a.fault}
	}
	return x
}

// due returns which events the session must have got and which it may have got, one bit each.
func (a *Account) due(positions []uint64) (required, allowed []uint64) {
	required, allowed = make([]uint64, len(a.got)), make([]uint64, len(a.got))
	var wants []uint64
	for i, e := range a.eras {
		until, latest := ^uint64(0), ^uint64(0)
		if i+1 < len(a.eras) {
			next := a.eras[i+1]
			latest = max(e.at, next.at)
			if until = next.from; next.swap {
				until = next.at
			}
		}
		if i == 0 || !sameFilters(e.filters, a.eras[i-1].filters) {
			wants = a.book.Wants(e.filters)
		}
		for n := sort.Search(len(positions), func(n int) bool { return positions[n] > e.from }); n < len(positions) && positions[n] <= latest; n++ {
			if s := a.book.shapes[n]; wants[s/64]&(1<<(s%64)) != 0 {
				allowed[n/64] |= 1 << (n % 64)
				if positions[n] <= until {
					required[n/64] |= 1 << (n % 64)
				}
			}
		}
	}
	return required, allowed
}
