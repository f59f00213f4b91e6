package stack

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/signal"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
)

// TestMain lets the test binary stand in for the server, so that Server is tested before and without the real one.
func TestMain(m *testing.M) {
	if len(os.Args) > 1 && os.Args[1] == "serve" {
		if err := standIn(os.Args[2:]); err != nil {
			fmt.Fprintln(os.Stderr, "stand-in:", err)
			os.Exit(1)
		}
		return
	}
	os.Exit(m.Run())
}

// standIn does what Server relies on: it listens where it is told, prints the addresses, is not ready at first, and
// ends on SIGTERM.
func standIn(args []string) error {
	if len(args) == 1 && args[0] == "--refuse" {
		return fmt.Errorf("will not run with %q", args)
	}
	ctx, cancel := signal.NotifyContext(context.Background(), syscall.SIGTERM)
	defer cancel()
	page, err := net.Listen("tcp", os.Getenv("TIERBOARD_ADDR"))
	if err != nil {
		return err
	}
	admin, err := net.Listen("tcp", os.Getenv("TIERBOARD_ADMIN_ADDR"))
	if err != nil {
		return err
	}
	var asked atomic.Int64
	mux := http.NewServeMux()
	mux.HandleFunc("/readyz", func(w http.ResponseWriter, _ *http.Request) {
		if asked.Add(1) < 3 {
			http.Error(w, "not yet", http.StatusServiceUnavailable)
		}
	})
	mux.HandleFunc("/args", func(w http.ResponseWriter, _ *http.Request) {
		fmt.Fprintf(w, "%q REDIS_URL=%s DATABASE_URL=%s", args, os.Getenv("REDIS_URL"), os.Getenv("DATABASE_URL"))
	})
	fmt.Printf("tierboard: page http://%s/\ntierboard: admin http://%s/\n", page.Addr(), admin.Addr())
	fmt.Fprintln(os.Stderr, "the stand-in runs")
	srv := &http.Server{Handler: mux}
	go func() {
		<-ctx.Done()
		_ = srv.Close()
	}()
	if err := srv.Serve(page); ctx.Err() == nil {
		return err
	}
	return nil
}

// useStandIn makes Server start this test binary.
func useStandIn(t *testing.T) {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	t.Setenv(BinaryVar, self)
	t.Setenv("DATABASE_URL", "postgres://the-developer's-own")
}

// get returns the body at an address.
func get(t *testing.T, url string) (string, error) {
	t.Helper()
	resp, err := http.Get(url)
	if err != nil {
		return "", err
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	return string(body), err
}

func TestServer(t *testing.T) {
	useStandIn(t)
	s := Server(t, Args("--demo"), Env("REDIS_URL", "redis://given"))
	want := `["--demo"] REDIS_URL=redis://given DATABASE_URL=`
	if got, err := get(t, s.URL()+"/args"); err != nil || got != want {
		t.Fatalf("got %q, %v, want %q", got, err, want)
	}
	if !strings.Contains(s.Output(), "the stand-in runs") || !strings.Contains(s.Output(), "tierboard: page") {
		t.Errorf("kept %q, want both streams", s.Output())
	}
	url, admin, pid := s.URL(), s.AdminURL(), s.PID()
	if url == admin || !strings.HasPrefix(admin, "http://127.0.0.1:") || s.RedisURL() != "" {
		t.Errorf("addresses are %q, %q, %q", url, admin, s.RedisURL())
	}
	for name, end := range map[string]func(){"stop": s.Stop, "kill": s.Kill} {
		end()
		if _, err := get(t, url+"/args"); err == nil {
			t.Errorf("after %s the server still answers", name)
		}
		s.Restart()
		if s.URL() != url || s.AdminURL() != admin || s.PID() == pid {
			t.Errorf("after %s and Restart: %s, %s, pid %d; were %s, %s, %d", name, s.URL(), s.AdminURL(), s.PID(), url, admin, pid)
		}
		if got, err := get(t, url+"/args"); err != nil || got != want {
			t.Errorf("after %s and Restart: got %q, %v, want %q", name, got, err, want)
		}
	}
}

func TestServerThatRefusesToStart(t *testing.T) {
	useStandIn(t)
	r := record(t, func(t testing.TB) { Server(t, Args("--refuse")) })
	if !strings.Contains(r.fatal, "will not run") {
		t.Errorf("failed with %q, want what the server said", r.fatal)
	}
}

func TestServerThatEndsBadly(t *testing.T) {
	useStandIn(t)
	r := record(t, func(tb testing.TB) {
		s := Server(tb)
		s.Kill()
		s.Stop() // it is gone, but not with status 0
	})
	if !strings.Contains(r.fatal, "did not end cleanly: signal: killed") {
		t.Errorf("failed with %q, want the signal", r.fatal)
	}
}
