package filter

import (
	"math"
	"reflect"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"tierboard/shared/event"
)

// spike is an event with a value in every dimension.
func spike() *event.Event {
	return &event.Event{
		Kind: event.Pattern, ID: "1", Tier: event.Intraday, Confidence: 0.75, Priority: event.Medium, Session: event.Regular,
		Scope:  event.Scope{Symbol: "AAPL", Pattern: "volume_spike", Timeframe: "5min", Direction: event.Bullish},
		Facets: map[event.Dim]string{"regime": "bull"}, Intraday: &event.IntradayDetail{},
	}
}

func TestMatch(t *testing.T) {
	below, above := math.Nextafter(0.75, 0), math.Nextafter(0.75, 1)
	type extra = map[event.Dim][]string
	for _, c := range []struct {
		name string
		f    Filter
		want bool
	}{
		{"no restriction means everything", Filter{}, true},
		{"empty set means any", Filter{
			Kinds: []event.Kind{}, Tiers: []event.Tier{}, Patterns: []string{}, Symbols: []string{}, ExcludeSymbols: []string{},
			Timeframes: []string{}, Sessions: []event.Session{}, Directions: []event.Direction{}, Extra: extra{"regime": {}, "user": nil},
		}, true},

		{"kind in the set", Filter{Kinds: []event.Kind{"alert", event.Pattern}}, true},
		{"kind not in the set", Filter{Kinds: []event.Kind{"alert"}}, false},
		{"tier in the set", Filter{Tiers: []event.Tier{event.Daily, event.Intraday}}, true},
		{"tier not in the set", Filter{Tiers: []event.Tier{event.Daily, event.Combo}}, false},
		{"pattern in the set", Filter{Patterns: []string{"doji", "volume_spike"}}, true},
		{"pattern not in the set", Filter{Patterns: []string{"doji", "volume"}}, false},
		{"symbol in the set", Filter{Symbols: []string{"TSLA", "AAPL"}}, true},
		{"symbol not in the set", Filter{Symbols: []string{"TSLA", "AAP", "AAPLX"}}, false},
		{"timeframe in the set", Filter{Timeframes: []string{"5min"}}, true},
		{"timeframe not in the set", Filter{Timeframes: []string{"1min", "daily"}}, false},
		{"session in the set", Filter{Sessions: []event.Session{event.Regular}}, true},
		{"session not in the set", Filter{Sessions: []event.Session{event.Closed}}, false},
		{"direction in the set", Filter{Directions: []event.Direction{event.Bearish, event.Bullish}}, true},
		{"direction not in the set", Filter{Directions: []event.Direction{event.Neutral}}, false},
		{"extra facet in the set", Filter{Extra: extra{"regime": {"bear", "bull"}}}, true},
		{"extra facet not in the set", Filter{Extra: extra{"regime": {"bear"}}}, false},
		{"extra facet that the event has not", Filter{Extra: extra{"user": {"7"}}}, false},
		{"extra facets combine with and", Filter{Extra: extra{"regime": {"bull"}, "user": {"7"}}}, false},
		{"built-in dimension as an extra one", Filter{Extra: extra{event.DimSymbol: {"AAPL"}}}, true},

		{"excluded symbol", Filter{ExcludeSymbols: []string{"AAPL"}}, false},
		{"another symbol excluded", Filter{ExcludeSymbols: []string{"TSLA"}}, true},
		{"exclude wins over wanted", Filter{Symbols: []string{"AAPL"}, ExcludeSymbols: []string{"AAPL"}}, false},

		{"confidence equal to the minimum", Filter{ConfidenceMin: 0.75}, true},
		{"confidence a hair under the minimum", Filter{ConfidenceMin: above}, false},
		{"confidence a hair over the minimum", Filter{ConfidenceMin: below}, true},
		{"confidence equal to the maximum", Filter{ConfidenceMax: 0.75}, true},
		{"confidence a hair over the maximum", Filter{ConfidenceMax: below}, false},
		{"confidence a hair under the maximum", Filter{ConfidenceMax: above}, true},
		{"both bounds equal to the confidence", Filter{ConfidenceMin: 0.75, ConfidenceMax: 0.75}, true},
		{"bounds that are no numbers restrict nothing", Filter{ConfidenceMin: math.NaN(), ConfidenceMax: math.NaN()}, true},
		{"negative zero is zero", Filter{ConfidenceMin: math.Copysign(0, -1), ConfidenceMax: math.Copysign(0, -1)}, true},
		{"priority equal to the minimum", Filter{PriorityMin: event.Medium}, true},
		{"priority under the minimum", Filter{PriorityMin: event.High}, false},

		{"A6: patterns, one of them", Filter{Patterns: []string{"daily_breakout", "volume_spike"}}, true},
		{"A6: patterns, none of them", Filter{Patterns: []string{"daily_breakout", "trend_reversal"}}, false},
		{"A7: symbols AAPL", Filter{Symbols: []string{"AAPL"}}, true},
		{"A7: symbols TSLA", Filter{Symbols: []string{"TSLA"}}, false},
		{"A8: key absent accepts all", Filter{}, true},
		{"A8: empty list accepts all", Filter{Patterns: []string{}}, true},
		{"A9: .75 against .70", Filter{ConfidenceMin: 0.70}, true},
		{"A9: .75 against .75", Filter{ConfidenceMin: 0.75}, true},
		{"A9: .75 against .80", Filter{ConfidenceMin: 0.80}, false},
		{"A11: all dimensions hold", whole(), true},
		{"A11: one dimension fails, kind", with(func(f *Filter) { f.Kinds = []event.Kind{"alert"} }), false},
		{"A11: one dimension fails, tier", with(func(f *Filter) { f.Tiers = []event.Tier{event.Daily} }), false},
		{"A11: one dimension fails, pattern", with(func(f *Filter) { f.Patterns = []string{"doji"} }), false},
		{"A11: one dimension fails, symbol", with(func(f *Filter) { f.Symbols = []string{"TSLA"} }), false},
		{"A11: one dimension fails, excluded", with(func(f *Filter) { f.ExcludeSymbols = []string{"AAPL"} }), false},
		{"A11: one dimension fails, timeframe", with(func(f *Filter) { f.Timeframes = []string{"1min"} }), false},
		{"A11: one dimension fails, session", with(func(f *Filter) { f.Sessions = []event.Session{event.Closed} }), false},
		{"A11: one dimension fails, direction", with(func(f *Filter) { f.Directions = []event.Direction{event.Bearish} }), false},
		{"A11: one dimension fails, minimum", with(func(f *Filter) { f.ConfidenceMin = 0.8 }), false},
		{"A11: one dimension fails, maximum", with(func(f *Filter) { f.ConfidenceMax = 0.7 }), false},
		{"A11: one dimension fails, priority", with(func(f *Filter) { f.PriorityMin = event.Critical }), false},
		{"A11: one dimension fails, extra", with(func(f *Filter) { f.Extra = extra{"regime": {"bear"}} }), false},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := c.f.Match(spike()); got != c.want {
				t.Errorf("Match is %v, want %v", got, c.want)
			}
			if canonical := c.f.Canonical(); canonical.Match(spike()) != c.want {
				t.Errorf("Match of the canonical filter is %v, want %v", !c.want, c.want)
			}
			if got := Any([]Filter{{Kinds: []event.Kind{"nothing"}}, c.f}, spike()); got != c.want {
				t.Errorf("Any is %v, want %v", got, c.want)
			}
		})
	}
	if Any(nil, spike()) {
		t.Error("no filters want an event")
	}
}

