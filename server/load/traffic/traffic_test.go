package traffic

import (
	"bytes"
	"context"
	"errors"
	"math/rand/v2"
	"strconv"
	"testing"
	"time"

	"github.com/alicebob/miniredis/v2"

	"tierboard/server/classify"
	"tierboard/shared/event"
	"tierboard/shared/filter"
)

// payload cuts channel and text out of one PUBLISH command.
func payload(t *testing.T, command []byte) (channel string, text []byte) {
	t.Helper()
	parts := bytes.SplitN(command, []byte("\r\n"), 7)
	if len(parts) != 7 || string(parts[2]) != "PUBLISH" {
		t.Fatalf("%q is no PUBLISH", command)
	}
	text, ok := bytes.CutSuffix(parts[6], []byte("\r\n"))
	if want := "$" + strconv.Itoa(len(text)); !ok || string(parts[5]) != want {
		t.Fatalf("%q: the length is not %s", command, want)
	}
	return string(parts[4]), text
}

// TestTheServerReadsWhatTheOracleIsAsked is what makes the oracle one: the classifier must make of each message the event
// that the filters of the load test are asked about.
func TestTheServerReadsWhatTheOracleIsAsked(t *testing.T) {
	cfg := classify.DefaultConfig()
	cfg.SessionOf = func(time.Time) (event.Session, string) { return event.Regular, "2026-11-23" }
	c, err := classify.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	tr := New(Config{Seed: 3, Run: 0xabcdef012345, Shapes: 3000, Probes: 5})
	now := time.Date(2026, 11, 23, 15, 0, 0, 123e6, time.UTC)
	seen := map[string]bool{}
	tiers := map[event.Tier]int{}
	for n := range 2 * tr.Shapes() {
		want := tr.Shape(n % tr.Shapes())
		channel, text := payload(t, tr.Append(nil, n, n%tr.Shapes(), now))
		r := c.Classify(channel, text, now)
		if len(r.Events) != 1 || len(r.Rejects) > 0 {
			t.Fatalf("%s: %+v, want one event", text, r)
		}
		e := r.Events[0]
		if e.Kind != want.Kind || e.Tier != want.Tier || e.Symbol != want.Symbol || e.Pattern != want.Pattern || e.Timeframe != want.Timeframe ||
			e.Direction != want.Direction || e.Confidence != want.Confidence || e.Priority != want.Priority {
			t.Fatalf("%s:\nclassified as %+v\nthe oracle has %+v", text, e, want)
		}
		if got, ok := tr.Number([]byte(e.ID)); !ok || got != n {
			t.Fatalf("id %s is number %d (%v), want %d", e.ID, got, ok, n)
		}
		if !e.PublishedAt.Equal(now) || e.DetectedAt.Before(now) {
			t.Fatalf("published at %v, detected at %v, want %v", e.PublishedAt, e.DetectedAt, now)
		}
		if mark := e.Fingerprint(); seen[mark] {
			t.Fatalf("number %d is a copy: %s", n, mark)
		} else {
			seen[mark] = true
		}
		if len(text) < 500 || len(text) > 1200 {
			t.Fatalf("%d bytes: %s", len(text), text)
		}
		tiers[e.Tier]++
	}
	if len(tiers) != 3 {
		t.Errorf("tiers %v, want all three", tiers)
	}
}

func TestNumbersOfOthersAreNotOurs(t *testing.T) {
	ours, theirs := New(Config{Run: 1, Shapes: 1}), New(Config{Run: 2, Shapes: 1})
	for _, id := range []string{"", "p-77", theirs.prefix + "000000000001", ours.prefix + "00000000000g", ours.prefix + "1"} {
		if n, ok := ours.Number([]byte(id)); ok {
			t.Errorf("%q is number %d", id, n)
		}
	}
}

