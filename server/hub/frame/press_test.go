package frame

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"tierboard/server/recent"
	"tierboard/shared/event"
	"tierboard/shared/wire"
)

// item returns the event at a position.
func item(seq uint64) *recent.Item {
	return recent.NewItem(&event.Event{
		Kind: event.Pattern, ID: fmt.Sprint("e", seq), Seq: seq, Tier: event.Daily, Daily: &event.DailyDetail{},
		Scope:      event.Scope{Symbol: "AAPL", Pattern: "bull_flag", Timeframe: "daily"},
		Confidence: .7, Priority: event.Medium, DetectedAt: time.Unix(int64(seq), 0), Occurrences: 1,
	})
}

// ids returns the ids of the events in a frame.
func ids(t *testing.T, f Frame) []string {
	t.Helper()
	m, err := wire.Decode(slices.Clone(f.Bytes))
	if err != nil {
		t.Fatal(err)
	}
	var out []string
	for _, e := range m.(*wire.Batch).Events {
		out = append(out, e.ID)
	}
	return out
}

// TestAFrameThatIsKeptOutlivesThePress holds what the buffers that are used again ask of who keeps a frame.
func TestAFrameThatIsKeptOutlivesThePress(t *testing.T) {
	var p Press
	now := time.Unix(1, 0)
	items := []*recent.Item{item(1), item(2)}
	lent := p.Print(&wire.Batch{Seq: 2}, items, wire.MsgPack, now)
	if again := p.Print(&wire.Batch{Seq: 2}, items, wire.MsgPack, now); &again.Ready[0] != &lent.Ready[0] || p.Prints() != 1 {
		t.Errorf("%d prints, want the same bytes for the same batch", p.Prints())
	}
	lent.Events = 2
	kept := lent.Keep()
	if !lent.Lent || kept.Lent || kept.Events != 2 || &kept.Ready[0] == &lent.Ready[0] || len(kept.Ready) != len(lent.Ready) {
		t.Errorf("kept %+v of %+v, want the same with bytes of its own", kept, lent)
	}
	if twice := kept.Keep(); &twice.Ready[0] != &kept.Ready[0] {
		t.Error("a frame with bytes of its own was copied")
	}
	p.Print(&wire.Batch{ID: "x", Seq: 2}, items, wire.MsgPack, now) // the same sheet, hence the same buffer
	if got := ids(t, kept); !slices.Equal(got, []string{"e1", "e2"}) {
		t.Errorf("kept %v, want what was printed first", got)
	}
	if m, err := wire.Decode(slices.Clone(lent.Bytes)); err == nil && m.(*wire.Batch).ID == "" {
		t.Error("the buffer was not used again")
	}
}

func TestAPrintIsSharedOnlyWithItsLike(t *testing.T) {
	items := []*recent.Item{item(1), item(2), item(3), item(4)}
	now := time.Unix(1, 0)
	b := func(change func(*wire.Batch)) *wire.Batch {
		out := &wire.Batch{Seq: 4}
		if change != nil {
			change(out)
		}
		return out
	}
	var p Press
	p.Print(b(nil), items, wire.MsgPack, now)
	for name, again := range map[string]func(){
		"another moment": func() { p.Print(b(nil), items, wire.MsgPack, now.Add(1)) },
		"other events":   func() { p.Print(b(nil), items[1:], wire.MsgPack, now) },
		"a format":       func() { p.Print(b(nil), items, wire.JSON, now) },
		"a position":     func() { p.Print(b(func(b *wire.Batch) { b.Seq++ }), items, wire.MsgPack, now) },
		"suppressed":     func() { p.Print(b(func(b *wire.Batch) { b.Suppressed = 1 }), items, wire.MsgPack, now) },
		"dropped":        func() { p.Print(b(func(b *wire.Batch) { b.Dropped = 1 }), items, wire.MsgPack, now) },
		"a subscription": func() { p.Print(b(func(b *wire.Batch) { b.ID = "x" }), items, wire.MsgPack, now) },
		"a snapshot":     func() { p.Print(b(func(b *wire.Batch) { b.Reset = true }), items, wire.MsgPack, now) },
	} {
		p.Print(b(nil), items, wire.MsgPack, now)
		before := p.Prints()
		if again(); p.Prints() != before+1 {
			t.Errorf("%s: not encoded anew", name)
		}
	}
	got := p.Print(b(nil), nil, wire.JSON, now)
	if m, err := wire.DecodeJSON(string(got.Bytes)); err != nil || len(m.(*wire.Batch).Events) != 0 {
		t.Errorf("an empty batch: %+v, %v", m, err)
	}
}
