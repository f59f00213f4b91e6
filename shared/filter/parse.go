package filter

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"tierboard/shared/event"
	"tierboard/shared/pattern"
)

// Limits bound what one subscription may ask for. The zero Limits refuses every set; start from DefaultLimits.
type Limits struct {
	Filters             int // filters in a subscription
	Values              int // values in one set other than symbols
	SymbolsFilter       int // symbols in one filter, wanted and excluded together
	SymbolsSubscription int // symbols in all filters of one subscription
}

// DefaultLimits are the public contract's: 16 filters, 500 symbols a filter, 1,000 a subscription, 100 values in any
// other set.
func DefaultLimits() Limits {
	return Limits{Filters: 16, Values: 100, SymbolsFilter: 500, SymbolsSubscription: 1000}
}

// Schema says which keys a filter may have: the built-in ones and one for each further dimension, which is the
// dimension's name and an s: "regimes" for the dimension "regime".
type Schema struct {
	Limits Limits
	Extra  []event.Dim
}

// DefaultSchema has the public contract's limits and no further dimensions.
func DefaultSchema() Schema { return Schema{Limits: DefaultLimits()} }

// Error is a filter that cannot be used. Field is the path of the offending value, for instance
// "filters[0].tiers".
type Error struct {
	Field   string
	Problem string
	TooBig  bool // a limit was passed; the value itself is well-formed
}

// Error returns the field and the problem in one line.
func (e *Error) Error() string { return e.Field + ": " + e.Problem }

// ParseAll reads the decoded value (from JSON or msgpack) of a "filters" field: a list of 1 to Limits.Filters
// objects. Every error is an *Error that names the field. The result is canonical.
func (s Schema) ParseAll(v any) ([]Filter, error) {
	list, ok := v.([]any)
	if !ok {
		return nil, &Error{Field: "filters", Problem: "must be a list of objects"}
	}
	if len(list) == 0 {
		return nil, &Error{Field: "filters", Problem: "must hold at least one filter; {} means everything"}
	}
	if len(list) > s.Limits.Filters {
		return nil, &Error{Field: "filters", Problem: fmt.Sprintf("%d filters; at most %d", len(list), s.Limits.Filters), TooBig: true}
	}
	out := make([]Filter, len(list))
	symbols := 0
	for i, item := range list {
		f, err := s.Parse(item, fmt.Sprintf("filters[%d]", i))
		if err != nil {
			return nil, err
		}
		out[i] = f
		symbols += f.SymbolCount()
	}
	if symbols > s.Limits.SymbolsSubscription {
		return nil, &Error{Field: "filters", Problem: fmt.Sprintf("%d symbols in all; at most %d", symbols, s.Limits.SymbolsSubscription), TooBig: true}
	}
	return out, nil
}

// Parse reads one filter object. path is put in front of the field names in errors. The result is canonical.
func (s Schema) Parse(v any, path string) (Filter, error) {
	obj, ok := v.(map[string]any)
	if !ok {
		return Filter{}, &Error{Field: path, Problem: "must be an object"}
	}
	var f Filter
	for _, key := range slices.Sorted(maps.Keys(obj)) { // sorted, so that the error for two bad fields is always the same one
		if err := s.field(&f, key, obj[key], path+"."+clip(key)); err != nil {
			return Filter{}, err
		}
	}
	if f.ConfidenceMax > 0 && f.ConfidenceMin > f.ConfidenceMax {
		return Filter{}, &Error{Field: path + ".confidence_min", Problem: "is above confidence_max"}
	}
	if n := f.SymbolCount(); n > s.Limits.SymbolsFilter {
		return Filter{}, &Error{Field: path + ".symbols", Problem: fmt.Sprintf("%d symbols; at most %d", n, s.Limits.SymbolsFilter), TooBig: true}
	}
	return f.Canonical(), nil
}

