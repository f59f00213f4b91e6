// Package target is the server under test: it starts one with a Redis of its own, or checks the addresses of one that runs,
// and reads what the server and the kernel say about its work.
//
// Only addresses of this machine are accepted. A load test publishes invented detections and takes every resource it can
// get; pointed at somebody's production by mistake it would be an attack.
package target

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"
)

// Config says what to test. With URL and Redis set, that is a server which runs already; with both empty, one is started.
type Config struct {
	URL      string        // of the page: http://127.0.0.1:8080
	Redis    string        // redis://127.0.0.1:6379, where the server listens
	Admin    string        // of metrics and profiles; the page's address has the metrics too
	PID      int           // of the server, for its CPU time and memory; 0 reads them from its metrics
	Sessions int           // how many will be opened; the server that is started lets in at least so many
	Binary   string        // to start; the program that runs if empty
	Window   time.Duration // what the window of a server that is started is fixed to; 0 leaves it to the server
}

// Target is a server under test.
type Target struct {
	Addr  string // host:port of the WebSocket
	Redis string
	Own   bool   // it was started here
	About string // in words
	admin string
	pid   int
	stop  []func() error
	dir   string
}

// patience is how long a server may take to start, and to stop.
const patience = 20 * time.Second

// Open checks the addresses, or starts Redis and the server. The caller must Close the Target.
func Open(ctx context.Context, cfg Config) (*Target, error) {
	if (cfg.URL == "") != (cfg.Redis == "") {
		return nil, errors.New("--url and --redis: a running server needs both, the page's address and the Redis it listens to")
	}
	if cfg.URL == "" && (cfg.Admin != "" || cfg.PID != 0) {
		return nil, errors.New("--admin and --pid: belong to a running server, which --url and --redis name")
	}
	if cfg.URL != "" {
		return running(ctx, cfg)
	}
	t := &Target{Own: true}
	if err := t.start(ctx, cfg); err != nil {
		return nil, errors.Join(err, t.Close())
	}
	return t, nil
}

// running describes a server that runs already.
func running(ctx context.Context, cfg Config) (*Target, error) {
	page, err := local("--url", cfg.URL, "http")
	if err != nil {
		return nil, err
	}
	if _, err := local("--redis", cfg.Redis, "redis"); err != nil {
		return nil, err
	}
	admin := page
	if cfg.Admin != "" {
		if admin, err = local("--admin", cfg.Admin, "http"); err != nil {
			return nil, err
		}
	}
	t := &Target{Addr: page.Host, Redis: cfg.Redis, About: "the server at " + page.Host, admin: "http://" + admin.Host, pid: cfg.PID}
	if err := ready(ctx, "http://"+page.Host); err != nil {
		return nil, err
	}
	return t, nil
}

// local reads a URL of this machine.
func local(flag, text, scheme string) (*url.URL, error) {
	u, err := url.Parse(text)
	if err != nil || u.Scheme != scheme || u.Host == "" {
		return nil, fmt.Errorf("%s: must be %s://host:port", flag, scheme) // it may hold a password
	}
	if ip, err := netip.ParseAddr(u.Hostname()); u.Hostname() != "localhost" && (err != nil || !ip.Unmap().IsLoopback()) {
		return nil, fmt.Errorf("%s: %s is not an address of this machine; load tests go to loopback only", flag, u.Hostname())
	}
	if u.Port() == "" {
		port := map[string]string{"http": "80", "redis": "6379"}[scheme]
		u.Host = net.JoinHostPort(u.Hostname(), port)
	}
	return u, nil
}

