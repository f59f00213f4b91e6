package follow

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"time"

	"github.com/redis/go-redis/v9"
)

// steady is how long a connection lasts that was a good one, so that the next one is tried at once.
const steady = 5 * time.Second

// follow reads a stream until ctx ends.
func (f *Follower) follow(ctx context.Context, s *stream) {
	f.load(ctx, s)
	for failures := 0; ctx.Err() == nil; {
		began := time.Now()
		err := f.connection(ctx, s)
		wasUp := s.up
		f.tell(s, false)
		if ctx.Err() != nil {
			return
		}
		if wasUp && time.Since(began) > steady {
			failures = 0
		}
		failures++
		refused := isReply(err) && !strings.HasPrefix(err.Error(), "LOADING")
		if refused {
			f.m.StreamFaults.WithLabelValues("refused").Inc()
			f.fault(s, refusal(s.name, err))
		}
		pause := f.cfg.Pause(failures)
		if wasUp || failures == 1 || failures%20 == 0 { // an outage of hours is not a line a second
			f.log.Warn("a stream cannot be read, trying again", slog.String("stream", s.name), slog.Bool("refused", refused),
				slog.Int("attempt", failures), slog.Duration("pause", pause), slog.Any("err", err))
		}
		wait(ctx, pause)
	}
}

// wait waits, but not beyond ctx.
func wait(ctx context.Context, d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
	}
}

// refusal says in words for everybody why Redis does not let a stream be read; its own are for the log.
func refusal(stream string, err error) string {
	switch text := err.Error(); {
	case strings.Contains(text, "WRONGTYPE"):
		return fmt.Sprintf("the key %q in Redis is no stream", stream)
	case strings.Contains(text, "NOPERM"):
		return fmt.Sprintf("Redis does not allow this server to read the stream %q", stream)
	default:
		return fmt.Sprintf("Redis refuses to let the stream %q be read", stream)
	}
}

// fault tells the Witness why a stream cannot be read; "" says that it can.
func (f *Follower) fault(s *stream, why string) {
	if w, ok := f.sinks.Progress.(Witness); ok && s.fault != why {
		w.StreamFault(s.name, why)
	}
	s.fault = why
}

// setAgain tells the Witness whether entries may have come before.
func (f *Follower) setAgain(s *stream, on bool) {
	if w, ok := f.sinks.Progress.(Witness); ok && s.again != on {
		w.StreamAgain(s.name, on)
	}
	s.again = on
}

// load asks where to go on until it is told, or ctx ends.
func (f *Follower) load(ctx context.Context, s *stream) {
	for failures := 1; ; failures++ {
		text, err := f.sinks.Progress.Position(ctx, s.name)
		if ctx.Err() != nil {
			return
		}
		if err == nil {
			id, ok := ParseID(text)
			if !ok && text != "" {
				f.m.StreamFaults.WithLabelValues("position").Inc()
				f.log.Error("the stored position in a stream is none, it is read from its first entry", slog.String("stream", s.name))
			}
			s.last = id
			s.back(id)
			s.reading, _, _ = s.state()
			f.setAgain(s, id == ID{})
			return
		}
		f.m.StreamFaults.WithLabelValues("position").Inc()
		if failures == 1 || failures%20 == 0 {
			f.log.Warn("a stream waits for its position", slog.String("stream", s.name), slog.Int("attempt", failures), slog.Any("err", err))
		}
		wait(ctx, f.cfg.Pause(failures))
	}
}

// tell counts the streams that can be read.
func (f *Follower) tell(s *stream, up bool) {
	if s.up == up {
		return
	}
	s.up = up
	f.mu.Lock()
	defer f.mu.Unlock()
	before := f.up
	if up {
		f.up++
	} else {
		f.up--
	}
	if (before == 0) != (f.up == 0) {
		f.sinks.Connected(up, time.Now())
	}
}

// connection reads until the connection breaks, Redis refuses, or ctx ends.
func (f *Follower) connection(ctx context.Context, s *stream) error {
	client := redis.NewClient(f.cfg.Redis)
	// A reader that waits for an answer is woken by closing it.
	stop := context.AfterFunc(ctx, func() { _ = client.Close() })
	defer func() {
		stop()
		_ = client.Close() // a second time does no harm
	}()
	fresh, n := true, 0
	for {
		f.rewind(s)
		if full := n == f.cfg.Count; fresh || full || n == 0 || s.again && s.until == (ID{}) {
			if err := f.look(ctx, client, s, fresh, fresh || full); err != nil {
				return err
			}
		}
		entries, err := f.read(ctx, client, s, !fresh)
		if err != nil {
			return err
		}
		if fresh {
			fresh = false
			f.tell(s, true)
			f.log.Info("following a stream", slog.String("stream", s.name), slog.String("after", s.last.String()))
		}
		if n = len(entries); n > 0 || s.blind {
			f.fault(s, "")
		}
		s.lastSign = time.Now()
		f.m.StreamEntries.Add(float64(n))
		for i := range entries {
			id, ok := ParseID(entries[i].ID)
			if !ok {
				return fmt.Errorf("entry %.40q has no id that can be read", entries[i].ID)
			}
			e := Entry{Stream: s.name, ID: id, Fields: entries[i].Values, Receipt: Receipt{of: s, id: id, lap: s.reading}}
			if err := f.sinks.Take(ctx, e); err != nil {
				return err
			}
			s.last = id
		}
		f.settle(s, n < f.cfg.Count)
	}
}

// rewind goes back to the stored position if something that came after it was lost.
func (f *Follower) rewind(s *stream) {
	lap, _, kept := s.state()
	if lap == s.reading {
		return
	}
	s.reading = lap
	if s.last == kept {
		return
	}
	if s.until.Compare(s.last) < 0 {
		s.until = s.last
	}
	s.last = kept
	f.setAgain(s, true)
}

