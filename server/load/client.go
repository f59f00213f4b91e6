package load

import (
	"sync"
	"time"

	"tierboard/server/load/ledger"
	"tierboard/server/load/swarm"
	"tierboard/shared/filter"
	"tierboard/shared/wire"
)

// client is one session's other end. It is told of frames by a worker of the swarm, and changed by whoever disturbs it.
type client struct {
	run    *measurement
	number int
	quiet  bool          // it gets nothing but a probe's events
	stuck  bool          // it stops to read
	ready  chan struct{} // gets a token with each confirmation; holds one

	mu      sync.Mutex // guards everything below
	conn    *swarm.Conn
	dialing bool // cut, and not connected again yet
	account *ledger.Account
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
	if c.account.Frame(scan, err, payload, at) {
		c.wake()
	}
}

// wake lets who waits for the client go on.
func (c *client) wake() {
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
		c.account.Lost("the connection ended with %d %q", code, reason)
		c.wake()
	}
}

// swap asks for other filters, unless an answer or a replay is still to come.
func (c *client) swap(filters []filter.Filter) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.conn == nil || !c.account.Idle() {
		return
	}
	if err := c.conn.Send(c.account.Swap(filters).Append(nil, wire.MsgPack)); err != nil {
		c.account.Lost("%v", err)
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
	c.conn, c.dialing = nil, true
	c.account.Cut()
	return true
}

// attach makes a connection the client's and subscribes over it.
func (c *client) attach(conn *swarm.Conn) error {
	c.mu.Lock()
	c.conn = conn
	c.account.Connected()
	err := conn.Send(c.account.Ask().Append(nil, wire.MsgPack))
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
	return c.account.IsLost() || c.conn != nil && !c.dialing && c.account.Idle()
}
