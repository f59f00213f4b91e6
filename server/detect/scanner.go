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

// keptBars is how many bars a frame keeps from the sessions before and the one in progress.
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
	bars    []market.Bar // the complete ones, the newest last
	vwap    []float64    // VWAP at the end of each
	session int          // how many of them belong to the session in progress
	part    market.Bar   // the one in progress
	held    map[string]int
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
		f.push(f.part, s.paid/max(1, s.traded))
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
		if n := len(f.bars); n > 0 {
			s.before = f.bars[n-1].Close
		}
	}
	s.minute, s.paid, s.traded, s.broken = 0, 0, 0, false
}

func (f *series) push(b market.Bar, vwap float64) {
	if len(f.bars) == keptBars {
		f.bars = append(f.bars[:0], f.bars[1:]...)
		f.vwap = append(f.vwap[:0], f.vwap[1:]...)
	}
	f.bars, f.vwap = append(f.bars, b), append(f.vwap, vwap)
	f.session = min(f.session+1, keptBars)
}

// look asks every rule about the bar that has just become complete.
func (s *Scanner) look(f *series) []Detection {
	n := len(f.bars)
	if n < 21 {
		return nil
	}
	last, past := f.bars[n-1], f.bars[n-21:n-1]
	v := view{
		bars: f.bars, today: f.session, vwap: f.vwap, reach: trueRange(past),
		volume: relative(last.Volume, past), strength: relativeStrength(f.bars),
	}
	if v.reach <= 0 {
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
			RelativeVolume: v.volume, RSI: v.strength[n-1], Plan: fd.plan.rounded(),
		})
	}
	if fd, dir, ok := volumeSpike(v); ok {
		add("volume_spike", dir, fd)
	}
	up, down := v, v.mirrored()
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

// mirrored is the view of the mirrored series.
func (v view) mirrored() view {
	out := v
	out.bars = mirror(v.bars)
	out.vwap, out.strength = make([]float64, len(v.vwap)), make([]float64, len(v.strength))
	for i := range v.vwap {
		out.vwap[i] = -v.vwap[i]
		out.strength[i] = 100 - v.strength[i]
	}
	return out
}

// plan is the usual intraday plan for a rise: risk to the stop, one and a half and three times as much to the targets.
func (v view) plan(entry, stop float64) Plan {
	risk := max(entry-stop, 0.5*v.reach)
	return Plan{Entry: entry, Stop: entry - risk, Targets: []float64{entry + 1.5*risk, entry + 3*risk}}
}

// last returns the bar just completed.
func (v view) last() market.Bar { return v.bars[len(v.bars)-1] }

// size returns how far the last bar moved from open to close, in usual reaches.
func (v view) size() float64 {
	b := v.last()
	return math.Abs(b.Close-b.Open) / v.reach
}
