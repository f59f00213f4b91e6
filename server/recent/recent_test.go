package recent

import (
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"pgregory.net/rapid"

	"tierboard/shared/event"
	"tierboard/shared/wire"
)

var began = time.Date(2026, 11, 20, 15, 0, 0, 0, time.UTC)

func item(seq uint64, change func(*event.Event)) *Item {
	e := &event.Event{
		Kind: event.Pattern, ID: fmt.Sprintf("e%d", seq), Seq: seq, Tier: event.Daily,
		Scope:      event.Scope{Symbol: "AAPL", Pattern: "doji"},
		DetectedAt: began.Add(time.Duration(seq) * time.Second),
	}
	if change != nil {
		change(e)
	}
	return NewItem(e)
}

func seqs(items []*Item) []uint64 {
	out := make([]uint64, 0, len(items))
	for _, it := range items {
		out = append(out, it.Event.Seq)
	}
	return out
}

// TestRingEqualsAPlainList holds every answer against a list that forgets nothing.
func TestRingEqualsAPlainList(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		size := rapid.IntRange(1, 40).Draw(t, "size")
		r := New(size)
		var all []*Item
		for range rapid.IntRange(0, 120).Draw(t, "events") {
			it := item(uint64(len(all))+1, func(e *event.Event) {
				e.Tier = event.Tier(rapid.IntRange(0, 4).Draw(t, "tier"))
				e.Symbol = rapid.SampledFrom([]string{"A", "B"}).Draw(t, "symbol")
			})
			all = append(all, it)
			r.Add(it)
		}
		held := all[max(0, len(all)-size):]
		first, last := r.Span()
		if r.Len() != len(held) || last != uint64(len(all)) || (len(held) > 0 && first != held[0].Event.Seq) {
			t.Fatalf("Span = %d, %d with %d, want the newest %d of %d", first, last, r.Len(), len(held), len(all))
		}
		want := func(e *event.Event) bool { return e.Symbol == "A" }
		after, upTo := rapid.Uint64Range(0, 130).Draw(t, "after"), rapid.Uint64Range(0, 130).Draw(t, "upTo")
		got, ok := r.Between(after, upTo, want)
		var expected []uint64
		for _, it := range all {
			if it.Event.Seq > after && it.Event.Seq <= upTo && want(it.Event) {
				expected = append(expected, it.Event.Seq)
			}
		}
		covered := after >= min(upTo, last) || after+1 >= first
		if ok != covered || (ok && !slices.Equal(seqs(got), expected)) {
			t.Fatalf("Between(%d, %d) = %v, %v; want %v, %v", after, upTo, seqs(got), ok, expected, covered)
		}
		per := rapid.IntRange(1, 5).Draw(t, "per tier")
		upTo = rapid.Uint64Range(0, last).Draw(t, "newest up to")
		expected = nil
		taken := map[int]int{}
		for _, it := range slices.Backward(held) {
			tr := int(it.Event.Tier)
			if tr > 3 {
				tr = 0
			}
			if it.Event.Seq <= upTo && want(it.Event) && taken[tr] < per {
				taken[tr]++
				expected = append(expected, it.Event.Seq)
			}
		}
		slices.Reverse(expected)
		if got := seqs(r.Newest(upTo, per, want)); !slices.Equal(got, expected) {
			t.Fatalf("Newest(%d, %d) = %v, want %v", upTo, per, got, expected)
		}
		var matching []*Item
		for _, it := range held {
			if it.Event.Seq <= upTo && want(it.Event) {
				matching = append(matching, it)
			}
		}
		if got := seqs(TrimPerTier(matching, per)); !slices.Equal(got, expected) {
			t.Fatalf("TrimPerTier = %v, want %v", got, expected)
		}
		for _, it := range all {
			found := r.Find(it.Event.ID)
			if kept := slices.Contains(held, it); (found == it) != kept {
				t.Fatalf("Find(%s) = %v, want it found: %v", it.Event.ID, found, kept)
			}
		}
	})
}

func TestLongScansGoThroughInPieces(t *testing.T) {
	r := New(10 * piece)
	for seq := uint64(1); seq <= 5*piece; seq++ {
		r.Add(item(seq, func(e *event.Event) {
			if seq%2 == 0 {
				e.Tier = event.Combo
			}
		}))
	}
	if got, ok := r.Between(0, 5*piece, nil); !ok || len(got) != 5*piece || got[4000].Event.Seq != 4001 {
		t.Errorf("Between: %d items, %v", len(got), ok)
	}
	if got := r.Newest(5*piece, 3000, nil); len(got) != 5*piece || got[0].Event.Seq != 1 {
		t.Errorf("Newest: %d items from %d", len(got), got[0].Event.Seq)
	}
	if got := r.Newest(5*piece+1, 1, nil); got != nil {
		t.Errorf("Newest from the future = %v, want nothing", seqs(got))
	}
	calls := 0
	r.Newest(5*piece, 1, func(e *event.Event) bool { calls++; return true })
	if calls > 5*piece {
		t.Errorf("%d events looked at", calls)
	}
}

