package ui

import "time"

// rateMeter counts arrivals in the second before now.
type rateMeter struct {
	second int64
	now    int
	before int
}

// add counts n arrivals.
func (m *rateMeter) add(n int, now time.Time) {
	m.turn(now)
	m.now += n
}

// perSecond is how many arrived in the last whole second, or so far in this one if that is more.
func (m *rateMeter) perSecond(now time.Time) int {
	m.turn(now)
	return max(m.now, m.before)
}

func (m *rateMeter) turn(now time.Time) {
	switch s := now.Unix(); s {
	case m.second:
	case m.second + 1:
		m.second, m.before, m.now = s, m.now, 0
	default:
		m.second, m.before, m.now = s, 0, 0
	}
}
