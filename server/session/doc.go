// Package session serves the WebSocket: it shakes hands, reads requests, writes what the hub has for the connection,
// pings, and closes with the code that tells a client whether to come back.
//
// # Goroutines
//
// A session has three, and the HTTP handler's goroutine starts and awaits them: the reader (the handler's own), which is
// also the only one that asks the hub; the writer, which takes frames from the hub and writes them; and the keeper,
// which pings and closes the connection when the hub cuts the session. Handler.Shutdown ends every session and waits.
//
// # Misuse
//
// A request that cannot be answered gets an error frame that names the field. Frames that are no frames at all
// (bad_frame) end the connection with 1008 when they come five in a row or ten in a minute. Too many requests get
// rate_limited, and the reader then waits before it reads on, so that a flood is slowed by TCP and not answered at its own
// pace. A frame above wire.MaxRequest closes with 1009.
package session
