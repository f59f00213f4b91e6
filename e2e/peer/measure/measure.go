// Package measure has light clients do a job with one server and tells what it cost: CPU time for an event delivered, how late
// events are, and the memory of a connection.
//
// Every connection is compared with filter.Match, event by event: a run in which one of them differs gives no reading but a
// [RefusedError].
//
// CPU time and deliveries count from a second after the start of publishing until the server has taken the last event, and are
// what the kernel says of the server's process alone. Latency is from just before the text is written to the publisher's
// socket until a client reads the frame, which looks each half millisecond.
package measure

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"tierboard/e2e/peer/job"
	"tierboard/server/load/gauge"
	"tierboard/server/load/swarm"
	"tierboard/server/load/target"
	"tierboard/server/load/traffic"
)

const (
	dialsAtOnce = 32
	// warmUp is the part at the beginning that does not count: memory given back after connecting is taken again.
	warmUp = time.Second
	// pause is between two looks of the clients at their sockets, so that what comes meanwhile is read in one go. It
	// adds as much to a latency, at most, for both servers.
	pause = 500 * time.Microsecond
	// patience is the longest that anything is waited for.
	patience = time.Minute
	// extra is how long a run goes on when all have come that must, to see whether more do.
	extra = 200 * time.Millisecond
)

// Settings are what is the same for every server.
type Settings struct {
	Rate float64 // events published a second, above 0
	// Calm is how long a server's memory may take to settle each time it is read; 0 does not wait.
	Calm time.Duration
	// Stillness is how long nothing must come until a run ends in which not all events have come.
	Stillness time.Duration
}

// Reading is what one run found.
type Reading struct {
	Deliveries  float64       // events delivered a second, all connections together
	Share       float64       // of one core
	PerEvent    float64       // CPU time for an event delivered, in µs
	P50, P99    float64       // publish to client, in ms
	Idle, After float64       // resident bytes for a connection, before and after the load
	EventBytes  float64       // received for each event, headers of frames not counted
	FrameEvents float64       // events in a frame
	Reached     float64       // share of the rate that the server kept up with
	Late        time.Duration // the longest that an event left after its time
	Others      float64       // cores that all other programs took
}

// measurement is one run.
type measurement struct {
	job         *job.Job
	wants       []job.Set
	dialect     Dialect
	target      *target.Target
	settings    Settings
	swarm       *swarm.Swarm
	connections []*Connection

	began time.Time
	warm  int            // the first event whose latency counts
	sent  []atomic.Int64 // by event: when, in ns since began

	delivered, bytes, frames atomic.Int64
	latencies                gauge.Histogram
}

// Run does the job once with a server that runs and has no connections yet. Wants is what the job's Wants returns. The error says
// why there is no reading: what was delivered is not what filter.Match says (a RefusedError), or something broke. The server
// stays the caller's.
func Run(ctx context.Context, s Settings, j *job.Job, wants []job.Set, d Dialect, t *target.Target) (_ Reading, err error) {
	m := &measurement{
		settings: s, job: j, wants: wants, dialect: d, target: t, sent: make([]atomic.Int64, j.Events),
		warm: int(s.Rate * warmUp.Seconds()),
	}
	if m.swarm, err = swarm.New(swarm.Config{Addr: t.Addr, Path: d.Path, Protocol: d.Protocol, Pause: pause}); err != nil {
		return Reading{}, err
	}
	listening, end := context.WithCancel(context.WithoutCancel(ctx))
	ended := make(chan error, 1)
	go func() { ended <- m.swarm.Run(listening) }()
	r, err := m.do(ctx)
	end()
	return r, errors.Join(err, <-ended)
}

// do opens the connections, publishes, waits, and compares.
func (m *measurement) do(ctx context.Context) (r Reading, err error) {
	base, err := m.target.Settled(ctx, m.settings.Calm)
	if err != nil {
		return r, err
	}
	if err := m.open(ctx); err != nil {
		return r, err
	}
	idle, err := m.target.Settled(ctx, m.settings.Calm)
	if err != nil {
		return r, err
	}
	publisher, err := traffic.Connect(ctx, m.target.Redis)
	if err != nil {
		return r, err
	}
	defer publisher.Close() //nolint:errcheck // nothing is left to be sent

	warm := make(chan moment, 1)
	m.began = time.Now()
	warming, warmed := context.WithCancel(ctx)
	defer warmed()
	go func() { warm <- m.at(warming, m.began.Add(warmUp)) }()
	out, err := publisher.Run(ctx, m.job.Traffic, traffic.Plan{
		Events: m.job.Events, Rate: m.settings.Rate,
		Shape: func(n int) int { return int(m.job.Shapes[n]) },
		Sending: func(from, to int, at time.Time) {
			for n := from; n < to; n++ {
				m.sent[n].Store(int64(at.Sub(m.began)))
			}
		},
	})
	if err != nil {
		return r, err
	}
	// The server has taken all events by now. What has come is what this CPU time was for.
	end, start := m.at(ctx, time.Now()), <-warm
	if err := errors.Join(start.err, end.err); err != nil {
		return r, err
	}
	came, took, cpu := float64(end.delivered-start.delivered), end.when.Sub(start.when).Seconds(), (end.server - start.server).Seconds()
	r.Share, r.PerEvent, r.Deliveries, r.Late = cpu/took, 1e6*cpu/came, came/took, out.Late
	r.Reached = min(float64(m.job.Events)/m.settings.Rate/end.when.Sub(m.began).Seconds(), 1)
	r.Others = max((end.machine-start.machine-(end.own-start.own)).Seconds()-cpu, 0) / took
	if err := m.settle(ctx); err != nil {
		return r, err
	}
	if err := m.judge(); err != nil {
		return r, err
	}
	after, err := m.target.Settled(ctx, m.settings.Calm)
	if err != nil {
		return r, err
	}
	connections := float64(len(m.connections))
	r.Idle, r.After = float64(idle.RSS-base.RSS)/connections, float64(after.RSS-base.RSS)/connections
	times := m.latencies.Times()
	r.P50, r.P99 = times.P50, times.P99
	r.EventBytes = float64(m.bytes.Load()) / float64(m.delivered.Load())
	r.FrameEvents = float64(m.delivered.Load()) / float64(m.frames.Load())
	return r, nil
}

