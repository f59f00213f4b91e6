package session

import (
	"bufio"
	"errors"
	"net"
	"net/http"
	"sync"
	"sync/atomic"
	"syscall"
	"time"
)

// Sizes of what a connection holds while nothing happens. A control frame of the library, at most 127 bytes, fits the
// writer and so is one Write. The text of a longer request is read past the reader, straight into memory of its own.
const (
	readerBytes = 128
	writerBytes = 128
)

// socket is the connection under a WebSocket. The library shakes hands on it, reads, and writes control frames, each with
// one Write; ready frames are written beside it. So every write is under a lock, and a frame of which only a part
// could be written keeps the lock until the rest is out.
type socket struct {
	net.Conn

	raw    syscall.RawConn // nil when the connection cannot be tried without waiting, as with TLS
	reader *bufio.Reader   // the library's
	early  []byte          // what the HTTP server has read beyond the request
	heard  atomic.Bool     // the peer has sent something since this was last reset

	mu     sync.Mutex // the right to write
	closed bool       // the library has sent its close frame, or a frame broke off: nothing may follow
	try    attempt
}

// errBroken tells the library that its close frame cannot be sent, so that it does not wait for an answer.
var errBroken = errors.New("session: the connection broke within a frame")

// attempt is a write that does not wait. It is kept, since a function made for each write would be allocated each time.
type attempt struct {
	run  func(fd uintptr)
	data []byte
	n    int
	err  error
}

func (a *attempt) write(fd uintptr) { a.n, a.err = tryWrite(fd, a.data) }

// handshake gets hold of the connection when the library takes it from the HTTP server.
type handshake struct {
	http.ResponseWriter

	socket *socket
}

// Hijack takes the connection from the HTTP server and gives it small buffers: those of the server hold 8 KB.
func (h *handshake) Hijack() (net.Conn, *bufio.ReadWriter, error) {
	conn, buf, err := http.NewResponseController(h.ResponseWriter).Hijack()
	if err != nil {
		return nil, nil, err //nolint:wrapcheck // the library words it
	}
	s := &socket{Conn: conn, reader: bufio.NewReaderSize(nil, readerBytes)} // the library sets what it reads from
	if n := buf.Reader.Buffered(); n > 0 {
		p, _ := buf.Reader.Peek(n)
		s.early = append([]byte(nil), p...)
	}
	if sc, ok := conn.(syscall.Conn); ok && canTry {
		if raw, err := sc.SyscallConn(); err == nil {
			s.raw = raw
			s.try.run = s.try.write
			tune(raw)
		}
	}
	h.socket = s
	return s, bufio.NewReadWriter(s.reader, bufio.NewWriterSize(s, writerBytes)), nil
}

// Read reads for the library.
func (s *socket) Read(p []byte) (int, error) {
	if len(s.early) > 0 {
		n := copy(p, s.early)
		if s.early = s.early[n:]; len(s.early) == 0 {
			s.early = nil
		}
		return n, nil
	}
	n, err := s.Conn.Read(p)
	if n > 0 {
		s.heard.Store(true)
	}
	return n, err //nolint:wrapcheck // the library looks at it
}

// Write writes for the library: control frames, since data frames do not go through it.
func (s *socket) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return 0, errBroken
	}
	if len(p) > 0 && p[0]&0x0f == 8 {
		s.closed = true
	}
	return s.Conn.Write(p) //nolint:wrapcheck // the library looks at it
}

// offer writes as much of a frame as needs no waiting and returns how much that was. With half, the frame is begun and
// the lock is kept for finish. It returns an error when the connection takes nothing more at all.
func (s *socket) offer(frame []byte) (n int, half bool, err error) {
	if !s.mu.TryLock() {
		return 0, false, nil
	}
	if s.closed {
		s.mu.Unlock()
		return 0, false, net.ErrClosed
	}
	if s.raw != nil {
		s.try.data, s.try.n, s.try.err = frame, 0, nil
		// RawConn.Write would prepare to wait, which costs half a microsecond; who else may write is the lock's matter.
		err = s.raw.Control(s.try.run)
		s.try.data = nil
		if n = s.try.n; err == nil {
			err = s.try.err
		}
	}
	switch {
	case err != nil:
		s.closed = true // who reads finds out, too
	case n > 0 && n < len(frame):
		return n, true, nil
	}
	s.mu.Unlock()
	return n, false, err
}

// finish writes what is left of a frame, waiting until deadline. When that passes, late is asked for another one; none
// ends the connection. With half, the caller has the lock from offer.
func (s *socket) finish(frame []byte, half bool, deadline time.Time, late func() time.Time) error {
	if !half {
		s.mu.Lock()
	}
	defer s.mu.Unlock()
	if s.closed {
		return net.ErrClosed
	}
	var err error
	for len(frame) > 0 && !deadline.IsZero() {
		var n int
		_ = s.SetWriteDeadline(deadline) // if that fails, so does the write
		n, err = s.Conn.Write(frame)
		frame = frame[n:]
		if err == nil {
			break
		}
		deadline = time.Time{}
		if timeout := net.Error(nil); errors.As(err, &timeout) && timeout.Timeout() {
			deadline = late()
		}
	}
	_ = s.SetWriteDeadline(time.Time{})
	if len(frame) > 0 {
		s.closed = true
		return err //nolint:wrapcheck // only whether it failed matters
	}
	return nil
}
