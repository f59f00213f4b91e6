package loose

import (
	"math"
	"strconv"
	"strings"
	"sync"
	"unicode"
	"unicode/utf8"

	"github.com/valyala/fastjson"
)

// Field is one member of an Object.
type Field struct {
	Key   string // as received, without escapes
	Value *fastjson.Value
	Used  bool // whether it was taken; what is not goes into the rest

	name  uint8    // the key's place in the vocabulary, 0 for none
	inner *Object  // the listed fields of an object, made by Object
	owner *Objects // where inner comes from; nil for an object on its own
}

// Object lists the fields of the object the field holds, once; see NewObject.
func (f *Field) Object(most int) (*Object, error) {
	if f.inner != nil {
		return f.inner, nil
	}
	o, err := f.owner.List(f.Value, most)
	f.inner = o
	return o, err
}

// In reports whether the field's key is one of the keys.
func (f *Field) In(keys *Keys) bool { return f.name != 0 && keys.set.has(f.name) }

// Object is a JSON object whose fields remember whether they were taken. It is not safe for concurrent use.
type Object struct {
	fields []Field
	seen   [2]uint64            // a bit for each key, by its hash
	names  Set                  // the keys of the vocabulary that are there
	at     [maxNames + 1]uint16 // for each of names, its place among the fields
}

// NewObject lists the fields of v in their order, a repeated key once. It returns nil and no error when v is no object,
// and ErrTooWide when it has more than most fields.
func NewObject(v *fastjson.Value, most int) (*Object, error) { return (*Objects)(nil).List(v, most) }

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

// Get is Field for a key of the vocabulary with which the object was listed.
func (o *Object) Get(key Key) *Field { return o.named(key.name) }

// Twin returns the field with the key of f, which may belong to another object.
func (o *Object) Twin(f *Field) *Field {
	if f.name != 0 {
		return o.named(f.name)
	}
	return o.Field(f.Key)
}

// Has reports whether one of the keys is there and not null.
func (o *Object) Has(keys *Keys) bool {
	if !o.names.Meets(keys) {
		return false
	}
	for _, key := range keys.list {
		if o.Get(key) != nil {
			return true
		}
	}
	return false
}

func (o *Object) named(name uint8) *Field {
	if !o.names.has(name) {
		return nil
	}
	f := &o.fields[o.at[name]]
	if f.Value.Type() == fastjson.TypeNull {
		return nil
	}
	return f
}

// Value returns what Field's field holds, or nil; the functions of this package take nil for a value that is not there.
func (o *Object) Value(key string) *fastjson.Value {
	if f := o.Field(key); f != nil {
		return f.Value
	}
	return nil
}

func (o *Object) index(key string) int {
	if h := hash(key); o.seen[h>>31]&(1<<(h>>25&63)) == 0 {
		return -1 // most look-ups are for a key that is not there
	}
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

// Fold appends Text in lower case to b, which it returns as it is when v is no string. It makes no copy of plain text.
func Fold(b []byte, v *fastjson.Value, most int) []byte {
	if v == nil || v.Type() != fastjson.TypeString {
		return b
	}
	raw := v.GetStringBytes()
	if !ready(raw, most) {
		s, _ := Clean(string(raw), most)
		return append(b, strings.ToLower(s)...)
	}
	for _, c := range raw {
		if 'A' <= c && c <= 'Z' {
			c += 'a' - 'A'
		}
		b = append(b, c)
	}
	return b
}

// Is reports whether v is exactly the text, as it would come from Text. It makes no copy, and is false for some that would.
func Is(v *fastjson.Value, text string) bool {
	if v == nil || v.Type() != fastjson.TypeString {
		return false
	}
	raw := v.GetStringBytes()
	return string(raw) == text && ready(raw, len(raw))
}

// ready reports whether Clean would return s as it is.
func ready[T string | []byte](s T, most int) bool { return readyIfPlain(s, most) && plain(s) }

// readyIfPlain is ready for s that is plain.
func readyIfPlain[T string | []byte](s T, most int) bool {
	n := len(s)
	return n <= most && (n == 0 || s[0] != ' ' && s[n-1] != ' ')
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

// What a byte is; most are none of it.
const (
	strange = 1 << iota // no printable ASCII
	special             // written as an escape
)

// classes tells what each byte is.
var classes = func() (of [256]uint8) {
	for c := range of {
		if c < 0x20 || c >= 0x7F {
			of[c] |= strange
		}
		if c < 0x20 || strings.ContainsRune(`"\<>&`, rune(c)) {
			of[c] |= special
		}
	}
	return of
}()

// classOf returns what there is among the bytes of s.
func classOf[T string | []byte](s T) uint8 {
	var all uint8
	for i := range len(s) {
		all |= classes[s[i]]
	}
	return all
}

// plain reports whether s is printable ASCII.
func plain[T string | []byte](s T) bool { return classOf(s)&strange == 0 }

// overrides reports whether r changes how the text around it is laid out: such a character in a ticker can make it
// look like another one.
func overrides(r rune) bool {
	return r >= '\u202A' && r <= '\u202E' || r >= '\u2066' && r <= '\u2069' || r == '\u2028' || r == '\u2029' ||
		r == '\u200E' || r == '\u200F' || r == '\uFEFF'
}

// longest is the most characters of a number, far more than any float needs.
const longest = 64

// numerals lends the memory in which a number's characters are read: the parser gives them in no other way.
var numerals = sync.Pool{New: func() any { return new([longest]byte) }}

// Number returns the finite number v holds: a JSON number, or a string that is nothing but a decimal number.
func Number(v *fastjson.Value) (float64, bool) {
	if v == nil {
		return 0, false
	}
	switch v.Type() {
	case fastjson.TypeString:
		return parseNumber(v.GetStringBytes())
	case fastjson.TypeNumber:
		buf, _ := numerals.Get().(*[longest]byte) // it is always one
		defer numerals.Put(buf)
		return parseNumber(v.MarshalTo(buf[:0]))
	case fastjson.TypeNull, fastjson.TypeObject, fastjson.TypeArray, fastjson.TypeTrue, fastjson.TypeFalse:
	}
	return 0, false
}

// parseNumber returns the finite number that s is, in decimal notation.
func parseNumber(s []byte) (float64, bool) {
	if !numeral(s) {
		return 0, false
	}
	f, err := strconv.ParseFloat(string(s), 64)
	if err != nil || math.IsInf(f, 0) || math.IsNaN(f) {
		return 0, false
	}
	return f, true
}

// numeral reports whether s has only characters of decimal notation.
func numeral(s []byte) bool {
	if len(s) == 0 || len(s) > longest {
		return false
	}
	for _, c := range s {
		if (c < '0' || c > '9') && c != '.' && c != '-' && c != '+' && c != 'e' && c != 'E' {
			return false // also NaN, Infinity, hexadecimal and digits with underscores, which ParseFloat would take
		}
	}
	return true
}

// Integer returns the decimal digits of the non-negative whole number v holds, as a JSON number or as a string of
// digits, without leading zeros; false for anything else.
func Integer(v *fastjson.Value) (string, bool) {
	var s []byte
	switch {
	case v == nil:
	case v.Type() == fastjson.TypeNumber:
		s = v.MarshalTo(nil)
	case v.Type() == fastjson.TypeString:
		s = v.GetStringBytes()
	}
	if !numeral(s) {
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
