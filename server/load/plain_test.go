package load

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/alicebob/miniredis/v2"
	"github.com/coder/websocket"

	"tierboard/server/classify"
	"tierboard/server/load/ledger"
	"tierboard/server/load/report"
	"tierboard/server/load/scenario"
	"tierboard/server/load/target"
	"tierboard/shared/api"
	"tierboard/shared/event"
	"tierboard/shared/filter"
	"tierboard/shared/wire"
)

// plain is the simplest server that delivers exactly: every event in a batch of its own, to everybody whose filters match. A
// test breaks it in one place and sees whether the load test notices.
type plain struct {
	t     *testing.T
	redis *miniredis.Miniredis
	http  *httptest.Server

	accepted, dropped, unstored atomic.Int64
	forgets                     bool // it finds no event

	mu       sync.Mutex
	events   []*event.Event // by seq, from 1
	sessions map[*plainSession]struct{}
	broken   mutation
	done     bool // the fault has happened
}

// mutation is what is wrong with a plain server. Each function is called with plain.mu held.
type mutation struct {
	accept func(p *plain, e *event.Event) bool                                        // false loses it for everybody
	live   func(p *plain, s *plainSession, b *wire.Batch) []wire.Frame                // nil for the batch itself
	replay func(ack *wire.Subscribed, items []*event.Event, swap bool) []*event.Event // what a resume brings
	other  func(p *plain, s *plainSession, e *event.Event) []wire.Frame               // for sessions that do not want the event
}

// once is true the n-th time it is asked.
func (p *plain) once(n *int) bool {
	*n--
	if *n == 0 {
		p.done = true
	}
	return *n == 0
}

// plainSession is one connection.
type plainSession struct {
	filters []filter.Filter
	out     chan []byte
	got     int
	held    *event.Event // a mutation's
}

// send queues frames.
func (s *plainSession) send(t *testing.T, frames ...wire.Frame) {
	t.Helper()
	for _, f := range frames {
		select {
		case s.out <- f.Append(nil, wire.MsgPack):
		default:
			t.Error("a session does not read")
		}
	}
}

// startPlain starts a plain server with a Redis.
func startPlain(t *testing.T, broken mutation) (*plain, *target.Target) {
	t.Helper()
	p := &plain{t: t, redis: miniredis.RunT(t), sessions: map[*plainSession]struct{}{}, broken: broken}
	cfg := classify.DefaultConfig()
	cfg.SessionOf = func(time.Time) (event.Session, string) { return event.Regular, "2026-11-23" }
	classifier, err := classify.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	sub := p.redis.NewSubscriber()
	t.Cleanup(sub.Close)
	sub.Subscribe("tickstock.events.patterns")
	sub.Subscribe("tickstock:patterns:streaming")
	go func() {
		for m := range sub.Messages() {
			for _, e := range classifier.Classify(m.Channel, []byte(m.Message), time.Now()).Events {
				p.publish(e)
			}
		}
	}()
	mux := http.NewServeMux()
	mux.HandleFunc("/readyz", func(http.ResponseWriter, *http.Request) {})
	mux.HandleFunc("/metrics", func(w http.ResponseWriter, _ *http.Request) {
		fmt.Fprintf(w, "tierboard_events_accepted_total{tier=\"daily\"} %d\ntierboard_ingest_dropped_total %d\n", p.accepted.Load(), p.dropped.Load())
		fmt.Fprintf(w, "tierboard_archive_written_total %d\ntierboard_archive_queue_events 0\n", p.accepted.Load()-p.lostLater())
		fmt.Fprintf(w, "tierboard_archive_dropped_total{reason=\"queue_full\"} %d\n", p.lostLater())
	})
	mux.HandleFunc(api.PathOps, func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, `{"hub":{"window_ms":12.5}}`) })
	mux.HandleFunc(api.PathPattern, p.find)
	mux.HandleFunc("/ws", p.serve)
	p.http = httptest.NewServer(mux)
	t.Cleanup(p.http.Close)
	x, err := target.Open(context.Background(), target.Config{URL: p.http.URL, Redis: "redis://" + p.redis.Addr()})
	if err != nil {
		t.Fatal(err)
	}
	return p, x
}

// lostLater is how many events the archive dropped: none before the first was accepted.
func (p *plain) lostLater() int64 { return min(p.unstored.Load(), p.accepted.Load()) }

// find answers whether there is an event with an id.
func (p *plain) find(w http.ResponseWriter, r *http.Request) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.forgets || !slices.ContainsFunc(p.events, func(e *event.Event) bool { return e.ID == r.PathValue("id") }) {
		http.NotFound(w, r)
	}
}

// publish delivers an event.
func (p *plain) publish(e *event.Event) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.broken.accept != nil && !p.broken.accept(p, e) {
		return
	}
	p.accepted.Add(1)
	p.events = append(p.events, e)
	e.Seq = uint64(len(p.events))
	for s := range p.sessions {
		b := &wire.Batch{Seq: e.Seq, Events: []*event.Event{e}}
		frames := []wire.Frame{b}
		switch wanted := filter.Any(s.filters, e); {
		case wanted && p.broken.live != nil:
			if instead := p.broken.live(p, s, b); instead != nil {
				frames = instead
			}
		case !wanted && p.broken.other != nil:
			frames = p.broken.other(p, s, e)
		case !wanted:
			continue
		}
		s.got++
		s.send(p.t, frames...)
	}
}

