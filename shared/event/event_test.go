package event

import (
	"fmt"
	"math"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"pgregory.net/rapid"
)

var detected = time.Date(2026, 11, 23, 15, 4, 5, 678e6, time.UTC)

// valid returns a pattern event that Validate accepts, changed by change.
func valid(change func(*Event)) *Event {
	e := &Event{
		Kind: Pattern, ID: "7b0e", Tier: Intraday, Scope: Scope{Symbol: "AAPL", Pattern: "volume_spike"},
		Confidence: 0.87, DetectedAt: detected, Intraday: &IntradayDetail{RealTime: true},
	}
	if change != nil {
		change(e)
	}
	return e
}

func TestValidate(t *testing.T) {
	long := strings.Repeat("x", 129)
	for _, c := range []struct {
		name   string
		change func(*Event)
		want   string // start of the error; "" for none
	}{
		{"a whole event passes", nil, ""},
		{"daily with its detail", func(e *Event) { e.Tier, e.Intraday, e.Daily = Daily, nil, &DailyDetail{} }, ""},
		{"combo with its detail", func(e *Event) { e.Tier, e.Intraday, e.Combo = Combo, nil, &ComboDetail{} }, ""},
		{"confidence 0", func(e *Event) { e.Confidence = 0 }, ""},
		{"confidence 1", func(e *Event) { e.Confidence = 1 }, ""},
		{"id of the longest length", func(e *Event) { e.ID = long[:MaxID] }, ""},
		{"symbol of the longest length", func(e *Event) { e.Symbol = long[:MaxSymbol] }, ""},
		{"pattern of the longest length", func(e *Event) { e.Pattern = long[:MaxPattern] }, ""},
		{"as many levels as allowed", func(e *Event) { e.Levels = make([]Level, MaxLevels) }, ""},
		{"another kind needs no symbol, pattern or tier", func(e *Event) {
			*e = Event{Kind: "market_state", ID: "m1", DetectedAt: detected}
		}, ""},

		{"no kind", func(e *Event) { e.Kind = "" }, "kind: "},
		{"no id", func(e *Event) { e.ID = "" }, "id: "},
		{"id too long", func(e *Event) { e.ID = long[:MaxID+1] }, "id: "},
		{"id is no text", func(e *Event) { e.ID = "a\xff" }, "id: "},
		{"no symbol", func(e *Event) { e.Symbol = "" }, "symbol: missing"},
		{"symbol too long", func(e *Event) { e.Symbol = long[:MaxSymbol+1] }, "symbol: "},
		{"symbol is no text", func(e *Event) { e.Symbol = "\xc3" }, "symbol: "},
		{"no pattern", func(e *Event) { e.Pattern = "" }, "pattern_type: missing"},
		{"pattern too long", func(e *Event) { e.Pattern = long[:MaxPattern+1] }, "pattern_type: "},
		{"pattern is no text", func(e *Event) { e.Pattern = "\xe2\x82" }, "pattern_type: "},
		{"confidence above 1", func(e *Event) { e.Confidence = math.Nextafter(1, 2) }, "confidence: "},
		{"confidence below 0", func(e *Event) { e.Confidence = -0.01 }, "confidence: "},
		{"confidence is no number", func(e *Event) { e.Confidence = math.NaN() }, "confidence: NaN"},
		{"no detection time", func(e *Event) { e.DetectedAt = time.Time{} }, "detected_at: missing"},
		{"year of five digits", func(e *Event) { e.DetectedAt = time.Date(10000, 1, 1, 0, 0, 0, 0, time.UTC) }, "detected_at: the year 10000"},
		{"year before the first", func(e *Event) { e.DetectedAt = time.Date(0, 1, 1, 0, 0, 0, 0, time.UTC) }, "detected_at: the year 0"},
		{"too many levels", func(e *Event) { e.Levels = make([]Level, MaxLevels+1) }, "levels: "},
		{"no tier", func(e *Event) { e.Tier = TierNone }, "tier: missing"},
		{"a tier that does not exist", func(e *Event) { e.Tier = Combo + 1 }, "tier: missing"},
		{"no detail", func(e *Event) { e.Intraday = nil }, "tier: "},
		{"detail of another tier", func(e *Event) { e.Intraday, e.Daily = nil, &DailyDetail{} }, "tier: "},
		{"two details", func(e *Event) { e.Combo = &ComboDetail{} }, "tier: "},
		{"another kind is checked as well", func(e *Event) { e.Kind, e.Confidence = "alert", 2 }, "confidence: "},
	} {
		t.Run(c.name, func(t *testing.T) {
			err := valid(c.change).Validate()
			switch {
			case c.want == "" && err != nil:
				t.Fatalf("got %v, want no error", err)
			case c.want != "" && (err == nil || !strings.HasPrefix(err.Error(), c.want)):
				t.Fatalf("got %v, want an error that starts with %q", err, c.want)
			}
		})
	}
}

