//go:build !js

package wire

import (
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"path/filepath"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"tierboard/shared/event"
	"tierboard/shared/filter"
	"tierboard/shared/wire/value"
)

// requestSchema is the public one with the two further dimensions of the samples.
func requestSchema() filter.Schema {
	return filter.Schema{Limits: filter.DefaultLimits(), Extra: []event.Dim{"regime", "user"}}
}

func TestRequestGolden(t *testing.T) {
	for _, s := range samples() {
		if s.request == nil {
			continue
		}
		for word, f := range formats {
			t.Run(s.name+"/"+word, func(t *testing.T) {
				got, err := DecodeRequest(readGolden(t, "testdata", s.name, f), f, requestSchema())
				if err != nil {
					t.Fatal(err)
				}
				if diff := cmp.Diff(s.request, got, sameValue); diff != "" {
					t.Fatalf("(-want +got):\n%s", diff)
				}
			})
		}
	}
}

func TestRequestFrozenV1StaysReadable(t *testing.T) {
	frozen, err := filepath.Glob("testdata/v1/request_*.json")
	if err != nil || len(frozen) < 5 {
		t.Fatalf("%d frozen files, %v", len(frozen), err)
	}
	for _, path := range frozen {
		name := strings.TrimSuffix(filepath.Base(path), ".json")
		for word, f := range formats {
			b := readGolden(t, "testdata/v1", name, f)
			r, err := DecodeRequest(b, f, requestSchema())
			if err != nil {
				t.Errorf("%s/%s: %v", name, word, err)
				continue
			}
			again := r.Append(nil, f)
			if lost := missing("", object(t, b, f), object(t, again, f)); lost != "" {
				t.Errorf("%s/%s: %s is lost or changed: was\n%s\nis\n%s", name, word, lost, b, again)
			}
		}
	}
}

func TestDecodeRequest(t *testing.T) {
	everything := []filter.Filter{{}}
	for _, c := range []struct {
		name, in string
		want     Request
	}{
		{"plain", `{"type":"subscribe","id":"main","filters":[{}]}`, Request{Type: "subscribe", ID: "main", Filters: everything}},
		{"type last", `{"filters":[{}],"id":"main","type":"subscribe"}`, Request{Type: "subscribe", ID: "main", Filters: everything}},
		{"unknown keys", `{"type":"subscribe","id":"main","filters":[{}],"later":{"a":[1]},"more":null}`, Request{Type: "subscribe", ID: "main", Filters: everything}},
		{"null resume asks for a snapshot", `{"type":"subscribe","id":"main","filters":[{}],"resume":null}`, Request{Type: "subscribe", ID: "main", Filters: everything}},
		{"resume at 0", `{"type":"subscribe","id":"main","filters":[{}],"resume":{"epoch":"e","seq":0}}`, Request{Type: "subscribe", ID: "main", Filters: everything, Resume: &Resume{Epoch: "e"}}},
		{"resume as a float", `{"type":"subscribe","id":"main","filters":[{}],"resume":{"epoch":"e","seq":12.0}}`, Request{Type: "subscribe", ID: "main", Filters: everything, Resume: &Resume{Epoch: "e", Seq: 12}}},
		{"resume at the end", `{"type":"subscribe","id":"main","filters":[{}],"resume":{"epoch":"e","seq":18446744073709551615,"later":1}}`, Request{Type: "subscribe", ID: "main", Filters: everything, Resume: &Resume{Epoch: "e", Seq: math.MaxUint64}}},
		{"integer for a float", `{"type":"subscribe","id":"main","filters":[{"confidence_min":1}]}`, Request{Type: "subscribe", ID: "main", Filters: []filter.Filter{{ConfidenceMin: 1}}}},
		{"filters are made canonical", `{"type":"subscribe","id":"main","filters":[{"tiers":["Combo","daily","combo"],"pattern_types":["VolumeSpike"],"symbols":["aapl"]}]}`, Request{
			Type: "subscribe", ID: "main",
			Filters: []filter.Filter{{Tiers: []event.Tier{event.Daily, event.Combo}, Patterns: []string{"volume_spike"}, Symbols: []string{"AAPL"}}},
		}},
		{"longest id", `{"type":"unsubscribe","id":"` + strings.Repeat("é", 32) + `"}`, Request{Type: "unsubscribe", ID: strings.Repeat("é", 32)}},
		{"unsubscribe looks at no filters", `{"type":"unsubscribe","id":"main","filters":7}`, Request{Type: "unsubscribe", ID: "main"}},
		{"ping", `{"type":"ping"}`, Request{Type: "ping"}},
		{"ping with a null id", `{"type":"ping","id":null}`, Request{Type: "ping"}},
		{"ping with an id", `{"type":"ping","id":"7"}`, Request{Type: "ping", ID: "7"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			packed, err := value.FromJSON(c.in)
			if err != nil {
				t.Fatal(err)
			}
			for f, b := range map[Format][]byte{JSON: []byte(c.in), MsgPack: packed} {
				got, err := DecodeRequest(b, f, requestSchema())
				if err != nil {
					t.Fatal(err)
				}
				if diff := cmp.Diff(&c.want, got, sameValue); diff != "" {
					t.Fatalf("format %d (-want +got):\n%s", f, diff)
				}
			}
		})
	}
}

