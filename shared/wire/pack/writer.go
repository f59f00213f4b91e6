// Package pack writes maps and lists of values in msgpack or in JSON, with the same keys in both.
package pack

import (
	"encoding/binary"
	"math"
	"strconv"
	"time"
	"unicode/utf8"

	"tierboard/shared/wire/value"
)

// Format is an encoding.
type Format uint8

// The encodings.
const (
	JSON Format = iota
	MsgPack
)

// Writer appends one value tree to a byte slice in either encoding. Callers name each field once and get the same
// keys in both. It has no errors: what it cannot represent (NaN, infinities) becomes 0, each byte that is
// not UTF-8 the replacement character. It panics when a caller opens more than mostOpen maps and lists inside each other.
//
// In msgpack every map and array is written with a 16-bit length that is filled in when it closes, so that optional
// fields need no counting beforehand.
type Writer struct {
	buf    []byte
	format Format
	depth  int // how many are open
	open   [mostOpen]scope
}

// mostOpen is more than any frame needs. In the Writer itself they cost no allocation.
const mostOpen = 12

// scope is a map or array that has not been closed yet.
type scope struct {
	at    int32 // where its length goes (msgpack)
	count int32
	array bool
}

// New returns a Writer that appends to buf.
func New(buf []byte, f Format) Writer {
	return Writer{buf: buf, format: f}
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
	s.at = int32(len(w.buf) - 2) //nolint:gosec // no frame has 2 GB
	w.open[w.depth] = s
	w.depth++
}

// End closes the innermost open map or array.
func (w *Writer) End() {
	w.depth--
	s := w.open[w.depth]
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
	if w.depth == 0 {
		return
	}
	s := &w.open[w.depth-1]
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
	w.buf = value.AppendUint(w.buf, v)
}

// Int writes an integer.
func (w *Writer) Int(key string, v int) {
	w.key(key)
	if w.format == JSON {
		w.buf = strconv.AppendInt(w.buf, int64(v), 10)
		return
	}
	w.buf = value.AppendInt(w.buf, int64(v))
}

// Float writes a number; msgpack integers are used where nothing is lost, since they are shorter.
func (w *Writer) Float(key string, v float64) {
	w.key(key)
	if math.IsNaN(v) || math.IsInf(v, 0) {
		v = 0
	}
	if w.format == JSON {
		w.buf = value.AppendJSONFloat(w.buf, v)
		return
	}
	w.buf = value.AppendFloat(w.buf, v)
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
	mark := 0xa0 | byte(len(value.TimeLayout))
	if w.format == JSON {
		mark = '"'
	}
	w.buf = value.AppendTime(append(w.buf, mark), t)
	if w.format == JSON {
		w.buf = append(w.buf, '"')
	}
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
		if value.ValidJSON(text) {
			w.key(key)
			w.buf = append(w.buf, text...)
		}
		return
	}
	before := len(w.buf)
	w.key(key)
	b, err := value.AppendFromJSON(w.buf, text, 0)
	if err != nil {
		w.buf = w.buf[:before]
		if w.depth > 0 {
			w.open[w.depth-1].count--
		}
		return
	}
	w.buf = b
}

// str writes a string value or key.
func (w *Writer) str(v string) {
	if w.format == JSON {
		w.buf = value.AppendJSONString(w.buf, v)
		return
	}
	if !value.ASCII(v) && !utf8.ValidString(v) { // a decoder would refuse the whole frame
		v = string([]rune(v))
	}
	w.buf = value.AppendStr(w.buf, v)
}
