package e2e_test

import (
	"bytes"
	"fmt"
	"maps"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"tierboard/e2e/stack"
	"tierboard/shared/event"
	"tierboard/shared/filter"
	"tierboard/shared/wire"
)

// feed publishes numbered detections that filters can tell apart: three tiers, seven symbols, eleven confidences.
type feed struct {
	*publisher
	sent int
}

// tick publishes the next one.
func (f *feed) tick() {
	f.t.Helper()
	f.sent++
	n := f.sent
	f.publish("tickstock.events.patterns", fmt.Sprintf(
		`{"event_type":"pattern_detected","timestamp":%d,"data":{"symbol":"S%d","pattern":"Doji","tier":%q,"confidence":%.2f,"flow_id":"tick-%d"}}`,
		1757858400+n, n%7, []string{"daily", "intraday", "combo"}[n%3], 0.5+float64(n%11)/25, n))
}

// streaming starts a server that holds nothing back, a witness that receives everything, and a feed.
func streaming(t *testing.T) (*stack.TierboardServer, *stream, *feed) {
	t.Helper()
	r := stack.Redis(t)
	s := stack.Server(t, stack.Env("REDIS_URL", r.URL()), stack.Args("--rate-limit=0"))
	witness := dial(t, s, wire.JSONProtocol)
	witness.subscribe(everything, nil)
	return s, witness, &feed{publisher: newPublisher(t, r.URL())}
}

// seen waits until the witness has everything that was published, and returns it.
func (f *feed) seen(witness *stream) []*event.Event {
	f.t.Helper()
	witness.await("every published event", func([]received) bool { return len(witness.live()) >= f.sent })
	all := witness.live()
	for i, e := range all {
		if want := fmt.Sprintf("tick-%d", i+1); e.ID != want || e.Seq != uint64(i+1) {
			f.t.Fatalf("event %d is %s with position %d", i+1, e.ID, e.Seq)
		}
	}
	return all
}

// TestResumeBringsExactlyWhatWasMissed cuts clients in the middle of a stream, again and again.
func TestResumeBringsExactlyWhatWasMissed(t *testing.T) {
	s, witness, f := streaming(t)
	half := []any{map[string]any{"tiers": []any{"daily", "combo"}, "confidence_min": 0.66}, map[string]any{"symbols": []any{"S3"}}}
	type listener struct {
		filters []any
		conn    *stream
		at      uint64
		got     []*event.Event
	}
	listeners := []*listener{{filters: everything}, {filters: half}}
	for _, l := range listeners {
		l.conn = dial(t, s, wire.MsgPackProtocol)
		l.conn.subscribe(l.filters, nil)
	}
	epoch := witness.epoch()
	cuts := 0
	for n := range 700 {
		f.tick()
		switch n % 140 {
		case 60: // right behind a frame, while the next one is on its way
			for _, l := range listeners {
				l.conn.await("a live event", func([]received) bool { return l.conn.at() > l.at })
				l.conn.cut()
				l.at = max(l.at, l.conn.at())
				l.got = append(l.got, l.conn.live()...)
				cuts++
			}
		case 110: // the stream goes on meanwhile
			for _, l := range listeners {
				l.conn = dial(t, s, wire.MsgPackProtocol)
				from := len(l.conn.all())
				l.conn.ask(l.filters, map[string]any{"epoch": epoch, "seq": l.at})
				f.tick()
				f.tick()
				ack, missed := l.conn.answer(from)
				if !ack.Resumed {
					t.Errorf("not resumed from %d: %+v", l.at, ack)
				}
				after, upTo := l.at, ack.Seq
				same(t, "replay", missed, oracle(t, l.filters, f.seen(witness), func(seq uint64) bool { return after < seq && seq <= upTo }))
				l.got = append(l.got, missed...)
				l.at = upTo
			}
		}
	}
	all := f.seen(witness)
	for _, l := range listeners {
		want := oracle(t, l.filters, all, always)
		l.conn.await("the rest of the stream", func([]received) bool { return len(l.got)+len(l.conn.live()) >= len(want) })
		same(t, "in all, over every cut", append(l.got, l.conn.live()...), want)
	}
	if cuts != 10 {
		t.Errorf("%d cuts, want 10", cuts)
	}

	// Another life of the server, and a position that it has not reached: nothing can be said about what was missed.
	var newest []*event.Event
	perTier := map[event.Tier]int{}
	for _, e := range slices.Backward(all) {
		if perTier[e.Tier]++; perTier[e.Tier] <= wire.SnapshotSize {
			newest = append(newest, e)
		}
	}
	slices.Reverse(newest)
	for name, resume := range map[string]map[string]any{
		"another epoch":       {"epoch": "another life", "seq": 5},
		"beyond the position": {"epoch": epoch, "seq": 100_000},
	} {
		c := dial(t, s, wire.MsgPackProtocol)
		ack, snapshot := c.subscribe(everything, resume) // holds the first batch to reset:true
		if ack.Resumed || len(newest) != 3*wire.SnapshotSize {
			t.Errorf("%s: acknowledged with %+v, %d events to expect", name, ack, len(newest))
		}
		same(t, name+": snapshot", snapshot, newest)
	}

	// The position of now: nothing is missed, and nothing comes but what follows.
	c := dial(t, s, wire.MsgPackProtocol)
	ack, missed := c.subscribe(everything, map[string]any{"epoch": epoch, "seq": uint64(len(all))})
	if !ack.Resumed || len(missed) != 0 {
		t.Errorf("nothing missed: %+v with %d events", ack, len(missed))
	}
	f.tick()
	next := f.seen(witness)
	c.await("the next event", func([]received) bool { return len(c.live()) > 0 })
	same(t, "after an empty replay", c.live(), next[len(next)-1:])
}

