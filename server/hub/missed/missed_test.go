package missed

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"tierboard/server/hub/known"
	"tierboard/server/recent"
	"tierboard/shared/event"
	"tierboard/shared/filter"
	"tierboard/shared/wire"
)

// began is when the first event of a history was detected; each follows a second later.
var began = time.Unix(1_800_000_000, 0)

// history is a past that a test writes.
type history struct {
	Past
	all []*event.Event
}

// newHistory returns an empty past whose ring holds so many events.
func newHistory(ring int) *history {
	return &history{Past: Past{Epoch: "ours", Ring: recent.New(ring), Marks: known.NewMarks(began)}}
}

// add accepts events of these symbols.
func (h *history) add(symbols ...string) {
	for _, s := range symbols {
		n := len(h.all)
		e := &event.Event{
			Kind: event.Pattern, ID: fmt.Sprint("e", n+1), Seq: uint64(n + 1), Tier: event.Daily, Daily: &event.DailyDetail{},
			Scope: event.Scope{Symbol: s, Pattern: "doji"}, Confidence: .7, DetectedAt: began.Add(time.Duration(n) * time.Second),
		}
		h.all = append(h.all, e)
		h.Ring.Add(recent.NewItem(e))
		h.Marks.Add(e)
	}
}

// seq is the position of the last event.
func (h *history) seq() uint64 { return uint64(len(h.all)) }

// wanted returns the positions after one, up to another, of the events that a filter wants.
func (h *history) wanted(f filter.Filter, after, upTo uint64) []uint64 {
	out := []uint64{}
	for _, e := range h.all {
		if e.Seq > after && e.Seq <= upTo && f.Match(e) {
			out = append(out, e.Seq)
		}
	}
	return out
}

// positions returns those of items.
func positions(items []*recent.Item) []uint64 {
	out := []uint64{}
	for _, it := range items {
		out = append(out, it.Event.Seq)
	}
	return out
}

func many(symbol string, n int) []string { return slices.Repeat([]string{symbol}, n) }

func none(*event.Event) bool { return false }

func TestAReplayIsExactOrASnapshotSaysWhy(t *testing.T) {
	h := newHistory(10)
	h.add(slices.Repeat([]string{"A", "B"}, 10)...) // the ring has 11 to 20
	for name, c := range map[string]struct {
		resume *wire.Resume
		f      filter.Filter
		exact  bool
		gap    bool
		want   []uint64
	}{
		"a new subscription":        {nil, filter.Filter{}, false, false, []uint64{11, 12, 13, 14, 15, 16, 17, 18, 19, 20}},
		"one of a symbol":           {nil, filter.Filter{Symbols: []string{"B"}}, false, false, []uint64{12, 14, 16, 18, 20}},
		"a resume":                  {&wire.Resume{Epoch: "ours", Seq: 15}, filter.Filter{}, true, false, []uint64{16, 17, 18, 19, 20}},
		"a resume of a symbol":      {&wire.Resume{Epoch: "ours", Seq: 15}, filter.Filter{Symbols: []string{"B"}}, true, false, []uint64{16, 18, 20}},
		"from the oldest":           {&wire.Resume{Epoch: "ours", Seq: 10}, filter.Filter{Symbols: []string{"A"}}, true, false, []uint64{11, 13, 15, 17, 19}},
		"nothing missed":            {&wire.Resume{Epoch: "ours", Seq: 20}, filter.Filter{}, true, false, []uint64{}},
		"forgotten":                 {&wire.Resume{Epoch: "ours", Seq: 9}, filter.Filter{Symbols: []string{"A"}}, false, true, []uint64{11, 13, 15, 17, 19}},
		"another life":              {&wire.Resume{Epoch: "theirs", Seq: 15}, filter.Filter{Symbols: []string{"A"}}, false, false, []uint64{11, 13, 15, 17, 19}},
		"a position yet to be made": {&wire.Resume{Epoch: "ours", Seq: 21}, filter.Filter{Symbols: []string{"A"}}, false, false, []uint64{11, 13, 15, 17, 19}},
	} {
		t.Run(name, func(t *testing.T) {
			m := h.Prepare(20, 20, []filter.Filter{c.f}, c.resume)
			if got := positions(m.Items); m.Exact != c.exact || m.UpTo != 20 || !slices.Equal(got, c.want) {
				t.Errorf("exact %v up to %d: %v; want exact %v: %v", m.Exact, m.UpTo, got, c.exact, c.want)
			}
			if c.exact && m.After != c.resume.Seq {
				t.Errorf("after %d, want %d", m.After, c.resume.Seq)
			}
			if (m.Gap != nil) != c.gap {
				t.Fatalf("gap %+v, want one: %v", m.Gap, c.gap)
			}
			if g := m.Gap; g != nil && (g.FromSeq != c.resume.Seq+1 || g.ToSeq != 20 || g.From.After(h.all[c.resume.Seq].DetectedAt) || !strings.HasPrefix(g.REST, "/api/patterns?since=2027-01-15T")) {
				t.Errorf("gap %+v, want all from %d on", g, c.resume.Seq+1)
			}
			if again := h.Complete(m, 20, []filter.Filter{c.f}, none); !slices.Equal(positions(again.Items), c.want) || again.Gap != m.Gap {
				t.Errorf("%+v, want nothing added where nothing came", again)
			}
		})
	}
}

