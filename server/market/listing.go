package market

import (
	"errors"
	"fmt"
	"strings"
)

// Profile is what a symbol is like.
type Profile struct {
	// Symbol is the ticker, upper case, 1 to 10 characters.
	Symbol string
	// Price is what it costs about, in US dollars; the market starts within a tenth of it and never strays for good.
	Price float64
	// Volume is the number of shares on a usual day.
	Volume int64
	// Volatility is the size of a usual day's move as a part of the price: 0.015 is one and a half per cent.
	Volatility float64
	// Beta is how much of the market's own move the symbol makes; 1 is the average.
	Beta float64
}

func (p Profile) validate() error {
	switch {
	case p.Symbol == "" || len(p.Symbol) > 10 || p.Symbol != strings.ToUpper(p.Symbol):
		return fmt.Errorf("symbol %q is no upper-case ticker of 1 to 10 characters", p.Symbol)
	case !(p.Price >= 1 && p.Price <= 100_000):
		return fmt.Errorf("%s: price %v is outside 1..100000", p.Symbol, p.Price)
	case p.Volume < SessionMinutes:
		return fmt.Errorf("%s: volume %d is less than a share a minute", p.Symbol, p.Volume)
	case !(p.Volatility > 0 && p.Volatility <= 0.2):
		return fmt.Errorf("%s: volatility %v is outside 0..0.2", p.Symbol, p.Volatility)
	case !(p.Beta >= 0 && p.Beta <= 4):
		return errors.New(p.Symbol + ": beta is outside 0..4")
	}
	return nil
}

// Listing returns the symbols of the demonstration: sixty large companies and funds. The figures are round and invented, only of
// the right size. The caller owns the slice.
func Listing() []Profile {
	return []Profile{
		{"AAPL", 225, 52_000_000, 0.015, 1.1},
		{"MSFT", 420, 21_000_000, 0.014, 1.0},
		{"NVDA", 130, 240_000_000, 0.029, 1.7},
		{"AMZN", 195, 38_000_000, 0.018, 1.2},
		{"GOOGL", 170, 26_000_000, 0.017, 1.1},
		{"META", 570, 14_000_000, 0.020, 1.2},
		{"TSLA", 250, 95_000_000, 0.034, 1.9},
		{"AVGO", 172, 24_000_000, 0.026, 1.5},
		{"AMD", 152, 47_000_000, 0.029, 1.7},
		{"NFLX", 710, 3_600_000, 0.020, 1.2},
		{"ORCL", 168, 9_500_000, 0.019, 1.0},
		{"CRM", 275, 6_100_000, 0.018, 1.2},
		{"ADBE", 515, 3_200_000, 0.018, 1.1},
		{"INTC", 24, 62_000_000, 0.026, 1.2},
		{"QCOM", 170, 8_300_000, 0.021, 1.3},
		{"TXN", 200, 5_400_000, 0.016, 1.1},
		{"MU", 105, 21_000_000, 0.029, 1.5},
		{"CSCO", 53, 17_000_000, 0.011, 0.8},
		{"IBM", 220, 3_900_000, 0.013, 0.7},
		{"UBER", 76, 19_000_000, 0.022, 1.3},
		{"SHOP", 80, 8_700_000, 0.031, 1.8},
		{"PLTR", 43, 58_000_000, 0.037, 1.9},
		{"PANW", 345, 2_900_000, 0.021, 1.1},
		{"NOW", 905, 1_200_000, 0.019, 1.1},
		{"JPM", 212, 9_100_000, 0.013, 1.0},
		{"BAC", 40, 36_000_000, 0.015, 1.1},
		{"WFC", 56, 17_000_000, 0.016, 1.1},
		{"GS", 495, 2_200_000, 0.016, 1.2},
		{"MS", 105, 6_800_000, 0.016, 1.2},
		{"C", 62, 13_000_000, 0.018, 1.2},
		{"V", 278, 6_400_000, 0.011, 0.9},
		{"MA", 495, 2_500_000, 0.011, 0.9},
		{"AXP", 270, 2_900_000, 0.015, 1.1},
		{"BRK.B", 455, 3_300_000, 0.009, 0.7},
		{"UNH", 585, 3_100_000, 0.014, 0.5},
		{"JNJ", 162, 6_900_000, 0.009, 0.4},
		{"LLY", 900, 3_000_000, 0.020, 0.6},
		{"PFE", 29, 34_000_000, 0.014, 0.6},
		{"MRK", 112, 9_400_000, 0.012, 0.4},
		{"ABBV", 193, 5_200_000, 0.012, 0.5},
		{"TMO", 610, 1_500_000, 0.013, 0.8},
		{"XOM", 118, 15_000_000, 0.014, 0.8},
		{"CVX", 148, 7_800_000, 0.013, 0.8},
		{"COP", 108, 6_200_000, 0.017, 0.9},
		{"SLB", 43, 11_000_000, 0.019, 1.0},
		{"WMT", 80, 16_000_000, 0.010, 0.6},
		{"COST", 890, 1_900_000, 0.012, 0.8},
		{"HD", 400, 3_300_000, 0.012, 1.0},
		{"LOW", 268, 2_500_000, 0.013, 1.0},
		{"NKE", 83, 11_000_000, 0.017, 1.0},
		{"MCD", 300, 3_000_000, 0.010, 0.6},
		{"SBUX", 96, 9_000_000, 0.015, 0.9},
		{"KO", 71, 13_000_000, 0.008, 0.5},
		{"PEP", 172, 5_300_000, 0.009, 0.5},
		{"PG", 172, 6_500_000, 0.009, 0.4},
		{"DIS", 94, 10_000_000, 0.016, 1.1},
		{"BA", 153, 9_800_000, 0.020, 1.3},
		{"CAT", 390, 2_800_000, 0.016, 1.1},
		{"GE", 186, 5_100_000, 0.017, 1.1},
		{"SPY", 570, 48_000_000, 0.008, 1.0},
	}
}