// start starts Redis, if there is a redis-server, and the server.
func (t *Target) start(ctx context.Context, cfg Config) (err error) {
	if t.dir, err = os.MkdirTemp("", "tierboard-load-"); err != nil {
		return fmt.Errorf("start: %w", err)
	}
	if cfg.Binary == "" {
		if cfg.Binary, err = os.Executable(); err != nil {
			return fmt.Errorf("start: %w", err)
		}
	}
	redis, err := exec.LookPath("redis-server")
	if err == nil {
		if err := t.startRedis(ctx, redis); err != nil {
			return err
		}
		t.About = "a server of its own with redis-server"
	} else {
		t.About = "a server of its own with its embedded Redis (no redis-server is installed)"
	}
	cmd := exec.Command(cfg.Binary, "serve") //nolint:noctx // ended by Close, in order
	cmd.Dir = t.dir
	// What the caller set for the server holds, but for where it is and what it would write to.
	cmd.Env = slices.DeleteFunc(os.Environ(), func(entry string) bool {
		name, _, _ := strings.Cut(entry, "=")
		return name == "REDIS_URL" || name == "DATABASE_URL"
	})
	cmd.Env = append(cmd.Env, "TIERBOARD_ADDR=127.0.0.1:0", "TIERBOARD_ADMIN_ADDR=127.0.0.1:0", "TIERBOARD_EMBEDDED_REDIS_ADDR=127.0.0.1:0",
		"TIERBOARD_DATA_DIR="+filepath.Join(t.dir, "data"), "TIERBOARD_LOG_LEVEL=warn", "TIERBOARD_DEMO=false", "TIERBOARD_DRAIN=0s",
		"TIERBOARD_MAX_SESSIONS="+strconv.Itoa(max(20000, 2*cfg.Sessions)))
	if cfg.Window > 0 {
		cmd.Env = append(cmd.Env, "TIERBOARD_WINDOW_MIN="+cfg.Window.String(), "TIERBOARD_WINDOW_MAX="+cfg.Window.String())
	}
	if t.Redis != "" {
		cmd.Env = append(cmd.Env, "REDIS_URL="+t.Redis)
	}
	found := make(chan [2]string, 8)
	p, err := t.child("the server", cmd, func(line string) {
		if what, address, ok := strings.Cut(strings.TrimPrefix(line, "tierboard: "), " "); ok && strings.HasPrefix(line, "tierboard: ") {
			select {
			case found <- [2]string{what, strings.TrimSuffix(address, "/")}:
			default: // more than it can print
			}
		}
	})
	if err != nil {
		return err
	}
	t.pid = cmd.Process.Pid
	timer := time.NewTimer(patience)
	defer timer.Stop()
	for t.Addr == "" || t.admin == "" {
		select {
		case line := <-found:
			switch line[0] {
			case "redis":
				t.Redis = line[1]
			case "page":
				t.Addr = strings.TrimPrefix(line[1], "http://")
			case "admin":
				t.admin = line[1]
			}
		case <-p.ended:
			return fmt.Errorf("start: the server ended: %s", p.output())
		case <-timer.C:
			return fmt.Errorf("start: the server printed no addresses: %s", p.output())
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	return ready(ctx, "http://"+t.Addr)
}

// startRedis starts a redis-server on a free port, without persistence.
func (t *Target) startRedis(ctx context.Context, path string) error {
	var last error
	for range 5 { // somebody else may take the port in between
		l, err := (&net.ListenConfig{}).Listen(ctx, "tcp", "127.0.0.1:0")
		if err != nil {
			return fmt.Errorf("start redis: %w", err)
		}
		_, port, _ := net.SplitHostPort(l.Addr().String())
		_ = l.Close()
		cmd := exec.Command(path, "--port", port, "--bind", "127.0.0.1", "--dir", t.dir, "--save", "", "--appendonly", "no") //nolint:noctx // ended by Close
		p, err := t.child("redis-server", cmd, nil)
		if err != nil {
			return err
		}
		if last = p.await(ctx, func() error {
			conn, err := (&net.Dialer{}).DialContext(ctx, "tcp", "127.0.0.1:"+port)
			if err != nil {
				return err
			}
			defer conn.Close()
			if err := conn.SetDeadline(time.Now().Add(time.Second)); err != nil {
				return err
			}
			if _, err := io.WriteString(conn, "PING\r\n"); err != nil {
				return err
			}
			answer, err := bufio.NewReader(conn).ReadString('\n')
			if err == nil && answer != "+PONG\r\n" {
				err = fmt.Errorf("it answered %q", answer)
			}
			return err
		}); last == nil {
			t.Redis = "redis://127.0.0.1:" + port
			return nil
		}
	}
	return fmt.Errorf("start redis: %w", last)
}

// ready waits until the server says that it can serve.
func ready(ctx context.Context, page string) error {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	ticker := time.NewTicker(20 * time.Millisecond)
	defer ticker.Stop()
	for {
		_, err := get(ctx, page+"/readyz")
		if err == nil {
			return nil
		}
		select {
		case <-ticker.C:
		case <-ctx.Done():
			return fmt.Errorf("the server at %s is not ready: %w", page, err)
		}
	}
}

// get returns the body of a 200.
func get(ctx context.Context, address string) ([]byte, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, address, http.NoBody)
	if err != nil {
		return nil, err
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(io.LimitReader(resp.Body, 16<<20))
	if err == nil && resp.StatusCode != http.StatusOK {
		err = fmt.Errorf("%s: %s", address, resp.Status)
	}
	return body, err
}

// Close ends what was started, in reverse order, and waits for it.
func (t *Target) Close() error {
	var errs []error
	for _, stop := range slices.Backward(t.stop) {
		errs = append(errs, stop())
	}
	t.stop = nil
	if t.dir != "" {
		errs = append(errs, os.RemoveAll(t.dir))
	}
	return errors.Join(errs...)
}

// process is one child.
type process struct {
	name  string
	ended chan struct{}

	mu   sync.Mutex
	last []byte // guarded by mu: the end of what it printed
}

// Write keeps the end of what a child prints.
func (p *process) Write(b []byte) (int, error) {
	const most = 4 << 10
	p.mu.Lock()
	defer p.mu.Unlock()
	p.last = append(p.last, b...)
	if len(p.last) > most {
		p.last = slices.Clone(p.last[len(p.last)-most:])
	}
	return len(b), nil
}

// output is the end of what it printed.
func (p *process) output() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return strings.TrimSpace(string(p.last))
}

// await asks again and again until there is no error or the process has ended.
func (p *process) await(ctx context.Context, ready func() error) error {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	ticker := time.NewTicker(20 * time.Millisecond)
	defer ticker.Stop()
	for {
		err := ready()
		if err == nil {
			return nil
		}
		select {
		case <-ticker.C:
		case <-p.ended:
			return fmt.Errorf("it ended: %s", p.output())
		case <-ctx.Done():
			return err
		}
	}
}

// child starts a process that ends with this one, and with Close. each, if not nil, gets the lines it prints.
func (t *Target) child(name string, cmd *exec.Cmd, each func(line string)) (*process, error) {
	p := &process{name: name, ended: make(chan struct{})}
	cmd.Stderr = p
	cmd.Stdout = p
	if each != nil {
		lines, w := io.Pipe()
		cmd.Stdout = w
		go func() {
			for in := bufio.NewScanner(lines); in.Scan(); {
				each(in.Text())
			}
			_, _ = io.Copy(io.Discard, lines) // a line too long for the scanner must not block the child
		}()
	}
	endWithParent(cmd)
	began := make(chan error, 1)
	go func() {
		// The kernel ends the child with the thread that started it, so that thread must stay.
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		err := cmd.Start()
		began <- err
		if err == nil {
			_ = cmd.Wait() // how it ended does not matter, what it printed does
			close(p.ended)
		}
	}()
	if err := <-began; err != nil {
		return nil, fmt.Errorf("start %s: %w", name, err)
	}
	t.stop = append(t.stop, func() error {
		_ = cmd.Process.Signal(syscall.SIGTERM) // it may be gone already
		timer := time.NewTimer(patience)
		defer timer.Stop()
		select {
		case <-p.ended:
			return nil
		case <-timer.C:
			_ = cmd.Process.Kill()
			<-p.ended
			return fmt.Errorf("%s (pid %d) did not end when asked to", name, cmd.Process.Pid)
		}
	})
	return p, nil
}
