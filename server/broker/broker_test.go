package broker

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"os"
	"os/exec"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
	"go.uber.org/goleak"
	"pgregory.net/rapid"
)

// After an outage go-redis tries to dial for up to a second after Close.
func TestMain(m *testing.M) {
	goleak.VerifyTestMain(m, goleak.IgnoreAnyFunction("github.com/redis/go-redis/v9/internal/pool.(*ConnPool).tryDial"))
}

// start runs a Broker for the test.
func start(t *testing.T, cfg Config) *Broker {
	t.Helper()
	b, err := New(t.Context(), cfg, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- b.Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		if err := <-ended; err != nil {
			t.Errorf("Run: %v", err)
		}
		if _, err := net.Dial("tcp", b.Addr()); err == nil {
			t.Error("still listens after Run")
		}
	})
	return b
}

// connect returns a client of b.
func connect(t *testing.T, b *Broker) *redis.Client {
	t.Helper()
	opt, err := redis.ParseURL(b.URL())
	if err != nil {
		t.Fatal(err)
	}
	opt.DisableIdentity = true
	client := redis.NewClient(opt)
	t.Cleanup(func() { _ = client.Close() })
	return client
}

// subscribe returns a subscription that is in force.
func subscribe(t *testing.T, client *redis.Client, channels ...string) *redis.PubSub {
	t.Helper()
	sub := client.Subscribe(t.Context(), channels...)
	t.Cleanup(func() { _ = sub.Close() })
	for range channels {
		if _, err := sub.ReceiveTimeout(t.Context(), 10*time.Second); err != nil {
			t.Fatal(err)
		}
	}
	return sub
}

// eventually waits until ok.
func eventually(t *testing.T, what string, ok func() bool) {
	t.Helper()
	deadline := time.Now().Add(20 * time.Second)
	for !ok() {
		if time.Now().After(deadline) {
			t.Fatalf("never happened: %s", what)
		}
		time.Sleep(time.Millisecond)
	}
}

func TestRedisCLI(t *testing.T) {
	b := start(t, Default())
	sub := subscribe(t, connect(t, b), "tickstock.events.patterns")
	_, port, err := net.SplitHostPort(b.Addr())
	if err != nil {
		t.Fatal(err)
	}
	cli := func(args ...string) string {
		out, err := exec.CommandContext(t.Context(), "redis-cli", append([]string{"-p", port}, args...)...).CombinedOutput()
		if err != nil {
			t.Fatalf("redis-cli %v: %v\n%s", args, err, out)
		}
		return strings.TrimSpace(string(out))
	}
	if got := cli("publish", "tickstock.events.patterns", `{"symbol":"AAPL"}`); got != "1" {
		t.Errorf("publish answered %q, want 1 receiver", got)
	}
	m, err := sub.ReceiveMessage(t.Context())
	if err != nil || m.Payload != `{"symbol":"AAPL"}` {
		t.Errorf("got %v, %v", m, err)
	}
	if got := cli("set", "tickstock:producer:heartbeat", "1758000000"); got != "OK" {
		t.Errorf("set answered %q", got)
	}
	if got := cli("get", "tickstock:producer:heartbeat"); got != "1758000000" {
		t.Errorf("get answered %q", got)
	}
	if got := cli("eval", "while true do end", "0"); !strings.Contains(got, "does not serve") {
		t.Errorf("a script answered %q", got)
	}
}

func TestSlowSubscriberIsCutAndNobodyWaits(t *testing.T) {
	cfg := Default()
	cfg.OutputLimit = 64 << 10
	var told atomic.Uint64
	cfg.OnCut = func() { told.Add(1) }
	b := start(t, cfg)
	stuck, err := net.Dial("tcp", b.Addr())
	if err != nil {
		t.Fatal(err)
	}
	defer stuck.Close()
	if _, err := io.WriteString(stuck, "*2\r\n$9\r\nSUBSCRIBE\r\n$1\r\nc\r\n"); err != nil {
		t.Fatal(err)
	}
	if _, err := bufio.NewReaderSize(stuck, 16).ReadString('c'); err != nil {
		t.Fatal(err)
	}
	// From here on the subscriber reads nothing. The kernel's buffers take a few megabytes, then ours fills.
	client := connect(t, b)
	payload := strings.Repeat("x", 32<<10)
	for i := 0; b.Cut() == 0; i++ {
		if i > 4096 {
			t.Fatal("128 MB were published and the stuck subscriber is still there")
		}
		if err := client.Publish(t.Context(), "c", payload).Err(); err != nil {
			t.Fatal(err)
		}
	}
	eventually(t, "the subscription is forgotten", func() bool {
		n, err := client.PubSubNumSub(t.Context(), "c").Result()
		return err == nil && n["c"] == 0
	})
	if told.Load() != 1 || b.Cut() != 1 {
		t.Errorf("told %d, counted %d, want 1", told.Load(), b.Cut())
	}
	sub := subscribe(t, connect(t, b), "c")
	if err := client.Publish(t.Context(), "c", "after").Err(); err != nil {
		t.Fatal(err)
	}
	if m, err := sub.ReceiveMessage(t.Context()); err != nil || m.Payload != "after" {
		t.Errorf("got %v, %v", m, err)
	}
}

