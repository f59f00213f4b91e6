package wire

import (
	"encoding/json"
	"fmt"
	"math"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/vmihailenco/msgpack/v5"
	"pgregory.net/rapid"

	"tierboard/shared/event"
	"tierboard/shared/filter"
)

func TestWriterReplacesWhatItCannotWrite(t *testing.T) {
	year := func(y int) time.Time { return time.Date(y, 6, 1, 0, 0, 0, 0, time.UTC) }
	for word, f := range formats {
		for _, c := range []struct {
			name  string
			write func(w *Writer)
			want  any
		}{
			{"NaN", func(w *Writer) { w.Float("v", math.NaN()) }, 0.0},
			{"infinity", func(w *Writer) { w.Float("v", math.Inf(-1)) }, 0.0},
			{"bytes that are not UTF-8, each of them", func(w *Writer) { w.Str("v", "a\xff\xfeb\xc3") }, "a\ufffd\ufffdb\ufffd"},
			{"the replacement character itself", func(w *Writer) { w.Str("v", "\ufffd") }, "\ufffd"},
			{"year before 0", func(w *Writer) { w.Time("v", year(-1)) }, "0000-01-01T00:00:00.000Z"},
			{"year 0", func(w *Writer) { w.Time("v", year(0)) }, "0000-06-01T00:00:00.000Z"},
			{"year 9999", func(w *Writer) { w.Time("v", year(9999)) }, "9999-06-01T00:00:00.000Z"},
			{"year after 9999", func(w *Writer) { w.Time("v", year(10000)) }, "9999-12-31T23:59:59.999Z"},
			{"another zone", func(w *Writer) { w.Time("v", at(15, 0, 0, 9).In(time.FixedZone("", -5*3600))) }, "2026-11-23T15:00:00.009Z"},
			{"below milliseconds", func(w *Writer) { w.Time("v", at(15, 0, 0, 9).Add(999*time.Microsecond)) }, "2026-11-23T15:00:00.009Z"},
			{"zero time that is asked for", func(w *Writer) { w.Time("v", time.Time{}) }, "0001-01-01T00:00:00.000Z"},
			{"largest integers", func(w *Writer) { w.Uint("v", math.MaxUint64) }, float64(math.MaxUint64)},
			{"negative integer", func(w *Writer) { w.Int("v", -70_000) }, -70_000.0},
			{"true", func(w *Writer) { w.Bool("v", true) }, true},
			{"optional things", func(w *Writer) {
				w.OptStr("a", "")
				w.Strs("b", nil)
				w.OptTime("c", time.Time{})
				w.optNumber("d", event.Number{})
				w.optNumber("v", event.Num(0))
			}, 0.0},
			{"JSON that is none, with its key", func(w *Writer) {
				w.JSONValue("a", "{")
				w.JSONValue("b", "")
				w.JSONValue("c", "1e999")
				w.JSONValue("d", strings.Repeat("[", 14)+strings.Repeat("]", 14))
				w.JSONValue("v", `{"a":[1]}`)
				w.JSONValue("e", "[1")
			}, map[string]any{"a": []any{1.0}}},
			{"lists in lists", func(w *Writer) {
				w.Array("v")
				w.Array("ignored")
				w.End()
				w.Map("ignored")
				w.Str("k", "x")
				w.End()
				w.Bool("ignored", false)
				w.End()
			}, []any{[]any{}, map[string]any{"k": "x"}, false}},
			{"a key that is not UTF-8", func(w *Writer) {
				w.Map("v")
				w.Str("\xff", "x")
				w.End()
			}, map[string]any{"\ufffd": "x"}},
		} {
			t.Run(c.name+"/"+word, func(t *testing.T) {
				w := NewWriter(nil, f)
				w.Map("")
				c.write(w)
				w.End()
				if diff := cmp.Diff(map[string]any{"v": c.want}, object(t, w.Bytes(), f)); diff != "" {
					t.Fatalf("%q (-want +got):\n%s", w.Bytes(), diff)
				}
			})
		}
	}
	w := NewWriter(nil, MsgPack)
	w.JSONValue("", "{") // at the top there is no count to correct
	if len(w.Bytes()) != 0 {
		t.Errorf("JSON that is none at the top wrote % x", w.Bytes())
	}
}

