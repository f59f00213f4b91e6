package hub

import (
	"context"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"tierboard/server/hub/due"
	"tierboard/server/hub/frame"
	"tierboard/server/hub/outbox"
	"tierboard/server/hub/pace"
	"tierboard/server/recent"
	"tierboard/shared/event"
	"tierboard/shared/filter"
	"tierboard/shared/wire"
)

// Session is one connection's end in the hub. One goroutine may ask (Subscribe, Unsubscribe), one may take frames
// (Next), and any may Send or end it.
type Session struct {
	hub    *Hub
	shard  *shard
	format wire.Format
	beat   time.Duration // how often the sink is asked for a sign of life; 0 for never
	out    outbox.Outbox
	parted atomic.Bool // no longer counted in its shard's load

	// mine belongs to the goroutine that asks: what was subscribed, to leave out of a replay what another
	// subscription of this session has brought already.
	mine []held

	// Owned by the shard; what every event looks at stands together.
	stamp      uint64         // seq of the last event that was offered
	pending    []*recent.Item // live events that wait, ascending
	bytes      int            // encoded size of pending
	waiting    due.Moment     // since when the first of pending waits
	window     due.Moment     // when the open window closes; 0 if none is open
	lagging    bool           // the outbox is full
	left       bool           // no longer in the shard
	suppressed int            // not yet told
	dropped    int            // not yet told
	told       uint64         // the position of the last live frame or acknowledgement
	limit      pace.Limiter   // what left in the last second
	backfill   []backfill     // replays and snapshots that wait; they go before pending
	notice     due.Moment     // when the numbers are told even without an event; 0 if nothing is to tell
	cutAt      due.Moment     // when it is cut if it lags until then
	subs       []*subscription
}

// held is a subscription as its session's asking goroutine sees it.
type held struct {
	id      string
	filters []filter.Filter
	since   uint64 // events with a higher position that the filters want have reached the session or are on their way
}

// subscription ties a session to a cohort.
type subscription struct {
	id      string
	session *Session
	cohort  *cohort
	at      int // its place in cohort.members
}

// backfill is what is left of a replay or snapshot.
type backfill struct {
	id    string
	items []*recent.Item
	seq   uint64 // the position covered once all of it was sent
	since uint64 // other subscriptions may have left items above this position to it
	reset bool   // the next frame starts a snapshot
}

// Attach returns a session for a connection, which the hub knows nothing of before Join. Frames go to the sink; every
// beat, unless that is 0, the sink is asked for a sign of life. The beat should be the same for all sessions.
func (h *Hub) Attach(f wire.Format, sink outbox.Sink, beat time.Duration) *Session {
	s := &Session{hub: h, shard: h.lightest(), format: f, beat: beat}
	s.out.Init(&h.bounds, sink)
	return s
}

// Join adds a session to the hub, once. The hello frames go before anything else. The caller must Close it, also when
// Join returns an error, which means that ctx or the hub ended.
func (s *Session) Join(ctx context.Context, hello ...wire.Frame) error {
	for _, f := range hello {
		s.Send(f)
	}
	if err := s.shard.ask(ctx, opening{s}); err != nil {
		return err
	}
	select {
	case <-s.hub.done: // Run may have ended before it saw the request
		s.out.Finish(wire.CloseGoingAway, "server is going away")
	default:
	}
	return nil
}

// Open adds a session without a sink to the hub: its frames wait until they are taken with Next. The hello frames are
// queued before anything else. The caller must Close it, and must keep taking frames.
func (h *Hub) Open(ctx context.Context, f wire.Format, hello ...wire.Frame) (*Session, error) {
	s := h.Attach(f, nil, 0)
	if err := s.Join(ctx, hello...); err != nil {
		s.unload()
		return nil, err
	}
	return s, nil
}

// lightest returns the shard with the fewest sessions, and counts one more there.
func (h *Hub) lightest() *shard {
	h.loads.Lock()
	defer h.loads.Unlock()
	least := h.shards[0]
	for _, sh := range h.shards[1:] {
		if sh.load < least.load {
			least = sh
		}
	}
	least.load++
	return least
}

// unload takes the session off its shard's count, once.
func (s *Session) unload() {
	if s.parted.CompareAndSwap(false, true) {
		s.hub.loads.Lock()
		s.shard.load--
		s.hub.loads.Unlock()
	}
}

