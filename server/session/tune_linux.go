package session

import "syscall"

const (
	// unsentBytes is how much may wait in the kernel without having been sent before a write would wait: about one full
	// batch. So a reader that does not keep up shows after a few frames, instead of when megabytes of stale events lie in
	// buffers.
	unsentBytes = 32 << 10
	// sendBytes bounds what is sent but not yet acknowledged; the kernel doubles it for its own use. At a round trip
	// of 200 ms it allows 600 KB a second, six times what the rate limit lets through.
	sendBytes = 128 << 10

	tcpNotSentLowat = 25 // TCP_NOTSENT_LOWAT of linux/tcp.h, which package syscall does not have
)

// tune sets the connection's send buffers. A system that refuses keeps its own sizes, which cost memory and nothing else.
func tune(raw syscall.RawConn) {
	_ = raw.Control(func(fd uintptr) {
		_ = syscall.SetsockoptInt(int(fd), syscall.IPPROTO_TCP, tcpNotSentLowat, unsentBytes)
		_ = syscall.SetsockoptInt(int(fd), syscall.SOL_SOCKET, syscall.SO_SNDBUF, sendBytes)
	})
}
