package stack

import (
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"
)

// recorder stands in for a test to see how a function of this package fails one.
type recorder struct {
	testing.TB
	errors []string
	fatal  string
}

func (r *recorder) Helper()             {}
func (r *recorder) Logf(string, ...any) {}
func (r *recorder) Failed() bool        { return len(r.errors) > 0 || r.fatal != "" }
func (r *recorder) Errorf(f string, args ...any) {
	r.errors = append(r.errors, fmt.Sprintf(f, args...))
}
func (r *recorder) Fatal(args ...any)            { r.fatal = fmt.Sprint(args...); runtime.Goexit() }
func (r *recorder) Fatalf(f string, args ...any) { r.fatal = fmt.Sprintf(f, args...); runtime.Goexit() }

// record runs f against a stand-in for t until it ends or fails.
func record(t *testing.T, f func(testing.TB)) *recorder {
	t.Helper()
	r := &recorder{TB: t}
	done := make(chan struct{})
	go func() {
		defer close(done)
		f(r)
	}()
	<-done
	return r
}

func TestMissingProgramNamesThePackage(t *testing.T) {
	t.Setenv("PATH", t.TempDir())
	for name, f := range map[string]func(testing.TB){
		"redis-server": func(t testing.TB) { Redis(t) },
		"chromium":     func(t testing.TB) { Chromium(t) },
	} {
		r := record(t, f)
		if want := "apt-get install " + name; !strings.Contains(r.fatal, want) {
			t.Errorf("%s: failed with %q, want %q in it", name, r.fatal, want)
		}
	}
}

func TestMissingBinarySaysWhatToBuild(t *testing.T) {
	t.Setenv(BinaryVar, filepath.Join(t.TempDir(), "nothing"))
	r := record(t, func(t testing.TB) { Server(t) })
	if !strings.Contains(r.fatal, "make build") {
		t.Errorf("failed with %q, want it to name `make build`", r.fatal)
	}
}

