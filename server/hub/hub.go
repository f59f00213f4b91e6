package hub

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"runtime"
	"sync"
	"sync/atomic"
	"time"

	"tierboard/server/hub/frame"
	"tierboard/server/hub/known"
	"tierboard/server/hub/missed"
	"tierboard/server/hub/outbox"
	"tierboard/server/metrics"
	"tierboard/server/recent"
	"tierboard/shared/event"
	"tierboard/shared/wire"
)

// ErrClosed is returned once Run has returned.
var ErrClosed = errors.New("hub: closed")

// Hub delivers events to sessions. Its methods may be called by any number of goroutines, before, during and after Run.
type Hub struct {
	cfg    Config
	log    *slog.Logger
	m      *metrics.Metrics
	epoch  string
	ring   *recent.Ring
	shards []*shard
	done   chan struct{} // closed when Run ends

	seq    atomic.Uint64
	counts counts

	marks *known.Marks
	past  missed.Past

	bounds outbox.Bounds // of every session's outbox

	loads sync.Mutex // guards the load of the shards

	// turn is held by the one publisher at work: a lock that can be given up on. It guards seen.
	turn chan struct{}
	seen *known.Seen
}

// counts are the totals behind Stats.
type counts struct {
	duplicates, matched, delivered, suppressed, dropped, unsent atomic.Uint64
	sessions, subscriptions, cohorts                            atomic.Int64
}

// Stats is what the hub has done and holds, at one moment.
type Stats struct {
	Epoch         string
	Seq           uint64 // events accepted
	Duplicates    uint64 // copies refused
	Matched       uint64 // pairs of an event and a session that wanted it
	Delivered     uint64 // live events put into outboxes, counted per session
	Suppressed    uint64 // live events held back by the rate limit, counted per session
	Dropped       uint64 // live events left out because a session lagged, counted per session
	Unsent        uint64 // frames for everybody that gave way to newer ones before a shard took them
	Sessions      int
	Subscriptions int
	Cohorts       int // distinct filter lists, counted in each shard
	Inbox         int // events waiting for the fullest shard
	Shards        int
	Window        time.Duration // the longest in force
	RateLimit     int
}

// New returns a Hub. It starts nothing; call Run.
func New(cfg Config, m *metrics.Metrics, log *slog.Logger) (*Hub, error) {
	if err := cfg.Validate(); err != nil {
		return nil, err
	}
	h := &Hub{
		cfg:   cfg,
		log:   log,
		m:     m,
		epoch: rand.Text(),
		ring:  recent.New(cfg.Ring),
		done:  make(chan struct{}),
		turn:  make(chan struct{}, 1),
		seen:  known.NewSeen(cfg.Remember, cfg.Ring),
		marks: known.NewMarks(time.Now()),
	}
	h.past = missed.Past{Epoch: h.epoch, Ring: h.ring, Marks: h.marks}
	h.bounds = outbox.Bounds{Batches: cfg.OutboxBytes, Control: cfg.ControlBytes, Unread: func() { h.cut(cutControl) }}
	shards := cfg.Shards
	if shards == 0 {
		shards = runtime.GOMAXPROCS(0)
	}
	for range shards {
		h.shards = append(h.shards, newShard(h))
	}
	return h, nil
}

// Run owns the shards. When ctx ends it closes every session with wire.CloseGoingAway (frames already queued can still be
// taken) and returns nil. It must be called once.
func (h *Hub) Run(ctx context.Context) error {
	var wg sync.WaitGroup
	for _, sh := range h.shards {
		wg.Go(func() { sh.run(ctx) })
	}
	wg.Wait()
	close(h.done)
	for _, sh := range h.shards {
		sh.close()
	}
	return nil
}

// Epoch names this life of the hub; sequence numbers mean something only together with it.
func (h *Hub) Epoch() string { return h.epoch }

// Seq is the position of the newest accepted event; 0 before the first.
func (h *Hub) Seq() uint64 { return h.seq.Load() }

// Recent is the ring of the newest events, for readers.
func (h *Hub) Recent() *recent.Ring { return h.ring }

