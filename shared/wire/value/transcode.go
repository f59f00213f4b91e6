package value

import (
	"encoding/binary"
	"errors"
	"math"
	"strconv"
	"unicode/utf16"
	"unicode/utf8"
)

// ErrSyntax means that bytes are neither valid msgpack nor JSON of the protocol's depth and size.
var ErrSyntax = errors.New("wire: malformed value")

// ValidJSON reports whether text is exactly one JSON value, nested no deeper than MaxDepth.
func ValidJSON(text string) bool {
	s := scanner{in: text}
	return s.value(0) == nil && s.end()
}

// FromJSON transcodes one JSON value, so that everything else reads one encoding only. It keeps the order of keys
// and accepts nesting up to MaxDepth.
func FromJSON(text string) ([]byte, error) {
	return AppendFromJSON(make([]byte, 0, len(text)), text, 0)
}

// AppendFromJSON appends the msgpack form of one JSON value. depth is how deep the value lies.
func AppendFromJSON(b []byte, text string, depth int) ([]byte, error) {
	s := scanner{in: text, out: b, emit: true}
	if err := s.value(depth); err != nil {
		return nil, err
	}
	if !s.end() {
		return nil, ErrSyntax
	}
	return s.out, nil
}

// scanner is a strict recursive-descent JSON reader that writes msgpack as it goes.
type scanner struct {
	in   string
	at   int
	out  []byte
	emit bool
}

// end reports whether only white space is left.
func (s *scanner) end() bool {
	s.space()
	return s.at == len(s.in)
}

func (s *scanner) space() {
	for s.at < len(s.in) {
		switch s.in[s.at] {
		case ' ', '\t', '\n', '\r':
			s.at++
		default:
			return
		}
	}
}

func (s *scanner) value(depth int) error {
	if depth > MaxDepth {
		return ErrSyntax
	}
	s.space()
	if s.at == len(s.in) {
		return ErrSyntax
	}
	switch c := s.in[s.at]; {
	case c == '{':
		return s.members(depth, '}', 0xdf)
	case c == '[':
		return s.members(depth, ']', 0xdd)
	case c == '"':
		return s.str()
	case c == '-' || (c >= '0' && c <= '9'):
		return s.number()
	}
	return s.word()
}

// members reads an object or array up to its closing character.
func (s *scanner) members(depth int, closing, code byte) error {
	s.at++
	lenAt := len(s.out) + 1
	if s.emit {
		s.out = append(s.out, code, 0, 0, 0, 0)
	}
	count := uint32(0)
	for {
		s.space()
		if s.at == len(s.in) {
			return ErrSyntax
		}
		if s.in[s.at] == closing && count == 0 {
			break
		}
		if closing == '}' {
			if s.in[s.at] != '"' {
				return ErrSyntax
			}
			if err := s.str(); err != nil {
				return err
			}
			s.space()
			if s.at == len(s.in) || s.in[s.at] != ':' {
				return ErrSyntax
			}
			s.at++
		}
		if err := s.value(depth + 1); err != nil {
			return err
		}
		count++
		s.space()
		if s.at == len(s.in) {
			return ErrSyntax
		}
		if s.in[s.at] == closing {
			break
		}
		if s.in[s.at] != ',' {
			return ErrSyntax
		}
		s.at++
	}
	s.at++
	if s.emit {
		binary.BigEndian.PutUint32(s.out[lenAt:], count)
	}
	return nil
}

// word reads true, false or null.
func (s *scanner) word() error {
	for _, w := range [...]struct {
		text string
		code byte
	}{{"true", 0xc3}, {"false", 0xc2}, {"null", 0xc0}} {
		if len(s.in)-s.at >= len(w.text) && s.in[s.at:s.at+len(w.text)] == w.text {
			s.at += len(w.text)
			if s.emit {
				s.out = append(s.out, w.code)
			}
			return nil
		}
	}
	return ErrSyntax
}

