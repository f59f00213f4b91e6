package layers_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/valyala/fastjson"

	"tierboard/server/classify/layers"
	"tierboard/server/classify/loose"
)

var (
	vocabulary loose.Vocabulary
	ab         = vocabulary.Keys("a", "b")
	a          = vocabulary.Keys("a")
	b          = vocabulary.Keys("b")
	sides      = vocabulary.Keys("side", "more")
	envelopes  = vocabulary.Keys("data", "payload")
	wanted     = vocabulary.Keys("want")
)

// stack makes a Stack of objects, outermost first, and calls use with it while they are valid.
func stack(t *testing.T, use func(s *layers.Stack), texts ...string) {
	t.Helper()
	objects := loose.Objects{Vocabulary: &vocabulary}
	reader := loose.Reader{MaxBytes: 1 << 20, MaxDepth: 100}
	err := reader.Read([]byte("["+strings.Join(texts, ",")+"]"), func(v *fastjson.Value) {
		s := &layers.Stack{}
		for _, item := range v.GetArray() {
			o, err := objects.List(item, 100)
			if err != nil || o == nil {
				t.Fatalf("%s: %v", item, err)
			}
			s.Push(o)
		}
		use(s)
	})
	if err != nil {
		t.Fatal(err)
	}
}

// field is a field as key=value; empty for none.
func field(f *loose.Field) string {
	if f == nil {
		return ""
	}
	return f.Key + "=" + string(f.Value.MarshalTo(nil))
}

// used lists the marked fields, layers before side objects.
func used(s *layers.Stack) (list []string) {
	for _, o := range append(append([]*loose.Object(nil), s.Layers...), s.Side...) {
		for i := range o.Fields() {
			if f := &o.Fields()[i]; f.Used {
				list = append(list, field(f))
			}
		}
	}
	return list
}

func TestTheInnermostFieldWins(t *testing.T) {
	stack(t, func(s *layers.Stack) {
		for _, c := range []struct {
			keys            *loose.Keys
			peek, outermost string
		}{
			{&ab, "a=3", "a=1"},
			{&b, "b=2", "b=2"}, // the null inside says nothing
			{&wanted, "", ""},
		} {
			if got := field(s.Peek(c.keys)); got != c.peek || s.Has(c.keys) != (c.peek != "") {
				t.Errorf("the innermost is %q, want %q; there: %v", got, c.peek, s.Has(c.keys))
			}
			if got := field(s.Outermost(c.keys)); got != c.outermost {
				t.Errorf("the outermost is %q, want %q", got, c.outermost)
			}
		}
		if !s.Meets(&ab) || s.Meets(&wanted) {
			t.Error("the keys are not known")
		}
		s.Reset()
		if s.Has(&ab) || s.Meets(&ab) || len(s.Layers) > 0 {
			t.Error("something is left after Reset")
		}
	}, `{"a":1,"b":2}`, `{"a":3,"b":null}`)
	stack(t, func(s *layers.Stack) {
		if s.Peek(&a) != nil || s.Outermost(&a) != nil {
			t.Error("a null is there")
		}
	}, `{"a":null}`)
}

func TestOneIsTakenAndItsEqualsAreMarked(t *testing.T) {
	for name, c := range map[string]struct {
		wide bool
		take string // the value that is taken
		seen []string
		used []string
	}{
		"the innermost":     {false, `3`, []string{"a=3"}, []string{"a=3"}},
		"the next layer":    {false, `"x"`, []string{"a=3", `a="x"`}, []string{`a="x"`, `a="x"`}},
		"another key":       {false, `5`, []string{"a=3", `a="x"`, "b=5"}, []string{"b=5"}},
		"beside, not asked": {false, `7`, []string{"a=3", `a="x"`, "b=5"}, nil},
		"beside":            {true, `7`, []string{"a=3", `a="x"`, `a="x"`, "b=5", "b=7"}, []string{"b=7"}},
	} {
		t.Run(name, func(t *testing.T) {
			stack(t, func(s *layers.Stack) {
				s.OpenSide(100, &sides)
				var seen []string
				s.Each(c.wide, &ab, func(f *loose.Field) bool {
					seen = append(seen, field(f))
					return string(f.Value.MarshalTo(nil)) == c.take
				})
				if diff := cmp.Diff(c.seen, seen); diff != "" {
					t.Errorf("seen (-want +got):\n%s", diff)
				}
				if diff := cmp.Diff(c.used, used(s)); diff != "" {
					t.Errorf("marked (-want +got):\n%s", diff)
				}
				s.Each(true, &wanted, func(*loose.Field) bool {
					t.Error("a key that is not there is seen")
					return false
				})
			}, `{"a":"x","b":5}`, `{"a":3,"side":{"a":"x","b":7}}`)
		})
	}
}

