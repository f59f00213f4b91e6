package wire

import (
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"tierboard/shared/event"
	"tierboard/shared/filter"
)

// sameValue is how tests compare: numbers by their content, and no difference between an empty list and none.
var sameValue = cmp.Options{cmp.AllowUnexported(event.Number{}), cmpopts.EquateEmpty()}

// at is a time on the day of the samples.
func at(hour, minute, second, ms int) time.Time {
	return time.Date(2026, 11, 23, hour, minute, second, ms*int(time.Millisecond), time.UTC)
}

// sample is one value of the protocol with the name of its golden files. Exactly one of the three is set.
type sample struct {
	name    string
	frame   Frame
	event   *event.Event
	request *Request
}

func (s sample) append(buf []byte, f Format) []byte {
	switch {
	case s.frame != nil:
		return s.frame.Append(buf, f)
	case s.request != nil:
		return s.request.Append(buf, f)
	}
	return AppendEvent(buf, s.event, f)
}

func dailyFull() *event.Event {
	return &event.Event{
		Kind: event.Pattern, ID: "d-1", Seq: 501, Tier: event.Daily,
		Scope:      event.Scope{Symbol: "BRK.B", Pattern: "head_and_shoulders", Label: "Head & Shoulders", Timeframe: "daily", Direction: event.Bearish},
		Confidence: 0.875, Priority: event.High,
		DetectedAt: at(21, 5, 0, 0), PublishedAt: at(21, 5, 0, 120), ReceivedAt: at(21, 5, 0, 121), ExpiresAt: at(23, 59, 59, 999),
		Session: event.PostMarket, SessionDate: "2026-11-23",
		Price: event.Num(481.37), ChangePct: event.Num(-1.25), Volume: event.Num(3_214_567), RelativeVolume: event.Num(1.9),
		Levels: []event.Level{
			{Kind: "entry", Price: 480.5}, {Kind: "stop", Price: 492, Label: "above the head"}, {Kind: "target", Price: 455.25, Label: "T1"},
		},
		Occurrences: 1, Source: "tickstock_pl", Daily: &event.DailyDetail{MarketSession: event.Regular},
		Details: `{"neckline":480.5,"note":"<b>\"x\"</b> & more","shoulders":[490,491.5],"nested":{"a":null,"b":[true,false,{}]}}`,
	}
}

func dailyMin() *event.Event {
	return &event.Event{
		Kind: event.Pattern, ID: "d-0", Seq: 1, Tier: event.Daily, Scope: event.Scope{Symbol: "A", Pattern: "bull_flag"},
		Confidence: 0, DetectedAt: at(21, 0, 0, 0), Daily: &event.DailyDetail{},
	}
}

func intradayFull() *event.Event {
	return &event.Event{
		Kind: event.Pattern, ID: "i-1", Seq: 502, Tier: event.Intraday,
		Scope:      event.Scope{Symbol: "AAPL", Pattern: "volume_spike", Label: "Volume Spike", Timeframe: "5min", Direction: event.Bullish},
		Confidence: 0.92, Priority: event.Critical,
		DetectedAt: at(15, 4, 5, 678), PublishedAt: at(15, 4, 5, 679), ReceivedAt: at(15, 4, 5, 680), ExpiresAt: at(15, 34, 5, 678),
		Session: event.Regular, SessionDate: "2026-11-23",
		Price: event.Num(231.0), ChangePct: event.Num(0), Volume: event.Num(9.1e9), RelativeVolume: event.Num(4.5),
		Levels: []event.Level{{Kind: "support", Price: 229.99}}, Occurrences: 3, Source: "tickstock_pl",
		Intraday: &event.IntradayDetail{RealTime: true}, Facets: map[event.Dim]string{"regime": "bull", "sector": "Technology"},
		Details: `{"bars":12}`,
	}
}

