package hub

import (
	"slices"
	"time"

	"tierboard/server/hub/frame"
	"tierboard/server/hub/pace"
	"tierboard/server/recent"
	"tierboard/shared/wire"
)

// offer gives a session a live event that it wants: at once if the session is quiet, else with the next batch.
func (sh *shard) offer(s *Session, it *recent.Item, now time.Time) {
	if len(s.pending) == 0 {
		s.waiting = sh.clock.Moment(now)
	}
	s.pending = append(s.pending, it)
	s.bytes += len(it.Bytes(s.format))
	limit := sh.cfg.RateLimit
	switch {
	case s.lagging:
		if n := sh.keep(s, sh.cfg.Backlog); n > 0 {
			s.dropped += n
			sh.hub.counts.dropped.Add(uint64(n))
			sh.hub.m.Dropped.Add(float64(n))
		}
	case s.window == 0:
		sh.flush(s, now, false)
	case limit > 0 && len(s.pending) >= 2*limit:
		// More than a second's worth cannot leave; weeding out at twice that many costs little per event.
		sh.suppress(s, limit)
	case s.bytes >= sh.cfg.BatchBytes || len(s.pending) >= sh.cfg.BatchEvents:
		// A full batch leaves early, but not if some of it would be held back: then the window decides who goes.
		if limit == 0 || len(s.pending) <= s.limit.Room(sh.clock.Millis(now), limit) {
			sh.flush(s, now, false)
		}
	}
}

// keep cuts the waiting events down to the best n and returns how many went.
func (sh *shard) keep(s *Session, n int) int {
	before := len(s.pending)
	if before <= n {
		return 0
	}
	s.setPending(pace.Best(s.pending, n))
	return before - len(s.pending)
}

// suppress cuts the waiting events down to the best n and notes how many the rate limit held back.
func (sh *shard) suppress(s *Session, n int) {
	if n = sh.keep(s, max(n, 0)); n > 0 {
		s.suppressed += n
		sh.hub.counts.suppressed.Add(uint64(n))
		sh.hub.m.Suppressed.Add(float64(n))
	}
}

// setPending replaces the waiting events.
func (s *Session) setPending(items []*recent.Item) {
	s.pending, s.bytes = items, 0
	for _, it := range items {
		s.bytes += len(it.Bytes(s.format))
	}
}

// flush sends what waits for a session: first replays and snapshots, then live events as far as the rate limit allows.
// With tell, numbers not yet told are sent even without an event. What does not fit into the outbox keeps waiting.
func (sh *shard) flush(s *Session, now time.Time, tell bool) {
	if !sh.catchUp(s, now) {
		sh.lag(s, now)
		return
	}
	untold := func() bool { return tell && s.suppressed+s.dropped > 0 }
	if len(s.pending) == 0 && !untold() {
		s.lagging = s.lagging && s.out.Full()
		return
	}
	if s.out.Full() {
		sh.lag(s, now)
		return
	}
	s.lagging = false
	if sh.cfg.RateLimit > 0 {
		sh.suppress(s, s.limit.Room(sh.clock.Millis(now), sh.cfg.RateLimit))
	}
	for len(s.pending) > 0 || untold() { // asked again, since the limit may just have held something back
		if s.out.Full() {
			sh.lag(s, now)
			return
		}
		sh.sendLive(s, now)
	}
	if w := sh.pace.Window(); w > 0 {
		s.window = sh.windows.Push(s, sh.clock.Moment(now).Add(w))
	}
	sh.tellLater(s, now)
}

// lag notes that a session's outbox is full, since when, and when it will be cut.
func (sh *shard) lag(s *Session, now time.Time) {
	if !s.lagging {
		s.lagging = true
		s.cutAt = sh.cuts.Push(s, sh.clock.Moment(now).Add(sh.cfg.CutAfter))
	}
}

// tellLater sees to it that numbers not yet told are told soon, even if no event follows.
func (sh *shard) tellLater(s *Session, now time.Time) {
	if s.suppressed+s.dropped > 0 && s.notice == 0 {
		s.notice = sh.notices.Push(s, sh.clock.Moment(now).Add(noticeAfter))
	}
}

