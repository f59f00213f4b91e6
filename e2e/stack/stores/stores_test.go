package stores

import (
	"net"
	"os/exec"
	"strings"
	"syscall"
	"testing"

	"tierboard/e2e/stack/process"
)

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

func TestPostgres(t *testing.T) {
	t.Parallel()
	p := Postgres(t)
	psql := process.Binary(t, "postgresql-client", postgresDirs, "psql")
	query := func(sql string) (string, error) {
		out, err := exec.Command(psql, "-X", "-At", "-c", sql, p.URL()).CombinedOutput()
		return strings.TrimSpace(string(out)), err
	}
	if got, err := query("create table kept as select 42 as n; select n from kept"); err != nil || !strings.HasSuffix(got, "42") {
		t.Fatalf("got %q, %v", got, err)
	}
	addr := p.Addr()
	p.Kill()
	p.Restart()
	if p.Addr() != addr {
		t.Errorf("address is %s after Restart, was %s", p.Addr(), addr)
	}
	if got, err := query("select n from kept"); err != nil || got != "42" {
		t.Errorf("after Restart: got %q, %v, want 42", got, err)
	}
}
