package session

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"net/netip"
	"sync"
	"sync/atomic"
	"time"

	"github.com/coder/websocket"

	"tierboard/server/hub"
	"tierboard/server/hub/frame"
	"tierboard/server/hub/outbox"
	"tierboard/shared/event"
	"tierboard/shared/wire"
)

// lastChance is how long a session that is cut may take to read the frame it is stuck in, so that it can be told why.
const lastChance = time.Second

// session is one connection, and the hub's sink of frames for it.
type session struct {
	h      *Handler
	conn   *websocket.Conn
	socket *socket // under conn
	peer   *hub.Session
	addr   netip.Addr
	format wire.Format
	kind   websocket.MessageType // of frames in the format

	// The reading goroutine's. It changes, but there is one at a time.
	tokens bucket
	bad    badFrames

	asked time.Time // when the first unanswered ping was sent; only the shard, in Beat, uses it

	reason  atomic.Pointer[string]
	over    atomic.Bool // reading has ended, and the connection is closed without further ado
	closed  sync.Once
	edge    sync.Mutex  // guards the change of closing against a look at what the library has buffered
	closing atomic.Bool // the library may read to find the peer's close frame
}

func newSession(h *Handler, conn *websocket.Conn, under *socket, addr netip.Addr) *session {
	s := &session{
		h: h, conn: conn, socket: under, addr: addr,
		format: wire.JSON, kind: websocket.MessageText,
		tokens: newBucket(h.cfg.RequestsPerSecond, time.Now()),
	}
	if conn.Subprotocol() == wire.MsgPackProtocol {
		s.format, s.kind = wire.MsgPack, websocket.MessageBinary
	}
	return s
}

// start sends the hello frames, adds the session to the hub and begins to read.
func (s *session) start() {
	// The hub ends this wait when it ends, and the session then.
	if err := s.peer.Join(context.Background(), s.hello()...); err != nil {
		s.peer.Finish(wire.CloseGoingAway, "server is going away")
	}
	s.wait()
}

// hello returns the frames that open every session.
func (s *session) hello() []wire.Frame {
	cfg := s.h.hub.Config()
	hello := []wire.Frame{&wire.Welcome{
		Protocol: wire.Protocol, Epoch: s.h.hub.Epoch(), ServerTime: time.Now(),
		WindowMS: int(s.h.hub.Window().Milliseconds()), RateLimit: cfg.RateLimit, Build: s.h.cfg.Build, Demo: s.h.cfg.Demo,
	}}
	if s.h.cfg.Status != nil {
		if st := s.h.cfg.Status(); st != nil {
			hello = append(hello, st)
		}
	}
	return hello
}

// Try writes what goes without waiting and lets a goroutine write the rest.
func (s *session) Try(f frame.Frame) (left int) {
	n, half, err := s.socket.offer(f.Ready)
	switch {
	case err != nil:
		return 0 // the connection is gone, and so is the frame
	case n == len(f.Ready):
		s.sent(&f)
		return 0
	}
	f.Ready, f.Bytes = append([]byte(nil), f.Ready[n:]...), nil
	s.h.m.FramesHeld.Inc()
	s.h.running.Add(1) // the session itself still counts, so nobody has stopped waiting
	go s.drain(f, half)
	return len(f.Ready)
}

// drain writes a frame and those that follow, until the peer has caught up or the session ends.
func (s *session) drain(f frame.Frame, half bool) {
	defer s.h.running.Done()
	for {
		patience := s.h.cfg.WriteTimeout
		if s.peer.Cause() != nil {
			patience = lastChance
		}
		if err := s.socket.finish(f.Ready, half, time.Now().Add(patience), s.late); err != nil {
			if !isClosed(err) {
				s.h.log.Debug("write frame", slog.Any("err", err))
			}
			if s.peer.Cause() == nil { // else the connection is being closed
				_ = s.conn.CloseNow() // ends the reader, and with it the session
			}
			return
		}
		s.sent(&f)
		half = false
		var err error
		if f, err = s.peer.Next(context.Background()); err != nil {
			if end, over := errors.AsType[*outbox.CloseError](err); over {
				s.close(end.Code, end.Reason)
			}
			return
		}
	}
}

