package classify_test

import (
	"bytes"
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"tierboard/server/calendar"
	"tierboard/server/classify"
	"tierboard/server/classify/channels"
	"tierboard/server/classify/found"
	"tierboard/server/classify/scalar"
	"tierboard/shared/event"
	"tierboard/shared/wire"
)

var update = flag.Bool("update", false, "rewrite the golden files")

// received is when every sample arrived: a Monday, during the regular session.
var received = time.Date(2025, time.October, 6, 14, 40, 0, 123_000_000, time.UTC)

// The channels of the samples.
const (
	main      = "tickstock.events.patterns"
	batches   = "tickstock.events.patterns.batch"
	streaming = "tickstock:patterns:streaming"
	detected  = "tickstock:patterns:detected"
	outcomes  = "tickstock.events.patterns.outcomes"
	starts    = "tickstock:streaming:session_started"
	stops     = "tickstock:streaming:session_stopped"
	health    = "tickstock:streaming:health"
	system    = "tickstock.health.status"
)

// sessionOf is the real exchange calendar.
func sessionOf(tb testing.TB) func(time.Time) (event.Session, string) {
	tb.Helper()
	cal := calendar.NYSE()
	return func(t time.Time) (event.Session, string) {
		session, date := cal.SessionAt(t)
		return event.Session(session), date
	}
}

func newClassifier(tb testing.TB, change func(*classify.Config)) *classify.Classifier {
	tb.Helper()
	cfg := classify.DefaultConfig()
	cfg.SessionOf = sessionOf(tb)
	if change != nil {
		change(&cfg)
	}
	c, err := classify.New(cfg)
	if err != nil {
		tb.Fatal(err)
	}
	return c
}

func sample(tb testing.TB, name string) []byte {
	tb.Helper()
	b, err := os.ReadFile(filepath.Join("testdata", name+".json"))
	if err != nil {
		tb.Fatal(err)
	}
	return b
}