// TestARestartIsAnotherEpoch resumes at a server that was killed and came back.
func TestARestartIsAnotherEpoch(t *testing.T) {
	s, witness, f := streaming(t)
	for range 20 {
		f.tick()
	}
	f.seen(witness)
	before := witness.epoch()
	s.Kill()
	s.Restart()
	c := dial(t, s, wire.MsgPackProtocol)
	if c.epoch() == before {
		t.Errorf("the epoch is still %s", before)
	}
	if ack, _ := c.subscribe(everything, map[string]any{"epoch": before, "seq": 10}); ack.Resumed {
		t.Errorf("resumed in another life: %+v", ack)
	}
	f.tick()
	c.await("an event of the new life", func([]received) bool { return len(c.live()) > 0 })
	if e := c.live()[0]; e.ID != "tick-21" {
		t.Errorf("the first event is %s", e.ID)
	}
}

// overlapping are filters of which each wants some of what the next one wants.
var overlapping = [][]any{
	{map[string]any{"tiers": []any{"daily", "intraday"}}},
	{map[string]any{"tiers": []any{"intraday", "combo"}, "confidence_min": 0.6}},
	{map[string]any{"symbols": []any{"S1", "S2", "S3"}}, map[string]any{"tiers": []any{"combo"}}},
	everything,
	{map[string]any{"exclude_symbols": []any{"S2"}, "confidence_max": 0.8}},
}

// TestSwapUnderStream gives a subscription other filters again and again while events flow. One client swaps plainly and gets a
// snapshot each time, one resumes from where it is and gets only what it has not got.
func TestSwapUnderStream(t *testing.T) {
	s, witness, f := streaming(t)
	plain, resuming := dial(t, s, wire.MsgPackProtocol), dial(t, s, wire.JSONProtocol)
	epoch := witness.epoch()
	var plainAt, resumingAt []uint64 // where each resumed; plain never does
	position := uint64(0)            // of the resuming client
	for n := range 200 {
		if n%10 == 0 {
			filters := overlapping[n/10%len(overlapping)]
			fromPlain, fromResuming := len(plain.all()), len(resuming.all())
			plain.ask(filters, nil)
			position = max(position, resuming.at())
			resuming.ask(filters, map[string]any{"epoch": epoch, "seq": position})
			f.tick() // on its way together with the requests
			plain.answer(fromPlain)
			ack, _ := resuming.answer(fromResuming)
			plainAt, resumingAt = append(plainAt, 0), append(resumingAt, position)
			position = max(position, ack.Seq)
			continue
		}
		f.tick()
	}
	all := f.seen(witness)

	periods := readPeriods(t, plain, all, plainAt)
	for i, p := range periods {
		upTo := p.ack.Seq
		same(t, fmt.Sprintf("snapshot %d", i), p.caughtUp, oracle(t, p.filters, all, func(seq uint64) bool { return seq <= upTo }))
		same(t, fmt.Sprintf("live in period %d", i), p.live, oracle(t, p.filters, all, func(seq uint64) bool { return p.ack.Seq < seq && seq <= p.end }))
	}

	var got []*event.Event
	want := map[uint64]*event.Event{}
	for i, p := range readPeriods(t, resuming, all, resumingAt) {
		if !p.ack.Resumed {
			t.Errorf("swap %d was not resumed", i)
		}
		got = append(append(got, p.caughtUp...), p.live...)
		for _, e := range oracle(t, p.filters, all, func(seq uint64) bool { return p.from < seq && seq <= p.end }) {
			want[e.Seq] = e
		}
	}
	slices.SortFunc(got, func(a, b *event.Event) int { return int(a.Seq) - int(b.Seq) })
	if d := cmp.Diff(slices.Sorted(maps.Keys(want)), seqs(got)); d != "" { // also shows what comes twice
		t.Errorf("what the resuming client has (-want +got):\n%s", d)
	}
}

