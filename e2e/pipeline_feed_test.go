package e2e_test

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"tierboard/e2e/stack"
	"tierboard/shared/event"
	"tierboard/shared/wire"
)

// tool is a command of the built binary that runs beside a server.
type tool struct {
	testing.TB
	cmd  *exec.Cmd
	out  bytes.Buffer // read after done
	done chan struct{}
	err  error // read after done
}

// run starts a command. It ends with the test, and with the test process.
func run(t testing.TB, args ...string) *tool {
	t.Helper()
	path := os.Getenv(stack.BinaryVar)
	if path == "" {
		root, err := stack.RepoRoot()
		if err != nil {
			t.Fatal(err)
		}
		path = filepath.Join(root, "tierboard")
	}
	x := &tool{TB: t, cmd: exec.Command(path, args...), done: make(chan struct{})}
	x.cmd.Env = slices.DeleteFunc(os.Environ(), func(entry string) bool { // no settings of whoever runs the test
		return strings.HasPrefix(entry, "TIERBOARD_") || strings.HasPrefix(entry, "REDIS_URL=")
	})
	x.cmd.Stdout, x.cmd.Stderr = &x.out, &x.out
	x.cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	started := make(chan error, 1)
	go func() {
		runtime.LockOSThread() // the child is killed when the thread that started it ends
		defer runtime.UnlockOSThread()
		err := x.cmd.Start()
		started <- err
		if err == nil {
			x.err = x.cmd.Wait()
			close(x.done)
		}
	}()
	if err := <-started; err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = x.cmd.Process.Kill()
		<-x.done
	})
	return x
}

// wait returns what the command printed, once it has ended with status 0.
func (x *tool) wait() string {
	x.Helper()
	select {
	case <-x.done:
	case <-time.After(patience):
		x.Fatalf("%v still runs", x.cmd.Args)
	}
	if x.err != nil {
		x.Fatalf("%v: %v\n%s", x.cmd.Args, x.err, x.out.String())
	}
	return x.out.String()
}

// stop asks the command to end.
func (x *tool) stop() string {
	x.Helper()
	if err := x.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		x.Fatal(err)
	}
	return x.wait()
}

// essence is what must be the same about an event wherever its message is played.
type essence struct {
	Symbol, Pattern, Label, Timeframe, Direction string
	Tier, Priority                               string
	Confidence                                   float64
	Detected, Published, Expires                 time.Time
	Price, Change, Volume                        event.Number
	Levels                                       []event.Level
	Source                                       string
}

// essences are a client's events by id.
func essences(t testing.TB, c *stream) map[string]essence {
	t.Helper()
	m := map[string]essence{}
	for _, e := range c.live() {
		if _, twice := m[e.ID]; twice {
			t.Errorf("event %s comes twice", e.ID)
		}
		m[e.ID] = essence{
			e.Symbol, e.Pattern, e.Label, e.Timeframe, string(e.Direction), e.Tier.String(), e.Priority.String(), e.Confidence,
			e.DetectedAt, e.PublishedAt, e.ExpiresAt, e.Price, e.ChangePct, e.Volume, e.Levels, e.Source,
		}
	}
	return m
}

