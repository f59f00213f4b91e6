package recent

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"tierboard/shared/event"
	"tierboard/shared/filter"
)

// someSymbols and somePatterns are few, so that chains are long, and there are more than a walk merges.
var (
	someSymbols  = []string{"", "A", "B", "AB", "C"}
	somePatterns = []string{"doji", "hammer", "flag"}
)

// randomItem draws the item with a position.
func randomItem(t *rapid.T, seq uint64) *Item {
	return item(seq, func(e *event.Event) {
		e.Tier = event.Tier(rapid.IntRange(0, 4).Draw(t, "tier"))
		e.Symbol = rapid.SampledFrom(someSymbols).Draw(t, "symbol")
		e.Pattern = rapid.SampledFrom(somePatterns).Draw(t, "pattern")
	})
}

// randomFilters draws filters that restrict each set now and then.
func randomFilters(t *rapid.T) []filter.Filter {
	filters := make([]filter.Filter, rapid.IntRange(0, 3).Draw(t, "filters"))
	for i := range filters {
		if rapid.Bool().Draw(t, "by symbol") {
			filters[i].Symbols = rapid.SliceOfN(rapid.SampledFrom(append([]string{"none"}, someSymbols...)), 1, 3).Draw(t, "symbols")
			for n := range rapid.SampledFrom([]int{0, 0, 70, 600}).Draw(t, "absent symbols") {
				filters[i].Symbols = append(filters[i].Symbols, fmt.Sprint("absent", n))
			}
		}
		if rapid.Bool().Draw(t, "by pattern") {
			filters[i].Patterns = rapid.SliceOfN(rapid.SampledFrom(somePatterns), 1, 2).Draw(t, "patterns")
		}
		if rapid.Bool().Draw(t, "by tier") {
			filters[i].Tiers = rapid.SliceOfN(rapid.SampledFrom([]event.Tier{event.TierNone, event.Daily, event.Combo}), 1, 2).Draw(t, "tiers")
		}
	}
	return filters
}

// TestWalksPassAllThatIsWanted holds walks, and what is made of them, against a plain list.
func TestWalksPassAllThatIsWanted(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		r := New(rapid.IntRange(1, 40).Draw(t, "size"))
		var all []*Item
		more := func(most int) {
			for range rapid.IntRange(0, most).Draw(t, "events") {
				all = append(all, randomItem(t, uint64(len(all))+1))
				r.Add(all[len(all)-1])
			}
		}
		more(90)
		held := all[len(all)-r.Len():]
		filters := randomFilters(t)
		want := func(e *event.Event) bool { return len(filters) == 0 || filter.Any(filters, e) }
		_, last := r.Span()
		upTo := rapid.Uint64Range(0, last).Draw(t, "up to")
		per := rapid.IntRange(1, 5).Draw(t, "per tier")
		var expected []uint64
		taken := map[int]int{}
		for _, it := range slices.Backward(held) {
			if s := tierSlot(it.Event); it.Event.Seq <= upTo && want(it.Event) && taken[s] < per {
				taken[s]++
				expected = append(expected, it.Event.Seq)
			}
		}
		slices.Reverse(expected)
		if got := seqs(r.Newest(upTo, per, want, filters...)); !slices.Equal(got, expected) {
			t.Fatalf("Newest(%d, %d, %+v) = %v, want %v", upTo, per, filters, got, expected)
		}

		// While somebody walks, events come and go: what is still there at the end was passed.
		w := r.Walk(upTo, filters...)
		var passed []uint64
		for buf := make([]*Item, rapid.IntRange(1, 7).Draw(t, "buffer")); ; {
			n := w.Next(buf)
			if n == 0 {
				break
			}
			for _, it := range buf[:n] {
				if len(passed) > 0 && it.Event.Seq >= passed[len(passed)-1] {
					t.Fatalf("%d comes after %v", it.Event.Seq, passed)
				}
				passed = append(passed, it.Event.Seq)
			}
			more(3)
		}
		for _, it := range all[len(all)-r.Len():] {
			if it.Event.Seq <= upTo && want(it.Event) && !slices.Contains(passed, it.Event.Seq) {
				t.Fatalf("Walk(%d, %+v) passed %v, not %d", upTo, filters, passed, it.Event.Seq)
			}
		}
		if w.Next(make([]*Item, 1)) != 0 || r.Walk(last+1000, filters...).Next(make([]*Item, 1)) != 0 {
			t.Fatal("there is something behind the end")
		}

		for _, it := range all {
			if kept := it.Event.Seq > last-uint64(len(held)) && it.Event.Seq <= last; len(all) == int(last) && (r.At(it.Event.Seq) == it) != kept {
				t.Fatalf("At(%d), want it found: %v", it.Event.Seq, kept)
			}
		}
		if r.At(0) != nil || r.At(uint64(len(all))+1) != nil {
			t.Fatal("there is something outside of the ring")
		}
		prefix := rapid.SampledFrom([]string{"", "A", "Z"}).Draw(t, "prefix")
		newest := map[string]uint64{}
		for _, it := range all[len(all)-r.Len():] {
			if it.Event.Symbol != "" && strings.HasPrefix(it.Event.Symbol, prefix) {
				newest[it.Event.Symbol] = it.Event.Seq
			}
		}
		got := r.Symbols(prefix)
		for _, it := range got {
			if newest[it.Event.Symbol] != it.Event.Seq {
				t.Fatalf("Symbols(%q): %s at %d, want %v", prefix, it.Event.Symbol, it.Event.Seq, newest)
			}
		}
		if len(got) != len(newest) {
			t.Fatalf("Symbols(%q): %d, want %v", prefix, len(got), newest)
		}
	})
}