// A10: priority_min high lets high and critical pass.
func TestMatchPriority(t *testing.T) {
	f := Filter{PriorityMin: event.High}
	for p, want := range map[event.Priority]bool{event.Low: false, event.Medium: false, event.High: true, event.Critical: true} {
		e := spike()
		e.Priority = p
		if got := f.Match(e); got != want {
			t.Errorf("A10: %v against high: %v, want %v", p, got, want)
		}
	}
}

// whole is a filter that restricts every dimension and wants spike.
func whole() Filter {
	return Filter{
		Kinds: []event.Kind{event.Pattern}, Tiers: []event.Tier{event.Intraday}, Patterns: []string{"volume_spike"},
		Symbols: []string{"AAPL", "MSFT"}, ExcludeSymbols: []string{"TSLA"}, Timeframes: []string{"5min"},
		Sessions: []event.Session{event.Regular}, Directions: []event.Direction{event.Bullish},
		ConfidenceMin: 0.7, ConfidenceMax: 0.8, PriorityMin: event.Medium, Extra: map[event.Dim][]string{"regime": {"bull"}},
	}
}

// with is whole with one thing changed.
func with(change func(*Filter)) Filter {
	f := whole()
	change(&f)
	return f
}

// The values that random filters and events draw from: few, so that they meet.
var (
	someKinds      = []event.Kind{event.Pattern, "alert", ""}
	someTiers      = []event.Tier{event.TierNone, event.Daily, event.Intraday, event.Combo, 7, 8}
	someTexts      = []string{"A", "B", "AB", "", `A" "B`, "\xff", "\ufffd", "é"}
	someSessions   = []event.Session{event.Regular, event.Closed, ""}
	someDirections = []event.Direction{event.Bullish, event.Bearish, ""}
	someDims       = []event.Dim{"regime", "user", event.DimSymbol, "s", `"s`}
	someNumbers    = []float64{0, math.Copysign(0, -1), 0.6, 0.75, math.Nextafter(0.75, 1), 1}
	oddNumbers     = []float64{0, 0.6, 0.75, 1, 1.5, -0.5, math.Copysign(0, -1), math.NaN(), math.Inf(1), math.Inf(-1)}
)