// Whatever a producer put into an event that passes Validate, the frame around it stays readable.
func TestFramesStayReadableWithAnyText(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		bytes := rapid.Map(rapid.SliceOfN(rapid.Byte(), 0, 12), func(b []byte) string { return string(b) })
		odd := rapid.OneOf(numbers(), rapid.SampledFrom([]float64{math.NaN(), math.Inf(1), math.Inf(-1)}))
		e := intradayFull()
		e.Label, e.Timeframe, e.Source, e.Details = bytes.Draw(t, "label"), bytes.Draw(t, "timeframe"), bytes.Draw(t, "source"), bytes.Draw(t, "details")
		e.Kind, e.Direction = event.Kind(bytes.Draw(t, "kind")), event.Direction(bytes.Draw(t, "direction"))
		e.Facets = map[event.Dim]string{event.Dim(bytes.Draw(t, "dim")): bytes.Draw(t, "facet")}
		e.Price, e.Levels[0].Price = event.Num(odd.Draw(t, "price")), odd.Draw(t, "level")
		e.ExpiresAt = time.Unix(rapid.Int64Range(-1<<40, 1<<40).Draw(t, "expires"), 0)
		for word, f := range formats {
			b := (&Batch{Seq: 1, Events: []*event.Event{dailyMin(), e, comboFull()}}).Append(nil, f)
			object(t, b, f)
			m, err := sample{frame: &Batch{}}.decode(b, f)
			if err != nil {
				t.Fatalf("%s: %v: %q", word, err, b)
			}
			got := m.(*Batch).Events
			if len(got) != 3 || got[1].ID != e.ID || got[1].Label != string([]rune(e.Label)) || got[2].ID != "c-1" {
				t.Fatalf("%s: got %+v", word, got)
			}
		}
	})
}

func TestStringsOfEveryLength(t *testing.T) {
	for _, n := range []int{0, 1, 31, 32, 255, 256, 65_535, 65_536, 70_000} {
		want := strings.Repeat("x", n)
		for word, f := range formats {
			m, err := sample{frame: &Pong{}}.decode((&Pong{ID: want}).Append(nil, f), f)
			if err != nil || m.(*Pong).ID != want {
				t.Errorf("%s: a text of %d bytes came back as %.40v, %v", word, n, m, err)
			}
		}
	}
}

