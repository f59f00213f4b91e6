package store

import (
	"database/sql"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"tierboard/e2e/stack"
	"tierboard/server/metrics"
	"tierboard/server/store/connect"
	"tierboard/server/store/list"
	"tierboard/shared/event"
)

// noon is the time of the tests.
var noon = time.Date(2026, 11, 20, 17, 0, 0, 0, time.UTC)

// place makes a fresh, empty database.
type place func(t testing.TB) Config

// TestConformance runs one suite on both databases.
func TestConformance(t *testing.T) {
	server := stack.Postgres(t)
	for dialect, fresh := range map[string]place{
		"sqlite": func(t testing.TB) Config { t.Helper(); return Config{Place: connect.Place{DataDir: t.TempDir()}} },
		"postgres": func(t testing.TB) Config {
			t.Helper()
			return Config{Place: connect.Place{URL: newDatabase(t, server.URL())}}
		},
	} {
		t.Run(dialect, func(t *testing.T) {
			for _, test := range suite {
				t.Run(test.name, func(t *testing.T) { test.run(t, fresh) })
			}
		})
	}
}

// databases numbers the databases of a process.
var databases atomic.Int64

// newDatabase makes an empty database on a server and returns its address.
func newDatabase(t testing.TB, server string) string {
	t.Helper()
	db, err := sql.Open("pgx", server)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	name := fmt.Sprintf("test%d", databases.Add(1))
	if _, err := db.ExecContext(t.Context(), "CREATE DATABASE "+name); err != nil {
		t.Fatal(err)
	}
	return strings.Replace(server, "/tierboard?", "/"+name+"?", 1)
}

// openStore opens a database with the usual settings.
func openStore(t testing.TB, where Config) *Store {
	t.Helper()
	cfg := DefaultConfig()
	cfg.URL, cfg.DataDir, cfg.Epoch = where.URL, where.DataDir, "epoch"
	s, err := Open(t.Context(), cfg, metrics.New(), slog.New(slog.NewTextHandler(t.Output(), nil)))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

// makeEvent returns an event that can be stored; i makes its id and its detection time.
func makeEvent(i int, change func(*event.Event)) *event.Event {
	e := &event.Event{
		Kind: event.Pattern, ID: fmt.Sprintf("event-%05d", i), Seq: uint64(i + 1), Tier: event.Intraday,
		Scope:      event.Scope{Symbol: "AAPL", Pattern: "volume_spike", Label: "Volume Spike", Timeframe: "5min", Direction: event.Bullish},
		Confidence: 0.87, Priority: event.High,
		DetectedAt: noon.Add(time.Duration(i) * time.Second), ReceivedAt: noon.Add(time.Duration(i)*time.Second + 20*time.Millisecond),
		Session: event.Regular, SessionDate: "2026-11-20", Occurrences: 1, Intraday: &event.IntradayDetail{RealTime: true},
		Price: event.Num(229.41), Levels: []event.Level{{Kind: "entry", Price: 228.6}}, Source: "TickStockPL",
		Details: `{"vwap":228.9,` + "\n\r\n" + `"note":"it's <b>?</b> \u0000 ☃"}`,
	}
	if change != nil {
		change(e)
		setDetail(e)
	}
	return e
}

// setDetail gives an event the detail of its tier.
func setDetail(e *event.Event) {
	e.Daily, e.Intraday, e.Combo = nil, nil, nil
	switch e.Tier {
	case event.Daily:
		e.Daily = &event.DailyDetail{MarketSession: event.PostMarket}
	case event.Intraday:
		e.Intraday = &event.IntradayDetail{RealTime: true}
	case event.Combo:
		e.Combo = &event.ComboDetail{Correlation: event.Num(0.8)}
	case event.TierNone:
	}
}

// put stores events.
func put(t testing.TB, s *Store, events ...*event.Event) {
	t.Helper()
	for part := range slices.Chunk(events, 500) {
		if err := s.Upsert(t.Context(), part); err != nil {
			t.Fatal(err)
		}
	}
}

// market invents events that look like a market's: many symbols, few of them busy.
type market struct {
	random   *rand.Rand
	symbols  []string
	zipf     *rand.Zipf
	patterns []string
	at       time.Time
	step     time.Duration
	n        int
}

func newMarket(seed uint64, symbols int, from time.Time, step time.Duration) *market {
	r := rand.New(rand.NewPCG(seed, 1))
	m := &market{random: r, at: from, step: step, zipf: rand.NewZipf(r, 1.1, 8, uint64(symbols-1))}
	for i := range symbols {
		m.symbols = append(m.symbols, fmt.Sprintf("S%04d", i))
	}
	for i := range 30 {
		m.patterns = append(m.patterns, fmt.Sprintf("pattern_%02d", i))
	}
	return m
}

// next returns the next event, later than all before.
func (m *market) next() *event.Event {
	r := m.random
	m.n++
	m.at = m.at.Add(m.step)
	tier := event.Intraday
	switch p := r.IntN(100); {
	case p < 10:
		tier = event.Daily
	case p < 15:
		tier = event.Combo
	}
	c := r.Float64()
	e := &event.Event{
		Kind: event.Pattern, ID: fmt.Sprintf("%08x-%04x-%04x-%012x", r.Uint32(), r.IntN(1<<16), r.IntN(1<<16), m.n), Seq: uint64(m.n), Tier: tier,
		Scope: event.Scope{
			Symbol: m.symbols[m.zipf.Uint64()], Pattern: m.patterns[r.IntN(len(m.patterns))], Label: "Some Pattern",
			Timeframe: []string{"1min", "5min", "15min"}[r.IntN(3)], Direction: []event.Direction{event.Bullish, event.Bearish, event.Neutral}[r.IntN(3)],
		},
		Confidence: c, Priority: event.PriorityOf(c), DetectedAt: m.at, PublishedAt: m.at.Add(5 * time.Millisecond), ReceivedAt: m.at.Add(9 * time.Millisecond),
		ExpiresAt: m.at.Add(30 * time.Minute), Session: event.Regular, SessionDate: m.at.Format(time.DateOnly), Occurrences: 1,
		Price: event.Num(100 + 50*r.Float64()), Volume: event.Num(float64(r.IntN(1e6))), RelativeVolume: event.Num(3 * r.Float64()),
		Levels: []event.Level{{Kind: "entry", Price: 101}, {Kind: "stop", Price: 99}, {Kind: "target", Price: 109, Label: "T1"}},
		Source: "TickStockPL", Details: `{"vwap":100.25,"note":"` + strings.Repeat("x", 100) + `"}`,
	}
	setDetail(e)
	return e
}

// take returns the next n events.
func (m *market) take(n int) []*event.Event {
	events := make([]*event.Event, n)
	for i := range events {
		events[i] = m.next()
	}
	return events
}

// ids returns the ids of rows.
func ids(rows []list.Row) []string {
	out := make([]string, len(rows))
	for i, r := range rows {
		out[i] = r.ID
	}
	return out
}
