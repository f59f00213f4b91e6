package filter

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"math"
	"reflect"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"pgregory.net/rapid"

	"tierboard/shared/event"
)

// schema is the public one with two further dimensions.
func schema() Schema { return Schema{Limits: DefaultLimits(), Extra: []event.Dim{"regime", "user"}} }

type obj = map[string]any

func TestParse(t *testing.T) {
	words := func(ws ...any) []any { return ws }
	for _, c := range []struct {
		name string
		in   obj
		want Filter
	}{
		{"empty object means everything", obj{}, Filter{}},
		{"null means absent", obj{
			"kinds": nil, "tiers": nil, "pattern_types": nil, "symbols": nil, "exclude_symbols": nil, "timeframes": nil, "sessions": nil,
			"directions": nil, "confidence_min": nil, "confidence_max": nil, "priority_min": nil, "regimes": nil,
		}, Filter{}},
		{"C45: empty lists mean all", obj{"tiers": words(), "symbols": words(), "regimes": words()}, Filter{}},
		{"kinds in lower case", obj{"kinds": words("Pattern", "ALERT")}, Filter{Kinds: []event.Kind{"alert", "pattern"}}},
		{"A7: tiers as words in any case", obj{"tiers": words("COMBO", "daily")}, Filter{Tiers: []event.Tier{event.Daily, event.Combo}}},
		{"patterns are folded", obj{"pattern_types": words("VolumeSpike", "volume spike", "BullFlag")}, Filter{Patterns: []string{"bull_flag", "volume_spike"}}},
		{"unknown patterns pass", obj{"pattern_types": words("Triple Top")}, Filter{Patterns: []string{"triple_top"}}},
		{"symbols are trimmed, in upper case and once", obj{"symbols": words(" aapl ", "BRK.b", "AAPL")}, Filter{Symbols: []string{"AAPL", "BRK.B"}}},
		{"C47: unicode names", obj{"symbols": words("日経225", "ü")}, Filter{Symbols: []string{"Ü", "日経225"}}},
		{"excluded symbols", obj{"exclude_symbols": words("spy\x00")}, Filter{ExcludeSymbols: []string{"SPY"}}},
		{"timeframes are folded", obj{"timeframes": words("5m", "1D", "1h")}, Filter{Timeframes: []string{"1hour", "5min", "daily"}}},
		{"sessions", obj{"sessions": words("REGULAR", "pre_market")}, Filter{Sessions: []event.Session{event.PreMarket, event.Regular}}},
		{"directions", obj{"directions": words("up", "Bearish")}, Filter{Directions: []event.Direction{event.Bearish, event.Bullish}}},
		{"bounds as floats", obj{"confidence_min": 0.6, "confidence_max": 0.9}, Filter{ConfidenceMin: 0.6, ConfidenceMax: 0.9}},
		{"bounds as integers", obj{"confidence_min": int64(0), "confidence_max": uint64(1)}, Filter{}},
		{"equal bounds", obj{"confidence_min": 0.6, "confidence_max": 0.6}, Filter{ConfidenceMin: 0.6, ConfidenceMax: 0.6}},
		{"a minimum of 1", obj{"confidence_min": uint64(1)}, Filter{ConfidenceMin: 1}},
		{"negative zero is zero", obj{"confidence_min": math.Copysign(0, -1)}, Filter{}},
		{"priority", obj{"priority_min": "High"}, Filter{PriorityMin: event.High}},
		{"further dimensions", obj{"regimes": words("bull", "bear"), "users": words("7")}, Filter{Extra: map[event.Dim][]string{"regime": {"bear", "bull"}, "user": {"7"}}}},
		{"one of the further dimensions empty", obj{"regimes": words(), "users": words("7")}, Filter{Extra: map[event.Dim][]string{"user": {"7"}}}},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, err := schema().Parse(c.in, "filters[0]")
			if err != nil || !reflect.DeepEqual(got, c.want) || math.Signbit(got.ConfidenceMin) {
				t.Fatalf("got %+v, %v, want %+v", got, err, c.want)
			}
		})
	}
}

func many(n int, format string) []any {
	out := make([]any, n)
	for i := range out {
		out[i] = fmt.Sprintf(format, i)
	}
	return out
}

