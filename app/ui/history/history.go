// Package history asks the server for what is past: pages of older events, and how often a tier's patterns came true.
package history

import (
	"net/url"
	"strconv"
	"strings"

	"tierboard/shared/filter"
)

// PageSize is how many events one press of More brings.
const PageSize = 100

// OlderPath is where a column's older events are read: those its filter wants, detected before the oldest one it has.
func OlderPath(class string, f filter.Filter, before string) string {
	return EventsPath(class, f, "", before)
}

// EventsPath is where a column's events are read: those its filter wants, received from since, in RFC 3339 or "" for
// any time, and detected before before.
func EventsPath(class string, f filter.Filter, since, before string) string {
	q := url.Values{}
	list := func(name string, values []string) {
		if len(values) > 0 {
			q.Set(name, strings.Join(values, ","))
		}
	}
	list("pattern_types", f.Patterns)
	list("symbols", f.Symbols)
	list("timeframes", f.Timeframes)
	for _, s := range f.Sessions {
		q.Set("sessions", string(s))
	}
	for _, d := range f.Directions {
		q.Set("direction", string(d))
	}
	if f.ConfidenceMin > 0 {
		q.Set("confidence_min", strconv.FormatFloat(f.ConfidenceMin, 'g', -1, 64))
	}
	if f.PriorityMin > 0 {
		q.Set("priority_min", f.PriorityMin.String())
	}
	if since != "" {
		q.Set("updated_since", since)
	}
	q.Set("until", before)
	q.Set("limit", strconv.Itoa(PageSize))
	return "/api/patterns/" + class + "?" + q.Encode()
}

// Rate is what a column's header says of its tier's past.
type Rate struct {
	Tier     string
	Resolved int
	Success  struct {
		Rate   *float64
		CI95   []float64
		Sample string
	}
}

// Words is the rate in the few words a header has room for; "" when there is nothing to say.
func (r *Rate) Words() string {
	switch {
	case r.Resolved == 0:
		return ""
	case r.Success.Rate == nil:
		return "1-day success: too few (n=" + strconv.Itoa(r.Resolved) + ")"
	}
	percent := func(v float64) string { return strconv.Itoa(int(v*100 + 0.5)) }
	out := "1-day success " + percent(*r.Success.Rate) + "%"
	if len(r.Success.CI95) == 2 {
		out += " " + percent(r.Success.CI95[0]) + "–" + percent(r.Success.CI95[1])
	}
	return out + " n=" + strconv.Itoa(r.Resolved)
}
