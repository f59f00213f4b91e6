// Package outbox holds what is on its way from a shard of the hub to one connection: nothing as long as the connection keeps
// up, and a bounded queue of ready frames when it does not.
//
// The shard pushes and never waits. With a Sink, a frame is written by the push itself as far as that needs no waiting; only
// what is left over makes a goroutine of the sink's take the frames that follow with Pop, until it gets ErrIdle. Without a
// sink every frame queues for Pop. The bound of batches is the shard's to heed, by asking Full first: what it holds back it can
// still weed out, which encoded frames cannot be. The bound of answers, which are never dropped, ends the session.
//
// Each outbox has a mutex, and all of its methods may be called by any goroutine, except that one goroutine at a time may Pop.
package outbox

import (
	"errors"
	"sync"
	"time"

	"tierboard/server/hub/frame"
	"tierboard/shared/wire"
)

// ErrIdle is returned by Pop of an outbox with a Sink when nothing is left to take: from then on frames go to the sink
// directly again.
var ErrIdle = errors.New("outbox: nothing to write")

// Bounds says how much may wait in an outbox, and who hears of it when that was too much.
type Bounds struct {
	// Batches is how many bytes of batches may wait before the outbox is Full.
	Batches int
	// Control is how many bytes of control frames may wait; one more ends the session with wire.CloseTooSlow.
	Control int
	// Unread is called when that happens, under the outbox's mutex: it must not block and must not call the outbox.
	Unread func()
}

// Sink is a connection that takes ready frames without making the shard wait. Its methods are called under
// the outbox's mutex, so they must not block and must not call the outbox, or the hub.Session whose it is.
type Sink interface {
	// Try writes as much of a frame as needs no waiting and returns how many bytes are left. If any are, the sink has
	// kept a copy of them, and a goroutine of the sink's writes them, takes the frames that follow with Pop (which a
	// session's Next calls) until ErrIdle, and so ends the lag. The frame's bytes may be used only during the call.
	Try(f frame.Frame) (left int)
	// Ended says that the session ended, see Cause, and that the connection should be closed. It is called at
	// once when the session is cut, and otherwise when there is nothing left to write; if a goroutine still takes
	// frames, Pop tells it instead. It may be called twice.
	Ended()
	// Beat is called by Sign, which the shard does at the interval given to hub.Hub.Attach. It returns what to write as a
	// sign of life, or nil.
	Beat(now time.Time) []byte
}

// CloseError tells a session's writer that no frame will follow.
type CloseError struct {
	Code   wire.CloseCode
	Reason string
}

// Error returns the reason.
func (e *CloseError) Error() string { return "session closed: " + e.Reason }

// Outbox is the way of frames from a shard to a connection. As long as the sink keeps up it holds nothing. When the sink
// has to wait, or there is none, frames queue until Next takes them. Batches are bounded by what is queued and in the
// writer's hands: while it is Full, the shard keeps the events itself. Control frames have a bound of their own, over
// which the session is cut. Call Init before anything else; an Outbox must not be copied.
type Outbox struct {
	bounds *Bounds
	wake   chan struct{} // holds one token while there may be something to take; nil with a sink

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

// Init makes the outbox ready for use: frames go to the sink, or queue for Pop if that is nil. The bounds are only read, and
// may be shared by any number of outboxes.
func (o *Outbox) Init(bounds *Bounds, sink Sink) {
	o.bounds = bounds
	o.sink, o.direct = sink, sink != nil
	if sink == nil {
		o.wake = make(chan struct{}, 1)
	}
}

// Wake returns a channel that holds a token while Pop may have something to give. It is nil for an outbox with a sink, for
// which nobody waits.
func (o *Outbox) Wake() <-chan struct{} { return o.wake }

// Ending returns a channel that is closed when the session is to end without sending what is queued.
func (o *Outbox) Ending() <-chan struct{} {
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

// Full reports whether batches must wait. If so, Pop tells when there is room again. After the end it is never full, since
// nothing that is pushed is kept.
func (o *Outbox) Full() bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.end != nil || o.bytes < o.bounds.Batches {
		return false
	}
	o.wanting = true
	return true
}

// Push hands a frame to the sink, or queues it, and returns how many bytes wait. A batch that was begun while the outbox was
// not full may pass the bound. After the end it does nothing.
func (o *Outbox) Push(f frame.Frame) int {
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
	if o.control > o.bounds.Control {
		o.stop(wire.CloseTooSlow, "answers are not read")
		o.bounds.Unread()
		return 0
	}
	o.frames = append(o.frames, f.Keep())
	o.signal()
	return o.bytes + o.control
}

// Pop takes the next frame, after the last one it returned was written. ok is false when there is none; drained says that
// half of the bound is free again after Full had said no, once. After the end and the last frame the error is the reason, a
// *CloseError; with a sink and nothing left it is ErrIdle.
func (o *Outbox) Pop() (f frame.Frame, ok, drained bool, err error) {
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
	if o.wanting && o.bytes <= o.bounds.Batches/2 {
		o.wanting, drained = false, true
	}
	return f, ok, drained, err
}

// Finish ends the session: the writer takes what is queued, and then the reason. Only the first end counts.
func (o *Outbox) Finish(code wire.CloseCode, reason string) {
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

// Abort ends the session without sending what is queued. Only the first end counts.
func (o *Outbox) Abort(code wire.CloseCode, reason string) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.end == nil {
		o.stop(code, reason)
	}
}

// stop drops the queue and tells everybody. The caller holds the mutex; it is called once.
func (o *Outbox) stop(code wire.CloseCode, reason string) {
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

// Sign returns what the sink wants written as a sign of life, or nil.
func (o *Outbox) Sign(now time.Time) []byte {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.sink == nil || o.end != nil {
		return nil
	}
	return o.sink.Beat(now)
}

// Release lets go of the sink, after the end: a shard's queues of moments may hold the session for a while.
func (o *Outbox) Release() {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.end != nil {
		o.sink, o.direct = nil, false
	}
}

// Cause returns why the session ended, or nil while it has not.
func (o *Outbox) Cause() *CloseError {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.end
}

// Waiting is how many bytes are queued or in the writer's hands.
func (o *Outbox) Waiting() int {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.bytes + o.control
}

// take notes what is in the writer's hand. The caller holds the mutex.
func (o *Outbox) take(h inHand) {
	o.hand = h
	o.account(h, 1)
}

// account adds or takes away a frame's bytes. The caller holds the mutex.
func (o *Outbox) account(h inHand, sign int) {
	if h.control {
		o.control += sign * h.bytes
		return
	}
	o.bytes += sign * h.bytes
}

// signal wakes who waits for Wake. With a sink nobody does.
func (o *Outbox) signal() {
	select {
	case o.wake <- struct{}{}:
	default:
	}
}
