package main

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"strconv"
	"sync"
	"time"

	"github.com/coder/websocket" //nolint:depguard // the bench is the other end of the browser's socket

	"tierboard/shared/event"
	"tierboard/shared/filter"
	"tierboard/shared/pattern"
	"tierboard/shared/wire"
)

// statusEvery is how often the feed sends a status, as the server does.
const statusEvery = 15 * time.Second

// feed speaks the server's side of the protocol with batches of exactly as many events as asked for. It serves one page at
// a time: the newest connection gets what is sent.
type feed struct {
	made maker

	mu   sync.Mutex
	conn *websocket.Conn // guarded by mu; nil while no page is subscribed
	up   chan struct{}   // guarded by mu: closed when conn is set
}

func newFeed() *feed {
	return &feed{up: make(chan struct{}), made: newMaker()}
}

// ServeHTTP is the page's socket: welcome, the held events as a snapshot, a status each 15 s, and answers to pings. It
// returns when the page leaves.
func (f *feed) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	conn, err := websocket.Accept(w, r, &websocket.AcceptOptions{Subprotocols: []string{wire.MsgPackProtocol}})
	if err != nil {
		return // Accept has answered
	}
	defer func() { _ = conn.CloseNow() }()
	ctx, cancel := context.WithCancel(r.Context())
	defer cancel()
	send := func(frame wire.Frame) error {
		return conn.Write(ctx, websocket.MessageBinary, frame.Append(nil, wire.MsgPack))
	}
	welcome := &wire.Welcome{Protocol: wire.Protocol, Epoch: "bench", ServerTime: time.Now(), WindowMS: 10, RateLimit: 1000}
	if send(welcome) != nil {
		return
	}
	defer f.leave(conn)
	go func() {
		ticker := time.NewTicker(statusEvery)
		defer ticker.Stop()
		for {
			select {
			case <-ctx.Done():
				return
			case <-ticker.C:
				if send(status()) != nil {
					return
				}
			}
		}
	}()
	for {
		_, b, err := conn.Read(ctx)
		if err != nil {
			return
		}
		request, err := wire.DecodeRequest(b, wire.MsgPack, filter.DefaultSchema())
		if err != nil {
			return
		}
		switch request.Type {
		case "ping":
			err = send(&wire.Pong{ID: request.ID})
		case "subscribe":
			err = f.subscribe(request, conn, send)
		}
		if err != nil {
			return
		}
	}
}

// subscribe answers a subscription with a snapshot of all events held; from then on the connection gets what is sent.
func (f *feed) subscribe(request *wire.Request, conn *websocket.Conn, send func(wire.Frame) error) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	events := f.made.events(heldEvents)
	seq := events[len(events)-1].Seq
	if err := send(&wire.Subscribed{ID: request.ID, Filters: request.Filters, Seq: seq, Replayed: len(events)}); err != nil {
		return err
	}
	for first := true; len(events) > 0; first = false {
		n := min(len(events), 300) // frames are limited to 1 MB
		b := &wire.Batch{ID: request.ID, Seq: events[n-1].Seq, SentAt: time.Now(), Events: events[:n], Reset: first}
		if err := send(b); err != nil {
			return err
		}
		events = events[n:]
	}
	if err := send(status()); err != nil {
		return err
	}
	if f.conn == nil {
		close(f.up)
	}
	f.conn = conn
	return nil
}

// leave forgets a connection that has ended.
func (f *feed) leave(conn *websocket.Conn) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.conn == conn {
		f.conn, f.up = nil, make(chan struct{})
	}
}

