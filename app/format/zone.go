package format

import "time"

// Zone tells how a place's clocks stand at an instant: seconds east of UTC, and what people there call it ("EST").
type Zone func(t time.Time) (offsetSeconds int, abbreviation string)

// UTC is the Zone of universal time.
func UTC(time.Time) (offsetSeconds int, abbreviation string) { return 0, "UTC" }

// In returns a time whose fields (hour, day and so on) are those of the zone, and the zone's name. A nil zone is UTC.
func (z Zone) In(t time.Time) (local time.Time, abbreviation string) {
	if z == nil {
		z = UTC
	}
	offset, name := z(t)
	return t.UTC().Add(time.Duration(offset) * time.Second), name
}

// day numbers the calendar days, so that two times can be compared by them.
func day(local time.Time) int64 { return floorDiv(local.Unix(), 24*60*60) }

// floorDiv divides and rounds down, also for times before 1970.
func floorDiv(a, b int64) int64 {
	q := a / b
	if a%b < 0 {
		q--
	}
	return q
}