// moment is what is known at one time.
type moment struct {
	when                 time.Time
	delivered            int64
	server, own, machine time.Duration // CPU time so far
	err                  error
}

// at waits for a time and looks.
func (m *measurement) at(ctx context.Context, when time.Time) moment {
	timer := time.NewTimer(time.Until(when))
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
		return moment{err: ctx.Err()}
	}
	// Of the kernel, and not of the server: one that is busy would answer late.
	cpu, _, err := m.target.Used()
	return moment{time.Now(), m.delivered.Load(), cpu, gauge.OwnCPU(), gauge.MachineCPU(), err}
}

// open opens all connections and waits until the server has confirmed what each wants.
func (m *measurement) open(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	ctx, fail := context.WithCancelCause(ctx)
	defer fail(nil)
	if err := gauge.Files(m.job.Users + 100); err != nil {
		return err
	}
	for user := range m.job.Users {
		m.connections = append(m.connections, &Connection{of: m, user: user, ready: make(chan struct{}), open: true, got: job.NewSet(m.job.Events)})
	}
	var next atomic.Int64
	var wg sync.WaitGroup
	for range dialsAtOnce {
		wg.Go(func() {
			for i := int(next.Add(1)) - 1; i < len(m.connections) && ctx.Err() == nil; i = int(next.Add(1)) - 1 {
				if err := m.connect(ctx, m.connections[i]); err != nil {
					fail(fmt.Errorf("connection %d of %d: %w", i, len(m.connections), err))
				}
			}
		})
	}
	wg.Wait()
	for _, s := range m.connections {
		select {
		case <-s.ready:
		case <-ctx.Done():
			return context.Cause(ctx)
		}
		s.mu.Lock()
		fault := s.fault
		s.mu.Unlock()
		if fault != "" {
			return errors.New(fault)
		}
	}
	return nil
}

// connect opens one connection and asks for its events.
func (m *measurement) connect(ctx context.Context, c *Connection) error {
	conn, err := m.swarm.Dial(ctx, swarm.How{}, c)
	if err != nil {
		return err
	}
	if err := m.dialect.send(conn, m.dialect.Hello(m.job, c.user)); err != nil {
		return err
	}
	return conn.Start()
}

// arrived notes an event's latency.
func (m *measurement) arrived(n int, at time.Time) {
	if n >= m.warm {
		m.latencies.Add(at.Sub(m.began)-time.Duration(m.sent[n].Load()), n)
	}
}

// settle waits until as many events have come as must, or none comes any more.
func (m *measurement) settle(ctx context.Context) error {
	want := int64(0)
	for _, s := range m.wants {
		want += int64(s.Len())
	}
	ticker := time.NewTicker(10 * time.Millisecond)
	defer ticker.Stop()
	began, since, seen := time.Now(), time.Now(), int64(0)
	for {
		now := m.delivered.Load()
		still := time.Since(since)
		if now >= want && still > extra || still > m.settings.Stillness || time.Since(began) > patience {
			return nil
		}
		if now != seen {
			seen, since = now, time.Now()
		}
		select {
		case <-ticker.C:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// RefusedError is a run that does not count, because a connection did not get what filter.Match says.
type RefusedError struct{ why string }

// Error says what was missing or too much.
func (e *RefusedError) Error() string { return e.why }

// judge compares every connection with what it must have got.
func (m *measurement) judge() error {
	missing, unexpected, twice, bad, expected := 0, 0, 0, 0, 0
	why := ""
	for user, s := range m.connections {
		s.mu.Lock()
		lacks, extra := m.wants[user].Without(s.got), s.got.Without(m.wants[user])
		expected += m.wants[user].Len()
		if lacks+extra+s.twice > 0 || s.fault != "" {
			bad++
			missing, unexpected, twice = missing+lacks, unexpected+extra, twice+s.twice
			if why == "" {
				why = s.fault
			}
		}
		s.mu.Unlock()
	}
	if bad == 0 && expected > 0 {
		return nil
	}
	text := fmt.Sprintf("%d of %d connections did not get what filter.Match says: of %d events %d are missing, %d were not wanted, %d came twice",
		bad, len(m.connections), expected, missing, unexpected, twice)
	if why != "" {
		text += "; " + why
	}
	return &RefusedError{text}
}
