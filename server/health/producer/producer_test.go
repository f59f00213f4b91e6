package producer

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"tierboard/server/health/age"
)

// feed is one step of a producer's story: at a second, a sample or an edge.
type feed struct {
	second int
	id     string
	status string // of a sample; empty for an edge
	zero   bool
	edge   Edge
}

func TestProducer(t *testing.T) {
	start := time.Date(2026, time.November, 20, 19, 0, 0, 0, time.UTC)
	at := func(second int) time.Time { return start.Add(time.Duration(second) * time.Second) }
	cases := []struct {
		rule  string
		feeds []feed
		now   int
		want  Report
	}{
		{"nothing heard", nil, 0, Report{SampleAgeS: age.Unknown}},
		{
			"a sample of a new session implies its start",
			[]feed{{0, "s-1", "healthy", false, ""}},
			10,
			Report{SessionID: "s-1", Session: "running", Implied: true, StartedAt: at(0), Status: "healthy", SampleAgeS: 10},
		},
		{
			"a streaming message with a new session implies its start",
			[]feed{{5, "s-1", "", false, Implied}},
			10,
			Report{SessionID: "s-1", Session: "running", Implied: true, StartedAt: at(5), SampleAgeS: age.Unknown},
		},
		{
			"an implied start of a known session changes nothing",
			[]feed{{0, "s-1", "", false, Started}, {5, "s-1", "", false, Implied}},
			10,
			Report{SessionID: "s-1", Session: "running", StartedAt: at(0), SampleAgeS: age.Unknown},
		},
		{
			"an explicit start replaces an implied one",
			[]feed{{0, "s-1", "", false, Implied}, {5, "s-1", "", false, Started}},
			10,
			Report{SessionID: "s-1", Session: "running", StartedAt: at(5), SampleAgeS: age.Unknown},
		},
		{"zeros between good samples don't flip", []feed{
			{0, "s-1", "healthy", false, ""}, {3, "s-1", "error", true, ""}, {6, "s-1", "healthy", false, ""}, {9, "s-1", "error", true, ""},
		}, 12, Report{SessionID: "s-1", Session: "running", Implied: true, StartedAt: at(0), Status: "healthy", SampleAgeS: 6, Held: true}},
		{
			"a good sample is held for a minute",
			[]feed{{0, "s-1", "healthy", false, ""}, {59, "s-1", "error", true, ""}},
			60,
			Report{SessionID: "s-1", Session: "running", Implied: true, StartedAt: at(0), Status: "healthy", SampleAgeS: 60, Held: true},
		},
		{
			"but not longer",
			[]feed{{0, "s-1", "healthy", false, ""}, {59, "s-1", "error", true, ""}},
			61,
			Report{SessionID: "s-1", Session: "running", Implied: true, StartedAt: at(0), Status: "error", SampleAgeS: 2},
		},
		{
			"without newer zeros it stands until it is old",
			[]feed{{0, "s-1", "warning", false, ""}},
			300,
			Report{SessionID: "s-1", Session: "running", Implied: true, StartedAt: at(0), Status: "warning", SampleAgeS: 300},
		},
		{
			"an old sample says nothing",
			[]feed{{0, "s-1", "warning", false, ""}},
			301,
			Report{SessionID: "s-1", Session: "running", Implied: true, StartedAt: at(0), SampleAgeS: age.Unknown},
		},
		{
			"a sample out of order doesn't replace a newer",
			[]feed{{10, "s-1", "healthy", false, ""}, {5, "s-1", "error", false, ""}},
			11,
			Report{SessionID: "s-1", Session: "running", Implied: true, StartedAt: at(10), Status: "healthy", SampleAgeS: 1},
		},
		{
			"zeros of another session don't hide the good one",
			[]feed{{0, "s-1", "healthy", false, ""}, {5, "s-2", "error", true, ""}},
			10,
			Report{SessionID: "s-1", Session: "running", Implied: true, StartedAt: at(0), Status: "healthy", SampleAgeS: 10},
		},
		{
			"zeros without a session count for the one shown",
			[]feed{{0, "s-1", "healthy", false, ""}, {5, "", "error", true, ""}},
			10,
			Report{SessionID: "s-1", Session: "running", Implied: true, StartedAt: at(0), Status: "healthy", SampleAgeS: 10, Held: true},
		},
		{
			"samples that never name a session",
			[]feed{{0, "", "healthy", false, ""}, {5, "", "degraded", false, ""}},
			10,
			Report{Status: "degraded", SampleAgeS: 5},
		},
		{
			"a session that comes later takes over from them",
			[]feed{{0, "", "healthy", false, ""}, {5, "s-1", "", false, Started}, {6, "", "healthy", false, ""}},
			10,
			Report{SessionID: "s-1", Session: "running", StartedAt: at(5), Status: "healthy", SampleAgeS: 4},
		},
		{
			"of two good sessions the later start is shown",
			[]feed{{0, "s-1", "healthy", false, ""}, {5, "s-2", "starting", false, ""}, {9, "s-1", "healthy", false, ""}},
			10,
			Report{SessionID: "s-2", Session: "running", Implied: true, StartedAt: at(5), Status: "starting", SampleAgeS: 5},
		},
		{
			"a stopped session",
			[]feed{{0, "s-1", "", false, Started}, {9, "s-1", "", false, Stopped}},
			10,
			Report{SessionID: "s-1", Session: "stopped", StartedAt: at(0), StoppedAt: at(9), SampleAgeS: age.Unknown},
		},
		{
			"trailing messages don't revive it",
			[]feed{{0, "s-1", "", false, Started}, {5, "s-1", "", false, Stopped}, {6, "s-1", "", false, Implied}, {7, "s-1", "stopping", false, ""}},
			10,
			Report{SessionID: "s-1", Session: "stopped", StartedAt: at(0), StoppedAt: at(5), Status: "stopping", SampleAgeS: 3},
		},
		{
			"a running session before a stopped one",
			[]feed{{0, "s-1", "", false, Started}, {3, "s-2", "", false, Started}, {5, "s-2", "", false, Stopped}},
			10,
			Report{SessionID: "s-1", Session: "running", StartedAt: at(0), SampleAgeS: age.Unknown},
		},
		{
			"a stop of an unknown session",
			[]feed{{5, "s-1", "", false, Stopped}},
			10,
			Report{SessionID: "s-1", Session: "stopped", StoppedAt: at(5), SampleAgeS: age.Unknown},
		},
		{
			"words are folded",
			[]feed{{0, "s-1", " Healthy ", false, ""}},
			0,
			Report{SessionID: "s-1", Session: "running", Implied: true, StartedAt: at(0), Status: "healthy", SampleAgeS: 0},
		},
		{
			"unknown words are not shown",
			[]feed{{0, "s-1", "<b>fine", false, ""}},
			0,
			Report{SessionID: "s-1", Session: "running", Implied: true, StartedAt: at(0), Status: "unknown", SampleAgeS: 0},
		},
		{
			"long ids are cut",
			[]feed{{0, strings.Repeat("x", 200), "healthy", false, ""}},
			0,
			Report{SessionID: strings.Repeat("x", maxSessionID), Session: "running", Implied: true, StartedAt: at(0), Status: "healthy", SampleAgeS: 0},
		},
	}
	for _, c := range cases {
		t.Run(c.rule, func(t *testing.T) {
			p := New(time.Minute, 5*time.Minute)
			for _, f := range c.feeds {
				if f.status == "" {
					p.Edge(f.id, f.edge, at(f.second))
					continue
				}
				p.Health(Sample{SessionID: f.id, Status: f.status, AllZero: f.zero, At: at(f.second)})
			}
			if got := p.Report(at(c.now)); got != c.want {
				t.Errorf("got  %+v\nwant %+v", got, c.want)
			}
		})
	}
}

