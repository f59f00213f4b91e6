// Package process runs the programs that tests talk with, as children of the test process: the kernel ends them when it dies, so
// that a test that panics or runs out of time leaves nothing behind. It finds programs and free ports for them, keeps the end
// of what they print, and waits until they answer.
package process

import (
	"fmt"
	"io"
	"os/exec"
	"runtime"
	"syscall"
	"testing"
	"time"
)

// Process is one child of the test process. Its methods may be called from any goroutine.
type Process struct {
	name   string
	cmd    *exec.Cmd
	output Tail
	done   chan struct{} // closed when the process has ended and its output is complete
	err    error         // how it ended; read after done
}

// Start starts cmd. Standard error goes into the kept output; so does standard output, unless cmd.Stdout is set.
func Start(name string, cmd *exec.Cmd) (*Process, error) {
	p := &Process{name: name, cmd: cmd, done: make(chan struct{})}
	cmd.Stderr = &p.output
	if cmd.Stdout == nil {
		cmd.Stdout = &p.output
	} else {
		cmd.Stdout = io.MultiWriter(cmd.Stdout, &p.output)
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

// PID returns the process ID.
func (p *Process) PID() int { return p.cmd.Process.Pid }

// ended reports whether the process is gone.
func (p *Process) ended() bool {
	select {
	case <-p.done:
		return true
	default:
		return false
	}
}

// signal sends sig; a process that is already gone is no error.
func (p *Process) signal(sig syscall.Signal) error {
	if p.ended() {
		return nil
	}
	if err := p.cmd.Process.Signal(sig); err != nil && !p.ended() {
		return fmt.Errorf("signal %s: %w", p.name, err)
	}
	return nil
}

// wait waits until the process has ended, at most ReadyTimeout.
func (p *Process) wait() error {
	timer := time.NewTimer(ReadyTimeout)
	defer timer.Stop()
	select {
	case <-p.done:
		return nil
	case <-timer.C:
		return fmt.Errorf("%s (pid %d) still runs after %v", p.name, p.PID(), ReadyTimeout)
	}
}

// Kill sends SIGKILL and waits until the process is gone.
func (p *Process) Kill() error {
	if err := p.signal(syscall.SIGKILL); err != nil {
		return err
	}
	return p.wait()
}

// Stop sends sig, waits, and kills what does not end by itself, which is an error.
func (p *Process) Stop(sig syscall.Signal) error {
	if err := p.signal(sig); err != nil {
		return err
	}
	if err := p.wait(); err != nil {
		_ = p.Kill()
		return err
	}
	return nil
}

// WaitReady looks again and again until ready returns nil, the process ends or ReadyTimeout is over.
func (p *Process) WaitReady(ready func() error) error {
	deadline := time.NewTimer(ReadyTimeout)
	defer deadline.Stop()
	ticker := time.NewTicker(PollInterval)
	defer ticker.Stop()
	for {
		last := ready()
		if last == nil {
			return nil
		}
		select {
		case <-p.done:
			return fmt.Errorf("%s ended before it was ready: %w\n%s", p.name, p.exitError(), &p.output)
		case <-deadline.C:
			return fmt.Errorf("%s: %w: %w\n%s", p.name, errNotReady, last, &p.output)
		case <-ticker.C:
		}
	}
}

// Err returns how the process ended, as [exec.Cmd.Wait] says; nil also while it still runs.
func (p *Process) Err() error {
	if !p.ended() {
		return nil
	}
	return p.err
}

// Output returns the last 128 KB that the process printed on both streams.
func (p *Process) Output() string { return p.output.String() }

// exitError says how the process ended, also when it ended well.
func (p *Process) exitError() error {
	if p.err != nil {
		return p.err
	}
	return fmt.Errorf("exit status %d", p.cmd.ProcessState.ExitCode())
}

// LogOutput writes what the process printed to the test's log.
func (p *Process) LogOutput(t testing.TB) {
	t.Helper()
	t.Logf("output of %s (pid %d):\n%s", p.name, p.PID(), &p.output)
}
