package details

import (
	"encoding/json"
	"errors"
	"strconv"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/valyala/fastjson"
	"pgregory.net/rapid"

	"tierboard/server/classify/loose"
	"tierboard/server/classify/scalar"
)

// parsed parses a JSON text that must be good.
func parsed(tb testing.TB, text string) *fastjson.Value {
	tb.Helper()
	v, err := fastjson.Parse(text)
	if err != nil {
		tb.Fatalf("%s: %v", text, err)
	}
	return v
}

// newObject lists the fields of v in memory of their own.
func newObject(v *fastjson.Value, most int) (*loose.Object, error) {
	return (*loose.Objects)(nil).List(v, most)
}

// textValue is a JSON string of the text, whatever is in it.
func textValue(s string) *fastjson.Value { return (&fastjson.Arena{}).NewString(s) }

func TestTextOutlivesTheParser(t *testing.T) {
	r := &loose.Reader{MaxBytes: 1000, MaxDepth: 5}
	var text, rest string
	read := func(in string) {
		_ = r.Read([]byte(in), func(v *fastjson.Value) {
			o, _ := newObject(v, 10)
			if f := o.Field("keep"); f != nil {
				text, _ = scalar.Text(f.Value, 100)
				var x Rest
				x.Add("", f.Key, f.Value)
				rest, _ = x.JSON(100)
			}
		})
	}
	read(`{"keep":"first"}`)
	for range 10 {
		read(`{"drop":"XXXXXXXXXXXXXXXX"}`)
	}
	if text != "first" || rest != `{"keep":"first"}` {
		t.Errorf("got %q and %s", text, rest)
	}
}

// rest puts every field of an object into a Rest.
func rest(tb testing.TB, text string, most int) (string, bool) {
	tb.Helper()
	o, err := newObject(parsed(tb, text), 1000)
	if err != nil {
		tb.Fatal(err)
	}
	var r Rest
	for _, f := range o.Fields() {
		r.Add("", f.Key, f.Value)
	}
	return r.JSON(most)
}

func TestRestIsStrict(t *testing.T) {
	for _, tt := range []struct {
		in, want string
		cut      bool
	}{
		{`{}`, ``, false},
		{`{"a":null}`, ``, false},
		{`{ "a" : [ 1 , null , true , false , "x" ] , "b" : { "c" : null } }`, `{"a":[1,null,true,false,"x"],"b":{"c":null}}`, false},
		{`{"a":1.50,"b":1e5,"c":-0,"d":12345678901234567890}`, `{"a":1.50,"b":1e5,"c":-0,"d":12345678901234567890}`, false},
		{`{"a":NaN,"b":-inf,"c":007,"d":+1.5,"e":1.,"f":1e999,"g":1.2.3,"h":.5e1,"j":1e+,"k":2E-3}`, `{"a":null,"b":null,"c":7,"d":1.5,"e":1,"f":null,"g":null,"h":5,"j":null,"k":2E-3}`, false},
		{`{"a":0.1000000000000000000000000000000001}`, `{"a":0.1}`, false},
		{`{"a":"\"\\<>&\u0001\n é\ud83d\ude00"}`, `{"a":"\"\\\u003c\u003e\u0026  é😀"}`, false},
		{`{"a\"\u0000":1,"\u0001":2}`, `{"a\"":1,"_":2}`, false},
		{`{"a":[[[[[[1]]]]]]}`, `{"a":[[[[[[1]]]]]]}`, false},
	} {
		if got, cut := rest(t, tt.in, 1000); got != tt.want || cut != tt.cut {
			t.Errorf("%s\n got %s %v\nwant %s %v", tt.in, got, cut, tt.want, tt.cut)
		}
	}
}

func TestRestCutsDepth(t *testing.T) {
	for in, want := range map[string]string{
		`{"a":[[[[[[1]]]]]]}`:             `{"a":[[[[[[1]]]]]]}`,
		`{"a":[[[[[[[1]],2]]]]]}`:         `{"details_cut":true,"a":[[[[[[],2]]]]]}`,
		`{"a":[[[[[[[1],[2],3,[4]]]]]]]}`: `{"details_cut":true,"a":[[[[[[3]]]]]]}`,
		`{"a":{"z":{"b":{"c":{"d":{"e":{"f":{"g":1},"h":2,"i":{},"j":3}}}}}}}`: `{"details_cut":true,"a":{"z":{"b":{"c":{"d":{"e":{"h":2,"j":3}}}}}}}`,
	} {
		got, cut := rest(t, in, 1000)
		if got != want || cut != strings.Contains(want, "details_cut") {
			t.Errorf("%s\n got %s %v\nwant %s", in, got, cut, want)
		}
	}
}