func TestConnectionsAreBounded(t *testing.T) {
	cfg := Default()
	cfg.MaxConns = 1
	b := start(t, cfg)
	first, err := net.Dial("tcp", b.Addr())
	if err != nil {
		t.Fatal(err)
	}
	answer(t, first, "*1\r\n$4\r\nPING\r\n", "+PONG\r\n")
	second, err := net.Dial("tcp", b.Addr())
	if err != nil {
		t.Fatal(err)
	}
	defer second.Close()
	answer(t, second, "", "-ERR max number of clients reached\r\n")
	if b.Refused() != 1 {
		t.Errorf("refused %d, want 1", b.Refused())
	}
	_ = first.Close()
	eventually(t, "a place is free again", func() bool {
		c, err := net.Dial("tcp", b.Addr())
		if err != nil {
			return false
		}
		defer c.Close()
		_, _ = io.WriteString(c, "*1\r\n$4\r\nPING\r\n")
		line, _ := bufio.NewReader(c).ReadString('\n')
		return line == "+PONG\r\n"
	})
}

// answer sends a command and compares the first line that comes back.
func answer(t *testing.T, c net.Conn, send, want string) {
	t.Helper()
	if _, err := io.WriteString(c, send); err != nil {
		t.Fatal(err)
	}
	if got, err := bufio.NewReader(c).ReadString('\n'); got != want {
		t.Errorf("%q answered %q (%v), want %q", send, got, err, want)
	}
}

func TestBrokenFramesEndTheConnectionOnly(t *testing.T) {
	b := start(t, Default())
	for _, bad := range []string{
		"*0\r\n", "*-1\r\n", "*999999999999999999999\r\n", "*1\r\n$99999999999\r\n", "*1\r\n$-1\r\n", "*\r\n",
		"POST / HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\nPUBLISH c x\r\n", "PING\r\n", "*1\r\n:1\r\n", "*1\nPING", "*1\r\n$\r\n\r\n",
	} {
		c, err := net.Dial("tcp", b.Addr())
		if err != nil {
			t.Fatal(err)
		}
		if _, err := io.WriteString(c, bad); err != nil {
			t.Fatal(err)
		}
		if got, _ := io.ReadAll(c); !strings.HasPrefix(string(got), "-ERR Protocol error") {
			t.Errorf("%q answered %q", bad, got)
		}
		_ = c.Close()
	}
	if err := connect(t, b).Ping(t.Context()).Err(); err != nil {
		t.Errorf("after broken frames: %v", err)
	}
}

func TestKeysExpire(t *testing.T) {
	client := connect(t, start(t, Default()))
	if err := client.Set(t.Context(), "k", "v", time.Millisecond).Err(); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the key expires", func() bool {
		return client.Exists(t.Context(), "k").Val() == 0
	})
}

func TestRunClosesSubscribers(t *testing.T) {
	b, err := New(t.Context(), Default(), slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- b.Run(ctx) }()
	sub := subscribe(t, connect(t, b), "c")
	cancel()
	if err := <-ended; err != nil {
		t.Error(err)
	}
	if m, err := sub.ReceiveTimeout(t.Context(), 10*time.Second); err == nil {
		t.Errorf("got %v from a closed broker", m)
	}
}

func TestValidate(t *testing.T) {
	for field, change := range map[string]func(*Config){
		"Addr":        func(c *Config) { c.Addr = "" },
		"MaxConns":    func(c *Config) { c.MaxConns = 0 },
		"OutputLimit": func(c *Config) { c.OutputLimit = 1 },
	} {
		cfg := Default()
		change(&cfg)
		if _, err := New(t.Context(), cfg, slog.New(slog.DiscardHandler)); err == nil || !strings.Contains(err.Error(), field) {
			t.Errorf("%s: got %v", field, err)
		}
	}
	b := start(t, Default())
	cfg := Default()
	cfg.Addr = b.Addr()
	if _, err := New(t.Context(), cfg, slog.New(slog.DiscardHandler)); err == nil {
		t.Error("two brokers on one port")
	}
}

