package rest

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"tierboard/server/calendar"
	"tierboard/server/gate"
	"tierboard/server/health"
	"tierboard/server/hub"
	"tierboard/server/metrics"
	"tierboard/server/query"
	"tierboard/server/rest/performance"
	"tierboard/server/rest/shelf"
	"tierboard/shared/api"
	"tierboard/shared/event"
	"tierboard/shared/filter"
	"tierboard/shared/wire"
)

// friday is when the tests take place: a trading day, 14:31 in New York.
var friday = time.Date(2026, 11, 20, 19, 31, 11, 0, time.UTC)

// memory is an archive and a library in memory: a plain scan with Question.Match.
type memory struct {
	mu      sync.Mutex
	events  []*event.Event
	entries map[string][]shelf.Entry // by user and shelf
	tallies []performance.TierTally
	known   map[string][]api.Outcome
	fault   error
	pages   int
	told    func([]*event.Event)
	span    performance.Span // that performance was asked for last
}

func newMemory() *memory {
	return &memory{entries: map[string][]shelf.Entry{}, known: map[string][]api.Outcome{}}
}

// broken makes every call fail.
func (m *memory) broken(err error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.fault = err
}

func (m *memory) Page(_ context.Context, a query.Ask) ([]query.Row, bool, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.pages++
	if m.fault != nil {
		return nil, false, m.fault
	}
	if a.Limit < 1 || a.Limit > query.MaxLimit {
		return nil, false, fmt.Errorf("limit %d", a.Limit)
	}
	rows, more := oracle(m.events, a)
	return rows, more, nil
}

// oracle answers a page from events by looking at each.
func oracle(events []*event.Event, a query.Ask) (rows []query.Row, more bool) {
	var found []*event.Event
	for _, e := range events {
		if a.Match(e) && (a.After == nil || a.Sort.Compare(query.KeyOf(e, a.Sort), *a.After) > 0) {
			found = append(found, e)
		}
	}
	slices.SortFunc(found, func(x, y *event.Event) int { return a.Sort.Compare(query.KeyOf(x, a.Sort), query.KeyOf(y, a.Sort)) })
	for _, e := range found[:min(len(found), a.Limit)] {
		rows = append(rows, query.Row{ID: e.ID, Body: wire.AppendEvent(nil, e, wire.JSON), ExpiresAt: e.ExpiresAt})
	}
	return rows, len(found) > a.Limit
}

func (m *memory) OnStored(do func([]*event.Event)) { m.told = do }

func (m *memory) Event(_ context.Context, id string) (query.Row, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, e := range m.events {
		if e.ID == id && m.fault == nil {
			return query.Row{ID: id, Body: wire.AppendEvent(nil, e, wire.JSON), ExpiresAt: e.ExpiresAt}, nil
		}
	}
	return query.Row{}, cmp.Or(m.fault, query.ErrNotFound)
}

func (m *memory) Symbols(_ context.Context, prefix string, limit int) ([]string, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	var out []string
	for _, e := range m.events {
		if strings.HasPrefix(e.Symbol, prefix) {
			out = append(out, e.Symbol)
		}
	}
	slices.Sort(out)
	out = slices.Compact(out)
	return out[:min(len(out), limit)], m.fault
}

func (m *memory) Outcomes(_ context.Context, ids []string) (map[string][]api.Outcome, error) {
	out := map[string][]api.Outcome{}
	for _, id := range ids {
		if o, ok := m.known[id]; ok {
			out[id] = o
		}
	}
	return out, m.fault
}

func (m *memory) Performance(_ context.Context, s performance.Span) ([]performance.TierTally, error) {
	m.span = s
	return m.tallies, m.fault
}

func (m *memory) Estimate(_ context.Context, filters []filter.Filter, now time.Time, within time.Duration) (perHour, hours float64, err error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	n := 0
	for _, e := range m.events {
		if filter.Any(filters, e) && e.DetectedAt.After(now.Add(-within)) {
			n++
		}
	}
	return float64(n) / within.Hours(), within.Hours(), m.fault
}

func (m *memory) Entries(_ context.Context, user, name string) ([]shelf.Entry, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return slices.Clone(m.entries[user+"/"+name]), m.fault
}

func (m *memory) Entry(_ context.Context, user, name, id string) (shelf.Entry, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, e := range m.entries[user+"/"+name] {
		if e.ID == id && m.fault == nil {
			return e, nil
		}
	}
	return shelf.Entry{}, cmp.Or(m.fault, query.ErrNotFound)
}

func (m *memory) Add(_ context.Context, user, name string, e shelf.Entry) (shelf.Entry, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	key := user + "/" + name
	for _, other := range m.entries[key] {
		if other.ID == e.ID {
			return shelf.Entry{}, query.ErrConflict
		}
	}
	e.Version, e.CreatedAt, e.UpdatedAt = 1, friday, friday
	m.entries[key] = append(m.entries[key], e)
	return e, m.fault
}

