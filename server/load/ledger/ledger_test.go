package ledger

import (
	"math/rand/v2"
	"sync"
	"testing"
	"time"

	"tierboard/server/load/traffic"
	"tierboard/shared/event"
	"tierboard/shared/filter"
	"tierboard/shared/wire"
)

// rig is a book of 200 events with sessions that a test feeds by hand.
type rig struct {
	t        *testing.T
	traffic  *traffic.Traffic
	book     *Book
	shapes   []int32
	accounts []*Account
	arrived  int
}

func newRig(t *testing.T) *rig {
	t.Helper()
	r := &rig{t: t, traffic: traffic.New(traffic.Config{Seed: 1, Run: 7, Shapes: 100})}
	rng := rand.New(rand.NewPCG(1, 1))
	for range 200 {
		r.shapes = append(r.shapes, rng.Int32N(100))
	}
	r.book = New(r.traffic, r.shapes, func(_, _ int, _ time.Time) { r.arrived++ })
	return r
}

// open returns the account of a session that has subscribed at a position.
func (r *rig) open(seq uint64, filters ...filter.Filter) *Account {
	a := r.book.Open(len(r.accounts), filters)
	r.accounts = append(r.accounts, a)
	a.Connected()
	r.frame(a, &wire.Welcome{Protocol: wire.Protocol, Epoch: "e"})
	if q := a.Ask(); q.Resume != nil || a.Idle() {
		r.t.Errorf("first asks for %+v", q)
	}
	if !r.frame(a, &wire.Subscribed{ID: "main", Seq: seq}) || !a.Idle() {
		r.t.Error("a confirmation is not noticed")
	}
	return a
}

// frame feeds a frame.
func (r *rig) frame(a *Account, f wire.Frame) bool {
	payload := f.Append(nil, wire.MsgPack)
	var scan wire.Scan
	err := scan.Read(payload)
	return a.Frame(&scan, err, payload, time.Now())
}

// event is number n as the server sends it, at position n+1.
func (r *rig) event(n int) *event.Event {
	e := *r.traffic.Shape(int(r.shapes[n]))
	e.ID, e.Seq = r.traffic.ID(n), uint64(n+1)
	return &e
}

// live feeds the events from..to-1 that the filters want, each in a batch of its own, but for some left out.
func (r *rig) live(a *Account, from, to int, filters []filter.Filter, but ...int) {
	for n := from; n < to; n++ {
		e := r.event(n)
		if !filter.Any(filters, e) || (len(but) > 0 && but[0] == n) {
			continue
		}
		r.frame(a, &wire.Batch{Seq: e.Seq, Events: []*event.Event{e}})
	}
}

// wanted returns the k-th event from a number on that the filters want.
func (r *rig) wanted(filters []filter.Filter, from int) int {
	for n := from; n < len(r.shapes); n++ {
		if filter.Any(filters, r.event(n)) {
			return n
		}
	}
	r.t.Fatal("nothing is wanted")
	return 0
}

func (r *rig) compare() Exactness {
	var mu sync.Mutex
	return r.book.Compare(r.accounts, func(int) sync.Locker { return &mu }, len(r.shapes))
}

var everything, strong = []filter.Filter{{}}, []filter.Filter{{ConfidenceMin: .6}}

