package session

import (
	"bufio"
	"context"
	"errors"
	"log/slog"
	"math/rand/v2"
	"net"
	"net/http"
	"net/netip"
	"sync"
	"time"

	"github.com/coder/websocket"
	"github.com/prometheus/client_golang/prometheus"

	"tierboard/server/hub"
	"tierboard/server/metrics"
	"tierboard/shared/event"
	"tierboard/shared/wire"
)

// Handler is the http.Handler of the WebSocket path. It may serve any number of requests concurrently.
type Handler struct {
	cfg     Config
	hub     *hub.Hub
	m       *metrics.Metrics
	log     *slog.Logger
	deliver [event.Combo + 1]prometheus.Observer // by tier

	mu       sync.Mutex
	draining bool
	sessions map[*session]struct{}
	byAddr   map[netip.Addr]int
	running  sync.WaitGroup // requests being served; nothing is added once draining is set
}

// New returns a Handler. The hub must run as long as the handler serves.
func New(cfg Config, h *hub.Hub, m *metrics.Metrics, log *slog.Logger) (*Handler, error) {
	if err := cfg.Validate(); err != nil {
		return nil, err
	}
	x := &Handler{cfg: cfg, hub: h, m: m, log: log, sessions: map[*session]struct{}{}, byAddr: map[netip.Addr]int{}}
	for t := range x.deliver {
		x.deliver[t] = m.DeliverSeconds.WithLabelValues(event.Tier(t).String()) //nolint:gosec // a tier
	}
	return x, nil
}

// ServeHTTP shakes hands and serves the session until it ends.
func (h *Handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if !h.begin() {
		http.Error(w, "server is going away", http.StatusServiceUnavailable)
		return
	}
	defer h.running.Done()

	socket := &socket{ResponseWriter: w}
	conn, err := websocket.Accept(socket, r, &websocket.AcceptOptions{
		Subprotocols:    []string{wire.MsgPackProtocol, wire.JSONProtocol},
		OriginPatterns:  h.cfg.Origins,
		CompressionMode: websocket.CompressionDisabled,
	})
	if err != nil {
		h.log.Debug("refuse handshake", slog.Any("err", err))
		return // Accept has answered
	}
	conn.SetReadLimit(wire.MaxRequest)

	s := newSession(h, conn, socket.conn, remote(r))
	if !h.enter(s) {
		h.m.SessionsClosed.WithLabelValues("too_many").Inc()
		_ = conn.Close(websocket.StatusCode(wire.CloseTooMany), "too many connections")
		return
	}
	defer h.leave(s)
	// The request's context ends with the handler; the session outlives neither.
	s.serve(context.WithoutCancel(r.Context()))
}

// Shutdown refuses new sessions, tells the open ones when to come back, closes them with wire.CloseGoingAway and waits for
// them. When ctx ends before that, it breaks the connections that are left and returns ctx's error.
func (h *Handler) Shutdown(ctx context.Context) error {
	h.mu.Lock()
	h.draining = true
	for s := range h.sessions {
		s.goAway(h.cfg.ReconnectWithin)
	}
	h.mu.Unlock()

	ended := make(chan struct{})
	go func() {
		h.running.Wait()
		close(ended)
	}()
	select {
	case <-ended:
		return nil
	case <-ctx.Done():
	}
	h.mu.Lock()
	for s := range h.sessions {
		s.because("going_away")
		_ = s.socket.Close()
	}
	h.mu.Unlock()
	<-ended
	return ctx.Err()
}

// begin notes a request unless the handler drains.
func (h *Handler) begin() bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.draining {
		return false
	}
	h.running.Add(1)
	return true
}

// enter adds a session unless that would be one too many.
func (h *Handler) enter(s *session) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	if len(h.sessions) >= h.cfg.MaxSessions || (!s.addr.IsLoopback() && h.byAddr[s.addr] >= h.cfg.MaxSessionsPerAddress) {
		return false
	}
	h.sessions[s] = struct{}{}
	h.byAddr[s.addr]++
	if h.draining { // Shutdown has passed already
		s.goAway(h.cfg.ReconnectWithin)
	}
	return true
}

// leave takes a session away.
func (h *Handler) leave(s *session) {
	h.mu.Lock()
	defer h.mu.Unlock()
	delete(h.sessions, s)
	if h.byAddr[s.addr]--; h.byAddr[s.addr] <= 0 {
		delete(h.byAddr, s.addr)
	}
}

// socket gets hold of the connection under the WebSocket, which the library does not show: only closing that ends a close
// handshake the peer does not answer.
type socket struct {
	http.ResponseWriter
	conn net.Conn
}

// Hijack takes the connection from the HTTP server.
func (s *socket) Hijack() (net.Conn, *bufio.ReadWriter, error) {
	conn, buf, err := http.NewResponseController(s.ResponseWriter).Hijack()
	s.conn = conn
	return conn, buf, err
}

// remote returns the address a request came from; the zero Addr if the server does not know.
func remote(r *http.Request) netip.Addr {
	host, _, err := net.SplitHostPort(r.RemoteAddr)
	if err != nil {
		return netip.Addr{}
	}
	addr, err := netip.ParseAddr(host)
	if err != nil {
		return netip.Addr{}
	}
	return addr.Unmap().WithZone("")
}

// jitter returns a random part of d.
func jitter(d time.Duration) time.Duration {
	if d <= 0 {
		return 0
	}
	return rand.N(d) //nolint:gosec // spreads load, keeps no secret
}

// isClosed reports whether an error only says that the connection is gone.
func isClosed(err error) bool {
	return errors.Is(err, net.ErrClosed) || websocket.CloseStatus(err) >= 0
}
