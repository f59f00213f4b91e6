package serve

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"os/exec"
	"runtime"
	"strings"
	"syscall"
	"time"

	"tierboard/server/load/target"
)

// patience is the longest that anything is waited for.
const patience = time.Minute

// Start starts a program that prints its addresses as Run does. The stop that it returns ends the program and must be called
// once; it reports what went wrong with the program, and what it said.
func Start(ctx context.Context, cmd *exec.Cmd) (_ *target.Target, stop func() error, err error) {
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		return nil, nil, fmt.Errorf("start a server: %w", err)
	}
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	started, lines, ended := make(chan error, 1), make(chan string, 2), make(chan error, 1)
	go func() {
		runtime.LockOSThread() // the kernel watches the thread that started the program
		defer runtime.UnlockOSThread()
		err := cmd.Start()
		started <- err
		if err != nil {
			return
		}
		in := bufio.NewScanner(stdout)
		for range cap(lines) {
			if in.Scan() {
				lines <- in.Text()
			}
		}
		close(lines)
		ended <- cmd.Wait()
	}()
	if err := <-started; err != nil {
		return nil, nil, fmt.Errorf("start a server: %w", err)
	}
	stop = func() error {
		_ = cmd.Process.Signal(syscall.SIGTERM) // it may have ended already
		select {
		case err := <-ended:
			if err != nil {
				return fmt.Errorf("a server: %w: %s", err, bytes.TrimSpace(stderr.Bytes()))
			}
			return nil
		case <-time.After(patience):
			_ = cmd.Process.Kill()
			return errors.Join(errors.New("a server did not end when asked to"), <-ended)
		}
	}
	addresses := map[string]string{}
	for len(addresses) < cap(lines) {
		select {
		case line, ok := <-lines:
			if !ok {
				return nil, nil, errors.Join(errors.New("a server printed no addresses"), stop())
			}
			name, address, _ := strings.Cut(line, " ")
			addresses[name] = address
		case <-time.After(patience):
			return nil, nil, errors.Join(errors.New("a server does not start"), stop())
		case <-ctx.Done():
			return nil, nil, errors.Join(ctx.Err(), stop())
		}
	}
	t, err := target.Open(ctx, target.Config{URL: addresses["page"], Redis: addresses["redis"], PID: cmd.Process.Pid})
	if err != nil {
		return nil, nil, errors.Join(err, stop())
	}
	return t, stop, nil
}
