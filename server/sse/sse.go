// Package sse streams events to programs as server-sent events: a second reader of the hub's delivery beside the WebSocket,
// for which curl -N is enough.
//
// # Events
//
//   - hello: {epoch, max_seq, server_time, rate_limit}, at once.
//   - subscribed: {max_seq, replayed, resumed}: how many patterns follow from before max_seq, and whether they are all that
//     matched since the position the stream resumes at.
//   - pattern: one event as lists show it; its id is EPOCH-SEQ.
//   - gap: {from_seq, to_seq, from, to, rest_url}: what cannot be replayed, and where to read it. The newest matches follow.
//   - throttled: {suppressed, dropped, rest_url}: how many were held back because more than the limit matched, or because the
//     reader lagged.
//   - heartbeat: {max_seq, server_time}, every 15 s. It has no id: what is on its way is not covered by it.
//   - bye: {reason}, with retry: the server goes away, or the reader was too slow.
//
// # Resume
//
// Last-Event-ID, or the parameter after, names the last event that was read. In the same epoch the hub replays exactly what
// matched since; of another one, or of none that is a position, the stream says gap and begins with the newest matches.
// Without either it begins with what comes next.
//
// # Goroutines
//
// A stream has one, the HTTP handler's own, and a helper of it that waits for the hub; both end with the request. Shutdown ends
// all streams and waits.
package sse

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"

	"tierboard/server/gate"
	"tierboard/server/hub"
	"tierboard/server/hub/frame"
	"tierboard/server/hub/outbox"
	"tierboard/server/metrics"
	"tierboard/server/problem"
	"tierboard/server/query"
	"tierboard/server/query/param"
	"tierboard/shared/event"
	"tierboard/shared/filter"
	"tierboard/shared/wire"
)

// Config sets the bounds of streams. Start from DefaultConfig.
type Config struct {
	// Heartbeat is how often a stream says that it lives.
	Heartbeat time.Duration
	// WriteTimeout is how long writing may take before a stream is cut as too slow.
	WriteTimeout time.Duration
	// PerUser is how many streams a user may have open.
	PerUser int
	// ReconnectWithin is the longest that clients are asked to wait before they come back after a shutdown; each gets a random
	// part of it.
	ReconnectWithin time.Duration
}

// DefaultConfig returns the settings of the public contract.
func DefaultConfig() Config {
	return Config{Heartbeat: 15 * time.Second, WriteTimeout: 10 * time.Second, PerUser: 64, ReconnectWithin: 10 * time.Second}
}

// Validate reports every setting that is out of its range.
func (c Config) Validate() error {
	var errs []error
	check := func(ok bool, format string, args ...any) {
		if !ok {
			errs = append(errs, fmt.Errorf("sse: "+format, args...))
		}
	}
	check(c.Heartbeat > 0, "heartbeat: %v is not positive", c.Heartbeat)
	check(c.WriteTimeout > 0, "write_timeout: %v is not positive", c.WriteTimeout)
	check(c.PerUser > 0, "per_user: %d is not positive", c.PerUser)
	check(c.ReconnectWithin >= 0 && c.ReconnectWithin <= time.Minute, "reconnect_within: %v is outside 0 to 1m", c.ReconnectWithin)
	return errors.Join(errs...)
}

// Handler is the http.Handler of the stream. It may serve any number of requests concurrently.
type Handler struct {
	cfg Config
	hub *hub.Hub
	m   *metrics.Metrics
	log *slog.Logger

	mu       sync.Mutex
	draining bool
	streams  map[*hub.Session]struct{}
	byUser   map[string]int
	running  sync.WaitGroup // requests being served; nothing is added once draining is set
}

// New returns a Handler. The hub must run as long as the handler serves.
func New(cfg Config, h *hub.Hub, m *metrics.Metrics, log *slog.Logger) (*Handler, error) {
	if err := cfg.Validate(); err != nil {
		return nil, err
	}
	return &Handler{cfg: cfg, hub: h, m: m, log: log, streams: map[*hub.Session]struct{}{}, byUser: map[string]int{}}, nil
}

// Open returns how many streams are open.
func (h *Handler) Open() int {
	h.mu.Lock()
	defer h.mu.Unlock()
	return len(h.streams)
}

// ServeHTTP serves one stream until its client or the server ends it.
func (h *Handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if err := h.serve(w, r); err != nil {
		problem.Write(w, err)
	}
}

