package ui

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"tierboard/app/fetch"
	"tierboard/shared/api"
)

var opsNow = time.Date(2026, 11, 20, 19, 31, 11, 0, time.UTC)

func TestOperationsShowEverything(t *testing.T) {
	p := &Operations{}
	feed(t, p, opsNow)
	html := drawn(p)
	expect(t, html,
		"Version v1.0.0, up 6 h 30 m, numbers of 19:31:11 UTC", "Demo feed", "Degraded: combo: no combo for 41 min; typical gap 6 min",
		"Sessions 12 36 subscriptions, 5 cohorts, 2 event streams", "Events accepted … 184,467 in all, 212 copies refused",
		"90,110 of 90,121 matched", "184,722 in all, 3 rejected", "9 by the limit of 100/s, 2 for lagging sessions", "window 10 ms",
		"Daily idle next batch expected after the close Last event 21 h ago Stale after no limit now",
		"Intraday ok Events arrive as expected. Last event 4 s ago Stale after 2 m Last minute 126 Last hour 5,210 Accepted 21,904",
		"Combo stale no combo for 41 min; typical gap 6 min Last event 41 min ago Stale after 20 m",
		"Feed connected Transport redis Channels 1 Connected since 13:02:00, 6 h ago", "Producer's heartbeat 12 s ago Show the channels tickstock.events.patterns",
		"Now NYSE open Next closes in 1 h 29 m", "Archive degraded database away since 14:02, 812 events wait Waiting 812 Lost 0",
		"Delivery healthy", "Match 0.020 ms To the socket 11 ms", "Says of itself healthy Said 4 s ago",
		"Event 184,467 100% Duplicate 212 0%", "No symbol 2 67% Unknown tier 1 33%", "Left 40 98% Too slow 1 2%",
		"Find who wants an event 184,467 0.006 ms 0.020 ms 0.040 ms", "Receipt to socket: intraday 88,000 1.4 ms 9.5 ms 12 ms", "HTTP: 200 /api/ops 600",
		"Producer to us", "4.0 ms",
		"Dead letters the newest 2 of 3", "19:31:07 tickstock.events.patterns No symbol data.symbol: missing",
		"3 settings", "--redis-url *** environment",
	)
}

func TestOperationsWithNothingToTell(t *testing.T) {
	p := &Operations{}
	p.take(api.PathOps, fetch.Answer{Status: 200, Body: `{"as_of":"2026-11-20T19:31:11Z"}`}, opsNow)
	expect(t, drawn(p), "Nothing was read yet.", "Nothing was rejected.", "No session has ended.", "Nothing was measured yet.", "Loading.", "The server does not tell its settings.")
	p.take(lettersPath(), fetch.Answer{Status: 200, Body: `{"total":0,"letters":[]}`}, opsNow)
	expect(t, drawn(p), "None. Every message so far was understood.")
}

func TestOperationsFaults(t *testing.T) {
	p := &Operations{}
	p.take(api.PathOps, fetch.Answer{}, opsNow)
	expect(t, drawn(p), "Operations cannot be shown now", "The server cannot be reached.", "Try again")

	p = &Operations{}
	feed(t, p, opsNow)
	p.take(api.PathTiersHealth, fetch.Answer{Status: 500}, opsNow)
	p.take(lettersPath(), fetch.Answer{Status: 500}, opsNow)
	html := drawn(p)
	expect(t, html, "The server answered 500. What is shown is from 19:31:11.", "Intraday ok", "No symbol data.symbol: missing")
	if !strings.Contains(html, "sheet waiting") {
		t.Error("old numbers look like new ones")
	}
}

// Dead letters are long and seldom new: they are asked for when there may be others, and after a fault.
func TestDeadLettersAreAskedForWhenThereMayBeOthers(t *testing.T) {
	wants := func(p *Operations) bool { return len(p.paths()) == 3 }
	p := &Operations{}
	if !wants(p) {
		t.Error("they are not asked for at first")
	}
	feed(t, p, opsNow)
	if wants(p) {
		t.Error("they are asked for again though nothing was rejected")
	}
	body := answerOf(t, "ops.json").Body
	p.take(api.PathOps, fetch.Answer{Status: 200, Body: strings.Replace(body, `"no_symbol":2`, `"no_symbol":3`, 1)}, opsNow)
	if !wants(p) {
		t.Error("a reject more, and they are not asked for")
	}
	p.take(lettersPath(), fetch.Answer{Status: 500}, opsNow)
	if !wants(p) {
		t.Error("after a fault they are not asked for")
	}
	p.take(lettersPath(), answerOf(t, "letters.json"), opsNow)
	if wants(p) {
		t.Error("they are asked for again though they are here")
	}
	p.take(api.PathOps, fetch.Answer{Status: 200, Body: strings.Replace(body, `"no_symbol":2`, `"no_symbol":3`, 1)}, opsNow)
	p.take(api.PathOps, fetch.Answer{Status: 200, Body: strings.Replace(strings.Replace(body, `"no_symbol":2`, `"no_symbol":3`, 1), "QJ5W3X6N7K2M4P8R", "Z", 1)}, opsNow)
	if !wants(p) {
		t.Error("the server started again, and they are not asked for")
	}
}