// Subscribe starts a subscription, or gives the one with this id other filters. The filters must be canonical, as
// wire.DecodeRequest returns them. The answer and what follows it come through Next. It returns an error only if ctx or
// the hub ended. Subscribe and Unsubscribe must be called by one goroutine.
func (s *Session) Subscribe(ctx context.Context, id string, filters []filter.Filter, resume *wire.Resume) error {
	keys := make([]string, len(filters))
	for i := range filters {
		keys[i] = filters[i].Key()
	}
	m := s.hub.past.Prepare(s.shard.seq.Load(), s.hub.Seq(), filters, resume)
	if m.Exact {
		m.Items = slices.DeleteFunc(m.Items, func(it *recent.Item) bool { return s.brought(it.Event) })
	}
	for _, it := range m.Items {
		it.Bytes(s.format) // encode here, so that the shard only copies
	}
	h := held{id: id, filters: filters, since: m.UpTo}
	if m.Exact {
		h.since = m.After
	}
	if i := s.find(id); i >= 0 {
		s.mine[i] = h
	} else {
		s.mine = append(s.mine, h)
	}
	return s.shard.ask(ctx, subscribing{s: s, id: id, key: strings.Join(keys, "\n"), filters: filters, missed: m})
}

// find returns the place of a subscription in mine, or -1. A session has few, and a map of one costs half a kilobyte.
func (s *Session) find(id string) int {
	return slices.IndexFunc(s.mine, func(h held) bool { return h.id == id })
}

// Subscribed reports whether there is a subscription with this id, and how many there are. The goroutine that asks may
// call it.
func (s *Session) Subscribed(id string) (is bool, all int) { return s.find(id) >= 0, len(s.mine) }

// brought reports whether another subscription, or the one being replaced, has covered the event.
func (s *Session) brought(e *event.Event) bool {
	for _, h := range s.mine {
		if h.since < e.Seq && filter.Any(h.filters, e) {
			return true
		}
	}
	return false
}

// Unsubscribe ends a subscription; an unknown id is confirmed like a known one. After the confirmation no event comes that
// only this subscription wanted.
func (s *Session) Unsubscribe(ctx context.Context, id string) error {
	if i := s.find(id); i >= 0 {
		s.mine = slices.Delete(s.mine, i, i+1)
	}
	return s.shard.ask(ctx, unsubscribing{s: s, id: id})
}

// Send queues an answer, such as a pong or an error. It never blocks.
func (s *Session) Send(f wire.Frame) {
	s.out.Push(frame.Control(f, s.format))
}

// Next returns the next frame to write, after the last one it returned was written. The error is an *outbox.CloseError when
// the session ended and everything that is still to be sent was taken. When nothing waits, a session with a sink returns
// outbox.ErrIdle, and one without blocks until something comes or ctx ends. One goroutine may call it.
func (s *Session) Next(ctx context.Context) (frame.Frame, error) {
	for {
		f, ok, drained, err := s.out.Pop()
		if drained {
			s.shard.mail.drain(s)
		}
		if ok || err != nil {
			return f, err
		}
		select {
		case <-s.out.Wake():
		case <-ctx.Done():
			return frame.Frame{}, ctx.Err()
		}
	}
}

// Waiting is how many bytes of frames wait for the connection to take them; 0 for a session that keeps up. Any goroutine may
// ask.
func (s *Session) Waiting() int { return s.out.Waiting() }

// Cut is closed when the session must end at once, without sending what is queued: it was too slow, or Abort was called.
func (s *Session) Cut() <-chan struct{} { return s.out.Ending() }

// Cause returns why the session ended, or nil while it has not.
func (s *Session) Cause() *outbox.CloseError { return s.out.Cause() }

// Finish ends the session after what is queued; Next then returns an *outbox.CloseError with the code. Only the first end
// counts.
func (s *Session) Finish(code wire.CloseCode, reason string) { s.out.Finish(code, reason) }

// Abort ends the session without sending what is queued.
func (s *Session) Abort(code wire.CloseCode, reason string) { s.out.Abort(code, reason) }

// Close takes the session out of the hub. It does not wait for the shard to have done so.
func (s *Session) Close() {
	s.out.Abort(wire.CloseGoingAway, "closed")
	s.unload()
	_ = s.shard.ask(context.Background(), closing{s}) // a closed hub has no sessions to leave
}