// Shutdown refuses new streams, tells the open ones when to come back, and waits for them. When ctx ends before that, it cuts
// what is left and returns ctx's error.
func (h *Handler) Shutdown(ctx context.Context) error {
	h.mu.Lock()
	h.draining = true
	for s := range h.streams {
		s.Finish(wire.CloseGoingAway, "server is going away")
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
	for s := range h.streams {
		s.Abort(wire.CloseGoingAway, "server is going away")
	}
	h.mu.Unlock()
	<-ended
	return ctx.Err()
}

// enter counts a stream of a user, unless that would be one too many.
func (h *Handler) enter(user string) error {
	h.mu.Lock()
	defer h.mu.Unlock()
	switch {
	case h.draining:
		return &problem.Error{Kind: problem.Unavailable, Detail: "The server is going away.", Retry: time.Second}
	case h.byUser[user] >= h.cfg.PerUser:
		return &problem.Error{
			Kind: problem.RateLimited, Retry: time.Minute,
			Detail: fmt.Sprintf("You have %d streams open; close one first.", h.cfg.PerUser),
		}
	}
	h.byUser[user]++
	h.running.Add(1)
	return nil
}

// leave is the reverse of enter.
func (h *Handler) leave(user string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.byUser[user]--; h.byUser[user] <= 0 {
		delete(h.byUser, user)
	}
	h.running.Done()
}

// serve runs one stream. It returns an error only while nothing was written.
func (h *Handler) serve(w http.ResponseWriter, r *http.Request) error {
	if a := r.Header.Get("Accept"); a != "" && !strings.Contains(a, "text/event-stream") && !strings.Contains(a, "*/*") && !strings.Contains(a, "text/*") {
		return problem.At(problem.NotAcceptable, problem.Field("header.Accept", "", "must allow text/event-stream"))
	}
	f, after, err := request(r)
	if err != nil {
		return err
	}
	user := gate.User(r.Context())
	if err := h.enter(user); err != nil {
		return err
	}
	defer h.leave(user)

	ctx, stop := context.WithCancel(r.Context())
	defer stop()
	peer, err := h.hub.Open(ctx, wire.JSON)
	if err != nil {
		return &problem.Error{Kind: problem.Unavailable, Detail: "The server is going away.", Retry: time.Second}
	}
	defer peer.Close() //nolint:contextcheck // leaving must not be given up on
	if !h.add(peer) {
		peer.Finish(wire.CloseGoingAway, "server is going away")
	}
	defer h.remove(peer)

	s := &stream{h: h, w: w, control: http.NewResponseController(w), epoch: h.hub.Epoch(), rest: restURL(f)}
	resume := &wire.Resume{Epoch: s.epoch, Seq: h.hub.Seq()} // from now on
	if after != nil {
		resume = after
	}
	head := w.Header()
	head.Set("Content-Type", "text/event-stream")
	head.Set("Cache-Control", "no-store")
	head.Set("X-Accel-Buffering", "no")
	w.WriteHeader(http.StatusOK)
	s.hello()
	if resume.Epoch != s.epoch || resume.Seq > h.hub.Seq() {
		s.gap(wire.Gap{To: time.Now()})
		resume = nil
	}
	if resume != nil {
		s.after = resume.Seq
	}
	if err := peer.Subscribe(ctx, "sse", []filter.Filter{f}, resume); err != nil {
		s.bye("server is going away")
		return nil
	}
	h.pump(ctx, s, peer)
	return nil
}

// add remembers an open stream; false when the server goes away.
func (h *Handler) add(peer *hub.Session) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.streams[peer] = struct{}{}
	return !h.draining
}

// remove forgets a stream.
func (h *Handler) remove(peer *hub.Session) {
	h.mu.Lock()
	defer h.mu.Unlock()
	delete(h.streams, peer)
}

// pump writes what the hub has for the stream, and heartbeats, until either side ends.
func (h *Handler) pump(ctx context.Context, s *stream, peer *hub.Session) {
	ctx, stop := context.WithCancel(ctx)
	frames := make(chan frame.Frame) // unbuffered: what is not written yet stays in the outbox, which has a bound
	ended := make(chan error, 1)
	var wg sync.WaitGroup
	defer wg.Wait()
	defer stop()
	wg.Go(func() {
		for {
			f, err := peer.Next(ctx)
			if err != nil {
				ended <- err
				return
			}
			select {
			case frames <- f:
			case <-ctx.Done():
				return
			}
		}
	})
	beat := time.NewTicker(h.cfg.Heartbeat)
	defer beat.Stop()
	for s.err == nil {
		select {
		case f := <-frames:
			s.frame(f)
			if s.err == nil && f.Events > 0 {
				h.m.EventsSent.Add(float64(f.Events))
				if !f.Received.IsZero() {
					h.m.DeliverSeconds.WithLabelValues(min(f.Tier, event.Combo).String()).Observe(time.Since(f.Received).Seconds())
				}
			}
		case <-beat.C:
			s.heartbeat()
		case err := <-ended:
			if end, ok := errors.AsType[*outbox.CloseError](err); ok {
				s.bye(end.Reason)
			}
			return
		case <-peer.Cut():
			if end := peer.Cause(); end != nil {
				s.bye(end.Reason)
			}
			return
		case <-ctx.Done():
			return
		}
	}
}

// request reads what the stream is asked for: the filter, and where to resume.
func request(r *http.Request) (filter.Filter, *wire.Resume, error) {
	v, err := param.Read(r.URL.RawQuery, query.StreamParams(), time.Now())
	if err != nil {
		return filter.Filter{}, nil, err
	}
	f := query.ParseFilter(v)
	var after *wire.Resume
	if v.Has("after") {
		var ok bool
		if after, ok = position(v.Text("after")); !ok {
			v.Refuse("after", "must be EPOCH-SEQ, the id of an event of the stream")
		}
	}
	if err := v.Err(); err != nil {
		return f, nil, err
	}
	// The browser sends the header by itself, and it is newer than what the address says.
	if id := r.Header.Get("Last-Event-ID"); id != "" {
		var ok bool
		if after, ok = position(id); !ok {
			return f, nil, problem.At(problem.Parameter, problem.Field("header.Last-Event-ID", id, "must be EPOCH-SEQ, the id of an event of the stream"))
		}
	}
	return f, after, nil
}

// position reads EPOCH-SEQ.
func position(id string) (*wire.Resume, bool) {
	at := strings.LastIndexByte(id, '-')
	if at < 1 || at > wire.MaxID || !problem.Plain(id[:at]) {
		return nil, false
	}
	seq, err := strconv.ParseUint(id[at+1:], 10, 64)
	if err != nil {
		return nil, false
	}
	return &wire.Resume{Epoch: id[:at], Seq: seq}, true
}

// restURL is the list that has what a stream with this filter misses.
func restURL(f filter.Filter) string {
	l := query.List{Question: query.Question{Filter: f, Sort: query.Oldest}}
	return "/api/patterns?" + l.Encode()
}
