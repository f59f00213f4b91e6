package sse

import (
	"encoding/json"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"strconv"
	"time"

	"tierboard/server/hub/frame"
	"tierboard/shared/wire"
)

// stream writes to one client. It is for one goroutine; after the first error it writes nothing more.
type stream struct {
	h       *Handler
	w       http.ResponseWriter
	control *http.ResponseController
	epoch   string
	rest    string
	after   uint64 // the client has what came up to here, or does not want it
	buf     []byte
	err     error
}

// event adds one event to the buffer. The data has no line breaks, since it is JSON.
func (s *stream) event(name, id string, data []byte) {
	s.buf = append(append(s.buf, "event: "...), name...)
	if id != "" {
		s.buf = append(append(s.buf, "\nid: "...), id...)
	}
	s.buf = append(append(append(s.buf, "\ndata: "...), data...), '\n', '\n')
}

// value adds one event with a value that always marshals.
func (s *stream) value(name string, v any) {
	data, err := json.Marshal(v)
	if err != nil {
		panic(err)
	}
	s.event(name, "", data)
}

// send writes the buffer through to the connection.
func (s *stream) send() {
	if s.err != nil {
		return
	}
	_ = s.control.SetWriteDeadline(time.Now().Add(s.h.cfg.WriteTimeout)) // where the connection has one; a test's has not
	if _, s.err = s.w.Write(s.buf); s.err == nil {
		s.err = s.control.Flush()
	}
	s.buf = s.buf[:0]
}

// hello says where the stream begins.
func (s *stream) hello() {
	s.value("hello", map[string]any{
		"epoch": s.epoch, "max_seq": s.h.hub.Seq(), "server_time": stamp(time.Now()), "rate_limit": s.h.hub.Config().RateLimit,
	})
	s.send()
}

// heartbeat says that the stream lives.
func (s *stream) heartbeat() {
	s.value("heartbeat", map[string]any{"max_seq": s.h.hub.Seq(), "server_time": stamp(time.Now())})
	s.send()
}

// bye says that the stream ends, and when to come back.
func (s *stream) bye(reason string) {
	wait := time.Second
	if within := s.h.cfg.ReconnectWithin; within > 0 {
		wait += rand.N(within) //nolint:gosec // spreads load, keeps no secret
	}
	s.buf = append(strconv.AppendInt(append(s.buf, "retry: "...), wait.Milliseconds(), 10), '\n')
	s.value("bye", map[string]any{"reason": reason})
	s.send()
}

// gap says what cannot be replayed.
func (s *stream) gap(g wire.Gap) {
	out := map[string]any{"rest_url": s.rest}
	if g.FromSeq > 0 {
		out["from_seq"] = g.FromSeq
	}
	if g.ToSeq > 0 {
		out["to_seq"] = g.ToSeq
	}
	if !g.From.IsZero() {
		out["from"] = stamp(g.From)
		out["rest_url"] = s.rest + "&since=" + g.From.UTC().Truncate(time.Millisecond).Format("2006-01-02T15:04:05.000Z")
	}
	if !g.To.IsZero() {
		out["to"] = stamp(g.To)
	}
	s.value("gap", out)
	s.send()
}

// stamp returns a time as events show it.
func stamp(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05.000Z") }

// frame turns a frame of the hub into events.
func (s *stream) frame(f frame.Frame) {
	var in struct {
		Type       string            `json:"type"`
		Events     []json.RawMessage `json:"events"`
		Suppressed int               `json:"suppressed"`
		Dropped    int               `json:"dropped"`
		Seq        uint64            `json:"seq"`
		Replayed   int               `json:"replayed"`
		Resumed    bool              `json:"resumed"`
		FromSeq    uint64            `json:"from_seq"`
		ToSeq      uint64            `json:"to_seq"`
		From       time.Time         `json:"from"`
		To         time.Time         `json:"to"`
	}
	if err := json.Unmarshal(f.Bytes, &in); err != nil { // the hub's own bytes
		s.h.log.Error("frame cannot be read", slog.Any("err", err))
		return
	}
	switch in.Type {
	case "subscribed":
		if !in.Resumed { // the newest matches follow, old as they may be
			s.after = 0
		}
		s.value("subscribed", map[string]any{"max_seq": in.Seq, "replayed": in.Replayed, "resumed": in.Resumed})
		s.send()
	case "batch":
		for _, e := range in.Events {
			var at struct {
				Seq uint64 `json:"seq"`
			}
			if err := json.Unmarshal(e, &at); err != nil {
				s.h.log.Error("event cannot be read", slog.Any("err", err))
				continue
			}
			if at.Seq <= s.after { // the hub's shard was behind the position when the stream was opened
				continue
			}
			s.event("pattern", s.epoch+"-"+strconv.FormatUint(at.Seq, 10), e)
		}
		if in.Suppressed > 0 || in.Dropped > 0 {
			s.value("throttled", map[string]any{"suppressed": in.Suppressed, "dropped": in.Dropped, "rest_url": s.rest})
		}
		if len(s.buf) > 0 {
			s.send()
		}
	case "gap":
		s.gap(wire.Gap{FromSeq: in.FromSeq, ToSeq: in.ToSeq, From: in.From, To: in.To})
	}
}
