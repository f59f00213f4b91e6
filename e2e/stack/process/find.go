package process

import (
	"errors"
	"fmt"
	"net"
	"os/exec"
	"path/filepath"
	"slices"
	"testing"
	"time"
)

// ReadyTimeout is the longest a program may take from its start until it answers, and the longest it may take to end.
// It is far above what any of them needs on two busy cores, as running out of it fails the test.
const ReadyTimeout = 60 * time.Second

// PollInterval is the pause between two looks at a program that is not ready yet.
const PollInterval = 10 * time.Millisecond

// StartAttempts bounds how often a start is tried again when another process took the free port first.
const StartAttempts = 5

// errNotReady says that a program ran but did not answer within ReadyTimeout.
var errNotReady = errors.New("not ready in time")

// Binary returns the path of the first of names that is installed, in PATH or in one of the directories that match the
// glob patterns in dirs (the last match wins: the highest version). It fails the test with the apt package to install.
func Binary(t testing.TB, aptPackage string, dirs []string, names ...string) string {
	t.Helper()
	path, err := findBinary(dirs, names...)
	if err != nil {
		t.Fatalf("%v: install it with: apt-get install %s", err, aptPackage)
	}
	return path
}

// findBinary is Binary without the test.
func findBinary(dirs []string, names ...string) (string, error) {
	for _, name := range names {
		if path, err := exec.LookPath(name); err == nil {
			return filepath.Abs(path)
		}
		for _, pattern := range dirs {
			matches, err := filepath.Glob(filepath.Join(pattern, name))
			if err != nil {
				return "", fmt.Errorf("look for %s: %w", name, err)
			}
			if len(matches) > 0 {
				return slices.Max(matches), nil
			}
		}
	}
	return "", fmt.Errorf("%v not found", names)
}

// FreePort returns a loopback TCP port that nobody listened on a moment ago. Another process may still take it first,
// so callers start again on another one when their program ends early.
func FreePort() (int, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return 0, fmt.Errorf("find a free port: %w", err)
	}
	defer l.Close() //nolint:errcheck // nothing was accepted
	addr, ok := l.Addr().(*net.TCPAddr)
	if !ok {
		return 0, fmt.Errorf("find a free port: %v is no TCP address", l.Addr())
	}
	return addr.Port, nil
}
