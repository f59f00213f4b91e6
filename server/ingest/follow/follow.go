// Package follow reads Redis streams, each from where it stopped, and remembers how far it came once what it read is safe. It
// is the way in for a producer that uses XADD, which loses nothing while the server is away.
//
// # Flow
//
// Each stream has a goroutine and a connection, so that one key that is no stream stops no other. It asks with XREAD for
// what comes after the last entry, waits with BLOCK when there is nothing, and hands each entry to Sinks.Take, which may
// make it wait: an entry can stay in Redis, so a busy server reads more slowly and drops nothing. Whoever has
// dealt with an entry calls its Receipt. Every Config.SaveEvery the newest receipt of each stream is taken, then
// Progress.Barrier is waited for, then the position is stored. So a position never runs ahead of what is
// kept, and a process that is killed reads again what came after the last one: at least once, and exactly once in a store that
// knows an entry by its id.
//
// # What is found out about a stream
//
// XINFO tells, at each connection and whenever there was nothing to read, or a whole batch:
//   - The stream is gone, or its newest id is older than ours: Redis lost it, or somebody began it anew. It is read
//     from its first entry; the fault "restarted" is counted and the time in between told as a gap. A Redis that only lost its
//     newest entries looks the same, and what is read twice is a copy.
//   - Its first entry is older than ours, but ours is not there and, as far as Redis 7 and later tell, no entry as new as ours was
//     ever deleted: somebody began it anew with ids of their own, and it has grown beyond our position. The same follows.
//   - Its first entry is newer than ours: entries may have been trimmed before they were read. The fault "trimmed" is counted and
//     the time in between told as a gap. Nobody can tell whether the last one trimmed was just the last one read; after a
//     stay away that is unlikely.
//
// # Reading again
//
// A stream is read again from its first entry when there is no position or it began anew, and from the last stored position when
// Progress.Barrier says that something was lost on its way (ErrLost). What is found after our position's entry is gone may have
// come before, too. A Progress that is a Witness is told when that begins and
// when the last entry that can have come before was dealt with, so that it can look up what it already has: the memory of
// what was shown lately does not reach back that far.
//
// # Decisions
//
// 2026-11-23 A stream without a stored position is read from its first entry. Because: what was added before the first start, or
// while the database was new, is what a stream is for, and a copy of an event is recognised. Rejected: its end ($), which loses
// what is added between two starts of a server that has not stored a position yet. Look again when: somebody points
// a new server at a stream that holds months.
//
// 2026-11-23 No consumer group. Because: every server shows every event, so there is nothing to share out, and a position of our
// own can wait for the archive. Rejected: XREADGROUP, whose pending list grows in the producer's Redis while the archive is
// away. Look again when: several servers share one archive's work.
package follow

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"time"

	"github.com/redis/go-redis/v9"

	"tierboard/server/metrics"
)

// Config says what to read and how.
type Config struct {
	// Redis are the connection's options; Run changes a copy.
	Redis *redis.Options
	// Streams are the keys, 1 to 64, each once.
	Streams []string
	// Count is the most entries in one answer, at least 100.
	Count int
	// Block is how long Redis may wait for an entry before it answers that there is none, at least 10 ms.
	Block time.Duration
	// DeadAfter is how much longer than Block an answer may take before the connection counts as dead, more than 0.
	DeadAfter time.Duration
	// SaveEvery is the pause between two positions that are stored, at least 10 ms.
	SaveEvery time.Duration
	// Pause returns how long to wait after so many failures in a row, from 1.
	Pause func(failures int) time.Duration
}

// mostStreams bounds the goroutines and connections.
const mostStreams = 64

