package stack

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"tierboard/e2e/stack/process"
)

// BinaryVar is the environment variable that names the binary Server starts, instead of ./tierboard in the repository.
const BinaryVar = "TIERBOARD_BIN"

// ServerOption adds to how Server starts the binary.
type ServerOption func(*TierboardServer)

// Args adds command-line arguments after "serve".
func Args(args ...string) ServerOption {
	return func(s *TierboardServer) { s.args = append(s.args, args...) }
}

// Env sets one environment variable of the server, such as REDIS_URL. The server inherits none of the project's
// settings from the test's own environment.
func Env(name, value string) ServerOption {
	return func(s *TierboardServer) { s.env = append(s.env, name+"="+value) }
}

// TierboardServer is the built binary, running "serve". Its addresses stay the same over Restart.
type TierboardServer struct {
	t    testing.TB
	path string
	dir  string // working directory and data
	args []string
	env  []string
	proc *process.Process

	mu    sync.Mutex
	page  string // guarded by mu: as printed, with the slash at the end
	admin string // guarded by mu
	redis string // guarded by mu: empty without embedded Redis
}

// Server starts the built binary on free loopback ports, with its data in a temporary directory, and returns when
// /readyz answers 200. It ends with the test; when the test failed, what the server printed goes to the test's log.
// The binary is $TIERBOARD_BIN, else ./tierboard in the repository, and must have been built: `make build`.
func Server(t testing.TB, opts ...ServerOption) *TierboardServer {
	t.Helper()
	path, err := serverBinary()
	if err != nil {
		t.Fatal(err)
	}
	s := &TierboardServer{t: t, path: path, dir: t.TempDir()}
	s.env = append(cleanEnv(os.Environ()), "TIERBOARD_DATA_DIR="+filepath.Join(s.dir, "data"))
	for _, opt := range opts {
		opt(s)
	}
	t.Cleanup(func() {
		if s.proc == nil {
			return
		}
		if err := s.proc.Stop(syscall.SIGTERM); err != nil {
			t.Error(err)
		}
		if t.Failed() {
			s.proc.LogOutput(t)
		}
	})
	if err := s.start("127.0.0.1:0", "127.0.0.1:0"); err != nil {
		t.Fatal(err)
	}
	return s
}

// serverBinary finds the binary and says what to do when there is none.
func serverBinary() (string, error) {
	path := os.Getenv(BinaryVar)
	if path == "" {
		root, err := RepoRoot()
		if err != nil {
			return "", err
		}
		path = filepath.Join(root, "tierboard")
	}
	path, err := filepath.Abs(path)
	if err != nil {
		return "", fmt.Errorf("find the server's binary: %w", err)
	}
	if info, err := os.Stat(path); err != nil || info.IsDir() {
		return "", fmt.Errorf("no server binary at %s: run `make build` first, or name one in %s", path, BinaryVar)
	}
	return path, nil
}

// cleanEnv returns env without the project's settings, so that a test does not depend on who runs it.
func cleanEnv(env []string) []string {
	return slices.DeleteFunc(slices.Clone(env), func(entry string) bool {
		name, _, _ := strings.Cut(entry, "=")
		return strings.HasPrefix(name, "TIERBOARD_") || name == "REDIS_URL" || name == "DATABASE_URL"
	})
}

// start starts the binary on the two addresses and waits until it is ready.
func (s *TierboardServer) start(addr, adminAddr string) error {
	cmd := exec.Command(s.path, append([]string{"serve"}, s.args...)...)
	cmd.Dir = s.dir
	// In the environment and not as flags, so that a test can still ask for another address with Args.
	cmd.Env = append(slices.Clone(s.env), "TIERBOARD_ADDR="+addr, "TIERBOARD_ADMIN_ADDR="+adminAddr)
	cmd.Stdout = &process.Lines{Each: s.readLine}
	s.mu.Lock()
	s.page, s.admin, s.redis = "", "", ""
	s.mu.Unlock()
	p, err := process.Start("tierboard", cmd)
	if err != nil {
		return err
	}
	s.proc = p
	if err := p.WaitReady(s.ready); err != nil {
		_ = p.Kill()
		return err
	}
	return nil
}

// readLine takes an address from a line of the server's standard output: "tierboard: page http://127.0.0.1:8080/".
func (s *TierboardServer) readLine(line string) {
	rest, ok := strings.CutPrefix(line, "tierboard: ")
	if !ok {
		return
	}
	what, address, ok := strings.Cut(rest, " ")
	if !ok {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	switch what {
	case "page":
		s.page = address
	case "admin":
		s.admin = address
	case "redis":
		s.redis = address
	}
}

// ready returns nil when both addresses are known and /readyz answers 200.
func (s *TierboardServer) ready() error {
	if s.URL() == "" || s.AdminURL() == "" {
		return fmt.Errorf("addresses not printed yet (page %q, admin %q)", s.URL(), s.AdminURL())
	}
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, s.URL()+"/readyz", http.NoBody)
	if err != nil {
		return fmt.Errorf("ask /readyz: %w", err)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return fmt.Errorf("ask /readyz: %w", err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(io.LimitReader(resp.Body, 4<<10))
	if err != nil {
		return fmt.Errorf("ask /readyz: %w", err)
	}
	if resp.StatusCode != http.StatusOK {
		return fmt.Errorf("/readyz: %s: %s", resp.Status, body)
	}
	return nil
}

// URL returns the address of the page without a slash at the end, so that paths can be appended. Any goroutine may ask.
func (s *TierboardServer) URL() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return strings.TrimSuffix(s.page, "/")
}

// AdminURL returns the address of metrics and profiles without a slash at the end. Any goroutine may ask.
func (s *TierboardServer) AdminURL() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return strings.TrimSuffix(s.admin, "/")
}

// RedisURL returns the address of the embedded Redis, or "" when the server was given one. Any goroutine may ask.
func (s *TierboardServer) RedisURL() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return strings.TrimSuffix(s.redis, "/")
}

// PID returns the process ID, for looking at memory and CPU time.
func (s *TierboardServer) PID() int { return s.proc.PID() }

// Output returns the last 128 KB that the server printed on both streams. Any goroutine may ask.
func (s *TierboardServer) Output() string { return s.proc.Output() }

// Kill ends the server with SIGKILL, as a crash does, and returns when it is gone.
func (s *TierboardServer) Kill() {
	s.t.Helper()
	if err := s.proc.Kill(); err != nil {
		s.t.Fatal(err)
	}
}

// Stop asks the server to end with SIGTERM, waits, and fails the test unless it ended with status 0.
func (s *TierboardServer) Stop() {
	s.t.Helper()
	if err := s.proc.Stop(syscall.SIGTERM); err != nil {
		s.t.Fatal(err)
	}
	if s.proc.Err() != nil {
		s.t.Fatalf("server did not end cleanly: %v\n%s", s.proc.Err(), s.proc.Output())
	}
}

// Restart starts the server again on the same addresses and data, after Kill or Stop, and returns when it is ready.
// A server that still runs is killed first.
func (s *TierboardServer) Restart() {
	s.t.Helper()
	page, err := url.Parse(s.URL())
	if err != nil {
		s.t.Fatal(err)
	}
	admin, err := url.Parse(s.AdminURL())
	if err != nil {
		s.t.Fatal(err)
	}
	s.Kill()
	if err := s.start(page.Host, admin.Host); err != nil {
		s.t.Fatal(err)
	}
}