func TestSessionsAreBounded(t *testing.T) {
	p := New(time.Minute, 5*time.Minute)
	now := time.Date(2026, time.November, 20, 19, 30, 0, 0, time.UTC)
	for i := range 3 * maxSessions {
		p.Edge(fmt.Sprintf("s-%d", i), Started, now.Add(time.Duration(i)*time.Second))
		p.Edge("s-0", Implied, now.Add(time.Duration(i)*time.Second)) // Keeps being heard of.
	}
	if got := len(p.sessions); got != maxSessions {
		t.Errorf("%d sessions are remembered, want %d", got, maxSessions)
	}
	if p.sessions["s-0"] == nil {
		t.Error("a session that is heard of was forgotten")
	}
	if p.sessions["s-1"] != nil {
		t.Error("the session heard of longest ago was kept")
	}
}

// TestWhateverIsToldTheMemoryIsBounded tells anything in any order.
func TestWhateverIsToldTheMemoryIsBounded(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p := New(time.Minute, 5*time.Minute)
		base := time.Date(2026, time.November, 15, 0, 0, 0, 0, time.UTC)
		instant := func() time.Time {
			return base.Add(time.Duration(rapid.IntRange(0, 900).Draw(t, "second")) * time.Second)
		}
		id := rapid.OneOf(rapid.SampledFrom([]string{"s-1", "s-2", strings.Repeat("x", 300), "\xff"}), rapid.StringN(1, 3, -1))
		for range rapid.IntRange(0, 120).Draw(t, "steps") {
			if rapid.Bool().Draw(t, "edge") {
				p.Edge(id.Draw(t, "id"), rapid.SampledFrom([]Edge{Started, Stopped, Implied, "odd"}).Draw(t, "which"), instant())
			} else {
				word := rapid.SampledFrom([]string{"healthy", "ERROR", "?"}).Draw(t, "word")
				p.Health(Sample{SessionID: rapid.OneOf(id, rapid.Just("")).Draw(t, "of"), Status: word, AllZero: rapid.Bool().Draw(t, "zero"), At: instant()})
			}
		}
		if n := len(p.sessions); n > maxSessions {
			t.Fatalf("%d sessions are remembered", n)
		}
		if r := p.Report(instant()); len(r.SessionID) > maxSessionID || r.Status == "?" || r.Troubled() != (r.Status == "error") {
			t.Fatalf("%+v", r)
		}
	})
}
