package session

import (
	"cmp"
	"context"
	"log/slog"
	"math/rand/v2"
	"net"
	"net/http"
	"net/netip"
	"slices"
	"sync"
	"time"

	"github.com/coder/websocket"

	"tierboard/server/hub"
	"tierboard/server/metrics"
	"tierboard/server/session/turn"
	"tierboard/shared/event"
	"tierboard/shared/wire"
)

// Handler is the http.Handler of the WebSocket path. It may serve any number of requests concurrently.
type Handler struct {
	cfg     Config
	hub     *hub.Hub
	m       *metrics.Metrics
	log     *slog.Logger
	deliver [event.Combo + 1]observer // by tier
	crowd   crowd
	turns   *turn.Turns // of what sessions ask for, handshakes included

	mu       sync.Mutex
	draining bool
	sessions map[*session]struct{}
	byAddr   map[netip.Addr]int
	running  sync.WaitGroup // sessions, and what works for one; no session is added once draining is set
}

// observer is a histogram.
type observer interface{ Observe(float64) }

// New returns a Handler. The hub must run as long as the handler serves.
func New(cfg Config, h *hub.Hub, m *metrics.Metrics, log *slog.Logger) (*Handler, error) {
	if err := cfg.Validate(); err != nil {
		return nil, err
	}
	x := &Handler{cfg: cfg, hub: h, m: m, log: log, turns: turn.New(0, m.TurnsMissed.Inc), sessions: map[*session]struct{}{}, byAddr: map[netip.Addr]int{}}
	x.crowd.tell = cfg.Crowd
	for t := range x.deliver {
		x.deliver[t] = m.DeliverSeconds.WithLabelValues(event.Tier(t).String())
	}
	return x, nil
}

// ServeHTTP shakes hands and starts a session, which goes on when it returns: a handler that waited would keep the HTTP
// server's goroutine, buffers and the request for as long.
func (h *Handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if !h.begin() {
		http.Error(w, "server is going away", http.StatusServiceUnavailable)
		return
	}
	var extra *websocket.Conn
	h.turns.Do(func() { extra = h.welcome(w, r) }) //nolint:contextcheck // the session outlives the request
	if extra != nil {                              // told outside of the turn, since the peer may take its time to hear it
		defer h.running.Done()
		h.m.SessionsClosed.WithLabelValues("too_many").Inc()
		_ = extra.Close(websocket.StatusCode(wire.CloseTooMany), "too many connections")
	}
}

// welcome shakes hands and starts a session, or returns the connection if it is one too many.
func (h *Handler) welcome(w http.ResponseWriter, r *http.Request) (extra *websocket.Conn) {
	ownNames(r.Header)
	shake := &handshake{ResponseWriter: w}
	conn, err := websocket.Accept(shake, r, &websocket.AcceptOptions{
		Subprotocols:    []string{wire.MsgPackProtocol, wire.JSONProtocol},
		OriginPatterns:  h.cfg.Origins,
		CompressionMode: websocket.CompressionDisabled,
	})
	if err != nil {
		defer h.running.Done()
		h.log.Debug("refuse handshake", slog.Any("err", err))
		return nil // Accept has answered
	}
	conn.SetReadLimit(wire.MaxRequest)

	s := newSession(h, conn, shake.socket, remote(r))
	if !h.enter(s) {
		return conn
	}
	h.crowd.note(time.Now())
	s.start()
	return nil
}

// ownNames replaces the names of our subprotocols in a request by our own copies of them: the library keeps the one that was
// chosen, and with it, since header values are cut from one text, all headers of the request.
func ownNames(h http.Header) {
	values := h["Sec-Websocket-Protocol"]
	for i, v := range values {
		switch v {
		case wire.MsgPackProtocol:
			values[i] = wire.MsgPackProtocol
		case wire.JSONProtocol:
			values[i] = wire.JSONProtocol
		}
	}
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
		h.crowd.end()
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
		_ = s.socket.Conn.Close()
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
	s.peer = h.hub.Attach(s.format, s, h.cfg.PingEvery)
	h.sessions[s] = struct{}{}
	h.byAddr[s.addr]++
	if h.draining { // Shutdown has passed already
		s.goAway(h.cfg.ReconnectWithin)
	}
	return true
}

// Slow is a session that does not keep up.
type Slow struct {
	Address netip.Addr
	Waiting int // bytes that wait for it
}

// Slow returns the sessions for which bytes wait, those with the most first, at most limit.
func (h *Handler) Slow(limit int) []Slow {
	h.mu.Lock()
	var slow []Slow
	for s := range h.sessions {
		if n := s.peer.Waiting(); n > 0 {
			slow = append(slow, Slow{s.addr, n})
		}
	}
	h.mu.Unlock()
	slices.SortFunc(slow, func(a, b Slow) int { return cmp.Or(cmp.Compare(b.Waiting, a.Waiting), a.Address.Compare(b.Address)) })
	return slow[:min(len(slow), limit)]
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
