// Package wire is the protocol between the server and everything that listens to it: the frames, their encoding in
// msgpack and in JSON, the subprotocol names, the limits and the close codes. It does no I/O.
//
// # Flow
//
// One WebSocket message is one frame. A frame is a map (msgpack) or an object (JSON) whose first key is "type"; both
// encodings have the same keys. The subprotocol picks the encoding: MsgPackProtocol sends binary messages, JSONProtocol text
// messages; a client that offers neither gets JSON.
//
//	client → server   subscribe    id, filters, resume{epoch, seq}?    the same id again swaps the filters without a gap
//	                  unsubscribe  id
//	                  ping         id?
//	server → client   welcome      once, first
//	                  subscribed   id, filters in canonical form, seq, replayed, resumed
//	                  unsubscribed id, seq
//	                  batch        seq, sent_at, events, suppressed; id and reset on a snapshot or replay
//	                  gap          from_seq?, to_seq?, from?, to?, rest: events that could not be replayed
//	                  status       ingest, tiers; on change and every 15 s
//	                  pong         id?
//	                  error        id?, code, detail
//	                  bye          reconnect_ms: the server is going away
//
// After subscribed come the batches that carry its id: the replay when resumed is true, else a snapshot whose first
// batch has reset set (it replaces what the client holds for this subscription). Then live batches follow, without an
// id: they hold the union of what the session's subscriptions want, each event once. Events in a batch ascend by seq,
// and the batch's own seq is the highest position it covers: a client that reconnects sends it back in resume.
//
// # Reading
//
// A decoder skips keys and frame types that it does not know, takes integers and floats of any width for each
// other, and takes keys in any order. That is what lets the protocol grow: it only changes by adding. Optional fields
// are left out, never null. Times are RFC 3339 in UTC with milliseconds.
//
// # Decisions
//
// 2026-11-23 Hand-written codec for frames. One Writer emits both encodings, so that the field names cannot drift
// apart, and Decode reads msgpack with a bounded cursor. Because: an event is encoded once and its bytes are shared
// by all sessions, decoding runs in the browser where reflection costs size and garbage, and both sides read untrusted
// bytes. Requests from clients are checked by Valid first and then read through the msgpack library. Rejected: structs
// through reflection (20 times slower per batch, 90 KB more to download). Look again when: profiles show encoding.
package wire
