// Package live is the browser's talk with the server: a Stream that connects, subscribes, follows the sequence, notices
// silence and comes back after every cut, for ever, with full jitter and from where it stopped.
//
// A Stream is a plain state machine. What surrounds it (sockets, timers, the clock) is a Platform: Browser in the
// page, Native everywhere else, a script in tests. Nothing here blocks: frames are decoded and handed to the Hooks inside
// the socket's own event, so that a card can be on the screen before the browser paints next.
//
// A Stream and its Hooks are not safe for concurrent use; the Platform runs everything one at a time.
//
// # Decisions
//
// 2026-11-23 A changed filter asks for a snapshot, an unchanged one resumes. Because: a resume brings what was missed
// since a position, but a wider filter also wants matches from before it. Rejected: resume on every subscribe. Look
// again when: filters change many times a minute.
//
// 2026-11-23 The clock skew is the smallest (arrival − server time) over the last minutes, less half a round trip.
// Because: every batch tells when it was sent, and the quickest of many is the one that waited least. Rejected: the
// welcome alone, which arrives while the page is busy starting. For the same reason a round trip is measured four times within
// ten seconds, and the quickest counts.
package live

import (
	"errors"
	"math/rand/v2"
	"strings"
	"time"

	"tierboard/shared/filter"
	"tierboard/shared/wire"
)

// Times of the connection. They are part of the contract with the server, which sends a status every 15 s.
const (
	MinWait        = 100 * time.Millisecond // least pause before an attempt
	FirstWait      = 500 * time.Millisecond // the first pause is up to this
	MaxWait        = 15 * time.Second       // no pause is longer, unless a bye asked for it
	MaxBye         = time.Minute            // longest pause a bye may ask for
	HealthyAfter   = 10 * time.Second       // live for this long: the next pause is a first one again
	ConnectTimeout = 10 * time.Second       // from the attempt to the welcome
	QuietLimit     = 40 * time.Second       // no frame for this long: the connection is dead
	ProbeTimeout   = 5 * time.Second        // no frame for this long after a probe: the connection is dead
	resubscribeIn  = time.Second            // pause before a subscribe that was refused for its rate is sent again
	clockEvery     = 3 * time.Second        // from a round trip to the next one
	clockAsks      = 4                      // round trips that are measured
)

// Codes with which this side closes; browsers allow 1000 and 3000 to 4999 only.
const (
	closeDone     = 1000
	closeBadFrame = 4400
	closeSilent   = 4408
)

// Socket is one open or opening WebSocket.
type Socket interface {
	// Send sends one binary frame. The bytes may be reused after it returns. It never blocks on the network.
	Send(frame []byte) error
	// Close closes with a code and does not wait. The Handlers may still be called afterwards.
	Close(code int)
}

// EarlySocket is a Socket on which frames may have come before it was dialled, as on one that the page had opened before the
// program was there.
type EarlySocket interface {
	Socket
	// Deliver calls the Handlers for what has happened so far, and returns when all of it is handled. It is called once,
	// after Dial.
	Deliver()
}

// Handlers are called by a socket, one at a time, never from inside Dial, Send or Close.
type Handlers struct {
	Open  func(subprotocol string)
	Frame func(frame []byte)            // the bytes are valid during the call only
	Close func(code int, reason string) // once, last; 1006 if the connection broke
}

// Platform is what a Stream needs from where it runs.
type Platform interface {
	// Now returns the local clock.
	Now() time.Time
	// After calls f once after d, unless the returned function is called before.
	After(d time.Duration, f func()) (cancel func())
	// Dial starts to open a socket. An error means that no attempt was made.
	Dial(h Handlers) (Socket, error)
}

// Phase is what a Stream is doing.
type Phase uint8

// The phases.
const (
	Idle       Phase = iota // not started, or closed by its owner
	Connecting              // an attempt is under way
	Live                    // the server has welcomed us
	Waiting                 // the next attempt is at State.Until
	Offline                 // the browser says there is no network; still tried now and then
	Stopped                 // the server does not want us; only Retry goes on
)

