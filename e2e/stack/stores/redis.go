// Package stores starts the databases that tests run against, Redis and Postgres, each on its own free loopback port and in its own
// temporary directory. They end with the test. Functions and methods must be called from the test's own goroutine, as they end
// it with Fatal.
package stores

import (
	"bufio"
	"fmt"
	"net"
	"os/exec"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"tierboard/e2e/stack/process"
)

// RedisServer is a running redis-server. Without persistence Kill or Restart loses what it held.
type RedisServer struct {
	t    testing.TB
	path string
	dir  string
	port int
	kept bool // writes an append-only file and reads it at its start
	proc *process.Process
}

// Redis starts redis-server without persistence on a free loopback port and returns when it answers. It ends with the test.
func Redis(t testing.TB) *RedisServer {
	t.Helper()
	return startRedis(t, false)
}

// KeptRedis is Redis with an append-only file, so that what it held is there again after Kill and Restart.
func KeptRedis(t testing.TB) *RedisServer {
	t.Helper()
	return startRedis(t, true)
}

func startRedis(t testing.TB, kept bool) *RedisServer {
	t.Helper()
	r := &RedisServer{t: t, path: process.Binary(t, "redis-server", nil, "redis-server"), dir: t.TempDir(), kept: kept}
	t.Cleanup(func() {
		if r.proc == nil {
			return
		}
		if err := r.proc.Stop(syscall.SIGTERM); err != nil {
			t.Error(err)
		}
		if t.Failed() {
			r.proc.LogOutput(t)
		}
	})
	var err error
	for range process.StartAttempts {
		if r.port, err = process.FreePort(); err != nil {
			continue
		}
		if err = r.start(); err == nil {
			return r
		}
	}
	t.Fatal(err)
	return nil
}

// start starts the server on r.port and waits until it answers.
func (r *RedisServer) start() error {
	keep := "no"
	if r.kept {
		keep = "yes"
	}
	cmd := exec.Command(r.path,
		"--port", strconv.Itoa(r.port), "--bind", "127.0.0.1", "--dir", r.dir,
		"--save", "", "--appendonly", keep, "--appendfsync", "always", "--daemonize", "no") // every second loses two when killed
	cmd.Dir = r.dir
	p, err := process.Start("redis-server", cmd)
	if err != nil {
		return err
	}
	r.proc = p
	if err := p.WaitReady(func() error { return pingRedis(r.Addr()) }); err != nil {
		_ = p.Kill()
		return err
	}
	return nil
}

// Addr returns the address as host:port. It stays the same over Restart.
func (r *RedisServer) Addr() string { return net.JoinHostPort("127.0.0.1", strconv.Itoa(r.port)) }

// URL returns the address as redis://host:port.
func (r *RedisServer) URL() string { return "redis://" + r.Addr() }

// PID returns the process ID of the running server.
func (r *RedisServer) PID() int { return r.proc.PID() }

// Kill ends the server with SIGKILL, as a crash does, and returns when it is gone. Connections are reset.
func (r *RedisServer) Kill() {
	r.t.Helper()
	if err := r.proc.Kill(); err != nil {
		r.t.Fatal(err)
	}
}

// Restart starts the server again on the same port, after Kill or instead of a running one, and returns when it answers.
func (r *RedisServer) Restart() {
	r.t.Helper()
	r.Kill()
	if err := r.start(); err != nil {
		r.t.Fatal(err)
	}
}

// pingRedis asks the server at addr for a sign of life.
func pingRedis(addr string) error {
	conn, err := net.DialTimeout("tcp", addr, time.Second)
	if err != nil {
		return fmt.Errorf("dial redis: %w", err)
	}
	defer conn.Close()
	if err := conn.SetDeadline(time.Now().Add(time.Second)); err != nil {
		return fmt.Errorf("ping redis: %w", err)
	}
	if _, err := conn.Write([]byte("PING\r\n")); err != nil {
		return fmt.Errorf("ping redis: %w", err)
	}
	reply, err := bufio.NewReader(conn).ReadString('\n')
	if err != nil {
		return fmt.Errorf("ping redis: %w", err)
	}
	if reply = strings.TrimSpace(reply); reply != "+PONG" {
		return fmt.Errorf("ping redis: unexpected reply %q", reply)
	}
	return nil
}
