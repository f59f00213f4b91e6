package known

import (
	"sync"
	"time"

	"tierboard/shared/event"
)

// Marks answers from which detection time on a reader must ask for the events behind a position that the ring has
// forgotten. It keeps one time for each block of events and a bounded number of blocks: about four million events. Any goroutine
// may use it.
type Marks struct {
	started time.Time

	mu     sync.Mutex
	blocks []mark
}

// mark is a block of events: the first position in it and the earliest detection time.
type mark struct {
	first    uint64
	earliest time.Time
}

const (
	markEvery = 1024 // events in a block
	markMost  = 4096 // blocks kept
)

// NewMarks returns an empty memory; without events, started is its answer.
func NewMarks(started time.Time) *Marks { return &Marks{started: started} }

// Add notes an accepted event. Events come in the order of their positions.
func (m *Marks) Add(e *event.Event) {
	m.mu.Lock()
	defer m.mu.Unlock()
	n := len(m.blocks)
	if n == 0 || e.Seq >= m.blocks[n-1].first+markEvery {
		if n == markMost { // the two oldest become one, so that the answer stays a lower bound
			if m.blocks[0].earliest.Before(m.blocks[1].earliest) {
				m.blocks[1].earliest = m.blocks[0].earliest
			}
			m.blocks[1].first = m.blocks[0].first
			m.blocks = append(m.blocks[:0], m.blocks[1:]...)
		}
		m.blocks = append(m.blocks, mark{e.Seq, e.DetectedAt})
		return
	}
	if e.DetectedAt.Before(m.blocks[n-1].earliest) {
		m.blocks[n-1].earliest = e.DetectedAt
	}
}

// Since returns a time no later than the detection of any event with a position above after.
func (m *Marks) Since(after uint64) time.Time {
	m.mu.Lock()
	defer m.mu.Unlock()
	var t time.Time
	for i, b := range m.blocks {
		if i+1 < len(m.blocks) && m.blocks[i+1].first <= after+1 {
			continue // the block ends before the position
		}
		if t.IsZero() || b.earliest.Before(t) {
			t = b.earliest
		}
	}
	if t.IsZero() {
		return m.started
	}
	return t
}
