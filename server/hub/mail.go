package hub

import "sync"

// mostMail is how many frames for everybody may wait for a busy shard.
const mostMail = 16

// mail is what other goroutines leave for the shard without waiting for it.
type mail struct {
	wake chan struct{} // holds one token while there is mail

	mu      sync.Mutex
	frames  []encoded
	drained []*Session // at most one entry a session, since each asks once
}

// broadcast leaves a frame for every session and reports whether an older one gave way.
func (m *mail) broadcast(b encoded) (lost bool) {
	m.mu.Lock()
	if lost = len(m.frames) == mostMail; lost {
		m.frames = append(m.frames[:0], m.frames[1:]...)
	}
	m.frames = append(m.frames, b)
	m.mu.Unlock()
	m.ring()
	return lost
}

// drain says that a lagging session has room again.
func (m *mail) drain(s *Session) {
	m.mu.Lock()
	m.drained = append(m.drained, s)
	m.mu.Unlock()
	m.ring()
}

// ring wakes the shard.
func (m *mail) ring() {
	select {
	case m.wake <- struct{}{}:
	default:
	}
}

// take empties the box.
func (m *mail) take() ([]encoded, []*Session) {
	m.mu.Lock()
	defer m.mu.Unlock()
	frames, drained := m.frames, m.drained
	m.frames, m.drained = nil, nil
	return frames, drained
}
