package wire

import (
	"encoding/binary"
	"math"
	"strconv"
	"time"
	"unicode/utf8"
)

// timeLayout is RFC 3339 with exactly three decimals; times are converted to UTC first.
const timeLayout = "2006-01-02T15:04:05.000Z"

// Writer appends one value tree to a byte slice in either encoding. Callers name each field once and get the same
// keys in both. It has no errors: what it cannot represent (NaN, infinities) becomes 0, each byte that is
// not UTF-8 the replacement character.
//
// In msgpack every map and array is written with a 16-bit length that is filled in when it closes, so that optional
// fields need no counting beforehand.
type Writer struct {
	buf    []byte
	format Format
	open   []scope
}

// scope is a map or array that has not been closed yet.
type scope struct {
	at    int // where its length goes (msgpack)
	count int
	array bool
}

// NewWriter returns a Writer that appends to buf.
func NewWriter(buf []byte, f Format) *Writer {
	return &Writer{buf: buf, format: f, open: make([]scope, 0, 6)}
}

// Bytes returns what has been written, behind what buf held before.
func (w *Writer) Bytes() []byte { return w.buf }

// Map opens a map. key is ignored inside an array and at the top.
func (w *Writer) Map(key string) { w.begin(key, false) }

// Array opens an array. key is ignored inside an array and at the top.
func (w *Writer) Array(key string) { w.begin(key, true) }

func (w *Writer) begin(key string, array bool) {
	w.key(key)
	s := scope{array: array}
	switch {
	case w.format == MsgPack && array:
		w.buf = append(w.buf, 0xdc, 0, 0)
	case w.format == MsgPack:
		w.buf = append(w.buf, 0xde, 0, 0)
	case array:
		w.buf = append(w.buf, '[')
	default:
		w.buf = append(w.buf, '{')
	}
	s.at = len(w.buf) - 2
	w.open = append(w.open, s)
}

// End closes the innermost open map or array.
func (w *Writer) End() {
	s := w.open[len(w.open)-1]
	w.open = w.open[:len(w.open)-1]
	switch {
	case w.format == MsgPack:
		binary.BigEndian.PutUint16(w.buf[s.at:], uint16(min(s.count, math.MaxUint16))) //nolint:gosec // bounded by min
	case s.array:
		w.buf = append(w.buf, ']')
	default:
		w.buf = append(w.buf, '}')
	}
}

// key counts the next value in the open scope and writes its key or comma.
func (w *Writer) key(key string) {
	if len(w.open) == 0 {
		return
	}
	s := &w.open[len(w.open)-1]
	if w.format == JSON && s.count > 0 {
		w.buf = append(w.buf, ',')
	}
	s.count++
	if s.array {
		return
	}
	w.str(key)
	if w.format == JSON {
		w.buf = append(w.buf, ':')
	}
}

// Str writes a string.
func (w *Writer) Str(key, v string) {
	w.key(key)
	w.str(v)
}

// OptStr writes a string unless it is empty.
func (w *Writer) OptStr(key, v string) {
	if v != "" {
		w.Str(key, v)
	}
}

// Strs writes a list of strings unless it is empty.
func (w *Writer) Strs(key string, vs []string) {
	if len(vs) == 0 {
		return
	}
	w.Array(key)
	for _, v := range vs {
		w.Str("", v)
	}
	w.End()
}

// Bool writes a boolean.
func (w *Writer) Bool(key string, v bool) {
	w.key(key)
	switch {
	case w.format == JSON:
		w.buf = strconv.AppendBool(w.buf, v)
	case v:
		w.buf = append(w.buf, 0xc3)
	default:
		w.buf = append(w.buf, 0xc2)
	}
}

// Uint writes an unsigned integer.
func (w *Writer) Uint(key string, v uint64) {
	w.key(key)
	if w.format == JSON {
		w.buf = strconv.AppendUint(w.buf, v, 10)
		return
	}
	w.buf = appendUint(w.buf, v)
}

// Int writes an integer.
func (w *Writer) Int(key string, v int) {
	w.key(key)
	if w.format == JSON {
		w.buf = strconv.AppendInt(w.buf, int64(v), 10)
		return
	}
	w.buf = appendInt(w.buf, int64(v))
}

