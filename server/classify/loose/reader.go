// Package loose reads a JSON object that somebody else wrote, in memory that is used again, and remembers which of its fields were
// taken.
//
// Size and nesting are checked before the text is parsed, so that hostile input costs one pass over its bytes. The
// parser is lenient where producers are sloppy (a bare NaN, control characters inside a string, a key written twice, of
// which the first counts).
//
// Objects, fields and values belong to the parser: they are valid only inside the function given to Reader.Read. Keys are always
// copies and may be kept.
package loose

import (
	"bytes"
	"errors"
	"fmt"

	"github.com/valyala/fastjson"
)

// The ways in which a text cannot be read.
var (
	ErrSyntax   = errors.New("not one JSON value")
	ErrTooLarge = errors.New("too many bytes")
	ErrTooDeep  = errors.New("nested too deeply")
	ErrTooWide  = errors.New("too many fields")
)

// Keep is the largest text, in bytes, after which a parser goes back to the pool: one huge text must not pin the memory of its
// parse for ever. Whoever keeps Objects has to look at it too.
const Keep = 64 << 10

// Reader parses texts of bounded size and nesting. It is safe for concurrent use; the zero Reader refuses everything.
type Reader struct {
	MaxBytes int // largest text in bytes
	MaxDepth int // deepest nesting of objects and arrays; at most 300, the parser's own limit

	pool fastjson.ParserPool
}

// Read parses text and hands the value to use. The value, and everything reached through it, is valid only until use
// returns. The error is ErrTooLarge, ErrTooDeep or ErrSyntax with what was found, and then use was not called.
func (r *Reader) Read(text []byte, use func(*fastjson.Value)) error {
	if len(text) > r.MaxBytes {
		return fmt.Errorf("%w: %d, at most %d", ErrTooLarge, len(text), r.MaxBytes)
	}
	if deeper(text, r.MaxDepth) {
		return fmt.Errorf("%w: more than %d levels", ErrTooDeep, r.MaxDepth)
	}
	p := r.pool.Get()
	v, err := p.ParseBytes(text)
	if err != nil {
		// The parser's own words repeat the text; how long it is tells enough.
		return fmt.Errorf("%w (%d bytes)", ErrSyntax, len(text))
	}
	use(v)
	if len(text) <= Keep {
		r.pool.Put(p)
	}
	return nil
}

// deeper reports whether brackets outside of strings nest deeper than most.
func deeper(text []byte, most int) bool {
	if bytes.Count(text, []byte{'{'})+bytes.Count(text, []byte{'['}) <= most {
		return false // nearly always; counting is much faster than the look at each byte
	}
	depth, quoted := 0, false
	for i := 0; i < len(text); i++ {
		switch c := text[i]; {
		case quoted && c == '\\':
			i++
		case c == '"':
			quoted = !quoted
		case quoted:
		case c == '{' || c == '[':
			if depth++; depth > most {
				return true
			}
		case c == '}' || c == ']':
			depth--
		}
	}
	return false
}
