package load

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"time"

	"tierboard/server/load/gauge"
	"tierboard/server/load/ledger"
	"tierboard/server/load/report"
	"tierboard/server/load/scenario"
	"tierboard/server/load/swarm"
	"tierboard/server/load/target"
	"tierboard/server/load/traffic"
	"tierboard/shared/api"
	"tierboard/shared/filter"
	"tierboard/shared/wire"
)

const (
	probes      = 50   // quiet sessions
	probeRate   = 50.0 // events a second for all of them
	mostShapes  = 8192
	perSource   = 5000 // connections from one source address; the kernel has some 28,000 ports for each
	dialsAtOnce = 32
	warmUp      = time.Second
	pause       = 500 * time.Microsecond // between two looks at the sockets of ordinary users
)

// measurement is one run of a scenario.
type measurement struct {
	cfg     *Config
	s       scenario.Scenario
	target  *target.Target
	swarm   *swarm.Swarm
	traffic *traffic.Traffic
	clients []*client
	rate    float64 // of events, probes included
	every   int     // every so many events one is a probe's
	warm    int     // the first event that counts for latency

	shapes   []int32 // by event
	book     *ledger.Book
	sent     []atomic.Int64 // by event: when, in ns since began
	began    time.Time
	window   float64         // the longest that was in force, in ms; of who watches it until that has ended
	storming atomic.Bool     // guests are connecting
	stormed  float64         // how many of them a second
	storm    gauge.Histogram // live meanwhile
	live     gauge.Histogram
	quiet    gauge.Histogram
	scans    sync.Pool
}

// measure runs the scenario once on a target; stuck is the share of users that stop to read.
func measure(ctx context.Context, cfg *Config, s scenario.Scenario, t *target.Target, stuck float64) (*report.Run, error) {
	m := &measurement{cfg: cfg, s: s, target: t}
	m.scans.New = func() any { return &wire.Scan{} }
	m.plan(stuck)
	var err error
	m.swarm, err = swarm.New(swarm.Config{Addr: t.Addr, Path: api.PathWebSocket, Protocol: wire.MsgPackProtocol, Pause: pause})
	if err != nil {
		return nil, err
	}
	reading, endReading := context.WithCancel(context.WithoutCancel(ctx))
	ended := make(chan error, 1)
	go func() { ended <- m.swarm.Run(reading) }()
	run, err := m.do(ctx)
	endReading()
	return run, errors.Join(err, <-ended)
}

// plan invents market, users and events.
func (m *measurement) plan(stuck float64) {
	s, seed := m.s, m.cfg.Seed
	length := s.Length.Seconds()
	shapes := int(max(s.Rate, s.PerUser*200) * length)
	if s.Idle {
		shapes = 1000
	}
	m.traffic = traffic.New(traffic.Config{
		Seed: seed, Run: rand.Uint64(), Shapes: min(max(shapes, 1000), mostShapes), Probes: probes, //nolint:gosec // tells runs apart
	})
	rng := rand.New(rand.NewPCG(seed, 2)) //nolint:gosec // invents users
	var filters [][]filter.Filter         // by client
	for i := range s.Users {
		m.clients = append(m.clients, &client{run: m, number: i, ready: make(chan struct{}, 1)})
		filters = append(filters, m.traffic.Filters(rng))
	}
	rate := s.Rate
	if s.PerUser > 0 {
		rate = m.rateFor(s.PerUser, filters) + probeRate
	}
	for i := range int(float64(s.Users)*stuck + 0.5) {
		c := m.clients[i*len(m.clients)/int(float64(s.Users)*stuck+0.5)]
		c.stuck = true
		wide := filters[c.number][0]
		wide.Symbols, wide.Patterns, wide.Tiers = nil, nil, nil // nearly everything, to fill its queue soon
		filters[c.number] = []filter.Filter{wide}
	}
	for i := range probes {
		m.clients = append(m.clients, &client{run: m, number: s.Users + i, quiet: true, ready: make(chan struct{}, 1)})
		filters = append(filters, m.traffic.Probe(i))
	}
	m.rate = max(rate, probeRate)
	m.every = max(int(m.rate/probeRate+0.5), 1)
	m.warm = int(m.rate * min(warmUp.Seconds(), length/2))
	n := int(m.rate * length)
	m.shapes, m.sent = make([]int32, n), make([]atomic.Int64, n)
	m.book = ledger.New(m.traffic, m.shapes, m.arrived)
	ordinary := m.traffic.Shapes() - probes
	for i := range m.shapes {
		if i%m.every == 0 {
			m.shapes[i] = int32(ordinary + i/m.every%probes) //nolint:gosec // small
		} else {
			m.shapes[i] = int32(rng.IntN(ordinary)) //nolint:gosec // small
		}
	}
	for i, c := range m.clients {
		c.account = m.book.Open(i, filters[i])
	}
}