// TestWaitingIsWhatWasNotStored holds the events that wait for the archive against a plain list.
func TestWaitingIsWhatWasNotStored(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		r := New(rapid.IntRange(1, 20).Draw(t, "size"))
		var all []*Item
		stored := map[uint64]bool{}
		t.Repeat(map[string]func(*rapid.T){
			"publish": func(t *rapid.T) {
				all = append(all, randomItem(t, uint64(len(all))+1))
				r.Add(all[len(all)-1])
			},
			"store": func(t *rapid.T) {
				var some []*event.Event
				for _, i := range rapid.SliceOfN(rapid.IntRange(0, 60), 0, 8).Draw(t, "which") {
					e := &event.Event{ID: "of another life", Seq: 1} // its position says nothing
					if i < len(all) {
						e.ID = all[i].Event.ID
						stored[all[i].Event.Seq] = true
					}
					some = append(some, e)
				}
				r.Stored(some)
			},
			"": func(t *rapid.T) {
				var expected []uint64
				want := func(e *event.Event) bool { return e.Tier != event.Combo }
				for _, it := range all[len(all)-r.Len():] {
					if !stored[it.Event.Seq] && want(it.Event) {
						expected = append(expected, it.Event.Seq)
					}
				}
				if got := seqs(r.Waiting(want)); !slices.Equal(got, expected) {
					t.Fatalf("waiting %v, want %v", got, expected)
				}
			},
		})
	})
}

// BenchmarkNewest asks a full ring for snapshots: of everything, of what is rare and indexed, and of what is rare and is not.
func BenchmarkNewest(b *testing.B) {
	const size = 1 << 16
	r := New(size)
	for seq := uint64(1); seq <= size; seq++ {
		r.Add(item(seq, func(e *event.Event) {
			e.Tier = []event.Tier{event.Intraday, event.Intraday, event.Daily, event.Combo}[seq%4]
			e.Symbol = fmt.Sprintf("S%04d", seq*seq%2000)
			e.Confidence = float64(seq%1000) / 1000
		}))
	}
	for _, c := range []struct {
		name string
		f    filter.Filter
	}{
		{"everything", filter.Filter{}},
		{"one symbol", filter.Filter{Symbols: []string{"S0100"}}},
		{"a symbol nobody has", filter.Filter{Symbols: []string{"ZZZZ"}}},
		{"one in a thousand", filter.Filter{ConfidenceMin: .999}},
	} {
		b.Run(c.name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				r.Newest(size, 200, c.f.Match, c.f)
			}
		})
		b.Run(c.name+", not told", func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				r.Newest(size, 200, c.f.Match)
			}
		})
	}
}
