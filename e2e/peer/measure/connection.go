package measure

import (
	"fmt"
	"sync"
	"time"

	"tierboard/e2e/peer/job"
	"tierboard/server/load/swarm"
)

// Dialect is how a client talks with a server.
type Dialect struct {
	Path, Protocol string // of the WebSocket
	// Binary says that the client's messages are binary, else they are texts.
	Binary bool
	// Hello asks for the events of a user.
	Hello func(j *job.Job, user int) []byte
	// Frame reads a frame for a connection, and returns what must be answered, if anything. It tells the connection what
	// the frame holds, and keeps no part of it. An error is a fault of the server.
	Frame func(c *Connection, payload []byte, at time.Time) (reply []byte, err error)
}

// Connection is one of the clients'. The swarm's worker tells it of frames.
type Connection struct {
	of    *measurement
	user  int
	ready chan struct{} // closed once the server has answered, or the connection has ended

	mu    sync.Mutex // guards everything below
	open  bool       // ready is not closed
	got   job.Set
	twice int
	fault string // the first thing that went wrong
}

// send sends a message the way the server takes it.
func (d *Dialect) send(conn *swarm.Conn, message []byte) error {
	if d.Binary {
		return conn.Send(message)
	}
	return conn.SendText(message)
}

// wrong notes that something went wrong. c.mu is held.
func (c *Connection) wrong(format string, args ...any) {
	if c.fault == "" {
		c.fault = fmt.Sprintf("connection %d: ", c.user) + fmt.Sprintf(format, args...)
	}
}

// Subscribed notes that the server has answered. Only [Dialect.Frame] may call it.
func (c *Connection) Subscribed() {
	if c.open {
		c.open = false
		close(c.ready)
	}
}

// Frame takes a frame.
func (c *Connection) Frame(conn *swarm.Conn, payload []byte) {
	at := time.Now()
	c.mu.Lock()
	defer c.mu.Unlock()
	reply, err := c.of.dialect.Frame(c, payload, at)
	if err == nil && reply != nil {
		err = c.of.dialect.send(conn, reply)
	}
	if err != nil {
		c.wrong("%v", err)
		c.Subscribed()
	}
}

// Closed notes that the server ended the connection.
func (c *Connection) Closed(_ *swarm.Conn, code int, reason string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.wrong("it ended with %d %q", code, reason)
	c.Subscribed()
}

// Took takes an event by its id. Only [Dialect.Frame] may call it.
func (c *Connection) Took(id []byte, at time.Time) {
	n, ok := c.of.job.Traffic.Number(id)
	switch {
	case !ok || n >= c.of.job.Events:
		c.wrong("an event with the id %q, which was not published", id)
	case c.got.Has(n):
		c.twice++
	default:
		c.got.Add(n)
		c.of.arrived(n, at)
	}
}

// Count counts what a frame of so many bytes brought. Only [Dialect.Frame] may call it.
func (c *Connection) Count(events, size int) {
	if events > 0 {
		c.of.delivered.Add(int64(events))
		c.of.bytes.Add(int64(size))
		c.of.frames.Add(1)
	}
}