// settle finds out whether all entries that may have come before were dealt with; drained says that the last answer held all that
// there was.
func (f *Follower) settle(s *stream, drained bool) {
	if !s.again {
		return
	}
	if s.until == (ID{}) && drained { // a Redis that does not tell its newest entry
		s.until = s.last
	}
	if _, done, kept := s.state(); s.until != (ID{}) && (done.Compare(s.until) >= 0 || kept.Compare(s.until) >= 0) {
		f.setAgain(s, false)
	}
}

// read asks for the next entries, and waits for some if block is set; none is no error.
func (f *Follower) read(ctx context.Context, client *redis.Client, s *stream, block bool) ([]redis.XMessage, error) {
	args := []any{"xread", "count", f.cfg.Count}
	if block {
		args = append(args, "block", f.cfg.Block.Milliseconds())
	}
	// Not XRead, which would wait 10 s longer than Block before it gives a dead connection up.
	cmd := redis.NewXStreamSliceCmd(ctx, append(args, "streams", s.name, s.last.String())...)
	if err := client.Process(ctx, cmd); err != nil {
		if errors.Is(err, redis.Nil) {
			return nil, nil
		}
		return nil, fmt.Errorf("read the stream: %w", err)
	}
	if answer := cmd.Val(); len(answer) > 0 {
		return answer[0].Messages, nil
	}
	return nil, nil
}

// look finds out whether the stream is still the one whose position we have, and, if asked, whether entries that were not read are
// gone from it.
func (f *Follower) look(ctx context.Context, client *redis.Client, s *stream, fresh, trimmed bool) error {
	if s.blind {
		return nil
	}
	answer, err := client.Do(ctx, "xinfo", "stream", s.name).Slice()
	switch {
	case err == nil:
	case !isReply(err):
		return fmt.Errorf("ask about the stream: %w", err)
	case strings.Contains(err.Error(), "no such key"):
		f.fault(s, fmt.Sprintf("there is no stream %q in Redis", s.name))
		if s.last != (ID{}) {
			f.restart(s, "it is gone")
		}
		return nil
	case strings.HasPrefix(err.Error(), "NOPERM"), strings.Contains(err.Error(), "unknown command"):
		s.blind = true
		f.log.Warn("this Redis does not tell about streams: one that is trimmed or begins anew is not noticed",
			slog.String("stream", s.name), slog.Any("err", err))
		return nil
	default:
		return fmt.Errorf("ask about the stream: %w", err)
	}
	f.fault(s, "")
	is := about(answer)
	switch {
	case s.last == (ID{}):
	case is.newest != nil && is.newest.Compare(s.last) < 0:
		f.restart(s, "its newest entry is older than the last one read")
	case fresh && is.mayBeAnother(s.last):
		if there, err := client.XRangeN(ctx, s.name, s.last.String(), s.last.String(), 1).Result(); err == nil && len(there) == 0 {
			f.restart(s, "the last entry read was never in it")
		}
	case trimmed && is.first != nil && is.first.Compare(s.last) > 0:
		f.m.StreamFaults.WithLabelValues("trimmed").Inc()
		f.log.Error("a stream was trimmed, entries that were not read may be lost", slog.String("stream", s.name),
			slog.String("last_read", s.last.String()), slog.String("first_left", is.first.String()))
		from, known := s.last.Time()
		if to, ok := is.first.Time(); known && ok {
			f.sinks.Gap(from, to)
		}
		if fresh { // a Redis that lost everything looks the same, and what was added to it since may be what was there before
			f.setAgain(s, true)
			s.until = ID{}
		}
	}
	if s.again && s.until == (ID{}) && is.newest != nil {
		s.until = *is.newest
	}
	return nil
}

// restart begins a stream from its first entry.
func (f *Follower) restart(s *stream, why string) {
	f.m.StreamFaults.WithLabelValues("restarted").Inc()
	f.log.Warn("a stream began anew, reading it from its first entry", slog.String("stream", s.name), slog.String("why", why),
		slog.String("last_read", s.last.String()))
	from, known := s.lastSign, !s.lastSign.IsZero()
	if !known {
		from, known = s.last.Time()
	}
	if now := time.Now(); known && from.Before(now) {
		f.sinks.Gap(from, now)
	}
	s.last, s.until = ID{}, ID{}
	s.back(ID{})
	s.reading, _, _ = s.state()
	f.setAgain(s, true)
}

// facts are what XINFO STREAM tells; nil is what it does not.
type facts struct {
	newest  *ID // the newest id ever given
	first   *ID // the first entry's
	deleted *ID // the newest one that was deleted, but for trimming
}

// mayBeAnother reports whether the stream may be another one than that whose entry id we have read.
func (x facts) mayBeAnother(id ID) bool {
	return x.first != nil && x.first.Compare(id) < 0 && x.deleted != nil && x.deleted.Compare(id) < 0
}

// about reads an answer to XINFO STREAM, names and values in turn.
func about(answer []any) (x facts) {
	idOf := func(value any) *ID {
		text, _ := value.(string)
		id, ok := ParseID(text)
		if !ok {
			return nil
		}
		return &id
	}
	for i := 0; i+1 < len(answer); i += 2 {
		switch answer[i] {
		case "last-generated-id":
			x.newest = idOf(answer[i+1])
		case "max-deleted-entry-id":
			x.deleted = idOf(answer[i+1])
		case "first-entry":
			if entry, ok := answer[i+1].([]any); ok && len(entry) > 0 {
				x.first = idOf(entry[0])
			}
		}
	}
	return x
}

// isReply reports whether Redis itself said no.
func isReply(err error) bool {
	_, ok := errors.AsType[redis.Error](err)
	return ok
}
