package main

import (
	"bytes"
	"context"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/alecthomas/kong"
	"github.com/google/go-cmp/cmp"

	"tierboard/e2e/stack"
	"tierboard/server/config"
)

// parse reads a command line as command does.
func parse(t *testing.T, args ...string) (*commands, *kong.Context) {
	t.Helper()
	var c commands
	parser, err := kong.New(&c, vars())
	if err != nil {
		t.Fatal(err)
	}
	parsed, err := parser.Parse(args)
	if err != nil {
		t.Fatal(err)
	}
	return &c, parsed
}

// clean takes the project's settings out of the environment for one test.
func clean(t *testing.T) {
	t.Helper()
	for _, entry := range os.Environ() {
		name, _, _ := strings.Cut(entry, "=")
		if name != "REDIS_URL" && !strings.HasPrefix(name, "TIERBOARD_") {
			continue
		}
		t.Setenv(name, "") // so that it is put back afterwards
		if err := os.Unsetenv(name); err != nil {
			t.Fatal(err)
		}
	}
}

// execute runs a command line to its end.
func execute(t *testing.T, args ...string) (status int, stdout, stderr string) {
	t.Helper()
	t.Setenv("TIERBOARD_DATA_DIR", t.TempDir())
	var out, err bytes.Buffer
	status = run(t.Context(), args, &out, &err)
	return status, out.String(), err.String()
}

// TestDefaultsAreThoseOfTheSettings holds the tags to config.Default.
func TestDefaultsAreThoseOfTheSettings(t *testing.T) {
	clean(t)
	for _, args := range [][]string{nil, {"serve"}} {
		c, _ := parse(t, args...)
		if diff := cmp.Diff(config.Default(), c.Serve.Config); diff != "" {
			t.Errorf("%q (-Default +parsed):\n%s", args, diff)
		}
	}
}

func TestFlagBeforeEnvironmentBeforeDefault(t *testing.T) {
	clean(t)
	t.Setenv("TIERBOARD_RING", "2048")
	t.Setenv("TIERBOARD_WINDOW_MIN", "20ms")
	t.Setenv("TIERBOARD_INSECURE_OPEN", "true")
	t.Setenv("TIERBOARD_REDIS_CHANNELS", "a,b")
	t.Setenv("REDIS_URL", "redis://user:secret@127.0.0.1:6379/3")
	args := []string{"--window-min", "30ms", "--hosts", "a.example,b.example", "--origins=https://a.example"}
	c, parsed := parse(t, args...)
	want := config.Default()
	want.Ring, want.WindowMin, want.InsecureOpen = 2048, 30*time.Millisecond, true
	want.RedisChannels, want.RedisURL = []string{"a", "b"}, "redis://user:secret@127.0.0.1:6379/3"
	want.Hosts, want.Origins = []string{"a.example", "b.example"}, []string{"https://a.example"}
	if diff := cmp.Diff(want, c.Serve.Config); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	origins := map[config.Origin][]string{}
	for _, s := range config.Settings(c.Serve.Config, originOf(parsed)) {
		origins[s.Origin] = append(origins[s.Origin], s.Flag)
	}
	if got, want := origins[config.FromFlag], []string{"--hosts", "--origins", "--window-min"}; !slices.Equal(got, want) {
		t.Errorf("from flags: %q, want %q", got, want)
	}
	if got, want := origins[config.FromEnvironment], []string{"--insecure-open", "--redis-url", "--redis-channels", "--ring"}; !slices.Equal(got, want) {
		t.Errorf("from the environment: %q, want %q", got, want)
	}

	status, out, _ := execute(t, append(args, "--print-config")...)
	if status != 0 || strings.Contains(out, "secret") {
		t.Errorf("status %d, printed:\n%s", status, out)
	}
	for _, line := range [][]string{
		{"TIERBOARD_WINDOW_MIN", "flag", "30ms"},
		{"TIERBOARD_RING", "env", "2048"},
		{"TIERBOARD_RATE_LIMIT", "default", "100"},
		{"REDIS_URL", "env", "redis://user:xxxxx@127.0.0.1:6379/3"},
	} {
		if !slices.ContainsFunc(strings.Split(out, "\n"), func(got string) bool { return slices.Equal(strings.Fields(got), line) }) {
			t.Errorf("no line %q in:\n%s", line, out)
		}
	}
}

