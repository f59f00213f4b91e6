package age

import (
	"encoding/json"
	"testing"
	"time"
)

func TestSpell(t *testing.T) {
	for d, want := range map[time.Duration]string{
		-time.Second: "0 s", 119 * time.Second: "119 s", 2 * time.Minute: "2 min", 119 * time.Minute: "119 min",
		2 * time.Hour: "2 h", 3*time.Hour + 5*time.Minute: "3 h 5 min", 48 * time.Hour: "2 d",
		10*time.Hour + 10*time.Minute: "10 h 10 min",
	} {
		if got := Spell(d); got != want {
			t.Errorf("%s: got %q, want %q", d, got, want)
		}
	}
}

// TestSecondsAsJSON writes known and unknown numbers and reads them back.
func TestSecondsAsJSON(t *testing.T) {
	type ages struct {
		A Seconds `json:"a"`
		B Seconds `json:"b,omitzero"`
	}
	for want, in := range map[string]ages{`{"a":null}`: {Unknown, Unknown}, `{"a":0,"b":7}`: {0, 7}} {
		text, err := json.Marshal(in)
		out := ages{B: Unknown}
		if err != nil || string(text) != want || json.Unmarshal(text, &out) != nil || out != in {
			t.Errorf("%+v: %s, read back %+v", in, text, out)
		}
	}
}

// TestAgesAreWhole cuts lengths of time, of which those from the future are none, and instants.
func TestAgesAreWhole(t *testing.T) {
	if a, b := Of(-time.Hour), Of(1999*time.Millisecond); a != 0 || b != 1 {
		t.Errorf("%d %d", a, b)
	}
	at := time.Date(2026, 11, 20, 14, 31, 11, 123456789, time.FixedZone("ET", -5*3600))
	if got := Stamp(at); got.Location() != time.UTC || !got.Equal(at.Truncate(time.Millisecond)) || !Stamp(time.Time{}).IsZero() {
		t.Errorf("%s", got)
	}
}
