package hub

import (
	"sync"
	"time"

	"tierboard/shared/event"
	"tierboard/shared/wire"
)

// Frame is one ready frame for the socket.
type Frame struct {
	Bytes    []byte     // shared or owned by nobody else; do not change
	Events   int        // how many events are in it
	Tier     event.Tier // of the live event that waited longest
	Received time.Time  // when the server read that event; zero if the frame holds no live event
	control  bool
}

// CloseError tells a session's writer that no frame will follow.
type CloseError struct {
	Code   wire.CloseCode
	Reason string
}

// Error returns the reason.
func (e *CloseError) Error() string { return "session closed: " + e.Reason }

// outbox is the queue between a shard and the writer of one session. Batches are bounded by what is queued and in the
// writer's hands: above the bound push is not allowed and the shard keeps the events itself. Control frames have a
// bound of their own, over which the session is cut.
type outbox struct {
	mostBytes   int
	mostControl int
	wake        chan struct{} // holds one token while there may be something to take
	cut         chan struct{} // closed when the session is to end without sending what is queued

	mu      sync.Mutex
	frames  []Frame
	bytes   int   // of batches, queued and in hand
	control int   // of control frames, queued and in hand
	hand    Frame // what the writer took last
	wanting bool  // the shard waits for room
	end     *CloseError
}

func (o *outbox) init(cfg *Config) {
	o.mostBytes, o.mostControl = cfg.OutboxBytes, cfg.ControlBytes
	o.wake = make(chan struct{}, 1)
	o.cut = make(chan struct{})
}

// full reports whether batches must wait. The shard is told through its mail when there is room again.
func (o *outbox) full() bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.end != nil || o.bytes < o.mostBytes {
		return false
	}
	o.wanting = true
	return true
}

// push queues a frame and returns the bytes queued. After the end it does nothing.
func (o *outbox) push(f Frame) int {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.end != nil {
		return 0
	}
	o.account(f, 1)
	if o.control > o.mostControl {
		o.stop(wire.CloseTooSlow, "answers are not read")
		return 0
	}
	o.frames = append(o.frames, f)
	o.signal()
	return o.bytes + o.control
}

// pop takes the next frame. ok is false when there is none; drained says that a waiting shard has room now. After the
// end and the last frame it returns the reason.
func (o *outbox) pop() (f Frame, ok, drained bool, err error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.account(o.hand, -1)
	o.hand = Frame{}
	if len(o.frames) > 0 {
		f, ok = o.frames[0], true
		o.frames[0] = Frame{}
		if o.frames = o.frames[1:]; len(o.frames) == 0 {
			o.frames = nil // an idle session holds no queue
		}
		o.hand = f
	} else if o.end != nil {
		return Frame{}, false, false, o.end
	}
	if o.wanting && o.bytes <= o.mostBytes/2 {
		o.wanting, drained = false, true
	}
	return f, ok, drained, nil
}

// finish lets the writer take what is queued, and then the reason.
func (o *outbox) finish(code wire.CloseCode, reason string) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.end == nil {
		o.end = &CloseError{code, reason}
		o.signal()
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
	o.frames = nil
	close(o.cut)
	o.signal()
}

// cause returns why the session ended, or nil.
func (o *outbox) cause() *CloseError {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.end
}

// account adds or takes away a frame's bytes. The caller holds the mutex.
func (o *outbox) account(f Frame, sign int) {
	if f.control {
		o.control += sign * len(f.Bytes)
		return
	}
	o.bytes += sign * len(f.Bytes)
}

// signal wakes the writer.
func (o *outbox) signal() {
	select {
	case o.wake <- struct{}{}:
	default:
	}
}
