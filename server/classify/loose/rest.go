package loose

import (
	"bytes"
	"math"
	"slices"
	"strconv"

	"github.com/valyala/fastjson"
)

// Bounds on what Rest writes.
const (
	MaxKey    = 64      // bytes of a key
	MaxString = 4 << 10 // bytes of a text
	MaxNest   = 6       // levels of a value, so that it fits into a frame together with what encloses it
)

// Rest collects fields into one flat JSON object of bounded size. The zero Rest is empty and ready.
type Rest struct {
	members []member
	values  []byte // of all members, one behind the other
	out     []byte // the object being written
	cut     bool
}

// member is one field; from and to bound its encoded value among the values.
type member struct {
	key      string
	from, to int
}

// Reset empties the Rest and keeps its memory, unless a large object needed it.
func (r *Rest) Reset() {
	const keepMembers, keepBytes = 128, 32 << 10
	if cap(r.members) > keepMembers || cap(r.values) > keepBytes || cap(r.out) > keepBytes {
		*r = Rest{}
		return
	}
	clear(r.members)
	*r = Rest{members: r.members[:0], values: r.values[:0], out: r.out[:0]}
}

// value returns the encoded value of a member.
func (r *Rest) value(m *member) []byte { return r.values[m.from:m.to] }

// Add writes a field under key. When the key is taken by another value the field goes under parent_key, and when that
// is taken too, parent_key_2 and so on; a field with the same value is not written twice. An empty parent counts as "outer".
// A null is left out: it says nothing.
func (r *Rest) Add(parent, key string, v *fastjson.Value) {
	if v.Type() == fastjson.TypeNull {
		return
	}
	from := len(r.values)
	b, cut := appendValue(r.values, v, 1)
	r.cut = r.cut || cut
	if b == nil {
		return
	}
	text := b[from:]
	key = cleanKey(key)
	alias := ""
	for n := 1; ; n++ {
		at := r.index(key)
		if at < 0 {
			r.values = b
			r.members = append(r.members, member{key, from, len(b)})
			return
		}
		if bytes.Equal(r.value(&r.members[at]), text) {
			return
		}
		if n == 1 {
			if parent == "" {
				parent = "outer"
			}
			alias = cleanKey(parent + "_" + key)
		}
		key = alias
		if n > 1 {
			key += "_" + strconv.Itoa(n)
		}
	}
}

// index returns the place of the first member with the key, or -1.
func (r *Rest) index(key string) int {
	for i := range r.members {
		if r.members[i].key == key {
			return i
		}
	}
	return -1
}

// Note puts a remark of our own in front: text is cleaned and written as a string. It takes the key from a field
// that has it, which moves to "producer_" and the key.
func (r *Rest) Note(key, text string) {
	from := len(r.values)
	s, _ := Clean(text, MaxString)
	r.values = appendString(r.values, s)
	r.note(key, from)
}

// NoteTrue puts a remark of our own in front: key is true.
func (r *Rest) NoteTrue(key string) {
	from := len(r.values)
	r.values = append(r.values, "true"...)
	r.note(key, from)
}

// note puts the value behind from in front.
func (r *Rest) note(key string, from int) {
	r.free(key)
	r.members = slices.Insert(r.members, 0, member{key, from, len(r.values)})
}

// free makes room for a key of our own.
func (r *Rest) free(key string) {
	for i := range r.members {
		if r.members[i].key == key {
			r.members[i].key = "producer_" + key
		}
	}
}

// Cut reports whether something was shortened or left out so far.
func (r *Rest) Cut() bool { return r.cut }

// JSON returns the object as compact JSON of at most most bytes, or "" when it is empty. Over the bound the largest
// fields are left out, and the flag tells that something is missing from it. When anything was left out or
// shortened the object says so itself: "details_cut" is true.
func (r *Rest) JSON(most int) (text string, cut bool) {
	const mark = "details_cut"
	r.free(mark)
	size := len("{}") + (&member{key: mark, to: len("true")}).size()
	for i := range r.members {
		size += r.members[i].size()
	}
	if size > most {
		r.cut = true
		bySize := slices.Clone(r.members)
		slices.SortStableFunc(bySize, func(a, b member) int { return b.size() - a.size() })
		gone := make(map[string]bool)
		for i := range bySize {
			if size <= most {
				break
			}
			gone[bySize[i].key] = true
			size -= bySize[i].size()
		}
		r.members = slices.DeleteFunc(r.members, func(m member) bool { return gone[m.key] })
	}
	if r.cut {
		r.NoteTrue(mark)
	}
	if len(r.members) == 0 {
		return "", r.cut
	}
	b := r.out[:0]
	for i := range r.members {
		b = append(appendString(append(b, "{,"[min(i, 1)]), r.members[i].key), ':')
		b = append(b, r.value(&r.members[i])...)
	}
	r.out = append(b, '}')
	return string(r.out), r.cut
}

// size is at least what the member takes in the object, its comma included.
func (m *member) size() int {
	const escape = len(`\u003c`) - 1
	n := len(m.key) + m.to - m.from + len(`"":,`)
	for i := range len(m.key) {
		switch m.key[i] {
		case '"', '\\', '<', '>', '&':
			n += escape
		}
	}
	return n
}

// cleanKey makes a key fit to write; one of nothing but control characters becomes "_".
func cleanKey(key string) string {
	if k, _ := Clean(key, MaxKey); k != "" {
		return k
	}
	return "_"
}

// appendValue writes v strictly. It returns nil when nothing of it can be kept; cut tells that not all could.
func appendValue(b []byte, v *fastjson.Value, depth int) (_ []byte, cut bool) {
	switch v.Type() {
	case fastjson.TypeString:
		raw := v.GetStringBytes()
		if ready(raw, MaxString) {
			return appendString(b, raw), false
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
		if c != '"' && c != '\\' && c != '<' && c != '>' && c != '&' && c >= 0x20 {
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
