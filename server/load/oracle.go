package load

import (
	"math/bits"
	"runtime"
	"sort"
	"sync"
)

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

// add sums up.
func (x *Exactness) add(y *Exactness) {
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

// compare compares every session that reads with the oracle. sent is how many events were published.
func (m *measurement) compare(sent int) Exactness {
	positions := m.filled(sent)
	work := make(chan *client, len(m.clients))
	for _, c := range m.clients {
		if !c.stuck {
			work <- c
		}
	}
	close(work)
	parts := make([]Exactness, runtime.GOMAXPROCS(0))
	var wg sync.WaitGroup
	for i := range parts {
		wg.Go(func() {
			for c := range work {
				one := m.judge(c, positions)
				parts[i].add(&one)
			}
		})
	}
	wg.Wait()
	var x Exactness
	for i := range parts {
		x.add(&parts[i])
	}
	return x
}

// filled returns the events' positions. Those of events that nobody got are guessed from their neighbours': positions are
// given in the order of publishing, so that only a foreign event between two of ours can make a guess wrong.
func (m *measurement) filled(sent int) []uint64 {
	p := make([]uint64, sent)
	for n := range p {
		p[n] = m.positions[n].Load()
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
func (m *measurement) judge(c *client, positions []uint64) Exactness {
	c.mu.Lock()
	defer c.mu.Unlock()
	x := Exactness{
		Sessions: 1, Received: c.received, Told: c.told, Dropped: c.dropped, Foreign: c.foreign, Cuts: c.cuts, Eras: len(c.eras),
		Duplicates: c.duplicates, Disorder: c.disorder, Gaps: c.gaps, Unresumed: c.unresumed, Refused: c.refused, Lost: c.lost,
	}
	required, allowed := c.due(m, positions)
	absent := 0
	for i := range required {
		x.Expected += bits.OnesCount64(required[i])
		absent += bits.OnesCount64(required[i] &^ c.got[i])
		if extra := bits.OnesCount64(c.got[i] &^ allowed[i]); extra > 0 {
			c.wrong(new(int), "event %d came and was not wanted", 64*i+bits.TrailingZeros64(c.got[i]&^allowed[i]))
			x.Unexpected += extra
		}
	}
	switch {
	case absent > c.told:
		x.Missing = absent - c.told
		for i := range required {
			if lacks := required[i] &^ c.got[i]; lacks != 0 {
				c.wrong(new(int), "%d events did not come and were not announced as left out (%d were); the first absent is %d", x.Missing, c.told, 64*i+bits.TrailingZeros64(lacks))
				break
			}
		}
	case absent < c.told && c.cuts == 0 && c.foreign == 0:
		// A cut can make the server repeat what it had told, and what it told can be another producer's.
		x.Overtold = c.told - absent
		c.wrong(new(int), "%d events were announced as left out, %d were", c.told, absent)
	}
	if c.fault != "" {
		x.Faults = []string{c.fault}
	}
	return x
}

// due returns which events the session must have got and which it may have got, one bit each. c.mu is held.
func (c *client) due(m *measurement, positions []uint64) (required, allowed []uint64) {
	required, allowed = make([]uint64, len(c.got)), make([]uint64, len(c.got))
	var wants []uint64
	for i, e := range c.eras {
		until, latest := ^uint64(0), ^uint64(0)
		if i+1 < len(c.eras) {
			next := c.eras[i+1]
			latest = max(e.at, next.at)
			if until = next.from; next.swap {
				until = next.at
			}
		}
		if i == 0 || !sameFilters(e.filters, c.eras[i-1].filters) {
			wants = m.wants(e.filters)
		}
		for n := sort.Search(len(positions), func(n int) bool { return positions[n] > e.from }); n < len(positions) && positions[n] <= latest; n++ {
			if s := m.shapes[n]; wants[s/64]&(1<<(s%64)) != 0 {
				allowed[n/64] |= 1 << (n % 64)
				if positions[n] <= until {
					required[n/64] |= 1 << (n % 64)
				}
			}
		}
	}
	return required, allowed
}
