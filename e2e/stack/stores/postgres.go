package stores

import (
	"fmt"
	"net"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"syscall"
	"testing"

	"tierboard/e2e/stack/process"
)

// postgresDirs are where Debian puts the server's programs, which are not in PATH.
var postgresDirs = []string{"/usr/lib/postgresql/*/bin"} //nolint:gochecknoglobals // a constant list

// PostgresServer is a running postgres with one empty database, "tierboard", that trusts everybody on loopback.
// It does not sync to disk: it survives Kill and Restart, but would not survive a power cut.
type PostgresServer struct {
	t       testing.TB
	server  string // path of postgres
	isReady string // path of pg_isready
	dir     string
	port    int
	cred    *syscall.Credential // postgres refuses to run as root; nil when we are not root
	proc    *process.Process
}

// Postgres starts a new cluster on a free loopback port and returns when it accepts connections. It ends with the
// test. As root it runs the server as the system user postgres, which the Debian package creates.
func Postgres(t testing.TB) *PostgresServer {
	t.Helper()
	p := &PostgresServer{
		t:       t,
		server:  process.Binary(t, "postgresql", postgresDirs, "postgres"),
		isReady: process.Binary(t, "postgresql", postgresDirs, "pg_isready"),
	}
	initdb := process.Binary(t, "postgresql", postgresDirs, "initdb")
	createdb := process.Binary(t, "postgresql", postgresDirs, "createdb")
	// Not t.TempDir: its parent is closed to other users, and its path can be too long for a Unix socket.
	dir, err := os.MkdirTemp("", "tierboard-pg-") //nolint:usetesting // see above
	if err != nil {
		t.Fatal(err)
	}
	p.dir = dir
	t.Cleanup(func() {
		if p.proc != nil {
			if err := p.proc.Stop(syscall.SIGQUIT); err != nil {
				t.Error(err)
			}
			if t.Failed() {
				p.proc.LogOutput(t)
			}
		}
		if err := os.RemoveAll(dir); err != nil {
			t.Error(err)
		}
	})
	if os.Getuid() == 0 {
		if p.cred, err = postgresCredential(); err != nil {
			t.Fatal(err)
		}
		if err := os.Chown(dir, int(p.cred.Uid), int(p.cred.Gid)); err != nil {
			t.Fatal(err)
		}
	}
	if err := p.run(initdb, "-D", p.dataDir(), "-U", "tierboard", "-A", "trust", "-E", "UTF8",
		"--locale", "C", "--no-sync", "--no-instructions"); err != nil {
		t.Fatal(err)
	}
	for range process.StartAttempts {
		if p.port, err = process.FreePort(); err != nil {
			continue
		}
		if err = p.start(); err == nil {
			break
		}
	}
	if err != nil {
		t.Fatal(err)
	}
	if err := p.run(createdb, "-h", "127.0.0.1", "-p", strconv.Itoa(p.port), "-U", "tierboard", "tierboard"); err != nil {
		t.Fatal(err)
	}
	return p
}

// postgresCredential returns the identity of the system user postgres.
func postgresCredential() (*syscall.Credential, error) {
	u, err := user.Lookup("postgres")
	if err != nil {
		return nil, fmt.Errorf("postgres does not run as root and there is no user for it (apt-get install postgresql): %w", err)
	}
	uid, err := strconv.ParseUint(u.Uid, 10, 32)
	if err != nil {
		return nil, fmt.Errorf("user ID of postgres: %w", err)
	}
	gid, err := strconv.ParseUint(u.Gid, 10, 32)
	if err != nil {
		return nil, fmt.Errorf("group ID of postgres: %w", err)
	}
	return &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}, nil
}

// command prepares a program that runs with the server's identity and without our settings.
func (p *PostgresServer) command(path string, args ...string) *exec.Cmd {
	cmd := exec.Command(path, args...)
	cmd.Dir = p.dir
	cmd.Env = []string{"PATH=" + os.Getenv("PATH"), "HOME=" + p.dir, "LC_ALL=C"}
	if p.cred != nil {
		cmd.SysProcAttr = &syscall.SysProcAttr{Credential: p.cred}
	}
	return cmd
}

// run runs a program to its end.
func (p *PostgresServer) run(path string, args ...string) error {
	if out, err := p.command(path, args...).CombinedOutput(); err != nil {
		return fmt.Errorf("%s: %w\n%s", filepath.Base(path), err, out)
	}
	return nil
}

// dataDir is where the cluster lives; the socket lies beside it.
func (p *PostgresServer) dataDir() string { return filepath.Join(p.dir, "data") }

// start starts the server on p.port and waits until it accepts connections.
func (p *PostgresServer) start() error {
	port := strconv.Itoa(p.port)
	// Commits still reach the kernel, so that Kill loses nothing: only the wait for the disk is left out.
	proc, err := process.Start("postgres", p.command(p.server, "-D", p.dataDir(),
		"-h", "127.0.0.1", "-p", port, "-k", p.dir,
		"-c", "fsync=off", "-c", "full_page_writes=off"))
	if err != nil {
		return err
	}
	p.proc = proc
	err = proc.WaitReady(func() error {
		return p.run(p.isReady, "-q", "-h", "127.0.0.1", "-p", port, "-U", "tierboard", "-d", "postgres", "-t", "1")
	})
	if err != nil {
		_ = proc.Kill()
		return err
	}
	return nil
}

// Addr returns the address as host:port. It stays the same over Restart.
func (p *PostgresServer) Addr() string { return net.JoinHostPort("127.0.0.1", strconv.Itoa(p.port)) }

// URL returns the address of the empty database as postgres://user@host:port/database.
func (p *PostgresServer) URL() string {
	return "postgres://tierboard@" + p.Addr() + "/tierboard?sslmode=disable"
}

// PID returns the process ID of the running server.
func (p *PostgresServer) PID() int { return p.proc.PID() }

// Kill ends the server with SIGKILL, as a crash does. Its sessions notice and end by themselves a moment later.
func (p *PostgresServer) Kill() {
	p.t.Helper()
	if err := p.proc.Kill(); err != nil {
		p.t.Fatal(err)
	}
}

// Restart starts the server again on the same port and data, after Kill or instead of a running one, and returns when
// it accepts connections.
func (p *PostgresServer) Restart() {
	p.t.Helper()
	p.Kill()
	// Sessions of the killed server hold its shared memory until they have noticed, and a new one refuses to start
	// meanwhile: so look again until it does.
	var err error
	for range process.StartAttempts {
		if err = p.start(); err == nil {
			return
		}
	}
	p.t.Fatal(err)
}
