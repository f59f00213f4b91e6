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
	"os"
	"path/filepath"
	"testing"

	"tierboard/e2e/stack/chrome"
	"tierboard/e2e/stack/process"
	"tierboard/e2e/stack/stores"
)

// What tests start besides the server. These names are for them: whoever needs one program needs one import.
type (
	// RedisServer is a running redis-server.
	RedisServer = stores.RedisServer
	// PostgresServer is a running postgres with one empty database.
	PostgresServer = stores.PostgresServer
	// Browser is one tab of a Chromium of its own.
	Browser = chrome.Browser
)

// ReadyTimeout is the longest a program may take from its start until it answers, and the longest it may take to end.
const ReadyTimeout = process.ReadyTimeout

// Redis starts redis-server, see [stores.Redis].
func Redis(t testing.TB) *RedisServer {
	t.Helper()
	return stores.Redis(t)
}

// KeptRedis starts redis-server with an append-only file, see [stores.KeptRedis].
func KeptRedis(t testing.TB) *RedisServer {
	t.Helper()
	return stores.KeptRedis(t)
}

// Postgres starts a new cluster, see [stores.Postgres].
func Postgres(t testing.TB) *PostgresServer {
	t.Helper()
	return stores.Postgres(t)
}

// Chromium starts a headless Chromium, see [chrome.Chromium].
func Chromium(t testing.TB) *Browser {
	t.Helper()
	return chrome.Chromium(t)
}

// Eval returns the value of a JavaScript expression, see [chrome.Eval].
func Eval[T any](b *Browser, expression string) T { return chrome.Eval[T](b, expression) }

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
