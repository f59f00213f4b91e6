package spell

import (
	"strings"
	"testing"
)

func TestNumbersOfPages(t *testing.T) {
	plain := func(s string) string { return strings.ReplaceAll(s, "\u00a0", " ") }
	for _, c := range []struct{ got, want string }{
		{Percent(.58), "58%"},
		{Percent(.996), "100%"},
		{Percent(-1), "0%"},
		{PercentRange(.541, .619), "54–62%"},
		{Millis(.012), "0.012 ms"},
		{Millis(.2), "0.20 ms"},
		{Millis(4.84), "4.8 ms"},
		{Millis(92.4), "92 ms"},
		{Millis(12_500), "12.5 s"},
		{PerSecond(0), "0.0"},
		{PerSecond(.44), "0.4"},
		{PerSecond(9.96), "10"},
		{PerSecond(1260), "1,260"},
		{Count(184467), "184,467"},
		{Count(1<<64 - 1), "9,007,199,254,740,992"},
		{Name("too_slow"), "Too slow"},
		{Name(""), "–"},
		{Name("über"), "über"},
		{Clean("a\nb\x00c\u202ed", 20), "a b\ufffdc\ufffdd"},
		{Clean("abcdef", 3), "ab…"},
	} {
		if plain(c.got) != c.want {
			t.Errorf("got %q, want %q", c.got, c.want)
		}
	}
}
