//go:build !linux

package session

import "syscall"

// tune leaves the send buffers as the system makes them.
func tune(syscall.RawConn) {}
