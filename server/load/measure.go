package load

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"time"

	"tierboard/server/load/swarm"
	"tierboard/server/load/target"
	"tierboard/server/load/traffic"
	"tierboard/shared/api"
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
	s       scenario
	target  *target.Target
	swarm   *swarm.Swarm
	traffic *traffic.Traffic
	clients []*client
	rate    float64 // of events, probes included
	every   int     // every so many events one is a probe's
	warm    int     // the first event that counts for latency

	shapes    []int32         // by event
	positions []atomic.Uint64 // by event: its seq, once somebody got it
	sent      []atomic.Int64  // by event: when, in ns since began
	began     time.Time
	window    atomic.Int64 // the window that the server announced last, in ms
	delivered atomic.Int64 // events received or told, to see whether anything still comes
	live      histogram
	quiet     histogram
	scans     sync.Pool
}

// Run is what one run found.
type Run struct {
	Users     int       `json:"users"`
	Stuck     int       `json:"stuck"`
	Published int       `json:"published"`
	Rate      float64   `json:"published_per_second"`
	Late      float64   `json:"publisher_late_ms"` // at worst
	Seconds   float64   `json:"seconds"`
	WindowMS  int       `json:"window_ms"` // announced by the server
	Exact     Exactness `json:"exact"`

	Live  Times `json:"live"`  // publish to client
	Quiet Times `json:"quiet"` // the same for sessions that got nothing for a second

	MatchMean Number  `json:"match_mean_us"`
	MatchP50  Number  `json:"match_p50_us"`
	MatchP99  Number  `json:"match_p99_us"`
	MatchMax  Number  `json:"match_max_us"` // an upper bound
	Matches   float64 `json:"matches"`

	Frames         float64  `json:"frames_per_second"`
	Events         float64  `json:"events_per_second"` // delivered, all sessions together
	CPUPerEvent    float64  `json:"server_cpu_us_per_event"`
	CPUShare       float64  `json:"server_cpu_cores"`
	OthersCPU      float64  `json:"others_cpu_cores"` // all other processes, Redis among them
	ClientPerEvent float64  `json:"client_cpu_us_per_event"`
	RSSPerSession  float64  `json:"rss_bytes_per_session"`
	UsePerSession  float64  `json:"in_use_bytes_per_session"` // heap and stacks
	Goroutines     int      `json:"goroutines"`
	Connects       float64  `json:"connects_per_second"`
	CutTooSlow     int      `json:"cut_too_slow"`
	Notes          []string `json:"notes,omitempty"`
}

// measure runs the scenario once on a target; stuck is the share of users that stop to read.
func measure(ctx context.Context, cfg *Config, s scenario, t *target.Target, stuck float64) (*Run, error) {
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
	length := s.length.Seconds()
	shapes := int(max(s.rate, s.perUser*200) * length)
	if s.idle {
		shapes = 1000
	}
	m.traffic = traffic.New(traffic.Config{
		Seed: seed, Run: rand.Uint64(), Shapes: min(max(shapes, 1000), mostShapes), Probes: probes, //nolint:gosec // tells runs apart
	})
	rng := rand.New(rand.NewPCG(seed, 2)) //nolint:gosec // invents users
	for i := range s.users {
		c := &client{run: m, number: i, filters: m.traffic.Filters(rng), ready: make(chan struct{}, 1)}
		m.clients = append(m.clients, c)
	}
	rate := s.rate
	if s.perUser > 0 {
		rate = m.rateFor(s.perUser) + probeRate
	}
	for i := range int(float64(s.users)*stuck + 0.5) {
		c := m.clients[i*len(m.clients)/int(float64(s.users)*stuck+0.5)]
		c.stuck = true
		c.filters = append(c.filters[:0:0], c.filters[0])
		c.filters[0].Symbols, c.filters[0].Patterns, c.filters[0].Tiers = nil, nil, nil // nearly everything, to fill its queue soon
	}
	for i := range probes {
		c := &client{run: m, number: s.users + i, quiet: true, filters: m.traffic.Probe(i), ready: make(chan struct{}, 1)}
		m.clients = append(m.clients, c)
	}
	m.rate = max(rate, probeRate)
	m.every = max(int(m.rate/probeRate+0.5), 1)
	m.warm = int(m.rate * min(warmUp.Seconds(), length/2))
	n := int(m.rate * length)
	m.shapes, m.positions, m.sent = make([]int32, n), make([]atomic.Uint64, n), make([]atomic.Int64, n)
	ordinary := m.traffic.Shapes() - probes
	for i := range m.shapes {
		if i%m.every == 0 {
			m.shapes[i] = int32(ordinary + i/m.every%probes) //nolint:gosec // small
		} else {
			m.shapes[i] = int32(rng.IntN(ordinary)) //nolint:gosec // small
		}
	}
	for _, c := range m.clients {
		c.got = make([]uint64, (n+63)/64)
	}
}

