// Package markup repairs the markup that go-app writes: the order of its attributes, and how their values are quoted.
package markup

import (
	"bytes"
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// Canonical rewrites the markup that go-app has written and returns it with two faults repaired.
//
// go-app writes attributes in the random order of a map, so the same page is other bytes each time and no entity tag
// would ever match: here they are sorted. And it quotes their values as Go strings, where `"><script>` stays what it
// is: here each value is taken out of the Go quotes and escaped for HTML. The result holds the same elements, and no
// attribute can end its element any more. Ampersands stay, so that markup which was right before does not change.
//
// The error says where markup is not understood: an attribute value without double quotes, which go-app never writes,
// but a component can with app.Raw.
func Canonical(page []byte) ([]byte, error) {
	var out bytes.Buffer
	out.Grow(len(page))
	rest := string(page)
	for {
		start := strings.IndexByte(rest, '<')
		if start < 0 || start == len(rest)-1 {
			out.WriteString(rest)
			return out.Bytes(), nil
		}
		out.WriteString(rest[:start])
		rest = rest[start:]
		if !isLetter(rest[1]) { // an end tag, a comment or the document type: no attributes
			out.WriteByte('<')
			rest = rest[1:]
			continue
		}
		tag, err := parseTag(rest)
		if err != nil {
			return nil, fmt.Errorf("byte %d of the page: %w", len(page)-len(rest), err)
		}
		tag.write(&out)
		rest = rest[tag.length:]
	}
}

// startTag is one parsed start tag.
type startTag struct {
	name       string
	attributes []attribute
	closed     bool // ends with "/>", as in hand-written SVG
	length     int  // bytes in the source
}

type attribute struct {
	name, value string
	bare        bool // without a value
}

// parseTag reads the start tag at the beginning of s, which is "<" and a letter.
func parseTag(s string) (startTag, error) {
	end := 1 + strings.IndexAny(s[1:], " \n\t/>")
	if end == 0 {
		return startTag{}, fmt.Errorf("the tag %.20q has no end", s)
	}
	tag := startTag{name: s[1:end]}
	rest := s[end:]
	for {
		rest = strings.TrimLeft(rest, " \n\t")
		if after, ok := strings.CutPrefix(rest, "/>"); ok {
			tag.closed, tag.length = true, len(s)-len(after)
			return tag, nil
		}
		if after, ok := strings.CutPrefix(rest, ">"); ok {
			tag.length = len(s) - len(after)
			return tag, nil
		}
		end := strings.IndexAny(rest, " \n\t/>=\"'<")
		if end <= 0 {
			return startTag{}, fmt.Errorf("<%s> has no attribute name at %.20q", tag.name, rest)
		}
		a := attribute{name: rest[:end], bare: true}
		rest = rest[end:]
		if after, ok := strings.CutPrefix(rest, "="); ok {
			if !strings.HasPrefix(after, `"`) {
				return startTag{}, fmt.Errorf("<%s %s> has a value without double quotes", tag.name, a.name)
			}
			quoted, err := strconv.QuotedPrefix(after)
			if err != nil {
				return startTag{}, fmt.Errorf("<%s %s> has a value that does not end or is not quoted well", tag.name, a.name)
			}
			if a.value, err = strconv.Unquote(quoted); err != nil {
				return startTag{}, fmt.Errorf("<%s %s>: unquote the value: %w", tag.name, a.name, err)
			}
			a.bare, rest = false, after[len(quoted):]
		}
		tag.attributes = append(tag.attributes, a)
	}
}

// attributeEscaper replaces what could end a value in double quotes, or look like markup to a careless reader.
var attributeEscaper = strings.NewReplacer(`"`, "&#34;", "<", "&lt;", ">", "&gt;", "\x00", "\uFFFD")

func (t startTag) write(out *bytes.Buffer) {
	slices.SortStableFunc(t.attributes, func(a, b attribute) int { return strings.Compare(a.name, b.name) })
	out.WriteByte('<')
	out.WriteString(t.name)
	for _, a := range t.attributes {
		out.WriteByte(' ')
		out.WriteString(a.name)
		if !a.bare {
			out.WriteString(`="`)
			out.WriteString(attributeEscaper.Replace(a.value))
			out.WriteByte('"')
		}
	}
	if t.closed {
		out.WriteByte('/')
	}
	out.WriteByte('>')
}

func isLetter(c byte) bool { return 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' }
