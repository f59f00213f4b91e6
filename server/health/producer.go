package health

import (
	"strings"
	"time"
)

// Edge is a change of a producer's streaming session.
type Edge string

// The edges: Started and Stopped are what the producer says, Implied is a session that some message named
// and that is taken as started unless it is known already.
const (
	Started Edge = "started"
	Stopped Edge = "stopped"
	Implied Edge = "implied"
)

// Sample is one health message of a producer.
type Sample struct {
	// SessionID is the producer's session, untrusted; empty when the message names none.
	SessionID string
	// Status is the producer's word for its state, untrusted; an unknown one is shown as "unknown".
	Status string
	// AllZero tells that every count and rate in the message is zero.
	AllZero bool
	// At is when the message came in.
	At time.Time
}

// Producer is what the producer says about itself. It is comparable.
type Producer struct {
	// SessionID is the streaming session shown; empty when none is known.
	SessionID string `json:"session_id,omitempty"`
	// Session is "running" or "stopped"; empty when no session is known.
	Session string `json:"session,omitempty"`
	// Implied tells that the session's start was concluded from its messages.
	Implied bool `json:"implied,omitempty"`
	// StartedAt and StoppedAt are when the session's edges came in; zero when they did not.
	StartedAt time.Time `json:"started_at,omitzero"`
	StoppedAt time.Time `json:"stopped_at,omitzero"`
	// Status is the producer's word: healthy, degraded, warning, error, critical, starting, stopping or
	// "unknown"; empty while no fresh sample is there.
	Status string `json:"status,omitempty"`
	// SampleAgeS is the age of the sample that Status is from.
	SampleAgeS Seconds `json:"sample_age_s,omitzero"`
	// Held tells that Status stands against newer samples that were all zero.
	Held bool `json:"held,omitempty"`
}

// troubled reports whether the producer calls itself unwell.
func (p Producer) troubled() bool {
	return p.Status == "degraded" || p.Status == "error" || p.Status == "critical"
}

const (
	// maxSessions bounds the sessions remembered; at the bound the one heard of longest ago goes.
	maxSessions = 8
	// maxSessionID bounds a session id, in bytes; producers use UUIDs. A longer one is cut.
	maxSessionID = 128
)

// producerState remembers the producers' sessions.
type producerState struct {
	sessions map[string]*producerSession
}

type producerSession struct {
	id        string
	implied   bool
	startedAt time.Time
	stoppedAt time.Time // zero while it runs
	heardAt   time.Time
	newest    Sample // zero At while there was none
	good      Sample // the newest that was not all zero
}

// SessionEdge tells that a streaming session changed at the server's time at. An empty id is ignored.
// Implied changes nothing for a session that is known, a stopped one included: its last messages may trail.
func (t *Tracker) SessionEdge(id string, edge Edge, at time.Time) {
	if id == "" {
		return
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	t.sawMessage(at)
	s, known := t.producer.session(id, at)
	switch edge {
	case Started:
		s.implied, s.startedAt, s.stoppedAt = false, at, time.Time{}
	case Stopped:
		// A stop may be the first we hear of a session; then its start is unknown.
		s.stoppedAt = at
	case Implied:
		if !known {
			s.implied, s.startedAt = true, at
		}
	}
}

// ProducerHealth tells a health message of the producer. One that names an unknown session implies the
// session's start; one that names none counts for the session shown.
func (t *Tracker) ProducerHealth(sample Sample) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.sawMessage(sample.At)
	id := sample.SessionID
	if id == "" {
		if shown := t.producer.shown(sample.At, t.cfg); shown != nil {
			id = shown.id
		}
	}
	s, known := t.producer.session(id, sample.At)
	if !known {
		s.implied, s.startedAt = id != "", sample.At
	}
	sample.Status = knownWord(sample.Status)
	if !sample.At.Before(s.newest.At) {
		s.newest = sample
	}
	if !sample.AllZero && !sample.At.Before(s.good.At) {
		s.good = sample
	}
}

