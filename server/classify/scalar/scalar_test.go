package scalar

import (
	"bytes"
	"fmt"
	"math"
	"strconv"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/valyala/fastjson"
	"pgregory.net/rapid"
)

// parsed parses a JSON text that must be good.
func parsed(tb testing.TB, text string) *fastjson.Value {
	tb.Helper()
	v, err := fastjson.Parse(text)
	if err != nil {
		tb.Fatalf("%s: %v", text, err)
	}
	return v
}

// textValue is a JSON string of the text, whatever is in it.
func textValue(s string) *fastjson.Value { return (&fastjson.Arena{}).NewString(s) }

func TestValues(t *testing.T) {
	for _, tt := range []struct {
		text string
		want float64
		ok   bool
	}{
		{`1`, 1, true},
		{`-2.50`, -2.5, true},
		{`1e3`, 1000, true},
		{`"7"`, 7, true},
		{`" 7"`, 0, false},
		{`""`, 0, false},
		{`"7%"`, 0, false},
		{`NaN`, 0, false},
		{`"NaN"`, 0, false},
		{`"Infinity"`, 0, false},
		{`"0x10"`, 0, false},
		{`"1_0"`, 0, false},
		{`1e999`, 0, false},
		{`true`, 0, false},
		{`null`, 0, false},
		{`[1]`, 0, false},
		{`1.2.3`, 0, false},
		{`"` + strings.Repeat("1", 65) + `"`, 0, false},
	} {
		if got, ok := Number(parsed(t, tt.text)); got != tt.want || ok != tt.ok {
			t.Errorf("Number(%s): got %v, %v", tt.text, got, ok)
		}
	}
	for _, tt := range []struct{ text, want string }{
		{`881`, "881"}, {`"00881"`, "881"}, {`0`, "0"}, {`"000"`, "0"}, {`881.0`, "881"}, {`881.5`, ""}, {`-1`, ""}, {`1e3`, ""}, {`"a"`, ""}, {`true`, ""}, {`"1."`, ""}, {`".0"`, ""},
	} {
		if got, ok := Integer(parsed(t, tt.text)); got != tt.want || ok != (tt.want != "") {
			t.Errorf("Integer(%s): got %q, %v", tt.text, got, ok)
		}
	}
	for text, want := range map[string][2]bool{`true`: {true, true}, `false`: {false, true}, `1`: {}, `"true"`: {}} {
		if v, ok := Bool(parsed(t, text)); v != want[0] || ok != want[1] {
			t.Errorf("Bool(%s): got %v, %v", text, v, ok)
		}
	}
	for _, tt := range []struct {
		a, b string
		want bool
	}{
		{`1`, `1.0`, true}, {`1`, `"1"`, true}, {`1`, `2`, false}, {`1`, `"x"`, false}, {`"x"`, `"x"`, true}, {`"x"`, `1`, false}, {`{}`, `{}`, false},
	} {
		if got := Same(parsed(t, tt.a), parsed(t, tt.b)); got != tt.want {
			t.Errorf("Same(%s, %s): got %v", tt.a, tt.b, got)
		}
	}
	if _, ok := Bool(nil); ok {
		t.Error("Bool of nothing")
	}
	if _, ok := Number(nil); ok {
		t.Error("Number of nothing")
	}
	if _, ok := Text(nil, 9); ok {
		t.Error("Text of nothing")
	}
	if _, _, ok := Time(nil); ok {
		t.Error("Time of nothing")
	}
}

func TestClean(t *testing.T) {
	for _, tt := range []struct {
		in, want string
		most     int
		cut      bool
	}{
		{"plain", "plain", 9, false},
		{"  a b  ", "a b", 9, false},
		{"a\x00b\x1b[31mc\x7f", "ab[31mc", 9, false},
		{"a\nb\tc\r", "a b c", 9, false},
		{"a\xffb\uFFFD", "ab", 9, false},
		{"GOOG\u202eL", "GOOGL", 9, false},
		{"\ufeffx\u2066\u2028\u200e", "x", 9, false},
		{"ééé", "éé", 5, true},
		{"ab cd", "ab", 3, true},
		{"日本語", "", 2, true},
	} {
		if got, cut := Clean(tt.in, tt.most); got != tt.want || cut != tt.cut {
			t.Errorf("%q: got %q, %v; want %q, %v", tt.in, got, cut, tt.want, tt.cut)
		}
	}
}

