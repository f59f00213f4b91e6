package query

import (
	"errors"
	"net/url"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"

	"tierboard/server/problem"
	"tierboard/server/query/param"
	"tierboard/shared/api"
	"tierboard/shared/event"
	"tierboard/shared/filter"
)

// Limits of a page.
const (
	DefaultLimit = 100
	MaxLimit     = 1000
)

// List is a list request: the question, the page and the presentation.
type List struct {
	Question

	Watchlist string // id; its symbols are not in Filter yet
	Limit     int
	Limited   bool // the client gave the limit
	After     *Key // the page begins behind it; nil for the first
	Path      string

	Fields  []string // nil for all; canonical order
	Include []string
	Format  string // json, ndjson, csv, or "" to negotiate
}

// Fields lists every field an event can have in a list, in their order.
func Fields() []string {
	t := reflect.TypeFor[api.Pattern]()
	names := make([]string, 0, t.NumField())
	for f := range t.Fields() {
		name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
		names = append(names, name)
	}
	return names
}

// ParseList reads the query string of a list at a path. tier is the one of the path, or event.TierNone for all. Every error is
// a *problem.Error that names the parameter.
func ParseList(raw, path string, tier event.Tier, now time.Time) (*List, error) {
	v, err := param.Read(raw, ListParams(tier == event.TierNone), now)
	if err != nil {
		return nil, err
	}
	l := &List{Path: path, Question: Question{Now: now.UTC().Truncate(time.Millisecond)}}
	l.presentation(v)
	if v.Has("cursor") {
		return l, l.resume(v, tier, now)
	}
	l.question(v, tier)
	return l, v.Err()
}

// presentation reads how the answer should look.
func (l *List) presentation(v *param.Values) {
	l.Limit, l.Limited = v.Whole("limit", DefaultLimit, 1, MaxLimit), v.Has("limit")
	l.Format = v.OneOf("format", "", formatWords...)
	l.Fields, l.Include = Presentation(v)
}

// Presentation reads the parameters fields and include. Fields are nil for all of them.
func Presentation(v *param.Values) (fields, include []string) {
	if slices.Contains(v.List("include"), "raw") {
		v.Refuse("include", "what the producer sent is not kept as it came; every field without a place of its own is in details")
	} else {
		include = v.Words("include", includeWords)
	}
	all := Fields()
	asked := v.Words("fields", all)
	if asked == nil {
		return nil, include
	}
	for _, name := range all { // in the order in which they are written
		if name == "id" || slices.Contains(asked, name) || slices.Contains(include, name) {
			fields = append(fields, name)
		}
	}
	for _, name := range []string{"status", "related", "outcome"} { // naming a field asks for it
		if slices.Contains(asked, name) && !slices.Contains(include, name) {
			include = append(include, name)
		}
	}
	return fields, include
}

// question reads which events are wanted, and in which order.
func (l *List) question(v *param.Values, tier event.Tier) {
	l.Filter = ParseFilter(v)
	if tier != event.TierNone {
		l.Filter.Tiers = []event.Tier{tier}
	}
	l.Since, l.Until, l.UpdatedSince = v.Time("since"), v.Time("until"), v.Time("updated_since")
	if !l.Since.IsZero() && !l.Until.IsZero() && !l.Since.Before(l.Until) {
		v.Refuse("since", "must be before until")
	}
	l.SessionDate = v.Date("session_date")
	l.Active = v.OneOf("status", "any", statusWords...) == "active"
	l.Sort = Sort(v.OneOf("sort", string(Newest), sortWords...))
	if v.Has("watchlist") {
		l.Watchlist = v.Text("watchlist")
		if l.Watchlist == "" || len(l.Watchlist) > 64 || !problem.Plain(l.Watchlist) {
			v.Refuse("watchlist", "must be the id of a watchlist")
		}
	}
}

