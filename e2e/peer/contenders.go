package main

import (
	"context"
	"fmt"
	"io"
	"os"

	"tierboard/e2e"
	"tierboard/e2e/peer/emit"
	"tierboard/e2e/peer/job"
	"tierboard/e2e/peer/own"
	"tierboard/e2e/peer/report"
	"tierboard/e2e/peer/rival"
	"tierboard/e2e/peer/serve"
	"tierboard/server/load/target"
)

// What is promised, where package e2e has no constant of its own: each is the most that the ratio of ours to the peer's may be.
const (
	eventCPUTags     = 0.25  // CPU time for an event, when events wait as long for company
	adaptiveP99      = 0.75  // our window as it chooses it, the peer without delay
	adaptiveEventCPU = 0.6   // the same
	memoryChannels   = 0.5   // of a connection, after load
	emitEventCPU     = 0.125 // CPU time for an event beside the architecture that the product replaces
)

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

// delivery is the kind of server that is our delivery; the others are the peer's models.
const delivery = "delivery"

// besideCentrifuge is the comparison with the library.
func besideCentrifuge(s settings, progress io.Writer) *bench {
	b := newBench(s, s.users, s.rate, progress)
	window, delay := fmt.Sprintf("window %v", s.window), fmt.Sprintf("delay %v", s.delay)
	b.enter("centrifuge, channels, "+delay, rival.Dialect(), string(rival.ByChannel), s.delay)
	b.enter("centrifuge, channels, no delay", rival.Dialect(), string(rival.ByChannel), 0)
	b.enter("centrifuge, tags, "+delay, rival.Dialect(), string(rival.ByTags), s.delay)
	b.enter("our delivery, "+window, own.Dialect(), delivery, s.window)
	b.enter("our delivery, adaptive window", own.Dialect(), delivery, 0)
	b.contenders = append(b.contenders, contender{
		"our whole server, " + window, own.Dialect(),
		func(ctx context.Context) (*target.Target, func() error, error) { return startWhole(ctx, &s) },
	})
	const cpu = "CPU per delivered event: "
	same := fmt.Sprintf(", %s to %s", window, delay)
	b.rows = []report.Row{
		{Name: cpu + "our delivery / channels" + same, Most: e2e.EventCPUCentrifuge, Ours: oursFixed, To: channelsDelayed, Value: report.PerEvent},
		{Name: cpu + "our delivery / tags" + same, Most: eventCPUTags, Ours: oursFixed, To: tagsDelayed, Value: report.PerEvent},
		{Name: "p99: ours adaptive / channels without delay", Most: adaptiveP99, Ours: oursAdaptive, To: channelsAtOnce, Value: report.P99},
		{Name: cpu + "ours adaptive / channels without delay", Most: adaptiveEventCPU, Ours: oursAdaptive, To: channelsAtOnce, Value: report.PerEvent},
		{
			Name: "memory per connection: ours after load / idle", Most: e2e.SessionMemoryAfterLoad, Ours: oursFixed, To: oursFixed,
			Value: report.After, Reference: report.Idle,
		},
		{Name: "memory per connection after load: ours / channels", Most: memoryChannels, Ours: oursFixed, To: channelsDelayed, Value: report.After},
		{Name: cpu + "our whole server / channels" + same, Ours: wholeFixed, To: channelsDelayed, Value: report.PerEvent},
		{Name: cpu + "our whole server / tags" + same, Ours: wholeFixed, To: tagsDelayed, Value: report.PerEvent},
	}
	return b
}

// besideEmits is the comparison with the architecture that the product replaces, with one load.
func besideEmits(s settings, l load, progress io.Writer) *bench {
	b := newBench(s, l.users, l.rate, progress)
	b.contenders = []contender{{"Flask-SocketIO, emit for each user", emit.Dialect(), func(ctx context.Context) (*target.Target, func() error, error) {
		return emit.Start(ctx, b.job)
	}}}
	b.enter(fmt.Sprintf("our delivery, window %v", s.window), own.Dialect(), delivery, s.window)
	b.rows = []report.Row{{
		Name: fmt.Sprintf("CPU per delivered event, %d users: our delivery / Flask-SocketIO, one emit for each user", l.users),
		Most: emitEventCPU, Ours: oursFew, To: emitEach, Value: report.PerEvent,
	}}
	return b
}

// startWhole starts our server, with a Redis of its own.
func startWhole(ctx context.Context, s *settings) (*target.Target, func() error, error) {
	window := s.window.String()
	for name, value := range map[string]string{
		"TIERBOARD_RATE_LIMIT": "0", "TIERBOARD_WINDOW_MIN": window, "TIERBOARD_WINDOW_MAX": window,
	} {
		if err := os.Setenv(name, value); err != nil {
			return nil, nil, fmt.Errorf("environment: %w", err)
		}
	}
	t, err := target.Open(ctx, target.Config{Binary: s.binary, Sessions: s.users})
	if err != nil {
		return nil, nil, err
	}
	return t, t.Close, nil
}

// newServer returns the server that a process is to be.
func newServer(s serve.Setup) (serve.Server, error) {
	j := job.New(s.Plan)
	switch s.Kind {
	case delivery:
		return own.New(j, s.Window)
	case string(rival.ByChannel), string(rival.ByTags):
		return rival.New(j, rival.Model(s.Kind), s.Window)
	}
	return nil, fmt.Errorf("-kind: %q is none", s.Kind)
}
