package classify_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"tierboard/server/classify/found"
	"tierboard/shared/event"
)

func TestTrapPatternTypeMayBeATier(t *testing.T) { // T1
	c := newClassifier(t, nil)
	for _, tt := range []struct {
		text, pattern string
		tier          event.Tier
	}{
		{`"pattern":"DojiPattern","pattern_type":"daily"`, "doji", event.Daily},
		{`"pattern_name":"Doji","pattern_type":"COMBO"`, "doji", event.Combo},
		{`"pattern":"Doji","pattern_name":"Hammer","pattern_type":"Bull_Flag"`, "doji", event.Intraday},
		{`"pattern_name":"Hammer","pattern_type":"Bull_Flag"`, "hammer", event.Intraday},
		{`"pattern_type":"Bull_Flag"`, "bull_flag", event.Daily},
		{`"pattern":{},"pattern_type":"Bull_Flag"`, "bull_flag", event.Daily},
		{`"pattern":"Doji","pattern_type":"daily","tier":"intraday"`, "doji", event.Intraday},
	} {
		e := one(t, c, main, `{"symbol":"A","confidence":0.5,`+tt.text+`}`)
		if e.Pattern != tt.pattern || e.Tier != tt.tier {
			t.Errorf("%s: got %s %v, want %s %v", tt.text, e.Pattern, e.Tier, tt.pattern, tt.tier)
		}
	}
	e := one(t, c, main, `{"pattern_type":"intraday","data":{"symbol":"A","pattern":"Harami","confidence":0.5}}`)
	if e.Pattern != "harami" || e.Tier != event.Intraday {
		t.Errorf("a tier outside, the name inside: got %s %v", e.Pattern, e.Tier)
	}
}

func TestTrapSourceMayBeATier(t *testing.T) { // T2
	c := newClassifier(t, nil)
	for _, tt := range []struct {
		text, source string
		tier         event.Tier
	}{
		{`{"source":"TickStockPL","data":{"symbol":"A","pattern":"Harami","confidence":1,"source":"daily"}}`, "TickStockPL", event.Daily},
		{`{"source":"TickStockPL","data":{"symbol":"A","pattern":"Harami","confidence":1,"source":"hourly"}}`, "TickStockPL", event.Intraday},
		{`{"source":"TickStockPL","data":{"symbol":"A","pattern":"Doji","confidence":1,"source":"fallback"}}`, "TickStockPL", event.Intraday},
		{`{"source":"daily","symbol":"A","pattern":"Doji","confidence":1}`, "daily", event.Intraday},
		{`{"data":{"symbol":"A","pattern":"Doji","confidence":1,"source":"tickstock_pl"}}`, "tickstock_pl", event.Intraday},
	} {
		e := one(t, c, main, tt.text)
		if e.Source != tt.source || e.Tier != tt.tier {
			t.Errorf("%s: got source %q tier %v, want %q %v", tt.text, e.Source, e.Tier, tt.source, tt.tier)
		}
	}
	e := one(t, c, main, string(sample(t, "v12_fallback_data")))
	if d := details(t, e.Details); d["source"] != "fallback" {
		t.Errorf("an inner source that is no tier is lost: %v", d)
	}
}

