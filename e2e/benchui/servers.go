package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httputil"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/maxence-charriere/go-app/v10/pkg/app" //nolint:depguard // serves the page that ours is compared with
	"github.com/redis/go-redis/v9"
)

// child is a program that the bench started.
type child struct {
	cmd    *exec.Cmd
	output bytes.Buffer // standard error; read after done
	done   chan struct{}
}

// start starts a program whose standard output goes line by line to each, which may be nil. The kernel ends it when the
// bench dies.
func start(cmd *exec.Cmd, each func(line string)) (*child, error) {
	c := &child{cmd: cmd, done: make(chan struct{})}
	cmd.Stderr = &c.output
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		return nil, fmt.Errorf("start %s: %w", cmd.Path, err)
	}
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	started := make(chan error, 1)
	go func() {
		runtime.LockOSThread() // the kernel watches the thread that started the program
		defer runtime.UnlockOSThread()
		err := cmd.Start()
		started <- err
		if err != nil {
			return
		}
		for lines := bufio.NewScanner(stdout); lines.Scan(); {
			if each != nil {
				each(lines.Text())
			}
		}
		_ = cmd.Wait() // whoever waits for readiness tells that it ended
		close(c.done)
	}()
	if err := <-started; err != nil {
		return nil, fmt.Errorf("start %s: %w", cmd.Path, err)
	}
	return c, nil
}

// stop ends the program and waits for it.
func (c *child) stop() {
	_ = c.cmd.Process.Signal(syscall.SIGTERM)
	select {
	case <-c.done:
	case <-time.After(stepTimeout):
		_ = c.cmd.Process.Kill()
		<-c.done
	}
}

// startRedis starts a redis-server without persistence and returns its address.
func startRedis(ctx context.Context, dir string) (*child, string, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, "", fmt.Errorf("find a port: %w", err)
	}
	addr := l.Addr().String()
	_ = l.Close()
	_, port, _ := strings.Cut(addr, ":")
	cmd := exec.Command("redis-server", "--port", port, "--bind", "127.0.0.1", "--dir", dir, "--save", "", "--appendonly", "no")
	c, err := start(cmd, nil)
	if err != nil {
		return nil, "", err
	}
	client := redis.NewClient(&redis.Options{Addr: addr, MaxRetries: 100, MaxRetryBackoff: 50 * time.Millisecond})
	defer func() { _ = client.Close() }()
	ctx, cancel := context.WithTimeout(ctx, stepTimeout)
	defer cancel()
	if err := client.Ping(ctx).Err(); err != nil {
		c.stop()
		return nil, "", fmt.Errorf("redis-server does not answer: %w", err)
	}
	return c, addr, nil
}

// startServer starts the built binary on a free port and returns the address of its page, without a slash at the end.
func startServer(binary, dir, redisAddr string) (*child, string, error) {
	cmd := exec.Command(binary, "serve")
	cmd.Dir = dir
	for _, entry := range os.Environ() {
		if !strings.HasPrefix(entry, "TIERBOARD_") && !strings.HasPrefix(entry, "REDIS_URL=") && !strings.HasPrefix(entry, "DATABASE_URL=") {
			cmd.Env = append(cmd.Env, entry)
		}
	}
	cmd.Env = append(cmd.Env, "TIERBOARD_ADDR=127.0.0.1:0", "TIERBOARD_ADMIN_ADDR=127.0.0.1:0",
		"TIERBOARD_DATA_DIR="+filepath.Join(dir, "data"), "REDIS_URL=redis://"+redisAddr)
	page := make(chan string, 1)
	c, err := start(cmd, func(line string) {
		if address, ok := strings.CutPrefix(line, "tierboard: page "); ok {
			select {
			case page <- strings.TrimSuffix(address, "/"):
			default:
			}
		}
	})
	if err != nil {
		return nil, "", err
	}
	select {
	case address := <-page:
		return c, address, nil
	case <-c.done:
		return nil, "", fmt.Errorf("%s ended: %s", binary, &c.output)
	case <-time.After(stepTimeout):
		c.stop()
		return nil, "", fmt.Errorf("%s printed no address: %s", binary, &c.output)
	}
}

// publisher sends to Redis as the producer does.
type publisher struct {
	client *redis.Client
	made   maker
}

// publish sends n detections in one pipeline, so that they reach the server together.
func (p *publisher) publish(ctx context.Context, n int) error {
	pipe := p.client.Pipeline()
	for _, e := range p.made.events(n) {
		price, _ := e.Price.Get()
		change, _ := e.ChangePct.Get()
		b, err := json.Marshal(map[string]any{
			"event_type": "pattern_detected", "source": "TickStockPL", "timestamp": float64(e.PublishedAt.UnixMilli()) / 1000,
			"data": map[string]any{
				"symbol": e.Symbol, "pattern": e.Pattern, "tier": e.Tier.String(), "confidence": e.Confidence, "timeframe": e.Timeframe,
				"current_price": price, "price_change": change, "timestamp": float64(e.DetectedAt.UnixMilli()) / 1000,
			},
		})
		if err != nil {
			return fmt.Errorf("encode a detection: %w", err)
		}
		pipe.Publish(ctx, channel, b)
	}
	if _, err := pipe.Exec(ctx); err != nil {
		return fmt.Errorf("publish: %w", err)
	}
	return nil
}

