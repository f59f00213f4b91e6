package ingest

import (
	"context"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"pgregory.net/rapid"

	"tierboard/server/classify/found"
)

// TestQueueAgainstASlice holds the two lanes to plain slices.
func TestQueueAgainstASlice(t *testing.T) {
	over, cancel := context.WithCancel(t.Context())
	cancel()
	rapid.Check(t, func(t *rapid.T) {
		length, bytes := rapid.IntRange(1, 16).Draw(t, "length"), rapid.IntRange(4, 40).Draw(t, "bytes")
		q := newQueue(length, bytes)
		type letter struct {
			payload string
			entry   bool
		}
		var plain []letter // in the order in which they came
		lane := func(entry bool) (n, size int) {
			for _, l := range plain {
				if l.entry == entry {
					n++
					size += len(l.payload)
				}
			}
			return n, size
		}
		for i := range rapid.IntRange(0, 60).Draw(t, "steps") {
			payload := strings.Repeat(string(rune('a'+i%26)), rapid.IntRange(0, 4).Draw(t, "size"))
			switch rapid.SampledFrom([]string{"push", "put", "take"}).Draw(t, "step") {
			case "push":
				want := 0
				for {
					if n, size := lane(false); n < length && (n == 0 || size+len(payload) <= bytes) {
						break
					}
					oldest := slices.IndexFunc(plain, func(l letter) bool { return !l.entry })
					plain = slices.Delete(plain, oldest, oldest+1)
					want++
				}
				plain = append(plain, letter{payload, false})
				if got := q.push(delivery{payload: payload}); got != want {
					t.Fatalf("pushed %d out, want %d", got, want)
				}
			case "put":
				n, size := lane(true)
				want := n < max(length/4, 1) && (n == 0 || size+len(payload) <= bytes/4)
				if want {
					plain = append(plain, letter{payload, true})
				}
				if err := q.put(over, delivery{payload: payload}); (err == nil) != want {
					t.Fatalf("with room %v: put gives %v", want, err)
				}
			case "take":
				if len(plain) == 0 {
					continue
				}
				buf := make([]delivery, rapid.IntRange(1, 4).Draw(t, "room"))
				n, left := q.take(context.Background(), buf)
				var got, want []string
				for _, d := range buf[:n] {
					got = append(got, d.payload)
				}
				for _, l := range plain[:min(len(buf), len(plain))] {
					want = append(want, l.payload)
				}
				if plain = plain[len(want):]; !slices.Equal(got, want) || left != len(plain) {
					t.Fatalf("took %q with %d left, want %q with %d", got, left, want, len(plain))
				}
			}
		}
	})
}

// TestLaneGrowsAndGivesUp pushes bursts of messages at once and takes them, against a plain slice: the ring must keep their order when
// it grows, and be small when it is empty.
func TestLaneGrowsAndGivesUp(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		length := rapid.IntRange(1, 3*keepItems).Draw(t, "length")
		q := newQueue(length, 1<<20)
		var plain []string
		next := 0
		take := func(most int) {
			buf := make([]delivery, most)
			for n := min(most, len(plain)); n > 0; {
				got, left := q.take(context.Background(), buf[:n])
				for i := range got {
					if buf[i].payload != plain[i] {
						t.Fatalf("took %q, want %q", buf[i].payload, plain[i])
					}
				}
				if plain = plain[got:]; left != len(plain) {
					t.Fatalf("%d are left, want %d", left, len(plain))
				}
				n -= got
			}
		}
		for range rapid.IntRange(1, 10).Draw(t, "steps") {
			burst := make([]delivery, rapid.IntRange(0, 2*keepItems).Draw(t, "burst"))
			for i := range burst {
				burst[i].payload = strconv.Itoa(next)
				plain = append(plain, burst[i].payload)
				next++
			}
			want := max(len(plain)-length, 0)
			plain = plain[want:]
			if got := q.push(burst...); got != want {
				t.Fatalf("pushed %d out, want %d", got, want)
			}
			take(rapid.IntRange(0, 2*keepItems).Draw(t, "taken"))
		}
		take(len(plain))
		if n := len(q.published.items); n > keepItems {
			t.Fatalf("an empty ring has room for %d", n)
		}
	})
}

// TestEntriesWaitForRoom has several streams put more than fits while a slow worker takes.
func TestEntriesWaitForRoom(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const streams, each = 5, 50
		q := newQueue(8, 1<<20) // room for 2 entries
		var waiting sync.WaitGroup
		for range streams {
			waiting.Go(func() {
				for range each {
					if err := q.put(t.Context(), delivery{payload: "x"}); err != nil {
						t.Error(err)
					}
				}
			})
		}
		for i := range 40 { // what is published pushes no entry out
			q.push(delivery{payload: strconv.Itoa(i)})
		}
		got := 0
		for buf := make([]delivery, 1); got < streams*each; {
			synctest.Wait()
			if q.entries.n > 2 {
				t.Fatalf("%d entries wait, at most 2", q.entries.n)
			}
			q.take(t.Context(), buf)
			if buf[0].payload == "x" {
				got++
			}
		}
		waiting.Wait()
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
		if n, ok := f.say(found.BadJSON, start.Add(time.Duration(i)*time.Second)); ok {
			said = append(said, n)
		}
	}
	if want := []int{1, 60, 60, 60}; !slices.Equal(said, want) {
		t.Errorf("said %v, want %v", said, want)
	}
	if n, ok := f.say(found.NoSymbol, start); !ok || n != 1 {
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
