package main

import (
	"bytes"
	"fmt"
	"sync"
	"time"

	"tierboard/server/load/swarm"
	"tierboard/shared/api"
	"tierboard/shared/filter"
	"tierboard/shared/wire"
)

// socketPath is where the servers of this language have their WebSocket.
const socketPath = api.PathWebSocket

// dialect is how a client talks with a server.
type dialect struct {
	path, protocol string // of the WebSocket
	// hello asks for the events of a user.
	hello func(j *job, user int) []byte
	// frame reads a frame for a connection, whose lock is held, and returns what must be answered, if anything. An error is a
	// fault of the server.
	frame func(s *connection, payload []byte, at time.Time) (reply []byte, err error)
}

// scans are at rest between two frames: one serves many connections.
var scans = sync.Pool{New: func() any { return &wire.Scan{} }}

// ours is the dialect of our server.
func ours() dialect {
	return dialect{
		path:     socketPath,
		protocol: wire.MsgPackProtocol,
		hello: func(j *job, user int) []byte {
			r := wire.Request{Type: "subscribe", ID: "main", Filters: []filter.Filter{j.filters[user]}}
			return r.Append(nil, wire.MsgPack)
		},
		frame: func(s *connection, payload []byte, at time.Time) ([]byte, error) {
			scan := scans.Get().(*wire.Scan) //nolint:errcheck,forcetypeassert // the pool holds nothing else
			defer scans.Put(scan)
			if err := scan.Read(payload); err != nil {
				return nil, fmt.Errorf("a frame that cannot be read: %w", err)
			}
			switch string(scan.Type) {
			case "welcome", "status":
				return nil, nil
			case "subscribed":
				s.subscribed()
				return nil, nil
			case "batch":
			default:
				return nil, fmt.Errorf("a frame of the type %q", scan.Type)
			}
			if scan.Suppressed+scan.Dropped > 0 {
				return nil, fmt.Errorf("%d events were left out", scan.Suppressed+scan.Dropped)
			}
			if len(scan.ID) > 0 {
				return nil, nil // a snapshot, of what was before
			}
			for i := range scan.Events {
				s.took(scan.Events[i].ID, at)
			}
			s.count(len(scan.Events), len(payload))
			return nil, nil
		},
	}
}

// theirs is the dialect of the peer.
func theirs() dialect {
	return dialect{
		path:     socketPath,
		protocol: protobuf,
		hello:    func(_ *job, user int) []byte { return appendConnect(nil, user) },
		frame: func(s *connection, payload []byte, at time.Time) ([]byte, error) {
			events := 0
			connected, err := scan(payload, func(body []byte) {
				events++
				// The id is near the beginning: after it come its length, the next key and all the rest.
				from := max(bytes.Index(body, idKey)+len(idKey), len(idKey))
				s.took(body[min(from, len(body)):min(from+idLen, len(body))], at)
			})
			if connected {
				s.subscribed()
			}
			s.count(events, len(payload))
			return nil, err
		},
	}
}

// How an event says its id: as a text of 36 bytes.
var idKey = []byte("\xa2id\xd9\x24")

const idLen = 36

// connection is one of the clients'. The swarm's worker tells it of frames.
type connection struct {
	of    *measurement
	user  int
	ready chan struct{} // closed once the server has answered, or the connection has ended

	mu    sync.Mutex // guards everything below
	open  bool       // ready is not closed
	got   set
	twice int
	fault string // the first thing that went wrong
}

// wrong notes that something went wrong. s.mu is held.
func (s *connection) wrong(format string, args ...any) {
	if s.fault == "" {
		s.fault = fmt.Sprintf("connection %d: ", s.user) + fmt.Sprintf(format, args...)
	}
}

// subscribed notes that the server has answered. s.mu is held.
func (s *connection) subscribed() {
	if s.open {
		s.open = false
		close(s.ready)
	}
}

// Frame takes a frame.
func (s *connection) Frame(c *swarm.Conn, payload []byte) {
	at := time.Now()
	s.mu.Lock()
	defer s.mu.Unlock()
	reply, err := s.of.dialect.frame(s, payload, at)
	if err == nil && reply != nil {
		err = c.Send(reply)
	}
	if err != nil {
		s.wrong("%v", err)
		s.subscribed()
	}
}

// Closed notes that the server ended the connection.
func (s *connection) Closed(_ *swarm.Conn, code int, reason string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.wrong("it ended with %d %q", code, reason)
	s.subscribed()
}

// took takes an event by its id. s.mu is held.
func (s *connection) took(id []byte, at time.Time) {
	n, ok := s.of.job.traffic.Number(id)
	switch {
	case !ok || n >= s.of.job.events:
		s.wrong("an event with the id %q, which was not published", id)
	case s.got.has(n):
		s.twice++
	default:
		s.got.add(n)
		s.of.arrived(n, at)
	}
}

// count counts what a frame brought. s.mu is held.
func (s *connection) count(events, size int) {
	if events > 0 {
		s.of.delivered.Add(int64(events))
		s.of.bytes.Add(int64(size))
		s.of.frames.Add(1)
	}
}
