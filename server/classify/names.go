package classify

import (
	"github.com/valyala/fastjson"

	"tierboard/server/classify/scalar"
	"tierboard/shared/event"
	"tierboard/shared/filter"
	"tierboard/shared/pattern"
)

// Bounds on what names and symbols remember.
const (
	maxSpellings = 512
	maxSymbols   = 4096
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
	text, ok := scalar.Text(v, event.MaxText)
	if !ok {
		return nil
	}
	s := &spelling{received: text, isTier: tierWord(text) != event.TierNone}
	s.Name, _ = pattern.Lookup(text)
	s.Label, _ = scalar.Clean(s.Label, event.MaxText)
	s.direction = namedDirection(s.Slug)
	if len(raw) > 0 && len(raw) <= maxSpelling {
		if len(n) >= maxSpellings {
			clear(n)
		}
		n[string(raw)] = s
	}
	return s
}

// symbols remembers what tickers are in the form in which they are compared. At the bound it forgets all of them.
type symbols map[string]string

// read returns the ticker that v is; "" if it is none of a length that an event may have.
func (m symbols) read(v *fastjson.Value) string {
	raw := v.GetStringBytes()
	if s := m[string(raw)]; s != "" {
		return s
	}
	text, _ := scalar.Text(v, event.MaxText)
	s := filter.Symbol(text)
	if len(s) > event.MaxSymbol {
		return ""
	}
	if s != "" && len(raw) <= maxSpelling {
		if len(m) >= maxSymbols {
			clear(m)
		}
		m[string(raw)] = s
	}
	return s
}
