package stack

import (
	"bytes"
	"fmt"
	"io"
	"os/exec"
	"runtime"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// process is one child of the test process. Its exported methods may be called from any goroutine.
type process struct {
	name   string
	cmd    *exec.Cmd
	output *tail
	done   chan struct{} // closed when the process has ended and its output is complete
	err    error         // how it ended; read after done
}

// startProcess starts cmd. Standard error goes into the kept output; so does standard output, unless cmd.Stdout is set.
func startProcess(name string, cmd *exec.Cmd) (*process, error) {
	p := &process{name: name, cmd: cmd, output: &tail{}, done: make(chan struct{})}
	cmd.Stderr = p.output
	if cmd.Stdout == nil {
		cmd.Stdout = p.output
	} else {
		cmd.Stdout = io.MultiWriter(cmd.Stdout, p.output)
	}
	if cmd.SysProcAttr == nil {
		cmd.SysProcAttr = &syscall.SysProcAttr{}
	}
	// The kernel ends the child when its parent thread dies. That must be the whole test process, not a thread
	// the Go runtime retires, so the thread stays locked until the child has ended.
	cmd.SysProcAttr.Pdeathsig = syscall.SIGKILL
	started := make(chan error, 1)
	go func() {
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		err := cmd.Start()
		started <- err
		if err != nil {
			return
		}
		p.err = cmd.Wait()
		close(p.done)
	}()
	if err := <-started; err != nil {
		return nil, fmt.Errorf("start %s: %w", name, err)
	}
	return p, nil
}

// pid returns the process ID.
func (p *process) pid() int { return p.cmd.Process.Pid }

// ended reports whether the process is gone.
func (p *process) ended() bool {
	select {
	case <-p.done:
		return true
	default:
		return false
	}
}

// signal sends sig; a process that is already gone is no error.
func (p *process) signal(sig syscall.Signal) error {
	if p.ended() {
		return nil
	}
	if err := p.cmd.Process.Signal(sig); err != nil && !p.ended() {
		return fmt.Errorf("signal %s: %w", p.name, err)
	}
	return nil
}

// wait waits until the process has ended, at most ReadyTimeout.
func (p *process) wait() error {
	timer := time.NewTimer(ReadyTimeout)
	defer timer.Stop()
	select {
	case <-p.done:
		return nil
	case <-timer.C:
		return fmt.Errorf("%s (pid %d) still runs after %v", p.name, p.pid(), ReadyTimeout)
	}
}

// kill sends SIGKILL and waits until the process is gone.
func (p *process) kill() error {
	if err := p.signal(syscall.SIGKILL); err != nil {
		return err
	}
	return p.wait()
}

// stop sends sig, waits, and kills what does not end by itself, which is an error.
func (p *process) stop(sig syscall.Signal) error {
	if err := p.signal(sig); err != nil {
		return err
	}
	if err := p.wait(); err != nil {
		_ = p.kill()
		return err
	}
	return nil
}

// waitReady looks again and again until ready returns nil, the process ends or ReadyTimeout is over.
func (p *process) waitReady(ready func() error) error {
	deadline := time.NewTimer(ReadyTimeout)
	defer deadline.Stop()
	ticker := time.NewTicker(pollInterval)
	defer ticker.Stop()
	for {
		last := ready()
		if last == nil {
			return nil
		}
		select {
		case <-p.done:
			return fmt.Errorf("%s ended before it was ready: %w\n%s", p.name, p.exitError(), p.output)
		case <-deadline.C:
			return fmt.Errorf("%s: %w: %w\n%s", p.name, errNotReady, last, p.output)
		case <-ticker.C:
		}
	}
}

// exitError says how the process ended, also when it ended well.
func (p *process) exitError() error {
	if p.err != nil {
		return p.err
	}
	return fmt.Errorf("exit status %d", p.cmd.ProcessState.ExitCode())
}

// logOutput writes what the process printed to the test's log.
func (p *process) logOutput(t testing.TB) {
	t.Helper()
	t.Logf("output of %s (pid %d):\n%s", p.name, p.pid(), p.output)
}

// tailBytes is how much of a program's output is kept for the log of a failed test. Older output is dropped.
const tailBytes = 128 << 10

// tail keeps the last tailBytes written to it. It may be used from several goroutines.
type tail struct {
	mu      sync.Mutex
	buf     []byte // guarded by mu
	dropped int    // guarded by mu: bytes that fell out at the front
}

// Write keeps b and never fails.
func (l *tail) Write(b []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.buf = append(l.buf, b...)
	if over := len(l.buf) - tailBytes; over > 0 {
		l.buf = append(l.buf[:0], l.buf[over:]...)
		l.dropped += over
	}
	return len(b), nil
}

// String returns what was kept, and says what was not.
func (l *tail) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	text := strings.TrimRight(string(l.buf), "\n")
	if l.dropped > 0 {
		return fmt.Sprintf("(%d bytes before this are dropped)\n%s", l.dropped, text)
	}
	return text
}

// lines hands each complete line written to it to one function, in order. It is for one writer.
type lines struct {
	each    func(line string)
	pending []byte
}

// Write never fails.
func (l *lines) Write(b []byte) (int, error) {
	l.pending = append(l.pending, b...)
	for {
		i := bytes.IndexByte(l.pending, '\n')
		if i < 0 {
			return len(b), nil
		}
		l.each(strings.TrimSuffix(string(l.pending[:i]), "\r"))
		l.pending = l.pending[i+1:]
	}
}