// late cuts a session whose frame was not read in time, and grants a last chance to read it.
func (s *session) late() time.Time {
	if s.peer.Cause() != nil {
		return time.Time{} // it has had that
	}
	s.h.m.SessionsCut.WithLabelValues("write_timeout").Inc()
	s.peer.Abort(wire.CloseTooSlow, "frame was not read in time")
	return time.Now().Add(lastChance)
}

// sent counts a frame that was written.
func (s *session) sent(f *frame.Frame) {
	s.h.m.FramesSent.Inc()
	if f.Events > 0 {
		s.h.m.EventsSent.Add(float64(f.Events))
	}
	if !f.Received.IsZero() {
		now := time.Now()
		s.h.deliver[min(f.Tier, event.Combo)].Observe(now.Sub(f.Received).Seconds())
		if !f.Published.IsZero() {
			s.h.m.PublishSeconds.Observe(max(now.Sub(f.Published), 0).Seconds()) // clocks differ
		}
	}
}

// Ended closes the connection with the code the hub gives, in a goroutine.
func (s *session) Ended() {
	if s.over.Load() {
		return
	}
	s.h.running.Go(func() {
		end := s.peer.Cause()
		s.close(end.Code, end.Reason)
	})
}

// ping is a whole frame: the mask is the client's business, and no payload is needed to know an answer.
var ping = []byte{0x89, 0}

// Beat returns a ping, unless the peer has let one go unanswered for too long: then the connection is broken.
func (s *session) Beat(now time.Time) []byte {
	if s.socket.heard.Swap(false) || s.asked.IsZero() {
		s.asked = now
	}
	if now.Sub(s.asked) < s.h.cfg.IdleAfter {
		return ping
	}
	s.because("dead")
	s.h.running.Go(func() { _ = s.conn.CloseNow() })
	return nil
}

// goAway asks the session to end because the server does. It never blocks.
func (s *session) goAway(within time.Duration) {
	s.peer.Send(&wire.Bye{ReconnectMS: int(jitter(within).Milliseconds())})
	s.peer.Finish(wire.CloseGoingAway, "server is going away")
}

// close shakes hands for the last time, once. The library gives the peer five seconds each way.
func (s *session) close(code wire.CloseCode, text string) {
	s.closed.Do(func() {
		s.because(reasonOf(code))
		if code == wire.CloseTooSlow { // a frame may be stuck in the socket, where the close frame cannot pass it
			_ = s.socket.SetWriteDeadline(time.Now().Add(lastChance))
		}
		s.edge.Lock()
		s.closing.Store(true)
		s.edge.Unlock()
		_ = s.conn.Close(websocket.StatusCode(code), text)
	})
}

// end leaves nothing of the session behind. The last reading goroutine calls it.
func (s *session) end() {
	if end := s.peer.Cause(); end != nil {
		s.because(reasonOf(end.Code))
	}
	s.because("client") // unless this side had a reason before
	s.over.Store(true)
	s.peer.Close()
	_ = s.conn.CloseNow() // frees whoever is stuck in the socket
	s.h.m.SessionsClosed.WithLabelValues(*s.reason.Load()).Inc()
	s.h.leave(s)
	s.h.running.Done()
}

// because notes why the session ended; the first reason counts.
func (s *session) because(reason string) { s.reason.CompareAndSwap(nil, &reason) }

// reasonOf is the metric's word for a close code.
func reasonOf(code wire.CloseCode) string {
	switch code {
	case wire.CloseTooSlow:
		return "too_slow"
	case wire.ClosePolicy, wire.CloseTooBig:
		return "bad_frames"
	case wire.CloseTooMany:
		return "too_many"
	case wire.CloseGoingAway, wire.CloseSignIn, wire.CloseNotAllowed:
	}
	return "going_away"
}

// isClosed reports whether an error only says that the connection is gone.
func isClosed(err error) bool {
	return errors.Is(err, net.ErrClosed) || websocket.CloseStatus(err) >= 0
}