// field reads one key of a filter object into f.
func (s Schema) field(f *Filter, key string, v any, path string) error {
	var err error
	switch key {
	case "kinds":
		f.Kinds, err = set(s, v, path, func(t string) (event.Kind, error) { return event.Kind(strings.ToLower(t)), nil })
	case "tiers":
		f.Tiers, err = set(s, v, path, event.ParseTier)
	case "pattern_types":
		f.Patterns, err = set(s, v, path, parsePattern)
	case "symbols":
		f.Symbols, err = symbols(s, v, path)
	case "exclude_symbols":
		f.ExcludeSymbols, err = symbols(s, v, path)
	case "timeframes":
		f.Timeframes, err = set(s, v, path, func(t string) (string, error) { return Timeframe(t), nil })
	case "sessions":
		f.Sessions, err = set(s, v, path, event.ParseSession)
	case "directions":
		f.Directions, err = set(s, v, path, event.ParseDirection)
	case "confidence_min":
		f.ConfidenceMin, err = confidence(v, path)
	case "confidence_max":
		f.ConfidenceMax, err = confidence(v, path)
		if err == nil && v != nil && f.ConfidenceMax == 0 {
			err = &Error{Field: path, Problem: "must be above 0"}
		}
	case "priority_min":
		f.PriorityMin, err = priority(v, path)
	default:
		dim := event.Dim(strings.TrimSuffix(key, "s"))
		if !strings.HasSuffix(key, "s") || !slices.Contains(s.Extra, dim) {
			return &Error{Field: path, Problem: "is no filter key" + suggest(key, s.keys())}
		}
		values, err := set(s, v, path, func(t string) (string, error) { return t, nil })
		if err != nil {
			return err
		}
		if f.Extra == nil {
			f.Extra = map[event.Dim][]string{}
		}
		f.Extra[dim] = values
		return nil
	}
	return err
}

// keys lists every key the schema accepts.
func (s Schema) keys() []string {
	ks := []string{
		"kinds", "tiers", "pattern_types", "symbols", "exclude_symbols", "timeframes", "sessions", "directions",
		"confidence_min", "confidence_max", "priority_min",
	}
	for _, d := range s.Extra {
		ks = append(ks, string(d)+"s")
	}
	slices.Sort(ks)
	return ks
}

// set reads a list of words.
func set[T any](s Schema, v any, path string, parse func(string) (T, error)) ([]T, error) {
	return list(v, path, s.Limits.Values, parse)
}

// symbols reads a list of tickers; its own limit is checked per filter, this one only stops absurd input early.
func symbols(s Schema, v any, path string) ([]string, error) {
	return list(v, path, s.Limits.SymbolsFilter, func(t string) (string, error) {
		sym := Symbol(t)
		if sym == "" || len(sym) > event.MaxSymbol {
			return "", fmt.Errorf("%q is no symbol (1 to %d characters)", clip(t), event.MaxSymbol)
		}
		return sym, nil
	})
}

// list reads a list of strings through parse; nil counts as absent.
func list[T any](v any, path string, most int, parse func(string) (T, error)) ([]T, error) {
	if v == nil {
		return nil, nil
	}
	items, ok := v.([]any)
	if !ok {
		return nil, &Error{Field: path, Problem: "must be a list of words"}
	}
	if len(items) > most {
		return nil, &Error{Field: path, Problem: fmt.Sprintf("%d values; at most %d", len(items), most), TooBig: true}
	}
	out := make([]T, 0, len(items))
	for i, item := range items {
		t, ok := item.(string)
		if !ok {
			return nil, &Error{Field: fmt.Sprintf("%s[%d]", path, i), Problem: "must be a word"}
		}
		t = strings.TrimSpace(t)
		if t == "" || max(len(t), len(strings.ToLower(t))) > event.MaxText || !utf8.ValidString(t) { // some letters are longer in lower case
			return nil, &Error{Field: fmt.Sprintf("%s[%d]", path, i), Problem: fmt.Sprintf("must be 1 to %d bytes of text", event.MaxText)}
		}
		x, err := parse(t)
		if err != nil {
			return nil, &Error{Field: path, Problem: err.Error()}
		}
		out = append(out, x)
	}
	return out, nil
}