// TestStreamsAreServed reads a stream as a server does: a reader that waits is woken by an entry, holds nobody up, and does not
// keep the broker from ending.
func TestStreamsAreServed(t *testing.T) {
	b := start(t, Default())
	writer, reader := connect(t, b), connect(t, b)
	if _, err := writer.Do(t.Context(), "xinfo", "stream", "s").Slice(); err == nil || !strings.Contains(err.Error(), "no such key") {
		t.Errorf("XINFO of a stream that is not there: %v", err)
	}
	read := make(chan []redis.XStream, 1)
	go func() {
		got, _ := reader.XRead(t.Context(), &redis.XReadArgs{Streams: []string{"s", "0-0"}, Count: 100, Block: time.Minute}).Result()
		read <- got
	}()
	id, err := writer.XAdd(t.Context(), &redis.XAddArgs{Stream: "s", Values: []string{"channel", "c", "payload", "p"}}).Result()
	if err != nil {
		t.Fatal(err)
	}
	select {
	case got := <-read:
		if len(got) != 1 || len(got[0].Messages) != 1 || got[0].Messages[0].ID != id || got[0].Messages[0].Values["payload"] != "p" {
			t.Errorf("read %+v, want entry %s", got, id)
		}
	case <-time.After(time.Minute):
		t.Fatal("the reader was not woken")
	}
	if about, err := writer.Do(t.Context(), "xinfo", "stream", "s").Result(); err != nil || !strings.Contains(fmt.Sprint(about), id) {
		t.Errorf("XINFO says %v, %v; want the newest id, %s", about, err, id)
	}
	go func() { // this one still waits when the broker ends
		_ = reader.XRead(context.Background(), &redis.XReadArgs{Streams: []string{"s", id}, Block: time.Minute}).Err()
	}()
	if err := writer.Ping(t.Context()).Err(); err != nil {
		t.Error(err)
	}
}

// TestOddCommandsDoNotEndTheProcess sends served commands with arguments nobody meant. A panic in miniredis would end
// the whole server, so it would end this test too.
func TestOddCommandsDoNotEndTheProcess(t *testing.T) {
	b := start(t, Default())
	commands := strings.Fields(served)
	odd := []string{
		"", "k", "k2", "-1", "0", "1", "9223372036854775807", "-9223372036854775808", "99999999999999999999", "nan", "inf", "-inf", "(1", "*",
		"[", "\\", "\x00", "$", "1-1", "0-0", "MAXLEN", "~", "COUNT", "LIMIT", "WITHSCORES", "EX", "PX", "KEEPTTL", "GET", "NX", "XX", "MATCH",
		"STREAMS", "STREAM", "GROUPS", "CONSUMERS", "HELP", "+", "-", "NUMSUB", "CHANNELS", "SETNAME", "3", "1e400", strings.Repeat("x", 300),
	}
	rapid.Check(t, func(t *rapid.T) {
		c, err := net.Dial("tcp", b.Addr())
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		_ = c.SetDeadline(time.Now().Add(10 * time.Second))
		var sent strings.Builder
		for range rapid.IntRange(1, 20).Draw(t, "commands") {
			words := append([]string{rapid.SampledFrom(commands).Draw(t, "command")}, rapid.SliceOfN(rapid.SampledFrom(odd), 0, 6).Draw(t, "arguments")...)
			fmt.Fprintf(&sent, "*%d\r\n", len(words))
			for _, word := range words {
				fmt.Fprintf(&sent, "$%d\r\n%s\r\n", len(word), word)
			}
		}
		if _, err := io.WriteString(c, sent.String()+"*1\r\n$4\r\nQUIT\r\n"); err != nil {
			t.Fatal(err)
		}
		if _, err := io.ReadAll(c); errors.Is(err, os.ErrDeadlineExceeded) {
			t.Fatalf("no answer to:\n%s", &sent)
		}
	})
	if err := connect(t, b).Ping(t.Context()).Err(); err != nil {
		t.Errorf("afterwards: %v", err)
	}
}

func FuzzGuard(f *testing.F) {
	f.Add([]byte("*1\r\n$4\r\nPING\r\n"), 3)
	f.Add([]byte("*3\r\n$7\r\nPUBLISH\r\n$1\r\nc\r\n$0\r\n\r\n*1\r\n$4\r\nQUIT\r\n"), 1)
	f.Add([]byte("*0\r\n"), 2)
	f.Fuzz(func(t *testing.T, in []byte, cut int) {
		// Where the bytes are cut into reads must not matter.
		var whole, parts guard
		want := whole.check(in)
		var got error
		if cut > 0 {
			for rest := in; len(rest) > 0 && got == nil; {
				n := min(cut, len(rest))
				got = parts.check(rest[:n])
				rest = rest[n:]
			}
			if got != want { //nolint:errorlint // the sentinels themselves
				t.Errorf("whole: %v, in parts of %d: %v", want, cut, got)
			}
		}
	})
}
