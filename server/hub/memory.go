package hub

import (
	"sync"
	"time"

	"tierboard/shared/event"
)

// seen remembers the fingerprints of accepted events for a time, but no more of them than a bound; the oldest go first.
type seen struct {
	within time.Duration
	held   map[string]struct{}
	queue  []fingerprint // a ring
	head   int           // the oldest
	count  int
}

// fingerprint is one remembered event.
type fingerprint struct {
	print string
	at    time.Time
}

func newSeen(within time.Duration, most int) *seen {
	return &seen{within: within, held: map[string]struct{}{}, queue: make([]fingerprint, most)}
}

// has reports whether an event with this fingerprint was added within the time.
func (s *seen) has(text string, now time.Time) bool {
	for s.count > 0 && now.Sub(s.queue[s.head].at) >= s.within {
		s.forget()
	}
	_, ok := s.held[text]
	return ok
}

// add remembers a fingerprint that has just been found absent.
func (s *seen) add(text string, now time.Time) {
	if s.count == len(s.queue) {
		s.forget()
	}
	s.queue[(s.head+s.count)%len(s.queue)] = fingerprint{text, now}
	s.count++
	s.held[text] = struct{}{}
}

// forget drops the oldest.
func (s *seen) forget() {
	delete(s.held, s.queue[s.head].print)
	s.queue[s.head] = fingerprint{}
	s.head = (s.head + 1) % len(s.queue)
	s.count--
}

// marks answers from which detection time on a reader must ask for the events behind a position that the ring has
// forgotten. It keeps one time for each block of events and a bounded number of blocks.
type marks struct {
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

func newMarks(started time.Time) *marks { return &marks{started: started} }

// add notes an accepted event.
func (m *marks) add(e *event.Event) {
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

// since returns a time no later than the detection of any event with a position above after.
func (m *marks) since(after uint64) time.Time {
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