// Float writes a number; msgpack integers are used where nothing is lost, since they are shorter.
func (w *Writer) Float(key string, v float64) {
	w.key(key)
	if math.IsNaN(v) || math.IsInf(v, 0) {
		v = 0
	}
	if w.format == JSON {
		w.buf = appendJSONFloat(w.buf, v)
		return
	}
	w.buf = appendFloat(w.buf, v)
}

// Time writes a time in UTC with milliseconds. RFC 3339 has four digits for the year, so that a time outside of 0 to 9999
// becomes the first or the last one that can be written.
func (w *Writer) Time(key string, t time.Time) {
	w.key(key)
	t = t.UTC()
	switch year := t.Year(); {
	case year < 0:
		t = time.Date(0, 1, 1, 0, 0, 0, 0, time.UTC)
	case year > 9999:
		t = time.Date(9999, 12, 31, 23, 59, 59, int(999*time.Millisecond), time.UTC)
	}
	mark := 0xa0 | byte(len(timeLayout))
	if w.format == JSON {
		mark = '"'
	}
	w.buf = appendTime(append(w.buf, mark), t)
	if w.format == JSON {
		w.buf = append(w.buf, '"')
	}
}

// appendTime appends a UTC time in timeLayout. The library has a fast way for its own layout, which has no decimals.
func appendTime(b []byte, t time.Time) []byte {
	b = t.AppendFormat(b, time.RFC3339)
	const dot = len("Z")
	ms := t.Nanosecond()/int(time.Millisecond) + 1000 // so that it has leading zeros
	at := len(b) - dot
	b = append(strconv.AppendInt(b[:at], int64(ms), 10), 'Z')
	b[at] = '.'
	return b
}

// OptTime writes a time unless it is zero.
func (w *Writer) OptTime(key string, t time.Time) {
	if !t.IsZero() {
		w.Time(key, t)
	}
}

// Raw writes a value that is already encoded in the writer's format.
func (w *Writer) Raw(key string, v []byte) {
	w.key(key)
	w.buf = append(w.buf, v...)
}

// JSONValue writes a value given as JSON text, transcoded when the format is msgpack. Text that is not valid
// JSON is left out together with its key.
func (w *Writer) JSONValue(key, text string) {
	if w.format == JSON {
		if ValidJSON(text) {
			w.key(key)
			w.buf = append(w.buf, text...)
		}
		return
	}
	before := len(w.buf)
	w.key(key)
	b, err := appendJSONAsMsgPack(w.buf, text, 0)
	if err != nil {
		w.buf = w.buf[:before]
		if len(w.open) > 0 {
			w.open[len(w.open)-1].count--
		}
		return
	}
	w.buf = b
}

// str writes a string value or key.
func (w *Writer) str(v string) {
	if w.format == JSON {
		w.buf = appendJSONString(w.buf, v)
		return
	}
	if !utf8.ValidString(v) { // a decoder would refuse the whole frame
		v = string([]rune(v))
	}
	w.buf = appendStr(w.buf, v)
}

// appendStr appends a msgpack string.
func appendStr(b []byte, v string) []byte {
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

// appendUint appends the shortest msgpack unsigned integer.
func appendUint(b []byte, v uint64) []byte {
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

// appendInt appends the shortest msgpack integer.
func appendInt(b []byte, v int64) []byte {
	switch {
	case v >= 0:
		return appendUint(b, uint64(v))
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

// appendFloat appends a float64, as an integer when that is exact.
func appendFloat(b []byte, v float64) []byte {
	if v == math.Trunc(v) && math.Abs(v) < 1<<53 && (v != 0 || !math.Signbit(v)) {
		return appendInt(b, int64(v))
	}
	return binary.BigEndian.AppendUint64(append(b, 0xcb), math.Float64bits(v))
}

// appendJSONFloat appends a float without an exponent where a person would not write one.
func appendJSONFloat(b []byte, v float64) []byte {
	if a := math.Abs(v); a != 0 && (a < 1e-6 || a >= 1e21) {
		return strconv.AppendFloat(b, v, 'e', -1, 64)
	}
	return strconv.AppendFloat(b, v, 'f', -1, 64)
}

// appendJSONString appends a quoted string that is valid JSON, and that stays text when somebody pastes it into HTML or
// an old script: <, >, & and the two line separators are escaped.
func appendJSONString(b []byte, s string) []byte {
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
