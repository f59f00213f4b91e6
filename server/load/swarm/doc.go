// Package swarm holds thousands of light WebSocket connections in one process, for load tests that share the machine with
// the server they test.
//
// A connection costs a descriptor and a hundred bytes: no goroutine, no buffer. Two workers, one of them for connections whose
// latency must be known to the microsecond, wait for all of them with epoll and read into one buffer each, so that a frame costs one read(2) and the handler. What the handler does with a
// frame must be quick, for it holds up every connection of its worker.
//
// Only what a load test needs of RFC 6455 is here: unfragmented messages, pings answered, closes noticed. Frames are sent
// with the mask key 0, which the peer must take and which costs nothing; the random keys of the standard protect proxies
// from hostile pages and have no use on loopback. Linux only; elsewhere New fails.
package swarm
