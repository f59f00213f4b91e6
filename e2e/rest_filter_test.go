package e2e_test

import (
	"bufio"
	"context"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"maps"
	"math/rand/v2"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"tierboard/e2e/stack"
	"tierboard/shared/api"
	"tierboard/shared/event"
	"tierboard/shared/filter"
	"tierboard/shared/wire"
)

// wish is a filter in the two ways in which clients write it.
type wish struct {
	values url.Values
	frame  map[string]any
}

// wishes draws filters of every sort: from the words that the events have, in several spellings, and from others.
func wishes(r *rand.Rand) wish {
	w := wish{values: url.Values{}, frame: map[string]any{}}
	set := func(param, key string, from ...string) {
		if r.IntN(4) > 0 {
			return
		}
		var some []string
		items := []any{}
		for range r.IntN(4) {
			x := from[r.IntN(len(from))]
			some, items = append(some, x), append(items, x)
		}
		w.values.Set(param, strings.Join(some, ","))
		w.frame[key] = items
	}
	set("symbols", "symbols", "F0", "f1", "F2", "F3", "NOBODY")
	set("exclude_symbols", "exclude_symbols", "F0", "F4", "NOBODY")
	set("pattern_types", "pattern_types", "doji", "Volume Spike", "VolumeSpike", "bull_flag", "no_such")
	set("timeframes", "timeframes", "1min", "5m", "1d", "daily")
	set("sessions", "sessions", "pre_market", "regular", "post_market", "closed")
	set("direction", "directions", "bullish", "bearish", "neutral")
	set("tiers", "tiers", "daily", "intraday", "combo")
	set("kinds", "kinds", "pattern", "alert")
	number := func(name string, of int) {
		if r.IntN(of) == 0 {
			x := float64(1+r.IntN(20)) / 20
			w.values.Set(name, strconv.FormatFloat(x, 'g', -1, 64))
			w.frame[name] = x
		}
	}
	number("confidence_min", 3)
	if w.frame["confidence_min"] == nil {
		number("confidence_max", 3)
	}
	if r.IntN(5) == 0 {
		x := []string{"low", "medium", "high", "critical"}[r.IntN(4)]
		w.values.Set("priority_min", x)
		w.frame["priority_min"] = x
	}
	return w
}

// listed pages through a list.
func listed(t testing.TB, s *stack.TierboardServer, v url.Values, limit int) (ids []string, events []*event.Event) {
	t.Helper()
	v = maps.Clone(v)
	v.Set("limit", strconv.Itoa(limit))
	v.Set("sort", "detected_at")
	for next := "/api/patterns?" + v.Encode(); next != ""; {
		status, body := ask(t, s, next)
		var l struct {
			Patterns []json.RawMessage `json:"patterns"`
			Metadata api.ListMeta      `json:"metadata"`
		}
		if err := json.Unmarshal(body, &l); status != http.StatusOK || err != nil || len(l.Patterns) > limit || l.Metadata.Count != len(l.Patterns) {
			t.Fatalf("%s: %d %v %.300s", next, status, err, body)
		}
		for _, raw := range l.Patterns {
			f, err := wire.DecodeJSON(`{"type":"batch","events":[` + string(raw) + `]}`)
			if err != nil {
				t.Fatal(err)
			}
			b, _ := f.(*wire.Batch)
			events = append(events, b.Events...)
			ids = append(ids, b.Events[0].ID)
		}
		next = l.Metadata.NextURL
	}
	return ids, events
}

// exported reads an export.
func exported(t testing.TB, s *stack.TierboardServer, v url.Values, format string) (ids []string) {
	t.Helper()
	v = maps.Clone(v)
	v.Set("format", format)
	status, body := ask(t, s, "/api/patterns?"+v.Encode())
	if status != http.StatusOK {
		t.Fatalf("%d %.300s", status, body)
	}
	if format == "csv" {
		table, err := csv.NewReader(strings.NewReader(string(body))).ReadAll()
		if err != nil {
			t.Fatal(err)
		}
		for _, row := range table[1:] {
			ids = append(ids, row[slices.Index(table[0], "id")])
		}
		return ids
	}
	for line := range strings.Lines(string(body)) {
		var e struct{ ID string }
		if err := json.Unmarshal([]byte(line), &e); err != nil {
			t.Fatalf("%v in %s", err, line)
		}
		ids = append(ids, e.ID)
	}
	return ids
}

