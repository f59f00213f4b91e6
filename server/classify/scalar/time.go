package scalar

import (
	"math"
	"strings"
	"time"

	"github.com/valyala/fastjson"
)

// millisFrom is the number from which an epoch time is in milliseconds: as seconds it would be the year 5138.
const millisFrom = 1e11

// Time returns the instant v holds, in UTC, truncated to milliseconds: epoch seconds (from 1e11 on milliseconds) as a number or
// numeric string, or ISO 8601 with "T" or a space, with or without a fraction, with a zone or without one. zoned is
// false when there was no zone and UTC was assumed; ok is false when v is no time.
func Time(v *fastjson.Value) (t time.Time, zoned, ok bool) {
	x, ok := Number(v)
	return timeOf(v, x, ok)
}

// Time is the function Time in this memory, for a v that is not nil.
func (n *Numeral) Time(v *fastjson.Value) (t time.Time, zoned, ok bool) {
	x, ok := n.Number(v)
	return timeOf(v, x, ok)
}

// timeOf is Time of a value that is the number x, if isNumber.
func timeOf(v *fastjson.Value, x float64, isNumber bool) (t time.Time, zoned, ok bool) {
	if isNumber {
		if math.Abs(x) < millisFrom {
			x *= 1e3
		}
		const bound = 1e15 // the year 33658; beyond it the conversion below means nothing
		if math.Abs(x) > bound {
			return time.Time{}, false, false
		}
		// Round to microseconds first: 1757858400.123 is not exact in binary, and must not become .122.
		return time.UnixMicro(int64(math.Round(x * 1e3))).UTC().Truncate(time.Millisecond), true, true
	}
	s, ok := Text(v, 64)
	if !ok {
		return time.Time{}, false, false
	}
	return parse(s)
}

// parse reads the ISO forms.
func parse(s string) (t time.Time, zoned, ok bool) {
	const dateLen = len(time.DateOnly)
	if len(s) == dateLen {
		t, err := time.Parse(time.DateOnly, s)
		return t, false, err == nil
	}
	if len(s) < dateLen+len("T15:04") || (s[dateLen] != 'T' && s[dateLen] != 't' && s[dateLen] != ' ') {
		return time.Time{}, false, false
	}
	date, clock := s[:dateLen], s[dateLen+1:]
	zone := ""
	if i := strings.IndexAny(clock, "+-Zz "); i >= 0 {
		clock, zone = clock[:i], strings.TrimSpace(clock[i:])
	}
	layout := "2006-01-02T15:04:05" // a fraction after the seconds is read without being in the layout
	if len(clock) == len("15:04") {
		layout = "2006-01-02T15:04"
	}
	text := date + "T" + clock
	switch {
	case zone == "":
	case strings.EqualFold(zone, "z"), strings.EqualFold(zone, "utc"):
		zoned = true
	default:
		zoned = true
		text += zone
		switch len(zone) {
		case len("-07"):
			layout += "-07"
		case len("-0700"):
			layout += "-0700"
		default:
			layout += "-07:00"
		}
	}
	t, err := time.Parse(layout, text)
	return t.UTC().Truncate(time.Millisecond), zoned, err == nil
}
