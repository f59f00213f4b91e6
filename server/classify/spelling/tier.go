package spelling

import (
	"strings"

	"github.com/valyala/fastjson"

	"tierboard/server/classify/scalar"
	"tierboard/shared/event"
)

// tierWord is Tier for a text.
func tierWord(word string) event.Tier {
	switch strings.ReplaceAll(strings.ReplaceAll(strings.ToLower(word), "-", "_"), " ", "_") {
	case "daily", "weekly", "monthly":
		return event.Daily
	case "intraday", "hourly":
		return event.Intraday
	case "combo", "daily_intraday":
		return event.Combo
	}
	return event.TierNone
}

// Tier folds a producer's tier word into ours; TierNone for a value that names no tier. exact tells that the word is ours, in any letter case.
func Tier(v *fastjson.Value) (tier event.Tier, exact bool) {
	var lower, folded [64]byte
	word := scalar.Fold(lower[:0], v, event.MaxText)
	fold := append(folded[:0], word...)
	for i, c := range fold {
		if c == '-' || c == ' ' {
			fold[i] = '_'
		}
	}
	switch string(fold) {
	case "daily", "weekly", "monthly":
		tier = event.Daily
	case "intraday", "hourly":
		tier = event.Intraday
	case "combo", "daily_intraday":
		tier = event.Combo
	}
	return tier, string(word) == tier.String()
}

// IsTier reports whether v names a tier.
func IsTier(v *fastjson.Value) bool {
	tier, _ := Tier(v)
	return tier != event.TierNone
}

// TierOfTimeframe returns the tier in which a folded timeframe occurs: minutes and hours intraday, days and longer
// daily; TierNone for what is no bar length.
func TierOfTimeframe(timeframe string) event.Tier {
	if t := tierWord(timeframe); t != event.TierNone {
		return t
	}
	unit := strings.TrimLeft(timeframe, "0123456789")
	if unit == timeframe || unit == "" {
		return event.TierNone
	}
	switch unit {
	case "s", "sec", "second", "seconds", "min", "hour":
		return event.Intraday
	case "d", "day", "days", "w", "week", "weeks", "mo", "month", "months":
		return event.Daily
	}
	return event.TierNone
}