// sets draws a set, which may be nil, empty, unsorted or hold a value twice.
func sets[T any](values []T) *rapid.Generator[[]T] {
	return rapid.OneOf(rapid.Just[[]T](nil), rapid.Just[[]T](nil), rapid.SliceOfN(rapid.SampledFrom(values), 0, 4))
}

// filters draws any value of the type Filter, also ones that Parse would not give.
func filters() *rapid.Generator[Filter] {
	return rapid.Custom(func(t *rapid.T) Filter {
		texts := sets(someTexts)
		f := Filter{
			Kinds: sets(someKinds).Draw(t, "kinds"), Tiers: sets(someTiers).Draw(t, "tiers"), Patterns: texts.Draw(t, "patterns"),
			Symbols: texts.Draw(t, "symbols"), ExcludeSymbols: texts.Draw(t, "exclude"), Timeframes: texts.Draw(t, "timeframes"),
			Sessions: sets(someSessions).Draw(t, "sessions"), Directions: sets(someDirections).Draw(t, "directions"),
			ConfidenceMin: rapid.SampledFrom(oddNumbers).Draw(t, "min"), ConfidenceMax: rapid.SampledFrom(oddNumbers).Draw(t, "max"),
			PriorityMin: event.Priority(rapid.SampledFrom([]uint8{0, 0, 1, 2, 3, 9}).Draw(t, "priority")),
		}
		if rapid.Bool().Draw(t, "with extra") {
			f.Extra = rapid.MapOfN(rapid.SampledFrom(someDims), texts, 0, 2).Draw(t, "extra")
		}
		return f
	})
}

// events draws events that filters may want.
func events() *rapid.Generator[*event.Event] {
	return rapid.Custom(func(t *rapid.T) *event.Event {
		texts := rapid.SampledFrom(someTexts)
		return &event.Event{
			Kind: rapid.SampledFrom(someKinds).Draw(t, "kind"), Tier: rapid.SampledFrom(someTiers).Draw(t, "tier"),
			Scope: event.Scope{
				Symbol: texts.Draw(t, "symbol"), Pattern: texts.Draw(t, "pattern"), Timeframe: texts.Draw(t, "timeframe"),
				Direction: rapid.SampledFrom(someDirections).Draw(t, "direction"),
			},
			Session:    rapid.SampledFrom(someSessions).Draw(t, "session"),
			Confidence: rapid.SampledFrom(someNumbers).Draw(t, "confidence"), Priority: event.Priority(rapid.Uint8Max(3).Draw(t, "priority")),
			Facets: rapid.MapOfN(rapid.SampledFrom(someDims), texts, 0, 2).Draw(t, "facets"),
		}
	})
}

