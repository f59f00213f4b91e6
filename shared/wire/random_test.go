package wire

import (
	"encoding/json"
	"math"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"tierboard/shared/event"
	"tierboard/shared/filter"
	"tierboard/shared/wire/value"
)

// The generators of random values of the protocol. What they draw is in the form that decoding gives: times in UTC with
// milliseconds, details without white space.

func texts() *rapid.Generator[string] {
	return rapid.OneOf(rapid.Just(""), rapid.SampledFrom([]string{"AAPL", "volume_spike", "</script>", "\u2028", "\x00\"\\\n\t\x1f", "日経"}), rapid.String())
}

func times() *rapid.Generator[time.Time] {
	first, last := time.Date(1, 1, 1, 0, 0, 0, 0, time.UTC).UnixMilli(), time.Date(9999, 12, 31, 23, 59, 59, 999e6, time.UTC).UnixMilli()
	return rapid.OneOf(rapid.Just(time.Time{}), rapid.Map(rapid.Int64Range(first, last), func(ms int64) time.Time { return time.UnixMilli(ms).UTC() }))
}

func numbers() *rapid.Generator[float64] {
	return rapid.OneOf(
		rapid.SampledFrom([]float64{0, math.Copysign(0, -1), 1, -1, 127, 128, -32, -33, 1 << 53, 1<<53 - 1, -1 << 53, 1 << 63, 1 << 64, 1e21, 1e-7, math.MaxFloat64, math.SmallestNonzeroFloat64}),
		rapid.Float64(), rapid.Map(rapid.Int64(), func(n int64) float64 { return float64(n) }),
	)
}

func optNumbers() *rapid.Generator[event.Number] {
	return rapid.Custom(func(t *rapid.T) event.Number {
		if rapid.Bool().Draw(t, "absent") {
			return event.Number{}
		}
		return event.Num(numbers().Draw(t, "number"))
	})
}

// anyJSON draws a decoded JSON value of at most the given depth.
func anyJSON(depth int) *rapid.Generator[any] {
	return rapid.Custom(func(t *rapid.T) any {
		kinds := 5
		if depth == 0 {
			kinds = 3
		}
		switch rapid.IntRange(0, kinds).Draw(t, "kind") {
		case 0:
			return nil
		case 1:
			return rapid.Bool().Draw(t, "bool")
		case 2:
			return numbers().Draw(t, "number")
		case 3:
			return texts().Draw(t, "text")
		case 4:
			return rapid.SliceOfN(anyJSON(depth-1), 0, 4).Draw(t, "list")
		}
		return rapid.MapOfN(texts(), anyJSON(depth-1), 0, 4).Draw(t, "object")
	})
}

// details draws the text of a JSON object, "" sometimes.
func details() *rapid.Generator[string] {
	return rapid.Custom(func(t *rapid.T) string {
		if rapid.Bool().Draw(t, "none") {
			return ""
		}
		depth := rapid.SampledFrom([]int{0, 1, 2, MaxDepth - 2}).Draw(t, "depth")
		var v any = map[string]any{"v": anyJSON(min(depth, 3)).Draw(t, "value")}
		for range depth - min(depth, 3) {
			v = map[string]any{"deeper": v}
		}
		text, err := json.Marshal(v)
		if err != nil {
			t.Fatal(err)
		}
		packed, err := value.FromJSON(string(text))
		if err != nil {
			t.Fatalf("%s: %v", text, err)
		}
		c := read(packed)
		return string(c.AppendJSON(nil, 0))
	})
}

func links() *rapid.Generator[*event.Link] {
	return rapid.Custom(func(t *rapid.T) *event.Link {
		if rapid.Bool().Draw(t, "none") {
			return nil
		}
		return &event.Link{
			ID: texts().Draw(t, "id"), Kind: event.LinkKind(texts().Draw(t, "link")), Pattern: texts().Draw(t, "pattern"),
			Label: texts().Draw(t, "label"), Timeframe: texts().Draw(t, "timeframe"), Confidence: optNumbers().Draw(t, "confidence"),
			DetectedAt: times().Draw(t, "detected_at"), SessionDate: texts().Draw(t, "session_date"), Details: details().Draw(t, "details"),
		}
	})
}

