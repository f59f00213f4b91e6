package wire

import (
	"tierboard/shared/event"
	"tierboard/shared/filter"
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
	c := cursor{b: b}
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
				m.ID = c.str()
			case "seq":
				m.Seq = c.uint()
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
			m.ID = c.str()
			return true
		})
		f = m
	case "error":
		m := &Error{}
		c.fields(func(key []byte) bool {
			switch string(key) {
			case "id":
				m.ID = c.str()
			case "code":
				m.Code = c.str()
			case "detail":
				m.Detail = c.str()
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
			m.ReconnectMS = c.int()
			return true
		})
		f = m
	default:
		c.skip(-frameDepth)
		f = &Unknown{Type: string(typ)}
	}
	if c.bad || c.at != len(b) {
		return nil, ErrSyntax
	}
	return f, nil
}

// DecodeJSON reads one JSON frame from the server, with the same rules as Decode.
func DecodeJSON(text string) (Frame, error) {
	b, err := appendJSONAsMsgPack(make([]byte, 0, len(text)), text, -frameDepth)
	if err != nil {
		return nil, err
	}
	return Decode(b)
}

// DecodeEvent reads one msgpack event on its own, as AppendEvent writes it.
func DecodeEvent(b []byte) (*event.Event, error) {
	c := cursor{b: b}
	e := c.event()
	if c.bad || c.at != len(b) {
		return nil, ErrSyntax
	}
	return e, nil
}

func (c *cursor) welcome() *Welcome {
	m := &Welcome{}
	c.fields(func(key []byte) bool {
		switch string(key) {
		case "protocol":
			m.Protocol = c.int()
		case "epoch":
			m.Epoch = c.str()
		case "server_time":
			m.ServerTime = c.time()
		case "window_ms":
			m.WindowMS = c.int()
		case "rate_limit":
			m.RateLimit = c.int()
		case "build":
			m.Build = c.str()
		case "demo":
			m.Demo = c.boolean()
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
			m.ID = c.str()
		case "filters":
			n := c.arrayLen()
			if n > mostFilters {
				c.fail()
			}
			for range n {
				if c.bad {
					break
				}
				m.Filters = append(m.Filters, c.filter())
			}
		case "seq":
			m.Seq = c.uint()
		case "replayed":
			m.Replayed = c.int()
		case "resumed":
			m.Resumed = c.boolean()
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
			m.ID = c.str()
		case "seq":
			m.Seq = c.uint()
		case "sent_at":
			m.SentAt = c.time()
		case "events":
			n := c.listLen(leastEvent)
			m.Events = make([]*event.Event, 0, n)
			for range n {
				if c.bad {
					break
				}
				m.Events = append(m.Events, c.event())
			}
		case "suppressed":
			m.Suppressed = c.int()
		case "dropped":
			m.Dropped = c.int()
		case "reset":
			m.Reset = c.boolean()
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
			m.ID = c.str()
		case "from_seq":
			m.FromSeq = c.uint()
		case "to_seq":
			m.ToSeq = c.uint()
		case "from":
			m.From = c.time()
		case "to":
			m.To = c.time()
		case "rest":
			m.REST = c.str()
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
		for range c.mapLen() {
			if c.bad {
				return
			}
			name := c.str()
			if c.null() {
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
			m.Ingest = c.str()
		case "tiers":
			each(func(t *TierStatus) { t.State = c.str() })
		case "reasons":
			each(func(t *TierStatus) { t.Reason = c.str() })
		case "last_event_at":
			each(func(t *TierStatus) { t.LastEventAt = c.time() })
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
			m.Session = c.str()
		case "session_date":
			m.SessionDate = c.str()
		case "holiday":
			m.Holiday = c.str()
		case "early_close":
			m.EarlyClose = c.boolean()
		case "closes_at":
			m.ClosesAt = c.time()
		case "next_open":
			m.NextOpen = c.time()
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
			for _, s := range c.strs() {
				f.Kinds = append(f.Kinds, event.Kind(s))
			}
		case "tiers":
			for _, s := range c.strs() {
				if t, err := event.ParseTier(s); err == nil {
					f.Tiers = append(f.Tiers, t)
				}
			}
		case "pattern_types":
			f.Patterns = c.strs()
		case "symbols":
			f.Symbols = c.strs()
		case "exclude_symbols":
			f.ExcludeSymbols = c.strs()
		case "timeframes":
			f.Timeframes = c.strs()
		case "sessions":
			for _, s := range c.strs() {
				f.Sessions = append(f.Sessions, event.Session(s))
			}
		case "directions":
			for _, s := range c.strs() {
				f.Directions = append(f.Directions, event.Direction(s))
			}
		case "confidence_min":
			f.ConfidenceMin = c.float()
		case "confidence_max":
			f.ConfidenceMax = c.float()
		case "priority_min":
			f.PriorityMin, _ = event.ParsePriority(c.str())
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
	set := look.strs()
	if look.bad {
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
