package wire

import (
	"tierboard/shared/wire/pack"
	"tierboard/shared/wire/value"
)

// Protocol is the version of the frames; welcome carries it.
const Protocol = 1

// Subprotocol names offered in the WebSocket handshake.
const (
	MsgPackProtocol = "tierboard.v1.msgpack"
	JSONProtocol    = "tierboard.v1.json"
)

// Format is an encoding of frames.
type Format = pack.Format

// The encodings.
const (
	JSON    = pack.JSON
	MsgPack = pack.MsgPack
)

// ErrSyntax means that bytes are neither valid msgpack nor JSON of the protocol's depth and size.
var ErrSyntax = value.ErrSyntax

// Limits of the protocol, in bytes unless said otherwise.
const (
	MaxRequest   = 64 << 10       // a frame from a client
	MaxFrame     = 1 << 20        // a frame from the server; clients set their read limit to it
	MaxID        = 64             // a subscription's or ping's id
	MaxDepth     = value.MaxDepth // nesting of any value
	SnapshotSize = 200            // events a tier in a snapshot
)

// frameDepth is how deep the details of an event's link lie in a frame: in a batch, its events, one event, its link. What a
// frame carries is limited to MaxDepth by itself, so a frame may be deeper by this much.
const frameDepth = 4

// CloseCode is the status a WebSocket is closed with.
type CloseCode int

// The close codes the server uses. After CloseGoingAway, CloseTooMany and CloseTooSlow a client reconnects (with
// back-off); after the others it stops, because the next attempt would end the same way.
const (
	CloseGoingAway  CloseCode = 1001 // shutdown or restart
	ClosePolicy     CloseCode = 1008 // repeated bad frames
	CloseTooBig     CloseCode = 1009 // a frame from the client beyond MaxRequest
	CloseSignIn     CloseCode = 4401 // who are you
	CloseNotAllowed CloseCode = 4403 // not for you
	CloseTooMany    CloseCode = 4429 // too many connections
	CloseTooSlow    CloseCode = 4499 // the outbox stayed full
)

// Reconnect reports whether a client should try again after being closed with c. Codes nobody assigned, such as 1006
// for a connection that broke, mean yes.
func (c CloseCode) Reconnect() bool {
	return c != ClosePolicy && c != CloseTooBig && c != CloseSignIn && c != CloseNotAllowed
}

// Error codes of error frames.
const (
	CodeBadFrame    = "bad_frame"    // not a map, not valid JSON or msgpack, or a field of the wrong type
	CodeBadFilter   = "bad_filter"   // a filter that cannot be used; detail names the field
	CodeTooLarge    = "too_large"    // frame or filter beyond its limit
	CodeTooMany     = "too_many"     // too many subscriptions or connections
	CodeRateLimited = "rate_limited" // too many requests
	CodeUnknownType = "unknown_type" // no such frame type
)
