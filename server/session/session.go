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
	"tierboard/shared/event"
	"tierboard/shared/wire"
)

// lastChance is how long a session that is cut may take to read the frame it is stuck in, so that it can be told why.
const lastChance = time.Second

// session is one connection.
type session struct {
	h       *Handler
	conn    *websocket.Conn
	socket  net.Conn // under conn; closed only to break the connection
	addr    netip.Addr
	format  wire.Format
	kind    websocket.MessageType // of frames in the format
	reason  atomic.Pointer[string]
	closing sync.Once
	going   chan time.Duration // holds how long the client should stay away, once the server shuts down

	peer *hub.Session // set before the goroutines start
}

func newSession(h *Handler, conn *websocket.Conn, socket net.Conn, addr netip.Addr) *session {
	s := &session{
		h: h, conn: conn, socket: socket, addr: addr,
		format: wire.JSON, kind: websocket.MessageText,
		going: make(chan time.Duration, 1),
	}
	if conn.Subprotocol() == wire.MsgPackProtocol {
		s.format, s.kind = wire.MsgPack, websocket.MessageBinary
	}
	return s
}

// serve runs the session until its connection is closed.
func (s *session) serve(ctx context.Context) {
	ctx, stop := context.WithCancel(ctx)
	peer, err := s.h.hub.Open(ctx, s.format, s.hello()...)
	if err != nil {
		stop()
		s.close(wire.CloseGoingAway, "server is going away", "going_away")
		s.count()
		return
	}
	s.peer = peer
	var wg sync.WaitGroup
	wg.Go(func() { s.write(ctx) })
	wg.Go(func() { s.keep(ctx) })
	s.read(ctx)
	s.because("client") // unless this side had a reason before
	stop()
	peer.Close()
	_ = s.conn.CloseNow() // frees a writer that is stuck in the socket
	wg.Wait()
	s.count()
}

// hello returns the frames that open every session.
func (s *session) hello() []wire.Frame {
	cfg := s.h.hub.Config()
	hello := []wire.Frame{&wire.Welcome{
		Protocol: wire.Protocol, Epoch: s.h.hub.Epoch(), ServerTime: time.Now(),
		WindowMS: int(cfg.Window.Milliseconds()), RateLimit: cfg.RateLimit, Build: s.h.cfg.Build, Demo: s.h.cfg.Demo,
	}}
	if s.h.cfg.Status != nil {
		if st := s.h.cfg.Status(); st != nil {
			hello = append(hello, st)
		}
	}
	return hello
}

// write hands frames to the socket until the session ends, and then closes the connection with the session's code.
func (s *session) write(ctx context.Context) {
	// One timer for all frames: a context with a deadline for each would cost a dozen allocations.
	late := time.AfterFunc(time.Hour, func() { s.peer.Abort(wire.CloseTooSlow, "frame was not read in time") })
	late.Stop()
	defer late.Stop()
	for {
		f, err := s.peer.Next(ctx)
		if err != nil {
			var end *hub.CloseError
			if errors.As(err, &end) {
				s.close(end.Code, end.Reason, reasonOf(end.Code))
			}
			return
		}
		late.Reset(s.h.cfg.WriteTimeout)
		err = s.conn.Write(context.Background(), s.kind, f.Bytes)
		late.Stop()
		if err != nil {
			if !isClosed(err) {
				s.h.log.Debug("write frame", slog.Any("err", err))
			}
			_ = s.conn.CloseNow() // ends the reader, and with it the session
			return
		}
		s.h.m.FramesSent.Inc()
		if f.Events > 0 {
			s.h.m.EventsSent.Add(float64(f.Events))
		}
		if !f.Received.IsZero() {
			s.h.deliver[min(f.Tier, event.Combo)].Observe(time.Since(f.Received).Seconds())
		}
	}
}

// keep pings the peer, and closes the connection when the session is cut, the server goes away or a ping stays
// unanswered.
func (s *session) keep(ctx context.Context) {
	ticker := time.NewTicker(s.h.cfg.PingEvery)
	defer ticker.Stop()
	var wg sync.WaitGroup
	defer wg.Wait()
	pinging := make(chan struct{}, 1)
	for {
		select {
		case <-ctx.Done():
			return
		case <-s.peer.Cut():
			if end := s.peer.Cause(); ctx.Err() == nil {
				s.close(end.Code, end.Reason, reasonOf(end.Code))
			}
			return
		case wait := <-s.going:
			s.peer.Send(&wire.Bye{ReconnectMS: int(wait.Milliseconds())})
			s.peer.Finish(wire.CloseGoingAway, "server is going away")
		case <-ticker.C:
			select {
			case pinging <- struct{}{}:
				wg.Go(func() {
					s.ping(ctx)
					<-pinging
				})
			default: // the last ping is not answered yet
			}
		}
	}
}

// ping asks for a sign of life and breaks the connection if none comes.
func (s *session) ping(ctx context.Context) {
	ctx, stop := context.WithTimeout(ctx, s.h.cfg.IdleAfter)
	defer stop()
	if err := s.conn.Ping(ctx); err != nil && errors.Is(err, context.DeadlineExceeded) {
		s.because("dead")
		_ = s.conn.CloseNow()
	}
}

// goAway asks the session to end because the server does. It never blocks.
func (s *session) goAway(within time.Duration) {
	select {
	case s.going <- jitter(within):
	default:
	}
}

// close shakes hands for the last time, once. The library gives the peer five seconds each way.
func (s *session) close(code wire.CloseCode, text, reason string) {
	s.closing.Do(func() {
		s.because(reason)
		if code == wire.CloseTooSlow { // the writer may be stuck in the socket, where the close frame cannot pass it
			_ = s.socket.SetWriteDeadline(time.Now().Add(lastChance))
		}
		_ = s.conn.Close(websocket.StatusCode(code), text)
	})
}

// because notes why the session ended; the first reason counts.
func (s *session) because(reason string) { s.reason.CompareAndSwap(nil, &reason) }

// count adds the session to the closed ones.
func (s *session) count() {
	s.h.m.SessionsClosed.WithLabelValues(*s.reason.Load()).Inc()
}

// reasonOf is the metric's word for a close code.
func reasonOf(code wire.CloseCode) string {
	switch code {
	case wire.CloseTooSlow:
		return "too_slow"
	case wire.ClosePolicy:
		return "bad_frames"
	case wire.CloseTooMany:
		return "too_many"
	case wire.CloseGoingAway, wire.CloseSignIn, wire.CloseNotAllowed:
	}
	return "going_away"
}
