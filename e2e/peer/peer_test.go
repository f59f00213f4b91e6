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

	"tierboard/e2e/stack"
	"tierboard/server/load/target"
)

// TestMain makes the test's binary a server when it is started as one.
func TestMain(m *testing.M) {
	if len(os.Args) > 1 && os.Args[1] == serveArg {
		main()
		return
	}
	os.Exit(m.Run())
}

// small are settings of a run that proves what is delivered and measures nothing.
func small(t *testing.T) settings {
	t.Helper()
	s := settings{
		binary: os.Getenv(stack.BinaryVar), users: 50, rate: 500, length: 2 * time.Second, rounds: 1, window: 100 * time.Millisecond, seed: 1,
		stillness: 30 * time.Second,
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
	b := newBench(small(t), io.Discard)
	for i := range b.contenders {
		t.Run(b.contenders[i].name, func(t *testing.T) {
			r, err := b.one(t.Context(), &b.contenders[i])
			if err != nil {
				t.Fatal(err)
			}
			if r.deliveries <= 0 || r.p99 < r.p50 || r.p50 <= 0 || r.eventBytes < 500 || r.frameEvents < 1 {
				t.Errorf("read %+v", r)
			}
		})
	}
}

func TestARunThatDiffersIsRefused(t *testing.T) {
	b := newBench(small(t), io.Discard)
	// The judge is told of one event that somebody does not want it.
	user := slices.IndexFunc(b.wants, func(wants set) bool { return wants.minus(newSet(b.job.events)) > 0 })
	for n := 0; ; n++ {
		if b.wants[user].has(n) {
			b.wants[user][n/64] ^= 1 << (n % 64)
			break
		}
	}
	_, err := b.one(t.Context(), &b.contenders[channelsAtOnce])
	var refused *refusedError
	if !errors.As(err, &refused) || !strings.Contains(err.Error(), "1 were not wanted") {
		t.Errorf("an event too many: %v, want a refusal", err)
	}
}

func TestAFaultyServerIsTold(t *testing.T) {
	b := newBench(small(t), io.Discard)
	_, _, err := startSelf(t.Context(), setup{b.job.plan, "nothing", 0})
	if err == nil || !strings.Contains(err.Error(), `"nothing" is none`) {
		t.Errorf("started a server of no kind: %v", err)
	}
	// A server whose filters are those of other users delivers something else.
	b.stillness = 2 * time.Second
	other := b.job.plan
	other.seed++
	c := contender{"other filters", theirs(), func(ctx context.Context) (*target.Target, func() error, error) {
		return startSelf(ctx, setup{other, string(byTags), 0})
	}}
	var refused *refusedError
	if _, err := b.one(t.Context(), &c); !errors.As(err, &refused) || strings.Contains(err.Error(), " 0 are missing") {
		t.Errorf("another job: %v, want a refusal", err)
	}
}

func TestReport(t *testing.T) {
	b := &bench{settings: settings{users: 10, rate: 500, length: time.Second, window: 100 * time.Millisecond}, promises: promises()}
	cost := []float64{10, 12, 20, 5, 6, 7}
	var round []*reading
	for k := range cost {
		b.contenders = append(b.contenders, contender{name: "server" + string(rune('A'+k))})
		round = append(round, &reading{perEvent: cost[k], p50: 1, p99: cost[k], idle: 10240, after: 10250})
	}
	refused := append(round[:0:0], round...)
	refused[channelsDelayed], refused[oursFixed] = nil, &reading{perEvent: 1, idle: 1024, after: 1030}
	var out strings.Builder
	if err := report(&out, b, [][]*reading{round, refused}); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		"our delivery / channels, same window\t0.500\t0.500–0.500\t0.55\tpass", // of the one round that has both
		"our delivery / tags, same window\t0.150\t0.050–0.250\t0.25\tpass",
		"ours adaptive / channels without delay\t0.500\t0.500–0.500\t0.75\tpass",
		"after load: ours / channels\t1.000\t1.000–1.000\t0.5\tFAIL",
	} {
		found := false
		for line := range strings.SplitSeq(out.String(), "\n") {
			found = found || strings.Contains(columns(line), want)
		}
		if !found {
			t.Errorf("no line has %q:\n%s", want, &out)
		}
	}
	if err := report(io.Discard, b, [][]*reading{make([]*reading, len(cost))}); err == nil {
		t.Error("nothing was measured, and nobody says so")
	}
}

func TestReportBesideFlaskSocketIO(t *testing.T) {
	b := newEmitBench(settings{emitUsers: 10, rate: 500, length: 2 * time.Second, window: 100 * time.Millisecond}, io.Discard)
	if len(b.job.filters) != 10 || len(b.wants) != 10 {
		t.Fatalf("%d filters, %d users", len(b.job.filters), len(b.wants))
	}
	for own, want := range map[float64]string{
		5.0:  "emit for each user\t0.125\t0.125–0.125\t0.125\tpass",
		5.04: "emit for each user\t0.126\t0.126–0.126\t0.125\tFAIL",
	} {
		var out strings.Builder
		round := []*reading{emitEach: {perEvent: 40}, oursFew: {perEvent: own}}
		if err := report(&out, b, [][]*reading{round}); err != nil {
			t.Fatal(err)
		}
		if !strings.Contains(out.String(), "10 connections") || !strings.Contains(columns(out.String()), want) {
			t.Errorf("no line has %q:\n%s", want, &out)
		}
	}
	if err := report(io.Discard, b, [][]*reading{{emitEach: nil, oursFew: {perEvent: 1}}}); err == nil {
		t.Error("Flask-SocketIO was not measured, and nobody says so")
	}
}

// columns returns a line with one tab where there were several spaces.
func columns(line string) string {
	for strings.Contains(line, "   ") {
		line = strings.ReplaceAll(line, "   ", "  ")
	}
	return strings.ReplaceAll(line, "  ", "\t")
}

func TestSettingsAreChecked(t *testing.T) {
	for _, args := range [][]string{
		{"-users", "0"},
		{"-users", "20001"},
		{"-emit-users", "-1"},
		{"-emit-users", "951"},
		{"-rate", "0"},
		{"-rate", "NaN"},
		{"-length", "1s"},
		{"-rounds", "0"},
		{"-window", "101ms"},
		{"-binary", "/nowhere/tierboard"},
		{"-nonsense"},
	} {
		if err := run(t.Context(), args, io.Discard, io.Discard); err == nil || !strings.Contains(err.Error(), args[0]) {
			t.Errorf("%q: %v, want an error that names it", args, err)
		}
	}
}

func TestServersReadTheirSetup(t *testing.T) {
	want := setup{plan{1, 1 << 63, 3, 4}, delivery, 50 * time.Millisecond}
	args := want.args()
	if got, err := readSetup(args[1:]); err != nil || got != want {
		t.Errorf("read %+v (%v), want %+v", got, err, want)
	}
	if _, err := readSetup([]string{"-users", "many"}); err == nil {
		t.Error("read a setup that is none")
	}
}