func TestNumbersAndTexts(t *testing.T) {
	stack(t, func(s *layers.Stack) {
		s.OpenSide(100, &sides)
		for _, c := range []struct {
			wide   bool
			lo, hi float64
			want   string
		}{{false, 0, 10, "4"}, {false, 20, 30, ""}, {true, 20, 30, "25"}} {
			got := ""
			if x, ok := s.Number(c.wide, c.lo, c.hi, &a).Get(); ok {
				got = fmt.Sprint(x)
			}
			if got != c.want {
				t.Errorf("from %v to %v, wide %v: %q, want %q", c.lo, c.hi, c.wide, got, c.want)
			}
		}
		if got := s.Text(4, &b); got != "long" {
			t.Errorf("the text is %q, want the first four bytes of the outer one", got)
		}
	}, `{"a":"4","b":"longer"}`, `{"a":100,"b":"","side":{"a":25}}`)
}

func TestEnvelopesAreOpenedWhileSomethingIsMissing(t *testing.T) {
	tooWide := `{"data":{"want":1,` + strings.Repeat(`"x":0,`, 200) + `"y":0}}`
	for name, c := range map[string]struct {
		text  string
		all   bool
		depth int
	}{
		"nothing is missing":            {`{"want":1,"data":{"want":2}}`, false, 1},
		"the first supplies it":         {`{"data":{"want":1,"data":{"want":2}}}`, false, 2},
		"the second key does":           {`{"data":{"x":1},"payload":{"want":1}}`, false, 2},
		"an envelope inside does":       {`{"data":{"payload":{"data":{"want":1}}}}`, false, 4},
		"none does":                     {`{"data":{"x":1},"payload":{"data":{"want":null}}}`, false, 1},
		"one is no object":              {`{"data":[1],"payload":"want"}`, false, 1},
		"it is deeper than we look":     {`{"data":{"data":{"data":{"data":{"data":{"want":1}}}}}}`, false, 1},
		"all of them, whatever is in":   {`{"data":{"payload":{"x":1}}}`, true, 3},
		"all of them, up to the bound":  {`{"data":{"data":{"data":{"data":{"data":{"data":{}}}}}}}`, true, 1 + layers.MaxEnvelopes},
		"one that has too many fields":  {tooWide, false, 0},
		"the same when all are to open": {tooWide, true, 0},
	} {
		t.Run(name, func(t *testing.T) {
			stack(t, func(s *layers.Stack) {
				missing := func() []*loose.Keys {
					if s.Has(&wanted) {
						return nil
					}
					return []*loose.Keys{&wanted}
				}
				if c.all {
					missing = nil
				}
				err := s.Open(&envelopes, 100, missing)
				if tooWide := errors.Is(err, loose.ErrTooWide); tooWide != (c.depth == 0) {
					t.Fatalf("open: %v", err)
				}
				if c.depth > 0 && len(s.Layers) != c.depth {
					t.Errorf("%d layers, want %d", len(s.Layers), c.depth)
				}
				if got := len(used(s)); c.depth > 0 && got != c.depth-1 {
					t.Errorf("%d envelopes are marked: %q", got, used(s))
				}
			}, c.text)
		})
	}
}

func TestWhatIsBesideIsListedUnlessItIsTheBatchs(t *testing.T) {
	wide := "{" + strings.Repeat(`"x":0,`, 5) + `"y":0}`
	stack(t, func(s *layers.Stack) {
		s.Batch = 1
		s.Layers[1].Fields()[0].Used = true
		s.OpenSide(4, &sides)
		var got []string
		for _, o := range s.Side {
			got = append(got, field(&o.Fields()[0]))
		}
		if diff := cmp.Diff([]string{"a=4"}, got); diff != "" {
			t.Errorf("objects beside (-want +got):\n%s", diff)
		}
	}, `{"side":{"a":1}}`, `{"side":{"a":2},"more":`+wide+`}`, `{"side":3,"more":{"a":4}}`)
}

func TestEachEntryFindsItsBatchFresh(t *testing.T) {
	stack(t, func(s *layers.Stack) {
		s.Mark(s.Peek(&b))
		s.Freeze()
		for range 2 {
			s.Mark(s.Peek(&a))
			if diff := cmp.Diff([]string{"a=1", "b=2"}, used(s)); diff != "" {
				t.Errorf("marked (-want +got):\n%s", diff)
			}
			s.Restore()
			if diff := cmp.Diff([]string{"b=2"}, used(s)); diff != "" {
				t.Errorf("after Restore (-want +got):\n%s", diff)
			}
		}
		s.Batch = 1
		if own := s.Own(); own.Has(&ab) || len(own.Layers) != 0 || !s.Has(&ab) {
			t.Error("the batch's layers count as the entry's own")
		}
	}, `{"a":1,"b":2}`)
}