func (m *memory) Change(_ context.Context, user, name string, e shelf.Entry) (shelf.Entry, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for i, old := range m.entries[user+"/"+name] {
		if old.ID != e.ID {
			continue
		}
		if old.Version != e.Version {
			return shelf.Entry{}, query.ErrChanged
		}
		e.Version, e.CreatedAt, e.UpdatedAt = old.Version+1, old.CreatedAt, friday.Add(time.Minute)
		m.entries[user+"/"+name][i] = e
		return e, m.fault
	}
	return shelf.Entry{}, query.ErrNotFound
}

func (m *memory) Remove(_ context.Context, user, name, id string, version int64) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	key := user + "/" + name
	for i, e := range m.entries[key] {
		switch {
		case e.ID != id:
		case version != 0 && e.Version != version:
			return query.ErrChanged
		default:
			m.entries[key] = slices.Delete(m.entries[key], i, i+1)
			return m.fault
		}
	}
	return query.ErrNotFound
}

// rig is a REST with everything behind it.
type rig struct {
	t       testing.TB
	hub     *hub.Hub
	memory  *memory
	rest    *REST
	mux     *http.ServeMux
	tracker *health.Tracker
	m       *metrics.Metrics
	now     time.Time
	user    string
}

// setup are the parts of a rig that tests change.
type setup struct {
	ring      int
	noArchive bool
	change    func(*Config)
}

// start makes a rig; its hub runs until the test ends.
func start(t testing.TB, s setup) *rig {
	t.Helper()
	r := &rig{t: t, memory: newMemory(), m: metrics.New(), now: friday, user: gate.LocalUser}
	log := slog.New(slog.DiscardHandler)
	hc := hub.DefaultConfig()
	hc.Ring, hc.Shards = cmp.Or(s.ring, 4096), 1 // see settle
	var err error
	if r.hub, err = hub.New(hc, r.m, log); err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.Background())
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		_ = r.hub.Run(ctx)
	}()
	t.Cleanup(func() {
		stop()
		<-ended
	})
	market := calendar.NYSE()
	judge := health.Default()
	judge.Channels = []string{"tickstock.events.patterns"}
	if r.tracker, err = health.New(judge, market, friday.Add(-6*time.Hour)); err != nil {
		t.Fatal(err)
	}
	gc := gate.DefaultConfig()
	gc.PerMinute, gc.ExportsPerMinute = 1<<30, 1<<30
	gc.User = func(*http.Request) (string, error) { return r.user, nil }
	g, err := gate.New(gc, log)
	if err != nil {
		t.Fatal(err)
	}
	cfg := Config{
		Hub: r.hub, Archive: r.memory, Library: r.memory, Market: func() *calendar.Calendar { return market }, Health: r.tracker,
		Gate: g, PerMinute: 6000, ExportsPerMinute: 30, Now: func() time.Time { return r.now }, StreamsPerUser: 64, Version: "v1",
	}
	if s.noArchive {
		cfg.Archive = nil
	}
	if s.change != nil {
		s.change(&cfg)
	}
	if r.rest, err = New(cfg, r.m, log); err != nil {
		t.Fatal(err)
	}
	r.mux = http.NewServeMux()
	r.rest.Routes(r.mux)
	return r
}

// publish gives events to the hub, which sets their positions.
func (r *rig) publish(events ...*event.Event) {
	r.t.Helper()
	for _, e := range events {
		ok, err := r.hub.Publish(context.Background(), e)
		if err != nil || !ok {
			r.t.Fatalf("publish %s: %v %v", e.ID, ok, err)
		}
	}
}

// settle waits until the hub's one shard has taken all that was published. Before that, part of what a new subscription
// replays comes as live events instead.
func (r *rig) settle() {
	r.t.Helper()
	ctx, stop := context.WithTimeout(context.Background(), 10*time.Second)
	defer stop()
	for taken := false; !taken; {
		s, err := r.hub.Open(ctx, wire.JSON)
		if err != nil {
			r.t.Fatal(err)
		}
		if err := s.Subscribe(ctx, "probe", []filter.Filter{{}}, nil); err != nil {
			r.t.Fatal(err)
		}
		f, err := s.Next(ctx)
		if err != nil {
			r.t.Fatal(err)
		}
		var told struct{ Seq uint64 }
		if err := json.Unmarshal(f.Bytes, &told); err != nil {
			r.t.Fatal(err)
		}
		taken = told.Seq == r.hub.Seq()
		s.Close()
	}
}

// store puts events into the archive, which tells.
func (r *rig) store(events ...*event.Event) {
	r.quietly(events...)
	if r.memory.told != nil { // there is an archive
		r.memory.told(events)
	}
}

// quietly puts events into the archive, which does not tell yet.
func (r *rig) quietly(events ...*event.Event) {
	r.memory.mu.Lock()
	defer r.memory.mu.Unlock()
	r.memory.events = append(r.memory.events, events...)
}