// rateFor returns how many events a second must be published for a user to get so many on average, no user more than the
// limit of the server's default.
func (m *measurement) rateFor(perUser float64, filters [][]filter.Filter) float64 {
	const limit, sample = 100, 1000
	all := ledger.New(m.traffic, nil, nil)
	shares := make([]float64, len(filters))
	for i, f := range filters {
		wants := all.Wants(f)
		for n := range sample {
			shares[i] += float64(wants[n/64]>>(n%64)&1) / sample
		}
	}
	low, high := 1.0, 50_000.0
	for range 40 {
		rate := (low + high) / 2
		got := 0.0
		for _, share := range shares {
			got += min(share*rate, limit)
		}
		if got < perUser*float64(len(shares)) {
			low = rate
		} else {
			high = rate
		}
	}
	return high
}

// do runs the plan.
func (m *measurement) do(ctx context.Context) (*report.Run, error) {
	run := &report.Run{Users: m.s.Users, Rate: m.rate}
	for _, c := range m.clients {
		if c.stuck {
			run.Stuck++
		}
	}
	publisher, err := traffic.Connect(ctx, m.target.Redis)
	if err != nil {
		return nil, err
	}
	defer publisher.Close() //nolint:errcheck // nothing is left to be sent
	m.cfg.say("reading the server's memory")
	base, err := m.target.Settled(ctx, m.cfg.memory(3*time.Second))
	if err != nil {
		return nil, err
	}
	m.cfg.say("opening %d sessions", len(m.clients))
	began := time.Now()
	if err := m.open(ctx); err != nil {
		return nil, err
	}
	run.Connects = float64(len(m.clients)) / time.Since(began).Seconds()
	wait := 3 * time.Second
	if m.s.Idle {
		wait = 20 * time.Second
	}
	connected, err := m.target.Settled(ctx, m.cfg.memory(wait))
	if err != nil {
		return nil, err
	}
	sessions := float64(len(m.clients))
	run.RSSPerSession = float64(connected.RSS-base.RSS) / sessions
	run.UsePerSession = float64(connected.InUse-base.InUse) / sessions
	run.Goroutines = connected.Goroutines

	m.cfg.say("publishing %.0f events a second for %v", m.rate, m.s.Length)
	start, err := m.target.Read(ctx, false)
	if err != nil {
		return nil, err
	}
	ownStart, allStart := gauge.OwnCPU(), gauge.MachineCPU()
	out, err := m.publish(ctx, publisher)
	if err != nil {
		return nil, err
	}
	run.Published, run.Seconds, run.Late = out.Sent, out.Took.Seconds(), float64(out.Late)/float64(time.Millisecond)
	own, all := gauge.OwnCPU()-ownStart, gauge.MachineCPU()-allStart
	end, err := m.target.Read(ctx, false)
	if err != nil {
		return nil, err
	}
	soFar := m.book.Seen()
	m.cfg.say("waiting for the last events")
	if run.Exact, err = m.settle(ctx, out, start); err != nil {
		return nil, err
	}
	if end, err = m.finish(ctx, run, start, end, soFar, own); err != nil {
		return nil, err
	}
	settled, err := m.target.Settled(ctx, m.cfg.memory(3*time.Second))
	if err != nil {
		return nil, err
	}
	run.RSSAfterLoad = float64(settled.RSS-base.RSS) / sessions
	run.Exact.Unheard = out.Unheard
	run.OthersCPU = max((all-own).Seconds()/run.Seconds-run.CPUShare, 0)
	if run.OthersCPU > 0.5 {
		run.Notes = append(run.Notes, fmt.Sprintf("other processes took %.1f cores meanwhile: times are not the server's alone", run.OthersCPU))
	}
	m.accounts(run, start, end)
	if m.s.Archive {
		m.cfg.say("waiting for the archive")
		if err := m.drain(ctx, run, start); err != nil {
			return nil, err
		}
	}
	run.WindowMS = m.window
	run.Live, run.Quiet, run.Storm, run.StormConnects = m.live.Times(), m.quiet.Times(), m.storm.Times(), m.stormed
	if run.Late > 20 {
		run.Notes = append(run.Notes, fmt.Sprintf("the publisher was up to %.0f ms late: the machine is busy", run.Late))
	}
	if asked := float64(run.Published) / m.rate; run.Seconds > 1.05*asked {
		run.Notes = append(run.Notes, fmt.Sprintf("publishing took %.1f s instead of %.1f s: the rate was not reached", run.Seconds, asked))
	}
	return run, nil
}

