package wire

import (
	"bytes"
	"encoding/json"
	"io"
	"reflect"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
	"github.com/vmihailenco/msgpack/v5"
	"pgregory.net/rapid"
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
	good := wantErr == nil && utf8.ValidString(text) && nesting(text) <= MaxDepth
	if got := ValidJSON(text); got != good {
		t.Fatalf("ValidJSON(%q) = %v, want %v (encoding/json: %v, depth %d)", text, got, good, wantErr, nesting(text))
	}
	packed, err := JSONToMsgPack(text)
	if (err == nil) != good {
		t.Fatalf("JSONToMsgPack(%q): %v, want %v", text, err, good)
	}
	if err != nil {
		if err != ErrSyntax || packed != nil { //nolint:errorlint // promised to be this very error
			t.Fatalf("JSONToMsgPack(%q) = %q, %v, want ErrSyntax alone", text, packed, err)
		}
		return
	}
	if !Valid(packed) {
		t.Fatalf("JSONToMsgPack(%q) = % x, which Valid refuses", text, packed)
	}
	got, err := msgpack.NewDecoder(bytes.NewReader(packed)).DecodeInterface()
	if err != nil {
		t.Fatalf("the library cannot read % x: %v", packed, err)
	}
	if got = asFloats(got); !reflect.DeepEqual(got, want) {
		t.Fatalf("%q became (-want +got):\n%s", text, cmp.Diff(want, got))
	}
	c := cursor{b: packed}
	back := c.appendJSON(nil, 0)
	var again any
	if err := json.Unmarshal(back, &again); err != nil || c.bad || c.at != len(packed) || !reflect.DeepEqual(again, want) {
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

// libraryAccepts reports whether the library can step over b as exactly one value.
func libraryAccepts(b []byte) bool {
	dec := msgpack.NewDecoder(bytes.NewReader(b))
	if dec.Skip() != nil {
		return false
	}
	_, err := dec.PeekCode()
	return err == io.EOF //nolint:errorlint // the library returns it bare
}

// checkMsgPack holds Valid to the library: what Valid accepts can be skipped by the library to the last byte, and what it
// refuses cannot, unless it is only too deep. No reader of msgpack may take what Valid refuses.
func checkMsgPack(t fataler, b []byte) {
	good := Valid(b)
	tooDeep := false
	if !good {
		c := cursor{b: b}
		c.skip(-len(b)) // a value cannot be deeper than it is long
		tooDeep = !c.bad && c.at == len(b)
	}
	if library := libraryAccepts(b); library != (good || tooDeep) {
		t.Fatalf("Valid(% x) = %v, too deep %v, the library says %v", b, good, tooDeep, library)
	}
	c := cursor{b: b}
	text := c.appendJSON(nil, 0)
	switch {
	case c.bad || c.at != len(b):
	case !good:
		t.Fatalf("% x is not valid, and yet became %q", b, text)
	case !json.Valid(text):
		t.Fatalf("% x became %q, which is not JSON", b, text)
	}
}

var msgpackSeeds = [][]byte{
	nil,
	{0x00},
	{0x7f},
	{0x80},
	{0x90},
	{0xa0},
	{0xc0},
	{0xc1},
	{0xc2},
	{0xc3},
	{0xe0},
	{0xff},
	{0xc4, 0},
	{0xc4, 1},
	{0xc4, 1, 0xff},
	{0xc5, 0, 1, 2},
	{0xc6, 0, 0, 0, 1, 2},
	{0xc6, 0xff, 0xff, 0xff, 0xff},
	{0xc7, 0, 5},
	{0xc7, 1, 5, 9},
	{0xc7, 1, 5},
	{0xc8, 0, 1, 5, 9},
	{0xc9, 0, 0, 0, 1, 5, 9},
	{0xc9, 0xff, 0xff, 0xff, 0xff, 5},
	{0xca, 0x3f, 0x80, 0, 0},
	{0xca, 0x7f, 0xc0, 0, 0},
	{0xcb, 0x7f, 0xf0, 0, 0, 0, 0, 0, 0},
	{0xcb, 0},
	{0xcc, 1},
	{0xcd, 1, 2},
	{0xce, 1, 2, 3, 4},
	{0xcf, 1, 2, 3, 4, 5, 6, 7, 8},
	{0xcf, 1},
	{0xd0, 0x80},
	{0xd1, 0x80, 0},
	{0xd2, 0x80, 0, 0, 0},
	{0xd3, 0x80, 0, 0, 0, 0, 0, 0, 0},
	{0xd4, 1, 2},
	{0xd5, 1, 2, 3},
	{0xd6, 1, 2, 3, 4, 5},
	{0xd7, 1, 2, 3, 4, 5, 6, 7, 8, 9},
	append([]byte{0xd8}, make([]byte, 17)...),
	{0xd8, 1},
	{0xd9, 1, 'a'},
	{0xda, 0, 1, 'a'},
	{0xdb, 0, 0, 0, 1, 'a'},
	{0xdb, 0xff, 0xff, 0xff, 0xff},
	{0xa1, 0xff},
	{0xdc, 0, 1, 0xc0},
	{0xdc, 0xff, 0xff},
	{0xdd, 0, 0, 0, 1, 0xc0},
	{0xdd, 0xff, 0xff, 0xff, 0xff},
	{0x91},
	{0x93, 1, 2},
	{0xde, 0, 1, 0xa1, 'a', 0xc0},
	{0xde, 0xff, 0xff},
	{0xdf, 0, 0, 0, 1, 0xa1, 'a', 0xc0},
	{0xdf, 0xff, 0xff, 0xff, 0xff},
	{0x81, 0xa1, 'a'},
	{0x81, 0x01, 0x02},
	bytes.Repeat([]byte{0x91}, 13), append(bytes.Repeat([]byte{0x91}, 12), 0xc0), append(bytes.Repeat([]byte{0x91}, 13), 0xc0), bytes.Repeat([]byte{0x91}, 2000),
	{0xc0, 0xc0},
}

func TestValidAgainstTheLibrary(t *testing.T) {
	for _, b := range msgpackSeeds {
		checkMsgPack(t, b)
	}
	for _, s := range samples() {
		b := s.append(nil, MsgPack)
		checkMsgPack(t, b)
		for n := range b {
			checkMsgPack(t, b[:n])
		}
	}
	rapid.Check(t, func(t *rapid.T) {
		checkMsgPack(t, rapid.SliceOfN(rapid.Byte(), 0, 24).Draw(t, "bytes"))
	})
}

func TestDepthIsTheSameInBothFormats(t *testing.T) {
	for depth := range MaxDepth + 4 {
		text := strings.Repeat(`{"a":`, depth) + "1" + strings.Repeat("}", depth)
		packed := append(bytes.Repeat([]byte{0x81, 0xa1, 'a'}, depth), 1)
		if want := depth <= MaxDepth; ValidJSON(text) != want || Valid(packed) != want {
			t.Errorf("depth %d: JSON %v, msgpack %v, want %v", depth, ValidJSON(text), Valid(packed), want)
		}
	}
}
