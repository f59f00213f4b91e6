// Package pattern holds the one table of pattern names: it folds every spelling a producer, a person or a saved
// filter may use into the canonical slug, and gives each slug its label, its family and the tiers it occurs in.
//
// The same pattern is written VolumeSpike, Volume_Spike, volume_spike, "Volume Spike" and VolumeSpikePattern in the
// field; all five are volume_spike. Names that the table does not know pass through: they get a slug and a
// label made from their own words, and Known says that they are new.
package pattern

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"tierboard/shared/event"
)

// Family groups patterns by what they look like; it picks the glyph on a card.
type Family string

// The families.
const (
	Breakout    Family = "breakout"
	Flag        Family = "flag"
	Reversal    Family = "reversal"
	Volume      Family = "volume"
	Level       Family = "level"
	Momentum    Family = "momentum"
	Candlestick Family = "candlestick"
	Combined    Family = "combo"
	Other       Family = "other"
)

// Name is one row of the table.
type Name struct {
	Slug    string       // canonical snake_case, the pattern_type on the wire
	Label   string       // for people
	Family  Family       // Other for unknown names
	Tiers   []event.Tier // tiers the pattern occurs in; empty if unknown. Shared: do not change
	Aliases []string     // other words for it that folding alone does not reach
	Meaning string       // one line for people; empty for unknown names
}

// Known returns the table's rows in board order. The slice is shared: do not change it.
func Known() []Name { return table }

// Slug returns the canonical slug of any spelling, or "" when the spelling has no letter or digit in it.
func Slug(spelling string) string {
	n, _ := Lookup(spelling)
	return n.Slug
}

// Lookup returns the row for any spelling and whether the table knows it. For an unknown spelling it returns a row
// made from its own words, as many as fit a slug; for one without letters or digits it returns the zero Name.
func Lookup(spelling string) (Name, bool) {
	if i, ok := byFold[fold(spelling)]; ok {
		return table[i], true
	}
	words := fit(split(spelling))
	if len(words) == 0 {
		return Name{}, false
	}
	slug := strings.Join(words, "_")
	if i, ok := byFold[fold(slug)]; ok { // only words that did not fit kept the table from knowing it
		return table[i], true
	}
	for i, w := range words {
		first, size := utf8.DecodeRuneInString(w)
		words[i] = string(unicode.ToUpper(first)) + w[size:]
	}
	return Name{Slug: slug, Label: strings.Join(words, " "), Family: Other}, false
}

// fit keeps the words from the front that make a slug of at most event.MaxPattern bytes, less the word "pattern" at the
// end. A first word that is too long by itself is cut.
func fit(words []string) []string {
	size := -1
	for i, w := range words {
		if size += 1 + len(w); size <= event.MaxPattern {
			continue
		}
		words = words[:max(i, 1)]
		if i == 0 {
			words[0] = strings.ToValidUTF8(w[:event.MaxPattern], "")
		}
		break
	}
	for len(words) > 1 && words[len(words)-1] == "pattern" {
		words = words[:len(words)-1]
	}
	return words
}

// Label returns the text for people that belongs to a slug.
func Label(slug string) string {
	n, _ := Lookup(slug)
	return n.Label
}

// fold is what the table is keyed by: lower case, letters and digits only, without "pattern" at the end.
func fold(s string) string {
	var b strings.Builder
	for _, r := range s {
		if unicode.IsLetter(r) || unicode.IsDigit(r) {
			b.WriteRune(unicode.ToLower(r))
		}
	}
	f := b.String()
	for {
		t := strings.TrimSuffix(f, "pattern")
		if t == "" || t == f {
			return f
		}
		f = t
	}
}

// split breaks a spelling into lower-case words at case changes and at everything that is no letter or digit:
// "HeadShoulders" and "head-shoulders" are both head, shoulders; "VWAPBreak" is vwap, break.
func split(s string) []string {
	var words []string
	var cur []rune
	flush := func() {
		if len(cur) > 0 {
			words = append(words, strings.ToLower(string(cur)))
			cur = cur[:0]
		}
	}
	runes := []rune(s)
	for i, r := range runes {
		switch {
		case !unicode.IsLetter(r) && !unicode.IsDigit(r):
			flush()
			continue
		case capital(r) && i > 0:
			afterLower := unicode.IsLower(runes[i-1]) || unicode.IsDigit(runes[i-1])
			beforeLower := i+1 < len(runes) && unicode.IsLower(runes[i+1]) && capital(runes[i-1])
			if afterLower || beforeLower {
				flush()
			}
		}
		cur = append(cur, r)
	}
	flush()
	return words
}

// capital reports whether r is an upper-case letter that has a lower case; mathematical capitals have none, so they would
// be capitals again when their own slug is read.
func capital(r rune) bool { return unicode.IsUpper(r) && unicode.ToLower(r) != r }

// byFold is derived from table once, when the program starts.
var byFold = func() map[string]int {
	m := make(map[string]int, 4*len(table))
	for i, n := range table {
		m[fold(n.Slug)] = i
		m[fold(n.Label)] = i
		for _, a := range n.Aliases {
			m[fold(a)] = i
		}
	}
	return m
}()