func TestRestIsBounded(t *testing.T) {
	long := `{"s":1,"l":"` + strings.Repeat("x", 500) + `","m":"` + strings.Repeat("y", 100) + `"}`
	if got, cut := rest(t, long, 256); !cut || got != `{"details_cut":true,"s":1,"m":"`+strings.Repeat("y", 100)+`"}` {
		t.Errorf("the largest goes first: got %s", got)
	}
	if got, cut := rest(t, `{"a":"`+strings.Repeat("é", MaxString)+`"}`, 16<<10); !cut || len(got) > MaxString+64 || !json.Valid([]byte(got)) {
		t.Errorf("a long string is cut: got %d bytes", len(got))
	}
	// A field of the producer's that is called like a remark of ours keeps its value.
	o, _ := newObject(parsed(t, `{"note":1,"details_cut":2,"x":"`+strings.Repeat("x", 500)+`"}`), 10)
	var r Rest
	for _, f := range o.Fields() {
		r.Add("", f.Key, f.Value)
	}
	r.Note("note", "ours\n<")
	r.NoteTrue("yes")
	if got, _ := r.JSON(200); got != `{"details_cut":true,"yes":true,"note":"ours \u003c","producer_note":1,"producer_details_cut":2}` {
		t.Errorf("got %s", got)
	}
}

func TestRestKeepsBothOfTwoNames(t *testing.T) {
	var r Rest
	r.Add("", "v", parsed(t, `1`))
	r.Add("metadata", "v", parsed(t, `1`)) // the same again
	r.Add("metadata", "v", parsed(t, `2`))
	r.Add("metadata", "v", parsed(t, `2`))
	r.Add("metadata", "v", parsed(t, `3`))
	r.Add("metadata", "v", parsed(t, `4`))
	r.Add("", "v", parsed(t, `5`))
	if got, _ := r.JSON(1000); got != `{"v":1,"metadata_v":2,"metadata_v_2":3,"metadata_v_3":4,"outer_v":5}` {
		t.Errorf("got %s", got)
	}
}

func FuzzRest(f *testing.F) {
	for _, s := range []string{
		`{}`, `{"a":1,"a":2}`, `{"a":{"b":[1,"x",null,NaN,-inf,007,1e999,{"c":"\ud800\u0000"}]}}`, `{"details_cut":1,"x":"` + strings.Repeat("x", 300) + `"}`,
		`{"a":[[[[[[[[[[1]]]]]]]]]]}`, "{\"a\":\"\xff\x00\u202e\"}", `{"":0,"\u0000":1,"_":2}`,
	} {
		f.Add([]byte(s))
	}
	reader := &loose.Reader{MaxBytes: 4 << 10, MaxDepth: 20}
	f.Fuzz(func(t *testing.T, text []byte) {
		err := reader.Read(text, func(v *fastjson.Value) {
			o, err := newObject(v, 100)
			if o == nil || err != nil {
				return
			}
			var r Rest
			for i := range o.Fields() {
				field := &o.Fields()[i]
				if s, ok := scalar.Text(field.Value, 32); ok && (len(s) > 32 || !utf8.ValidString(s)) {
					t.Fatalf("text %q", s)
				}
				_, _, _ = scalar.Time(field.Value)
				_, _ = scalar.Integer(field.Value)
				r.Add("parent", field.Key, field.Value)
			}
			got, cut := r.JSON(256)
			if got == "" {
				return
			}
			var back map[string]any
			if err := json.Unmarshal([]byte(got), &back); err != nil || len(got) > 256 || !utf8.ValidString(got) {
				t.Fatalf("%d bytes, %v: %s", len(got), err, got)
			}
			if _, told := back["details_cut"]; told != cut && !cut {
				t.Fatalf("cut %v: %s", cut, got)
			}
		})
		if err != nil && !errors.Is(err, loose.ErrSyntax) && !errors.Is(err, loose.ErrTooDeep) && !errors.Is(err, loose.ErrTooLarge) {
			t.Fatal(err)
		}
	})
}

// TestRestIsWrittenAfresh fills one Rest again and again, each time as a Rest of its own.
func TestRestIsWrittenAfresh(t *testing.T) {
	var kept Rest
	var objects loose.Objects
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
