package wire

import (
	"slices"
	"testing"
	"time"

	"tierboard/shared/event"
	"tierboard/shared/wire/pack"
)

// scanFrames are frames of every type, most of them batches.
func scanFrames() []Frame {
	events := []*event.Event{dailyFull(), dailyMin()}
	return []Frame{
		&Batch{Seq: 501, SentAt: time.Unix(9, 0), Events: events, Suppressed: 3, Dropped: 70000},
		&Batch{ID: "main", Seq: 1 << 40, Events: events[:1], Reset: true},
		&Batch{},
		&Welcome{Epoch: "e"},
		&Subscribed{ID: "main", Seq: 4, Resumed: true},
		&Gap{ID: "main", FromSeq: 3},
		&Status{Ingest: "down"},
		&Error{ID: "x", Code: CodeBadFilter},
		&Unknown{Type: "later"},
	}
}

func TestScanAgreesWithDecode(t *testing.T) {
	var s Scan
	for _, f := range scanFrames() {
		b := f.Append(nil, MsgPack)
		if err := s.Read(b); err != nil {
			t.Fatalf("%T: %v", f, err)
		}
		checkScan(t, &s, b)
	}
}

// checkScan compares a scan of b with what Decode makes of it.
func checkScan(t *testing.T, s *Scan, b []byte) {
	t.Helper()
	f, err := Decode(b)
	if err != nil {
		return // a scan skips what a decoder looks at
	}
	batch, ok := f.(*Batch)
	if ok != (string(s.Type) == "batch") {
		t.Fatalf("type %q of a %T", s.Type, f)
	}
	if !ok {
		if len(s.Events) > 0 || s.Seq > 0 || s.ID != nil {
			t.Errorf("%T: a scan of more than the type: %+v", f, s)
		}
		return
	}
	if string(s.ID) != batch.ID || s.Seq != batch.Seq || s.Suppressed != batch.Suppressed || s.Dropped != batch.Dropped || s.Reset != batch.Reset {
		t.Errorf("scan %+v, want the numbers of %+v", s, batch)
	}
	if !slices.EqualFunc(s.Events, batch.Events, func(a ScannedEvent, e *event.Event) bool { return string(a.ID) == e.ID && a.Seq == e.Seq }) {
		t.Errorf("scanned events %+v, want those of %+v", s.Events, batch.Events)
	}
}

func TestScanTakesKeysInAnyOrder(t *testing.T) {
	w := pack.New(nil, MsgPack)
	w.Map("")
	w.Uint("seq", 7)
	w.Map("later")
	w.Str("type", "no")
	w.End()
	w.Str("type", "batch")
	w.End()
	var s Scan
	if err := s.Read(w.Bytes()); err != nil || s.Seq != 7 || string(s.Type) != "batch" {
		t.Errorf("%v: %+v, want batch 7", err, s)
	}
}

func TestScanRefusesWhatIsNoFrame(t *testing.T) {
	whole := (&Batch{Seq: 5, Events: []*event.Event{dailyFull()}}).Append(nil, MsgPack)
	bad := [][]byte{nil, {}, {0x80}, {0xc0}, {0x81, 0xa4, 't', 'y', 'p', 'e', 0x01}, append(slices.Clone(whole), 0)}
	for cut := 1; cut < len(whole); cut++ {
		bad = append(bad, whole[:cut])
	}
	var s Scan
	for _, b := range bad {
		if err := s.Read(b); err == nil && string(s.Type) == "batch" {
			t.Errorf("% x: scanned as a batch", b)
		}
	}
}

func TestScanAllocatesNothing(t *testing.T) {
	b := (&Batch{Seq: 501, Events: []*event.Event{dailyFull(), dailyMin()}}).Append(nil, MsgPack)
	var s Scan
	if n := testing.AllocsPerRun(100, func() {
		if err := s.Read(b); err != nil {
			t.Fatal(err)
		}
	}); n > 0 {
		t.Errorf("%v allocations a frame, want none", n)
	}
}

func FuzzScan(f *testing.F) {
	for _, x := range scanFrames() {
		f.Add(x.Append(nil, MsgPack))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		var s Scan
		err := s.Read(b)
		if _, bad := Decode(b); err != nil && bad == nil {
			t.Errorf("% x: a frame for Decode, not for Scan", b)
		}
		if err == nil {
			checkScan(t, &s, b)
		}
	})
}
