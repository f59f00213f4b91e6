package api

import "time"

// Pattern is one event, as lists, streams and exports show it. Its fields are those of the live stream; status, related and
// outcome come on request.
type Pattern struct {
	Kind         string     `json:"kind" doc:"What sort of event; pattern today." example:"pattern"`
	ID           string     `json:"id" doc:"The producer's id, else derived from the content." example:"9f6c0d0e-5a0c-5f4e-9a3f-7f1d3a2b1c00"`
	Seq          uint64     `json:"seq" doc:"Position in the life of the server that accepted it; see epoch in metadata." example:"184466"`
	Tier         string     `json:"tier,omitempty" enum:"daily,intraday,combo" doc:"The stream it belongs to." example:"intraday"`
	Symbol       string     `json:"symbol,omitempty" doc:"Upper-case ticker." example:"AAPL"`
	PatternType  string     `json:"pattern_type,omitempty" doc:"Canonical slug, see /api/patterns/types." example:"volume_spike"`
	PatternLabel string     `json:"pattern_label,omitempty" doc:"The same for people." example:"Volume Spike"`
	Timeframe    string     `json:"timeframe,omitempty" doc:"Length of the bars it was found on." example:"5min"`
	Direction    string     `json:"direction,omitempty" enum:"bullish,bearish,neutral" doc:"Where it points; absent if the producer did not say." example:"bullish"`
	Confidence   float64    `json:"confidence" minimum:"0" maximum:"1" doc:"The detector's score. It is not a probability; see calibration in /api/patterns/performance." example:"0.91"`
	Priority     string     `json:"priority" enum:"low,medium,high,critical" doc:"From the confidence: 0.9 and more is critical, 0.8 high, 0.6 medium, less low." example:"critical"`
	DetectedAt   time.Time  `json:"detected_at" doc:"When the detector saw it." example:"2026-11-20T19:31:07.412Z"`
	PublishedAt  *time.Time `json:"published_at,omitempty" doc:"When the producer sent it." example:"2026-11-20T19:31:07.430Z"`
	ReceivedAt   *time.Time `json:"received_at,omitempty" doc:"When this server read it." example:"2026-11-20T19:31:07.434Z"`
	ExpiresAt    *time.Time `json:"expires_at,omitempty" doc:"When it stops meaning anything." example:"2026-11-20T20:01:07.000Z"`
	Session      string     `json:"session,omitempty" enum:"pre_market,regular,post_market,closed" doc:"The exchange's session at detected_at." example:"regular"`
	SessionDate  string     `json:"session_date,omitempty" format:"date" doc:"The trading day detected_at belongs to." example:"2026-11-20"`

	Price          *float64 `json:"price,omitempty" doc:"US dollars at detection." example:"229.41"`
	PriceChangePct *float64 `json:"price_change_pct,omitempty" doc:"Percent: 2.5 is +2.5 %." example:"0.84"`
	Volume         *float64 `json:"volume,omitempty" doc:"Shares." example:"1843200"`
	RelativeVolume *float64 `json:"relative_volume,omitempty" doc:"Ratio to the usual volume; 1 is normal." example:"4.2"`
	Levels         []Level  `json:"levels,omitempty" doc:"Prices that matter to the pattern."`
	Occurrences    int      `json:"occurrences,omitempty" doc:"How many times it was seen." example:"1"`
	Source         string   `json:"source,omitempty" doc:"The producer's name for itself." example:"TickStockPL"`

	MarketSession string `json:"market_session,omitempty" enum:"pre_market,regular,post_market,closed" doc:"Daily only: the session in which the daily run reported it." example:"post_market"`
	RealTime      *bool  `json:"real_time,omitempty" doc:"Intraday only: reported while the market was open, not by a later run." example:"true"`

	CorrelationStrength *float64 `json:"correlation_strength,omitempty" minimum:"0" maximum:"1" doc:"Combo only: how well trigger and setup belong together." example:"0.86"`
	DailyContext        *Link    `json:"daily_context,omitempty" doc:"Combo only: the daily setup."`
	IntradayTrigger     *Link    `json:"intraday_trigger,omitempty" doc:"Combo only: the intraday trigger."`

	Facets  map[string]string `json:"facets,omitempty" doc:"Values of further dimensions, by name."`
	Details map[string]any    `json:"details,omitempty" doc:"Every field of the producer that has no place above."`

	Status  string    `json:"status,omitempty" enum:"active,expired" doc:"With include=status: whether expires_at has passed." example:"active"`
	Related *Refs     `json:"related,omitempty" doc:"With include=related: ids of the events it forms a chain with."`
	Outcome []Outcome `json:"outcome,omitempty" doc:"With include=outcome: what became of it, by horizon."`
}

