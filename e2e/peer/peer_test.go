package main

import (
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"tierboard/e2e/peer/job"
	"tierboard/e2e/peer/measure"
	"tierboard/e2e/peer/rival"
	"tierboard/e2e/peer/serve"
	"tierboard/e2e/stack"
	"tierboard/server/load/target"
)

// TestMain makes the test's binary a server when it is started as one.
func TestMain(m *testing.M) {
	if len(os.Args) > 1 && os.Args[1] == serve.Arg {
		main()
		return
	}
	os.Exit(m.Run())
}

// small are settings of a run that proves what is delivered and measures nothing.
func small(t *testing.T) settings {
	t.Helper()
	s := settings{
		binary: os.Getenv(stack.BinaryVar), users: 50, rate: 500, length: 2 * time.Second, rounds: 1,
		window: 100 * time.Millisecond, delay: 80 * time.Millisecond, seed: 1, stillness: 30 * time.Second,
	}
	if s.binary == "" {
		root, err := stack.RepoRoot()
		if err != nil {
			t.Fatal(err)
		}
		s.binary = filepath.Join(root, "tierboard")
	}
	if err := s.validate(); err != nil {
		t.Fatal(err)
	}
	return s
}

func TestEveryServerDeliversWhatMatchSays(t *testing.T) {
	b := besideCentrifuge(small(t), io.Discard)
	for i := range b.contenders {
		t.Run(b.contenders[i].name, func(t *testing.T) {
			r, err := b.one(t.Context(), &b.contenders[i])
			if err != nil {
				t.Fatal(err)
			}
			if r.P99 < r.P50 || r.P50 <= 0 || r.EventBytes < 500 || r.FrameEvents < 1 {
				t.Errorf("read %+v", r)
			}
		})
	}
}

func TestARunThatDiffersIsRefused(t *testing.T) {
	b := besideCentrifuge(small(t), io.Discard)
	// The judge is told of one event that somebody does not want it.
	user := slices.IndexFunc(b.wants, func(wants job.Set) bool { return wants.Len() > 0 })
	for n := 0; ; n++ {
		if b.wants[user].Has(n) {
			b.wants[user].Remove(n)
			break
		}
	}
	_, err := b.one(t.Context(), &b.contenders[channelsAtOnce])
	var refused *measure.RefusedError
	if !errors.As(err, &refused) || !strings.Contains(err.Error(), "1 were not wanted") {
		t.Errorf("an event too many: %v, want a refusal", err)
	}
}

func TestAFaultyServerIsTold(t *testing.T) {
	b := besideCentrifuge(small(t), io.Discard)
	_, _, err := startSelf(t.Context(), serve.Setup{Plan: b.job.Plan, Kind: "nothing"})
	if err == nil || !strings.Contains(err.Error(), `"nothing" is none`) {
		t.Errorf("started a server of no kind: %v", err)
	}
	// A server whose filters are those of other users delivers something else.
	b.measuring.Stillness = 2 * time.Second
	other := b.job.Plan
	other.Seed++
	c := contender{"other filters", rival.Dialect(), func(ctx context.Context) (*target.Target, func() error, error) {
		return startSelf(ctx, serve.Setup{Plan: other, Kind: string(rival.ByTags)})
	}}
	var refused *measure.RefusedError
	if _, err := b.one(t.Context(), &c); !errors.As(err, &refused) || strings.Contains(err.Error(), " 0 are missing") {
		t.Errorf("another job: %v, want a refusal", err)
	}
}

func TestSettingsAreChecked(t *testing.T) {
	for _, args := range [][]string{
		{"-users", "-1"},
		{"-users", "20001"},
		{"-emits", "0@500"},
		{"-emits", "5001@500"},
		{"-emits", "500@0"},
		{"-emits", "500@NaN"},
		{"-emits", "500"},
		{"-emits", "500@500,"},
		{"-rate", "0"},
		{"-rate", "NaN"},
		{"-length", "1s"},
		{"-rounds", "0"},
		{"-window", "101ms"},
		{"-delay", "0s"},
		{"-binary", "/nowhere/tierboard"},
		{"-nonsense"},
	} {
		if err := run(t.Context(), args, io.Discard, io.Discard); err == nil || !strings.Contains(err.Error(), args[0]) {
			t.Errorf("%q: %v, want an error that names it", args, err)
		}
	}
}

func TestLoadsAreReadAsTheyAreWritten(t *testing.T) {
	for _, text := range []string{"", "500@500", "500@500,2000@250.5"} {
		var l loads
		if err := l.Set(text); err != nil || l.String() != text {
			t.Errorf("%q is read as %q (%v)", text, l.String(), err)
		}
	}
}

func TestBesideFlaskSocketIO(t *testing.T) {
	b := besideEmits(settings{length: 2 * time.Second, window: 100 * time.Millisecond}, load{10, 300}, io.Discard)
	if len(b.job.Filters) != 10 || b.job.Events != 600 || b.measuring.Rate != 300 {
		t.Fatalf("%d users, %d events, %v a second", len(b.job.Filters), b.job.Events, b.measuring.Rate)
	}
	for ours, want := range map[float64]string{5.0: " 0.125 pass", 5.04: " 0.125 FAIL"} {
		var out strings.Builder
		round := []*measure.Reading{emitEach: {PerEvent: 40}, oursFew: {PerEvent: ours}}
		if err := b.page([][]*measure.Reading{round}).Print(&out); err != nil {
			t.Fatal(err)
		}
		if !strings.Contains(out.String(), "10 connections, 300 events") || !strings.Contains(strings.Join(strings.Fields(out.String()), " "), want) {
			t.Errorf("no line has %q:\n%s", want, &out)
		}
	}
}