func TestARangeForgottenDuringTheScanIsNoAnswer(t *testing.T) {
	r := New(2 * piece)
	for seq := uint64(1); seq <= 2*piece; seq++ {
		r.Add(item(seq, nil))
	}
	next := uint64(2*piece + 1)
	_, ok := r.Between(0, 2*piece, func(*event.Event) bool {
		if next <= 4*piece { // a publisher is faster than the scan
			for range 3 {
				r.Add(item(next, nil))
				next++
			}
		}
		return true
	})
	if ok {
		t.Error("an incomplete answer passed as complete")
	}
}

func TestADuplicateIDFindsTheNewer(t *testing.T) {
	r := New(2)
	same := func(e *event.Event) { e.ID = "same" }
	r.Add(item(1, same))
	newer := item(2, same)
	r.Add(newer)
	r.Add(item(3, nil)) // pushes out the older one
	if r.Find("same") != newer {
		t.Error("forgetting the older one hid the newer")
	}
}

func TestAGapPanics(t *testing.T) {
	defer func() {
		if recover() == nil {
			t.Error("no panic")
		}
	}()
	New(0).Add(item(2, nil))
}

func TestBytesAreMadeOnceAndShared(t *testing.T) {
	it := item(1, nil)
	for _, f := range []wire.Format{wire.JSON, wire.MsgPack} {
		var wg sync.WaitGroup
		got := make([][]byte, 8)
		for i := range got {
			wg.Go(func() { got[i] = it.Bytes(f) })
		}
		wg.Wait()
		want := wire.AppendEvent(nil, it.Event, f)
		for _, b := range got {
			if string(b) != string(want) || &b[0] != &got[0][0] {
				t.Errorf("format %d: bytes differ or are not shared", f)
			}
		}
	}
}

func TestEarlierFindsTheNearest(t *testing.T) {
	r := New(400)
	at := func(tr event.Tier, minute int) func(*event.Event) {
		return func(e *event.Event) { e.Tier, e.DetectedAt = tr, began.Add(time.Duration(minute)*time.Minute) }
	}
	add := func(id string, tr event.Tier, minute int) {
		_, last := r.Span()
		r.Add(item(last+1, func(e *event.Event) { at(tr, minute)(e); e.ID = id }))
	}
	add("old", event.Intraday, 0)
	add("near", event.Intraday, 20)
	add("late report", event.Intraday, 10)
	add("later", event.Intraday, 40)
	add("daily", event.Daily, 25)
	add("combo", event.Combo, 26)
	for name, c := range map[string]struct {
		pattern string
		tier    event.Tier
		minute  int
		within  time.Duration
		want    string
	}{
		"nearest":                  {"doji", event.Intraday, 30, TriggerWithin, "near"},
		"at the same time":         {"doji", event.Intraday, 20, TriggerWithin, "near"},
		"exactly as old as may be": {"doji", event.Intraday, 50, 10 * time.Minute, "later"},
		"too old":                  {"doji", event.Intraday, 80, 10 * time.Minute, ""},
		"daily":                    {"doji", event.Daily, 30, SetupWithin, "daily"},
		"combos are not kept":      {"doji", event.Combo, 30, SetupWithin, ""},
		"another pattern":          {"hammer", event.Daily, 30, SetupWithin, ""},
	} {
		got := r.Earlier("AAPL", c.pattern, c.tier, began.Add(time.Duration(c.minute)*time.Minute), c.within)
		if (got == nil) != (c.want == "") || (got != nil && got.ID != c.want) {
			t.Errorf("%s: %+v, want %q", name, got, c.want)
		}
	}
}

func TestLinksAreBoundedAndOutliveTheRing(t *testing.T) {
	r := New(400) // so 100 daily and 100 intraday events are remembered
	seq := uint64(0)
	add := func(symbol string, tr event.Tier) {
		seq++
		r.Add(item(seq, func(e *event.Event) { e.Symbol, e.Tier = symbol, tr }))
	}
	found := func(symbol string, tr event.Tier) bool {
		return r.Earlier(symbol, "doji", tr, began.Add(time.Hour*24), 48*time.Hour) != nil
	}
	add("SETUP", event.Daily)
	for i := range 2000 {
		add(fmt.Sprintf("S%d", i), event.Intraday)
	}
	if !found("SETUP", event.Daily) {
		t.Error("intraday events pushed out the daily setup")
	}
	if found("S1899", event.Intraday) || !found("S1900", event.Intraday) {
		t.Error("want exactly the newest 100 intraday events")
	}
	for range 90 {
		add("BUSY", event.Intraday)
	}
	if n := len(r.links.byKey[linkKey{"BUSY", "doji", event.Intraday}]); n != mostPerKey {
		t.Errorf("%d events of one key, want %d", n, mostPerKey)
	}
	for i := range 150 {
		add(fmt.Sprintf("T%d", i), event.Intraday)
	}
	if n := len(r.links.byKey); n != 101 || found("BUSY", event.Intraday) {
		t.Errorf("%d keys, want the 100 newest intraday ones and the setup", n)
	}
	other := item(seq+1, func(e *event.Event) { e.Kind = "market"; e.Symbol = "KIND" })
	r.Add(other)
	if found("KIND", event.Daily) {
		t.Error("an event of another kind became a link")
	}
}

func BenchmarkNewestOfARareSymbol(b *testing.B) {
	r := New(65536)
	for seq := uint64(1); seq <= 65536; seq++ {
		r.Add(item(seq, nil))
	}
	for b.Loop() {
		r.Newest(65536, 200, func(e *event.Event) bool { return e.Symbol == "RARE" })
	}
}
