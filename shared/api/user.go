package api

import "time"

// Me is who is asking.
type Me struct {
	ID     string `json:"id" doc:"The user." example:"local"`
	Name   string `json:"name" doc:"For people." example:"Local user"`
	Limits Limits `json:"limits" doc:"What this user may ask for."`
}

// Limits bound a user's use.
type Limits struct {
	RequestsPerMinute int `json:"requests_per_minute" doc:"Requests in any one minute, counted from the first." example:"6000"`
	ExportsPerMinute  int `json:"exports_per_minute" doc:"Exports among them." example:"30"`
	Streams           int `json:"streams" doc:"Event streams (SSE) open at once." example:"64"`
	ExportRows        int `json:"export_rows" doc:"Rows of one export." example:"100000"`
	Subscriptions     int `json:"subscriptions" doc:"Saved subscriptions." example:"100"`
	Views             int `json:"views" doc:"Saved views." example:"100"`
	Watchlists        int `json:"watchlists" doc:"Watchlists." example:"100"`
}

// Preferences are a user's synced settings. The keys are the page's own; the server keeps them without looking inside.
type Preferences struct {
	Values    map[string]any `json:"values" doc:"Settings by name."`
	Version   int64          `json:"version" doc:"Counts changes; the number in the ETag." example:"7"`
	UpdatedAt *time.Time     `json:"updated_at,omitempty" doc:"When they last changed; absent before the first change." example:"2026-11-20T19:31:11.020Z"`
}

// PreferencesChange is the body of PATCH on the preferences: the named settings replace those before, null removes one, and
// settings that are not named stay.
type PreferencesChange struct {
	Values map[string]any `json:"values" doc:"Settings by name; null removes one."`
}

// FilterSpec says which events are wanted. An absent or empty list means any; lists combine with AND, the values of one
// with OR.
type FilterSpec struct {
	Kinds          []string `json:"kinds,omitempty" maxItems:"100" doc:"Sorts of event; pattern today." example:"[\"pattern\"]"`
	Tiers          []string `json:"tiers,omitempty" maxItems:"100" doc:"daily, intraday, combo." example:"[\"intraday\"]"`
	PatternTypes   []string `json:"pattern_types,omitempty" maxItems:"100" doc:"Slugs or any other spelling." example:"[\"volume_spike\"]"`
	Symbols        []string `json:"symbols,omitempty" maxItems:"500" doc:"Tickers; with exclude_symbols at most 500." example:"[\"AAPL\",\"NVDA\"]"`
	ExcludeSymbols []string `json:"exclude_symbols,omitempty" maxItems:"500" doc:"Tickers to leave out." example:"[\"TSLA\"]"`
	Timeframes     []string `json:"timeframes,omitempty" maxItems:"100" doc:"Bar lengths." example:"[\"5min\"]"`
	Sessions       []string `json:"sessions,omitempty" maxItems:"100" doc:"pre_market, regular, post_market, closed." example:"[\"regular\"]"`
	Directions     []string `json:"directions,omitempty" maxItems:"100" doc:"bullish, bearish, neutral." example:"[\"bullish\"]"`
	ConfidenceMin  *float64 `json:"confidence_min,omitempty" minimum:"0" maximum:"1" doc:"Least confidence, inclusive." example:"0.6"`
	ConfidenceMax  *float64 `json:"confidence_max,omitempty" exclusiveMinimum:"0" maximum:"1" doc:"Most confidence, inclusive." example:"0.95"`
	PriorityMin    string   `json:"priority_min,omitempty" enum:"low,medium,high,critical" doc:"Least priority." example:"high"`
}

// SubscriptionBody is what a client says about a subscription.
type SubscriptionBody struct {
	Name    string       `json:"name" minLength:"1" maxLength:"100" doc:"For people." example:"Tech spikes"`
	Filters []FilterSpec `json:"filters" minItems:"1" maxItems:"16" doc:"An event is wanted when one of them wants it; {} wants everything."`
	Active  *bool        `json:"active,omitempty" doc:"Whether it is in use; true if not said." example:"true"`
}