// A14: .95 critical, .85 high, .70 medium, .50 low; and each boundary belongs to the upper priority.
func TestPriorityOfBoundaries(t *testing.T) {
	below := func(f float64) float64 { return math.Nextafter(f, 0) }
	for _, c := range []struct {
		confidence float64
		want       Priority
	}{
		{0, Low},
		{0.5, Low},
		{below(0.6), Low},
		{0.6, Medium},
		{0.7, Medium},
		{below(0.8), Medium},
		{0.8, High},
		{0.85, High},
		{below(0.9), High},
		{0.9, Critical},
		{0.95, Critical},
		{1, Critical},
		{math.NaN(), Low},
	} {
		if got := PriorityOf(c.confidence); got != c.want {
			t.Errorf("PriorityOf(%v) = %v, want %v", c.confidence, got, c.want)
		}
	}
}

// A1: the tier words are exactly daily, intraday and combo; priorities ascend from low to critical.
func TestWords(t *testing.T) {
	for i, want := range []string{"daily", "intraday", "combo"} {
		tier := Tiers()[i]
		if tier.String() != want {
			t.Errorf("tier %d is %q, want %q", i, tier, want)
		}
		if got, err := ParseTier(strings.ToUpper(want)); got != tier || err != nil {
			t.Errorf("ParseTier(%q) = %v, %v", strings.ToUpper(want), got, err)
		}
	}
	for i, want := range []string{"low", "medium", "high", "critical"} {
		p := Low + Priority(i)
		if p.String() != want {
			t.Errorf("priority %d is %q, want %q", i, p, want)
		}
		if got, err := ParsePriority(strings.ToUpper(want)); got != p || err != nil {
			t.Errorf("ParsePriority(%q) = %v, %v", strings.ToUpper(want), got, err)
		}
	}
	if TierNone.String() != "" || Tier(9).String() != "" || Priority(9).String() != "low" {
		t.Errorf("words of what does not exist: %q, %q, %q", TierNone, Tier(9), Priority(9))
	}
	for word, want := range map[string]Direction{
		"Bullish": Bullish, "up": Bullish, "long": Bullish, "BULL": Bullish,
		"bearish": Bearish, "Down": Bearish, "short": Bearish, "bear": Bearish,
		"neutral": Neutral, "flat": Neutral, "none": Neutral,
	} {
		if got, err := ParseDirection(word); got != want || err != nil {
			t.Errorf("ParseDirection(%q) = %v, %v, want %v", word, got, err, want)
		}
	}
	for _, want := range []Session{PreMarket, Regular, PostMarket, Closed} {
		if got, err := ParseSession(strings.ToUpper(string(want))); got != want || err != nil {
			t.Errorf("ParseSession(%q) = %v, %v", want, got, err)
		}
	}
}

func TestUnknownWordsHaveNoDefault(t *testing.T) {
	parsers := map[string]func(string) (string, error){
		"tier":      func(s string) (string, error) { v, err := ParseTier(s); return v.String(), err },
		"priority":  func(s string) (string, error) { v, err := ParsePriority(s); return fmt.Sprint(uint8(v)), err },
		"direction": func(s string) (string, error) { v, err := ParseDirection(s); return string(v), err },
		"session":   func(s string) (string, error) { v, err := ParseSession(s); return string(v), err },
	}
	zero := map[string]string{"priority": "0"}
	for name, parse := range parsers {
		for _, word := range []string{"", "dayly", " daily", "daily\x00", "daily,intraday", strings.Repeat("ü", 1000)} {
			got, err := parse(word)
			if err == nil || got != zero[name] {
				t.Errorf("%s %q: got %q, %v, want an error", name, word, got, err)
				continue
			}
			if len(err.Error()) > 200 || !utf8.ValidString(err.Error()) || !strings.Contains(err.Error(), name) {
				t.Errorf("%s: the error %q must be short text that names what was wanted", name, err)
			}
		}
		if _, err := parse("dayly"); err == nil || !strings.Contains(err.Error(), `"dayly"`) {
			t.Errorf("%s: the error %v does not quote the word", name, err)
		}
	}
}

func TestClipKeepsWholeCharacters(t *testing.T) {
	for _, c := range []struct{ in, want string }{
		{"", ""},
		{"short", "short"},
		{strings.Repeat("a", 40), strings.Repeat("a", 40)},
		{strings.Repeat("a", 41), strings.Repeat("a", 40) + "…"},
		{strings.Repeat("a", 39) + "é!", strings.Repeat("a", 39) + "…"},
		{strings.Repeat("a", 38) + "é!", strings.Repeat("a", 38) + "é…"},
		{strings.Repeat("a", 38) + "世界", strings.Repeat("a", 38) + "…"},
		{strings.Repeat("a", 37) + "🚀🚀", strings.Repeat("a", 37) + "…"},
		{strings.Repeat("\x80", 50), "…"},
	} {
		if got := clip(c.in); got != c.want {
			t.Errorf("clip(%q) = %q, want %q", c.in, got, c.want)
		}
	}
	rapid.Check(t, func(t *rapid.T) {
		s := rapid.String().Draw(t, "s")
		got := clip(s)
		kept, cut := strings.CutSuffix(got, "…")
		if !utf8.ValidString(got) || (len(s) <= 40 && got != s) || (len(s) > 40 && (!cut || !strings.HasPrefix(s, kept) || len(kept) > 40 || len(kept) < 37)) {
			t.Fatalf("clip(%q) = %q", s, got)
		}
	})
}

