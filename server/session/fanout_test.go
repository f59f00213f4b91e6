//go:build linux

package session

import (
	"bufio"
	"cmp"
	"context"
	"fmt"
	"io"
	"log/slog"
	"math/rand/v2"
	"net"
	"net/http"
	"os"
	"os/exec"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/coder/websocket"

	"tierboard/server/hub"
	"tierboard/server/hub/frame"
	"tierboard/server/metrics"
	"tierboard/shared/event"
	"tierboard/shared/wire"
)

// How the fan-out is measured: enough connections that the caches are cold, and so many frames that waking up does not
// count.
const (
	fanSessions = 2000
	fanEvery    = 100 * time.Millisecond // a round: two frames for each session
	fanRounds   = 20
	fanEvents   = 6 // a round's, of which each session wants the first and half of the others
)

// BenchmarkFanOut measures the CPU time of a frame, all in: match, window, batch and write of two frames a session and round,
// most of them with events that no other session's frame holds. Beside it, in the same run and in turns, run two loops that
// do nothing but write frames of the same sizes, bare and through the library. The clients are another process that
// throws away what it gets. The ratios are what to look at: on loopback, writing includes the work of the peer's kernel.
func BenchmarkFanOut(b *testing.B) {
	for b.Loop() {
		var engine, bare, library []float64
		for range 3 {
			cost, sizes := fanEngine(b)
			engine = append(engine, cost)
			bare = append(bare, fanLoop(b, sizes, func(s *session, f frame.Frame) error {
				_, err := s.socket.Conn.Write(f.Ready)
				return err
			}))
			library = append(library, fanLoop(b, sizes, func(s *session, f frame.Frame) error {
				return s.conn.Write(context.Background(), s.kind, f.Bytes)
			}))
		}
		b.ReportMetric(median(engine), "µs/frame")
		b.ReportMetric(median(bare), "bare-µs/frame")
		b.ReportMetric(median(library), "library-µs/frame")
		b.ReportMetric(median(engine)/median(bare), "x-bare")
		b.ReportMetric(median(engine)/median(library), "x-library")
	}
}

func median(v []float64) float64 {
	slices.SortFunc(v, cmp.Compare[float64])
	return v[len(v)/2]
}

// fanEngine publishes through a hub and returns the microseconds of CPU time a frame, and the sizes of the two frames of
// a round, in bytes of payload.
func fanEngine(b *testing.B) (cost float64, sizes [2]int) {
	b.Helper()
	cfg := hub.DefaultConfig()
	cfg.RateLimit, cfg.WindowMax, cfg.Ring = 0, cfg.WindowMin, 1024
	m, log := metrics.New(), slog.New(slog.DiscardHandler)
	h, err := hub.New(cfg, m, log)
	if err != nil {
		b.Fatal(err)
	}
	x, err := New(DefaultConfig(), h, m, log)
	if err != nil {
		b.Fatal(err)
	}
	ctx, stop := context.WithCancel(b.Context())
	ended := make(chan struct{})
	go func() { defer close(ended); _ = h.Run(ctx) }()
	defer func() { stop(); <-ended }()
	end := fanClients(b, x, func() bool { return h.Stats().Subscriptions == fanSessions })
	defer end()

	details := `{"note":"` + strings.Repeat("x", 500) + `"}`
	now, seq := time.Now(), 0
	before, spent := delivered(h), cpu(b)
	for range fanRounds {
		for i := range fanEvents {
			seq++
			e := &event.Event{
				Kind: event.Pattern, ID: fmt.Sprintf("fan-%d", seq), Tier: event.Daily, Daily: &event.DailyDetail{}, Details: details,
				Scope:      event.Scope{Symbol: fmt.Sprintf("F%d", i), Pattern: "bull_flag", Timeframe: "daily"},
				Confidence: .7, Priority: event.Medium, DetectedAt: now.Add(time.Duration(seq) * time.Millisecond),
			}
			if ok, err := h.Publish(ctx, e); !ok || err != nil {
				b.Fatalf("Publish = %v, %v", ok, err)
			}
			sizes[min(i, 1)] += len(wire.AppendEvent(nil, e, wire.JSON))
		}
		time.Sleep(fanEvery)
	}
	want := uint64(0)
	for i := range fanSessions {
		want += fanRounds * uint64(1+len(fanWants(i)))
	}
	for end := time.Now().Add(patience); delivered(h)-before < want; time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			b.Fatalf("%d of %d events delivered", delivered(h)-before, want)
		}
	}
	spent = cpu(b) - spent
	frames := 2 * fanRounds * fanSessions
	return float64(spent.Microseconds()) / float64(frames), [2]int{100 + sizes[0]/fanRounds, 100 + sizes[1]/fanRounds/2}
}

func delivered(h *hub.Hub) uint64 { return h.Stats().Delivered }

// fanWants returns which events beside the first the i-th session wants: always some, and half of them.
func fanWants(i int) []int {
	dice := rand.New(rand.NewPCG(uint64(i), 3))
	out := dice.Perm(fanEvents - 1)[:(fanEvents-1+i%2)/2]
	for j := range out {
		out[j]++
	}
	return out
}

