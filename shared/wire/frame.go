package wire

import (
	"slices"
	"time"

	"tierboard/shared/event"
	"tierboard/shared/filter"
	"tierboard/shared/wire/pack"
)

// Frame is one message from the server.
type Frame interface {
	// Append appends the encoded frame to buf.
	Append(buf []byte, f Format) []byte
}

// Welcome is the first frame of a connection.
type Welcome struct {
	Protocol   int
	Epoch      string // names this life of the server; sequence numbers of another epoch mean nothing here
	ServerTime time.Time
	WindowMS   int    // the longest an event waits for company, milliseconds
	RateLimit  int    // live events a second and session
	Build      string // hash of the page's files; a browser that runs another build can offer to reload
	Demo       bool   // the feed is invented
}

// Subscribed confirms a subscription; events after Seq follow live.
type Subscribed struct {
	ID       string
	Filters  []filter.Filter
	Seq      uint64
	Replayed int  // events in the replay or snapshot that follows
	Resumed  bool // the replay is exact: nothing is missing between the resume position and Seq
}

// Unsubscribed confirms the end of a subscription.
type Unsubscribed struct {
	ID  string
	Seq uint64
}

// Batch carries events in ascending order of their Seq.
type Batch struct {
	ID         string // the subscription a snapshot or replay belongs to; empty on live batches
	Seq        uint64 // highest position covered
	SentAt     time.Time
	Events     []*event.Event
	Encoded    [][]byte // the same events already encoded; used instead of Events when not nil
	Suppressed int      // events left out since the last batch because of the rate limit
	Dropped    int      // events left out because this session's outbox was full
	Reset      bool     // forget what the subscription brought before
}

// Gap says that events could not be replayed.
type Gap struct {
	ID      string
	FromSeq uint64 // 0 if unknown
	ToSeq   uint64 // 0 if unknown
	From    time.Time
	To      time.Time
	REST    string // where to read them
}

// Status is the state of the feed. Its keys are tier words.
type Status struct {
	Ingest string // "connected" or "down"
	Tiers  map[string]TierStatus
	Market *Market
}

// TierStatus is the freshness of one tier.
type TierStatus struct {
	State       string // ok, idle, late, stale or down
	Reason      string // a sentence; may be empty when ok
	LastEventAt time.Time
}

// Market is the exchange's clock.
type Market struct {
	Session     string // pre_market, regular, post_market, closed
	SessionDate string
	Holiday     string // name, on a day without trading
	EarlyClose  bool
	ClosesAt    time.Time // end of regular trading, if it is to come today
	NextOpen    time.Time
}

// Pong answers a ping.
type Pong struct{ ID string }

// Error refuses a request. It never ends the connection by itself.
type Error struct {
	ID     string // the request's id, if it had one
	Code   string // one of the Code constants
	Detail string // a sentence that names the field
}

// Bye announces that the server is going away.
type Bye struct{ ReconnectMS int }

// Unknown is a frame of a type this build does not know; receivers ignore it.
type Unknown struct{ Type string }

// Append encodes the frame.
func (m *Welcome) Append(buf []byte, f Format) []byte {
	w := open(buf, f, "welcome")
	w.Int("protocol", m.Protocol)
	w.Str("epoch", m.Epoch)
	w.Time("server_time", m.ServerTime)
	w.Int("window_ms", m.WindowMS)
	w.Int("rate_limit", m.RateLimit)
	w.OptStr("build", m.Build)
	if m.Demo {
		w.Bool("demo", true)
	}
	return w.close()
}

// Append encodes the frame.
func (m *Subscribed) Append(buf []byte, f Format) []byte {
	w := open(buf, f, "subscribed")
	w.Str("id", m.ID)
	w.Array("filters")
	for i := range m.Filters {
		w.filter(&m.Filters[i])
	}
	w.End()
	w.Uint("seq", m.Seq)
	w.Int("replayed", m.Replayed)
	w.Bool("resumed", m.Resumed)
	return w.close()
}

// Append encodes the frame.
func (m *Unsubscribed) Append(buf []byte, f Format) []byte {
	w := open(buf, f, "unsubscribed")
	w.Str("id", m.ID)
	w.Uint("seq", m.Seq)
	return w.close()
}

