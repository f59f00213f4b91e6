//go:build !unix

package session

import "errors"

// canTry says that a socket can be written and looked at without waiting.
const canTry = false

var errTry = errors.New("session: this system waits in each write")

// tryWrite is not called where canTry is false.
func tryWrite(uintptr, []byte) (int, error) { return 0, errTry }

// readable is not called where canTry is false.
func readable(uintptr) (ready, answered bool) { return true, false }
