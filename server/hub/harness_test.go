package hub

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"tierboard/server/hub/outbox"
	"tierboard/server/metrics"
	"tierboard/shared/event"
	"tierboard/shared/filter"
	"tierboard/shared/wire"
)

// rig is a running hub inside a synctest bubble.
type rig struct {
	*testing.T
	*Hub
	sent int
}

// start runs fn in a bubble with a running hub whose settings change has altered.
func start(t *testing.T, change func(*Config), fn func(*rig)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		cfg := DefaultConfig()
		if change != nil {
			change(&cfg)
		}
		h, err := New(cfg, metrics.New(), slog.New(slog.DiscardHandler))
		if err != nil {
			t.Fatal(err)
		}
		ctx, stop := context.WithCancel(t.Context())
		ended := make(chan error, 1)
		go func() { ended <- h.Run(ctx) }()
		fn(&rig{T: t, Hub: h})
		stop()
		if err := <-ended; err != nil {
			t.Errorf("Run = %v, want nil", err)
		}
	})
}

// one makes a hub with one shard.
func one(c *Config) { c.Shards = 1 }

// listener is a session together with what its writer took.
type listener struct {
	*rig
	*Session
	hold chan struct{} // closing it lets a stuck writer go on; nil for one that reads
	end  chan error

	mu sync.Mutex
	record
}

// record is what a listener received.
type record struct {
	frames              []arrival
	live                []uint64       // seqs of live events in order of arrival
	all                 map[string]int // how often each event id came
	last                uint64         // seq of the last batch
	suppressed, dropped int
}

// arrival is a frame and when it came.
type arrival struct {
	wire.Frame
	at time.Time
}

// listen opens a session and reads it all the time. With hold its writer takes nothing until hold is closed.
func (r *rig) listen(hold chan struct{}) *listener {
	r.Helper()
	synctest.Wait() // what was published before is in the past
	s, err := r.Open(r.Context(), wire.MsgPack)
	if err != nil {
		r.Fatal(err)
	}
	l := &listener{rig: r, Session: s, record: record{all: map[string]int{}}, hold: hold, end: make(chan error, 1)}
	go l.read()
	r.Cleanup(s.Close)
	return l
}

func (l *listener) read() {
	if l.hold != nil {
		<-l.hold
	}
	for {
		f, err := l.Next(l.Context())
		if err != nil {
			l.end <- err
			return
		}
		m, err := wire.Decode(f.Bytes)
		if err != nil {
			panic(fmt.Sprintf("frame does not decode: %v", err))
		}
		l.note(m)
	}
}

// note keeps a frame.
func (l *listener) note(m wire.Frame) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.frames = append(l.frames, arrival{m, time.Now()})
	b, ok := m.(*wire.Batch)
	if !ok {
		return
	}
	l.last = b.Seq
	l.record.suppressed += b.Suppressed
	l.record.dropped += b.Dropped
	for _, e := range b.Events {
		l.all[e.ID]++
		if b.ID == "" {
			l.live = append(l.live, e.Seq)
		}
	}
}

// look waits until the hub is quiet and returns what came so far.
func (l *listener) look() record {
	synctest.Wait()
	l.mu.Lock()
	defer l.mu.Unlock()
	r := l.record
	r.all = maps.Clone(r.all)
	return r
}

// subscribe asks for filters and waits until the hub is quiet.
func (l *listener) subscribe(id string, resume *wire.Resume, fs ...filter.Filter) {
	l.Helper()
	for i := range fs {
		fs[i] = fs[i].Canonical()
	}
	synctest.Wait()
	if err := l.Subscribe(l.Context(), id, fs, resume); err != nil {
		l.Fatal(err)
	}
	synctest.Wait()
}

func (l *listener) unsubscribe(id string) {
	l.Helper()
	if err := l.Unsubscribe(l.Context(), id); err != nil {
		l.Fatal(err)
	}
	synctest.Wait()
}

// batches returns the batches that came, live ones or those of a subscription.
func (l *listener) batches(id string) []*wire.Batch {
	var out []*wire.Batch
	for _, f := range l.look().frames {
		if b, ok := f.Frame.(*wire.Batch); ok && b.ID == id {
			out = append(out, b)
		}
	}
	return out
}

// ids returns the ids of the live events in order.
func (l *listener) ids() []string {
	var out []string
	for _, b := range l.batches("") {
		for _, e := range b.Events {
			out = append(out, e.ID)
		}
	}
	return out
}

// find returns the frames of a type.
func find[T wire.Frame](l *listener) []T {
	var out []T
	for _, f := range l.look().frames {
		if m, ok := f.Frame.(T); ok {
			out = append(out, m)
		}
	}
	return out
}

// make returns a valid event; change may alter it.
func (r *rig) make(change func(*event.Event)) *event.Event {
	r.sent++
	e := &event.Event{
		Kind: event.Pattern, ID: fmt.Sprintf("e%d", r.sent), Tier: event.Daily, Daily: &event.DailyDetail{},
		Scope:      event.Scope{Symbol: "AAPL", Pattern: "bull_flag", Timeframe: "daily"},
		Confidence: .7, Priority: event.Medium,
		DetectedAt: time.Now().Add(time.Duration(r.sent) * time.Millisecond), Occurrences: 1,
	}
	if change != nil {
		change(e)
	}
	return e
}

// publish sends an event and fails the test unless it is accepted.
func (r *rig) publish(change func(*event.Event)) *event.Event {
	r.Helper()
	e := r.make(change)
	ok, err := r.Publish(r.Context(), e)
	if err != nil || !ok {
		r.Fatalf("Publish = %v, %v; want it accepted", ok, err)
	}
	return e
}

// burst publishes n events at once.
func (r *rig) burst(n int) {
	r.Helper()
	for range n {
		r.publish(nil)
	}
}

func symbol(s string) func(*event.Event) { return func(e *event.Event) { e.Symbol = s } }

func urgent(c float64) func(*event.Event) {
	return func(e *event.Event) { e.Confidence, e.Priority = c, event.PriorityOf(c) }
}

func tier(t event.Tier) func(*event.Event) {
	return func(e *event.Event) {
		e.Tier, e.Daily = t, nil
		switch t {
		case event.Daily:
			e.Daily = &event.DailyDetail{}
		case event.Intraday:
			e.Intraday = &event.IntradayDetail{}
		case event.Combo:
			e.Combo = &event.ComboDetail{}
		case event.TierNone:
		}
	}
}

func ofSymbol(s ...string) filter.Filter { return filter.Filter{Symbols: s} }

func wantIDs(t *testing.T, got []string, want ...string) {
	t.Helper()
	if !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}

func closeCode(err error) wire.CloseCode {
	if ce, ok := errors.AsType[*outbox.CloseError](err); ok {
		return ce.Code
	}
	return 0
}

// live returns how many live events a frame holds.
func live(f arrival) int {
	if b, ok := f.Frame.(*wire.Batch); ok && b.ID == "" {
		return len(b.Events)
	}
	return 0
}
