package spelling

import (
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/valyala/fastjson"
	"pgregory.net/rapid"

	"tierboard/shared/event"
	"tierboard/shared/filter"
	"tierboard/shared/pattern"
)

func TestTierWords(t *testing.T) {
	for _, tt := range []struct {
		text  string
		want  event.Tier
		exact bool
	}{
		{`"daily"`, event.Daily, true},
		{`"Daily"`, event.Daily, true},
		{`" intraday "`, event.Intraday, true},
		{`"combo"`, event.Combo, true},
		{`"weekly"`, event.Daily, false},
		{`"Monthly"`, event.Daily, false},
		{`"hourly"`, event.Intraday, false},
		{`"daily-intraday"`, event.Combo, false},
		{`"Daily Intraday"`, event.Combo, false},
		{`"DAILY_INTRADAY"`, event.Combo, false},
		{`"fallback"`, event.TierNone, false},
		{`""`, event.TierNone, false},
		{`1`, event.TierNone, false},
		{`null`, event.TierNone, false},
	} {
		v := fastjson.MustParse(tt.text)
		tier, exact := Tier(v)
		if tier != tt.want || tier != event.TierNone && exact != tt.exact || IsTier(v) != (tt.want != event.TierNone) {
			t.Errorf("%s: got %v %v, want %v %v", tt.text, tier, exact, tt.want, tt.exact)
		}
		if p := make(Patterns).Read(v); p != nil && p.IsTier != IsTier(v) {
			t.Errorf("%s: as a pattern's name it is a tier's word: %v", tt.text, p.IsTier)
		}
	}
}

func TestTimeframesOccurInATier(t *testing.T) {
	for word, want := range map[string]event.Tier{
		"5min": event.Intraday, "30s": event.Intraday, "1hour": event.Intraday, "90second": event.Intraday,
		"1d": event.Daily, "1day": event.Daily, "2week": event.Daily, "1mo": event.Daily, "weekly": event.Daily, "hourly": event.Intraday, "daily_intraday": event.Combo,
		"": event.TierNone, "min": event.TierNone, "15": event.TierNone, "all": event.TierNone, "5ticks": event.TierNone,
	} {
		if got := TierOfTimeframe(word); got != want {
			t.Errorf("%s: got %v, want %v", word, got, want)
		}
	}
}

func TestNamesTellTheirDirection(t *testing.T) {
	for text, want := range map[string]event.Direction{
		`"Engulfing_Bull"`: event.Bullish, `"EngulfingBearish"`: event.Bearish, `"Bull_Flag"`: event.Bullish, `"bull_bear_cross"`: "", `"bulldozer"`: "", `"Doji"`: "",
	} {
		if got := make(Patterns).Read(fastjson.MustParse(text)); got == nil || got.Direction != want {
			t.Errorf("%s: got %+v, want %q", text, got, want)
		}
	}
}

func TestWhatIsNoName(t *testing.T) {
	p := make(Patterns)
	for _, text := range []string{`1`, `null`, `{}`, `[]`, `true`} {
		v := fastjson.MustParse(text)
		if got := p.Read(v); got != nil {
			t.Errorf("%s is the name %+v", text, got)
		}
		if got := make(Symbols).Read(v); got != "" {
			t.Errorf("%s is the ticker %q", text, got)
		}
	}
	if got := p.Read(fastjson.MustParse(`"-!-"`)); got == nil || got.Slug != "" || got.Received != "-!-" {
		t.Errorf("a name without a letter: got %+v", got)
	}
	if got := make(Symbols).Read(fastjson.MustParse(`"` + strings.Repeat("A", event.MaxSymbol+1) + `"`)); got != "" {
		t.Errorf("a long ticker: got %q", got)
	}
}

// TestMemoryMakesNoDifference reads random words with memory and without, more of them than are remembered.
func TestMemoryMakesNoDifference(t *testing.T) {
	patterns, symbols := make(Patterns), make(Symbols)
	rapid.Check(t, func(t *rapid.T) {
		text := rapid.OneOf(rapid.StringMatching(`[ A-Za-z_-]{0,12}`), rapid.StringMatching(`[A-Z]{1,3}\.[AB]`), rapid.StringMatching(`[a-z]{60,70}`)).Draw(t, "word")
		for range 2 {
			v := (&fastjson.Arena{}).NewString(text)
			got := patterns.Read(v)
			if d := cmp.Diff(make(Patterns).Read(v), got); d != "" {
				t.Errorf("%q (-want +got):\n%s", text, d)
			}
			if name, _ := pattern.Lookup(text); got.Slug != name.Slug {
				t.Errorf("%q: got %q, want %q", text, got.Slug, name.Slug)
			}
			ticker := filter.Symbol(text)
			if len(ticker) > event.MaxSymbol {
				ticker = ""
			}
			if s := symbols.Read(v); s != ticker {
				t.Errorf("%q: got %q, want %q", text, s, ticker)
			}
		}
	})
}

func TestMemoryIsBounded(t *testing.T) {
	patterns, symbols := make(Patterns), make(Symbols)
	var arena fastjson.Arena
	for i := range maxSymbols + 10 {
		v := arena.NewString("w" + strconv.Itoa(i))
		patterns.Read(v)
		symbols.Read(v)
		if len(patterns) > maxSpellings || len(symbols) > maxSymbols {
			t.Fatalf("%d names and %d tickers are remembered", len(patterns), len(symbols))
		}
	}
	patterns, symbols = make(Patterns), make(Symbols)
	for _, text := range []string{"", strings.Repeat("x ", maxSpelling)} {
		patterns.Read(arena.NewString(text))
		symbols.Read(arena.NewString(text))
	}
	if len(patterns)+len(symbols) > 0 {
		t.Errorf("%d names and %d tickers are remembered that are empty or long", len(patterns), len(symbols))
	}
}
