package classify

import (
	"github.com/valyala/fastjson"

	"tierboard/server/classify/loose"
	"tierboard/shared/event"
	"tierboard/shared/pattern"
)

// Bounds on what names remembers.
const (
	maxSpellings = 512
	maxSpelling  = 64 // bytes
)

// names remembers what spellings of patterns' names mean: producers write the same few again and again. At the bound it forgets
// all of them.
type names map[string]*spelling

// spelling is a pattern's name as a producer writes it, with what follows from it.
type spelling struct {
	received string // cleaned
	pattern.Name
	direction event.Direction // what the slug tells; "" for nothing
	isTier    bool            // it is a tier's word, which is no name under some keys
}

// read returns the name that v is; nil if it is no text.
func (n names) read(v *fastjson.Value) *spelling {
	raw := v.GetStringBytes()
	if s := n[string(raw)]; s != nil {
		return s
	}
	text, ok := loose.Text(v, event.MaxText)
	if !ok {
		return nil
	}
	s := &spelling{received: text, isTier: tierWord(text) != event.TierNone}
	s.Name, _ = pattern.Lookup(text)
	s.Label, _ = loose.Clean(s.Label, event.MaxText)
	s.direction = namedDirection(s.Slug)
	if len(raw) > 0 && len(raw) <= maxSpelling {
		if len(n) >= maxSpellings {
			clear(n)
		}
		n[string(raw)] = s
	}
	return s
}
