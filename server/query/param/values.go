package param

import (
	"fmt"
	"math"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"tierboard/server/problem"
	"tierboard/shared/api"
)

// Values are the parameters of one request. The getters note what is wrong, so that one answer can name it all; Err tells it.
// A parameter that is absent, or a list that is empty, means no restriction. Values are for one goroutine.
type Values struct {
	given map[string]given // by canonical name
	errs  []api.FieldError
	now   time.Time
}

// given is a parameter as it was written.
type given struct {
	name string // what the client called it
	text string
}

// mostErrors bounds how many faults one answer names.
const mostErrors = 16

// Read reads a raw query string. Only the named parameters are allowed, each once: anything else is a *problem.Error that
// names it. now is what relative times count from.
func Read(raw string, allowed []Param, now time.Time) (*Values, error) {
	values, err := url.ParseQuery(raw)
	if err != nil {
		return nil, problem.At(problem.BadRequest, problem.Field("query", "", "the query string is malformed: escape %%, ; and & inside values"))
	}
	names := make(map[string]string, 2*len(allowed))
	known := make([]string, 0, len(allowed))
	for _, p := range allowed {
		names[p.Name] = p.Name
		known = append(known, p.Name)
		for _, a := range p.Aliases {
			names[a] = p.Name
		}
	}
	v := &Values{given: make(map[string]given, len(values)), now: now}
	typed := make([]string, 0, len(values))
	for name := range values {
		typed = append(typed, name)
	}
	slices.Sort(typed) // so that the answer to two faults is always the same
	for _, name := range typed {
		canonical, ok := names[name]
		switch {
		case !ok && problem.Plain(name) && name != "":
			v.note(name, "", "is no parameter here%s", problem.Suggest(name, known))
		case !ok:
			v.errs = append(v.errs, problem.Field("query", "", "a parameter has a name that is none"))
		case len(values[name]) > 1:
			v.note(name, "", "is given %d times; separate values by commas", len(values[name]))
		case v.given[canonical].name != "":
			v.errs = append(v.errs, problem.Field("query."+name, "", "says the same as %s; use one of them", v.given[canonical].name))
		case !utf8.ValidString(values[name][0]) || strings.ContainsRune(values[name][0], 0):
			v.note(name, "", "is no text")
		default:
			v.given[canonical] = given{name: name, text: values[name][0]}
		}
	}
	return v, v.Err()
}

// Err returns everything that was noted as one problem, or nil.
func (v *Values) Err() error {
	if len(v.errs) == 0 {
		return nil
	}
	return problem.At(problem.Parameter, v.errs[:min(len(v.errs), mostErrors)]...)
}

// note remembers a fault of a parameter, under the name the client used.
func (v *Values) note(name, value, format string, args ...any) {
	if g, ok := v.given[name]; ok {
		name = g.name
	}
	v.errs = append(v.errs, problem.Field("query."+name, value, format, args...))
}

// Has reports whether a parameter was given, even if empty.
func (v *Values) Has(name string) bool { return v.given[name].name != "" }

// Text returns a parameter's text; "" when it is absent.
func (v *Values) Text(name string) string { return v.given[name].text }

// List returns the values of a comma list, spaces around them cut off; nil when it is absent or empty.
func (v *Values) List(name string) []string {
	text := v.Text(name)
	if strings.TrimSpace(text) == "" {
		return nil
	}
	list := strings.Split(text, ",")
	for i := range list {
		list[i] = strings.TrimSpace(list[i])
	}
	return list
}

// OneOf returns a parameter that must be one of the words, or otherwise when it is absent.
func (v *Values) OneOf(name, otherwise string, words ...string) string {
	if !v.Has(name) {
		return otherwise
	}
	text := v.Text(name)
	if !slices.Contains(words, text) {
		v.note(name, text, "must be one of %s%s", strings.Join(words, ", "), problem.Suggest(text, words))
		return otherwise
	}
	return text
}

// Words returns the values of a list that must be among the known words, each once; hint is added to the message for others.
func (v *Values) Words(name string, words []string) []string {
	var out []string
	for _, word := range v.List(name) {
		if !slices.Contains(words, word) {
			v.note(name, word, "must be a list of %s%s", strings.Join(words, ", "), problem.Suggest(word, words))
			return nil
		}
		if !slices.Contains(out, word) {
			out = append(out, word)
		}
	}
	return out
}

