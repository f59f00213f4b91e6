package event

import (
	"errors"
	"fmt"
	"strconv"
	"time"
	"unicode/utf8"
)

// Event is one thing the producer reported. It is immutable once published; its zero optional fields mean "not
// reported" and are left out on the wire.
type Event struct {
	Kind  Kind   // what sort of event; Pattern for detections
	ID    string // the producer's id, else derived from the content, so that the same detection has the same id
	Seq   uint64 // position in this server's life, from 1; 0 before the hub accepted the event
	Tier  Tier
	Scope // symbol, pattern, timeframe, direction

	Confidence float64  // 0 to 1, the detector's score; not a probability
	Priority   Priority // from Confidence, see PriorityOf

	DetectedAt  time.Time // when the detector saw it, UTC
	PublishedAt time.Time // when the producer sent it, UTC; zero if it did not say
	ReceivedAt  time.Time // when this server read it, UTC
	ExpiresAt   time.Time // when the pattern stops meaning anything, UTC; zero if unknown

	Session     Session // the exchange's session at DetectedAt
	SessionDate string  // the trading day DetectedAt belongs to, YYYY-MM-DD

	Price          Number // US dollars at detection
	ChangePct      Number // percent: 2.5 is +2.5 %
	Volume         Number // shares
	RelativeVolume Number // ratio to the usual volume; 1 is normal

	Levels      []Level
	Occurrences int    // how many times it was seen; always 1 on the live path
	Source      string // the producer's name for itself

	Daily    *DailyDetail // exactly one of the three is set on a pattern event, the one of its Tier
	Intraday *IntradayDetail
	Combo    *ComboDetail

	// Facets are the values of dimensions beyond the built-in ones, by name (for instance "regime").
	Facets map[Dim]string
	// Details is a JSON object of every producer field that has no place above, or "" for none.
	Details string
}

// Scope is what the event is about.
type Scope struct {
	Symbol    string // upper-case ticker, untrusted text
	Pattern   string // canonical snake_case slug; pattern_type on the wire
	Label     string // text for people; pattern_label on the wire
	Timeframe string // "1min", "5min", "daily"; empty if the producer did not say
	Direction Direction
}

// DailyDetail is what only daily events have.
type DailyDetail struct {
	MarketSession Session // the session in which the daily run reported it
}

// IntradayDetail is what only intraday events have.
type IntradayDetail struct {
	RealTime bool // reported while the market was open, not by a later run
}

// ComboDetail is what only combo events have.
type ComboDetail struct {
	Correlation Number // 0 to 1: how well trigger and setup belong together
	Setup       *Link  // the daily event; daily_context on the wire
	Trigger     *Link  // the intraday event; intraday_trigger on the wire
}

// LinkKind says how sure it is which event a Link means.
type LinkKind string

// The kinds of link.
const (
	LinkExact    LinkKind = "exact"    // the producer gave the id
	LinkInferred LinkKind = "inferred" // same symbol and pattern, nearest earlier event
	LinkMissing  LinkKind = "missing"  // no such event is known
)

// Link is a combo's reference to one of the two events it is made of.
type Link struct {
	ID          string // empty when Kind is LinkMissing
	Kind        LinkKind
	Pattern     string // canonical slug
	Label       string
	Timeframe   string
	Confidence  Number
	DetectedAt  time.Time
	SessionDate string
	Details     string // a JSON object of the producer's other fields, or ""
}

// Level is a price that matters to the pattern.
type Level struct {
	Kind  string // entry, stop, target, support, resistance, or "level" if the producer did not say
	Price float64
	Label string // "T1"; may be empty
}

// Number is a float64 that may be absent. The zero Number is absent.
type Number struct {
	value float64
	set   bool
}

// Num returns a present Number.
func Num(v float64) Number { return Number{value: v, set: true} }

// Get returns the value and whether there is one.
func (n Number) Get() (float64, bool) { return n.value, n.set }

// IsZero reports whether the Number is absent; a present 0 is not zero.
func (n Number) IsZero() bool { return !n.set }