func TestTrapTheSameDetectionTwice(t *testing.T) { // T3, D11, case 100
	c := newClassifier(t, nil)
	for _, name := range []string{"v8_detection", "v8_pattern_name", "v9_flat_streaming"} {
		a, b := one(t, c, streaming, string(sample(t, name))), one(t, c, detected, string(sample(t, name)))
		if a.ID != b.ID || a.Fingerprint() != b.Fingerprint() {
			t.Errorf("%s: %q and %q on two channels", name, a.ID, b.ID)
		}
	}
	// The same detection in other shapes, spellings and time forms.
	same := []string{
		`{"symbol":"ibm","pattern":"VolumeSpike","confidence":0.8,"timeframe":"5m","timestamp":"2025-10-06T14:00:00.5Z"}`,
		`{"type":"streaming_pattern","detection":{"ticker":"IBM","pattern_name":"Volume Spike","confidence":80,"timeframe":"5min","timestamp":1759759200.5}}`,
		`{"data":{"data":{"symbol":"IBM","pattern_type":"volume_spike","confidence":0.8,"timeframe":"5MIN","detected_at":"2025-10-06T10:00:00.500-04:00"}}}`,
		`{"symbol":"IBM","pattern":"VolumeSpikePattern","confidence":"0.80","timeframe":"5minutes","detection_timestamp":"2025-10-06 14:00:00.5"}`,
		`{"symbol":"IBM","pattern":"Volume_Spike","confidence":0.8,"timeframe":" 5m ","timestamp":1759759200500}`,
	}
	first := one(t, c, main, same[0])
	for _, text := range same[1:] {
		if e := one(t, c, main, text); e.ID != first.ID || e.Fingerprint() != first.Fingerprint() {
			t.Errorf("%s: got %s, want %s", text, e.ID, first.ID)
		}
	}
	withID := one(t, c, main, strings.Replace(same[0], "{", `{"flow_id":"f-1",`, 1))
	if withID.ID != "f-1" || withID.Fingerprint() != first.Fingerprint() {
		t.Errorf("a copy with an id: got %s", withID.ID)
	}
	for _, other := range []string{
		strings.Replace(same[0], "ibm", "ibm2", 1), strings.Replace(same[0], "5m", "15m", 1),
		strings.Replace(same[0], "00.5Z", "00.501Z", 1), strings.Replace(same[0], "VolumeSpike", "Doji", 1), strings.Replace(same[0], "{", `{"tier":"daily",`, 1),
	} {
		if e := one(t, c, main, other); e.ID == first.ID {
			t.Errorf("%s: another detection with the same id", other)
		}
	}
}

func TestTrapPercentConfidence(t *testing.T) { // T4
	c := newClassifier(t, nil)
	for _, tt := range []struct {
		text    string
		want    float64
		percent bool
	}{
		{"0", 0, false},
		{"-0.0", 0, false},
		{"1", 1, false},
		{"1.0", 1, false},
		{"0.750", .75, false},
		{`"0.66"`, .66, false},
		{"85.5", .855, true},
		{"100", 1, true},
		{"1.5", .015, true},
		{`"90"`, .9, true},
		{"8.5e1", .85, true},
	} {
		r := c.Classify(main, []byte(`{"symbol":"A","pattern":"Doji","confidence":`+tt.text+`}`), received)
		if len(r.Events) != 1 {
			t.Fatalf("%s: got %+v", tt.text, r)
		}
		e := r.Events[0]
		if _, noted := details(t, e.Details)["confidence_percent"]; e.Confidence != tt.want || r.Flags.Has(found.PercentConfidence) != tt.percent || noted != tt.percent {
			t.Errorf("%s: got %v, flags %b, details %s", tt.text, e.Confidence, r.Flags, e.Details)
		}
	}
}

