package palette

import (
	"strings"
	"testing"

	"tierboard/app/ui/tier"
	"tierboard/shared/event"
)

func TestPaletteFinds(t *testing.T) {
	titles := func(q string) (out []string) {
		for _, c := range search(q, []string{"AAPL", "AMD", "NVDA"}) {
			out = append(out, c.title)
		}
		return out
	}
	cases := []struct {
		query string
		first string
	}{{"aap", "AAPL"}, {"A", "AAPL"}, {"volume", "Volume Spike"}, {"light", "Light theme"}, {"cards compact", "Compact cards"}, {"", fixedCommands[0].title}}
	for _, c := range cases {
		if got := titles(c.query); len(got) == 0 || got[0] != c.first {
			t.Errorf("%q finds %q first, want %q", c.query, got, c.first)
		}
	}
	if got := titles("no such thing at all"); len(got) != 0 {
		t.Errorf("nonsense finds %q", got)
	}
	if n := len(titles("")); n != paletteRows {
		t.Errorf("an empty query lists %d lines, want %d", n, paletteRows)
	}
	for _, c := range patternCommands() {
		parts := strings.Split(c.id, ":")
		if len(parts) != 3 || tier.OfClass(parts[1]) == event.TierNone {
			t.Errorf("command %q names no tier", c.id)
		}
	}
}
