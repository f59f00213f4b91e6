// Package producer remembers what producers say of themselves: the streaming sessions they begin and end, and how they are. It
// reads no clock; every time is an argument.
//
// Streaming producers interleave all-zero health samples with real ones. A zero sample doesn't replace a good one of the same
// session for a while, and never that of another session. A sample of an unknown session implies that the session started:
// producers don't always say so.
package producer

import (
	"strings"
	"time"

	"tierboard/server/health/age"
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

// Report is what the producer says about itself. It is comparable.
type Report struct {
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
	SampleAgeS age.Seconds `json:"sample_age_s,omitzero"`
	// Held tells that Status stands against newer samples that were all zero.
	Held bool `json:"held,omitempty"`
}

// Troubled reports whether the producer calls itself unwell.
func (r Report) Troubled() bool {
	return r.Status == "degraded" || r.Status == "error" || r.Status == "critical"
}

const (
	// maxSessions bounds the sessions remembered; at the bound the one heard of longest ago goes.
	maxSessions = 8
	// maxSessionID bounds a session id, in bytes; producers use UUIDs. A longer one is cut.
	maxSessionID = 128
)

// Sessions remembers the producers' sessions, in bounded memory. Make one with New; one goroutine at a time uses it.
type Sessions struct {
	hold, fresh time.Duration
	sessions    map[string]*session
}

// New returns Sessions of which none is known. A good sample stands for hold against all-zero ones of its session, and says
// nothing any more when it is older than fresh.
func New(hold, fresh time.Duration) *Sessions {
	return &Sessions{hold: hold, fresh: fresh, sessions: make(map[string]*session, maxSessions)}
}

// session is what is remembered of one.
type session struct {
	id        string
	implied   bool
	startedAt time.Time
	stoppedAt time.Time // zero while it runs
	heardAt   time.Time
	newest    Sample // zero At while there was none
	good      Sample // the newest that was not all zero
}

// Edge tells that a streaming session changed at the server's time at. Implied changes nothing for a session that is known, a
// stopped one included: its last messages may trail. The id is not empty.
func (p *Sessions) Edge(id string, edge Edge, at time.Time) {
	s, known := p.session(id, at)
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

// Health tells a health message of the producer. One that names an unknown session implies the session's start; one that names
// none counts for the session shown.
func (p *Sessions) Health(sample Sample) {
	id := sample.SessionID
	if id == "" {
		if shown := p.shown(sample.At); shown != nil {
			id = shown.id
		}
	}
	s, known := p.session(id, sample.At)
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
func (p *Sessions) session(id string, at time.Time) (s *session, known bool) {
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
		var oldest *session
		for _, other := range p.sessions {
			if oldest == nil || other.heardAt.Before(oldest.heardAt) {
				oldest = other
			}
		}
		delete(p.sessions, oldest.id)
	}
	s = &session{id: id, heardAt: at}
	p.sessions[id] = s
	return s, false
}

// shown returns the session a report shows, or nil: a running one before a stopped one, a named one before
// samples that name none, one with a good fresh sample before others, so that a second process that reports
// zeros doesn't hide the first; then the one that started last.
func (p *Sessions) shown(now time.Time) *session {
	var best *session
	for _, s := range p.sessions {
		if best == nil || p.outranks(s, best, now) {
			best = s
		}
	}
	return best
}

// outranks reports whether s is shown rather than other. Ids decide among equals, so that the answer
// doesn't depend on the map's order.
func (p *Sessions) outranks(s, other *session, now time.Time) bool {
	if a, b := s.stoppedAt.IsZero(), other.stoppedAt.IsZero(); a != b {
		return a
	}
	if a, b := s.id != "", other.id != ""; a != b {
		return a
	}
	if a, b := p.hasGood(s, now), p.hasGood(other, now); a != b {
		return a
	}
	if !s.startedAt.Equal(other.startedAt) {
		return s.startedAt.After(other.startedAt)
	}
	return s.id > other.id
}

// hasGood reports whether the session's display is a fresh sample that is not all zero.
func (p *Sessions) hasGood(s *session, now time.Time) bool {
	sample, _ := p.display(s, now)
	return !sample.At.IsZero() && !sample.AllZero
}

// display returns the sample that speaks for the session, and whether it is held against newer zeros. Its At
// is zero when no sample is fresh.
func (p *Sessions) display(s *session, now time.Time) (sample Sample, held bool) {
	sample = s.newest
	if sample.AllZero && !s.good.At.IsZero() && now.Sub(s.good.At) <= p.hold {
		return s.good, true
	}
	if now.Sub(sample.At) > p.fresh {
		return Sample{}, false
	}
	return sample, false
}

// Report tells what the producers say at now; its SampleAgeS is age.Unknown without a fresh sample.
func (p *Sessions) Report(now time.Time) Report {
	s := p.shown(now)
	if s == nil {
		return Report{SampleAgeS: age.Unknown}
	}
	r := Report{
		SessionID: s.id, Implied: s.implied,
		StartedAt: age.Stamp(s.startedAt), StoppedAt: age.Stamp(s.stoppedAt), SampleAgeS: age.Unknown,
	}
	switch {
	case s.id == "": // Samples without any session.
		r.StartedAt = time.Time{}
	case s.stoppedAt.IsZero():
		r.Session = "running"
	default:
		r.Session = "stopped"
	}
	if sample, held := p.display(s, now); !sample.At.IsZero() {
		r.Status, r.Held, r.SampleAgeS = sample.Status, held, age.Of(now.Sub(sample.At))
	}
	return r
}