// fanLoop does nothing but write frames of the sizes to each connection in turn.
func fanLoop(b *testing.B, sizes [2]int, write func(*session, frame.Frame) error) float64 {
	b.Helper()
	var mu sync.Mutex
	var all []*session
	end := fanClients(b, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		shake := &handshake{ResponseWriter: w}
		conn, err := websocket.Accept(shake, r, nil)
		if err != nil {
			return
		}
		mu.Lock()
		defer mu.Unlock()
		all = append(all, &session{conn: conn, socket: shake.socket, kind: websocket.MessageText})
	}), func() bool {
		mu.Lock()
		defer mu.Unlock()
		return len(all) == fanSessions
	})
	defer end()
	var frames [2]frame.Frame
	for i, n := range sizes {
		frames[i].Ready = make([]byte, n)
		frames[i].Ready[0], frames[i].Ready[1] = 0x81, 126 // the client does not look
		frames[i].Bytes = frames[i].Ready
	}
	spent := cpu(b)
	for range fanRounds {
		for _, f := range frames {
			for _, s := range all {
				if err := write(s, f); err != nil {
					b.Fatal(err)
				}
			}
		}
		time.Sleep(fanEvery)
	}
	spent = cpu(b) - spent
	for _, s := range all {
		_ = s.conn.CloseNow()
	}
	return float64(spent.Microseconds()) / float64(2*fanRounds*fanSessions)
}

// fanClients serves a handler, lets another process open all sessions and waits until they are ready. It returns what
// ends both.
func fanClients(b *testing.B, h http.Handler, ready func() bool) (end func()) {
	b.Helper()
	descriptors(b, fanSessions)
	l, err := (&net.ListenConfig{}).Listen(b.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		b.Fatal(err)
	}
	server := &http.Server{Handler: h, ReadHeaderTimeout: time.Minute}
	served := make(chan struct{})
	go func() { defer close(served); _ = server.Serve(l) }()
	self, err := os.Executable()
	if err != nil {
		b.Fatal(err)
	}
	c := exec.CommandContext(b.Context(), self)
	c.Env = append(os.Environ(), drainVariable+"="+strconv.Itoa(l.Addr().(*net.TCPAddr).Port))
	in, err := c.StdinPipe()
	if err != nil {
		b.Fatal(err)
	}
	out, err := c.StdoutPipe()
	if err != nil {
		b.Fatal(err)
	}
	c.Stderr = os.Stderr
	if err := c.Start(); err != nil {
		b.Fatal(err)
	}
	if line, err := bufio.NewReader(out).ReadString('\n'); err != nil {
		b.Fatalf("clients: %q, %v", line, err)
	}
	for end := time.Now().Add(patience); !ready(); time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			b.Fatal("not all sessions are ready")
		}
	}
	return func() {
		_ = in.Close()
		_ = c.Wait()
		_ = server.Close()
		<-served
		if x, ok := h.(*Handler); ok {
			over, cancel := context.WithTimeout(context.Background(), patience)
			defer cancel()
			_ = x.Shutdown(over)
		}
	}
}

// cpu returns the CPU time of this process.
func cpu(b *testing.B) time.Duration {
	b.Helper()
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		b.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// drainVariable makes a process of this test the clients of BenchmarkFanOut; its value is the port.
const drainVariable = "TIERBOARD_TEST_DRAIN"

// helpBenchmark does the clients' part if this process was started for it.
func helpBenchmark() (asked bool, err error) {
	port, err := strconv.Atoi(os.Getenv(drainVariable))
	if err != nil {
		return false, nil //nolint:nilerr // not asked
	}
	return true, drain(port)
}

// drain opens the sessions and throws away what comes until its input is closed.
func drain(port int) error {
	poll, err := syscall.EpollCreate1(syscall.EPOLL_CLOEXEC)
	if err != nil {
		return err
	}
	for i := range fanSessions {
		symbols := `"F0"`
		for _, j := range fanWants(i) {
			symbols += fmt.Sprintf(`,"F%d"`, j)
		}
		fd, err := dialRaw(i, port, fmt.Sprintf(`{"type":"subscribe","id":"main","filters":[{"symbols":[%s],"confidence_min":0.%03d}]}`, symbols, i%600))
		if err != nil {
			return err
		}
		if err := syscall.EpollCtl(poll, syscall.EPOLL_CTL_ADD, fd, &syscall.EpollEvent{Events: syscall.EPOLLIN, Fd: int32(fd)}); err != nil {
			return err
		}
	}
	fmt.Println("open")
	go func() {
		_, _ = io.Copy(io.Discard, os.Stdin)
		os.Exit(0)
	}()
	ready := make([]syscall.EpollEvent, 512)
	buf := make([]byte, 1<<20)
	for {
		n, err := syscall.EpollWait(poll, ready, -1)
		if err != nil && err != syscall.EINTR {
			return err
		}
		for _, e := range ready[:max(n, 0)] {
			// MSG_TRUNC makes TCP drop the bytes instead of copying them.
			if k, _, _ := syscall.Recvfrom(int(e.Fd), buf, syscall.MSG_TRUNC|syscall.MSG_DONTWAIT); k == 0 {
				_ = syscall.Close(int(e.Fd))
			}
		}
		time.Sleep(time.Millisecond) // many at a time
	}
}