func events() *rapid.Generator[*event.Event] {
	return rapid.Custom(func(t *rapid.T) *event.Event {
		text := texts()
		e := &event.Event{
			Kind: event.Kind(rapid.SampledFrom([]string{"pattern", "pattern", "alert", "<kind>"}).Draw(t, "kind")),
			ID:   text.Draw(t, "id"), Seq: rapid.Uint64().Draw(t, "seq"), Tier: event.Tier(rapid.Uint8Max(3).Draw(t, "tier")),
			Scope: event.Scope{
				Symbol: text.Draw(t, "symbol"), Pattern: text.Draw(t, "pattern"), Label: text.Draw(t, "label"),
				Timeframe: text.Draw(t, "timeframe"), Direction: event.Direction(text.Draw(t, "direction")),
			},
			Confidence: rapid.Float64Range(0, 1).Draw(t, "confidence"), Priority: event.Priority(rapid.Uint8Max(3).Draw(t, "priority")),
			DetectedAt: times().Draw(t, "detected_at"), PublishedAt: times().Draw(t, "published_at"),
			ReceivedAt: times().Draw(t, "received_at"), ExpiresAt: times().Draw(t, "expires_at"),
			Session: event.Session(text.Draw(t, "session")), SessionDate: text.Draw(t, "session_date"),
			Price: optNumbers().Draw(t, "price"), ChangePct: optNumbers().Draw(t, "change"),
			Volume: optNumbers().Draw(t, "volume"), RelativeVolume: optNumbers().Draw(t, "relative"),
			Occurrences: rapid.IntRange(0, math.MaxInt32).Draw(t, "occurrences"), Source: text.Draw(t, "source"), Details: details().Draw(t, "details"),
		}
		for range rapid.IntRange(0, 3).Draw(t, "levels") {
			e.Levels = append(e.Levels, event.Level{Kind: text.Draw(t, "level"), Price: numbers().Draw(t, "price"), Label: text.Draw(t, "label")})
		}
		if rapid.Bool().Draw(t, "with facets") {
			e.Facets = rapid.MapOfN(rapid.Map(text, func(s string) event.Dim { return event.Dim(s) }), text, 1, 3).Draw(t, "facets")
		}
		switch e.Tier {
		case event.Daily:
			e.Daily = &event.DailyDetail{MarketSession: event.Session(text.Draw(t, "market_session"))}
		case event.Intraday:
			e.Intraday = &event.IntradayDetail{RealTime: rapid.Bool().Draw(t, "real_time")}
		case event.Combo:
			e.Combo = &event.ComboDetail{Correlation: optNumbers().Draw(t, "correlation"), Setup: links().Draw(t, "setup"), Trigger: links().Draw(t, "trigger")}
		case event.TierNone:
		}
		return e
	})
}

// wireFilters draws filters as a server may confirm them; they need not make sense.
func wireFilters() *rapid.Generator[filter.Filter] {
	return rapid.Custom(func(t *rapid.T) filter.Filter {
		set := func(name string) []string { return rapid.SliceOfN(texts(), 0, 3).Draw(t, name) }
		f := filter.Filter{
			Tiers:    rapid.SliceOfN(rapid.SampledFrom([]event.Tier{event.Daily, event.Intraday, event.Combo}), 0, 3).Draw(t, "tiers"),
			Patterns: set("patterns"), Symbols: set("symbols"), ExcludeSymbols: set("exclude"), Timeframes: set("timeframes"),
			ConfidenceMin: rapid.Float64Range(0, 1).Draw(t, "min"), ConfidenceMax: rapid.Float64Range(0, 1).Draw(t, "max"),
			PriorityMin: event.Priority(rapid.Uint8Max(3).Draw(t, "priority")),
		}
		for _, s := range set("kinds") {
			f.Kinds = append(f.Kinds, event.Kind(s))
		}
		for _, s := range set("sessions") {
			f.Sessions = append(f.Sessions, event.Session(s))
		}
		for _, s := range set("directions") {
			f.Directions = append(f.Directions, event.Direction(s))
		}
		for _, d := range rapid.SliceOfN(rapid.SampledFrom([]event.Dim{"regime", "user", "日", " "}), 0, 2).Draw(t, "dims") {
			if values := set(string(d)); len(values) > 0 {
				if f.Extra == nil {
					f.Extra = map[event.Dim][]string{}
				}
				f.Extra[d] = values
			}
		}
		return f
	})
}

