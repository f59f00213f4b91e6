package scalar

import (
	"math"
	"strconv"
	"strings"
	"sync"

	"github.com/valyala/fastjson"

	"tierboard/shared/wire/value"
)

// longest is the most characters of a number, far more than any float needs.
const longest = 64

// Numeral is memory in which a number's characters are read: the parser gives them in no other way. Whoever reads many values keeps
// one. The zero Numeral is ready; it is not safe for concurrent use.
type Numeral [longest]byte

// numerals lends a Numeral to whoever keeps none.
var numerals = sync.Pool{New: func() any { return new(Numeral) }}

// Number returns the finite number v holds: a JSON number, or a string that is nothing but a decimal number.
func Number(v *fastjson.Value) (float64, bool) {
	if v == nil {
		return 0, false
	}
	n, _ := numerals.Get().(*Numeral) // it is always one
	defer numerals.Put(n)
	return n.Number(v)
}

// Number is the function Number in this memory, for a v that is not nil.
func (n *Numeral) Number(v *fastjson.Value) (float64, bool) {
	switch v.Type() {
	case fastjson.TypeString:
		return parseNumber(v.GetStringBytes())
	case fastjson.TypeNumber:
		return parseNumber(v.MarshalTo(n[:0]))
	case fastjson.TypeNull, fastjson.TypeObject, fastjson.TypeArray, fastjson.TypeTrue, fastjson.TypeFalse:
	}
	return 0, false
}

// parseNumber returns the finite number that s is, in decimal notation.
func parseNumber(s []byte) (float64, bool) {
	if f, ok := value.Decimal(s); ok {
		return f, true
	}
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
	if s != "" && (s[0] < '0' || s[0] > '9') {
		return "", false // most ids
	}
	if whole, fraction, ok := strings.Cut(s, "."); ok && fraction != "" && strings.Trim(fraction, "0") == "" {
		s = whole
	}
	if s == "" {
		return "", false
	}
	for i := range len(s) {
		if s[i] < '0' || s[i] > '9' {
			return "", false
		}
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
