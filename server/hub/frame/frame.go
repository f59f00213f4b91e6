// Package frame makes ready frames: what the hub has to say, encoded once, with the header of its WebSocket frame in front, so
// that the bytes can be written to any number of sockets as they are.
//
// Control makes an answer, which is one session's own. A Press makes batches. Sessions that send the same events at the same
// moment get the same bytes from it, and its buffers are used again, so that a batch costs nothing to collect: who keeps
// such a frame longer than the call that brought it asks for a copy with Frame.Keep.
//
// Frames are values. A Press belongs to one goroutine; everything else may be used by any.
package frame

import (
	"encoding/binary"
	"time"

	"tierboard/shared/event"
	"tierboard/shared/wire"
)

// Frame is one ready frame for the socket.
type Frame struct {
	// Ready is the whole WebSocket frame, header and payload. A server does not mask, so the same bytes do for everybody:
	// they may be shared and must not be changed.
	Ready []byte
	// Bytes is the payload, the last part of Ready; nil for frames of the transport itself.
	Bytes []byte

	Events    int        // how many events are in it
	Tier      event.Tier // of the live event that waited longest
	Received  time.Time  // when the server read that event; zero if the frame holds no live event
	Published time.Time  // when the producer sent that event; zero if it did not say

	Control bool // an answer, not a batch: bounded separately and never dropped
	Lent    bool // Ready is a press's and will be overwritten: Keep copies what is kept
}

// headroom is the longest header of a frame from a server: two bytes and a length of eight (RFC 6455, 5.2).
const headroom = 10

// seal makes a frame of a buffer that holds the payload behind headroom bytes.
func seal(buf []byte, f wire.Format) Frame {
	n := len(buf) - headroom
	first := byte(0x81) // the last part of a text message, which it is alone
	if f == wire.MsgPack {
		first = 0x82 // binary
	}
	start := headroom - 2
	switch {
	case n < 126:
		buf[start+1] = byte(n) //nolint:gosec // below 126
	case n <= 0xffff:
		start -= 2
		buf[start+1] = 126
		binary.BigEndian.PutUint16(buf[start+2:], uint16(n))
	default:
		start -= 8
		buf[start+1] = 127
		binary.BigEndian.PutUint64(buf[start+2:], uint64(n))
	}
	buf[start] = first
	return Frame{Ready: buf[start:], Bytes: buf[headroom:]}
}

// Control returns an answer, such as a confirmation or an error, encoded in a format. Its bytes are its own.
func Control(m wire.Frame, f wire.Format) Frame {
	out := seal(m.Append(make([]byte, headroom, 256), f), f)
	out.Control = true
	return out
}

// Keep returns the frame with bytes of its own, if those it has are only lent.
func (f Frame) Keep() Frame {
	if !f.Lent {
		return f
	}
	head := len(f.Ready) - len(f.Bytes)
	f.Ready = append(make([]byte, 0, len(f.Ready)), f.Ready...)
	f.Bytes, f.Lent = f.Ready[head:], false
	return f
}
