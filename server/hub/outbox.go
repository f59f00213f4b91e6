package hub

import (
	"errors"
	"sync"
	"time"

	"tierboard/server/hub/frame"
	"tierboard/server/metrics"
	"tierboard/shared/wire"
)

// ErrIdle is returned by Next of a session with a Sink when nothing is left to take: from then on frames go to the sink
// directly again.
var ErrIdle = errors.New("hub: nothing to write")

// Why a session is cut, as the metrics say it.
const (
	cutOutbox   = "outbox_full"
	cutControl  = "answers_unread"
	cutBackfill = "snapshots_unread"
)

// Sink is a connection that takes ready frames without making the shard wait. Its methods are called under
// the outbox's mutex, so they must not block and must not call the session.
type Sink interface {
	// Try writes as much of a frame as needs no waiting and returns how many bytes are left. If any are, the sink has
	// kept a copy of them, and a goroutine of the sink's writes them, takes the frames that follow with Session.Next
	// until ErrIdle, and so ends the lag. The frame's bytes may be used only during the call.
	Try(f frame.Frame) (left int)
	// Ended says that the session ended, see Session.Cause, and that the connection should be closed. It is called at
	// once when the session is cut, and otherwise when there is nothing left to write; if a goroutine still takes
	// frames, Next tells it instead. It may be called twice.
	Ended()
	// Beat is called at the interval given to Attach, by the shard. It returns what to write as a sign of life, or nil.
	Beat(now time.Time) []byte
}

// CloseError tells a session's writer that no frame will follow.
type CloseError struct {
	Code   wire.CloseCode
	Reason string
}

// Error returns the reason.
func (e *CloseError) Error() string { return "session closed: " + e.Reason }

// outbox is the way of frames from a shard to a connection. As long as the sink keeps up it holds nothing. When the sink
// has to wait, or there is none, frames queue until Next takes them. Batches are bounded by what is queued and in the
// writer's hands: above the bound push is not allowed and the shard keeps the events itself. Control frames have a
// bound of their own, over which the session is cut.
type outbox struct {
	cfg  *Config
	m    *metrics.Metrics
	wake chan struct{} // holds one token while there may be something to take; nil with a sink

	mu      sync.Mutex
	direct  bool          // frames go to the sink
	sink    Sink          // nil for a session that is read with Next alone
	cut     chan struct{} // made when first asked for; closed when the session is to end without sending what is queued
	frames  []frame.Frame
	bytes   int    // of batches, queued and in hand
	control int    // of control frames, queued and in hand
	hand    inHand // what the writer took last
	wanting bool   // the shard waits for room
	stopped bool   // what is queued is not sent
	end     *CloseError
}

// inHand is what the writer has of a frame.
type inHand struct {
	bytes   int
	control bool
}

func (o *outbox) init(cfg *Config, sink Sink, m *metrics.Metrics) {
	o.cfg, o.m = cfg, m
	o.sink, o.direct = sink, sink != nil
	if sink == nil {
		o.wake = make(chan struct{}, 1)
	}
}

// ending returns a channel that is closed when the session is to end without sending what is queued.
func (o *outbox) ending() <-chan struct{} {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.cut == nil {
		o.cut = make(chan struct{})
		if o.stopped {
			close(o.cut)
		}
	}
	return o.cut
}

// full reports whether batches must wait. The shard is told through its mail when there is room again.
func (o *outbox) full() bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.end != nil || o.bytes < o.cfg.OutboxBytes {
		return false
	}
	o.wanting = true
	return true
}

// push hands a frame to the sink, or queues it, and returns the bytes that wait. After the end it does nothing.
func (o *outbox) push(f frame.Frame) int {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.end != nil {
		return 0
	}
	if o.direct {
		left := o.sink.Try(f)
		if left == 0 {
			return 0
		}
		o.direct = false
		o.take(inHand{left, f.Control})
		return left
	}
	o.account(inHand{len(f.Ready), f.Control}, 1)
	if o.control > o.cfg.ControlBytes {
		o.stop(wire.CloseTooSlow, "answers are not read")
		o.m.SessionsCut.WithLabelValues(cutControl).Inc()
		return 0
	}
	o.frames = append(o.frames, f.Keep())
	o.signal()
	return o.bytes + o.control
}

// pop takes the next frame. ok is false when there is none; drained says that a waiting shard has room now. After the
// end and the last frame it returns the reason.
func (o *outbox) pop() (f frame.Frame, ok, drained bool, err error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.account(o.hand, -1)
	o.hand = inHand{}
	switch {
	case len(o.frames) > 0:
		f, ok = o.frames[0], true
		o.frames[0] = frame.Frame{}
		if o.frames = o.frames[1:]; len(o.frames) == 0 {
			o.frames = nil // an idle session holds no queue
		}
		o.hand = inHand{len(f.Ready), f.Control} // accounted for when it was queued
	case o.end != nil:
		return frame.Frame{}, false, false, o.end
	case o.sink != nil:
		o.direct, err = true, ErrIdle
	}
	if o.wanting && o.bytes <= o.cfg.OutboxBytes/2 {
		o.wanting, drained = false, true
	}
	return f, ok, drained, err
}

// finish lets the writer take what is queued, and then the reason.
func (o *outbox) finish(code wire.CloseCode, reason string) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.end != nil {
		return
	}
	o.end = &CloseError{code, reason}
	o.signal()
	if o.direct { // nobody is there to take the reason
		o.sink.Ended()
	}
}

// abort ends the session without sending what is queued.
func (o *outbox) abort(code wire.CloseCode, reason string) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.end == nil {
		o.stop(code, reason)
	}
}

// stop drops the queue and tells everybody. The caller holds the mutex; it is called once.
func (o *outbox) stop(code wire.CloseCode, reason string) {
	o.end = &CloseError{code, reason}
	o.frames, o.stopped = nil, true
	if o.cut != nil {
		close(o.cut)
	}
	o.signal()
	if o.sink != nil {
		o.sink.Ended()
	}
}

// sign returns what the sink wants written as a sign of life.
func (o *outbox) sign(now time.Time) []byte {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.sink == nil || o.end != nil {
		return nil
	}
	return o.sink.Beat(now)
}

// release lets go of the connection, after the end: a shard's queues of moments may hold the session for a while.
func (o *outbox) release() {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.end != nil {
		o.sink, o.direct = nil, false
	}
}

// cause returns why the session ended, or nil.
func (o *outbox) cause() *CloseError {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.end
}

// waiting is how many bytes are queued or in the writer's hands.
func (o *outbox) waiting() int {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.bytes + o.control
}

// take notes what is in the writer's hand. The caller holds the mutex.
func (o *outbox) take(h inHand) {
	o.hand = h
	o.account(h, 1)
}

// account adds or takes away a frame's bytes. The caller holds the mutex.
func (o *outbox) account(h inHand, sign int) {
	if h.control {
		o.control += sign * h.bytes
		return
	}
	o.bytes += sign * h.bytes
}

// signal wakes who waits in Next. With a sink nobody does.
func (o *outbox) signal() {
	select {
	case o.wake <- struct{}{}:
	default:
	}
}
