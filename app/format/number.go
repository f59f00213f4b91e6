// Package format turns values into the words and numbers that people read on the board. All text is English; sizes are
// short enough for a card. Nothing here reads a clock or a time zone: the instant to count from and the Zone are passed
// in, so that no time zone database is downloaded and every label can be tested. All functions are safe for concurrent
// use.
package format

import (
	"math"
	"strconv"
	"strings"
	"unicode/utf8"
)

// Signs with a width and a height of their own, unlike the hyphen.
const (
	minus  = "\u2212"
	times  = "\u00d7"
	nbsp   = "\u00a0" // between a number and its unit
	absent = "\u2013" // where a number belongs and none is known
)

// Confidence returns a confidence (0 to 1) as a whole percentage without the sign: 0.912 is "91". It rounds down, so
// that a number never claims a threshold that the value has not reached: 0.899 is "89" and not critical.
func Confidence(c float64) string { return strconv.Itoa(percent(c)) }

// ConfidenceSpoken returns a confidence for screen readers: "confidence 91 percent".
func ConfidenceSpoken(c float64) string { return "confidence " + Confidence(c) + " percent" }

// percent rounds down; the small constant undoes the error of 0.29 × 100 = 28.999999999999996.
func percent(c float64) int {
	if !(c > 0) { // NaN too
		return 0
	}
	return int(math.Floor(min(c, 1)*100 + 1e-9))
}

// Steps returns how many of the five squares of a confidence meter are filled: they stand for 50, 60, 70, 80 and 90
// percent.
func Steps(c float64) int { return max(0, min(percent(c)/10-4, 5)) }

// Price returns a price in US dollars without the sign: grouped, two decimals; four below one dollar.
func Price(v float64) string {
	decimals := 2
	if math.Abs(v) < 1 && v != 0 {
		decimals = 4
	}
	return fixed(v, decimals)
}

// SignedPercent returns a change in percent with its sign: "+0.84%", "−1.20%", "0.00%".
func SignedPercent(v float64) string {
	s := fixed(v, 2)
	if v > 0 && strings.Trim(s, "0.") != "" {
		s = "+" + s
	}
	return s + "%"
}

// Ratio returns a multiple: "4.2×", "12×" from ten on.
func Ratio(v float64) string {
	if math.Abs(v) >= 9.95 {
		return fixed(v, 0) + times
	}
	return fixed(v, 1) + times
}

// Correlation returns a value of 0 to 1 with two decimals.
func Correlation(v float64) string { return fixed(v, 2) }

// Count returns a whole number, grouped: "12,480".
func Count(n int) string { return fixed(float64(n), 0) }

// Repeats returns the badge of a card that stands for several events: "×3"; nothing for one.
func Repeats(n int) string {
	if n < 2 {
		return ""
	}
	return times + Count(n)
}

// Plural returns a count with its noun: "1 event", "4 events". The noun takes a plain s.
func Plural(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return Count(n) + " " + noun + "s"
}

// fixed writes a number with a fixed count of decimals, groups of three and a real minus. A number that rounds to zero
// has no sign; one that is none (NaN, infinite) is a dash.
func fixed(v float64, decimals int) string {
	if math.IsNaN(v) || math.IsInf(v, 0) {
		return absent
	}
	s := strconv.FormatFloat(math.Abs(v), 'f', decimals, 64)
	whole, rest, _ := strings.Cut(s, ".")
	var b strings.Builder
	if v < 0 && strings.Trim(s, "0.") != "" {
		b.WriteString(minus)
	}
	for i, d := range whole {
		if i > 0 && (len(whole)-i)%3 == 0 {
			b.WriteByte(',')
		}
		b.WriteRune(d)
	}
	if decimals > 0 {
		b.WriteByte('.')
		b.WriteString(rest)
	}
	return b.String()
}

// Clip shortens untrusted text to at most n characters, with an ellipsis in place of the rest.
func Clip(s string, n int) string {
	if utf8.RuneCountInString(s) <= n {
		return s
	}
	r := []rune(s)
	return strings.TrimRight(string(r[:max(n-1, 0)]), " ") + "…"
}
