package hub

import (
	"context"
	"sync/atomic"
	"time"

	"tierboard/server/hub/due"
	"tierboard/server/hub/frame"
	"tierboard/server/hub/pace"
	"tierboard/server/match"
	"tierboard/server/recent"
	"tierboard/shared/wire"
)

const (
	// burst is how many events a shard takes before it looks at requests and windows again.
	burst = 64
	// noticeAfter is how long the number of events held back may go untold while no batch leaves.
	noticeAfter = 500 * time.Millisecond
	// turn is how long a shard takes events before it looks at requests and windows, unless fewer are waiting. A quiet
	// session's event waits for what is at work, so that has to be short.
	turn = 500 * time.Microsecond
	// breath is the shortest wait that lets others have the processor.
	breath = time.Microsecond
	// earlyPart is the part of a window by which it may close early, together with one that is due. To be woken for every window by
	// itself costs more than the frames do, while few events are on their way.
	earlyPart = 5
	// mostExpired is how many moments of a kind a shard deals with before it looks at requests again: a millisecond or two.
	mostExpired = 256
	// leastExpired is the same while events or requests wait: about as long as a turn of events, so that under any load both get
	// their share.
	leastExpired = 48
	// mostBackfills is how many replays and snapshots may wait for one session.
	mostBackfills = 64
)

// shard is one goroutine with everything it owns: sessions, cohorts, the index over their filters and the open windows.
// Shards share nothing but the ring.
type shard struct {
	hub      *Hub
	cfg      Config
	events   chan *recent.Item
	slots    chan struct{} // one token for each event in events or at work; taken before an event is accepted
	requests chan request
	mail     mail
	seq      atomic.Uint64 // position of the last event taken; only the shard writes it
	load     int           // sessions attached; guarded by hub.loads
	clock    due.Clock     // what moments and the limiters count from

	// owned by run
	index    *match.Index
	byID     []audience // by match.ID
	cohorts  map[string]*cohort
	sessions map[*Session]struct{}
	hits     []match.ID
	press    frame.Press
	pace     pace.Pace
	windows  due.Queue[*Session]
	notices  due.Queue[*Session]
	cuts     due.Queue[*Session]
	beats    due.Queue[*Session]
}

// request is something a session asks of its shard.
type request interface {
	apply(sh *shard, now time.Time)
}

func newShard(h *Hub) *shard {
	sh := &shard{
		hub:      h,
		cfg:      h.cfg,
		clock:    due.NewClock(time.Now()),
		events:   make(chan *recent.Item, h.cfg.Inbox),
		slots:    make(chan struct{}, h.cfg.Inbox),
		requests: make(chan request, 64),
		index:    match.New(),
		cohorts:  map[string]*cohort{},
		sessions: map[*Session]struct{}{},
	}
	sh.mail.wake = make(chan struct{}, 1)
	sh.pace.Init(h.cfg.WindowMin, h.cfg.WindowMax, time.Now())
	return sh
}

// ask hands a request to the shard. It waits while the shard is busy.
func (sh *shard) ask(ctx context.Context, r request) error {
	if err := sh.hub.over(ctx); err != nil {
		return err
	}
	select {
	case sh.requests <- r:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	case <-sh.hub.done:
		return ErrClosed
	}
}

// run is the shard's goroutine. It returns when ctx ends.
func (sh *shard) run(ctx context.Context) {
	timer := time.NewTimer(time.Hour)
	defer timer.Stop()
	var armed due.Moment
	now := time.Now()
	rested := now // when the goroutine last let the processor go
	for {
		var it *recent.Item
		var asked request
		mail := false
		if at := sh.nextDue(); at > 0 && at <= sh.clock.Moment(now) && now.Sub(rested) < turn { // a timer would only come back later
			select {
			case <-ctx.Done():
				return
			case it = <-sh.events:
			case asked = <-sh.requests:
			case <-sh.mail.wake:
				mail = true
			default:
			}
		} else {
			// Who is late waits all the same, if only for a microsecond: while every processor is busy nobody asks the network for
			// what has come, for up to ten milliseconds.
			if at > 0 && at != armed {
				timer.Reset(max(time.Duration(at-sh.clock.Moment(now)), breath))
				armed = at
			}
			select {
			case <-ctx.Done():
				return
			case it = <-sh.events:
			case asked = <-sh.requests:
			case <-sh.mail.wake:
				mail = true
			case <-timer.C:
				armed = 0
				rested = time.Now()
			}
		}
		before := now
		now = time.Now()
		sh.pace.Rest(before, now, 4*len(sh.events) >= cap(sh.events))
		switch {
		case it != nil:
			sh.take(it, now)
		case asked != nil:
			asked.apply(sh, now)
		case mail:
			sh.open(now)
		}
		now = time.Now()
		sh.expire(now)
		now = time.Now()
	}
}

// close ends every session, also those whose request to open was never seen. Run calls it once the goroutine has ended.
func (sh *shard) close() {
	for {
		select {
		case r := <-sh.requests:
			if o, ok := r.(opening); ok {
				o.s.out.Finish(wire.CloseGoingAway, "server is going away")
			}
			continue
		default:
		}
		break
	}
	for s := range sh.sessions {
		s.out.Finish(wire.CloseGoingAway, "server is going away")
		sh.leave(s)
	}
}