// reply is what came back.
type reply struct {
	*httptest.ResponseRecorder
	t testing.TB
}

// ask makes a request, with headers in pairs. A body that is not empty is JSON.
func (r *rig) ask(method, target, body string, headers ...string) reply {
	r.t.Helper()
	req := httptest.NewRequest(method, "http://localhost"+target, strings.NewReader(body))
	if body != "" {
		req.Header.Set("Content-Type", "application/json")
	}
	for i := 0; i+1 < len(headers); i += 2 {
		req.Header.Set(headers[i], headers[i+1])
	}
	w := httptest.NewRecorder()
	r.mux.ServeHTTP(w, req)
	return reply{w, r.t}
}

// get makes a GET request.
func (r *rig) get(target string, headers ...string) reply {
	r.t.Helper()
	return r.ask("GET", target, "", headers...)
}

// is checks the status.
func (a reply) is(status int) reply {
	a.t.Helper()
	if a.Code != status {
		a.t.Fatalf("status %d, want %d: %s", a.Code, status, a.Body)
	}
	return a
}

// read decodes the body, which must hold nothing else than the type has.
func (a reply) read(v any) {
	a.t.Helper()
	d := json.NewDecoder(strings.NewReader(a.Body.String()))
	d.DisallowUnknownFields()
	if err := d.Decode(v); err != nil {
		a.t.Fatalf("%v in %s", err, a.Body)
	}
}

// problem decodes a problem and checks that it names a location.
func (a reply) problem(status int, location string) api.Problem {
	a.t.Helper()
	a.is(status)
	var p api.Problem
	a.read(&p)
	if p.Status != status || a.Header().Get("Content-Type") != "application/problem+json" || p.RequestID == "" || p.Detail == "" {
		a.t.Fatalf("problem %+v", p)
	}
	if location != "" && !slices.ContainsFunc(p.Errors, func(e api.FieldError) bool { return e.Location == location }) {
		a.t.Fatalf("problem does not name %s: %s", location, a.Body)
	}
	return p
}

// ids are the ids of a list.
func ids(l api.PatternList) []string {
	out := []string{}
	for _, p := range l.Patterns {
		out = append(out, p.ID)
	}
	return out
}

// spike is an intraday event.
func spike(id, symbol string, at time.Time, confidence float64) *event.Event {
	return &event.Event{
		Kind: event.Pattern, ID: id, Tier: event.Intraday, Confidence: confidence, Priority: event.PriorityOf(confidence),
		Scope:      event.Scope{Symbol: symbol, Pattern: "volume_spike", Label: "Volume Spike", Timeframe: "5min", Direction: event.Bullish},
		DetectedAt: at, PublishedAt: at.Add(18 * time.Millisecond), ReceivedAt: at.Add(22 * time.Millisecond), ExpiresAt: at.Add(30 * time.Minute),
		Session: event.Regular, SessionDate: "2026-11-20", Price: event.Num(229.41), ChangePct: event.Num(-0.84), Volume: event.Num(1843200),
		RelativeVolume: event.Num(4.2), Occurrences: 1, Source: "TickStockPL", Intraday: &event.IntradayDetail{RealTime: true},
		Levels:  []event.Level{{Kind: "entry", Price: 228.6}, {Kind: "target", Price: 232.5, Label: "T1"}},
		Facets:  map[event.Dim]string{"regime": "bull"},
		Details: `{"vwap":228.9,"note":"=SUM(A1)"}`,
	}
}

// flag is a daily event.
func flag(id, symbol string, at time.Time, confidence float64) *event.Event {
	e := spike(id, symbol, at, confidence)
	e.Tier, e.Pattern, e.Label, e.Timeframe, e.Intraday = event.Daily, "bull_flag", "Bull Flag", "daily", nil
	e.Daily = &event.DailyDetail{MarketSession: event.PostMarket}
	e.Session, e.SessionDate, e.ExpiresAt = event.PostMarket, "2026-11-19", time.Time{}
	return e
}

// setupOf is a combo of a daily and an intraday event.
func setupOf(id string, daily, intraday *event.Event, at time.Time) *event.Event {
	link := func(e *event.Event) *event.Link {
		return &event.Link{
			ID: e.ID, Kind: event.LinkExact, Pattern: e.Pattern, Label: e.Label, Timeframe: e.Timeframe, Confidence: event.Num(e.Confidence),
			DetectedAt: e.DetectedAt, SessionDate: e.SessionDate, Details: `{"x":1}`,
		}
	}
	e := spike(id, daily.Symbol, at, .93)
	e.Tier, e.Pattern, e.Label, e.Intraday = event.Combo, "setup_confirmation", "Setup Confirmation", nil
	e.Combo = &event.ComboDetail{Correlation: event.Num(.86), Setup: link(daily), Trigger: link(intraday)}
	return e
}

// errAway is what a database that is away answers.
var errAway = errors.New("dial tcp 10.0.0.7:5432: connection refused (user admin, password hunter2)")
