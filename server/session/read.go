package session

import (
	"context"
	"errors"
	"time"

	"github.com/coder/websocket"
)

// An idle session is one goroutine with the smallest stack there is, parked until its socket is readable. The library's
// reader needs more stack, so it runs on a goroutine of its own for as long as there are requests.

// pongBytes is the length of an empty pong, the answer to our pings: two bytes of header and the client's mask.
const pongBytes = 6

// isPong reports whether an empty pong begins here.
func isPong(p []byte) bool { return len(p) >= pongBytes && p[0] == 0x8a && p[1] == 0x80 }

// wait goes on with reading when there is something to read.
func (s *session) wait() {
	if s.quiet() {
		go s.park()
		return
	}
	go s.read()
}

// quiet reports whether nothing of the peer's next frame is buffered, so that the socket itself can be waited for. Pongs that
// are buffered are taken away, since the library would wait for what follows them.
func (s *session) quiet() bool {
	s.edge.Lock()
	defer s.edge.Unlock()
	if s.socket.raw == nil || s.closing.Load() || len(s.socket.early) > 0 {
		return false
	}
	for s.socket.reader.Buffered() >= pongBytes {
		if p, _ := s.socket.reader.Peek(pongBytes); !isPong(p) {
			return false
		}
		_, _ = s.socket.reader.Discard(pongBytes)
	}
	return s.socket.reader.Buffered() == 0
}

// park waits until there is something to read, or the connection has failed.
func (s *session) park() {
	_ = s.socket.raw.Read(s.arrived) // a failure is found again by who reads
	go s.read()
}

// arrived looks at a socket between two frames. While it is called nobody else can read the socket; once the connection is
// closing, the library may be within a frame, and nothing may be taken away.
func (s *session) arrived(fd uintptr) bool {
	if s.closing.Load() {
		return true
	}
	ready, answered := readable(fd)
	if answered {
		s.socket.heard.Store(true)
	}
	return ready
}

// read answers requests until there are none for the moment, or the connection is closed.
func (s *session) read() {
	for {
		kind, b, err := s.conn.Read(context.Background()) // ended by closing the connection
		if err != nil {
			if websocket.CloseStatus(err) == -1 && errors.Is(err, websocket.ErrMessageTooBig) {
				s.because("bad_frames")
			}
			s.end()
			return
		}
		s.handle(kind, b, time.Now())
		if s.quiet() {
			go s.park()
			return
		}
	}
}
