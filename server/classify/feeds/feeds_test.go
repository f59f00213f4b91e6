package feeds_test

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/valyala/fastjson"

	"tierboard/server/classify/feeds"
	"tierboard/server/classify/found"
	"tierboard/server/classify/layers"
	"tierboard/server/classify/loose"
	"tierboard/server/classify/reading"
	"tierboard/shared/event"
)

var received = time.Date(2025, time.October, 6, 14, 40, 0, 123_000_000, time.UTC)

// byValue lets cmp see into Number.
var byValue = cmp.Comparer(func(a, b event.Number) bool { return a == b })

// at is a time that must be good.
func at(s string) time.Time {
	t, err := time.Parse(time.RFC3339, s)
	if err != nil {
		panic(err)
	}
	return t
}

// reader is one of the package's.
type reader func(p *reading.Pass, s *layers.Stack) *found.Reject

func start(p *reading.Pass, s *layers.Stack) *found.Reject { return feeds.Session(p, s, true) }
func stop(p *reading.Pass, s *layers.Stack) *found.Reject  { return feeds.Session(p, s, false) }

// health reads a sample with a type word.
func health(word string) reader {
	return func(p *reading.Pass, s *layers.Stack) *found.Reject { return feeds.Health(p, s, word) }
}

// read gives an object to a reader; ok is false when the text is none.
func read(channel string, text []byte, use reader) (out found.Result, r *found.Reject, ok bool) {
	p := reading.NewPass(40, 1000, 24*time.Hour, nil)
	p.Channel, p.Received = channel, received
	reader := loose.Reader{MaxBytes: 64 << 10, MaxDepth: 24}
	_ = reader.Read(text, func(v *fastjson.Value) { // what cannot be read is no object either
		o, err := p.Objects.List(v, p.MaxFields)
		if o == nil || err != nil {
			return
		}
		s := &layers.Stack{}
		s.Push(o)
		r, ok = use(&p, s), true
	})
	return p.Out, r, ok
}

func TestOutcomes(t *testing.T) {
	yes, no := true, false
	for _, tt := range []struct {
		name, text string
		want       found.Outcome
	}{
		{
			"flat", `{"detection_id":881,"symbol":"aapl","pattern_name":"Doji","detection_timestamp":"2025-09-15T15:00:00Z","outcome_1d":0.012,"success_1d":true,
				"outcome_5d":-0.004,"success_5d":false,"outcome_30d":null,"outcome_calculated_at":"2025-09-20T21:00:00Z","source":"PL"}`,
			found.Outcome{
				Refs: []string{"detection-881"}, Symbol: "AAPL", Pattern: "doji", DetectedAt: at("2025-09-15T15:00:00Z"), CalculatedAt: at("2025-09-20T21:00:00Z"), Source: "PL",
				Horizons: [3]found.Horizon{found.Day1: {Value: event.Num(.012), Success: &yes}, found.Day5: {Value: event.Num(-.004), Success: &no}},
			},
		},
		{
			"nested, without an id, without a verdict",
			`{"data":{"symbol":"a","pattern":"Bull_Flag","detected_at":1757858400,"outcome_30d":"0.5","success_30d":"yes"}}`,
			found.Outcome{Symbol: "A", Pattern: "bull_flag", DetectedAt: at("2025-09-14T14:00:00Z"), Horizons: [3]found.Horizon{found.Day30: {Value: event.Num(.5)}}},
		},
		{
			"every id that an event may have, best first; not the outcome's own",
			`{"event_id":"out-1","pattern_id":"p-7","detection_id":"0881","flow_id":"f-1","outcome_1d":null}`,
			found.Outcome{Refs: []string{"f-1", "detection-881", "p-7"}},
		},
		{"ids beside it", `{"metadata":{"flow_id":"f-2"},"outcome_1d":null}`, found.Outcome{Refs: []string{"f-2"}}},
	} {
		out, r, _ := read("c", []byte(tt.text), feeds.Outcome)
		if r != nil || len(out.Outcomes) != 1 {
			t.Fatalf("%s: got %+v, %v", tt.name, out, r)
		}
		if d := cmp.Diff(tt.want, out.Outcomes[0], byValue); d != "" {
			t.Errorf("%s (-want +got):\n%s", tt.name, d)
		}
	}
}