// Window is how long an event may wait for company at present: the longest of the shards' windows.
func (h *Hub) Window() time.Duration {
	w := time.Duration(0)
	for _, sh := range h.shards {
		w = max(w, sh.pace.Peek())
	}
	return w
}

// Config returns the settings in force.
func (h *Hub) Config() Config { return h.cfg }

// Stats returns the totals.
func (h *Hub) Stats() Stats {
	c := &h.counts
	s := Stats{
		Epoch:         h.epoch,
		Seq:           h.seq.Load(),
		Duplicates:    c.duplicates.Load(),
		Matched:       c.matched.Load(),
		Delivered:     c.delivered.Load(),
		Suppressed:    c.suppressed.Load(),
		Dropped:       c.dropped.Load(),
		Unsent:        c.unsent.Load(),
		Sessions:      int(c.sessions.Load()),
		Subscriptions: int(c.subscriptions.Load()),
		Cohorts:       int(c.cohorts.Load()),
		Shards:        len(h.shards),
		Window:        h.Window(),
		RateLimit:     h.cfg.RateLimit,
	}
	for _, sh := range h.shards {
		s.Inbox = max(s.Inbox, len(sh.events))
	}
	return s
}

// Publish accepts an event, unless it is a copy: one with the id of an event in the ring, or with the fingerprint of
// one accepted within Config.Remember. The hub owns the event from then on; it sets Seq, ReceivedAt if that is zero, and
// turns missing links of a combo into inferred ones. Publish blocks while a shard's inbox is full. When it returns
// an error (the event is not valid, ctx ended, or ErrClosed) the event was not accepted and not changed.
func (h *Hub) Publish(ctx context.Context, e *event.Event) (accepted bool, err error) {
	if err := e.Validate(); err != nil {
		return false, fmt.Errorf("publish: %w", err)
	}
	if err := h.over(ctx); err != nil {
		return false, err
	}
	select {
	case h.turn <- struct{}{}:
	case <-ctx.Done():
		return false, ctx.Err()
	case <-h.done:
		return false, ErrClosed
	}
	defer func() { <-h.turn }()

	now := time.Now()
	mark := e.Fingerprint()
	if h.ring.Find(e.ID) != nil || h.seen.Has(mark, now) {
		h.counts.duplicates.Add(1)
		return false, nil
	}
	if err := h.reserve(ctx); err != nil {
		return false, err
	}
	// From here on nothing waits and nothing fails.
	if e.ReceivedAt.IsZero() {
		e.ReceivedAt = now
	}
	known.Link(e, h.ring)
	e.Seq = h.seq.Load() + 1
	it := recent.NewItem(e)
	h.ring.Add(it)
	h.seen.Add(mark, now)
	h.marks.Add(e)
	h.seq.Store(e.Seq)
	h.m.EventsAccepted.WithLabelValues(e.Tier.String()).Inc()
	for _, sh := range h.shards {
		sh.events <- it
	}
	return true, nil
}

// over reports whether there is no point in asking any more. A select alone would toss a coin when there is room, too.
func (h *Hub) over(ctx context.Context) error {
	select {
	case <-h.done:
		return ErrClosed
	default:
		return ctx.Err()
	}
}

// reserve waits until every shard has room for one more event and takes it.
func (h *Hub) reserve(ctx context.Context) error {
	for i, sh := range h.shards {
		var err error
		select {
		case sh.slots <- struct{}{}:
			continue
		case <-ctx.Done():
			err = ctx.Err()
		case <-h.done:
			err = ErrClosed
		}
		for _, earlier := range h.shards[:i] {
			<-earlier.slots
		}
		return err
	}
	return nil
}

// Broadcast sends a frame to every session. It never blocks: while a shard is busy a few frames wait for it, and the
// oldest give way to newer ones, which is right for a status.
func (h *Hub) Broadcast(f wire.Frame) {
	var b encoded
	b[wire.JSON] = frame.Control(f, wire.JSON)
	b[wire.MsgPack] = frame.Control(f, wire.MsgPack)
	for _, sh := range h.shards {
		if sh.mail.broadcast(b) {
			h.counts.unsent.Add(1)
		}
	}
}

// encoded is a frame in each format.
type encoded [2]frame.Frame
