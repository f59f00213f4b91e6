package loose

import (
	"math"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/valyala/fastjson"
)

// Field is one member of an Object.
type Field struct {
	Key   string // as received, without escapes
	Value *fastjson.Value
	Used  bool // whether it was taken; what is not goes into the rest

	inner *Object // the listed fields of an object, made by Object
}

// Object lists the fields of the object the field holds, once; see NewObject.
func (f *Field) Object(most int) (*Object, error) {
	if f.inner != nil {
		return f.inner, nil
	}
	o, err := NewObject(f.Value, most)
	f.inner = o
	return o, err
}

// Object is a JSON object whose fields remember whether they were taken. It is not safe for concurrent use.
type Object struct {
	fields []Field
}

// NewObject lists the fields of v in their order, a repeated key once. It returns nil and no error when v is no object,
// and ErrTooWide when it has more than most fields.
func NewObject(v *fastjson.Value, most int) (*Object, error) {
	if v == nil || v.Type() != fastjson.TypeObject {
		return nil, nil
	}
	obj := v.GetObject()
	if obj.Len() > most {
		return nil, ErrTooWide
	}
	o := &Object{fields: make([]Field, 0, obj.Len())}
	obj.Visit(func(key []byte, v *fastjson.Value) {
		k := string(key)
		if o.index(k) < 0 {
			o.fields = append(o.fields, Field{Key: k, Value: v})
		}
	})
	return o, nil
}

// Fields lists the fields in the order in which they were written. The slice is the object's own.
func (o *Object) Fields() []Field { return o.fields }

// Field returns the field with the key, or nil when there is none or it is null: producers write null for "unknown".
func (o *Object) Field(key string) *Field {
	i := o.index(key)
	if i < 0 || o.fields[i].Value.Type() == fastjson.TypeNull {
		return nil
	}
	return &o.fields[i]
}

// Value returns what Field's field holds, or nil; the functions of this package take nil for a value that is not there.
func (o *Object) Value(key string) *fastjson.Value {
	if f := o.Field(key); f != nil {
		return f.Value
	}
	return nil
}

func (o *Object) index(key string) int {
	for i := range o.fields {
		if o.fields[i].Key == key {
			return i
		}
	}
	return -1
}

// Text returns the string v holds, cleaned by Clean and at most most bytes long; false when v is no string.
func Text(v *fastjson.Value, most int) (string, bool) {
	if v == nil || v.Type() != fastjson.TypeString {
		return "", false
	}
	s, _ := Clean(string(v.GetStringBytes()), most)
	return s, true
}

// Clean returns s trimmed and fit to show: control characters, direction overrides and bytes that are no UTF-8 are
// left out, line breaks become spaces, and what is longer than most bytes is cut at a character. The flag tells
// that it was cut. The result never shares memory with a parser when s does not.
func Clean(s string, most int) (clean string, cut bool) {
	// Fast path: nearly all text is plain, short and already trimmed.
	if !plain(s) {
		s = strings.Map(func(r rune) rune {
			switch {
			case r == '\n' || r == '\r' || r == '\t':
				return ' '
			case unicode.IsControl(r), r == utf8.RuneError, overrides(r):
				return -1
			}
			return r
		}, s)
	}
	s = strings.TrimSpace(s)
	if len(s) <= most {
		return s, false
	}
	end := most
	for end > 0 && !utf8.RuneStart(s[end]) {
		end--
	}
	return strings.TrimSpace(s[:end]), true
}

// plain reports whether s is printable ASCII.
func plain(s string) bool {
	for i := range len(s) {
		if s[i] < 0x20 || s[i] >= 0x7F {
			return false
		}
	}
	return true
}

// overrides reports whether r changes how the text around it is laid out: such a character in a ticker can make it
// look like another one.
func overrides(r rune) bool {
	return r >= '\u202A' && r <= '\u202E' || r >= '\u2066' && r <= '\u2069' || r == '\u2028' || r == '\u2029' ||
		r == '\u200E' || r == '\u200F' || r == '\uFEFF'
}

// Number returns the finite number v holds: a JSON number, or a string that is nothing but a decimal number.
func Number(v *fastjson.Value) (float64, bool) {
	var buf [40]byte
	s, ok := numeral(v, buf[:0])
	if !ok {
		return 0, false
	}
	f, err := strconv.ParseFloat(string(s), 64)
	if err != nil || math.IsInf(f, 0) || math.IsNaN(f) {
		return 0, false
	}
	return f, true
}

// numeral returns the characters of a number or numeric string, if they are decimal notation.
func numeral(v *fastjson.Value, buf []byte) ([]byte, bool) {
	var s []byte
	switch {
	case v == nil:
		return nil, false
	case v.Type() == fastjson.TypeNumber:
		s = v.MarshalTo(buf)
	case v.Type() == fastjson.TypeString:
		s = v.GetStringBytes()
	}
	const longest = 64 // far more than any float needs
	if len(s) == 0 || len(s) > longest {
		return nil, false
	}
	for _, c := range s {
		if (c < '0' || c > '9') && c != '.' && c != '-' && c != '+' && c != 'e' && c != 'E' {
			return nil, false // also NaN, Infinity, hexadecimal and digits with underscores, which ParseFloat would take
		}
	}
	return s, true
}

// Integer returns the decimal digits of the non-negative whole number v holds, as a JSON number or as a string of
// digits, without leading zeros; false for anything else.
func Integer(v *fastjson.Value) (string, bool) {
	var buf [40]byte
	s, ok := numeral(v, buf[:0])
	if !ok {
		return "", false
	}
	return Digits(string(s))
}

// Digits returns s without leading zeros if it is nothing but decimal digits. A fraction of zeros (881.0, as some
// encoders write a whole number) is dropped.
func Digits(s string) (string, bool) {
	if whole, fraction, ok := strings.Cut(s, "."); ok && fraction != "" && strings.Trim(fraction, "0") == "" {
		s = whole
	}
	if s == "" || strings.Trim(s, "0123456789") != "" {
		return "", false
	}
	if t := strings.TrimLeft(s, "0"); t != "" {
		return t, true
	}
	return "0", true
}

// Bool returns the truth value v holds; false as second result when it holds none.
func Bool(v *fastjson.Value) (value, ok bool) {
	if v == nil {
		return false, false
	}
	value = v.Type() == fastjson.TypeTrue
	return value, value || v.Type() == fastjson.TypeFalse
}

// Same reports whether two values are written alike, or are the same text or number written differently.
func Same(a, b *fastjson.Value) bool {
	if x, ok := Number(a); ok {
		y, ok := Number(b)
		return ok && x == y
	}
	if x, ok := Text(a, math.MaxInt); ok {
		y, ok := Text(b, math.MaxInt)
		return ok && x == y
	}
	return false
}
