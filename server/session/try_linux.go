package session

import (
	"syscall"
	"unsafe"
)

// writeNow writes what a socket takes. It tells the runtime nothing, as nothing will block: the socket is non-blocking, and
// what package syscall does around a call that may wait costs a fiftieth of a frame.
func writeNow(fd int, p []byte) (int, error) {
	if len(p) == 0 {
		return 0, nil
	}
	n, _, errno := syscall.RawSyscall(syscall.SYS_WRITE, uintptr(fd), uintptr(unsafe.Pointer(&p[0])), uintptr(len(p))) //nolint:gosec // the one way to this call
	if errno != 0 {
		return 0, errno
	}
	return int(n), nil
}
