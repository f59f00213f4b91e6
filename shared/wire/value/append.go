// Package value writes single values in the two encodings of the wire, msgpack and JSON, and turns JSON text into msgpack, so
// that everything else reads one encoding only. It is by hand because it is on the path of every event; it does no I/O.
package value

import (
	"encoding/binary"
	"math"
	"strconv"
	"time"
	"unicode/utf8"
)

// MaxDepth is how deep a value may be nested.
const MaxDepth = 12

// TimeLayout is RFC 3339 with exactly three decimals; times are converted to UTC first.
const TimeLayout = "2006-01-02T15:04:05.000Z"

// AppendTime appends a UTC time in TimeLayout. The library has a fast way for its own layout, which has no decimals.
func AppendTime(b []byte, t time.Time) []byte {
	b = t.AppendFormat(b, time.RFC3339)
	const dot = len("Z")
	ms := t.Nanosecond()/int(time.Millisecond) + 1000 // so that it has leading zeros
	at := len(b) - dot
	b = append(strconv.AppendInt(b[:at], int64(ms), 10), 'Z')
	b[at] = '.'
	return b
}

// ASCII reports whether s is nothing but ASCII, in a third of the time that the look at UTF-8 takes for a short text.
func ASCII(s string) bool {
	const highs = 0x8080808080808080
	n := len(s)
	if n < 8 {
		var all byte
		for i := range n {
			all |= s[i]
		}
		return all < utf8.RuneSelf
	}
	var all uint64
	for at := 0; at < n-8; at += 8 {
		all |= word(s[at : at+8])
	}
	return (all|word(s[n-8:]))&highs == 0 // the last word may overlap the one before
}

// word returns the first eight bytes of s.
func word(s string) uint64 {
	_ = s[7]
	return uint64(s[0]) | uint64(s[1])<<8 | uint64(s[2])<<16 | uint64(s[3])<<24 |
		uint64(s[4])<<32 | uint64(s[5])<<40 | uint64(s[6])<<48 | uint64(s[7])<<56
}

// AppendStr appends a msgpack string.
func AppendStr(b []byte, v string) []byte {
	n := len(v)
	switch {
	case n < 32:
		b = append(b, 0xa0|byte(n))
	case n <= math.MaxUint8:
		b = append(b, 0xd9, byte(n))
	case n <= math.MaxUint16:
		b = binary.BigEndian.AppendUint16(append(b, 0xda), uint16(n))
	default:
		b = binary.BigEndian.AppendUint32(append(b, 0xdb), uint32(n)) //nolint:gosec // no text has 4 GB
	}
	return append(b, v...)
}

// AppendUint appends the shortest msgpack unsigned integer.
func AppendUint(b []byte, v uint64) []byte {
	switch {
	case v < 128:
		return append(b, byte(v))
	case v <= math.MaxUint8:
		return append(b, 0xcc, byte(v))
	case v <= math.MaxUint16:
		return binary.BigEndian.AppendUint16(append(b, 0xcd), uint16(v))
	case v <= math.MaxUint32:
		return binary.BigEndian.AppendUint32(append(b, 0xce), uint32(v))
	}
	return binary.BigEndian.AppendUint64(append(b, 0xcf), v)
}

// AppendInt appends the shortest msgpack integer.
func AppendInt(b []byte, v int64) []byte {
	switch {
	case v >= 0:
		return AppendUint(b, uint64(v))
	case v >= -32:
		return append(b, byte(v)) //nolint:gosec // negative fixint
	case v >= math.MinInt8:
		return append(b, 0xd0, byte(v)) //nolint:gosec // checked range
	case v >= math.MinInt16:
		return append(b, 0xd1, byte(v>>8), byte(v)) //nolint:gosec // checked range
	case v >= math.MinInt32:
		return binary.BigEndian.AppendUint32(append(b, 0xd2), uint32(v)) //nolint:gosec // checked range
	}
	return binary.BigEndian.AppendUint64(append(b, 0xd3), uint64(v)) //nolint:gosec // two's complement on purpose
}

// AppendFloat appends a float64, as an integer when that is exact.
func AppendFloat(b []byte, v float64) []byte {
	if v == math.Trunc(v) && math.Abs(v) < 1<<53 && (v != 0 || !math.Signbit(v)) {
		return AppendInt(b, int64(v))
	}
	return binary.BigEndian.AppendUint64(append(b, 0xcb), math.Float64bits(v))
}

// AppendJSONFloat appends a float without an exponent where a person would not write one.
func AppendJSONFloat(b []byte, v float64) []byte {
	if a := math.Abs(v); a != 0 && (a < 1e-6 || a >= 1e21) {
		return strconv.AppendFloat(b, v, 'e', -1, 64)
	}
	return strconv.AppendFloat(b, v, 'f', -1, 64)
}

// AppendJSONString appends a quoted string that is valid JSON, and that stays text when somebody pastes it into HTML or
// an old script: <, >, & and the two line separators are escaped.
func AppendJSONString(b []byte, s string) []byte {
	const hex = "0123456789abcdef"
	b = append(b, '"')
	start := 0
	for i := 0; i < len(s); {
		c := s[i]
		if c >= utf8.RuneSelf {
			r, size := utf8.DecodeRuneInString(s[i:])
			switch {
			case r == utf8.RuneError && size == 1:
				b = append(append(b, s[start:i]...), "\ufffd"...)
			case r == '\u2028' || r == '\u2029':
				b = append(append(b, s[start:i]...), `\u202`...)
				b = append(b, hex[r&0xF])
			default:
				i += size
				continue
			}
			i += size
			start = i
			continue
		}
		if c >= 0x20 && c != '"' && c != '\\' && c != '<' && c != '>' && c != '&' {
			i++
			continue
		}
		b = append(b, s[start:i]...)
		switch c {
		case '"', '\\':
			b = append(b, '\\', c)
		case '\n':
			b = append(b, '\\', 'n')
		case '\r':
			b = append(b, '\\', 'r')
		case '\t':
			b = append(b, '\\', 't')
		default:
			b = append(b, '\\', 'u', '0', '0', hex[c>>4], hex[c&0xF])
		}
		i++
		start = i
	}
	return append(append(b, s[start:]...), '"')
}