// String returns the phase as a lower-case word.
func (p Phase) String() string {
	return [...]string{"idle", "connecting", "live", "waiting", "offline", "stopped"}[p]
}

// State is a Phase with what belongs to it.
type State struct {
	Phase   Phase
	Until   time.Time      // Waiting and Offline: when the next attempt is made
	Code    wire.CloseCode // why the last connection ended; 0 before the first end, 1006 if it broke
	Reason  string         // the same for people; untrusted text when it came from the server
	Attempt int            // attempts since the last healthy connection
}

// Counters count since the Stream was made.
type Counters struct {
	Frames     uint64 // frames received
	Bytes      uint64 // their bytes
	Events     uint64 // events in batches, before the board removes duplicates
	Batches    uint64
	Bad        uint64 // frames that could not be read; each ends a connection
	Unknown    uint64 // frames of types this build does not know
	Attempts   uint64 // sockets dialled
	Lives      uint64 // welcomes
	Resumed    uint64 // subscriptions continued without a gap
	Snapshots  uint64 // subscriptions started from a snapshot
	Gaps       uint64 // gap frames
	Silent     uint64 // connections given up because nothing came
	Refused    uint64 // error frames
	Suppressed uint64 // events the server left out because of the rate limit
	Dropped    uint64 // events the server left out because we were slow
	Backwards  uint64 // batches behind a position that was reached already
}

// Hooks are told what happens. Each may be nil, and may call the Stream.
type Hooks struct {
	OnWelcome    func(*wire.Welcome)
	OnSubscribed func(*wire.Subscribed) // Resumed with Replayed events: "caught up"
	OnBatch      func(*wire.Batch)      // the batch and its events belong to the hook
	OnStatus     func(*wire.Status)
	OnGap        func(*wire.Gap)
	OnError      func(*wire.Error)
	OnState      func(State) // only when it is another one
}

// Config is what a Stream is made with.
type Config struct {
	ID      string          // the subscription's id, 1 to wire.MaxID bytes; "main" if empty
	Filters []filter.Filter // see SetFilters; may be set later
	Hooks   Hooks
	Random  func() float64 // 0 ≤ x < 1, for jitter; math/rand if nil
}

// Validate reports the first thing wrong with the configuration.
func (c *Config) Validate() error {
	if len(c.ID) > wire.MaxID {
		return errors.New("live: id: too long")
	}
	return nil
}

// Subscription returns the frame that asks for what a Stream of this configuration wants, from a snapshot on.
func (c *Config) Subscription() []byte {
	r := wire.Request{Type: "subscribe", ID: idOf(c.ID), Filters: c.Filters}
	return r.Append(nil, wire.MsgPack)
}

// idOf is the subscription's id.
func idOf(configured string) string {
	if configured == "" {
		return "main"
	}
	return configured
}

// Stream is one subscription over a connection that is restored for ever. Make one with New.
type Stream struct {
	platform Platform
	id       string
	hooks    Hooks
	random   func() float64

	state   State
	online  bool
	attempt int
	socket  Socket
	gen     int // the socket whose callbacks count
	cancel  func()
	byeWait time.Duration

	openedAt, liveAt, lastFrame, probedAt time.Time

	clockAskedAt time.Time // the last ping for the round trip
	clockAsked   int       // how many of them this connection has had

	filters    []filter.Filter
	filtersKey string
	awaiting   int // subscribes sent and not answered

	// The position: everything that matched up to seq of epoch was handed on, if whole.
	epoch string
	seq   uint64
	whole bool
	// What is still to come of the replay or snapshot that brings seq to target.
	left   int
	target uint64
	more   bool // see Filling

	counters Counters
	clock    clock
	latency  latencyRing
	out      []byte // reused for requests
}

