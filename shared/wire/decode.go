package wire

import (
	"tierboard/shared/event"
	"tierboard/shared/filter"
	"tierboard/shared/wire/value"
)

// What keeps a small frame from becoming something large in memory: the fewest bytes an event takes, given its obligatory
// fields, and the most filters a subscription can be confirmed with, given that {} is one.
const (
	leastEvent  = 32
	mostFilters = 256
)

// Decode reads one msgpack frame from the server. Keys it does not know are skipped, an unknown type gives
// *Unknown. The error is always ErrSyntax. The result shares no memory with b.
func Decode(b []byte) (Frame, error) {
	c := read(b)
	var f Frame
	switch typ := c.typ(); string(typ) {
	case "welcome":
		f = c.welcome()
	case "subscribed":
		f = c.subscribed()
	case "unsubscribed":
		m := &Unsubscribed{}
		c.fields(func(key []byte) bool {
			switch string(key) {
			case "id":
				m.ID = c.Str()
			case "seq":
				m.Seq = c.Uint()
			default:
				return false
			}
			return true
		})
		f = m
	case "batch":
		f = c.batch()
	case "gap":
		f = c.gap()
	case "status":
		f = c.status()
	case "pong":
		m := &Pong{}
		c.fields(func(key []byte) bool {
			if string(key) != "id" {
				return false
			}
			m.ID = c.Str()
			return true
		})
		f = m
	case "error":
		m := &Error{}
		c.fields(func(key []byte) bool {
			switch string(key) {
			case "id":
				m.ID = c.Str()
			case "code":
				m.Code = c.Str()
			case "detail":
				m.Detail = c.Str()
			default:
				return false
			}
			return true
		})
		f = m
	case "bye":
		m := &Bye{}
		c.fields(func(key []byte) bool {
			if string(key) != "reconnect_ms" {
				return false
			}
			m.ReconnectMS = c.Int()
			return true
		})
		f = m
	default:
		c.Skip(-frameDepth)
		f = &Unknown{Type: string(typ)}
	}
	if !c.Done() {
		return nil, ErrSyntax
	}
	return f, nil
}

// DecodeJSON reads one JSON frame from the server, with the same rules as Decode.
func DecodeJSON(text string) (Frame, error) {
	b, err := value.AppendFromJSON(make([]byte, 0, len(text)), text, -frameDepth)
	if err != nil {
		return nil, err
	}
	return Decode(b)
}

// DecodeEventJSON reads one JSON event on its own, as AppendEvent and the REST API write it.
func DecodeEventJSON(text string) (*event.Event, error) {
	b, err := value.AppendFromJSON(make([]byte, 0, len(text)), text, -frameDepth)
	if err != nil {
		return nil, err
	}
	return DecodeEvent(b)
}

// DecodeEvent reads one msgpack event on its own, as AppendEvent writes it.
func DecodeEvent(b []byte) (*event.Event, error) {
	c := read(b)
	e := c.event()
	if !c.Done() {
		return nil, ErrSyntax
	}
	return e, nil
}

func (c *cursor) welcome() *Welcome {
	m := &Welcome{}
	c.fields(func(key []byte) bool {
		switch string(key) {
		case "protocol":
			m.Protocol = c.Int()
		case "epoch":
			m.Epoch = c.Str()
		case "server_time":
			m.ServerTime = c.Time()
		case "window_ms":
			m.WindowMS = c.Int()
		case "rate_limit":
			m.RateLimit = c.Int()
		case "build":
			m.Build = c.Str()
		case "demo":
			m.Demo = c.Bool()
		default:
			return false
		}
		return true
	})
	return m
}

func (c *cursor) subscribed() *Subscribed {
	m := &Subscribed{}
	c.fields(func(key []byte) bool {
		switch string(key) {
		case "id":
			m.ID = c.Str()
		case "filters":
			n := c.ArrayLen()
			if n > mostFilters {
				c.Fail()
			}
			for range n {
				if c.Bad() {
					break
				}
				m.Filters = append(m.Filters, c.filter())
			}
		case "seq":
			m.Seq = c.Uint()
		case "replayed":
			m.Replayed = c.Int()
		case "resumed":
			m.Resumed = c.Bool()
		default:
			return false
		}
		return true
	})
	return m
}

