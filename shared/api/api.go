// Package api describes the HTTP surface: the paths, and the JSON bodies as Go types, so that the server's routes, the contract
// it publishes, the page and the tools name everything once.
//
// The tags beside json (doc, example, enum, minimum…) are what the published contract is made of. An optional field is left
// out when it is not known; it is null only where its comment says so.
package api

// Paths on the main address.
const (
	PathWebSocket = "/ws"      // the live stream, see package wire
	PathHealth    = "/healthz" // 200 while the process lives
	PathReady     = "/readyz"  // 200 while it can serve; 503 while starting or draining
	PathMetrics   = "/metrics" // Prometheus text, on the main and the admin address

	PathPatterns      = "/api/patterns"               // all tiers
	PathDaily         = "/api/patterns/daily"         // daily patterns
	PathIntraday      = "/api/patterns/intraday"      // intraday patterns
	PathCombo         = "/api/patterns/combo"         // combo patterns
	PathTypes         = "/api/patterns/types"         // the catalogue of pattern names
	PathPerformance   = "/api/patterns/performance"   // outcomes by tier
	PathTiersHealth   = "/api/patterns/tiers/health"  // freshness by tier
	PathPattern       = "/api/patterns/{id}"          // one event
	PathRelated       = "/api/patterns/{id}/related"  // its chain and its neighbours
	PathStream        = "/api/stream/patterns"        // server-sent events
	PathSymbols       = "/api/symbols"                // typeahead
	PathClock         = "/api/market/clock"           // the exchange's clock
	PathSessions      = "/api/market/sessions"        // the exchange's calendar
	PathMe            = "/api/me"                     // who is asking
	PathPreferences   = "/api/me/preferences"         // synced settings
	PathSubscriptions = "/api/subscriptions"          // saved subscriptions
	PathEstimate      = "/api/subscriptions/estimate" // how many events filters would bring
	PathViews         = "/api/views"                  // saved views
	PathWatchlists    = "/api/watchlists"             // saved lists of symbols
	PathOps           = "/api/ops"                    // the server's own numbers
	PathDeadLetters   = "/api/ops/dead-letters"       // messages that are no event

	PathOpenAPIJSON = "/openapi.json" // the contract
	PathOpenAPIYAML = "/openapi.yaml" // the same in YAML
	PathFrames      = "/frames.json"  // the frames of the live stream, as JSON Schema
	PathDocs        = "/docs"         // the contract as a page
	PathProblems    = "/problems/"    // explains a problem's type; the slug follows
)

// Problem is the JSON body of every HTTP error (RFC 9457).
type Problem struct {
	Type      string       `json:"type" doc:"Names the kind of problem; the path of a page that explains it." example:"/problems/invalid-parameter"`
	Title     string       `json:"title" doc:"The same for every problem of this type." example:"A parameter cannot be used"`
	Status    int          `json:"status" doc:"The HTTP status." example:"422"`
	Detail    string       `json:"detail" doc:"A sentence about this occurrence that names the field." example:"symbl: is no parameter; did you mean symbols?"`
	RequestID string       `json:"request_id,omitempty" doc:"The X-Request-Id of the answer, to find it in the log." example:"Q5FJ3QZ4"`
	Errors    []FieldError `json:"errors,omitempty" doc:"Every field that is wrong."`
}

// FieldError is one thing that is wrong with a request.
type FieldError struct {
	Location string `json:"location" doc:"Where it is: query.NAME, body.NAME, path.NAME or header.NAME." example:"query.symbl"`
	Message  string `json:"message" doc:"What is wrong with it." example:"is no parameter; did you mean symbols?"`
	Value    string `json:"value,omitempty" doc:"The value, when it is short and plain enough to repeat." example:"AAPL"`
}
