package wire

// Scan is what a program that only counts needs of a msgpack frame: its type and, of a batch, the numbers and each event's
// id and seq. It is filled by Read without decoding the rest and, once its slice has grown, without allocating. One
// goroutine may use it.
type Scan struct {
	Type       []byte // of the frame; aliases the input
	ID         []byte // the subscription a snapshot or replay belongs to; aliases the input
	Seq        uint64 // highest position covered
	Suppressed int
	Dropped    int
	Reset      bool
	Events     []ScannedEvent // reused by the next Read
}

// ScannedEvent is one event of a batch.
type ScannedEvent struct {
	ID  []byte // aliases the input
	Seq uint64
}

// Read scans one msgpack frame. A frame that is no batch gives its Type alone and is not looked at further. The error is
// always ErrSyntax; what Scan holds then means nothing.
func (s *Scan) Read(b []byte) error {
	*s = Scan{Events: s.Events[:0]}
	c := read(b)
	if s.Type = c.typ(); c.Bad() {
		return ErrSyntax
	}
	if string(s.Type) != "batch" {
		return nil
	}
	for range c.MapLen() {
		key := c.Raw()
		if c.Bad() {
			break
		}
		if c.Null() {
			continue
		}
		switch string(key) {
		case "id":
			s.ID = c.Raw()
		case "seq":
			s.Seq = c.Uint()
		case "suppressed":
			s.Suppressed = c.Int()
		case "dropped":
			s.Dropped = c.Int()
		case "reset":
			s.Reset = c.Bool()
		case "events":
			s.events(&c)
		default:
			c.Skip(-frameDepth)
		}
	}
	if !c.Done() {
		return ErrSyntax
	}
	return nil
}

// events reads ids and positions.
func (s *Scan) events(c *cursor) {
	s.Events = s.Events[:0] // the last list counts, as in Decode
	for range c.ListLen(leastEvent) {
		if c.Bad() {
			return
		}
		var e ScannedEvent
		for range c.MapLen() {
			key := c.Raw()
			if c.Bad() {
				return
			}
			if c.Null() {
				continue
			}
			switch string(key) {
			case "id":
				e.ID = c.Raw()
			case "seq":
				e.Seq = c.Uint()
			default:
				c.Skip(-frameDepth)
			}
		}
		s.Events = append(s.Events, e)
	}
}