func TestTheModelHasTheShareItPromises(t *testing.T) {
	tr := New(Config{Seed: 1, Shapes: 500})
	rng := rand.New(rand.NewPCG(1, 2))
	const users = 2000
	hits := 0
	schema := filter.DefaultSchema()
	for range users {
		fs := tr.Filters(rng)
		if len(fs) < 1 || len(fs) > schema.Limits.Filters {
			t.Fatalf("%d filters", len(fs))
		}
		for i := range 500 {
			if filter.Any(fs, tr.Shape(i)) {
				hits++
			}
		}
	}
	if share := float64(hits) / (users * 500); share < 0.02 || share > 0.035 {
		t.Errorf("a subscription wants %.2f %% of the events, want about 2 to 3", 100*share)
	}
}

func TestProbesAreWantedByTheirSessionAlone(t *testing.T) {
	tr := New(Config{Seed: 1, Shapes: 200, Probes: 3})
	for p := range 3 {
		for i := range tr.Shapes() {
			if want := i == 200+p; filter.Any(tr.Probe(p), tr.Shape(i)) != want {
				t.Errorf("probe %d wants shape %d: %v, want %v", p, i, !want, want)
			}
		}
	}
}

// run publishes on a Redis with or without a subscriber.
func run(t *testing.T, r *miniredis.Miniredis, address string, events int) (Outcome, error) {
	t.Helper()
	p, err := Connect(context.Background(), address)
	if err != nil {
		return Outcome{}, err
	}
	defer p.Close()
	next := 0
	return p.Run(context.Background(), New(Config{Shapes: 10}), Plan{
		Events: events, Rate: 10000, Shape: func(n int) int { return n % 10 },
		Sending: func(from, to int, _ time.Time) {
			if from != next || to <= from {
				t.Errorf("sending %d to %d after %d", from, to, next)
			}
			next = to
		},
	})
}

func TestThePublisherSendsEverythingInOrder(t *testing.T) {
	r := miniredis.RunT(t)
	out, err := run(t, r, "redis://"+r.Addr(), 50)
	if err != nil || out.Sent != 50 || out.Unheard != 50 {
		t.Fatalf("%+v, %v: want 50 events that nobody heard", out, err)
	}
	sub := r.NewSubscriber()
	defer sub.Close()
	sub.Subscribe("tickstock.events.patterns")
	sub.Subscribe("tickstock:patterns:streaming")
	got := make(chan string, 100)
	go func() {
		for m := range sub.Messages() {
			got <- m.Message
		}
	}()
	if out, err = run(t, r, "redis://"+r.Addr(), 50); err != nil || out.Unheard != 0 {
		t.Fatalf("%+v, %v: want all heard", out, err)
	}
	for n := range 50 {
		if m := <-got; !bytes.Contains([]byte(m), []byte(idPrefix(0)+"0000000000"+strconv.FormatInt(int64(n)+256, 16)[1:])) {
			t.Fatalf("message %d is %s", n, m)
		}
	}
}

func TestThePublisherSaysWhatIsWrong(t *testing.T) {
	r := miniredis.RunT(t)
	r.RequireAuth("secret")
	for _, address := range []string{"", "http://127.0.0.1", "redis://", "redis://" + r.Addr(), "redis://:wrong@" + r.Addr()} {
		if _, err := run(t, r, address, 1); err == nil {
			t.Errorf("%q: published", address)
		}
	}
	if _, err := run(t, r, "redis://:secret@"+r.Addr(), 1); err != nil {
		t.Error(err)
	}
	ctx, stop := context.WithCancel(context.Background())
	p, err := Connect(ctx, "redis://:secret@"+r.Addr())
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	_, err = p.Run(ctx, New(Config{Shapes: 1}), Plan{
		Events: 1 << 30, Rate: 1000, Shape: func(int) int { return 0 }, Sending: func(from, _ int, _ time.Time) {
			if from > 10 {
				stop()
			}
		},
	})
	if !errors.Is(err, context.Canceled) {
		t.Errorf("%v, want the context's error", err)
	}
}
