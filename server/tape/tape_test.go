package tape

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"math/rand/v2"
	"net"
	"os/exec"
	"strings"
	"sync"
	"testing"
	"testing/iotest"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/redis/go-redis/v9"
	"go.uber.org/goleak"
	"pgregory.net/rapid"
)

// After an outage go-redis tries to dial for up to a second after Close.
func TestMain(m *testing.M) {
	goleak.VerifyTestMain(m, goleak.IgnoreAnyFunction("github.com/redis/go-redis/v9/internal/pool.(*ConnPool).tryDial"))
}

var noon = time.Date(2025, 10, 6, 12, 0, 0, 310_000_000, time.UTC)

func quiet() *slog.Logger { return slog.New(slog.DiscardHandler) }

func TestFormat(t *testing.T) {
	for name, tc := range map[string]struct {
		entry Entry
		line  string
	}{
		"text stays text": {
			Entry{noon, "tickstock:patterns:streaming", `{"a":"<b> é"}`},
			`{"t":"2025-10-06T12:00:00.31Z","channel":"tickstock:patterns:streaming","payload":"{\"a\":\"<b> é\"}"}`,
		},
		"other bytes become base64": {
			Entry{noon, "c", "\xff\x00"},
			`{"t":"2025-10-06T12:00:00.31Z","channel":"c","payload_base64":"/wA="}`,
		},
		"a channel too": {
			Entry{noon, "\xfe", ""},
			`{"t":"2025-10-06T12:00:00.31Z","channel_base64":"/g==","payload":""}`,
		},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := tc.entry.Append(nil)
			if err != nil || string(got) != tc.line+"\n" {
				t.Errorf("got %q, %v\nwant %q", got, err, tc.line)
			}
			back, err := Parse(got)
			if err != nil || !cmp.Equal(back, tc.entry) {
				t.Errorf("back came %+v, %v", back, err)
			}
		})
	}
}

func TestEveryEntryComesBack(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(0, 5).Draw(t, "n")
		var want []Entry
		var buf bytes.Buffer
		w := NewWriter(&buf, 0)
		for range n {
			e := Entry{
				At:      time.Unix(0, rapid.Int64Range(0, 4e18).Draw(t, "at")).UTC(),
				Channel: string(rapid.SliceOfN(rapid.Byte(), 1, 20).Draw(t, "channel")),
				Payload: string(rapid.SliceOf(rapid.Byte()).Draw(t, "payload")),
			}
			want = append(want, e)
			if err := w.Write(e); err != nil {
				t.Fatal(err)
			}
		}
		if err := w.Flush(); err != nil {
			t.Fatal(err)
		}
		if w.Written() != int64(buf.Len()) {
			t.Fatalf("written %d, buffer has %d", w.Written(), buf.Len())
		}
		var got []Entry
		r := NewReader(&buf)
		for {
			e, err := r.Next()
			if errors.Is(err, io.EOF) {
				break
			}
			if err != nil {
				t.Fatal(err)
			}
			got = append(got, e)
		}
		if d := cmp.Diff(want, got); d != "" {
			t.Fatal(d)
		}
	})
}

func FuzzParse(f *testing.F) {
	f.Add([]byte(`{"t":"2025-10-06T12:00:00.31Z","channel":"c","payload":"p"}`))
	f.Add([]byte(`{"t":"2025-10-06T12:00:00+02:00","channel_base64":"/g==","payload_base64":"/wA="}`))
	f.Add([]byte(`{"t":"2025-10-06T12:00:00Z","channel":"c","payload":"\ud800"} x`))
	f.Add([]byte(`[]`))
	f.Fuzz(func(t *testing.T, text []byte) {
		e, err := Parse(text)
		if err != nil {
			return
		}
		again, err := e.Append(nil)
		if err != nil {
			t.Fatalf("%+v was read but cannot be written: %v", e, err)
		}
		back, err := Parse(again)
		if err != nil || !back.At.Equal(e.At) || back.Channel != e.Channel || back.Payload != e.Payload {
			t.Fatalf("%+v became %+v, %v", e, back, err)
		}
	})
}