// streamed reads what the event stream replays behind a position.
func streamed(t testing.TB, s *stack.TierboardServer, v url.Values, after string) (ids []string) {
	t.Helper()
	ctx, stop := context.WithTimeout(t.Context(), patience)
	defer stop()
	v = maps.Clone(v)
	v.Set("after", after)
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, s.URL()+api.PathStream+"?"+v.Encode(), http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		t.Fatal(resp.Status)
	}
	name, left := "", -1 // unknown until the stream tells how many it replays
	for lines := bufio.NewScanner(resp.Body); left != 0; {
		if !lines.Scan() {
			t.Fatalf("the stream ended with %d to come: %v", left, lines.Err())
		}
		key, value, _ := strings.Cut(lines.Text(), ": ")
		var x struct {
			ID       string
			Replayed int
			Resumed  bool
		}
		switch {
		case key == "event":
			name = value
		case key != "data":
		case name == "subscribed" || name == "pattern":
			if err := json.Unmarshal([]byte(value), &x); err != nil {
				t.Fatal(err)
			}
			if name == "pattern" {
				ids = append(ids, x.ID)
				left--
				continue
			}
			if left = x.Replayed; !x.Resumed {
				t.Fatal("not resumed")
			}
		case name == "gap":
			t.Fatalf("gap %s", value)
		}
	}
	return ids
}

// TestRestOneFilterEverywhere asks one running server the same in every way there is: lists that it answers from memory and,
// on a server with little of that, from the archive; exports, the event stream and the live stream. All are held to
// filter.Match.
func TestRestOneFilterEverywhere(t *testing.T) {
	redis := stack.Redis(t)
	s := stack.Server(t, stack.Env("REDIS_URL", redis.URL()), stack.Args("--rate-limit=0", "--exports-per-minute=100000"))
	small := stack.Server(t, stack.Env("REDIS_URL", redis.URL()), stack.Args("--ring=1024", "--exports-per-minute=100000"))
	p := newPublisher(t, redis.URL())
	r := rand.New(rand.NewPCG(4, 4))
	const n = 2500
	for i := range n {
		tier := []string{"daily", "intraday", "combo"}[r.IntN(3)]
		more := map[string]any{
			"flow_id": fmt.Sprintf("f-%04d", i), "timestamp": 1_795_164_300 + r.IntN(30*3600), // from a Friday's pre-market on
			"timeframe": map[string]string{"daily": "1d", "intraday": []string{"1m", "5min"}[r.IntN(2)], "combo": "combo"}[tier],
		}
		if d := r.IntN(4); d > 0 {
			more["direction"] = []string{"bullish", "bearish", "neutral"}[d-1]
		}
		p.send(tier, fmt.Sprintf("F%d", r.IntN(5)*r.IntN(40)%40), []string{"Doji", "Volume_Spike", "Bull_Flag"}[r.IntN(3)], float64(r.IntN(21))/20, more)
	}
	var all []*event.Event
	for _, server := range []*stack.TierboardServer{s, small} {
		eventually(t, "the list has every event", func() bool {
			_, all = listed(t, server, url.Values{}, 1000)
			return len(all) == n
		})
	}
	epoch := dial(t, s, wire.JSONProtocol).epoch()
	kinds := map[string]bool{}
	for _, e := range all {
		for _, x := range []string{e.Tier.String(), string(e.Session), string(e.Direction), e.Timeframe, e.Pattern} {
			kinds[x] = true
		}
	}
	if len(kinds) < 15 {
		t.Errorf("the events are of too few sorts: %v", kinds)
	}
	empty := 0
	for range 60 {
		w := wishes(r)
		f, err := filter.DefaultSchema().Parse(w.frame, "filter")
		if err != nil {
			t.Fatal(err)
		}
		want := []string{}
		for _, e := range all {
			if f.Match(e) {
				want = append(want, e.ID)
			}
		}
		if len(want) == 0 {
			empty++
		}
		slices.Sort(want)
		same := func(where string, got []string) {
			t.Helper()
			got = append([]string{}, got...)
			slices.Sort(got)
			if d := cmp.Diff(want, got); d != "" {
				t.Errorf("%s of %s (-want +got):\n%s", where, w.values.Encode(), d)
			}
		}
		for name, server := range map[string]*stack.TierboardServer{"memory": s, "the archive": small} {
			ids, _ := listed(t, server, w.values, 100+r.IntN(901))
			same("list from "+name, ids)
			same("ndjson from "+name, exported(t, server, w.values, "ndjson"))
			same("csv from "+name, exported(t, server, w.values, "csv"))
		}
		same("event stream", streamed(t, s, w.values, epoch+"-0"))
		c := dial(t, s, wire.MsgPackProtocol) // a new one each time: to a session an event is sent once
		_, events := c.subscribe([]any{w.frame}, map[string]any{"epoch": epoch, "seq": 0})
		c.cut()
		var live []string
		for _, e := range events {
			live = append(live, e.ID)
		}
		same("live stream", live)
	}
	if empty > 40 {
		t.Errorf("%d of 60 filters want nothing", empty)
	}
}
