package scalar

import (
	"math"
	"strconv"

	"github.com/valyala/fastjson"
)

// AppendNumber appends a number as it was received when that is strict JSON, so that 1.50 stays 1.50; anything else the
// parser took for a number (NaN, 007, 1e999) becomes what it means, or null.
func AppendNumber(b []byte, v *fastjson.Value) []byte {
	from := len(b)
	b = v.MarshalTo(b)
	raw := b[from:]
	x, ok := parseNumber(raw)
	b = b[:from]
	switch {
	case !ok:
		return append(b, "null"...)
	case len(raw) <= 32 && strict(raw):
		return b[:from+len(raw)]
	case x == math.Trunc(x) && math.Abs(x) < 1<<53:
		return strconv.AppendInt(b, int64(x), 10)
	}
	return strconv.AppendFloat(b, x, 'g', -1, 64)
}

// strict reports whether a number that means something is also written by JSON's grammar.
func strict(s []byte) bool {
	i := 0
	digits := func() int {
		from := i
		for i < len(s) && s[i] >= '0' && s[i] <= '9' {
			i++
		}
		return i - from
	}
	if s[i] == '-' {
		i++
	}
	start := i
	if n := digits(); n == 0 || n > 1 && s[start] == '0' {
		return false
	}
	if i < len(s) && s[i] == '.' {
		i++
		if digits() == 0 {
			return false
		}
	}
	if i < len(s) && (s[i] == 'e' || s[i] == 'E') {
		i++
		if i < len(s) && (s[i] == '+' || s[i] == '-') {
			i++
		}
		if digits() == 0 {
			return false
		}
	}
	return i == len(s)
}

// AppendString appends text from Clean as a JSON string. Angle brackets and ampersands are escaped, so that the text cannot
// end a script element it is pasted into.
func AppendString[T string | []byte](b []byte, s T) []byte {
	const hex = "0123456789abcdef"
	b = append(b, '"')
	from := 0 // what is before it has been written
	for i := range len(s) {
		c := s[i]
		if classes[c]&special == 0 {
			continue
		}
		b = append(b, s[from:i]...)
		from = i + 1
		if c == '"' || c == '\\' {
			b = append(b, '\\', c)
		} else {
			b = append(b, '\\', 'u', '0', '0', hex[c>>4], hex[c&0xF])
		}
	}
	return append(append(b, s[from:]...), '"')
}
