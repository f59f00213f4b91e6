package rest

import (
	"cmp"
	"context"
	"encoding/json"
	"log/slog"
	"net/http"
	"testing"
	"time"

	"tierboard/server/calendar"
	"tierboard/server/gate"
	"tierboard/server/health"
	"tierboard/server/hub"
	"tierboard/server/metrics"
	"tierboard/server/rest/performance"
	"tierboard/server/rest/resttest"
	"tierboard/shared/event"
	"tierboard/shared/filter"
	"tierboard/shared/wire"
)

// memory is an archive and a library in memory.
type memory struct {
	resttest.Archive

	library resttest.Library
	tallies []performance.TierTally
	span    performance.Span // that performance was asked for last
}

// Break makes everything end with an error.
func (m *memory) Break(err error) {
	m.Archive.Break(err)
	m.library.Break(err)
}

func (m *memory) Performance(_ context.Context, s performance.Span) ([]performance.TierTally, error) {
	m.span = s
	return m.tallies, m.Fault()
}

// rig is a REST with everything behind it.
type rig struct {
	resttest.Caller

	hub     *hub.Hub
	memory  *memory
	rest    *REST
	tracker *health.Tracker
	m       *metrics.Metrics
	now     time.Time
	user    string
}

// setup are the parts of a rig that tests change.
type setup struct {
	ring      int
	noArchive bool
	change    func(*Config)
}

// start makes a rig; its hub runs until the test ends.
func start(t testing.TB, s setup) *rig {
	t.Helper()
	r := &rig{memory: &memory{}, m: metrics.New(), now: resttest.Friday, user: gate.LocalUser}
	log := slog.New(slog.DiscardHandler)
	r.hub = resttest.Hub(t, cmp.Or(s.ring, 4096), r.m)
	var err error
	market := calendar.NYSE()
	judge := health.Default()
	judge.Channels = []string{"tickstock.events.patterns"}
	if r.tracker, err = health.New(judge, market, resttest.Friday.Add(-6*time.Hour)); err != nil {
		t.Fatal(err)
	}
	g := resttest.Gate(t, func(c *gate.Config) {
		c.User = func(*http.Request) (string, error) { return r.user, nil }
	})
	cfg := Config{
		Hub: r.hub, Archive: r.memory, Library: &r.memory.library, Market: func() *calendar.Calendar { return market }, Health: r.tracker,
		Gate: g, PerMinute: 6000, ExportsPerMinute: 30, Now: func() time.Time { return r.now }, StreamsPerUser: 64, Version: "v1",
	}
	if s.noArchive {
		cfg.Archive = nil
	}
	if s.change != nil {
		s.change(&cfg)
	}
	if r.rest, err = New(cfg, r.m, log); err != nil {
		t.Fatal(err)
	}
	mux := http.NewServeMux()
	r.rest.Routes(mux)
	r.Caller = resttest.Caller{T: t, Handler: mux}
	return r
}

// publish gives events to the hub, which sets their positions.
func (r *rig) publish(events ...*event.Event) {
	r.T.Helper()
	resttest.Publish(r.T, r.hub, events...)
}

// settle waits until the hub's one shard has taken all that was published. Before that, part of what a new subscription
// replays comes as live events instead.
func (r *rig) settle() {
	r.T.Helper()
	ctx, stop := context.WithTimeout(context.Background(), 10*time.Second)
	defer stop()
	for taken := false; !taken; {
		s, err := r.hub.Open(ctx, wire.JSON)
		if err != nil {
			r.T.Fatal(err)
		}
		if err := s.Subscribe(ctx, "probe", []filter.Filter{{}}, nil); err != nil {
			r.T.Fatal(err)
		}
		f, err := s.Next(ctx)
		if err != nil {
			r.T.Fatal(err)
		}
		var told struct{ Seq uint64 }
		if err := json.Unmarshal(f.Bytes, &told); err != nil {
			r.T.Fatal(err)
		}
		taken = told.Seq == r.hub.Seq()
		s.Close()
	}
}
