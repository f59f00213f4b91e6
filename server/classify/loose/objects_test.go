package loose

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/valyala/fastjson"
	"pgregory.net/rapid"

	"tierboard/server/classify/scalar"
)

// TestDeeperLooksAtEachByte compares deeper, which counts first, with the depth that each byte gives.
func TestDeeperLooksAtEachByte(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		text := rapid.StringMatching(`([\[\]{}"a,]|\\"|\\\\){0,30}`).Draw(t, "text")
		most := rapid.IntRange(0, 6).Draw(t, "most")
		deepest, depth, quoted, escaped := 0, 0, false, false
		for _, c := range text {
			switch {
			case escaped:
				escaped = false
			case quoted && c == '\\':
				escaped = true
			case c == '"':
				quoted = !quoted
			case quoted:
			case c == '{' || c == '[':
				depth++
			case c == '}' || c == ']':
				depth--
			}
			deepest = max(deepest, depth)
		}
		if got := deeper([]byte(text), most); got != (deepest > most) {
			t.Errorf("deeper(%s, %d) is %v, and it has %d levels", text, most, got, deepest)
		}
	})
}

// TestObjectsAreListedAfresh lists random objects one after the other in the same memory, each as on its own.
func TestObjectsAreListedAfresh(t *testing.T) {
	var a Objects
	rapid.Check(t, func(t *rapid.T) {
		defer a.Reset()
		for range rapid.IntRange(1, 40).Draw(t, "objects") {
			keys := rapid.SliceOfN(rapid.StringMatching(`[ab_]{0,3}|x{60,70}`), 0, 80).Draw(t, "keys")
			text := []byte{'{'}
			first := map[string]int{} // where the key was first
			for i, k := range keys {
				if i > 0 {
					text = append(text, ',')
				}
				text = fmt.Appendf(text, "%q:%d", k, i)
				if _, ok := first[k]; !ok {
					first[k] = i
				}
			}
			v := fastjson.MustParseBytes(append(text, '}'))
			if _, err := a.List(v, len(keys)-1); len(keys) > 0 && !errors.Is(err, ErrTooWide) {
				t.Fatalf("%d fields, one more than allowed: %v", len(keys), err)
			}
			o, err := a.List(v, len(keys))
			if err != nil || len(o.Fields()) != len(first) {
				t.Fatalf("%s: %v, %d fields, want %d", v, err, len(o.Fields()), len(first))
			}
			for _, f := range o.Fields() {
				if n, _ := scalar.Number(f.Value); f.Used || int(n) != first[f.Key] || o.Field(f.Key).Value != f.Value {
					t.Errorf("%s: the field %q is %v, used %v", v, f.Key, f.Value, f.Used)
				}
			}
			for _, k := range []string{"a", "_", "bb", "aba", "", "symbol", strings.Repeat("x", 65)} {
				if _, ok := first[k]; (o.Field(k) != nil) != ok {
					t.Errorf("%s has the field %q: %v, want %v", v, k, !ok, ok)
				}
			}
			for i := range o.Fields() {
				o.Fields()[i].Used = true
			}
		}
	})
	if len(a.list) > keepObjects {
		t.Errorf("%d objects are kept, more than %d", len(a.list), keepObjects)
	}
	for _, o := range a.list {
		if cap(o.fields) > keepFields {
			t.Errorf("room for %d fields is kept, more than %d", cap(o.fields), keepFields)
		}
	}
}
