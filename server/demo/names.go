package demo

import (
	"fmt"
	"strings"

	"tierboard/server/detect"
)

// words returns the words of a pattern's name, capitalised; abbreviations are all capitals.
func words(pattern string) []string {
	out := strings.Split(pattern, "_")
	for i, w := range out {
		switch w {
		case "vwap", "rsi":
			out[i] = strings.ToUpper(w)
		default:
			out[i] = strings.ToUpper(w[:1]) + w[1:]
		}
	}
	return out
}

// underscored is the spelling Bull_Flag, with the old short form RSI_Div.
func underscored(pattern string) string {
	if pattern == "rsi_divergence" {
		return "RSI_Div"
	}
	return strings.Join(words(pattern), "_")
}

// joined is the spelling BullFlag.
func joined(pattern string) string { return strings.Join(words(pattern), "") }

// spaced is the spelling Bull Flag.
func spaced(pattern string) string { return strings.Join(words(pattern), " ") }

// registered is the registry's spelling: WeeklyBO, otherwise joined.
func registered(pattern string) string {
	if pattern == "weekly_breakout" {
		return "WeeklyBO"
	}
	return joined(pattern)
}

// describe is a sentence about a detection, without its full stop.
func describe(d detect.Detection) string {
	return fmt.Sprintf("%s at %.2f on %.1f times the usual volume", spaced(d.Pattern), d.Price(), d.RelativeVolume)
}