func TestDecodeRequestTakesWhatOthersWrite(t *testing.T) {
	for _, s := range samples() {
		if s.request == nil {
			continue
		}
		plain := object(t, readGolden(t, "testdata", s.name, JSON), JSON)
		for name, style := range map[string]foreign{"keys in another order": {backwards: true}, "null fields": {nulls: true}, "floats for integers": {}} {
			got, err := DecodeRequest(style.bytes(t, plain), MsgPack, requestSchema())
			if err != nil {
				t.Errorf("%s, %s: %v", s.name, name, err)
			} else if diff := cmp.Diff(s.request, got, sameValue); diff != "" {
				t.Errorf("%s, %s (-want +got):\n%s", s.name, name, diff)
			}
		}
	}
}

func TestDecodeRequestErrorsNameTheField(t *testing.T) {
	long := strings.Repeat("x", 65)
	for _, c := range []struct {
		name, in   string
		id         string
		code, text string
	}{
		{"empty", ``, "", CodeBadFrame, "frame"},
		{"no JSON", `{"type":`, "", CodeBadFrame, "frame"},
		{"null", `null`, "", CodeBadFrame, "frame"},
		{"a list", `[{"type":"ping"}]`, "", CodeBadFrame, "frame"},
		{"a text", `"ping"`, "", CodeBadFrame, "frame"},
		{"too deep", `{"type":"ping","x":` + strings.Repeat("[", 13) + strings.Repeat("]", 13) + `}`, "", CodeBadFrame, "frame"},
		{"two frames", `{"type":"ping"}{"type":"ping"}`, "", CodeBadFrame, "frame"},
		{"too large", `{"type":"ping","x":"` + strings.Repeat("x", MaxRequest) + `"}`, "", CodeTooLarge, "at most 65536"},
		{"no type", `{"id":"7"}`, "7", CodeBadFrame, "type: missing"},
		{"type of another type", `{"id":"7","type":1}`, "7", CodeBadFrame, "type: missing"},
		{"null type", `{"id":"7","type":null}`, "7", CodeBadFrame, "type: missing"},
		{"unknown type", `{"id":"7","type":"publish"}`, "7", CodeUnknownType, `type: "publish" is no request`},
		{"a server's type", `{"type":"batch"}`, "", CodeUnknownType, `type: "batch" is no request`},
		{"long unknown type", `{"type":"` + strings.Repeat("ä", 9000) + `"}`, "", CodeUnknownType, "…"},
		{"C44: subscribe without an id", `{"type":"subscribe","filters":[{}]}`, "", CodeBadFrame, "id: missing"},
		{"C44: null id", `{"type":"subscribe","id":null,"filters":[{}]}`, "", CodeBadFrame, "id: missing"},
		{"C44: empty id", `{"type":"subscribe","id":"","filters":[{}]}`, "", CodeBadFrame, "id: "},
		{"C44: id of spaces", `{"type":"subscribe","id":"  ","filters":[{}]}`, "", CodeBadFrame, "id: "},
		{"C44: id as a number", `{"type":"subscribe","id":7,"filters":[{}]}`, "", CodeBadFrame, "id: "},
		{"C44: id as a list", `{"type":"subscribe","id":["a"],"filters":[{}]}`, "", CodeBadFrame, "id: "},
		{"C44: id as an object", `{"type":"subscribe","id":{"a":1},"filters":[{}]}`, "", CodeBadFrame, "id: "},
		{"id too long", `{"type":"subscribe","id":"` + long + `","filters":[{}]}`, "", CodeBadFrame, "1 to 64 bytes"},
		{"unsubscribe without an id", `{"type":"unsubscribe"}`, "", CodeBadFrame, "id: missing"},
		{"C45: no filters", `{"type":"subscribe","id":"a"}`, "a", CodeBadFilter, "filters: "},
		{"C45: null filters", `{"type":"subscribe","id":"a","filters":null}`, "a", CodeBadFilter, "filters: "},
		{"C45: filters as text", `{"type":"subscribe","id":"a","filters":"all"}`, "a", CodeBadFilter, "filters: "},
		{"C45: filters as a number", `{"type":"subscribe","id":"a","filters":1}`, "a", CodeBadFilter, "filters: "},
		{"C45: a filter that is a list", `{"type":"subscribe","id":"a","filters":[[]]}`, "a", CodeBadFilter, "filters[0]: "},
		{"C46: minimum -1", `{"type":"subscribe","id":"a","filters":[{"confidence_min":-1}]}`, "a", CodeBadFilter, "filters[0].confidence_min: "},
		{"C46: minimum 2.0", `{"type":"subscribe","id":"a","filters":[{"confidence_min":2.0}]}`, "a", CodeBadFilter, "filters[0].confidence_min: "},
		{"unknown tier", `{"type":"subscribe","id":"main","filters":[{"tiers":["dayly"]}]}`, "main", CodeBadFilter, `filters[0].tiers: "dayly" is no tier`},
		{"unknown filter key", `{"type":"subscribe","id":"a","filters":[{},{"symbol":["A"]}]}`, "a", CodeBadFilter, `filters[1].symbol: is no filter key; did you mean "symbols"?`},
		{"C47: 10,000 symbols", `{"type":"subscribe","id":"a","filters":[{"symbols":[` + strings.TrimSuffix(strings.Repeat(`"A",`, 10_000), ",") + `]}]}`, "a", CodeTooLarge, "filters[0].symbols: 10000 values; at most 500"},
		{"17 filters", `{"type":"subscribe","id":"a","filters":[` + strings.TrimSuffix(strings.Repeat(`{},`, 17), ",") + `]}`, "a", CodeTooLarge, "filters: 17 filters"},
		{"resume as text", `{"type":"subscribe","id":"a","filters":[{}],"resume":"e"}`, "a", CodeBadFrame, "resume: "},
		{"resume without an epoch", `{"type":"subscribe","id":"a","filters":[{}],"resume":{"seq":1}}`, "a", CodeBadFrame, "resume.epoch: "},
		{"resume with an empty epoch", `{"type":"subscribe","id":"a","filters":[{}],"resume":{"epoch":"","seq":1}}`, "a", CodeBadFrame, "resume.epoch: "},
		{"resume with a long epoch", `{"type":"subscribe","id":"a","filters":[{}],"resume":{"epoch":"` + long + `","seq":1}}`, "a", CodeBadFrame, "resume.epoch: "},
		{"resume without a seq", `{"type":"subscribe","id":"a","filters":[{}],"resume":{"epoch":"e"}}`, "a", CodeBadFrame, "resume.seq: "},
		{"resume at text", `{"type":"subscribe","id":"a","filters":[{}],"resume":{"epoch":"e","seq":"1"}}`, "a", CodeBadFrame, "resume.seq: "},
		{"resume before 0", `{"type":"subscribe","id":"a","filters":[{}],"resume":{"epoch":"e","seq":-1}}`, "a", CodeBadFrame, "resume.seq: "},
		{"resume at a half", `{"type":"subscribe","id":"a","filters":[{}],"resume":{"epoch":"e","seq":0.5}}`, "a", CodeBadFrame, "resume.seq: "},
		{"resume below 0 as a float", `{"type":"subscribe","id":"a","filters":[{}],"resume":{"epoch":"e","seq":-1.0}}`, "a", CodeBadFrame, "resume.seq: "},
		{"resume beyond 64 bits", `{"type":"subscribe","id":"a","filters":[{}],"resume":{"epoch":"e","seq":18446744073709551616}}`, "a", CodeBadFrame, "resume.seq: "},
	} {
		t.Run(c.name, func(t *testing.T) {
			inputs := map[Format][]byte{JSON: []byte(c.in)}
			if packed, err := value.FromJSON(c.in); err == nil && len(packed) <= MaxRequest {
				inputs[MsgPack] = packed
			}
			for f, b := range inputs {
				got, err := DecodeRequest(b, f, requestSchema())
				var re *RequestError
				if !errors.As(err, &re) || got != nil {
					t.Fatalf("format %d: got %+v, %v, want a *RequestError", f, got, err)
				}
				if re.ID != c.id || re.Code != c.code || !strings.Contains(re.Detail, c.text) || re.Error() != re.Code+": "+re.Detail || len(re.Detail) > 300 {
					t.Fatalf("format %d: got %+v, want %q %s …%s…", f, re, c.id, c.code, c.text)
				}
			}
		})
	}
	for name, b := range map[string][]byte{
		"keys that are no text":         {0x81, 0x01, 0x02},
		"an extension of unknown type":  {0x81, 0xa1, 'a', 0xd4, 0x7f, 0x00},
		"resume at what is no number":   (&Request{Type: "ping"}).Append(nil, MsgPack)[:3],
		"lengths that are not there":    {0xdf, 0xff, 0xff, 0xff, 0xff},
		"one byte more":                 append((&Request{Type: "ping"}).Append(nil, MsgPack), 0xc0),
		"a map in place of the newline": {0x80, 0x80},
	} {
		var re *RequestError
		if _, err := DecodeRequest(b, MsgPack, requestSchema()); !errors.As(err, &re) || re.Code != CodeBadFrame {
			t.Errorf("%s: got %v, want %s", name, err, CodeBadFrame)
		}
	}
	w := open(nil, MsgPack, "subscribe")
	w.Str("id", "a")
	w.Raw("filters", []byte{0x91, 0x80})
	w.Map("resume")
	w.Str("epoch", "e")
	w.Raw("seq", []byte{0xcb, 0x7f, 0xf8, 0, 0, 0, 0, 0, 1}) // not a number
	w.End()
	if r, err := DecodeRequest(w.close(), MsgPack, requestSchema()); err == nil {
		t.Errorf("a resume at NaN is read as %+v", r.Resume)
	}
	w = open(nil, MsgPack, "ping")
	w.Raw("id", []byte{0xa2, 'a', 0xff})
	if r, err := DecodeRequest(w.close(), MsgPack, requestSchema()); err == nil {
		t.Errorf("an id that is not UTF-8 is read as %q", r.ID)
	}
}

