package loose

import (
	"math"
	"strconv"

	"github.com/valyala/fastjson"
)

// appendValue writes v strictly. It returns nil when nothing of it can be kept; cut tells that not all could.
func appendValue(b []byte, v *fastjson.Value, depth int) (_ []byte, cut bool) {
	switch v.Type() {
	case fastjson.TypeString:
		raw := v.GetStringBytes()
		if c := classOf(raw); c == 0 && readyIfPlain(raw, MaxString) { // nearly always, and nothing to escape
			return append(append(append(b, '"'), raw...), '"'), false
		}
		s, cut := Clean(string(raw), MaxString)
		return appendString(b, s), cut
	case fastjson.TypeNumber:
		return appendNumber(b, v), false
	case fastjson.TypeTrue:
		return append(b, "true"...), false
	case fastjson.TypeFalse:
		return append(b, "false"...), false
	case fastjson.TypeObject, fastjson.TypeArray:
		if depth > MaxNest {
			return nil, true
		}
		if v.Type() == fastjson.TypeArray {
			return appendArray(b, v.GetArray(), depth)
		}
		return appendObject(b, v.GetObject(), depth)
	case fastjson.TypeNull:
	}
	return append(b, "null"...), false
}

func appendArray(b []byte, items []*fastjson.Value, depth int) (_ []byte, cut bool) {
	b = append(b, '[')
	first := true
	for _, item := range items {
		start := len(b)
		if !first {
			b = append(b, ',')
		}
		c, lost := appendValue(b, item, depth+1)
		cut = cut || lost
		if c == nil {
			b = b[:start]
			continue
		}
		b, first = c, false
	}
	return append(b, ']'), cut
}

func appendObject(b []byte, obj *fastjson.Object, depth int) (_ []byte, cut bool) {
	b = append(b, '{')
	first := true
	obj.Visit(func(key []byte, v *fastjson.Value) {
		start := len(b)
		if !first {
			b = append(b, ',')
		}
		b = append(appendString(b, cleanKey(string(key))), ':')
		c, lost := appendValue(b, v, depth+1)
		cut = cut || lost
		if c == nil {
			b = b[:start]
			return
		}
		b, first = c, false
	})
	return append(b, '}'), cut
}

// appendNumber writes a number as it was received when that is strict JSON, so that 1.50 stays 1.50; anything else the
// parser took for a number (NaN, 007, 1e999) becomes what it means, or null.
func appendNumber(b []byte, v *fastjson.Value) []byte {
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

// appendString writes text from Clean as a JSON string. Angle brackets and ampersands are escaped, so that the text cannot
// end a script element it is pasted into.
func appendString[T string | []byte](b []byte, s T) []byte {
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