func TestBadLinesAreNamed(t *testing.T) {
	const good = `{"t":"2025-10-06T12:00:00Z","channel":"c","payload":"p"}`
	for name, tc := range map[string]struct{ line, want string }{
		"no JSON":         {`hello`, "no tape entry"},
		"no object":       {`[1]`, "no tape entry"},
		"two objects":     {good + good, "something follows"},
		"unknown field":   {`{"t":"2025-10-06T12:00:00Z","channel":"c","payloud":"p"}`, "payloud"},
		"no time":         {`{"channel":"c","payload":"p"}`, "t is missing"},
		"bad time":        {`{"t":"noon","channel":"c","payload":"p"}`, "no tape entry"},
		"no channel":      {`{"t":"2025-10-06T12:00:00Z","payload":"p"}`, "channel is missing"},
		"empty channel":   {`{"t":"2025-10-06T12:00:00Z","channel":"","payload":"p"}`, "channel is empty"},
		"no payload":      {`{"t":"2025-10-06T12:00:00Z","channel":"c"}`, "payload is missing"},
		"both payloads":   {`{"t":"2025-10-06T12:00:00Z","channel":"c","payload":"p","payload_base64":"cA=="}`, "exclude"},
		"bad base64":      {`{"t":"2025-10-06T12:00:00Z","channel":"c","payload_base64":"?"}`, "payload_base64"},
		"longer than any": {strings.Repeat(" ", MaxLine+1), "longer than"},
	} {
		t.Run(name, func(t *testing.T) {
			p := &paper{}
			tally, err := Replay(t.Context(), ReplayConfig{Publisher: p}, strings.NewReader(good+"\n\n"+tc.line+"\n"+good))
			if err == nil || !strings.Contains(err.Error(), "line 3: ") || !strings.Contains(err.Error(), tc.want) {
				t.Errorf("error %v, want one about line 3 and %q", err, tc.want)
			}
			if tally.Messages != 1 || len(p.got) != 1 {
				t.Errorf("published %d before the bad line, want 1", tally.Messages)
			}
		})
	}
}

func TestWriterIsBounded(t *testing.T) {
	var buf bytes.Buffer
	e := Entry{noon, "c", "0123456789"}
	one, err := e.Append(nil)
	if err != nil {
		t.Fatal(err)
	}
	w := NewWriter(&buf, int64(2*len(one)+5))
	for i := range 3 {
		if err := w.Write(e); (i < 2) != (err == nil) || (i == 2 && !errors.Is(err, ErrFull)) {
			t.Errorf("entry %d: %v", i, err)
		}
	}
	if err := w.Flush(); err != nil || buf.Len() != 2*len(one) {
		t.Errorf("%d bytes, %v; want two whole lines", buf.Len(), err)
	}
	if err := w.Write(Entry{At: noon}); err == nil {
		t.Error("an entry without a channel was written")
	}
	if _, err := (Entry{noon, "c", strings.Repeat("x", MaxLine)}).Append(nil); err == nil {
		t.Error("a line longer than the bound was written")
	}
	if _, err := (Entry{time.Date(12000, 1, 1, 0, 0, 0, 0, time.UTC), "c", ""}).Append(nil); err == nil {
		t.Error("a year that cannot be read back was written")
	}
}

func TestBrokenFiles(t *testing.T) {
	broken := errors.New("disk on fire")
	r := NewReader(iotest.ErrReader(broken))
	if _, err := r.Next(); !errors.Is(err, broken) || !strings.Contains(err.Error(), "line 1") {
		t.Errorf("error %v", err)
	}
	w := NewWriter(failing{}, 0)
	if err := w.Write(Entry{noon, "c", strings.Repeat("x", 200<<10)}); err == nil {
		t.Error("a failing writer wrote")
	}
	if err := w.Flush(); err == nil {
		t.Error("a failing writer flushed")
	}
}

type failing struct{}

func (failing) Write([]byte) (int, error) { return 0, errors.New("disk full") }

// paper is a Publisher that notes what came when, and fails on the message whose number is bad.
type paper struct {
	got []Entry
	bad int
}

func (p *paper) Publish(_ context.Context, channel, payload string) error {
	if p.bad > 0 && len(p.got)+1 == p.bad {
		return errors.New("connection refused")
	}
	p.got = append(p.got, Entry{time.Now(), channel, payload})
	return nil
}

