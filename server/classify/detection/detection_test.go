package detection_test

import (
	"encoding/json"
	"fmt"
	"math"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/valyala/fastjson"

	"tierboard/server/calendar"
	"tierboard/server/classify/detection"
	"tierboard/server/classify/found"
	"tierboard/server/classify/layers"
	"tierboard/server/classify/loose"
	"tierboard/server/classify/reading"
	"tierboard/shared/event"
)

// received is when every text arrived: a Monday, during the regular session.
var received = time.Date(2025, time.October, 6, 14, 40, 0, 123_000_000, time.UTC)

// Where detections come from.
var (
	main      = detection.Origin{}
	streaming = detection.Origin{Tier: event.Intraday, Live: true}
)

// reader reads detections, each in a pass of its own.
type reader struct {
	tb                    testing.TB
	maxFields, maxDetails int
	sessionOf             func(time.Time) (event.Session, string)
}

func newReader(tb testing.TB) *reader {
	tb.Helper()
	return &reader{tb: tb, maxFields: 256, maxDetails: 16 << 10, sessionOf: sessionOf(tb)}
}

// read reads a text that must be an object.
func (r *reader) read(from detection.Origin, text string, at time.Time) found.Result {
	r.tb.Helper()
	p := reading.NewPass(r.maxFields, r.maxDetails, 24*time.Hour, r.sessionOf)
	p.Channel, p.Received = "c", at.Truncate(time.Millisecond)
	parser := loose.Reader{MaxBytes: 1 << 20, MaxDepth: 24}
	err := parser.Read([]byte(text), func(v *fastjson.Value) {
		o, err := p.Objects.List(v, r.maxFields)
		if o == nil || err != nil {
			r.tb.Fatalf("%s: no object: %v", text, err)
		}
		s := &layers.Stack{}
		s.Push(o)
		from.Raw = v
		if x := detection.Read(&p, s, from); x != nil {
			p.Out.Refuse(x)
		}
	})
	if err != nil {
		r.tb.Fatalf("%s: %v", text, err)
	}
	return p.Out
}

// sessionOf is the real exchange calendar.
func sessionOf(tb testing.TB) func(time.Time) (event.Session, string) {
	tb.Helper()
	cal := calendar.NYSE()
	return func(t time.Time) (event.Session, string) {
		session, date := cal.SessionAt(t)
		return event.Session(session), date
	}
}

// one reads a text that must be an event.
func one(tb testing.TB, c *reader, from detection.Origin, text string) *event.Event {
	tb.Helper()
	r := c.read(from, text, received)
	if len(r.Events) != 1 || len(r.Rejects) != 0 {
		tb.Fatalf("%s: got %d events and rejects %v, want one event", text, len(r.Events), r.Rejects)
	}
	return r.Events[0]
}

// details decodes an event's details.
func details(tb testing.TB, text string) map[string]any {
	tb.Helper()
	if text == "" {
		return map[string]any{}
	}
	var m map[string]any
	if err := json.Unmarshal([]byte(text), &m); err != nil {
		tb.Fatalf("details %q: %v", text, err)
	}
	return m
}

// at is a time that must be good.
func at(s string) time.Time {
	t, err := time.Parse(time.RFC3339, s)
	if err != nil {
		panic(err)
	}
	return t
}

// number returns what a Number holds, NaN when it is absent, which equals nothing.
func number(n event.Number) float64 {
	if v, ok := n.Get(); ok {
		return v
	}
	return math.NaN()
}