func TestTime(t *testing.T) {
	for _, tt := range []struct {
		text, want string
		zoned      bool
	}{
		{`1757858400.123`, "2025-09-14T14:00:00.123Z", true},
		{`1757858400`, "2025-09-14T14:00:00Z", true},
		{`1757858400123`, "2025-09-14T14:00:00.123Z", true},
		{`1757858400123.9`, "2025-09-14T14:00:00.123Z", true},
		{`"1757858400.5"`, "2025-09-14T14:00:00.5Z", true},
		{`-1`, "1969-12-31T23:59:59Z", true},
		{`"2025-09-14T14:00:00.123Z"`, "2025-09-14T14:00:00.123Z", true},
		{`"2025-09-14T14:00:00.123999z"`, "2025-09-14T14:00:00.123Z", true},
		{`"2025-09-14T10:00:00-04:00"`, "2025-09-14T14:00:00Z", true},
		{`"2025-09-14t10:00:00.5-0400"`, "2025-09-14T14:00:00.5Z", true},
		{`"2025-09-14 10:00:00-04"`, "2025-09-14T14:00:00Z", true},
		{`"2025-09-14 19:30:00.25 +05:30"`, "2025-09-14T14:00:00.25Z", true},
		{`"2025-09-14 14:00:00 UTC"`, "2025-09-14T14:00:00Z", true},
		{`"2025-09-14T14:00:00"`, "2025-09-14T14:00:00Z", false},
		{`"2025-09-14 14:00:00.118"`, "2025-09-14T14:00:00.118Z", false},
		{`"2025-09-14T14:00"`, "2025-09-14T14:00:00Z", false},
		{`" 2025-09-14 "`, "2025-09-14T00:00:00Z", false},
	} {
		got, zoned, ok := Time(parsed(t, tt.text))
		if !ok || zoned != tt.zoned || got.Format(time.RFC3339Nano) != tt.want || got.Location() != time.UTC {
			t.Errorf("%s: got %v, %v, %v", tt.text, got, zoned, ok)
		}
	}
	for _, text := range []string{
		`"yesterday"`, `""`, `"2025-13-01"`, `"2025-09-14T25:00:00Z"`, `"2025-09-14X14:00:00"`, `"2025-09-14T14:00:00 EST"`, `"2025-09-14T1:00"`, `"14:00:00"`,
		`1e16`, `-1e16`, `true`, `{}`, `NaN`, `"2025-09-14T14:00:00+99:99"`,
	} {
		if got, _, ok := Time(parsed(t, text)); ok {
			t.Errorf("%s: got %v", text, got)
		}
	}
}

