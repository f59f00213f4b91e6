package broker

import (
	"errors"
	"net"
	"sync"
	"time"
)

// writeTimeout is how long the kernel may refuse bytes of a connection before it is given up.
const writeTimeout = 10 * time.Second

// errTooSlow ends a connection whose buffer is full.
var errTooSlow = errors.New("the output buffer is full")

// conn is a connection whose Write never waits, and whose Read passes on only whole-looking commands. Its drain
// goroutine does the real writing.
type conn struct {
	net.Conn
	limit int
	guard guard
	onEnd func(tooSlow bool) // called once, by drain
	done  chan struct{}      // closed when drain has ended
	wake  chan struct{}      // 1 token: there is something to do

	mu      sync.Mutex
	pending []byte // guarded by mu: written by miniredis, not yet by drain
	closed  bool   // guarded by mu: no more writes; drain writes the rest and ends
	tooSlow bool   // guarded by mu
}

func newConn(raw net.Conn, limit int) *conn {
	return &conn{Conn: raw, limit: limit, done: make(chan struct{}), wake: make(chan struct{}, 1)}
}

// Read reads what the client sends and ends the connection at the first byte that is no command.
func (c *conn) Read(p []byte) (int, error) {
	n, err := c.Conn.Read(p)
	if bad := c.guard.check(p[:n]); bad != nil {
		_, _ = c.Write([]byte("-ERR Protocol error: " + bad.Error() + "\r\n"))
		_ = c.Close()
		return 0, bad
	}
	return n, err
}

// Write buffers p. At the limit it ends the connection: who does not read loses it, nobody waits.
func (c *conn) Write(p []byte) (int, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closed {
		return 0, net.ErrClosed
	}
	if len(c.pending)+len(p) > c.limit {
		c.tooSlow = true
		c.end()
		return 0, errTooSlow
	}
	c.pending = append(c.pending, p...)
	c.signal()
	return len(p), nil
}

// Close ends the connection after what is buffered was written, without waiting for that. Reads end at once.
func (c *conn) Close() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.closed {
		c.end()
	}
	return nil
}

// end marks the connection as closed; c.mu is held.
func (c *conn) end() {
	c.closed = true
	// A reader that waits must wake up for miniredis to forget its subscriptions.
	_ = c.SetReadDeadline(time.Now())
	if c.tooSlow {
		c.pending = nil
		_ = c.SetWriteDeadline(time.Now())
	}
	c.signal()
}

// signal wakes drain; c.mu is held.
func (c *conn) signal() {
	select {
	case c.wake <- struct{}{}:
	default:
	}
}

// drain writes what is buffered until the connection is closed or broken, then closes it for good.
func (c *conn) drain() {
	defer close(c.done)
	var spare []byte // owned by drain: nil, or an empty buffer for the next swap
	failed := false
	for {
		c.mu.Lock()
		closed, tooSlow := c.closed, c.tooSlow
		idle := len(c.pending) == 0
		var out []byte
		if !idle {
			out, c.pending, spare = c.pending, spare, nil
			if !closed {
				_ = c.SetWriteDeadline(time.Now().Add(writeTimeout))
			}
		}
		c.mu.Unlock()
		switch {
		case closed && (idle || failed || tooSlow):
			_ = c.Conn.Close()
			c.onEnd(tooSlow)
			return
		case idle:
			<-c.wake
			continue
		}
		if _, err := c.Conn.Write(out); err != nil {
			failed = true
			_ = c.Close()
		}
		if cap(out) <= 64<<10 { // a burst must not keep its memory for ever
			spare = out[:0]
		}
	}
}