// TestReplayGivesBackWhatWasRecorded records the demo feed on one Redis and plays it on another, for another server.
func TestReplayGivesBackWhatWasRecorded(t *testing.T) {
	const last = `{"symbol":"LAST","pattern":"Bull_Flag","tier":"daily","confidence":0.7,"timestamp":"2025-10-07T14:00:00Z"}`
	file := filepath.Join(t.TempDir(), "demo.tape")
	first, second := stack.Redis(t), stack.Redis(t)
	serve := func(r *stack.RedisServer) (*stack.TierboardServer, *stream) {
		s := stack.Server(t, stack.Env("REDIS_URL", r.URL()), stack.Args("--rate-limit=0"))
		c := dial(t, s, wire.MsgPackProtocol)
		c.subscribe(everything, nil)
		return s, c
	}
	live, seenLive := serve(first)
	p := newPublisher(t, first.URL())

	record := run(t, "record", "--redis-url", first.URL(), file)
	const channel = "tickstock.events.patterns"
	eventually(t, "server and recorder are subscribed", func() bool {
		n, err := p.c.PubSubNumSub(t.Context(), channel).Result()
		return err == nil && n[channel] == 2
	})
	began := time.Now()
	demo := run(t, "demo", "--redis-url", first.URL(), "--speed", "30")
	seenLive.await("a hundred events, ten in each tier", func([]received) bool {
		tiers := map[event.Tier]int{}
		for _, e := range seenLive.live() {
			tiers[e.Tier]++
		}
		return len(seenLive.live()) >= 100 && min(tiers[event.Daily], tiers[event.Intraday], tiers[event.Combo]) >= 10
	})
	demo.stop()
	p.publish(channel, last) // behind everything the demo has published
	seenLive.awaitEvent("LAST")
	eventually(t, "the last message is on the tape", func() bool {
		b, err := os.ReadFile(file)
		return err == nil && bytes.Contains(b, []byte("LAST"))
	})
	told := record.stop()
	tape, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	lines := bytes.Count(tape, []byte("\n"))
	t.Logf("%v of the demo: %d messages, %d events; record says: %s", time.Since(began).Round(time.Millisecond), lines, len(seenLive.live()), strings.TrimSpace(told))

	replayed, seenReplayed := serve(second)
	told = run(t, "replay", "--redis-url", second.URL(), "--speed", "max", file).wait()
	seenReplayed.awaitEvent("LAST")
	t.Logf("replay says: %s", strings.TrimSpace(told))
	if d := cmp.Diff(essences(t, seenLive), essences(t, seenReplayed), cmp.AllowUnexported(event.Number{})); d != "" {
		t.Errorf("events (-live +replayed):\n%s", d)
	}
	for _, result := range []string{"event", "duplicate", "outcome", "session", "health", "other", "reject"} {
		name := `tierboard_ingest_messages_total{result="` + result + `"}`
		if a, b := metric(t, live, name), metric(t, replayed, name); a != b {
			t.Errorf("%v messages became %s live, %v replayed", a, result, b)
		}
	}
	if n := metric(t, live, `tierboard_ingest_messages_total{result="reject"}`); n != 0 {
		t.Errorf("%v of the demo's messages are rejected", n)
	}
	if metric(t, live, `tierboard_ingest_messages_total{result="duplicate"}`) == 0 {
		t.Error("the demo has sent nothing twice, so copies are not tried")
	}

	// The tape itself is kept: a second recording does not write over it.
	again := run(t, "record", "--redis-url", first.URL(), file)
	select {
	case <-again.done:
	case <-time.After(patience):
		t.Fatal("record writes over a tape")
	}
	if after, err := os.ReadFile(file); again.err == nil || err != nil || !bytes.Equal(after, tape) {
		t.Errorf("recording on the same tape: %v, %d bytes of %d left", again.err, len(after), len(tape))
	}
}

// TestToolsSayWhatIsWrong gives the tools what they cannot use.
func TestToolsSayWhatIsWrong(t *testing.T) {
	r := stack.Redis(t)
	dir := t.TempDir()
	torn := filepath.Join(dir, "torn.tape")
	if err := os.WriteFile(torn, []byte(`{"t":"2025-10-06T14:31:00Z","channel":"c","payload":"{}"}`+"\n"+`{"t":"2025-10-06T14:3`), 0o600); err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		args []string
		code int
		want string
	}{
		"no tape":        {[]string{"replay", "--redis-url", r.URL(), filepath.Join(dir, "none.tape")}, 1, "none.tape"},
		"torn tape":      {[]string{"replay", "--redis-url", r.URL(), "--speed", "max", torn}, 1, "line 2"},
		"speed in words": {[]string{"replay", "--redis-url", r.URL(), "--speed", "fast", torn}, 2, "--speed"},
		"no redis":       {[]string{"record", "--redis-url", "redis://127.0.0.1:1", filepath.Join(dir, "new.tape")}, 1, "record"},
		"demo too fast":  {[]string{"demo", "--redis-url", r.URL(), "--speed", "100000"}, 2, "speed"},
	} {
		t.Run(name, func(t *testing.T) {
			x := run(t, c.args...)
			select {
			case <-x.done:
			case <-time.After(patience):
				t.Fatal("still runs")
			}
			if code := x.cmd.ProcessState.ExitCode(); code != c.code || !strings.Contains(x.out.String(), c.want) {
				t.Errorf("status %d, want %d; printed %q, want %q in it", code, c.code, x.out.String(), c.want)
			}
		})
	}
}
