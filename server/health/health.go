// Package health judges the freshness of the feed: whether each tier's events arrive as they should at this
// hour of this trading day, and says so in one word and one sentence.
//
// A Tracker is told what happened and when (EventAccepted, Ingest, Heartbeat, ProducerHealth, SessionEdge,
// Delivery) and answers Report(now). It reads no clock and does no I/O; every time is an argument.
//
// # The words
//
//   - ok: events arrive, or the batch of the last session did.
//   - idle: nothing arrives and nothing should: markets are closed, the batch isn't due, or it is too early
//     after the open or the start to tell.
//   - late: silence past half of the limit, or a batch past its deadline.
//   - stale: silence past the limit, or a batch past its deadline by its limit.
//   - down: no connection to the feed; nothing can be said about its tiers.
//
// Every word but ok comes with a reason.
//
// # The rules
//
// A Steady tier (intraday) and a Learned tier (combo) are judged by their silence in regular hours; a
// session's silence begins at its open, and before its first event a tier is idle until the limit has
// passed. A Learned tier's limit is a multiple of the median gap between its recent events, with a minimum.
// Outside regular hours silence is idle, while fresh events still show as ok. A Batch tier (daily) owes the
// batch of each trading day by a deadline in the evening. Its batch has arrived once an event came after
// that day's close; the tier is ok from then until the next trading day begins, idle until the next deadline.
//
// A server that has seen no event of a Batch tier doesn't hold deadlines before its own start against it:
// pub/sub has no replay, so it can't know. To know across restarts, tell EventAccepted the newest stored
// event's time of each tier first.
//
// # Decisions
//
// A missing heartbeat is not an error, and a late one is none either while events flow: the heartbeat is
// written by one part of the producer and the events by another. It is told in the reason of a silent tier.
package health

import (
	"errors"
	"fmt"
	"sync"
	"time"

	"tierboard/server/calendar"
	"tierboard/server/health/delivery"
	"tierboard/server/health/producer"
)

const (
	// maxGaps bounds what a Learned tier remembers; at the bound the oldest gap goes.
	maxGaps = 63
	// burstGap is the gap up to which events count as one burst: a producer that reports thirty detections
	// of one bar says nothing about the time to the next bar.
	burstGap = time.Second
	// maxReconnects bounds the reconnects remembered for the count of 24 hours; a feed that flaps more often
	// than this shows as this many.
	maxReconnects = 256
)

// Tracker keeps what is needed to judge the feed, in bounded memory. It is safe for concurrent use. Make one
// with New.
type Tracker struct {
	cfg   Config
	start time.Time

	mu       sync.Mutex // guards everything below
	market   *calendar.Calendar
	tiers    map[string]*tierState
	ingest   ingestState
	beat     time.Time // the producer's last heartbeat; zero when there is none
	producer *producer.Sessions
	delivery delivery.Judgement
}

// tierState is what a Tracker remembers of a tier.
type tierState struct {
	cfg  TierConfig
	last time.Time
	gaps ring[time.Duration]
}

// ingestState is what a Tracker remembers of the connection to the feed.
type ingestState struct {
	connected   bool
	since       time.Time // of the present state; zero before the first word from ingest
	everUp      bool
	reconnects  ring[time.Time]
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
		cfg: cfg, start: start, market: market, tiers: make(map[string]*tierState, len(cfg.Tiers)),
		producer: producer.New(cfg.HoldSample, cfg.SampleFreshFor),
	}
	for _, tier := range cfg.Tiers {
		t.tiers[tier.Tier] = &tierState{cfg: tier, gaps: ring[time.Duration]{limit: maxGaps}}
	}
	t.ingest.reconnects.limit = maxReconnects
	t.ingest.faults = map[string]string{}
	return t, nil
}

// UseCalendar replaces the market calendar, after an operator changed its overrides; nil is ignored.
func (t *Tracker) UseCalendar(market *calendar.Calendar) {
	if market == nil {
		return
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	t.market = market
}

// EventAccepted tells that an event of the tier was accepted at the server's time at. Times may come out of
// order; a tier that isn't configured is ignored.
func (t *Tracker) EventAccepted(tier string, at time.Time) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.sawMessage(at)
	s := t.tiers[tier]
	if s == nil || !at.After(s.last) {
		return
	}
	if s.cfg.Cadence == Learned {
		s.learn(t.market, at)
	}
	s.last = at
}

// learn remembers the gap before an event, if regular hours filled it: the night is no gap.
func (s *tierState) learn(market *calendar.Calendar, at time.Time) {
	gap := at.Sub(s.last)
	if s.last.IsZero() || gap <= burstGap {
		return
	}
	session, day := market.SessionAt(at)
	before, dayBefore := market.SessionAt(s.last)
	if session == calendar.Regular && before == calendar.Regular && day == dayBefore {
		s.gaps.add(gap)
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
		in.reconnects.add(at)
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

// ring keeps the newest limit values; the zero ring with a limit is empty.
type ring[T any] struct {
	limit  int
	next   int
	values []T
}

// add puts a value in; at the limit it takes the place of the oldest.
func (r *ring[T]) add(value T) {
	if len(r.values) < r.limit {
		r.values = append(r.values, value)
		return
	}
	r.values[r.next] = value
	r.next = (r.next + 1) % r.limit
}