func (c *cursor) batch() *Batch {
	m := &Batch{}
	c.fields(func(key []byte) bool {
		switch string(key) {
		case "id":
			m.ID = c.Str()
		case "seq":
			m.Seq = c.Uint()
		case "sent_at":
			m.SentAt = c.Time()
		case "events":
			n := c.ListLen(leastEvent)
			m.Events = make([]*event.Event, 0, n)
			for range n {
				if c.Bad() {
					break
				}
				m.Events = append(m.Events, c.event())
			}
		case "suppressed":
			m.Suppressed = c.Int()
		case "dropped":
			m.Dropped = c.Int()
		case "reset":
			m.Reset = c.Bool()
		default:
			return false
		}
		return true
	})
	return m
}

func (c *cursor) gap() *Gap {
	m := &Gap{}
	c.fields(func(key []byte) bool {
		switch string(key) {
		case "id":
			m.ID = c.Str()
		case "from_seq":
			m.FromSeq = c.Uint()
		case "to_seq":
			m.ToSeq = c.Uint()
		case "from":
			m.From = c.Time()
		case "to":
			m.To = c.Time()
		case "rest":
			m.REST = c.Str()
		default:
			return false
		}
		return true
	})
	return m
}

func (c *cursor) status() *Status {
	m := &Status{Tiers: map[string]TierStatus{}}
	each := func(set func(t *TierStatus)) {
		for range c.MapLen() {
			if c.Bad() {
				return
			}
			name := c.Str()
			if c.Null() {
				continue
			}
			t := m.Tiers[name]
			set(&t)
			m.Tiers[name] = t
		}
	}
	c.fields(func(key []byte) bool {
		switch string(key) {
		case "ingest":
			m.Ingest = c.Str()
		case "tiers":
			each(func(t *TierStatus) { t.State = c.Str() })
		case "reasons":
			each(func(t *TierStatus) { t.Reason = c.Str() })
		case "last_event_at":
			each(func(t *TierStatus) { t.LastEventAt = c.Time() })
		case "market":
			m.Market = c.market()
		default:
			return false
		}
		return true
	})
	return m
}

func (c *cursor) market() *Market {
	m := &Market{}
	c.fields(func(key []byte) bool {
		switch string(key) {
		case "session":
			m.Session = c.Str()
		case "session_date":
			m.SessionDate = c.Str()
		case "holiday":
			m.Holiday = c.Str()
		case "early_close":
			m.EarlyClose = c.Bool()
		case "closes_at":
			m.ClosesAt = c.Time()
		case "next_open":
			m.NextOpen = c.Time()
		default:
			return false
		}
		return true
	})
	return m
}

// filter reads a canonical filter; keys of further dimensions are read by their name without the plural s.
func (c *cursor) filter() filter.Filter {
	var f filter.Filter
	c.fields(func(key []byte) bool {
		switch string(key) {
		case "kinds":
			for _, s := range c.Strs() {
				f.Kinds = append(f.Kinds, event.Kind(s))
			}
		case "tiers":
			for _, s := range c.Strs() {
				if t, err := event.ParseTier(s); err == nil {
					f.Tiers = append(f.Tiers, t)
				}
			}
		case "pattern_types":
			f.Patterns = c.Strs()
		case "symbols":
			f.Symbols = c.Strs()
		case "exclude_symbols":
			f.ExcludeSymbols = c.Strs()
		case "timeframes":
			f.Timeframes = c.Strs()
		case "sessions":
			for _, s := range c.Strs() {
				f.Sessions = append(f.Sessions, event.Session(s))
			}
		case "directions":
			for _, s := range c.Strs() {
				f.Directions = append(f.Directions, event.Direction(s))
			}
		case "confidence_min":
			f.ConfidenceMin = c.Float()
		case "confidence_max":
			f.ConfidenceMax = c.Float()
		case "priority_min":
			f.PriorityMin, _ = event.ParsePriority(c.Str())
		default:
			return c.extra(&f, key)
		}
		return true
	})
	return f
}

// extra reads the set of a dimension beyond the built-in ones. A key whose value is no list of words is something else,
// for a later build to know.
func (c *cursor) extra(f *filter.Filter, key []byte) bool {
	if len(key) < 2 || key[len(key)-1] != 's' {
		return false
	}
	look := *c
	set := look.Strs()
	if look.Bad() {
		return false
	}
	*c = look
	if len(set) > 0 {
		if f.Extra == nil {
			f.Extra = map[event.Dim][]string{}
		}
		f.Extra[event.Dim(key[:len(key)-1])] = set
	}
	return true
}
