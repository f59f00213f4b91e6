//go:build linux

package session

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os"
	"runtime"
	"runtime/debug"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/coder/websocket"

	"tierboard/server/hub"
	"tierboard/server/metrics"
)

// BenchmarkIdle opens thousands of connections and reports what each costs the server in memory: sessions with a subscription of
// their own, then bare ones of the library as its documentation has them. Both ends are in this process, but
// a client is a descriptor and nothing else.
func BenchmarkIdle(b *testing.B) {
	n := descriptors(b, 10_000)
	var ours float64
	b.Run("session", func(b *testing.B) {
		for b.Loop() {
			cfg := DefaultConfig()
			cfg.PingEvery = time.Hour
			m, log := metrics.New(), slog.New(slog.DiscardHandler)
			hc := hub.DefaultConfig()
			hc.Ring = 1024 // its memory is the hub's, not a connection's
			h, err := hub.New(hc, m, log)
			if err != nil {
				b.Fatal(err)
			}
			x, err := New(cfg, h, m, log)
			if err != nil {
				b.Fatal(err)
			}
			ctx, stop := context.WithCancel(b.Context())
			ended := make(chan struct{})
			go func() { defer close(ended); _ = h.Run(ctx) }()
			ours = perConnection(b, n, x, func(ready int) bool { return h.Stats().Subscriptions >= ready })
			b.ReportMetric(ours, "B/conn")
			over, cancel := context.WithTimeout(b.Context(), time.Millisecond)
			_ = x.Shutdown(over)
			cancel()
			stop()
			<-ended
		}
	})
	b.Run("library", func(b *testing.B) {
		for b.Loop() {
			idiom := perConnection(b, n, idiomatic{}, nil)
			b.ReportMetric(idiom, "B/conn")
			if ours > 0 {
				b.ReportMetric(ours/idiom, "session/library")
			}
		}
	})
}

// idiomatic serves as the library's examples do: the handler waits, and a goroutine of the library reads.
type idiomatic struct{}

func (idiomatic) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	c, err := websocket.Accept(w, r, nil)
	if err != nil {
		return
	}
	defer func() { _ = c.CloseNow() }()
	_, _, err = c.Read(r.Context())
	if err != nil {
		return
	}
	<-c.CloseRead(r.Context()).Done()
}

// perConnection returns the growth of resident memory per connection, once ready says that all are served.
func perConnection(b *testing.B, n int, h http.Handler, ready func(n int) bool) float64 {
	b.Helper()
	l, err := (&net.ListenConfig{}).Listen(b.Context(), "tcp", "0.0.0.0:0")
	if err != nil {
		b.Fatal(err)
	}
	server := &http.Server{Handler: h, ReadHeaderTimeout: time.Minute}
	served := make(chan struct{})
	go func() { defer close(served); _ = server.Serve(l) }()
	port := l.Addr().(*net.TCPAddr).Port
	dialled := make([]int, 0, n)
	defer func() {
		for _, fd := range dialled {
			_ = syscall.Close(fd)
		}
		_ = server.Close()
		<-served
	}()
	dial := func(i int) {
		b.Helper()
		fd, err := dialRaw(i, port, fmt.Sprintf(
			`{"type":"subscribe","id":"main","filters":[{"symbols":["S%d"],"pattern_types":["bull_flag","doji"],"confidence_min":0.%d}]}`, i, 10+i%89))
		if err != nil {
			b.Fatal(err)
		}
		dialled = append(dialled, fd)
	}
	for i := range 100 { // what the first connections bring with them is not theirs
		dial(i)
	}
	wait := func() {
		b.Helper()
		for end := time.Now().Add(patience); ready != nil && !ready(len(dialled)); time.Sleep(time.Millisecond) {
			if time.Now().After(end) {
				b.Fatal("not all are served")
			}
		}
	}
	wait()
	before, goroutines := resident(b), runtime.NumGoroutine()
	for i := len(dialled); i < n; i++ {
		dial(i)
	}
	wait()
	after := resident(b)
	var stats runtime.MemStats
	runtime.ReadMemStats(&stats)
	grown := float64(n - 100)
	b.ReportMetric(float64(runtime.NumGoroutine()-goroutines)/grown, "goroutines/conn")
	b.ReportMetric(float64(stats.StackInuse)/grown, "stack-B/conn")
	return float64(after-before) / grown
}

// dialRaw connects from one of many loopback addresses, shakes hands and sends a request, without a byte of Go's memory
// left behind.
func dialRaw(i, port int, ask string) (fd int, err error) {
	if fd, err = syscall.Socket(syscall.AF_INET, syscall.SOCK_STREAM|syscall.SOCK_CLOEXEC, 0); err != nil {
		return 0, err
	}
	at := [4]byte{127, 0, 0, byte(1 + i/5000)}
	if err := syscall.Connect(fd, &syscall.SockaddrInet4{Port: port, Addr: at}); err != nil {
		return 0, err
	}
	hello := "GET /ws HTTP/1.1\r\nHost: 127.0.0.1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n" +
		"Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\nSec-WebSocket-Protocol: tierboard.v1.json\r\n\r\n"
	if _, err := syscall.Write(fd, []byte(hello)); err != nil {
		return 0, err
	}
	var buf [4096]byte
	if n, err := syscall.Read(fd, buf[:]); err != nil || !bytes.HasPrefix(buf[:n], []byte("HTTP/1.1 101")) {
		return 0, fmt.Errorf("handshake: %q, %w", buf[:max(n, 0)], err)
	}
	frame := []byte{0x81, 0x80 | 126, byte(len(ask) >> 8), byte(len(ask)), 0, 0, 0, 0}
	if len(ask) < 126 {
		frame = []byte{0x81, 0x80 | byte(len(ask)), 0, 0, 0, 0}
	}
	_, err = syscall.Write(fd, append(frame, ask...))
	return fd, err
}

// resident returns the resident memory of this process after a thorough collection, in bytes.
func resident(b *testing.B) int {
	b.Helper()
	for range 3 {
		debug.FreeOSMemory()
	}
	text, err := os.ReadFile("/proc/self/statm")
	if err != nil {
		b.Fatal(err)
	}
	pages, err := strconv.Atoi(strings.Fields(string(text))[1])
	if err != nil {
		b.Fatal(err)
	}
	return pages * os.Getpagesize()
}

// descriptors raises the limit on open files for n connections with both ends, and returns how many there can be.
func descriptors(b *testing.B, n int) int {
	b.Helper()
	var limit syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &limit); err != nil {
		b.Fatal(err)
	}
	want := uint64(2*n + 200)
	if limit.Cur < want {
		limit.Cur = min(want, limit.Max)
		if err := syscall.Setrlimit(syscall.RLIMIT_NOFILE, &limit); err != nil {
			b.Fatal(err)
		}
	}
	return min(n, int(limit.Cur-200)/2)
}
