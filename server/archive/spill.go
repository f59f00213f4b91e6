package archive

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"

	"tierboard/server/metrics"
	"tierboard/shared/event"
	"tierboard/shared/wire"
)

// suffix ends the names of files with events: a number, which says how old it is, and a class come before it.
const suffix = ".ndjson"

// mostLine is how many events are written as one line.
const mostLine = 50

// spill is the files with events that wait for the database. A file holds events of one class; a line is a batch frame in
// JSON. There is one file of each class that lines are appended to, and one that is read.
type spill struct {
	dir               string
	most, mostSegment int64
	m                 *metrics.Metrics
	log               *slog.Logger

	mu       sync.Mutex
	segments []*segment        // guarded by mu: the oldest first
	open     [classes]*segment // guarded by mu: what is written to
	next     uint64            // guarded by mu: number of the next file
	total    int64             // guarded by mu: bytes
	lost     bool              // guarded by mu: the bound was met since the files were last empty
	gone     uint64            // guarded by mu: events that will never be read back
	reading  *segment          // guarded by mu: what is read
	at       int64             // guarded by mu: how much of it was stored
}

// segment is one file.
type segment struct {
	n     uint64
	class class
	path  string
	size  int64
	file  *os.File // while it is written to
	gone  bool     // was deleted
}

// openSpill finds the files of an earlier life.
func openSpill(cfg Config, m *metrics.Metrics, log *slog.Logger) (*spill, error) {
	s := &spill{dir: cfg.Dir, most: cfg.SpillBytes, mostSegment: cfg.SegmentBytes, m: m, log: log, next: 1}
	if err := os.MkdirAll(s.dir, 0o750); err != nil {
		return nil, fmt.Errorf("archive: make the directory for events: %w", err)
	}
	entries, err := os.ReadDir(s.dir)
	if err != nil {
		return nil, fmt.Errorf("archive: read the directory for events: %w", err)
	}
	for _, entry := range entries {
		var n uint64
		var word string
		name, ok := strings.CutSuffix(entry.Name(), suffix)
		if !ok {
			continue
		}
		if _, err := fmt.Sscanf(name, "%d-%s", &n, &word); err != nil {
			continue
		}
		info, err := entry.Info()
		if err != nil {
			return nil, fmt.Errorf("archive: %w", err)
		}
		for c := range classes {
			if c.String() == word {
				s.segments = append(s.segments, &segment{n: n, class: c, path: filepath.Join(s.dir, entry.Name()), size: info.Size()})
				s.total += info.Size()
				s.next = max(s.next, n+1)
			}
		}
	}
	slices.SortFunc(s.segments, func(a, b *segment) int { return int(a.n) - int(b.n) }) //nolint:gosec // small numbers
	if s.total > 0 {
		log.Info("events of an earlier life wait for the database", slog.Int("files", len(s.segments)), slog.Int64("bytes", s.total))
	}
	m.ArchiveSpillBytes.Set(float64(s.total))
	return s, nil
}

// state returns how large the files are, whether events were dropped for it since they were last empty, and how many ever were,
// a line that cannot be read counted as one.
func (s *spill) state() (size int64, losing bool, gone uint64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.total, s.lost, s.gone
}

// write appends events. On an error none of the class that failed and of those after it are written; left are these.
func (s *spill) write(items []item) (left []item, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	var by [classes][]item
	for _, it := range items {
		c := classOf(it.e)
		by[c] = append(by[c], it)
	}
	for c := range classes {
		for len(by[c]) > 0 && err == nil {
			n := min(len(by[c]), mostLine)
			if err = s.append(c, by[c][:n]); err == nil {
				by[c] = by[c][n:]
			}
		}
		left = append(left, by[c]...)
	}
	for s.total > s.most && s.dropOldest() {
		s.lost = true
	}
	s.m.ArchiveSpillBytes.Set(float64(s.total))
	return left, err
}

// append writes one line. The caller holds mu.
func (s *spill) append(c class, items []item) error {
	batch := wire.Batch{Events: make([]*event.Event, len(items))}
	for i, it := range items {
		batch.Events[i] = it.e
	}
	line := batch.Append(nil, wire.JSON)
	for i, b := range line { // between the values of a producer's JSON
		if b == '\n' || b == '\r' {
			line[i] = ' '
		}
	}
	line = append(line, '\n')
	g := s.open[c]
	if g == nil {
		g = &segment{n: s.next, class: c, path: filepath.Join(s.dir, fmt.Sprintf("%012d-%s%s", s.next, c, suffix))}
		f, err := os.OpenFile(g.path, os.O_CREATE|os.O_EXCL|os.O_WRONLY|os.O_APPEND, 0o600)
		if err != nil {
			return err
		}
		g.file = f
		s.next++
		s.open[c] = g
		s.segments = append(s.segments, g)
	}
	if n, err := g.file.Write(line); err != nil {
		if n > 0 { // half a line would hide the next one
			err = errors.Join(err, g.file.Truncate(g.size))
		}
		return err
	}
	g.size += int64(len(line))
	s.total += int64(len(line))
	s.m.ArchiveSpilled.Add(float64(len(items)))
	if g.size >= s.mostSegment {
		s.closeFile(g)
	}
	return nil
}

