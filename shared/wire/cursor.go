package wire

import (
	"math"
	"strconv"
	"time"
	"unicode/utf8"
)

// cursor reads msgpack from untrusted bytes. After the first fault bad is set and every further read returns zero, so that
// callers check once at the end. No length is believed beyond the bytes that are really there.
type cursor struct {
	b   []byte
	at  int
	bad bool
}

// fail marks the input as malformed.
func (c *cursor) fail() {
	c.bad = true
	c.at = len(c.b)
}

// take returns the next n bytes, or nil at the end.
func (c *cursor) take(n int) []byte {
	if c.bad || n < 0 || n > len(c.b)-c.at {
		c.fail()
		return nil
	}
	p := c.b[c.at : c.at+n]
	c.at += n
	return p
}

// code returns the next byte.
func (c *cursor) code() byte {
	if p := c.take(1); p != nil {
		return p[0]
	}
	return 0xc1 // never used by msgpack: matches no case
}

// big reads an n-byte big-endian unsigned integer.
func (c *cursor) big(n int) uint64 {
	var v uint64
	for _, x := range c.take(n) {
		v = v<<8 | uint64(x)
	}
	return v
}

// length reads an n-byte length and checks it against what is left, each element taking at least least bytes.
func (c *cursor) length(n, least int) int {
	v := c.big(n)
	if v > uint64(len(c.b)-c.at)/uint64(least) { //nolint:gosec // least is 1 or 2
		c.fail()
		return 0
	}
	return int(v) //nolint:gosec // bounded by the input's size
}

// mapLen reads a map's header.
func (c *cursor) mapLen() int {
	switch k := c.code(); {
	case k&0xf0 == 0x80:
		return int(k & 0x0f)
	case k == 0xde:
		return c.length(2, 2)
	case k == 0xdf:
		return c.length(4, 2)
	}
	c.fail()
	return 0
}

// arrayLen reads an array's header.
func (c *cursor) arrayLen() int {
	switch k := c.code(); {
	case k&0xf0 == 0x90:
		return int(k & 0x0f)
	case k == 0xdc:
		return c.length(2, 1)
	case k == 0xdd:
		return c.length(4, 1)
	}
	c.fail()
	return 0
}

// listLen reads the header of an array whose elements take at least least bytes each.
func (c *cursor) listLen(least int) int {
	n := c.arrayLen()
	if n > (len(c.b)-c.at)/least {
		c.fail()
		return 0
	}
	return n
}

// raw reads a string's bytes, which alias the input.
func (c *cursor) raw() []byte {
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
	c.fail()
	return nil
}

// str reads a string; bytes that are not UTF-8 are a fault.
func (c *cursor) str() string {
	p := c.raw()
	if !utf8.Valid(p) {
		c.fail()
		return ""
	}
	return string(p)
}

// float reads a number of any width.
func (c *cursor) float() float64 {
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
	c.fail()
	return 0
}

// signed reads an n-byte two's-complement integer.
func (c *cursor) signed(n int) int64 {
	shift := 64 - 8*n
	return int64(c.big(n)<<shift) >> shift //nolint:gosec // two's complement on purpose
}

// uint reads a whole number that is not negative, of any width; a float counts when it is one.
func (c *cursor) uint() uint64 {
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
			c.fail()
			return 0
		}
	}
	v := c.float()
	if v < 0 || v != math.Trunc(v) || v >= 1<<63 {
		c.fail()
		return 0
	}
	return uint64(v)
}

// int reads a whole number that fits 32 bits.
func (c *cursor) int() int {
	v := c.float()
	if v != math.Trunc(v) || math.Abs(v) > math.MaxInt32 {
		c.fail()
		return 0
	}
	return int(v)
}

// boolean reads true or false.
func (c *cursor) boolean() bool {
	switch c.code() {
	case 0xc3:
		return true
	case 0xc2:
		return false
	}
	c.fail()
	return false
}

