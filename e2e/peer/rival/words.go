package rival

import (
	"strconv"

	"github.com/centrifugal/centrifuge"

	"tierboard/shared/event"
	"tierboard/shared/filter"
)

// Model is a way to say a filter in the peer's words.
type Model string

// The models.
const (
	// ByChannel has a channel for each tier and symbol, and one for each tier and any symbol. A user subscribes to every pair
	// in the filter; pattern, confidence and priority are a tags filter on the server. Each event is published twice.
	ByChannel Model = "channels"
	// ByTags has one channel, and the whole filter as a tags filter.
	ByTags Model = "tags"
)

// anySymbol stands for the symbol in the channel that gets every event of a tier.
const anySymbol = "*"

// allEvents is the one channel of the model tags.
const allEvents = "events"

// channelsOf returns where an event is published.
func (m Model) channelsOf(e *event.Event) []string {
	if m == ByTags {
		return []string{allEvents}
	}
	return []string{e.Tier.String() + ":" + e.Symbol, e.Tier.String() + ":" + anySymbol}
}

// channelsFor returns what somebody with a filter subscribes to. An event comes through one of them at most.
func (m Model) channelsFor(f *filter.Filter) []string {
	if m == ByTags {
		return []string{allEvents}
	}
	tiers, symbols := f.Tiers, f.Symbols
	if len(tiers) == 0 {
		all := event.Tiers()
		tiers = all[:]
	}
	if len(symbols) == 0 {
		symbols = []string{anySymbol}
	}
	var names []string
	for _, tier := range tiers {
		for _, symbol := range symbols {
			names = append(names, tier.String()+":"+symbol)
		}
	}
	return names
}

// The keys of the tags. They go to the clients with every event, so they are short.
const (
	tagSymbol     = "s"
	tagTier       = "t"
	tagPattern    = "p"
	tagPriority   = "r"
	tagConfidence = "c"
)

// tags returns what filters need to know of an event and its channel does not say.
func (m Model) tags(e *event.Event) map[string]string {
	tags := map[string]string{
		tagPattern: e.Pattern, tagPriority: e.Priority.String(), tagConfidence: number(e.Confidence),
	}
	if m == ByTags {
		tags[tagSymbol], tags[tagTier] = e.Symbol, e.Tier.String()
	}
	return tags
}

// node returns the part of a filter that the channels do not say; nil if there is none. The leaf that fails soonest and
// costs least comes first; a number is parsed for each comparison, so the confidence is the last.
func (m Model) node(f *filter.Filter) *centrifuge.FilterNode {
	var leaves []*centrifuge.FilterNode
	oneOf := func(key string, values []string) {
		switch len(values) {
		case 0:
		case 1:
			leaves = append(leaves, &centrifuge.FilterNode{Key: key, Cmp: "eq", Val: values[0]})
		default:
			leaves = append(leaves, &centrifuge.FilterNode{Key: key, Cmp: "in", Vals: values})
		}
	}
	if m == ByTags {
		oneOf(tagSymbol, f.Symbols)
	}
	oneOf(tagPattern, f.Patterns)
	if m == ByTags {
		var tiers []string
		for _, tier := range f.Tiers {
			tiers = append(tiers, tier.String())
		}
		oneOf(tagTier, tiers)
	}
	if f.PriorityMin > event.Low {
		var words []string
		for p := event.Critical; p >= f.PriorityMin; p-- {
			words = append(words, p.String())
		}
		oneOf(tagPriority, words)
	}
	if f.ConfidenceMin > 0 {
		leaves = append(leaves, &centrifuge.FilterNode{Key: tagConfidence, Cmp: "gte", Val: number(f.ConfidenceMin)})
	}
	switch len(leaves) {
	case 0:
		return nil
	case 1:
		return leaves[0]
	}
	return &centrifuge.FilterNode{Op: "and", Nodes: leaves}
}

// number writes a number so that it reads back as the same one.
func number(v float64) string { return strconv.FormatFloat(v, 'f', -1, 64) }