// finish computes what the server's numbers say; CPU time is taken at the end of publishing, the rest now.
func (m *measurement) finish(ctx context.Context, run *report.Run, start, end target.Numbers, events int64, own time.Duration) (target.Numbers, error) {
	last, err := m.target.Read(ctx, false)
	if err != nil {
		return last, err
	}
	match := last.Histogram(start, "tierboard_match_seconds")
	run.Matches = match.Count()
	run.MatchMean = report.Number(1e6 * match.Sum / match.Count())
	run.MatchP50, run.MatchP99, run.MatchMax = report.Number(1e6*match.Quantile(.5)), report.Number(1e6*match.Quantile(.99)), report.Number(1e6*match.Max())
	run.OutboxMost = report.Number(last.Histogram(start, "tierboard_outbox_bytes").Max())
	run.CutTooSlow = int(last.Sum(start, "tierboard_sessions_closed_total", `reason="too_slow"`))
	frames, received := 0, 0
	for _, c := range m.clients {
		c.mu.Lock()
		frames += c.account.Frames()
		received += c.account.Received()
		c.mu.Unlock()
	}
	run.Frames, run.Events = float64(frames)/run.Seconds, float64(received)/run.Seconds
	cpu := end.CPU - start.CPU
	run.CPUShare = cpu.Seconds() / run.Seconds
	if arrived := float64(events - int64(run.Exact.Told)); arrived > 0 && received > 0 {
		run.CPUPerEvent = float64(cpu.Microseconds()) / arrived
		run.ClientPerEvent = float64(own.Microseconds()) / arrived
	}
	return last, nil
}

// accounts compares what was published with what the server says it did with it.
func (m *measurement) accounts(run *report.Run, start, end target.Numbers) {
	x := &run.Exact
	x.LostInside = int(end.Sum(start, "tierboard_ingest_dropped_total"))
	accepted := int(end.Sum(start, "tierboard_events_accepted_total"))
	x.Unaccepted = max(run.Published-accepted, 0)
	if x.LostInside+x.Unaccepted > 0 {
		x.Faults = append(x.Faults, fmt.Sprintf("the server accepted %d of %d events; its queue dropped %d, %v were rejects and %v copies", accepted, run.Published,
			x.LostInside, end.Sum(start, "tierboard_ingest_rejects_total"), end.Sum(start, "tierboard_ingest_messages_total", `result="duplicate"`)))
	}
	if accepted > run.Published {
		run.Notes = append(run.Notes, fmt.Sprintf("another producer published %d events meanwhile", accepted-run.Published))
	}
}

