package value_test

import (
	"bytes"
	"encoding/json"
	"math"
	"reflect"
	"strconv"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
	"github.com/vmihailenco/msgpack/v5"
	"pgregory.net/rapid"

	"tierboard/shared/wire/unpack"
	"tierboard/shared/wire/value"
	"tierboard/shared/wire/wiretest"
)

// fataler is what checks need of a test; rapid's and the standard library's both have it.
type fataler interface{ Fatalf(string, ...any) }

// nesting returns how deep the deepest value of a JSON text lies, whether or not a later duplicate key hides it.
func nesting(text string) int {
	dec := json.NewDecoder(strings.NewReader(text))
	dec.UseNumber()
	depth, deepest := 0, 0
	for {
		token, err := dec.Token()
		if err != nil {
			return deepest
		}
		switch token {
		case json.Delim('{'), json.Delim('['):
			deepest = max(deepest, depth)
			depth++
		case json.Delim('}'), json.Delim(']'):
			depth--
		default:
			deepest = max(deepest, depth)
		}
	}
}

// checkJSON holds the transcoder to encoding/json. It accepts what the standard library accepts, less three things: bytes
// that are not UTF-8 (the library replaces them), numbers beyond a float64 (the library finds out later) and nesting
// deeper than MaxDepth. What it accepts has the same value.
func checkJSON(t fataler, text string) {
	var want any
	wantErr := json.Unmarshal([]byte(text), &want)
	good := wantErr == nil && utf8.ValidString(text) && nesting(text) <= value.MaxDepth
	if got := value.ValidJSON(text); got != good {
		t.Fatalf("ValidJSON(%q) = %v, want %v (encoding/json: %v, depth %d)", text, got, good, wantErr, nesting(text))
	}
	packed, err := value.FromJSON(text)
	if (err == nil) != good {
		t.Fatalf("FromJSON(%q): %v, want %v", text, err, good)
	}
	if err != nil {
		if err != value.ErrSyntax || packed != nil { //nolint:errorlint // promised to be this very error
			t.Fatalf("FromJSON(%q) = %q, %v, want ErrSyntax alone", text, packed, err)
		}
		return
	}
	if !unpack.Valid(packed) {
		t.Fatalf("FromJSON(%q) = % x, which Valid refuses", text, packed)
	}
	got, err := msgpack.NewDecoder(bytes.NewReader(packed)).DecodeInterface()
	if err != nil {
		t.Fatalf("the library cannot read % x: %v", packed, err)
	}
	if got = wiretest.Floats(got); !reflect.DeepEqual(got, want) {
		t.Fatalf("%q became (-want +got):\n%s", text, cmp.Diff(want, got))
	}
	c := unpack.New(packed)
	back := c.AppendJSON(nil, 0)
	var again any
	if err := json.Unmarshal(back, &again); err != nil || !c.Done() || !reflect.DeepEqual(again, want) {
		t.Fatalf("%q came back as %q: %v", text, back, err)
	}
	if bytes.ContainsAny(back, "<>&\n\r\t") || bytes.Contains(back, []byte("\u2028")) || bytes.Contains(back, []byte("\u2029")) {
		t.Fatalf("%q came back as %q, which is not safe everywhere", text, back)
	}
}

