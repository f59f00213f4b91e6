package pattern

import (
	"slices"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"pgregory.net/rapid"

	"tierboard/shared/event"
)

func TestTableRows(t *testing.T) {
	claims := map[string]string{} // fold → slug of the row that claims it
	labels := map[string]string{}
	for _, n := range Known() {
		if n.Slug == "" || len(n.Slug) > event.MaxPattern || n.Slug != strings.Join(split(n.Slug), "_") {
			t.Errorf("%q is no canonical slug", n.Slug)
		}
		if n.Label == "" || n.Meaning == "" || n.Family == "" || len(n.Tiers) == 0 {
			t.Errorf("%s: label %q, meaning %q, family %q and tiers %v must all be there", n.Slug, n.Label, n.Meaning, n.Family, n.Tiers)
		}
		if other, ok := labels[n.Label]; ok {
			t.Errorf("%s and %s have the label %q", other, n.Slug, n.Label)
		}
		labels[n.Label] = n.Slug
		for i, spelling := range slices.Concat([]string{n.Slug, n.Label}, n.Aliases) {
			f := fold(spelling)
			if other, ok := claims[f]; ok && (other != n.Slug || i > 1) {
				t.Errorf("%s: %q folds to %q, which %s has already", n.Slug, spelling, f, other)
			}
			claims[f] = n.Slug
			got, known := Lookup(spelling)
			if !known || got.Slug != n.Slug {
				t.Errorf("Lookup(%q) = %q, %v, want %q", spelling, got.Slug, known, n.Slug)
			}
		}
		if got := Label(n.Slug); got != n.Label {
			t.Errorf("Label(%q) = %q, want %q", n.Slug, got, n.Label)
		}
	}
}

// Every name that producers, tests and pages are known to have used, by the pattern it means.
func TestSpellingsFromTheField(t *testing.T) {
	families := map[string]string{
		"weekly_breakout":             "WeeklyBO WeeklyBreakout Weekly_Breakout weekly_bo",
		"daily_breakout":              "DailyBO BreakoutBO Breakout Daily_Breakout",
		"multi_day_breakout":          "MultiDayBreakout Multi-Day+Breakout",
		"support_resistance_breakout": "SRBreakout Support/Resistance+Breakout",
		"bull_flag":                   "BullFlag Bull_Flag",
		"ascending_triangle":          "Ascending_Triangle AscTri",
		"triangle":                    "Triangle",
		"support_test":                "Support_Test Support SupportTest",
		"resistance_break":            "ResistanceBreak Resistance_Break ResBreak Resistance",
		"support_break":               "SupportBreak",
		"trendline_hold":              "Trendline_Hold TrendHold",
		"head_and_shoulders":          "HeadShoulders Head+and+Shoulders HeadAndShoulders",
		"double_bottom":               "DoubleBottom Double+Bottom",
		"reversal_signal":             "Reversal_Signal Reversal QuickReversal",
		"trend_reversal":              "TrendReversal",
		"moving_average_crossover":    "MACrossover Moving+Average+Crossover",
		"swing_high_low":              "SwingHighLow Swing+High/Low",
		"volume_spike":                "VolumeSpike Volume_Spike volume_spike Volume+Spike VolumeSpikePattern VolSpike",
		"vwap_break":                  "VWAP_Break VWAPBreak",
		"rsi_divergence":              "RSI_Div",
		"divergence":                  "DivergenceDO",
		"doji":                        "Doji DojiPattern",
		"hammer":                      "Hammer HammerPattern",
		"hanging_man":                 "HangingMan Hanging+Man",
		"shooting_star":               "ShootingStar",
		"bullish_engulfing":           "BullishEngulfing EngulfingBullish Engulfing_Bull",
		"bearish_engulfing":           "BearishEngulfing EngulfingBearish Engulfing_Bear",
		"engulfing":                   "Engulfing",
		"harami":                      "Harami",
		"morning_star":                "MorningStar",
		"evening_star":                "EveningStar",
		"three_white_soldiers":        "ThreeWhiteSoldiers",
		"three_black_crows":           "ThreeBlackCrows",
		"piercing_line":               "PiercingLine",
		"dark_cloud_cover":            "DarkCloudCover",
		"minute_trend":                "MinuteTrend",
		"intraday_gap":                "IntradayGap",
		"gap_fill":                    "Gap_Fill GapFill",
		"momentum_spike":              "MomentumSpike",
		"momentum_shift":              "Momentum_Shift MomShift",
		"momentum_surge":              "MomentumSurge SurgeDetection SurgePattern",
		"volatility_spike":            "VolatilitySpike",
		"liquidity_drop":              "LiquidityDrop",
		"closed_in_range":             "Closed+In+Range",
		"scalping_breakout":           "ScalpingBO",
		"price_change":                "PriceChange",
		"always_detected":             "AlwaysDetected",
		"setup_confirmation":          "Setup_Confirmation daily_setup_intraday_confirmation Daily+Bull+Flag+++Confirmation",
		"trend_break":                 "Trend_Break breakout_combo",
		"trend_continuation":          "trend_continuation_combo",
		"reversal_combo":              "reversal_combo",
		"multi_day_gap_fill":          "Multi-Day+Gap+++Fill",
		"weekly_support_rs_surge":     "Weekly+Support+++RS+Surge",
		"combo_pattern":               "ComboPattern",
	}
	for slug, spellings := range families {
		for spelling := range strings.FieldsSeq(spellings) {
			spelling = strings.ReplaceAll(spelling, "+", " ")
			for _, s := range []string{spelling, strings.ToUpper(spelling), strings.ToLower(spelling), "  " + spelling + "\n"} {
				if got, known := Lookup(s); got.Slug != slug || !known {
					t.Errorf("Lookup(%q) = %q, %v, want %q", s, got.Slug, known, slug)
				}
			}
		}
	}
}