func TestFindBinaryTakesTheHighestVersion(t *testing.T) {
	dir := t.TempDir()
	t.Setenv("PATH", t.TempDir())
	for _, version := range []string{"13", "17", "15"} {
		bin := filepath.Join(dir, version, "bin")
		if err := os.MkdirAll(bin, 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(bin, "tool"), nil, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	got, err := findBinary([]string{filepath.Join(dir, "*/bin")}, "other", "tool")
	if want := filepath.Join(dir, "17/bin/tool"); err != nil || got != want {
		t.Errorf("found %q, %v, want %q", got, err, want)
	}
}

func TestRedis(t *testing.T) {
	t.Parallel()
	r := Redis(t)
	if err := pingRedis(r.Addr()); err != nil {
		t.Fatal(err)
	}
	if want := "redis://" + r.Addr(); r.URL() != want {
		t.Errorf("URL is %q, want %q", r.URL(), want)
	}
	conn, err := net.Dial("tcp", r.Addr())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	first, addr := r.PID(), r.Addr()

	r.Kill()
	if n, err := conn.Read(make([]byte, 1)); err == nil {
		t.Errorf("read %d bytes from a killed server", n)
	}
	if err := pingRedis(addr); err == nil {
		t.Error("a killed server answers")
	}
	r.Restart()
	if r.Addr() != addr {
		t.Errorf("address is %s after Restart, was %s", r.Addr(), addr)
	}
	if r.PID() == first {
		t.Error("Restart left the old process")
	}
	if err := pingRedis(addr); err != nil {
		t.Error(err)
	}
}

func TestProgramsEndWithTheTest(t *testing.T) {
	var pid int
	t.Run("inner", func(t *testing.T) { pid = Redis(t).PID() })
	if err := syscall.Kill(pid, 0); err == nil {
		t.Errorf("redis-server %d outlived its test", pid)
	}
}

func TestEarlyEndShowsTheOutput(t *testing.T) {
	p, err := startProcess("sh", exec.Command("sh", "-c", "echo cannot do it >&2; exit 3"))
	if err != nil {
		t.Fatal(err)
	}
	err = p.waitReady(func() error { return io.EOF })
	if err == nil || !strings.Contains(err.Error(), "cannot do it") || !strings.Contains(err.Error(), "exit status 3") {
		t.Errorf("got %v, want the output and the status", err)
	}
}

func TestTailKeepsTheEnd(t *testing.T) {
	var l tail
	for range 3 {
		fmt.Fprint(&l, strings.Repeat("x", tailBytes/2))
	}
	fmt.Fprint(&l, "the end\n")
	got := l.String()
	if !strings.HasSuffix(got, "xthe end") || !strings.HasPrefix(got, "(65544 bytes before this are dropped)") || len(got) > tailBytes+100 {
		t.Errorf("kept %d bytes from %.60q to %q", len(got), got, got[len(got)-10:])
	}
}

func TestLines(t *testing.T) {
	var got []string
	l := lines{each: func(line string) { got = append(got, line) }}
	for _, part := range []string{"one\ntw", "o", "\r\n", "\nrest"} {
		fmt.Fprint(&l, part)
	}
	if want := []string{"one", "two", ""}; !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestPostgres(t *testing.T) {
	t.Parallel()
	p := Postgres(t)
	psql := binary(t, "postgresql-client", postgresDirs, "psql")
	query := func(sql string) (string, error) {
		out, err := exec.Command(psql, "-X", "-At", "-c", sql, p.URL()).CombinedOutput()
		return strings.TrimSpace(string(out)), err
	}
	if got, err := query("create table kept as select 42 as n; select n from kept"); err != nil || !strings.HasSuffix(got, "42") {
		t.Fatalf("got %q, %v", got, err)
	}
	addr := p.Addr()
	p.Kill()
	if got, err := query("select 1"); err == nil {
		t.Errorf("a killed server answers %q", got)
	}
	p.Restart()
	if p.Addr() != addr {
		t.Errorf("address is %s after Restart, was %s", p.Addr(), addr)
	}
	if got, err := query("select n from kept"); err != nil || got != "42" {
		t.Errorf("after Restart: got %q, %v, want 42", got, err)
	}
}

func TestServerReadsTheAddresses(t *testing.T) {
	var s TierboardServer
	for _, line := range []string{
		"tierboard: page http://127.0.0.1:8080/",
		`{"level":"INFO","msg":"tierboard: page http://wrong/"}`,
		"tierboard: admin http://127.0.0.1:9090/",
		"tierboard: redis redis://127.0.0.1:6390",
		"tierboard: ready",
	} {
		s.readLine(line)
	}
	got := [3]string{s.URL(), s.AdminURL(), s.RedisURL()}
	if want := [3]string{"http://127.0.0.1:8080", "http://127.0.0.1:9090", "redis://127.0.0.1:6390"}; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestServerEnvironmentIsClean(t *testing.T) {
	got := cleanEnv([]string{"HOME=/x", "TIERBOARD_ADDR=:1", "REDIS_URL=redis://x", "DATABASE_URL=y", "PATH=/bin"})
	if want := []string{"HOME=/x", "PATH=/bin"}; !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestChromium(t *testing.T) {
	t.Parallel()
	site := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		switch r.URL.Path {
		case "/good":
			w.Header().Set("Content-Security-Policy", "default-src 'self'")
			fmt.Fprint(w, `<!doctype html><title>good</title><link rel=icon href="/icon.png"><script src="/script.js"></script>`)
		case "/icon.png", "/favicon.ico":
			w.WriteHeader(http.StatusNoContent)
		case "/script.js":
			w.Header().Set("Content-Type", "text/javascript")
			fmt.Fprint(w, `setTimeout(() => { window.later = {n: 42} }, 50)`)
		case "/bad":
			w.Header().Set("Content-Security-Policy", "default-src 'self'; script-src 'unsafe-inline'")
			fmt.Fprint(w, `<!doctype html><title>bad</title><p style="color:red">refused</p><script>
				console.log("fine"); console.error("told", 7, new Error("in words")); 
				setTimeout(() => { throw new TypeError("uncaught") });
				setTimeout(() => { window.done = true }, 10);
			</script><img src="/missing.png">`)
		default:
			http.NotFound(w, r)
		}
	}))
	t.Cleanup(site.Close)

	b := Chromium(t)
	b.Navigate(site.URL + "/good")
	b.WaitFor("window.later") // under a policy that forbids eval
	b.WaitFor("Promise.resolve('also promises')")
	if got := Eval[int](b, "Promise.resolve(window.later.n)"); got != 42 {
		t.Errorf("evaluated to %d, want 42", got)
	}
	if got := Eval[[2]int](b, "[innerWidth, innerHeight]"); got[0] != ViewportWidth {
		t.Errorf("the window is %v, want %d wide", got, ViewportWidth)
	}
	if err := b.poll(100*time.Millisecond, "window.never"); err == nil || !strings.Contains(err.Error(), "falsy") {
		t.Errorf("waiting for what never comes: %v", err)
	}
	if err := b.poll(100*time.Millisecond, "nothing.here"); err == nil || !strings.Contains(err.Error(), "ReferenceError") {
		t.Errorf("waiting for what throws: %v", err)
	}
	if got := b.Problems(); len(got) > 0 {
		t.Errorf("a good page has problems: %v", got)
	}
	shot := filepath.Join(t.TempDir(), "shots", "good.png")
	b.Screenshot(shot)
	if png, err := os.ReadFile(shot); err != nil || !strings.HasPrefix(string(png), "\x89PNG") {
		t.Errorf("screenshot: %v, %d bytes", err, len(png))
	}

	b.Navigate(site.URL + "/bad")
	b.WaitFor("window.done")
	want := []string{"csp: ", "console: told 7 Error: in words", "exception: TypeError: uncaught", "log: Failed to load resource"}
	for _, start := range want {
		if !slices.ContainsFunc(b.Problems(), func(p Problem) bool { return strings.HasPrefix(p.String(), start) }) {
			t.Errorf("no problem %q in %v", start, b.Problems())
		}
	}
	r := &recorder{TB: t}
	(&Browser{t: r, output: &tail{}, problems: b.Problems()}).report()
	if len(r.errors) != len(b.Problems()) {
		t.Errorf("%d problems failed the test %d times: %q", len(b.Problems()), len(r.errors), r.errors)
	}
	b.AllowProblems(want...)
	if got := b.Problems(); len(got) > 0 {
		t.Errorf("allowed, but still there: %v", got)
	}
}
