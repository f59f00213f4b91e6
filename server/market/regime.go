package market

// Regime is the mood of the market as a whole.
type Regime int

// The regimes. Bull and Bear drift, Neutral wanders, Consolidation hardly moves.
const (
	Neutral Regime = iota
	Bull
	Bear
	Consolidation
)

// String returns the regime's name in lower case.
func (r Regime) String() string {
	switch r {
	case Bull:
		return "bull"
	case Bear:
		return "bear"
	case Consolidation:
		return "consolidation"
	case Neutral:
	}
	return "neutral"
}

// climate is what a regime does to every symbol: drift is per session, as a part of the price; sigma multiplies volatility.
type climate struct{ drift, sigma float64 }

func (r Regime) climate() climate {
	switch r {
	case Bull:
		return climate{0.0022, 0.9}
	case Bear:
		return climate{-0.0024, 1.3}
	case Consolidation:
		return climate{0, 0.65}
	case Neutral:
	}
	return climate{0.0003, 1}
}

// pickRegime chooses a regime other than the present one, and how many sessions it lasts: five to twenty-four.
func (m *Market) pickRegime() {
	next := Regime(m.rng.IntN(3))
	if next >= m.regime {
		next++
	}
	m.regime = next
	m.lasts = 5 + m.rng.IntN(20)
}
