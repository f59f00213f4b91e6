package config

import (
	"errors"
	"fmt"
	"io"
	"net/url"
	"reflect"
	"slices"
	"strings"
)

// Origin says where a setting's value comes from.
type Origin string

// The origins, in the order of precedence.
const (
	FromFlag        Origin = "flag"
	FromEnvironment Origin = "env"
	FromDefault     Origin = "default"
)

// Setting is one setting in words.
type Setting struct {
	Flag     string // with its dashes
	Variable string
	Default  string // empty when there is none
	Value    string // passwords masked
	Origin   Origin
	Help     string
}

// Settings describes c, in the order of the fields. origin tells where a flag's value comes from, by its name without
// dashes; nil means that all are defaults.
func Settings(c Config, origin func(flag string) Origin) []Setting {
	var list []Setting
	value, initial := reflect.ValueOf(c), reflect.ValueOf(Default())
	for i := range value.NumField() {
		tag := value.Type().Field(i).Tag
		s := Setting{
			Flag:     "--" + tag.Get("name"),
			Variable: tag.Get("env"),
			Default:  text(initial.Field(i)),
			Value:    text(value.Field(i)),
			Origin:   FromDefault,
			Help:     tag.Get("help"),
		}
		if origin != nil {
			s.Origin = origin(tag.Get("name"))
		}
		list = append(list, s)
	}
	return list
}

// text returns a setting's value on one line, with passwords masked.
func text(v reflect.Value) string {
	if v.Kind() == reflect.Slice {
		parts := make([]string, v.Len())
		for i := range parts {
			parts[i] = text(v.Index(i))
		}
		return strings.Join(parts, ",")
	}
	return Mask(fmt.Sprint(v.Interface()))
}

// Mask returns s with the password of a URL, if it is one, replaced by "xxxxx". What cannot be read as a URL, but could
// hold a password, is replaced as a whole.
func Mask(s string) string {
	if !strings.Contains(s, "://") {
		return s
	}
	u, err := url.Parse(s)
	if err != nil {
		return "xxxxx"
	}
	query := u.Query()
	for key := range query {
		if strings.Contains(strings.ToLower(key), "pass") {
			query.Set(key, "xxxxx")
			u.RawQuery = query.Encode()
		}
	}
	return u.Redacted()
}

// CheckEnvironment reports every variable of environ (as os.Environ returns it) that looks like one of our settings and
// is none, with the name that was probably meant: a misspelt setting must not be ignored.
func CheckEnvironment(environ []string) error {
	var known []string
	for _, s := range Settings(Default(), nil) {
		known = append(known, s.Variable)
	}
	var problems []error
	for _, entry := range environ {
		name, _, _ := strings.Cut(entry, "=")
		if !strings.HasPrefix(name, "TIERBOARD_") || slices.Contains(known, name) {
			continue
		}
		nearest := slices.MinFunc(known, func(a, b string) int { return distance(name, a) - distance(name, b) })
		if distance(name, nearest) <= len(name)/3 {
			problems = append(problems, fmt.Errorf("unknown environment variable %s, did you mean %s?", name, nearest))
		} else {
			problems = append(problems, fmt.Errorf("unknown environment variable %s", name))
		}
	}
	return errors.Join(problems...)
}

// distance returns how many letters must be put in, taken out or replaced to make b of a.
func distance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			cost := diagonal
			if a[i] != b[j] {
				cost = 1 + min(diagonal, row[j], row[j+1])
			}
			diagonal, row[j+1] = row[j+1], cost
		}
	}
	return row[len(b)]
}

// Print writes every setting with its value and origin, one a line, in columns.
func Print(w io.Writer, settings []Setting) error {
	width := 0
	for _, s := range settings {
		width = max(width, len(s.Variable))
	}
	for _, s := range settings {
		if _, err := fmt.Fprintf(w, "%-*s  %-7s  %s\n", width, s.Variable, s.Origin, s.Value); err != nil {
			return fmt.Errorf("print settings: %w", err)
		}
	}
	return nil
}

// Table writes the settings as a table in Markdown, for the README.
func Table(w io.Writer, settings []Setting) error {
	lines := []string{"| flag | variable | default | meaning |", "|---|---|---|---|"}
	for _, s := range settings {
		initial := "none"
		if s.Default != "" {
			initial = "`" + strings.ReplaceAll(s.Default, ",", "` `") + "`"
		}
		lines = append(lines, fmt.Sprintf("| `%s` | `%s` | %s | %s |", s.Flag, s.Variable, initial, strings.ReplaceAll(s.Help, "|", `\|`)))
	}
	if _, err := io.WriteString(w, strings.Join(lines, "\n")+"\n"); err != nil {
		return fmt.Errorf("print settings: %w", err)
	}
	return nil
}

// bad returns the error of a setting that is out of range, under the names its user knows.
func bad(field, format string, args ...any) error {
	f, ok := reflect.TypeFor[Config]().FieldByName(field)
	if !ok {
		panic("config: no field " + field)
	}
	return fmt.Errorf("--%s (%s): %w", f.Tag.Get("name"), f.Tag.Get("env"), fmt.Errorf(format, args...))
}
