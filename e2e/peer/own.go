package main

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"

	"tierboard/server/classify"
	"tierboard/server/hub"
	"tierboard/server/metrics"
	"tierboard/server/session"
)

// own is our delivery doing the job: classification, hub and sessions as the product has them, without Redis and archive.
type own struct {
	classifier *classify.Classifier
	hub        *hub.Hub
	stream     http.Handler
}

// remembered is how many events the hub keeps for sessions that come back. It is the memory of the feed and not of a
// connection, so it is small, and full before the first connection comes.
const remembered = 1024

// newOwn puts it together.
func newOwn(at setup) (*own, error) {
	classifier, err := newClassifier()
	if err != nil {
		return nil, err
	}
	m, log := metrics.New(), slog.New(slog.DiscardHandler)
	bounds := hub.DefaultConfig()
	bounds.RateLimit, bounds.Ring = 0, remembered
	bounds.Inbox = max(bounds.Inbox, remembered)
	if at.window > 0 {
		bounds.WindowMin, bounds.WindowMax = at.window, at.window
	}
	delivers, err := hub.New(bounds, m, log)
	if err != nil {
		return nil, err
	}
	limits := session.DefaultConfig()
	limits.MaxSessions = max(limits.MaxSessions, at.users)
	stream, err := session.New(limits, delivers, m, log)
	if err != nil {
		return nil, err
	}
	s := &own{classifier, delivers, stream}
	return s, s.fill(newJob(at.plan))
}

// fill publishes events that are not the job's, as many as are remembered.
func (s *own) fill(j *job) error {
	for i := range remembered {
		parts, err := message(j, j.events+i, i%j.traffic.Shapes())
		if err != nil {
			return err
		}
		if err := s.publish(context.Background(), parts[1], parts[2]); err != nil {
			return err
		}
	}
	return nil
}

// handler serves the WebSocket.
func (s *own) handler() http.Handler { return s.stream }

// run delivers.
func (s *own) run(ctx context.Context) error { return s.hub.Run(ctx) }

// publish classifies the text and hands its event to the hub.
func (s *own) publish(ctx context.Context, channel, text []byte) error {
	e, err := classified(s.classifier, channel, text)
	if err != nil {
		return err
	}
	accepted, err := s.hub.Publish(ctx, e)
	if err == nil && !accepted {
		err = fmt.Errorf("the hub takes %.200q for a copy", text)
	}
	return err
}
