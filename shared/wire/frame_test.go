package wire

import (
	"fmt"
	"math"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"tierboard/shared/event"
	"tierboard/shared/filter"
	"tierboard/shared/wire/unpack"
)

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

// reserved returns how many bytes a call reserves on the heap: the least of some tries, since what else the process did
// meanwhile counts too.
func reserved(do func()) int {
	least := math.MaxInt
	for range 5 {
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		do()
		runtime.ReadMemStats(&after)
		least = min(least, int(after.TotalAlloc-before.TotalAlloc))
	}
	return least
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
		"Valid":       func() { unpack.Valid(b) },
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
