package wire

import (
	"bytes"
	"encoding/json"
	"maps"
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/vmihailenco/msgpack/v5"

	"tierboard/shared/event"
	"tierboard/shared/filter"
)

// foreign writes values as another implementation might.
type foreign struct {
	backwards bool // keys in falling order, so that "type" comes late
	strangers bool // keys that nobody knows, in every map
	nulls     bool // a null for what is left out, in every map
	number    func(enc *msgpack.Encoder, v float64) error
}

// Maps whose keys are values: a stranger in them would be one more tier or facet.
var keysAreData = map[string]bool{"tiers": true, "reasons": true, "last_event_at": true, "facets": true, "details": true}

func (s foreign) bytes(t *testing.T, v any) []byte {
	t.Helper()
	var b bytes.Buffer
	s.write(t, msgpack.NewEncoder(&b), v, false)
	return b.Bytes()
}

func (s foreign) write(t *testing.T, enc *msgpack.Encoder, v any, data bool) {
	t.Helper()
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	switch v := v.(type) {
	case map[string]any:
		keys := slices.Sorted(maps.Keys(v))
		if s.backwards {
			slices.Reverse(keys)
		}
		more := 0
		if s.strangers && !data {
			more = 6
		}
		if s.nulls && !data {
			more++
		}
		must(enc.EncodeMapLen(len(v) + more))
		if s.strangers && !data {
			must(enc.EncodeMulti("later_words", []string{"a", "b"}, "later_numbers", []int{1, 2}, "later_object", map[string]any{"a": []any{nil, 1.5, map[string]any{}}}))
			must(enc.EncodeMulti("later_bytes", []byte{0xff, 0xfe}, "later_time", time.Unix(1e9, 5), "s", -70_000))
		}
		if s.nulls && !data {
			must(enc.EncodeMulti("confidence_max", nil))
		}
		for _, k := range keys {
			must(enc.EncodeString(k))
			s.write(t, enc, v[k], data || keysAreData[k])
		}
	case []any:
		must(enc.EncodeArrayLen(len(v)))
		for _, x := range v {
			s.write(t, enc, x, data)
		}
	case float64:
		if s.number != nil {
			must(s.number(enc, v))
			return
		}
		must(enc.Encode(v))
	default:
		must(enc.Encode(v))
	}
}

// Keys nobody knows, keys in another order, nulls and numbers of every width are read as if they were our own.
func TestDecodeTakesWhatOthersWrite(t *testing.T) {
	whole := func(v float64) bool { return v == math.Trunc(v) && math.Abs(v) < 1<<53 }
	styles := map[string]foreign{
		"keys in another order": {backwards: true},
		"unknown keys":          {strangers: true},
		"unknown keys first":    {strangers: true, backwards: true},
		"null fields":           {nulls: true},
		"floats for integers":   {number: func(enc *msgpack.Encoder, v float64) error { return enc.EncodeFloat64(v) }},
		"narrow floats": {number: func(enc *msgpack.Encoder, v float64) error {
			if f := float32(v); float64(f) == v {
				return enc.EncodeFloat32(f)
			}
			return enc.EncodeFloat64(v)
		}},
		"widest signed integers": {number: func(enc *msgpack.Encoder, v float64) error {
			if whole(v) {
				return enc.EncodeInt64(int64(v))
			}
			return enc.EncodeFloat64(v)
		}},
		"widest unsigned integers": {number: func(enc *msgpack.Encoder, v float64) error {
			if whole(v) && v >= 0 {
				return enc.EncodeUint64(uint64(v))
			}
			return enc.EncodeFloat64(v)
		}},
		"narrowest signed integers": {number: func(enc *msgpack.Encoder, v float64) error {
			switch n := int64(v); {
			case !whole(v):
				return enc.EncodeFloat64(v)
			case n == int64(int8(n)):
				return enc.EncodeInt8(int8(n))
			case n == int64(int16(n)):
				return enc.EncodeInt16(int16(n))
			case n == int64(int32(n)):
				return enc.EncodeInt32(int32(n))
			}
			return enc.EncodeInt64(int64(v))
		}},
		"narrow unsigned integers": {number: func(enc *msgpack.Encoder, v float64) error {
			switch n := uint64(max(v, 0)); {
			case !whole(v) || v < 0:
				return enc.EncodeFloat64(v)
			case n <= math.MaxUint8:
				return enc.EncodeUint8(uint8(n))
			case n <= math.MaxUint16:
				return enc.EncodeUint16(uint16(n))
			case n <= math.MaxUint32:
				return enc.EncodeUint32(uint32(n))
			default:
				return enc.EncodeUint64(n)
			}
		}},
	}
	for _, s := range samples() {
		if s.request != nil {
			continue // read by the library, see TestDecodeRequest
		}
		plain := object(t, readGolden(t, "testdata", s.name, JSON), JSON)
		for name, style := range styles {
			t.Run(s.name+"/"+name, func(t *testing.T) {
				b := style.bytes(t, plain)
				got, err := s.decode(b, MsgPack)
				if err != nil {
					t.Fatal(err)
				}
				forget(got)
				if diff := cmp.Diff(s.meant(), got, sameValue, sameDetails); diff != "" {
					t.Fatalf("(-want +got):\n%s", diff)
				}
			})
		}
	}
}