func TestParseErrorsNameTheField(t *testing.T) {
	for _, c := range []struct {
		name   string
		in     any // the list of filters
		field  string
		text   string // part of the problem
		tooBig bool
	}{
		{"C45: null", nil, "filters", "list of objects", false},
		{"C45: text", "all", "filters", "list of objects", false},
		{"C45: number", 7.0, "filters", "list of objects", false},
		{"C45: an object instead of a list", obj{}, "filters", "list of objects", false},
		{"no filters", []any{}, "filters", "at least one", false},
		{"17 filters", make([]any, 17), "filters", "17 filters; at most 16", true},
		{"C45: a filter that is null", []any{obj{}, nil}, "filters[1]", "object", false},
		{"C45: a filter that is text", []any{"x"}, "filters[0]", "object", false},
		{"C45: a filter that is a number", []any{1.0}, "filters[0]", "object", false},
		{"C45: a filter that is a list", []any{[]any{}}, "filters[0]", "object", false},
		{"C46: minimum -1", []any{obj{"confidence_min": -1.0}}, "filters[0].confidence_min", "-1 is outside 0 to 1", false},
		{"C46: minimum 2", []any{obj{"confidence_min": 2.0}}, "filters[0].confidence_min", "2 is outside 0 to 1", false},
		{"C46: integer minimum 2", []any{obj{"confidence_min": int64(2)}}, "filters[0].confidence_min", "outside", false},
		{"C46: integer minimum -1", []any{obj{"confidence_min": int64(-1)}}, "filters[0].confidence_min", "outside", false},
		{"minimum is no number", []any{obj{"confidence_min": math.NaN()}}, "filters[0].confidence_min", "NaN", false},
		{"minimum is infinite", []any{obj{"confidence_min": math.Inf(1)}}, "filters[0].confidence_min", "outside", false},
		{"minimum as text", []any{obj{"confidence_min": "0.6"}}, "filters[0].confidence_min", "must be a number", false},
		{"maximum 0 would be nothing", []any{obj{"confidence_max": 0.0}}, "filters[0].confidence_max", "above 0", false},
		{"maximum negative zero", []any{obj{"confidence_max": math.Copysign(0, -1)}}, "filters[0].confidence_max", "above 0", false},
		{"maximum above 1", []any{obj{"confidence_max": 1.01}}, "filters[0].confidence_max", "outside", false},
		{"bounds crossed", []any{obj{"confidence_min": 0.8, "confidence_max": 0.7}}, "filters[0].confidence_min", "above confidence_max", false},
		{"a minimum of 1 above a maximum", []any{obj{"confidence_min": 1.0, "confidence_max": 0.7}}, "filters[0].confidence_min", "above", false},
		{"unknown tier", []any{obj{"tiers": []any{"daily", "dayly"}}}, "filters[0].tiers", `"dayly" is no tier`, false},
		{"unknown session", []any{obj{"sessions": []any{"lunch"}}}, "filters[0].sessions", `"lunch" is no session`, false},
		{"unknown direction", []any{obj{"directions": []any{"sideways"}}}, "filters[0].directions", `"sideways" is no direction`, false},
		{"unknown priority", []any{obj{"priority_min": "urgent"}}, "filters[0].priority_min", `"urgent" is no priority`, false},
		{"priority as a number", []any{obj{"priority_min": 2.0}}, "filters[0].priority_min", "must be one of", false},
		{"pattern without letters", []any{obj{"pattern_types": []any{"---"}}}, "filters[0].pattern_types", "no pattern name", false},
		{"symbol of control characters", []any{obj{"symbols": []any{"\x01"}}}, "filters[0].symbols", "no symbol", false},
		{"symbol too long", []any{obj{"symbols": []any{strings.Repeat("A", 33)}}}, "filters[0].symbols", "1 to 32", false},
		{"excluded symbol too long", []any{obj{"exclude_symbols": []any{strings.Repeat("é", 17)}}}, "filters[0].exclude_symbols", "no symbol", false},
		{"a set as text", []any{obj{"tiers": "daily"}}, "filters[0].tiers", "list of words", false},
		{"a value that is no text", []any{obj{"symbols": []any{"A", 1.0}}}, "filters[0].symbols[1]", "must be a word", false},
		{"an empty value", []any{obj{"timeframes": []any{"  "}}}, "filters[0].timeframes[0]", "1 to 256", false},
		{"a value too long", []any{obj{"kinds": []any{strings.Repeat("k", 257)}}}, "filters[0].kinds[0]", "1 to 256", false},
		{"a value too long in lower case", []any{obj{"timeframes": []any{strings.Repeat("Ⱥ", 100)}}}, "filters[0].timeframes[0]", "1 to 256", false},
		{"a value that is not UTF-8", []any{obj{"regimes": []any{"a\xff"}}}, "filters[0].regimes[0]", "text", false},
		{"101 values", []any{obj{"timeframes": many(101, "%dmin")}}, "filters[0].timeframes", "101 values; at most 100", true},
		{"101 values of a further dimension", []any{obj{"users": many(101, "%d")}}, "filters[0].users", "at most 100", true},
		{"C47: 10,000 symbols", []any{obj{"symbols": many(10_000, "S%d")}}, "filters[0].symbols", "10000 values; at most 500", true},
		{"501 symbols in two sets", []any{obj{"symbols": many(300, "S%d"), "exclude_symbols": many(201, "X%d")}}, "filters[0].symbols", "501 symbols; at most 500", true},
		{"1,001 symbols in three filters", []any{
			obj{"symbols": many(500, "S%d")}, obj{"symbols": many(500, "S%d")}, obj{"symbols": []any{"Z"}},
		}, "filters", "1001 symbols in all; at most 1000", true},
		{"unknown key", []any{obj{}, obj{"colour": "red"}}, "filters[1].colour", "is no filter key", false},
		{"unknown key in the plural", []any{obj{"colours": []any{"red"}}}, "filters[0].colours", "is no filter key", false},
		{"further dimension in the singular", []any{obj{"regime": []any{"bull"}}}, "filters[0].regime", `did you mean "regimes"?`, false},
		{"singular of a key", []any{obj{"tier": []any{"daily"}}}, "filters[0].tier", `did you mean "tiers"?`, false},
		{"letters swapped", []any{obj{"symblos": nil}}, "filters[0].symblos", `did you mean "symbols"?`, false},
		{"start of a key", []any{obj{"symb": nil}}, "filters[0].symb", `did you mean "symbols"?`, false},
		{"nothing like it", []any{obj{"quantity": nil}}, "filters[0].quantity", "is no filter key", false},
		{"two bad fields: always the first by name", []any{obj{"tiers": 1.0, "kinds": 1.0}}, "filters[0].kinds", "list", false},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, err := schema().ParseAll(c.in)
			var fe *Error
			if !errors.As(err, &fe) || got != nil {
				t.Fatalf("got %+v, %v, want an *Error", got, err)
			}
			if fe.Field != c.field || !strings.Contains(fe.Problem, c.text) || fe.TooBig != c.tooBig || fe.Error() != fe.Field+": "+fe.Problem {
				t.Fatalf("got %q, too big %v, want %s: …%s…, too big %v", fe, fe.TooBig, c.field, c.text, c.tooBig)
			}
		})
	}
}