func TestCanonicalMatchesTheSame(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		f, e := filters().Draw(t, "filter"), events().Draw(t, "event")
		before, canonical := f.Key(), f.Canonical()
		if got, want := canonical.Match(e), f.Match(e); got != want {
			t.Fatalf("%+v matches %v, its canonical form %+v %v", f, want, canonical, got)
		}
		if f.Key() != before {
			t.Fatalf("Canonical changed the original from %s to %s", before, f.Key())
		}
		if again := canonical.Canonical(); !reflect.DeepEqual(again, canonical) {
			t.Fatalf("the canonical form of %+v is %+v", canonical, again)
		}
	})
}

func TestKeyIsEqualExactlyForTheSameFilter(t *testing.T) {
	seen := map[string]Filter{}
	check := func(t interface{ Fatalf(string, ...any) }, f Filter) {
		c := f.Canonical()
		key := c.Key()
		if before, ok := seen[key]; ok && !reflect.DeepEqual(before, c) {
			t.Fatalf("%+v and %+v have the key %s", before, c, key)
		}
		seen[key] = c
	}
	rapid.Check(t, func(t *rapid.T) {
		f := filters().Draw(t, "filter")
		check(t, f)
		shuffled := f
		shuffled.Symbols = slices.Concat(f.Symbols, f.Symbols)
		slices.Reverse(shuffled.Symbols)
		a, b := f.Canonical(), shuffled.Canonical()
		if a.Key() != b.Key() {
			t.Fatalf("%s and %s say the same", a.Key(), b.Key())
		}
	})
	// One value alone in each place: all are different filters.
	for _, v := range someTexts {
		check(t, Filter{Patterns: []string{v}})
		check(t, Filter{Symbols: []string{v}})
		check(t, Filter{ExcludeSymbols: []string{v}})
		check(t, Filter{Timeframes: []string{v}})
		check(t, Filter{Kinds: []event.Kind{event.Kind(v)}})
		check(t, Filter{Sessions: []event.Session{event.Session(v)}})
		check(t, Filter{Directions: []event.Direction{event.Direction(v)}})
		for _, d := range someDims {
			check(t, Filter{Extra: map[event.Dim][]string{d: {v}}})
		}
	}
	for n := range uint8(10) {
		check(t, Filter{Tiers: []event.Tier{event.Tier(n)}})
		check(t, Filter{PriorityMin: event.Priority(n)})
	}
	for _, n := range []float64{0.1, 0.75, math.Nextafter(0.75, 1), 0.9} {
		check(t, Filter{ConfidenceMin: n})
		check(t, Filter{ConfidenceMax: n})
	}
	byFilter := 7*len(someTexts) + len(someTexts)*len(someDims) + 10 + 9 + 8 // low priority is no restriction
	if len(seen) < byFilter {
		t.Errorf("%d keys for at least %d different filters", len(seen), byFilter)
	}
}

func TestCanonical(t *testing.T) {
	got := Filter{
		Kinds: []event.Kind{"b", "a", "b"}, Tiers: []event.Tier{event.Combo, event.Daily, event.Intraday, event.Daily},
		Patterns: []string{}, Symbols: []string{"T", "A", "T"}, ConfidenceMin: math.NaN(), ConfidenceMax: 1,
		Extra: map[event.Dim][]string{"regime": {}, "user": {"2", "1", "2"}},
	}.Canonical()
	want := Filter{
		Kinds: []event.Kind{"a", "b"}, Tiers: []event.Tier{event.Daily, event.Intraday, event.Combo}, Symbols: []string{"A", "T"},
		Extra: map[event.Dim][]string{"user": {"1", "2"}},
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v, want %+v", got, want)
	}
	zero := Filter{ConfidenceMin: math.Copysign(0, -1), ConfidenceMax: math.Inf(1), Extra: map[event.Dim][]string{"regime": nil}}.Canonical()
	if math.Signbit(zero.ConfidenceMin) || !reflect.DeepEqual(zero, Filter{}) || zero.Key() != "" {
		t.Errorf("a filter without a restriction is %+v with the key %q", zero, zero.Key())
	}
	if n := (&Filter{Symbols: []string{"A", "B"}, ExcludeSymbols: []string{"C"}}).SymbolCount(); n != 3 {
		t.Errorf("SymbolCount = %d, want 3", n)
	}
}
