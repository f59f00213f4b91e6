// Package market invents a stock market: some sixty large companies whose prices move in minute bars.
//
// Nothing here is a quotation. The start prices and volumes are of the right size for the names they stand under, so that a
// board fed from this market looks familiar; every move after that is drawn from a seeded generator. The package has no clock
// and does no I/O: the same [Config] always gives the same bars, and simulated time goes on only when [Market.Next] is called.
//
// A session has 390 minutes, from 09:30 to 16:00 in the exchange's fixed zone, Monday to Friday; there are no holidays and no
// daylight saving time. The market as a whole is in one [Regime] at a time, which decides drift and volatility for everybody;
// each symbol adds a beta, a mood of its own that lasts for days (a run, a rest, a range), a gap at the open, and bursts of
// volume that last for minutes.
package market

import (
	"fmt"
	"hash/fnv"
	"math/rand/v2"
	"time"
)

// SessionMinutes is the length of a trading session in minutes.
const SessionMinutes = 390

// maxDaily is the number of closed sessions kept for each symbol, about a year; older ones are forgotten.
const maxDaily = 260

// historyStep is the length in minutes of the steps in which history is drawn. History is only ever read as daily bars, and
// ten-minute steps make ninety sessions of sixty symbols in a tenth of the time of one-minute ones.
const historyStep = 10

// Config says which market to invent.
type Config struct {
	// Seed chooses the random numbers. Every value is fine, and equal seeds give equal markets.
	Seed uint64
	// Listing is the symbols and what they are like; nil means [Listing]. The order is the order of bars in [Tick].
	Listing []Profile
	// History is the number of closed sessions to draw before the first live one, 0 to 260. The daily rules of package
	// detect want 30 at least; 90 is a good choice.
	History int
	// First is the date of the first live session; only its year, month and day count. A Saturday or Sunday means the Monday
	// after. The zero value means [DefaultFirst].
	First time.Time
}

// DefaultFirst is the date of the first live session when none is given: Monday the 6th of January 2020. It lies in the past so
// that simulated bars are not ahead of the real clock even after months of running at several sessions an hour.
func DefaultFirst() time.Time { return time.Date(2020, time.January, 6, 0, 0, 0, 0, Zone()) }

// Zone returns the zone of the simulated exchange, five hours behind UTC all the year.
func Zone() *time.Location { return time.FixedZone("EST", -5*60*60) }

// Validate reports the first field that is out of range, by name.
func (c Config) Validate() error {
	if c.History < 0 || c.History > maxDaily {
		return fmt.Errorf("history: %d sessions is outside 0..%d", c.History, maxDaily)
	}
	seen := make(map[string]bool, len(c.Listing))
	for i, p := range c.Listing {
		if err := p.validate(); err != nil {
			return fmt.Errorf("listing[%d]: %w", i, err)
		}
		if seen[p.Symbol] {
			return fmt.Errorf("listing[%d]: symbol %q is listed twice", i, p.Symbol)
		}
		seen[p.Symbol] = true
	}
	return nil
}

// Market is an invented market. It is not safe for concurrent use: one goroutine owns it.
type Market struct {
	stocks []*stock
	rng    *rand.Rand // regime only, so that a longer listing does not change it
	regime Regime
	lasts  int // sessions the regime goes on for
	open   time.Time
	minute int // of the session in progress; SessionMinutes when it is over
	number int // sessions begun, history included
	bars   []Bar
}

// New draws the history and leaves the market just before the first minute of its first live session.
func New(cfg Config) (*Market, error) {
	if err := cfg.Validate(); err != nil {
		return nil, fmt.Errorf("market: %w", err)
	}
	listing := cfg.Listing
	if listing == nil {
		listing = Listing()
	}
	first := cfg.First
	if first.IsZero() {
		first = DefaultFirst()
	}
	y, mo, d := first.Date()
	m := &Market{
		stocks: make([]*stock, len(listing)),
		rng:    rand.New(rand.NewPCG(cfg.Seed, 0x6d61726b6574)), //nolint:gosec // a simulation, not a secret
		bars:   make([]Bar, len(listing)),
	}
	for i, p := range listing {
		h := fnv.New64a()
		_, _ = h.Write([]byte(p.Symbol))                                      // a hash never fails
		m.stocks[i] = newStock(p, rand.New(rand.NewPCG(cfg.Seed, h.Sum64()))) //nolint:gosec // a simulation, not a secret
	}
	m.open = onWeekday(time.Date(y, mo, d, 9, 30, 0, 0, Zone()), 1)
	for range cfg.History {
		m.open = onWeekday(m.open.AddDate(0, 0, -1), -1)
	}
	m.pickRegime()
	m.beginSession()
	for range cfg.History {
		for m.minute < SessionMinutes {
			m.step(historyStep)
		}
		m.closeSession()
		m.beginSession()
	}
	return m, nil
}

// Tick is what one simulated minute brought.
type Tick struct {
	// Bars has one bar for each symbol in the order of the listing. The slice is overwritten by the next call of [Market.Next].
	Bars []Bar
	// Minute is the number of the minute within its session, 0 to 389.
	Minute int
	// Closed is true on a session's last minute: the daily bars already hold the session then.
	Closed bool
}

// Next draws the next minute. After the last minute of a session it goes on with the first of the following one.
func (m *Market) Next() Tick {
	if m.minute >= SessionMinutes {
		m.beginSession()
	}
	t := Tick{Minute: m.minute}
	m.step(1)
	t.Bars, t.Closed = m.bars, m.minute == SessionMinutes
	if t.Closed {
		m.closeSession()
	}
	return t
}

// Symbols returns the symbols in the order of the listing. The caller owns the slice.
func (m *Market) Symbols() []string {
	out := make([]string, len(m.stocks))
	for i, s := range m.stocks {
		out[i] = s.profile.Symbol
	}
	return out
}

// Daily returns the daily bars of the i-th symbol, oldest first, closed sessions only, at most 260. The slice stays the
// market's: read it before the next call of [Market.Next].
func (m *Market) Daily(i int) []Bar { return m.stocks[i].daily }

// Regime returns the mood of the market as a whole.
func (m *Market) Regime() Regime { return m.regime }

// Session returns the opening time of the session that is in progress, or was last in progress.
func (m *Market) Session() time.Time { return m.open }

// Number returns how many sessions have begun, history included; it names a session in bookkeeping.
func (m *Market) Number() int { return m.number }

// beginSession moves on to the next session day: a new regime if the old one is over, moods, gaps.
func (m *Market) beginSession() {
	if m.number > 0 {
		m.open = onWeekday(m.open.AddDate(0, 0, 1), 1)
	}
	m.number++
	m.minute = 0
	if m.lasts--; m.lasts < 0 {
		m.pickRegime()
	}
	for _, s := range m.stocks {
		s.begin(m.regime)
	}
}

// step draws the next minutes as one bar for each symbol.
func (m *Market) step(minutes int) {
	start := m.open.Add(time.Duration(m.minute) * time.Minute)
	shock := m.rng.NormFloat64()
	for i, s := range m.stocks {
		m.bars[i] = s.step(m.regime, start, m.minute, minutes, shock)
	}
	m.minute += minutes
}

func (m *Market) closeSession() {
	for _, s := range m.stocks {
		s.close()
	}
}

// onWeekday moves t day by day in the given direction (1 or -1) until it falls on a weekday.
func onWeekday(t time.Time, direction int) time.Time {
	for t.Weekday() == time.Saturday || t.Weekday() == time.Sunday {
		t = t.AddDate(0, 0, direction)
	}
	return t
}
