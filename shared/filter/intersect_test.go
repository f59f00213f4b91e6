package filter

import (
	"testing"

	"pgregory.net/rapid"
)

// The intersection wants exactly what both filters want, and "impossible" means that nothing can.
func TestIntersectIsBoth(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a, b := filters().Draw(t, "a").Canonical(), filters().Draw(t, "b").Canonical()
		f, possible := Intersect(a, b)
		for range 20 {
			e := events().Draw(t, "event")
			want := a.Match(e) && b.Match(e)
			if want && !possible {
				t.Fatalf("called impossible, but both want %+v", e)
			}
			if possible && f.Match(e) != want {
				t.Fatalf("got %v, want %v for %+v", f.Match(e), want, e)
			}
		}
		if g, ok := Intersect(b, a); ok != possible || g.Key() != f.Key() && possible {
			t.Fatalf("the order of the two matters: %s and %s", f.Key(), g.Key())
		}
	})
}