// period is the time between two swaps, as a client saw it.
type period struct {
	filters        []any
	ack            *wire.Subscribed
	from, end      uint64 // resumed after; the last position under these filters
	caughtUp, live []*event.Event
}

// readPeriods waits until a client has what it is to get of all, and takes its frames apart.
func readPeriods(t testing.TB, c *stream, all []*event.Event, resumedAt []uint64) []*period {
	t.Helper()
	last := overlapping[(len(resumedAt)-1)%len(overlapping)]
	rest := oracle(t, last, all, always)
	c.await("the last event", func([]received) bool { return c.at() >= rest[len(rest)-1].Seq })
	var periods []*period
	for _, r := range c.all() {
		switch f := r.frame.(type) {
		case *wire.Subscribed:
			i := len(periods)
			if i > 0 {
				periods[i-1].end = f.Seq
			}
			periods = append(periods, &period{
				filters: overlapping[i%len(overlapping)], ack: f, from: resumedAt[i], end: all[len(all)-1].Seq,
			})
			if d := cmp.Diff(parsed(t, periods[i].filters), f.Filters); d != "" {
				t.Errorf("swap %d confirms other filters (-want +got):\n%s", i, d)
			}
		case *wire.Batch:
			p := periods[len(periods)-1]
			if f.ID != "" {
				p.caughtUp = append(p.caughtUp, f.Events...)
			} else {
				p.live = append(p.live, f.Events...)
			}
		}
	}
	if len(periods) != len(resumedAt) {
		t.Fatalf("%d acknowledgements of %d swaps", len(periods), len(resumedAt))
	}
	return periods
}

// TestRateLimitIsToldAndBounded publishes more than a session may get in a second.
func TestRateLimitIsToldAndBounded(t *testing.T) {
	r := stack.Redis(t)
	s := stack.Server(t, stack.Env("REDIS_URL", r.URL()), stack.Args("--rate-limit=50"))
	f := &feed{publisher: newPublisher(t, r.URL())}
	c := dial(t, s, wire.JSONProtocol)
	c.subscribe(everything, nil)
	count := func() (events, suppressed int) {
		for _, x := range c.all() {
			if b, ok := x.frame.(*wire.Batch); ok && b.ID == "" {
				events += len(b.Events)
				suppressed += b.Suppressed
			}
		}
		return events, suppressed
	}
	began := time.Now()
	for range 300 {
		f.tick()
	}
	c.await("all 300, delivered or announced as held back", func([]received) bool {
		events, suppressed := count()
		return events+suppressed >= f.sent
	})
	seconds := int(time.Since(began)/time.Second) + 1
	events, suppressed := count()
	if events+suppressed != f.sent || suppressed == 0 || events > 50*(seconds+1) {
		t.Errorf("%d delivered and %d held back of %d in %d s", events, suppressed, f.sent, seconds)
	}
	// What was held back is still there: replays are exempt.
	_, replay := dial(t, s, wire.MsgPackProtocol).subscribe(everything, map[string]any{"epoch": c.epoch(), "seq": 0})
	if len(replay) != f.sent {
		t.Errorf("%d events in the replay, want all %d", len(replay), f.sent)
	}
}

// oracle returns the events that the filters want by definition, in their order.
func oracle(t testing.TB, filters []any, events []*event.Event, when func(seq uint64) bool) []*event.Event {
	t.Helper()
	fs := parsed(t, filters)
	var want []*event.Event
	for _, e := range events {
		if when(e.Seq) && filter.Any(fs, e) {
			want = append(want, e)
		}
	}
	return want
}

// parsed reads filters as a client writes them.
func parsed(t testing.TB, filters []any) []filter.Filter {
	t.Helper()
	fs, err := filter.DefaultSchema().ParseAll(filters)
	if err != nil {
		t.Fatal(err)
	}
	return fs
}

// always is for oracle: no bound on the position.
func always(uint64) bool { return true }

// seqs lists positions, which is what a failed comparison should show.
func seqs(events []*event.Event) []uint64 {
	out := make([]uint64, len(events))
	for i, e := range events {
		out[i] = e.Seq
	}
	return out
}

// same fails the test unless both lists hold the same events in the same order.
func same(t testing.TB, what string, got, want []*event.Event) {
	t.Helper()
	if d := cmp.Diff(seqs(want), seqs(got)); d != "" {
		t.Errorf("%s: positions (-want +got):\n%s", what, d)
		return
	}
	for i := range got {
		a, b := wire.AppendEvent(nil, want[i], wire.JSON), wire.AppendEvent(nil, got[i], wire.JSON)
		if !bytes.Equal(a, b) {
			t.Errorf("%s: event %d is %s, want %s", what, got[i].Seq, b, a)
		}
	}
}