// Level is a price that matters to a pattern.
type Level struct {
	Kind  string  `json:"kind" doc:"entry, stop, target, support, resistance, or level if the producer did not say." example:"target"`
	Price float64 `json:"price" doc:"US dollars." example:"232.5"`
	Label string  `json:"label,omitempty" doc:"Short text." example:"T1"`
}

// Link is a combo's reference to one of the two events it is made of.
type Link struct {
	ID           string         `json:"id,omitempty" doc:"The event's id; absent when the link is missing." example:"77aa41f2-6a55-5c55-8c7e-12fa60e5b001"`
	Link         string         `json:"link" enum:"exact,inferred,missing" doc:"exact: the producer gave the id; inferred: same symbol and pattern, nearest earlier; missing: none is known." example:"exact"`
	PatternType  string         `json:"pattern_type,omitempty" doc:"Canonical slug." example:"bull_flag"`
	PatternLabel string         `json:"pattern_label,omitempty" doc:"The same for people." example:"Bull Flag"`
	Timeframe    string         `json:"timeframe,omitempty" doc:"Length of the bars." example:"daily"`
	Confidence   *float64       `json:"confidence,omitempty" minimum:"0" maximum:"1" doc:"The detector's score of that event." example:"0.87"`
	DetectedAt   *time.Time     `json:"detected_at,omitempty" doc:"When it was detected." example:"2026-11-19T21:42:00.000Z"`
	SessionDate  string         `json:"session_date,omitempty" format:"date" doc:"Its trading day." example:"2026-11-19"`
	Details      map[string]any `json:"details,omitempty" doc:"The producer's other fields."`
}

// Refs are the ids of the events a pattern forms a chain with.
type Refs struct {
	DailyID    string   `json:"daily_id,omitempty" doc:"The daily setup of a combo." example:"77aa41f2-6a55-5c55-8c7e-12fa60e5b001"`
	IntradayID string   `json:"intraday_id,omitempty" doc:"The intraday trigger of a combo." example:"9f6c0d0e-5a0c-5f4e-9a3f-7f1d3a2b1c00"`
	ComboIDs   []string `json:"combo_ids,omitempty" doc:"Combos made of this event." example:"[\"51b2c7d9-0d0e-5a57-8d3c-5b1f0f3a9d10\"]"`
}

// Outcome is what became of a detection after one horizon, as the producer reported it.
type Outcome struct {
	Horizon    string     `json:"horizon" enum:"1d,5d,30d" doc:"How long after the detection." example:"1d"`
	ReturnPct  *float64   `json:"return_pct,omitempty" doc:"Percent since the detection." example:"1.2"`
	Success    *bool      `json:"success,omitempty" doc:"Whether it counts as a success; absent until known." example:"true"`
	ResolvedAt *time.Time `json:"resolved_at,omitempty" doc:"When the producer worked it out." example:"2026-11-21T21:00:00.000Z"`
}

// PatternList is the answer of the lists.
type PatternList struct {
	Patterns []Pattern `json:"patterns" doc:"The events, in the order asked for."`
	Metadata ListMeta  `json:"metadata" doc:"About the list."`
}

// ListMeta tells what a list is and where it goes on.
type ListMeta struct {
	Tier       string    `json:"tier,omitempty" enum:"daily,intraday,combo" doc:"The tier of the path; absent for /api/patterns." example:"intraday"`
	Count      int       `json:"count" doc:"Events in this page." example:"100"`
	AsOf       time.Time `json:"as_of" doc:"When the answer was made." example:"2026-11-20T19:31:11.020Z"`
	Epoch      string    `json:"epoch" doc:"Names this life of the server; max_seq means something only together with it." example:"QJ5W3X6N7K2M4P8R"`
	MaxSeq     uint64    `json:"max_seq" doc:"Position of the newest accepted event; after=EPOCH-SEQ resumes the stream from it." example:"184467"`
	Applied    Applied   `json:"applied" doc:"The filters and defaults in force."`
	NextCursor string    `json:"next_cursor,omitempty" doc:"Opaque; absent on the last page." example:"eyJ2IjoxfQ"`
	NextURL    string    `json:"next_url,omitempty" doc:"The same as a path." example:"/api/patterns/intraday?cursor=eyJ2IjoxfQ"`
	TookMS     float64   `json:"took_ms" doc:"Milliseconds the server took." example:"3.1"`
}