func TestFieldsFindTheirPlace(t *testing.T) {
	c := newReader(t)
	get := func(text string) *event.Event {
		return one(t, c, main, `{"symbol":"A","pattern":"Doji","confidence":0.5,"timestamp":1759761120,`+text+`}`)
	}
	for _, tt := range []struct {
		text  string
		value func(e *event.Event) event.Number
		want  float64
	}{
		{`"price":1.5`, func(e *event.Event) event.Number { return e.Price }, 1.5},
		{`"current_price":"1.50"`, func(e *event.Event) event.Number { return e.Price }, 1.5},
		{`"price_at_detection":1.5,"price":2,"entry_price":3`, func(e *event.Event) event.Number { return e.Price }, 1.5},
		{`"price":0,"current_price":2`, func(e *event.Event) event.Number { return e.Price }, 2},
		{`"price_change":-2.5`, func(e *event.Event) event.Number { return e.ChangePct }, -2.5},
		{`"price_change":0`, func(e *event.Event) event.Number { return e.ChangePct }, 0},
		{`"volume":0`, func(e *event.Event) event.Number { return e.Volume }, 0},
		{`"volume_at_detection":412000`, func(e *event.Event) event.Number { return e.Volume }, 412000},
		{`"relative_volume":4.2`, func(e *event.Event) event.Number { return e.RelativeVolume }, 4.2},
		{`"indicators":{"relative_volume":1.8}`, func(e *event.Event) event.Number { return e.RelativeVolume }, 1.8},
		{`"metadata":{"rvol":3.1}`, func(e *event.Event) event.Number { return e.RelativeVolume }, 3.1},
	} {
		if got := number(tt.value(get(tt.text))); got != tt.want {
			t.Errorf("%s: got %v, want %v", tt.text, got, tt.want)
		}
	}
	for _, text := range []string{
		`"expires_at":1759764720`, `"expires_at":"1759764720.0"`, `"expiration_date":"2025-10-06T15:32:00Z"`, `"expiration_timestamp":"2025-10-06 11:32:00-0400"`,
		`"expires_at":"never","expiration_date":"2025-10-06T15:32Z"`,
	} {
		if e := get(text); !e.ExpiresAt.Equal(at("2025-10-06T15:32:00Z")) {
			t.Errorf("%s: got %v", text, e.ExpiresAt)
		}
	}
	// What cannot be understood stays in the details and is flagged or simply kept.
	e := get(`"price":-1,"price_change":"up","volume":1e300,"expires_at":"never","direction":"sideways","timeframe":17,"source":3,"correlation_strength":null`)
	if want := `{"price":-1,"price_change":"up","volume":1e300,"expires_at":"never","direction":"sideways","timeframe":17,"source":3}`; e.Details != want {
		t.Errorf("got  %s\nwant %s", e.Details, want)
	}
	if r := c.read(main, `{"symbol":"A","pattern":"Doji","confidence":0.5,"expires_at":"never"}`, received); !r.Flags.Has(found.BadExtra) {
		t.Errorf("flags %b", r.Flags)
	}
}

func TestDirection(t *testing.T) {
	c := newReader(t)
	for _, tt := range []struct {
		text     string
		want     event.Direction
		inferred bool
	}{
		{`"pattern":"Doji","direction":"up"`, event.Bullish, false},
		{`"pattern":"Doji","direction":"DOWN"`, event.Bearish, false},
		{`"pattern":"Doji","direction":"neutral"`, event.Neutral, false},
		{`"pattern":"Doji"`, "", false},
		{`"pattern":"Engulfing_Bull"`, event.Bullish, true},
		{`"pattern":"EngulfingBearish"`, event.Bearish, true},
		{`"pattern":"Bull_Flag","direction":"bearish"`, event.Bearish, false},
		{`"pattern":"Bull_Flag","direction":"?"`, event.Bullish, true},
		{`"pattern":"bull_bear_cross","tier":"daily"`, "", false},
		{`"pattern":"bulldozer","tier":"daily"`, "", false},
	} {
		e := one(t, c, main, `{"symbol":"A","confidence":0.5,`+tt.text+`}`)
		if _, noted := details(t, e.Details)["direction_inferred"]; e.Direction != tt.want || noted != tt.inferred {
			t.Errorf("%s: got %q, details %s", tt.text, e.Direction, e.Details)
		}
	}
}

