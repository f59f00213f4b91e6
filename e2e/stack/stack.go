// Package stack starts the real programs that tests run against: Redis, Postgres, the built Tierboard binary and
// Chromium, each on its own free loopback port and in its own temporary directory.
//
// Everything a test starts here ends with the test. Programs are children of the test process and the kernel ends them
// when it dies, so a test that panics or runs out of time leaves nothing behind. A program that is not installed fails
// the test with the name of the package to install: nothing here ever skips.
//
// The functions take a [testing.TB] and may be called from several tests at once. They must be called from the test's
// own goroutine, as they end it with Fatal. Methods of one returned value are for one goroutine, unless they say otherwise.
package stack

import (
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"testing"
	"time"
)

// ReadyTimeout is the longest a program may take from its start until it answers, and the longest it may take to end.
// It is far above what any of them needs on two busy cores, as running out of it fails the test.
const ReadyTimeout = 60 * time.Second

// pollInterval is the pause between two looks at a program that is not ready yet.
const pollInterval = 10 * time.Millisecond

// startAttempts bounds how often a start is tried again when another process took the free port first.
const startAttempts = 5

// errNotReady says that a program ran but did not answer within ReadyTimeout.
var errNotReady = errors.New("not ready in time")

// binary returns the path of the first of names that is installed, in PATH or in one of the directories that match the
// glob patterns in dirs (the last match wins: the highest version). It fails the test with the apt package to install.
func binary(t testing.TB, aptPackage string, dirs []string, names ...string) string {
	t.Helper()
	path, err := findBinary(dirs, names...)
	if err != nil {
		t.Fatalf("%v: install it with: apt-get install %s", err, aptPackage)
	}
	return path
}

// findBinary is binary without the test.
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

// freePort returns a loopback TCP port that nobody listened on a moment ago. Another process may still take it first,
// so callers start again on another one when their program ends early.
func freePort() (int, error) {
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

// RepoRoot returns the directory of the go.mod above the working directory, which for a test is its package's folder.
func RepoRoot() (string, error) {
	dir, err := os.Getwd()
	if err != nil {
		return "", fmt.Errorf("find the repository: %w", err)
	}
	for {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			return dir, nil
		}
		parent := filepath.Dir(dir)
		if parent == dir {
			return "", errors.New("find the repository: no go.mod above the working directory")
		}
		dir = parent
	}
}
