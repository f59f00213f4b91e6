// Package unpack reads msgpack from bytes that nobody vouches for: no length is believed, no depth is followed beyond
// value.MaxDepth, and a value of an unexpected type is a fault and not a panic.
package unpack

import (
	"math"
	"strconv"
	"time"
	"unicode/utf8"

	"tierboard/shared/wire/value"
)

// Cursor reads msgpack from untrusted bytes. After the first fault bad is set and every further read returns zero, so that
// callers check once at the end. No length is believed beyond the bytes that are really there.
type Cursor struct {
	b   []byte
	at  int
	bad bool
}

// New returns a Cursor at the beginning of b.
func New(b []byte) Cursor { return Cursor{b: b} }

// Bad reports whether there was a fault.
func (c *Cursor) Bad() bool { return c.bad }

// Done reports whether everything was read, without a fault.
func (c *Cursor) Done() bool { return !c.bad && c.at == len(c.b) }

// Fail marks the input as malformed.
func (c *Cursor) Fail() {
	c.bad = true
	c.at = len(c.b)
}

// take returns the next n bytes, or nil at the end.
func (c *Cursor) take(n int) []byte {
	if c.bad || n < 0 || n > len(c.b)-c.at {
		c.Fail()
		return nil
	}
	p := c.b[c.at : c.at+n]
	c.at += n
	return p
}

// code returns the next byte.
func (c *Cursor) code() byte {
	if p := c.take(1); p != nil {
		return p[0]
	}
	return 0xc1 // never used by msgpack: matches no case
}

// big reads an n-byte big-endian unsigned integer.
func (c *Cursor) big(n int) uint64 {
	var v uint64
	for _, x := range c.take(n) {
		v = v<<8 | uint64(x)
	}
	return v
}

// length reads an n-byte length and checks it against what is left, each element taking at least least bytes.
func (c *Cursor) length(n, least int) int {
	v := c.big(n)
	if v > uint64(len(c.b)-c.at)/uint64(least) { //nolint:gosec // least is 1 or 2
		c.Fail()
		return 0
	}
	return int(v) //nolint:gosec // bounded by the input's size
}

// MapLen reads a map's header.
func (c *Cursor) MapLen() int {
	switch k := c.code(); {
	case k&0xf0 == 0x80:
		return int(k & 0x0f)
	case k == 0xde:
		return c.length(2, 2)
	case k == 0xdf:
		return c.length(4, 2)
	}
	c.Fail()
	return 0
}

// ArrayLen reads an array's header.
func (c *Cursor) ArrayLen() int {
	switch k := c.code(); {
	case k&0xf0 == 0x90:
		return int(k & 0x0f)
	case k == 0xdc:
		return c.length(2, 1)
	case k == 0xdd:
		return c.length(4, 1)
	}
	c.Fail()
	return 0
}

// ListLen reads the header of an array whose elements take at least least bytes each.
func (c *Cursor) ListLen(least int) int {
	n := c.ArrayLen()
	if n > (len(c.b)-c.at)/least {
		c.Fail()
		return 0
	}
	return n
}

// Raw reads a string's bytes, which alias the input.
func (c *Cursor) Raw() []byte {
	switch k := c.code(); {
	case k&0xe0 == 0xa0:
		return c.take(int(k & 0x1f))
	case k == 0xd9, k == 0xc4:
		return c.take(c.length(1, 1))
	case k == 0xda, k == 0xc5:
		return c.take(c.length(2, 1))
	case k == 0xdb, k == 0xc6:
		return c.take(c.length(4, 1))
	}
	c.Fail()
	return nil
}

// Str reads a string; bytes that are not UTF-8 are a fault.
func (c *Cursor) Str() string {
	p := c.Raw()
	if !utf8.Valid(p) {
		c.Fail()
		return ""
	}
	return string(p)
}

// Float reads a number of any width.
func (c *Cursor) Float() float64 {
	switch k := c.code(); {
	case k < 0x80:
		return float64(k)
	case k >= 0xe0:
		return float64(int8(k)) //nolint:gosec // negative fixint
	case k == 0xca:
		return float64(math.Float32frombits(uint32(c.big(4)))) //nolint:gosec // four bytes
	case k == 0xcb:
		return math.Float64frombits(c.big(8))
	case k >= 0xcc && k <= 0xcf:
		return float64(c.big(1 << (k - 0xcc)))
	case k >= 0xd0 && k <= 0xd3:
		return float64(c.signed(1 << (k - 0xd0)))
	}
	c.Fail()
	return 0
}

// signed reads an n-byte two's-complement integer.
func (c *Cursor) signed(n int) int64 {
	shift := 64 - 8*n
	return int64(c.big(n)<<shift) >> shift //nolint:gosec // two's complement on purpose
}

// Uint reads a whole number that is not negative, of any width; a float counts when it is one.
func (c *Cursor) Uint() uint64 {
	if c.at < len(c.b) {
		switch k := c.b[c.at]; {
		case k >= 0xcc && k <= 0xcf: // a float64 would lose the low bits
			c.at++
			return c.big(1 << (k - 0xcc))
		case k == 0xd3:
			c.at++
			if v := c.signed(8); v >= 0 {
				return uint64(v)
			}
			c.Fail()
			return 0
		}
	}
	v := c.Float()
	if v < 0 || v != math.Trunc(v) || v >= 1<<63 {
		c.Fail()
		return 0
	}
	return uint64(v)
}