var jsonSeeds = []string{
	``, ` `, `null`, `true`, `false`, `nul`, `truex`, `0`, `-0`, `-0.0`, `-`, `01`, `-01`, `1.`, `.5`, `1.5`, `1e5`, `1E+5`, `1e-5`, `1e`, `1e+`, `+1`, `0x10`, `1_000`,
	`9223372036854775807`, `9223372036854775808`, `18446744073709551615`, `18446744073709551616`, `-9223372036854775808`, `-9223372036854775809`,
	`1e308`, `1e309`, `-1e309`, `1e-400`, `123456789012345678901234567890`, `NaN`, `Infinity`,
	`""`, `"`, `"a`, `"\"`, `"\\"`, `"\x"`, `"\u"`, `"\u12"`, `"\u12G4"`, `"\u0041"`, `"\uD83D\uDE80"`, `"\uD83D"`, `"\uDE80"`, `"\uD83D\u0041"`, `"\uD83D\uD83D\uDE80"`, `"\uD83Dx"`, `"\uD83D\`,
	`"\uD83D\uZZZZ"`, `"\u+123"`, `"\b\f\n\r\t\/\"\\"`, "\"a\nb\"", "\"\\\x01\"", "\"\\na\x01\"", "\"\x7f\"", "\"é日🚀\"", "\"\xff\"", "\"\\n\xff\"", "\"\u2028<>&\"", `"\u0000"`,
	`[]`, `[ ]`, `[1,]`, `[,]`, `[1 2]`, `[1,2`, `[`, `]`, `[[]]`, `[1]]`, `{}`, `{ }`, `{"a"}`, `{"a":}`, `{"a":1,}`, `{a:1}`, `{1:1}`, `{"a":1 "b":2}`, `{"a" : 1 , "b":[ {} ] }`,
	`{"a":1,"a":2}`, `{"a":[[1]],"a":2}`, `{`, `{"a`, `{"a":1`, "\ufeff{}", "\u00a0{}", "\v1", "1\x00", `{"":""}`, `"a" `, `{"type":"pong","id":"7"}`,
	strings.Repeat("[", 12) + strings.Repeat("]", 12), strings.Repeat("[", 13) + strings.Repeat("]", 13), strings.Repeat("[", 12) + "1" + strings.Repeat("]", 12),
	strings.Repeat("[", 13) + "1" + strings.Repeat("]", 13), strings.Repeat("[", 10_000), strings.Repeat("1", 400), "-" + strings.Repeat("9", 320), `"` + strings.Repeat("x", 70_000) + `"`,
}

func TestJSONAgainstTheStandardLibrary(t *testing.T) {
	for _, text := range jsonSeeds {
		checkJSON(t, text)
	}
	rapid.Check(t, func(t *rapid.T) {
		b, err := json.Marshal(anyJSON(4).Draw(t, "value"))
		if err != nil {
			t.Fatal(err)
		}
		checkJSON(t, string(b))
		// The same with damage: some bytes replaced, put in or taken out.
		for range rapid.IntRange(1, 3).Draw(t, "edits") {
			at := rapid.IntRange(0, len(b)).Draw(t, "at")
			with := []byte(rapid.SampledFrom([]string{"", ",", ":", "\"", "\\", "[", "]", "{", "}", "-", "0", "e", ".", " ", "\x00", "\xff", "null", "\\u00"}).Draw(t, "with"))
			b = append(append(append([]byte(nil), b[:at]...), with...), b[min(len(b), at+rapid.IntRange(0, 1).Draw(t, "out")):]...)
		}
		checkJSON(t, string(b))
	})
}

// anyJSON draws a decoded JSON value of at most the given depth.
func anyJSON(depth int) *rapid.Generator[any] {
	return rapid.Custom(func(t *rapid.T) any {
		kinds := 5
		if depth == 0 {
			kinds = 3
		}
		switch rapid.IntRange(0, kinds).Draw(t, "kind") {
		case 0:
			return nil
		case 1:
			return rapid.Bool().Draw(t, "bool")
		case 2:
			return numbers().Draw(t, "number")
		case 3:
			return texts().Draw(t, "text")
		case 4:
			return rapid.SliceOfN(anyJSON(depth-1), 0, 4).Draw(t, "list")
		}
		return rapid.MapOfN(texts(), anyJSON(depth-1), 0, 4).Draw(t, "object")
	})
}

func texts() *rapid.Generator[string] {
	return rapid.OneOf(rapid.Just(""), rapid.SampledFrom([]string{"AAPL", "volume_spike", "</script>", "\u2028", "\x00\"\\\n\t\x1f", "日経"}), rapid.String())
}

func FuzzFromJSON(f *testing.F) {
	for _, text := range jsonSeeds {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) { checkJSON(t, text) })
}

// TestDecimalIsWhatTheLibraryReads writes numbers of few digits and compares them to the last bit.
func TestDecimalIsWhatTheLibraryReads(t *testing.T) {
	for _, s := range []string{"", "-", ".", "1.", ".1", "1..2", "1e5", "+1", "1234567890123456", "0x1", "-1.", "1.2.3", " 1", "NaN"} {
		if f, ok := value.Decimal(s); ok {
			t.Errorf("%q is read as %v", s, f)
		}
	}
	rapid.Check(t, func(t *rapid.T) {
		s := rapid.StringMatching(`-?[0-9]{1,15}`).Draw(t, "digits")
		if n := rapid.IntRange(0, 15).Draw(t, "point"); n > 0 && n < len(s) && s[n-1] != '-' {
			s = s[:n] + "." + s[n:]
		}
		want, err := strconv.ParseFloat(s, 64)
		got, ok := value.Decimal([]byte(s))
		if err != nil || !ok || math.Float64bits(got) != math.Float64bits(want) {
			t.Fatalf("%s is read as %v (%v), the library reads %v (%v)", s, got, ok, want, err)
		}
	})
}

// TestTextsOfAnyLength has what ends a text, or may not be in one, at every place of a word.
func TestTextsOfAnyLength(t *testing.T) {
	for n := range 40 {
		for at := range n + 1 {
			for _, odd := range []string{"", "\x00", "\x1f", "\x7f", "\\n", `\"`, `"`, "\u00e9", "\xff", " ", "!", "#", "[", "]", "\u20ac"} {
				text := `"` + strings.Repeat("a", at) + odd + strings.Repeat("z", n-at) + `"`
				var want string
				err := json.Unmarshal([]byte(text), &want)
				valid := err == nil && utf8.ValidString(text)
				if got := value.ValidJSON(text); got != valid {
					t.Fatalf("%q: valid %v, the library says %v", text, got, err)
				}
				b, err := value.FromJSON(text)
				if !valid {
					continue
				}
				if c := unpack.New(b); err != nil || c.Str() != want || !c.Done() {
					t.Fatalf("%q becomes % x (%v)", text, b, err)
				}
			}
		}
	}
}