// ParseFilter reads the parameters that are keys of a filter. The values mean what they mean in a frame, because the same
// code reads them. The result is canonical; faults are noted in v.
func ParseFilter(v *param.Values) filter.Filter {
	m := map[string]any{}
	names := map[string]string{} // what errors call it: what the parameter is called
	for _, p := range append(tierParams(), filterParams()...) {
		if !v.Has(p.Name) {
			continue
		}
		key := p.Name
		if key == "direction" {
			key = "directions"
		}
		names[key] = p.Name
		switch p.Type {
		case param.TypeList:
			if list := v.List(p.Name); list != nil {
				items := make([]any, len(list))
				for i, x := range list {
					items[i] = x
				}
				m[key] = items
			}
		case param.TypeNumber:
			if n, ok := v.Number(p.Name); ok {
				m[key] = n
			}
		case param.TypeText, param.TypeInteger, param.TypeTime, param.TypeDate:
			m[key] = v.Text(p.Name)
		}
	}
	f, err := filter.DefaultSchema().Parse(m, "")
	if bad, ok := errors.AsType[*filter.Error](err); ok {
		key, _, _ := strings.Cut(strings.TrimPrefix(bad.Field, "."), "[")
		name := names[key]
		if name == "" { // a rule about two keys is told at one that may be absent
			name = key
		}
		v.Refuse(name, "%s", Unquoted(bad.Problem))
	}
	return f
}

// Unquoted takes out what a message repeats of the client's text, unless that is plain.
func Unquoted(message string) string {
	from, to := strings.IndexByte(message, '"'), strings.LastIndexByte(message, '"')
	if from < 0 || to <= from || problem.Plain(message[from+1:to]) {
		return message
	}
	return message[:from] + "a value" + message[to+1:]
}

// Encode returns the question as a query string: canonical, with absolute times, the same for two questions that ask the
// same. ParseList reads it back.
func (l *List) Encode() string {
	v := url.Values{}
	list := func(name string, values []string) {
		if len(values) > 0 {
			v.Set(name, strings.Join(values, ","))
		}
	}
	at := func(name string, t time.Time) {
		if !t.IsZero() {
			v.Set(name, t.UTC().Format("2006-01-02T15:04:05.000Z"))
		}
	}
	a := l.Applied()
	list("tiers", a.Tiers)
	list("kinds", a.Kinds)
	list("pattern_types", a.PatternTypes)
	list("symbols", l.Filter.Symbols)
	list("exclude_symbols", a.ExcludeSymbols)
	list("timeframes", a.Timeframes)
	list("sessions", a.Sessions)
	list("direction", a.Directions)
	if a.ConfidenceMin != nil {
		v.Set("confidence_min", strconv.FormatFloat(*a.ConfidenceMin, 'g', -1, 64))
	}
	if a.ConfidenceMax != nil {
		v.Set("confidence_max", strconv.FormatFloat(*a.ConfidenceMax, 'g', -1, 64))
	}
	if a.PriorityMin != "" {
		v.Set("priority_min", a.PriorityMin)
	}
	if l.Active {
		v.Set("status", "active")
	}
	at("since", l.Since)
	at("until", l.Until)
	at("updated_since", l.UpdatedSince)
	if l.SessionDate != "" {
		v.Set("session_date", l.SessionDate)
	}
	if l.Watchlist != "" {
		v.Set("watchlist", l.Watchlist)
	}
	v.Set("sort", string(l.Sort))
	return v.Encode()
}

// Applied tells the question as metadata shows it.
func (l *List) Applied() api.Applied {
	a := api.Applied{
		PatternTypes: l.Filter.Patterns, Symbols: l.Filter.Symbols, ExcludeSymbols: l.Filter.ExcludeSymbols,
		Watchlist: l.Watchlist, Timeframes: l.Filter.Timeframes,
		Kinds: words(l.Filter.Kinds), Sessions: words(l.Filter.Sessions), Directions: words(l.Filter.Directions),
		Status: "any", SessionDate: l.SessionDate, Sort: string(l.Sort), Limit: l.Limit,
	}
	for _, t := range l.Filter.Tiers {
		a.Tiers = append(a.Tiers, t.String())
	}
	if l.Filter.ConfidenceMin > 0 {
		a.ConfidenceMin = &l.Filter.ConfidenceMin
	}
	if l.Filter.ConfidenceMax > 0 {
		a.ConfidenceMax = &l.Filter.ConfidenceMax
	}
	if l.Filter.PriorityMin > event.Low {
		a.PriorityMin = l.Filter.PriorityMin.String()
	}
	if l.Active {
		a.Status = "active"
	}
	bound := func(t time.Time) *time.Time {
		if t.IsZero() {
			return nil
		}
		return &t
	}
	a.Since, a.Until, a.UpdatedSince = bound(l.Since), bound(l.Until), bound(l.UpdatedSince)
	return a
}

// words turns a set of string-like values into strings.
func words[T ~string](set []T) []string {
	var out []string
	for _, x := range set {
		out = append(out, string(x))
	}
	return out
}