// Int reads a whole number that fits 32 bits.
func (c *Cursor) Int() int {
	v := c.Float()
	if v != math.Trunc(v) || math.Abs(v) > math.MaxInt32 {
		c.Fail()
		return 0
	}
	return int(v)
}

// Bool reads true or false.
func (c *Cursor) Bool() bool {
	switch c.code() {
	case 0xc3:
		return true
	case 0xc2:
		return false
	}
	c.Fail()
	return false
}

// Time reads an RFC 3339 time.
func (c *Cursor) Time() time.Time {
	p := c.Raw()
	if c.bad {
		return time.Time{}
	}
	t, err := time.Parse(time.RFC3339Nano, string(p))
	if err != nil {
		c.Fail()
		return time.Time{}
	}
	return t.UTC()
}

// Null reads a nil if one is next. Decoders treat null as absent.
func (c *Cursor) Null() bool {
	if c.at < len(c.b) && c.b[c.at] == 0xc0 {
		c.at++
		return true
	}
	return false
}

// Skip steps over one value of any type.
func (c *Cursor) Skip(depth int) {
	if depth > value.MaxDepth {
		c.Fail()
		return
	}
	switch k := c.code(); {
	case k < 0x80, k >= 0xe0, k == 0xc0, k == 0xc2, k == 0xc3:
	case k&0xf0 == 0x80:
		c.skipN(2*int(k&0x0f), depth)
	case k&0xf0 == 0x90:
		c.skipN(int(k&0x0f), depth)
	case k&0xe0 == 0xa0:
		c.take(int(k & 0x1f))
	case k == 0xc4, k == 0xd9:
		c.take(c.length(1, 1))
	case k == 0xc5, k == 0xda:
		c.take(c.length(2, 1))
	case k == 0xc6, k == 0xdb:
		c.take(c.length(4, 1))
	case k >= 0xc7 && k <= 0xc9: // extension with a length; one more byte for its type
		c.take(c.length(1<<(k-0xc7), 1) + 1)
	case k == 0xca, k == 0xce, k == 0xd2:
		c.take(4)
	case k == 0xcb, k == 0xcf, k == 0xd3:
		c.take(8)
	case k == 0xcc, k == 0xd0:
		c.take(1)
	case k == 0xcd, k == 0xd1:
		c.take(2)
	case k >= 0xd4 && k <= 0xd8: // extension of 1, 2, 4, 8 or 16 bytes and its type
		c.take(1<<(k-0xd4) + 1)
	case k == 0xdc:
		c.skipN(c.length(2, 1), depth)
	case k == 0xdd:
		c.skipN(c.length(4, 1), depth)
	case k == 0xde:
		c.skipN(2*c.length(2, 2), depth)
	case k == 0xdf:
		c.skipN(2*c.length(4, 2), depth)
	default:
		c.Fail()
	}
}

// skipN steps over n values.
func (c *Cursor) skipN(n, depth int) {
	for range n {
		if c.bad {
			return
		}
		c.Skip(depth + 1)
	}
}

// Valid reports whether b is exactly one msgpack value, nested no deeper than value.MaxDepth, whose lengths are all covered by
// bytes that are there. A library that trusts lengths can decode such bytes without reserving more than they are worth.
func Valid(b []byte) bool {
	c := Cursor{b: b}
	c.Skip(0)
	return !c.bad && c.at == len(b)
}

// AppendJSON appends one value as JSON text.
func (c *Cursor) AppendJSON(b []byte, depth int) []byte {
	if depth > value.MaxDepth {
		c.Fail()
	}
	if c.at >= len(c.b) {
		c.Fail()
		return b
	}
	switch k := c.b[c.at]; {
	case k == 0xc0:
		c.at++
		return append(b, "null"...)
	case k == 0xc2 || k == 0xc3:
		if c.Bool() {
			return append(b, "true"...)
		}
		return append(b, "false"...)
	case k&0xf0 == 0x80 || k == 0xde || k == 0xdf:
		b = append(b, '{')
		for i := range c.MapLen() {
			if c.bad {
				break
			}
			if i > 0 {
				b = append(b, ',')
			}
			b = append(value.AppendJSONString(b, c.Str()), ':')
			b = c.AppendJSON(b, depth+1)
		}
		return append(b, '}')
	case k&0xf0 == 0x90 || k == 0xdc || k == 0xdd:
		b = append(b, '[')
		for i := range c.ArrayLen() {
			if c.bad {
				break
			}
			if i > 0 {
				b = append(b, ',')
			}
			b = c.AppendJSON(b, depth+1)
		}
		return append(b, ']')
	case k&0xe0 == 0xa0 || (k >= 0xd9 && k <= 0xdb):
		return value.AppendJSONString(b, c.Str())
	case k >= 0xcc && k <= 0xcf:
		return strconv.AppendUint(b, c.Uint(), 10)
	case k == 0xd3:
		c.at++
		return strconv.AppendInt(b, c.signed(8), 10)
	}
	v := c.Float()
	if math.IsNaN(v) || math.IsInf(v, 0) {
		c.Fail()
		return b
	}
	return value.AppendJSONFloat(b, v)
}

// Strs reads a list of strings.
func (c *Cursor) Strs() []string {
	n := c.ArrayLen()
	if n == 0 {
		return nil
	}
	out := make([]string, 0, n)
	for range n {
		if c.bad {
			return nil
		}
		out = append(out, c.Str())
	}
	return out
}
