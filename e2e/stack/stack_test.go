package stack

import (
	"fmt"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
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
