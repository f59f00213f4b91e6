package loose

import (
	"errors"
	"strings"
	"sync"
	"testing"

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