// channel is where the producer publishes.
const channel = "tickstock.events.patterns"

// fill waits until the server listens, since Redis keeps nothing for later, and publishes n events.
func (p *publisher) fill(ctx context.Context, n int) error {
	ctx, cancel := context.WithTimeout(ctx, stepTimeout)
	defer cancel()
	ticker := time.NewTicker(20 * time.Millisecond)
	defer ticker.Stop()
	for {
		listening, err := p.client.PubSubNumSub(ctx, channel).Result()
		if err != nil {
			return fmt.Errorf("ask who listens: %w", err)
		}
		if listening[channel] > 0 {
			break
		}
		select {
		case <-ctx.Done():
			return errors.New("the server does not subscribe to " + channel)
		case <-ticker.C:
		}
	}
	for ; n > 0; n -= 50 {
		if err := p.publish(ctx, min(n, 50)); err != nil {
			return err
		}
	}
	return nil
}

// answer is an HTTP response, read whole and as it came over the wire.
type answer struct {
	body     []byte
	encoding string
}

// get fetches an address; encoding is what the client says it accepts.
func get(ctx context.Context, address, encoding string) (answer, error) {
	ctx, cancel := context.WithTimeout(ctx, stepTimeout)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, address, http.NoBody)
	if err != nil {
		return answer{}, fmt.Errorf("get %s: %w", address, err)
	}
	if encoding != "" {
		request.Header.Set("Accept-Encoding", encoding) // by hand, so that the client does not decode
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return answer{}, fmt.Errorf("get %s: %w", address, err)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		return answer{}, fmt.Errorf("get %s: %w", address, err)
	}
	if response.StatusCode != http.StatusOK {
		return answer{}, fmt.Errorf("get %s: %s", address, response.Status)
	}
	return answer{body, response.Header.Get("Content-Encoding")}, nil
}

// serve serves a handler on a free loopback port until ctx ends and returns its address.
func serve(ctx context.Context, handler http.Handler) (string, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", fmt.Errorf("listen: %w", err)
	}
	server := &http.Server{Handler: handler, ReadHeaderTimeout: stepTimeout}
	context.AfterFunc(ctx, func() { _ = server.Close() })
	go func() { _ = server.Serve(l) }() // ends with ctx
	return "http://" + l.Addr().String(), nil
}

// fronted is the real server's page with the feed in the place of its socket.
func fronted(page string, f *feed) (http.Handler, error) {
	target, err := url.Parse(page)
	if err != nil {
		return nil, fmt.Errorf("address of the page: %w", err)
	}
	mux := http.NewServeMux()
	mux.Handle(socketPath, f)
	proxy := httputil.NewSingleHostReverseProxy(target)
	proxy.ErrorHandler = func(w http.ResponseWriter, _ *http.Request, _ error) { // a browser that ended; else the page tells
		w.WriteHeader(http.StatusBadGateway)
	}
	mux.Handle("/", proxy)
	return mux, nil
}

// placeholder is what the server draws of the plain page: nothing, since only its life in the browser is measured.
type placeholder struct{ app.Compo }

// Render draws an empty page.
func (*placeholder) Render() app.UI { return app.Div() }

// naive builds the plain go-app program in dir and returns the handler of its page, with our style sheet.
func naive(ctx context.Context, root, dir, page string, f *feed) (http.Handler, error) {
	program := filepath.Join(dir, "naive.wasm")
	build := exec.CommandContext(ctx, "go", "build", "-ldflags", "-s -w", "-o", program, "./e2e/benchui/naive")
	build.Dir = root
	build.Env = append(os.Environ(), "GOOS=js", "GOARCH=wasm")
	if out, err := build.CombinedOutput(); err != nil {
		return nil, fmt.Errorf("build the plain page: %w\n%s", err, out)
	}
	front, err := fronted(page, f)
	if err != nil {
		return nil, err
	}
	app.Route("/plain", func() app.Composer { return &placeholder{} })
	handler := &app.Handler{
		Name: "Plain", Version: strconv.FormatInt(time.Now().UnixNano(), 36), Styles: []string{"/web/app.css"},
		// Else go-app asks a foreign host for its own.
		Icon: app.Icon{Default: "/web/icon-192.png", Large: "/web/icon-512.png", SVG: "/web/icon.svg", Maskable: "/web/icon-maskable-512.png"},
	}
	mux := http.NewServeMux()
	mux.HandleFunc("/web/app.wasm", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/wasm")
		http.ServeFile(w, r, program)
	})
	mux.Handle("/web/", front)
	mux.Handle(socketPath, front)
	mux.Handle("/", handler)
	return mux, nil
}

// socketPath is where pages open their stream.
const socketPath = "/ws"
