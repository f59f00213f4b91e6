package unpack_test

import (
	"slices"
	"testing"
	"time"

	"github.com/vmihailenco/msgpack/v5"

	"tierboard/shared/wire/unpack"
)

// packed is a value as the library writes it.
func packed(t *testing.T, v any) []byte {
	t.Helper()
	b, err := msgpack.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func TestEachTypeIsReadAndNoOther(t *testing.T) {
	at := time.Date(2026, 11, 23, 15, 4, 5, 678e6, time.UTC)
	type reader struct {
		name string
		read func(c *unpack.Cursor) any
	}
	readers := []reader{
		{"string", func(c *unpack.Cursor) any { return c.Str() }},
		{"boolean", func(c *unpack.Cursor) any { return c.Bool() }},
		{"number", func(c *unpack.Cursor) any { return c.Float() }},
		{"count", func(c *unpack.Cursor) any { return c.Uint() }},
		{"integer", func(c *unpack.Cursor) any { return c.Int() }},
		{"time", func(c *unpack.Cursor) any { return c.Time() }},
		{"map", func(c *unpack.Cursor) any { return c.MapLen() }},
		{"list", func(c *unpack.Cursor) any { return c.ArrayLen() }},
	}
	for _, test := range []struct {
		in   any
		want map[string]any
	}{
		{"word", map[string]any{"string": "word"}},
		{at.Format(time.RFC3339Nano), map[string]any{"string": at.Format(time.RFC3339Nano), "time": at}},
		{true, map[string]any{"boolean": true}},
		{false, map[string]any{"boolean": false}},
		{uint8(7), map[string]any{"number": 7., "count": uint64(7), "integer": 7}},
		{uint64(1) << 63, map[string]any{"number": float64(1 << 63), "count": uint64(1) << 63}},
		{int64(1) << 40, map[string]any{"number": float64(1 << 40), "count": uint64(1) << 40}},
		{int64(-5), map[string]any{"number": -5., "integer": -5}},
		{3.5, map[string]any{"number": 3.5}},
		{float32(3), map[string]any{"number": 3., "count": uint64(3), "integer": 3}},
		{map[string]int{}, map[string]any{"map": 0}},
		{[]int{}, map[string]any{"list": 0}},
		{nil, map[string]any{}},
		{[]byte{1}, map[string]any{"string": "\x01"}},
		{[]byte{0xff}, map[string]any{}},
	} {
		for _, r := range readers {
			c := unpack.New(packed(t, test.in))
			got := r.read(&c)
			want, ok := test.want[r.name]
			if ok != c.Done() || ok == c.Bad() || ok && got != want {
				t.Errorf("%#v as a %s: %v, done %v, bad %v; want %v", test.in, r.name, got, c.Done(), c.Bad(), want)
			}
		}
	}
}

func TestListsAndNothing(t *testing.T) {
	c := unpack.New(packed(t, []string{"a", "b"}))
	if got := c.Strs(); !slices.Equal(got, []string{"a", "b"}) || !c.Done() {
		t.Errorf("got %q, done %v", got, c.Done())
	}
	for _, in := range []any{[]any{"a", 1, "b"}, []any{1}, []string{}, "a"} {
		c = unpack.New(packed(t, in))
		if got := c.Strs(); got != nil && !c.Bad() {
			t.Errorf("%v is read as %q", in, got)
		}
	}
	c = unpack.New(packed(t, []int{1, 2, 3}))
	if n := c.ListLen(2); n != 0 || !c.Bad() {
		t.Errorf("%d entries of two bytes each in three bytes", n)
	}
	c = unpack.New(packed(t, []int{1, 2, 3}))
	if n := c.ListLen(1); n != 3 || c.Null() || c.Bad() {
		t.Errorf("%d entries, bad %v", n, c.Bad())
	}
	c = unpack.New(packed(t, nil))
	if !c.Null() || !c.Done() || c.Null() {
		t.Error("nothing is not read as nothing, once")
	}
}

// After a fault nothing is read any more, however often somebody asks.
func TestAFaultLasts(t *testing.T) {
	c := unpack.New(append(packed(t, true), packed(t, "word")...))
	c.Str()
	if got := c.Str(); got != "" || !c.Bad() || c.Done() {
		t.Errorf("after a fault %q was read", got)
	}
	c = unpack.New(packed(t, "word"))
	c.Fail()
	c.Skip(0)
	if !c.Bad() || len(c.AppendJSON(nil, 0)) != 0 {
		t.Error("read on after Fail")
	}
}
