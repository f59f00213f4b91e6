package unpack_test

import (
	"bytes"
	"encoding/json"
	"io"
	"strings"
	"testing"

	"github.com/vmihailenco/msgpack/v5"
	"pgregory.net/rapid"

	"tierboard/shared/wire/unpack"
	"tierboard/shared/wire/value"
)

// fataler is what checks need of a test; rapid's and the standard library's both have it.
type fataler interface{ Fatalf(string, ...any) }

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
	good := unpack.Valid(b)
	tooDeep := false
	if !good {
		c := unpack.New(b)
		c.Skip(-len(b)) // a value cannot be deeper than it is long
		tooDeep = c.Done()
	}
	if library := libraryAccepts(b); library != (good || tooDeep) {
		t.Fatalf("Valid(% x) = %v, too deep %v, the library says %v", b, good, tooDeep, library)
	}
	c := unpack.New(b)
	text := c.AppendJSON(nil, 0)
	switch {
	case !c.Done():
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
	rapid.Check(t, func(t *rapid.T) {
		checkMsgPack(t, rapid.SliceOfN(rapid.Byte(), 0, 24).Draw(t, "bytes"))
	})
}

func TestDepthIsTheSameInBothFormats(t *testing.T) {
	for depth := range value.MaxDepth + 4 {
		text := strings.Repeat(`{"a":`, depth) + "1" + strings.Repeat("}", depth)
		packed := append(bytes.Repeat([]byte{0x81, 0xa1, 'a'}, depth), 1)
		if want := depth <= value.MaxDepth; value.ValidJSON(text) != want || unpack.Valid(packed) != want {
			t.Errorf("depth %d: JSON %v, msgpack %v, want %v", depth, value.ValidJSON(text), unpack.Valid(packed), want)
		}
	}
}

func FuzzValid(f *testing.F) {
	for _, b := range msgpackSeeds {
		f.Add(b)
	}
	f.Fuzz(func(t *testing.T, b []byte) { checkMsgPack(t, b) })
}
