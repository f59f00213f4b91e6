// Package found holds what a producer's texts turn out to be: a Result with events, outcomes, session edges and health samples, and a
// Reject, with a Reason, for each thing that is none of them. These are values and nothing more; package classify makes them.
package found

import (
	"fmt"
	"time"

	"tierboard/server/classify/scalar"
	"tierboard/shared/event"
)

// Result is everything one text held. The slices are the caller's.
type Result struct {
	Events   []*event.Event // each passes event.Validate; Seq is 0
	Outcomes []Outcome
	Sessions []SessionEdge
	Health   []HealthSample
	Rejects  []Reject

	// Entries is how many things the text held: 1, or the entries of a batch. Entries that are in none of the slices were
	// understood and are of no interest.
	Entries int
	// Ignored is set when the text was understood and nothing in it is of interest: a life-cycle notice, a cache update.
	Ignored bool
	// SessionID is the producer's streaming session the text belongs to, or "". A new one implies that the session began.
	SessionID string
	// Flags tells what had to be assumed or mended, for any of the entries.
	Flags Flags
}

// Refuse adds a Reject, of which it keeps a copy.
func (r *Result) Refuse(x *Reject) { r.Rejects = append(r.Rejects, *x) }

// Flags are remarks on how a text was read.
type Flags uint16

// The remarks.
const (
	PercentConfidence Flags = 1 << iota // a confidence came as 0 to 100
	ZoneAssumed                         // a time had no zone, so UTC was assumed
	TimeAssumed                         // there was no detection time, so the time of receipt was taken
	DetailsCut                          // details were too large to keep in full
	CountMismatch                       // a batch said it has more or fewer entries than it has
	BadExtra                            // an optional field could not be understood and was kept in the details
)

// Has reports whether all of the remarks in x were made.
func (f Flags) Has(x Flags) bool { return f&x == x }

// Reason says in one stable word why a text is no event. It is fit to be a metric's label.
type Reason string

// The reasons.
const (
	BadJSON        Reason = "bad_json"        // not one JSON value
	BadShape       Reason = "bad_shape"       // JSON, but no object where one is needed
	TooLarge       Reason = "too_large"       // more bytes than classify.Config.MaxBytes
	TooDeep        Reason = "too_deep"        // nested deeper than classify.Config.MaxDepth
	TooWide        Reason = "too_wide"        // an object with more fields than classify.Config.MaxFields
	TooMany        Reason = "too_many"        // the entries of a batch beyond classify.Config.MaxBatch
	EmptyBatch     Reason = "empty_batch"     // a batch without entries
	UnknownChannel Reason = "unknown_channel" // no row of the channel table
	NoSymbol       Reason = "no_symbol"       // symbol missing or empty
	BadSymbol      Reason = "bad_symbol"      // symbol is no text, or too long
	NoPattern      Reason = "no_pattern"      // no name of a pattern
	BadPattern     Reason = "bad_pattern"     // a name without a letter or digit, or no text
	NoConfidence   Reason = "no_confidence"   // neither confidence nor a signal_strength from 0 to 1
	BadConfidence  Reason = "bad_confidence"  // confidence is no number from 0 to 100
	BadTime        Reason = "bad_time"        // a time that cannot be read, or is absurd
	UnknownTier    Reason = "unknown_tier"    // nothing tells the tier
	NoOutcome      Reason = "no_outcome"      // an outcome without horizons, or that names no event
	BadOutcome     Reason = "bad_outcome"     // an outcome that is no finite number
	NoSession      Reason = "no_session"      // a session edge without a session id
	NoHealth       Reason = "no_health"       // a health sample that says nothing
	InvalidEvent   Reason = "invalid_event"   // a decoder from outside made an event that event.Validate refuses
)

// Reasons lists every reason, in the order in which a text meets them.
func Reasons() []Reason {
	return []Reason{
		UnknownChannel, TooLarge, TooDeep, BadJSON, BadShape, TooWide, EmptyBatch, TooMany, NoSymbol, BadSymbol, NoPattern, BadPattern,
		NoConfidence, BadConfidence, BadTime, UnknownTier, NoOutcome, BadOutcome, NoSession, NoHealth, InvalidEvent,
	}
}

// maxDetail is the longest Reject.Detail, and the longest Reject.Channel, in bytes.
const maxDetail = 200

// Reject is a text, or an entry of a batch, that is nothing we can use.
type Reject struct {
	Reason  Reason
	Detail  string // names the field and what is wrong with it; at most 200 bytes, fit to show and to log
	Channel string // where it came from
}

// Error returns channel, reason and detail in one line.
func (r Reject) Error() string { return fmt.Sprintf("%s: %s: %s", r.Channel, r.Reason, r.Detail) }

// NewReject returns a Reject. It bounds and cleans detail and channel, which may quote what the producer sent, to 200 bytes each.
func NewReject(channel string, reason Reason, detail string) *Reject {
	detail, _ = scalar.Clean(detail, maxDetail)
	channel, _ = scalar.Clean(channel, maxDetail)
	return &Reject{Reason: reason, Detail: detail, Channel: channel}
}

// The horizons of an outcome, as indices of Outcome.Horizons.
const (
	Day1 = iota
	Day5
	Day30
)

// HorizonNames are the producer's and our words for the horizons.
func HorizonNames() [3]string { return [3]string{"1d", "5d", "30d"} }

// Outcome is what became of a detection, as far as the producer knows.
type Outcome struct {
	// Refs are ids the event may have, most likely first, made by the rule that makes event ids. Empty when the producer gave none.
	Refs       []string
	Symbol     string    // upper case; "" if unknown, and then Refs is not empty
	Pattern    string    // canonical slug; "" if unknown
	DetectedAt time.Time // UTC; zero if unknown
	Horizons   [3]Horizon
	// CalculatedAt is when the producer worked it out, UTC; zero if it did not say.
	CalculatedAt time.Time
	Source       string
}

// Horizon is the outcome after one horizon.
type Horizon struct {
	Value   event.Number // return as a fraction: 0.025 is +2.5 %; absent until known
	Success *bool        // the producer's own verdict; nil when it gave none
}

// SessionEdge is the begin or end of one of the producer's streaming sessions.
type SessionEdge struct {
	ID       string
	Started  bool      // false: it ended
	At       time.Time // UTC
	Universe string    // the producer's name for the symbols it watches
	Symbols  event.Number
	Status   string        // active, completed, stopped, failed; in lower case, "" if not said
	Reason   string        // why it ended
	Trigger  string        // scheduled, manual
	Duration time.Duration // of an ended session; 0 if not said

	Patterns   event.Number // detections in the session
	Indicators event.Number
	Bars       event.Number
	Source     string
}

// HealthSample is one report of the producer about itself.
type HealthSample struct {
	Streaming bool   // of a streaming session; false: of the whole system
	SessionID string // "" for the whole system
	Component string
	Status    string // healthy, degraded, warning, error, critical, starting, stopping; lower case, untrusted
	At        time.Time
	// Zero is set when the sample reports activity and all of it is zero. The producer interleaves such samples with real
	// ones: hold the last good value instead of showing them.
	Zero bool

	ActiveSymbols, StaleSymbols                    event.Number
	TicksPerSecond, BarsPerMinute, EventsPerSecond event.Number
	LagMillis, CPUPercent, MemoryPercent, MemoryMB event.Number
	Patterns, Indicators, Errors                   event.Number // counts since the session began
	Reconnects, Connections, UptimeSeconds         event.Number
	Issues                                         []string // at most 16
	Source                                         string
}
