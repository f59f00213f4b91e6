package outcome

import (
	"slices"
	"testing"

	"pgregory.net/rapid"

	"tierboard/app/ui/tier"
)

// Whatever the report: all rows are there, those without a value last, the others in order.
func TestPatternOrderHoldsForAnyReport(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		r := &Report{}
		total := 0
		for _, s := range tier.All {
			tier := Tier{Tier: s.Class}
			for range rapid.IntRange(0, 12).Draw(t, "groups") {
				g := Group{PatternType: rapid.SampledFrom([]string{"doji", "bull_flag", "odd_one", ""}).Draw(t, "pattern"), Resolved: rapid.IntRange(0, 5).Draw(t, "n")}
				if rapid.Bool().Draw(t, "rate") {
					v := float64(rapid.IntRange(0, 4).Draw(t, "value")) / 4
					g.Success.Rate = &v
				}
				tier.Groups = append(tier.Groups, g)
				total++
			}
			r.Tiers = append(r.Tiers, tier)
		}
		o := Order{rapid.IntRange(ByTier, ByReturn).Draw(t, "column"), rapid.Bool().Draw(t, "falling")}
		rows := r.Rows(o)
		if len(rows) != total {
			t.Fatalf("%d rows of %d", len(rows), total)
		}
		if !slices.IsSortedFunc(rows, func(a, b Row) int {
			switch {
			case o.before(&a, &b):
				return -1
			case o.before(&b, &a):
				return 1
			}
			return 0
		}) {
			t.Fatalf("not in order by %v", o)
		}
		if o.Column == ByRate {
			seen := false
			for _, row := range rows {
				if row.Group.Success.Rate == nil {
					seen = true
				} else if seen {
					t.Fatal("a row without a rate stands before one with")
				}
			}
		}
	})
}

func TestDatesAreForPeople(t *testing.T) {
	for date, want := range map[string]string{"2026-08-22": "22 Aug 2026", "soon": "soon"} {
		if got := ShortDate(date); got != want {
			t.Errorf("%s: %q, want %q", date, got, want)
		}
	}
}