func TestTrapTwoTimes(t *testing.T) { // T5
	c := newClassifier(t, nil)
	const inner, outer = "2025-10-06T14:00:00Z", "2025-10-06T14:00:01Z"
	const body = `"symbol":"A","pattern":"Doji","confidence":0.5`
	for _, tt := range []struct{ name, text, detected, published string }{
		{"outer and inner", `{"timestamp":"` + outer + `","data":{` + body + `,"timestamp":"` + inner + `"}}`, inner, outer},
		{"outer alone is both", `{"timestamp":"` + outer + `","data":{` + body + `}}`, outer, outer},
		{"inner alone is both", `{"data":{` + body + `,"timestamp":"` + inner + `"}}`, inner, inner},
		{"flat alone is both", `{` + body + `,"timestamp":"` + inner + `"}`, inner, inner},
		{"a name that means detection is not a publish time", `{` + body + `,"detected_at":"` + inner + `"}`, inner, ""},
		{"flat with both names", `{` + body + `,"detection_timestamp":"` + inner + `","timestamp":"` + outer + `"}`, inner, outer},
		{"published_at before an outer timestamp", `{` + body + `,"published_at":"` + outer + `","timestamp":"` + inner + `"}`, inner, outer},
		{"published_at alone is both", `{` + body + `,"published_at":"` + outer + `"}`, outer, outer},
		{"three levels", `{"timestamp":"` + outer + `","data":{"data":{` + body + `,"timestamp":"` + inner + `"}}}`, inner, outer},
		{"a bad publish time is no reason to lose the event", `{"timestamp":"soon","data":{` + body + `,"timestamp":"` + inner + `"}}`, inner, ""},
		{"a batch's time stands for its entries'", `{"batch_timestamp":"` + outer + `","patterns":[{` + body + `}]}`, outer, outer},
	} {
		e := one(t, c, main, tt.text)
		published := ""
		if !e.PublishedAt.IsZero() {
			published = e.PublishedAt.Format(time.RFC3339)
		}
		if got := e.DetectedAt.Format(time.RFC3339); got != tt.detected || published != tt.published {
			t.Errorf("%s: detected %s, published %q; want %s, %q", tt.name, got, published, tt.detected, tt.published)
		}
	}
}

func TestTrapPatternDataIsDetailOrDetection(t *testing.T) { // T6
	c := newClassifier(t, nil)
	e := one(t, c, main, `{"symbol":"A","pattern":"Doji","confidence":0.5,"pattern_data":{"symbol":"B","entry_price":5,"note":"x"}}`)
	d := details(t, e.Details)
	if e.Symbol != "A" || number(e.Price) != 5 || d["note"] != "x" || d["symbol"] != "B" {
		t.Errorf("as detail: got %s at %v, %v", e.Symbol, e.Price, d)
	}
	if e = one(t, c, main, string(sample(t, "v4_pattern_data"))); e.Symbol != "TSLA" {
		t.Errorf("as detection: got %s", e.Symbol)
	}
}

func TestTrapDepthIsNotSignalled(t *testing.T) { // T7
	c := newClassifier(t, nil)
	text := `{"symbol":"A","pattern":"Doji","confidence":0.5}`
	for depth := range 6 {
		r := c.Classify(main, []byte(text), received)
		if got := len(r.Events) == 1; got != (depth <= 4) {
			t.Errorf("%d envelopes: got %+v", depth, r)
		}
		text = fmt.Sprintf(`{"%s":%s}`, []string{"data", "detection", "payload", "pattern_data", "data", "data"}[depth], text)
	}
	// Wrappers that do not hold the detection are passed by; a complete detection is not looked into.
	e := one(t, c, main, `{"data":{"x":1},"payload":{"symbol":"A","pattern":"Doji","confidence":0.5,"data":{"symbol":"B"}}}`)
	if e.Symbol != "A" {
		t.Errorf("got %s", e.Symbol)
	}
	// Parts may lie on different levels, confidence too.
	e = one(t, c, main, `{"symbol":"A","data":{"pattern":"Doji","event_data":{"confidence":0.25}}}`)
	if e.Symbol != "A" || e.Pattern != "doji" || e.Confidence != .25 {
		t.Errorf("got %+v", e)
	}
	if r := c.Classify(main, []byte(`{"symbol":"A","data":{"confidence":0.25}}`), received); len(r.Rejects) != 1 || r.Rejects[0].Reason != found.NoPattern {
		t.Errorf("got %+v", r)
	}
}

