package known

import (
	"testing"
	"time"

	"tierboard/shared/event"
)

func TestMarksGiveALowerBound(t *testing.T) {
	began := time.Unix(1_000_000, 0)
	m := NewMarks(began)
	if !m.Since(0).Equal(began) {
		t.Error("without events the start is the bound")
	}
	at := func(seq uint64) time.Time { return began.Add(time.Duration(seq) * time.Second) }
	const n = markEvery * (markMost + 3)
	for seq := uint64(1); seq <= n; seq += 512 {
		d := at(seq)
		if seq == 1+512*10 { // 5121
			d = began.Add(-time.Hour) // a late report
		}
		m.Add(&event.Event{Seq: seq, DetectedAt: d})
	}
	if len(m.blocks) > markMost {
		t.Errorf("%d blocks kept", len(m.blocks))
	}
	for _, after := range []uint64{0, 4000, 6000, 100_000, n - 1, n} {
		got := m.Since(after)
		if after < 5121 && !got.Equal(began.Add(-time.Hour)) {
			t.Errorf("since(%d) = %v, want the late report's time", after, got)
		}
		if got.After(at(after + 1)) {
			t.Errorf("since(%d) = %v, later than the next event", after, got)
		}
	}
	if got := m.Since(100_000); at(100_001).Sub(got) > markEvery*time.Second {
		t.Errorf("since(100000) = %v, more than a block too early", got)
	}
}