// New returns a Stream that does nothing until Start. It fails if the configuration is not valid.
func New(cfg Config, p Platform) (*Stream, error) {
	if err := cfg.Validate(); err != nil {
		return nil, err
	}
	s := &Stream{platform: p, id: idOf(cfg.ID), hooks: cfg.Hooks, random: cfg.Random, online: true}
	if s.random == nil {
		s.random = rand.Float64
	}
	s.filters, s.filtersKey = cfg.Filters, keyOf(cfg.Filters)
	return s, nil
}

// State returns what the stream is doing.
func (s *Stream) State() State { return s.state }

// Counters returns the counters.
func (s *Stream) Counters() Counters { return s.counters }

// Filling reports, inside OnBatch, whether the batch belongs to a replay or snapshot of which more is to come.
func (s *Stream) Filling() bool { return s.more }

// Settled reports whether everything that was asked for is here: what comes from now on is new.
func (s *Stream) Settled() bool { return !s.liveAt.IsZero() && s.awaiting == 0 && s.left == 0 }

// Skew estimates how far the local clock is ahead of the server's; false before the first welcome.
func (s *Stream) Skew() (time.Duration, bool) { return s.clock.skew() }

// ServerTime turns a local time into the server's; ages of events are to be counted on it.
func (s *Stream) ServerTime(local time.Time) time.Time {
	skew, _ := s.clock.skew()
	return local.Add(-skew)
}

// Latency tells how long events took from the server's receipt to here, corrected for the clock skew, over the five
// minutes before now (local clock). One sample is taken per live batch: its slowest event.
func (s *Stream) Latency(now time.Time) Latency { return s.latency.stats(now) }

// Start makes the first attempt; it does nothing unless the stream is Idle.
func (s *Stream) Start() {
	if s.state.Phase == Idle {
		s.connect()
	}
}

// Close ends the connection for good, until Start.
func (s *Stream) Close() {
	s.leave(closeDone)
	s.attempt = 0
	s.set(State{Phase: Idle})
}

// Retry makes an attempt now instead of later. It also goes on after the server sent us away, for instance when the
// user has signed in. It does nothing while Connecting, Live or Idle.
func (s *Stream) Retry() {
	switch s.state.Phase {
	case Waiting, Offline, Stopped:
		s.connect()
	case Idle, Connecting, Live:
	}
}

// SetOnline passes on what the browser knows about the network. Going offline does not end a connection by itself, since
// the browser may be wrong (loopback): it is probed. Coming online retries at once.
func (s *Stream) SetOnline(online bool) {
	if online == s.online {
		return
	}
	s.online = online
	switch s.state.Phase {
	case Waiting, Offline:
		if online {
			s.connect()
			return
		}
		st := s.state
		st.Phase = Offline
		s.set(st)
	case Live, Connecting:
		s.Check()
	case Idle, Stopped:
	}
}

// Check asks for a sign of life now, for instance when the page comes back into view after the machine slept: a dead
// connection is then noticed in seconds, an overdue attempt is made at once.
func (s *Stream) Check() {
	switch s.state.Phase {
	case Live:
		if s.probedAt.IsZero() {
			s.probedAt = s.platform.Now()
			s.ping("probe")
			s.watch()
		}
	case Waiting, Offline:
		if !s.platform.Now().Before(s.state.Until) {
			s.connect()
		}
	case Idle, Connecting, Stopped:
	}
}

// SetFilters replaces what is subscribed to; the slice must not be changed afterwards. The server swaps without a gap
// and sends a snapshot for the new filters. The same filters again do nothing; none at all ends the subscription.
func (s *Stream) SetFilters(fs []filter.Filter) {
	key := keyOf(fs)
	if key == s.filtersKey {
		return
	}
	s.filters, s.filtersKey = fs, key
	s.whole = false
	if !s.openedAt.IsZero() {
		s.subscribe()
	}
}

// keyOf returns a string that is equal for equal lists of filters.
func keyOf(fs []filter.Filter) string {
	var b strings.Builder
	for i := range fs {
		c := fs[i].Canonical()
		b.WriteString(c.Key())
		b.WriteByte('\n')
	}
	return b.String()
}
