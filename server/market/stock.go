package market

import (
	"math"
	"math/rand/v2"
	"time"
)

// mood is what one symbol is up to for some days, whatever the market does. Runs that are followed by rests are what flags and
// breakouts are made of; ranges give supports their second and third test.
type mood int

const (
	wander mood = iota
	runUp
	runDown
	rest
	rangeBound
)

// stock is one symbol in motion. Its random numbers are its own, so the listing around it does not change it.
type stock struct {
	profile Profile
	rng     *rand.Rand

	price float64 // last trade
	mood  mood
	days  int     // sessions the mood goes on for
	home  float64 // centre of a range-bound mood, and the far anchor that keeps decades of drift in bounds

	burst     int     // minutes that a burst of volume goes on for
	burstGain float64 // by which it multiplies volume
	burstPush float64 // drift a minute while it lasts, in minute sigmas
	leg       int     // minutes that the present intraday swing goes on for
	legPush   float64 // its drift a minute, in minute sigmas
	dayVolume float64 // shares this session would trade on a quiet day

	today Bar
	daily []Bar
}

func newStock(p Profile, rng *rand.Rand) *stock {
	// Each run of the demonstration starts somewhere else, within a tenth of the listed price.
	return &stock{profile: p, rng: rng, price: p.Price * (0.9 + 0.2*rng.Float64()), home: p.Price}
}

// begin prepares a session: mood, overnight gap, the day's volume.
func (s *stock) begin(r Regime) {
	if s.days--; s.days < 0 {
		s.pickMood()
	}
	sigma := s.sigma(r)
	gap := s.rng.NormFloat64() * sigma * 0.3
	if s.rng.Float64() < 0.03 { // news overnight
		gap += s.rng.NormFloat64() * sigma * 2
	}
	s.price *= math.Exp(clamp(gap, 0.12))
	s.dayVolume = float64(s.profile.Volume) * math.Exp(s.rng.NormFloat64()*0.25)
	switch s.mood {
	case runUp, runDown:
		s.dayVolume *= 1.4
	case rest:
		s.dayVolume *= 0.65
	case wander, rangeBound:
	}
	s.burst, s.leg = 0, 0
	s.today = Bar{}
}

func (s *stock) pickMood() {
	was := s.mood
	switch u := s.rng.Float64(); {
	case (was == runUp || was == runDown) && u < 0.6:
		s.mood = rest
	case was == rest && u < 0.55:
		s.mood = runUp
		if u < 0.2 {
			s.mood = runDown
		}
	case u < 0.35:
		s.mood = wander
	case u < 0.55:
		s.mood = runUp
	case u < 0.7:
		s.mood = runDown
	default:
		s.mood = rangeBound
	}
	switch s.mood {
	case runUp, runDown:
		s.days = 2 + s.rng.IntN(5)
	case rest:
		s.days = 3 + s.rng.IntN(5)
	case wander, rangeBound:
		s.days = 6 + s.rng.IntN(14)
	}
	s.home = s.price
}

// sigma returns the size of a usual day's move as a part of the price.
func (s *stock) sigma(r Regime) float64 {
	v := s.profile.Volatility * r.climate().sigma
	switch s.mood {
	case rest:
		v *= 0.55
	case rangeBound:
		v *= 0.85
	case wander, runUp, runDown:
	}
	return v
}

// drift returns the expected move of a session as a part of the price.
func (s *stock) drift(r Regime) float64 {
	d := r.climate().drift * s.profile.Beta
	switch s.mood {
	case runUp:
		d += 0.75 * s.profile.Volatility
	case runDown:
		d -= 0.75 * s.profile.Volatility
	case rest:
		d -= 0.05 * s.profile.Volatility
	case rangeBound:
		d = 0.35 * clamp(math.Log(s.home/s.price), 0.1)
	case wander:
	}
	// A weak pull towards the listed price: without it the demonstration shows silly prices after a month.
	return d + 0.004*math.Log(s.profile.Price/s.price)
}

// step draws the bar of the given minutes, which begin minute minutes after the open. The shock is the market's own move in
// minute sigmas, which all symbols share according to their beta.
func (s *stock) step(r Regime, start time.Time, minute, minutes int, shock float64) Bar {
	n := float64(minutes)
	activity := dayShape(float64(minute) + n/2)
	s.events(minute)

	unit := s.sigma(r) / math.Sqrt(SessionMinutes) * (0.7 + 0.3*activity)
	common := 0.35 * clamp(s.profile.Beta, 2)
	own := math.Sqrt(1 - common*common/1.3)
	move := unit * math.Sqrt(n) * (own*s.rng.NormFloat64() + common*shock)
	move += n * s.drift(r) / SessionMinutes
	push := s.legPush
	gain := 1.0
	if s.burst > 0 {
		s.burst -= minutes
		push += s.burstPush
		gain = s.burstGain
	}
	if s.leg -= minutes; s.leg > 0 {
		move += unit * n * push
	} else {
		move += unit * n * (push - s.legPush)
	}

	open := s.price
	end := open * math.Exp(clamp(move, 0.08))
	wick := unit * math.Sqrt(n) * open
	high := max(open, end) + wick*0.45*math.Abs(s.rng.NormFloat64())
	low := min(open, end) - wick*0.45*math.Abs(s.rng.NormFloat64())
	size := math.Abs(move) / (unit * math.Sqrt(n))
	shares := s.dayVolume / SessionMinutes * n * activity * gain * (0.7 + 0.35*size) * math.Exp(s.rng.NormFloat64()*0.3)
	s.price = max(end, 0.5)

	b := Bar{
		Start: start, Span: time.Duration(minutes) * time.Minute,
		Open: cents(open), Close: cents(s.price), High: cents(high), Low: cents(low), Volume: max(int64(shares), 1),
	}
	b.High = max(b.High, b.Open, b.Close)
	b.Low = max(min(b.Low, b.Open, b.Close), 0.01)
	if s.today.Span == 0 {
		s.today = b
	} else {
		s.today.add(b)
	}
	return b
}

// events starts a burst of volume or a new swing when it is time for one.
func (s *stock) events(minute int) {
	if s.burst <= 0 && s.rng.Float64() < 0.005 {
		s.burst = 2 + s.rng.IntN(8)
		s.burstGain = 2 + s.rng.ExpFloat64()*2.2
		s.burstPush = s.rng.NormFloat64() * 0.7
	}
	if s.leg <= 0 && minute > 0 {
		s.leg = 15 + s.rng.IntN(60)
		s.legPush = s.rng.NormFloat64() * 0.12
	}
}

func (s *stock) close() {
	if len(s.daily) == maxDaily {
		s.daily = append(s.daily[:0], s.daily[1:]...)
	}
	s.daily = append(s.daily, s.today)
}

// dayShape returns how busy a minute is against the average of its session: twice at the open, three quarters at noon, half as
// much again at the close. Its mean over the session is one.
func dayShape(minute float64) float64 {
	x := minute / SessionMinutes
	return 0.62 + 1.6*math.Exp(-x*9) + 0.75*math.Exp(-(1-x)*5) + 0.052
}

func cents(v float64) float64 { return math.Round(v*100) / 100 }

// clamp returns v within -bound..bound.
func clamp(v, bound float64) float64 { return max(-bound, min(bound, v)) }