// anyText draws text with everything in it that this package treats apart.
func anyText(t *rapid.T, label string) string {
	return rapid.OneOf(
		rapid.StringMatching(`[ A-Za-z0-9_<>&"\\.-]{0,70}`),
		rapid.Map(rapid.SliceOfN(rapid.SampledFrom([]string{"a", "Z", " ", "\t", "\n", "\x00", "\x7f", "é", "É", "\u202a", "\xff", `"`, `\`, "<", "ß"}), 0, 12),
			func(parts []string) string { return strings.Join(parts, "") }),
	).Draw(t, label)
}

// TestFoldIsLowerText compares Fold and Is with Text, which make a copy.
func TestFoldIsLowerText(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s, most := anyText(t, "text"), rapid.IntRange(0, 80).Draw(t, "most")
		want, _ := Text(textValue(s), most)
		if got := string(Fold([]byte("x"), textValue(s), most)); got != "x"+strings.ToLower(want) {
			t.Errorf("Fold(%q, %d) is %q, want x and %q", s, most, got, strings.ToLower(want))
		}
		if full, _ := Text(textValue(s), math.MaxInt); Is(textValue(s), s) && full != s {
			t.Errorf("Is(%q), but its text is %q", s, full)
		}
	})
	for _, v := range []*fastjson.Value{nil, fastjson.MustParse(`1`), fastjson.MustParse(`null`), fastjson.MustParse(`["a"]`)} {
		if got := Fold(nil, v, 10); len(got) > 0 || Is(v, "") || Is(v, "a") {
			t.Errorf("%v is no text, and was folded to %q", v, got)
		}
	}
	if !Is(textValue("AMD"), "AMD") || Is(textValue("AMD"), "AM") || Is(textValue(" AMD"), " AMD") {
		t.Error("Is knows plain text and nothing else")
	}
}

// TestStringIsWrittenByteByByte compares AppendString with the plain loop.
func TestStringIsWrittenByteByByte(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s, want := anyText(t, "text"), `"`
		for _, c := range []byte(s) {
			switch {
			case c == '"' || c == '\\':
				want += `\` + string(rune(c))
			case strings.IndexByte("<>&", c) >= 0 || c < 0x20:
				want += fmt.Sprintf(`\u%04x`, c)
			default:
				want += string([]byte{c})
			}
		}
		want += `"`
		if a, b := string(AppendString(nil, s)), string(AppendString([]byte("{"), []byte(s))); a != want || b != "{"+want {
			t.Errorf("%q is written as %s and %s, want %s", s, a, b, want)
		}
	})
}

// TestNumberIsParsed compares Number with strconv on what is decimal notation.
func TestNumberIsParsed(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := rapid.OneOf(rapid.StringMatching(`-?[0-9]{1,25}(\.[0-9]{1,45})?([eE][+-]?[0-9]{1,3})?`),
			rapid.StringMatching(`-?[0-9]{1,9}(\.[0-9]{1,9})?`)).Draw(t, "number")
		want, err := strconv.ParseFloat(s, 64)
		ok := err == nil && len(s) <= longest
		for _, v := range []*fastjson.Value{fastjson.MustParse(s), textValue(s)} {
			if got, gotOK := Number(v); gotOK != ok || ok && math.Float64bits(got) != math.Float64bits(want) {
				t.Errorf("Number(%s) is %v %v, want %v %v", v, got, gotOK, want, ok)
			}
		}
		if b := AppendNumber([]byte("["), fastjson.MustParse(s)); !bytes.HasPrefix(b, []byte("[")) || !fastjson.Exists(append(b, ']'), "0") {
			t.Errorf("%s is written as %s", s, b)
		}
	})
}

// TestNumbersAreWrittenStrictly writes what the parser takes for a number.
func TestNumbersAreWrittenStrictly(t *testing.T) {
	for in, want := range map[string]string{
		`0`: `0`, `-0`: `-0`, `1.50`: `1.50`, `1e5`: `1e5`, `2E-3`: `2E-3`, `12345678901234567890`: `12345678901234567890`,
		`NaN`: `null`, `-inf`: `null`, `1e999`: `null`, `1.2.3`: `null`, `1e+`: `null`,
		`007`: `7`, `+1.5`: `1.5`, `1.`: `1`, `.5e1`: `5`, `0.1000000000000000000000000000000001`: `0.1`,
	} {
		if got := string(AppendNumber([]byte("x"), parsed(t, in))); got != "x"+want {
			t.Errorf("%s is written as %s, want x%s", in, got, want)
		}
	}
}

// TestVerbatimIsWhatNobodyChanges compares Verbatim with Clean and AppendString.
func TestVerbatimIsWhatNobodyChanges(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s, most := anyText(t, "text"), rapid.IntRange(0, 80).Draw(t, "most")
		clean, _ := Clean(s, most)
		// A character beyond ASCII may stay, but takes the slow way.
		want := clean == s && string(AppendString(nil, s)) == `"`+s+`"` && strings.IndexFunc(s, func(r rune) bool { return r > '~' }) < 0
		if got := Verbatim(s, most); got != want || Verbatim([]byte(s), most) != want {
			t.Errorf("Verbatim(%q, %d) is %v", s, most, got)
		}
	})
}

func FuzzValue(f *testing.F) {
	for _, s := range []string{
		`1757858400.123`, `"1757858400"`, `-1e14`, `1e999`, `NaN`, `"2025-09-14 19:30:00.25 +05:30"`, `"2025-09-14T10:00:00-04"`, `"00881"`, `881.0`, `"\ud800\u0000"`,
		`" a\u202e\n<b>"`, "\"\xff\x00\"", `true`, `null`, `[1]`, `{"a":1}`, `"` + strings.Repeat("é", 40) + `"`,
	} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		var p fastjson.Parser
		v, err := p.ParseBytes(text)
		if err != nil {
			return
		}
		if s, ok := Text(v, 32); ok && (len(s) > 32 || !utf8.ValidString(s) || strings.TrimSpace(s) != s) {
			t.Errorf("the text is %q", s)
		}
		x, ok := Number(v)
		if math.IsNaN(x) || math.IsInf(x, 0) || !ok && x != 0 {
			t.Errorf("the number is %v, %v", x, ok)
		}
		if digits, ok := Integer(v); ok && strings.Trim(digits, "0123456789") != "" {
			t.Errorf("the digits are %q", digits)
		}
		if at, _, ok := Time(v); ok && (at.Location() != time.UTC || !at.Equal(at.Truncate(time.Millisecond))) {
			t.Errorf("the time is %v", at)
		}
		if v.Type() == fastjson.TypeNumber {
			if b := AppendNumber(nil, v); fastjson.ValidateBytes(b) != nil {
				t.Errorf("%s is written as %s", text, b)
			}
		}
	})
}