// Validate reports the first field that cannot be used, by name.
func (c Config) Validate() error {
	names := slices.Clone(c.Streams)
	slices.Sort(names)
	bad := func(field, rule string) error { return fmt.Errorf("follow: %s must be %s", field, rule) }
	switch {
	case c.Redis == nil || c.Pause == nil:
		return errors.New("follow: Redis and Pause are needed")
	case len(names) < 1 || len(names) > mostStreams || slices.Contains(names, "") || len(slices.Compact(names)) != len(c.Streams):
		return bad("Streams", "1 to 64 names, none of them empty or there twice")
	case c.Count < 100:
		return bad("Count", "at least 100")
	case c.Block < 10*time.Millisecond:
		return bad("Block", "at least 10ms")
	case c.DeadAfter <= 0:
		return bad("DeadAfter", "more than 0")
	case c.SaveEvery < 10*time.Millisecond:
		return bad("SaveEvery", "at least 10ms")
	}
	return nil
}

// Entry is one entry of a stream. Its texts are the producer's and untrusted.
type Entry struct {
	Stream  string // the key
	ID      ID
	Fields  map[string]any // texts by name
	Receipt Receipt
}

// Text returns a field and whether there is one.
func (e *Entry) Text(field string) (string, bool) {
	text, ok := e.Fields[field].(string)
	return text, ok
}

// Receipt says that an entry was dealt with. The zero Receipt is nobody's.
type Receipt struct {
	of  *stream
	id  ID
	lap int // of the stream, when the entry was read
}

// Done says that everything up to the entry was dealt with, so that only its being safe is to be waited for. Entries of a
// stream must be done in their order. An entry that will be read again does not count.
func (r Receipt) Done() {
	if r.of == nil {
		return
	}
	r.of.mu.Lock()
	defer r.of.mu.Unlock()
	if r.lap == r.of.lap {
		r.of.done = r.id
	}
}

// ErrLost is what Progress.Barrier returns when something that was made of entries could not be kept, but would be now: they
// are read again from the last stored position.
var ErrLost = errors.New("follow: something was lost on its way to the archive")

// Progress remembers how far streams were read.
type Progress interface {
	// Position returns the id that was stored last, or "" for none.
	Position(ctx context.Context, stream string) (id string, err error)
	// SetPosition stores an id.
	SetPosition(ctx context.Context, stream, id string) error
	// Barrier waits until everything that was made of entries done before the call would survive the end of the process. It
	// returns ErrLost, once for each time, if some of it was lost, and ctx's error when that ends first.
	Barrier(ctx context.Context) error
}

// Witness is what a Progress may be, too. The goroutines of the streams call its methods, which must not wait.
type Witness interface {
	// StreamFault tells, in words without a full stop that name the stream, why it cannot be read, whenever that changes; "" says
	// that it can.
	StreamFault(stream, why string)
	// StreamAgain tells that entries are coming that may have come before, and when the last of them was dealt with.
	StreamAgain(stream string, on bool)
}

// Sinks is where things go. The functions are called from several goroutines.
type Sinks struct {
	// Take takes an entry and may wait until there is room; it returns an error only when ctx has ended. Required.
	Take func(ctx context.Context, e Entry) error
	// Connected is told when the first stream can be read, and when none can be any more. Required; never called twice at once.
	Connected func(up bool, at time.Time)
	// Gap is told the interval in which entries may have been lost. Required.
	Gap func(from, to time.Time)
	// Progress remembers positions. Required.
	Progress Progress
}

// Follower reads streams. Make one with New.
type Follower struct {
	cfg     Config
	sinks   Sinks
	m       *metrics.Metrics
	log     *slog.Logger
	streams []*stream

	mu sync.Mutex
	up int // guarded by mu: streams that can be read

	saving  sync.Mutex // held by Save
	failing bool       // guarded by saving: the last positions could not be stored
}

