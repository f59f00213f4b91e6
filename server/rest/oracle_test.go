package rest

import (
	"bufio"
	"context"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"log/slog"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"tierboard/server/query"
	"tierboard/server/rest/record"
	"tierboard/server/rest/resttest"
	"tierboard/server/sse"
	"tierboard/shared/api"
	"tierboard/shared/event"
	"tierboard/shared/filter"
	"tierboard/shared/wire"
)

// The values that random events and filters are made of. Filters know some that events have not.
var (
	symbols    = []string{"AAPL", "NVDA", "TSLA", "BRK.B", "ZZZZ"}
	patterns   = []string{"volume_spike", "bull_flag", "doji", "made_up"}
	timeframes = []string{"1min", "5min", "daily"}
	scores     = []float64{0, .25, .5, .6, .75, .8, .9, .95, 1}
)

// randomEvents draws events in the order in which they are received.
func randomEvents(t *rapid.T) []*event.Event {
	n := rapid.IntRange(0, 60).Draw(t, "events")
	received := resttest.Friday.Add(-3 * time.Hour)
	var out []*event.Event
	for i := range n {
		received = received.Add(time.Duration(rapid.SampledFrom([]int{0, 1, 1000, 90_000}).Draw(t, "gap")) * time.Millisecond)
		detected := received.Add(-time.Duration(rapid.SampledFrom([]int{-5000, 0, 20, 60_000, 7_200_000}).Draw(t, "late")) * time.Millisecond)
		e := resttest.Spike(fmt.Sprintf("e%02d", i), rapid.SampledFrom(symbols[:4]).Draw(t, "symbol"), detected, rapid.SampledFrom(scores).Draw(t, "score"))
		if rapid.Bool().Draw(t, "daily") {
			e = resttest.Flag(e.ID, e.Symbol, detected, e.Confidence)
		}
		e.ReceivedAt = received
		e.Pattern = rapid.SampledFrom(patterns[:3]).Draw(t, "pattern")
		e.Timeframe = rapid.SampledFrom(timeframes).Draw(t, "timeframe")
		e.Session = rapid.SampledFrom([]event.Session{event.PreMarket, event.Regular, event.PostMarket}).Draw(t, "session")
		e.Direction = rapid.SampledFrom([]event.Direction{"", event.Bullish, event.Bearish}).Draw(t, "direction")
		e.SessionDate = rapid.SampledFrom([]string{"2026-11-19", "2026-11-20"}).Draw(t, "date")
		e.ExpiresAt = rapid.SampledFrom([]time.Time{{}, resttest.Friday.Add(-time.Minute), resttest.Friday.Add(time.Minute), resttest.Friday}).Draw(t, "expires")
		out = append(out, e)
	}
	return slices.CompactFunc(out, func(a, b *event.Event) bool { return a.Fingerprint() == b.Fingerprint() })
}

// distinct drops copies, as the hub would.
func distinct(events []*event.Event) []*event.Event {
	seen := map[string]bool{}
	return slices.DeleteFunc(events, func(e *event.Event) bool {
		f := e.Fingerprint()
		defer func() { seen[f] = true }()
		return seen[f]
	})
}

// wish is a filter in the two ways a client can write it: a query string, and a frame of the live stream.
type wish struct {
	values url.Values
	frame  map[string]any
}

// randomWish draws a filter. Single tiers are left to the path.
func randomWish(t *rapid.T) wish {
	w := wish{values: url.Values{}, frame: map[string]any{}}
	list := func(param, key string, from []string) {
		if rapid.IntRange(0, 3).Draw(t, param) > 0 {
			return
		}
		some := rapid.SliceOfN(rapid.SampledFrom(from), 0, 3).Draw(t, param+" values")
		w.values.Set(param, strings.Join(some, ","))
		items := make([]any, len(some))
		for i, s := range some {
			items[i] = s
		}
		w.frame[key] = items
	}
	list("symbols", "symbols", append([]string{"aapl"}, symbols...))
	list("exclude_symbols", "exclude_symbols", symbols)
	list("pattern_types", "pattern_types", append([]string{"VolumeSpike", "Bull Flag"}, patterns...))
	list("timeframes", "timeframes", append([]string{"5m", "1d"}, timeframes...))
	list("sessions", "sessions", []string{"pre_market", "regular"})
	list("direction", "directions", []string{"bullish", "bearish"})
	list("tiers", "tiers", []string{"daily", "intraday", "combo"})
	list("kinds", "kinds", []string{"pattern", "alert"})
	if rapid.IntRange(0, 3).Draw(t, "min") == 0 {
		x := rapid.SampledFrom(scores[:7]).Draw(t, "confidence_min")
		w.values.Set("confidence_min", strconv.FormatFloat(x, 'g', -1, 64))
		w.frame["confidence_min"] = x
	}
	if rapid.IntRange(0, 5).Draw(t, "max") == 0 {
		x := rapid.SampledFrom(scores[6:]).Draw(t, "confidence_max")
		w.values.Set("confidence_max", strconv.FormatFloat(x, 'g', -1, 64))
		w.frame["confidence_max"] = x
	}
	if rapid.IntRange(0, 5).Draw(t, "priority") == 0 {
		x := rapid.SampledFrom([]string{"low", "medium", "critical"}).Draw(t, "priority_min")
		w.values.Set("priority_min", x)
		w.frame["priority_min"] = x
	}
	return w
}