// Applied repeats what a list was asked for, canonical, with the defaults filled in.
type Applied struct {
	Tiers          []string   `json:"tiers,omitempty" doc:"Tiers asked for." example:"[\"intraday\"]"`
	Kinds          []string   `json:"kinds,omitempty" doc:"Sorts of event." example:"[\"pattern\"]"`
	PatternTypes   []string   `json:"pattern_types,omitempty" doc:"Canonical slugs." example:"[\"volume_spike\"]"`
	Symbols        []string   `json:"symbols,omitempty" doc:"Symbols asked for, those of the watchlist included." example:"[\"AAPL\",\"NVDA\"]"`
	ExcludeSymbols []string   `json:"exclude_symbols,omitempty" doc:"Symbols left out." example:"[\"TSLA\"]"`
	Watchlist      string     `json:"watchlist,omitempty" doc:"The watchlist that symbols came from." example:"Q5FJ3QZ4"`
	Timeframes     []string   `json:"timeframes,omitempty" doc:"Bar lengths." example:"[\"5min\"]"`
	Sessions       []string   `json:"sessions,omitempty" doc:"Sessions of the exchange." example:"[\"regular\"]"`
	Directions     []string   `json:"directions,omitempty" doc:"Directions." example:"[\"bullish\"]"`
	ConfidenceMin  *float64   `json:"confidence_min,omitempty" doc:"Least confidence, inclusive." example:"0.6"`
	ConfidenceMax  *float64   `json:"confidence_max,omitempty" doc:"Most confidence, inclusive." example:"0.95"`
	PriorityMin    string     `json:"priority_min,omitempty" enum:"low,medium,high,critical" doc:"Least priority." example:"high"`
	Status         string     `json:"status" enum:"active,any" doc:"active leaves out what has expired." example:"any"`
	Since          *time.Time `json:"since,omitempty" doc:"detected_at from here, inclusive." example:"2026-11-19T19:31:11.000Z"`
	Until          *time.Time `json:"until,omitempty" doc:"detected_at before this." example:"2026-11-20T19:31:11.000Z"`
	UpdatedSince   *time.Time `json:"updated_since,omitempty" doc:"received_at from here, inclusive." example:"2026-11-20T19:00:00.000Z"`
	SessionDate    string     `json:"session_date,omitempty" format:"date" doc:"The one trading day." example:"2026-11-20"`
	Sort           string     `json:"sort" enum:"-detected_at,detected_at,-confidence,symbol,expires_at" doc:"The order; the id decides between equals." example:"-detected_at"`
	Limit          int        `json:"limit" doc:"Most events in a page." example:"100"`
}

// Related is a pattern's chain and its neighbours.
type Related struct {
	ID        string    `json:"id" doc:"The event asked about." example:"9f6c0d0e-5a0c-5f4e-9a3f-7f1d3a2b1c00"`
	Chain     []Pattern `json:"chain" doc:"The daily setup, the intraday trigger and the combos that link them, as far as they are known; without the event itself."`
	Neighbors []Pattern `json:"neighbors" doc:"Other events of the same symbol, nearest in time first; at most 20."`
}

// PatternTypes is the catalogue of pattern names.
type PatternTypes struct {
	Types []PatternType `json:"types" doc:"The known patterns, in the order in which pickers show them."`
}

// PatternType is one known pattern.
type PatternType struct {
	Slug           string   `json:"slug" doc:"The pattern_type of events and filters." example:"bull_flag"`
	Label          string   `json:"label" doc:"For people." example:"Bull Flag"`
	Family         string   `json:"family" doc:"What it looks like." example:"flag"`
	Tiers          []string `json:"tiers" doc:"Tiers it occurs in." example:"[\"daily\"]"`
	Aliases        []string `json:"aliases,omitempty" doc:"Other words that mean it, besides other spellings." example:"[\"BullFlag\"]"`
	DefaultHorizon string   `json:"default_horizon" enum:"1d,5d,30d" doc:"The horizon its outcomes are first looked at." example:"5d"`
	Meaning        string   `json:"meaning,omitempty" doc:"One line for people." example:"Sharp rise, then a shallow drift on falling volume"`
}

// Symbols answers a typeahead.
type Symbols struct {
	Symbols []Symbol `json:"symbols" doc:"Symbols that begin with the text, in order; at most limit."`
}

// Symbol is one symbol the server has seen.
type Symbol struct {
	Symbol string     `json:"symbol" doc:"Upper-case ticker." example:"AAPL"`
	LastAt *time.Time `json:"last_at,omitempty" doc:"Detection time of its newest event, while that is recent." example:"2026-11-20T19:31:07.412Z"`
}
