// Package calendar answers when the New York Stock Exchange trades: which days are trading days, when a
// session opens and closes, and which session and trading day an instant belongs to.
//
// The package is pure: it reads no clock, no file and no environment, except that the rules of New York's
// time come from the zone database of the system or, where there is none, from the one compiled in. A
// Calendar never changes after it was made; to take new operator overrides, build another with
// WithOverrides and swap the pointer.
//
// # What the rules cover
//
// Closed days follow the exchange's own rules, not the federal list: Good Friday is a holiday, Columbus Day
// and Veterans Day are not, and a 1 January on a Saturday is not made up on the Friday before. The rules are
// exact for closed days from 1998 and for early closes from 2004; earlier years are an approximation, good
// enough to place an old event on a trading day. Closures that no rule predicts (storms, days of mourning)
// are a table for the past and an override file for the future.
//
// # Which trading day an instant belongs to
//
// A trading day begins with its pre-market at 04:00 and lasts until the next trading day's pre-market. So a
// detection made after the close, at night or on a weekend belongs to the last session, which is the one
// whose bars it was made from.
//
// # Decisions
//
// The holiday primitives (n-th weekday, Easter, substitution days) come from github.com/rickar/cal/v2; the
// rule set is ours, because the library's set for the United States is the federal one. Its global default
// location and its cache, which is not safe for concurrent use, are not used.
//
// A day outside FirstYear..LastYear is Closed and has no neighbours. The span bounds the memory that an
// absurd timestamp in a feed could make us spend: one table of about 90 KB for each year asked about, 12 MB in all.
package calendar

import (
	"iter"
	"sync/atomic"
	"time"
	_ "time/tzdata" // New York's offset must be right on a machine without a zone database too.
)

// Name is the market identifier code (ISO 10383) of the exchange this package describes.
const Name = "XNYS"

// FirstYear and LastYear are the first and the last year a Calendar knows; days outside are Closed.
const (
	FirstYear = 1970
	LastYear  = 2099
)

// Kind says how a day trades.
type Kind string

// The kinds of day: Trading is a full session, Early ends before 16:00, Closed has none.
const (
	Trading Kind = "trading"
	Early   Kind = "early"
	Closed  Kind = "closed"
)

// The exchange's hours as seconds after midnight, New York time.
const (
	preSeconds   = 4 * 3600
	openSeconds  = 9*3600 + 30*60
	closeSeconds = 16 * 3600
	earlySeconds = 13 * 3600
	// The late session lasts four hours after the close, on a full day until 20:00, on an early one until 17:00.
	postSeconds = 4 * 3600
)

// Day is one calendar day of the exchange. The four times are UTC, at whole seconds, and zero on a Closed day.
type Day struct {
	// Date is the day in New York.
	Date Date `json:"date"`
	// Kind says whether the day trades, and whether in full.
	Kind Kind `json:"kind"`
	// Name is the holiday, the reason of the closure or of the early close; empty on ordinary days and weekends.
	Name string `json:"name,omitempty"`
	// PreOpen is the begin of the pre-market session.
	PreOpen time.Time `json:"pre_open,omitzero"`
	// Open is the begin of the regular session.
	Open time.Time `json:"open,omitzero"`
	// Close is the end of the regular session and the begin of the post-market session.
	Close time.Time `json:"close,omitzero"`
	// PostClose is the end of the post-market session.
	PostClose time.Time `json:"post_close,omitzero"`
}

// Trades reports whether the day has a regular session, full or shortened.
func (d Day) Trades() bool { return d.Kind == Trading || d.Kind == Early }

// Calendar is the exchange's calendar. It is immutable and safe for concurrent use; days are worked out a
// year at a time when first asked about, and kept. Make one with NYSE.
type Calendar struct {
	zone      *time.Location
	overrides map[Date]override
	// years caches finished tables by year - FirstYear. Two goroutines may build the same year at once; both
	// results are equal, so the last store wins and no lock is needed on the way of an event.
	years [LastYear - FirstYear + 1]atomic.Pointer[yearTable]
}

// yearTable holds every day of one year, by day of the year less one.
type yearTable struct {
	entries []entry
}

// entry is a Day with what makes the lookups cheap.
type entry struct {
	day   Day
	label string // the date as text, so that SessionAt allocates nothing
	index int    // position in the year's table
	// traded counts the year's trading days up to and including this one.
	traded int
	// The four times as Unix seconds; zero on a closed day.
	pre, open, shut, post int64
}

// NYSE returns the calendar of the New York Stock Exchange without overrides. It panics when New York's time
// zone can't be loaded, which only a broken zone database that shadows the compiled one can cause.
func NYSE() *Calendar {
	zone, err := time.LoadLocation("America/New_York")
	if err != nil {
		panic("calendar: load the zone America/New_York: " + err.Error())
	}
	return &Calendar{zone: zone}
}

// Zone returns the exchange's time zone, for showing exchange time. The caller must not change it.
func (c *Calendar) Zone() *time.Location { return c.zone }

// Day returns the day d. A date outside FirstYear..LastYear is Closed; a date that doesn't exist, such as
// 30 February, is taken as the day it would overflow to.
func (c *Calendar) Day(d Date) Day {
	e := c.entryOn(d)
	if e == nil {
		return Day{Date: d.normal(), Kind: Closed, Name: "outside the calendar"}
	}
	return e.day
}

// Days returns the days from first to last, both included, in order. Days outside FirstYear..LastYear are
// left out, so that the sequence is bounded whatever is asked.
func (c *Calendar) Days(first, last Date) iter.Seq[Day] {
	return func(yield func(Day) bool) {
		d := first.normal()
		if d.Before(Date{FirstYear, time.January, 1}) {
			d = Date{FirstYear, time.January, 1}
		}
		for e := c.entryOn(d); e != nil && !last.normal().Before(e.day.Date); e = c.step(e, 1) {
			if !yield(e.day) {
				return
			}
		}
	}
}

