//go:build unix

package session

import (
	"errors"
	"syscall"
)

// canTry says that a socket can be written and looked at without waiting: Go's are non-blocking on Unix.
const canTry = true

// tryWrite writes what a socket takes without waiting.
func tryWrite(fd uintptr, p []byte) (int, error) {
	for {
		n, err := writeNow(int(fd), p)
		switch {
		case err == nil:
			return n, nil
		case errors.Is(err, syscall.EAGAIN):
			return 0, nil
		case !errors.Is(err, syscall.EINTR):
			return 0, err
		}
	}
}

// readable reports whether a socket has something to read, or has failed, other than empty pongs: these are taken away
// and reported by answered. A part of one counts as something to read: the rest may never come, and a socket that has ended
// after it looks the same. It must be called between frames only.
func readable(fd uintptr) (ready, answered bool) {
	var p [pongBytes]byte
	for {
		n, _, err := syscall.Recvfrom(int(fd), p[:], syscall.MSG_PEEK)
		switch {
		case errors.Is(err, syscall.EINTR):
			continue
		case errors.Is(err, syscall.EAGAIN):
			return false, answered
		case err != nil || n == 0:
			return true, answered
		case isPong(p[:n]):
			if n, err := syscall.Read(int(fd), p[:]); err != nil || n != pongBytes {
				return true, answered
			}
			answered = true
		default:
			return true, answered
		}
	}
}
