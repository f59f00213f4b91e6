package classify_test

import (
	"math"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"tierboard/server/classify/found"
	"tierboard/shared/event"
)

// byValue lets cmp see into Number.
var byValue = cmp.Comparer(func(a, b event.Number) bool { return a == b })

var sessionSamples = []struct {
	name, channel string
	want          found.SessionEdge
}{
	{"session_start_data", starts, found.SessionEdge{ID: "s-0", Started: true, At: at("2025-10-06T13:29:59Z"), Universe: "market_leaders:top_50", Trigger: "scheduled"}},
	{"session_stop_data", stops, found.SessionEdge{ID: "s-0", At: at("2025-10-06T20:00:00Z"), Reason: "market closed"}},
	{"session_start_session", starts, found.SessionEdge{ID: "s-1", Started: true, At: at("2025-10-06T13:30:00Z"), Universe: "market_leaders:top_50", Symbols: event.Num(50), Status: "active"}},
	{"session_stop_session", stops, found.SessionEdge{ID: "s-1", At: at("2025-10-06T20:00:00Z"), Status: "completed", Duration: 390 * time.Minute, Patterns: event.Num(1248), Indicators: event.Num(45200)}},
	{"session_start_flat", starts, found.SessionEdge{ID: "s-2", Started: true, At: at("2025-10-06T13:30:00Z"), Universe: "dow30", Symbols: event.Num(30)}},
	{"session_stop_flat", stops, found.SessionEdge{ID: "s-1", At: at("2025-10-06T20:00:00Z"), Duration: 390 * time.Minute, Patterns: event.Num(1248), Indicators: event.Num(45200), Bars: event.Num(19500)}},
}

func TestSessionEdges(t *testing.T) {
	c := newClassifier(t, nil)
	for _, s := range sessionSamples {
		// A type word overrules the channel, so the edge is the same wherever it arrives.
		for _, channel := range []string{s.channel, main} {
			r := c.Classify(channel, sample(t, s.name), received)
			if len(r.Sessions) != 1 || len(r.Rejects) != 0 || r.SessionID != s.want.ID {
				t.Fatalf("%s: got %+v", s.name, r)
			}
			if d := cmp.Diff(s.want, r.Sessions[0], byValue); d != "" {
				t.Errorf("%s (-want +got):\n%s", s.name, d)
			}
		}
	}
	// Without a word the channel tells which edge it is, and without a time it is now.
	r := c.Classify(stops, []byte(`{"session_id":"s-5","status":"STOPPED"}`), received)
	want := []found.SessionEdge{{ID: "s-5", At: received, Status: "stopped"}}
	if d := cmp.Diff(want, r.Sessions, byValue); d != "" {
		t.Errorf("(-want +got):\n%s", d)
	}
}

