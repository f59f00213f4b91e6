package detect

import (
	"math"

	"tierboard/server/market"
)

// frame is one length of intraday bars.
type frame struct {
	name    string
	minutes int
	quiet   int // minutes for which a rule that fired keeps still on this symbol and frame
}

func frames() []frame {
	return []frame{{"1min", 1, 60}, {"5min", 5, 75}, {"15min", 15, 120}}
}

// keptBars is how many bars a frame keeps at least, those of the sessions before included.
const keptBars = 80

// openingMinutes is the opening range: the first half hour.
const openingMinutes = 30

// Scanner follows one symbol minute by minute and reports what the intraday rules find. It belongs to one goroutine.
type Scanner struct {
	symbol string
	before float64 // close of the session before
	minute int     // minutes seen of the session in progress

	paid, traded float64 // sums of price times volume, and of volume: their quotient is VWAP
	rangeHigh    float64 // of the opening range
	rangeLow     float64
	broken       bool // the opening range was broken already

	series []*series
}

// series is one frame's bars, and which rules keep still until when.
type series struct {
	frame
	rising  lane       // the bars as they are
	falling lane       // and mirrored, for the rules' other direction
	session int        // complete bars of the session in progress
	part    market.Bar // the bar in progress
	held    map[string]int
}

// lane is complete bars, the newest last, with what is known at the end of each.
type lane struct {
	bars     []market.Bar
	vwap     []float64
	strength []float64 // RSI
	wilder   wilder
}

// push adds a bar, and now and then forgets the oldest.
func (l *lane) push(b market.Bar, vwap float64) {
	if len(l.bars) == 2*keptBars {
		l.bars = append(l.bars[:0], tail(l.bars, keptBars)...)
		l.vwap = append(l.vwap[:0], tail(l.vwap, keptBars)...)
		l.strength = append(l.strength[:0], tail(l.strength, keptBars)...)
	}
	l.bars, l.vwap, l.strength = append(l.bars, b), append(l.vwap, vwap), append(l.strength, l.wilder.next(b.Close))
}

// NewScanner returns a scanner that has seen nothing. Before is the last session's close in US dollars, from which changes are
// counted; 0 when there was none.
func NewScanner(symbol string, before float64) *Scanner {
	s := &Scanner{symbol: symbol, before: before}
	for _, f := range frames() {
		s.series = append(s.series, &series{frame: f, held: map[string]int{}})
	}
	return s
}

// Minute takes the next minute of the session and returns what it completed, shortest frame first.
func (s *Scanner) Minute(b market.Bar) []Detection {
	s.minute++
	typical := (b.High + b.Low + b.Close) / 3
	s.paid += typical * float64(b.Volume)
	s.traded += float64(b.Volume)
	if s.minute == 1 {
		s.rangeHigh, s.rangeLow = b.High, b.Low
	} else if s.minute <= openingMinutes {
		s.rangeHigh, s.rangeLow = max(s.rangeHigh, b.High), min(s.rangeLow, b.Low)
	}
	var out []Detection
	for _, f := range s.series {
		if f.part.Span == 0 {
			f.part = b
		} else {
			f.part = market.Merge([]market.Bar{f.part, b})
		}
		if s.minute%f.minutes != 0 {
			continue
		}
		vwap := s.paid / max(1, s.traded)
		f.rising.push(f.part, vwap)
		f.falling.push(mirror([]market.Bar{f.part})[0], -vwap)
		f.session++
		f.part = market.Bar{}
		out = append(out, s.look(f)...)
	}
	return out
}

// EndSession forgets what belongs to the session that is over; the bars stay, so that the next one has averages from its first
// minute. The session's close becomes the price from which changes are counted.
func (s *Scanner) EndSession() {
	for _, f := range s.series {
		f.session, f.part = 0, market.Bar{}
		clear(f.held)
		if n := len(f.rising.bars); n > 0 {
			s.before = f.rising.bars[n-1].Close
		}
	}
	s.minute, s.paid, s.traded, s.broken = 0, 0, 0, false
}

// look asks every rule about the bar that has just become complete.
func (s *Scanner) look(f *series) []Detection {
	n := len(f.rising.bars)
	if n < 21 {
		return nil
	}
	last, past := f.rising.bars[n-1], f.rising.bars[n-21:n-1]
	up := f.rising.view(f.session, trueRange(past), relative(last.Volume, past))
	down := f.falling.view(f.session, up.reach, up.volume)
	if up.reach <= 0 {
		return nil
	}
	var out []Detection
	add := func(name string, dir Direction, fd found) {
		if s.minute < f.held[name] {
			return
		}
		f.held[name] = s.minute + f.quiet
		out = append(out, Detection{
			Pattern: name, Symbol: s.symbol, Timeframe: f.name, Direction: dir, Confidence: fd.confidence,
			At: last.End(), Bar: last, ChangePct: changePct(last.Close, s.before),
			RelativeVolume: up.volume, RSI: up.strength[n-1], Plan: fd.plan.rounded(),
		})
	}
	if fd, dir, ok := volumeSpike(up); ok {
		add("volume_spike", dir, fd)
	}
	for _, r := range []struct {
		name string
		find func(view) (found, bool)
	}{{"vwap_break", vwapBreak}, {"rsi_divergence", rsiDivergence}} {
		if fd, ok := r.find(up); ok {
			add(r.name, Bullish, fd)
		} else if fd, ok := r.find(down); ok {
			fd.plan = fd.plan.mirrored()
			add(r.name, Bearish, fd)
		}
	}
	// The opening range belongs to the day, not to a frame: five-minute bars decide, once a session.
	if f.minutes == 5 && s.minute > openingMinutes && !s.broken {
		if fd, ok := openingRangeBreak(up, s.rangeHigh, s.rangeLow); ok {
			s.broken = true
			add("opening_range_break", Bullish, fd)
		} else if fd, ok := openingRangeBreak(down, -s.rangeLow, -s.rangeHigh); ok {
			s.broken = true
			fd.plan = fd.plan.mirrored()
			add("opening_range_break", Bearish, fd)
		}
	}
	return out
}

// view is what an intraday rule may look at.
type view struct {
	bars     []market.Bar // 21 at least; the last is the one just completed
	today    int          // how many of them belong to the session in progress
	vwap     []float64    // at the end of each bar
	strength []float64    // RSI at the end of each bar
	reach    float64      // mean true range of the twenty bars before the last
	volume   float64      // of the last bar, as a multiple of those twenty
}

// view returns what the rules may look at on this lane.
func (l *lane) view(session int, reach, volume float64) view {
	return view{bars: l.bars, today: min(session, len(l.bars)), vwap: l.vwap, strength: l.strength, reach: reach, volume: volume}
}

// plan is the usual intraday plan for a rise: risk to the stop, one and a half and three times as much to the targets.
func (v view) plan(entry, stop float64) Plan {
	risk := max(entry-stop, 1.2*v.reach)
	return Plan{Entry: entry, Stop: entry - risk, Targets: []float64{entry + 1.5*risk, entry + 3*risk}}
}

// last returns the bar just completed.
func (v view) last() market.Bar { return v.bars[len(v.bars)-1] }

// size returns how far the last bar moved from open to close, in usual reaches.
func (v view) size() float64 {
	b := v.last()
	return math.Abs(b.Close-b.Open) / v.reach
}
