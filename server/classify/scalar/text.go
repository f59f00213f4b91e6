// Package scalar reads one JSON value that somebody else wrote: it takes the text, number, time or truth that can be understood, and
// says when there is none. It also writes texts and numbers back, as strict JSON whatever they were.
//
// Text returned by this package is always a copy, never the parser's memory, and may be kept. What it appends to a slice is the
// slice's. All functions are safe for concurrent use as long as nobody changes the value.
package scalar

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/valyala/fastjson"
)

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

// Verbatim reports whether s can be written between quotes as it is: Clean would return it, and nothing in it is written as an escape.
// So are nearly all texts and keys.
func Verbatim[T string | []byte](s T, most int) bool { return classOf(s) == 0 && readyIfPlain(s, most) }

// readyIfPlain is ready for s that is plain.
func readyIfPlain[T string | []byte](s T, most int) bool {
	n := len(s)
	return n <= most && (n == 0 || s[0] != ' ' && s[n-1] != ' ')
}

// Clean returns s trimmed and fit to show: control characters, direction overrides and bytes that are no UTF-8 are
// left out, line breaks become spaces, and what is longer than most bytes is cut at a character. The flag tells
// that it was cut. The result never shares memory with a parser when s does not.
func Clean(s string, most int) (clean string, cut bool) {
	isPlain := plain(s)
	if isPlain && readyIfPlain(s, most) {
		return s, false // nearly always
	}
	if !isPlain {
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
	for i := harmless(s); i < len(s); i++ {
		all |= classes[s[i]]
	}
	return all
}

// harmless returns how many bytes s begins with, in whole words of eight, that are neither strange nor special. Most texts are that
// to their end, and a word takes little longer than a byte.
func harmless[T string | []byte](s T) int {
	const ones, highs = 0x0101010101010101, 0x8080808080808080
	at := 0
	for ; len(s)-at >= 8; at += 8 {
		w := uint64(s[at]) | uint64(s[at+1])<<8 | uint64(s[at+2])<<16 | uint64(s[at+3])<<24 |
			uint64(s[at+4])<<32 | uint64(s[at+5])<<40 | uint64(s[at+6])<<48 | uint64(s[at+7])<<56
		angle, quote, slash := w|('<'^'>')*ones^'>'*ones, w|('"'^'&')*ones^'&'*ones, w^'\\'*ones // zero where it is one
		// A byte's highest bit: where it is below 0x20, one of those, above 0x7E. A borrow may set one more above it.
		if ((w-0x20*ones)|(angle-ones)|(quote-ones)|(slash-ones)|(w+ones)|w)&highs != 0 {
			break
		}
	}
	return at
}

// plain reports whether s is printable ASCII.
func plain[T string | []byte](s T) bool { return classOf(s)&strange == 0 }

// overrides reports whether r changes how the text around it is laid out: such a character in a ticker can make it
// look like another one.
func overrides(r rune) bool {
	return r >= '\u202A' && r <= '\u202E' || r >= '\u2066' && r <= '\u2069' || r == '\u2028' || r == '\u2029' ||
		r == '\u200E' || r == '\u200F' || r == '\uFEFF'
}