func TestTrapTierOnAnyLevel(t *testing.T) { // T8, architecture 4
	c := newClassifier(t, nil)
	const body = `"symbol":"A","pattern":"Harami","confidence":0.5`
	for _, tt := range []struct {
		name, channel, text string
		want                event.Tier
	}{
		{"level 0", main, `{"tier":"daily","data":{"data":{` + body + `}}}`, event.Daily},
		{"level 1", main, `{"data":{"tier":"INTRADAY","data":{` + body + `}}}`, event.Intraday},
		{"level 2", main, `{"data":{"data":{"tier":"Combo",` + body + `}}}`, event.Combo},
		{"the innermost wins", main, `{"tier":"daily","data":{"tier":"combo",` + body + `}}`, event.Combo},
		{"daily_intraday", main, `{"tier":"daily_intraday",` + body + `}`, event.Combo},
		{"hourly", main, `{"tier":"hourly",` + body + `}`, event.Intraday},
		{"weekly", main, `{"tier":"Weekly",` + body + `}`, event.Daily},
		{"monthly", main, `{"tier":"monthly",` + body + `}`, event.Daily},
		{"another word is passed by", main, `{"tier":"indicators","timeframe":"1d",` + body + `}`, event.Daily},
		{"a word before combo fields", main, `{"tier":"daily","correlation_strength":0.5,` + body + `}`, event.Daily},
		{"combo fields before the timeframe", main, `{"daily_context":{},"timeframe":"5min",` + body + `}`, event.Combo},
		{"timeframe before the channel", streaming, `{"timeframe":"1week",` + body + `}`, event.Daily},
		{"timeframe 1h", main, `{"timeframe":"1h",` + body + `}`, event.Intraday},
		{"timeframe hourly", main, `{"timeframe":"hourly",` + body + `}`, event.Intraday},
		{"timeframe 30s", main, `{"timeframe":"30s",` + body + `}`, event.Intraday},
		{"timeframe 1D", main, `{"timeframe":"1D",` + body + `}`, event.Daily},
		{"timeframe 3 months", main, `{"timeframe":"3mo",` + body + `}`, event.Daily},
		{"timeframe monthly", main, `{"timeframe":"monthly",` + body + `}`, event.Daily},
		{"timeframe Combo", main, `{"timeframe":"Combo",` + body + `}`, event.Combo},
		{"timeframe Intraday", main, `{"timeframe":"Intraday",` + body + `}`, event.Intraday},
		{"a timeframe of nothing before the channel", "tickstock:patterns:daily", `{"timeframe":"all",` + body + `}`, event.Daily},
		{"a bare number as timeframe", "tickstock:patterns:daily", `{"timeframe":"5",` + body + `}`, event.Daily},
		{"streaming channel", streaming, `{` + body + `}`, event.Intraday},
		{"split channel daily", "tickstock.events.patterns.daily", `{` + body + `}`, event.Daily},
		{"split channel intraday", "tickstock.events.patterns.intraday", `{` + body + `}`, event.Intraday},
		{"split channel combo", "tickstock.events.patterns.combo", `{` + body + `}`, event.Combo},
		{"streaming by its type word", detected, `{"type":"streaming_pattern",` + body + `}`, event.Intraday},
		{"channel before the pattern", "tickstock:patterns:daily", `{"symbol":"A","pattern":"Doji","confidence":1}`, event.Daily},
		{"the pattern's only tier", main, `{"symbol":"A","pattern":"Doji","confidence":1}`, event.Intraday},
	} {
		if e := one(t, c, tt.channel, tt.text); e.Tier != tt.want {
			t.Errorf("%s: got %v, want %v", tt.name, e.Tier, tt.want)
		}
	}
	e := one(t, c, main, `{"tier":"daily_intraday",`+body+`}`)
	if d := details(t, e.Details); d["tier_received"] != "daily_intraday" {
		t.Errorf("the word received is lost: %v", d)
	}
}

