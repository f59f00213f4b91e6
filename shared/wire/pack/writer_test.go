package pack_test

import (
	"encoding/json"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/vmihailenco/msgpack/v5"

	"tierboard/shared/wire/pack"
	"tierboard/shared/wire/wiretest"
)

var (
	formats = map[string]pack.Format{"json": pack.JSON, "msgpack": pack.MsgPack}
	noon    = time.Date(2026, 11, 23, 15, 0, 0, 9*int(time.Millisecond), time.UTC)
)

func TestWriterReplacesWhatItCannotWrite(t *testing.T) {
	year := func(y int) time.Time { return time.Date(y, 6, 1, 0, 0, 0, 0, time.UTC) }
	for word, f := range formats {
		for _, c := range []struct {
			name  string
			write func(w *pack.Writer)
			want  any
		}{
			{"NaN", func(w *pack.Writer) { w.Float("v", math.NaN()) }, 0.0},
			{"infinity", func(w *pack.Writer) { w.Float("v", math.Inf(-1)) }, 0.0},
			{"bytes that are not UTF-8, each of them", func(w *pack.Writer) { w.Str("v", "a\xff\xfeb\xc3") }, "a\ufffd\ufffdb\ufffd"},
			{"the replacement character itself", func(w *pack.Writer) { w.Str("v", "\ufffd") }, "\ufffd"},
			{"year before 0", func(w *pack.Writer) { w.Time("v", year(-1)) }, "0000-01-01T00:00:00.000Z"},
			{"year 0", func(w *pack.Writer) { w.Time("v", year(0)) }, "0000-06-01T00:00:00.000Z"},
			{"year 9999", func(w *pack.Writer) { w.Time("v", year(9999)) }, "9999-06-01T00:00:00.000Z"},
			{"year after 9999", func(w *pack.Writer) { w.Time("v", year(10000)) }, "9999-12-31T23:59:59.999Z"},
			{"another zone", func(w *pack.Writer) { w.Time("v", noon.In(time.FixedZone("", -5*3600))) }, "2026-11-23T15:00:00.009Z"},
			{"below milliseconds", func(w *pack.Writer) { w.Time("v", noon.Add(999*time.Microsecond)) }, "2026-11-23T15:00:00.009Z"},
			{"zero time that is asked for", func(w *pack.Writer) { w.Time("v", time.Time{}) }, "0001-01-01T00:00:00.000Z"},
			{"largest integers", func(w *pack.Writer) { w.Uint("v", math.MaxUint64) }, float64(math.MaxUint64)},
			{"negative integer", func(w *pack.Writer) { w.Int("v", -70_000) }, -70_000.0},
			{"words and bytes that are ready", func(w *pack.Writer) {
				w.Map("v")
				w.Strs("words", []string{"a", "b"})
				w.OptTime("t", noon)
				w.OptStr("s", "c")
				one := pack.New(nil, f)
				one.Int("", 1)
				w.Raw("ready", one.Bytes())
				w.End()
			}, map[string]any{"words": []any{"a", "b"}, "t": "2026-11-23T15:00:00.009Z", "s": "c", "ready": 1.0}},
			{"true", func(w *pack.Writer) { w.Bool("v", true) }, true},
			{"optional things", func(w *pack.Writer) {
				w.OptStr("a", "")
				w.Strs("b", nil)
				w.OptTime("c", time.Time{})
				w.Float("v", 0)
			}, 0.0},
			{"JSON that is none, with its key", func(w *pack.Writer) {
				w.JSONValue("a", "{")
				w.JSONValue("b", "")
				w.JSONValue("c", "1e999")
				w.JSONValue("d", strings.Repeat("[", 14)+strings.Repeat("]", 14))
				w.JSONValue("v", `{"a":[1]}`)
				w.JSONValue("e", "[1")
			}, map[string]any{"a": []any{1.0}}},
			{"lists in lists", func(w *pack.Writer) {
				w.Array("v")
				w.Array("ignored")
				w.End()
				w.Map("ignored")
				w.Str("k", "x")
				w.End()
				w.Bool("ignored", false)
				w.End()
			}, []any{[]any{}, map[string]any{"k": "x"}, false}},
			{"a key that is not UTF-8", func(w *pack.Writer) {
				w.Map("v")
				w.Str("\xff", "x")
				w.End()
			}, map[string]any{"\ufffd": "x"}},
		} {
			t.Run(c.name+"/"+word, func(t *testing.T) {
				w := pack.New(nil, f)
				w.Map("")
				c.write(&w)
				w.End()
				if diff := cmp.Diff(map[string]any{"v": c.want}, object(t, w.Bytes(), f)); diff != "" {
					t.Fatalf("%q (-want +got):\n%s", w.Bytes(), diff)
				}
			})
		}
	}
	w := pack.New(nil, pack.MsgPack)
	w.JSONValue("", "{") // at the top there is no count to correct
	if len(w.Bytes()) != 0 {
		t.Errorf("JSON that is none at the top wrote % x", w.Bytes())
	}
}

// object reads an object through a library that shares nothing with this package. Numbers are float64.
func object(t interface{ Fatalf(string, ...any) }, b []byte, f pack.Format) map[string]any {
	var v map[string]any
	var err error
	if f == pack.JSON {
		err = json.Unmarshal(b, &v)
	} else {
		err = msgpack.Unmarshal(b, &v)
	}
	if err != nil {
		t.Fatalf("the library cannot read %q: %v", b, err)
	}
	return wiretest.Floats(v).(map[string]any)
}

func TestAFrameIsWrittenWithoutAllocating(t *testing.T) {
	buf := make([]byte, 0, 1024)
	for word, f := range formats {
		if n := testing.AllocsPerRun(100, func() {
			w := pack.New(buf, f)
			w.Map("")
			w.Array("list")
			w.Map("")
			w.Time("at", noon)
			w.Float("price", 1.25)
			w.End()
			w.End()
			w.End()
		}); n != 0 {
			t.Errorf("%s: %v allocations", word, n)
		}
	}
}

func TestTooManyOpenMapsPanic(t *testing.T) {
	defer func() {
		if recover() == nil {
			t.Error("maps without end are taken")
		}
	}()
	w := pack.New(nil, pack.JSON)
	for range 1000 {
		w.Map("deeper")
	}
}