// What somebody sends must not come back a hundred times as large, or as bytes that are no text.
func TestParseErrorsAreShortText(t *testing.T) {
	for _, bad := range []string{strings.Repeat("ä", 30_000), "\xff\xfe", "a\xc3", strings.Repeat("\xff", 300)} {
		for _, in := range []obj{
			{bad: nil},
			{"tiers": []any{bad}},
			{"symbols": []any{bad}},
			{"pattern_types": []any{bad}},
			{"priority_min": bad},
			{"sessions": []any{bad}},
			{"users": []any{bad}},
		} {
			_, err := schema().Parse(in, "filters[0]")
			if err == nil || len(err.Error()) > 300 || !utf8.ValidString(err.Error()) {
				t.Errorf("%.40q: the error has %d bytes: %.200q", in, len(fmt.Sprint(err)), err)
			}
		}
	}
}

func TestLimitsAreInclusive(t *testing.T) {
	all := make([]any, 16)
	for i := range all {
		all[i] = obj{}
	}
	all[0] = obj{"symbols": many(250, "S%d"), "exclude_symbols": many(250, "X%d"), "timeframes": many(100, "%dmin"), "users": many(100, "%d")}
	all[1] = obj{"symbols": many(500, "S%d")}
	got, err := schema().ParseAll(all)
	if err != nil || len(got) != 16 || got[0].SymbolCount() != 500 || len(got[0].Timeframes) != 100 {
		t.Fatalf("got %d filters, %v, want all 16", len(got), err)
	}
	var none Schema
	if _, err := none.ParseAll([]any{obj{}}); err == nil {
		t.Error("the zero Limits accept a filter")
	}
	if _, err := DefaultSchema().Parse(obj{"regimes": []any{"bull"}}, "f"); err == nil {
		t.Error("the default schema knows a further dimension")
	}
}

