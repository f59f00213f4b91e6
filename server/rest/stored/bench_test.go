package stored

import (
	"context"
	"flag"
	"fmt"
	"log/slog"
	"math"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"net/url"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"tierboard/e2e/stack"
	"tierboard/server/calendar"
	"tierboard/server/gate"
	"tierboard/server/health"
	"tierboard/server/hub"
	"tierboard/server/metrics"
	"tierboard/server/query"
	"tierboard/server/rest"
	"tierboard/server/store"
	"tierboard/server/store/connect"
	"tierboard/shared/api"
	"tierboard/shared/event"
)

// rows is how many events BenchmarkREST asks about; a million is what the budgets are for.
var rows = flag.Int("rows", 20_000, "events in the database of BenchmarkREST")

// BenchmarkREST asks the whole surface, from the request to the last byte of its answer and without a network, and reports the
// median and the 99th percentile of each shape of question in milliseconds, on both databases.
func BenchmarkREST(b *testing.B) {
	b.Run("sqlite", func(b *testing.B) { benchREST(b, store.Config{Place: connect.Place{DataDir: b.TempDir()}}) })
	b.Run("postgres", func(b *testing.B) { benchREST(b, store.Config{Place: connect.Place{URL: stack.Postgres(b).URL()}}) })
}

// market makes events of 2,000 symbols and 30 patterns, the first ones most often, one every ten seconds.
type market struct {
	random *rand.Rand
	n      int
	at     time.Time
}

func (m *market) next() *event.Event {
	skewed := func(n int) int { return int(float64(n) * math.Pow(m.random.Float64(), 3)) }
	e := spike(m.n, fmt.Sprintf("S%04d", skewed(2000)), m.at, math.Round(100*(1-math.Pow(m.random.Float64(), 2)/2))/100)
	e.ID = fmt.Sprintf("b%08d", m.n)
	e.Pattern = fmt.Sprintf("pattern_%02d", skewed(30))
	e.SessionDate = m.at.Format(time.DateOnly)
	e.Details = `{"vwap":228.9,"rsi":61.2,"note":"seen before"}`
	switch m.n % 10 {
	case 0:
		e.Tier, e.Intraday, e.Daily = event.Daily, nil, &event.DailyDetail{MarketSession: event.PostMarket}
	case 1:
		e.Tier, e.Intraday, e.Combo = event.Combo, nil, &event.ComboDetail{Correlation: event.Num(.8)}
	}
	m.n++
	m.at = m.at.Add(10 * time.Second)
	return e
}