// knownWord folds a producer's status word; what it doesn't know must not reach a page.
func knownWord(word string) string {
	switch word = strings.ToLower(strings.TrimSpace(word)); word {
	case "healthy", "degraded", "warning", "error", "critical", "starting", "stopping":
		return word
	default:
		return "unknown"
	}
}

// session returns the session of an id, made if it isn't known.
func (p *producerState) session(id string, at time.Time) (s *producerSession, known bool) {
	if len(id) > maxSessionID {
		id = id[:maxSessionID]
	}
	id = strings.ToValidUTF8(id, "")
	if s = p.sessions[id]; s != nil {
		if at.After(s.heardAt) {
			s.heardAt = at
		}
		return s, true
	}
	if len(p.sessions) >= maxSessions {
		var oldest *producerSession
		for _, other := range p.sessions {
			if oldest == nil || other.heardAt.Before(oldest.heardAt) {
				oldest = other
			}
		}
		delete(p.sessions, oldest.id)
	}
	s = &producerSession{id: id, heardAt: at}
	p.sessions[id] = s
	return s, false
}

// shown returns the session a report shows, or nil: a running one before a stopped one, a named one before
// samples that name none, one with a good fresh sample before others, so that a second process that reports
// zeros doesn't hide the first; then the one that started last.
func (p *producerState) shown(now time.Time, cfg Config) *producerSession {
	var best *producerSession
	for _, s := range p.sessions {
		if best == nil || s.outranks(best, now, cfg) {
			best = s
		}
	}
	return best
}

// outranks reports whether s is shown rather than other. Ids decide among equals, so that the answer
// doesn't depend on the map's order.
func (s *producerSession) outranks(other *producerSession, now time.Time, cfg Config) bool {
	if a, b := s.stoppedAt.IsZero(), other.stoppedAt.IsZero(); a != b {
		return a
	}
	if a, b := s.id != "", other.id != ""; a != b {
		return a
	}
	if a, b := s.hasGood(now, cfg), other.hasGood(now, cfg); a != b {
		return a
	}
	if !s.startedAt.Equal(other.startedAt) {
		return s.startedAt.After(other.startedAt)
	}
	return s.id > other.id
}

// hasGood reports whether the session's display is a fresh sample that is not all zero.
func (s *producerSession) hasGood(now time.Time, cfg Config) bool {
	sample, _ := s.display(now, cfg)
	return !sample.At.IsZero() && !sample.AllZero
}

// display returns the sample that speaks for the session, and whether it is held against newer zeros. Its At
// is zero when no sample is fresh.
func (s *producerSession) display(now time.Time, cfg Config) (sample Sample, held bool) {
	sample = s.newest
	if sample.AllZero && !s.good.At.IsZero() && now.Sub(s.good.At) <= cfg.HoldSample {
		return s.good, true
	}
	if now.Sub(sample.At) > cfg.SampleFreshFor {
		return Sample{}, false
	}
	return sample, false
}

func (p *producerState) report(now time.Time, cfg Config) Producer {
	s := p.shown(now, cfg)
	if s == nil {
		return Producer{SampleAgeS: NoSeconds}
	}
	r := Producer{
		SessionID: s.id, Implied: s.implied,
		StartedAt: stamp(s.startedAt), StoppedAt: stamp(s.stoppedAt), SampleAgeS: NoSeconds,
	}
	switch {
	case s.id == "": // Samples without any session.
		r.StartedAt = time.Time{}
	case s.stoppedAt.IsZero():
		r.Session = "running"
	default:
		r.Session = "stopped"
	}
	if sample, held := s.display(now, cfg); !sample.At.IsZero() {
		r.Status, r.Held, r.SampleAgeS = sample.Status, held, secondsOf(now.Sub(sample.At))
	}
	return r
}