// NextTradingDay returns the first trading day after d; false when the calendar ends before there is one.
func (c *Calendar) NextTradingDay(d Date) (Day, bool) { return c.tradingDayFrom(d, 1) }

// PrevTradingDay returns the last trading day before d; false when the calendar begins after it.
func (c *Calendar) PrevTradingDay(d Date) (Day, bool) { return c.tradingDayFrom(d, -1) }

func (c *Calendar) tradingDayFrom(d Date, direction int) (Day, bool) {
	e := c.trading(c.entryOn(d), direction)
	if e == nil {
		return Day{}, false
	}
	return e.day, true
}

// TradingDaysBetween counts the trading days after a, up to and including b: how many sessions are left at
// the end of a until b has traded. It is zero for equal dates and negative when b comes before a. Days
// outside FirstYear..LastYear don't trade and count nothing.
func (c *Calendar) TradingDaysBetween(a, b Date) int {
	a, b = a.normal(), b.normal()
	if b.Before(a) {
		return -c.TradingDaysBetween(b, a)
	}
	return c.tradedUntil(b) - c.tradedUntil(a)
}

// tradedUntil counts the trading days from the calendar's begin up to and including d.
func (c *Calendar) tradedUntil(d Date) int {
	total := 0
	for year := FirstYear; year < d.Year && year <= LastYear; year++ {
		entries := c.table(year).entries
		total += entries[len(entries)-1].traded
	}
	if e := c.entryOn(d); e != nil {
		total += e.traded
	}
	return total
}

// At returns the instant in UTC at which the exchange's clock shows the given time on d.
func (c *Calendar) At(d Date, hour, minute int) time.Time {
	return time.Date(d.Year, d.Month, d.Day, hour, minute, 0, 0, c.zone).UTC()
}

// DateAt returns the date in New York at t.
func (c *Calendar) DateAt(t time.Time) Date { return DateOf(t.In(c.zone)) }

// table returns the year's days, or nil outside the span.
func (c *Calendar) table(year int) *yearTable {
	if year < FirstYear || year > LastYear {
		return nil
	}
	slot := &c.years[year-FirstYear]
	if known := slot.Load(); known != nil {
		return known
	}
	made := c.buildYear(year)
	slot.Store(made)
	return made
}

// entryOn returns the entry of a date, or nil outside the span.
func (c *Calendar) entryOn(d Date) *entry {
	at := d.utc()
	table := c.table(at.Year())
	if table == nil {
		return nil
	}
	return &table.entries[at.YearDay()-1]
}

// entryAt returns the entry of the New York day that t falls on, or nil outside the span.
func (c *Calendar) entryAt(t time.Time) *entry {
	local := t.In(c.zone)
	table := c.table(local.Year())
	if table == nil {
		return nil
	}
	return &table.entries[local.YearDay()-1]
}

// step returns the entry one day on (direction 1) or back (-1), or nil at the end of the span.
func (c *Calendar) step(e *entry, direction int) *entry {
	year := e.day.Date.Year
	table, index := c.table(year), e.index+direction
	switch {
	case index < 0:
		if table = c.table(year - 1); table == nil {
			return nil
		}
		index = len(table.entries) - 1
	case index >= len(table.entries):
		if table = c.table(year + 1); table == nil {
			return nil
		}
		index = 0
	}
	return &table.entries[index]
}

// trading returns the nearest trading day after (1) or before (-1) e, or nil when the span ends first.
func (c *Calendar) trading(e *entry, direction int) *entry {
	for e != nil {
		if e = c.step(e, direction); e != nil && e.day.Trades() {
			return e
		}
	}
	return nil
}

// buildYear works out every day of a year: weekends, rules, the table of one-off closures, overrides.
func (c *Calendar) buildYear(year int) *yearTable {
	named := ruleDays(year)
	table := &yearTable{entries: make([]entry, 0, 366)}
	traded := 0
	for at := time.Date(year, time.January, 1, 0, 0, 0, 0, time.UTC); at.Year() == year; at = at.AddDate(0, 0, 1) {
		date := DateOf(at)
		mark, known := named[date]
		if !known {
			mark = override{kind: Trading, closes: closeSeconds}
		}
		// A rule's holiday that falls on a weekend keeps its name, an early close there has no meaning.
		if weekday := at.Weekday(); (weekday == time.Saturday || weekday == time.Sunday) && mark.kind != Closed {
			mark = override{kind: Closed}
		}
		if set, ok := c.overrides[date]; ok {
			mark = set
		}
		e := entry{
			day:   Day{Date: date, Kind: mark.kind, Name: mark.name},
			label: date.String(), index: len(table.entries),
		}
		if e.day.Trades() {
			traded++
			e.setHours(c.zone, mark.closes)
		}
		e.traded = traded
		table.entries = append(table.entries, e)
	}
	return table
}

// setHours fills the times of a trading day that closes so many seconds after midnight.
func (e *entry) setHours(zone *time.Location, closes int) {
	at := func(seconds int) time.Time {
		d := e.day.Date
		return time.Date(d.Year, d.Month, d.Day, 0, 0, seconds, 0, zone).UTC()
	}
	e.day.PreOpen, e.day.Open = at(preSeconds), at(openSeconds)
	e.day.Close, e.day.PostClose = at(closes), at(closes+postSeconds)
	e.pre, e.open = e.day.PreOpen.Unix(), e.day.Open.Unix()
	e.shut, e.post = e.day.Close.Unix(), e.day.PostClose.Unix()
}