func TestTrapLevelsAndIndicatorsChangeShape(t *testing.T) { // T9
	c := newClassifier(t, nil)
	read := func(text string) *event.Event {
		return one(t, c, main, `{"symbol":"A","pattern":"Doji","confidence":0.5,"timestamp":1759761120,`+text+`}`)
	}
	e := read(`"levels":[241.5,"243.0",{"type":"Stop_Loss","price":1},{"kind":"take_profit","value":9,"label":"T1"},{"type":"support","value":2},{"name":"pivot","level":3},{"type":"level","value":4}]`)
	want := []event.Level{
		{Kind: "level", Price: 241.5},
		{Kind: "level", Price: 243},
		{Kind: "stop", Price: 1},
		{Kind: "target", Price: 9, Label: "T1"},
		{Kind: "support", Price: 2},
		{Kind: "level", Price: 3, Label: "pivot"},
		{Kind: "level", Price: 4},
	}
	if d := cmp.Diff(want, e.Levels); d != "" || e.Details != "" {
		t.Errorf("(-want +got):\n%s details %s", d, e.Details)
	}
	e = read(`"entry_price":5,"stop_loss":4,"target_price":7,"breakout_level":5.5,"indicators":{"support_level":3,"resistance_level":8,"macd":{"line":1}},"levels":[{"type":"stop","value":4}]`)
	want = []event.Level{
		{Kind: "entry", Price: 5},
		{Kind: "stop", Price: 4},
		{Kind: "target", Price: 7},
		{Kind: "level", Price: 5.5, Label: "breakout"},
		{Kind: "support", Price: 3},
		{Kind: "resistance", Price: 8},
	}
	if d := cmp.Diff(want, e.Levels); d != "" || e.Details != `{"macd":{"line":1}}` || number(e.Price) != 5 {
		t.Errorf("(-want +got):\n%s details %s", d, e.Details)
	}
	// What is not understood stays, whole.
	e = read(`"levels":[1,"high",{"type":"x"},-3,null]`)
	if len(e.Levels) != 1 || e.Details != `{"levels":[1,"high",{"type":"x"},-3,null]}` {
		t.Errorf("got %v, details %s", e.Levels, e.Details)
	}
	many := "0"
	for i := 1; i < 40; i++ {
		many += fmt.Sprintf(",%d", i)
	}
	e = read(`"levels":[` + many + `]`)
	if len(e.Levels) != event.MaxLevels || len(details(t, e.Details)["levels"].([]any)) != 40 {
		t.Errorf("got %d levels, details %s", len(e.Levels), e.Details)
	}
	if e = read(`"levels":"none","indicators":7`); len(e.Levels) != 0 || e.Details != `{"levels":"none","indicators":7}` {
		t.Errorf("got %v, details %s", e.Levels, e.Details)
	}
}

func TestTrapFiveSpellings(t *testing.T) { // T10, D12
	c := newClassifier(t, nil)
	for _, spelling := range []string{"VolumeSpike", "Volume_Spike", "volume_spike", "Volume Spike", "VolumeSpikePattern"} {
		e := one(t, c, main, `{"symbol":"A","confidence":0.5,"pattern":"`+spelling+`"}`)
		if e.Pattern != "volume_spike" || e.Label != "Volume Spike" {
			t.Errorf("%s: got %s, %s", spelling, e.Pattern, e.Label)
		}
		note, noted := details(t, e.Details)["pattern_received"]
		if plain := spelling == e.Pattern || spelling == e.Label; noted == plain || noted && note != spelling {
			t.Errorf("%s: details %s", spelling, e.Details)
		}
	}
	e := one(t, c, main, `{"symbol":"A","confidence":0.5,"tier":"daily","pattern":"CupAndHandlePattern","pattern_name":"cup_and_handle"}`)
	if e.Pattern != "cup_and_handle" || e.Label != "Cup And Handle" || details(t, e.Details)["pattern_name"] != nil {
		t.Errorf("an unknown name: got %s, %s, %s", e.Pattern, e.Label, e.Details)
	}
}