func TestTierDetailFollowsTheCalendar(t *testing.T) {
	c := newReader(t)
	get := func(from detection.Origin, tier, when string) *event.Event {
		return one(t, c, from, `{"symbol":"A","pattern":"Harami","confidence":0.5,"tier":"`+tier+`","timestamp":"`+when+`"}`)
	}
	const open, pre, post, night, weekend = "2025-10-03T15:00:00Z", "2025-10-03T12:00:00Z", "2025-10-03T20:30:00Z", "2025-10-04T03:00:00Z", "2025-10-05T15:00:00Z"
	for when, want := range map[string]event.Session{open: event.Regular, pre: event.PreMarket, post: event.PostMarket, night: event.PostMarket, weekend: event.PostMarket} {
		e := get(main, "daily", when)
		if e.Daily.MarketSession != want || e.SessionDate != "2025-10-03" {
			t.Errorf("%s: got %v of %s, want %v", when, e.Daily.MarketSession, e.SessionDate, want)
		}
	}
	if e := get(main, "daily", weekend); e.Session != event.Closed {
		t.Errorf("the event's own session: got %v, want closed", e.Session)
	}
	for _, tt := range []struct {
		from detection.Origin
		when string
		want bool
	}{{main, open, true}, {main, night, false}, {streaming, night, true}, {streaming, pre, true}} {
		if e := get(tt.from, "intraday", tt.when); e.Intraday.RealTime != tt.want {
			t.Errorf("%v at %s: got %v, want %v", tt.from, tt.when, e.Intraday.RealTime, tt.want)
		}
	}
}

func TestIdsInTheirOrder(t *testing.T) { // D11
	c := newReader(t)
	derived := one(t, c, main, `{"symbol":"A","pattern":"Doji","confidence":0.5,"timestamp":1759761120}`).ID
	for _, tt := range []struct{ text, want string }{
		{`"pattern_id":3`, derived},
		{`"pattern_id":"3"`, derived},
		{`"metadata":{"pattern_id":3}`, derived},
		{`"flow_id":"","event_id":null`, derived},
		{`"flow_id":true,"event_id":[1],"detection_id":1.5`, derived},
		{`"pattern_id":"top","metadata":{"pattern_id":"p-1"}`, "top"},
		{`"pattern_id":3,"metadata":{"pattern_id":"p-1"}`, "p-1"},
		{`"metadata":{"pattern_id":"p-1"},"detection_id":881`, "detection-881"},
		{`"detection_id":881,"event_id":"e-1"`, "e-1"},
		{`"event_id":"e-1","flow_id":"f-1"`, "f-1"},
		{`"metadata":{"flow_id":"f-2"},"event_id":"e-1"`, "f-2"},
	} {
		if e := one(t, c, main, `{"symbol":"A","pattern":"Doji","confidence":0.5,"timestamp":1759761120,`+tt.text+`}`); e.ID != tt.want {
			t.Errorf("%s: got %q, want %q", tt.text, e.ID, tt.want)
		}
	}
	if e := one(t, c, main, `{"flow_id":"outer","data":{"flow_id":"inner","symbol":"A","pattern":"Doji","confidence":0.5}}`); e.ID != "inner" || details(t, e.Details)["flow_id"] != "outer" {
		t.Errorf("got %q, details %s", e.ID, e.Details)
	}
	long := strings.Repeat("x", 300)
	if e := one(t, c, main, `{"event_id":"`+long+`","symbol":"A","pattern":"Doji","confidence":0.5}`); e.ID != reading.ProducerID("event_id", long) {
		t.Errorf("got %q", e.ID)
	}
}

