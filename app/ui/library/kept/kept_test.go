package kept

import (
	"strings"
	"testing"

	"tierboard/app/board"
	"tierboard/app/ui/share"
)

func TestWatchlistsTakePastedTextAndCSV(t *testing.T) {
	cases := map[string]string{
		"AAPL, msft;NVDA\tBRK.B":                      "AAPL MSFT NVDA BRK.B",
		"Symbol,Name\nAAPL,\"Apple\"\nAAPL,again\r\n": "AAPL",
		"Name\tTicker\nApple\tAAPL\nshort\n":          "AAPL",
		"":                                            "", " ,;\n": "", strings.Repeat("X", 40): "",
	}
	for in, want := range cases {
		if got := strings.Join(Symbols(in), " "); got != want {
			t.Errorf("%q gives %q, want %q", in, got, want)
		}
	}
}

func TestSubscriptionsAreDescribed(t *testing.T) {
	fs := []FilterSpec{{Tiers: []string{"daily", "combo"}, PatternTypes: []string{"doji"}, Symbols: []string{"AAPL", "MSFT"}, ConfidenceMin: 0.7}, {}}
	if got := Describe(fs); got != "daily, combo, 1 pattern, 2 symbols, ≥ 70; everything" {
		t.Errorf("described as %q", got)
	}
	if f := fs[0].Filter(); len(f.Tiers) != 2 || f.ConfidenceMin != 0.7 || len(f.Symbols) != 2 {
		t.Errorf("filter %+v", f)
	}
}

func TestShippedViewsCanBeOpened(t *testing.T) {
	for _, v := range Shipped {
		filters, _, _, _, found := share.Read(v.Layout.Query)
		if found != (v.Layout.Query != "") {
			t.Errorf("%s: its query says nothing", v.Name)
		}
		if v.Name != "Everything" && filters == [3]board.ColumnFilter{} {
			t.Errorf("%s restricts nothing", v.Name)
		}
	}
}