// Parse(encode(f)) = f: what the server confirms, a client can send back unchanged.
func TestRequestReadsBackWhatAppendWrote(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		raw := map[string]any{}
		for key, words := range map[string][]string{
			"tiers": {"daily", "COMBO", "intraday"}, "pattern_types": {"VolumeSpike", "x_pattern", "三川"}, "symbols": {"aapl", "日経", "<b>"},
			"exclude_symbols": {"spy"}, "timeframes": {"60minutes", "5m", "1D"}, "kinds": {"Pattern", "alert"}, "regimes": {"bull", "</b>"}, "users": {"7"},
			"sessions": {"regular"}, "directions": {"up", "short"},
		} {
			var list []any
			for _, w := range rapid.SliceOfN(rapid.SampledFrom(words), 0, 3).Draw(t, key) {
				list = append(list, w)
			}
			if list != nil {
				raw[key] = list
			}
		}
		raw["confidence_min"] = rapid.Float64Range(0, 0.5).Draw(t, "min")
		raw["confidence_max"] = rapid.Float64Range(0.5, 1).Draw(t, "max")
		f, err := requestSchema().Parse(raw, "filter")
		if err != nil {
			t.Fatal(err)
		}
		want := &Request{Type: "subscribe", ID: rapid.StringMatching(`[a-z]{1,8}`).Draw(t, "id"), Filters: []filter.Filter{{}, f}}
		if rapid.Bool().Draw(t, "resume") {
			want.Resume = &Resume{Epoch: "e", Seq: rapid.Uint64().Draw(t, "seq")}
		}
		for word, format := range formats {
			got, err := DecodeRequest(want.Append(nil, format), format, requestSchema())
			if err != nil {
				t.Fatalf("%s: %v", word, err)
			}
			if diff := cmp.Diff(want, got, sameValue); diff != "" {
				t.Fatalf("%s (-want +got):\n%s", word, diff)
			}
		}
	})
}

