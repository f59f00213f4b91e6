package daemon

import (
	"context"
	"sync"
	"time"

	"tierboard/server/health"
	"tierboard/shared/wire"
)

// How often the state of the feed is looked at, and told when nothing changed.
const (
	statusCheck = time.Second
	statusEvery = 15 * time.Second
)

// feed is the tracker that ingest tells everything, with a bell for what sessions should hear at once.
type feed struct {
	*health.Tracker

	changed chan struct{} // 1 token: the connection came or went
	first   chan struct{} // closed when the feed is connected for the first time
	once    sync.Once
}

func newFeed(t *health.Tracker) *feed {
	return &feed{Tracker: t, changed: make(chan struct{}, 1), first: make(chan struct{})}
}

// Ingest tells the tracker and rings the bell.
func (f *feed) Ingest(connected bool, at time.Time) {
	f.Tracker.Ingest(connected, at)
	if connected {
		f.once.Do(func() { close(f.first) })
	}
	select {
	case f.changed <- struct{}{}:
	default:
	}
}

// status returns the frame that tells the state of the feed now.
func (f *feed) status() *wire.Status { return statusOf(f.Report(time.Now())) }

// statusOf turns a report into a frame.
func statusOf(r health.Report) *wire.Status {
	s := &wire.Status{Ingest: r.Summary().Ingest, Tiers: make(map[string]wire.TierStatus, len(r.Tiers))}
	for name, t := range r.Tiers {
		s.Tiers[name] = wire.TierStatus{State: string(t.Status), Reason: t.Reason, LastEventAt: t.LastEventAt}
	}
	s.Market = &wire.Market{
		Session: r.Market.Session, SessionDate: r.Market.SessionDate, Holiday: r.Market.HolidayName,
		EarlyClose: r.Market.EarlyClose, ClosesAt: r.Market.ClosesAt, NextOpen: r.Market.NextOpen,
	}
	return s
}

// tell calls broadcast when the state changes, and every statusEvery when it does not, until ctx ends. Ages and reasons
// change all the time and are no change.
func (f *feed) tell(ctx context.Context, broadcast func(wire.Frame)) {
	ticker := time.NewTicker(statusCheck)
	defer ticker.Stop()
	var told health.Summary
	var session string
	var last time.Time
	for {
		now := time.Now()
		r := f.Report(now)
		if s := r.Summary(); !s.Equal(told) || r.Market.Session != session || now.Sub(last) >= statusEvery {
			told, session, last = s, r.Market.Session, now
			broadcast(statusOf(r))
		}
		select {
		case <-ticker.C:
		case <-f.changed:
		case <-ctx.Done():
			return
		}
	}
}