// take delivers an event and a few that follow it.
func (sh *shard) take(it *recent.Item, now time.Time) {
	began := now
	for i := 1; ; i++ {
		sh.deliver(it, now)
		<-sh.slots
		if i == burst {
			return
		}
		select {
		case it = <-sh.events:
			if now = time.Now(); now.Sub(began) > turn {
				i = burst - 1 // this one is taken, and the last
			}
		default:
			return
		}
	}
}

// deliver offers an event to each session that wants it, once.
func (sh *shard) deliver(it *recent.Item, now time.Time) {
	seq := it.Event.Seq
	sh.seq.Store(seq)
	sh.hits = sh.index.Match(it.Event, sh.hits[:0])
	sh.hub.m.MatchSeconds.Observe(time.Since(now).Seconds())
	matched := uint64(0)
	for _, id := range sh.hits {
		a := sh.byID[id]
		if s := a.only; s != nil {
			if s.stamp != seq {
				s.stamp = seq
				matched++
				sh.offer(s, it, now)
			}
			continue
		}
		for _, sub := range a.all.members {
			if s := sub.session; s.stamp != seq {
				s.stamp = seq
				matched++
				sh.offer(s, it, now)
			}
		}
	}
	sh.hub.counts.matched.Add(matched)
}

// open reads the mail: frames for everybody, and sessions that have room again.
func (sh *shard) open(now time.Time) {
	frames, drained := sh.mail.take()
	for _, b := range frames {
		for s := range sh.sessions {
			sh.push(s, b[s.format])
			sh.advance(s, now)
		}
	}
	for _, s := range drained {
		if !s.left {
			sh.flush(s, now, true)
		}
	}
}

// nextDue is the earliest moment at which expire has something to do, or 0.
func (sh *shard) nextDue() due.Moment {
	first := due.Moment(0)
	for _, q := range [...]*due.Queue[*Session]{&sh.windows, &sh.notices, &sh.cuts, &sh.beats} {
		if at := q.Next(); at > 0 && (first == 0 || at < first) {
			first = at
		}
	}
	return first
}

// expire closes windows, tells numbers, cuts sessions and asks for signs of life whose moment has come, but only so many
// of each that events and requests need not wait long. An entry whose session expects another moment by now is stale.
func (sh *shard) expire(now time.Time) {
	sh.each(&sh.windows, now.Add(sh.pace.Window()/earlyPart), func(s *Session, at due.Moment) {
		if s.window == at {
			s.window = 0
			sh.flush(s, now, false)
		}
	})
	sh.each(&sh.notices, now, func(s *Session, at due.Moment) {
		if s.notice == at {
			s.notice = 0
			sh.flush(s, now, true)
		}
	})
	sh.each(&sh.cuts, now, func(s *Session, at due.Moment) {
		if s.lagging && s.cutAt == at {
			sh.cut(s, cutOutbox, "outbox stayed full")
		}
	})
	sh.each(&sh.beats, now, func(s *Session, _ due.Moment) {
		if sign := s.out.Sign(now); sign != nil {
			sh.push(s, frame.Frame{Ready: sign, Control: true})
		}
		sh.beats.Push(s, sh.clock.Moment(now).Add(s.beat))
	})
}

// each calls fn for the sessions whose moment in q has come, at most mostExpired of them, and fewer when something waits.
func (sh *shard) each(q *due.Queue[*Session], now time.Time, fn func(*Session, due.Moment)) {
	at := sh.clock.Moment(now)
	for i := range mostExpired {
		if i >= leastExpired && i%8 == 0 && len(sh.events)+len(sh.requests) > 0 {
			return
		}
		d, ok := q.Pop(at)
		if !ok {
			return
		}
		if !d.Of.left {
			fn(d.Of, d.At)
		}
	}
}

// Why a session is cut, as the metrics say it.
const (
	cutOutbox   = "outbox_full"
	cutControl  = "answers_unread"
	cutBackfill = "snapshots_unread"
)

// cut counts a session that is cut.
func (h *Hub) cut(reason string) { h.m.SessionsCut.WithLabelValues(reason).Inc() }

// cut ends a session that does not read.
func (sh *shard) cut(s *Session, reason, text string) {
	s.out.Abort(wire.CloseTooSlow, text)
	sh.hub.cut(reason)
	sh.leave(s)
}

// opening adds a session.
type opening struct{ s *Session }

func (r opening) apply(sh *shard, now time.Time) {
	sh.sessions[r.s] = struct{}{}
	if r.s.beat > 0 {
		sh.beats.Push(r.s, sh.clock.Moment(now).Add(r.s.beat))
	}
	sh.hub.counts.sessions.Add(1)
	sh.hub.m.Sessions.Inc()
}

// closing takes a session away.
type closing struct{ s *Session }

func (r closing) apply(sh *shard, _ time.Time) { sh.leave(r.s) }

// leave takes a session out of everything, once.
func (sh *shard) leave(s *Session) {
	if _, here := sh.sessions[s]; !here {
		return
	}
	delete(sh.sessions, s)
	s.left = true
	for len(s.subs) > 0 {
		sh.part(s, s.subs[0].id)
	}
	s.pending, s.backfill, s.bytes = nil, nil, 0
	s.limit = pace.Limiter{}
	s.out.Release()
	sh.hub.counts.sessions.Add(-1)
	sh.hub.m.Sessions.Dec()
}