func TestALedgerFindsWhatIsWrong(t *testing.T) {
	for name, test := range map[string]struct {
		do   func(r *rig, a *Account) // b gets everything, so that positions are known
		want func(x *Exactness) int   // the one number that is 1
	}{
		"nothing": {func(r *rig, a *Account) { r.live(a, 0, 200, strong) }, nil},
		"missing": {func(r *rig, a *Account) { r.live(a, 0, 200, strong, r.wanted(strong, 50)) }, func(x *Exactness) int { return x.Missing }},
		"told": {func(r *rig, a *Account) {
			r.live(a, 0, 200, strong, r.wanted(strong, 50))
			r.frame(a, &wire.Batch{Seq: 200, Suppressed: 1})
		}, nil},
		"told too much": {func(r *rig, a *Account) {
			r.live(a, 0, 200, strong)
			r.frame(a, &wire.Batch{Seq: 200, Dropped: 1})
		}, func(x *Exactness) int { return x.Overtold }},
		"twice": {func(r *rig, a *Account) {
			r.live(a, 0, 200, strong)
			n := r.wanted(strong, 0)
			r.live(a, n, n+1, strong)
		}, func(x *Exactness) int { return x.Duplicates }},
		"unwanted": {func(r *rig, a *Account) {
			r.live(a, 0, 200, strong)
			for n := range 200 {
				if e := r.event(n); e.Confidence < .6 {
					r.frame(a, &wire.Batch{Seq: 200, Events: []*event.Event{e}})
					return
				}
			}
		}, func(x *Exactness) int { return x.Unexpected }},
		"another epoch": {func(r *rig, a *Account) {
			r.live(a, 0, 200, strong)
			r.frame(a, &wire.Welcome{Epoch: "f"})
		}, func(x *Exactness) int { return x.Lost }},
		"an error": {func(r *rig, a *Account) {
			r.live(a, 0, 200, strong)
			r.frame(a, &wire.Error{Code: "bad_filter"})
		}, func(x *Exactness) int { return x.Refused }},
		"a confirmation nobody asked for": {func(r *rig, a *Account) {
			r.live(a, 0, 200, strong)
			r.frame(a, &wire.Subscribed{ID: "main"})
		}, func(x *Exactness) int { return x.Refused }},
		"no frame": {func(r *rig, a *Account) {
			r.live(a, 0, 200, strong)
			a.Frame(&wire.Scan{}, errUnreadable, nil, time.Now())
		}, func(x *Exactness) int { return x.Refused }},
		"a swap between": {func(r *rig, a *Account) {
			r.live(a, 0, 100, strong)
			if q := a.Swap(everything); q.Resume == nil {
				r.t.Error("a swap does not say from where on")
			}
			r.frame(a, &wire.Subscribed{ID: "main", Seq: 100, Resumed: true})
			r.live(a, 100, 200, everything)
		}, nil},
		"a cut and a resume": {func(r *rig, a *Account) {
			last := r.wanted(strong, 90)
			r.live(a, 0, last+1, strong)
			a.Cut()
			a.Connected()
			if q := a.Ask(); q.Resume == nil || q.Resume.Seq != uint64(last+1) {
				r.t.Errorf("resumes from %+v, want %d", q.Resume, last+1)
			}
			var missed []*event.Event
			for n := last + 1; n < 150; n++ {
				if e := r.event(n); e.Confidence >= .6 {
					missed = append(missed, e)
				}
			}
			r.frame(a, &wire.Subscribed{ID: "main", Seq: 150, Resumed: true, Replayed: len(missed)})
			if a.Idle() {
				r.t.Error("a replay is not waited for")
			}
			r.frame(a, &wire.Batch{ID: "main", Seq: 150, Events: missed})
			r.live(a, 150, 200, strong)
		}, nil},
		"a snapshot instead of a resume": {func(r *rig, a *Account) {
			r.live(a, 0, 200, strong)
			a.Cut()
			a.Connected()
			a.Ask()
			r.frame(a, &wire.Subscribed{ID: "main", Seq: 200})
		}, func(x *Exactness) int { return x.Unresumed }},
	} {
		t.Run(name, func(t *testing.T) {
			r := newRig(t)
			b := r.open(0, everything...)
			r.live(b, 0, 200, everything)
			a := r.open(0, strong...)
			test.do(r, a)
			x := r.compare()
			if x.OK() != (test.want == nil) {
				t.Errorf("exact: %v: %+v", x.OK(), x)
			}
			if test.want != nil && (test.want(&x) != 1 || a.Fault() == "" || len(x.Faults) != 1) {
				t.Errorf("%+v, told as %q: want one fault", x, a.Fault())
			}
			if x.Sessions != 2 || x.Received < 200 || r.arrived < 200 || r.book.Seen() < 200 {
				t.Errorf("%+v, %d arrived, %d seen: too little", x, r.arrived, r.book.Seen())
			}
		})
	}
}

// TestPositionsThatNobodyLearnedAreGuessed leaves out an event for all: it counts as missing for who wants it.
func TestPositionsThatNobodyLearnedAreGuessed(t *testing.T) {
	r := newRig(t)
	a := r.open(0, everything...)
	r.live(a, 0, 200, everything, 77)
	if x := r.compare(); x.Missing != 1 || x.Expected != 200 {
		t.Errorf("%+v, want one of 200 missing", x)
	}
}

func TestAnAccountThatIsNilIsLeftOut(t *testing.T) {
	r := newRig(t)
	r.accounts = append(r.accounts, nil)
	if x := r.compare(); x.Sessions != 0 || !x.OK() {
		t.Errorf("%+v, want nothing", x)
	}
}

type unreadable struct{}

func (unreadable) Error() string { return "unreadable" }

var errUnreadable error = unreadable{}