// serve is a session.
func (p *plain) serve(w http.ResponseWriter, r *http.Request) {
	conn, err := websocket.Accept(w, r, &websocket.AcceptOptions{Subprotocols: []string{wire.MsgPackProtocol}})
	if err != nil {
		return
	}
	defer conn.CloseNow()
	ctx, stop := context.WithCancel(context.WithoutCancel(r.Context()))
	defer stop()
	s := &plainSession{out: make(chan []byte, 1<<14)}
	s.send(p.t, &wire.Welcome{Protocol: wire.Protocol, Epoch: "plain", WindowMS: 1})
	go func() {
		for {
			select {
			case b := <-s.out:
				if b == nil {
					_ = conn.Close(4499, "too slow")
					return
				}
				if conn.Write(ctx, websocket.MessageBinary, b) != nil {
					return
				}
			case <-ctx.Done():
				return
			}
		}
	}()
	defer func() {
		p.mu.Lock()
		delete(p.sessions, s)
		p.mu.Unlock()
	}()
	for {
		_, b, err := conn.Read(ctx)
		if err != nil {
			return
		}
		req, err := wire.DecodeRequest(b, wire.MsgPack, filter.DefaultSchema())
		if err != nil {
			p.t.Errorf("the load sent a bad request: %v", err)
			return
		}
		p.subscribe(s, req)
	}
}

// subscribe begins or swaps a subscription.
func (p *plain) subscribe(s *plainSession, req *wire.Request) {
	p.mu.Lock()
	defer p.mu.Unlock()
	seq := uint64(len(p.events))
	ack := &wire.Subscribed{ID: req.ID, Filters: req.Filters, Seq: seq}
	var items []*event.Event
	if req.Resume != nil {
		ack.Resumed = true
		for _, e := range p.events[req.Resume.Seq:] {
			if filter.Any(req.Filters, e) && !filter.Any(s.filters, e) {
				items = append(items, e)
			}
		}
		if p.broken.replay != nil {
			items = p.broken.replay(ack, items, s.filters != nil)
			p.done = true
		}
	}
	ack.Replayed = len(items)
	s.filters = req.Filters
	p.sessions[s] = struct{}{}
	s.send(p.t, ack)
	if len(items) > 0 {
		s.send(p.t, &wire.Batch{ID: req.ID, Seq: seq, Events: items})
	}
}

// runPlain runs a short load on a plain server.
func runPlain(t *testing.T, broken mutation, change func(*scenario.Scenario)) (*plain, *report.Run) {
	t.Helper()
	p, x := startPlain(t, broken)
	s := scenario.Scenario{Name: "test", Users: 40, Rate: 400, Length: 1200 * time.Millisecond}
	if change != nil {
		change(&s)
	}
	run, err := measure(context.Background(), &Config{Seed: 5, hurry: true}, s, x, s.Stuck)
	if err != nil {
		t.Error(err)
		run = &report.Run{}
	}
	return p, run
}

// faults are the counts that must be 0 and are not: "disorder=1 duplicates=1".
func faults(x *ledger.Exactness) string {
	var found []string
	for name, n := range map[string]int{
		"missing": x.Missing, "unexpected": x.Unexpected, "duplicates": x.Duplicates, "overtold": x.Overtold, "disorder": x.Disorder,
		"gaps": x.Gaps, "unresumed": x.Unresumed, "refused": x.Refused, "lost": x.Lost, "unaccepted": x.Unaccepted,
		"lost_inside": x.LostInside, "unheard": x.Unheard,
	} {
		if n > 0 {
			found = append(found, fmt.Sprintf("%s=%d", name, n))
		}
	}
	slices.Sort(found)
	return strings.Join(found, " ")
}

// startPlainRedis starts a Redis that nobody listens to.
func startPlainRedis(t *testing.T) string {
	t.Helper()
	return "redis://" + miniredis.RunT(t).Addr()
}

func TestPairsCountWhenTheRestIsGivenUp(t *testing.T) {
	ctx, giveUp := context.WithCancel(t.Context())
	var order []bool
	runs, err := pairs(ctx, 5, func(stuck bool) (*report.Run, error) {
		if order = append(order, stuck); len(order) == 6 {
			giveUp()
			return nil, ctx.Err()
		}
		run := &report.Run{}
		if stuck {
			run.Stuck = 1
		}
		return run, nil
	}, func(string, ...any) {})
	if want := []bool{false, true, true, false, false, true}; err != nil || !slices.Equal(order, want) {
		t.Errorf("ran %v, %v; want %v", order, err, want)
	}
	if len(runs) != 4 || runs[0].Stuck+runs[2].Stuck != 0 || runs[1].Stuck+runs[3].Stuck != 2 {
		t.Errorf("%d runs, or the one without stuck users is not first", len(runs))
	}
	if _, err := pairs(ctx, 1, func(bool) (*report.Run, error) { return nil, ctx.Err() }, func(string, ...any) {}); err == nil {
		t.Error("no pair is a result")
	}
}
