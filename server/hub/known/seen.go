// Package known answers from what is known of the events accepted earlier: whether an event is a copy of one, since when a
// reader must ask for those that the ring has forgotten, and which of them a combo is made of.
//
// Each answer rests on a memory with a bound of its own, which is longer than the ring's where that matters: Seen holds
// fingerprints for a time, Marks holds detection times by the thousand, and Link asks the ring, which keeps what combos are
// made of for longer than the rest.
package known

import "time"

// Seen remembers the fingerprints of accepted events for a time, but no more of them than a bound; the oldest go first. One
// goroutine at a time may use it.
type Seen struct {
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

// NewSeen returns a memory of at most so many fingerprints, 1 or more, each for less than within.
func NewSeen(within time.Duration, most int) *Seen {
	return &Seen{within: within, held: map[string]struct{}{}, queue: make([]fingerprint, most)}
}

// Has reports whether an event with this fingerprint was added within the time before now, which is not before that of an
// earlier call.
func (s *Seen) Has(text string, now time.Time) bool {
	for s.count > 0 && now.Sub(s.queue[s.head].at) >= s.within {
		s.forget()
	}
	_, ok := s.held[text]
	return ok
}

// Add remembers a fingerprint that has just been found absent.
func (s *Seen) Add(text string, now time.Time) {
	if s.count == len(s.queue) {
		s.forget()
	}
	s.queue[(s.head+s.count)%len(s.queue)] = fingerprint{text, now}
	s.count++
	s.held[text] = struct{}{}
}

// forget drops the oldest.
func (s *Seen) forget() {
	delete(s.held, s.queue[s.head].print)
	s.queue[s.head] = fingerprint{}
	s.head = (s.head + 1) % len(s.queue)
	s.count--
}
