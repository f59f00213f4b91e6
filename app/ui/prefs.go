package ui

import (
	"encoding/json"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"tierboard/app/board"
	"tierboard/app/ui/draw"
	"tierboard/app/ui/tier"
	"tierboard/shared/event"
)

// prefs are the choices a person makes about the board and keeps. The zero prefs are the defaults, so that a choice added later
// needs no migration.
type prefs struct {
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
	zones      = draw.Choices("", "Exchange", "local", "Local", "utc", "UTC")
	densities  = draw.Choices("", "Comfortable", "compact", "Compact", "rows", "Rows")
	directions = draw.Choices("", "Blue and rose", "classic", "Green and red")
	contrasts  = draw.Choices("", "Normal", "high", "High")
	noises     = draw.Choices("", "Never", "critical", "Critical", "high", "High and critical")
	orders     = draw.Choices("0", "Newest first", "1", "Confidence", "2", "Symbol", "3", "Next to expire")
)

// parsePrefs reads stored choices; what it does not know becomes the default.
func parsePrefs(text string) prefs {
	var p prefs
	if json.Unmarshal([]byte(text), &p) != nil {
		return prefs{}
	}
	for _, c := range []struct {
		value   *string
		choices []draw.Choice
	}{{&p.Zone, zones}, {&p.Density, densities}, {&p.Direction, directions}, {&p.Contrast, contrasts}, {&p.Sound, noises}, {&p.Notify, noises}} {
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

// places returns the columns' classes from left to right.
func (p *prefs) places() []string {
	if validPlaces(p.Places) {
		return p.Places
	}
	out := make([]string, len(tier.All))
	for i, s := range tier.All {
		out[i] = s.Class
	}
	return out
}

// move returns the order with one column moved by a number of places.
func (p *prefs) move(class string, by int) []string {
	out := slices.Clone(p.places())
	from := slices.Index(out, class)
	to := min(max(from+by, 0), len(out)-1)
	out[from], out[to] = out[to], out[from]
	return out
}

// text encodes the choices for storing.
func (p *prefs) text() string {
	b, err := json.Marshal(p)
	if err != nil {
		return ""
	}
	return string(b)
}

// shareQuery writes what a link has to carry so that somebody else sees the same: the query, each column's filter, and the selected
// event.
func shareQuery(filters [3]board.ColumnFilter, orders [3]board.Order, query, selected string) string {
	q := url.Values{}
	if query != "" {
		q.Set("q", query)
	}
	for i, s := range tier.All {
		f := filters[i]
		set := func(name, value string) {
			if value != "" {
				q.Set(s.Class+"."+name, value)
			}
		}
		set("symbols", strings.TrimSpace(f.Symbols))
		set("pattern", f.Pattern)
		if len(f.Watched) <= maxShared { // somebody else does not have the list, so the link brings its symbols
			set("watchlist", f.Watchlist)
			set("watched", f.Watched)
			if f.Without {
				set("without", "1")
			}
		}
		if f.MinConfidence > 0 {
			set("confidence", strconv.FormatFloat(f.MinConfidence, 'g', -1, 64))
		}
		set("direction", string(f.Direction))
		set("session", string(f.Session))
		set("timeframe", f.Timeframe)
		if f.MinPriority > event.Low {
			set("priority", f.MinPriority.String())
		}
		if orders[i] != board.ByTime {
			set("sort", strconv.Itoa(int(orders[i])))
		}
	}
	if selected != "" {
		q.Set("event", selected)
	}
	return q.Encode()
}

// readShare reads a link's query. found is false when it says nothing about the board; values that cannot be used are left out.
func readShare(link string) (filters [3]board.ColumnFilter, orders [3]board.Order, query, selected string, found bool) {
	q, err := url.ParseQuery(link)
	if err != nil {
		return
	}
	if query = q.Get("q"); len(query) > 4*maxQuery {
		query = ""
	}
	found = query != ""
	for i, s := range tier.All {
		f := &filters[i]
		get := func(name string) string {
			v := q.Get(s.Class + "." + name)
			if v == "" || len(v) > maxShared {
				return ""
			}
			found = true
			return v
		}
		f.Symbols = get("symbols")
		f.Pattern = get("pattern")
		f.Watchlist, f.Watched, f.Without = get("watchlist"), get("watched"), get("without") != ""
		if c, err := strconv.ParseFloat(get("confidence"), 64); err == nil && c > 0 && c <= 1 {
			f.MinConfidence = c
		}
		f.Direction, _ = event.ParseDirection(get("direction"))
		f.Session, _ = event.ParseSession(get("session"))
		f.Timeframe = get("timeframe")
		f.MinPriority, _ = event.ParsePriority(get("priority"))
		if o, err := strconv.Atoi(get("sort")); err == nil && o >= 0 && o <= int(board.ByExpiry) {
			orders[i] = board.Order(o)
		}
	}
	if selected = q.Get("event"); selected != "" {
		found = true
	}
	return filters, orders, query, selected, found
}

// maxShared bounds one value of a link, in bytes.
const maxShared = 2000
