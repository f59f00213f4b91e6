package docs

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"tierboard/shared/event"
	"tierboard/shared/filter"
	"tierboard/shared/wire"
)

// noon is the time of the frames here.
var noon = time.Date(2026, 11, 20, 17, 0, 0, 0, time.UTC)

// samples are frames that have, together, every field that a frame can have.
func samples() map[string][]interface {
	Append(buf []byte, f wire.Format) []byte
} {
	type frames = []interface {
		Append(buf []byte, f wire.Format) []byte
	}
	filters := []filter.Filter{{Symbols: []string{"AAPL"}, ConfidenceMin: .5}, {}}
	e := &event.Event{
		Kind: event.Pattern, ID: "e1", Seq: 7, Tier: event.Intraday, Confidence: .9, Priority: event.Critical,
		Scope: event.Scope{Symbol: "AAPL", Pattern: "doji", Label: "Doji", Timeframe: "5min"}, DetectedAt: noon, Intraday: &event.IntradayDetail{},
	}
	return map[string]frames{
		"Subscribe": {
			&wire.Request{Type: "subscribe", ID: "main", Filters: filters, Resume: &wire.Resume{Epoch: "E", Seq: 5}},
			&wire.Request{Type: "subscribe", ID: "main", Filters: filters},
		},
		"Unsubscribe":  {&wire.Request{Type: "unsubscribe", ID: "main"}},
		"Ping":         {&wire.Request{Type: "ping", ID: "7"}, &wire.Request{Type: "ping"}},
		"Welcome":      {&wire.Welcome{Protocol: 1, Epoch: "E", ServerTime: noon, WindowMS: 10, RateLimit: 100, Build: "b", Demo: true}, &wire.Welcome{}},
		"Subscribed":   {&wire.Subscribed{ID: "main", Filters: filters, Seq: 5, Replayed: 1, Resumed: true}, &wire.Subscribed{ID: "main", Filters: filters}},
		"Unsubscribed": {&wire.Unsubscribed{ID: "main", Seq: 9}},
		"Batch": {
			&wire.Batch{ID: "main", Seq: 7, SentAt: noon, Events: []*event.Event{e}, Suppressed: 1, Dropped: 2, Reset: true}, &wire.Batch{Seq: 7, SentAt: noon},
		},
		"Gap": {&wire.Gap{ID: "main", FromSeq: 1, ToSeq: 2, From: noon, To: noon, REST: "/api/patterns"}, &wire.Gap{REST: "/api/patterns"}},
		"Status": {
			&wire.Status{
				Ingest: "connected", Tiers: map[string]wire.TierStatus{"daily": {State: "stale", Reason: "silence", LastEventAt: noon}},
				Market: &wire.Market{Session: "regular", SessionDate: "2026-11-20", Holiday: "Some Day", EarlyClose: true, ClosesAt: noon, NextOpen: noon},
			},
			&wire.Status{Ingest: "down", Market: &wire.Market{Session: "closed"}},
		},
		"Pong":    {&wire.Pong{ID: "7"}, &wire.Pong{}},
		"Refusal": {&wire.Error{ID: "main", Code: wire.CodeBadFilter, Detail: "filters[0]: is none"}, &wire.Error{Code: wire.CodeBadFrame, Detail: "is none"}},
		"Bye":     {&wire.Bye{ReconnectMS: 2300}},
	}
}

// TestFramesAreWhatIsPublished holds the schemas to what package wire writes: nothing undocumented appears, every documented
// field does, and a schema allows no other frame.
func TestFramesAreWhatIsPublished(t *testing.T) {
	registry, sent, received := frameSchemas()
	all := samples()
	names := slices.Concat(sent, received)
	if len(all) != len(names) {
		t.Errorf("samples of %d frames, schemas of %d", len(all), len(names))
	}
	for _, name := range names {
		seen := map[string]bool{}
		for _, frame := range all[name] {
			text := frame.Append(nil, wire.JSON)
			var v map[string]any
			if err := json.Unmarshal(text, &v); err != nil {
				t.Fatal(err)
			}
			for key := range v {
				seen[key] = true
			}
			for _, other := range names {
				path := huma.NewPathBuffer(make([]byte, 0, 64), 0)
				var res huma.ValidateResult
				huma.Validate(registry, registry.Map()[other], path, huma.ModeReadFromServer, v, &res)
				if (len(res.Errors) == 0) != (other == name) {
					t.Errorf("%s as %s: %v\n%s", name, other, res.Errors, text)
				}
			}
		}
		for key := range registry.Map()[name].Properties {
			if !seen[key] {
				t.Errorf("%s.%s is documented and never appears", name, key)
			}
		}
	}
}

// TestFramesJSON looks at the published document: every reference leads somewhere, and what the server sends may grow.
func TestFramesJSON(t *testing.T) {
	text, err := FramesJSON()
	if err != nil {
		t.Fatal(err)
	}
	var doc struct {
		Ref  string                    `json:"$ref"`
		Defs map[string]map[string]any `json:"$defs"`
	}
	if err := json.Unmarshal(text, &doc); err != nil {
		t.Fatal(err)
	}
	for part := range strings.SplitSeq(string(text), `"#/$defs/`) {
		name, _, ok := strings.Cut(part, `"`)
		if ok && !strings.HasPrefix(part, "{") && doc.Defs[name] == nil {
			t.Errorf("nothing is named %s", name)
		}
	}
	if doc.Ref != "#/$defs/FromServer" || doc.Defs["Batch"]["additionalProperties"] != true || doc.Defs["FilterSpec"]["additionalProperties"] != false {
		t.Errorf("%s, a batch allows more: %v, a filter: %v", doc.Ref, doc.Defs["Batch"]["additionalProperties"], doc.Defs["FilterSpec"]["additionalProperties"])
	}
}
