package calendar

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"maps"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

// Limits of an override file. Past them WithOverrides refuses the file.
const (
	// MaxOverrides is the most days one file may set.
	MaxOverrides = 4096
	// MaxReason is the longest reason, in bytes.
	MaxReason = 200
)

// maxLineBytes bounds a line, comments included.
const maxLineBytes = 4096

// OverrideError says which line of an override file is wrong, and how.
type OverrideError struct {
	// Line is the number of the line, from 1.
	Line int
	// Problem is a sentence for the operator.
	Problem string
}

// Error returns the line and the problem.
func (e *OverrideError) Error() string {
	return fmt.Sprintf("calendar overrides, line %d: %s", e.Line, e.Problem)
}

// WithOverrides returns a copy of the calendar in which the days named by an operator's file trade as the
// file says; c stays as it is. Overrides c already has are kept unless the file names their day. The file is
// text, a day a line, blank lines and lines that begin with # are skipped:
//
//	2026-03-02 closed Day of mourning
//	2026-03-03 early 13:00 Storm warning
//	2026-03-04 open
//
// The reason is optional. "open" makes a full session, on a holiday or weekend too; "early" takes the end of
// the regular session in New York time, after 09:30 and before 16:00. A line that is none of these, names a
// day twice or lies outside FirstYear..LastYear is an *OverrideError; a failing reader is its own error.
func (c *Calendar) WithOverrides(r io.Reader) (*Calendar, error) {
	read, err := parseOverrides(r)
	if err != nil {
		return nil, err
	}
	made := &Calendar{zone: c.zone, overrides: make(map[Date]override, len(c.overrides)+len(read))}
	maps.Copy(made.overrides, c.overrides)
	maps.Copy(made.overrides, read)
	return made, nil
}

func parseOverrides(r io.Reader) (map[Date]override, error) {
	days := make(map[Date]override)
	seen := make(map[Date]int)
	lines := bufio.NewScanner(r)
	lines.Buffer(make([]byte, 0, 1024), maxLineBytes)
	number := 0
	for lines.Scan() {
		number++
		text := strings.TrimSpace(lines.Text())
		if text == "" || strings.HasPrefix(text, "#") {
			continue
		}
		date, set, err := parseOverride(text)
		if err != nil {
			return nil, &OverrideError{Line: number, Problem: err.Error()}
		}
		if first, twice := seen[date]; twice {
			return nil, &OverrideError{Line: number, Problem: fmt.Sprintf("%s is set on line %d already", date, first)}
		}
		if len(days) == MaxOverrides {
			return nil, &OverrideError{Line: number, Problem: fmt.Sprintf("a file may set %d days at most", MaxOverrides)}
		}
		days[date], seen[date] = set, number
	}
	switch err := lines.Err(); {
	case errors.Is(err, bufio.ErrTooLong):
		return nil, &OverrideError{Line: number + 1, Problem: fmt.Sprintf("the line is longer than %d bytes", maxLineBytes)}
	case err != nil:
		return nil, fmt.Errorf("read calendar overrides: %w", err)
	}
	return days, nil
}

// parseOverride reads one line that is neither blank nor a comment.
func parseOverride(text string) (Date, override, error) {
	word, rest := cutField(text)
	date, err := ParseDate(word)
	if err != nil {
		return Date{}, override{}, err
	}
	if date.Year < FirstYear || date.Year > LastYear {
		return Date{}, override{}, fmt.Errorf("%s lies outside the years %d to %d", date, FirstYear, LastYear)
	}
	kind, rest := cutField(rest)
	var set override
	switch kind {
	case "closed":
		set = override{kind: Closed, name: "Closed by the operator's calendar"}
	case "open":
		set = override{kind: Trading, closes: closeSeconds}
	case "early":
		word, rest = cutField(rest)
		at, err := time.Parse("15:04", word)
		if err != nil {
			return Date{}, override{}, fmt.Errorf("%.40q is no time: write early 13:00", word)
		}
		closes := at.Hour()*3600 + at.Minute()*60
		if closes <= openSeconds || closes >= closeSeconds {
			return Date{}, override{}, fmt.Errorf("an early close must come after 09:30 and before 16:00, not at %s", word)
		}
		set = override{kind: Early, name: "Early close by the operator's calendar", closes: closes}
	case "":
		return Date{}, override{}, errors.New("the date needs a word after it: closed, early or open")
	default:
		return Date{}, override{}, fmt.Errorf("%.40q is none of closed, early, open", kind)
	}
	if rest == "" {
		return date, set, nil
	}
	if len(rest) > MaxReason {
		return Date{}, override{}, fmt.Errorf("the reason is longer than %d bytes", MaxReason)
	}
	if !utf8.ValidString(rest) || strings.ContainsFunc(rest, unicode.IsControl) {
		return Date{}, override{}, errors.New("the reason holds bytes that are no plain text")
	}
	set.name = rest
	return date, set, nil
}

// cutField splits off the first word; both parts come without the blanks between them.
func cutField(text string) (word, rest string) {
	end := strings.IndexFunc(text, unicode.IsSpace)
	if end < 0 {
		return text, ""
	}
	return text[:end], strings.TrimSpace(text[end:])
}