func TestTimeframe(t *testing.T) {
	for in, want := range map[string]string{
		"1m": "1min", "1min": "1min", "1minute": "1min", "5m": "5min", "5M": "5min", "15minutes": "15min", " 30min ": "30min",
		"60m": "1hour", "60min": "1hour", "60minutes": "1hour", "hourly": "1hour", "1h": "1hour", "1hr": "1hour", "1hour": "1hour", "4H": "4hour", "2hours": "2hour",
		"1d": "daily", "1D": "daily", "1day": "daily", "day": "daily", "d": "daily", "Daily": "daily",
		"1w": "weekly", "1week": "weekly", "weekly": "weekly", "week": "weekly", "1mo": "monthly", "1month": "monthly", "month": "monthly",
		"": "", "tick": "tick", "10x": "10x", "5": "5", "m": "m", "1.5h": "1.5h", "½h": "½h", "é": "é",
	} {
		if got := Timeframe(in); got != want {
			t.Errorf("Timeframe(%q) = %q, want %q", in, got, want)
		}
	}
	rapid.Check(t, func(t *rapid.T) {
		s := rapid.OneOf(rapid.String(), rapid.StringMatching(`[0-9]{0,3} ?[a-zA-Z]{0,7}`)).Draw(t, "s")
		if once := Timeframe(s); Timeframe(once) != once {
			t.Fatalf("Timeframe(%q) = %q, and of that it is %q", s, once, Timeframe(once))
		}
	})
}

func TestSymbol(t *testing.T) {
	for in, want := range map[string]string{
		"aapl": "AAPL", " brk.b\n": "BRK.B", "a\x00b": "AB", "\u00a0x\u00a0": "X", "a\xffb": "AB", "\ufffd": "", "": "", "<b>": "<B>", "ß": "ß",
	} {
		if got := Symbol(in); got != want {
			t.Errorf("Symbol(%q) = %q, want %q", in, got, want)
		}
	}
	rapid.Check(t, func(t *rapid.T) {
		s := rapid.String().Draw(t, "s")
		if once := Symbol(s); Symbol(once) != once || !utf8.ValidString(once) {
			t.Fatalf("Symbol(%q) = %q, and of that it is %q", s, once, Symbol(once))
		}
	})
}

// object writes a filter as the object it would be read from.
func object(f Filter) obj {
	o := obj{}
	put := func(key string, n int, at func(int) string) {
		if n == 0 {
			return
		}
		list := make([]any, n)
		for i := range list {
			list[i] = at(i)
		}
		o[key] = list
	}
	put("kinds", len(f.Kinds), func(i int) string { return string(f.Kinds[i]) })
	put("tiers", len(f.Tiers), func(i int) string { return f.Tiers[i].String() })
	put("pattern_types", len(f.Patterns), func(i int) string { return f.Patterns[i] })
	put("symbols", len(f.Symbols), func(i int) string { return f.Symbols[i] })
	put("exclude_symbols", len(f.ExcludeSymbols), func(i int) string { return f.ExcludeSymbols[i] })
	put("timeframes", len(f.Timeframes), func(i int) string { return f.Timeframes[i] })
	put("sessions", len(f.Sessions), func(i int) string { return string(f.Sessions[i]) })
	put("directions", len(f.Directions), func(i int) string { return string(f.Directions[i]) })
	for d, set := range f.Extra {
		put(string(d)+"s", len(set), func(i int) string { return set[i] })
	}
	if f.ConfidenceMin != 0 {
		o["confidence_min"] = f.ConfidenceMin
	}
	if f.ConfidenceMax != 0 {
		o["confidence_max"] = f.ConfidenceMax
	}
	if f.PriorityMin != 0 {
		o["priority_min"] = f.PriorityMin.String()
	}
	return o
}

