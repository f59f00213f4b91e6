package calendar

import "time"

// The sessions of a trading day in New York time: PreMarket 04:00 to 09:30, Regular 09:30 to 16:00 (to 13:00
// on an early close), PostMarket for four hours after the close, SessionClosed otherwise. Each includes its
// first instant and excludes its last. They are the words of the wire.
const (
	PreMarket     = "pre_market"
	Regular       = "regular"
	PostMarket    = "post_market"
	SessionClosed = "closed"
)

// SessionAt returns the session at t and the trading day, as YYYY-MM-DD, that t belongs to: the last one
// whose pre-market has begun (see the package's doc). Outside FirstYear..LastYear the session is
// SessionClosed and the day is New York's date. It takes some 100 ns and allocates nothing inside the span.
func (c *Calendar) SessionAt(t time.Time) (session, sessionDate string) {
	e := c.entryAt(t)
	if e == nil {
		return SessionClosed, c.DateAt(t).String()
	}
	now := t.Unix()
	session = e.session(now)
	if e.day.Trades() && now >= e.pre {
		return session, e.label
	}
	if last := c.trading(e, -1); last != nil {
		return session, last.label
	}
	return session, e.label
}

// session returns the session at a Unix second of the entry's day.
func (e *entry) session(now int64) string {
	switch {
	case !e.day.Trades() || now < e.pre || now >= e.post:
		return SessionClosed
	case now < e.open:
		return PreMarket
	case now < e.shut:
		return Regular
	default:
		return PostMarket
	}
}

// NextOpen returns the first begin of a regular session after t, in UTC; the zero time when the calendar
// ends before there is one. At the very instant of an open it returns the next day's.
func (c *Calendar) NextOpen(t time.Time) time.Time {
	e := c.entryAt(t)
	if e == nil {
		return time.Time{}
	}
	if e.day.Trades() && t.Unix() < e.open {
		return e.day.Open
	}
	if e = c.trading(e, 1); e == nil {
		return time.Time{}
	}
	return e.day.Open
}

// ClosesAt returns the first end of a regular session after t, in UTC; the zero time when the calendar ends
// before there is one. During a regular session it is the end of that session.
func (c *Calendar) ClosesAt(t time.Time) time.Time {
	e := c.entryAt(t)
	if e == nil {
		return time.Time{}
	}
	if e.day.Trades() && t.Unix() < e.shut {
		return e.day.Close
	}
	if e = c.trading(e, 1); e == nil {
		return time.Time{}
	}
	return e.day.Close
}

// LastClosed returns the latest trading day whose regular session ended at or before t; false when the
// calendar begins after it.
func (c *Calendar) LastClosed(t time.Time) (Day, bool) {
	e := c.entryAt(t)
	if e == nil {
		return Day{}, false
	}
	if !e.day.Trades() || t.Unix() < e.shut {
		e = c.trading(e, -1)
	}
	if e == nil {
		return Day{}, false
	}
	return e.day, true
}

// Clock is what a market clock shows at one instant. It is comparable; times are UTC at whole seconds.
type Clock struct {
	// Calendar names the exchange: always Name.
	Calendar string `json:"calendar"`
	// Session is one of PreMarket, Regular, PostMarket, SessionClosed.
	Session string `json:"session"`
	// SessionDate is the trading day the instant belongs to, YYYY-MM-DD.
	SessionDate string `json:"session_date"`
	// HolidayName says why New York's today is closed or closes early; empty on ordinary days and weekends.
	HolidayName string `json:"holiday_name,omitempty"`
	// EarlyClose tells that New York's today closes before 16:00.
	EarlyClose bool `json:"early_close"`
	// ClosesAt is the end of today's regular session while that lies ahead, in pre-market too; else zero.
	ClosesAt time.Time `json:"closes_at,omitzero"`
	// NextOpen is the next begin of a regular session.
	NextOpen time.Time `json:"next_open,omitzero"`
	// ChangesAt is when Session will next be another one.
	ChangesAt time.Time `json:"changes_at,omitzero"`
	// OffsetSeconds is New York's offset from UTC, negative in the west, so that a page without a zone
	// database can show exchange time.
	OffsetSeconds int `json:"offset_seconds"`
}

// Clock returns the market clock at t. Outside FirstYear..LastYear it is closed and names no times.
func (c *Calendar) Clock(t time.Time) Clock {
	session, date := c.SessionAt(t)
	_, offset := t.In(c.zone).Zone()
	clock := Clock{
		Calendar: Name, Session: session, SessionDate: date,
		NextOpen: c.NextOpen(t), ChangesAt: c.changesAt(t), OffsetSeconds: offset,
	}
	if e := c.entryAt(t); e != nil {
		clock.HolidayName = e.day.Name
		clock.EarlyClose = e.day.Kind == Early
	}
	if session == PreMarket || session == Regular {
		clock.ClosesAt = c.ClosesAt(t)
	}
	return clock
}

// changesAt returns the next boundary between sessions after t, or the zero time.
func (c *Calendar) changesAt(t time.Time) time.Time {
	e := c.entryAt(t)
	if e == nil {
		return time.Time{}
	}
	if e.day.Trades() {
		for _, edge := range [...]time.Time{e.day.PreOpen, e.day.Open, e.day.Close, e.day.PostClose} {
			if t.Before(edge) {
				return edge
			}
		}
	}
	if e = c.trading(e, 1); e == nil {
		return time.Time{}
	}
	return e.day.PreOpen
}