// forget takes out the one stranger that a filter rightly reads: a list of words under a plural name is the set of a
// dimension that the reader's build does not know yet.
func forget(v any) {
	if m, ok := v.(*Subscribed); ok {
		for _, f := range m.Filters {
			delete(f.Extra, "later_word")
		}
	}
}

// Leaving a field out, and sending null for it, is the same; neither is an error in any place but the type.
func TestNullMeansAbsent(t *testing.T) {
	for _, s := range samples() {
		if s.request != nil {
			continue
		}
		b := readGolden(t, "testdata", s.name, JSON)
		for _, path := range paths("", object(t, b, JSON)) {
			t.Run(s.name+path, func(t *testing.T) {
				without, null := object(t, b, JSON), object(t, b, JSON)
				change(without, path, func(m map[string]any, key string) { delete(m, key) })
				change(null, path, func(m map[string]any, key string) { m[key] = nil })
				for word, f := range formats {
					encode := msgpack.Marshal
					if f == JSON {
						encode = json.Marshal
					}
					a, errA := encode(without)
					b, errB := encode(null)
					if errA != nil || errB != nil {
						t.Fatal(errA, errB)
					}
					want, errWant := s.decode(a, f)
					got, errGot := s.decode(b, f)
					if path == ".type" {
						if errWant == nil || errGot == nil {
							t.Fatalf("%s: a frame without a type is read as %+v, with a null type as %+v", word, want, got)
						}
						continue
					}
					if errWant != nil || errGot != nil {
						t.Fatalf("%s: without: %v, null: %v", word, errWant, errGot)
					}
					if strings.Contains(path, ".details.") {
						continue // its values are the producer's: null is one of them
					}
					if diff := cmp.Diff(want, got, sameValue, sameDetails); diff != "" {
						t.Fatalf("%s (-without +null):\n%s", word, diff)
					}
				}
			})
		}
	}
}

// paths lists the paths of all keys in maps, lists being passed through their last element.
func paths(prefix string, v any) []string {
	var out []string
	switch v := v.(type) {
	case map[string]any:
		for _, k := range slices.Sorted(maps.Keys(v)) {
			out = append(append(out, prefix+"."+k), paths(prefix+"."+k, v[k])...)
		}
	case []any:
		if len(v) > 0 {
			return paths(prefix, v[len(v)-1])
		}
	}
	return out
}

// change calls do with the map that the last key of path is in.
func change(v any, path string, do func(m map[string]any, key string)) {
	keys := strings.Split(path[1:], ".")
	for i, key := range keys {
		if list, ok := v.([]any); ok {
			v = list[len(list)-1]
		}
		m := v.(map[string]any)
		if i == len(keys)-1 {
			do(m, key)
			return
		}
		v = m[key]
	}
}

func TestDecodeUnknownWords(t *testing.T) {
	for _, c := range []struct {
		name, in string
		want     Frame
	}{
		{"unknown frame type", `{"type":"weather","sky":["blue",{"at":1}]}`, &Unknown{Type: "weather"}},
		{"type last", `{"id":"7","sky":{"a":[1]},"type":"pong"}`, &Pong{ID: "7"}},
		{"empty type", `{"type":""}`, &Unknown{}},
		{"duplicate key: the last one counts", `{"type":"pong","id":"6","id":"7"}`, &Pong{ID: "7"}},
		{"unknown tier, priority and kind", `{"type":"batch","seq":1,"events":[{"kind":"tide","id":"1","seq":1,"tier":"weekly","priority":"urgent","confidence":0.5,"detected_at":"2026-11-23T15:00:00Z"}]}`, &Batch{
			Seq: 1, Events: []*event.Event{{Kind: "tide", ID: "1", Seq: 1, Confidence: 0.5, DetectedAt: at(15, 0, 0, 0)}},
		}},
		{"no kind means pattern", `{"type":"batch","events":[{"id":"1","confidence":0.5,"detected_at":"2026-11-23T15:00:00Z"}]}`, &Batch{
			Events: []*event.Event{{Kind: event.Pattern, ID: "1", Confidence: 0.5, DetectedAt: at(15, 0, 0, 0)}},
		}},
		{"detail of another tier is left out", `{"type":"batch","events":[{"id":"1","tier":"daily","real_time":true,"correlation_strength":1}]}`, &Batch{
			Events: []*event.Event{{Kind: event.Pattern, ID: "1", Tier: event.Daily, Daily: &event.DailyDetail{}}},
		}},
		{"times in other zones and precisions", `{"type":"batch","seq":1,"sent_at":"2026-11-23T10:00:00.0005-05:00","events":[]}`, &Batch{
			Seq: 1, SentAt: at(15, 0, 0, 0).Add(500 * time.Microsecond),
		}},
		{"unknown tier in a filter is left out", `{"type":"subscribed","id":"a","filters":[{"tiers":["weekly","daily"],"priority_min":"urgent"}],"seq":1}`, &Subscribed{
			ID: "a", Seq: 1, Filters: []filter.Filter{{Tiers: []event.Tier{event.Daily}}},
		}},
		{"plural key in a filter that holds no words", `{"type":"subscribed","id":"a","filters":[{"colours":[1,2],"s":["x"],"sizes":"big","news":[]}],"seq":1}`, &Subscribed{
			ID: "a", Seq: 1, Filters: []filter.Filter{{}},
		}},
		{"any tiers in a status", `{"type":"status","ingest":"down","tiers":{"weekly":"ok","":"late"}}`, &Status{
			Ingest: "down", Tiers: map[string]TierStatus{"weekly": {State: "ok"}, "": {State: "late"}},
		}},
		{"white space", " {\t\"type\" :\r\n \"bye\" , \"reconnect_ms\" : 1.5e3 } ", &Bye{ReconnectMS: 1500}},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, err := DecodeJSON(c.in)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(c.want, got, sameValue); diff != "" {
				t.Fatalf("(-want +got):\n%s", diff)
			}
		})
	}
}