func benchREST(b *testing.B, where store.Config) { //nolint:thelper // a benchmark of its own
	log, m := slog.New(slog.DiscardHandler), metrics.New()
	cfg := store.DefaultConfig()
	cfg.URL, cfg.DataDir, cfg.Epoch = where.URL, where.DataDir, "E"
	db, err := store.Open(b.Context(), cfg, m, log)
	if err != nil {
		b.Fatal(err)
	}
	defer db.Close()

	feed := &market{random: rand.New(rand.NewPCG(1, 2)), at: noon}
	begin := time.Now()
	for range *rows / 500 {
		batch := make([]*event.Event, 500)
		for i := range batch {
			batch[i] = feed.next()
		}
		if err := db.Upsert(b.Context(), batch); err != nil {
			b.Fatal(err)
		}
	}
	b.Logf("%d events stored, %.0f a second", *rows, float64(*rows)/time.Since(begin).Seconds())

	h, err := hub.New(hub.DefaultConfig(), m, log)
	if err != nil {
		b.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.Background())
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		_ = h.Run(ctx)
	}()
	defer func() {
		stop()
		<-ended
	}()
	nyse := calendar.NYSE()
	tracker, err := health.New(health.Default(), nyse, noon)
	if err != nil {
		b.Fatal(err)
	}
	gc := gate.DefaultConfig()
	gc.PerMinute = 1 << 40
	g, err := gate.New(gc, log)
	if err != nil {
		b.Fatal(err)
	}
	s := New(db)
	x, err := rest.New(rest.Config{
		Hub: h, Archive: s, Library: s, Market: func() *calendar.Calendar { return nyse }, Health: tracker, Gate: g,
		Now: func() time.Time { return feed.at },
	}, m, log)
	if err != nil {
		b.Fatal(err)
	}
	mux := http.NewServeMux()
	x.Routes(mux)
	ask := func(target string, headers ...string) *httptest.ResponseRecorder {
		r := httptest.NewRequest(http.MethodGet, "http://localhost"+target, http.NoBody)
		for i := 0; i+1 < len(headers); i += 2 {
			r.Header.Set(headers[i], headers[i+1])
		}
		w := httptest.NewRecorder()
		mux.ServeHTTP(w, r)
		return w
	}
	deep := query.List{Path: api.PathIntraday, Question: query.Question{Sort: query.Newest, Now: feed.at}}
	deep.Filter.Tiers = []event.Tier{event.Intraday}
	middle := noon.Add(feed.at.Sub(noon) / 2)
	cursor := func() string { // of now: it expires
		return url.QueryEscape(deep.Cursor(query.Key{Millis: middle.UnixMilli(), ID: "x"}, feed.at))
	}
	some := make([]string, 500)
	for i := range some {
		some[i] = fmt.Sprintf("S%04d", i*4)
	}
	shapes := []struct {
		name, target string
	}{
		{"daily newest", "/api/patterns/daily"},
		{"intraday newest", "/api/patterns/intraday"},
		{"combo newest", "/api/patterns/combo"},
		{"all tiers newest", "/api/patterns"},
		{"1 symbol", "/api/patterns/intraday?symbols=S0100"},
		{"10 symbols", "/api/patterns/intraday?symbols=" + strings.Join(some[:10], ",")},
		{"500 symbols", "/api/patterns/intraday?symbols=" + strings.Join(some, ",")},
		{"pattern", "/api/patterns/intraday?pattern_types=pattern_20"},
		{"confidence_min .9", "/api/patterns/intraday?confidence_min=.9"},
		{"session_date", "/api/patterns/intraday?session_date=" + middle.Format(time.DateOnly)},
		{"since", "/api/patterns/intraday?since=-1d"},
		{"deep cursor", "/api/patterns/intraday?cursor=" + cursor()},
		{"one id", "/api/patterns/b00000777"},
		{"related", "/api/patterns/b00000777/related"},
	}
	for _, c := range shapes {
		b.Run(c.name, func(b *testing.B) {
			measure(b, func() {
				if w := ask(c.target); w.Code != http.StatusOK {
					b.Fatalf("%d %s", w.Code, w.Body)
				}
			})
		})
	}
	tag := ask("/api/patterns/intraday").Header().Get("ETag")
	b.Run("not modified", func(b *testing.B) {
		measure(b, func() {
			if w := ask("/api/patterns/intraday", "If-None-Match", tag); w.Code != http.StatusNotModified {
				b.Fatalf("%d", w.Code)
			}
		})
	})
	b.Run("export", func(b *testing.B) {
		w, began := &counting{header: http.Header{}}, time.Now() // once: it takes a second
		mux.ServeHTTP(w, httptest.NewRequest(http.MethodGet, "http://localhost/api/patterns?format=ndjson", http.NoBody))
		b.ReportMetric(float64(w.lines), "rows")
		b.ReportMetric(float64(w.lines)/time.Since(began).Seconds(), "rows/s")
		b.ReportMetric(float64(w.peak)/(1<<20), "heap-MB")
		b.ReportMetric(0, "ns/op")
	})
	// As in a server that has run for a while: the ring is full, and what is in it is stored, too.
	for range h.Config().Ring / 512 {
		batch := make([]*event.Event, 512)
		for i := range batch {
			batch[i] = feed.next()
			if _, err := h.Publish(b.Context(), batch[i]); err != nil {
				b.Fatal(err)
			}
		}
		if err := db.Upsert(b.Context(), batch); err != nil {
			b.Fatal(err)
		}
	}
	for _, c := range []struct{ name, target string }{
		{"from memory", "/api/patterns/intraday"},
		{"from memory 1 symbol", "/api/patterns/intraday?symbols=S0100&limit=10"},
		{"behind memory 1 symbol", "/api/patterns/intraday?symbols=S1990"},
		{"behind memory rare score", "/api/patterns/combo?confidence_min=1"},
		{"behind memory deep cursor", "/api/patterns/intraday?cursor=" + cursor()},
	} {
		b.Run(c.name, func(b *testing.B) {
			measure(b, func() {
				if w := ask(c.target); w.Code != http.StatusOK {
					b.Fatalf("%d %s", w.Code, w.Body)
				}
			})
		})
	}
}

// measure runs a question b.N times and reports its percentiles.
func measure(b *testing.B, ask func()) {
	b.Helper()
	ask() // the first one fills caches
	took := make([]time.Duration, 0, b.N)
	for range b.N {
		begin := time.Now()
		ask()
		took = append(took, time.Since(begin))
	}
	slices.Sort(took)
	b.ReportMetric(float64(took[len(took)/2].Microseconds())/1000, "p50-ms")
	b.ReportMetric(float64(took[len(took)*99/100].Microseconds())/1000, "p99-ms")
	b.ReportMetric(0, "ns/op") // the mean says less than the two above
}

// counting takes an answer and keeps nothing of it but its number of lines, and how large the heap was meanwhile.
type counting struct {
	header http.Header
	lines  int
	peak   uint64
	next   int
}

func (c *counting) Header() http.Header { return c.header }
func (c *counting) WriteHeader(int)     {}
func (c *counting) Flush()              {}

func (c *counting) Write(p []byte) (int, error) {
	for _, x := range p {
		if x == '\n' {
			c.lines++
		}
	}
	if c.lines >= c.next {
		c.next += 10_000
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		c.peak = max(c.peak, m.HeapAlloc)
	}
	return len(p), nil
}