func intradayMin() *event.Event {
	return &event.Event{
		Kind: event.Pattern, ID: "i-0", Seq: 2, Tier: event.Intraday, Scope: event.Scope{Symbol: "TSLA", Pattern: "doji"},
		Confidence: 1, Priority: event.Critical, DetectedAt: at(15, 0, 0, 1), Intraday: &event.IntradayDetail{},
	}
}

func comboFull() *event.Event {
	return &event.Event{
		Kind: event.Pattern, ID: "c-1", Seq: 1 << 40, Tier: event.Combo,
		Scope:      event.Scope{Symbol: "日経", Pattern: "setup_confirmation", Label: "Setup Confirmation", Timeframe: "15min", Direction: event.Neutral},
		Confidence: 0.6, Priority: event.Medium, DetectedAt: at(16, 0, 0, 0), Session: event.Regular, SessionDate: "2026-11-23",
		Combo: &event.ComboDetail{
			Correlation: event.Num(0.81),
			Setup: &event.Link{
				ID: "d-1", Kind: event.LinkExact, Pattern: "bull_flag", Label: "Bull Flag", Timeframe: "daily", Confidence: event.Num(0.7),
				DetectedAt: at(0, 0, 0, 0), SessionDate: "2026-11-20", Details: `{"days":4}`,
			},
			Trigger: &event.Link{Kind: event.LinkMissing, Pattern: "volume_spike", Label: "Volume Spike"},
		},
	}
}

func comboMin() *event.Event {
	return &event.Event{
		Kind: event.Pattern, ID: "c-0", Seq: 3, Tier: event.Combo, Scope: event.Scope{Symbol: "MSFT", Pattern: "trend_break"},
		Confidence: 0.59, DetectedAt: at(16, 0, 0, 1), Combo: &event.ComboDetail{},
	}
}

// laterKind is an event of a kind that this build knows nothing about.
func laterKind() *event.Event {
	return &event.Event{
		Kind: "market_state", ID: "m-1", Seq: 503, Confidence: 0.5, DetectedAt: at(17, 0, 0, 0),
		Facets: map[event.Dim]string{"regime": "consolidation", "breadth": "narrow", "": "no name"}, Details: `{"advancing":0.41}`,
	}
}

func allEvents() []*event.Event {
	return []*event.Event{dailyMin(), intradayMin(), comboMin(), dailyFull(), intradayFull(), laterKind(), comboFull()}
}

// everything is a filter with a value in each place.
func everything() filter.Filter {
	return filter.Filter{
		Kinds: []event.Kind{"market_state", event.Pattern}, Tiers: []event.Tier{event.Daily, event.Intraday, event.Combo},
		Patterns: []string{"bull_flag", "volume_spike"}, Symbols: []string{"AAPL", "日経"}, ExcludeSymbols: []string{"SPY"},
		Timeframes: []string{"5min", "daily"}, Sessions: []event.Session{event.PreMarket, event.Regular},
		Directions: []event.Direction{event.Bearish, event.Bullish}, ConfidenceMin: 0.6, ConfidenceMax: 0.95, PriorityMin: event.Medium,
		Extra: map[event.Dim][]string{"regime": {"bear", "bull"}, "user": {"7"}},
	}
}

