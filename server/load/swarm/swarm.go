package swarm

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"sync"
	"syscall"
	"time"
)

// Config says where connections go.
type Config struct {
	Addr     string // host:port of the server
	Path     string // of the WebSocket
	Protocol string // the subprotocol to offer; a server that does not take it is refused
	// Pause is how long the worker of ordinary connections rests after each look, 0 to 10 ms: the frames that come meanwhile
	// are read in one go. It adds as much to what is measured, at worst, and halves what measuring costs.
	Pause time.Duration
}

// Handler is told what happens on a connection. One worker calls it at a time, in the order of the frames; the frame's bytes
// are valid during the call only. Nothing comes after Closed.
type Handler interface {
	Frame(c *Conn, payload []byte)
	// Closed is called once, unless Drop was called first: with the close code of the peer, or 1006 when the connection
	// broke, and what is known of why.
	Closed(c *Conn, code int, reason string)
}

// Swarm is a set of connections. Its methods may be called by any number of goroutines.
type Swarm struct {
	cfg     Config
	workers []*worker // the second one for urgent connections

	mu   sync.Mutex
	next int32
}

// New returns a Swarm without connections. Run must be called for frames to be read.
func New(cfg Config) (*Swarm, error) {
	if cfg.Pause < 0 || cfg.Pause > 10*time.Millisecond {
		return nil, fmt.Errorf("swarm: pause: %v is not within 0 and 10ms", cfg.Pause)
	}
	s := &Swarm{cfg: cfg}
	for _, pause := range [...]time.Duration{cfg.Pause, 0} {
		p, err := newPoller()
		if err != nil {
			s.close()
			return nil, fmt.Errorf("swarm: %w", err)
		}
		s.workers = append(s.workers, &worker{poller: p, pause: pause, conns: map[int32]*Conn{}})
	}
	return s, nil
}

// Run reads until ctx ends, drops every connection and returns nil; it must be called once. After it nothing can be dialled.
func (s *Swarm) Run(ctx context.Context) error {
	var wg sync.WaitGroup
	failed := make([]error, len(s.workers))
	for i, w := range s.workers {
		wg.Go(func() { failed[i] = w.run(ctx) })
	}
	wg.Wait()
	s.close()
	return errors.Join(failed...)
}

// close drops everything.
func (s *Swarm) close() {
	for _, w := range s.workers {
		w.mu.Lock()
		open := w.conns
		w.conns = nil
		w.mu.Unlock()
		for _, c := range open {
			c.Drop()
		}
		w.poller.close()
	}
}

// How says how a connection is made.
type How struct {
	Source netip.Addr // to connect from; the zero Addr for any
	Buffer int        // above 0, the socket receives into that many bytes: a peer notices soon when nobody reads
	Urgent bool       // it is read without the pause
}

// Dial opens a connection and shakes hands. Nothing is read before Start.
func (s *Swarm) Dial(ctx context.Context, how How, h Handler) (*Conn, error) {
	d := net.Dialer{Timeout: 30 * time.Second, KeepAlive: -1}
	if how.Source.IsValid() {
		d.LocalAddr = net.TCPAddrFromAddrPort(netip.AddrPortFrom(how.Source, 0))
	}
	if how.Buffer > 0 {
		d.Control = func(_, _ string, raw syscall.RawConn) error {
			var failed error
			if err := raw.Control(func(fd uintptr) { failed = setReceiveBuffer(fd, how.Buffer) }); err != nil {
				return err
			}
			return failed
		}
	}
	conn, err := d.DialContext(ctx, "tcp", s.cfg.Addr)
	if err != nil {
		return nil, fmt.Errorf("dial: %w", err)
	}
	defer conn.Close() // what stays open is a second descriptor, which the runtime knows nothing of
	deadline := time.Now().Add(30 * time.Second)
	if until, ok := ctx.Deadline(); ok && until.Before(deadline) {
		deadline = until
	}
	if err := conn.SetDeadline(deadline); err != nil {
		return nil, fmt.Errorf("dial: %w", err)
	}
	rest, err := s.shake(conn)
	if err != nil {
		return nil, fmt.Errorf("handshake: %w", err)
	}
	fd, err := detach(conn)
	if err != nil {
		return nil, fmt.Errorf("dial: %w", err)
	}
	s.mu.Lock()
	s.next++
	id := s.next
	s.mu.Unlock()
	w := s.workers[0]
	if how.Urgent {
		w = s.workers[1]
	}
	return &Conn{id: id, worker: w, handler: h, fd: fd, rest: rest}, nil
}