// objects draws what clients may send: mostly filters that can be used.
func objects() *rapid.Generator[obj] {
	list := func(g *rapid.Generator[string]) *rapid.Generator[any] {
		return rapid.Map(rapid.SliceOfN(g, 0, 4), func(words []string) any {
			out := make([]any, len(words))
			for i, w := range words {
				out[i] = w
			}
			return out
		})
	}
	anyText := rapid.StringN(1, 40, -1)
	number := rapid.Map(rapid.Float64Range(0, 1), func(f float64) any { return f })
	values := map[string]*rapid.Generator[any]{
		"kinds": list(anyText), "tiers": list(rapid.SampledFrom([]string{"daily", "Intraday", "COMBO"})),
		"pattern_types": list(rapid.OneOf(anyText, rapid.SampledFrom([]string{"VolumeSpike", "doji pattern", "x_pattern"}))),
		"symbols":       list(rapid.StringN(1, 12, 40)), "exclude_symbols": list(rapid.StringN(1, 6, -1)),
		"timeframes": list(rapid.OneOf(anyText, rapid.StringMatching(`[0-9]{1,2}(m|min|minutes|h|d)`))),
		"sessions":   list(rapid.SampledFrom([]string{"regular", "Closed"})), "directions": list(rapid.SampledFrom([]string{"up", "bearish"})),
		"confidence_min": number, "confidence_max": number, "priority_min": rapid.Map(rapid.SampledFrom([]string{"low", "high"}), func(s string) any { return s }),
		"regimes": list(anyText), "users": list(anyText),
	}
	names := slices.Sorted(maps.Keys(values)) // in order, so that a failure can be replayed
	return rapid.Custom(func(t *rapid.T) obj {
		o := obj{}
		for _, key := range names {
			if rapid.IntRange(0, 2).Draw(t, "with "+key) == 0 {
				o[key] = values[key].Draw(t, key)
			}
		}
		return o
	})
}

// checkParsed holds what is promised of every filter that Parse gives.
func checkParsed(t interface{ Fatalf(string, ...any) }, f Filter) {
	if c := f.Canonical(); !reflect.DeepEqual(c, f) {
		t.Fatalf("%+v is not canonical: %+v", f, c)
	}
	again, err := schema().Parse(object(f), "f")
	if err != nil || !reflect.DeepEqual(again, f) {
		t.Fatalf("%+v reads back as %+v, %v", f, again, err)
	}
}

func TestParseReadsBackWhatItGave(t *testing.T) {
	good := 0
	rapid.Check(t, func(t *rapid.T) {
		f, err := schema().Parse(objects().Draw(t, "object"), "f")
		if err != nil {
			return
		}
		good++
		checkParsed(t, f)
	})
	if good == 0 {
		t.Error("no random object was a filter: the test tests nothing")
	}
}

func FuzzParse(f *testing.F) {
	for _, s := range []string{
		`[{}]`, `[]`, `null`, `[{"tiers":["daily"],"symbols":["aapl"],"confidence_min":0.6}]`, `[{"regimes":["bull"],"users":[]}]`,
		`[{"timeframes":["60minutes","İ"]}]`, `[{"pattern_types":["x_pattern_pattern"],"exclude_symbols":[" a\u0000"]}]`,
		`[{"confidence_max":1e-300,"priority_min":"LOW"}]`, `[{"symblos":1}]`, `[{"confidence_min":-0}]`,
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		var v any
		if json.Unmarshal([]byte(text), &v) != nil {
			return
		}
		fs, err := schema().ParseAll(v)
		var fe *Error
		switch {
		case err == nil:
			for _, f := range fs {
				checkParsed(t, f)
			}
		case !errors.As(err, &fe) || !strings.HasPrefix(fe.Field, "filters") || fe.Problem == "" || len(err.Error()) > 400:
			t.Fatalf("the error %q does not name the field in a few words", err)
		}
	})
}