// one classifies a text that must be exactly one event.
func one(tb testing.TB, c *classify.Classifier, channel, text string) *event.Event {
	tb.Helper()
	r := c.Classify(channel, []byte(text), received)
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

func at(s string) time.Time {
	t, err := time.Parse(time.RFC3339, s)
	if err != nil {
		panic(err)
	}
	return t
}

// brief is what conformance case 99 asks of every sample: symbol, pattern, tier, confidence, detection time, and the id ("" for a
// derived one).
type brief struct {
	symbol, pattern string
	tier            event.Tier
	confidence      float64
	detected        string
	id              string
}

var samples = []struct {
	name, channel string
	want          []brief
}{
	{"v1_flat", main, []brief{{"AAPL", "daily_breakout", event.Daily, .86, "2025-09-14T14:00:00.25Z", "ev-1"}}},
	{"v2_library", main, []brief{{"MSFT", "doji", event.Intraday, .61, "2025-09-14T14:31:00Z", ""}}},
	{"v3_registry", "tickstock.events.patterns.detection", []brief{{"NVDA", "weekly_breakout", event.Daily, .74, "2025-09-14T13:59:59.9Z", "WeeklyBO_NVDA_1757858400123"}}},
	{"v4_pattern_data", main, []brief{{"TSLA", "volume_spike", event.Intraday, .81, "2025-09-12T18:04:59Z", ""}}},
	{"v5_data", main, []brief{{"AMD", "bull_flag", event.Daily, .91, "2025-09-15T14:03:20.5Z", "0f0c2a5e-0000-4000-8000-000000000001"}}},
	{"v5_pattern_name", main, []brief{{"AMD", "bull_flag", event.Daily, .91, "2025-09-15T14:03:20.5Z", "0f0c2a5e-0000-4000-8000-000000000011"}}},
	{"v6_data_data", main, []brief{{"AAPL", "doji", event.Intraday, .66, "2025-09-16T13:45:02.118Z", "0f0c2a5e-0000-4000-8000-000000000002"}}},
	{"v6_tier_in_source", main, []brief{{"AAPL", "head_and_shoulders", event.Intraday, .66, "2025-09-16T13:45:01.5Z", "0f0c2a5e-0000-4000-8000-000000000012"}}},
	{"v7_payload", detected, []brief{{"META", "head_and_shoulders", event.Daily, .83, "2025-10-01T20:11:00Z", ""}}},
	{"v8_detection", streaming, []brief{{"GOOGL", "price_change", event.Intraday, .9, "2025-10-06T10:31:00Z", "p-77"}}},
	{"v8_bar_data", streaming, []brief{{"GOOGL", "price_change", event.Intraday, .9, "2025-10-06T14:31:00Z", "p-78"}}},
	{"v8_pattern_name", streaming, []brief{{"GOOGL", "price_change", event.Intraday, .4, "2025-10-06T14:32:00Z", ""}}},
	{"v9_flat_streaming", streaming, []brief{{"QQQ", "bullish_engulfing", event.Intraday, .72, "2025-10-06T14:32:00Z", ""}}},
	{"v9b_direction", streaming, []brief{{"QQQ", "bullish_engulfing", event.Intraday, .72, "2025-10-06T14:32:00Z", ""}}},
	{"v10_streaming_batch", streaming, []brief{
		{"AAPL", "doji", event.Intraday, .6, "2025-10-06T14:31:59Z", ""},
		{"IBM", "hammer", event.Intraday, .7, "2025-10-06T14:32:00Z", ""},
	}},
	{"v10_patterns_batch", batches, []brief{{"IBM", "hammer", event.Intraday, .7, "2025-10-06T14:40:00.123Z", ""}}},
	{"v10_mixed_batch", batches, []brief{{"AAPL", "doji", event.Intraday, .6, "2025-10-06T14:32:00Z", ""}}},
	{"v11_percent", main, []brief{{"KO", "doji", event.Intraday, .855, "2025-10-06T14:32:00Z", ""}}},
	{"v12_fallback_flat", main, []brief{{"GE", "bearish_engulfing", event.Intraday, .55, "2025-09-14T14:00:00.5Z", ""}}},
	{"v12_fallback_data", main, []brief{{"GE", "volume_spike", event.Intraday, .7, "2025-09-15T14:03:20.5Z", ""}}},
	{"v13_ticker", main, []brief{{"AAPL", "doji", event.Intraday, .7, "2025-09-14T14:00:00Z", ""}}},
	{"v14_combo", main, []brief{{"NVDA", "setup_confirmation", event.Combo, .88, "2025-09-15T14:03:20.5Z", ""}}},
	{"v14_combo_linked", main, []brief{{"NVDA", "setup_confirmation", event.Combo, .88, "2025-09-15T14:03:20.5Z", ""}}},
	{"v14_combo_table", main, []brief{{"NVDA", "reversal_combo", event.Combo, .7, "2025-09-15T14:03:20.5Z", ""}}},
}

func TestEveryVariantGivesItsEvent(t *testing.T) {
	c := newClassifier(t, nil)
	for _, s := range samples {
		t.Run(s.name, func(t *testing.T) {
			r := c.Classify(s.channel, sample(t, s.name), received)
			if len(r.Events) != len(s.want) {
				t.Fatalf("got %d events, rejects %v; want %d events", len(r.Events), r.Rejects, len(s.want))
			}
			var lines []byte
			for i, e := range r.Events {
				w := s.want[i]
				got := brief{e.Symbol, e.Pattern, e.Tier, e.Confidence, e.DetectedAt.Format(time.RFC3339Nano), e.ID}
				if w.id == "" {
					if len(e.ID) != 36 || e.ID[14] != '5' {
						t.Errorf("id %q: want a UUID of version 5", e.ID)
					}
					w.id = e.ID
				}
				if got != w {
					t.Errorf("got  %+v\nwant %+v", got, w)
				}
				if err := e.Validate(); err != nil {
					t.Error(err)
				}
				if e.Priority != event.PriorityOf(e.Confidence) || !e.ReceivedAt.Equal(received) || e.Kind != event.Pattern || e.Occurrences != 1 {
					t.Errorf("got priority %v, received %v, kind %v, occurrences %d", e.Priority, e.ReceivedAt, e.Kind, e.Occurrences)
				}
				var pretty bytes.Buffer
				if err := json.Indent(&pretty, wire.AppendEvent(nil, e, wire.JSON), "", "  "); err != nil {
					t.Fatal(err)
				}
				lines = append(append(lines, pretty.Bytes()...), '\n')
			}
			golden := filepath.Join("testdata", "golden", s.name+".json")
			if *update {
				if err := os.WriteFile(golden, lines, 0o600); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(golden)
			if err != nil {
				t.Fatal(err)
			}
			if d := cmp.Diff(string(want), string(lines)); d != "" {
				t.Errorf("%s (-want +got):\n%s", golden, d)
			}
		})
	}
}

func TestEverySampleIsUsed(t *testing.T) {
	files, err := filepath.Glob("testdata/*.json")
	if err != nil || len(files) < 40 {
		t.Fatalf("%d samples, %v", len(files), err)
	}
	used := map[string]bool{"v2_no_confidence": true, "outcome": true} // TestRejects, TestOutcome
	for _, s := range samples {
		used[s.name] = true
	}
	for _, s := range sessionSamples {
		used[s.name] = true
	}
	for _, s := range healthSamples {
		used[s.name] = true
	}
	for _, f := range files {
		if name := strings.TrimSuffix(filepath.Base(f), ".json"); !used[name] {
			t.Errorf("%s: no test reads it", f)
		}
	}
}

func TestRejects(t *testing.T) {
	c := newClassifier(t, func(cfg *classify.Config) { cfg.MaxBytes, cfg.MaxBatch, cfg.MaxFields = 4096, 2, 32 })
	wide := `{"symbol":"A"` + strings.Repeat(`,"x":1`, 32) + `}`
	tests := []struct {
		name, channel, text string
		reason              found.Reason
		detail              string
	}{
		{"unknown channel", "tickstock:v2:patterns", `{}`, found.UnknownChannel, "table"},
		{"cache key is no channel", "tickstock:patterns:AAPL:Doji:1757858400", `{}`, found.UnknownChannel, "table"},
		{"too large", main, `{"x":"` + strings.Repeat("x", 4096) + `"}`, found.TooLarge, "4096"},
		{"too deep", main, strings.Repeat("[", 25) + strings.Repeat("]", 25), found.TooDeep, "24 levels"},
		{"empty", main, ``, found.BadJSON, "0 bytes"},
		{"not JSON", main, `hello`, found.BadJSON, "5 bytes"},
		{"two values", main, `{} {}`, found.BadJSON, "5 bytes"},
		{"a number", main, `7`, found.BadShape, "number"},
		{"null", main, `null`, found.BadShape, "null"},
		{"too many fields", main, wide, found.TooWide, "32 fields"},
		{"too many fields inside", main, `{"data":` + wide + `}`, found.TooWide, "envelope"},
		{"too many fields in an outcome", outcomes, `{"data":` + wide + `}`, found.TooWide, "envelope"},
		{"too many fields in a session", starts, `{"session":` + wide + `}`, found.TooWide, "envelope"},
		{"too many fields in a health sample", health, `{"health":` + wide + `}`, found.TooWide, "envelope"},
		{"empty batch", batches, `{"type":"patterns_batch","count":0,"patterns":[]}`, found.EmptyBatch, "patterns"},
		{"empty list", batches, `[]`, found.EmptyBatch, "list"},
		{"nothing", main, `{}`, found.NoSymbol, "symbol"},
		{"null symbol", main, `{"symbol":null,"pattern":"Doji","confidence":1}`, found.NoSymbol, "symbol"},
		{"empty symbol", main, `{"symbol":" ","pattern":"Doji","confidence":1}`, found.NoSymbol, "symbol"},
		{"symbol of control characters", main, "{\"symbol\":\"\\u0000\\u0007\",\"pattern\":\"Doji\",\"confidence\":1}", found.NoSymbol, "symbol"},
		{"numeric symbol", main, `{"symbol":123,"pattern":"Doji","confidence":1}`, found.BadSymbol, "number"},
		{"long symbol", main, `{"ticker":"` + strings.Repeat("A", 33) + `","pattern":"Doji","confidence":1}`, found.BadSymbol, "ticker"},
		{"null pattern", main, `{"symbol":"A","pattern":null,"confidence":1}`, found.NoPattern, "pattern"},
		{"only a tier word as pattern_type", main, `{"symbol":"A","pattern_type":"intraday","confidence":1}`, found.NoPattern, "pattern"},
		{"numeric pattern", main, `{"symbol":"A","pattern":5,"confidence":1}`, found.BadPattern, "number"},
		{"pattern without letters", main, `{"symbol":"A","pattern":"-!-","confidence":1}`, found.BadPattern, "no letter"},
		{"no confidence", main, string(sample(t, "v2_no_confidence")), found.NoConfidence, "signal_strength"},
		{"signal strength beyond 1", main, `{"symbol":"A","pattern":"Doji","signal_strength":61}`, found.NoConfidence, "signal_strength"},
		{"confidence beyond 100", main, `{"symbol":"A","pattern":"Doji","confidence":100.5}`, found.BadConfidence, "100.5"},
		{"negative confidence", main, `{"symbol":"A","pattern":"Doji","confidence":-0.1}`, found.BadConfidence, "-0.1"},
		{"confidence in words", main, `{"symbol":"A","pattern":"Doji","confidence":"high"}`, found.BadConfidence, "high"},
		{"confidence with a percent sign", main, `{"symbol":"A","pattern":"Doji","confidence":"85%"}`, found.BadConfidence, "85%"},
		{"confidence NaN", main, `{"symbol":"A","pattern":"Doji","confidence":NaN}`, found.BadConfidence, "NaN"},
		{"confidence infinite", main, `{"symbol":"A","pattern":"Doji","confidence":1e999}`, found.BadConfidence, "1e999"},
		{"confidence true", main, `{"symbol":"A","pattern":"Doji","confidence":true}`, found.BadConfidence, "true"},
		{"signal strength does not stand in for a bad confidence", main, `{"symbol":"A","pattern":"Doji","confidence":"x","signal_strength":0.5}`, found.BadConfidence, "x"},
		{"time in words", main, `{"symbol":"A","pattern":"Doji","confidence":1,"timestamp":"yesterday"}`, found.BadTime, "timestamp"},
		{"time as an object", main, `{"symbol":"A","pattern":"Doji","confidence":1,"timestamp":{}}`, found.BadTime, "timestamp"},
		{"time zero", main, `{"symbol":"A","pattern":"Doji","confidence":1,"timestamp":0}`, found.BadTime, "timestamp"},
		{"time before 2000", main, `{"symbol":"A","pattern":"Doji","confidence":1,"detected_at":"1999-12-31T23:59:59Z"}`, found.BadTime, "detected_at"},
		{"time a day ahead", main, `{"symbol":"A","pattern":"Doji","confidence":1,"timestamp":"2025-10-07T14:40:01Z"}`, found.BadTime, "timestamp"},
		{"inner time bad, outer good", main, `{"timestamp":1757858400,"data":{"symbol":"A","pattern":"Doji","confidence":1,"timestamp":"soon"}}`, found.BadTime, "soon"},
		{"unknown tier", main, `{"symbol":"A","pattern":"Brand New","confidence":1}`, found.UnknownTier, "brand_new"},
		{"unknown tier word", main, `{"symbol":"A","pattern":"Harami","confidence":1,"tier":"fallback","timeframe":"all"}`, found.UnknownTier, "fallback"},
		{"outcome of nothing", outcomes, `{"event_type":"pattern_outcome_update","pattern_id":3,"outcome_1d":0.1}`, found.NoOutcome, "detection_id"},
		{"outcome without horizons", outcomes, `{"detection_id":3}`, found.NoOutcome, "outcome_1d"},
		{"outcome in words", outcomes, `{"detection_id":3,"outcome_5d":"up"}`, found.BadOutcome, "outcome_5d"},
		{"outcome with a bad symbol", outcomes, `{"detection_id":3,"symbol":7,"outcome_5d":0}`, found.BadSymbol, "symbol"},
		{"outcome with a bad time", outcomes, `{"detection_id":3,"detection_timestamp":"x","outcome_5d":0}`, found.BadTime, "detection_timestamp"},
		{"session without id", starts, `{"event":"session_started"}`, found.NoSession, "session_id"},
		{"session with a bad time", stops, `{"session_id":"s","stopped_at":"x"}`, found.BadTime, "stopped_at"},
		{"health that says nothing", health, `{"session_id":"s"}`, found.NoHealth, "status"},
		{"health with a bad time", health, `{"status":"ok","timestamp":"x"}`, found.BadTime, "timestamp"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			r := c.Classify(tt.channel, []byte(tt.text), received)
			if len(r.Rejects) != 1 || len(r.Events)+len(r.Outcomes)+len(r.Sessions)+len(r.Health) != 0 || r.Ignored {
				t.Fatalf("got %+v, want one reject", r)
			}
			x := r.Rejects[0]
			if x.Reason != tt.reason || !strings.Contains(x.Detail, tt.detail) || x.Channel != tt.channel {
				t.Errorf("got %v, want %s with %q", x, tt.reason, tt.detail)
			}
			if len(x.Detail) > 200 {
				t.Errorf("detail of %d bytes", len(x.Detail))
			}
		})
	}

	t.Run("batch beyond its bound", func(t *testing.T) {
		entry := `{"symbol":"A","pattern":"Doji","confidence":1,"timestamp":1757858400}`
		r := c.Classify(batches, []byte(`{"patterns":[`+entry+`,`+entry+`,`+entry+`]}`), received)
		if len(r.Events) != 2 || len(r.Rejects) != 1 || r.Rejects[0].Reason != found.TooMany || r.Entries != 3 {
			t.Errorf("got %+v", r)
		}
	})
	t.Run("every reason has a test", func(t *testing.T) {
		tested := map[found.Reason]bool{found.TooMany: true, found.InvalidEvent: true} // above, and TestOwnKind
		for _, tt := range tests {
			tested[tt.reason] = true
		}
		for _, r := range found.Reasons() {
			if !tested[r] {
				t.Errorf("%s is not tested", r)
			}
		}
		if len(tested) != len(found.Reasons()) {
			t.Errorf("%d reasons tested, %d listed", len(tested), len(found.Reasons()))
		}
	})
}

func TestHostileTextIsBoundedInRejects(t *testing.T) {
	c := newClassifier(t, nil)
	r := c.Classify("nowhere\n"+strings.Repeat("x", 1000), nil, received)
	if x := r.Rejects[0]; len(x.Channel) > 200 || strings.Contains(x.Channel, "\n") {
		t.Errorf("channel %q", x.Channel)
	}
	r = c.Classify(main, []byte(`{"symbol":"A","pattern":"Doji","confidence":"`+strings.Repeat(`\u0007\n<b>`, 500)+`"}`), received)
	if x := r.Rejects[0]; len(x.Detail) > 200 || strings.ContainsAny(x.Detail, "\x07\n") {
		t.Errorf("detail %q", x.Detail)
	}
}

func TestConfigNamesTheWrongSetting(t *testing.T) {
	good := classify.DefaultConfig()
	good.SessionOf = sessionOf(t)
	row := func(r ...channels.Row) func(*classify.Config) { return func(c *classify.Config) { c.Channels = r } }
	tests := []struct {
		field  string
		change func(*classify.Config)
	}{
		{"session_of", func(c *classify.Config) { c.SessionOf = nil }},
		{"channels: missing", func(c *classify.Config) { c.Channels = nil }},
		{"max_bytes", func(c *classify.Config) { c.MaxBytes = 0 }},
		{"max_depth", func(c *classify.Config) { c.MaxDepth = 301 }},
		{"max_fields", func(c *classify.Config) { c.MaxFields = 1 }},
		{"max_batch", func(c *classify.Config) { c.MaxBatch = 0 }},
		{"max_details", func(c *classify.Config) { c.MaxDetails = 1 << 20 }},
		{"max_ahead", func(c *classify.Config) { c.MaxAhead = -1 }},
		{"channels[1].channel: \"a\" is there twice", row(channels.Row{Channel: "a", Carries: channels.Health}, channels.Row{Channel: "a", Carries: channels.Health})},
	}
	for _, tt := range tests {
		cfg := good
		tt.change(&cfg)
		if _, err := classify.New(cfg); err == nil || !strings.Contains(err.Error(), tt.field) {
			t.Errorf("got %v, want an error with %q", err, tt.field)
		}
	}
	if err := good.Validate(); err != nil {
		t.Error(err)
	}
}

func TestChannelTable(t *testing.T) {
	c := newClassifier(t, func(cfg *classify.Config) {
		cfg.Channels = []channels.Row{
			{Channel: "a.*.daily", Carries: channels.Detections, Tier: event.Daily},
			{Channel: "a.*", Carries: channels.Detections, Tier: event.Intraday},
			{Channel: "a.x.daily", Carries: channels.Detections, Tier: event.Combo},
			{Channel: "b?", Carries: channels.Nothing},
		}
	})
	const text = `{"symbol":"A","pattern":"Harami","confidence":1}`
	for channel, want := range map[string]event.Tier{"a.x.daily": event.Combo, "a.y.daily": event.Daily, "a..daily.daily": event.Daily, "a.": event.Intraday, "a.y.dailyx": event.Intraday} {
		if e := one(t, c, channel, text); e.Tier != want {
			t.Errorf("%s: got %v, want %v", channel, e.Tier, want)
		}
	}
	if r := c.Classify("b1", []byte(`{`), received); !r.Ignored {
		t.Errorf("got %+v, want ignored", r)
	}
	for _, channel := range []string{"b", "b12", "a", "ca."} {
		if r := c.Classify(channel, []byte(text), received); len(r.Rejects) != 1 || r.Rejects[0].Reason != found.UnknownChannel {
			t.Errorf("%s: got %+v, want %s", channel, r, found.UnknownChannel)
		}
	}
}

// TestOwnKind adds an event kind by one row with its own decoder, without a change to the package.
func TestOwnKind(t *testing.T) {
	decode := func(in *channels.Input, out *found.Result) {
		regime, ok := scalar.Text(in.Object.Value("regime"), event.MaxText)
		if !ok {
			out.Rejects = append(out.Rejects, in.Reject("no_regime", "regime: missing"))
			return
		}
		when, _, _ := scalar.Time(in.Object.Value("timestamp"))
		if regime == "none" {
			return
		}
		out.SessionID = "s-9"
		out.Events = append(out.Events, &event.Event{
			Kind: "market_state", ID: "market-" + regime, DetectedAt: when, Confidence: 0.95, Facets: map[event.Dim]string{"regime": regime},
		})
	}
	const channel = "tickstock.events.market_state"
	c := newClassifier(t, func(cfg *classify.Config) {
		for i := range cfg.Channels {
			if cfg.Channels[i].Channel == channel {
				cfg.Channels[i] = channels.Row{Channel: channel, Carries: "market_state", Decode: decode}
			}
		}
	})
	e := one(t, c, channel, `{"event_type":"pattern_detected","regime":"bull","timestamp":1759761120}`)
	if e.Kind != "market_state" || e.Facet("regime") != "bull" || e.Priority != event.Critical || e.Session != event.Regular || e.SessionDate != "2025-10-06" ||
		!e.ReceivedAt.Equal(received) || e.Occurrences != 1 {
		t.Errorf("got %+v", e)
	}
	if r := c.Classify(channel, []byte(`{"regime":"bull"}`), received); len(r.Rejects) != 1 || r.Rejects[0].Reason != found.InvalidEvent {
		t.Errorf("an event without a time: got %+v, want %s", r, found.InvalidEvent)
	}
	if r := c.Classify(channel, []byte(`{}`), received); len(r.Rejects) != 1 || r.Rejects[0].Reason != "no_regime" {
		t.Errorf("got %+v, want no_regime", r)
	}
	if r := c.Classify(channel, []byte(`{"regime":"none"}`), received); !r.Ignored {
		t.Errorf("got %+v, want ignored", r)
	}
	r := c.Classify(channel, []byte(`[{"regime":"bear","timestamp":1},3]`), received)
	if len(r.Events) != 1 || len(r.Rejects) != 1 || r.SessionID != "s-9" || r.Entries != 2 {
		t.Errorf("a list: got %+v", r)
	}
}

func TestLifeCycleIsIgnored(t *testing.T) {
	c := newClassifier(t, nil)
	for channel, text := range map[string]string{
		main:                                    `{"event_type":"pattern_updated","symbol":"A","pattern":"Doji","confidence":1}`,
		detected:                                `{"event":"processing_progress","payload":{"run_id":"r","completed_symbols":3}}`,
		streaming:                               `{"type":"Pattern_Expired","session_id":"s-3"}`,
		"tickstock:patterns:started":            `not even JSON`,
		"tickstock:indicators:daily":            `{}`,
		"tickstock.events.backtesting.progress": `{}`,
	} {
		r := c.Classify(channel, []byte(text), received)
		if !r.Ignored || len(r.Events)+len(r.Rejects) != 0 || r.Entries != 1 {
			t.Errorf("%s: got %+v, want ignored", channel, r)
		}
	}
	if r := c.Classify(streaming, []byte(`{"type":"pattern_expired","session_id":"s-3"}`), received); r.SessionID != "s-3" {
		t.Errorf("got session %q, want s-3", r.SessionID)
	}
}