// Conn is one connection.
type Conn struct {
	id      int32
	worker  *worker
	handler Handler
	rest    []byte // the beginning of a frame whose end has not come; the worker's, before Start the dialler's

	mu sync.Mutex
	fd int // guarded by mu; -1 when closed
}

// errDropped is what sending on a dropped connection gives.
var errDropped = errors.New("swarm: connection is closed")

// Start begins to read. It must be called once, by the goroutine that dialled; frames that came with the handshake are
// handled before it returns.
func (c *Conn) Start() error {
	early := c.rest
	c.rest = nil
	if !c.take(early) {
		return errDropped
	}
	w := c.worker
	w.mu.Lock()
	defer w.mu.Unlock()
	c.mu.Lock()
	defer c.mu.Unlock()
	if w.conns == nil || c.fd < 0 {
		return errDropped
	}
	w.conns[c.id] = c
	if err := w.poller.add(c.fd, c.id); err != nil {
		delete(w.conns, c.id)
		return fmt.Errorf("swarm: %w", err)
	}
	return nil
}

// Mute stops reading for good, without closing: to the server the client is stuck.
func (c *Conn) Mute() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.fd < 0 {
		return errDropped
	}
	if err := c.worker.poller.remove(c.fd); err != nil {
		return fmt.Errorf("swarm: %w", err)
	}
	return nil
}

// Send sends a binary message. It does not wait: a peer that takes no more is an error, after which the connection is of
// no use.
func (c *Conn) Send(payload []byte) error { return c.send(opBinary, payload) }

// SendText is Send for a message that is text, in UTF-8.
func (c *Conn) SendText(text []byte) error { return c.send(opText, text) }

func (c *Conn) send(op byte, payload []byte) error {
	frame := appendFrame(make([]byte, 0, len(payload)+14), op, payload)
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.fd < 0 {
		return errDropped
	}
	n, err := writeSocket(c.fd, frame)
	if err == nil && n < len(frame) {
		err = errors.New("the peer does not read")
	}
	if err != nil {
		return fmt.Errorf("swarm: send: %w", err)
	}
	return nil
}

// Drop breaks the connection with a reset, without a close frame and without a word to the handler. A frame that is being
// handled meanwhile is handled to its end.
func (c *Conn) Drop() {
	c.mu.Lock()
	if c.fd >= 0 {
		closeSocket(c.fd)
		c.fd = -1
	}
	c.mu.Unlock()
	c.worker.mu.Lock()
	delete(c.worker.conns, c.id)
	c.worker.mu.Unlock()
}

// end drops the connection and tells the handler, unless it was dropped before.
func (c *Conn) end(code int, reason string) {
	c.mu.Lock()
	open := c.fd >= 0
	c.mu.Unlock()
	c.Drop()
	if open {
		c.handler.Closed(c, code, reason)
	}
}

// worker waits for its share of the connections.
type worker struct {
	poller *poller
	pause  time.Duration
	buf    []byte

	mu    sync.Mutex
	conns map[int32]*Conn // guarded by mu; nil after the end
}

// poll is how long a worker may take to notice that its context has ended.
const poll = 100 * time.Millisecond

// run reads until ctx ends.
func (w *worker) run(ctx context.Context) error {
	w.buf = make([]byte, 256<<10)
	ready := make([]*Conn, 0, 256)
	rest := time.NewTimer(time.Hour)
	defer rest.Stop()
	for ctx.Err() == nil {
		ids, err := w.poller.wait(poll)
		if err != nil {
			return fmt.Errorf("swarm: %w", err)
		}
		ready = ready[:0]
		w.mu.Lock()
		for _, id := range ids {
			if c := w.conns[id]; c != nil {
				ready = append(ready, c)
			}
		}
		w.mu.Unlock()
		for _, c := range ready {
			w.read(c)
		}
		if w.pause == 0 || len(ids) == cap(ready) {
			continue // with so many, more are waiting
		}
		rest.Reset(w.pause)
		select {
		case <-rest.C:
		case <-ctx.Done():
		}
	}
	return nil
}

// read takes what a connection has, as much as fits the buffer.
func (w *worker) read(c *Conn) {
	kept := copy(w.buf, c.rest)
	c.mu.Lock()
	if c.fd < 0 {
		c.mu.Unlock()
		return
	}
	n, again, err := readSocket(c.fd, w.buf[kept:])
	c.mu.Unlock()
	switch {
	case again:
	case err != nil:
		c.end(codeBroken, err.Error())
	case n == 0:
		c.end(codeBroken, "the server closed the connection without a close frame")
	default:
		c.take(w.buf[:kept+n])
		if len(c.rest) > len(w.buf)/2 { // a frame larger than any so far
			w.buf = make([]byte, 2*len(w.buf))
		}
	}
}