// reel makes a tape with the given offsets from noon.
func reel(t *testing.T, offsets ...time.Duration) io.Reader {
	t.Helper()
	var buf bytes.Buffer
	w := NewWriter(&buf, 0)
	for i, o := range offsets {
		if err := w.Write(Entry{noon.Add(o), "c", fmt.Sprint(i)}); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Flush(); err != nil {
		t.Fatal(err)
	}
	return &buf
}

func TestReplayKeepsTheGaps(t *testing.T) {
	const s = time.Second
	for name, tc := range map[string]struct {
		cfg  ReplayConfig
		want []time.Duration
	}{
		"as recorded":     {ReplayConfig{Speed: 1}, []time.Duration{0, 2 * s, 2 * s, 3 * s, 103 * s}},
		"twice as fast":   {ReplayConfig{Speed: 2}, []time.Duration{0, s, s, 1500 * time.Millisecond, 51500 * time.Millisecond}},
		"slow motion":     {ReplayConfig{Speed: 0.5}, []time.Duration{0, 4 * s, 4 * s, 6 * s, 206 * s}},
		"all at once":     {ReplayConfig{Speed: 0}, make([]time.Duration, 5)},
		"pauses cut":      {ReplayConfig{Speed: 1, MaxGap: 5 * s}, []time.Duration{0, 2 * s, 2 * s, 3 * s, 8 * s}},
		"nearly for ever": {ReplayConfig{Speed: 1e-300, MaxGap: s}, []time.Duration{0, s, s, 2 * s, 3 * s}},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				p := &paper{}
				tc.cfg.Publisher = p
				begin := time.Now()
				// The third message is older than the second, as on a joined tape: no pause, and no catching up.
				tally, err := Replay(t.Context(), tc.cfg, reel(t, 0, 2*s, s, 2*s, 102*s))
				if err != nil || tally.Messages != 5 || tally.Bytes != 5 {
					t.Fatalf("tally %+v, %v", tally, err)
				}
				var got []time.Duration
				for _, e := range p.got {
					got = append(got, e.At.Sub(begin))
				}
				if d := cmp.Diff(tc.want, got); d != "" {
					t.Error(d)
				}
			})
		})
	}
}

func TestReplayEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
		defer cancel()
		tally, err := Replay(ctx, ReplayConfig{Speed: 1, Publisher: &paper{}}, reel(t, 0, time.Second, time.Hour))
		if err != nil || tally.Messages != 2 {
			t.Errorf("tally %+v, %v; want two messages and no error when ctx ends", tally, err)
		}
	})
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if tally, err := Replay(ctx, ReplayConfig{Publisher: &paper{}}, reel(t, 0, 0)); err != nil || tally.Messages != 0 {
		t.Errorf("tally %+v, %v after the end", tally, err)
	}
	tally, err := Replay(t.Context(), ReplayConfig{Publisher: &paper{bad: 2}}, reel(t, 0, 0, 0))
	if err == nil || !strings.Contains(err.Error(), "line 2") || tally.Messages != 1 {
		t.Errorf("tally %+v, %v; want an error about line 2", tally, err)
	}
}

func TestParseSpeed(t *testing.T) {
	for text, want := range map[string]float64{"max": 0, "0": 0, "1": 1, "10x": 10, "0.5": 0.5} {
		if got, err := ParseSpeed(text); err != nil || got != want {
			t.Errorf("%q is %v, %v; want %v", text, got, err, want)
		}
	}
	for _, text := range []string{"", "x", "fast", "-1", "nan", "inf", "1e9"} {
		if got, err := ParseSpeed(text); err == nil || !strings.Contains(err.Error(), "speed") {
			t.Errorf("%q was read as %v, %v", text, got, err)
		}
	}
}

func TestValidate(t *testing.T) {
	ok := RecordConfig{Redis: "127.0.0.1:6379", Patterns: []string{"tickstock*"}}
	with := func(change func(*RecordConfig)) RecordConfig { c := ok; change(&c); return c }
	for name, tc := range map[string]struct {
		cfg  interface{ Validate() error }
		want string
	}{
		"fine":            {ok, ""},
		"no address":      {with(func(c *RecordConfig) { c.Redis = "" }), "redis"},
		"nothing":         {with(func(c *RecordConfig) { c.Patterns = nil }), "channels"},
		"empty channel":   {with(func(c *RecordConfig) { c.Channels = []string{""} }), "channels[0]"},
		"empty pattern":   {with(func(c *RecordConfig) { c.Patterns = []string{"a", ""} }), "patterns[1]"},
		"negative bound":  {with(func(c *RecordConfig) { c.MaxBytes = -1 }), "max_bytes"},
		"replay, fine":    {ReplayConfig{Redis: "redis://127.0.0.1:6379"}, ""},
		"replay, nowhere": {ReplayConfig{}, "redis"},
		"replay, no URL":  {ReplayConfig{Redis: "http://:secret@x"}, "redis"},
		"negative gap":    {ReplayConfig{Publisher: &paper{}, MaxGap: -1}, "max_gap"},
	} {
		t.Run(name, func(t *testing.T) {
			err := tc.cfg.Validate()
			if (err == nil) != (tc.want == "") || (err != nil && (!strings.Contains(err.Error(), tc.want) || strings.Contains(err.Error(), "secret"))) {
				t.Errorf("error %v, want %q", err, tc.want)
			}
		})
	}
	if _, err := Record(t.Context(), RecordConfig{}, io.Discard, quiet()); err == nil {
		t.Error("Record accepted an empty config")
	}
	if _, err := Replay(t.Context(), ReplayConfig{}, strings.NewReader("")); err == nil {
		t.Error("Replay accepted an empty config")
	}
}

