package reading_test

import (
	"math"
	"strings"
	"testing"
	"time"

	"github.com/valyala/fastjson"

	"tierboard/server/classify/details"
	"tierboard/server/classify/found"
	"tierboard/server/classify/layers"
	"tierboard/server/classify/loose"
	"tierboard/server/classify/reading"
	"tierboard/shared/event"
)

var received = time.Date(2025, time.October, 6, 14, 40, 0, 123_000_000, time.UTC)

// newPass is a pass over a text that has just arrived.
func newPass() *reading.Pass {
	p := reading.NewPass(8, 1000, 24*time.Hour, nil)
	p.Channel, p.Received = "c", received
	return &p
}

// stack makes a stack of objects, outermost first, and calls use with it while they are valid.
func stack(t *testing.T, use func(s *layers.Stack), texts ...string) {
	t.Helper()
	p := newPass()
	reader := loose.Reader{MaxBytes: 1 << 20, MaxDepth: 100}
	err := reader.Read([]byte("["+strings.Join(texts, ",")+"]"), func(v *fastjson.Value) {
		s := &layers.Stack{}
		for _, item := range v.GetArray() {
			o, err := p.Objects.List(item, 100)
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

func TestMomentsAreBelievedWithinBounds(t *testing.T) {
	for _, tt := range []struct {
		value, want string
		flags       found.Flags
	}{
		{`1759761120`, "2025-10-06T14:32:00Z", 0},
		{`"2025-10-06T14:32:00Z"`, "2025-10-06T14:32:00Z", 0},
		{`"2025-10-06 14:32:00.5"`, "2025-10-06T14:32:00.5Z", found.ZoneAssumed},
		{`"2000-01-01T00:00:00Z"`, "2000-01-01T00:00:00Z", 0},
		{`"2025-10-07T14:40:00.123Z"`, "2025-10-07T14:40:00.123Z", 0},
		{`"2025-10-07T14:40:00.124Z"`, "", 0},
		{`"1999-12-31T23:59:59.999"`, "", 0},
		{`0`, "", 0},
		{`"soon"`, "", 0},
	} {
		stack(t, func(s *layers.Stack) {
			p := newPass()
			f := s.Peek(&reading.TimestampKeys)
			at, zoned, err := p.Moment(f, p.Latest())
			if tt.want == "" {
				if x := p.BadTime(f, err); err == nil || !at.IsZero() || x.Reason != found.BadTime || x.Detail != "timestamp: "+tt.value+" "+err.Error() {
					t.Errorf("%s: got %v, %v, %v", tt.value, at, err, x)
				}
			} else if err != nil || at.Format(time.RFC3339Nano) != tt.want || zoned != (tt.flags == 0) {
				t.Errorf("%s: got %v, %v, %v", tt.value, at, zoned, err)
			}
			if p.Out.Flags != tt.flags {
				t.Errorf("%s: got flags %b, want %b", tt.value, p.Out.Flags, tt.flags)
			}
		}, `{"timestamp":`+tt.value+`}`)
	}
}

func TestAnOptionalTimeIsTheBestOne(t *testing.T) {
	stack(t, func(s *layers.Stack) {
		p := newPass()
		at := p.OptionalTime(s, p.Latest(), &reading.DetectedKeys)
		if !at.Equal(time.Unix(1759761120, 0)) || p.Out.Flags != found.BadExtra {
			t.Errorf("got %v, flags %b", at, p.Out.Flags)
		}
		if top := s.Layers[0].Fields(); top[0].Used || !top[1].Used {
			t.Error("the time that was read is taken, and the other one is not")
		}
		if at := newPass().OptionalTime(s, p.Latest(), &reading.TimestampKeys); !at.IsZero() {
			t.Errorf("no time is there: got %v", at)
		}
	}, `{"detected_at":"never","detection_time":1759761120}`)
}

func TestSessionsAreNoted(t *testing.T) {
	for _, tt := range []struct {
		texts []string
		want  string
	}{
		{[]string{`{"session_id":" s-1 "}`}, "s-1"},
		{[]string{`{"session_id":"out"}`, `{"session_id":"in"}`}, "in"},
		{[]string{`{"metadata":{"session_id":"beside"}}`}, "beside"},
		{[]string{`{"session_id":"s-1","metadata":{"session_id":"beside"}}`}, "s-1"},
		{[]string{`{"session_id":7}`}, ""},
		{[]string{`{"session_id":null}`}, ""},
		{[]string{`{"a":1}`}, ""},
	} {
		stack(t, func(s *layers.Stack) {
			p := newPass()
			p.Out.SessionID = "before"
			s.OpenSide(p.MaxFields, &reading.MetadataKeys)
			got := p.NoteSession(s)
			if noted := p.Out.SessionID; got != tt.want || got != "" && noted != got || got == "" && noted != "before" {
				t.Errorf("%s: got %q, noted %q", tt.texts, got, noted)
			}
			for _, f := range s.Layers[0].Fields() {
				if f.Used {
					t.Errorf("%s: it stays in the details", tt.texts)
				}
			}
		}, tt.texts...)
	}
}

func TestRejectsNameTheirChannel(t *testing.T) {
	if got, want := *newPass().TooWide(), (found.Reject{Reason: found.TooWide, Detail: "envelope: more than 8 fields", Channel: "c"}); got != want {
		t.Errorf("got %+v, want %+v", got, want)
	}
}

func TestProducerID(t *testing.T) {
	long := strings.Repeat("x", 129)
	for _, tt := range []struct{ field, text, want string }{
		{"detection_id", "881", "detection-881"},
		{"detection_id", "00881", "detection-881"},
		{"detection_id", "881.0", "detection-881"},
		{"event_id", "881", "event-881"},
		{"flow_id", "0", "flow-0"},
		{"detection_id", "d-881", "d-881"},
		{"pattern_id", "p-77", "p-77"},
		{"pattern_id", "3", ""},
		{"flow_id", " a\u0000b\n", "ab"},
		{"flow_id", "  ", ""},
		{"flow_id", strings.Repeat("x", 128), strings.Repeat("x", 128)},
	} {
		if got := reading.ProducerID(tt.field, tt.text); got != tt.want {
			t.Errorf("%s %q: got %q, want %q", tt.field, tt.text, got, tt.want)
		}
	}
	a, b := reading.ProducerID("flow_id", long+"a"), reading.ProducerID("flow_id", long+"b")
	if len(a) != 36 || a == b || a != reading.ProducerID("event_id", long+"a") {
		t.Errorf("long ids: got %q and %q", a, b)
	}
	if got := reading.ProducerID("flow_id", strings.Repeat("1", 200)); len(got) != 36 {
		t.Errorf("a long number: got %q", got)
	}
}

func TestIDsAreTakenInTheirOrder(t *testing.T) {
	for _, tt := range []struct {
		texts []string
		batch int
		want  string
	}{
		{[]string{`{"pattern_id":3}`}, 0, ""},
		{[]string{`{"flow_id":true,"event_id":[1],"detection_id":1.5}`}, 0, ""},
		{[]string{`{"pattern_id":"p-1","detection_id":881}`}, 0, "detection-881"},
		{[]string{`{"detection_id":881,"event_id":"e-1","flow_id":"f-1"}`}, 0, "f-1"},
		{[]string{`{"pattern_id":3,"metadata":{"pattern_id":"p-1"}}`}, 0, "p-1"},
		{[]string{`{"event_id":"outer"}`, `{"event_id":"inner"}`}, 0, "inner"},
		{[]string{`{"event_id":"of the batch"}`, `{"detection_id":881}`}, 1, "detection-881"},
		{[]string{`{"event_id":"of the batch"}`, `{}`}, 1, ""},
	} {
		stack(t, func(s *layers.Stack) {
			s.Batch = tt.batch
			s.OpenSide(8, &reading.MetadataKeys)
			if got := reading.TakeID(s); got != tt.want {
				t.Errorf("%s: got %q, want %q", tt.texts, got, tt.want)
			}
		}, tt.texts...)
	}
}

// TestDerivedIDsNeverChange holds two ids as they are stored, and changes all that they depend on.
func TestDerivedIDsNeverChange(t *testing.T) {
	raw := fastjson.MustParse(`{"a":1}`)
	e := event.Event{Scope: event.Scope{Symbol: "AMD", Pattern: "doji", Timeframe: "5min"}, Tier: event.Intraday, DetectedAt: received}
	ids := map[string]bool{reading.DeriveID(&e, raw, true): true, reading.DeriveID(&e, raw, false): true}
	for _, change := range []func(e *event.Event){
		func(e *event.Event) { e.Symbol = "AM" }, func(e *event.Event) { e.Pattern = "dragonfly_doji" }, func(e *event.Event) { e.Tier = event.Daily },
		func(e *event.Event) { e.Timeframe = "" }, func(e *event.Event) { e.DetectedAt = received.Add(time.Millisecond) },
	} {
		other := e
		change(&other)
		ids[reading.DeriveID(&other, raw, true)] = true
	}
	if len(ids) != 7 {
		t.Errorf("different events share an id: %v", ids)
	}
	later := e
	later.Confidence, later.ReceivedAt, later.DetectedAt = .9, received, received.In(time.FixedZone("", 3600))
	for timed, want := range map[bool]string{true: "06395be9-e4f8-587e-ae1d-e139e52a3fa0", false: "ae966927-b623-54eb-a930-cda5d3a9b2fd"} {
		if got := reading.DeriveID(&later, fastjson.MustParse(`{"a":1}`), timed); got != want {
			t.Errorf("timed %v: got %s, want %s", timed, got, want)
		}
	}
}

func TestWhatNobodyTookRemains(t *testing.T) {
	long := strings.Repeat("x", 100)
	stack(t, func(s *layers.Stack) {
		s.Batch = 1
		s.OpenSide(8, &reading.MetadataKeys)
		s.Mark(s.Peek(&reading.SymbolKeys))
		var rest details.Rest
		reading.Remains(s, 8, &rest)
		want := `{"note":1,"in":true,"score":2,"metadata_note":4,"wide":{"a":1},"run":"r-1","outer_note":7}`
		if got, cut := rest.JSON(1000); got != want || cut {
			t.Errorf("got  %s\nwant %s", got, want)
		}
	},
		`{"run":"r-1","long":"`+long+`","tags":[1],"object":{"b":2},"nothing":null,"note":7}`,
		`{"type":"PATTERN_DETECTED","note":1,"in":true,"symbol":"A","metadata":{"symbol":"A","score":2,"note":4},"wide":{"a":1}}`,
	)
}

func TestConfidenceMayBeAPercentage(t *testing.T) {
	for value, want := range map[string]struct {
		x           float64
		percent, ok bool
	}{
		`0`: {0, false, true}, `-0.0`: {0, false, true}, `1`: {1, false, true}, `"0.66"`: {.66, false, true},
		`85.5`: {.855, true, true}, `100`: {1, true, true}, `100.5`: {}, `-0.1`: {}, `"85%"`: {}, `true`: {},
	} {
		stack(t, func(s *layers.Stack) {
			x, percent, ok := reading.Confidence(s.Peek(&reading.ConfidenceKeys))
			if x != want.x || math.Signbit(x) || percent != want.percent || ok != want.ok {
				t.Errorf("%s: got %v %v %v, want %+v", value, x, percent, ok, want)
			}
		}, `{"confidence":`+value+`}`)
	}
}

func TestPassesAreUsedAgain(t *testing.T) {
	p := newPass()
	p.Out.Refuse(p.Reject(found.NoSymbol, "symbol: missing"))
	p.Rest.NoteTrue("a")
	if p.Reset(); p.Channel != "" || len(p.Out.Rejects) != 0 || p.MaxFields != 8 || p.Patterns == nil {
		t.Errorf("got %+v", p)
	}
	if text, _ := p.Rest.JSON(100); text != "" {
		t.Errorf("the rest is %s", text)
	}
	key := reading.Key("symbol")
	o, err := p.Objects.List(fastjson.MustParse(`{"symbol":"A"}`), 8)
	if err != nil || o.Get(key) == nil || o.Get(key) != o.Get(reading.SymbolKeys.List()[0]) {
		t.Errorf("the key of the vocabulary is not found: %v", err)
	}
}