func TestSessions(t *testing.T) {
	for _, tt := range []struct {
		text string
		use  reader
		want found.SessionEdge
	}{
		{
			`{"session":{"session_id":"s-1","started_at":"2025-10-06T13:30:00Z","symbol_universe":"dow30","symbol_count":30,"status":"ACTIVE","trigger_type":"scheduled"}}`, start,
			found.SessionEdge{ID: "s-1", Started: true, At: at("2025-10-06T13:30:00Z"), Universe: "dow30", Symbols: event.Num(30), Status: "active", Trigger: "scheduled"},
		},
		{
			`{"session_id":"s-1","timestamp":1759780800,"final_status":"completed","status":"x","duration_seconds":90.5,"duration_minutes":7,"total_patterns":"12",
				"indicators_calculated":45,"bars_processed":9,"reason":"market closed","source":"PL"}`, stop,
			found.SessionEdge{
				ID: "s-1", At: at("2025-10-06T20:00:00Z"), Status: "completed", Duration: 90500 * time.Millisecond, Patterns: event.Num(12), Indicators: event.Num(45),
				Bars: event.Num(9), Reason: "market closed", Source: "PL",
			},
		},
		{`{"data":{"session_id":"s-2","duration_minutes":1.5,"symbol_count":-1}}`, stop, found.SessionEdge{ID: "s-2", At: received, Duration: 90 * time.Second}},
		{`{"session_id":"s-3","duration_seconds":1e300,"duration_minutes":-1}`, start, found.SessionEdge{ID: "s-3", Started: true, At: received}},
	} {
		out, r, _ := read("c", []byte(tt.text), tt.use)
		if r != nil || len(out.Sessions) != 1 || out.SessionID != tt.want.ID {
			t.Fatalf("%s: got %+v, %v", tt.text, out, r)
		}
		if d := cmp.Diff(tt.want, out.Sessions[0], byValue); d != "" {
			t.Errorf("%s (-want +got):\n%s", tt.text, d)
		}
	}
}

func TestHealth(t *testing.T) {
	for _, tt := range []struct {
		channel, text, word string
		want                found.HealthSample
	}{
		{
			"c", `{"session_id":"s-1","status":"Degraded","timestamp":"2025-10-06T14:33:00Z","active_symbols":60,"stale_symbols":{"count":12},"data_flow":{"ticks_per_second":17.5,
				"bars_per_minute":60},"resources":{"cpu_percent":22.5,"memory_usage":41.2,"memory_mb":310},"processing_lag_ms":41,"connection":{"reconnections":2,"active":3},
				"issues":["12 symbols stale"]}`, "health_update",
			found.HealthSample{
				Streaming: true, SessionID: "s-1", Status: "degraded", At: at("2025-10-06T14:33:00Z"), ActiveSymbols: event.Num(60), StaleSymbols: event.Num(12),
				TicksPerSecond: event.Num(17.5), BarsPerMinute: event.Num(60), LagMillis: event.Num(41), CPUPercent: event.Num(22.5), MemoryPercent: event.Num(41.2),
				MemoryMB: event.Num(310), Reconnects: event.Num(2), Connections: event.Num(3), Issues: []string{"12 symbols stale"},
			},
		},
		{
			"c", `{"health":{"component":"pattern_engine","patterns_detected":1,"indicators_calculated":2,"errors_count":0,"uptime_seconds":3,"processing_rate":4,"source":"PL"}}`, "system_health",
			found.HealthSample{
				Component: "pattern_engine", At: received, Patterns: event.Num(1), Indicators: event.Num(2), Errors: event.Num(0), UptimeSeconds: event.Num(3),
				EventsPerSecond: event.Num(4), Source: "PL",
			},
		},
		{"a:streaming:b", `{"active_symbols":0,"ticks_per_second":0}`, "", found.HealthSample{Streaming: true, At: received, Zero: true, ActiveSymbols: event.Num(0), TicksPerSecond: event.Num(0)}},
		{"c", `{"active_symbols":0,"ticks_per_second":1}`, "", found.HealthSample{At: received, ActiveSymbols: event.Num(0), TicksPerSecond: event.Num(1)}},
		{"c", `{"session_id":"s","status":"ok","cpu_usage":-1}`, "", found.HealthSample{Streaming: true, SessionID: "s", At: received, Status: "ok"}},
	} {
		out, r, _ := read(tt.channel, []byte(tt.text), health(tt.word))
		if r != nil || len(out.Health) != 1 {
			t.Fatalf("%s: got %+v, %v", tt.text, out, r)
		}
		if d := cmp.Diff(tt.want, out.Health[0], byValue); d != "" {
			t.Errorf("%s (-want +got):\n%s", tt.text, d)
		}
	}
}

func TestHealthIssuesAreBounded(t *testing.T) {
	list := strings.Repeat(`"`+strings.Repeat("x", 1000)+`",7,`, 40)
	out, _, _ := read("c", []byte(`{"issues":[`+list+`null],"cpu_percent":3}`), health(""))
	if len(out.Health) != 1 || len(out.Health[0].Issues) != 16 || len(out.Health[0].Issues[0]) != event.MaxText || out.Health[0].Zero {
		t.Errorf("got %+v", out)
	}
}