func TestMistakesAreRefusedByName(t *testing.T) {
	clean(t)
	for name, test := range map[string]struct {
		env  string // NAME=value
		args []string
		want string
	}{
		"unknown flag":     {"", []string{"--windw", "1ms"}, "--windw"},
		"unknown command":  {"", []string{"sevre"}, "sevre"},
		"unknown variable": {"TIERBOARD_WINDOW_MON=1ms", nil, "unknown environment variable TIERBOARD_WINDOW_MON, did you mean TIERBOARD_WINDOW_MIN?"},
		"no number":        {"TIERBOARD_RING=many", nil, "TIERBOARD_RING"},
		"no duration":      {"", []string{"--window-min", "10"}, "--window"},
		"out of range":     {"TIERBOARD_WINDOW_MAX=1s", nil, "--window-max (TIERBOARD_WINDOW_MAX)"},
		"open to all":      {"TIERBOARD_ADDR=0.0.0.0:0", nil, "--insecure-open"},
		"no redis":         {"", []string{"demo"}, "--redis-url"},
		"speed":            {"REDIS_URL=redis://127.0.0.1:1", []string{"replay", "x", "--speed", "fast"}, "--speed"},
		"demo speed":       {"REDIS_URL=redis://127.0.0.1:1", []string{"demo", "--speed", "1e9"}, "speed"},
		"health address":   {"", []string{"healthcheck", "--addr", "nowhere"}, "--addr"},
	} {
		t.Run(name, func(t *testing.T) {
			if variable, value, ok := strings.Cut(test.env, "="); ok {
				t.Setenv(variable, value)
			}
			status, out, stderr := execute(t, test.args...)
			if status != 2 || !strings.Contains(stderr, test.want) || out != "" {
				t.Errorf("status %d, %q on standard output and %q on standard error; want 2 and %q", status, out, stderr, test.want)
			}
		})
	}
}

func TestSettingsTable(t *testing.T) {
	clean(t)
	status, out, _ := execute(t, "settings")
	if status != 0 || strings.Count(out, "\n") != len(config.Settings(config.Default(), nil))+2 {
		t.Errorf("status %d:\n%s", status, out)
	}
}

func TestVersion(t *testing.T) {
	clean(t)
	if status, out, _ := execute(t, "version"); status != 0 || !strings.HasPrefix(out, "tierboard ") || strings.Count(out, "\n") != 1 {
		t.Errorf("status %d: %q", status, out)
	}
}

// lines collects output that a test waits for.
type lines struct {
	mu   sync.Mutex
	text strings.Builder
}

func (l *lines) Write(b []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(b)
}

// wait returns the rest of the line that starts with start.
func (l *lines) wait(t *testing.T, start string) string {
	t.Helper()
	for deadline := time.Now().Add(30 * time.Second); time.Now().Before(deadline); time.Sleep(time.Millisecond) {
		l.mu.Lock()
		text := l.text.String()
		l.mu.Unlock()
		for line := range strings.Lines(text) {
			if rest, ok := strings.CutPrefix(line, start); ok {
				return strings.TrimSpace(rest)
			}
		}
	}
	t.Fatalf("no line %q in:\n%s", start, l.text.String())
	return ""
}

func TestServeAndHealthcheck(t *testing.T) {
	clean(t)
	ctx, stop := context.WithCancel(context.Background())
	defer stop()
	var out, stderr lines
	ended := make(chan int, 1)
	go func() {
		ended <- run(ctx, []string{
			"--addr", "127.0.0.1:0", "--admin-addr", "127.0.0.1:0", "--embedded-redis-addr", "127.0.0.1:0", "--log-format", "json",
		}, &out, &stderr)
	}()
	page := strings.TrimSuffix(strings.TrimPrefix(out.wait(t, "tierboard: page "), "http://"), "/")
	out.wait(t, "tierboard: redis redis://127.0.0.1:")
	if status, _, stderr := execute(t, "healthcheck", "--addr", page); status != 0 {
		t.Errorf("status %d: %s", status, stderr)
	}
	_, port, err := net.SplitHostPort(page)
	if err != nil {
		t.Fatal(err)
	}
	if status, _, stderr := execute(t, "healthcheck", "--addr", ":"+port); status != 0 {
		t.Errorf("a server on every address: status %d: %s", status, stderr)
	}
	stop()
	if status := <-ended; status != 0 {
		t.Errorf("stopped with status %d: %s", status, stderr.text.String())
	}
	if status, _, stderr := execute(t, "healthcheck", "--addr", page); status != 1 {
		t.Errorf("a server that is gone: status %d: %s", status, stderr)
	}
	if !strings.Contains(stderr.text.String(), `"msg":"stopped","took":"`) {
		t.Errorf("the log is not JSON with spelt durations:\n%s", stderr.text.String())
	}
}