// sendLive sends the next batch of live events.
func (sh *shard) sendLive(s *Session, now time.Time) {
	n := sh.portion(s.pending, s.format)
	b := wire.Batch{Seq: sh.seq.Load(), Suppressed: s.suppressed, Dropped: s.dropped}
	if n < len(s.pending) {
		b.Seq = s.pending[n].Event.Seq - 1 // what still waits is not covered
	}
	s.suppressed, s.dropped = 0, 0
	s.told = b.Seq
	f := frame.Frame{Events: n}
	if n > 0 {
		first := s.pending[0].Event
		f.Tier, f.Received, f.Published = first.Tier, first.ReceivedAt, first.PublishedAt
		sh.hub.m.WindowSeconds.Observe(time.Duration(sh.clock.Moment(now) - s.waiting).Seconds())
		if sh.cfg.RateLimit > 0 {
			s.limit.Add(sh.clock.Millis(now), n)
		}
	}
	sh.pushBatch(s, &b, s.pending[:n], f, now)
	sh.hub.counts.delivered.Add(uint64(n)) //nolint:gosec // not negative
	s.setPending(slices.Delete(s.pending, 0, n))
	if len(s.pending) == 0 && cap(s.pending) > 64 {
		s.pending = nil // a burst's room is not kept
	}
}

// catchUp sends what waits of replays and snapshots. It returns false if the outbox is full before the end.
func (sh *shard) catchUp(s *Session, now time.Time) bool {
	for len(s.backfill) > 0 {
		b := &s.backfill[0]
		for b.reset || len(b.items) > 0 {
			if s.out.Full() {
				return false
			}
			n := sh.portion(b.items, s.format)
			w := wire.Batch{ID: b.id, Seq: b.seq, Reset: b.reset}
			if n < len(b.items) {
				w.Seq = b.items[n-1].Event.Seq
			}
			sh.pushBatch(s, &w, b.items[:n], frame.Frame{Events: n}, now)
			b.items, b.reset = b.items[n:], false
		}
		s.backfill = slices.Delete(s.backfill, 0, 1)
	}
	s.backfill = nil
	return true
}

// portion returns how many of the items go into one frame: as many as fit, but at least one.
func (sh *shard) portion(items []*recent.Item, f wire.Format) int {
	n, size := 0, 0
	for n < len(items) && n < sh.cfg.BatchEvents {
		size += len(items[n].Bytes(f))
		if n++; size >= sh.cfg.BatchBytes {
			break
		}
	}
	return n
}

// pushBatch sends a batch of items as f. Sessions that send the same at the same moment share its bytes.
func (sh *shard) pushBatch(s *Session, b *wire.Batch, items []*recent.Item, f frame.Frame, now time.Time) {
	prints := sh.press.Prints()
	ready := sh.press.Print(b, items, s.format, now)
	if sh.press.Prints() > prints {
		sh.hub.m.FramesEncoded.Inc()
	}
	f.Ready, f.Bytes, f.Lent = ready.Ready, ready.Bytes, ready.Lent
	sh.hub.m.BatchEvents.Observe(float64(len(items)))
	sh.push(s, f)
}

// push sends a frame.
func (sh *shard) push(s *Session, f frame.Frame) {
	sh.hub.m.OutboxBytes.Observe(float64(s.out.Push(f)))
}

// advance tells a session that wanted nothing for a long time how far it is, while the ring still covers its last
// position; else a reconnect would find a gap where there is none.
func (sh *shard) advance(s *Session, now time.Time) {
	behind := sh.seq.Load() - s.told
	if len(s.subs) == 0 || len(s.pending)+len(s.backfill) > 0 || behind <= uint64(sh.cfg.Ring)/4 || s.out.Full() { //nolint:gosec // positive
		return
	}
	s.told = sh.seq.Load()
	sh.pushBatch(s, &wire.Batch{Seq: s.told, Suppressed: s.suppressed, Dropped: s.dropped}, nil, frame.Frame{}, now)
	s.suppressed, s.dropped = 0, 0
}