func TestWhatIsNothing(t *testing.T) {
	wide := `{"x":1` + strings.Repeat(`,"x":1`, 40) + `}`
	for _, tt := range []struct {
		text   string
		use    reader
		want   found.Reason
		detail string
	}{
		{`{"outcome":` + wide + `}`, feeds.Outcome, found.TooWide, "40 fields"},
		{`{"session":` + wide + `}`, start, found.TooWide, "40 fields"},
		{`{"health":` + wide + `}`, health(""), found.TooWide, "40 fields"},
		{`{"pattern_id":3,"outcome_1d":0.1}`, feeds.Outcome, found.NoOutcome, "detection_id"},
		{`{"symbol":"A","pattern":"Doji","outcome_1d":0.1}`, feeds.Outcome, found.NoOutcome, "detection_id"},
		{`{"detection_id":3}`, feeds.Outcome, found.NoOutcome, "outcome_1d"},
		{`{"detection_id":3,"outcome_5d":"up"}`, feeds.Outcome, found.BadOutcome, "outcome_5d"},
		{`{"detection_id":3,"outcome_30d":1e16}`, feeds.Outcome, found.BadOutcome, "outcome_30d"},
		{`{"detection_id":3,"symbol":7,"outcome_5d":0}`, feeds.Outcome, found.BadSymbol, "symbol"},
		{`{"detection_id":3,"symbol":"` + strings.Repeat("A", 33) + `","outcome_5d":0}`, feeds.Outcome, found.BadSymbol, "symbol"},
		{`{"detection_id":3,"detection_timestamp":"x","outcome_5d":0}`, feeds.Outcome, found.BadTime, "detection_timestamp"},
		{`{"started_at":1}`, start, found.NoSession, "session_id"},
		{`{"session_id":"s","stopped_at":"x"}`, stop, found.BadTime, "stopped_at"},
		{`{"session_id":"s","stopped_at":"x"}`, start, "", ""}, // the end is not asked for
		{`{"session_id":"s"}`, health(""), found.NoHealth, "status"},
		{`{"status":"ok","timestamp":"x"}`, health(""), found.BadTime, "timestamp"},
	} {
		out, r, _ := read("c", []byte(tt.text), tt.use)
		if tt.want == "" {
			if r != nil {
				t.Errorf("%s: got %v", tt.text, r)
			}
			continue
		}
		if r == nil || r.Reason != tt.want || !strings.Contains(r.Detail, tt.detail) || len(out.Outcomes)+len(out.Sessions)+len(out.Health) != 0 {
			t.Errorf("%s: got %v and %+v, want %s with %q", tt.text, r, out, tt.want, tt.detail)
		}
	}
}

func FuzzFeeds(f *testing.F) {
	for _, s := range []string{
		`{}`, `{"detection_id":881,"symbol":"A","outcome_1d":1e400,"success_1d":1}`, `{"outcome":{"flow_id":"f","outcome_5d":NaN,"outcome_calculated_at":-1}}`,
		`{"session":{"session_id":"\ud800","duration_seconds":1e9,"started_at":"2025-10-06 13:30"}}`, `{"session_id":1,"metadata":{"session_id":"m"}}`,
		`{"health":{"data":{"status":"OK","issues":["a",[],null,"\u0000"]}},"stale_symbols":{"count":-0}}`, `{"status":"\xff","resources":{"cpu_percent":"7"}}`,
	} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		for name, use := range map[string]reader{"outcome": feeds.Outcome, "start": start, "stop": stop, "health": health("")} {
			out, r, ok := read("c", text, use)
			if !ok {
				return
			}
			if got := len(out.Outcomes) + len(out.Sessions) + len(out.Health); (got == 1) == (r != nil) || got > 1 || len(out.Events)+len(out.Rejects) != 0 {
				t.Fatalf("%s: %+v and %v", name, out, r)
			}
			for _, o := range out.Outcomes {
				if len(o.Refs) == 0 && (o.Symbol == "" || o.Pattern == "" || o.DetectedAt.IsZero()) || len(o.Symbol) > event.MaxSymbol {
					t.Errorf("%s names no event: %+v", name, o)
				}
			}
			for _, s := range out.Sessions {
				if s.ID == "" || s.At.IsZero() || s.Duration < 0 || s.Started != (name == "start") {
					t.Errorf("%s: %+v", name, s)
				}
			}
			for _, h := range out.Health {
				if h.At.IsZero() || len(h.Issues) > 16 {
					t.Errorf("%s: %+v", name, h)
				}
			}
		}
	})
}
