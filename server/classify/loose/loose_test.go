package loose

import (
	"encoding/json"
	"errors"
	"strings"
	"sync"
	"testing"
	"unicode/utf8"

	"github.com/valyala/fastjson"

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

func TestReaderChecksBeforeItParses(t *testing.T) {
	r := &Reader{MaxBytes: 100, MaxDepth: 3}
	for _, tt := range []struct {
		text string
		want error
	}{
		{`{"a":[{}]}`, nil},
		{`{"a":[[{}]]}`, ErrTooDeep},
		{`[[[[`, ErrTooDeep}, // refused before anyone looks for its end
		{`"[[[[[["`, nil},
		{`"\"[[[[[["`, nil},
		{`"\\"`, nil},
		{`[[[]],[[]],[[]]]`, nil},
		{strings.Repeat("x", 101), ErrTooLarge},
		{`{"a":}`, ErrSyntax},
		{``, ErrSyntax},
	} {
		called := false
		err := r.Read([]byte(tt.text), func(*fastjson.Value) { called = true })
		if !errors.Is(err, tt.want) || called != (err == nil) {
			t.Errorf("%s: got %v, want %v", tt.text, err, tt.want)
		}
	}
	if err := (&Reader{}).Read([]byte("1"), nil); !errors.Is(err, ErrTooLarge) {
		t.Errorf("the zero Reader: %v", err)
	}
	big := &Reader{MaxBytes: 1 << 20, MaxDepth: 3}
	if err := big.Read([]byte(`"`+strings.Repeat("x", Keep)+`"`), func(*fastjson.Value) {}); err != nil {
		t.Error(err)
	}
}

func TestReaderIsSafeForConcurrentUse(t *testing.T) {
	r := &Reader{MaxBytes: 1000, MaxDepth: 5}
	var wg sync.WaitGroup
	for i := range 8 {
		wg.Go(func() {
			want := strings.Repeat(string(rune('a'+i)), 50)
			for range 100 {
				err := r.Read([]byte(`{"k":"`+want+`\n"}`), func(v *fastjson.Value) {
					o, _ := newObject(v, 10)
					if got, _ := scalar.Text(o.Value("k"), 100); got != want {
						t.Errorf("got %q, want %q", got, want)
					}
				})
				if err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
}

func TestTextOutlivesTheParser(t *testing.T) {
	r := &Reader{MaxBytes: 1000, MaxDepth: 5}
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

// newObject lists the fields of v in memory of their own.
func newObject(v *fastjson.Value, most int) (*Object, error) { return (*Objects)(nil).List(v, most) }

func TestObject(t *testing.T) {
	o, err := newObject(parsed(t, `{"a":1,"b":null,"a":2,"c\u0041":{"x":true}}`), 4)
	if err != nil || len(o.Fields()) != 3 {
		t.Fatalf("got %+v, %v", o, err)
	}
	if x, ok := scalar.Number(o.Value("a")); x != 1 || !ok {
		t.Errorf("of a repeated key the first counts: got %v", x)
	}
	if o.Field("b") != nil || o.Value("b") != nil || o.Field("none") != nil {
		t.Error("null and absent are the same")
	}
	f := o.Field("cA")
	inner, err := f.Object(1)
	again, _ := f.Object(1)
	if err != nil || inner == nil || inner != again {
		t.Errorf("got %v, %v, %v", inner, again, err)
	}
	if _, err := newObject(parsed(t, `{"a":1,"b":2}`), 1); !errors.Is(err, ErrTooWide) {
		t.Errorf("got %v", err)
	}
	for _, text := range []string{`1`, `[]`, `"x"`, `null`} {
		if o, err := newObject(parsed(t, text), 1); o != nil || err != nil {
			t.Errorf("%s: got %v, %v", text, o, err)
		}
	}
	if o, err := newObject(nil, 1); o != nil || err != nil {
		t.Errorf("nil: got %v, %v", o, err)
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
	reader := &Reader{MaxBytes: 4 << 10, MaxDepth: 20}
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
		if err != nil && !errors.Is(err, ErrSyntax) && !errors.Is(err, ErrTooDeep) && !errors.Is(err, ErrTooLarge) {
			t.Fatal(err)
		}
	})
}

// TestFieldsAreReadAsTheirValues reads fields with memory of their Objects, and without.
func TestFieldsAreReadAsTheirValues(t *testing.T) {
	v := parsed(t, `{"a":1757858400.5,"b":"2025-09-14T14:00:00","c":"x","d":null,"e":true,"f":"7"}`)
	for _, memory := range []*Objects{nil, {}} {
		o, err := memory.List(v, 10)
		if err != nil {
			t.Fatal(err)
		}
		for i := range o.Fields() {
			f := &o.Fields()[i]
			x, ok := f.Number()
			if want, wantOK := scalar.Number(f.Value); x != want || ok != wantOK {
				t.Errorf("%s: got %v %v, want %v %v", f.Value, x, ok, want, wantOK)
			}
			at, zoned, ok := f.Time()
			if want, wantZoned, wantOK := scalar.Time(f.Value); !at.Equal(want) || zoned != wantZoned || ok != wantOK {
				t.Errorf("%s: got %v %v %v, want %v %v %v", f.Value, at, zoned, ok, want, wantZoned, wantOK)
			}
		}
	}
}