// startRedis runs a real server on a loopback port; stop kills it and waits.
func startRedis(t *testing.T, address string) (stop func()) {
	t.Helper()
	_, port, err := net.SplitHostPort(address)
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command("redis-server", "--port", port, "--bind", "127.0.0.1", "--save", "", "--appendonly", "no", "--dir", t.TempDir())
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewScanner(out)
	ready := false
	for !ready && lines.Scan() {
		ready = strings.Contains(lines.Text(), "Ready to accept connections")
	}
	if !ready {
		t.Fatal("redis-server did not start")
	}
	drained := make(chan struct{})
	go func() {
		defer close(drained)
		_, _ = io.Copy(io.Discard, out)
	}()
	var once sync.Once
	stop = func() {
		once.Do(func() {
			_ = cmd.Process.Kill()
			<-drained
			_ = cmd.Wait()
		})
	}
	t.Cleanup(stop)
	return stop
}

func freeAddress(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = l.Close() }()
	return l.Addr().String()
}

// recording is a Record that runs.
type recording struct {
	mu     sync.Mutex
	buf    bytes.Buffer
	cancel context.CancelFunc
	done   chan struct{}
	tally  Tally
	err    error
}

func (r *recording) Write(b []byte) (int, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.buf.Write(b)
}

func (r *recording) text() string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.buf.String()
}

func (r *recording) end() { r.cancel(); <-r.done }

// record starts a recording and returns when Redis knows of its subscriptions.
func record(t *testing.T, client *redis.Client, cfg RecordConfig) *recording {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	r := &recording{cancel: cancel, done: make(chan struct{})}
	go func() {
		defer close(r.done)
		r.tally, r.err = Record(ctx, cfg, r, quiet())
	}()
	t.Cleanup(r.end)
	awaitSubscribers(t, client, cfg)
	return r
}

func awaitSubscribers(t *testing.T, client *redis.Client, cfg RecordConfig) {
	t.Helper()
	poll(t, func() bool {
		patterns, err := client.PubSubNumPat(t.Context()).Result()
		if err != nil || patterns < int64(len(cfg.Patterns)) {
			return false
		}
		counts, err := client.PubSubNumSub(t.Context(), cfg.Channels...).Result()
		for _, c := range cfg.Channels {
			if err != nil || counts[c] == 0 {
				return false
			}
		}
		return true
	})
}

// poll waits for a condition, with a deadline.
func poll(t *testing.T, until func() bool) {
	t.Helper()
	for deadline := time.Now().Add(30 * time.Second); !until(); time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("waited for half a minute in vain")
		}
	}
}

func connect(t *testing.T, address string) *redis.Client {
	t.Helper()
	c := redis.NewClient(&redis.Options{Addr: address})
	t.Cleanup(func() { _ = c.Close() })
	return c
}

func TestReplayGivesBackWhatWasRecorded(t *testing.T) {
	address := freeAddress(t)
	startRedis(t, address)
	client := connect(t, address)
	cfg := RecordConfig{Redis: "redis://" + address, Channels: []string{"plain"}, Patterns: []string{"tickstock*"}}
	first := record(t, client, cfg)

	rng := rand.New(rand.NewPCG(1, 2))
	var want []string
	for i := range 500 {
		channel := []string{"plain", "tickstock:patterns:streaming", "tickstock.events.patterns"}[rng.IntN(3)]
		payload := fmt.Sprintf(`{"n":%d,"text":"é <&> \u2028"}`, i)
		if i%5 == 0 { // any bytes at all
			b := make([]byte, rng.IntN(3000))
			for k := range b {
				b[k] = byte(rng.Uint32())
			}
			payload = string(b)
		}
		want = append(want, channel+"\n"+payload)
		if err := client.Publish(t.Context(), channel, payload).Err(); err != nil {
			t.Fatal(err)
		}
	}
	if err := client.Publish(t.Context(), "other", "not ours").Err(); err != nil {
		t.Fatal(err)
	}
	poll(t, func() bool { return strings.Count(first.text(), "\n") == len(want) }) // written by the regular flush
	first.end()
	if first.err != nil || first.tally.Messages != len(want) || first.tally.Gaps != 0 || first.tally.Bytes != int64(len(first.text())) {
		t.Fatalf("tally %+v, %v", first.tally, first.err)
	}

	second := record(t, client, cfg)
	tally, err := Replay(t.Context(), ReplayConfig{Redis: address}, strings.NewReader(first.text()))
	if err != nil || tally.Messages != len(want) {
		t.Fatalf("replay: %+v, %v", tally, err)
	}
	poll(t, func() bool { return strings.Count(second.text(), "\n") == len(want) })
	second.end()
	for name, rec := range map[string]*recording{"first": first, "second": second} {
		var got []string
		last := time.Time{}
		for r := NewReader(strings.NewReader(rec.text())); ; {
			e, err := r.Next()
			if errors.Is(err, io.EOF) {
				break
			}
			if err != nil {
				t.Fatal(err)
			}
			if e.At.Before(last) {
				t.Errorf("time went back on line %d", r.Line())
			}
			last = e.At
			got = append(got, e.Channel+"\n"+e.Payload)
		}
		if d := cmp.Diff(want, got); d != "" {
			t.Errorf("%s recording:\n%s", name, d)
		}
	}
}

