// Package session serves the WebSocket: it shakes hands, reads requests, writes what the hub has for the connection,
// pings, and closes with the code that tells a client whether to come back.
//
// # Goroutines
//
// An idle session is one goroutine, parked on a stack of two kilobytes until its socket is readable; the HTTP handler has
// returned. When something arrives, a goroutine with a larger stack runs the library's reader, answers what there is and
// leaves a parked one behind. It is the only one that asks the hub, and the one that ends the session. Nobody writes on
// behalf of a session: the hub's shard offers a ready frame to the socket, which takes it without waiting. When the
// socket takes only part of it, a goroutine writes the rest and what queues behind it, until the peer has caught up.
// Another one shakes hands when the session is closed. Handler.Shutdown ends every session and waits for all of them.
//
// # Two writers
//
// The library writes pongs and the close frame, the session everything else, and both through one lock of the socket. A
// frame that is half written keeps the lock. After the library's close frame nothing is written. Pings are ready frames
// too, sent by the shard from one queue; their answers, which are empty, are taken off the socket while the session is parked,
// so that they wake nothing. Anything a peer sends counts as a sign of life.
//
// # Misuse
//
// A request that cannot be answered gets an error frame that names the field. Frames that are no frames at all
// (bad_frame) end the connection with 1008 when they come five in a row or ten in a minute. Too many requests get
// rate_limited, and the reader then waits before it reads on, so that a flood is slowed by TCP and not answered at its own
// pace. A frame above wire.MaxRequest closes with 1009.
//
// # Crowds
//
// After a restart all clients come back at once. Their handshakes and requests take turns, so that the events of those who are
// there already find a processor (package turn). What their handshakes throw away lies in memory between what their sessions
// keep, so the server is told of a crowd (Config.Crowd) and collects more often until it is over: a session then takes 1.5 KB
// less.
//
// # Decisions
//
// 2026-11-23 Ready frames beside the library. Because: its Write costs 1.3 times the system call and with a deadline 1.7
// times and eleven allocations, and it has no way to write the same bytes to many. Rejected: another library, since
// handshake, reading and closing of this one are what tests and clients rely on. Look again when: it can write prepared
// frames without waiting.
//
// 2026-11-23 A session parks on readability. Because: 8 KB of memory a connection instead of 30 KB with a handler that
// waits and buffers of 4 KB. Rejected: an event loop of our own in place of Go's, for the last 2 KB. Look again when:
// sessions are counted in hundreds of thousands.
package session