// Numbers take the fewest bytes, as the library would write them.
func TestIntegersAreShortest(t *testing.T) {
	for _, n := range []int64{
		0, 1, 127, 128, 255, 256, 65_535, 65_536, 1<<32 - 1, 1 << 32, math.MaxInt64, -1, -32, -33, -128, -129, -32_768, -32_769, -1 << 31, -1<<31 - 1, math.MinInt64,
	} {
		want := libraryBytes(t, n, func(e *msgpack.Encoder) { e.UseCompactInts(true) })
		if got := appendInt(nil, n); !slices.Equal(got, want) {
			t.Errorf("%d is % x, the library writes % x", n, got, want)
		}
		c := cursor{b: want}
		if got := c.float(); got != float64(n) || c.bad {
			t.Errorf("% x is read as %v, want %d", want, got, n)
		}
		c = cursor{b: want}
		if got := c.uint(); c.bad != (n < 0) || (n >= 0 && got != uint64(n)) {
			t.Errorf("% x is read as the unsigned %d, bad %v, want %d", want, got, c.bad, n)
		}
	}
	rapid.Check(t, func(t *rapid.T) {
		v := numbers().Draw(t, "v")
		c := cursor{b: appendFloat(nil, v)}
		if got := c.float(); math.Float64bits(got) != math.Float64bits(v) || c.bad || c.at != len(c.b) {
			t.Fatalf("%v is written as % x and read as %v", v, c.b, got)
		}
		text := string(appendJSONFloat(nil, v))
		want, err := json.Marshal(v)
		if err != nil || strings.Replace(text, "e-0", "e-", 1) != string(want) {
			t.Fatalf("%v is written as %s, the library writes %s", v, text, want)
		}
		packed, err := JSONToMsgPack(text)
		if err != nil {
			t.Fatal(err)
		}
		c = cursor{b: packed}
		if got := c.float(); math.Float64bits(got) != math.Float64bits(v) {
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
		if got := appendJSONString(nil, s); string(got) != string(want) {
			t.Fatalf("%q is %s, the library writes %s", s, got, want)
		}
	})
}

// An event deep inside a frame may hold details as deep as any other: what was accepted once is never what breaks a frame.
func TestDeepestDetailsFitEveryFrame(t *testing.T) {
	deepest := strings.Repeat(`{"a":`, MaxDepth) + "1" + strings.Repeat("}", MaxDepth)
	e := comboFull()
	e.Details, e.Combo.Setup.Details, e.Combo.Trigger.Details = deepest, deepest, deepest
	for word, f := range formats {
		b := (&Batch{Seq: 1, Events: []*event.Event{e}}).Append(nil, f)
		m, err := sample{frame: &Batch{}}.decode(b, f)
		if err != nil {
			t.Errorf("%s: %v", word, err)
			continue
		}
		if got := m.(*Batch).Events[0]; got.Details != deepest || got.Combo.Setup.Details != deepest || got.Combo.Trigger.Details != deepest {
			t.Errorf("%s: got %+v", word, got)
		}
	}
	backwards := foreign{backwards: true}.bytes(t, map[string]any{
		"type": "pong", "zoo": []any{map[string]any{"daily_context": map[string]any{"details": object(t, []byte(deepest), JSON)}}},
	})
	if m, err := Decode(backwards); err != nil {
		t.Errorf("type after something deep: %+v, %v", m, err)
	}
}

// reserved returns how many bytes a call reserves on the heap, with what else the process did meanwhile.
func reserved(do func()) int {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	do()
	runtime.ReadMemStats(&after)
	return int(after.TotalAlloc - before.TotalAlloc)
}

// A few bytes that claim four billion entries fail at once, and nothing that is small becomes large in memory.
func TestDecodersReserveNoMoreThanTheInputIsWorth(t *testing.T) {
	huge := [][]byte{
		{0xdf, 0xff, 0xff, 0xff, 0xff},
		{0xdd, 0xff, 0xff, 0xff, 0xff},
		{0xdb, 0xff, 0xff, 0xff, 0xff},
		{0xc6, 0xff, 0xff, 0xff, 0xff},
		{0xc9, 0xff, 0xff, 0xff, 0xff, 1},
		{0xde, 0xff, 0xff},
		{0xdc, 0xff, 0xff},
	}
	inputs := map[string][]byte{}
	for _, h := range huge {
		inputs[fmt.Sprintf("% x", h)] = h
		for _, place := range []struct{ typ, key string }{
			{"batch", "events"},
			{"batch", "id"},
			{"batch", "sent_at"},
			{"subscribed", "filters"},
			{"status", "tiers"},
			{"status", "market"},
			{"status", "last_event_at"},
			{"pong", "unknown"},
		} {
			w := open(nil, MsgPack, place.typ)
			w.Raw(place.key, h)
			inputs[fmt.Sprintf("%s.%s % x", place.typ, place.key, h)] = w.close()
		}
		for _, key := range []string{"facets", "levels", "details", "daily_context", "symbol"} {
			w := open(nil, MsgPack, "batch")
			w.Array("events")
			w.Map("")
			w.Str("source", strings.Repeat("x", 40))
			w.Raw(key, h)
			w.End()
			w.End()
			inputs[fmt.Sprintf("batch.events[0].%s % x", key, h)] = w.close()
		}
		w := open(nil, MsgPack, "subscribed")
		w.Array("filters")
		w.Map("")
		w.Raw("symbols", h)
		w.End()
		w.End()
		inputs[fmt.Sprintf("subscribed.filters[0].symbols % x", h)] = w.close()
	}
	for name, b := range inputs {
		if m, err := Decode(b); err == nil {
			t.Errorf("%s is read as %+v", name, m)
		}
		for range 2 { // the second run has no one-time cost
			checkReserved(t, name, b, 4096)
		}
	}

	// The worst that can be had of bytes that are really there.
	many := func(typ, key string, n int, elem ...byte) []byte {
		w := open(nil, MsgPack, typ)
		w.Raw(key, slices.Concat([]byte{0xdd, byte(n >> 24), byte(n >> 16), byte(n >> 8), byte(n)}, slices.Repeat(elem, n)))
		return w.close()
	}
	for name, b := range map[string][]byte{
		"smallest events":  many("batch", "events", 50_000, 0x80),
		"smallest filters": many("subscribed", "filters", 50_000, 0x80),
		"256 filters":      many("subscribed", "filters", mostFilters, 0x80),
		"smallest levels":  many("batch", "events", 1, many("", "levels", 50_000, 0x80)...),
		"smallest words":   many("subscribed", "filters", 1, many("", "symbols", 50_000, 0xa0)...),
		"events of 33 bytes": many("batch", "events", 2000, slices.Concat(
			[]byte{0x81, 0xa2, 'i', 'd', 0xbd}, []byte(strings.Repeat("x", 29)))...),
	} {
		checkReserved(t, name, b, 512<<10)
	}
}

func checkReserved(t fataler, name string, b []byte, fixed int) {
	bound := 64*len(b) + fixed
	for decoder, do := range map[string]func(){
		"Decode":      func() { Decode(b) },
		"DecodeEvent": func() { DecodeEvent(b) },
		"Valid":       func() { Valid(b) },
	} {
		if got := reserved(do); got > bound {
			t.Fatalf("%s of %s (%d bytes) reserves %d bytes, more than %d", decoder, name, len(b), got, bound)
		}
	}
}

func TestCloseCodes(t *testing.T) {
	for code, want := range map[CloseCode]bool{
		CloseGoingAway: true, CloseTooMany: true, CloseTooSlow: true, 1006: true, 1000: true, 1011: true, 4000: true,
		ClosePolicy: false, CloseSignIn: false, CloseNotAllowed: false,
	} {
		if got := code.Reconnect(); got != want {
			t.Errorf("Reconnect after %d is %v, want %v", code, got, want)
		}
	}
}

// The key of a further dimension is its name in the plural, in both directions.
func TestExtraDimensionsSurviveBothFormats(t *testing.T) {
	want := &Subscribed{ID: "a", Filters: []filter.Filter{{Extra: map[event.Dim][]string{"regime": make([]string, 20), "user": {"7"}}}}}
	for i := range want.Filters[0].Extra["regime"] {
		want.Filters[0].Extra["regime"][i] = fmt.Sprint(i)
	}
	for word, f := range formats {
		got, err := sample{frame: want}.decode(want.Append(nil, f), f)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(Frame(want), got, sameValue); diff != "" {
			t.Errorf("%s (-want +got):\n%s", word, diff)
		}
	}
}