func frames() *rapid.Generator[Frame] {
	return rapid.Custom(func(t *rapid.T) Frame {
		text, number, seq := texts(), rapid.IntRange(0, math.MaxInt32), rapid.Uint64()
		switch rapid.IntRange(0, 9).Draw(t, "type") {
		case 0:
			return &Welcome{
				Protocol: number.Draw(t, "protocol"), Epoch: text.Draw(t, "epoch"), ServerTime: times().Draw(t, "server_time"),
				WindowMS: number.Draw(t, "window_ms"), RateLimit: number.Draw(t, "rate_limit"), Build: text.Draw(t, "build"), Demo: rapid.Bool().Draw(t, "demo"),
			}
		case 1:
			return &Subscribed{
				ID: text.Draw(t, "id"), Filters: rapid.SliceOfN(wireFilters(), 0, 3).Draw(t, "filters"), Seq: seq.Draw(t, "seq"),
				Replayed: number.Draw(t, "replayed"), Resumed: rapid.Bool().Draw(t, "resumed"),
			}
		case 2:
			return &Unsubscribed{ID: text.Draw(t, "id"), Seq: seq.Draw(t, "seq")}
		case 3:
			return &Batch{
				ID: text.Draw(t, "id"), Seq: seq.Draw(t, "seq"), SentAt: times().Draw(t, "sent_at"), Events: rapid.SliceOfN(events(), 0, 3).Draw(t, "events"),
				Suppressed: number.Draw(t, "suppressed"), Dropped: number.Draw(t, "dropped"), Reset: rapid.Bool().Draw(t, "reset"),
			}
		case 4:
			return &Gap{
				ID: text.Draw(t, "id"), FromSeq: seq.Draw(t, "from_seq"), ToSeq: seq.Draw(t, "to_seq"), From: times().Draw(t, "from"),
				To: times().Draw(t, "to"), REST: text.Draw(t, "rest"),
			}
		case 5:
			m := &Status{Ingest: text.Draw(t, "ingest"), Tiers: rapid.MapOfN(text, rapid.Custom(func(t *rapid.T) TierStatus {
				return TierStatus{State: text.Draw(t, "state"), Reason: text.Draw(t, "reason"), LastEventAt: times().Draw(t, "last_event_at")}
			}), 0, 4).Draw(t, "tiers")}
			if rapid.Bool().Draw(t, "with market") {
				m.Market = &Market{
					Session: text.Draw(t, "session"), SessionDate: text.Draw(t, "session_date"), Holiday: text.Draw(t, "holiday"),
					EarlyClose: rapid.Bool().Draw(t, "early_close"), ClosesAt: times().Draw(t, "closes_at"), NextOpen: times().Draw(t, "next_open"),
				}
			}
			return m
		case 6:
			return &Pong{ID: text.Draw(t, "id")}
		case 7:
			return &Error{ID: text.Draw(t, "id"), Code: text.Draw(t, "code"), Detail: text.Draw(t, "detail")}
		case 8:
			return &Bye{ReconnectMS: number.Draw(t, "reconnect_ms")}
		}
		return &Unknown{Type: "later " + text.Draw(t, "type")}
	})
}

func TestDecodeReadsBackWhatAppendWrote(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := sample{frame: frames().Draw(t, "frame")}
		for word, f := range formats {
			b := s.append(nil, f)
			object(t, b, f) // the libraries read it, too
			got, err := s.decode(b, f)
			if err != nil {
				t.Fatalf("%s: %v: %q", word, err, b)
			}
			if diff := cmp.Diff(s.meant(), got, sameValue); diff != "" {
				t.Fatalf("%s (-want +got):\n%s", word, diff)
			}
		}
	})
}

func TestDecodeEventReadsBackWhatAppendEventWrote(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := sample{event: events().Draw(t, "event")}
		var objects []map[string]any
		for word, f := range formats {
			b := s.append(nil, f)
			objects = append(objects, object(t, b, f))
			got, err := s.decode(b, f)
			if err != nil {
				t.Fatalf("%s: %v: %q", word, err, b)
			}
			if diff := cmp.Diff(s.meant(), got, sameValue); diff != "" {
				t.Fatalf("%s (-want +got):\n%s", word, diff)
			}
		}
		if diff := cmp.Diff(objects[0], objects[1]); diff != "" {
			t.Fatalf("the formats differ:\n%s", diff)
		}
	})
}

// A batch of ready bytes is the batch of their events, byte for byte.
func TestBatchOfEncodedEventsIsTheSame(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		m := Batch{Seq: 9, SentAt: at(15, 0, 0, 0), Events: rapid.SliceOfN(events(), 0, 4).Draw(t, "events")}
		for word, f := range formats {
			ready := Batch{Seq: m.Seq, SentAt: m.SentAt, Encoded: [][]byte{}}
			for _, e := range m.Events {
				ready.Encoded = append(ready.Encoded, AppendEvent(nil, e, f))
			}
			if got, want := ready.Append(nil, f), m.Append(nil, f); !slices.Equal(got, want) {
				t.Fatalf("%s:\n%q\n%q", word, got, want)
			}
		}
	})
}
