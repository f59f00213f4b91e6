package session

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/coder/websocket"

	"tierboard/shared/wire"
)

// When bad frames end a connection.
const (
	badInARow   = 5
	badAMinute  = 10
	badInterval = time.Minute
)

// handle answers one frame.
func (s *session) handle(kind websocket.MessageType, b []byte, now time.Time) {
	if wait := s.tokens.take(now); wait > 0 {
		s.refuse(&wire.RequestError{Code: wire.CodeRateLimited, Detail: fmt.Sprintf("more than %d requests a second", s.h.cfg.RequestsPerSecond)})
		s.pause(wait)
		return
	}
	req, err := s.decode(kind, b)
	switch {
	case err != nil:
	case req.Type == "ping": // for whom it would be late after a turn
		s.peer.Send(&wire.Pong{ID: req.ID})
	default:
		s.h.turns.Do(func() { err = s.answer(req) })
	}
	var refused *wire.RequestError
	switch {
	case err == nil:
		s.bad.row = 0
	case errors.As(err, &refused):
		s.refuse(refused)
		if refused.Code == wire.CodeBadFrame && s.bad.add(now) {
			s.peer.Finish(wire.ClosePolicy, "repeated bad frames") // after the error frames
		}
	default: // the hub is closed, and the connection about to be
	}
}

// decode reads one frame.
func (s *session) decode(kind websocket.MessageType, b []byte) (*wire.Request, error) {
	if kind != s.kind {
		return nil, &wire.RequestError{Code: wire.CodeBadFrame, Detail: fmt.Sprintf("a %v message; this connection talks %v", kind, s.kind)}
	}
	return wire.DecodeRequest(b, s.format, s.h.hub.Config().Schema)
}

// answer does what a request other than ping asks for. Only the end of the hub ends its wait for a busy shard.
func (s *session) answer(r *wire.Request) error {
	ctx := context.Background()
	if r.Type == "unsubscribe" { // DecodeRequest lets no other type through than subscribe
		return s.peer.Unsubscribe(ctx, r.ID)
	}
	if swap, n := s.peer.Subscribed(r.ID); !swap && n >= s.h.cfg.MaxSubscriptions {
		return &wire.RequestError{ID: r.ID, Code: wire.CodeTooMany, Detail: fmt.Sprintf("id: at most %d subscriptions", s.h.cfg.MaxSubscriptions)}
	}
	return s.peer.Subscribe(ctx, r.ID, r.Filters, r.Resume)
}

// refuse sends an error frame.
func (s *session) refuse(e *wire.RequestError) {
	s.h.m.RequestsRejected.WithLabelValues(e.Code).Inc()
	s.peer.Send(&wire.Error{ID: e.ID, Code: e.Code, Detail: e.Detail})
}

// pause waits, unless the session is cut.
func (s *session) pause(d time.Duration) {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
	case <-s.peer.Cut():
	}
}

// badFrames counts frames that are no frames.
type badFrames struct {
	row    int
	recent []time.Time // at most badAMinute
}

// add notes a bad frame and reports whether it is one too many.
func (b *badFrames) add(now time.Time) bool {
	b.row++
	for len(b.recent) > 0 && now.Sub(b.recent[0]) >= badInterval {
		b.recent = b.recent[1:]
	}
	b.recent = append(b.recent, now)
	return b.row >= badInARow || len(b.recent) >= badAMinute
}

// bucket limits requests: it fills at a rate and holds two seconds' worth.
type bucket struct {
	every time.Duration // what one request costs
	most  time.Duration
	have  time.Duration
	at    time.Time
}

func newBucket(perSecond int, now time.Time) bucket {
	every := time.Second / time.Duration(perSecond)
	return bucket{every: every, most: 2 * time.Second, have: 2 * time.Second, at: now}
}

// take pays for a request and returns 0, or how long until the next one can be paid.
func (b *bucket) take(now time.Time) time.Duration {
	b.have = min(b.most, b.have+max(now.Sub(b.at), 0))
	b.at = now
	if b.have < b.every {
		return b.every - b.have
	}
	b.have -= b.every
	return 0
}