// closeFile ends writing to a file. The caller holds mu.
func (s *spill) closeFile(g *segment) {
	if g.file == nil {
		return
	}
	if err := g.file.Close(); err != nil {
		s.log.Warn("close a file of events", slog.String("file", g.path), slog.Any("err", err))
	}
	g.file = nil
	s.open[g.class] = nil
}

// dropOldest deletes the oldest file of the most expendable class, and counts what is in it. The caller holds mu.
func (s *spill) dropOldest() bool {
	for c := range classes {
		i := slices.IndexFunc(s.segments, func(g *segment) bool { return g.class == c })
		if i < 0 {
			continue
		}
		g := s.segments[i]
		from := int64(0)
		if g == s.reading {
			from = s.at
		}
		events := 0
		if err := readLines(g.path, from, func(batch []*event.Event, _ int64) bool { events += len(batch); return true }, nil); err != nil {
			s.log.Warn("count the events of a file", slog.String("file", g.path), slog.Any("err", err))
		}
		s.m.ArchiveDropped.WithLabelValues("spill_full").Add(float64(events))
		s.gone += uint64(events)
		s.log.Error("events are lost, as the database is away and the files are full", slog.Int("events", events), slog.String("class", c.String()))
		s.remove(g)
		return true
	}
	return false
}

// remove deletes a file. The caller holds mu.
func (s *spill) remove(g *segment) {
	s.closeFile(g)
	if err := os.Remove(g.path); err != nil {
		s.log.Warn("delete a file of events", slog.String("file", g.path), slog.Any("err", err))
	}
	s.total -= g.size
	g.gone = true
	s.segments = slices.DeleteFunc(s.segments, func(x *segment) bool { return x == g })
	if g == s.reading {
		s.reading, s.at = nil, 0
	}
	if len(s.segments) == 0 {
		s.lost = false
	}
	s.m.ArchiveSpillBytes.Set(float64(s.total))
}

// empty reports whether there is nothing to read back.
func (s *spill) empty() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.segments) == 0
}

// chunk is a part of a file that was read back.
type chunk struct {
	events []*event.Event
	g      *segment
	upTo   int64
}

// head reads about n events from the oldest file.
func (s *spill) head(n int) (chunk, error) {
	s.mu.Lock()
	if s.reading == nil && len(s.segments) > 0 {
		s.reading, s.at = s.segments[0], 0
		s.closeFile(s.reading)
	}
	c := chunk{g: s.reading, upTo: s.at}
	s.mu.Unlock()
	if c.g == nil {
		return c, nil
	}
	err := readLines(c.g.path, c.upTo, func(batch []*event.Event, upTo int64) bool {
		c.events = append(c.events, batch...)
		c.upTo = upTo
		return len(c.events)+mostLine <= n
	}, func(line []byte) {
		s.m.ArchiveDropped.WithLabelValues("unreadable").Inc()
		s.mu.Lock()
		s.gone++
		s.mu.Unlock()
		s.log.Warn("skip a line of a file of events", slog.String("file", c.g.path), slog.Int("bytes", len(line)))
	})
	s.mu.Lock()
	defer s.mu.Unlock()
	if c.g.gone { // dropped meanwhile; what was read is still good
		err = nil
	}
	return c, err
}

// stored says that a chunk is in the database. A file of which everything is goes.
func (s *spill) stored(c chunk) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if c.g == nil || c.g.gone || s.reading != c.g {
		return
	}
	s.at = c.upTo
	if s.at >= c.g.size {
		s.remove(c.g)
	}
}

// close ends writing.
func (s *spill) close() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for c := range classes {
		if g := s.open[c]; g != nil {
			s.closeFile(g)
		}
	}
}

// readLines calls take with the events of each line behind an offset, and where the line ends, until it returns false.
// Lines that are no batch, such as the last one of a process that was killed, go to skip.
func readLines(path string, from int64, take func([]*event.Event, int64) bool, skip func([]byte)) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	if _, err := f.Seek(from, io.SeekStart); err != nil {
		return err
	}
	r := bufio.NewReaderSize(f, 1<<18)
	for {
		line, err := r.ReadBytes('\n')
		if len(line) > 0 {
			from += int64(len(line))
			var events []*event.Event
			frame, bad := wire.DecodeJSON(string(bytes.TrimSpace(line)))
			if batch, ok := frame.(*wire.Batch); ok && bad == nil {
				events = batch.Events
			} else if skip != nil {
				skip(line)
			}
			if !take(events, from) {
				return nil
			}
		}
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
	}
}
