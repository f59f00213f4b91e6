package live

import (
	"time"

	"tierboard/shared/wire"
)

// frame takes one frame in. What cannot be read ends the connection: a peer that sends garbage once may have lost
// its place for good, and the next connection resumes from the last good batch.
func (s *Stream) frame(b []byte) {
	now := s.platform.Now()
	s.lastFrame, s.probedAt = now, time.Time{}
	s.counters.Frames++
	s.counters.Bytes += uint64(len(b))
	var f wire.Frame
	err := wire.ErrSyntax
	if len(b) <= wire.MaxFrame {
		f, err = wire.Decode(b)
	}
	if err != nil {
		s.counters.Bad++
		s.drop(closeBadFrame, "a frame could not be read")
		return
	}
	switch m := f.(type) {
	case *wire.Batch:
		s.batch(m, now)
	case *wire.Status:
		if s.hooks.OnStatus != nil {
			s.hooks.OnStatus(m)
		}
	case *wire.Welcome:
		s.welcome(m, now)
	case *wire.Subscribed:
		s.subscribed(m)
	case *wire.Gap:
		s.counters.Gaps++
		if s.hooks.OnGap != nil {
			s.hooks.OnGap(m)
		}
	case *wire.Error:
		s.refused(m)
	case *wire.Pong:
		if m.ID == "clock" {
			s.clockTold(now)
		}
	case *wire.Bye:
		s.byeWait = min(max(time.Duration(m.ReconnectMS)*time.Millisecond, 0), MaxBye)
	case *wire.Unsubscribed:
	case *wire.Unknown:
		s.counters.Unknown++
	}
}

// welcome learns the server's epoch; a position of another one means nothing.
func (s *Stream) welcome(m *wire.Welcome, now time.Time) {
	if m.Epoch != s.epoch {
		s.epoch, s.seq, s.whole = m.Epoch, 0, false
	}
	s.clock.sample(now, m.ServerTime)
	gen := s.gen
	if s.hooks.OnWelcome != nil {
		s.hooks.OnWelcome(m)
	}
	if gen == s.gen && s.liveAt.IsZero() {
		s.welcomed()
	}
}

// subscribed begins a replay or a snapshot. The position is good again when all of it is here: a cut in the middle of a
// snapshot must bring a new snapshot, while a cut replay goes on from its last batch.
func (s *Stream) subscribed(m *wire.Subscribed) {
	if m.ID != s.id {
		return
	}
	s.awaiting = max(s.awaiting-1, 0)
	s.left, s.target = max(m.Replayed, 0), m.Seq
	if m.Resumed {
		s.counters.Resumed++
	} else {
		s.counters.Snapshots++
		s.whole = false
	}
	if s.left == 0 {
		s.arrivedAll()
	}
	if s.hooks.OnSubscribed != nil {
		s.hooks.OnSubscribed(m)
	}
	if !m.Resumed && m.Replayed == 0 && s.hooks.OnBatch != nil {
		// Nothing matches now, so no snapshot need come; what the board shows from before must still go.
		s.hooks.OnBatch(&wire.Batch{ID: m.ID, Seq: m.Seq, Reset: true})
	}
}

// arrivedAll ends a replay or snapshot.
func (s *Stream) arrivedAll() {
	s.left = 0
	s.seq = max(s.seq, s.target)
	s.whole = s.awaiting == 0
}

// batch hands a batch on and moves the position behind it.
func (s *Stream) batch(m *wire.Batch, now time.Time) {
	s.counters.Batches++
	s.counters.Events += uint64(len(m.Events))
	s.counters.Suppressed += uint64(max(m.Suppressed, 0))
	s.counters.Dropped += uint64(max(m.Dropped, 0))
	s.clock.sample(now, m.SentAt)
	n, id, seq := len(m.Events), m.ID, m.Seq // the hook may keep or change the batch
	if id == "" {
		s.measure(m, now)
	}
	gen, awaiting := s.gen, s.awaiting
	s.more = id == s.id && s.left > n
	if s.hooks.OnBatch != nil {
		s.hooks.OnBatch(m)
	}
	if gen != s.gen { // the hook ended the connection
		return
	}
	if id == "" {
		if s.left > 0 {
			s.arrivedAll() // live batches follow the whole of a replay
		}
		if seq < s.seq {
			s.counters.Backwards++
		}
		s.seq = max(s.seq, seq)
		return
	}
	if id != s.id || s.left == 0 {
		return
	}
	s.left = max(s.left-n, 0)
	switch {
	case s.left == 0:
		s.arrivedAll()
	case s.whole && awaiting == 0: // a replay ascends, so each of its batches is a position of its own
		s.seq = max(s.seq, seq)
	}
}

// measure samples how long the slowest event of a live batch took to get here.
func (s *Stream) measure(m *wire.Batch, now time.Time) {
	skew, ok := s.clock.skew()
	if !ok {
		return
	}
	slowest, found := time.Duration(0), false
	for _, e := range m.Events {
		if !e.ReceivedAt.IsZero() {
			slowest, found = max(slowest, now.Add(-skew).Sub(e.ReceivedAt)), true
		}
	}
	if found {
		s.latency.add(now, slowest)
	}
}

// refused handles an error frame. A subscribe that came too soon is sent again; others need another filter.
func (s *Stream) refused(m *wire.Error) {
	s.counters.Refused++
	if m.ID == s.id && s.awaiting > 0 {
		s.awaiting--
		if m.Code == wire.CodeRateLimited {
			gen := s.gen
			s.platform.After(resubscribeIn, func() {
				if gen == s.gen && s.awaiting == 0 {
					s.subscribe()
				}
			})
		}
	}
	if s.hooks.OnError != nil {
		s.hooks.OnError(m)
	}
}
