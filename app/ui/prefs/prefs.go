// Package prefs keeps the choices that a person makes about the screen.
package prefs

import (
	"encoding/json"
	"slices"

	"tierboard/app/board"
	"tierboard/app/ui/draw"
	"tierboard/app/ui/tier"
)

// Prefs are the choices a person makes about the board and keeps. The zero Prefs are the defaults, so that a choice added later
// needs no migration.
type Prefs struct {
	Zone      string         `json:"zone,omitempty"`      // of card times: "" the exchange's, "local" or "utc"
	Density   string         `json:"density,omitempty"`   // "" comfortable, "compact" or "rows"
	Direction string         `json:"direction,omitempty"` // colours of up and down: "" blue and rose, "classic" green and red
	Contrast  string         `json:"contrast,omitempty"`  // "" normal, "high"
	Orders    [3]board.Order `json:"orders"`              // by column
	Collapsed [3]bool        `json:"collapsed"`           // by column
	Places    []string       `json:"places,omitempty"`    // class of each column from left to right; empty is the usual order
	Sound     string         `json:"sound,omitempty"`     // plays for: "" nothing, "critical" or "high"
	Notify    string         `json:"notify,omitempty"`    // desktop notifications for: "" nothing, "critical" or "high"
}

// The choices of each setting; the first is the default.
var (
	Zones      = draw.Choices("", "Exchange", "local", "Local", "utc", "UTC")
	Densities  = draw.Choices("", "Comfortable", "compact", "Compact", "rows", "Rows")
	Directions = draw.Choices("", "Blue and rose", "classic", "Green and red")
	Contrasts  = draw.Choices("", "Normal", "high", "High")
	Noises     = draw.Choices("", "Never", "critical", "Critical", "high", "High and critical")
	Orders     = draw.Choices("0", "Newest first", "1", "Confidence", "2", "Symbol", "3", "Next to expire")
)

// Key is where the browser keeps them.
const Key = "tierboard.prefs"

// Parse reads stored choices; what it does not know becomes the default.
func Parse(text string) Prefs {
	var p Prefs
	if json.Unmarshal([]byte(text), &p) != nil {
		return Prefs{}
	}
	for _, c := range []struct {
		value   *string
		choices []draw.Choice
	}{{&p.Zone, Zones}, {&p.Density, Densities}, {&p.Direction, Directions}, {&p.Contrast, Contrasts}, {&p.Sound, Noises}, {&p.Notify, Noises}} {
		if !slices.ContainsFunc(c.choices, func(k draw.Choice) bool { return k.Value == *c.value }) {
			*c.value = ""
		}
	}
	for i, o := range p.Orders {
		if o > board.ByExpiry {
			p.Orders[i] = board.ByTime
		}
	}
	if p.Collapsed == [3]bool{true, true, true} { // something must be left to see
		p.Collapsed = [3]bool{}
	}
	if !validPlaces(p.Places) {
		p.Places = nil
	}
	return p
}

// validPlaces reports whether a column order names each column once.
func validPlaces(places []string) bool {
	if len(places) != len(tier.All) {
		return false
	}
	for _, s := range tier.All {
		if !slices.Contains(places, s.Class) {
			return false
		}
	}
	return true
}

// LeftToRight returns the columns' classes from left to right.
func (p *Prefs) LeftToRight() []string {
	if validPlaces(p.Places) {
		return p.Places
	}
	out := make([]string, len(tier.All))
	for i, s := range tier.All {
		out[i] = s.Class
	}
	return out
}

// Move returns the order with one column moved by a number of places.
func (p *Prefs) Move(class string, by int) []string {
	out := slices.Clone(p.LeftToRight())
	from := slices.Index(out, class)
	to := min(max(from+by, 0), len(out)-1)
	out[from], out[to] = out[to], out[from]
	return out
}

// Text encodes the choices for storing.
func (p *Prefs) Text() string {
	b, err := json.Marshal(p)
	if err != nil {
		return ""
	}
	return string(b)
}

// Themes are the values of the theme button and of boot.js.
var Themes = draw.Choices("dark", "Dark", "light", "Light", "system", "As the system")