// randomQuestion draws what only lists have, with what it means.
func randomQuestion(t *rapid.T, v url.Values) query.Question {
	q := query.Question{Sort: query.Newest, Now: resttest.Friday}
	at := func(param string, to *time.Time) {
		if rapid.IntRange(0, 4).Draw(t, param) > 0 {
			return
		}
		*to = resttest.Friday.Add(-time.Duration(rapid.SampledFrom([]int{1, 60, 3600, 7200, 10_800}).Draw(t, param+" s")) * time.Second)
		v.Set(param, to.Format(time.RFC3339))
	}
	at("since", &q.Since)
	at("updated_since", &q.UpdatedSince)
	if q.Since.IsZero() {
		at("until", &q.Until)
	}
	if rapid.IntRange(0, 4).Draw(t, "date") == 0 {
		q.SessionDate = "2026-11-20"
		v.Set("session_date", q.SessionDate)
	}
	if rapid.IntRange(0, 3).Draw(t, "status") == 0 {
		q.Active = true
		v.Set("status", "active")
	}
	if rapid.Bool().Draw(t, "sorted") {
		q.Sort = rapid.SampledFrom([]query.Sort{query.Newest, query.Oldest, query.Surest, query.BySymbol, query.Soonest}).Draw(t, "sort")
		v.Set("sort", string(q.Sort))
	}
	return q
}

// meant reads a wish the way a frame is read, and returns the ids of the events it wants in an order.
func meant(t *rapid.T, w wish, q query.Question, events []*event.Event) []string {
	f, err := filter.DefaultSchema().Parse(w.frame, "filter")
	if err != nil {
		t.Fatalf("the frame is refused: %v", err)
	}
	q.Filter = f
	rows, _ := resttest.Oracle(events, query.Ask{Question: q, Limit: 1 << 20})
	out := []string{}
	for _, r := range rows {
		out = append(out, r.ID)
	}
	return out
}

// TestListsAgreeWithTheOracle pages through lists that come from the ring, from the archive, or from both, and compares
// them with a plain scan.
func TestListsAgreeWithTheOracle(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		events := distinct(randomEvents(rt))
		ring := rapid.SampledFrom([]int{1, 8, 64}).Draw(rt, "ring")
		r := start(t, setup{ring: ring})
		r.publish(events...)
		// What the ring has forgotten must be stored, what it holds may be.
		stored := rapid.IntRange(max(len(events)-ring, 0), len(events)).Draw(rt, "stored")
		r.memory.Store(events[:stored]...)
		if rapid.Bool().Draw(rt, "ahead") { // the archive may know more than it says
			r.memory.StoreQuietly(events[stored:]...)
		}

		w := randomWish(rt)
		q := randomQuestion(rt, w.values)
		want := meant(rt, w, q, events)
		limit := rapid.IntRange(1, 20).Draw(rt, "limit")
		w.values.Set("limit", strconv.Itoa(limit))
		got := []string{}
		target := "/api/patterns?" + w.values.Encode()
		for range len(events)/limit + 2 {
			var l api.PatternList
			r.Get(target).Is(200).Read(&l)
			got = append(got, resttest.IDs(l.Patterns)...)
			if len(l.Patterns) > limit || l.Metadata.Count != len(l.Patterns) {
				rt.Fatalf("page of %d, counted %d, limit %d", len(l.Patterns), l.Metadata.Count, limit)
			}
			if target = l.Metadata.NextURL; target == "" {
				break
			}
		}
		if diff := cmp.Diff(want, got); diff != "" {
			rt.Fatalf("%s: want -, got +\n%s", w.values.Encode(), diff)
		}
	})
}

