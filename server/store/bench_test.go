package store

import (
	"flag"
	"maps"
	"slices"
	"testing"
	"time"

	"tierboard/e2e/stack"
	"tierboard/server/store/connect"
	"tierboard/server/store/tally"
)

// rows is how many events BenchmarkQuery asks about; a million is what the budgets are for.
var rows = flag.Int("rows", 50_000, "events in the database of BenchmarkQuery")

// BenchmarkQuery reports the median and the 99th percentile of each shape of question, in microseconds, on both
// databases.
func BenchmarkQuery(b *testing.B) {
	b.Run("sqlite", func(b *testing.B) { benchQueries(b, Config{Place: connect.Place{DataDir: b.TempDir()}}) })
	b.Run("postgres", func(b *testing.B) { benchQueries(b, Config{Place: connect.Place{URL: stack.Postgres(b).URL()}}) })
}

func benchQueries(b *testing.B, where Config) { //nolint:thelper // a benchmark of its own
	s := openStore(b, where)
	m := newMarket(1, 2000, noon, 10*time.Second) // a million are four months
	begin := time.Now()
	var some string
	for range *rows / 500 {
		events := m.take(500)
		put(b, s, events...)
		if some == "" {
			some = events[250].ID
		}
	}
	b.Logf("%d events stored at %.0f a second", *rows, float64(*rows)/time.Since(begin).Seconds())
	if _, err := s.db.ExecContext(b.Context(), "ANALYZE"); err != nil {
		b.Fatal(err)
	}
	run := func(name string, ask func() error) {
		b.Run(name, func(b *testing.B) {
			if err := ask(); err != nil {
				b.Skipf("%v", err)
			}
			took := make([]time.Duration, 0, b.N)
			for range b.N {
				start := time.Now()
				if err := ask(); err != nil {
					b.Fatal(err)
				}
				took = append(took, time.Since(start))
			}
			slices.Sort(took)
			b.ReportMetric(float64(took[len(took)/2].Microseconds()), "p50-µs")
			b.ReportMetric(float64(took[len(took)*99/100].Microseconds()), "p99-µs")
		})
	}
	questions := shapes(m)
	for _, name := range slices.Sorted(maps.Keys(questions)) {
		run(name, func() error { _, err := s.Query(b.Context(), questions[name]); return err })
	}
	run("one id", func() error { _, err := s.Event(b.Context(), some); return err })
	run("performance", func() error {
		_, _, err := s.Performance(b.Context(), tally.PerformanceQuery{Since: m.at.AddDate(0, 0, -90), Now: m.at})
		return err
	})
}
