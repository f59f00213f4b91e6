package match

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"testing"

	"pgregory.net/rapid"

	"tierboard/shared/event"
	"tierboard/shared/filter"
)

var (
	symbols    = []string{"AAPL", "TSLA", "MSFT", "BRK.B", ""}
	patterns   = []string{"bull_flag", "doji", "hammer", ""}
	timeframes = []string{"", "1min", "daily"}
	kinds      = []event.Kind{"pattern", "market", "alert", "a", "b", "c", "d", "e", "f", "g"}
	minimums   = []float64{0, .1, .6, .7, .7005, .75, math.Nextafter(.75, 1), math.Nextafter(.75, 0), .8, .9, 1, 1.03, 7, -.5}
)

func subset[T any](t *rapid.T, from []T, most int) []T {
	return rapid.SliceOfN(rapid.SampledFrom(from), 0, most).Draw(t, "set")
}

func drawFilter(t *rapid.T) filter.Filter {
	f := filter.Filter{
		Symbols:       subset(t, symbols, 3),
		Patterns:      subset(t, patterns, 3),
		Tiers:         subset(t, []event.Tier{0, 1, 2, 3, 7, 9}, 3),
		ConfidenceMin: rapid.SampledFrom(minimums).Draw(t, "min"),
		PriorityMin:   event.Priority(rapid.IntRange(0, 4).Draw(t, "priority")),
	}
	if rapid.Bool().Draw(t, "rare") {
		f.Kinds = subset(t, kinds, 2)
		f.ExcludeSymbols = subset(t, symbols, 1)
		f.Timeframes = subset(t, timeframes, 2)
		f.Sessions = subset(t, []event.Session{event.Regular, event.Closed}, 1)
		f.Directions = subset(t, []event.Direction{event.Bullish, event.Bearish}, 1)
		f.ConfidenceMax = rapid.SampledFrom(minimums).Draw(t, "max")
		f.Extra = map[event.Dim][]string{"regime": subset(t, []string{"", "bull", "bear"}, 1)}
	}
	if rapid.IntRange(0, 9).Draw(t, "huge") == 0 {
		for i := range 30 {
			f.Symbols = append(f.Symbols, fmt.Sprintf("S%d", i))
			f.Patterns = append(f.Patterns, fmt.Sprintf("p%d", i))
		}
	}
	return f.Canonical()
}

func drawEvent(t *rapid.T) *event.Event {
	e := &event.Event{
		Kind: rapid.SampledFrom(kinds).Draw(t, "kind"),
		Tier: rapid.SampledFrom([]event.Tier{0, 1, 2, 3, 7, 8}).Draw(t, "tier"),
		Scope: event.Scope{
			Symbol:    rapid.SampledFrom(append([]string{"S1", "NONE"}, symbols...)).Draw(t, "symbol"),
			Pattern:   rapid.SampledFrom(append([]string{"p1", "none"}, patterns...)).Draw(t, "pattern"),
			Timeframe: rapid.SampledFrom(timeframes).Draw(t, "timeframe"),
			Direction: rapid.SampledFrom([]event.Direction{"", event.Bullish, event.Bearish}).Draw(t, "direction"),
		},
		Session:    rapid.SampledFrom([]event.Session{"", event.Regular, event.Closed}).Draw(t, "session"),
		Confidence: rapid.OneOf(rapid.SampledFrom(minimums), rapid.Float64Range(0, 1), rapid.SampledFrom([]float64{math.NaN(), -.4, -.6, 1.025, 2, 8})).Draw(t, "confidence"),
		Priority:   event.Priority(rapid.IntRange(0, 4).Draw(t, "priority")),
	}
	if r := rapid.SampledFrom([]string{"", "bull", "bear"}).Draw(t, "regime"); r != "" {
		e.Facets = map[event.Dim]string{"regime": r}
	}
	return e
}

// scan is the oracle.
func scan(lists map[ID][]filter.Filter, e *event.Event) []ID {
	var out []ID
	for id, fs := range lists {
		if filter.Any(fs, e) {
			out = append(out, id)
		}
	}
	slices.Sort(out)
	return out
}

