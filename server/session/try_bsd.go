//go:build unix && !linux

package session

import "syscall"

// writeNow writes what a socket takes.
func writeNow(fd int, p []byte) (int, error) { return syscall.Write(fd, p) }