// Dim names a dimension an event can be matched by.
type Dim string

// The built-in dimensions. Facet answers for these from the event's own fields.
const (
	DimKind      Dim = "kind"
	DimTier      Dim = "tier"
	DimPattern   Dim = "pattern_type"
	DimSymbol    Dim = "symbol"
	DimTimeframe Dim = "timeframe"
	DimSession   Dim = "session"
	DimDirection Dim = "direction"
)

// Facet returns the event's value in a dimension, or "" if it has none.
func (e *Event) Facet(d Dim) string {
	switch d {
	case DimKind:
		return string(e.Kind)
	case DimTier:
		return e.Tier.String()
	case DimPattern:
		return e.Pattern
	case DimSymbol:
		return e.Symbol
	case DimTimeframe:
		return e.Timeframe
	case DimSession:
		return string(e.Session)
	case DimDirection:
		return string(e.Direction)
	}
	return e.Facets[d]
}

// Bounds on an event's own text, in bytes. Longer producer text is cut or rejected before an Event is built.
const (
	MaxID      = 128
	MaxSymbol  = 32
	MaxPattern = 64
	MaxText    = 256
	MaxLevels  = 32
)

// Validate reports the first thing that keeps e from being published: it names the wire field. A valid event has an
// id, a symbol, a pattern, a confidence in [0, 1], a detection time and, if it is a pattern, a tier with exactly
// its own detail.
func (e *Event) Validate() error {
	switch {
	case e.Kind == "":
		return errors.New("kind: missing")
	case e.ID == "" || len(e.ID) > MaxID || !utf8.ValidString(e.ID):
		return fmt.Errorf("id: must be 1 to %d bytes of text", MaxID)
	case len(e.Symbol) > MaxSymbol || !utf8.ValidString(e.Symbol):
		return fmt.Errorf("symbol: must be at most %d bytes of text", MaxSymbol)
	case len(e.Pattern) > MaxPattern || !utf8.ValidString(e.Pattern):
		return fmt.Errorf("pattern_type: must be at most %d bytes of text", MaxPattern)
	case !(e.Confidence >= 0 && e.Confidence <= 1): // also catches NaN
		return fmt.Errorf("confidence: %v is outside 0 to 1", e.Confidence)
	case e.DetectedAt.IsZero():
		return errors.New("detected_at: missing")
	case e.DetectedAt.UTC().Year() < 1 || e.DetectedAt.UTC().Year() > 9999: // the wire's times have four digits for it
		return fmt.Errorf("detected_at: the year %d is outside 1 to 9999", e.DetectedAt.UTC().Year())
	case len(e.Levels) > MaxLevels:
		return fmt.Errorf("levels: more than %d", MaxLevels)
	}
	if e.Kind != Pattern {
		return nil
	}
	if e.Symbol == "" {
		return errors.New("symbol: missing")
	}
	if e.Pattern == "" {
		return errors.New("pattern_type: missing")
	}
	if e.Tier == TierNone || e.Tier > Combo {
		return errors.New("tier: missing")
	}
	if (e.Daily != nil) != (e.Tier == Daily) || (e.Intraday != nil) != (e.Tier == Intraday) || (e.Combo != nil) != (e.Tier == Combo) {
		return fmt.Errorf("tier: a %s event holds the detail of another tier", e.Tier)
	}
	return nil
}

// Fingerprint identifies what was detected, whoever reports it under whatever id: symbol, pattern, tier, timeframe and
// detection time in milliseconds. Two events with the same Fingerprint are the same detection.
func (e *Event) Fingerprint() string {
	b := make([]byte, 0, 96)
	for _, part := range [...]string{string(e.Kind), e.Symbol, e.Pattern, e.Tier.String(), e.Timeframe} {
		b = strconv.AppendInt(b, int64(len(part)), 10) // its length goes first, so that parts cannot run together
		b = append(append(b, ':'), part...)
	}
	return string(strconv.AppendInt(b, e.DetectedAt.UnixMilli(), 10))
}
