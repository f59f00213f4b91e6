package scalar

import (
	"strings"
	"testing"
)

// TestWordsAreLookedAtAsTheirBytesAre puts every byte, beside every kind of neighbour, at every place of a word and behind it.
func TestWordsAreLookedAtAsTheirBytesAre(t *testing.T) {
	for c := range 256 {
		for _, beside := range []string{"", "\x00", "~", "\x7f", "\xff", "\"", "z"} {
			for n := range 20 {
				s := strings.Repeat("a", n) + string([]byte{byte(c)}) + beside + strings.Repeat("a", 19-n)
				var want uint8
				for i := range len(s) {
					want |= classes[s[i]]
				}
				if got := classOf(s); got != want {
					t.Fatalf("%q is of the classes %b, byte by byte %b", s, got, want)
				}
				if got := classOf([]byte(s)); got != want {
					t.Fatalf("%q is as bytes of the classes %b, byte by byte %b", s, got, want)
				}
			}
		}
	}
}
