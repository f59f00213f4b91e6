package ingest

import (
	"context"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"tierboard/server/classify"
)

// TestQueueAgainstASlice holds the ring to a plain slice.
func TestQueueAgainstASlice(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		length, bytes := rapid.IntRange(1, 8).Draw(t, "length"), rapid.IntRange(4, 20).Draw(t, "bytes")
		q := newQueue(length, bytes)
		var plain []string
		for range rapid.IntRange(0, 40).Draw(t, "steps") {
			if rapid.Bool().Draw(t, "push") {
				payload := strings.Repeat("x", rapid.IntRange(0, 4).Draw(t, "size"))
				want := 0
				for len(plain) == length || len(plain) > 0 && len(strings.Join(plain, ""))+len(payload) > bytes {
					plain = plain[1:]
					want++
				}
				plain = append(plain, payload)
				if got := q.push(delivery{payload: payload}); got != want {
					t.Fatalf("pushed %d out, want %d", got, want)
				}
				continue
			}
			if len(plain) == 0 {
				continue
			}
			buf := make([]delivery, rapid.IntRange(1, 4).Draw(t, "room"))
			n, left := q.take(context.Background(), buf)
			var got []string
			for _, d := range buf[:n] {
				got = append(got, d.payload)
			}
			want := plain[:min(len(buf), len(plain))]
			if plain = plain[len(want):]; !slices.Equal(got, want) || left != len(plain) {
				t.Fatalf("took %q with %d left, want %q with %d", got, left, want, len(plain))
			}
		}
	})
}

func TestTakeEndsWithItsContext(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if n, _ := newQueue(1, 1).take(ctx, make([]delivery, 1)); n != 0 {
		t.Errorf("took %d from an empty queue", n)
	}
}

// TestDeadLettersAgainstASlice holds the ring to a plain slice.
func TestDeadLettersAgainstASlice(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		length := rapid.IntRange(1, 5).Draw(t, "length")
		l := newDeadLetters(length)
		var plain []DeadLetter
		for i := range rapid.IntRange(0, 12).Draw(t, "adds") {
			d := DeadLetter{Size: i}
			l.add(d)
			plain = append([]DeadLetter{d}, plain...)
		}
		limit := rapid.IntRange(-1, 12).Draw(t, "limit")
		want := plain[:min(max(limit, 0), length, len(plain))]
		if got := l.Newest(limit); !slices.Equal(got, want) {
			t.Fatalf("got %v, want %v", got, want)
		}
		if l.Total() != uint64(len(plain)) {
			t.Fatalf("total %d, want %d", l.Total(), len(plain))
		}
	})
}

func TestPauseGrowsAndStaysInItsBounds(t *testing.T) {
	in := &Ingest{cfg: Default()}
	for attempts := range 200 {
		limit := in.cfg.RetryMax
		if attempts < 5 {
			limit = in.cfg.RetryMin << attempts
		}
		for range 50 {
			if p := in.pause(attempts); p < in.cfg.RetryMin || p > limit {
				t.Fatalf("after %d failures: a pause of %v, want %v to %v", attempts, p, in.cfg.RetryMin, limit)
			}
		}
	}
}

func TestRepeatingFaultsAreLoggedOnceInAWhile(t *testing.T) {
	f := faultLog{every: time.Minute}
	start := time.Unix(1759761180, 0)
	var said []int
	for i := range 181 {
		if n, ok := f.say(classify.BadJSON, start.Add(time.Duration(i)*time.Second)); ok {
			said = append(said, n)
		}
	}
	if want := []int{1, 60, 60, 60}; !slices.Equal(said, want) {
		t.Errorf("said %v, want %v", said, want)
	}
	if n, ok := f.say(classify.NoSymbol, start); !ok || n != 1 {
		t.Errorf("another reason waits for the first: %d %v", n, ok)
	}
}

func TestParseBeat(t *testing.T) {
	want := time.Unix(1759761180, 0).UTC()
	for text, ok := range map[string]bool{
		"1759761180": true, " 1759761180.0\n": true, "1759761180000": true, "2025-10-06T14:33:00Z": true, "2025-10-06T10:33:00-04:00": true,
		"": false, "soon": false, "-1": false, "0": false, "NaN": false, "Inf": false, "1e300": false,
	} {
		got, good := parseBeat(text)
		if good != ok || (ok && !got.Equal(want)) {
			t.Errorf("%q is read as %v, %v", text, got, good)
		}
	}
}

func FuzzParseBeat(f *testing.F) {
	f.Add("1759761180.5")
	f.Add("2025-10-06T14:33:00Z")
	f.Fuzz(func(t *testing.T, text string) {
		if at, ok := parseBeat(text); ok && (at.IsZero() || at.Location() != time.UTC) {
			t.Errorf("%q is read as %v", text, at)
		}
	})
}