func TestHealthcheckOfASickServer(t *testing.T) {
	clean(t)
	sick := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusTeapot) }))
	defer sick.Close()
	status, _, stderr := execute(t, "healthcheck", "--addr", sick.Listener.Addr().String())
	if status != 1 || !strings.Contains(stderr, "418") {
		t.Errorf("status %d: %s", status, stderr)
	}
}

func TestRecordAndReplay(t *testing.T) {
	clean(t)
	t.Setenv("REDIS_URL", stack.Redis(t).URL())
	dir := t.TempDir()
	tape, again := filepath.Join(dir, "one.jsonl"), filepath.Join(dir, "two.jsonl")

	// A tape of the demonstration, played back while another recording listens.
	recorded := func(file string, feed func()) {
		ctx, stop := context.WithCancel(context.Background())
		defer stop()
		var out lines
		ended := make(chan int, 1)
		go func() { ended <- run(ctx, []string{"record", file}, &out, os.Stderr) }()
		feed()
		for deadline := time.Now().Add(30 * time.Second); ; time.Sleep(10 * time.Millisecond) {
			if text, err := os.ReadFile(file); err == nil && bytes.Contains(text, []byte("TickStockPL-Demo")) {
				break
			}
			if time.Now().After(deadline) {
				t.Fatal("nothing is recorded")
			}
		}
		stop()
		if status := <-ended; status != 0 {
			t.Errorf("record: status %d", status)
		}
		out.wait(t, "") // what was recorded is told
	}
	ctx, stop := context.WithCancel(context.Background())
	demoEnded := make(chan int, 1)
	recorded(tape, func() {
		go func() { demoEnded <- run(ctx, []string{"demo", "--speed", "100"}, os.Stdout, os.Stderr) }()
	})
	stop()
	if status := <-demoEnded; status != 0 {
		t.Errorf("demo: status %d", status)
	}
	replays := make(chan struct{})
	recorded(again, func() {
		go func() {
			defer close(replays)
			for t.Context().Err() == nil {
				var out, stderr bytes.Buffer
				if status := run(t.Context(), []string{"replay", tape, "--speed", "max"}, &out, &stderr); status != 0 {
					t.Errorf("replay: status %d: %s", status, &stderr)
				}
				if text, err := os.ReadFile(again); err == nil && len(text) > 0 {
					return
				}
			}
		}()
	})
	<-replays
	if status, _, stderr := execute(t, "record", tape); status != 1 || !strings.Contains(stderr, "exists") {
		t.Errorf("recording over a tape: status %d: %s", status, stderr)
	}
	if status, _, stderr := execute(t, "replay", filepath.Join(dir, "none")); status != 1 || !strings.Contains(stderr, "none") {
		t.Errorf("replaying nothing: status %d: %s", status, stderr)
	}
}

func TestArchiveToolsWorkOnOneFile(t *testing.T) {
	clean(t)
	dir := t.TempDir()
	if status, out, stderr := execute(t, "migrate", "up", "--data-dir", dir); status != 0 || !strings.Contains(out, "applied") {
		t.Fatalf("migrate up: %d %s %s", status, out, stderr)
	}
	if status, out, stderr := execute(t, "migrate", "status", "--data-dir", dir); status != 0 || strings.Contains(out, "not applied") {
		t.Errorf("migrate status: %d %s %s", status, out, stderr)
	}
	if status, out, stderr := execute(t, "export", "--data-dir", dir); status != 0 || out != "" {
		t.Errorf("export of an empty archive: %d %q %s", status, out, stderr)
	}
	copied := filepath.Join(dir, "copy.db")
	if status, _, stderr := execute(t, "backup", "--data-dir", dir, copied); status != 0 {
		t.Errorf("backup: %d %s", status, stderr)
	}
	if status, _, stderr := execute(t, "backup", "--data-dir", dir, copied); status != 1 || !strings.Contains(stderr, copied) {
		t.Errorf("backup over a file: %d %s", status, stderr)
	}
	if status, _, stderr := execute(t, "export", "--data-dir", dir, "--since", "yesterday"); status != 2 || !strings.Contains(stderr, "--since") {
		t.Errorf("export since yesterday: %d %s", status, stderr)
	}
}