// Subscription is a saved subscription.
type Subscription struct {
	ID        string       `json:"id" doc:"Its id." example:"Q5FJ3QZ4"`
	Name      string       `json:"name" doc:"For people." example:"Tech spikes"`
	Filters   []FilterSpec `json:"filters" doc:"Canonical."`
	Active    bool         `json:"active" doc:"Whether it is in use." example:"true"`
	Version   int64        `json:"version" doc:"Counts changes; the number in the ETag." example:"1"`
	CreatedAt time.Time    `json:"created_at" doc:"When it was made." example:"2026-11-20T19:31:11.020Z"`
	UpdatedAt time.Time    `json:"updated_at" doc:"When it last changed." example:"2026-11-20T19:31:11.020Z"`
}

// ViewBody is what a client says about a view.
type ViewBody struct {
	Name    string         `json:"name" minLength:"1" maxLength:"100" doc:"For people." example:"Morning"`
	Default bool           `json:"default,omitempty" doc:"Opened when no other is named; at most one is." example:"false"`
	Layout  map[string]any `json:"layout" doc:"Filters, sort, density and columns, in the page's own words."`
}

// View is a saved view of the board.
type View struct {
	ID        string         `json:"id" doc:"Its id." example:"Q5FJ3QZ4"`
	Name      string         `json:"name" doc:"For people." example:"Morning"`
	Default   bool           `json:"default" doc:"Opened when no other is named." example:"false"`
	Layout    map[string]any `json:"layout" doc:"As it was saved."`
	Version   int64          `json:"version" doc:"Counts changes; the number in the ETag." example:"1"`
	CreatedAt time.Time      `json:"created_at" doc:"When it was made." example:"2026-11-20T19:31:11.020Z"`
	UpdatedAt time.Time      `json:"updated_at" doc:"When it last changed." example:"2026-11-20T19:31:11.020Z"`
}

// WatchlistBody is what a client says about a watchlist.
type WatchlistBody struct {
	Name    string   `json:"name" minLength:"1" maxLength:"100" doc:"For people." example:"Semiconductors"`
	Symbols []string `json:"symbols" maxItems:"500" doc:"Tickers; they become upper case, sorted, each once." example:"[\"AMD\",\"NVDA\"]"`
}

// Watchlist is a saved list of symbols.
type Watchlist struct {
	ID        string    `json:"id" doc:"Its id; the watchlist parameter of lists." example:"Q5FJ3QZ4"`
	Name      string    `json:"name" doc:"For people." example:"Semiconductors"`
	Symbols   []string  `json:"symbols" doc:"Tickers in order." example:"[\"AMD\",\"NVDA\"]"`
	Version   int64     `json:"version" doc:"Counts changes; the number in the ETag." example:"1"`
	CreatedAt time.Time `json:"created_at" doc:"When it was made." example:"2026-11-20T19:31:11.020Z"`
	UpdatedAt time.Time `json:"updated_at" doc:"When it last changed." example:"2026-11-20T19:31:11.020Z"`
}

// SubscriptionList is a user's subscriptions.
type SubscriptionList struct {
	Subscriptions []Subscription `json:"subscriptions" doc:"Oldest first."`
	Metadata      CountMeta      `json:"metadata" doc:"About the list."`
}

// ViewList is a user's views.
type ViewList struct {
	Views    []View    `json:"views" doc:"Oldest first."`
	Metadata CountMeta `json:"metadata" doc:"About the list."`
}

// WatchlistList is a user's watchlists.
type WatchlistList struct {
	Watchlists []Watchlist `json:"watchlists" doc:"Oldest first."`
	Metadata   CountMeta   `json:"metadata" doc:"About the list."`
}

// CountMeta tells how long a list that has one page is.
type CountMeta struct {
	Count int `json:"count" doc:"Entries." example:"2"`
}

// EstimateBody asks how many events filters would bring.
type EstimateBody struct {
	Filters []FilterSpec `json:"filters" minItems:"1" maxItems:"16" doc:"As in a subscription."`
}

// Estimate is how many events filters would bring.
type Estimate struct {
	PerHour     float64 `json:"per_hour" doc:"Events an hour, from what came lately." example:"40.2"`
	SampleHours float64 `json:"sample_hours" doc:"How many hours that was taken from; small numbers say little." example:"6.5"`
}
