// Package spelling tells what a producer's words mean: names of patterns, tickers, tiers and timeframes, however they are written.
// What producers write again and again is remembered, within bounds.
package spelling

import (
	"strings"

	"github.com/valyala/fastjson"

	"tierboard/server/classify/scalar"
	"tierboard/shared/event"
	"tierboard/shared/filter"
	"tierboard/shared/pattern"
)

// Bounds on what Patterns and Symbols remember.
const (
	maxSpellings = 512
	maxSymbols   = 4096
	maxSpelling  = 64 // bytes
)

// Patterns remembers what spellings of patterns' names mean: producers write the same few again and again. At the bound, of 512, it
// forgets all of them. Make one with make; it is not safe for concurrent use.
type Patterns map[string]*Pattern

// Pattern is a pattern's name as a producer writes it, with what follows from it. It must not be changed.
type Pattern struct {
	Received string // cleaned, and at most event.MaxText bytes long
	pattern.Name
	Direction event.Direction // what the slug tells; "" for nothing
	IsTier    bool            // it is a tier's word, which is no name under some keys
}

// Read returns the name that v is; nil if it is no text. A name without a letter or digit has no slug.
func (p Patterns) Read(v *fastjson.Value) *Pattern {
	raw := v.GetStringBytes()
	if s := p[string(raw)]; s != nil {
		return s
	}
	text, ok := scalar.Text(v, event.MaxText)
	if !ok {
		return nil
	}
	s := &Pattern{Received: text, IsTier: tierWord(text) != event.TierNone}
	s.Name, _ = pattern.Lookup(text)
	s.Label, _ = scalar.Clean(s.Label, event.MaxText)
	s.Direction = namedDirection(s.Slug)
	if len(raw) > 0 && len(raw) <= maxSpelling {
		if len(p) >= maxSpellings {
			clear(p)
		}
		p[string(raw)] = s
	}
	return s
}

// Symbols remembers what tickers are in the form in which they are compared. At the bound, of 4096, it forgets all of them. Make one
// with make; it is not safe for concurrent use.
type Symbols map[string]string

// Read returns the ticker that v is; "" if it is none of a length that an event may have.
func (m Symbols) Read(v *fastjson.Value) string {
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

// namedDirection is the direction a slug has in its words; "" if it has none, or both.
func namedDirection(slug string) event.Direction {
	var bull, bear bool
	for word := range strings.SplitSeq(slug, "_") {
		bull = bull || word == "bull" || word == "bullish"
		bear = bear || word == "bear" || word == "bearish"
	}
	switch {
	case bull && !bear:
		return event.Bullish
	case bear && !bull:
		return event.Bearish
	}
	return ""
}