func TestMatchEqualsAScanWithFilterMatch(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		x, held := New(), map[ID][]filter.Filter{}
		var ids []ID
		add := func(t *rapid.T) {
			fs := rapid.SliceOfN(rapid.Custom(drawFilter), 1, 4).Draw(t, "filters")
			id := x.Add(fs)
			if _, taken := held[id]; taken {
				t.Fatalf("Add gave the id %d, which is in use", id)
			}
			held[id] = fs
			ids = append(ids, id)
		}
		remove := func(t *rapid.T) {
			if len(ids) == 0 {
				return // nothing to remove
			}
			i := rapid.IntRange(0, len(ids)-1).Draw(t, "which")
			x.Remove(ids[i])
			delete(held, ids[i])
			ids = slices.Delete(ids, i, i+1)
		}
		t.Repeat(map[string]func(*rapid.T){
			"add":    add,
			"remove": remove,
			"swap":   func(t *rapid.T) { remove(t); add(t) },
			"": func(t *rapid.T) {
				if x.Len() != len(held) {
					t.Fatalf("Len = %d, want %d", x.Len(), len(held))
				}
				for range 5 {
					e := drawEvent(t)
					got := x.Match(e, nil)
					slices.Sort(got)
					if want := scan(held, e); !slices.Equal(got, want) {
						t.Fatalf("Match(%+v) = %v, want %v; held %+v", e, got, want, held)
					}
				}
			},
		})
		for _, id := range ids {
			x.Remove(id)
		}
		if x.symbols.numbers.Len() != 0 || x.patterns.numbers.Len() != 0 || x.cells.Len() != 0 || x.Len() != 0 {
			t.Fatalf("removing everything left a trace: %+v", x)
		}
	})
}

func FuzzMatchEqualsAScan(f *testing.F) {
	f.Add([]byte("seed"))
	f.Add([]byte{0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 200, 201, 202})
	f.Fuzz(rapid.MakeFuzz(func(t *rapid.T) {
		x, held := New(), map[ID][]filter.Filter{}
		for _, fs := range rapid.SliceOfN(rapid.SliceOfN(rapid.Custom(drawFilter), 1, 3), 1, 8).Draw(t, "lists") {
			held[x.Add(fs)] = fs
		}
		e := drawEvent(t)
		got := x.Match(e, nil)
		slices.Sort(got)
		if want := scan(held, e); !slices.Equal(got, want) {
			t.Fatalf("Match(%+v) = %v, want %v", e, got, want)
		}
	}))
}

func aapl(confidence float64) *event.Event {
	return &event.Event{
		Kind: event.Pattern, Tier: event.Daily, Scope: event.Scope{Symbol: "AAPL", Pattern: "bull_flag"},
		Confidence: confidence, Priority: event.PriorityOf(confidence),
	}
}

func TestThresholdsAreExact(t *testing.T) {
	x := New()
	x.Add([]filter.Filter{{ConfidenceMin: .75}})
	for c, want := range map[float64]int{.75: 1, math.Nextafter(.75, 0): 0, math.Nextafter(.75, 1): 1} {
		if got := x.Match(aapl(c), nil); len(got) != want {
			t.Errorf("minimum 0.75, event %v: %d hits, want %d", c, len(got), want)
		}
	}
}

// TestEveryThresholdOnARoundNumberIsALevelOfItsOwn holds that what users choose needs no check on the hit.
func TestEveryThresholdOnARoundNumberIsALevelOfItsOwn(t *testing.T) {
	for i := range levels + 1 {
		written, err := strconv.ParseFloat(fmt.Sprintf("%d.%03d", i/levels, i%levels), 64)
		if err != nil {
			t.Fatal(err)
		}
		if w := threshold(written); w&checked != 0 || int(w>>levelShift) != i {
			t.Errorf("%v: %x, want level %d without a check", written, w, i)
		}
	}
	rapid.Check(t, func(t *rapid.T) {
		c := rapid.Float64Range(0, 2).Draw(t, "confidence")
		l := level(c)
		if float64(l)/levels > c || (l < lastLevel && float64(l+1)/levels <= c) {
			t.Fatalf("level(%v) = %d", c, l)
		}
	})
}

