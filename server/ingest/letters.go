package ingest

import (
	"strings"
	"sync"
	"time"
)

// headBytes is how much of a rejected payload is kept.
const headBytes = 512

// DeadLetter is a message that is no event, or a part of one. All texts are the producer's and untrusted.
type DeadLetter struct {
	Time    time.Time `json:"time"`    // when it came in, UTC
	Channel string    `json:"channel"` // where it came in
	Reason  string    `json:"reason"`  // one word
	Detail  string    `json:"detail"`  // a sentence that names the field
	Size    int       `json:"size"`    // bytes of the whole payload
	Head    string    `json:"head"`    // its first bytes, at most 512; valid UTF-8
}

// DeadLetters keeps the newest rejects; at the bound the oldest goes. It is safe for concurrent use.
type DeadLetters struct {
	mu    sync.Mutex
	ring  []DeadLetter // guarded by mu
	next  int          // guarded by mu: where the next goes
	total uint64       // guarded by mu
}

func newDeadLetters(length int) *DeadLetters {
	return &DeadLetters{ring: make([]DeadLetter, 0, length)}
}

// add keeps a copy of a reject.
func (l *DeadLetters) add(d DeadLetter) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.total++
	if len(l.ring) < cap(l.ring) {
		l.ring = append(l.ring, d)
		return
	}
	l.ring[l.next] = d
	l.next = (l.next + 1) % len(l.ring)
}

// Newest returns at most limit rejects, newest first. The caller owns the list.
func (l *DeadLetters) Newest(limit int) []DeadLetter {
	l.mu.Lock()
	defer l.mu.Unlock()
	n := min(max(limit, 0), len(l.ring))
	list := make([]DeadLetter, n)
	for i := range list {
		list[i] = l.ring[(l.next+2*len(l.ring)-1-i)%len(l.ring)]
	}
	return list
}

// Total returns how many rejects there ever were, those that fell out included.
func (l *DeadLetters) Total() uint64 {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.total
}

// head returns the start of a payload as text of its own, so that keeping it does not keep the payload.
func head(payload string) string {
	return strings.ToValidUTF8(strings.Clone(payload[:min(len(payload), headBytes)]), "\uFFFD")
}
