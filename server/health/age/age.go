// Package age tells how long ago something was, to programs and to people.
package age

import (
	"encoding/json"
	"fmt"
	"strings"
	"time"
)

// Seconds is a whole number of seconds that may be unknown, which is Unknown and null in JSON.
type Seconds int64

// Unknown is an unknown or inapplicable number of seconds.
const Unknown Seconds = -1

// Of returns d in whole seconds, at least 0: a stamp from the future is a matter of clocks, not of age.
func Of(d time.Duration) Seconds { return Seconds(max(d, 0) / time.Second) }

// IsZero reports whether the number is unknown, so that omitzero leaves it out.
func (s Seconds) IsZero() bool { return s < 0 }

// MarshalJSON writes the number, or null when it is unknown.
func (s Seconds) MarshalJSON() ([]byte, error) {
	if s < 0 {
		return []byte("null"), nil
	}
	return json.Marshal(int64(s))
}

// UnmarshalJSON reads a number, or null as Unknown.
func (s *Seconds) UnmarshalJSON(text []byte) error {
	if string(text) == "null" {
		*s = Unknown
		return nil
	}
	return json.Unmarshal(text, (*int64)(s))
}

// Stamp returns t as reports show it: UTC in milliseconds.
func Stamp(t time.Time) time.Time {
	if t.IsZero() {
		return time.Time{}
	}
	return t.UTC().Truncate(time.Millisecond)
}

// Spell writes a length of time for people, in its one or two largest units: "45 s", "41 min", "3 h 5 min".
func Spell(d time.Duration) string {
	d = max(d, 0)
	switch {
	case d < 2*time.Minute:
		return fmt.Sprintf("%d s", d/time.Second)
	case d < 2*time.Hour:
		return fmt.Sprintf("%d min", d/time.Minute)
	case d < 48*time.Hour:
		text := fmt.Sprintf("%d h %d min", d/time.Hour, d%time.Hour/time.Minute)
		return strings.TrimSuffix(text, " 0 min")
	default:
		return fmt.Sprintf("%d d", d/(24*time.Hour))
	}
}