// stream is one stream that is followed.
type stream struct {
	name     string
	last     ID        // the reader's: the newest that was read
	lastSign time.Time // the reader's: when Redis last answered
	up       bool      // the reader's
	blind    bool      // the reader's: XINFO is not allowed
	fault    string    // the reader's: what the Witness was told last
	reading  int       // the reader's: the lap it is in
	again    bool      // the reader's: entries may have come before
	until    ID        // the reader's: up to which one they may; zero while nobody knows

	mu   sync.Mutex
	lap  int // guarded by mu: how often reading began at an earlier entry
	done ID  // guarded by mu: the newest of this lap that was dealt with; zero before the first
	kept ID  // guarded by mu: the position that is stored; zero for none, or for one in a stream that is gone
}

// back begins a lap: what was read and not kept does not count any more.
func (s *stream) back(kept ID) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.lap++
	s.done, s.kept = ID{}, kept
}

// state returns what the reader has to know of the guarded fields.
func (s *stream) state() (lap int, done, kept ID) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.lap, s.done, s.kept
}

// New returns a Follower that reads nothing before Run.
func New(cfg Config, sinks Sinks, m *metrics.Metrics, log *slog.Logger) (*Follower, error) {
	if err := cfg.Validate(); err != nil {
		return nil, err
	}
	if sinks.Take == nil || sinks.Connected == nil || sinks.Gap == nil || sinks.Progress == nil {
		return nil, errors.New("follow: all Sinks are needed")
	}
	opt := *cfg.Redis
	opt.PoolSize = 1
	opt.ReadTimeout = cfg.Block + cfg.DeadAfter
	cfg.Redis = &opt
	f := &Follower{cfg: cfg, sinks: sinks, m: m, log: log}
	for _, name := range cfg.Streams {
		f.streams = append(f.streams, &stream{name: name})
	}
	return f, nil
}

// Run reads until ctx ends and then returns nil. Whoever wants the last entries' position stored calls Save when all of them
// are done. It must be called once.
func (f *Follower) Run(ctx context.Context) error {
	var running sync.WaitGroup
	for _, s := range f.streams {
		running.Go(func() { f.follow(ctx, s) })
	}
	running.Go(func() {
		ticker := time.NewTicker(f.cfg.SaveEvery)
		defer ticker.Stop()
		for {
			select {
			case <-ticker.C:
				f.Save(ctx)
			case <-ctx.Done():
				return
			}
		}
	})
	running.Wait()
	return nil
}

// saveTimeout is how long a position may take to be stored; without it a database that hangs would keep the others from being
// stored when it is back.
const saveTimeout = 10 * time.Second

// Save waits until what is done is safe and stores how far that is, unless ctx ends first. A position that cannot be stored is
// tried again by the next call: until then the next start reads from the one before.
func (f *Follower) Save(ctx context.Context) {
	f.saving.Lock()
	defer f.saving.Unlock()
	type place struct {
		at  ID
		lap int
	}
	due := map[*stream]place{}
	for _, s := range f.streams {
		if lap, done, kept := s.state(); done != kept && done != (ID{}) {
			due[s] = place{done, lap}
		}
	}
	if len(due) == 0 {
		return
	}
	if err := f.sinks.Progress.Barrier(ctx); err != nil {
		if errors.Is(err, ErrLost) {
			f.m.StreamFaults.WithLabelValues("lost").Inc()
			f.log.Warn("something was lost on its way to the archive, reading the streams again from where they were stored")
			for _, s := range f.streams {
				_, _, kept := s.state()
				s.back(kept)
			}
		}
		return
	}
	failed := false
	for s, p := range due {
		timed, cancel := context.WithTimeout(ctx, saveTimeout)
		err := f.sinks.Progress.SetPosition(timed, s.name, p.at.String())
		cancel()
		switch {
		case err == nil:
			s.mu.Lock()
			if s.lap == p.lap { // else it began anew meanwhile
				s.kept = p.at
			}
			s.mu.Unlock()
		case ctx.Err() == nil:
			failed = true
			f.m.StreamFaults.WithLabelValues("position").Inc()
			if !f.failing {
				f.log.Warn("the position in a stream cannot be stored", slog.String("stream", s.name), slog.Any("err", err))
			}
		}
	}
	f.failing = failed
}
