package main

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"syscall"
	"time"

	"tierboard/server/load/target"
)

// contender is a server with one of its settings.
type contender struct {
	name    string
	dialect dialect
	start   func(ctx context.Context) (*target.Target, func() error, error)
}

// The contenders beside centrifuge, by what the ratios are about.
const (
	channelsDelayed = iota
	channelsAtOnce
	tagsDelayed
	oursFixed
	oursAdaptive
	wholeFixed
)

// The contenders beside the architecture that the product replaces.
const (
	emitEach = iota
	oursFew
)

// bench is everything that is measured. It belongs to one goroutine.
type bench struct {
	settings
	job        *job
	wants      []set
	contenders []contender // in the order of the constants
	promises   []row
	progress   io.Writer
}

// newBench works the job out that is done beside centrifuge.
func newBench(s settings, progress io.Writer) *bench {
	b := &bench{settings: s, job: newJob(planOf(&s)), promises: promises(), progress: progress}
	b.wants = b.job.wants()
	child := func(name string, d dialect, kind string, window time.Duration) {
		b.contenders = append(b.contenders, contender{name, d, func(ctx context.Context) (*target.Target, func() error, error) {
			return startSelf(ctx, setup{b.job.plan, kind, window})
		}})
	}
	child(fmt.Sprintf("centrifuge, channels, %v", s.window), theirs(), string(byChannel), s.window)
	child("centrifuge, channels, no delay", theirs(), string(byChannel), 0)
	child(fmt.Sprintf("centrifuge, tags, %v", s.window), theirs(), string(byTags), s.window)
	child(fmt.Sprintf("our delivery, %v", s.window), ours(), delivery, s.window)
	child("our delivery, adaptive window", ours(), delivery, 0)
	b.contenders = append(b.contenders, contender{
		fmt.Sprintf("our whole server, %v", s.window), ours(),
		func(ctx context.Context) (*target.Target, func() error, error) {
			return startWhole(ctx, s.binary, s.users, s.window)
		},
	})
	return b
}

// newEmitBench works the job out that is done beside Flask-SocketIO, with fewer users.
func newEmitBench(s settings, progress io.Writer) *bench {
	s.users = s.emitUsers
	b := &bench{settings: s, job: newJob(planOf(&s)), promises: emitPromises(), progress: progress}
	b.wants = b.job.wants()
	b.contenders = []contender{
		{"Flask-SocketIO, emit for each user", replaced(), func(ctx context.Context) (*target.Target, func() error, error) {
			return startEmits(ctx, b.job.plan)
		}},
		{fmt.Sprintf("our delivery, %v", s.window), ours(), func(ctx context.Context) (*target.Target, func() error, error) {
			return startSelf(ctx, setup{b.job.plan, delivery, s.window})
		}},
	}
	return b
}

// rounds measures each contender in turn, as often as was asked for. A reading is nil where the run was refused.
func (b *bench) rounds(ctx context.Context) ([][]*reading, error) {
	var rounds [][]*reading
	for i := range b.settings.rounds {
		round := make([]*reading, len(b.contenders))
		for k := range b.contenders {
			b.say("round %d of %d: %s", i+1, b.settings.rounds, b.contenders[k].name)
			r, err := b.one(ctx, &b.contenders[k])
			if refused := (*refusedError)(nil); errors.As(err, &refused) {
				b.say("refused: %v", refused)
				continue
			}
			if err != nil {
				return nil, fmt.Errorf("%s: %w", b.contenders[k].name, err)
			}
			if most := 250 * time.Millisecond; r.late > most {
				b.say("refused: an event was published %v after its time: the machine is busy", r.late.Round(time.Millisecond))
				continue
			}
			round[k] = &r
		}
		rounds = append(rounds, round)
	}
	return rounds, nil
}

// one measures a contender once.
func (b *bench) one(ctx context.Context, c *contender) (_ reading, err error) {
	t, stop, err := c.start(ctx)
	if err != nil {
		return reading{}, err
	}
	defer func() { err = errors.Join(err, stop()) }()
	return measure(ctx, &b.settings, b.job, b.wants, c.dialect, t)
}

// say tells somebody who waits what is happening.
func (b *bench) say(format string, args ...any) {
	_, _ = fmt.Fprintf(b.progress, "peer: "+format+"\n", args...)
}

// startWhole starts our server, with a Redis of its own.
func startWhole(ctx context.Context, binary string, users int, window time.Duration) (*target.Target, func() error, error) {
	// The server gets this process's environment. None of the product's settings in it may be anybody else's.
	for _, entry := range os.Environ() {
		if name, _, _ := strings.Cut(entry, "="); strings.HasPrefix(name, "TIERBOARD_") {
			if err := os.Unsetenv(name); err != nil {
				return nil, nil, fmt.Errorf("environment: %w", err)
			}
		}
	}
	for name, value := range map[string]string{
		"TIERBOARD_RATE_LIMIT": "0", "TIERBOARD_WINDOW_MIN": window.String(), "TIERBOARD_WINDOW_MAX": window.String(),
	} {
		if err := os.Setenv(name, value); err != nil {
			return nil, nil, fmt.Errorf("environment: %w", err)
		}
	}
	t, err := target.Open(ctx, target.Config{Binary: binary, Sessions: users})
	if err != nil {
		return nil, nil, err
	}
	return t, t.Close, nil
}

// startSelf starts this program again as a server.
func startSelf(ctx context.Context, s setup) (*target.Target, func() error, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, nil, fmt.Errorf("find this program: %w", err)
	}
	return startChild(ctx, exec.Command(self, s.args()...))
}

// startChild starts a server that prints its addresses: that of its sockets and numbers, and that of its publisher.
func startChild(ctx context.Context, cmd *exec.Cmd) (_ *target.Target, stop func() error, err error) {
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
