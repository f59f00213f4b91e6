package loose

import (
	"fmt"
	"strconv"
	"testing"

	"github.com/valyala/fastjson"
	"pgregory.net/rapid"
)

// TestKeysAreFoundAsFields looks random keys up by name and by text: it must make no difference.
func TestKeysAreFoundAsFields(t *testing.T) {
	var words Vocabulary
	var lists []Keys
	var all []Key
	for i := range 100 {
		one, two := "k"+strconv.Itoa(i), "k"+strconv.Itoa((7*i+3)%150)
		lists = append(lists, words.Keys(one, two))
		all = append(all, words.Key(one), words.Key(two))
	}
	a := Objects{Vocabulary: &words}
	rapid.Check(t, func(t *rapid.T) {
		defer a.Reset()
		var both, twice Set
		var os []*Object
		for range 2 {
			text := []byte{'{'}
			for i, n := range rapid.SliceOfN(rapid.IntRange(0, 160), 0, 40).Draw(t, "keys") {
				if i > 0 {
					text = append(text, ',')
				}
				text = fmt.Appendf(text, `"k%d":%s`, n, rapid.SampledFrom([]string{"1", "null", `"x"`}).Draw(t, "value"))
			}
			o, err := a.List(fastjson.MustParseBytes(append(text, '}')), 40)
			if err != nil {
				t.Fatal(err)
			}
			os = append(os, o)
			both.Add(o, &twice)
		}
		for _, o := range os {
			for _, key := range all {
				if got, want := o.Get(key), o.Field(key.String()); got != want || got != nil && !both.Has(key) {
					t.Fatalf("%s: got %v, want %v", key, got, want)
				}
				if inBoth := os[0].Field(key.String()) != nil && os[1].Field(key.String()) != nil; inBoth && !twice.Has(key) {
					t.Fatalf("%s is in both", key)
				}
			}
			for i := range lists {
				list := lists[i].List()
				want := o.Field(list[0].String()) != nil || o.Field(list[1].String()) != nil
				if got := o.Has(&lists[i]); got != want || got && !both.Meets(&lists[i]) {
					t.Fatalf("%s: has %v, want %v", list, got, want)
				}
			}
			for i := range o.Fields() {
				f := &o.Fields()[i]
				if other := os[0].Field(f.Key); o != os[0] && other != nil && !twice.HasKeyOf(f) {
					t.Fatalf("%s is in both", f.Key)
				}
				if got, want := os[0].Twin(f), os[0].Field(f.Key); got != want {
					t.Fatalf("%s: twin %v, want %v", f.Key, got, want)
				}
				for n := range lists {
					list := lists[n].List()
					if got, want := f.In(&lists[n]), f.Key == list[0].String() || f.Key == list[1].String(); got != want {
						t.Fatalf("%s is one of %s: got %v", f.Key, list, got)
					}
				}
			}
		}
		if both.Meets(&Keys{}) {
			t.Fatal("no keys are there")
		}
	})
}

func TestVocabularyIsBounded(t *testing.T) {
	var words Vocabulary
	for i := range maxNames {
		words.Key(strconv.Itoa(i))
	}
	words.Key("0") // once more
	defer func() {
		if recover() == nil {
			t.Error("one key too many is taken")
		}
	}()
	words.Key("one too many")
}
