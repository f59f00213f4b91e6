package ledger

import (
	"fmt"
	"time"

	"tierboard/shared/filter"
	"tierboard/shared/wire"
)

// subscription is the id that every session subscribes under.
const subscription = "main"

// era is a subscription that the server confirmed: its filters were in force for what came live behind at, until the next
// era, and for what was replayed behind from.
type era struct {
	filters []filter.Filter
	from    uint64 // the position the resume asked to go on from; at for a first subscription
	at      uint64 // the position of the confirmation
	swap    bool   // on the connection of the era before; else on a new one
}

// Account is what one session asked for and got. One goroutine at a time may use it.
type Account struct {
	book    *Book
	number  int
	filters []filter.Filter // asked for last
	asked   *era            // sent and not confirmed
	eras    []era
	epoch   string
	pos     uint64 // what the session got up to here is complete
	left    int    // events of a replay still to come
	resumed uint64 // the position this connection went on from
	again   bool   // the replay behind it is not through: it may repeat what came over the connection before
	got     []uint64

	frames, received, duplicates, disorder, told, dropped, foreign int
	gaps, unresumed, refused, lost, cuts                           int
	fault                                                          string // the first thing that went wrong, in words
}

// Open returns the account of a session, which will ask for the filters first.
func (b *Book) Open(number int, filters []filter.Filter) *Account {
	return &Account{book: b, number: number, filters: filters, got: make([]uint64, (len(b.shapes)+63)/64)}
}

// wrong counts something that must not happen.
func (a *Account) wrong(count *int, format string, args ...any) {
	*count++
	if a.fault == "" {
		a.fault = fmt.Sprintf("session %d: ", a.number) + fmt.Sprintf(format, args...)
	}
}

// Lost notes that the connection ended and should not have.
func (a *Account) Lost(format string, args ...any) { a.wrong(&a.lost, format, args...) }

// Fault is the first thing that went wrong, in words, or "".
func (a *Account) Fault() string { return a.fault }

// Frames is how many batches came.
func (a *Account) Frames() int { return a.frames }

// Received is how many events came, each counted once.
func (a *Account) Received() int { return a.received }

// IsLost reports whether the server ended the connection.
func (a *Account) IsLost() bool { return a.lost > 0 }

// Idle reports whether nothing is under way: no answer and no replay is still to come.
func (a *Account) Idle() bool { return a.asked == nil && a.left <= 0 }

// Frame takes a frame that came at a moment. scan has read it, or failed with err. It reports whether a subscription was
// confirmed, which somebody may wait for.
func (a *Account) Frame(scan *wire.Scan, err error, payload []byte, at time.Time) (confirmed bool) {
	switch {
	case err != nil:
		a.wrong(&a.refused, "a frame that cannot be read: %v", err)
	case string(scan.Type) == "batch":
		a.batch(scan, at)
	case string(scan.Type) == "status", string(scan.Type) == "pong":
	default:
		return a.control(payload)
	}
	return false
}

// batch takes events.
func (a *Account) batch(b *wire.Scan, at time.Time) {
	a.frames++
	live := len(b.ID) == 0
	a.told += b.Suppressed + b.Dropped
	a.dropped += b.Dropped
	before := uint64(0)
	for i := range b.Events {
		e := &b.Events[i]
		if e.Seq <= before {
			a.wrong(&a.disorder, "position %d after %d in one batch", e.Seq, before)
		}
		before = e.Seq
		n, ours := a.book.traffic.Number(e.ID)
		if !ours || n >= len(a.book.positions) {
			if live {
				a.foreign++
			}
			continue
		}
		if was := a.book.positions[n].Load(); was != e.Seq { // a load costs no other core its cache line
			if was = a.book.positions[n].Swap(e.Seq); was != 0 && was != e.Seq {
				a.wrong(&a.disorder, "event %d at the positions %d and %d", n, was, e.Seq)
			}
		}
		if a.got[n/64]&(1<<(n%64)) != 0 {
			if !a.again || live || e.Seq <= a.resumed {
				a.wrong(&a.duplicates, "event %d (position %d) came twice", n, e.Seq)
			}
			continue
		}
		a.got[n/64] |= 1 << (n % 64)
		a.received++
		if live {
			a.book.arrived(a.number, n, at)
		}
	}
	a.book.seen.Add(int64(len(b.Events) + b.Suppressed + b.Dropped))
	if live {
		if a.left <= 0 {
			a.pos = b.Seq
		}
		return
	}
	if a.left -= len(b.Events); a.left <= 0 {
		a.again = false
	}
	if a.asked == nil {
		a.pos = b.Seq
	}
}

// control takes every other frame.
func (a *Account) control(payload []byte) (confirmed bool) {
	f, err := wire.Decode(payload)
	if err != nil {
		a.wrong(&a.refused, "a frame that cannot be read: %v", err)
		return false
	}
	switch f := f.(type) {
	case *wire.Welcome:
		if a.epoch != "" && a.epoch != f.Epoch {
			a.wrong(&a.lost, "the server is another one since")
		}
		a.epoch = f.Epoch
	case *wire.Subscribed:
		return a.confirmed(f)
	case *wire.Gap:
		a.wrong(&a.gaps, "the server announced a gap from %d to %d", f.FromSeq, f.ToSeq)
	case *wire.Error:
		a.wrong(&a.refused, "the server refused a request: %s: %s", f.Code, f.Detail)
	case *wire.Bye:
		a.wrong(&a.lost, "the server goes away")
	}
	return false
}

// confirmed begins an era.
func (a *Account) confirmed(f *wire.Subscribed) bool {
	if a.asked == nil {
		a.wrong(&a.refused, "a subscription was confirmed that nobody asked for")
		return false
	}
	e := *a.asked
	a.asked = nil
	e.at = f.Seq
	a.again = !e.swap && f.Replayed > 0
	if len(a.eras) == 0 {
		e.from = f.Seq // what a snapshot brings was before
		a.pos, a.left = f.Seq, 0
	} else {
		if !f.Resumed {
			a.wrong(&a.unresumed, "the server could not go on from position %d", e.from)
		}
		if a.left = f.Replayed; a.left == 0 {
			a.pos = f.Seq
		} else {
			a.pos = e.from
		}
	}
	a.eras = append(a.eras, e)
	return true
}

// Ask returns the request for the session's filters. With a position known it asks to go on from there.
func (a *Account) Ask() *wire.Request { return a.ask(false) }

func (a *Account) ask(swap bool) *wire.Request {
	a.asked = &era{filters: a.filters, from: a.pos, swap: swap}
	r := &wire.Request{Type: "subscribe", ID: subscription, Filters: a.filters}
	if len(a.eras) > 0 {
		r.Resume = &wire.Resume{Epoch: a.epoch, Seq: a.pos}
	}
	return r
}

// Swap returns the request for other filters. The account must be Idle.
func (a *Account) Swap(filters []filter.Filter) *wire.Request {
	a.filters = filters
	return a.ask(true)
}

// Cut notes that the test broke the connection.
func (a *Account) Cut() {
	a.asked, a.left = nil, 0
	a.cuts++
}

// Connected notes a new connection, over which Ask is sent next.
func (a *Account) Connected() { a.resumed = a.pos }