func TestNamesAreUsedAgain(t *testing.T) {
	x := New()
	for i := range 1000 {
		f := filter.Filter{Symbols: []string{fmt.Sprintf("S%d", i), "KEPT"}, Patterns: []string{fmt.Sprintf("p%d", i)}}
		x.Remove(x.Add([]filter.Filter{f.Canonical()}))
	}
	if n := len(x.symbols.uses) + len(x.patterns.uses); n > 6 {
		t.Errorf("%d numbers were needed for three names at a time", n)
	}
}

func TestAListOfFiltersIsNamedOnce(t *testing.T) {
	x := New()
	id := x.Add([]filter.Filter{{}, {Symbols: []string{"AAPL"}}, {Patterns: []string{"bull_flag"}}, {Timeframes: []string{""}}})
	if got := x.Match(aapl(.5), nil); !slices.Equal(got, []ID{id}) {
		t.Errorf("Match = %v, want the one id", got)
	}
	x.stamp = math.MaxUint32 // the next event wraps the stamp
	x.stamps[id] = 0
	if got := x.Match(aapl(.5), nil); !slices.Equal(got, []ID{id}) {
		t.Errorf("after the stamp wrapped Match = %v, want the one id", got)
	}
}

func TestNoFiltersMatchNothing(t *testing.T) {
	x := New()
	id := x.Add(nil)
	if got := x.Match(aapl(1), nil); got != nil {
		t.Errorf("Match = %v, want nothing", got)
	}
	if fs := x.Filters(id); fs == nil || len(fs) != 0 {
		t.Errorf("Filters = %v, want an empty list", fs)
	}
	x.Remove(id)
	x.Remove(id)  // twice is once
	x.Remove(999) // never given out
	if x.Len() != 0 || x.Filters(id) != nil || x.Filters(999) != nil {
		t.Error("a removed id is still there")
	}
}

func TestAProductBeyondTheBoundIsStillExact(t *testing.T) {
	names := func(prefix string, n int) []string {
		out := make([]string, n)
		for i := range out {
			out[i] = fmt.Sprintf("%s%04d", prefix, i)
		}
		return out
	}
	for name, size := range map[string][2]int{"symbols kept": {400, 90}, "patterns kept": {600, 90}, "neither kept": {600, 600}, "one of many": {1, 600}} {
		t.Run(name, func(t *testing.T) {
			x := New()
			f := filter.Filter{Symbols: names("S", size[0]), Patterns: names("p", size[1])}
			id := x.Add([]filter.Filter{f})
			for _, c := range []struct {
				symbol, pattern string
				want            bool
			}{{"S0000", "p0000", true}, {"S0000", "p9999", false}, {"S9999", "p0000", false}} {
				e := aapl(.5)
				e.Symbol, e.Pattern = c.symbol, c.pattern
				if got := slices.Contains(x.Match(e, nil), id); got != c.want {
					t.Errorf("%s %s: %v, want %v", c.symbol, c.pattern, got, c.want)
				}
			}
			x.Remove(id)
			if x.symbols.numbers.Len() != 0 || x.patterns.numbers.Len() != 0 || x.cells.Len() != 0 {
				t.Error("removal left a trace")
			}
		})
	}
}

func TestACrowdThatLeavesKeepsNobody(t *testing.T) {
	x := New()
	var ids []ID
	for range 1000 {
		ids = append(ids, x.Add([]filter.Filter{{}}))
	}
	for _, id := range ids[:990] {
		x.Remove(id)
	}
	if got := len(x.Match(aapl(.5), nil)); got != 10 {
		t.Errorf("%d hits, want 10", got)
	}
}

func TestMatchDoesNotAllocate(t *testing.T) {
	w := newWorkload(1000, 1000)
	x, events := w.index(), w.events
	dst := make([]ID, 0, 1000)
	i := 0
	if n := testing.AllocsPerRun(200, func() { dst = x.Match(events[i%len(events)], dst[:0]); i++ }); n != 0 {
		t.Errorf("%v allocations an event, want none", n)
	}
}