// at is an answer's numbers after a number of seconds.
func numbersAt(seconds float64, epoch string, accepted uint64) *operations {
	o := &operations{AsOf: opsNow.Add(time.Duration(seconds * float64(time.Second)))}
	o.Hub.Epoch, o.Hub.Seq = epoch, accepted
	return o
}

func TestRatesComeFromNeighbours(t *testing.T) {
	type step struct {
		at       float64
		epoch    string
		accepted uint64
	}
	for _, c := range []struct {
		name  string
		steps []step
		want  []point
	}{
		{"one answer is no rate", []step{{0, "a", 100}}, nil},
		{"two give what was between them", []step{{0, "a", 100}, {2, "a", 350}}, []point{{0, 125}}},
		{"by the time between, whatever it was", []step{{0, "a", 0}, {4, "a", 8}, {5, "a", 11}}, []point{{1, 2}, {0, 3}}},
		{"a gap gives none", []step{{0, "a", 0}, {2, "a", 2}, {60, "a", 100}, {62, "a", 102}}, []point{{60, 1}, {0, 1}}},
		{"a restarted server counts from zero", []step{{0, "a", 100}, {2, "a", 200}, {4, "b", 3}, {6, "b", 5}}, []point{{0, 1}}},
		{"copies and old answers do not count", []step{{2, "a", 0}, {2, "a", 9}, {4, "a", 4}}, []point{{0, 2}}},
		{"what is two minutes old is forgotten", []step{{0, "a", 0}, {2, "a", 2}, {121, "a", 4}, {123, "a", 8}}, []point{{0, 2}}},
	} {
		t.Run(c.name, func(t *testing.T) {
			var s samples
			for _, step := range c.steps {
				s.add(numbersAt(step.at, step.epoch, step.accepted))
			}
			if d := cmp.Diff(c.want, s.rate(acceptedTotal), cmp.AllowUnexported(point{})); d != "" {
				t.Errorf("(-want +got):\n%s", d)
			}
		})
	}
}

// Asked at any times, the page remembers two minutes and no more, and the newest rate is that of the last two answers.
func TestSamplesAreBounded(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var s samples
		at, accepted, last := 0.0, uint64(0), 0.0
		for range rapid.IntRange(2, 300).Draw(t, "answers") {
			step, more := float64(rapid.IntRange(1, 9).Draw(t, "step")), uint64(rapid.IntRange(0, 1000).Draw(t, "more"))
			at, accepted, last = at+step, accepted+more, float64(more)/step
			s.add(numbersAt(at, "a", accepted))
		}
		if n := len(s.list); n > 121 {
			t.Fatalf("%d numbers are remembered", n)
		}
		if old := s.ago(0); old > sampleSpan.Seconds() {
			t.Fatalf("the oldest is %v s old", old)
		}
		if v, ok := latest(s.rate(acceptedTotal)); !ok || v != last {
			t.Fatalf("rate %v, %v; want %v", v, ok, last)
		}
	})
}

func TestOperationsShowRates(t *testing.T) {
	p := &Operations{}
	feed(t, p, opsNow)
	body := strings.Replace(answerOf(t, "ops.json").Body, "19:31:11.020Z", "19:31:13.020Z", 1)
	p.take(api.PathOps, fetch.Answer{Status: 200, Body: strings.Replace(body, `"seq":184467`, `"seq":184720`, 1)}, opsNow)
	expect(t, drawn(p), "Events accepted 127/s peak 127/s; 184,720 in all")
}

func TestOnlyTheSettingMakesAFeedInvented(t *testing.T) {
	for body, want := range map[string]bool{
		`{}`: false,
		`{"settings":[{"name":"demo","value":"true"}]}`:      true,
		`{"settings":[{"name":"--demo","value":"false"}]}`:   false,
		`{"settings":[{"name":"demo-rate","value":"true"}]}`: false,
	} {
		p := &Operations{}
		p.take(api.PathOps, fetch.Answer{Status: 200, Body: body}, opsNow)
		if got := p.now.demo(); got != want {
			t.Errorf("%s: %v", body, got)
		}
	}
}
