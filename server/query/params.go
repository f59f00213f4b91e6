package query

import (
	"tierboard/server/query/param"
	"tierboard/shared/event"
)

// The words of parameters.
var (
	tierWords      = []string{"daily", "intraday", "combo"}
	sessionWords   = []string{string(event.PreMarket), string(event.Regular), string(event.PostMarket), string(event.Closed)}
	directionWords = []string{string(event.Bullish), string(event.Bearish), string(event.Neutral)}
	priorityWords  = []string{"low", "medium", "high", "critical"}
	statusWords    = []string{"any", "active"}
	sortWords      = []string{string(Newest), string(Oldest), string(Surest), string(BySymbol), string(Soonest)}
	includeWords   = []string{"status", "related", "outcome", "levels", "details"}
	formatWords    = []string{"json", "ndjson", "csv"}
)

// filterParams are the keys of a filter. REST says direction where frames say directions; both are understood.
func filterParams() []param.Param {
	return []param.Param{
		{Name: "symbols", Aliases: []string{"symbol"}, Type: param.TypeList, Most: 500, Doc: "Only these symbols, in any letter case; with exclude_symbols at most 500. The name symbol means the same.", Example: "AAPL,NVDA"},
		{Name: "exclude_symbols", Type: param.TypeList, Most: 500, Doc: "Not these symbols; wins over symbols.", Example: "TSLA"},
		{Name: "pattern_types", Aliases: []string{"pattern_type"}, Type: param.TypeList, Most: 100, Doc: "Only these patterns: slugs of /api/patterns/types or any other spelling of them.", Example: "volume_spike,bull_flag"},
		{Name: "timeframes", Aliases: []string{"timeframe"}, Type: param.TypeList, Most: 100, Doc: "Only these bar lengths; any the producer sends is legal.", Example: "1min,5min"},
		{Name: "sessions", Aliases: []string{"session"}, Type: param.TypeList, Enum: sessionWords, Doc: "Only detections in these sessions of the exchange.", Example: "regular"},
		{Name: "direction", Aliases: []string{"directions"}, Type: param.TypeList, Enum: directionWords, Doc: "Only these directions.", Example: "bullish"},
		{Name: "confidence_min", Type: param.TypeNumber, High: 1, Doc: "Least confidence, inclusive and exact.", Example: "0.6"},
		{Name: "confidence_max", Type: param.TypeNumber, High: 1, Doc: "Most confidence, inclusive and exact; above 0.", Example: "0.95"},
		{Name: "priority_min", Type: param.TypeText, Enum: priorityWords, Doc: "Least priority.", Example: "high"},
	}
}

// tierParams are the keys of a filter that a tier's own path does not have.
func tierParams() []param.Param {
	return []param.Param{
		{Name: "tiers", Aliases: []string{"tier"}, Type: param.TypeList, Enum: tierWords, Doc: "Only these tiers.", Example: "intraday,combo"},
		{Name: "kinds", Aliases: []string{"kind"}, Type: param.TypeList, Most: 100, Doc: "Only these sorts of event.", Example: "pattern"},
	}
}

// listOnly are the parameters that only lists have.
func listOnly() []param.Param {
	return []param.Param{
		{Name: "watchlist", Type: param.TypeText, Doc: "Only symbols of this watchlist, by its id; together with symbols, only those in both.", Example: "Q5FJ3QZ4"},
		{Name: "status", Type: param.TypeText, Enum: statusWords, Default: "any", Doc: "active leaves out what has expired.", Example: "active"},
		{Name: "since", Type: param.TypeTime, Doc: "detected_at from here, inclusive: RFC 3339, Unix seconds, or relative (-15m, -2h, -3d).", Example: "-3d"},
		{Name: "until", Type: param.TypeTime, Doc: "detected_at before this, in the same forms.", Example: "2026-11-20T20:00:00Z"},
		{Name: "updated_since", Type: param.TypeTime, Doc: "Received or changed from here, inclusive, in the same forms; for readers that poll, since events may arrive late.", Example: "-15m"},
		{Name: "session_date", Type: param.TypeDate, Doc: "Only this trading day.", Example: "2026-11-20"},
		{Name: "sort", Type: param.TypeText, Enum: sortWords, Default: string(Newest), Doc: "The order; the id decides between equals. What never expires comes last by expires_at.", Example: "-confidence"},
		{Name: "limit", Type: param.TypeInteger, Low: 1, High: MaxLimit, Default: "100", Doc: "Most events in a page. An export (ndjson, csv) without a limit is not paged and has up to 100,000 rows.", Example: "100"},
		{Name: "cursor", Type: param.TypeText, Doc: "next_cursor of the page before. It carries filters and sort, so only limit, fields, include and format may stand beside it. It lasts a day.", Example: ""},
		{Name: "fields", Type: param.TypeList, Doc: "Only these fields of each event; id is always there.", Example: "symbol,pattern_type,confidence"},
		{Name: "include", Type: param.TypeList, Enum: includeWords, Doc: "What to add: status, related, outcome. levels and details are there anyway; naming them keeps them when fields does not.", Example: "status,outcome"},
		{Name: "format", Type: param.TypeText, Enum: formatWords, Default: "json", Doc: "json, ndjson (one event a line) or csv; the Accept header decides when it is absent.", Example: "csv"},
	}
}

// ListParams are the parameters of a list: of all tiers, or of one.
func ListParams(allTiers bool) []param.Param {
	ps := filterParams()
	if allTiers {
		ps = append(tierParams(), ps...)
	}
	return append(ps, listOnly()...)
}

// StreamParams are the parameters of the event stream.
func StreamParams() []param.Param {
	return append(append(tierParams(), filterParams()...), param.Param{
		Name: "after", Type: param.TypeText, Example: "",
		Doc: "Where to resume, as EPOCH-SEQ: the id of the last event read, for clients that cannot send Last-Event-ID.",
	})
}

// ItemParams are the parameters of one event.
func ItemParams() []param.Param {
	var ps []param.Param
	for _, p := range listOnly() {
		if p.Name == "fields" || p.Name == "include" {
			ps = append(ps, p)
		}
	}
	return ps
}