// TestOneFilterEverywhere holds lists, exports, the event stream and the live stream to filter.Match.
func TestOneFilterEverywhere(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		events := distinct(randomEvents(rt))
		r := start(t, setup{noArchive: true})
		r.publish(events...)
		r.settle()
		w := randomWish(rt)
		q := query.Question{Sort: query.Oldest, Now: resttest.Friday}
		want := meant(rt, w, q, events)
		slices.Sort(want)
		same := func(where string, got []string) {
			slices.Sort(got)
			if diff := cmp.Diff(want, got); diff != "" {
				rt.Fatalf("%s of %s: want -, got +\n%s", where, w.values.Encode(), diff)
			}
		}
		var l api.PatternList
		v := maps.Clone(w.values)
		v.Set("limit", "1000")
		r.Get("/api/patterns?" + v.Encode()).Is(200).Read(&l)
		same("list", resttest.IDs(l.Patterns))

		v.Del("limit")
		v.Set("format", "ndjson")
		var exported []string
		for line := range strings.SplitSeq(strings.TrimSpace(r.Get("/api/patterns?"+v.Encode()).Is(200).Body.String()), "\n") {
			if line != "" {
				exported = append(exported, record.Text([]byte(line), "id"))
			}
		}
		same("ndjson", append([]string{}, exported...))

		v.Set("format", "csv")
		table, err := csv.NewReader(r.Get("/api/patterns?" + v.Encode()).Is(200).Body).ReadAll()
		if err != nil {
			rt.Fatal(err)
		}
		column := slices.Index(table[0], "id")
		rows := []string{}
		for _, line := range table[1:] {
			rows = append(rows, line[column])
		}
		same("csv", rows)

		same("event stream", r.streamed(rt, w))
		same("live stream", r.delivered(rt, w))
	})
}

// streamed reads what the event stream replays from the beginning.
func (r *rig) streamed(rt *rapid.T, w wish) []string {
	h, err := sse.New(sse.DefaultConfig(), r.hub, r.m, slog.New(slog.DiscardHandler))
	if err != nil {
		rt.Fatal(err)
	}
	server := httptest.NewServer(h)
	defer server.Close()
	ctx, stop := context.WithTimeout(context.Background(), 10*time.Second)
	defer stop()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, server.URL+"?"+w.values.Encode(), http.NoBody)
	if err != nil {
		rt.Fatal(err)
	}
	req.Header.Set("Last-Event-ID", r.hub.Epoch()+"-0")
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		rt.Fatal(err)
	}
	defer res.Body.Close()
	if res.StatusCode != http.StatusOK {
		rt.Fatalf("stream %d", res.StatusCode)
	}
	out := []string{}
	kind, left := "", -1 // unknown until the stream tells how many it replays
	for lines := bufio.NewScanner(res.Body); left != 0 && lines.Scan(); {
		name, value, _ := strings.Cut(lines.Text(), ": ")
		switch {
		case name == "event":
			kind = value
		case name != "data":
		case kind == "subscribed":
			var s struct {
				Replayed int
				Resumed  bool
			}
			if err := json.Unmarshal([]byte(value), &s); err != nil || !s.Resumed {
				rt.Fatalf("%v %s", err, value)
			}
			left = s.Replayed
		case kind == "pattern":
			out = append(out, record.Text([]byte(value), "id"))
			left--
		case kind == "gap":
			rt.Fatalf("gap %s", value)
		}
	}
	if left != 0 {
		rt.Fatalf("the stream ended with %q and %d to come", kind, left)
	}
	return out
}

// delivered reads what the hub replays to a subscription, which is what the WebSocket writes.
func (r *rig) delivered(rt *rapid.T, w wish) []string {
	frame, err := json.Marshal(map[string]any{
		"type": "subscribe", "id": "main", "filters": []any{w.frame}, "resume": map[string]any{"epoch": r.hub.Epoch(), "seq": 0},
	})
	if err != nil {
		rt.Fatal(err)
	}
	req, err := wire.DecodeRequest(frame, wire.JSON, filter.DefaultSchema())
	if err != nil {
		rt.Fatal(err)
	}
	ctx, stop := context.WithTimeout(context.Background(), 10*time.Second)
	defer stop()
	s, err := r.hub.Open(ctx, wire.JSON)
	if err != nil {
		rt.Fatal(err)
	}
	defer s.Close()
	if err := s.Subscribe(ctx, "main", req.Filters, req.Resume); err != nil {
		rt.Fatal(err)
	}
	out := []string{}
	left := -1 // unknown until the acknowledgement
	for left != 0 {
		f, err := s.Next(ctx)
		if err != nil {
			rt.Fatal(err)
		}
		var in struct {
			Type     string
			Replayed int
			Resumed  bool
			Events   []struct{ ID string }
		}
		if err := json.Unmarshal(f.Bytes, &in); err != nil {
			rt.Fatal(err)
		}
		if in.Type == "subscribed" {
			if !in.Resumed {
				rt.Fatal("not resumed")
			}
			left = in.Replayed
		}
		for _, e := range in.Events {
			out = append(out, e.ID)
			left--
		}
	}
	return out
}