// rateFor returns how many events a second must be published for a user to get so many on average, no user more than the
// limit of the server's default.
func (m *measurement) rateFor(perUser float64) float64 {
	const limit, sample = 100, 1000
	shares := make([]float64, len(m.clients))
	for i, c := range m.clients {
		wants := m.wants(c.filters)
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
func (m *measurement) do(ctx context.Context) (*Run, error) {
	run := &Run{Users: m.s.users, Rate: m.rate}
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
	if m.s.idle {
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

	m.cfg.say("publishing %.0f events a second for %v", m.rate, m.s.length)
	start, err := m.target.Read(ctx, false)
	if err != nil {
		return nil, err
	}
	ownStart, allStart := ownCPU(), machineCPU()
	out, err := m.publish(ctx, publisher)
	if err != nil {
		return nil, err
	}
	run.Published, run.Seconds, run.Late = out.Sent, out.Took.Seconds(), float64(out.Late)/float64(time.Millisecond)
	own, all := ownCPU()-ownStart, machineCPU()-allStart
	end, err := m.target.Read(ctx, false)
	if err != nil {
		return nil, err
	}
	soFar := m.delivered.Load()
	m.cfg.say("waiting for the last events")
	if run.Exact, err = m.settle(ctx, out, start); err != nil {
		return nil, err
	}
	if end, err = m.finish(ctx, run, start, end, soFar, own); err != nil {
		return nil, err
	}
	run.Exact.Unheard = out.Unheard
	run.OthersCPU = max((all-own).Seconds()/run.Seconds-run.CPUShare, 0)
	if run.OthersCPU > 0.5 {
		run.Notes = append(run.Notes, fmt.Sprintf("other processes took %.1f cores meanwhile: times are not the server's alone", run.OthersCPU))
	}
	m.accounts(run, start, end)
	run.WindowMS = int(m.window.Load())
	run.Live, run.Quiet = m.live.times(), m.quiet.times()
	if run.Late > 20 {
		run.Notes = append(run.Notes, fmt.Sprintf("the publisher was up to %.0f ms late: the machine is busy", run.Late))
	}
	if asked := float64(run.Published) / m.rate; run.Seconds > 1.05*asked {
		run.Notes = append(run.Notes, fmt.Sprintf("publishing took %.1f s instead of %.1f s: the rate was not reached", run.Seconds, asked))
	}
	return run, nil
}

// finish computes what the server's numbers say; CPU time is taken at the end of publishing, the rest now.
func (m *measurement) finish(ctx context.Context, run *Run, start, end target.Numbers, events int64, own time.Duration) (target.Numbers, error) {
	last, err := m.target.Read(ctx, false)
	if err != nil {
		return last, err
	}
	match := last.Histogram(start, "tierboard_match_seconds")
	run.Matches = match.Count()
	run.MatchMean = Number(1e6 * match.Sum / match.Count())
	run.MatchP50, run.MatchP99, run.MatchMax = Number(1e6*match.Quantile(.5)), Number(1e6*match.Quantile(.99)), Number(1e6*match.Max())
	run.CutTooSlow = int(last.Sum(start, "tierboard_sessions_closed_total", `reason="too_slow"`))
	frames, received := 0, 0
	for _, c := range m.clients {
		c.mu.Lock()
		frames += c.frames
		received += c.received
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
func (m *measurement) accounts(run *Run, start, end target.Numbers) {
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

// publish publishes the plan, while churn disturbs the clients.
func (m *measurement) publish(ctx context.Context, p *traffic.Publisher) (traffic.Outcome, error) {
	disturbed, calm := context.WithCancel(ctx)
	var wg sync.WaitGroup
	wg.Go(func() { m.disturb(disturbed) })
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
	return out, err
}

// arrived notes an event's latency.
func (m *measurement) arrived(n int, at time.Time, c *client) {
	d := at.Sub(m.began) - time.Duration(m.sent[n].Load())
	if c.quiet {
		m.quiet.add(d, c.number)
	} else {
		m.live.add(d, c.number)
	}
}

// settle waits until everything has come, or nothing comes any more, and returns the comparison.
func (m *measurement) settle(ctx context.Context, out traffic.Outcome, start target.Numbers) (Exactness, error) {
	quiet, enough := 500*time.Millisecond, m.cfg.waits(6*time.Second)
	ticker := time.NewTicker(100 * time.Millisecond)
	defer ticker.Stop()
	seen, since := int64(-1), time.Now()
	var x Exactness
	judged := int64(-1)
	for {
		if now := m.delivered.Load(); now != seen {
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