func TestUnknownNames(t *testing.T) {
	for _, c := range []struct{ in, slug, label string }{
		{"", "", ""},
		{" _-./\t", "", ""},
		{"🚀", "", ""},
		{"\xff\xfe", "", ""},
		{"TripleTop", "triple_top", "Triple Top"},
		{"triple-top", "triple_top", "Triple Top"},
		{"Triple  Top!", "triple_top", "Triple Top"},
		{"TripleTopPattern", "triple_top", "Triple Top"},
		{"triple_top_pattern_pattern", "triple_top", "Triple Top"},
		{"pattern", "pattern", "Pattern"},
		{"PatternPattern", "pattern", "Pattern"},
		{"patternTripleTop", "pattern_triple_top", "Pattern Triple Top"},
		{"XABCDHarmonic", "xabcd_harmonic", "Xabcd Harmonic"},
		{"EMA20Cross", "ema20_cross", "Ema20 Cross"},
		{"3BarPlay", "3_bar_play", "3 Bar Play"},
		{"Été Café", "été_café", "Été Café"},
		{"三川", "三川", "三川"},
		{"ΑΝΟΔΟΣ", "ανοδοσ", "Ανοδοσ"},
		{"A\xffB", "a_b", "A B"},
		{"<b>x</b>", "b_x_b", "B X B"},
		{strings.Repeat("x", 65), strings.Repeat("x", 64), "X" + strings.Repeat("x", 63)},
		{strings.Repeat("é", 40), strings.Repeat("é", 32), "É" + strings.Repeat("é", 31)},
		{"a" + strings.Repeat("世", 40), "a" + strings.Repeat("世", 21), "A" + strings.Repeat("世", 21)},
		{strings.Repeat("word ", 20), strings.Repeat("word_", 12) + "word", strings.Repeat("Word ", 12) + "Word"},
		{strings.Repeat("words ", 20), strings.Repeat("words_", 9) + "words", strings.Repeat("Words ", 9) + "Words"},
		{"doji " + strings.Repeat("pattern ", 30) + "x", "doji", "Doji"},
	} {
		got, known := Lookup(c.in)
		if got.Slug != c.slug || got.Label != c.label || known != (c.slug == "doji") {
			t.Errorf("Lookup(%q) = %q, %q, %v, want %q, %q", c.in, got.Slug, got.Label, known, c.slug, c.label)
		}
		if Slug(c.in) != c.slug {
			t.Errorf("Slug(%q) = %q, want %q", c.in, Slug(c.in), c.slug)
		}
		if c.slug != "" && !known && (got.Family != Other || got.Tiers != nil) {
			t.Errorf("Lookup(%q) invents the family %q and the tiers %v", c.in, got.Family, got.Tiers)
		}
	}
}