func TestWithoutATimeTheTextMakesTheID(t *testing.T) {
	c := newReader(t)
	const text = `{"symbol":"A","pattern":"Doji","confidence":0.5,"note":1}`
	e := one(t, c, main, text)
	if !e.DetectedAt.Equal(received) || !e.PublishedAt.IsZero() || e.Details != `{"detected_at_assumed":"received_at","note":1}` {
		t.Errorf("got %v, %v, %s", e.DetectedAt, e.PublishedAt, e.Details)
	}
	later := c.read(main, text, received.Add(9e9))
	if later.Events[0].ID != e.ID || !later.Flags.Has(found.TimeAssumed) {
		t.Errorf("the same text later: got %q, want %q", later.Events[0].ID, e.ID)
	}
	if other := one(t, c, main, strings.Replace(text, "1}", "2}", 1)); other.ID == e.ID {
		t.Error("another text has the same id")
	}
}

func TestZoneIsAssumedAloud(t *testing.T) {
	c := newReader(t)
	for when, assumed := range map[string]bool{
		`"2025-10-06T14:00:00"`: true, `"2025-10-06 14:00:00.000"`: true, `"2025-10-06T14:00:00Z"`: false, `"2025-10-06T10:00:00-04:00"`: false, `1759759200`: false,
	} {
		r := c.read(main, `{"symbol":"A","pattern":"Doji","confidence":0.5,"timestamp":`+when+`}`, received)
		e := r.Events[0]
		if _, noted := details(t, e.Details)["time_zone_assumed"]; noted != assumed || r.Flags.Has(found.ZoneAssumed) != assumed || !e.DetectedAt.Equal(at("2025-10-06T14:00:00Z")) {
			t.Errorf("%s: got %v, flags %b, details %s", when, e.DetectedAt, r.Flags, e.Details)
		}
	}
	// An assumption about the publish time is flagged, but is no remark on the detection.
	r := c.read(main, `{"timestamp":"2025-10-06T14:00:01","data":{"symbol":"A","pattern":"Doji","confidence":0.5,"timestamp":1759759200}}`, received)
	if e := r.Events[0]; e.Details != "" || !r.Flags.Has(found.ZoneAssumed) {
		t.Errorf("flags %b, details %s", r.Flags, e.Details)
	}
}

func TestTextIsMadeSafe(t *testing.T) {
	c := newReader(t)
	e := one(t, c, main, `{"symbol":"<b>x\u0000\u202e","pattern":"Do\u0007ji\u2028","confidence":0.5,"source":"a\u0000\nb`+strings.Repeat("é", 200)+`","note":"<script>\u0001","`+strings.Repeat("k", 100)+`":1,"\u0000":2}`)
	if e.Symbol != "<B>X" || e.Pattern != "doji" {
		t.Errorf("got %q %q", e.Symbol, e.Pattern)
	}
	if len(e.Source) > event.MaxText || !utf8.ValidString(e.Source) || !strings.HasPrefix(e.Source, "a b") {
		t.Errorf("source %q", e.Source)
	}
	if strings.ContainsAny(e.Details, "<>\x00\x01") || !json.Valid([]byte(e.Details)) {
		t.Errorf("details %s", e.Details)
	}
	d := details(t, e.Details)
	if d["note"] != "<script>" || d[strings.Repeat("k", 64)] != 1.0 || d["_"] != 2.0 {
		t.Errorf("details %v", d)
	}
	long := one(t, c, main, `{"symbol":"A","tier":"daily","pattern":"`+strings.Repeat("Word_", 1000)+`","confidence":0.5}`)
	if len(long.Pattern) > event.MaxPattern || len(long.Label) > event.MaxText {
		t.Errorf("pattern of %d bytes, label of %d", len(long.Pattern), len(long.Label))
	}
}

