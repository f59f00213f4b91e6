package demo

import (
	"encoding/json"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

var noon = time.Date(2025, 10, 6, 17, 0, 0, 0, time.UTC)

// sent is a step and the time it was taken at.
type sent struct {
	Step
	at time.Time
}

// collect takes steps for the given stretch of the feed's time.
func collect(t *testing.T, cfg FeedConfig, length time.Duration) []sent {
	t.Helper()
	f, err := NewFeed(cfg)
	if err != nil {
		t.Fatal(err)
	}
	var out []sent
	at := noon
	for step := range f.Steps(noon) {
		at = at.Add(step.Delay)
		if at.Sub(noon) > length {
			break
		}
		out = append(out, sent{step, at})
	}
	return out
}

// object decodes a payload.
func object(t *testing.T, payload string) map[string]any {
	t.Helper()
	var o map[string]any
	if err := json.Unmarshal([]byte(payload), &o); err != nil {
		t.Fatalf("%v in %s", err, payload)
	}
	return o
}

// seen is a detection as a reader of the channel finds it.
type seen struct {
	tier, symbol, pattern, direction, id string
	confidence                           float64
	at                                   time.Time
	payload                              string
	channel                              string
	body                                 map[string]any
}

// open finds the detections of a message: the innermost object with a symbol, and what the envelopes add.
func open(t *testing.T, s sent) []seen {
	t.Helper()
	o := object(t, s.Payload)
	if list, ok := o["patterns"].([]any); ok {
		if o["count"] != float64(len(list)) {
			t.Errorf("count %v for %d entries", o["count"], len(list))
		}
		var out []seen
		for _, e := range list {
			out = append(out, dig(t, s, e.(map[string]any), seen{}))
		}
		return out
	}
	return []seen{dig(t, s, o, seen{})}
}

func dig(t *testing.T, s sent, o map[string]any, d seen) seen {
	t.Helper()
	text := func(keys ...string) string {
		for _, k := range keys {
			if v, ok := o[k].(string); ok {
				return v
			}
		}
		return ""
	}
	d.tier = max(d.tier, text("tier"))
	if id := text("flow_id", "event_id"); id != "" {
		d.id = id
	}
	if _, ok := o["symbol"]; !ok {
		for _, k := range []string{"data", "payload", "detection"} {
			if in, ok := o[k].(map[string]any); ok {
				return dig(t, s, in, d)
			}
		}
		t.Fatalf("no detection in %s", s.Payload)
	}
	d.symbol, d.pattern, d.direction = text("symbol"), text("pattern", "pattern_name", "pattern_type"), text("direction")
	d.confidence, _ = o["confidence"].(float64)
	meta, _ := o["metadata"].(map[string]any)
	if meta["invented"] != true {
		t.Errorf("detection is not marked as invented: %s", s.Payload)
	}
	if id, ok := meta["pattern_id"].(string); ok {
		d.id = id
	}
	if d.tier == "" {
		d.tier = "intraday"
		if tf := text("timeframe"); tf == "1D" || tf == "1day" {
			d.tier = "daily"
		}
	}
	d.at, d.payload, d.channel, d.body = s.at, s.Payload, s.Channel, o
	return d
}

func isDetection(channel string) bool {
	switch channel {
	case channelMain, channelDetection, channelStreaming, channelDetected:
		return true
	}
	return false
}

func TestEveryMessageIsMarkedAndStampedNow(t *testing.T) {
	channels := map[string]int{}
	for _, s := range collect(t, FeedConfig{Seed: 4, Run: "r"}, 5*time.Minute) {
		channels[s.Channel]++
		o := object(t, s.Payload)
		if o["source"] != Source {
			t.Fatalf("source %v in %s", o["source"], s.Payload)
		}
		for _, key := range []string{"timestamp", "published_at", "batch_timestamp"} {
			var at time.Time
			switch v := o[key].(type) {
			case nil:
				continue
			case float64:
				at = time.UnixMilli(int64(math.Round(v * 1000)))
			case string:
				var err error
				if at, err = time.Parse(isoBare, strings.TrimSuffix(v, "Z")); err != nil {
					if at, err = time.Parse(time.RFC3339Nano, v); err != nil {
						t.Fatal(err)
					}
				}
			}
			// The second copy of a detection is the same bytes some milliseconds later.
			if late := s.at.Sub(at); late < 0 || late > 50*time.Millisecond {
				t.Errorf("%s is %v old at publication: %s", key, late, s.Payload)
			}
		}
	}
	for _, c := range []string{
		channelMain, channelDetection, channelOutcomes, channelStreaming, channelDetected, channelSessionStarted,
		channelSessionStopped, channelHealth,
	} {
		if channels[c] == 0 {
			t.Errorf("nothing on %s in five minutes: %v", c, channels)
		}
	}
}

func TestBoardIsLivelyButCalm(t *testing.T) {
	const length = 20 * time.Minute
	early, total := map[string]int{}, map[string]int{}
	bands := map[string]map[string]int{"daily": {}, "intraday": {}, "combo": {}}
	distinct := map[string]bool{}
	for _, s := range collect(t, FeedConfig{Seed: 1, Run: "r"}, length) {
		if !isDetection(s.Channel) {
			continue
		}
		for _, d := range open(t, s) {
			if distinct[d.id] {
				continue
			}
			distinct[d.id] = true
			total[d.tier]++
			if s.at.Sub(noon) < 2*time.Second {
				early[d.tier]++
			}
			if s.at.Sub(noon) < 5*time.Second {
				total[d.tier+" in time"]++
			}
			switch {
			case d.confidence >= 0.9:
				bands[d.tier]["critical"]++
			case d.confidence >= 0.8:
				bands[d.tier]["high"]++
			case d.confidence >= 0.6:
				bands[d.tier]["medium"]++
			default:
				bands[d.tier]["low"]++
			}
		}
	}
	if first := total["intraday in time"]; first == 0 {
		t.Error("nothing intraday within five seconds")
	}
	if early["daily"] < 10 {
		t.Errorf("first two seconds brought %v, want ten daily detections", early)
	}
	if rate := float64(total["intraday"]) / length.Seconds(); rate < 1 || rate > 3 {
		t.Errorf("%.2f intraday detections a second, want 1 to 3", rate)
	}
	if rate := float64(total["combo"]) / length.Minutes(); rate < 1 || rate > 8 {
		t.Errorf("%.2f combinations a minute, want 1 to 8", rate)
	}
	for _, band := range []string{"low", "medium", "high", "critical"} {
		if bands["intraday"][band] == 0 || bands["daily"][band] == 0 {
			t.Errorf("a tier without %s: %v", band, bands)
		}
	}
	if bands["combo"]["medium"] == 0 || bands["combo"]["high"] == 0 {
		t.Errorf("combinations are all alike: %v", bands["combo"])
	}
	t.Logf("totals %v, bands %v", total, bands)
}

func TestCombinationsLinkWhatWasPublished(t *testing.T) {
	published := map[string]seen{}
	combos := 0
	shapes := map[bool]int{} // levels as numbers?
	for _, s := range collect(t, FeedConfig{Seed: 2, Run: "r"}, 20*time.Minute) {
		if !isDetection(s.Channel) {
			continue
		}
		for _, d := range open(t, s) {
			if first, ok := published[d.id]; ok && s.Channel != channelDetected {
				t.Fatalf("id %s twice: %s and %s", d.id, first.payload, d.payload)
			} else if !ok {
				published[d.id] = d
			}
			if d.tier != "combo" {
				continue
			}
			combos++
			levels := d.body["levels"].([]any)
			_, isNumber := levels[0].(float64)
			shapes[isNumber]++
			if c := d.body["correlation_strength"].(float64); c <= 0 || c > 1 {
				t.Errorf("correlation %v", c)
			}
			for key, tier := range map[string]string{"daily_context": "daily", "intraday_trigger": "intraday"} {
				side := d.body[key].(map[string]any)
				other, ok := published[side["id"].(string)]
				if !ok {
					t.Fatalf("%s names %v, which was not published before", key, side["id"])
				}
				got := []any{side["pattern"], side["confidence"], side["detected_at"], d.symbol, d.direction, tier}
				want := []any{other.pattern, other.confidence, other.at.Format(isoZulu), other.symbol, other.direction, other.tier}
				if diff := cmp.Diff(want, got); diff != "" {
					t.Errorf("%s (-published +combo):\n%s", key, diff)
				}
			}
		}
	}
	if combos < 20 || shapes[true] == 0 || shapes[false] == 0 {
		t.Errorf("%d combinations, levels as numbers %v", combos, shapes)
	}
}

func TestStrongStreamingDetectionsComeTwice(t *testing.T) {
	waiting := map[string]time.Time{}
	copies := 0
	for _, s := range collect(t, FeedConfig{Seed: 3, Run: "r"}, 5*time.Minute) {
		switch s.Channel {
		case channelStreaming:
			if o := object(t, s.Payload); o["patterns"] == nil && open(t, s)[0].confidence >= duplicateFrom {
				waiting[s.Payload] = s.at
			}
		case channelDetected:
			if object(t, s.Payload)["payload"] != nil {
				continue // a daily one
			}
			first, ok := waiting[s.Payload]
			if !ok {
				t.Fatalf("copy without its first: %s", s.Payload)
			}
			if gap := s.at.Sub(first); gap <= 0 || gap > 50*time.Millisecond {
				t.Errorf("copy after %v", gap)
			}
			delete(waiting, s.Payload)
			copies++
		}
	}
	if copies < 10 || len(waiting) > 1 { // the last one's copy may lie beyond the end
		t.Errorf("%d copies, %d strong detections without one", copies, len(waiting))
	}
}

func TestOutcomesFollowThePrice(t *testing.T) {
	published := map[string]seen{}
	told := map[string]map[string]bool{}
	count := map[string]int{}
	for _, s := range collect(t, FeedConfig{Seed: 5, Run: "r", Speed: 40}, 2*time.Minute) {
		if isDetection(s.Channel) {
			for _, d := range open(t, s) {
				if _, ok := published[d.id]; !ok {
					published[d.id] = d
				}
			}
		}
		if s.Channel != channelOutcomes {
			continue
		}
		o := object(t, s.Payload)
		d, ok := published[o["detection_id"].(string)]
		if !ok || o["symbol"] != d.symbol || o["pattern_name"] != d.pattern || o["detection_timestamp"] != d.at.Format(isoZulu) {
			t.Fatalf("outcome of an unknown detection: %s", s.Payload)
		}
		horizon := "1d"
		if o["outcome_5d"] != nil {
			horizon = "5d"
		}
		if told[d.id] == nil {
			told[d.id] = map[string]bool{}
		}
		if told[d.id][horizon] || o["outcome_1d"] == nil || o["outcome_30d"] != nil {
			t.Errorf("outcome told twice or out of turn: %s", s.Payload)
		}
		told[d.id][horizon] = true
		count[horizon+" "+d.tier]++
		for _, h := range []string{"1d", "5d"} {
			v, ok := o["outcome_"+h].(float64)
			if !ok {
				if o["success_"+h] != nil {
					t.Errorf("success without outcome: %s", s.Payload)
				}
				continue
			}
			if math.Abs(v) > 0.6 {
				t.Errorf("outcome %v is no fraction", v)
			}
			want := v > 0
			if d.direction == "bearish" {
				want = v < 0
			}
			if o["success_"+h] != want {
				t.Errorf("success_%s %v for %v, %s", h, o["success_"+h], v, d.direction)
			}
		}
	}
	for _, k := range []string{"1d daily", "5d daily", "1d intraday", "5d intraday", "1d combo", "5d combo"} {
		if count[k] == 0 {
			t.Errorf("no outcome %s: %v", k, count)
		}
	}
}

// TestOutcomeIsTheReturnOfTheClose holds the arithmetic of horizons against the daily bars themselves.
func TestOutcomeIsTheReturnOfTheClose(t *testing.T) {
	f, err := NewFeed(FeedConfig{Seed: 6})
	if err != nil {
		t.Fatal(err)
	}
	days := f.market.Daily(2)
	last := f.market.Number()
	r := &record{symbol: 2, session: last - 5}
	r.Bar = days[len(days)-6]
	for horizon := 1; horizon <= 5; horizon++ {
		want := days[len(days)-6+horizon].Close/r.Bar.Close - 1
		if got := f.result(r, last, horizon); got != want {
			t.Errorf("result after %d sessions %v, want %v", horizon, got, want)
		}
	}
}

func TestSessionsAndHealth(t *testing.T) {
	var running string
	var starts, stops, zeros, flat, nested int
	for _, s := range collect(t, FeedConfig{Seed: 7, Run: "r", Speed: 20}, 2*time.Minute) {
		o := object(t, s.Payload)
		switch s.Channel {
		case channelSessionStarted:
			starts++
			id := o["session"].(map[string]any)["session_id"].(string)
			if id == running {
				t.Errorf("session %s began twice", id)
			}
			running = id
		case channelSessionStopped:
			stops++
			if o["session_id"] != running {
				t.Errorf("stopped %v, running is %s", o["session_id"], running)
			}
			if o["bars_processed"] != float64(60*390) {
				t.Errorf("bars %v", o["bars_processed"])
			}
		case channelHealth:
			h, ok := o["health"].(map[string]any)
			switch {
			case !ok:
				flat++
			case h["active_symbols"] == float64(0):
				zeros++
			default:
				nested++
			}
		}
	}
	if starts < 4 || stops < 3 || starts-stops > 1 || starts < stops {
		t.Errorf("%d starts, %d stops", starts, stops)
	}
	if zeros == 0 || flat == 0 || nested <= zeros {
		t.Errorf("health: %d flat, %d nested, %d empty", flat, nested, zeros)
	}
}

func TestSameSeedSameFeed(t *testing.T) {
	cfg := FeedConfig{Seed: 9, Run: "r"}
	one := collect(t, cfg, 4*time.Minute)
	if d := cmp.Diff(one, collect(t, cfg, 4*time.Minute), cmp.AllowUnexported(sent{})); d != "" {
		t.Errorf("two feeds of one seed differ:\n%s", d)
	}
	ids := map[string]bool{}
	for _, s := range one {
		if isDetection(s.Channel) {
			ids[open(t, s)[0].id] = true
		}
	}
	for _, other := range []FeedConfig{{Seed: 9, Run: "another"}, {Seed: 10, Run: "r"}} {
		for _, s := range collect(t, other, 30*time.Second) {
			if isDetection(s.Channel) && ids[open(t, s)[0].id] {
				t.Fatalf("feed %+v repeats an id of %+v: %s", other, cfg, s.Payload)
			}
		}
	}
}

func TestEveryShapeOccurs(t *testing.T) {
	got := map[string]bool{}
	for _, s := range collect(t, FeedConfig{Seed: 1, Run: "r"}, 10*time.Minute) {
		o := object(t, s.Payload)
		inner := func(key string) map[string]any { v, _ := o[key].(map[string]any); return v }
		switch {
		case s.Channel == channelDetection && o["pattern_name"] != nil:
			got["registry"] = true
		case o["payload"] != nil:
			got["payload"] = true
		case inner("data")["data"] != nil:
			got["data.data"] = true
		case inner("data")["daily_context"] != nil:
			got["combo"] = true
		case o["data"] != nil:
			got["data"] = true
		case o["type"] == "streaming_pattern":
			got["detection"] = true
		case o["event"] == "streaming_pattern":
			got["detection, second form"] = true
		case s.Channel == channelStreaming && o["pattern_type"] != nil:
			got["flat"] = true
		case o["type"] == "streaming_patterns_batch" || o["type"] == "patterns_batch":
			got[o["type"].(string)] = true
		}
	}
	for _, want := range []string{
		"registry", "payload", "data.data", "combo", "data", "detection", "detection, second form", "flat",
		"streaming_patterns_batch", "patterns_batch",
	} {
		if !got[want] {
			t.Errorf("shape %q did not occur in ten minutes", want)
		}
	}
}

func TestFeedStateIsBounded(t *testing.T) {
	f, err := NewFeed(FeedConfig{Seed: 1, Speed: 1000})
	if err != nil {
		t.Fatal(err)
	}
	for f.market.Number() < 101 {
		f.Next(noon)
	}
	if len(f.pending) > 2000 || len(f.setups) > 1000 || len(f.queue) > 2000 {
		t.Errorf("after ten sessions: %d pending outcomes, %d setups, %d queued", len(f.pending), len(f.setups), len(f.queue))
	}
}

func TestSpellings(t *testing.T) {
	for _, tc := range []struct{ slug, under, join, space, registry string }{
		{"weekly_breakout", "Weekly_Breakout", "WeeklyBreakout", "Weekly Breakout", "WeeklyBO"},
		{"vwap_break", "VWAP_Break", "VWAPBreak", "VWAP Break", "VWAPBreak"},
		{"rsi_divergence", "RSI_Div", "RSIDivergence", "RSI Divergence", "RSIDivergence"},
	} {
		got := []string{underscored(tc.slug), joined(tc.slug), spaced(tc.slug), registered(tc.slug)}
		if d := cmp.Diff([]string{tc.under, tc.join, tc.space, tc.registry}, got); d != "" {
			t.Errorf("%s: %s", tc.slug, d)
		}
	}
	ids := map[int]bool{}
	for _, p := range []string{"weekly_breakout", "support_break", "bull_flag", "bear_flag", "support_test", "resistance_test", "double_bottom", "double_top", "volume_spike", "vwap_break"} {
		if ids[registryID(p)] {
			t.Errorf("registry id %d is taken twice", registryID(p))
		}
		ids[registryID(p)] = true
	}
}
