package value_test

import (
	"bytes"
	"encoding/json"
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/vmihailenco/msgpack/v5"
	"pgregory.net/rapid"

	"tierboard/shared/wire/unpack"
	"tierboard/shared/wire/value"
)

func numbers() *rapid.Generator[float64] {
	return rapid.OneOf(
		rapid.SampledFrom([]float64{0, math.Copysign(0, -1), 1, -1, 127, 128, -32, -33, 1 << 53, 1<<53 - 1, -1 << 53, 1 << 63, 1 << 64, 1e21, 1e-7, math.MaxFloat64, math.SmallestNonzeroFloat64}),
		rapid.Float64(), rapid.Map(rapid.Int64(), func(n int64) float64 { return float64(n) }),
	)
}

func libraryBytes(t *testing.T, v any, set func(*msgpack.Encoder)) []byte {
	t.Helper()
	var b bytes.Buffer
	enc := msgpack.NewEncoder(&b)
	set(enc)
	if err := enc.Encode(v); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// Numbers take the fewest bytes, as the library would write them.
func TestIntegersAreShortest(t *testing.T) {
	for _, n := range []int64{
		0, 1, 127, 128, 255, 256, 65_535, 65_536, 1<<32 - 1, 1 << 32, math.MaxInt64, -1, -32, -33, -128, -129, -32_768, -32_769, -1 << 31, -1<<31 - 1, math.MinInt64,
	} {
		want := libraryBytes(t, n, func(e *msgpack.Encoder) { e.UseCompactInts(true) })
		if got := value.AppendInt(nil, n); !slices.Equal(got, want) {
			t.Errorf("%d is % x, the library writes % x", n, got, want)
		}
		c := unpack.New(want)
		if got := c.Float(); got != float64(n) || c.Bad() {
			t.Errorf("% x is read as %v, want %d", want, got, n)
		}
		c = unpack.New(want)
		if got := c.Uint(); c.Bad() != (n < 0) || (n >= 0 && got != uint64(n)) {
			t.Errorf("% x is read as the unsigned %d, bad %v, want %d", want, got, c.Bad(), n)
		}
	}
	rapid.Check(t, func(t *rapid.T) {
		v := numbers().Draw(t, "v")
		packed := value.AppendFloat(nil, v)
		c := unpack.New(packed)
		if got := c.Float(); math.Float64bits(got) != math.Float64bits(v) || !c.Done() {
			t.Fatalf("%v is written as % x and read as %v", v, packed, got)
		}
		text := string(value.AppendJSONFloat(nil, v))
		want, err := json.Marshal(v)
		if err != nil || strings.Replace(text, "e-0", "e-", 1) != string(want) {
			t.Fatalf("%v is written as %s, the library writes %s", v, text, want)
		}
		packed, err = value.FromJSON(text)
		if err != nil {
			t.Fatal(err)
		}
		c = unpack.New(packed)
		if got := c.Float(); math.Float64bits(got) != math.Float64bits(v) {
			t.Fatalf("%v is written as %s and read as %v", v, text, got)
		}
	})
}

func TestJSONStringsAgainstTheStandardLibrary(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := string(rapid.SliceOfN(rapid.OneOf(rapid.Byte(), rapid.SampledFrom([]byte("<>&\"\\\n\xe2\x80\xa8\xa9"))), 0, 24).Draw(t, "bytes"))
		want, err := json.Marshal(s)
		if err != nil {
			t.Fatal(err)
		}
		// The library has short forms for two more control characters.
		want = []byte(strings.NewReplacer(`\\`, `\\`, `\b`, `\u0008`, `\f`, `\u000c`, `\ufffd`, "\ufffd").Replace(string(want)))
		if got := value.AppendJSONString(nil, s); string(got) != string(want) {
			t.Fatalf("%q is %s, the library writes %s", s, got, want)
		}
	})
}

// TestTimeIsWrittenAsTheLayoutSays compares AppendTime with the layout it stands for.
func TestTimeIsWrittenAsTheLayoutSays(t *testing.T) {
	first := time.Date(0, 1, 1, 0, 0, 0, 0, time.UTC)
	last := time.Date(9999, 12, 31, 23, 59, 59, 999_999_999, time.UTC)
	for _, at := range []time.Time{first, last, time.Date(2024, 2, 29, 0, 0, 0, 1_000_000, time.UTC), time.Unix(0, 999_999).UTC()} {
		if got, want := string(value.AppendTime(nil, at)), at.Format(value.TimeLayout); got != want {
			t.Errorf("got %s, want %s", got, want)
		}
	}
	rapid.Check(t, func(t *rapid.T) {
		at := time.Unix(rapid.Int64Range(first.Unix(), last.Unix()).Draw(t, "seconds"), rapid.Int64Range(0, 999_999_999).Draw(t, "nanoseconds")).UTC()
		if got, want := string(value.AppendTime([]byte("9"), at)), "9"+at.Format(value.TimeLayout); got != want {
			t.Errorf("got %s, want %s", got, want)
		}
	})
}

func TestASCIIOfEveryLength(t *testing.T) {
	for n := range 40 {
		text := []byte(strings.Repeat("\x7f", n))
		if !value.ASCII(string(text)) {
			t.Errorf("%d bytes of ASCII are not taken for it", n)
		}
		for at := range n {
			text[at] = 0x80
			if value.ASCII(string(text)) {
				t.Errorf("the byte at %d of %d is not seen", at, n)
			}
			text[at] = 0x7f
		}
	}
}