func TestNumberKnowsAbsentFromZero(t *testing.T) {
	var absent Number
	if v, ok := absent.Get(); v != 0 || ok || !absent.IsZero() {
		t.Errorf("the zero Number is %v, %v, IsZero %v; want absent", v, ok, absent.IsZero())
	}
	if v, ok := Num(0).Get(); v != 0 || !ok || Num(0).IsZero() {
		t.Errorf("Num(0) is %v, %v, IsZero %v; want a present 0", v, ok, Num(0).IsZero())
	}
	if v, ok := Num(-2.5).Get(); v != -2.5 || !ok {
		t.Errorf("Num(-2.5) is %v, %v", v, ok)
	}
}

func TestFacet(t *testing.T) {
	e := valid(func(e *Event) {
		e.Timeframe, e.Direction, e.Session = "5min", Bullish, Regular
		e.Facets = map[Dim]string{"regime": "bull", DimSymbol: "ignored: the event has its own"}
	})
	for d, want := range map[Dim]string{
		DimKind: "pattern", DimTier: "intraday", DimPattern: "volume_spike", DimSymbol: "AAPL", DimTimeframe: "5min",
		DimSession: "regular", DimDirection: "bullish", "regime": "bull", "nobody": "",
	} {
		if got := e.Facet(d); got != want {
			t.Errorf("Facet(%q) = %q, want %q", d, got, want)
		}
	}
	if got := (&Event{}).Facet("regime"); got != "" {
		t.Errorf("an event without facets has the regime %q", got)
	}
}

// identity is what Fingerprint stands for.
type identity struct {
	kind                       Kind
	symbol, pattern, timeframe string
	tier                       Tier
	ms                         int64
}

func drawIdentity(t *rapid.T) (identity, *Event) {
	// A small alphabet with what could be taken for a separator or a length makes near misses likely.
	text := rapid.StringOfN(rapid.SampledFrom([]rune("aA01:\x00;, é")), 0, 4, -1)
	id := identity{
		Kind(text.Draw(t, "kind")), text.Draw(t, "symbol"), text.Draw(t, "pattern"), text.Draw(t, "timeframe"),
		rapid.SampledFrom([]Tier{TierNone, Daily, Intraday, Combo}).Draw(t, "tier"), rapid.Int64Range(-2, 2).Draw(t, "ms"),
	}
	return id, &Event{
		Kind: id.kind, Tier: id.tier, Scope: Scope{Symbol: id.symbol, Pattern: id.pattern, Timeframe: id.timeframe},
		DetectedAt: time.UnixMilli(id.ms).Add(time.Duration(rapid.IntRange(0, 999_999).Draw(t, "ns"))),
	}
}

func TestFingerprintIsEqualExactlyForTheSameDetection(t *testing.T) {
	seen := map[string]identity{}
	rapid.Check(t, func(t *rapid.T) {
		id, e := drawIdentity(t)
		got := e.Fingerprint()
		if before, ok := seen[got]; ok && before != id {
			t.Fatalf("%+v and %+v have the fingerprint %q", before, id, got)
		}
		seen[got] = id
		e.ID, e.Seq, e.Confidence, e.Source = "other", 9, 0.1, "somebody else"
		e.Label, e.Details, e.ReceivedAt, e.DetectedAt = "Other", "{}", detected, e.DetectedAt.In(time.FixedZone("", 3600))
		if again := e.Fingerprint(); again != got {
			t.Fatalf("the fingerprint changed from %q to %q with what does not belong to the detection", got, again)
		}
	})
	byIdentity := map[identity]string{}
	for fingerprint, id := range seen {
		if other, ok := byIdentity[id]; ok {
			t.Fatalf("%+v has the fingerprints %q and %q", id, other, fingerprint)
		}
		byIdentity[id] = fingerprint
	}
	// Parts that would run together with a character between them, or with their lengths alone.
	for _, c := range [][2]Scope{
		{{Symbol: "A\x00B", Pattern: "C"}, {Symbol: "A", Pattern: "B\x00C"}},
		{{Symbol: "10aaaaaaaaa"}, {Symbol: "1", Pattern: "aaaaaaaaa0"}},
	} {
		a, b := &Event{Scope: c[0], DetectedAt: detected}, &Event{Scope: c[1], DetectedAt: detected}
		if a.Fingerprint() == b.Fingerprint() {
			t.Errorf("%+v and %+v have the fingerprint %q", c[0], c[1], a.Fingerprint())
		}
	}
}
