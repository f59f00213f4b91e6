package details

import (
	"github.com/valyala/fastjson"

	"tierboard/server/classify/scalar"
)

// appendValue writes v strictly. It returns nil when nothing of it can be kept; cut tells that not all could.
func appendValue(b []byte, v *fastjson.Value, depth int) (_ []byte, cut bool) {
	switch v.Type() {
	case fastjson.TypeString:
		raw := v.GetStringBytes()
		if scalar.Verbatim(raw, MaxString) { // nearly always, and nothing to escape
			return append(append(append(b, '"'), raw...), '"'), false
		}
		s, cut := scalar.Clean(string(raw), MaxString)
		return scalar.AppendString(b, s), cut
	case fastjson.TypeNumber:
		return scalar.AppendNumber(b, v), false
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
		b = append(scalar.AppendString(b, cleanKey(string(key))), ':')
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
