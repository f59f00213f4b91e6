package match

import (
	"fmt"
	"math/rand/v2"
	"runtime"
	"slices"
	"testing"
	"time"

	"tierboard/shared/event"
)

// BenchmarkMatch finds who wants an event among distinct filters. Besides the time per event it reports its median and 99th
// percentile, what a filter costs in memory besides itself, and how many times quicker it is than a scan with filter.Match
// and than intersecting sets, both measured in the same run. A million filters need 3 GB and a minute, and -benchtime=1x.
func BenchmarkMatch(b *testing.B) {
	for _, n := range []int{1_000, 10_000, 100_000, 1_000_000} {
		b.Run(fmt.Sprintf("filters=%d", n), func(b *testing.B) {
			if n > 100_000 && testing.Short() {
				b.Skip("a million filters with -short")
			}
			w := newWorkload(n, 4000)
			before := heap()
			x := w.index()
			size := float64(heap()-before) / float64(n)
			hits := make([]ID, 0, n)
			match := func(e *event.Event) int { hits = x.Match(e, hits[:0]); return len(hits) }
			i := 0
			b.ReportAllocs()
			for b.Loop() {
				match(w.events[i%len(w.events)])
				i++
			}
			b.StopTimer()
			ours, each := timed(w.events, 5, match)
			b.ReportMetric(ours.at(.5), "p50-ns")
			b.ReportMetric(ours.at(.99), "p99-ns")
			b.ReportMetric(each, "hits/event")
			b.ReportMetric(ours.mean()/each, "ns/hit")
			b.ReportMetric(size, "B/filter")
			few := w.events[:min(len(w.events), 20_000_000/n)]
			scan, _ := timed(few, 1, func(e *event.Event) int {
				found := 0
				for i := range w.filters {
					if w.filters[i].Match(e) {
						found++
					}
				}
				return found
			})
			some, _ := timed(few, 5, match)
			b.ReportMetric(scan.mean()/some.mean(), "x-scan")
			if n > 100_000 {
				return // the sets of a million filters need 10 GB
			}
			old := newSets(w.filters)
			intersect, _ := timed(few, 1, old.match)
			b.ReportMetric(intersect.mean()/some.mean(), "x-sets")
			b.ReportMetric(intersect.at(.99)/some.at(.99), "x-sets-p99")
		})
	}
}

// BenchmarkMatchCold matches with caches that somebody else has filled in between, as writing to thousands of sockets does in a
// server: most of the time is then waiting for memory. It reports the median and the 99th percentile.
func BenchmarkMatchCold(b *testing.B) {
	for _, n := range []int{5_000, 100_000} {
		b.Run(fmt.Sprintf("filters=%d", n), func(b *testing.B) {
			w := newWorkload(n, 2000)
			x := w.index()
			hits := make([]ID, 0, n)
			others := make([]uint64, 1<<20) // 8 MB, more than a core's own caches
			sum := uint64(0)
			for b.Loop() {
				each := make(spans, 0, len(w.events))
				for _, e := range w.events {
					for i := 0; i < len(others); i += 8 {
						others[i]++
						sum += others[i]
					}
					began := time.Now()
					hits = x.Match(e, hits[:0])
					each = append(each, time.Since(began))
				}
				slices.Sort(each)
				b.ReportMetric(each.at(.5), "p50-ns")
				b.ReportMetric(each.at(.99), "p99-ns")
			}
			if sum == 0 {
				b.Error("nothing was read")
			}
		})
	}
}

// BenchmarkMatchUnderChanges matches 500 events a second while 1,000 filters change, as far as the order goes: two changes between
// two events. It reports the mean match and its ratio to the same without changes.
func BenchmarkMatchUnderChanges(b *testing.B) {
	const n = 100_000
	w := newWorkload(n, 4000)
	x := w.index()
	ids := make([]ID, n)
	for i := range ids {
		ids[i] = ID(i)
	}
	dice := rand.New(rand.NewPCG(1, 2))
	hits := make([]ID, 0, n)
	changes := 0
	match := func(e *event.Event) int {
		hits = x.Match(e, hits[:0])
		return len(hits)
	}
	measure := func() float64 {
		sum := time.Duration(0)
		for _, e := range w.events {
			for range changes {
				i := dice.IntN(n)
				old := x.Filters(ids[i])
				x.Remove(ids[i])
				ids[i] = x.Add(old)
			}
			began := time.Now()
			match(e)
			sum += time.Since(began)
		}
		return float64(sum) / float64(len(w.events))
	}
	var calm, changing []float64
	for b.Loop() {
		for range 5 {
			changes = 0
			calm = append(calm, measure())
			changes = 2
			changing = append(changing, measure())
		}
	}
	slices.Sort(calm)
	slices.Sort(changing)
	b.ReportMetric(changing[len(changing)/2], "ns/match")
	b.ReportMetric(changing[len(changing)/2]/calm[len(calm)/2], "x-calm")
}

// BenchmarkSwap replaces one of many filters by another.
func BenchmarkSwap(b *testing.B) {
	for _, n := range []int{10_000, 100_000} {
		b.Run(fmt.Sprintf("filters=%d", n), func(b *testing.B) {
			w := newWorkload(n, 1)
			x := w.index()
			dice := rand.New(rand.NewPCG(1, 2))
			ids := make([]ID, n)
			for i := range ids {
				ids[i] = ID(i)
			}
			swap := func() {
				i := dice.IntN(n)
				old := x.Filters(ids[i])
				x.Remove(ids[i])
				ids[i] = x.Add(old)
			}
			b.ReportAllocs()
			for b.Loop() {
				swap()
			}
			b.StopTimer()
			each := make(spans, 4000)
			for i := range each {
				began := time.Now()
				swap()
				each[i] = time.Since(began)
			}
			slices.Sort(each)
			b.ReportMetric(each.at(.5), "p50-ns")
		})
	}
}

// heap returns the bytes in use after a collection.
func heap() uint64 {
	var m runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}