// confidence reads a number from 0 to 1; nil counts as absent.
func confidence(v any, path string) (float64, error) {
	var c float64
	switch n := v.(type) {
	case nil:
		return 0, nil
	case float64:
		c = n
	case int64:
		c = float64(n)
	case uint64:
		c = float64(n)
	default:
		return 0, &Error{Field: path, Problem: "must be a number from 0 to 1"}
	}
	if !(c >= 0 && c <= 1) { // also catches NaN
		return 0, &Error{Field: path, Problem: fmt.Sprintf("%v is outside 0 to 1", c)}
	}
	return c, nil
}

// priority reads one priority word; nil counts as absent.
func priority(v any, path string) (event.Priority, error) {
	if v == nil {
		return event.Low, nil
	}
	t, ok := v.(string)
	if !ok {
		return event.Low, &Error{Field: path, Problem: "must be one of low, medium, high, critical"}
	}
	p, err := event.ParsePriority(t)
	if err != nil {
		return event.Low, &Error{Field: path, Problem: err.Error()}
	}
	return p, nil
}

// parsePattern folds any spelling of a pattern into its slug.
func parsePattern(t string) (string, error) {
	if slug := pattern.Slug(t); slug != "" {
		return slug, nil
	}
	return "", fmt.Errorf("%q is no pattern name", clip(t))
}

// Symbol returns the form symbols are compared in: trimmed, upper case, without control characters.
func Symbol(s string) string {
	return strings.ToUpper(strings.TrimSpace(strings.Map(func(r rune) rune {
		if unicode.IsControl(r) || r == unicode.ReplacementChar {
			return -1
		}
		return r
	}, s)))
}

// Timeframe folds the spellings of a bar length: 1m is 1min, 1h is 1hour, 1d, 1D and 1day are daily, 1week weekly.
// Unknown ones pass through in lower case.
func Timeframe(s string) string {
	t := strings.ToLower(strings.TrimSpace(s))
	switch t {
	case "1d", "1day", "d", "day":
		return "daily"
	case "1w", "1week", "w", "week":
		return "weekly"
	case "1mo", "1month", "month":
		return "monthly"
	case "hourly":
		return "1hour"
	}
	digits := strings.TrimRight(t, "abcdefghijklmnopqrstuvwxyz")
	if digits == "" || strings.Trim(digits, "0123456789") != "" {
		return t
	}
	switch t[len(digits):] {
	case "m", "min", "minute", "minutes":
		if digits == "60" {
			return "1hour"
		}
		return digits + "min"
	case "h", "hr", "hour", "hours":
		return digits + "hour"
	}
	return t
}

// suggest names the known key that looks most like the unknown one, if any is close.
func suggest(key string, known []string) string {
	best, bestAt := "", 3
	for _, k := range known {
		if d := distance(clip(key), k); d < bestAt || (d == bestAt && strings.HasPrefix(k, key)) {
			best, bestAt = k, d
		}
	}
	if best == "" {
		return ""
	}
	return fmt.Sprintf("; did you mean %q?", best)
}

// distance is the number of single-character edits between two short words.
func distance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diag := row[0]
		row[0] = i + 1
		for j := range len(b) {
			cost := 1
			if a[i] == b[j] {
				cost = 0
			}
			next := min(row[j]+1, row[j+1]+1, diag+cost)
			diag, row[j+1] = row[j+1], next
		}
	}
	return row[len(b)]
}

// clip bounds how much of a caller's text an error repeats, and leaves out what is no text.
func clip(s string) string {
	const most = 40
	if len(s) <= most {
		return strings.ToValidUTF8(s, "")
	}
	return strings.ToValidUTF8(s[:most], "") + "…"
}