// Whole returns a whole number within low and high, or otherwise when it is absent.
func (v *Values) Whole(name string, otherwise, low, high int) int {
	if !v.Has(name) {
		return otherwise
	}
	n, err := strconv.Atoi(v.Text(name))
	if err != nil || n < low || n > high {
		v.note(name, v.Text(name), "must be a whole number from %d to %d", low, high)
		return otherwise
	}
	return n
}

// Number returns a decimal number and whether there is a usable one. Its range is not checked.
func (v *Values) Number(name string) (float64, bool) {
	if !v.Has(name) {
		return 0, false
	}
	text := v.Text(name)
	n, err := strconv.ParseFloat(text, 64)
	if err != nil || strings.Trim(text, "0123456789.eE+-") != "" || math.IsNaN(n) || math.IsInf(n, 0) {
		v.note(name, text, "must be a number")
		return 0, false
	}
	return n, true
}

// The bounds of times. RFC 3339 has four digits for a year, and nothing was detected before there were computers.
var (
	earliest = time.Date(1970, 1, 1, 0, 0, 0, 0, time.UTC)
	latest   = time.Date(9999, 12, 31, 23, 59, 59, 0, time.UTC)
)

// Time returns a time in UTC, cut to milliseconds, or the zero time when it is absent: RFC 3339, Unix seconds, or relative
// to now as -15m, -2h, -3d.
func (v *Values) Time(name string) time.Time {
	if !v.Has(name) {
		return time.Time{}
	}
	t, err := parseTime(v.Text(name), v.now)
	if err != nil {
		v.note(name, v.Text(name), "%s", err)
		return time.Time{}
	}
	return t
}

// parseTime reads a time in any of the three forms.
func parseTime(text string, now time.Time) (time.Time, error) {
	const forms = "must be a time: RFC 3339 (2026-11-20T14:30:00Z), Unix seconds, or relative (-15m, -2h, -3d)"
	t, err := time.Parse(time.RFC3339Nano, text)
	if err != nil { // a plus sign that was not escaped arrives as a space
		t, err = time.Parse(time.RFC3339Nano, strings.Replace(text, " ", "+", 1))
	}
	switch {
	case err == nil:
	case strings.HasPrefix(text, "-"):
		ago, err := parseAgo(text[1:])
		if err != nil {
			return time.Time{}, fmt.Errorf("%s", forms)
		}
		t = now.Add(-ago)
	default:
		seconds, err := strconv.ParseFloat(text, 64)
		if err != nil || strings.Trim(text, "0123456789.") != "" {
			return time.Time{}, fmt.Errorf("%s", forms)
		}
		if seconds > float64(latest.Unix()) {
			return time.Time{}, fmt.Errorf("must be in seconds, within the years %d to %d", earliest.Year(), latest.Year())
		}
		t = time.UnixMilli(int64(math.Round(seconds * 1000)))
	}
	if t.Before(earliest) || t.After(latest) {
		return time.Time{}, fmt.Errorf("must be within the years %d to %d", earliest.Year(), latest.Year())
	}
	return t.UTC().Truncate(time.Millisecond), nil
}

// parseAgo reads a whole number and one of the units s, m, h, d, w; at most fifty years.
func parseAgo(text string) (time.Duration, error) {
	const most = 50 * 366
	units := map[byte]time.Duration{'s': time.Second, 'm': time.Minute, 'h': time.Hour, 'd': 24 * time.Hour, 'w': 7 * 24 * time.Hour}
	if text == "" {
		return 0, strconv.ErrSyntax
	}
	unit, ok := units[text[len(text)-1]]
	n, err := strconv.ParseUint(text[:len(text)-1], 10, 32)
	if !ok || err != nil || time.Duration(n) > most*24*time.Hour/unit {
		return 0, strconv.ErrSyntax
	}
	return time.Duration(n) * unit, nil
}

// Date returns a day as YYYY-MM-DD, or "" when it is absent.
func (v *Values) Date(name string) string {
	if !v.Has(name) {
		return ""
	}
	text := v.Text(name)
	if _, err := time.Parse(time.DateOnly, text); err != nil || text < "1970" {
		v.note(name, text, "must be a day as YYYY-MM-DD")
		return ""
	}
	return text
}

// DateOrTime returns a time that may be written as a day too, which begins at midnight UTC; the zero time when it is absent.
func (v *Values) DateOrTime(name string) time.Time {
	if t, err := time.Parse(time.DateOnly, v.Text(name)); err == nil && !t.Before(earliest) {
		return t
	}
	return v.Time(name)
}

// Refuse notes a fault that only the caller can see.
func (v *Values) Refuse(name, format string, args ...any) {
	v.note(name, v.Text(name), format, args...)
}