func TestRecordingEndsWhenTheTapeIsFull(t *testing.T) {
	address := freeAddress(t)
	startRedis(t, address)
	client := connect(t, address)
	r := record(t, client, RecordConfig{Redis: address, Channels: []string{"c"}, MaxBytes: 1000})
	for range 50 {
		if err := client.Publish(t.Context(), "c", strings.Repeat("x", 50)).Err(); err != nil {
			t.Fatal(err)
		}
	}
	<-r.done
	if !errors.Is(r.err, ErrFull) || r.buf.Len() > 1000 || r.buf.Len() < 800 || r.tally.Messages != strings.Count(r.text(), "\n") {
		t.Errorf("tally %+v, %d bytes, error %v", r.tally, r.buf.Len(), r.err)
	}
}

func TestRecordingGoesOnAfterAnOutage(t *testing.T) {
	address := freeAddress(t)
	stop := startRedis(t, address)
	client := connect(t, address)
	cfg := RecordConfig{Redis: address, Channels: []string{"c"}}
	r := record(t, client, cfg)
	publish := func(text string) {
		t.Helper()
		if err := client.Publish(t.Context(), "c", text).Err(); err != nil {
			t.Fatal(err)
		}
		poll(t, func() bool { return strings.Contains(r.text(), text) })
	}
	publish("before")
	stop()
	startRedis(t, address)
	awaitSubscribers(t, client, cfg)
	publish("after")
	r.end()
	if r.err != nil || r.tally.Messages != 2 || r.tally.Gaps != 1 {
		t.Errorf("tally %+v, %v; want two messages and one gap", r.tally, r.err)
	}
}

func TestRecordNeedsAServerToBeginWith(t *testing.T) {
	address := freeAddress(t)
	for _, cfg := range []RecordConfig{{Redis: address, Channels: []string{"c"}}, {Redis: address, Patterns: []string{"c*"}}} {
		if _, err := Record(t.Context(), cfg, io.Discard, quiet()); err == nil {
			t.Error("a recording began without a server")
		}
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := Record(ctx, RecordConfig{Redis: address, Channels: []string{"c"}}, io.Discard, quiet()); err != nil {
		t.Errorf("a recording that was ended returned %v", err)
	}
	if _, err := Replay(t.Context(), ReplayConfig{Redis: address}, reel(t, 0)); err == nil || !strings.Contains(err.Error(), "line 1: publish on c") {
		t.Errorf("replay without a server: %v", err)
	}
}

func TestRecordTellsARefusalAtOnce(t *testing.T) {
	address := freeAddress(t)
	startRedis(t, address)
	client := connect(t, address)
	if err := client.ConfigSet(t.Context(), "requirepass", "secret").Err(); err != nil {
		t.Fatal(err)
	}
	_, err := Record(t.Context(), RecordConfig{Redis: address, Channels: []string{"c"}}, io.Discard, quiet())
	if err == nil || !strings.Contains(err.Error(), "NOAUTH") {
		t.Errorf("error %v, want the server's refusal", err)
	}
}

func TestRecordingToAFailingFile(t *testing.T) {
	address := freeAddress(t)
	startRedis(t, address)
	client := connect(t, address)
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	done := make(chan error, 1)
	cfg := RecordConfig{Redis: address, Channels: []string{"c"}}
	go func() {
		_, err := Record(ctx, cfg, failing{}, quiet())
		done <- err
	}()
	awaitSubscribers(t, client, cfg)
	if err := client.Publish(ctx, "c", "x").Err(); err != nil {
		t.Fatal(err)
	}
	if err := <-done; err == nil || !strings.Contains(err.Error(), "disk full") {
		t.Errorf("error %v, want the file's", err)
	}
}