// publish publishes the plan, while churn and storm disturb the clients, and somebody watches the window.
func (m *measurement) publish(ctx context.Context, p *traffic.Publisher) (traffic.Outcome, error) {
	disturbed, calm := context.WithCancel(ctx)
	defer calm()
	var wg sync.WaitGroup
	wg.Go(func() { m.disturb(disturbed) })
	wg.Go(func() { m.watch(disturbed) })
	var stormy error
	wg.Go(func() { stormy = m.storms(ctx) })
	m.began = time.Now()
	out, err := p.Run(ctx, m.traffic, traffic.Plan{
		Events: len(m.shapes), Rate: m.rate,
		Shape: func(n int) int { return int(m.shapes[n]) },
		Sending: func(from, to int, at time.Time) {
			ns := int64(at.Sub(m.began))
			for n := from; n < to; n++ {
				m.sent[n].Store(ns)
			}
		},
	})
	calm()
	wg.Wait()
	return out, errors.Join(err, stormy)
}

// watch notes the longest window that is in force until ctx ends.
func (m *measurement) watch(ctx context.Context) {
	ticker := time.NewTicker(m.cfg.waits(time.Second))
	defer ticker.Stop()
	for {
		if ms, err := m.target.Window(ctx); err == nil {
			m.window = max(m.window, ms)
		}
		select {
		case <-ticker.C:
		case <-ctx.Done():
			return
		}
	}
}

// arrived notes an event's latency, unless it was sent while the server warmed up.
func (m *measurement) arrived(session, n int, at time.Time) {
	if n < m.warm {
		return
	}
	d := at.Sub(m.began) - time.Duration(m.sent[n].Load())
	switch {
	case m.clients[session].quiet:
		m.quiet.Add(d, session)
	case m.storming.Load():
		m.storm.Add(d, session)
	default:
		m.live.Add(d, session)
	}
}

// compare compares every session that reads with the oracle.
func (m *measurement) compare(sent int) ledger.Exactness {
	accounts := make([]*ledger.Account, len(m.clients))
	for i, c := range m.clients {
		if !c.stuck {
			accounts[i] = c.account
		}
	}
	return m.book.Compare(accounts, func(i int) sync.Locker { return &m.clients[i].mu }, sent)
}

// settle waits until everything has come, or nothing comes any more, and returns the comparison.
func (m *measurement) settle(ctx context.Context, out traffic.Outcome, start target.Numbers) (ledger.Exactness, error) {
	quiet, enough := 500*time.Millisecond, m.cfg.waits(6*time.Second)
	ticker := time.NewTicker(100 * time.Millisecond)
	defer ticker.Stop()
	seen, since := int64(-1), time.Now()
	var x ledger.Exactness
	judged := int64(-1)
	for {
		if now := m.book.Seen(); now != seen {
			seen, since = now, time.Now()
		}
		still := time.Since(since)
		if still >= quiet && seen != judged {
			n, err := m.target.Read(ctx, false)
			if err != nil {
				return x, err
			}
			busy := int(n.Sum(start, "tierboard_events_accepted_total")) < out.Sent && n.Sum(target.Numbers{}, "tierboard_ingest_queue_messages") > 0
			if !busy && m.settledAll() {
				x, judged = m.compare(out.Sent), seen
				if x.OK() {
					return x, nil
				}
			}
		}
		if still > enough && m.settledAll() || still > 5*enough {
			return m.compare(out.Sent), nil
		}
		select {
		case <-ticker.C:
		case <-ctx.Done():
			return x, ctx.Err()
		}
	}
}

// settledAll reports whether no client waits for an answer.
func (m *measurement) settledAll() bool {
	for _, c := range m.clients {
		if !c.stuck && !c.settled() {
			return false
		}
	}
	return true
}