// number reads a JSON number; integers that fit 64 bits stay integers. A number beyond a float64 is refused whether or not it
// is written, so that a value is valid for both encodings or for none.
func (s *scanner) number() error {
	start := s.at
	integer := true
	if s.in[s.at] == '-' {
		s.at++
	}
	switch digits := s.digits(); {
	case digits == 0:
		return ErrSyntax
	case digits > 1 && s.in[s.at-digits] == '0':
		return ErrSyntax
	}
	if s.at < len(s.in) && s.in[s.at] == '.' {
		integer = false
		s.at++
		if s.digits() == 0 {
			return ErrSyntax
		}
	}
	if s.at < len(s.in) && (s.in[s.at] == 'e' || s.in[s.at] == 'E') {
		integer = false
		s.at++
		if s.at < len(s.in) && (s.in[s.at] == '+' || s.in[s.at] == '-') {
			s.at++
		}
		if s.digits() == 0 {
			return ErrSyntax
		}
	}
	text := s.in[start:s.at]
	if !s.emit && integer && len(text) < 300 {
		return nil
	}
	if integer && text != "-0" { // an integer has no negative zero
		if v, err := strconv.ParseInt(text, 10, 64); err == nil {
			s.out = AppendInt(s.out, v)
			return nil
		}
		if v, err := strconv.ParseUint(text, 10, 64); err == nil {
			s.out = AppendUint(s.out, v)
			return nil
		}
	}
	v, ok := Decimal(text)
	if !ok {
		var err error
		if v, err = strconv.ParseFloat(text, 64); err != nil || math.IsInf(v, 0) {
			return ErrSyntax
		}
	}
	if s.emit {
		s.out = binary.BigEndian.AppendUint64(append(s.out, 0xcb), math.Float64bits(v))
	}
	return nil
}

// digits skips digits and returns how many there were.
func (s *scanner) digits() int {
	start := s.at
	for s.at < len(s.in) && s.in[s.at] >= '0' && s.in[s.at] <= '9' {
		s.at++
	}
	return s.at - start
}

// str reads a quoted string.
func (s *scanner) str() error {
	s.at++
	start, all := s.at, byte(0)
	for i := start + plainWords(s.in[start:]); i < len(s.in); i++ {
		c := s.in[i]
		switch {
		case c == '"': // no escapes: the bytes are the string
			s.at = i + 1
			text := s.in[start:i]
			if all >= utf8.RuneSelf && !utf8.ValidString(text) {
				return ErrSyntax
			}
			if s.emit {
				s.out = AppendStr(s.out, text)
			}
			return nil
		case c == '\\':
			s.at = i
			return s.escaped(start)
		case c < 0x20:
			return ErrSyntax
		}
		all |= c
	}
	return ErrSyntax
}

// plainWords returns how many bytes s begins with, in whole words of eight, that are ASCII and neither a control character nor a
// quote nor a backslash. Most texts are that to their end, and a word takes as long as a byte does.
func plainWords(s string) int {
	const ones, highs = 0x0101010101010101, 0x8080808080808080
	at := 0
	for ; len(s)-at >= 8; at += 8 {
		w := word(s[at : at+8])
		quote, slash := w^('"'*ones), w^('\\'*ones)
		// A byte's highest bit: where it is below 0x20, zero, zero, or set already. A borrow may set one more above it.
		if ((w-0x20*ones)|(quote-ones)|(slash-ones)|w)&highs != 0 {
			break
		}
	}
	return at
}

// escaped reads the rest of a string that has an escape in it; start is where the string began.
func (s *scanner) escaped(start int) error {
	text := []byte(s.in[start:s.at])
	for s.at < len(s.in) {
		c := s.in[s.at]
		switch {
		case c == '"':
			s.at++
			if !utf8.Valid(text) {
				return ErrSyntax
			}
			if s.emit {
				s.out = AppendStr(s.out, string(text))
			}
			return nil
		case c < 0x20:
			return ErrSyntax
		case c != '\\':
			text = append(text, c)
			s.at++
			continue
		}
		if s.at+1 >= len(s.in) {
			return ErrSyntax
		}
		esc := s.in[s.at+1]
		s.at += 2
		switch esc {
		case '"', '\\', '/':
			text = append(text, esc)
		case 'b':
			text = append(text, '\b')
		case 'f':
			text = append(text, '\f')
		case 'n':
			text = append(text, '\n')
		case 'r':
			text = append(text, '\r')
		case 't':
			text = append(text, '\t')
		case 'u':
			r, ok := s.hex4()
			if !ok {
				return ErrSyntax
			}
			if utf16.IsSurrogate(r) {
				r = s.pair(r)
			}
			text = utf8.AppendRune(text, r)
		default:
			return ErrSyntax
		}
	}
	return ErrSyntax
}

// pair reads the second half of a surrogate pair; a lone half becomes the replacement character, as in encoding/json.
func (s *scanner) pair(first rune) rune {
	if len(s.in)-s.at >= 6 && s.in[s.at] == '\\' && s.in[s.at+1] == 'u' {
		back := s.at
		s.at += 2
		if second, ok := s.hex4(); ok {
			if r := utf16.DecodeRune(first, second); r != utf8.RuneError {
				return r
			}
		}
		s.at = back
	}
	return utf8.RuneError
}

// hex4 reads four hexadecimal digits.
func (s *scanner) hex4() (rune, bool) {
	if len(s.in)-s.at < 4 {
		return 0, false
	}
	v, err := strconv.ParseUint(s.in[s.at:s.at+4], 16, 16)
	if err != nil {
		return 0, false
	}
	s.at += 4
	return rune(v), true
}