// send sends one live batch of n new events to the page that is subscribed, and waits for one if there is none.
func (f *feed) send(ctx context.Context, n int) error {
	ctx, cancel := context.WithTimeout(ctx, stepTimeout)
	defer cancel()
	f.mu.Lock()
	up := f.up
	f.mu.Unlock()
	select {
	case <-up:
	case <-ctx.Done():
		return fmt.Errorf("no page subscribed: %w", ctx.Err())
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.conn == nil {
		return errors.New("the page has left")
	}
	events := f.made.events(n)
	b := &wire.Batch{Seq: events[n-1].Seq, SentAt: time.Now(), Events: events}
	return f.conn.Write(ctx, websocket.MessageBinary, b.Append(nil, wire.MsgPack))
}

// status is the state of a feed in order.
func status() *wire.Status {
	tiers := map[string]wire.TierStatus{}
	for _, t := range event.Tiers() {
		tiers[t.String()] = wire.TierStatus{State: "ok"}
	}
	return &wire.Status{Ingest: "connected", Tiers: tiers, Market: &wire.Market{Session: string(event.Regular), SessionDate: time.Now().Format(time.DateOnly)}}
}

// maker makes events that look like the producer's: the three tiers in turn, 400 symbols, every pattern of the table. All
// that it makes is decided by its seed and the clock.
type maker struct {
	random *rand.Rand
	names  [3][]pattern.Name // by tier
	seq    uint64
}

func newMaker() maker {
	m := maker{random: rand.New(rand.NewPCG(1, 2))} // the same events in each run
	for _, n := range pattern.Known() {
		for _, t := range n.Tiers {
			m.names[t-event.Daily] = append(m.names[t-event.Daily], n)
		}
	}
	return m
}

// events makes n events in ascending order.
func (m *maker) events(n int) []*event.Event {
	out := make([]*event.Event, n)
	for i := range out {
		out[i] = m.event()
	}
	return out
}

// symbol draws one of 400 tickers.
func (m *maker) symbol() string {
	n := m.random.IntN(400)
	return string([]byte{byte('A' + n%20), byte('A' + n/20), 'X'})
}

// event makes the next event.
func (m *maker) event() *event.Event {
	m.seq++
	now := time.Now().UTC().Truncate(time.Millisecond)
	tier := event.Tiers()[m.seq%3]
	names := m.names[tier-event.Daily]
	name := names[m.random.IntN(len(names))]
	confidence := 0.5 + m.random.Float64()/2
	price := 20 + 400*m.random.Float64()
	id := strconv.FormatUint(m.seq, 10)
	e := &event.Event{
		Kind: event.Pattern, ID: "00000000-0000-4000-8000-" + ("000000000000" + id)[len(id):], Seq: m.seq, Tier: tier,
		Scope: event.Scope{
			Symbol: m.symbol(), Pattern: name.Slug, Label: name.Label,
			Direction: []event.Direction{event.Bullish, event.Bearish, event.Neutral}[m.random.IntN(3)],
		},
		Confidence: confidence, Priority: event.PriorityOf(confidence),
		DetectedAt: now.Add(-20 * time.Millisecond), PublishedAt: now.Add(-10 * time.Millisecond), ReceivedAt: now,
		ExpiresAt: now.Add(4 * time.Hour), Session: event.Regular, SessionDate: now.Format(time.DateOnly),
		Price: event.Num(price), ChangePct: event.Num(6*m.random.Float64() - 3), Volume: event.Num(1e6 * m.random.Float64()),
		RelativeVolume: event.Num(1 + 3*m.random.Float64()), Occurrences: 1, Source: "TickStockPL",
		Levels: []event.Level{
			{Kind: "entry", Price: price}, {Kind: "stop", Price: price * 0.98}, {Kind: "target", Price: price * 1.04, Label: "T1"},
		},
		Details: `{"sector":"Technology","volume_ratio":1.8,"rsi":61.2,"source_bar":"closed"}`,
	}
	switch tier {
	case event.Daily:
		e.Timeframe, e.Daily = "daily", &event.DailyDetail{MarketSession: event.PostMarket}
	case event.Intraday:
		e.Timeframe, e.Intraday = "5min", &event.IntradayDetail{RealTime: true}
	case event.Combo:
		e.Timeframe = "daily"
		e.Combo = &event.ComboDetail{
			Correlation: event.Num(confidence),
			Setup:       m.link(event.Daily, "daily", now.Add(-24*time.Hour)),
			Trigger:     m.link(event.Intraday, "5min", now.Add(-time.Minute)),
		}
	case event.TierNone:
	}
	return e
}

// link makes one of the two legs of a combo.
func (m *maker) link(t event.Tier, timeframe string, at time.Time) *event.Link {
	names := m.names[t-event.Daily]
	name := names[m.random.IntN(len(names))]
	return &event.Link{
		ID: "leg-" + strconv.FormatUint(m.seq, 10), Kind: event.LinkInferred, Pattern: name.Slug, Label: name.Label,
		Timeframe: timeframe, Confidence: event.Num(0.8), DetectedAt: at, SessionDate: at.Format(time.DateOnly),
	}
}
