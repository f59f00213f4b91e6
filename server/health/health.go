// Package health judges the freshness of the feed: whether each tier's events arrive as they should at this
// hour of this trading day, and says so in one word and one sentence.
//
// A Tracker is told what happened and when (EventAccepted, Ingest, Heartbeat, ProducerHealth, SessionEdge,
// Delivery) and answers Report(now). It reads no clock and does no I/O; every time is an argument.
//
// Packages freshness, producer and delivery know the rules; this one remembers who is connected, and finds the first cause of what
// is wrong.
//
// # Decisions
//
// A missing heartbeat is not an error, and a late one is none either while events flow: the heartbeat is
// written by one part of the producer and the events by another. It is told in the reason of a silent tier.
package health

import (
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"tierboard/server/calendar"
	"tierboard/server/health/delivery"
	"tierboard/server/health/freshness"
	"tierboard/server/health/producer"
)

// maxReconnects bounds the reconnects remembered for the count of 24 hours; a feed that flaps more often
// than this shows as this many.
const maxReconnects = 256

// Tracker keeps what is needed to judge the feed, in bounded memory. It is safe for concurrent use. Make one
// with New.
type Tracker struct {
	cfg Config

	mu       sync.Mutex // guards everything below
	market   *calendar.Calendar
	tiers    map[string]*freshness.Tier
	ingest   ingestState
	beat     time.Time // the producer's last heartbeat; zero when there is none
	producer *producer.Sessions
	delivery delivery.Judgement
}

// ingestState is what a Tracker remembers of the connection to the feed.
type ingestState struct {
	connected   bool
	since       time.Time // of the present state; zero before the first word from ingest
	everUp      bool
	reconnects  []time.Time // at most maxReconnects, oldest first
	lastMessage time.Time
	faults      map[string]string // why a stream cannot be read, by its name
}

// New returns a Tracker that was started at start; until Ingest says otherwise the feed is not connected.
// It returns an error that names each bad setting. The market calendar must not be nil.
func New(cfg Config, market *calendar.Calendar, start time.Time) (*Tracker, error) {
	if err := cfg.Validate(); err != nil {
		return nil, fmt.Errorf("health settings: %w", err)
	}
	if market == nil {
		return nil, errors.New("health: a market calendar is needed")
	}
	t := &Tracker{
		cfg: cfg, market: market, tiers: make(map[string]*freshness.Tier, len(cfg.Tiers)),
		producer: producer.New(cfg.HoldSample, cfg.SampleFreshFor),
	}
	for _, tier := range cfg.Tiers {
		t.tiers[tier.Tier] = freshness.New(tier, start)
	}
	t.ingest.faults = map[string]string{}
	return t, nil
}

// EventAccepted tells that an event of the tier was accepted at the server's time at. Times may come out of
// order; a tier that isn't configured is ignored.
func (t *Tracker) EventAccepted(tier string, at time.Time) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.sawMessage(at)
	if s := t.tiers[tier]; s != nil {
		s.Saw(at, t.market)
	}
}

// Message tells that anything at all came in from the feed at the server's time at, a rejected one included.
func (t *Tracker) Message(at time.Time) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.sawMessage(at)
}

func (t *Tracker) sawMessage(at time.Time) {
	if at.After(t.ingest.lastMessage) {
		t.ingest.lastMessage = at
	}
}

// Ingest tells that the connection to the feed is up or down since at. Saying the same twice changes nothing.
func (t *Tracker) Ingest(connected bool, at time.Time) {
	t.mu.Lock()
	defer t.mu.Unlock()
	in := &t.ingest
	if in.connected == connected && !in.since.IsZero() {
		return
	}
	if connected && in.everUp {
		if in.reconnects = append(in.reconnects, at); len(in.reconnects) > maxReconnects {
			in.reconnects = slices.Delete(in.reconnects, 0, 1)
		}
	}
	in.connected, in.since = connected, at
	in.everUp = in.everUp || connected
}

// StreamFault tells, in words that name it, why a stream that should be followed cannot be read; "" tells that it can. Streams are
// as many as the operator named.
func (t *Tracker) StreamFault(stream, why string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if why == "" {
		delete(t.ingest.faults, stream)
	} else {
		t.ingest.faults[stream] = why
	}
}

// Heartbeat tells the time of the producer's last heartbeat, as the producer wrote it; the zero time tells
// that there is none.
func (t *Tracker) Heartbeat(beat time.Time) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.beat = beat
}

// SessionEdge tells that a producer's streaming session changed at the server's time at, as producer.Sessions.Edge takes it. An
// empty id is ignored.
func (t *Tracker) SessionEdge(id string, edge producer.Edge, at time.Time) {
	if id == "" {
		return
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	t.sawMessage(at)
	t.producer.Edge(id, edge, at)
}

// ProducerHealth tells a health message of a producer, as producer.Sessions.Health takes it.
func (t *Tracker) ProducerHealth(sample producer.Sample) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.sawMessage(sample.At)
	t.producer.Health(sample)
}

// Delivery tells how delivery did; the newest sample is the one reported.
func (t *Tracker) Delivery(s delivery.Sample) {
	judged := delivery.Judge(s)
	t.mu.Lock()
	defer t.mu.Unlock()
	t.delivery = judged
}
