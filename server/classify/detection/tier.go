package detection

import (
	"tierboard/server/classify/found"
	"tierboard/server/classify/loose"
	"tierboard/server/classify/reading"
	"tierboard/server/classify/scalar"
	"tierboard/server/classify/spelling"
	"tierboard/shared/event"
	"tierboard/shared/filter"
)

// tierField is a field that may hold a tier word.
type tierField struct {
	key  loose.Key
	from int // the first layer in which it counts
}

// tierFields, best first. The outermost source names the producer, and pattern_type counts only when the pattern's name is elsewhere, which
// is settled before.
var tierFields = []tierField{{reading.Key("tier"), 0}, {reading.Key("source"), 1}, {reading.Key("pattern_type"), 0}}

// explicitTier takes the tier the producer names, and the word when it is not quite one of ours.
func (d *detection) explicitTier() (tier event.Tier, received string) {
	for _, tf := range tierFields {
		for i := len(d.Layers) - 1; i >= tf.from; i-- {
			f := d.Layers[i].Get(tf.key)
			if f == nil || f.Used && f.Key == "pattern_type" {
				continue
			}
			t, exact := spelling.Tier(f.Value)
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
func (d *detection) inferTier(timeframe string, name *spelling.Pattern) event.Tier {
	if d.Has(&comboKeys) {
		return event.Combo
	}
	if t := spelling.TierOfTimeframe(timeframe); t != event.TierNone {
		return t
	}
	if d.Origin.Tier != event.TierNone {
		return d.Origin.Tier
	}
	if d.Live {
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
	f := d.Peek(&reading.TimeframeKeys)
	if f == nil {
		return ""
	}
	word, ok := scalar.Text(f.Value, longest+1)
	if !ok || word == "" || len(word) > longest {
		d.Out.Flags |= found.BadExtra
		return ""
	}
	d.Mark(f)
	return filter.Timeframe(word)
}