// checkSlug holds what is promised of every slug.
func checkSlug(t interface{ Fatalf(string, ...any) }, spelling string) {
	slug := Slug(spelling)
	word := strings.IndexFunc(spelling, func(r rune) bool { return unicode.IsLetter(r) || unicode.IsDigit(r) }) >= 0
	switch {
	case (slug != "") != word:
		t.Fatalf("Slug(%q) = %q", spelling, slug)
	case len(slug) > event.MaxPattern:
		t.Fatalf("Slug(%q) has %d bytes", spelling, len(slug))
	case !utf8.ValidString(slug):
		t.Fatalf("Slug(%q) = %q is no text", spelling, slug)
	case Slug(slug) != slug:
		t.Fatalf("Slug(%q) = %q, and the slug of that is %q", spelling, slug, Slug(slug))
	case Slug(Label(slug)) != slug && utf8.RuneCountInString(spelling) < 16 && isASCII(spelling):
		t.Fatalf("Slug(%q) = %q, and of its label %q it is %q", spelling, slug, Label(slug), Slug(Label(slug)))
	case !utf8.ValidString(Label(spelling)) || len(Label(spelling)) > 2*event.MaxPattern:
		t.Fatalf("Label(%q) = %q", spelling, Label(spelling))
	}
}

func isASCII(s string) bool {
	return strings.IndexFunc(s, func(r rune) bool { return r > unicode.MaxASCII }) < 0
}

func TestSlugOfASlugIsItself(t *testing.T) {
	var pieces []string
	for _, n := range Known() {
		pieces = append(pieces, n.Slug, n.Label)
		pieces = append(pieces, n.Aliases...)
	}
	pieces = append(pieces, "pattern", "Pattern", "_", " ", "-", "x", "X", "9", "é", "É", "İ", "ǅ", "𝐀", "ß", "\xff", "世", "́")
	rapid.Check(t, func(t *rapid.T) {
		checkSlug(t, rapid.String().Draw(t, "any text"))
		checkSlug(t, rapid.StringN(60, 80, -1).Draw(t, "about as long as a slug"))
		checkSlug(t, strings.Join(rapid.SliceOfN(rapid.SampledFrom(pieces), 0, 16).Draw(t, "pieces"), ""))
	})
}

// Each character that has a case, on its own and where case could split it from its neighbours.
func TestSlugOfEveryCharacter(t *testing.T) {
	for r := rune(0); r <= unicode.MaxRune; r++ {
		if !unicode.IsUpper(r) && !unicode.IsTitle(r) && r > 0x250 {
			continue
		}
		checkSlug(t, string(r))
		checkSlug(t, "a"+string(r)+"a")
		checkSlug(t, "A"+string(r)+"A")
		checkSlug(t, string(r)+string(r)+"a")
	}
}

func FuzzSlug(f *testing.F) {
	for _, s := range []string{"", "VolumeSpikePattern", "Multi-Day Gap + Fill", "𝐀a𝐁", strings.Repeat("a_", 40) + "pattern", "\xff"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) { checkSlug(t, s) })
}
