// Package spell writes the server's numbers, names and texts the way pages show them.
package spell

import (
	"math"
	"strconv"
	"strings"
	"time"

	"tierboard/app/format"
)

// Percent writes a share of 0 to 1 as a whole percentage: "58%".
func Percent(share float64) string {
	if math.IsNaN(share) {
		return "–"
	}
	return strconv.Itoa(int(math.Round(min(max(share, 0), 1)*100))) + "%"
}

// Millis writes milliseconds with as many decimals as say something: "0.02 ms", "4.8 ms", "92 ms", "12.5 s".
func Millis(ms float64) string {
	decimals := 0
	switch {
	case ms >= 10_000:
		return strconv.FormatFloat(ms/1000, 'f', 1, 64) + "\u00a0s"
	case ms < .1:
		decimals = 3
	case ms < 1:
		decimals = 2
	case ms < 10:
		decimals = 1
	}
	return strconv.FormatFloat(ms, 'f', decimals, 64) + "\u00a0ms"
}

// PerSecond writes a rate with one decimal below ten: "0.4", "126".
func PerSecond(v float64) string {
	if v < 9.95 {
		return strconv.FormatFloat(v, 'f', 1, 64)
	}
	return format.Count(int(math.Round(v)))
}

// Count writes a total.
func Count(n uint64) string { return format.Count(int(min(n, 1<<53))) }

// Name turns a name of the server's into words: "too_slow" is "Too slow".
func Name(name string) string {
	s := strings.ReplaceAll(name, "_", " ")
	if s == "" {
		return "–"
	}
	if c := s[0]; 'a' <= c && c <= 'z' {
		return string(c-'a'+'A') + s[1:]
	}
	return s
}

// Clean makes text of a producer or of an operator fit to be shown: at most n characters, and none that cannot be seen or would turn
// the text around it.
func Clean(s string, n int) string { return format.Clip(strings.Map(seen, s), n) }

// seen replaces a character that cannot be seen.
func seen(r rune) rune {
	switch {
	case r == '\n', r == '\t', r == '\r':
		return ' '
	case r < ' ', r >= 0x7f && r < 0xa0, r >= 0x200b && r <= 0x200f, r >= 0x202a && r <= 0x202e, r >= 0x2066 && r <= 0x2069, r == 0xfeff:
		return '\ufffd'
	}
	return r
}

// PercentRange writes two shares: "54–62%".
func PercentRange(low, high float64) string {
	return strconv.Itoa(int(min(max(low, 0), 1)*100+.5)) + "–" + Percent(high)
}

// Seconds is a number of seconds as a time, within what a year can hold.
func Seconds(s float64) time.Duration {
	return time.Duration(min(max(s, 0), 366*24*3600) * float64(time.Second))
}