// time reads an RFC 3339 time.
func (c *cursor) time() time.Time {
	p := c.raw()
	if c.bad {
		return time.Time{}
	}
	t, err := time.Parse(time.RFC3339Nano, string(p))
	if err != nil {
		c.fail()
		return time.Time{}
	}
	return t.UTC()
}

// null reads a nil if one is next. Decoders treat null as absent.
func (c *cursor) null() bool {
	if c.at < len(c.b) && c.b[c.at] == 0xc0 {
		c.at++
		return true
	}
	return false
}

// skip steps over one value of any type.
func (c *cursor) skip(depth int) {
	if depth > MaxDepth {
		c.fail()
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
		c.fail()
	}
}

// skipN steps over n values.
func (c *cursor) skipN(n, depth int) {
	for range n {
		if c.bad {
			return
		}
		c.skip(depth + 1)
	}
}

// Valid reports whether b is exactly one msgpack value, nested no deeper than MaxDepth, whose lengths are all covered by
// bytes that are there. A library that trusts lengths can decode such bytes without reserving more than they are worth.
func Valid(b []byte) bool {
	c := cursor{b: b}
	c.skip(0)
	return !c.bad && c.at == len(b)
}

// appendJSON appends one value as JSON text.
func (c *cursor) appendJSON(b []byte, depth int) []byte {
	if depth > MaxDepth {
		c.fail()
	}
	if c.at >= len(c.b) {
		c.fail()
		return b
	}
	switch k := c.b[c.at]; {
	case k == 0xc0:
		c.at++
		return append(b, "null"...)
	case k == 0xc2 || k == 0xc3:
		if c.boolean() {
			return append(b, "true"...)
		}
		return append(b, "false"...)
	case k&0xf0 == 0x80 || k == 0xde || k == 0xdf:
		b = append(b, '{')
		for i := range c.mapLen() {
			if c.bad {
				break
			}
			if i > 0 {
				b = append(b, ',')
			}
			b = append(appendJSONString(b, c.str()), ':')
			b = c.appendJSON(b, depth+1)
		}
		return append(b, '}')
	case k&0xf0 == 0x90 || k == 0xdc || k == 0xdd:
		b = append(b, '[')
		for i := range c.arrayLen() {
			if c.bad {
				break
			}
			if i > 0 {
				b = append(b, ',')
			}
			b = c.appendJSON(b, depth+1)
		}
		return append(b, ']')
	case k&0xe0 == 0xa0 || (k >= 0xd9 && k <= 0xdb):
		return appendJSONString(b, c.str())
	case k >= 0xcc && k <= 0xcf:
		return strconv.AppendUint(b, c.uint(), 10)
	case k == 0xd3:
		c.at++
		return strconv.AppendInt(b, c.signed(8), 10)
	}
	v := c.float()
	if math.IsNaN(v) || math.IsInf(v, 0) {
		c.fail()
		return b
	}
	return appendJSONFloat(b, v)
}

// typ returns the value of a map's "type", which aliases the input, without moving on.
func (c *cursor) typ() []byte {
	look := *c
	for range look.mapLen() {
		if string(look.raw()) == "type" {
			if typ := look.raw(); !look.bad && utf8.Valid(typ) {
				return typ
			}
			break
		}
		look.skip(-frameDepth)
		if look.bad {
			break
		}
	}
	c.fail()
	return nil
}

// fields calls read for each key of a map; read must consume the value or return false to have it skipped. Null values
// are skipped: they mean absent. The key aliases the input, so that comparing it allocates nothing.
func (c *cursor) fields(read func(key []byte) bool) {
	for range c.mapLen() {
		if c.bad {
			return
		}
		key := c.raw()
		if c.null() {
			continue
		}
		if !read(key) {
			c.skip(-frameDepth)
		}
	}
}

// strs reads a list of strings.
func (c *cursor) strs() []string {
	n := c.arrayLen()
	if n == 0 {
		return nil
	}
	out := make([]string, 0, n)
	for range n {
		if c.bad {
			return nil
		}
		out = append(out, c.str())
	}
	return out
}
