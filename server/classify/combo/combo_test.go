package combo_test

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/valyala/fastjson"

	"tierboard/server/classify/combo"
	"tierboard/server/classify/found"
	"tierboard/server/classify/layers"
	"tierboard/server/classify/loose"
	"tierboard/server/classify/reading"
	"tierboard/shared/event"
)

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

// take reads the combo of an object, and what was flagged.
func take(t *testing.T, text string) (c *event.ComboDetail, flags found.Flags) {
	t.Helper()
	p := reading.NewPass(64, 16<<10, 24*time.Hour, func(at time.Time) (event.Session, string) { return event.Regular, at.Format(time.DateOnly) })
	p.Channel, p.Received = "c", at("2025-10-06T14:40:00Z")
	parser := loose.Reader{MaxBytes: 1 << 20, MaxDepth: 24}
	err := parser.Read([]byte(text), func(v *fastjson.Value) {
		o, err := p.Objects.List(v, p.MaxFields)
		if o == nil || err != nil {
			t.Fatalf("%s: no object: %v", text, err)
		}
		s := &layers.Stack{}
		s.Push(o)
		c = combo.Take(&p, s)
	})
	if err != nil {
		t.Fatal(err)
	}
	return c, p.Out.Flags
}

func TestComboLinks(t *testing.T) {
	get := func(text string) *event.ComboDetail {
		c, _ := take(t, `{`+text+`}`)
		return c
	}
	for _, tt := range []struct {
		text           string
		setup, trigger *event.Link
	}{
		{`"correlation_strength":0.5`, nil, nil},
		{`"daily_context":{},"intraday_trigger":null`, nil, nil},
		{`"daily_context":7,"intraday_trigger":" "`, nil, nil},
		{`"daily_context":"Bull_Flag"`, &event.Link{Kind: event.LinkMissing, Pattern: "bull_flag", Label: "Bull Flag"}, nil},
		{`"daily_context":{"id":"77aa"}`, &event.Link{Kind: event.LinkExact, ID: "77aa"}, nil},
		{`"daily_context":{"id":77}`, &event.Link{Kind: event.LinkMissing, Details: `{"id":77}`}, nil},
		{`"daily_context":{"event_id":"e","metadata":{"pattern_id":"p"}}`, &event.Link{Kind: event.LinkExact, ID: "e", Details: `{"pattern_id":"p"}`}, nil},
		{`"daily_context":{"metadata":{"pattern_id":"p","rank":1}}`, &event.Link{Kind: event.LinkExact, ID: "p", Details: `{"rank":1}`}, nil},
		{`"daily_pattern_id":12`, nil, nil},
		{`"daily_pattern_id":"dp-12"`, &event.Link{Kind: event.LinkExact, ID: "dp-12"}, nil},
		{`"daily_pattern_id":"dp-12","daily_context":{"flow_id":"f"}`, &event.Link{Kind: event.LinkExact, ID: "f"}, nil},
		{
			`"intraday_signal":{"pattern":"Hammer","confidence":90,"timestamp":"bad","timeframe":"5m"}`, nil,
			&event.Link{Kind: event.LinkMissing, Pattern: "hammer", Label: "Hammer", Confidence: event.Num(.9), Timeframe: "5min", Details: `{"timestamp":"bad"}`},
		},
		{
			`"intraday_trigger":{"detection_id":5,"detected_at":"2025-10-06T14:00:00Z","confidence":"x"},"intraday_signal":{"pattern":"Hammer"}`, nil,
			&event.Link{Kind: event.LinkExact, ID: "detection-5", DetectedAt: at("2025-10-06T14:00:00Z"), SessionDate: "2025-10-06", Details: `{"confidence":"x"}`},
		},
	} {
		got := get(tt.text)
		if d := cmp.Diff([]*event.Link{tt.setup, tt.trigger}, []*event.Link{got.Setup, got.Trigger}, byValue); d != "" {
			t.Errorf("%s (-want +got):\n%s", tt.text, d)
		}
	}
	big := `"daily_context":{"id":"x","a":"` + strings.Repeat("a", 3000) + `","b":"` + strings.Repeat("b", 3000) + `"}`
	c, flags := take(t, `{`+big+`}`)
	if l := c.Setup; len(l.Details) > 4<<10 || !flags.Has(found.DetailsCut) || !strings.HasPrefix(l.Details, `{"details_cut":true,`) {
		t.Errorf("details of %d bytes, flags %b", len(l.Details), flags)
	}
}

// TestRowsDateTheirLinks reads the database's columns, which tell the time of the daily event beside its id.
func TestRowsDateTheirLinks(t *testing.T) {
	c, _ := take(t, `{"daily_pattern_id":"dp-12","daily_pattern_timestamp":"2025-10-03T20:00:00Z","correlation_strength":"0.5"}`)
	want := &event.ComboDetail{
		Setup:       &event.Link{Kind: event.LinkExact, ID: "dp-12", DetectedAt: at("2025-10-03T20:00:00Z"), SessionDate: "2025-10-03"},
		Correlation: event.Num(.5),
	}
	if d := cmp.Diff(want, c, byValue); d != "" {
		t.Errorf("(-want +got):\n%s", d)
	}
}