// samples are all frames, events and requests with as much and as little in them as can be.
func samples() []sample {
	return []sample{
		{name: "welcome_min", frame: &Welcome{Protocol: 1, ServerTime: at(15, 0, 0, 0)}},
		{name: "welcome_full", frame: &Welcome{
			Protocol: Protocol, Epoch: "e7", ServerTime: at(15, 0, 0, 123), WindowMS: 10, RateLimit: 100, Build: "3f2a", Demo: true,
		}},
		{name: "subscribed_min", frame: &Subscribed{ID: "main"}},
		{name: "subscribed_full", frame: &Subscribed{ID: "main", Filters: []filter.Filter{{}, everything()}, Seq: 500, Replayed: 12, Resumed: true}},
		{name: "unsubscribed", frame: &Unsubscribed{ID: "main", Seq: 1 << 53}},
		{name: "batch_min", frame: &Batch{Seq: 512, SentAt: at(15, 4, 5, 700), Events: []*event.Event{}}},
		{name: "batch_full", frame: &Batch{
			ID: "main", Seq: 1 << 40, SentAt: at(17, 0, 0, 5), Events: allEvents(), Suppressed: 70_000, Dropped: 2, Reset: true,
		}},
		{name: "gap_min", frame: &Gap{REST: "/api/patterns"}},
		{name: "gap_full", frame: &Gap{
			ID: "main", FromSeq: 100, ToSeq: 65_536, From: at(14, 0, 0, 0), To: at(15, 0, 0, 0), REST: "/api/patterns?since=2026-11-23T14:00:00Z&limit=200",
		}},
		{name: "status_min", frame: &Status{Ingest: "down", Tiers: map[string]TierStatus{}}},
		{name: "status_full", frame: &Status{
			Ingest: "connected",
			Tiers: map[string]TierStatus{
				"daily":    {State: "idle", Reason: "the next run is after the close", LastEventAt: at(0, 5, 0, 0)},
				"intraday": {State: "ok", LastEventAt: at(15, 4, 5, 678)},
				"combo":    {State: "late", Reason: "nothing for 20 minutes"},
			},
			Market: &Market{
				Session: "regular", SessionDate: "2026-11-23", Holiday: "Day after Thanksgiving", EarlyClose: true, ClosesAt: at(18, 0, 0, 0), NextOpen: at(23, 0, 0, 0),
			},
		}},
		{name: "status_market_min", frame: &Status{Ingest: "connected", Tiers: map[string]TierStatus{"daily": {State: "ok"}}, Market: &Market{Session: "closed"}}},
		{name: "pong_min", frame: &Pong{}},
		{name: "pong_full", frame: &Pong{ID: "7"}},
		{name: "error_min", frame: &Error{Code: CodeBadFrame, Detail: "frame is not one valid map"}},
		{name: "error_full", frame: &Error{ID: "main", Code: CodeBadFilter, Detail: `filters[0].tiers: "dayly" is no tier (daily, intraday, combo)`}},
		{name: "bye", frame: &Bye{ReconnectMS: 1500}},
		{name: "unknown", frame: &Unknown{Type: "weather"}},

		{name: "event_daily_min", event: dailyMin()},
		{name: "event_daily_full", event: dailyFull()},
		{name: "event_intraday_min", event: intradayMin()},
		{name: "event_intraday_full", event: intradayFull()},
		{name: "event_combo_min", event: comboMin()},
		{name: "event_combo_full", event: comboFull()},
		{name: "event_later_kind", event: laterKind()},

		{name: "request_subscribe_min", request: &Request{Type: "subscribe", ID: "main", Filters: []filter.Filter{{}}}},
		{name: "request_subscribe_full", request: &Request{
			Type: "subscribe", ID: "main", Filters: []filter.Filter{{}, everything()}, Resume: &Resume{Epoch: "e7", Seq: 123},
		}},
		{name: "request_unsubscribe", request: &Request{Type: "unsubscribe", ID: "main"}},
		{name: "request_ping_min", request: &Request{Type: "ping"}},
		{name: "request_ping_full", request: &Request{Type: "ping", ID: "7"}},
	}
}

// decode reads a frame or event in either format.
func (s sample) decode(b []byte, f Format) (any, error) {
	switch {
	case s.frame != nil && f == JSON:
		return DecodeJSON(string(b))
	case s.frame != nil:
		return Decode(b)
	case f == JSON:
		return DecodeEventJSON(string(b))
	}
	return DecodeEvent(b)
}

// meant is what decode must give.
func (s sample) meant() any {
	if s.frame != nil {
		return s.frame
	}
	return s.event
}

// with returns a sample of the same sort that holds a decoded value.
func (s sample) with(v any) sample {
	if m, ok := v.(Frame); ok {
		return sample{frame: m}
	}
	return sample{event: v.(*event.Event)}
}
