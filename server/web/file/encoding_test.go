package file

import (
	"fmt"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

func TestNegotiate(t *testing.T) {
	for _, test := range []struct{ accept, want string }{
		{"", identity},
		{"gzip, deflate, br, zstd", "br"},
		{"gzip, deflate", "gzip"},
		{"GZIP", "gzip"},
		{"br;q=0.5, gzip;q=0.8", "gzip"},
		{"br;q=0.5, gzip;q=0.5", "br"},
		{"br;q=0, gzip;q=0", identity},
		{"br;q=0, *", "gzip"},
		{"*", "br"},
		{"*;q=0", identity},
		{"identity, br;q=0.5", identity},
		{"identity;q=0.5, br;q=0.5", "br"},
		{"identity;q=0", identity},
		{"br ; q=1.0", "br"},
		{"br;Q=0", identity},
		{"br;q=", identity},
		{"br;q=nonsense, gzip", "gzip"},
		{"br;q=NaN, gzip;q=0.1", "gzip"},
		{"br;q=2, gzip;q=0.1", "gzip"},
		{"br;q=-1", identity},
		{"brotli, xgzip", identity},
		{",,;,", identity},
	} {
		if got := negotiate([]string{test.accept}, []string{"br", "gzip"}); got != test.want {
			t.Errorf("%q gives %s, want %s", test.accept, got, test.want)
		}
	}
	if got := negotiate([]string{"br;q=0.1", "gzip"}, []string{"br", "gzip"}); got != "gzip" {
		t.Errorf("two header lines give %s, want gzip", got)
	}
	if got := negotiate([]string{"br, gzip"}, []string{"gzip"}); got != "gzip" {
		t.Errorf("with gzip alone offered: %s", got)
	}
}

// For well-formed headers the choice is the argmax of the weights, spelled out.
func TestNegotiateAgainstThePlainRule(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		weights := map[string]int{}
		var items []string
		for _, coding := range []string{"br", "gzip", identity, "*", "zstd"} {
			if rapid.Bool().Draw(t, coding+" named") {
				weights[coding] = rapid.IntRange(0, 3).Draw(t, coding)
				items = append(items, fmt.Sprintf("%s;q=0.%d", coding, weights[coding]))
			}
		}
		of := func(coding string) int {
			if w, ok := weights[coding]; ok {
				return w
			}
			return weights["*"]
		}
		want := identity
		switch br, gz, plain := of("br"), of("gzip"), weights[identity]; {
		case br > 0 && br >= gz && br >= plain:
			want = "br"
		case gz > 0 && gz >= plain:
			want = "gzip"
		}
		header := strings.Join(rapid.Permutation(items).Draw(t, "order"), ", ")
		if got := negotiate([]string{header}, []string{"br", "gzip"}); got != want {
			t.Fatalf("%q gives %s, want %s", header, got, want)
		}
	})
}

func FuzzNegotiate(f *testing.F) {
	for _, seed := range []string{"br", "gzip;q=0.5", "*;q=0", "identity;q=0, br;q=1;q=0", "br;q=1e400", ";;q,,="} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, header string) {
		switch got := negotiate([]string{header}, []string{"br", "gzip"}); got {
		case identity:
		case "br", "gzip":
			if lower := strings.ToLower(header); !strings.Contains(lower, got) && !strings.Contains(header, "*") {
				t.Errorf("%q never named %s", header, got)
			}
		default:
			t.Errorf("%q gives %s", header, got)
		}
	})
}