var healthSamples = []struct {
	name, channel string
	want          found.HealthSample
}{
	{"health_a_flat", health, found.HealthSample{
		Streaming: true, SessionID: "s-1", Status: "degraded", At: at("2025-10-06T14:33:00Z"), ActiveSymbols: event.Num(60), StaleSymbols: event.Num(12),
		TicksPerSecond: event.Num(17.5), BarsPerMinute: event.Num(60), LagMillis: event.Num(41), CPUPercent: event.Num(22.5), MemoryPercent: event.Num(41.2),
		MemoryMB: event.Num(310), Reconnects: event.Num(2), Connections: event.Num(3), Issues: []string{"12 symbols stale"},
	}},
	{"health_b_object", health, found.HealthSample{
		Streaming: true, SessionID: "s-1", Status: "healthy", At: at("2025-10-06T14:33:00Z"), ActiveSymbols: event.Num(60), TicksPerSecond: event.Num(17.5),
		CPUPercent: event.Num(22), MemoryMB: event.Num(310), Patterns: event.Num(214), Indicators: event.Num(3400), Errors: event.Num(0), UptimeSeconds: event.Num(3600),
	}},
	{"health_b_zero", health, found.HealthSample{
		Streaming: true, SessionID: "s-1", Status: "healthy", At: at("2025-10-06T14:33:05Z"), Zero: true, ActiveSymbols: event.Num(0), TicksPerSecond: event.Num(0),
		Patterns: event.Num(0), Indicators: event.Num(0),
	}},
	{"health_c_nested", health, found.HealthSample{
		Streaming: true, Status: "healthy", At: at("2025-10-06T14:33:00Z"), TicksPerSecond: event.Num(5), CPUPercent: event.Num(9), MemoryMB: event.Num(120),
	}},
	{"health_d_flat", health, found.HealthSample{
		Streaming: true, Status: "warning", At: at("2025-10-06T14:33:00Z"), BarsPerMinute: event.Num(10), CPUPercent: event.Num(50), Reconnects: event.Num(4),
	}},
	{"health_e_mock", health, found.HealthSample{Streaming: true, Status: "starting", At: received, ActiveSymbols: event.Num(10)}},
	{"system_health_a", "tickstock.events.system.health", found.HealthSample{
		Component: "pattern_engine", Status: "healthy", At: at("2025-09-15T15:00:00Z"), LagMillis: event.Num(12.5),
	}},
	{"system_health_b", system, found.HealthSample{
		Status: "healthy", At: at("2025-09-14T14:00:00Z"), CPUPercent: event.Num(41.2), MemoryPercent: event.Num(63), Connections: event.Num(12),
		EventsPerSecond: event.Num(940), Source: "TickStockPL",
	}},
}

func TestHealthSamples(t *testing.T) {
	c := newClassifier(t, nil)
	for _, s := range healthSamples {
		r := c.Classify(s.channel, sample(t, s.name), received)
		if len(r.Health) != 1 || len(r.Rejects) != 0 || r.SessionID != s.want.SessionID {
			t.Fatalf("%s: got %+v", s.name, r)
		}
		if d := cmp.Diff(s.want, r.Health[0], byValue); d != "" {
			t.Errorf("%s (-want +got):\n%s", s.name, d)
		}
	}
}

func TestOutcome(t *testing.T) {
	c := newClassifier(t, nil)
	yes, no := true, false
	want := found.Outcome{
		Refs: []string{"detection-881"}, Symbol: "AAPL", Pattern: "doji", DetectedAt: at("2025-09-15T15:00:00Z"), CalculatedAt: at("2025-09-20T21:00:00Z"),
		Source: "TickStockPL",
		Horizons: [3]found.Horizon{
			found.Day1: {Value: event.Num(.012), Success: &yes}, found.Day5: {Value: event.Num(-.004), Success: &no}, found.Day30: {},
		},
	}
	// On its own channel, and on another pattern channel.
	for _, channel := range []string{outcomes, main, streaming} {
		r := c.Classify(channel, sample(t, "outcome"), received)
		if len(r.Outcomes) != 1 || len(r.Rejects)+len(r.Events) != 0 {
			t.Fatalf("%s: got %+v", channel, r)
		}
		if d := cmp.Diff(want, r.Outcomes[0], byValue); d != "" {
			t.Errorf("%s (-want +got):\n%s", channel, d)
		}
	}
	batch := c.Classify(outcomes, []byte(`{"outcomes":[{"detection_id":1,"outcome_1d":0.1},{"detection_id":2,"outcome_1d":0.2}]}`), received)
	if len(batch.Outcomes) != 2 || batch.Entries != 2 {
		t.Errorf("a batch: got %+v", batch)
	}
	if e := one(t, c, outcomes, `{"event_type":"pattern_detected","symbol":"A","pattern":"Doji","confidence":0.5,"detection_id":881}`); e.ID != "detection-881" {
		t.Errorf("a detection on the outcome channel: got id %q", e.ID)
	}
}

// number returns what a Number holds, NaN when it is absent, which equals nothing.
func number(n event.Number) float64 {
	if v, ok := n.Get(); ok {
		return v
	}
	return math.NaN()
}