func TestWhatCameMeanwhileIsAddedButNotTwice(t *testing.T) {
	every := []filter.Filter{{}}
	h := newHistory(10)
	h.add(many("A", 5)...)
	exact := h.Prepare(3, 5, every, &wire.Resume{Epoch: "ours", Seq: 1})
	ahead := h.Prepare(3, 5, every, &wire.Resume{Epoch: "ours", Seq: 4}) // of this shard
	snapshot := h.Prepare(3, 5, every, nil)
	sent := func(e *event.Event) bool { return e.Seq == 4 }
	for name, c := range map[string]struct {
		m    Events
		want []uint64
	}{
		"a replay":                   {exact, []uint64{2, 3, 5}},
		"a replay ahead of a shard":  {ahead, []uint64{5}},
		"a snapshot, with all of it": {snapshot, []uint64{1, 2, 3, 4, 5}},
	} {
		if got := h.Complete(c.m, 5, every, sent); got.Exact != c.m.Exact || !slices.Equal(positions(got.Items), c.want) {
			t.Errorf("%s: %v, want %v", name, positions(got.Items), c.want)
		}
	}
}

func TestASnapshotStaysAsLargeAsASnapshotIs(t *testing.T) {
	every := []filter.Filter{{}}
	h := newHistory(4 * wire.SnapshotSize)
	h.add(many("A", wire.SnapshotSize+1)...)
	m := h.Prepare(h.seq(), h.seq(), every, nil)
	if len(m.Items) != wire.SnapshotSize || m.Items[0].Event.Seq != 2 {
		t.Fatalf("%d events, want the newest %d", len(m.Items), wire.SnapshotSize)
	}
	h.add(many("A", 3)...)
	m = h.Complete(m, h.seq(), every, none)
	if len(m.Items) != wire.SnapshotSize || m.Items[0].Event.Seq != 5 {
		t.Errorf("%d events from %d on, want the newest %d", len(m.Items), m.Items[0].Event.Seq, wire.SnapshotSize)
	}
}

func TestARingThatForgetsMeanwhileMakesASnapshotWithAGap(t *testing.T) {
	every := []filter.Filter{{}}
	h := newHistory(4)
	h.add(many("A", 6)...)
	exact := h.Prepare(6, 6, every, &wire.Resume{Epoch: "ours", Seq: 4})
	gap := h.Prepare(6, 6, every, &wire.Resume{Epoch: "ours", Seq: 0})
	snapshot := h.Prepare(6, 6, every, nil)
	h.add(many("A", 9)...)
	for name, c := range map[string]struct {
		m    Events
		from uint64 // of the gap; 0 for none
	}{"a replay": {exact, 5}, "a gap": {gap, 1}, "a snapshot": {snapshot, 0}} {
		got := h.Complete(c.m, 15, every, none)
		if got.Exact || !slices.Equal(positions(got.Items), []uint64{12, 13, 14, 15}) {
			t.Errorf("%s: %+v, want the ring as snapshot", name, got)
		}
		if (got.Gap != nil) != (c.from != 0) || got.Gap != nil && (got.Gap.FromSeq != c.from || got.Gap.ToSeq != 15) {
			t.Errorf("%s: gap %+v, want it from %d to 15", name, got.Gap, c.from)
		}
	}
}

// TestAnyReplayEqualsAScan compares both steps, whatever came between them and however the events are asked for, with a plain
// scan of all that there were.
func TestAnyReplayEqualsAScan(t *testing.T) {
	symbols := []string{"A", "B", "C"}
	rapid.Check(t, func(t *rapid.T) {
		h := newHistory(4096)
		first := rapid.IntRange(1, 1500).Draw(t, "first") // also more than are worth an index
		for i := range first {
			h.add(symbols[i*i%3])
		}
		f := filter.Filter{Symbols: rapid.SampledFrom([][]string{nil, {"A"}, {"B", "C"}, {"D"}}).Draw(t, "symbols")}
		fs := []filter.Filter{f.Canonical()}
		after := rapid.Uint64Range(0, h.seq()).Draw(t, "after")
		upTo := rapid.Uint64Range(0, h.seq()).Draw(t, "shard")
		replay := h.Prepare(upTo, h.seq(), fs, &wire.Resume{Epoch: "ours", Seq: after})
		snapshot := h.Prepare(upTo, h.seq(), fs, nil)
		h.add(many("B", rapid.IntRange(0, 50).Draw(t, "meanwhile"))...)
		replay = h.Complete(replay, h.seq(), fs, none)
		if got, want := positions(replay.Items), h.wanted(f, after, h.seq()); !replay.Exact || !slices.Equal(got, want) {
			t.Fatalf("replay after %d: %v, want %v", after, got, want)
		}
		snapshot = h.Complete(snapshot, h.seq(), fs, none)
		want := h.wanted(f, 0, h.seq())
		want = want[max(0, len(want)-wire.SnapshotSize):]
		if got := positions(snapshot.Items); snapshot.Exact || !slices.Equal(got, want) {
			t.Fatalf("snapshot: %v, want %v", got, want)
		}
	})
}

func TestMergeOrdersAndHoldsFinds(t *testing.T) {
	h := newHistory(10)
	h.add(many("A", 6)...)
	at := func(seqs ...uint64) []*recent.Item {
		var out []*recent.Item
		for _, seq := range seqs {
			out = append(out, h.Ring.At(seq))
		}
		return out
	}
	first := at(1, 3, 5)
	for _, c := range []struct {
		b    []*recent.Item
		want []uint64
	}{{nil, []uint64{1, 3, 5}}, {at(4, 2), []uint64{1, 2, 3, 4, 5}}, {at(3, 6, 1), []uint64{1, 3, 5, 6}}} {
		got := Merge(first, c.b)
		if !slices.Equal(positions(got), c.want) || !slices.Equal(positions(first), []uint64{1, 3, 5}) {
			t.Errorf("merged %v, want %v", positions(got), c.want)
		}
		for seq := range uint64(8) {
			if Holds(got, seq) != slices.Contains(c.want, seq) {
				t.Errorf("%v hold %d: %v", c.want, seq, Holds(got, seq))
			}
		}
	}
}