func TestDetailsAreBounded(t *testing.T) {
	c := newReader(t)
	c.maxDetails = 1024
	r := c.read(main, `{"symbol":"A","pattern":"Doji","confidence":0.5,"small":1,"big":"`+strings.Repeat("x", 2000)+`","bar_data":{"open":1}}`, received)
	e := r.Events[0]
	if want := `{"details_cut":true,"detected_at_assumed":"received_at","small":1,"bar_data":{"open":1}}`; e.Details != want || !r.Flags.Has(found.DetailsCut) {
		t.Errorf("got %s", e.Details)
	}
	// A side object with too many fields stays whole.
	c = newReader(t)
	c.maxFields = 32
	var b strings.Builder
	for i := range 40 {
		fmt.Fprintf(&b, `"f%d":%d,`, i, i)
	}
	e = one(t, c, main, `{"symbol":"A","pattern":"Doji","confidence":0.5,"metadata":{`+b.String()+`"rvol":3}}`)
	if m, ok := details(t, e.Details)["metadata"].(map[string]any); !ok || len(m) != 41 || !e.RelativeVolume.IsZero() {
		t.Errorf("got %s", e.Details)
	}
}

// TestTierByEverythingButAWord leaves the word out, or writes one that is none of ours.
func TestTierByEverythingButAWord(t *testing.T) {
	c := newReader(t)
	const body = `"symbol":"A","pattern":"Harami","confidence":0.5`
	for _, tt := range []struct {
		text     string
		from     detection.Origin
		want     event.Tier
		received string
	}{
		{`{"tier":"weekly",` + body + `}`, main, event.Daily, "weekly"},
		{`{"tier":"indicators","timeframe":"1d",` + body + `}`, main, event.Daily, "indicators"},
		{`{"tier":"daily","data":{"tier":"Daily",` + body + `}}`, main, event.Daily, ""},
		{`{"source":"PL","data":{"source":"hourly",` + body + `}}`, main, event.Intraday, "hourly"},
		{`{"pattern_type":"combo",` + body + `}`, main, event.Combo, ""},
		{`{"daily_context":{},"timeframe":"5min",` + body + `}`, main, event.Combo, ""},
		{`{"timeframe":"1week",` + body + `}`, streaming, event.Daily, ""},
		{`{"timeframe":"all",` + body + `}`, detection.Origin{Tier: event.Daily}, event.Daily, ""},
		{`{"timeframe":"` + strings.Repeat("x", 40) + `",` + body + `}`, detection.Origin{Tier: event.Daily, Live: true}, event.Daily, ""},
		{`{` + body + `}`, detection.Origin{Live: true}, event.Intraday, ""},
		{`{"symbol":"A","pattern":"Doji","confidence":1}`, main, event.Intraday, ""},
	} {
		e := one(t, c, tt.from, tt.text)
		if got, _ := details(t, e.Details)["tier_received"].(string); e.Tier != tt.want || got != tt.received {
			t.Errorf("%s: got %v, received %q; want %v, %q", tt.text, e.Tier, got, tt.want, tt.received)
		}
	}
}

func TestTwoTimes(t *testing.T) {
	c := newReader(t)
	const inner, outer = "2025-10-06T14:00:00Z", "2025-10-06T14:00:01Z"
	const body = `"symbol":"A","pattern":"Doji","confidence":0.5`
	for _, tt := range []struct{ text, detected, published string }{
		{`{"timestamp":"` + outer + `","data":{` + body + `,"timestamp":"` + inner + `"}}`, inner, outer},
		{`{"timestamp":"` + outer + `","data":{` + body + `}}`, outer, outer},
		{`{` + body + `,"detected_at":"` + inner + `"}`, inner, ""},
		{`{` + body + `,"published_at":"` + outer + `"}`, outer, outer},
		{`{"timestamp":"soon","data":{` + body + `,"timestamp":"` + inner + `"}}`, inner, ""},
	} {
		e := one(t, c, main, tt.text)
		published := ""
		if !e.PublishedAt.IsZero() {
			published = e.PublishedAt.Format(time.RFC3339)
		}
		if got := e.DetectedAt.Format(time.RFC3339); got != tt.detected || published != tt.published {
			t.Errorf("%s: detected %s, published %q; want %s, %q", tt.text, got, published, tt.detected, tt.published)
		}
	}
}