// Append encodes the frame.
func (m *Batch) Append(buf []byte, f Format) []byte {
	w := open(buf, f, "batch")
	w.OptStr("id", m.ID)
	w.Uint("seq", m.Seq)
	w.Time("sent_at", m.SentAt)
	w.Array("events")
	if m.Encoded != nil {
		for _, b := range m.Encoded {
			w.Raw("", b)
		}
	} else {
		for _, e := range m.Events {
			w.event("", e)
		}
	}
	w.End()
	w.Int("suppressed", m.Suppressed)
	if m.Dropped > 0 {
		w.Int("dropped", m.Dropped)
	}
	w.Bool("reset", m.Reset)
	return w.close()
}

// Append encodes the frame.
func (m *Gap) Append(buf []byte, f Format) []byte {
	w := open(buf, f, "gap")
	w.OptStr("id", m.ID)
	if m.FromSeq > 0 {
		w.Uint("from_seq", m.FromSeq)
	}
	if m.ToSeq > 0 {
		w.Uint("to_seq", m.ToSeq)
	}
	w.OptTime("from", m.From)
	w.OptTime("to", m.To)
	w.Str("rest", m.REST)
	return w.close()
}

// Append encodes the frame. "tiers" maps tier to state; reasons and last events are maps of their own beside it.
func (m *Status) Append(buf []byte, f Format) []byte {
	w := open(buf, f, "status")
	w.Str("ingest", m.Ingest)
	tiers := make([]string, 0, len(m.Tiers))
	for t := range m.Tiers {
		tiers = append(tiers, t)
	}
	slices.Sort(tiers)
	w.Map("tiers")
	for _, t := range tiers {
		w.Str(t, m.Tiers[t].State)
	}
	w.End()
	w.Map("reasons")
	for _, t := range tiers {
		w.OptStr(t, m.Tiers[t].Reason)
	}
	w.End()
	w.Map("last_event_at")
	for _, t := range tiers {
		w.OptTime(t, m.Tiers[t].LastEventAt)
	}
	w.End()
	if k := m.Market; k != nil {
		w.Map("market")
		w.Str("session", k.Session)
		w.OptStr("session_date", k.SessionDate)
		w.OptStr("holiday", k.Holiday)
		if k.EarlyClose {
			w.Bool("early_close", true)
		}
		w.OptTime("closes_at", k.ClosesAt)
		w.OptTime("next_open", k.NextOpen)
		w.End()
	}
	return w.close()
}

// Append encodes the frame.
func (m *Pong) Append(buf []byte, f Format) []byte {
	w := open(buf, f, "pong")
	w.OptStr("id", m.ID)
	return w.close()
}

// Append encodes the frame.
func (m *Error) Append(buf []byte, f Format) []byte {
	w := open(buf, f, "error")
	w.OptStr("id", m.ID)
	w.Str("code", m.Code)
	w.Str("detail", m.Detail)
	return w.close()
}

// Append encodes the frame.
func (m *Bye) Append(buf []byte, f Format) []byte {
	w := open(buf, f, "bye")
	w.Int("reconnect_ms", m.ReconnectMS)
	return w.close()
}

// Append encodes the frame, which then has nothing but its type.
func (m *Unknown) Append(buf []byte, f Format) []byte {
	w := open(buf, f, m.Type)
	return w.close()
}

// writer writes the frames and what is in them.
type writer struct{ pack.Writer }

// open starts a frame of a type.
func open(buf []byte, f Format, typ string) writer {
	w := writer{pack.New(buf, f)}
	w.Map("")
	w.Str("type", typ)
	return w
}

// close ends the frame and returns its bytes.
func (w *writer) close() []byte {
	w.End()
	return w.Bytes()
}

// words turns a set of string-like values into strings.
func words[T ~string](set []T) []string {
	out := make([]string, len(set))
	for i, v := range set {
		out[i] = string(v)
	}
	return out
}

// sortedDims returns the dimensions of a map in order.
func sortedDims[T any](m map[event.Dim]T) []event.Dim {
	ds := make([]event.Dim, 0, len(m))
	for d := range m {
		ds = append(ds, d)
	}
	slices.Sort(ds)
	return ds
}
