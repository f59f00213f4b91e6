package classify

import (
	"strings"

	"github.com/valyala/fastjson"

	"tierboard/server/classify/found"
	"tierboard/server/classify/loose"
	"tierboard/server/classify/scalar"
	"tierboard/shared/event"
	"tierboard/shared/filter"
)

// tierWord folds a producer's tier word into ours; TierNone for words that name no tier.
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

// tierOf is tierWord for a field's value. exact tells that the word is ours, in any letter case.
func tierOf(v *fastjson.Value) (tier event.Tier, exact bool) {
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

// tierOfTimeframe returns the tier in which a folded timeframe occurs: minutes and hours intraday, days and longer
// daily; TierNone for what is no bar length.
func tierOfTimeframe(timeframe string) event.Tier {
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

// tierField is a field that may hold a tier word.
type tierField struct {
	key  loose.Key
	from int // the first layer in which it counts
}

// tierFields, best first. The outermost source names the producer, and pattern_type counts only when the pattern's name is elsewhere, which
// is settled before.
var tierFields = []tierField{{vocabulary.Key("tier"), 0}, {vocabulary.Key("source"), 1}, {vocabulary.Key("pattern_type"), 0}}

// explicitTier takes the tier the producer names, and the word when it is not quite one of ours.
func (d *detection) explicitTier() (tier event.Tier, received string) {
	for _, tf := range tierFields {
		for i := len(d.Layers) - 1; i >= tf.from; i-- {
			f := d.Layers[i].Get(tf.key)
			if f == nil || f.Used && f.Key == "pattern_type" {
				continue
			}
			t, exact := tierOf(f.Value)
			switch {
			case t == event.TierNone:
				if f.Key != "tier" || received != "" {
					continue
				}
				if received, _ = scalar.Text(f.Value, event.MaxText); received != "" {
					f.Used = true // none of ours: told in the details, under a name that cannot be mistaken for the tier
				}
			case tier == event.TierNone:
				tier = t
				f.Used = true
				if !exact {
					received, _ = scalar.Text(f.Value, event.MaxText)
				}
			case t == tier:
				f.Used = true // the same said again
			}
		}
	}
	return tier, received
}

// inferTier returns the tier by everything but a word: combo fields, the timeframe, the channel, the pattern.
func (d *detection) inferTier(timeframe string, name *spelling) event.Tier {
	if d.Has(&comboKeys) {
		return event.Combo
	}
	if t := tierOfTimeframe(timeframe); t != event.TierNone {
		return t
	}
	if d.row.Tier != event.TierNone {
		return d.row.Tier
	}
	if d.live {
		return event.Intraday
	}
	if len(name.Tiers) == 1 {
		return name.Tiers[0]
	}
	return event.TierNone
}

// takeTimeframe takes the bar length in its folded form; "" if the producer did not say.
func (d *detection) takeTimeframe() string {
	const longest = 32
	f := d.Peek(&timeframeKeys)
	if f == nil {
		return ""
	}
	word, ok := scalar.Text(f.Value, longest+1)
	if !ok || word == "" || len(word) > longest {
		d.out.Flags |= found.BadExtra
		return ""
	}
	d.Mark(f)
	return filter.Timeframe(word)
}
