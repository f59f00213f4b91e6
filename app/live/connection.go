package live

import (
	"time"

	"tierboard/shared/wire"
)

// broken is the code of a connection that ended without one.
const broken wire.CloseCode = 1006

// set changes the state and tells it. It must be the last thing a transition does, or what follows must look whether the socket is
// still the same: the hook may call the Stream.
func (s *Stream) set(st State) {
	if st == s.state {
		return
	}
	s.state = st
	if s.hooks.OnState != nil {
		s.hooks.OnState(st)
	}
}

// leave forgets the socket and the timer; later callbacks of the socket do not count.
func (s *Stream) leave(code int) {
	s.after(0, nil)
	s.gen++
	if s.socket != nil {
		s.socket.Close(code)
		s.socket = nil
	}
	s.openedAt, s.liveAt, s.probedAt = time.Time{}, time.Time{}, time.Time{}
	s.awaiting, s.left = 0, 0
}

// after replaces the stream's one timer; f nil means none.
func (s *Stream) after(d time.Duration, f func()) {
	if s.cancel != nil {
		s.cancel()
		s.cancel = nil
	}
	if f == nil {
		return
	}
	s.cancel = s.platform.After(max(d, 0), func() {
		s.cancel = nil
		f()
	})
}

// connect makes an attempt.
func (s *Stream) connect() {
	s.leave(closeDone)
	s.attempt++
	s.counters.Attempts++
	gen := s.gen
	mine := func(f func()) {
		if gen == s.gen {
			f()
		}
	}
	socket, err := s.platform.Dial(Handlers{
		Open:  func(sub string) { mine(func() { s.opened(sub) }) },
		Frame: func(b []byte) { mine(func() { s.frame(b) }) },
		Close: func(code int, reason string) { mine(func() { s.lost(wire.CloseCode(code), reason) }) },
	})
	if err != nil {
		s.lost(broken, err.Error())
		return
	}
	s.socket = socket
	s.after(ConnectTimeout, func() {
		s.counters.Silent++
		s.drop(closeSilent, "no answer")
	})
	st := State{Phase: Connecting, Code: s.state.Code, Reason: s.state.Reason, Attempt: s.attempt}
	if !s.online {
		st.Phase = Offline
	}
	s.set(st)
	if early, ok := socket.(EarlySocket); ok && gen == s.gen {
		early.Deliver()
	}
}

// opened subscribes at once; the welcome may come later.
func (s *Stream) opened(subprotocol string) {
	if subprotocol != wire.MsgPackProtocol {
		s.drop(closeBadFrame, "server does not speak "+wire.MsgPackProtocol)
		return
	}
	s.openedAt = s.platform.Now()
	s.clock.restart()
	s.clockAsked = 0
	s.askClock() // first, so that its answer does not wait behind a snapshot
	if len(s.filters) > 0 {
		s.subscribe()
	}
}

// subscribe sends the filters, with the position if everything up to it is here.
func (s *Stream) subscribe() {
	if len(s.filters) == 0 {
		s.send(&wire.Request{Type: "unsubscribe", ID: s.id})
		return
	}
	r := &wire.Request{Type: "subscribe", ID: s.id, Filters: s.filters}
	if s.whole && s.awaiting == 0 {
		r.Resume = &wire.Resume{Epoch: s.epoch, Seq: s.seq}
	}
	s.awaiting++
	s.send(r)
}

// askClock measures a round trip.
func (s *Stream) askClock() {
	s.clockAsked++
	s.clockAskedAt = s.platform.Now()
	s.ping("clock")
}

// clockTold takes the end of a round trip, and sees to the next one. What was measured with a worse estimate is forgotten.
func (s *Stream) clockTold(now time.Time) {
	if s.clock.roundTrip(now.Sub(s.clockAskedAt)) {
		s.latency = latencyRing{}
	}
	if s.clockAsked == clockAsks {
		return
	}
	gen := s.gen
	s.platform.After(clockEvery, func() {
		if gen == s.gen {
			s.askClock()
		}
	})
}

// ping asks for a pong.
func (s *Stream) ping(id string) { s.send(&wire.Request{Type: "ping", ID: id}) }

// send sends a request. A failure is not handled here: the socket's Close follows it.
func (s *Stream) send(r *wire.Request) {
	if s.socket == nil {
		return
	}
	s.out = r.Append(s.out[:0], wire.MsgPack)
	_ = s.socket.Send(s.out)
}

// welcomed makes the stream live.
func (s *Stream) welcomed() {
	s.counters.Lives++
	s.liveAt = s.platform.Now()
	s.byeWait = 0
	s.watch()
	s.set(State{Phase: Live, Attempt: s.attempt})
}

// watch sets the timer to when silence becomes death.
func (s *Stream) watch() {
	s.after(s.deadline().Sub(s.platform.Now()), s.checkQuiet)
}

// deadline is when the connection is dead if no frame comes.
func (s *Stream) deadline() time.Time {
	d := s.lastFrame.Add(QuietLimit)
	if p := s.probedAt.Add(ProbeTimeout); !s.probedAt.IsZero() && p.Before(d) {
		return p
	}
	return d
}

// checkQuiet gives a silent connection up. The timer is not moved with each frame, so it may come early.
func (s *Stream) checkQuiet() {
	if s.platform.Now().Before(s.deadline()) {
		s.watch()
		return
	}
	s.counters.Silent++
	s.drop(closeSilent, "nothing came from the server")
}

// drop ends the connection from this side and goes on as if it had broken.
func (s *Stream) drop(code int, reason string) {
	healthy := s.healthy()
	s.leave(code)
	s.wait(healthy, broken, reason)
}

// lost goes on after the connection ended.
func (s *Stream) lost(code wire.CloseCode, reason string) {
	healthy := s.healthy()
	s.socket = nil // closed already
	s.leave(closeDone)
	if !code.Reconnect() {
		s.set(State{Phase: Stopped, Code: code, Reason: reason, Attempt: s.attempt})
		return
	}
	s.wait(healthy, code, reason)
}

// healthy reports whether the connection lived long enough to trust the next attempt.
func (s *Stream) healthy() bool {
	return !s.liveAt.IsZero() && s.platform.Now().Sub(s.liveAt) >= HealthyAfter
}

// wait plans the next attempt.
func (s *Stream) wait(healthy bool, code wire.CloseCode, reason string) {
	if healthy {
		s.attempt = 0
	}
	d := s.pause()
	st := State{Phase: Waiting, Until: s.platform.Now().Add(d), Code: code, Reason: reason, Attempt: s.attempt}
	if !s.online {
		st.Phase = Offline
	}
	s.after(d, s.connect)
	s.set(st)
}

// pause is the time to the next attempt: anything up to a ceiling that doubles, so that a thousand browsers that lost
// the same server do not come back together. A bye's wish is the least, since the server spreads those itself.
func (s *Stream) pause() time.Duration {
	ceiling := MaxWait
	if n := max(s.attempt-1, 0); n < 5 {
		ceiling = min(FirstWait<<n, MaxWait)
	}
	d := max(time.Duration(s.random()*float64(ceiling)), MinWait)
	if s.byeWait > 0 {
		d = s.byeWait + time.Duration(s.random()*float64(FirstWait))
		s.byeWait = 0
	}
	return d
}
