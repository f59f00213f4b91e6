// Package own is our delivery doing the job: hub and sessions as the product has them, without Redis, archive and
// classification. It is the server, and says how a client talks with it.
//
// What it publishes was classified before, as the peers' events were: to compare delivery with delivery. All that the hub and the
// sessions do it does for each event and frame: checks for copies, numbers, links, encodes, remembers for who comes back, counts
// and measures, and pings.
//
// Of the settings three differ from the defaults: the limit of events per second and session, which the peers do not have, is
// off; the window may be fixed; and the hub remembers 1,024 events instead of 65,536, and those before the first connection
// comes, since they are the feed's memory and not a connection's.
package own

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"time"

	"tierboard/e2e/peer/job"
	"tierboard/server/hub"
	"tierboard/server/metrics"
	"tierboard/server/session"
	"tierboard/shared/event"
)

// Own is our delivery. Publish is for one goroutine.
type Own struct {
	job    *job.Job
	hub    *hub.Hub
	stream http.Handler
	shapes []*event.Event
	began  time.Time
}

// remembered is how many events the hub keeps for sessions that come back.
const remembered = 1024

// New puts it together. A window above 0 is fixed; with 0 the hub chooses it by itself.
func New(j *job.Job, window time.Duration) (*Own, error) {
	m, log := metrics.New(), slog.New(slog.DiscardHandler)
	bounds := hub.DefaultConfig()
	bounds.RateLimit, bounds.Ring = 0, remembered
	bounds.Inbox = max(bounds.Inbox, remembered)
	if window > 0 {
		bounds.WindowMin, bounds.WindowMax = window, window
	}
	delivers, err := hub.New(bounds, m, log)
	if err != nil {
		return nil, err
	}
	limits := session.DefaultConfig()
	limits.MaxSessions = max(limits.MaxSessions, j.Users)
	stream, err := session.New(limits, delivers, m, log)
	if err != nil {
		return nil, err
	}
	shapes, err := j.Ready()
	if err != nil {
		return nil, err
	}
	s := &Own{j, delivers, stream, shapes, time.Now()}
	for i := range remembered { // events that are not the job's
		if err := s.deliver(context.Background(), -1-i, i%len(shapes), j.Traffic.ID(j.Events+i)); err != nil {
			return nil, err
		}
	}
	return s, nil
}

// Handler serves the WebSocket.
func (s *Own) Handler() http.Handler { return s.stream }

// Run delivers until ctx ends.
func (s *Own) Run(ctx context.Context) error { return s.hub.Run(ctx) }

// Publish hands the event that a text of the producer is about to the hub.
func (s *Own) Publish(ctx context.Context, _, text []byte) error {
	n, id, err := s.job.Number(text)
	if err != nil {
		return err
	}
	return s.deliver(ctx, n, int(s.job.Shapes[n]), string(id))
}

// errCopy is what an event gives that the hub has seen before.
var errCopy = errors.New("the hub takes an event for a copy")

// deliver hands event n of a shape to the hub, as if it had just come.
func (s *Own) deliver(ctx context.Context, n, shape int, id string) error {
	e := *s.shapes[shape]
	if e.Combo != nil { // the hub writes into its links
		combo := *e.Combo
		if combo.Setup != nil {
			setup := *combo.Setup
			combo.Setup = &setup
		}
		if combo.Trigger != nil {
			trigger := *combo.Trigger
			combo.Trigger = &trigger
		}
		e.Combo = &combo
	}
	now := time.Now().UTC()
	e.ID, e.Seq, e.PublishedAt, e.ReceivedAt = id, 0, now, now
	// No two alike, or they would be copies, and all in the past.
	e.DetectedAt = s.began.Add(time.Duration(n-s.job.Events) * time.Millisecond).UTC()
	accepted, err := s.hub.Publish(ctx, &e)
	if err == nil && !accepted {
		err = fmt.Errorf("event %s: %w", id, errCopy)
	}
	return err
}
