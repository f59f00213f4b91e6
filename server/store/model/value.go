package model

import (
	"errors"
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"tierboard/shared/event"
)

// Never is the expiry of an event that has none.
const Never = math.MaxInt64

// Millis turns a time into what is stored; the zero time is 0.
func Millis(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixMilli()
}

// FromMillis is the reverse of Millis.
func FromMillis(ms int64) time.Time {
	if ms == 0 {
		return time.Time{}
	}
	return time.UnixMilli(ms).UTC()
}

// Expiry is Millis for a time whose absence means never.
func Expiry(t time.Time) int64 {
	if t.IsZero() {
		return Never
	}
	return t.UnixMilli()
}

// FacetLines writes facets as lines of quoted name=value, each line between two newlines, so that one can be
// found by its text: the quoting leaves no newline inside.
func FacetLines(facets map[event.Dim]string) (string, error) {
	if len(facets) == 0 {
		return "", nil
	}
	var b strings.Builder
	for _, d := range slices.Sorted(maps.Keys(facets)) {
		if !utf8.ValidString(string(d)) || !utf8.ValidString(facets[d]) {
			return "", errors.New("facets: must be text")
		}
		b.WriteString(FacetName(d) + strconv.QuoteToASCII(facets[d]) + "\n")
	}
	return b.String(), nil
}

// FacetName is how the line of a dimension begins.
func FacetName(d event.Dim) string { return "\n" + strconv.QuoteToASCII(string(d)) + "=" }

// CeilMillis is the first stored time that is not before t.
func CeilMillis(t time.Time) int64 {
	switch year := t.UTC().Year(); { // beyond what milliseconds hold, and beyond any event
	case year < -1000:
		return math.MinInt64
	case year > 100_000:
		return math.MaxInt64
	}
	ms := t.UnixMilli()
	if time.UnixMilli(ms).Before(t) {
		ms++
	}
	return ms
}

// Sane returns the values that a stored text can be equal to; the others would only be refused by the database.
func Sane[T ~string](values []T) []string {
	out := make([]string, 0, len(values))
	for _, v := range values {
		if s := string(v); utf8.ValidString(s) && !strings.ContainsRune(s, 0) {
			out = append(out, s)
		}
	}
	return out
}

// MaxText is the longest text of a dead letter that is kept, in bytes.
const MaxText = 1024

// Clean returns text that both databases take: valid, without NUL, and bounded.
func Clean(text string) string {
	text = strings.ReplaceAll(strings.ToValidUTF8(text, "\uFFFD"), "\x00", "\uFFFD")
	if len(text) > MaxText {
		text = strings.ToValidUTF8(text[:MaxText], "")
	}
	return text
}