func TestDecodeRefuses(t *testing.T) {
	for _, in := range []string{
		``, ` `, `null`, `1`, `"pong"`, `[]`, `{}`, `{"id":"7"}`, `{"type":null}`, `{"type":5}`, `{"type":["pong"]}`, `{"type":"pong"`, `{"type":"pong"} {}`,
		`{"type":"pong","id":7}`, `{"type":"error","code":[]}`, `{"type":"bye","reconnect_ms":1.5}`, `{"type":"bye","reconnect_ms":3000000000}`,
		`{"type":"bye","reconnect_ms":"1"}`, `{"type":"unsubscribed","seq":-1}`, `{"type":"unsubscribed","seq":0.5}`, `{"type":"unsubscribed","seq":1e300}`,
		`{"type":"unsubscribed","seq":-9223372036854775808}`,
		`{"type":"welcome","server_time":"yesterday"}`, `{"type":"welcome","server_time":7}`, `{"type":"welcome","demo":1}`, `{"type":"welcome","epoch":{}}`,
		`{"type":"batch","events":{}}`, `{"type":"batch","events":[1]}`, `{"type":"batch","events":[null]}`, `{"type":"batch","events":[{"levels":[7]}]}`,
		`{"type":"batch","events":[{"facets":["a"]}]}`, `{"type":"batch","events":[{"facets":{"a":1,"b":"c"}}]}`,
		`{"type":"subscribed","filters":[[]]}`, `{"type":"subscribed","filters":7}`, `{"type":"subscribed","filters":[{"symbols":[1]}]}`,
		`{"type":"status","tiers":["ok"]}`, `{"type":"status","tiers":{"daily":1}}`, `{"type":"status","market":7}`, `{"type":"gap","from":""}`,
	} {
		got, err := DecodeJSON(in)
		if err != ErrSyntax || got != nil { //nolint:errorlint // promised to be this very error
			t.Errorf("DecodeJSON(%s) = %+v, %v, want ErrSyntax", in, got, err)
		}
	}
	good := (&Pong{ID: "7"}).Append(nil, MsgPack)
	for name, b := range map[string][]byte{
		"one byte more":            append(slices.Clone(good), 0xc0),
		"a key that is no text":    {0x81, 0x01, 0x02},
		"text that is not UTF-8":   {0x82, 0xa4, 't', 'y', 'p', 'e', 0xa4, 'p', 'o', 'n', 'g', 0xa2, 'i', 'd', 0xa1, 0xff},
		"type that is not UTF-8":   {0x81, 0xa4, 't', 'y', 'p', 'e', 0xa1, 0xff},
		"the byte without meaning": {0xc1},
		"a type of bytes, no text": {0x81, 0xa4, 't', 'y', 'p', 'e', 0xc7, 0x01, 0x05, 0x00},
	} {
		if got, err := Decode(b); err != ErrSyntax { //nolint:errorlint // promised to be this very error
			t.Errorf("%s: got %+v, %v, want ErrSyntax", name, got, err)
		}
	}
	for n := range good {
		if got, err := Decode(good[:n]); err != ErrSyntax { //nolint:errorlint // promised to be this very error
			t.Errorf("cut after %d bytes: got %+v, %v, want ErrSyntax", n, got, err)
		}
	}
	if e, err := DecodeEvent(append(AppendEvent(nil, dailyMin(), MsgPack), 0)); err != ErrSyntax || e != nil { //nolint:errorlint // the same
		t.Errorf("an event and one byte more: got %+v, %v", e, err)
	}
}

// The result of decoding must stay when the buffer it was read from is used again.
func TestDecodeSharesNoMemory(t *testing.T) {
	for _, s := range samples() {
		if s.request != nil {
			continue
		}
		b := s.append(nil, MsgPack)
		got, err := s.decode(b, MsgPack)
		if err != nil {
			t.Fatal(err)
		}
		for i := range b {
			b[i] = 'X'
		}
		if diff := cmp.Diff(s.meant(), got, sameValue, sameDetails); diff != "" {
			t.Errorf("%s changed with the buffer:\n%s", s.name, diff)
		}
	}
}
