package board

import (
	"errors"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"tierboard/shared/event"
	"tierboard/shared/wire"
)

func TestSnapshotComesBack(t *testing.T) {
	b := New(500)
	var es []*event.Event
	for i := range 300 {
		es = append(es, testEvent(i, uint64(i)))
	}
	b.Apply(live(es...), noon)
	saved := b.Snapshot(noon.Add(time.Hour))
	if len(saved) > MaxSaved {
		t.Fatalf("%d bytes", len(saved))
	}
	r := New(500)
	savedAt, err := r.Restore(saved, noon)
	if err != nil || !savedAt.Equal(noon.Add(time.Hour)) {
		t.Fatal(savedAt, err)
	}
	for i, c := range r.Columns() {
		if c.Total() != SavedPerTier || c.Rate(noon) != 0 {
			t.Errorf("%v: %d events, %d a minute", c.Tier(), c.Total(), c.Rate(noon))
		}
		for j, card := range c.all {
			if d := cmp.Diff(b.columns[i].all[j].Event, card.Event, cmp.AllowUnexported(event.Number{})); d != "" {
				t.Fatal(d)
			}
		}
	}
}

func TestSnapshotStaysSmall(t *testing.T) {
	b := New(500)
	for i := range 150 {
		e := testEvent(i, uint64(i))
		e.Details = `{"text":"` + strings.Repeat("x", 5000) + `"}`
		b.Apply(live(e), noon)
	}
	saved := b.Snapshot(noon)
	if len(saved) > MaxSaved || len(saved) < MaxSaved-6000 {
		t.Errorf("%d bytes of at most %d", len(saved), MaxSaved)
	}
	r := New(500)
	if _, err := r.Restore(saved, noon); err != nil {
		t.Fatal(err)
	}
	for _, c := range r.Columns() {
		if c.Total() < 10 {
			t.Errorf("%v has %d events; the columns must share", c.Tier(), c.Total())
		}
	}
}

func TestEmptySnapshot(t *testing.T) {
	if _, err := New(5).Restore(New(5).Snapshot(noon), noon); err != nil {
		t.Error(err)
	}
}

func TestCorruptSnapshotsLeaveTheBoardAlone(t *testing.T) {
	b := New(10)
	b.Apply(live(at("a", "AAPL", 0)), noon)
	good := b.Snapshot(noon)
	encode := func(m wire.Frame) []byte { return m.Append(nil, wire.MsgPack) }
	for name, saved := range map[string][]byte{
		"nothing":        nil,
		"cut":            good[:len(good)-1],
		"another frame":  encode(&wire.Pong{}),
		"a live batch":   encode(&wire.Batch{SentAt: noon}),
		"no time":        encode(&wire.Batch{Reset: true}),
		"invalid event":  encode(&wire.Batch{SentAt: noon, Reset: true, Events: []*event.Event{at("", "A", 0)}}),
		"another kind":   encode(&wire.Batch{SentAt: noon, Reset: true, Events: []*event.Event{at("x", "A", 0, func(e *event.Event) { e.Kind = "alert" })}}),
		"too many bytes": make([]byte, MaxSaved+1),
	} {
		if _, err := b.Restore(saved, noon); !errors.Is(err, ErrSaved) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if got := shownOf(b.Column(event.Intraday)); len(got) != 1 {
		t.Error(got)
	}
}

func FuzzRestore(f *testing.F) {
	b := New(10)
	for i := range 9 {
		b.Apply(live(testEvent(i, uint64(i))), noon)
	}
	f.Add(b.Snapshot(noon))
	f.Add([]byte{})
	f.Add([]byte{0x81, 0xa4, 't', 'y', 'p', 'e', 0xa5, 'b', 'a', 't', 'c', 'h'})
	f.Fuzz(func(t *testing.T, saved []byte) {
		b := New(3)
		if _, err := b.Restore(saved, noon); err != nil && !errors.Is(err, ErrSaved) {
			t.Error(err)
		}
		for _, c := range b.Columns() {
			if c.Total() > 3 {
				t.Errorf("%d events", c.Total())
			}
		}
		if _, err := New(3).Restore(b.Snapshot(noon), noon); err != nil {
			t.Error("what was restored cannot be saved: ", err)
		}
	})
}

// BenchmarkApply measures a batch of 30 events on a full board, all cards shown.
func BenchmarkApply(b *testing.B) {
	bd := New(500)
	spare := make([]*event.Event, 3000) // an event comes again, as another one, when the board has long dropped it
	for i := range spare {
		spare[i] = testEvent(i, 0)
	}
	seq := 0
	apply := func(n int) {
		m := &wire.Batch{Events: make([]*event.Event, n)}
		for i := range n {
			e := spare[seq%len(spare)]
			e.ID, e.Symbol, e.Seq = "id-"+strconv.Itoa(seq), "S"+strconv.Itoa(seq%900), uint64(seq)
			e.DetectedAt = noon.Add(time.Duration(seq) * time.Second)
			m.Events[i] = e
			seq++
		}
		bd.Apply(m, noon)
	}
	apply(1500)
	b.ReportAllocs()
	for b.Loop() {
		apply(30)
	}
}
