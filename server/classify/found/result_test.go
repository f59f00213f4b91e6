package found_test

import (
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"tierboard/server/classify/found"
)

func TestHorizonsMatchTheirNames(t *testing.T) {
	if n := found.HorizonNames(); n[found.Day1] != "1d" || n[found.Day5] != "5d" || n[found.Day30] != "30d" {
		t.Errorf("got %v", n)
	}
}

func TestFlagsAreApart(t *testing.T) {
	var all found.Flags
	flags := []found.Flags{found.PercentConfidence, found.ZoneAssumed, found.TimeAssumed, found.DetailsCut, found.CountMismatch, found.BadExtra}
	for _, f := range flags {
		if all&f != 0 {
			t.Errorf("flag %b is there twice", f)
		}
		all |= f
	}
	if !all.Has(found.ZoneAssumed|found.BadExtra) || slices.Contains(flags, 0) || found.ZoneAssumed.Has(all) {
		t.Error("Has does not tell flags apart")
	}
}

func TestRejectReadsInOneLine(t *testing.T) {
	x := found.Reject{Reason: found.NoSymbol, Detail: "symbol: missing", Channel: "c"}
	if got := x.Error(); got != "c: no_symbol: symbol: missing" {
		t.Errorf("got %q", got)
	}
}

// TestRejectsAreBounded makes Rejects of what a hostile producer sends.
func TestRejectsAreBounded(t *testing.T) {
	long := "a\x00\n\u202e" + strings.Repeat("é", 200)
	x := found.NewReject(long, found.BadTime, long)
	for _, text := range []string{x.Channel, x.Detail} {
		if len(text) > 200 || !utf8.ValidString(text) || !strings.HasPrefix(text, "a éé") {
			t.Errorf("got %q", text)
		}
	}
	var r found.Result
	if r.Refuse(x); len(r.Rejects) != 1 || r.Rejects[0] != *x {
		t.Errorf("got %+v", r.Rejects)
	}
}

func TestReasonsAreApart(t *testing.T) {
	seen := map[found.Reason]bool{"": true}
	for _, r := range found.Reasons() {
		if seen[r] || strings.Trim(string(r), "abcdefghijklmnopqrstuvwxyz_") != "" {
			t.Errorf("%q is there twice, or is no word", r)
		}
		seen[r] = true
	}
}
