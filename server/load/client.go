package load

import (
	"fmt"
	"slices"
	"sync"
	"time"

	"tierboard/server/load/swarm"
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

// client is one session's other end. It is told of frames by a worker of the swarm, and changed by whoever disturbs it.
type client struct {
	run    *measurement
	number int
	quiet  bool          // it gets nothing but a probe's events
	stuck  bool          // it stops to read
	ready  chan struct{} // gets a token with each confirmation; holds one

	mu      sync.Mutex // guards everything below
	conn    *swarm.Conn
	dialing bool            // cut, and not connected again yet
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

// wrong counts something that must not happen.
func (c *client) wrong(count *int, format string, args ...any) {
	*count++
	if c.fault == "" {
		c.fault = fmt.Sprintf("session %d: ", c.number) + fmt.Sprintf(format, args...)
	}
}

// Frame takes a frame from the server.
func (c *client) Frame(conn *swarm.Conn, payload []byte) {
	at := time.Now()
	scan := c.run.scans.Get().(*wire.Scan) //nolint:errcheck,forcetypeassert // the pool holds nothing else
	defer c.run.scans.Put(scan)
	err := scan.Read(payload)
	c.mu.Lock()
	defer c.mu.Unlock()
	if conn != c.conn {
		return // cut since
	}
	switch {
	case err != nil:
		c.wrong(&c.refused, "a frame that cannot be read: %v", err)
	case string(scan.Type) == "batch":
		c.batch(scan, at)
	case string(scan.Type) == "status", string(scan.Type) == "pong":
	default:
		c.control(payload)
	}
}

// batch takes events.
func (c *client) batch(b *wire.Scan, at time.Time) {
	c.frames++
	live := len(b.ID) == 0
	c.told += b.Suppressed + b.Dropped
	c.dropped += b.Dropped
	before := uint64(0)
	for i := range b.Events {
		e := &b.Events[i]
		if e.Seq <= before {
			c.wrong(&c.disorder, "position %d after %d in one batch", e.Seq, before)
		}
		before = e.Seq
		n, ours := c.run.traffic.Number(e.ID)
		if !ours || n >= len(c.run.positions) {
			if live {
				c.foreign++
			}
			continue
		}
		if was := c.run.positions[n].Load(); was != e.Seq { // a load costs no other core its cache line
			if was = c.run.positions[n].Swap(e.Seq); was != 0 && was != e.Seq {
				c.wrong(&c.disorder, "event %d at the positions %d and %d", n, was, e.Seq)
			}
		}
		if c.got[n/64]&(1<<(n%64)) != 0 {
			if !c.again || live || e.Seq <= c.resumed {
				c.wrong(&c.duplicates, "event %d (position %d) came twice", n, e.Seq)
			}
			continue
		}
		c.got[n/64] |= 1 << (n % 64)
		c.received++
		if live && n >= c.run.warm {
			c.run.arrived(n, at, c)
		}
	}
	c.run.delivered.Add(int64(len(b.Events) + b.Suppressed + b.Dropped))
	if live {
		if c.left <= 0 {
			c.pos = b.Seq
		}
		return
	}
	if c.left -= len(b.Events); c.left <= 0 {
		c.again = false
	}
	if c.asked == nil {
		c.pos = b.Seq
	}
}

// control takes every other frame.
func (c *client) control(payload []byte) {
	f, err := wire.Decode(payload)
	if err != nil {
		c.wrong(&c.refused, "a frame that cannot be read: %v", err)
		return
	}
	switch f := f.(type) {
	case *wire.Welcome:
		if c.epoch != "" && c.epoch != f.Epoch {
			c.wrong(&c.lost, "the server is another one since")
		}
		c.epoch = f.Epoch
		c.run.window.Store(int64(f.WindowMS))
	case *wire.Subscribed:
		c.confirmed(f)
	case *wire.Gap:
		c.wrong(&c.gaps, "the server announced a gap from %d to %d", f.FromSeq, f.ToSeq)
	case *wire.Error:
		c.wrong(&c.refused, "the server refused a request: %s: %s", f.Code, f.Detail)
	case *wire.Bye:
		c.wrong(&c.lost, "the server goes away")
	}
}

// confirmed begins an era.
func (c *client) confirmed(f *wire.Subscribed) {
	if c.asked == nil {
		c.wrong(&c.refused, "a subscription was confirmed that nobody asked for")
		return
	}
	e := *c.asked
	c.asked = nil
	e.at = f.Seq
	c.again = !e.swap && f.Replayed > 0
	if len(c.eras) == 0 {
		e.from = f.Seq // what a snapshot brings was before
		c.pos, c.left = f.Seq, 0
	} else {
		if !f.Resumed {
			c.wrong(&c.unresumed, "the server could not go on from position %d", e.from)
		}
		if c.left = f.Replayed; c.left == 0 {
			c.pos = f.Seq
		} else {
			c.pos = e.from
		}
	}
	c.eras = append(c.eras, e)
	select {
	case c.ready <- struct{}{}:
	default:
	}
}

// Closed notes that the server ended the connection.
func (c *client) Closed(conn *swarm.Conn, code int, reason string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if conn == c.conn {
		c.conn = nil
		c.wrong(&c.lost, "the connection ended with %d %q", code, reason)
		select {
		case c.ready <- struct{}{}: // whoever waits need not
		default:
		}
	}
}

// subscribe asks for the filters; c.mu is held. With a position known it asks to go on from there.
func (c *client) subscribe(swap bool) error {
	c.asked = &era{filters: c.filters, from: c.pos, swap: swap}
	r := wire.Request{Type: "subscribe", ID: subscription, Filters: c.filters}
	if len(c.eras) > 0 {
		r.Resume = &wire.Resume{Epoch: c.epoch, Seq: c.pos}
	}
	return c.conn.Send(r.Append(nil, wire.MsgPack))
}

// swap asks for other filters, unless an answer or a replay is still to come.
func (c *client) swap(filters []filter.Filter) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.conn == nil || c.asked != nil || c.left > 0 {
		return
	}
	c.filters = filters
	if err := c.subscribe(true); err != nil {
		c.wrong(&c.lost, "%v", err)
	}
}

// cut breaks the connection and reports whether there was one; then whoever cut must connect again.
func (c *client) cut() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.conn == nil || c.dialing {
		return false
	}
	c.conn.Drop()
	c.conn, c.asked, c.left, c.dialing = nil, nil, 0, true
	c.cuts++
	return true
}

// attach makes a connection the client's and subscribes over it.
func (c *client) attach(conn *swarm.Conn) error {
	c.mu.Lock()
	c.conn = conn
	c.resumed = c.pos
	err := c.subscribe(false)
	c.mu.Unlock()
	if err != nil {
		return err
	}
	return conn.Start()
}

// settled reports whether nothing is under way.
func (c *client) settled() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.lost > 0 || c.conn != nil && !c.dialing && c.asked == nil && c.left <= 0
}

// wants returns the set of shapes that one of the filters wants, one bit each.
func (m *measurement) wants(filters []filter.Filter) []uint64 {
	set := make([]uint64, (m.traffic.Shapes()+63)/64)
	for i := range m.traffic.Shapes() {
		if filter.Any(filters, m.traffic.Shape(i)) {
			set[i/64] |= 1 << (i % 64)
		}
	}
	return set
}

// sameFilters reports whether two lists are one.
func sameFilters(a, b []filter.Filter) bool {
	return slices.EqualFunc(a, b, func(x, y filter.Filter) bool { return x.Key() == y.Key() })
}