// checkRequest holds what is promised of every request, good or bad.
func checkRequest(t fataler, b []byte, f Format) {
	got, err := DecodeRequest(b, f, requestSchema())
	if err != nil {
		var re *RequestError
		if !errors.As(err, &re) || got != nil || re.Code == "" || len(re.Detail) > 400 || len(re.ID) > MaxID || !utf8.ValidString(re.Detail) || !utf8.ValidString(re.ID) {
			t.Fatalf("got %+v, %v, want a short *RequestError", got, err)
		}
		if _, err := Decode((&Error{ID: re.ID, Code: re.Code, Detail: re.Detail}).Append(nil, MsgPack)); err != nil {
			t.Fatalf("the error %q does not fit a frame", re)
		}
		return
	}
	got.Type = strings.Clone(got.Type)
	for word, format := range formats {
		again, err := DecodeRequest(got.Append(nil, format), format, requestSchema())
		if err != nil {
			var re *RequestError
			if errors.As(err, &re) && re.Code == CodeTooLarge {
				continue // our own form of it may be longer
			}
			t.Fatalf("%s: %+v reads back as %v", word, got, err)
		}
		if diff := cmp.Diff(got, again, sameValue); diff != "" {
			t.Fatalf("%s: reads back differently (-was +is):\n%s", word, diff)
		}
	}
}

