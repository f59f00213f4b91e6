package performance

import (
	"context"
	"time"

	"tierboard/shared/event"
)

// Archive counts how stored events did. Any number of goroutines may ask it; an error means that the database is away.
type Archive interface {
	// Performance tells how the events of a span did, by tier in the order of the board.
	Performance(ctx context.Context, s Span) ([]TierTally, error)
}

// Span is which detections performance looks at.
type Span struct {
	Since, Until time.Time // of detection; since inclusive, until exclusive
	Tiers        []event.Tier
	Horizon      string // 1d, 5d, 30d
	GroupBy      string // one of the words of the parameter group_by but none; "" for pattern_type
	Now          time.Time
}

// Tally counts how a group of events did. Detected is always Resolved + Pending + Excluded.
type Tally struct {
	Detected  int
	Resolved  int // with a verdict
	Pending   int // without, and it may still come
	Excluded  int // without, and overdue
	Successes int
	Returns   Spread // percent, of the resolved ones that have one
}

// Spread describes a distribution; all zero if N is.
type Spread struct {
	N                      int
	Mean, Median, P10, P90 float64
}

// TierTally is how the events of one tier did.
type TierTally struct {
	Tally

	Tier        event.Tier
	Seconds     Spread // from detection to outcome; N is 0 while nobody tells
	Calibration []Bucket
	Groups      []GroupTally
}

// Bucket is the events whose confidence is from Low up to, but not including, High; the last one includes 1.
type Bucket struct {
	Low, High      float64
	N, Successes   int
	MeanConfidence float64
}

// GroupTally is how the events did that have one value of what Span.GroupBy names.
type GroupTally struct {
	Tally

	Value string
}