func TestNamesUnderSeveralKeys(t *testing.T) {
	c := newReader(t)
	e := one(t, c, main, `{"symbol":"A","ticker":"a","confidence":"85.5","tier":"daily","pattern":"CupAndHandlePattern","pattern_name":"cup_and_handle"}`)
	if want := `{"pattern_received":"CupAndHandlePattern","confidence_percent":true,"detected_at_assumed":"received_at"}`; e.Pattern != "cup_and_handle" || e.Confidence != .855 || e.Details != want {
		t.Errorf("got %s, %v, %s; want %s", e.Pattern, e.Confidence, e.Details, want)
	}
	e = one(t, c, main, `{"symbol":"A","signal_strength":0.61,"pattern":"Doji","pattern_name":"Hammer"}`)
	if e.Pattern != "doji" || e.Confidence != .61 || details(t, e.Details)["pattern_name"] != "Hammer" {
		t.Errorf("got %s, %v, %s", e.Pattern, e.Confidence, e.Details)
	}
}

func TestWhatIsNoDetection(t *testing.T) {
	c := newReader(t)
	c.maxFields = 32
	wide := `{"x":1` + strings.Repeat(`,"x":1`, 32) + `}`
	for _, tt := range []struct {
		text   string
		want   found.Reason
		detail string
	}{
		{`{"data":` + wide + `}`, found.TooWide, "32 fields"},
		{`{}`, found.NoSymbol, "symbol"},
		{`{"symbol":" ","pattern":"Doji","confidence":1}`, found.NoSymbol, "symbol"},
		{`{"symbol":123,"pattern":"Doji","confidence":1}`, found.BadSymbol, "number"},
		{`{"ticker":"` + strings.Repeat("A", 33) + `","pattern":"Doji","confidence":1}`, found.BadSymbol, "ticker"},
		{`{"symbol":"A","pattern":null,"confidence":1}`, found.NoPattern, "pattern"},
		{`{"symbol":"A","pattern_type":"intraday","confidence":1}`, found.NoPattern, "pattern"},
		{`{"symbol":"A","pattern":5,"confidence":1}`, found.BadPattern, "number"},
		{`{"symbol":"A","pattern":"-!-","confidence":1}`, found.BadPattern, "no letter"},
		{`{"symbol":"A","pattern":"Doji","signal_strength":61}`, found.NoConfidence, "signal_strength"},
		{`{"symbol":"A","pattern":"Doji","confidence":100.5}`, found.BadConfidence, "100.5"},
		{`{"symbol":"A","pattern":"Doji","confidence":1,"timestamp":"yesterday"}`, found.BadTime, "timestamp"},
		{`{"symbol":"A","pattern":"Brand New","confidence":1}`, found.UnknownTier, "brand_new"},
	} {
		r := c.read(main, tt.text, received)
		if len(r.Rejects) != 1 || len(r.Events) != 0 || r.Rejects[0].Reason != tt.want || !strings.Contains(r.Rejects[0].Detail, tt.detail) {
			t.Errorf("%s: got %+v, want %s with %q", tt.text, r, tt.want, tt.detail)
		}
	}
}

// TestPartsOfACombo reads the fields of a combo, as one and as none.
func TestPartsOfACombo(t *testing.T) {
	c := newReader(t)
	if e := one(t, c, main, `{"symbol":"A","pattern":"Setup","confidence":0.5,"correlation_strength":0.25}`); e.Combo == nil || number(e.Combo.Correlation) != .25 {
		t.Errorf("got %+v", e)
	}
	// Combo fields of an event of another tier are not lost.
	e := one(t, c, main, `{"symbol":"A","pattern":"Doji","tier":"intraday","confidence":0.5,"timestamp":1759761120,"daily_context":{"pattern":"Bull_Flag"}}`)
	if e.Details != `{"daily_context":{"pattern":"Bull_Flag"}}` {
		t.Errorf("got %s", e.Details)
	}
}