func FuzzDecodeRequest(f *testing.F) {
	for _, s := range samples() {
		if s.request != nil {
			f.Add(s.append(nil, JSON), true)
			f.Add(s.append(nil, MsgPack), false)
		}
	}
	for _, text := range []string{`{"type":"subscribe","id":"a","filters":[{"symbols":["a\u0000"],"timeframes":["60minutes"]}],"resume":{"epoch":"e","seq":1e3}}`, `{"type":"publish"}`} {
		f.Add([]byte(text), true)
	}
	for _, b := range [][]byte{{0x80}, {0xc1}, {0xdf, 0xff, 0xff, 0xff, 0xff}, {0x81, 0xa4, 't', 'y', 'p', 'e', 0xc0}} {
		f.Add(b, false)
	}
	f.Fuzz(func(t *testing.T, b []byte, isJSON bool) {
		format := MsgPack
		if isJSON {
			format = JSON
		}
		checkRequest(t, b, format)
		bound := 100*len(b) + 64<<10
		if got := reserved(func() { DecodeRequest(b, format, requestSchema()) }); got > bound {
			t.Fatalf("a request of %d bytes reserves %d", len(b), got)
		}
	})
}

// The largest request there may be, made of what costs most memory, is answered without reserving much more.
func TestDecodeRequestReservesNoMoreThanTheInputIsWorth(t *testing.T) {
	for name, elem := range map[string]string{"lists": "[],", "objects": "{},", "nested": `{"a":[{}]},`, "texts": `"",`, "numbers": "1,", "nulls": "null,"} {
		text := `{"type":"ping","x":[` + strings.TrimSuffix(strings.Repeat(elem, (MaxRequest-30)/len(elem)), ",") + `]}`
		packed, err := value.FromJSON(text)
		if err != nil || !json.Valid([]byte(text)) {
			t.Fatal(err)
		}
		for f, b := range map[Format][]byte{JSON: []byte(text), MsgPack: packed[:min(len(packed), MaxRequest)]} {
			got := reserved(func() { DecodeRequest(b, f, requestSchema()) })
			if bound := 100*len(b) + 64<<10; got > bound {
				t.Errorf("%s: a request of %d bytes reserves %d, more than %d", fmt.Sprint(name, " ", f), len(b), got, bound)
			}
		}
	}
}
