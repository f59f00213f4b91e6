package loose

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"testing"

	"github.com/valyala/fastjson"
	"pgregory.net/rapid"

	"tierboard/server/classify/scalar"
)

// textValue is a JSON string of the text, whatever is in it.
func textValue(s string) *fastjson.Value { return (&fastjson.Arena{}).NewString(s) }

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

// TestRestIsWrittenAfresh fills one Rest again and again, each time as a Rest of its own.
func TestRestIsWrittenAfresh(t *testing.T) {
	var kept Rest
	var objects Objects
	rapid.Check(t, func(t *rapid.T) {
		defer objects.Reset()
		var own Rest
		most := rapid.IntRange(64, 400).Draw(t, "most")
		for range rapid.IntRange(0, 12).Draw(t, "fields") {
			parent, key := rapid.StringMatching(`[ab]?`).Draw(t, "parent"), rapid.StringMatching(`[ab<]{0,2}`).Draw(t, "key")
			value := rapid.OneOf(rapid.Just(`1`), rapid.Just(`1.50`), rapid.Just(`007`), rapid.Just(`"a"`), rapid.Just(`[1,"b"]`), rapid.Just(`null`),
				rapid.Just(`[[[[[[[1]]]]]]]`), rapid.Just(strconv.Quote(strings.Repeat("y", 90)))).Draw(t, "value")
			for _, r := range []*Rest{&kept, &own} {
				switch v := fastjson.MustParse(value); key {
				case "aa":
					r.Note("note", value)
				case "bb":
					r.NoteTrue("a")
				default:
					r.Add(parent, key, v)
				}
			}
		}
		for range rapid.IntRange(0, 12).Draw(t, "more fields") {
			parent, key := rapid.StringMatching(`[ab]?`).Draw(t, "parent"), rapid.StringMatching(`[ab<" é]{0,2}`).Draw(t, "key")
			value := rapid.SampledFrom([]string{`1`, `"a"`, `null`, `[[[[[[[1]]]]]]]`}).Draw(t, "value")
			o, err := objects.List(fastjson.MustParse(`{`+strconv.Quote(key)+`:`+value+`}`), 1)
			if err != nil {
				t.Fatal(err)
			}
			for i := range o.Fields() {
				own.Add(parent, o.Fields()[i].Key, o.Fields()[i].Value)
				kept.AddField(parent, &o.Fields()[i])
			}
		}
		want, cut := own.JSON(most)
		if got, gotCut := kept.JSON(most); got != want || gotCut != cut || len(got) > most {
			t.Errorf("got %s %v, want %s %v", got, gotCut, want, cut)
		}
		kept.Reset()
	})
	kept.Add("", "long", textValue(strings.Repeat("z ", MaxString)))
	for i := range 9 {
		kept.Add("", "long"+strconv.Itoa(i), textValue(strings.Repeat("z", MaxString)))
	}
	if kept.Reset(); kept.text != nil {
		t.Errorf("%d bytes are kept of a large object", cap(kept.text))
	}
}
